"""The catalogue of rules; the order of import is the order of display."""

from solver.rules import students
from solver.rules.base import RULES, Rule

__all__ = ["RULES", "Rule", "students"]
