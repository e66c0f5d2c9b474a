"""A bar chart as SVG, on a logarithmic scale, for a page that is read in light and in dark."""

import math
from collections.abc import Mapping, Sequence
from html import escape

_BAR, _GAP, _LEFT, _WIDTH = 16, 14, 96, 560
_COLOURS = ("#4c78a8", "#f58518", "#54a24b", "#b0b0b0")
_TEXT = 'font-family="sans-serif" font-size="12" fill="#808080"'


def bar_chart(
    title: str,
    unit: str,
    rows: Mapping[str, Sequence[float]],
    names: Sequence[str],
    left: int = _LEFT,
) -> str:
    """Bars of each row, one for each name; values of 0 or less are left out.

    `left` is the width of the rows' labels.
    """
    values = [value for row in rows.values() for value in row if value > 0]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    lines, y = [_text(left, 18, title), *_legend(names, left)], 56
    for label, row in rows.items():
        lines.append(_text(8, y + _BAR * len(row) / 2 + 4, label))
        for colour, value in zip(_COLOURS, row, strict=False):
            if value > 0:
                length = max(2.0, _WIDTH * (math.log10(value) - low) / max(1, high - low))
                lines.append(
                    f'<rect x="{left}" y="{y}" width="{length:.0f}" height="{_BAR - 3}"'
                    f' fill="{colour}"/>'
                )
                lines.append(_text(left + length + 6, y + _BAR - 5, f"{value:,.3g} {unit}"))
            y += _BAR
        y += _GAP
    size = f'width="{left + _WIDTH + 110}" height="{y + 6}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n' + "\n".join(lines) + "\n</svg>\n"


def _legend(names: Sequence[str], left: int) -> list[str]:
    lines = []
    for place, (colour, name) in enumerate(zip(_COLOURS, names, strict=False)):
        x = left + place * 130
        lines.append(f'<rect x="{x}" y="30" width="12" height="12" fill="{colour}"/>')
        lines.append(_text(x + 18, 41, name))
    return lines


def _text(x: float, y: float, text: str) -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" {_TEXT}>{escape(text)}</text>'
