"""Identifiers use standard terms: retired words and catch-all module names do not come back."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from infra.bootstrap import ROOT
from tests.unit.tree.source_files import tracked

CATCH_ALL = {"utils", "helpers", "common", "misc", "manager", "data_handler"}
# As a part of any identifier.
RETIRED = {
    "door", "doors", "judge", "judged", "verdict", "complaint", "flaw", "flaws", "hops",
    "ground", "announce", "announced", "announcement", "adopt", "adopted", "strike", "struck",
    "wreck", "thaw", "fate", "fates", "doubts", "cutter", "skim", "heads", "ways", "moments",
    "tellings", "told", "asked", "wanted",
}  # fmt: skip
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_SQL_NAME = re.compile(
    r"\b(?:FUNCTION|PROCEDURE|TABLE|TYPE|VIEW|INDEX|TRIGGER)\s+(?:IF NOT EXISTS\s+)?([a-z_.]+)"
    r"|^\s+(?:p_|v_)?([a-z_]+) (?:CONSTANT )?(?:text|uuid|jsonb|bigint|integer|boolean|regclass)",
    re.MULTILINE,
)


def _python_names(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id


def _sql_names(path: Path) -> Iterator[tuple[int, str]]:
    text = path.read_text("utf-8")
    for match in _SQL_NAME.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match[1] or match[2]


def _words(name: str) -> set[str]:
    return {word.lower() for part in name.split("_") for word in _WORD.findall(part)}


def test_no_identifier_has_a_retired_word() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in tracked(".py", ".sql")
        for line, name in (_sql_names(path) if path.suffix == ".sql" else _python_names(path))
        if _words(name) & RETIRED
    ]
    assert found == []


def test_no_module_has_a_retired_or_a_catch_all_name() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in tracked(".py", ".sql")
        if _words(path.stem) & (RETIRED | CATCH_ALL)
    ]
    assert found == []
