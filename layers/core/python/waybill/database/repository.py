"""Typed access to PostgreSQL: the base of every class in this package.

A method calls one routine of the schema `waybill`, or runs one named query of `sql/queries`.
Rows become instances of a class, by column name; errors of the driver become `Rejected` or
`Retryable`, here and nowhere else.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

import psycopg
from psycopg import sql
from psycopg.rows import class_row, tuple_row

from waybill.database.errors import translating_db_errors
from waybill.database.queries import query_text

T = TypeVar("T")
Connection = psycopg.Connection[tuple[Any, ...]]
_Statement = bytes | sql.Composed


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """Run what is within in one transaction, or in a savepoint of the one that is open.

    Raises:
        Rejected, Retryable: also for what only the commit finds.
    """
    with translating_db_errors(), connection.transaction():
        yield


@cache
def _call(routine: str, parameters: tuple[str, ...]) -> bytes:
    """`SELECT * FROM waybill.routine(parameter => %(parameter)s, …)`."""
    call = sql.SQL("SELECT * FROM {}({})").format(
        sql.Identifier("waybill", routine),
        sql.SQL(", ").join(
            sql.SQL("{} => {}").format(sql.Identifier(name), sql.Placeholder(name))
            for name in parameters
        ),
    )
    # As text, since psycopg would compose it anew for every call.
    return call.as_bytes()


class Repository:
    """Base of the classes that call routines and queries on a connection.

    The parameters of a routine are passed by the names that they have in SQL.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _do(self, routine: str, **parameters: object) -> None:
        """Call a routine that returns nothing. In a pipeline it is not waited for."""
        with translating_db_errors(), self._connection.cursor() as cursor:
            cursor.execute(_call(routine, tuple(parameters)), parameters)

    def _value(self, convert: Callable[[Any], T], routine: str, **parameters: object) -> T:
        """The value that a routine returns, converted."""
        return convert(self._first(_call(routine, tuple(parameters)), parameters))

    def _optional(
        self, convert: Callable[[Any], T], routine: str, **parameters: object
    ) -> T | None:
        """As `_value`; None for null."""
        value = self._first(_call(routine, tuple(parameters)), parameters)
        return None if value is None else convert(value)

    def _values(self, convert: Callable[[Any], T], routine: str, **parameters: object) -> list[T]:
        """The values that a routine returns as a set."""
        with translating_db_errors(), self._connection.cursor(row_factory=tuple_row) as cursor:
            cursor.execute(_call(routine, tuple(parameters)), parameters)
            return [convert(value) for (value,) in cursor]

    def _row(self, row: type[T], routine: str, **parameters: object) -> T | None:
        """The one row that a routine returns, if it does."""
        return next(iter(self._rows(row, routine, **parameters)), None)

    def _rows(self, row: type[T], routine: str, **parameters: object) -> list[T]:
        """The rows that a routine returns."""
        return self._fetch(row, _call(routine, tuple(parameters)), parameters)

    def _send_row(self, row: type[T], routine: str, **parameters: object) -> Callable[[], T | None]:
        """As `_row`, of which the value waits for the row: in a pipeline, work may come between."""
        with translating_db_errors():
            cursor = self._connection.cursor(row_factory=class_row(row))
            cursor.execute(_call(routine, tuple(parameters)), parameters)

        def receive() -> T | None:
            with translating_db_errors(), cursor:
                return cursor.fetchone()

        return receive

    def _select(self, row: type[T], query: str, **parameters: object) -> list[T]:
        """The rows of a named query, e.g. `jobs.list_jobs`."""
        return self._fetch(row, query_text(query), parameters)

    def _run(self, query: str, **parameters: object) -> None:
        """Run a named query whose result is of no interest. In a pipeline it is not waited for."""
        with translating_db_errors(), self._connection.cursor() as cursor:
            cursor.execute(query_text(query), parameters)

    def _select_value(self, query: str, **parameters: object) -> Any:  # noqa: ANN401 - as the query gives it
        """The one value of a named query; None without a row."""
        return self._first(query_text(query), parameters)

    def _fetch(self, row: type[T], statement: _Statement, parameters: dict[str, object]) -> list[T]:
        with translating_db_errors(), self._connection.cursor(row_factory=class_row(row)) as cursor:
            return cursor.execute(statement, parameters).fetchall()

    def _first(self, statement: _Statement, parameters: dict[str, object]) -> Any:  # noqa: ANN401 - as the server gives it
        with translating_db_errors(), self._connection.cursor(row_factory=tuple_row) as cursor:
            row = cursor.execute(statement, parameters).fetchone()
        return row[0] if row else None
