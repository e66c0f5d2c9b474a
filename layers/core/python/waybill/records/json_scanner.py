"""Find commas and closing brackets of JSON text by nesting depth, block by block."""

import numpy as np

from waybill.records.block import Positions, view
from waybill.records.grammar import QUOTE

_BACKSLASH, COMMA = 0x5C, 0x2C
_STEPS = np.zeros(256, np.int64)
_STEPS[[0x5B, 0x7B]] = 1
_STEPS[[0x5D, 0x7D]] = -1
_MARKS = (_STEPS != 0) | (np.arange(256) == COMMA)


class JsonScanner:
    """Tracks strings and nesting depth across blocks."""

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._inside = False
        self._escaped = False

    def scan(self, data: bytes) -> tuple[Positions, Positions]:
        """Positions of brackets and commas outside strings, and the depth after each."""
        octets = view(data)
        quotes = self._quotes(data)
        marks = np.flatnonzero(_MARKS[octets])
        outside = (np.searchsorted(quotes, marks) & 1) == int(self._inside)
        marks = marks[outside]
        depths = self._depth + np.cumsum(_STEPS[octets[marks]])
        self._inside ^= bool(len(quotes) & 1)
        if len(depths):
            self._depth = int(depths[-1])
        return marks, depths

    def _quotes(self, data: bytes) -> Positions:
        """Positions of the quotes that open or close a string."""
        octets = view(data)
        quotes = np.flatnonzero(octets == QUOTE)
        escaped = self._escaped
        if not escaped and b"\\" not in data:
            return quotes
        self._escaped = _ends_escaping(data, escaped=escaped)
        unescaped = np.ones(len(data) + 1, bool)
        unescaped[_after_odd_runs(np.flatnonzero(octets == _BACKSLASH), escaped=escaped)] = False
        kept: Positions = quotes[unescaped[quotes]]
        return kept


def _after_odd_runs(slashes: Positions, *, escaped: bool) -> Positions:
    """Positions of escaped bytes; with `escaped`, a backslash precedes the first byte."""
    slashes = np.append(-1, slashes) if escaped else slashes
    firsts = np.flatnonzero(np.append(True, np.diff(slashes) != 1))
    lasts = np.append(firsts[1:], len(slashes)) - 1
    odd = (lasts - firsts + 1) & 1 == 1
    after: Positions = slashes[lasts[odd]] + 1
    return after


def _ends_escaping(data: bytes, *, escaped: bool) -> bool:
    run = len(data) - len(data.rstrip(b"\\"))
    return bool((run + int(escaped and run == len(data))) & 1)
