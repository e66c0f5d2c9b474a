"""The project's own sample files, made from a seed: the same every time.

Three files without a header, as the datasets `departments`, `jobs` and `hired_employees` take
them, and the last one again with as many records as asked for.
"""

import csv
import io
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

DATASETS = ("departments", "jobs", "hired_employees")
SMALL_ROWS = 2000
_FIRST_YEAR = datetime(2020, 1, 1, tzinfo=UTC)
_SECONDS = int(timedelta(days=3 * 365).total_seconds())
# Ids of the big file start above those of the small one: together they are one dataset.
_BIG_FROM = 100_001
_BLANK_SHARE = 0.01
_DEPARTMENTS = (
    "Accounting",
    "Customs",
    "Dispatch",
    "Fleet",
    "Harbour",
    "Insurance",
    "Legal",
    "People",
    "Procurement",
    "Rail",
    "Safety",
    "Warehouse",
)
_LEVELS = ("Junior", "Senior", "Lead", "Chief")
_TRADES = (
    "Analyst",
    "Clerk",
    "Crane Operator",
    "Dispatcher",
    "Driver",
    "Electrician",
    "Engineer",
    "Inspector",
    "Mechanic",
    "Navigator",
    "Planner",
    "Surveyor",
)
_GIVEN = "Ada Bruno Chen Dina Emil Fatma Goran Hana Ines Jiro Kofi Lena Mads Nura Otis Pia"
_FAMILY = "Adler Braga Costa Dahl Evans Fontaine Garcia Holm Ito Jansen Khan Lopez Moretti"
_JOBS = tuple(f"{level} {trade}" for trade in _TRADES for level in _LEVELS)
Fields = list[str]

# What is wrong with a bad record, one of these in turn.
_FAULTS: tuple[Callable[[Fields], str], ...] = (
    lambda f: _line([f[0], "", *f[2:]]),
    lambda f: _line([*f[:2], "", *f[3:]]),
    lambda f: _line([*f[:2], "2021-02-30T08:00:00Z", *f[3:]]),
    lambda f: _line([*f[:2], "yesterday", *f[3:]]),
    lambda f: _line([f"no. {f[0]}", *f[1:]]),
    lambda f: _line([*f[:3], "3.5", f[4]]),
    lambda f: _line([*f, "and one more"]),
    lambda f: _line(f[:3]),
    lambda f: f'{f[0]},"{f[1]}" jr.,{",".join(f[2:])}\n',
)


def write_samples(
    folder: Path, *, rows: int | None = None, bad: float = 0.01, seed: int = 1
) -> list[Path]:
    """Write the three small files, and a big one of `rows` records when that is given.

    Args:
        folder: made when it is not there.
        rows: records of the big file, bad ones included.
        bad: share of bad records, 0 to 1.
        seed: the same seed gives the same files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    contents: dict[str, Iterator[str]] = {
        "departments": _numbered(_DEPARTMENTS),
        "jobs": _numbered(_JOBS),
        "hired_employees": _hires(1, SMALL_ROWS, bad, seed),
    }
    if rows is not None:
        contents["hired_employees_big"] = _hires(_BIG_FROM, rows, bad, seed + 1)
    written = []
    for name, lines in contents.items():
        file = folder / f"{name}.csv"
        with file.open("w", encoding="utf-8", newline="") as opened:
            opened.writelines(lines)
        written.append(file)
    return written


def _numbered(names: tuple[str, ...]) -> Iterator[str]:
    return (_line([str(number), name]) for number, name in enumerate(names, 1))


def _hires(first: int, rows: int, bad: float, seed: int) -> Iterator[str]:
    chance = random.Random(seed)  # noqa: S311 - samples, not secrets
    faults = 0
    for number in range(first, first + rows):
        fields = _hire(number, chance)
        if chance.random() >= bad:
            yield _line(fields)
        else:
            yield _FAULTS[faults % len(_FAULTS)](fields)
            faults += 1


def _hire(number: int, chance: random.Random) -> Fields:
    moment = _FIRST_YEAR + timedelta(seconds=chance.randrange(_SECONDS))
    # Not even, so that some departments are above the mean.
    department = 1 + int(len(_DEPARTMENTS) * chance.random() ** 1.3)
    job = 1 + chance.randrange(len(_JOBS))
    return [
        str(number),
        f"{chance.choice(_GIVEN.split())} {chance.choice(_FAMILY.split())}",
        moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "" if chance.random() < _BLANK_SHARE else str(department),
        "" if chance.random() < _BLANK_SHARE else str(job),
    ]


def _line(fields: Fields) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow(fields)
    return written.getvalue()
