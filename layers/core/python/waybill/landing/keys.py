"""Keys of the landing bucket: `landing/{dataset}/…/{filename}`, any depth.

A key that the upload door gave out is `landing/{dataset}/{job_id}/{filename}`.
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
    """What a key says: the dataset, the file's name, and the job's id if the door gave one."""

    dataset: str
    filename: str
    job_id: UUID | None


def key_for(dataset: str, job_id: UUID, filename: str) -> str:
    """The key for an upload; characters that need care in S3 keys become `_`."""
    name = _UNSAFE.sub("_", filename.replace("\\", "/").rsplit("/", 1)[-1]).strip(". ")[-200:]
    return f"{PREFIX}{dataset}/{job_id}/{name or 'file'}"


def read_key(key: str) -> LandingKey:
    """Take a key apart.

    Raises:
        Rejected: `misplaced-object`, the key is not below `landing/{dataset}/`.
    """
    parts = key.removeprefix(PREFIX).split("/") if key.startswith(PREFIX) else []
    if len(parts) < 2 or not DATASET.fullmatch(parts[0]) or not parts[-1]:
        raise Rejected("misplaced-object", f"{key!r} is not below {PREFIX}{{dataset}}/.")
    given = parts[1] if len(parts) == 3 and _JOB_ID.fullmatch(parts[1]) else None
    return LandingKey(parts[0], parts[-1], UUID(given) if given else None)
