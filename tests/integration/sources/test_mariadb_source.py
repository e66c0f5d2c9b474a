"""Tables and queries of MariaDB are read whole, in order, exactly, and without writing."""

import json
from collections.abc import Iterator
from typing import Any

import pymysql
import pytest

from functions.pipeline.extract.database_pages import ROWS_PER_PAGE
from functions.pipeline.extract.page import Page
from functions.pipeline.extract.read_mysql import read_mysql
from functions.pipeline.extract.source_error import SourceError
from tests.integration.sources.mariadb_server import PASSWORD, USER, MariaDb
from waybill.outbound.address import Guard
from waybill.sources.connections import DatabaseConnection
from waybill.sources.definition import RetryPolicy

LOCAL = Guard.of("127.0.0.0/8", plain_http=False)
SECRET = {"username": USER, "password": PASSWORD}
ROWS = 2 * ROWS_PER_PAGE + 1
# Neighbours that are equal as doubles.
FIRST = 2**53
_ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:legacy"


@pytest.fixture
def legacy(mariadb: MariaDb) -> MariaDb:
    mariadb.execute(
        "DROP TABLE IF EXISTS legacy.`ships%`",
        "CREATE TABLE legacy.`ships%` (`flag%s` varchar(10), number bigint, seen datetime(6),"
        " moment timestamp NULL, padded int(8) zerofill, price decimal(20,10), ratio double,"
        " cargo json, note text, photo blob, PRIMARY KEY (`flag%s`, number))",
        "INSERT INTO legacy.`ships%` (`flag%s`, number, seen)"
        f" SELECT concat('P', seq MOD 3), {FIRST} + seq,"
        " '2026-01-01' + INTERVAL seq SECOND"
        f" FROM legacy.seq_1_to_{ROWS}",
    )
    return mariadb


def connection_to(server: MariaDb, **given: Any) -> DatabaseConnection:
    values = {
        "engine": "mysql", "host": "127.0.0.1", "port": server.port, "database": "legacy",
        "key": ["flag%s", "number"], "tls": "disable", "secret_arn": _ARN,
    }  # fmt: skip
    return DatabaseConnection.model_validate({**values, **given})


def pages(connection: DatabaseConnection, position: str | None = None) -> Iterator[Page]:
    return read_mysql(LOCAL, connection, SECRET, position)


def rows(found: list[Page]) -> list[dict[str, Any]]:
    return [json.loads(record) for page in found for record in page.records]


def keys(found: list[Page]) -> list[tuple[str, int]]:
    return [(row["flag%s"], row["number"]) for row in rows(found)]


EXPECTED = sorted((f"P{number % 3}", FIRST + number) for number in range(1, ROWS + 1))


def test_a_table_is_read_whole_and_in_order(legacy: MariaDb) -> None:
    found = list(pages(connection_to(legacy, table="ships%")))
    assert [len(page.records) for page in found] == [ROWS_PER_PAGE, ROWS_PER_PAGE, 1]
    assert keys(found) == EXPECTED
    assert found[-1].position is None


def test_a_read_resumes_exactly_after_every_page(legacy: MariaDb) -> None:
    connection = connection_to(legacy, table="ships%")
    position, found = None, []
    for _ in range(3):
        page = next(pages(connection, position))
        found.append(page)
        position = page.position
    assert position is None
    assert keys(found) == EXPECTED


def test_a_read_resumes_between_numbers_that_are_equal_as_doubles(legacy: MariaDb) -> None:
    connection = connection_to(legacy, table="ships%", key=["number"])
    found = list(pages(connection, json.dumps([str(FIRST + 1)])))
    assert [number for _, number in keys(found)] == [FIRST + n for n in range(2, ROWS + 1)]


def test_an_incremental_query_begins_after_the_last_row(legacy: MariaDb) -> None:
    query = "SELECT * FROM `ships%` WHERE `flag%s` LIKE 'P%';"
    connection = connection_to(legacy, query=query, incremental="seen")
    cursor = list(pages(connection))[-1].cursor
    legacy.execute("INSERT INTO legacy.`ships%` (`flag%s`, number, seen)"
                   " VALUES ('P9', 1, '2026-02-01')")  # fmt: skip
    assert keys(list(pages(connection, cursor))) == [("P9", 1)]
    assert keys(list(pages(connection, "2026-01-31"))) == [("P9", 1)]


def test_values_are_as_the_server_has_them(legacy: MariaDb) -> None:
    legacy.execute(
        "DELETE FROM legacy.`ships%`",
        "INSERT INTO legacy.`ships%` VALUES ('Å\\\"x', -1, '2026-01-02 03:04:05.060000',"
        " FROM_UNIXTIME(86400), 42, 1.10, 0.1, '{\"a\":\\n1.50}', 'a\\nb', x'00ff')",
        "INSERT INTO legacy.`ships%` (`flag%s`, number) VALUES ('null', 0)",
    )
    (page,) = pages(connection_to(legacy, table="ships%"))
    full, empty = sorted(page.records, key=lambda record: "null," in record)
    assert "1.1000000000" in full
    assert "\n" not in full
    assert json.loads(full) == {
        "flag%s": 'Å"x', "number": -1, "seen": "2026-01-02T03:04:05.060000",
        "moment": "1970-01-02T00:00:00Z", "padded": 42, "price": 1.1, "ratio": 0.1,
        "cargo": '{"a":\n1.50}', "note": "a\nb", "photo": "\\x00ff",
    }  # fmt: skip
    assert {**json.loads(empty), "flag%s": None, "number": None} == dict.fromkeys(json.loads(full))


@pytest.fixture
def large_packets(legacy: MariaDb) -> Iterator[None]:
    legacy.execute("SET GLOBAL max_allowed_packet = 64 * 1024 * 1024")
    yield
    legacy.execute("SET GLOBAL max_allowed_packet = DEFAULT")


@pytest.mark.usefixtures("large_packets")
def test_values_of_every_length_are_whole(legacy: MariaDb) -> None:
    # The protocol writes a length in 1, 3, 4 or 9 bytes, and a row from 16 MiB on in two packets,
    # of which the second is empty where the row fits the first.
    sizes = [0, 1, 250, 251, 65_535, 65_536, 2**24 - 12, 2**24 - 5, 2**24, 2**24 + 9]
    legacy.execute(
        "DROP TABLE IF EXISTS legacy.notes",
        "CREATE TABLE legacy.notes (id int PRIMARY KEY, note longtext)",
    )
    for number, size in enumerate(sizes):
        legacy.execute(f"INSERT INTO legacy.notes VALUES ({number}, repeat('ä', {size} DIV 2))")
    found = rows(list(pages(connection_to(legacy, table="notes", key=["id"]))))
    assert [row["note"] == "ä" * (size // 2) for row, size in zip(found, sizes, strict=True)] == [
        True
    ] * len(sizes)


@pytest.mark.parametrize(
    ("statement", "given", "detail"),
    [
        ("INSERT INTO legacy.`ships%` (`flag%s`, number) VALUES ('x', 1)",
         {"incremental": "seen"}, "NULL in 'seen'"),
        ("UPDATE legacy.`ships%` SET photo = x'ff'", {"key": ["photo"]}, "binary column"),
        ("SELECT 1", {"key": ["nothing"]}, "nothing"),
    ],
)  # fmt: skip
def test_rows_without_an_order_are_refused(
    legacy: MariaDb, statement: str, given: dict[str, Any], detail: str
) -> None:
    legacy.execute(statement)
    with pytest.raises(SourceError, match=detail) as refused:
        list(pages(connection_to(legacy, table="ships%", **given)))
    assert refused.value.reason == "refused"


def test_a_cursor_that_is_no_number_is_refused(legacy: MariaDb) -> None:
    connection = connection_to(legacy, table="ships%", key=["number"])
    with pytest.raises(SourceError, match="not a value of 'number'"):
        list(pages(connection, "1 OR 1=1"))


def test_a_source_cannot_write(legacy: MariaDb) -> None:
    legacy.execute(
        "CREATE OR REPLACE FUNCTION legacy.sink() RETURNS int MODIFIES SQL DATA"
        " BEGIN DELETE FROM legacy.`ships%`; RETURN 1; END"
    )
    query = "SELECT s.*, sink() AS x FROM (SELECT 1 AS `flag%s`, 2 AS number) AS s"
    with pytest.raises(SourceError, match="READ ONLY") as refused:
        list(pages(connection_to(legacy, query=query)))
    assert refused.value.reason == "refused"


@pytest.mark.parametrize(
    ("given", "reason", "detail"),
    [
        ({"query": "SELECT sleep(10) AS `flag%s`, 1 AS number", "statement_seconds": 1}, "timeout",
         "took too long"),
        ({"table": "boats"}, "refused", "doesn't exist"),
        ({"table": "ships%", "port": 1}, "unreachable", "cannot be reached"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_explained(
    legacy: MariaDb, given: dict[str, Any], reason: str, detail: str
) -> None:
    with pytest.raises(SourceError, match=detail) as refused:
        list(pages(connection_to(legacy, **given)))
    assert refused.value.reason == reason
    assert PASSWORD not in str(refused.value)


@pytest.fixture
def large(legacy: MariaDb) -> int:
    """So many more rows that the buffers of a connection do not hold them; how many."""
    count = 6 * ROWS_PER_PAGE
    legacy.execute(
        "INSERT INTO legacy.`ships%` (`flag%s`, number, note) SELECT 'Q', seq, repeat('x', 10000)"
        f" FROM legacy.seq_1_to_{count}"
    )
    return count


def test_a_read_that_ends_early_leaves_the_rest_unread(
    legacy: MariaDb, large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = pages(connection_to(legacy, table="ships%"))
    next(reading)
    real: Any = pymysql.connections.Connection._read_packet
    packets: list[Any] = []

    def read_packet(*args: Any, **kwargs: Any) -> Any:
        packets.append(args)
        return real(*args, **kwargs)

    monkeypatch.setattr(pymysql.connections.Connection, "_read_packet", read_packet)
    reading.close()  # type: ignore[attr-defined]
    assert len(packets) < large / 100


def test_a_connection_that_is_lost_in_the_middle_is_tried_again(
    legacy: MariaDb, large: int
) -> None:
    reading = pages(connection_to(legacy, table="ships%"))
    first = next(reading)
    legacy.execute(f"KILL USER {USER}")
    with pytest.raises(SourceError) as lost:
        list(reading)
    assert lost.value.reason in RetryPolicy().on
    rest = pages(connection_to(legacy, table="ships%"), first.position)
    assert keys([first, *rest]) == [*EXPECTED, *(("Q", number) for number in range(1, large + 1))]


def test_wrong_credentials_are_refused_without_naming_them(legacy: MariaDb) -> None:
    wrong = {"username": USER, "password": "not-it"}
    with pytest.raises(SourceError, match="refuses the credentials") as refused:
        list(read_mysql(LOCAL, connection_to(legacy, table="ships%"), wrong, None))
    assert "not-it" not in str(refused.value)
