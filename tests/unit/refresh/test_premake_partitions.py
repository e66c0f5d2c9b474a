"""Partitions are premade unless a load holds the table."""

from typing import Any

import pytest
from psycopg.errors import DeadlockDetected, LockNotAvailable, UndefinedTable

from functions.pipeline.refresh.premake_partitions import premake_partitions
from waybill.database.errors import classify_error
from waybill.database.refreshes import Refreshes
from waybill.errors import Retryable, WaybillError

CONNECTION: Any = None


def answers(monkeypatch: pytest.MonkeyPatch, answer: int | WaybillError) -> None:
    def premake(_: Refreshes) -> int:
        if isinstance(answer, WaybillError):
            raise answer
        return answer

    monkeypatch.setattr(Refreshes, "premake_partitions", premake)


@pytest.mark.parametrize(
    ("answer", "made"),
    [
        (2, 2),
        (classify_error(LockNotAvailable()), 0),
        (classify_error(DeadlockDetected()), 0),
    ],
)
def test_a_locked_table_is_skipped(
    monkeypatch: pytest.MonkeyPatch, answer: int | WaybillError, made: int
) -> None:
    answers(monkeypatch, answer)
    assert premake_partitions(CONNECTION) == made


def test_other_errors_are_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, classify_error(UndefinedTable()))
    with pytest.raises(Retryable, match="database-error"):
        premake_partitions(CONNECTION)
