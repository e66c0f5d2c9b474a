"""A line chart as SVG, on logarithmic scales, for a page that is read in light and in dark."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

_COLOURS = ("#4c78a8", "#f58518", "#54a24b", "#b279a2", "#e45756")
_TEXT = 'font-family="sans-serif" font-size="12" fill="#808080"'
_LEFT, _TOP, _WIDTH, _HEIGHT = 70, 40, 560, 300
Point = tuple[float, float]


@dataclass(frozen=True)
class Axis:
    """A logarithmic axis; a tick is a value and its label."""

    name: str
    low: float
    high: float
    ticks: Mapping[float, str]

    def place(self, value: float) -> float:
        """From 0 to 1."""
        return math.log(value / self.low) / math.log(self.high / self.low)


@dataclass(frozen=True)
class Line:
    """Points in order; those from the first one beyond `known` on are extrapolated, and dashed."""

    name: str
    points: Sequence[Point]
    known: float


def line_chart(
    title: str, x: Axis, y: Axis, lines: Sequence[Line], measured: Sequence[Point]
) -> str:
    """Lines in the order of the colours, and dots for what was measured."""

    def at(point: Point) -> str:
        across = _LEFT + _WIDTH * x.place(point[0])
        down = _TOP + _HEIGHT * (1 - y.place(min(max(point[1], y.low), y.high)))
        return f"{across:.1f},{down:.1f}"

    drawn = [_text(_LEFT, 18, title), *_axes(x, y)]
    for colour, line in zip(_COLOURS, lines, strict=False):
        solid = [point for point in line.points if point[0] <= line.known]
        dashed = [*solid[-1:], *line.points[len(solid) :]]
        for points, dashes in ((solid, ""), (dashed, ' stroke-dasharray="5 4"')):
            drawn.append(
                f'<polyline fill="none" stroke="{colour}" stroke-width="2"{dashes}'
                f' points="{" ".join(map(at, points))}"/>'
            )
        down = _TOP + _HEIGHT * (1 - y.place(min(line.points[-1][1], y.high)))
        drawn.append(_text(_LEFT + _WIDTH + 8, down + 4, line.name, colour))
    for point in measured:
        left, top = at(point).split(",")
        drawn.append(f'<circle cx="{left}" cy="{top}" r="4" fill="#808080"/>')
    size = f'width="{_LEFT + _WIDTH + 130}" height="{_TOP + _HEIGHT + 50}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n' + "\n".join(drawn) + "\n</svg>\n"


def _axes(x: Axis, y: Axis) -> list[str]:
    drawn = []
    for value, label in x.ticks.items():
        across = _LEFT + _WIDTH * x.place(value)
        drawn += [_rule(across, _TOP, across, _TOP + _HEIGHT)]
        drawn += [_text(across - 14, _TOP + _HEIGHT + 18, label)]
    for value, label in y.ticks.items():
        down = _TOP + _HEIGHT * (1 - y.place(value))
        drawn += [_rule(_LEFT, down, _LEFT + _WIDTH, down), _text(8, down + 4, label)]
    drawn.append(_text(_LEFT, _TOP + _HEIGHT + 38, f"across: {x.name}; up: {y.name}"))
    return drawn


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    line = f'x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}"'
    return f'<line {line} stroke="#808080" stroke-opacity="0.3"/>'


def _text(x: float, y: float, text: str, colour: str = "") -> str:
    style = _TEXT.replace("#808080", colour) if colour else _TEXT
    return f'<text x="{x:.0f}" y="{y:.0f}" {style}>{escape(text)}</text>'
