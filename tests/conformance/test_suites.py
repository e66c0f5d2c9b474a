"""Each file of each suite gives its table, or says why it does not."""

import pytest

from tests.conformance.outcomes import DIFFERS, REFUSED, outcome_of
from tests.conformance.suites import VARIABLE, Case, cases

_CASES = cases()
# Read otherwise by rule: a bare CR ends a line, in a file with other line ends too.
_BY_RULE = {"Mixed slash n and slash r should choose first as precident"}


@pytest.mark.skipif(not _CASES, reason=f"{VARIABLE} names no folder with the suites")
@pytest.mark.parametrize("case", _CASES, ids=[f"{case.suite}: {case.name}" for case in _CASES])
def test_the_table_or_the_reason(case: Case) -> None:
    outcome = outcome_of(case)
    if case.name.partition(": ")[2] not in _BY_RULE:
        assert outcome.kind != DIFFERS
    if outcome.kind == REFUSED:
        assert outcome.codes
