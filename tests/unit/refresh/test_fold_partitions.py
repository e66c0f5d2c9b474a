"""Steps of folds are done while there is time; a failure ends this run, and no other."""

from collections.abc import Iterator
from typing import Any

import pytest
from psycopg.errors import LockNotAvailable, UniqueViolation

from functions.pipeline.refresh import fold_partitions as module
from functions.pipeline.refresh.fold_partitions import fold_partitions
from waybill.database.errors import classify_error
from waybill.database.refreshes import FoldStep, Refreshes

CONNECTION: Any = None


class Steps:
    """What the database does, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *results: FoldStep | Exception) -> None:
        self.left: Iterator[FoldStep | Exception] = iter(results)
        self.given_up = 0
        monkeypatch.setattr(Refreshes, "fold_step", lambda _: self._next())
        monkeypatch.setattr(Refreshes, "give_up_fold", lambda _: self._give_up())
        monkeypatch.setattr(Refreshes, "limit_statements", lambda *_: None)

    def _next(self) -> FoldStep | None:
        result = next(self.left, None)
        if isinstance(result, Exception):
            raise result
        return result

    def _give_up(self) -> None:
        self.given_up += 1


def step(done: str) -> FoldStep:
    return FoldStep(done, "visits", "2025")


def test_steps_are_done_until_none_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    Steps(monkeypatch, step("begun"), step("copied"), step("changed"), step("folded"))
    assert fold_partitions(CONNECTION, seconds=300) == ["visits 2025"]


def test_no_step_is_begun_near_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps(monkeypatch, step("begun"))
    assert fold_partitions(CONNECTION, seconds=module._STEP_SECONDS) == []
    assert next(steps.left) == step("begun")


def test_a_held_table_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps(monkeypatch, classify_error(LockNotAvailable()), step("folded"))
    assert fold_partitions(CONNECTION, seconds=300) == []
    assert next(steps.left) == step("folded")
    assert steps.given_up == 0


def test_a_step_that_fails_is_not_tried_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps(monkeypatch, classify_error(UniqueViolation()), step("folded"))
    assert fold_partitions(CONNECTION, seconds=300) == []
    assert steps.given_up == 1
