"""The health function, invoked as `waybill doctor --deployed` does, on the running stack."""

import json
from typing import Any

import pytest

from infra.local.clients import Clients
from tests.e2e.faults import variables

pytestmark = pytest.mark.e2e


def findings(aws: Clients) -> dict[str, dict[str, Any]]:
    response = aws("lambda").invoke(
        FunctionName="waybill-local-health", Payload=json.dumps({"action": "doctor"})
    )
    assert "FunctionError" not in response
    return {one["check"]: one for one in json.load(response["Payload"])["findings"]}


def test_everything_is_reached(aws: Clients) -> None:
    found = findings(aws)
    assert found.keys() == {"database", "jobs", "storage", "clock", "hosts"}
    assert [one for one in found.values() if not one["ok"]] == []
    assert found["database"]["found"].startswith("PostgreSQL 18")


def test_what_is_not_reached_is_named(aws: Clients) -> None:
    missing = {"LANDING_BUCKET": "waybill-local-missing", "DATABASE_TLS": "verify-full"}
    with variables(aws, "health", missing):
        found = findings(aws)
    assert {name for name, one in found.items() if one["ok"]} == {"hosts"}
