"""Each folder of `sql/` has only statements that can be applied the way it is applied."""

import re
from collections import Counter

from infra.bootstrap import ROOT

ROUTINES = sorted((ROOT / "sql" / "routines").glob("*.sql"))
VIEWS = sorted((ROOT / "sql" / "views").glob("*.sql"))
_COMMENT_OR_BODY = re.compile(r"--[^\n]*|(\$\w*\$).*?\1", re.DOTALL)
_STATEMENT = re.compile(r"^(CREATE|DROP|ALTER)\b(?: OR REPLACE)?((?: [A-Z]+)+)", re.MULTILINE)


def _statements(text: str) -> set[str]:
    return {verb + kind for verb, kind in _STATEMENT.findall(_COMMENT_OR_BODY.sub("", text))}


def test_routines_define_functions_only() -> None:
    # They are applied again and again: a view or a type would have to be dropped first.
    found = {file.name: _statements(file.read_text("utf-8")) for file in ROUTINES}
    assert {name: kinds for name, kinds in found.items() if kinds - {"CREATE FUNCTION"}} == {}


def test_views_are_replaced_and_never_dropped() -> None:
    found = {file.name: _statements(file.read_text("utf-8")) for file in VIEWS}
    assert {kind for kinds in found.values() for kind in kinds} == {
        "CREATE FUNCTION",
        "CREATE VIEW",
    }


def test_each_number_of_a_routine_file_is_used_once() -> None:
    numbers = Counter(file.name.partition("_")[0] for file in ROUTINES)
    assert {number for number, count in numbers.items() if count > 1} == set()
