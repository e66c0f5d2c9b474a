"""The catalogue of mutants matches the code. `make mutants` runs them."""

import ast
from functools import cache
from pathlib import Path

import pytest

from infra.bootstrap import ROOT
from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import Mutant
from tests.mutants.run import run_mutant

LEAST = 60


@cache
def _tests_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_there_are_enough_and_each_has_its_own_name() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= LEAST


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_text_of_a_mutant_occurs_once_and_its_tests_exist(mutant: Mutant) -> None:
    assert mutant.count_matches(ROOT) == 1
    assert mutant.before != mutant.after
    assert mutant.tests
    for file, _, test in (node.partition("::") for node in mutant.tests):
        assert test.partition("[")[0] in _tests_in(file)


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("assert double(2) == 4", "killed"),
        ("assert double(0) == 0", "survived"),
        ("assert missing", "error"),
    ],
)
def test_a_mutant_is_killed_only_by_a_test_that_fails_with_it(
    tmp_path: Path, body: str, outcome: str
) -> None:
    (tmp_path / "test_it.py").write_text(
        f"def double(n):\n    return n * 2\n\n\ndef test_it():\n    {body}\n", "utf-8"
    )
    mutant = Mutant("m", "", "test_it.py", "n * 2", "n * 3", ("test_it.py::test_it",))
    assert run_mutant(mutant, tmp_path).outcome == outcome
    assert "n * 2" in (tmp_path / "test_it.py").read_text("utf-8")


def test_a_mutant_without_its_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it():\n    pass\n", "utf-8")
    mutant = Mutant("m", "", "test_it.py", "absent", "present", ("test_it.py::test_it",))
    assert run_mutant(mutant, tmp_path).outcome == "error"
