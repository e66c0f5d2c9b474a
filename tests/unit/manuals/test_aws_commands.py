"""The commands of the manuals for an account, tried as far as they can be without one."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from botocore import xform_name
from botocore.session import Session

from infra.bootstrap import ROOT
from infra.local.commands import app

PAGES = sorted([*ROOT.glob("infra/*.md"), *ROOT.glob("infra/runbooks/*.md")])
# Options of the command line itself, for every service.
_GLOBAL = {"--query", "--output", "--region", "--cli-binary-format"}
_SESSION = Session()
# Of the command line itself; there is no operation of that name.
_TRANSFERS = {"s3"}


def _code(page: Path) -> Iterator[str]:
    """Each line of a block, and `inline code`."""
    text = page.read_text("utf-8")
    for block in re.findall(r"^```sh[^\n]*\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        for line in block.replace("\\\n", " ").splitlines():
            yield re.sub(r"\s+# .*", "", line)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    yield from re.findall(r"`((?:aws|waybill|npx) [^`\n]+)`", prose)


def _split(code: str) -> Iterator[list[str]]:
    """The words of each command of a line, those in `$(…)` included."""
    lexer = shlex.shlex(code, posix=True, punctuation_chars=";|&(){}")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if set(word) <= set(";|&(){}"):
            yield words
            words = []
        else:
            words.append(word)
    yield words


def commands(program: str) -> list[tuple[str, list[str]]]:
    """The page and the words of each command of this program."""
    return [
        (page.name, words)
        for page in PAGES
        for code in _code(page)
        if program in code and "…" not in code
        for words in _split(code)
        if words and words[0] == program
    ]


def test_commands_of_aws_exist_with_their_options() -> None:
    checked = 0
    for page, (_, service, operation, *rest) in commands("aws"):
        if service in _TRANSFERS:
            continue
        model = _SESSION.get_service_model("s3" if service == "s3api" else service)
        operations = {xform_name(name, "-"): name for name in model.operation_names}
        assert operation in operations, (page, service, operation)
        shape = model.operation_model(operations[operation]).input_shape
        members = {f"--{xform_name(name, '-')}" for name in (shape.members if shape else ())}
        options = {word for word in rest if word.startswith("--")}
        assert options <= members | _GLOBAL, (page, operation, options - members)
        required = {
            f"--{xform_name(name, '-')}" for name in (shape.required_members if shape else ())
        }
        assert required <= options, (page, operation, required - options)
        checked += 1
    assert checked > 15


def test_a_payload_in_json_is_marked_as_such() -> None:
    # Otherwise version 2 of the command line takes it for base64.
    for page, words in commands("aws"):
        if "--payload" in words:
            assert words[words.index("--cli-binary-format") + 1] == "raw-in-base64-out", page
            assert json.loads(words[words.index("--payload") + 1])


def test_one_version_of_the_cdk_is_named_and_its_environment() -> None:
    found = [words for _, words in commands("npx")]
    assert {words[1] for words in found} == {"aws-cdk@2.1148.1"}
    for words in found:
        assert words[words.index("-c") + 1].startswith("env="), words


@pytest.mark.parametrize(("page", "words"), commands("waybill"))
def test_commands_of_waybill_exist_with_their_options(page: str, words: list[str]) -> None:
    command: Any = typer.main.get_command(app)
    arguments = words[1:]
    while (found := getattr(command, "commands", {})) and arguments:
        of_all = {name for parameter in command.params for name in parameter.opts}
        while arguments[0] in of_all - {"--help"} and not command.invoke_without_command:
            # An option of all commands: `waybill --sigv4 upload`.
            arguments = arguments[1:]
        if arguments[0] in of_all:
            # A group that is a command too: `waybill jobs --dataset …`.
            break
        assert arguments[0] in found, (page, words)
        command, arguments = found[arguments[0]], arguments[1:]
    options = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in arguments if word.startswith("--")} <= options, page
