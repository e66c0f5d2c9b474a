"""Every log line has its action, its step and its job."""

import ast
import logging
from collections.abc import Iterator

from infra.bootstrap import ROOT
from tests.cloud.lambda_events import Context
from tests.cloud.log_lines import LogLines
from waybill import telemetry
from waybill.ids import new_id
from waybill.settings import LogSettings


def test_a_log_line_has_its_action_and_fields(log_lines: LogLines) -> None:
    telemetry.action("chunk.staged", level="warning", chunk=3)
    (line,) = log_lines()
    assert (line["action"], line["chunk"], line["step"]) == ("chunk.staged", 3, "plan")
    assert line["level"] == "WARNING"


def test_the_job_id_is_the_correlation_id(log_lines: LogLines) -> None:
    job = new_id()
    with telemetry.about(job):
        telemetry.action("a.b")
    telemetry.action("c.d")
    inside, outside = log_lines()
    assert inside["correlation_id"] == str(job)
    assert outside.get("correlation_id") is None


def test_an_error_is_logged_with_its_traceback(log_lines: LogLines) -> None:
    telemetry.action("a.b", level="error", error=KeyError("x"))
    assert "KeyError" in log_lines()[0]["exception"]


def test_log_lines_of_libraries_have_the_same_shape(log_lines: LogLines) -> None:
    logging.getLogger("waybill.queues").warning("hello", extra={"n": 1})
    (line,) = log_lines()
    assert (line["message"], line["n"], line["step"]) == ("hello", 1, "plan")


def test_the_request_id_is_in_every_line(log_lines: LogLines) -> None:
    telemetry.start("load", LogSettings(), Context())
    telemetry.action("a.b")
    (line,) = log_lines()
    assert (line["request_id"], line["step"]) == ("a-request", "load")


def test_addresses_in_a_line_are_removed(log_lines: LogLines) -> None:
    telemetry.action("a.b", detail="no row for ada@example.com", nested={"all": ["x@y.org"]})
    (line,) = log_lines()
    assert line["detail"] == "no row for [removed]"
    assert line["nested"] == {"all": ["[removed]"]}


_LEVELS = {"debug", "info", "warning", "error", "exception"}
_ROOTS = (ROOT / "functions", ROOT / "layers/core/python/waybill")


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    """The calls of a logger."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _LEVELS
            and ast.unparse(node.func.value).endswith(("logger", "_log", "LOG"))
        ):
            yield node


def test_every_line_that_is_logged_has_an_action() -> None:
    files = [path for root in _ROOTS for path in root.rglob("*.py")]
    trees = {path: ast.parse(path.read_text("utf-8")) for path in files}
    logged = [(path.name, call) for path, tree in trees.items() for call in calls(tree)]
    assert len(logged) > 10
    without = [
        f"{name}:{call.lineno}"
        for name, call in logged
        if "action" not in {keyword.arg for keyword in call.keywords}
    ]
    assert without == []
    # Nor do libraries log for us, as tenacity would.
    texts = [path for path, tree in trees.items() if "getLogger(" in ast.unparse(tree)]
    assert [path.name for path in texts] == ["telemetry.py"]
