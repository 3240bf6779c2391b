"""What-ifs: changes laid over a day, solved apart, compared with the live plan, promoted."""

from services.scenarios.changes import ChangesRefused, lay_over, read_changes, read_yaml
from services.scenarios.compare import Comparison, compare
from services.scenarios.running import comparison, live_plan, promote, start

__all__ = [
    "ChangesRefused",
    "Comparison",
    "compare",
    "comparison",
    "lay_over",
    "live_plan",
    "promote",
    "read_changes",
    "read_yaml",
    "start",
]
