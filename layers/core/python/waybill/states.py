"""The states and kinds of a job; tests compare the database and the API with these lists."""

from enum import StrEnum
from typing import Literal

JobKind = Literal["upload", "s3", "batch", "rest", "database", "replay"]
"""Where a job's records come from."""


class JobState(StrEnum):
    """The state of a job."""

    AWAITING_UPLOAD = "AWAITING_UPLOAD"
    EXTRACTING = "EXTRACTING"
    LANDED = "LANDED"
    LOADING = "LOADING"
    MERGING = "MERGING"
    COMPLETED = "COMPLETED"
    COMPLETED_WITH_REJECTS = "COMPLETED_WITH_REJECTS"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    DUPLICATE = "DUPLICATE"
    REVERTED = "REVERTED"
    REVERTING = "REVERTING"
    """Loaded, and to be taken back; not stored as its state."""

    @property
    def is_open(self) -> bool:
        """Whether its file has landed and is still being loaded."""
        return self in (JobState.LANDED, JobState.LOADING, JobState.MERGING)

    @property
    def is_final(self) -> bool:
        """Whether it has ended."""
        return not self.is_open and self not in (
            JobState.AWAITING_UPLOAD,
            JobState.EXTRACTING,
            JobState.REVERTING,
        )
