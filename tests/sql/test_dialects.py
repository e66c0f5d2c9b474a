"""Delimiter, quote and escape of a dataset: what can be registered, and what its contract says."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.postgres.databases import Connection, Database
from waybill.contract.model import Contract
from waybill.records.marks import PUNCTUATION, check_delimiter

_MANUAL = Path(__file__).parents[2] / "sql" / "README.md"
ASCII = [chr(code) for code in range(1, 128)]
DEFAULT = {"delimiter": None, "quote": '"', "escape": None, "escape_codes": False}

WRONG = {
    "delimiter => 'x'": "delimiter: 'x' cannot separate fields; write one ASCII character",
    "delimiter => '||'": "delimiter: '||' cannot",
    "delimiter => ''": "delimiter: '' cannot",
    "delimiter => ' '": "delimiter: ' ' cannot",
    "delimiter => '\"', quote => 'none'": "delimiter: '\"' cannot",
    "delimiter => '§'": "delimiter: '§' cannot",
    "quote => NULL": "quote: NULL is no character; write 'none'",
    "quote => ''": "quote: '' is not one ASCII punctuation character; write one, such as '''', or",
    "quote => 'no'": "quote: 'no' is not one",
    "quote => '«'": "quote: '«' is not one",
    "escape => ''": "escape: '' is not one ASCII punctuation character; write one, such as '\\',",
    "escape => 'none'": "escape: 'none' is not one",
    "escape => E'\\x1b'": "escape: '\x1b' is not one",
    "quote => '|', delimiter => '|'": "quote: '|' is the delimiter too; write 'none'",
    "escape => ';', delimiter => ';'": "escape: ';' is the delimiter too; leave it out",
    "escape => '\"'": "escape: '\"' is the quote too; leave it out",
    "escape => '!', quote => '!'": "escape: '!' is the quote too",
    "escape_codes => true": "escape_codes: without an escape there are no codes; add escape",
    "escape_codes => NULL": "escape_codes: NULL",
    "quote => '''', file_format => 'json'": "quote: only CSV has it; leave it out, or write file",
    "quote => 'none', file_format => 'xlsx'": "quote: only CSV has it",
    "escape => '\\', file_format => 'parquet'": "escape: only CSV has it",
    "escape => '\\', escape_codes => true, file_format => 'arrow'": "escape_codes: only CSV has it",
}


@pytest.fixture
def owner(database: Database) -> Iterator[Connection]:
    with database.connect() as admin:
        admin.execute("SET ROLE waybill_owner")
        admin.execute("CREATE TABLE pets (id integer PRIMARY KEY, name text)")
        yield admin


def register(owner: Connection, arguments: str = "") -> None:
    owner.execute(f"SELECT waybill.register_dataset('pets'{arguments})".encode())


def dialect(owner: Connection) -> dict[str, Any]:
    row = owner.execute("SELECT waybill.contract('pets')").fetchone()
    assert row is not None
    Contract.model_validate(row[0])
    return {name: row[0][name] for name in DEFAULT}


@pytest.mark.parametrize(("arguments", "problem"), WRONG.items())
def test_a_wrong_dialect_is_refused_with_what_to_write(
    owner: Connection, arguments: str, problem: str
) -> None:
    with pytest.raises(psycopg.Error) as caught:
        register(owner, f", {arguments}")
    assert caught.value.sqlstate == "WB005"
    message = caught.value.diag.message_primary or ""
    assert message.replace("E'\\\\'", "'\\'").startswith(problem)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", {}),
        (", quote => 'none'", {"quote": None}),
        (", quote => ''''", {"quote": "'"}),
        (", escape => '\\'", {"escape": "\\"}),
        (
            ", delimiter => E'\\t', quote => 'none', escape => '\\', escape_codes => true",
            {"delimiter": "\t", "quote": None, "escape": "\\", "escape_codes": True},
        ),
        (", delimiter => E'\\x01', quote => 'none'", {"delimiter": "\x01", "quote": None}),
        (", delimiter => ';', quote => '|'", {"delimiter": ";", "quote": "|"}),
        (", file_format => 'csv', escape => '!'", {"escape": "!"}),
    ],
)
def test_the_contract_has_the_dialect(
    owner: Connection, arguments: str, expected: dict[str, Any]
) -> None:
    register(owner, arguments)
    assert dialect(owner) == {**DEFAULT, **expected}


def test_a_later_registration_replaces_the_dialect(owner: Connection) -> None:
    register(owner, ", delimiter => E'\\t', quote => 'none', escape => '\\', escape_codes => true")
    register(owner, ", quote => ''''")
    assert dialect(owner) == {**DEFAULT, "quote": "'"}
    register(owner)
    assert dialect(owner) == DEFAULT


@pytest.mark.parametrize("argument", ["delimiter", "quote", "escape"])
def test_a_registration_takes_the_characters_that_the_table_takes(
    owner: Connection, argument: str
) -> None:
    others = {"delimiter": ", quote => 'none'"}.get(argument, ", delimiter => E'\\x02'")
    register(owner, others)
    accepted = {char for char in ASCII if _is_registered(owner, others, argument, char)}
    stored = {char for char in ASCII if _is_stored(owner, argument, char)}
    assert accepted == stored
    if argument == "delimiter":
        expected = {char for char in ASCII if not char.isalnum() and char not in ' "\r\n'}
        assert set(map(check_delimiter, accepted)) == expected
    else:
        # The default quote is no escape.
        assert accepted == PUNCTUATION - ({'"'} if argument == "escape" else set())


def _is_registered(owner: Connection, others: str, argument: str, char: str) -> bool:
    statement = f"SELECT waybill.register_dataset('pets'{others}, {argument} => %s)"
    state = _state(owner, statement, char)
    assert state in (None, "WB005")
    return state is None


def _is_stored(owner: Connection, argument: str, char: str) -> bool:
    statement = f"UPDATE waybill.datasets SET {argument} = %s WHERE name = 'pets'"
    state = _state(owner, statement, char)
    assert state in (None, "23514")
    return state is None


def _state(owner: Connection, statement: str, char: str) -> str | None:
    """The code of the error, if there is one."""
    try:
        with owner.transaction(force_rollback=True):
            owner.execute(statement.encode(), (char,))
    except psycopg.Error as error:
        return error.sqlstate
    return None


def test_the_registrations_of_the_manual_are_accepted(owner: Connection) -> None:
    (block,) = re.findall(r"```sql\n(-- PostgreSQL, COPY.*?)```", _MANUAL.read_text(), re.DOTALL)
    names = re.findall(r"register_dataset\('(\w+)'", block)
    for name in names:
        owner.execute(f"CREATE TABLE {name} (id integer PRIMARY KEY, said text)".encode())
    owner.execute(block.encode())
    rows = owner.execute(
        "SELECT name, delimiter, quote, escape, escape_codes, null_words FROM waybill.datasets"
        " WHERE name = ANY (%s) ORDER BY name",
        (names,),
    ).fetchall()
    assert rows == [
        ("parcels", "\t", None, "\\", True, ["\\N"]),
        ("readings", "\t", None, "\\", True, ["\\N"]),
        ("tickets", None, '"', "\\", False, []),
    ]
