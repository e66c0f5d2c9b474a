"""A cursor that counts its statements in `waybill.usage`."""

from collections.abc import Iterable
from typing import Any, Self

from psycopg import Cursor
from psycopg.abc import Params, Query

from waybill.usage import USAGE


class CountingCursor(Cursor[Any]):
    """Every statement of the project runs on one; COPY is counted by the step that runs it."""

    def execute(
        self,
        query: Any,  # noqa: ANN401 - psycopg's unions of queries do not resolve through `super`
        params: Params | None = None,
        *,
        prepare: bool | None = None,
        binary: bool | None = None,
    ) -> Self:
        """As in psycopg."""
        with USAGE.query():
            return super().execute(query, params, prepare=prepare, binary=binary)

    def fetchone(self) -> Any:  # noqa: ANN401 - as the row factory makes it
        """As in psycopg."""
        with USAGE.waiting():
            return super().fetchone()

    def fetchall(self) -> list[Any]:
        """As in psycopg."""
        with USAGE.waiting():
            return super().fetchall()

    def executemany(
        self, query: Query, params_seq: Iterable[Params], *, returning: bool = False
    ) -> None:
        """As in psycopg; counted as one statement."""
        with USAGE.query():
            super().executemany(query, params_seq, returning=returning)
