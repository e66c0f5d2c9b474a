"""A row is unchanged if it is stored byte for byte as the file has it."""

import re

import pytest

from tests.sql.staging import Ledger
from tests.sql.unseen_tables import register

REPRESENTATIONS = {
    "interval": ("1 mon", "30 days"),
    "interval of a day": ("24:00:00", "1 day"),
    "numeric": ("1.0", "1.00"),
    "numeric zero": ("0", "0.0"),
    "float4": ("0", "-0"),
    "float8": ("0", "-0"),
    "float8 NaN": ("NaN", "1"),
    "citext": ("Ada", "ADA"),
    "text": ("\u00e9", "e\u0301"),
    "bpchar": ("a", "a "),
    "bpchar(3)": ("a", "b"),
    "jsonb": ('{"a": 1.0}', '{"a": 1.00}'),
    "jsonb of an array": ("[1.0]", "[1.00]"),
    "jsonb of a number": ("1e2", "100.0"),
    "json": ('{"a":1}', '{"a": 1}'),
    "timetz": ("12:00+00", "13:00+01"),
    "time": ("12:00", "12:00:00.000001"),
    "numrange": ("[1.0,2)", "[1.00,2)"),
    "int4range": ("[1,3)", "[1,4)"),
    "daterange": ("[2024-01-01,2024-01-03)", "[2024-01-01,2024-01-04)"),
    "nummultirange": ("{[1.0,2)}", "{[1.00,2)}"),
    "cidr": ("10.0.0.0/8", "10.0.0.0/16"),
    "macaddr": ("08:00:2b:01:02:03", "08:00:2b:01:02:04"),
    "bit varying": ("01", "001"),
    "money": ("1.00", "1.01"),
    "path": ("((0,0),(1,1))", "[(0,0),(1,1)]"),
    "point": ("(0,0)", "(-0,0)"),
    "box": ("(1,1),(0,0)", "(1,1),(0,-0)"),
    "tsvector": ("'a':1", "'a':2"),
    "hstore": ("a=>1", "a=>NULL"),
    "xid8": ("1", "2"),
    "pair": ("(1.0,a)", "(1.00,a)"),
    "span": ("1 mon", "30 days"),
    "inet": ("10.0.0.1/8", "10.0.0.2/8"),
    "numeric[]": ("{1.0}", "{1.00}"),
    "interval[]": ("{1 mon}", "{30 days}"),
    "float8[]": ("{0}", "{-0}"),
    "timetz[]": ("{12:00+00}", "{13:00+01}"),
    "citext[]": ("{Ada}", "{ADA}"),
    "inet[]": ("{10.0.0.1/8}", "{10.0.0.2/8}"),
    "jsonb[]": ('{"1.0"}', '{"1.00"}'),
    "numrange[]": ('{"[1.0,2)"}', '{"[1.00,2)"}'),
    "pair[]": ('{"(1.0,a)"}', '{"(1.00,a)"}'),
    "span[]": ("{1 mon}", "{30 days}"),
    "int4[]": ("{1,2}", "[0:1]={1,2}"),
    "int4[] of null": ("{1,NULL}", "{1}"),
}
# Written in another way, and stored as the same bytes.
SAME = {
    "numeric": ("1.0", "01.0"),
    "numeric(6,2)": ("1.5", "1.50"),
    "float8": ("0.1", "1e-1"),
    "bpchar(3)": ("a", "a  "),
    "jsonb": ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}'),
    "timetz": ("12:00+00", "12:00:00+00:00"),
    "timestamptz": ("2024-01-01T00:00:00Z", "2024-01-01T01:00:00+01:00"),
    "interval": ("1 day", "P1D"),
    "int4range": ("[1,3)", "[1,2]"),
    "int4multirange": ("{[1,3),[3,5)}", "{[1,5)}"),
    "inet": ("10.0.0.1", "10.0.0.1/32"),
    "macaddr": ("08:00:2b:01:02:03", "08002b:010203"),
    "uuid": ("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"),
    "hstore": ("a=>1,b=>2", "b=>2, a=>1"),
    "pair": ("(1.0,a)", '(1.0,"a")'),
    "int4[]": ("{1,2}", "{ 1, 2 }"),
}
TYPES = """
CREATE TYPE pair AS (n numeric, t text);
CREATE DOMAIN span AS interval;
"""
EXTENSIONS = ("citext", "hstore")


def declare(ledger: Ledger, kind: str) -> None:
    """The table with a column of the kind; skip a kind that the server does not have."""
    column = re.sub(r" (of .*|NaN|zero)$", "", kind)
    extension = column.removesuffix("[]")
    if extension in EXTENSIONS:
        available = "SELECT true FROM pg_available_extensions WHERE name = %s"
        if not ledger.rows(available, extension):
            pytest.skip(f"the server does not have {extension}")
        ledger.admin.execute(f"CREATE EXTENSION {extension} SCHEMA public".encode())
    register(ledger, f"{TYPES} CREATE TABLE t (id int PRIMARY KEY, v {column})")


@pytest.mark.parametrize("kind", REPRESENTATIONS)
def test_unchanged_means_identical_in_representation(ledger: Ledger, kind: str) -> None:
    before, after = REPRESENTATIONS[kind]
    declare(ledger, kind)
    ledger.load("t", 1, [(1, before), (2, None)])
    assert ledger.waybill(ledger.load("t", 2, [(1, before), (2, None)])) == {
        "read": 2,
        "unchanged": 2,
    }
    job = ledger.load("t", 3, [(1, after), (2, None)])
    assert ledger.waybill(job) == {"read": 2, "updated": 1, "unchanged": 1}


@pytest.mark.parametrize("kind", SAME)
def test_what_is_stored_as_the_same_bytes_is_unchanged(ledger: Ledger, kind: str) -> None:
    before, after = SAME[kind]
    declare(ledger, kind)
    ledger.load("t", 1, [(1, before)])
    assert ledger.waybill(ledger.load("t", 2, [(1, after)])) == {"read": 1, "unchanged": 1}
