"""Formats are checked at registration, by the same rules as when a file is read."""

import json
from typing import Any

import psycopg
import pytest

from tests.postgres.databases import Database
from tests.sql.staging import Ledger
from tests.unit.columns.contracts import column, contract
from waybill.columns.formats import column_formats
from waybill.contract.model import Contract
from waybill.errors import Rejected

VALID: list[tuple[str, dict[str, Any]]] = [
    ("date", {"date": "DD/MM/YYYY"}),
    ("date", {"date": "D-Mon-YY", "pivot": 30}),
    ("date", {"date": "Month D, YYYY"}),
    ("date", {"date": 'DD "de" MM "de" YYYY'}),
    ("date", {"date": "YYYYMMDD"}),
    ("timestamp", {"date": "YYYY/MM/DD HH12:MI:SS AM"}),
    ("timestamp", {"date": "YYYY-MM-DDTHH24:MI:SS.US"}),
    ("timestamptz", {"date": "DD.MM.YYYY H24:MI:SS.NS TZH:TZM"}),
    ("timestamptz", {"zone": "Europe/Zurich"}),
    ("numeric", {"decimal": ",", "thousands": "."}),
    ("numeric", {"thousands": "."}),
    ("numeric", {"currency": "CHF", "negative": "parentheses"}),
    ("bool", {"true_words": ["ja"], "false_words": ["nein"]}),
    ("int4", {"trim_quoted": True}),
]
INVALID: list[tuple[str, dict[str, Any]]] = [
    ("date", {"date": "DD/MM"}),
    ("date", {"date": "yyyy-mm-dd"}),
    ("date", {"date": "DD/MM/YYYY HH24:MI"}),
    ("date", {"date": "Mo DD YYYY"}),
    ("date", {"date": "MM Mon DD YYYY"}),
    ("date", {"date": "DD/DD/MM/YYYY"}),
    ("date", {"date": "YYYY YY MM DD"}),
    ("date", {"date": "x"}),
    ("date", {"date": "DD.MM.YY", "pivot": 101}),
    ("timestamp", {"date": "DD/MM/YYYY TZH"}),
    ("timestamp", {"date": "YYYY-MM-DD HH12:MI"}),
    ("timestamp", {"date": "YYYY-MM-DD HH24:MI AM"}),
    ("timestamp", {"date": "YYYY-MM-DD HH24:H24"}),
    ("timestamp", {"date": "YYYY-MM-DD HH24:MI:SS.US.MS"}),
    ("timestamptz", {"date": "DD/MM/YYYY TZM"}),
    ("timestamptz", {"zone": "Mars/Olympus"}),
    ("numeric", {"decimal": ",", "thousands": ","}),
    ("numeric", {"decimal": "0"}),
    ("numeric", {"decimal": ",,"}),
    ("numeric", {"decimal": "("}),
    ("numeric", {"currency": "-"}),
    ("numeric", {"currency": "a b"}),
    ("numeric", {"negative": "red"}),
]


def register(ledger: Ledger, kind: str, formats: dict[str, Any]) -> None:
    with ledger.admin.transaction(force_rollback=True):
        ledger.admin.execute("SET LOCAL ROLE waybill_owner")
        ledger.admin.execute(f"CREATE TABLE things (id integer PRIMARY KEY, x {kind})".encode())
        ledger.admin.execute(
            "SELECT waybill.register_dataset('things', formats => %s)", (json.dumps(formats),)
        )


def with_formats(kind: str, formats: dict[str, Any]) -> Contract:
    return contract(column("id", "int4"), column("x", kind), formats=formats)


@pytest.mark.parametrize(("kind", "declared"), VALID)
def test_a_valid_format_is_registered(ledger: Ledger, kind: str, declared: dict[str, Any]) -> None:
    assert column_formats(with_formats(kind, {"x": declared}))
    register(ledger, kind, {"x": declared})


@pytest.mark.parametrize(("kind", "declared"), INVALID)
def test_an_invalid_format_fails_the_registration(
    ledger: Ledger, kind: str, declared: dict[str, Any]
) -> None:
    with pytest.raises((Rejected, ValueError)):
        column_formats(with_formats(kind, {"x": declared}))
    with pytest.raises(psycopg.Error, match="formats of things, x: ") as error:
        register(ledger, kind, {"x": declared})
    assert error.value.sqlstate == "WB005"


@pytest.mark.parametrize(
    ("formats", "problem"),
    [
        ({"y": {"date": "DD/MM/YYYY"}}, "no such column"),
        ({"x": {"dates": "DD/MM/YYYY"}}, "no option dates"),
        ({"x": "DD/MM/YYYY"}, "a format is a JSON object"),
        ({"x": {"date": 1}}, "date must be a text"),
        ({"*": {"true_words": "ja"}}, "true_words must be a list of texts"),
        ({"*": {"date": "DD/MM"}}, "needs a year, a month and a day"),
        ({"x": {"pivot": "70"}}, "pivot must be a whole number"),
        ({"x": {"trim_quoted": 1}}, "trim_quoted must be true or false"),
    ],
)
def test_options_that_do_not_exist_fail_the_registration(
    ledger: Ledger, formats: dict[str, Any], problem: str
) -> None:
    with pytest.raises(psycopg.Error, match=problem):
        register(ledger, "date", formats)


def test_shipped_datasets_have_valid_formats(database: Database) -> None:
    with database.connect() as connection:
        connection.execute("SELECT waybill.assert_formats(name) FROM waybill.datasets")
