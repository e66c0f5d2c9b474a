"""Partitions are premade unless a load holds the table."""

from typing import Any

import pytest
from psycopg.errors import DeadlockDetected, LockNotAvailable, UndefinedTable

from functions.pipeline.refresh.premake_partitions import premake_partitions
from waybill.database.errors import classify_error
from waybill.database.refreshes import Refreshes
from waybill.errors import Retryable, WaybillError

CONNECTION: Any = None


def premake_gives(monkeypatch: pytest.MonkeyPatch, result: int | WaybillError) -> None:
    def premake(_: Refreshes) -> int:
        if isinstance(result, WaybillError):
            raise result
        return result

    monkeypatch.setattr(Refreshes, "premake_partitions", premake)


@pytest.mark.parametrize(
    ("result", "made"),
    [
        (2, 2),
        (classify_error(LockNotAvailable()), 0),
        (classify_error(DeadlockDetected()), 0),
    ],
)
def test_a_locked_table_is_skipped(
    monkeypatch: pytest.MonkeyPatch, result: int | WaybillError, made: int
) -> None:
    premake_gives(monkeypatch, result)
    assert premake_partitions(CONNECTION) == made


def test_other_errors_are_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    premake_gives(monkeypatch, classify_error(UndefinedTable()))
    with pytest.raises(Retryable, match="database-error"):
        premake_partitions(CONNECTION)
