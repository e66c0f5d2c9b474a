"""After the loss of the database, nothing that landed is lost."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.recovery.drill import FILES, Drill, run_drill

ROWS = 40


@pytest.fixture(scope="module")
def drill() -> Iterator[Drill]:
    with tempfile.TemporaryDirectory(prefix="waybill-drill-") as folder:
        Path(folder).chmod(0o755)
        yield run_drill(Path(folder) / "drill", ROWS)


def test_the_restore_stops_at_the_point_in_time(drill: Drill) -> None:
    assert drill.rows_lost == dict(zip(FILES, (0, 0, ROWS, ROWS), strict=True))


def test_a_redrive_brings_back_what_landed_since_and_nothing_twice(drill: Drill) -> None:
    assert drill.rows_missing == dict.fromkeys(FILES, 0)
    assert (drill.rows, drill.jobs) == (4 * ROWS, 4)


def test_every_step_is_timed(drill: Drill) -> None:
    assert drill.seconds.keys() == {"backup", "restore", "redrive"}
