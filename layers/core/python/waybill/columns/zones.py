"""Converts columns of local times to UTC.

The offset of a zone is computed once per day and cached, because almost every day has a single
offset. Only times on other days are converted one by one.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from waybill.columns.check_result import Mask

_DAY = 86_400_000_000
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local times have no zone of their own
_MICROSECOND = timedelta(microseconds=1)
# Every hour of a day, and its last microsecond.
_PROBES = (*(timedelta(hours=hour) for hour in range(24)), timedelta(days=1) - _MICROSECOND)
_SEVERAL_OFFSETS = np.iinfo(np.int64).max


class UtcTimes(NamedTuple):
    """Local times converted to UTC."""

    micros: NDArray[np.int64]
    """Microseconds since 1970-01-01 UTC."""
    nonexistent: Mask
    """Local times that a clock change skipped."""
    ambiguous: Mask
    """Local times that occurred twice."""


def to_utc(local: NDArray[np.int64], zone: ZoneInfo) -> UtcTimes:
    """Convert microseconds since 1970-01-01 in local time to UTC."""
    days, day_index = np.unique(local // _DAY, return_inverse=True)
    offsets = np.array([_day_offset(zone, day) for day in days.tolist()], np.int64)[day_index]
    nonexistent, ambiguous = np.zeros((2, len(local)), bool)
    for row in np.flatnonzero(offsets == _SEVERAL_OFFSETS).tolist():
        moment = _EPOCH + int(local[row]) * _MICROSECOND
        # fold=0 gives the offset before a clock change, fold=1 the offset after it.
        before, after = _offset(moment, zone, 0), _offset(moment, zone, 1)
        nonexistent[row], ambiguous[row] = before < after, before > after
        offsets[row] = before
    return UtcTimes(local - offsets, nonexistent, ambiguous)


@lru_cache(maxsize=16_384)
def _day_offset(zone: ZoneInfo, day: int) -> int:
    """The offset of a local day in microseconds, or `_SEVERAL_OFFSETS`."""
    midnight = _EPOCH + timedelta(days=day)
    offsets = {_offset(midnight + probe, zone, fold) for probe in _PROBES for fold in (0, 1)}
    return offsets.pop() if len(offsets) == 1 else _SEVERAL_OFFSETS


def _offset(moment: datetime, zone: ZoneInfo, fold: int) -> int:
    offset = moment.replace(tzinfo=zone, fold=fold).utcoffset()
    return (offset or timedelta()) // _MICROSECOND
