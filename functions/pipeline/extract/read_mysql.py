"""Reads a table or a query of MySQL or MariaDB: read-only, row by row from the server."""

import json
import re
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import pymysql

from functions.pipeline.extract.credentials import Credentials, field
from functions.pipeline.extract.database_keys import check_values, order_of, start_of
from functions.pipeline.extract.database_pages import database_pages
from functions.pipeline.extract.mysql_cursor import RowsAsNeeded, Values
from functions.pipeline.extract.mysql_json import NUMBERS, RowFormat
from functions.pipeline.extract.page import Page
from functions.pipeline.extract.source_error import SourceError, reaching_source
from waybill.database.queries import query_text
from waybill.outbound.address import Guard, checked_address
from waybill.sources.connections import DatabaseConnection

_CONNECT_SECONDS = 10
_ENCODERS: dict[Any, Any] = {**pymysql.converters.encoders}
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)
# Errors of the server that pass: too many connections, deadlock, lock wait timeout, shutdown.
_TRANSIENT = frozenset({1040, 1053, 1205, 1213, 1203})
_TIMEOUTS = frozenset({1969, 3024, 1317})
_LOST = frozenset({2003, 2006, 2013, 2014, 2055})


def read_mysql(
    guard: Guard, connection: DatabaseConnection, credentials: Credentials, position: str | None
) -> Iterator[Page]:
    """The rows after `position`, in order of the key.

    Raises:
        SourceError: the server cannot be reached, or refuses the statement.
    """
    start = start_of(connection, position)
    try:
        with closing(_connect(guard, connection, credentials)) as server:
            _prepare(server, connection)
            after, values = _condition(connection, server, start)
            with closing(server.cursor(RowsAsNeeded)) as rows:
                rows.execute(_statement(connection, after, doubled=bool(values)), values or None)
                yield from _pages(connection, rows, position)
    except (pymysql.Error, OSError) as error:
        raise _explained(connection, error) from None


def _pages(
    connection: DatabaseConnection, rows: RowsAsNeeded, position: str | None
) -> Iterator[Page]:
    described = [(str(column[0]), int(column[1])) for column in rows.description]
    names, encodings = [name for name, _ in described], rows.encodings
    try:
        places = [names.index(name) for name in order_of(connection)]
    except ValueError:
        raise SourceError("refused", "The key is not among the columns.") from None
    columns = zip(described, encodings, strict=True)
    row_format = RowFormat([(*column, encoding) for column, encoding in columns])

    def fetch(count: int) -> list[tuple[str, Values]]:
        found = rows.fetch_values(count)
        for values in found:
            if None in values:
                check_values(connection, [values[place] for place in places])
        if found and any(encodings[place] is None for place in places):
            raise SourceError("refused", "Rows cannot be read in order of a binary column.")
        return [(row_format.json(values), values) for values in found]

    def position_of(values: Values) -> str:
        return json.dumps([(values[place] or b"").decode() for place in places])

    return database_pages(connection, position, fetch, position_of)


def _connect(
    guard: Guard, connection: DatabaseConnection, credentials: Credentials
) -> "pymysql.Connection[Any]":
    port = connection.port or 3306
    with reaching_source():
        address = checked_address(guard, connection.host, port)
    tls = None
    if connection.tls == "verify-full":
        tls = ssl.create_default_context(cadata=connection.tls_ca)
    server = pymysql.connect(
        # The name is verified by TLS; the connection is made to the address that was checked.
        host=connection.host,
        port=port,
        user=field(credentials, "username"),
        # The driver would encode a text as Latin-1, and name the character that it cannot.
        password=field(credentials, "password").encode(),
        database=connection.database,
        charset="utf8mb4",
        ssl=tls,
        ssl_disabled=tls is None,
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=connection.statement_seconds,
        # Text as the server writes it: nothing passes through a float or a date of Python.
        conv=_ENCODERS,
        defer_connect=True,
    )
    server.connect(socket.create_connection((address, port), timeout=_CONNECT_SECONDS))
    return server


def _prepare(server: "pymysql.Connection[Any]", connection: DatabaseConnection) -> None:
    seconds = connection.statement_seconds
    version = str(server.get_server_info())  # type: ignore[no-untyped-call]
    is_mariadb = "mariadb" in version.lower()
    limit = "extract.mariadb_limit" if is_mariadb else "extract.mysql_limit"
    texts = [
        _query("extract.mysql_read_only"),
        _query("extract.mysql_utc"),
        _query(limit).format(seconds=seconds, milliseconds=1000 * seconds),
        _query("extract.mysql_begin"),
    ]
    with server.cursor() as cursor:
        for text in texts:
            cursor.execute(text)


def _query(name: str) -> str:
    return query_text(name).decode().rstrip().rstrip(";")


def _condition(
    connection: DatabaseConnection, server: "pymysql.Connection[Any]", start: Sequence[str]
) -> tuple[str, list[str]]:
    """The condition on rows after these values, and its parameters.

    Numbers are written out: the server would compare a number with a text as doubles, in which
    different keys of 16 digits are equal.
    """
    if not start:
        return "TRUE", []
    order = order_of(connection)
    with server.cursor() as cursor:
        cursor.execute(_statement(connection, "FALSE", doubled=False))
        kinds = {str(column[0]): int(column[1]) for column in cursor.description}
    texts, values = [], []
    for name, value in zip(order, start, strict=False):
        is_number = kinds.get(name) in NUMBERS
        if is_number and not _NUMBER.fullmatch(value):
            raise SourceError("refused", f"The cursor is not a value of {name!r}.")
        texts.append(value if is_number else "%s")
        values.append([] if is_number else [value])
    names = [f"s.{_quoted(name)}" for name in order[: len(start)]]
    if any(values):
        names = [name.replace("%", "%%") for name in names]
    return _after(names, texts, values)


def _after(
    names: Sequence[str], texts: Sequence[str], values: Sequence[list[str]]
) -> tuple[str, list[str]]:
    """`(a, b) > (x, y)` in a form that uses an index."""
    name, text, value = names[0], texts[0], values[0]
    if len(names) == 1:
        return f"{name} > {text}", value
    rest, others = _after(names[1:], texts[1:], values[1:])
    both = f"{name} >= {text} AND ({name} > {text} OR ({rest}))"
    return both, [*value, *value, *others]


def _statement(connection: DatabaseConnection, after: str, *, doubled: bool) -> str:
    """The statement; where it has parameters, the driver reads %% as %."""
    order = [f"s.{_quoted(name)}" for name in order_of(connection)]
    if connection.table is not None:
        source = ".".join(map(_quoted, connection.table.split(".")))
    else:
        source = f"({(connection.query or '').strip().rstrip(';')}\n)"
    parts = {"source": source, "key": ", ".join(order)}
    if doubled:
        parts = {name: part.replace("%", "%%") for name, part in parts.items()}
    return _query("extract.mysql_rows").format(after=after, **parts)


def _quoted(name: str) -> str:
    doubled = name.replace("`", "``")
    return f"`{doubled}`"


def _explained(connection: DatabaseConnection, error: Exception) -> SourceError:
    code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    host = connection.host
    if isinstance(error, TimeoutError) or code in _TIMEOUTS or "timed out" in str(error):
        return SourceError("timeout", f"{host}: the statement took too long.")
    if isinstance(error, OSError) or code in _LOST:
        return SourceError("unreachable", f"{host} cannot be reached.")
    if code in (1044, 1045, 1698):
        return SourceError("refused", f"{host} refuses the credentials.")
    reason = "server-error" if code in _TRANSIENT else "refused"
    detail = error.args[1] if len(error.args) > 1 else type(error).__name__
    return SourceError(
        "server-error" if reason == "server-error" else "refused", f"{host}: {detail} ({code})"
    )
