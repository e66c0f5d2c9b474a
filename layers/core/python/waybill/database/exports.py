"""Exports of datasets: their progress and the rows that they read."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import IsolationLevel

from waybill.database.errors import translating_db_errors
from waybill.database.json_parameters import jsonb
from waybill.database.queries import query_text
from waybill.database.repository import Connection, Repository
from waybill.tables.formats import TableColumn, TableFormat

_FETCHED_ROWS = 500


class OpenExport(NamedTuple):
    """An export that is to be written, as far as it is."""

    dataset: str
    format: TableFormat
    attempt: int
    snapshot: str | None
    """What the rows were when the attempt began."""
    snapshot_now: str
    """What they are in the transaction that read this."""
    next_file: int
    after_relation: int
    """Oid of the table that is read next, or 0."""
    next_block: int
    columns: list[dict[str, Any]]
    """The members of `TableColumn` of each column."""
    tables: list[dict[str, int]]
    """`relation` and `blocks` of each table, in order; `at_once` of them are read together."""
    document: str | None

    @property
    def storage_now(self) -> str:
        """The files that hold the tables, whatever loads have done since."""
        return self.snapshot_now.rpartition(" ")[2]

    @property
    def table_columns(self) -> list[TableColumn]:
        """The columns of its files."""
        return [TableColumn(**column) for column in self.columns]


class WrittenFile(NamedTuple):
    """A file that was stored, and where the next one begins."""

    number: int
    key: str
    rows: int
    bytes: int
    sha256: str
    after_relation: int
    next_block: int
    is_last: bool


@contextmanager
def one_snapshot(connection: Connection) -> Iterator[None]:
    """Read everything within as of one moment; nothing can be written."""
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    try:
        with translating_db_errors(), connection.transaction():
            yield
    finally:
        if not connection.closed:
            connection.isolation_level = connection.read_only = None


class Exports(Repository):
    """Exports by id."""

    def create(
        self,
        export_id: UUID,
        dataset: str,
        *,
        file_format: str,
        escapes_formulas: bool,
        is_masked: bool,
    ) -> None:
        """Begin an export, once.

        Raises:
            Rejected: `unknown-dataset`.
            Conflict: `too-many-exports`.
        """
        self._do(
            "create_export",
            p_export=export_id,
            p_dataset=dataset,
            p_format=file_format,
            p_escapes_formulas=escapes_formulas,
            p_is_masked=is_masked,
        )

    def document(self, export_id: UUID, dataset: str, caller: str | None) -> dict[str, Any] | None:
        """An export with its files; None if `caller` did not make it."""
        return self._optional(
            dict, "export_document", p_export=export_id, p_dataset=dataset, p_caller=caller
        )

    def open(self, export_id: UUID) -> OpenExport | None:
        """The export, in the transaction that reads its rows; None if it has ended."""
        return self._row(OpenExport, "open_export", p_export=export_id)

    def begin(self, export_id: UUID, attempt: int, snapshot: str) -> bool:
        """Begin the attempt, or the next one because the rows changed; False if it has ended."""
        return self._value(
            bool, "begin_export", p_export=export_id, p_attempt=attempt, p_snapshot=snapshot
        )

    def lines(self, export_id: UUID, relation: int, begin: int, end: int) -> Iterator[str]:
        """The rows in these pages of a table, within `one_snapshot`."""
        with (
            translating_db_errors(),
            self._connection.cursor(name="export", scrollable=False) as cursor,
        ):
            cursor.itersize = _FETCHED_ROWS
            cursor.execute(
                query_text("exports.lines"),
                {"export_id": export_id, "relation": relation, "begin": begin, "end": end},
            )
            for (line,) in cursor:
                yield line

    def record(self, export_id: UUID, attempt: int, file: WrittenFile) -> bool:
        """Record a file; False if it was recorded before by another delivery."""
        return self._value(
            bool,
            "record_export_file",
            p_export=export_id,
            p_attempt=attempt,
            p_number=file.number,
            p_key=file.key,
            p_rows=file.rows,
            p_bytes=file.bytes,
            p_sha256=file.sha256,
            p_after_relation=file.after_relation,
            p_next_block=file.next_block,
            p_is_last=file.is_last,
        )

    def fail(self, export_id: UUID, error: dict[str, Any]) -> None:
        """End the export, unless it has ended."""
        self._do("fail_export", p_export=export_id, p_error=jsonb(error))
