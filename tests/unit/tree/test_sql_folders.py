"""Each folder of `sql/` has only statements that can be applied the way it is applied."""

import re
from collections import Counter

from infra.bootstrap import ROOT

ROUTINES = sorted((ROOT / "sql" / "routines").glob("*.sql"))
VIEWS = sorted((ROOT / "sql" / "views").glob("*.sql"))
_COMMENT_OR_BODY = re.compile(r"--[^\n]*|(\$\w*\$).*?\1", re.DOTALL)
_STATEMENT = re.compile(r"^(CREATE|DROP|ALTER)\b(?: OR REPLACE)?((?: [A-Z]+)+)", re.MULTILINE)


_FUNCTION = re.compile(r"^CREATE OR REPLACE FUNCTION (\S+?)\(", re.MULTILINE)
_ARGUMENT = re.compile(r"^(?:VARIADIC )?\w+ (.+?)(?: DEFAULT .*)?$", re.DOTALL)


def _signatures(text: str) -> list[str]:
    """`name(types)` of each function; what only returns is no part of it."""
    found = []
    for match in _FUNCTION.finditer(text):
        depth, place = 1, match.end()
        parts = [""]
        while depth:
            letter = text[place]
            depth += {"(": 1, ")": -1}.get(letter, 0)
            if letter == "," and depth == 1:
                parts.append("")
            elif depth:
                parts[-1] += letter
            place += 1
        given = [" ".join(part.split()) for part in parts]
        types = [_ARGUMENT.sub(r"\1", part) for part in given if part and part[:4] != "OUT "]
        found.append(f"{match[1]}({', '.join(types)})")
    return found


def _statements(text: str) -> set[str]:
    return {verb + kind for verb, kind in _STATEMENT.findall(_COMMENT_OR_BODY.sub("", text))}


def test_routines_define_functions_only() -> None:
    # They are applied again and again: a view or a type would have to be dropped first.
    found = {file.name: _statements(file.read_text("utf-8")) for file in ROUTINES}
    assert {name: kinds for name, kinds in found.items() if kinds - {"CREATE FUNCTION"}} == {}


def test_each_routine_is_defined_once() -> None:
    # Of two definitions the one that is applied later would replace the other, silently.
    defined = Counter(one for file in ROUTINES for one in _signatures(file.read_text("utf-8")))
    assert len(defined) > 200
    assert {one for one, count in defined.items() if count > 1} == set()


def test_views_are_replaced_and_never_dropped() -> None:
    found = {file.name: _statements(file.read_text("utf-8")) for file in VIEWS}
    assert {kind for kinds in found.values() for kind in kinds} == {
        "CREATE FUNCTION",
        "CREATE VIEW",
    }


def test_each_number_of_a_routine_file_is_used_once() -> None:
    numbers = Counter(file.name.partition("_")[0] for file in ROUTINES)
    assert {number for number, count in numbers.items() if count > 1} == set()
