"""Local times as instants, for whole columns.

The offset of a zone is asked for once a day and kept, for nearly every day has only one. Only
times of the other days are looked at one by one.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from waybill.columns.check_result import Mask

_DAY = 86_400_000_000
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local times have no zone of their own
_MICROSECOND = timedelta(microseconds=1)
# Every hour of a day, and its end.
_PROBES = (*(timedelta(hours=hour) for hour in range(24)), timedelta(days=1) - _MICROSECOND)
_UNSTEADY = np.iinfo(np.int64).max


def utc_of(local: NDArray[np.int64], zone: ZoneInfo) -> tuple[NDArray[np.int64], Mask, Mask]:
    """Microseconds in UTC of local ones, which local times were skipped, and which came twice."""
    days, places = np.unique(local // _DAY, return_inverse=True)
    offsets = np.array([_day_offset(zone, day) for day in days.tolist()], np.int64)[places]
    skipped, twice = np.zeros((2, len(local)), bool)
    for row in np.flatnonzero(offsets == _UNSTEADY).tolist():
        moment = _EPOCH + int(local[row]) * _MICROSECOND
        before, after = _offset(moment, zone, 0), _offset(moment, zone, 1)
        # Of a time that was skipped the first answer is the offset before, the second after.
        skipped[row], twice[row] = before < after, before > after
        offsets[row] = before
    return local - offsets, skipped, twice


@lru_cache(maxsize=16_384)
def _day_offset(zone: ZoneInfo, day: int) -> int:
    """The offset of all of the local day, or that it has none."""
    midnight = _EPOCH + timedelta(days=day)
    found = {_offset(midnight + probe, zone, fold) for probe in _PROBES for fold in (0, 1)}
    return found.pop() if len(found) == 1 else _UNSTEADY


def _offset(moment: datetime, zone: ZoneInfo, fold: int) -> int:
    offset = moment.replace(tzinfo=zone, fold=fold).utcoffset()
    return (offset or timedelta()) // _MICROSECOND
