"""The README says what is there, all of it, and nothing else."""

import re
import subprocess
from pathlib import Path

from infra.bootstrap import ROOT
from infra.environments import ENVIRONMENTS
from infra.routes import ROUTES
from tests.unit.docs_of_project.settings_table import local_rows, step_rows
from waybill_client.models import OPEN_STATES

README = (ROOT / "README.md").read_text("utf-8")
_TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)


def test_it_lists_every_setting_as_the_models_have_it() -> None:
    lines = README.splitlines()
    missing = [row for row in (*local_rows(), *step_rows()) if row not in lines]
    assert not missing, "run: python -m tests.unit.docs_of_project.settings_table"
    names = set(re.findall(r"^\| `([A-Z][A-Z_]+)`", README, re.MULTILINE))
    known = {row.split("`")[1] for row in (*local_rows(), *step_rows())}
    assert names == known | {"WAYBILL_API", "WAYBILL_ENV"}


def test_it_lists_every_route_and_no_other() -> None:
    listed = set(re.findall(r"`(GET|POST|PUT|DELETE) (/[^` ?]+)`", README))
    assert listed == {(route.method, route.path) for route in ROUTES}


def test_its_targets_are_there() -> None:
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text()))
    named = set(re.findall(r"(?:`|^|\()make (?:-s )?([a-z-]+)", README, re.MULTILINE))
    assert named <= targets


def test_it_names_all_that_a_dataset_can_say() -> None:
    routine = (ROOT / "sql" / "routines" / "11_register_dataset.sql").read_text()
    signature = re.search(r"waybill\.register_dataset\((.*?)\) RETURNS", routine, re.DOTALL)
    assert signature
    names = re.findall(r"^    (\w+) ", signature[1], re.MULTILINE)
    assert [name for name in names if name not in README] == []


def test_it_names_states_environments_and_settings_files() -> None:
    for state in OPEN_STATES - {"EXTRACTING"}:
        assert f"`{state}`" in README
    assert all(f"`{name}`" in README for name in ENVIRONMENTS)


def test_its_files_are_there() -> None:
    known = subprocess.run(
        ["/usr/bin/env", "git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    files = set(re.findall(r"`((?:[a-z_]+/)+[a-z_.-]+\.[a-z]+)`", README))
    assert files <= {*known, *(str(Path(name)) for name in known)}
    assert files


def test_it_is_short() -> None:
    assert len(README.splitlines()) < 350
