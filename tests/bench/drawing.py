"""Draws cost against time as an SVG: one panel per day, one line per solver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import log10

from tests.bench.cases import Case
from tests.bench.measuring import OURS, Measured

COLOURS = ("#0b5cad", "#8a8a8a", "#b07d00", "#b3261e", "#2e7d32", "#6a3fa0")
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 460, 260, 62, 34, 14, 40
COLUMNS = 2
LEGEND = 30
LEAST_GAP, MOST_GAP = 0.001, 10.0
"""Gaps outside are drawn at the edge."""


@dataclass(frozen=True)
class Scale:
    """Places seconds and gaps, both by their logarithm, inside one panel."""

    first: float
    last: float

    def x(self, seconds: float) -> float:
        share = (log10(seconds) - log10(self.first)) / (log10(self.last) - log10(self.first))
        return LEFT + min(1.0, max(0.0, share)) * (WIDTH - LEFT - RIGHT)

    def y(self, gap: float) -> float:
        at = log10(min(MOST_GAP, max(LEAST_GAP, gap)))
        share = (log10(MOST_GAP) - at) / (log10(MOST_GAP) - log10(LEAST_GAP))
        return TOP + share * (HEIGHT - TOP - BOTTOM)


def picture(days: Sequence[tuple[Case, Sequence[Measured]]]) -> str:
    """The whole picture; days on which our solver had no bound are left out."""
    drawn = [(case, found) for case, found in days if _bound(found) is not None]
    solvers = list(dict.fromkeys(m.solver for _, found in drawn for m in found))
    colours = {name: COLOURS[at % len(COLOURS)] for at, name in enumerate(solvers)}
    rows = -(-len(drawn) // COLUMNS)
    width, height = WIDTH * COLUMNS, HEIGHT * rows + LEGEND
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" font-size="12" role="img">',
        "<title>How far each solver's best plan is above the bound, against time</title>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
        *_legend(colours),
    ]
    for at, (case, found) in enumerate(drawn):
        x, y = at % COLUMNS * WIDTH, at // COLUMNS * HEIGHT + LEGEND
        parts += [f'<g transform="translate({x} {y})">', *_panel(case, found, colours), "</g>"]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _bound(found: Sequence[Measured]) -> int | None:
    return next((m.bound for m in found if m.solver == OURS), None)


def _legend(colours: dict[str, str]) -> list[str]:
    parts = []
    for at, (name, colour) in enumerate(colours.items()):
        x = LEFT + at * 120
        parts.append(f'<line x1="{x}" y1="16" x2="{x + 24}" y2="16" stroke="{colour}" {STROKE}/>')
        parts.append(f'<text x="{x + 30}" y="20">{escape(name)}</text>')
    return parts


STROKE = 'stroke-width="2" fill="none"'


def _panel(case: Case, found: Sequence[Measured], colours: dict[str, str]) -> list[str]:
    scale = Scale(0.1, max(1.0, case.shape.seconds * 1.0))
    title = f"{case.shape.title}, tight {case.tight:g}, seed {case.seed}"
    parts = [f'<text x="{LEFT}" y="{TOP - 12}" font-weight="bold">{escape(title)}</text>']
    for gap in (0.001, 0.01, 0.1, 1.0, 10.0):
        y = scale.y(gap)
        line = f'x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"'
        parts.append(f'<line {line} stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{gap:.4g}</text>')
    for seconds in (0.1, 1, 10, 60, 240):
        if seconds <= scale.last:
            x = scale.x(seconds)
            at = f'x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}"'
            parts.append(f'<text {at} text-anchor="middle">{seconds:g} s</text>')
    label = f'x="{LEFT}" y="{HEIGHT - 8}" fill="#555"'
    parts.append(f"<text {label}>(cost - bound) / stake, by seconds</text>")
    bound = _bound(found)
    for measured in found:
        path = _path(measured, bound, scale)
        if path:
            parts.append(f'<path d="{path}" stroke="{colours[measured.solver]}" {STROKE}/>')
    return parts


def _path(measured: Measured, bound: int | None, scale: Scale) -> str:
    """Steps down at each better plan, level up to the end."""
    if bound is None or measured.verdict is None or not measured.verdict.stake:
        return ""
    steps, lowest = [], None
    for point in measured.points:
        if lowest is None or point.cost < lowest:
            x = scale.x(max(point.seconds, scale.first))
            y = scale.y((point.cost - bound) / measured.verdict.stake)
            steps.append(f"M {x:.1f} {y:.1f}" if lowest is None else f"H {x:.1f} V {y:.1f}")
            lowest = point.cost
    return " ".join([*steps, f"H {scale.x(scale.last):.1f}"]) if steps else ""
