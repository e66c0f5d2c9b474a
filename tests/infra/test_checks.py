"""The security checkers find nothing in any environment on AWS that is not accepted."""

from collections.abc import Callable
from pathlib import Path

import pytest

from infra.checks.__main__ import bandit, template_findings
from infra.checks.accepted import ACCEPTED
from infra.checks.findings import Accepted, Finding, open_findings, unused
from tests.infra.conftest import ON_AWS


@pytest.fixture(scope="module")
def found(folder_of: Callable[[str], Path]) -> list[Finding]:
    return template_findings({name: folder_of(name) for name in ON_AWS})


def test_every_finding_is_accepted_with_a_reason(found: list[Finding]) -> None:
    assert {one.rule.partition("-")[0].partition("_")[0] for one in found} == {
        "AwsSolutions",
        "CKV",
    }
    assert open_findings(found, ACCEPTED) == []


def test_nothing_is_accepted_that_is_not_found(found: list[Finding]) -> None:
    assert unused(found, ACCEPTED) == []
    assert all(len(entry.reason) > 20 for entry in ACCEPTED)


def test_the_code_has_no_finding() -> None:
    assert bandit() == ""


def test_a_finding_of_another_resource_is_not_accepted() -> None:
    entry = Accepted(r"RULE-1", r"Service/\w+", "They are all alike.", environments="dev")
    covered = Finding("dev", "RULE-1", "Service/Load", "")
    others = [
        covered._replace(environment="prod"),
        covered._replace(rule="RULE-12"),
        covered._replace(resource="Service/Load/Role"),
    ]
    assert open_findings([covered, *others], [entry]) == others
    assert unused([covered], [entry]) == []
    assert unused(others, [entry]) == [entry]
