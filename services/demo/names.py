"""Names for invented people."""

from __future__ import annotations

from random import Random

GIVEN = """
Ada Amir Amara Ana Anders Anya Ari Asha Ben Bilal Bo Caleb Carmen Chidi Clara Dana Dario Deepa
Demi Diego Ella Elias Emre Esi Eva Farah Felix Fern Gabriel Gia Hana Hugo Ida Imani Ines Isaac
Ivy Jamal Jin Joao Jonas June Kai Kaya Keiko Kofi Lara Leo Lena Liam Lucia Mae Malik Mara Mateo
Maya Mei Mila Mina Musa Nadia Nia Nico Nina Noor Omar Otis Paolo Petra Pilar Quinn Rafa Ravi
Remi Rosa Ruth Sami Sana Selma Sofia Suri Tala Tariq Theo Tomas Uma Vera Viktor Wren Yara Yusuf
Zara Zoe
"""
FAMILY = """
Abbott Acosta Adeyemi Ahmed Alvarez Andersen Baker Banerjee Barros Becker Bello Bennett Brandt
Brooks Cabrera Carver Castillo Chen Cole Costa Cruz Dahl Davies Diaz Dixon Duarte Ebert Ellis
Espinoza Farrell Fischer Flores Foster Fuentes Garcia Gomez Grant Gupta Haddad Hansen Hart Hayes
Herrera Holm Hughes Ibarra Iqbal Jansen Jimenez Joshi Kaplan Keller Khan Kim Kovac Kumar Lamb
Lange Larsen Lopez Lowe Malik Marsh Mendez Meyer Mitchell Mora Morgan Nakamura Navarro Nguyen
Nolan Nunez Obi Okafor Olsen Ortiz Osman Park Patel Pereira Perry Quiroga Rahman Ramos Reyes
Rivera Rossi Ruiz Santos Sato Schmidt Shah Silva Soto Stone Suarez Tanaka Torres Underwood Vance
Vargas Vega Wagner Walsh Weber Wood Yilmaz Young Zamora
"""


def full_names(count: int, random: Random) -> list[tuple[str, str]]:
    """`count` different (given, family) names, in no order."""
    every = [(given, family) for given in GIVEN.split() for family in FAMILY.split()]
    return random.sample(every, count)
