"""The emulator's log subscriptions have the patterns that the stacks use."""

import pytest

from infra.constructs.error_reports import _FILTERS
from infra.local.emulator_logs import matches

ERRORS, KILLED = _FILTERS["Errors"], _FILTERS["Killed"]


@pytest.mark.parametrize(
    ("pattern", "line", "passes"),
    [
        (ERRORS, '{"level":"ERROR","message":"x"}', True),
        (ERRORS, '{"level": "INFO", "message": "level ERROR"}', False),
        (ERRORS, '["ERROR"]', False),
        (ERRORS, "level ERROR", False),
        (KILLED, "Task timed out after 3.00 seconds", True),
        (KILLED, "[ERROR] Runtime.ImportModuleError", True),
        (KILLED, "Task ended", False),
        ('"a b" c', "c a b", True),
        ('"a b" c', "a b", False),
        ("", "anything", True),
        (None, "anything", True),
        (ERRORS, None, False),
    ],
)
def test_a_line_passes_as_on_aws(pattern: str | None, line: str | None, passes: bool) -> None:
    assert matches(pattern, line) == passes
