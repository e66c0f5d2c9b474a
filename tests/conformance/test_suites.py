"""Each case gives the expected table, or a refusal with reasons."""

import pytest

from tests.conformance.outcomes import DIFFERS, REFUSED, outcome_of
from tests.conformance.suites import VARIABLE, Case, cases

_CASES = cases()
# Differs by design: a bare CR ends a line even in files with other line endings.
_BY_RULE = {"Mixed slash n and slash r should choose first as precident"}


@pytest.mark.skipif(not _CASES, reason=f"{VARIABLE} names no folder with the suites")
@pytest.mark.parametrize("case", _CASES, ids=[f"{case.suite}: {case.name}" for case in _CASES])
def test_each_file_gives_the_expected_table_or_a_reason(case: Case) -> None:
    outcome = outcome_of(case)
    if case.name.partition(": ")[2] not in _BY_RULE:
        assert outcome.kind != DIFFERS
    if outcome.kind == REFUSED:
        assert outcome.codes
