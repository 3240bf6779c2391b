"""Invented, seeded school days of several shapes, as tight as real schools, to measure on."""

from services.examples.families import FAMILIES
from services.examples.school import example, planted

__all__ = ["FAMILIES", "example", "planted"]
