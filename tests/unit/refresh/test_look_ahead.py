"""A table that is being loaded is not waited for."""

from typing import Any, cast

import psycopg
import pytest
from psycopg.errors import LockNotAvailable

from functions.pipeline.refresh import premake_partitions as module
from functions.pipeline.refresh.premake_partitions import premake_partitions
from waybill.errors import Retryable

CONNECTION = cast("psycopg.Connection[tuple[Any, ...]]", None)


class Answering:
    """The queries of the step, one of which answers or raises."""

    def __init__(self, answer: int | psycopg.Error) -> None:
        self.answer = answer

    def ensure_partitions_ahead(self, _: object) -> int:
        if isinstance(self.answer, psycopg.Error):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(("answer", "made"), [(2, 2), (LockNotAvailable(), 0)])
def test_look_ahead(
    monkeypatch: pytest.MonkeyPatch, answer: int | psycopg.Error, made: int
) -> None:
    monkeypatch.setattr(module, "queries", lambda _: Answering(answer))
    assert premake_partitions(CONNECTION) == made


def test_another_fault_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    fault = psycopg.errors.UndefinedTable()
    monkeypatch.setattr(module, "queries", lambda _: Answering(fault))
    with pytest.raises(Retryable, match="database-error"):
        premake_partitions(CONNECTION)
