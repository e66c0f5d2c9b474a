"""Errors of SQL files, with the file, the line, and the argument at fault."""

import re
from collections.abc import Iterator

from psycopg import errors
from pydantic import ValidationError

from waybill.database.errors import classify_error
from waybill.database.scripts import Script, ScriptError
from waybill.errors import Busy, Conflict, Unavailable, WaybillError

# Fields of the contract that are set by an argument of another name.
_ARGUMENTS = {"table": "target", "trim": "trim_text", "partitioned_by": "partition_unit"}
_ARGUMENT = re.compile(rb"\b([a-z_]+)\s*=>")
_QUOTED = re.compile(r'"([^"]+)"')
_REGISTRATION = b"register_dataset"
_NO_TABLE = (errors.UndefinedTable, errors.InvalidSchemaName)
_TABLE_HINT = "A dataset's file creates its table; CREATE TABLE IF NOT EXISTS takes an existing one"


def explain(failed: ScriptError) -> WaybillError:
    """The server's error with the file and, where it can be found, the line."""
    script, error = failed.script, failed.error
    diag = error.diag
    hint = diag.message_hint
    if isinstance(error, _NO_TABLE) and script.path.startswith("datasets/"):
        hint = hint or _TABLE_HINT
    parts = (diag.message_primary or str(error), diag.message_detail, hint)
    message = " | ".join(part for part in parts if part)
    context = f" (in {diag.context})" if diag.context else ""
    text = f"{_place(failed)}: {message} [{error.sqlstate}]{context}"
    classified = classify_error(error)
    if isinstance(classified, Busy | Unavailable):
        return type(classified)(classified.code, text)
    return Conflict("migration-failed", text)


def explain_contract(script: Script, error: ValidationError) -> Conflict:
    """A registration that the server accepted, but that makes no valid contract."""
    first = error.errors()[0]
    field = str(first["loc"][0]) if first["loc"] else ""
    argument = _ARGUMENTS.get(field, field)
    place = _at(script, _argument_offset(script, argument))
    value = "" if first["input"] is None else f" {first['input']!r}"
    text = f"{place}: {argument}: {first['msg']}, found{value or ' null'}"
    return Conflict("dataset-invalid", text)


def _place(failed: ScriptError) -> str:
    script, diag = failed.script, failed.error.diag
    if diag.statement_position:
        before = script.text.decode()[: int(diag.statement_position) - 1]
        return f"{script.path}:{before.count(chr(10)) + 1}"
    if _REGISTRATION.decode() in (diag.context or ""):
        argument = next(_named_arguments(failed), "")
        return _at(script, _argument_offset(script, argument)) + (argument and f": {argument}")
    offset = _mention_offset(failed)
    return script.path if offset is None else _at(script, offset)


def _mention_offset(failed: ScriptError) -> int | None:
    """Where the file first mentions what the error is about: not every error has a position."""
    diag = failed.error.diag
    quoted = _QUOTED.findall(diag.message_primary or "")
    for name in (
        diag.constraint_name,
        diag.column_name,
        *quoted,
        diag.table_name,
        diag.datatype_name,
    ):
        pattern = rf"(?<!\w){re.escape(name or '')}(?!\w)".encode()
        if name and (mention := re.search(pattern, failed.script.text)):
            return mention.start()
    return None


def _named_arguments(failed: ScriptError) -> Iterator[str]:
    """The arguments in the file that the error is about, the surest first."""
    diag = failed.error.diag
    arguments = [match[1].decode() for match in _ARGUMENT.finditer(failed.script.text)]
    # A message may name others after the one that it begins with.
    yield from (each for each in arguments if (diag.message_primary or "").startswith(f"{each}:"))
    for said in (diag.column_name, diag.constraint_name, diag.message_primary):
        for argument in arguments:
            if re.search(rf"(?<![a-z]){argument}(?![a-z])", said or ""):
                yield argument


def _argument_offset(script: Script, argument: str) -> int:
    """Where the argument is given; else, where the registration begins."""
    for match in _ARGUMENT.finditer(script.text):
        if match[1].decode() == argument:
            return match.start()
    return max(script.text.find(_REGISTRATION), 0)


def _at(script: Script, offset: int) -> str:
    return f"{script.path}:{script.text.count(bytes([10]), 0, offset) + 1}"
