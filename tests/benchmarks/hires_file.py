"""CSV files of hires, the same ones for every contender."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.benchmarks.company import DEPARTMENTS, JOBS, YEARS

_FIRST = datetime(YEARS[0], 1, 1, tzinfo=UTC)
_SECONDS = int((datetime(YEARS[-1] + 1, 1, 1, tzinfo=UTC) - _FIRST).total_seconds())
_FIRST_NAMES = ("Marcelo", "Ana", "Lidia", "Wei", "Noor", "Raj", "José", "Søren", "Zoë", "Hugo")
_LAST_NAMES = ("Gonzalez", "Smith", "Nguyen", "Müller", "Haddad", "Silva", "O'Brien", "Novak")
_NAMES = [f"{first} {last}" for first in _FIRST_NAMES for last in _LAST_NAMES]
# Each in turn is what is wrong with a bad record.
_FAULTS = (
    "{id},,{time},{department},{job}\n",
    "x{id},{name},{time},{department},{job}\n",
    "{id},{name},2021-13-45T99:00:00Z,{department},{job}\n",
    "{id},{name},{time}\n",
)


@dataclass(frozen=True)
class Hires:
    """`rows` hires of eight years with ids from `first`, a share of them bad."""

    rows: int
    first: int = 1
    bad: float = 0.0
    header: bool = False
    """Whether the names of the columns come first."""

    def write(self, path: Path) -> Path:
        """Write the file, unless it is there; returns its path."""
        if not path.exists():
            part = path.with_suffix(".part")
            with part.open("w", encoding="utf-8", newline="") as file:
                file.writelines(self._lines())
            part.rename(path)
        return path

    def _lines(self) -> Iterator[str]:
        # Random in the sense of a benchmark: the same file at every run.
        chance = random.Random(f"{self.rows} {self.first} {self.bad}")
        if self.header:
            yield "id,name,hire_dt,department_id,job_id\n"
        for number in range(self.first, self.first + self.rows):
            moment = _FIRST + timedelta(seconds=chance.randrange(_SECONDS))
            line = "{id},{name},{time},{department},{job}\n"
            if chance.random() < self.bad:
                line = _FAULTS[number % len(_FAULTS)]
            yield line.format(
                id=number,
                name=chance.choice(_NAMES),
                time=f"{moment:%Y-%m-%dT%H:%M:%SZ}",
                department=chance.randint(1, DEPARTMENTS),
                job=chance.randint(1, JOBS),
            )
