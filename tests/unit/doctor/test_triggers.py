"""A rule or a queue's consumer that is off is named."""

from collections.abc import Sequence
from typing import Any

import pytest

from infra.doctor.findings import Finding
from infra.doctor.triggers import check_triggers

_QUEUE = "arn:aws:sqs:us-east-1:123456789012:"
RULES = [("waybill-dev-Objects", "ENABLED"), ("waybill-dev-ReapSchedule", "ENABLED")]
MAPPINGS = [("waybill-dev-landed", "Enabled"), ("another-queue", "Disabled")]


class Account:
    """Lists these rules, of the prefix, and these mappings, in pages of one."""

    def __init__(self, rules: Sequence[Any], mappings: Sequence[Any]) -> None:
        self._pages: dict[str, list[dict[str, Any]]] = {
            "list_rules": [{"Rules": [{"Name": name, "State": state}]} for name, state in rules],
            "list_event_source_mappings": [
                {"EventSourceMappings": [{"EventSourceArn": _QUEUE + name, "State": state}]}
                for name, state in mappings
            ],
        }
        self._operation = ""

    def client(self, _service: str) -> "Account":
        return self

    def get_paginator(self, operation: str) -> "Account":
        self._operation = operation
        return self

    def paginate(self, **filters: str) -> list[dict[str, Any]]:
        assert filters in ({}, {"NamePrefix": "waybill-dev-"})
        return self._pages[self._operation]


def find(rules: Sequence[Any], mappings: Sequence[Any]) -> Finding:
    return check_triggers(Account(rules, mappings), "waybill-dev")  # type: ignore[arg-type]


def test_what_is_enabled_is_counted() -> None:
    found = find(RULES, MAPPINGS)
    assert (found.outcome, found.found) == ("ok", "2 event rules and 1 consumers are enabled")
    assert find(RULES, [("waybill-dev-landed", "Updating")]).outcome == "ok"


@pytest.mark.parametrize(
    ("rules", "mappings", "named"),
    [
        ([*RULES, ("waybill-dev-Tickets", "DISABLED")], MAPPINGS, "rule waybill-dev-Tickets"),
        (RULES, [*MAPPINGS, ("waybill-dev-chunks", "Disabled")], "queue waybill-dev-chunks"),
        (RULES, [*MAPPINGS, ("waybill-dev-chunks", "Disabling")], "queue waybill-dev-chunks"),
    ],
)
def test_what_is_off_is_named(rules: Sequence[Any], mappings: Sequence[Any], named: str) -> None:
    found = find(rules, mappings)
    assert (found.outcome, found.found) == ("wrong", f"disabled: {named}")
    assert "waybill redrive" in found.advice


def test_an_account_without_any_is_not_sound() -> None:
    assert find([], MAPPINGS).outcome == "wrong"
    assert find(RULES, []).outcome == "wrong"
