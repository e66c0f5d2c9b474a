"""Files whose records can all be told apart, and counts of their results."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from tests.postgres.databases import Database
from tests.stateful.fake_cloud import FakeCloud
from tests.torture.figures import Figures

_BAD_EVERY = 100
_ROUNDS = 2000


@dataclass
class Load:
    """A cloud with one dataset that appends: what is loaded twice is there twice."""

    cloud: FakeCloud
    figures: Figures
    sent: int = 0
    bad: int = 0
    bodies: list[bytes] = field(default_factory=list)

    def land(self, records: int) -> tuple[str, str]:
        """A file of so many records, one in a hundred bad; its key and version."""
        numbers = range(self.sent, self.sent + records)
        lines = [f"x{n},bad" if n % _BAD_EVERY == 0 else f"{n},record {n}" for n in numbers]
        body = "\n".join(["n,what", *lines, ""]).encode()
        self.sent += records
        self.bad += sum(n % _BAD_EVERY == 0 for n in numbers)
        self.figures.files += 1
        self.figures.records += records
        self.bodies.append(body)
        return self.cloud.land("visits", f"{len(self.bodies)}.csv", body, len(self.bodies) % 60)

    def plan(self) -> None:
        """Cut what has landed; the messages to the loaders stay queued."""
        while self.cloud.queues["landed"]:
            self.cloud.deliver("landed", 0)

    def settle(self) -> None:
        """Deliver everything, and count what is lost or there twice."""
        self.cloud.settle(rounds=_ROUNDS)
        with self.cloud.database.connect() as admin:
            admin.execute("SET ROLE waybill_owner")
            rows, different = _two(
                admin.execute("SELECT count(*), count(DISTINCT n) FROM visits").fetchone()
            )
            rejects, lines = _two(
                admin.execute(
                    "SELECT count(*), count(DISTINCT (job_id, line)) FROM waybill.validation_errors"
                ).fetchone()
            )
            states = admin.execute(
                "SELECT DISTINCT state FROM waybill.ingestion_jobs WHERE dataset = 'visits'"
            ).fetchall()
            left = admin.execute(
                "SELECT relname FROM pg_class WHERE relkind = 'r'"
                " AND relnamespace = 'staging'::regnamespace"
            ).fetchall()
        lost, doubled = self.sent - different - lines, rows - different + rejects - lines
        self.figures.losses += lost
        self.figures.doubles += doubled
        assert (lost, doubled) == (0, 0), (lost, doubled, states)
        assert rejects == self.bad
        assert {state for (state,) in states} <= {"COMPLETED_WITH_REJECTS", "COMPLETED"}
        assert left == []


def _two(row: tuple[object, ...] | None) -> tuple[int, int]:
    assert row is not None
    first, second = row
    assert isinstance(first, int)
    assert isinstance(second, int)
    return first, second


@contextmanager
def load_into(database: Database, figures: Figures, *, chunk_bytes: int = 16_384) -> Iterator[Load]:
    """A load in small chunks into a database of its own."""
    cloud = FakeCloud(database, pytest.MonkeyPatch())
    cloud.open(chunk_bytes=chunk_bytes)
    try:
        yield Load(cloud, figures)
    finally:
        cloud.close()
