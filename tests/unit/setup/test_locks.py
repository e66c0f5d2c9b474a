"""The locks pin everything, agree with each other, and with pyproject.toml."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.bootstrap import ROOT
from tests.unit.setup.locks import LAYERS, RUN, TEST, UV, read_lock

ALL = (RUN, TEST, UV, *LAYERS)


@pytest.mark.parametrize("path", ALL)
def test_a_lock_pins_versions_and_hashes_and_names_no_host(path: str) -> None:
    text = (ROOT / path).read_text()
    names = re.findall(r"^[^\s#].*", text, re.MULTILINE)
    entries = read_lock(path)
    assert len(entries) == len(names) > 0
    assert all(entry.version and entry.hashes for entry in entries)
    assert "://" not in text
    assert "--index" not in text


@pytest.mark.parametrize("path", [RUN, UV, *LAYERS])
def test_the_same_versions_run_as_are_tested(path: str) -> None:
    tested = {entry.name: entry.version for entry in read_lock(TEST)}
    locked = {entry.name: entry.version for entry in read_lock(path)}
    assert locked == {name: tested[name] for name in locked}


def test_running_needs_fewer_packages_than_testing() -> None:
    run, test = ({entry.name for entry in read_lock(path)} for path in (RUN, TEST))
    assert run < test
    assert {"pytest", "mypy", "moto", "ruff"} <= test - run


def test_the_first_step_installs_uv_alone() -> None:
    assert [entry.name for entry in read_lock(UV)] == ["uv"]


def test_the_lists_of_the_project_are_in_the_test_lock() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    locked = {entry.name: entry.version for entry in read_lock(TEST)}
    for requirement in (Requirement(line) for one in lists for line in one):
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)])
