"""When a loader stops reading a stream, so that it can commit before its time is up.

A compressed or UTF-16 object can only be read from its beginning. What was staged until then is
committed as a slice; the next run decompresses the object again up to there, and goes on.
"""

import time

from waybill.errors import Transient

# Of a run's time. The rest is for what is on its way to the database, and the commit.
_SLICE_SHARE = 0.7
# With more of a slice's time spent on what earlier slices staged, little would be left to go on.
_SKIP_SHARE = 0.8


def now() -> float:
    """Seconds of a clock; tests replace it."""
    return time.monotonic()


class SliceTimer:
    """Starts with the run."""

    def __init__(self, seconds: float) -> None:
        """For a run of so many seconds."""
        self._begin = now()
        self._seconds = _SLICE_SHARE * seconds

    @property
    def is_over(self) -> bool:
        """Whether the slice is to end at the next possible place."""
        return now() >= self._begin + self._seconds

    def check_skipped(self, text_from: int) -> None:
        """Called once the text before the slice has been read.

        Raises:
            Transient: `decompression-limit`, this takes nearly all of a run's time. The storage or
                the machine may be slow at the moment, so it is tried again.
        """
        if now() >= self._begin + _SKIP_SHARE * self._seconds:
            detail = (
                f"It takes too long to decompress the first {text_from} bytes, which every run "
                "begins with. Split the file, or compress it with zstd or gzip."
            )
            raise Transient("decompression-limit", detail)
