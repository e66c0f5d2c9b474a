"""Odd records and values of whole files: what is loaded, and what is rejected with which code."""

from typing import Any

import pytest

from tests.cloud.fixtures import Cloud
from tests.integration.path.steps import land, settle
from tests.postgres.databases import Connection

PEOPLE = "CREATE TABLE t (mail text PRIMARY KEY, first text, last text)"
VALUES = "CREATE TABLE t (id int PRIMARY KEY, v {})"
HEADER = "mail,first,last\n"


def load(admin: Connection, cloud: Cloud, table: str, body: str, options: str = "") -> None:
    admin.execute(f"{table}; SELECT waybill.register_dataset('t'{options})".encode())
    land(cloud, "t", "file.csv", body.encode())
    settle(cloud)


def rows(admin: Connection) -> list[tuple[Any, ...]]:
    return admin.execute("SELECT * FROM t ORDER BY 1").fetchall()


def rejects(admin: Connection) -> dict[int, str]:
    found = admin.execute(
        "SELECT line, errors -> 0 ->> 'code' FROM waybill.validation_errors"
    ).fetchall()
    return dict(found)


def error(admin: Connection) -> str | None:
    row = admin.execute("SELECT error ->> 'type' FROM waybill.ingestion_jobs").fetchone()
    assert row is not None
    code: str | None = row[0]
    return code


@pytest.mark.parametrize("again", ["mail,first,last", "Mail,First,Last", '"MAIL", first,last'])
@pytest.mark.parametrize("header", [HEADER, ""])
def test_a_header_in_the_middle_is_rejected(
    admin: Connection, cloud: Cloud, header: str, again: str
) -> None:
    load(admin, cloud, PEOPLE, f"{header}a@b.ch,A,B\n{again}\nc@d.ch,C,D\n")
    assert [row[:3] for row in rows(admin)] == [("a@b.ch", "A", "B"), ("c@d.ch", "C", "D")]
    assert list(rejects(admin).values()) == ["repeated_header"]


def test_a_header_in_another_order_fails_the_file(admin: Connection, cloud: Cloud) -> None:
    load(admin, cloud, PEOPLE, f"{HEADER}a@b.ch,A,B\nlast,first,mail\nD,C,c@d.ch\n")
    assert error(admin) == "header-changes"
    assert rows(admin) == []


def test_a_repeated_header_is_loaded_where_the_contract_says_so(
    admin: Connection, cloud: Cloud
) -> None:
    load(admin, cloud, PEOPLE, f"{HEADER}mail,first,last\n", ", repeated_header => 'load'")
    assert [row[:3] for row in rows(admin)] == [("mail", "first", "last")]


def test_a_value_of_a_single_column_may_be_the_column_s_name(
    admin: Connection, cloud: Cloud
) -> None:
    load(admin, cloud, "CREATE TABLE t (word text PRIMARY KEY)", "word\nname\nword\n")
    assert [row[0] for row in rows(admin)] == ["name", "word"]


def test_records_of_delimiters_and_blanks_are_no_records(admin: Connection, cloud: Cloud) -> None:
    load(admin, cloud, PEOPLE, f"{HEADER}a@b.ch,A,B\n,,\n , ,\t\n")
    assert (len(rows(admin)), rejects(admin)) == (1, {})


def test_blank_records_are_rejected_where_the_contract_says_so(
    admin: Connection, cloud: Cloud
) -> None:
    load(admin, cloud, PEOPLE, f"{HEADER}a@b.ch,A,B\n,,\n", ", skip_blank_records => false")
    assert rejects(admin) == {3: "required"}


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        ("interval", "25:10:00", "25:10:00"),
        ("interval", "1 day", "1 day"),
        ("interval", "P1Y2M", "1 year 2 mons"),
        ("time", "7:05 PM", "19:05:00"),
        ("time", "24:00:00", "24:00:00"),
        ("timetz", "10:00:00+02:00", "10:00:00+02"),
        ("timetz", "10:15:30.12-05:00", "10:15:30.12-05"),
        ("timetz", "10:15:30-15:59:59", "10:15:30-15:59:59"),
        ("timestamptz[]", "{2024-01-02 10:15:30.1-05:30}", '{"2024-01-02 15:45:30.1+00"}'),
        ("date[]", "{2024-01-02}", "{2024-01-02}"),
        ("daterange", "[2024-01-02,)", "[2024-01-02,)"),
        ("numeric", "1e-05", "0.00001"),
    ],
)
def test_a_value_is_stored_as_it_was_meant(
    admin: Connection, cloud: Cloud, kind: str, value: str, stored: str
) -> None:
    load(admin, cloud, VALUES.format(kind), f'id,v\n1,"{value}"\n')
    assert admin.execute("SELECT v::text FROM t").fetchall() == [(stored,)]


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        ("time", "now", "invalid_time"),
        ("time", "10:00 PST", "invalid_time"),
        ("time", "25:10:00", "invalid_time"),
        ("timetz", "10:00", "invalid_time"),
        ("interval", "30", "invalid_interval"),
        ("interval", "0:00:01.1234567", "too_many_decimals"),
        ("daterange", "[today,tomorrow)", "invalid_daterange"),
        ("timestamp[]", "{now}", "invalid__timestamp"),
        ("date[]", "{1/2/2024}", "invalid__date"),
        ("datemultirange", "{[1.2.2024,)}", "invalid_datemultirange"),
    ],
)
def test_a_value_that_postgresql_would_guess_is_rejected(
    admin: Connection, cloud: Cloud, kind: str, value: str, code: str
) -> None:
    load(admin, cloud, VALUES.format(kind), f'id,v\n1,"{value}"\n')
    assert (rows(admin), rejects(admin)) == ([], {2: code})


@pytest.mark.parametrize(
    ("base", "good", "bad"),
    [
        ("int CHECK (VALUE > 0)", "7", {"0x10": "invalid_integer", "-1": "invalid_int4"}),
        ("timestamptz", "2024-01-02T03:04:05Z", {"now": "invalid_timestamp"}),
        ("numeric(4, 1)", "1.5", {"1.25": "too_many_decimals"}),
        ("varchar(2)", "ab", {"abc": "too_long"}),
        ("date CHECK (VALUE > '2000-01-01')", "2024-01-02", {"1/2/2024": "invalid_date"}),
    ],
)
def test_a_domain_is_checked_like_its_base_type(
    admin: Connection, cloud: Cloud, base: str, good: str, bad: dict[str, str]
) -> None:
    records = "".join(f"{number},{text}\n" for number, text in enumerate([good, *bad], 1))
    admin.execute(f"CREATE DOMAIN one AS {base}; CREATE DOMAIN two AS one".encode())
    load(admin, cloud, VALUES.format("two"), f"id,v\n{records}")
    assert admin.execute("SELECT id FROM t").fetchall() == [(1,)]
    assert rejects(admin) == dict(enumerate(bad.values(), 3))


def test_rows_whose_key_the_table_makes_up_are_appended(admin: Connection, cloud: Cloud) -> None:
    table = "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text)"
    load(admin, cloud, table, "name\na\nb\n")
    assert admin.execute("SELECT id, name FROM t ORDER BY id").fetchall() == [(1, "a"), (2, "b")]


def test_json_objects_with_commas_between_them_fail_the_file(
    admin: Connection, cloud: Cloud
) -> None:
    load(admin, cloud, VALUES.format("text"), '{"id": 1},\n{"id": 2},\n{"id": 3}\n')
    assert (error(admin), rows(admin)) == ("broken-json", [])


def test_a_job_says_which_formats_would_load_its_rejects(admin: Connection, cloud: Cloud) -> None:
    load(admin, cloud, VALUES.format("date"), "id,v\n1,1/2/2024\n2,2024-01-02\n")
    message = admin.execute(
        "SELECT errors -> 0 ->> 'message' FROM waybill.validation_errors"
    ).fetchall()
    assert "declare the format D/M/YYYY or M/D/YYYY" in message[0][0]
    (document,) = admin.execute("SELECT document FROM waybill.job_documents").fetchone() or ({},)
    assert document["warnings"] == [
        "Column v: declare the format D/M/YYYY or M/D/YYYY to load the rejected values."
    ]
