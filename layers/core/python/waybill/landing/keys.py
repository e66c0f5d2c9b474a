"""Keys of the landing bucket: `landing/{dataset}/…/{filename}`, any depth.

A key that the API gave out is `landing/{dataset}/{job_id}/{filename}`.
"""

import re
from typing import NamedTuple
from uuid import UUID

from waybill.errors import Rejected

PREFIX = "landing/"
DATASET = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_JOB_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_UNSAFE = re.compile(r"[^A-Za-z0-9._() +=@-]")


class LandingKey(NamedTuple):
    """The parts of a key: the dataset, the file's name, and the job's id if the API gave one."""

    dataset: str
    """Empty or invalid if the key is misplaced."""
    filename: str
    job_id: UUID | None

    def check(self) -> None:
        """Refuse a key that is not `landing/{dataset}/…`.

        Raises:
            Rejected: `misplaced-object`.
        """
        if not DATASET.fullmatch(self.dataset):
            detail = (
                f"The object is not below {PREFIX}{{dataset}}/: {self.dataset!r} is not a dataset."
            )
            raise Rejected("misplaced-object", detail)


def key_for(dataset: str, job_id: UUID, filename: str) -> str:
    """The key for an upload; characters that need care in S3 keys become `_`."""
    return f"{PREFIX}{dataset}/{job_id}/{filename_of(filename)}"


def filename_of(path: str) -> str:
    """The last part of a path, as a key may have it."""
    name = _UNSAFE.sub("_", path.replace("\\", "/").rsplit("/", 1)[-1]).strip(". ")[-200:]
    return name or "file"


def read_key(key: str) -> LandingKey:
    """Split a key below `landing/`. One that lies directly there has no dataset."""
    parts = key.removeprefix(PREFIX).split("/")
    dataset = parts[0] if len(parts) > 1 else ""
    given = parts[1] if len(parts) == 3 and _JOB_ID.fullmatch(parts[1]) else None
    return LandingKey(dataset, parts[-1], UUID(given) if given else None)
