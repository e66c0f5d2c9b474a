"""A short form of everything that `make torture` does."""

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres.databases import Database
from tests.torture import attempts, faults
from tests.torture.deployments import deploy_under_load
from tests.torture.figures import Figures
from tests.torture.overlap import overlap
from tests.torture.server import own_server

_numbers = itertools.count(1)


@pytest.fixture
def tortured(dataset_template: Database) -> Iterator[Database]:
    database = dataset_template.clone(f"tortured_{next(_numbers)}")
    yield database
    database.drop()


def test_killed_loaders(tortured: Database) -> None:
    figures = Figures()
    faults.kill_loaders(tortured, figures, 8, random.Random(1))
    assert figures.faults["loader killed (SIGKILL)"] > 3


def test_terminated_backends(tortured: Database) -> None:
    figures = Figures()
    faults.end_backends(tortured, figures, 1, random.Random(1))
    assert figures.faults["backend terminated"] > 0


def test_cut_connections(tortured: Database) -> None:
    figures = Figures()
    faults.cut_connections(tortured, figures, 1, random.Random(1))
    assert figures.faults


def test_a_killed_server() -> None:
    figures = Figures()
    with own_server() as server:
        faults.kill_servers(server, figures, 2, random.Random(1))
    assert figures.faults["PostgreSQL killed (SIGKILL)"] > 0


def test_a_full_disk() -> None:
    figures = Figures()
    try:
        faults.fill_disk(figures)
    except PermissionError as error:
        pytest.skip(f"nothing may be mounted here: {error}")
    assert figures.faults["write refused, disk full"] > 0


def test_memory_stays_small(tortured: Database) -> None:
    peak = faults.measure_memory(tortured, Figures(), 24, 2048)
    assert peak < 300


def test_concurrent_loads_lose_nothing(tortured: Database) -> None:
    figures = Figures()
    overlap(tortured, figures, 8, random.Random(1))
    assert figures.files > 5
    assert figures.faults["at once: message doubled"] > 5
    assert figures.faults["at once: killed"] > 0


@pytest.mark.parametrize("queue", attempts.STEPS)
def test_of_two_live_attempts_at_one_message_one_takes_effect(
    tortured: Database, queue: str
) -> None:
    figures = Figures()
    attempts.overlap_attempts(tortured, figures, queue)
    step = attempts.STEPS[queue]
    assert figures.faults[f"{step}: two live attempts"] > 10
    assert figures.effects[f"{step}: attempt refused, another is live"] > 0


def test_attempts_killed_at_any_call_lose_nothing(tortured: Database) -> None:
    figures = Figures()
    attempts.kill_attempts(tortured, figures, "merges")
    assert figures.faults["merge: attempt killed at a call"] > 10


def test_most_attempts_are_killed_and_nothing_is_lost(tortured: Database) -> None:
    figures = Figures()
    attempts.kill_most_attempts(tortured, figures, 40, random.Random(1))
    assert figures.faults.total() >= 40


def test_deployments_and_roll_backs_under_load(tortured: Database, tmp_path: Path) -> None:
    figures = Figures()
    deploy_under_load(tortured, figures, 8, random.Random(3), tmp_path)
    assert figures.effects["message delivered"] > 50
    assert figures.effects["batch written"] > 5
    for release in ("old", "new"):
        assert figures.effects[f"release deployed: {release}"] == 4
