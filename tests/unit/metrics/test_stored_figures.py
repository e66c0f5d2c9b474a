"""The figures of the database are kept whatever the bucket has, and never fail the work."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.http.api_client import STATE
from waybill.database.figures import Figure, Figures
from waybill.metrics.catalogue import CONNECTIONS, FIGURES_TIME
from waybill.metrics.database_figures import record_figures
from waybill.metrics.registry import Series
from waybill.metrics.stored import Source, StoredMetrics
from waybill.settings import MetricsSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NOW = 1_000_000.0
KEY = "metrics/database.json"
LONGER = [[FIGURES_TIME.name, [], 2 * NOW, [], "seconds"]]
UNREADABLE = [
    b"",
    b"{",
    b"{}",
    b"[]",
    b"\xff",
    b'{"function": "", "process": "", "series": 7}',
    json.dumps({"function": "", "process": "", "series": LONGER}).encode(),
]


def figures(connections: float, *, at: float = NOW) -> list[Series]:
    return [Series(CONNECTIONS, ("waybill_load",), connections), Series(FIGURES_TIME, (), at)]


def read_as(monkeypatch: pytest.MonkeyPatch, *more: Figure) -> None:
    """Let the database have some figures, of a time."""
    time = Figure(FIGURES_TIME.name, [], NOW)
    monkeypatch.setattr(Figures, "read", lambda *_: [time, *more])


def conflict(**_: object) -> None:
    raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "PutObject")


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between tries, which are not made, at their longest."""
    made: list[float] = []
    monkeypatch.setattr("random.uniform", lambda _, bound: bound)
    monkeypatch.setattr("time.sleep", made.append)
    return made


def test_figures_that_were_read_later_stay(aws: "S3Client") -> None:
    stored = StoredMetrics(aws, STATE)
    for connections, at in ((1.0, 10.0), (2.0, 30.0), (3.0, 20.0)):
        assert stored.put_database(figures(connections, at=at))
    assert stored.database() == figures(2.0, at=30.0)


def test_figures_of_a_clock_that_was_wrong_are_replaced(aws: "S3Client") -> None:
    stored = StoredMetrics(aws, STATE)
    stored.put_database(figures(1.0, at=NOW + 3600))
    assert stored.put_database(figures(2.0))
    assert stored.database() == figures(2.0)


@pytest.mark.parametrize("body", UNREADABLE)
def test_figures_that_cannot_be_read_are_replaced(
    aws: "S3Client", monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    aws.put_object(Bucket=STATE, Key=KEY, Body=body)
    read_as(monkeypatch)
    record_figures(object(), MetricsSettings(metrics_bucket=STATE))  # type: ignore[arg-type]
    assert StoredMetrics(aws, STATE).database() == [Series(FIGURES_TIME, (), NOW)]


@pytest.mark.parametrize("body", UNREADABLE)
def test_what_cannot_be_read_is_left_out(aws: "S3Client", body: bytes) -> None:
    stored = StoredMetrics(aws, STATE)
    stored.put("good", "jobs", figures(1.0))
    for key in (KEY, "metrics/processes/bad.json"):
        aws.put_object(Bucket=STATE, Key=key, Body=body)
    assert stored.database() == []
    assert [each for each in stored.read() if each.series] == [Source("jobs", "good", figures(1.0))]


def test_figures_of_a_later_release_are_left_out(
    aws: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    read_as(monkeypatch, Figure("waybill_new", [], 1.0), Figure(CONNECTIONS.name, [], 1.0))
    record_figures(object(), MetricsSettings(metrics_bucket=STATE))  # type: ignore[arg-type]
    assert StoredMetrics(aws, STATE).database() == [Series(FIGURES_TIME, (), NOW)]


@pytest.mark.parametrize(("theirs", "kept"), [(20.0, 10.0), (5.0, 9.0)])
def test_figures_that_another_process_keeps_meanwhile_are_seen(
    aws: "S3Client", monkeypatch: pytest.MonkeyPatch, theirs: float, kept: float
) -> None:
    stored, put = StoredMetrics(aws, STATE), aws.put_object

    def slow(**call: Any) -> Any:
        monkeypatch.setattr(aws, "put_object", put)
        stored.put_database(figures(10.0, at=theirs))
        return put(**call)

    monkeypatch.setattr(aws, "put_object", slow)
    assert stored.put_database(figures(9.0, at=10.0))
    assert stored.database()[0].value == kept


def after(conflicts: int, put: Callable[..., Any]) -> Callable[..., Any]:
    """A put before which other processes put something so many times."""
    left = iter(range(conflicts))
    return lambda **call: conflict() if next(left, None) is not None else put(**call)


def test_the_newest_figures_are_kept_beside_many_writers(
    aws: "S3Client", monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    monkeypatch.setattr(aws, "put_object", after(6, aws.put_object))
    assert StoredMetrics(aws, STATE).put_database(figures(1.0))
    assert StoredMetrics(aws, STATE).database() == figures(1.0)
    assert pauses == sorted(pauses)
    assert len(pauses) == 6


def test_figures_that_could_not_be_kept_are_logged(
    aws: "S3Client",
    monkeypatch: pytest.MonkeyPatch,
    pauses: list[float],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("waybill.metrics.database_figures.s3_client", lambda: aws)
    monkeypatch.setattr(aws, "put_object", conflict)
    read_as(monkeypatch)
    record_figures(object(), MetricsSettings(metrics_bucket=STATE))  # type: ignore[arg-type]
    assert [line.message for line in caplog.records] == ["metrics.unwritten"]
    assert sum(pauses) < 1.5
