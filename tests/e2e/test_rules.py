"""Rules over HTTP: previews by the client and the command, and hostile rules of sources."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.unit.client.terminal_session import in_terminal
from waybill_client import Waybill

pytestmark = pytest.mark.e2e

HIRES = (
    "id,name,datetime,department_id,job_id\n"
    "990001,Ada,2021-07-27T16:02:08Z,,\n"
    "990002,Bea,2021-07-27T16:02:08Z,990999,\n"
    "990003,Cea,2021-02-30T16:02:08Z,,\n"
)
HOSTILE = (
    {"where": "true); DROP TABLE departments; SELECT (true"},
    {"derive": {"department": "pg_read_file('/etc/passwd')"}},
    {"filter": [{"column": "id; SELECT pg_sleep(60)", "in": ["x"]}]},
    {"enrich": {"department": {"dataset": "pg_authid", "take": "rolname", "on": {"oid": "id"}}}},
    {"null_words": {"department": ["x" * 100_000]}},
)


def test_a_preview_says_what_the_load_would(
    waybill: Waybill, api: str, token: Callable[[], str], tmp_path: Path
) -> None:
    file = tmp_path / "hires.csv"
    file.write_text(HIRES)
    shown = waybill.preview("hired_employees", file)
    assert shown["warnings"] == []
    assert [one["outcome"] for one in shown["records"]] == ["loaded", "pending", "rejected"]
    variables = {"WAYBILL_TOKEN": token()}
    ended = in_terminal(
        *("preview", "hired_employees", "hires.csv"),
        api=api,
        columns=200,
        folder=tmp_path,
        variables=variables,
    )
    assert ended.code == 0, ended.screen
    assert "has no parent in public.departments yet" in ended.screen


@pytest.mark.parametrize("rules", HOSTILE)
def test_hostile_rules_of_a_source_are_refused(
    http: httpx.Client, rules: dict[str, object]
) -> None:
    response = http.post(
        "/data-sources",
        json={
            "name": "hostile",
            "kind": "rest",
            "connection": {"url": "https://api.example/v1/departments"},
            "dataset": "departments",
            "transformation": rules,
        },
    )
    assert (response.status_code, response.headers["Content-Type"]) == (
        422,
        "application/problem+json",
    )
    problem = response.json()
    assert problem["type"].endswith("/contract-broken")
    assert problem["detail"].startswith("transformation of departments: ")
