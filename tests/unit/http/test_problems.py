"""The list of problem types is complete."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from waybill import errors
from waybill.database.errors import REFUSALS
from waybill.http.problem_types import PROBLEM_TYPES
from waybill.http.problems import stored_problem

ROOT = Path(__file__).parents[3]
CLASSES = {
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.WaybillError)
}
# Errors of those who operate the database, which no client and no job ever shows.
UNSEEN = (
    "waybill/database/",
    "functions/migrate/",
    "functions/pipeline/notify/",
    "functions/pipeline/publish/",
    "functions/pipeline/refresh/",
    "waybill/state/deliveries.py",
)


def raised() -> Iterator[tuple[str, str]]:
    for folder in ("functions", "layers/core/python"):
        for path in (ROOT / folder).rglob("*.py"):
            place = str(path.relative_to(ROOT)).removeprefix("layers/core/python/")
            if not place.startswith(UNSEEN):
                yield from ((place, code) for code in codes(ast.parse(path.read_text("utf-8"))))


def codes(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            first = node.args[0]
            if node.func.id in CLASSES and isinstance(first, ast.Constant):
                yield str(first.value)


def test_every_code_that_is_raised_is_in_the_catalogue() -> None:
    found = list(raised())
    assert len(found) > 20
    assert [each for each in found if each[1] not in PROBLEM_TYPES] == []


def test_codes_of_the_database_are_in_the_catalogue() -> None:
    assert {code for _, code in REFUSALS.values()} <= PROBLEM_TYPES.keys()


def test_every_problem_type_is_explained() -> None:
    for code, kind in PROBLEM_TYPES.items():
        assert code == code.lower()
        assert "_" not in code
        assert kind.title
        assert kind.meaning.endswith((".", ")."))


def test_a_stored_problem_is_shown_with_its_url() -> None:
    kept = errors.Rejected("empty-file", "The file has no bytes.").problem()
    shown = stored_problem(kept)
    assert shown["type"].startswith("https://")
    assert shown["type"].endswith("/problems/empty-file")
    assert shown["title"] == "Empty file"
    assert shown["detail"] == "The file has no bytes."


INTERNAL = "connection to db-1.internal as waybill_load failed"


@pytest.mark.parametrize(
    ("stored", "code"),
    [
        (errors.Unavailable("database-unavailable", INTERNAL).problem(), "database-unavailable"),
        (errors.Retryable("database-error", INTERNAL).problem(), "database-error"),
        (errors.Retryable("unheard-of", INTERNAL).problem(), "internal-error"),
        ({"type": "unexpected", "title": INTERNAL, "detail": INTERNAL}, "internal-error"),
        ({"detail": INTERNAL}, "internal-error"),
    ],
)
def test_a_stored_problem_does_not_show_internal_text(stored: dict[str, object], code: str) -> None:
    shown = stored_problem(stored)
    assert INTERNAL not in repr(shown)
    assert shown["type"].endswith(f"/{code}")
    assert shown["detail"] == PROBLEM_TYPES[code].meaning
