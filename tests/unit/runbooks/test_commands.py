"""Every command of the runbooks is tried: SQL on a database, others by their own parser."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import typer.main
from botocore import xform_name
from botocore.validate import validate_parameters

from infra.local.commands import app
from tests.postgres.databases import Database

ROOT = Path(__file__).parents[3]
RUNBOOKS = ROOT / "infra" / "runbooks"
PAGES = sorted(RUNBOOKS.glob("*.md"))
_BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
_INLINE = re.compile(r"`(waybill [^`]+)`")
_POSITIONAL = {"lambda invoke": "outfile"}
# Options of the AWS CLI itself, with the values that they have here.
_GLOBAL = {
    "cli-binary-format": r"raw-in-base64-out",
    "output": r"text|table",
    "query": r"[\w.\[\]]+",
}


def blocks(kind: str) -> Iterator[str]:
    for page in PAGES:
        for language, text in _BLOCK.findall(page.read_text("utf-8")):
            if language == kind:
                yield text
            else:
                assert language in ("sh", "sql"), f"{page.name}: {language}"


def commands(tool: str) -> list[str]:
    lines = [line for text in blocks("sh") for line in text.splitlines() if line]
    assert all(line.split()[0] in ("aws", "waybill") for line in lines)
    inline = [line for page in PAGES for line in _INLINE.findall(page.read_text("utf-8"))]
    return sorted({line for line in (*lines, *inline) if line.split()[0] == tool})


def options(words: list[str]) -> dict[str, list[str]]:
    """`--name value value` as names with values."""
    found: dict[str, list[str]] = {}
    for word in words:
        if word.startswith("--"):
            found[word[2:]] = []
        else:
            found[list(found)[-1]].append(word)
    return found


def value_of(shape: Any, words: list[str]) -> Any:
    """Words as the AWS CLI reads them for a parameter."""
    if shape.type_name == "list":
        return words
    (word,) = words
    if shape.type_name == "structure":
        pairs = dict(pair.split("=") for pair in word.split(","))
        return {name: value_of(shape.members[name], [text]) for name, text in pairs.items()}
    if shape.type_name == "integer":
        return int(word)
    if shape.type_name in ("double", "float"):
        return float(word)
    return word.encode() if shape.type_name == "blob" else word


def call_of(command: str) -> tuple[str, str, dict[str, Any]]:
    """The service, the operation and the checked parameters of a command of the AWS CLI."""
    _, service, operation, *words = shlex.split(command)
    service = service.replace("s3api", "s3")
    model = botocore.session.get_session().get_service_model(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    shape = model.operation_model(names[operation]).input_shape
    if f"{service} {operation}" in _POSITIONAL:
        words = words[:-1]
    if shape is None:
        assert not words
        return service, operation, {}
    members = {xform_name(name, "-"): name for name in shape.members}
    found = options(words)
    for name, permitted in _GLOBAL.items():
        assert all(re.fullmatch(permitted, value) for value in found.pop(name, []))
    given = {
        members[name]: value_of(shape.members[members[name]], values)
        for name, values in found.items()
    }
    validate_parameters(given, shape)
    return service, operation, given


@pytest.mark.parametrize("command", commands("aws"))
def test_a_command_of_the_aws_cli_has_every_parameter_it_needs(command: str) -> None:
    _, _, given = call_of(command)
    if "Payload" in given:
        json.loads(given["Payload"])


def test_every_action_that_is_searched_for_is_logged() -> None:
    folders = (ROOT / "functions", ROOT / "layers/core/python/waybill")
    code = "".join(path.read_text() for folder in folders for path in folder.rglob("*.py"))
    searched = {
        action
        for command in commands("aws")
        for action in re.findall(r'[$].action = "([^"]+)"', command)
    }
    assert len(searched) >= 5
    for action in searched:
        assert re.search(f'"{re.escape(action).replace(re.escape("*"), "[a-z]+")}"', code), action


@pytest.mark.parametrize("command", commands("waybill"))
def test_a_command_of_waybill_is_accepted(command: str, tmp_path: Path) -> None:
    sample = tmp_path / "corrected.csv"
    sample.write_text("id,department\n")
    job = "0199e4a8-6b7c-7d3e-9f10-2a4b6c8d0e1f"
    text = command.replace("$JOB_ID", job).replace("corrected.csv", str(sample))
    _, name, *words = shlex.split(re.sub(r"<\w+>", "departments", text))
    group: Any = typer.main.get_command(app)
    # Parsing raises a usage error for anything that the command does not know.
    with group.commands[name].make_context(name, words) as parsed:
        assert parsed.params


@pytest.mark.parametrize("page", [page.name for page in PAGES])
def test_sql_runs_on_a_database(page: str, database: Database) -> None:
    texts = [
        text for kind, text in _BLOCK.findall((RUNBOOKS / page).read_text("utf-8")) if kind == "sql"
    ]
    if not texts:
        return
    with database.connect() as admin:
        for statement in "".join(texts).split(";\n"):
            if statement.strip():
                admin.execute(statement.encode())


def test_every_name_in_a_command_is_explained() -> None:
    index = (RUNBOOKS / "README.md").read_text("utf-8")
    used = set(re.findall(r"\$[A-Z_]+", " ".join(commands("aws") + commands("waybill"))))
    assert used
    assert [name for name in sorted(used) if f"`{name}`" not in index] == []


def test_the_index_lists_every_page() -> None:
    index = (RUNBOOKS / "README.md").read_text("utf-8")
    linked = set(re.findall(r"\]\(([a-z-]+\.md)\)", index))
    assert linked == {page.name for page in PAGES} - {"README.md"}


@pytest.mark.parametrize("page", [page.name for page in PAGES if page.name != "README.md"])
def test_a_page_is_short_and_its_links_exist(page: str) -> None:
    text = (RUNBOOKS / page).read_text("utf-8")
    assert len(text.splitlines()) < 50
    assert "## Look" in text
    assert "## Mend" in text
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert (RUNBOOKS / target).is_file()
