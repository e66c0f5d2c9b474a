"""Binary COPY into a table, block by block."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from psycopg import Copy, sql

from waybill.columns.stage import COPY_HEADER, COPY_TRAILER
from waybill.database.errors import translating_db_errors
from waybill.database.repository import Connection


class CopyTarget:
    """A running COPY; `rows` is how many rows it wrote, known once it has ended."""

    def __init__(self, copy: Copy) -> None:
        self._copy = copy
        self.rows = 0

    def write(self, block: bytes) -> None:
        """Send rows in the binary format, or a part of them."""
        self._copy.write(block)


@contextmanager
def copy_into(
    connection: Connection, schema: str, table: str, columns: Sequence[str]
) -> Iterator[CopyTarget]:
    """COPY … FROM STDIN in the binary format, in the connection's transaction.

    Raises:
        Rejected, Retryable: what the server refuses, or the connection.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(
        sql.Identifier(schema, table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with translating_db_errors(), connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            target = CopyTarget(copy)
            target.write(COPY_HEADER)
            yield target
            target.write(COPY_TRAILER)
        target.rows = cursor.rowcount
