"""Reads a table or a query of MySQL or MariaDB: read-only, row by row from the server."""

import json
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import pymysql
from pymysql.constants import FIELD_TYPE
from pymysql.cursors import SSCursor

from functions.pipeline.extract.credentials import Credentials, field
from functions.pipeline.extract.database_keys import (
    ROWS_PER_PAGE,
    check_values,
    cursor_of,
    order_of,
    start_of,
)
from functions.pipeline.extract.guarded_address import Guard, checked_address
from functions.pipeline.extract.page import Page
from functions.pipeline.extract.source_error import SourceError
from waybill.database.queries import query_text
from waybill.sources.connections import DatabaseConnection

_CONNECT_SECONDS = 10
_NUMBERS = frozenset(
    {
        FIELD_TYPE.TINY,
        FIELD_TYPE.SHORT,
        FIELD_TYPE.LONG,
        FIELD_TYPE.LONGLONG,
        FIELD_TYPE.INT24,
        FIELD_TYPE.YEAR,
        FIELD_TYPE.DECIMAL,
        FIELD_TYPE.NEWDECIMAL,
        FIELD_TYPE.FLOAT,
        FIELD_TYPE.DOUBLE,
    }
)
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
            with closing(server.cursor(SSCursor)) as rows:
                rows.execute(_statement(connection, len(start)), start)
                yield from _pages(connection, rows, position)
    except (pymysql.Error, OSError) as error:
        raise _explained(connection, error) from None


def _pages(connection: DatabaseConnection, rows: SSCursor, position: str | None) -> Iterator[Page]:
    names = [str(column[0]) for column in rows.description]
    types = [int(column[1]) for column in rows.description]
    try:
        places = [names.index(name) for name in order_of(connection)]
    except ValueError:
        raise SourceError("refused", "The key is not among the columns.") from None
    found = rows.fetchmany(ROWS_PER_PAGE)
    while found:
        following = rows.fetchmany(ROWS_PER_PAGE)
        for row in found:
            check_values(connection, [row[place] for place in places])
        position = json.dumps([_text(found[-1][place]) for place in places])
        records = [_record(names, types, row) for row in found]
        yield Page(records, position if following else None, cursor_of(connection, position))
        if not following:
            return
        found = following
    yield Page([], None, cursor_of(connection, position))


def _record(names: Sequence[str], types: Sequence[int], row: Sequence[Any]) -> str:
    fields = (
        f"{json.dumps(name)}:{_json(kind, value)}"
        for name, kind, value in zip(names, types, row, strict=True)
    )
    return f"{{{','.join(fields)}}}"


def _json(  # noqa: PLR0911 - one for each kind of value
    kind: int,
    value: object,
) -> str:
    """The value as JSON; numbers and times as the server wrote them."""
    if value is None:
        return "null"
    if isinstance(value, bytes):
        return json.dumps(f"\\x{value.hex()}")
    text = str(value)
    if kind in _NUMBERS:
        # A column with ZEROFILL has leading zeros, which JSON has not.
        sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
        stripped = digits.lstrip("0")
        return sign + (stripped if stripped[:1].isdigit() else f"0{stripped}")
    if kind == FIELD_TYPE.JSON:
        return text.replace("\r", " ").replace("\n", " ")
    if kind == FIELD_TYPE.DATETIME:
        return json.dumps(text.replace(" ", "T"))
    if kind == FIELD_TYPE.TIMESTAMP:
        # Unlike DATETIME it is a moment, and the session's zone is UTC.
        return json.dumps(f"{text.replace(' ', 'T')}Z")
    return json.dumps(text, ensure_ascii=False)


def _text(value: Any) -> str:  # noqa: ANN401 - text or bytes, as the driver gives it
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _connect(
    guard: Guard, connection: DatabaseConnection, credentials: Credentials
) -> "pymysql.Connection[Any]":
    port = connection.port or 3306
    address = checked_address(guard, connection.host, port)
    tls = None
    if connection.tls == "verify-full":
        tls = ssl.create_default_context(cadata=connection.tls_ca)
    server = pymysql.connect(
        # The name is verified by TLS; the connection is made to the address that was checked.
        host=connection.host,
        port=port,
        user=field(credentials, "username"),
        password=field(credentials, "password"),
        database=connection.database,
        charset="utf8mb4",
        ssl=tls,
        ssl_disabled=tls is None,
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=connection.statement_seconds,
        # Text as the server writes it: nothing passes through a float or a date of Python.
        conv={str: pymysql.converters.escape_str},
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
        _query("extract.mysql_session"),
        _query(limit).format(seconds=seconds, milliseconds=1000 * seconds),
        _query("extract.mysql_begin"),
    ]
    with server.cursor() as cursor:
        for text in texts:
            cursor.execute(text)


def _query(name: str) -> str:
    return query_text(name).decode().rstrip().rstrip(";")


def _statement(connection: DatabaseConnection, given: int) -> str:
    order = [f"s.{_quoted(name)}" for name in order_of(connection)]
    after = "TRUE"
    if given:
        after = f"({', '.join(order[:given])}) > ({', '.join(['%s'] * given)})"
    if connection.table is not None:
        source = ".".join(map(_quoted, connection.table.split(".")))
    else:
        source = f"({(connection.query or '').strip().rstrip(';')}\n)"
        # The driver reads % only where it is given values.
        source = source.replace("%", "%%") if given else source
    return _query("extract.mysql_rows").format(source=source, after=after, key=", ".join(order))


def _quoted(name: str) -> str:
    doubled = name.replace("`", "``").replace("%", "%%")
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
