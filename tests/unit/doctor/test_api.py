from collections.abc import Callable
from email.utils import formatdate

import httpx
import pytest

from infra.bootstrap import ROOT
from infra.doctor.api import EXPECTED, ApiChecks
from infra.doctor.figures import DEAD_LETTERS, RUNBOOKS
from infra.doctor.findings import Finding, examine
from infra.thresholds import THRESHOLDS

API = "http://localhost:1/v1"
HEALTHY = {"status": "ok", "checks": {}}
METRICS = """# HELP waybill_jobs_stuck Open jobs without progress.
# TYPE waybill_jobs_stuck gauge
waybill_jobs_stuck 0.0
waybill_queue_messages{queue="chunks"} 12.0
waybill_queue_messages{queue="chunks-dlq"} 0.0
waybill_table_bloat_ratio{dataset="jobs"} 0.39
"""
Answer = dict[str, httpx.Response]


def responses(**changed: httpx.Response) -> Answer:
    """What a sound API answers, by the last part of the path."""
    sound = {
        "openapi.json": httpx.Response(200, json={"info": {"title": "Waybill", "version": "1"}}),
        "deep": httpx.Response(200, json=HEALTHY),
        "datasets": httpx.Response(200, json={"items": [{"name": "stock"}]}),
        "metrics": httpx.Response(200, text=METRICS),
    }
    return sound | changed


def metrics(line: str) -> Answer:
    """The figures of a sound API, and this one."""
    return {"metrics": httpx.Response(200, text=f"{METRICS}{line}\n")}


def find(response: Answer, api: str = API) -> dict[str, Finding]:
    def respond(request: httpx.Request) -> httpx.Response:
        found = response[request.url.path.rsplit("/", 1)[-1]]
        found.headers.setdefault("date", formatdate(usegmt=True))
        return found

    with httpx.Client(transport=httpx.MockTransport(respond)) as http:
        return {one.check: one for one in examine(ApiChecks(api, http).all(), EXPECTED)}


def test_a_sound_api_has_no_fault() -> None:
    found = find(responses())
    assert {one.outcome for one in found.values()} == {"ok"}
    assert list(found) == ["address", "api", "clock", "health", "datasets", "figures"]
    assert found["datasets"].found == "stock"


@pytest.mark.parametrize(
    ("check", "changed", "said"),
    [
        (
            "api",
            {"openapi.json": httpx.Response(403, text="no")},
            "ends with the stage",
        ),
        (
            "clock",
            {
                "openapi.json": httpx.Response(
                    200,
                    json={"info": {"title": "Waybill", "version": "1"}},
                    headers={"date": "Wed, 01 Jan 2020 00:00:00 GMT"},
                )
            },
            "Set it",
        ),
        (
            "health",
            {
                "deep": httpx.Response(
                    503,
                    json={
                        "status": "degraded",
                        "checks": {"database": {"status": "down", "latency_ms": 1}},
                    },
                )
            },
            "the database's state",
        ),
        ("health", {"deep": httpx.Response(401, json={})}, "WAYBILL_TOKEN"),
        ("datasets", {"datasets": httpx.Response(401, json={})}, "WAYBILL_TOKEN"),
        ("datasets", {"datasets": httpx.Response(200, json={"items": []})}, "sql/datasets/"),
        ("figures", metrics('waybill_queue_messages{queue="chunks-dlq"} 1.0'), "dead-letters.md"),
        ("figures", metrics("waybill_jobs_stuck 1.0"), "jobs-not-moving.md"),
        ("figures", metrics("waybill_refresh_lag_seconds 900.0"), "refresh-lag.md"),
        ("figures", metrics('waybill_table_bloat_ratio{dataset="a"} 0.4'), "table-bloat.md"),
        ("figures", metrics("waybill_database_connection_use_ratio 0.8"), "connections.md"),
        ("figures", metrics("waybill_sources_late 1.0"), "sources-late.md"),
        ("figures", metrics("waybill_lake_partitions_stuck 1.0"), "lake-failed.md"),
    ],
)
def test_a_fault_is_named_with_what_to_do(check: str, changed: Answer, said: str) -> None:
    found = find(responses(**changed))
    assert found[check].outcome == "wrong"
    assert said in found[check].advice
    assert {name for name, one in found.items() if one.outcome != "ok"} == {check}


def test_figures_are_unknown_to_a_caller_who_may_not_read_them() -> None:
    refused = {"metrics": httpx.Response(403, json={})}
    assert find(responses(**refused))["figures"].outcome == "unknown"


def test_every_runbook_of_a_figure_exists_and_has_a_threshold() -> None:
    for page in {*RUNBOOKS.values(), DEAD_LETTERS}:
        assert (ROOT / "infra" / "runbooks" / f"{page}.md").is_file()
    assert RUNBOOKS.keys() <= THRESHOLDS.keys()
    gauges = {metric for metric in THRESHOLDS if metric.kind == "gauge"}
    assert RUNBOOKS.keys() == gauges


@pytest.mark.parametrize(
    ("api", "said"),
    [("http://api.test/v1", "Use https"), ("https://no-such-host.invalid/v1", "WAYBILL_API")],
)
def test_a_wrong_address_is_named(api: str, said: str) -> None:
    assert said in find(responses(), api)["address"].advice


def test_an_api_that_does_not_answer_leaves_the_checks_unknown() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with httpx.Client(transport=httpx.MockTransport(refuse)) as http:
        found = list(examine(ApiChecks(API, http).all(), EXPECTED))
    assert [one.outcome for one in found] == ["ok", *["unknown"] * 5]
    assert "ConnectError: refused" in found[1].found


def raising(error: Exception) -> Callable[[], Finding]:
    def check() -> Finding:
        raise error

    return check


def test_an_unexpected_error_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        list(examine([("sum", raising(ZeroDivisionError()))], EXPECTED))
