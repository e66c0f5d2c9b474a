"""The README files agree with the code."""

import re
from pathlib import Path
from typing import get_args

import pytest
import typer

from infra.bootstrap import ROOT
from infra.environments import ENVIRONMENTS
from infra.local.settings import LocalSettings
from infra.routes import ROUTES
from tests.unit.manuals.settings_table import function_rows, local_rows
from waybill.database.errors import REFUSALS
from waybill_client.commands import make_app
from waybill_client.models import State

MANUALS = (
    "README.md",
    "functions/README.md",
    "infra/README.md",
    "layers/client/README.md",
    "sql/README.md",
    "tests/README.md",
)
DOCUMENTS = (*MANUALS, "CONTRIBUTING.md", ".github/SECURITY.md")
_TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)
_MAKE = re.compile(r"(?:`|^|\()make (?:-s )?([a-z-]+)", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)#]+)?(?:#([^)]+))?\)")
_SETTING = re.compile(r"^\| `([A-Z][A-Z_]+)`", re.MULTILINE)
_COMMAND = "tests.unit.manuals.settings_table"


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def assert_lists(manual: str, rows: list[str], names: set[str]) -> None:
    lines = read(manual).splitlines()
    missing = [row for row in rows if row not in lines]
    assert not missing, f"run: python -m {_COMMAND}"
    assert set(_SETTING.findall(read(manual))) == names


def test_functions_lists_every_setting_of_the_functions() -> None:
    rows = function_rows()
    assert_lists("functions/README.md", rows, {row.split("`")[1] for row in rows})


def test_infra_lists_every_setting_of_the_local_stack() -> None:
    names = {name.upper() for name in LocalSettings.model_fields}
    assert_lists("infra/README.md", local_rows(), names)


def test_functions_lists_every_route_and_no_other() -> None:
    listed = re.findall(r"`(GET|POST|PUT|DELETE) (/[^` ?]+)`", read("functions/README.md"))
    assert set(listed) == {(route.method, route.path) for route in ROUTES}


def test_functions_names_every_state_of_a_job() -> None:
    manual = read("functions/README.md")
    assert [state for state in get_args(State) if f"`{state}`" not in manual] == []


def test_infra_names_every_environment() -> None:
    assert all(f"`{name}`" in read("infra/README.md") for name in ENVIRONMENTS)


def test_sql_lists_every_argument_of_register_dataset() -> None:
    (routine,) = (ROOT / "sql" / "routines").glob("*_register_dataset.sql")
    signature = re.search(r"register_dataset\((.*?)\) RETURNS", routine.read_text(), re.DOTALL)
    assert signature
    arguments = re.findall(r"^    (\w+) ", signature[1], re.MULTILINE)
    table = read("sql/README.md").partition("## Registering")[2].partition("## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", "\n".join(cells))) == set(arguments)


def test_sql_lists_every_error_code() -> None:
    listed = re.findall(r"\| `(WB\d+)` \| `([a-z-]+)` \|", read("sql/README.md"))
    assert dict(listed) == {state: code for state, (_, code) in REFUSALS.items()}


def commands(app: typer.Typer) -> set[str]:
    own = [one for one in app.registered_commands if not one.hidden]
    names = {str(one.name or getattr(one.callback, "__name__", "")) for one in own}
    for group in app.registered_groups:
        assert group.typer_instance
        names |= {f"{group.name} {name}" for name in commands(group.typer_instance)}
        if group.typer_instance.info.invoke_without_command is True:
            names.add(str(group.name))
    return names


def test_the_client_lists_every_command() -> None:
    manual = read("layers/client/README.md")
    listed = re.findall(r"`waybill ([a-z][a-z-]*(?: [a-z]+)?)(?: [A-Z…]+)*`", manual)
    assert set(listed) == commands(make_app())


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("manual", MANUALS)
def test_make_targets_exist(manual: str) -> None:
    targets = set(_TARGET.findall(read("Makefile")))
    assert set(_MAKE.findall(read(manual))) <= targets


@pytest.mark.parametrize("manual", DOCUMENTS)
def test_links_lead_to_files_and_headings(manual: str) -> None:
    text = read(manual)
    for path, anchor in _LINK.findall(text):
        if "://" in path:
            continue
        target = (ROOT / manual).parent / path if path else ROOT / manual
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), anchor


@pytest.mark.parametrize("manual", DOCUMENTS)
def test_named_files_exist(manual: str) -> None:
    named = re.findall(r"`((?:[a-z_]+/)+[a-z_.-]+\.[a-z]+)`", read(manual))
    folders = (ROOT, ROOT / "layers" / "core" / "python", (ROOT / manual).parent)
    missing = [name for name in named if not any((folder / name).exists() for folder in folders)]
    assert missing == []


@pytest.mark.parametrize("manual", MANUALS[1:])
def test_every_manual_states_its_decisions(manual: str) -> None:
    assert "\n## Decisions\n" in read(manual)


def test_the_top_readme_is_short() -> None:
    assert len(read("README.md").splitlines()) <= 130


def test_the_readme_of_the_wheel_is_the_client_manual() -> None:
    assert 'readme = "README.md"' in read("layers/client/pyproject.toml")
    assert Path(ROOT / "layers" / "client" / "README.md").is_file()
