"""Sample users, as many as asked for, in gzipped files of a million records each.

Addresses are `email1@example.com` to `email{rows}@example.com`, and 70 % of the users are active.
"""

import gzip
import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

DATASET = "users"
FILE_ROWS = 1_000_000
_ACTIVE_SHARE = 0.7
_BLOCK_ROWS = 10_000
# A third of the time of the highest level, for files that are a fifth larger.
_COMPRESSION = 1
_DAYS = tuple(f"{date(2020, 1, 1) + timedelta(days=number)}" for number in range(6 * 365))
_TIMES = tuple(f"{hour:02}:{minute:02}:00Z" for hour in range(24) for minute in range(60))
_HEADER = "id,email,name,status,created_at\n"


def write_users(folder: Path, *, rows: int, seed: int = 1) -> Iterator[Path]:
    """Write the files one after the other; each is given when it is complete.

    Args:
        folder: made when it is not there.
        rows: users of all files together.
        seed: the same seed gives the same files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number, first in enumerate(range(1, rows + 1, FILE_ROWS), 1):
        last = min(first + FILE_ROWS - 1, rows)
        file = folder / f"users_{number:04}.csv.gz"
        # Without a name and a time inside, the same records are the same bytes.
        with (
            file.open("wb") as raw,
            gzip.GzipFile("", "wb", _COMPRESSION, raw, mtime=0) as packed,
        ):
            packed.write(_HEADER.encode())
            packed.writelines(_blocks(first, last, random.Random(f"{seed}-{number}")))  # noqa: S311 - samples, not secrets
        yield file


def _blocks(first: int, last: int, chance: random.Random) -> Iterator[bytes]:
    for begin in range(first, last + 1, _BLOCK_ROWS):
        end = min(begin + _BLOCK_ROWS, last + 1)
        yield "".join(_user(number, chance.random()) for number in range(begin, end)).encode()


def _user(number: int, drawn: float) -> str:
    status = "active" if drawn < _ACTIVE_SHARE else "inactive"
    # One number drawn is enough: its later digits choose day and time.
    place = int(drawn * 1e12)
    day, time = _DAYS[place % len(_DAYS)], _TIMES[place % len(_TIMES)]
    return f"{number},email{number}@example.com,User {number},{status},{day}T{time}\n"
