"""Reads a table or a query of PostgreSQL: read-only, through a server-side cursor."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
from psycopg import sql

from functions.pipeline.extract.credentials import Credentials, field
from functions.pipeline.extract.database_keys import check_values, order_of, start_of
from functions.pipeline.extract.database_pages import database_pages
from functions.pipeline.extract.page import Page
from functions.pipeline.extract.source_error import SourceError, reaching_source
from functions.pipeline.extract.tls_files import ca_file
from waybill.database.queries import query_text
from waybill.outbound.address import Guard, checked_address
from waybill.sources.connections import DatabaseConnection

# Times as the loader reads them, whatever the server's settings.
_SESSION = "-c default_transaction_read_only=on -c timezone=UTC -c datestyle=ISO"
# The server cancelled the statement, has no room, or goes away: it may pass.
_TRANSIENT = ("57", "53", "40", "08")


def read_postgresql(
    guard: Guard, connection: DatabaseConnection, credentials: Credentials, position: str | None
) -> Iterator[Page]:
    """The rows after `position`, in order of the key.

    Raises:
        SourceError: the server cannot be reached, or refuses the statement.
    """
    start = start_of(connection, position)
    statement = _statement(connection, len(start))
    try:
        with (
            closing(_connect(guard, connection, credentials)) as server,
            server.cursor(name="waybill") as rows,
        ):
            rows.execute(statement, start)
            yield from _pages(connection, rows, position)
    except psycopg.Error as error:
        raise _explained(connection, error) from None


def _pages(
    connection: DatabaseConnection, rows: psycopg.ServerCursor[Any], position: str | None
) -> Iterator[Page]:
    def fetch(count: int) -> list[tuple[str, str]]:
        found = rows.fetchmany(count)
        for _, values in found:
            if "null" in values:
                check_values(connection, json.loads(values))
        return [(_one_line(record), values) for record, values in found]

    return database_pages(connection, position, fetch, str)


def _one_line(record: str) -> str:
    # A column of type json keeps its line breaks; in JSON they are white space.
    return record.replace("\r", " ").replace("\n", " ")


def _connect(
    guard: Guard, connection: DatabaseConnection, credentials: Credentials
) -> psycopg.Connection[Any]:
    port = connection.port or 5432
    with reaching_source():
        address = checked_address(guard, connection.host, port)
    options = f"{_SESSION} -c statement_timeout={connection.statement_seconds}s"
    return psycopg.connect(
        host=connection.host,
        hostaddr=address,
        port=port,
        dbname=connection.database,
        user=field(credentials, "username"),
        password=field(credentials, "password"),
        sslmode=connection.tls,
        connect_timeout=10,
        application_name="waybill",
        options=options,
        client_encoding="UTF8",
        sslrootcert=ca_file(connection.tls_ca) if connection.tls == "verify-full" else None,
    )


def _statement(connection: DatabaseConnection, given: int) -> sql.Composed:
    order = [sql.SQL("s.{}").format(sql.Identifier(name)) for name in order_of(connection)]
    text = query_text("extract.postgresql_rows").decode().rstrip().rstrip(";")
    comma = sql.SQL(", ")
    after: sql.Composable = sql.SQL("true")
    if given:
        places = [sql.Placeholder()] * given
        after = sql.SQL("({}) > ({})").format(comma.join(order[:given]), comma.join(places))
    return sql.SQL(text).format(
        position=comma.join(sql.SQL("{}::text").format(column) for column in order),
        source=_source(connection),
        after=after,
        key=comma.join(order),
    )


def _source(connection: DatabaseConnection) -> sql.Composable:
    if connection.table is not None:
        return sql.Identifier(*connection.table.split("."))
    query = (connection.query or "").strip().rstrip(";").replace("%", "%%")
    # An administrator's own statement, in a read-only transaction with the source's own role.
    return sql.SQL("({})").format(sql.SQL(f"{query}\n"))


def _explained(connection: DatabaseConnection, error: psycopg.Error) -> SourceError:
    """Without the driver's own text where it may have the credentials."""
    state = error.sqlstate
    if state is None:
        text = str(error)
        if "authentication failed" in text or "no pg_hba.conf entry" in text:
            return SourceError("refused", f"{connection.host} refuses the credentials.")
        if "FATAL" in text and "does not exist" in text:
            detail = f"{connection.host} has no database {connection.database!r}."
            return SourceError("refused", detail)
        if "certificate" in text or "SSL" in text:
            return SourceError("unreachable", f"TLS with {connection.host} failed.")
        return SourceError("unreachable", f"{connection.host} cannot be reached.")
    if state == "57014":
        return SourceError("timeout", f"{connection.host}: the statement took too long.")
    detail = f"{connection.host}: {error.diag.message_primary} ({state})"
    return SourceError("server-error" if state.startswith(_TRANSIENT) else "refused", detail)
