"""Values of records do not reach the log, whatever PostgreSQL or pydantic says about them."""

import traceback

import psycopg
import pytest
from pydantic import BaseModel, ValidationError

from tests.postgres.databases import Database
from waybill.scrubbing import scrub

TABLE = """
CREATE TABLE people (name text PRIMARY KEY, age integer CHECK (age < 150), born date,
    tags text[], more jsonb);
INSERT INTO people VALUES ('Ada Secret', 36)
"""
REFUSED = (
    b"INSERT INTO people VALUES ('Ada Secret', 1)",
    b"INSERT INTO people VALUES ('Bob Secret', 151)",
    b"INSERT INTO people (age) VALUES ('Secret')",
    b"INSERT INTO people (born) VALUES ('Secret')",
    b"INSERT INTO people (born) VALUES ('2021-99-99 Secret')",
    b"""INSERT INTO people (tags) VALUES ('{"Secret')""",
    b"""INSERT INTO people (more) VALUES ('{"Secret": Secret}')""",
    b"INSERT INTO people (age) VALUES ('99999999999')",
)


@pytest.mark.parametrize("statement", REFUSED)
def test_messages_of_postgresql_lose_their_values(database: Database, statement: bytes) -> None:
    with database.connect() as connection:
        connection.execute(TABLE)
        with pytest.raises(psycopg.Error) as refused:
            connection.execute(statement)
    message = scrub("".join(traceback.format_exception_only(refused.value)))
    assert "Secret" not in message
    assert "99999999999" not in message
    assert "[removed]" in message


def test_a_line_of_a_copy_loses_its_value(database: Database) -> None:
    with database.connect() as connection:
        connection.execute(TABLE)
        with (
            pytest.raises(psycopg.Error) as refused,
            connection.cursor().copy("COPY people (age) FROM STDIN") as copy,
        ):
            copy.write("Secret\n")
    assert "Secret" not in scrub(str(refused.value))
    assert "column age" in scrub(str(refused.value))


def test_messages_of_pydantic_lose_their_input() -> None:
    class Row(BaseModel):
        age: int

    with pytest.raises(ValidationError) as refused:
        Row.model_validate({"age": "Ada Secret"})
    assert "Secret" not in scrub(str(refused.value))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("mail to ada.l+x@mail.example.co.uk now", "mail to [removed] now"),
        ("Authorization: Bearer abc.def-1", "Authorization: Bearer [removed]"),
        ("token eyJhbGciOi.eyJzdWIi.c2ln!", "token [removed]!"),
        ("postgresql://ada:pw@host/db", "postgresql://ada:[removed]@host/db"),
        ("?X-Amz-Signature=0a1b&x=1", "?X-Amz-Signature=[removed]&x=1"),
        ('relation "waybill.jobs" does not exist', 'relation "waybill.jobs" does not exist'),
    ],
)
def test_what_is_removed_from_a_text(text: str, kept: str) -> None:
    assert scrub(text) == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (
            "DETAIL:  Key (name)=(Ada) already exists.",
            "DETAIL:  Key (name)=([removed]) already exists.",
        ),
        ("Failing row contains (Bob, 151).", "Failing row contains ([removed])."),
        (
            'invalid input value for enum mood: "sad"',
            "invalid input value for enum mood: [removed]",
        ),
        (
            'date/time field value out of range: "2021-99"',
            "date/time field value out of range: [removed]",
        ),
        (
            'value "9999" is out of range for type integer',
            "value [removed] is out of range for type integer",
        ),
        ('malformed array literal: "{a"', "malformed array literal: [removed]"),
        ('COPY people, line 1, column age: "x"', "COPY people, line 1, column age: [removed]"),
        ("LINE 1: SELECT 'Ada'", "LINE 1: [removed]"),
        ('Token "Ada" is invalid.', "Token [removed]"),
        ("JSON data, line 1: Ada", "JSON data, line 1: [removed]"),
        ("[input_value='Ada', input_type=str]", "[input_value=[removed], input_type=str]"),
        ("BEARER abc", "BEARER [removed]"),
        ("X-Amz-Security-Token=abc", "X-Amz-Security-Token=[removed]"),
    ],
)
def test_every_kind_of_value_is_removed(text: str, kept: str) -> None:
    assert scrub(text) == kept
