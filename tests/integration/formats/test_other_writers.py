"""Files that PostgreSQL, MariaDB, DuckDB and Python write in other dialects are read back equal."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg import sql

from tests.integration.sources.mariadb_server import MariaDb, running_mariadb
from tests.postgres.databases import Connection, Database
from tests.unit.columns.contracts import column, contract
from tests.unit.columns.files import read_file

Row = tuple[str | None, str | None]
letters = st.text("aNntb0\\'\"^,; \t\n\r\b\f\v\x01.é🚚", min_size=1, max_size=8)
texts = letters | st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)
# A file of only blanks would be empty.
rows = st.lists(st.tuples(texts, st.none() | texts), max_size=8).map(
    lambda some: [("x", "y"), *some]
)
quietly = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
STRICT: dict[str, Any] = {
    "header": "absent",
    "file_format": "csv",
    "encoding": "utf-8",
    "trim": False,
    "skip_blank_records": False,
    "repeated_header": "load",
}
POSTGRES_TEXT: dict[str, Any] = {
    "quote": None,
    "escape": "\\",
    "escape_codes": True,
    "null_words": ("\\N",),
}


def read(data: bytes, block: int = 1 << 20, **dialect: object) -> list[Row]:
    things = contract(column("a", "text"), column("b", "text"), **{**STRICT, **dialect})
    file = read_file(things, data, block=block)
    assert not file.rejects
    return [(row["a"], row["b"]) for row in file.rows]


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.connect() as found:
        found.execute("CREATE TEMP TABLE given (n serial, a text, b text)")
        yield found


def copied(connection: Connection, given_rows: list[Row], options: sql.Composable) -> bytes:
    """What PostgreSQL writes of the rows."""
    connection.execute("TRUNCATE given")
    connection.cursor().executemany("INSERT INTO given (a, b) VALUES (%s, %s)", given_rows)
    query = sql.SQL("COPY (SELECT a, b FROM given ORDER BY n) TO STDOUT ({})").format(options)
    with connection.cursor().copy(query) as copy:
        return b"".join(bytes(part) for part in copy)


@given(rows, st.sampled_from(["\t", ",", "|", "\x01"]), st.integers(1, 50))
@quietly
@example([("\\N", None), ("\\", "\\.")], "\t", 3)
def test_the_text_format_of_postgresql(
    connection: Connection, given_rows: list[Row], delimiter: str, block: int
) -> None:
    options = sql.SQL("FORMAT text, DELIMITER {}").format(sql.Literal(delimiter))
    data = copied(connection, given_rows, options)
    assert read(data, block, delimiter=delimiter, **POSTGRES_TEXT) == given_rows


@given(rows, st.sampled_from([("'", "\\"), ('"', "\\"), ("'", "^"), ("~", None)]), st.booleans())
@quietly
def test_the_csv_of_postgresql(
    connection: Connection, given_rows: list[Row], marks: tuple[str, str | None], forced: bool
) -> None:
    quote, escape = marks
    options = sql.SQL("FORMAT csv, QUOTE {}, ESCAPE {}").format(
        sql.Literal(quote), sql.Literal(escape or quote)
    )
    if forced:
        options = sql.SQL("{}, FORCE_QUOTE *").format(options)
    data = copied(connection, given_rows, options)
    assert read(data, delimiter=",", quote=quote, escape=escape) == given_rows


@given(rows, st.sampled_from([("'", "\\"), ('"', "^"), ("'", None)]), st.booleans())
@settings(parent=quietly, max_examples=100)
def test_the_csv_of_duckdb(
    tmp_path: Path, given_rows: list[Row], marks: tuple[str, str | None], forced: bool
) -> None:
    quote, escape = marks
    path = tmp_path / "file.csv"
    with duckdb.connect() as database:
        database.execute("CREATE TABLE given (a text, b text)")
        database.executemany("INSERT INTO given VALUES (?, ?)", given_rows)
        options = "HEADER false, QUOTE ?, ESCAPE ?" + ", FORCE_QUOTE *" * forced
        database.execute(f"COPY given TO ? ({options})", (str(path), quote, escape or quote))
    data = path.read_bytes()
    for block in (1, 1 << 20):
        assert read(data, block, delimiter=",", quote=quote, escape=escape) == given_rows


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    with running_mariadb(tmp_path_factory.mktemp("db", numbered=True)) as server:
        server.execute(
            "CREATE TABLE legacy.given (n int AUTO_INCREMENT PRIMARY KEY, a longtext, b longtext)"
            " CHARACTER SET utf8mb4"
        )
        yield server


@given(rows, st.sampled_from([None, '"', "$"]), st.sampled_from(["", "OPTIONALLY"]))
@settings(parent=quietly, max_examples=100)
def test_the_files_of_mariadb(
    mariadb: MariaDb, tmp_path: Path, given_rows: list[Row], quote: str | None, optionally: str
) -> None:
    path = tmp_path / str(uuid4())
    tmp_path.chmod(0o777)
    enclosed = f"{optionally} ENCLOSED BY '{quote}'" if quote else ""
    if not quote:
        # It is written as it is, and ends a line.
        given_rows = [row for row in given_rows if "\r" not in f"{row[0]}{row[1]}"]
    mariadb.execute(
        "TRUNCATE legacy.given",
        *map(_insertion, given_rows),
        f"SELECT a, b FROM legacy.given ORDER BY n INTO OUTFILE '{path}' CHARACTER SET utf8mb4"
        f" FIELDS TERMINATED BY ',' {enclosed}",
    )
    data = path.read_bytes()
    assert read(data, delimiter=",", **{**POSTGRES_TEXT, "quote": quote}) == given_rows


def _insertion(row: Row) -> str:
    values = ", ".join("NULL" if text is None else f"x'{text.encode().hex()}'" for text in row)
    return f"INSERT INTO legacy.given (a, b) VALUES ({values})"


@given(
    rows,
    st.sampled_from(["'", '"', None]),
    st.sampled_from(["\\", "^"]),
    st.sampled_from([",", ";", "\t"]),
)
@quietly
def test_the_csv_of_python(
    given_rows: list[Row], quote: str | None, escape: str, delimiter: str
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(
        out,
        delimiter=delimiter,
        quotechar=quote,
        escapechar=escape,
        doublequote=False,
        # Python neither quotes nor escapes a CR unless lines end in one.
        lineterminator="\r\n",
        # Outside quotes it writes escapes that would be data.
        quoting=csv.QUOTE_ALL if quote else csv.QUOTE_NONE,
    )
    writer.writerows(given_rows)
    data = out.getvalue().encode()
    # It writes null as an empty text, which is null only without quotes.
    expected = [(a, b or ("" if quote else None)) for a, b in given_rows]
    assert read(data, delimiter=delimiter, quote=quote, escape=escape) == expected
