"""Trim JSON white space from many spans of bytes at once."""

import numpy as np

from waybill.records.block import Positions, view

BLANKS = b" \t\r\n"
_IS_BLANK = np.isin(np.arange(256), list(BLANKS))


def trimmed(data: bytes, starts: Positions, stops: Positions) -> tuple[Positions, Positions]:
    """The spans without surrounding white space; an all-blank span becomes empty."""
    octets = view(data)
    if not len(octets) or not len(starts):
        return starts, stops
    # Most spans need no trimming.
    first = octets[np.minimum(starts, len(octets) - 1)]
    last = octets[np.maximum(stops - 1, 0)]
    if not (_IS_BLANK[first] | _IS_BLANK[last] | (stops <= starts)).any():
        return starts, stops
    filled = np.append(np.flatnonzero(~_IS_BLANK[octets]), len(octets))
    begin = filled[np.searchsorted(filled, starts)]
    end = filled[np.maximum(np.searchsorted(filled, stops) - 1, 0)] + 1
    blank = begin >= stops
    return np.where(blank, starts, begin), np.where(blank, starts, end)
