"""Archived partitions: what is to be done, their rows, and their files."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple
from uuid import UUID

from psycopg import sql

from waybill.database.errors import translating_db_errors
from waybill.database.json_parameters import jsonb
from waybill.database.queries import query_text
from waybill.database.repository import Repository
from waybill.tables.formats import TableColumn

_FETCHED_ROWS = 500
# Comparing all rows of a partition takes about a second for each million.
_COMPARE_SECONDS = 900
LakeState = Literal["WRITING", "WRITTEN", "DETACHED", "ARCHIVED", "RESTORING", "RESTORED", "FAILED"]


class OpenPartition(NamedTuple):
    """A partition with work left, as far as it is."""

    dataset: str
    label: str
    """As `2019`, `2019-03` or `2019-03-05`."""
    state: LakeState
    attempt: int
    folder: str
    """Prefix of its files in the state bucket."""
    has_files: bool
    """Whether there may be any."""
    relation: int | None
    """Oid of its table."""
    blocks: int
    """Pages of the table."""
    at_once: int
    """Pages that are read together."""
    next_file: int
    next_block: int
    columns: list[dict[str, Any]]
    """`name`, `type`, `kind`, `precision` and `scale` of each column of the files."""
    problem: str | None
    """Why it cannot be archived."""

    @property
    def table_columns(self) -> list[TableColumn]:
        """The columns of its files."""
        return [
            TableColumn(one["name"], one["kind"], one["precision"], one["scale"])
            for one in self.columns
        ]


class ArchivedFile(NamedTuple):
    """A file of a partition."""

    number: int
    key: str
    """As it was written; expires after a day."""
    rows: int
    bytes: int
    sha256: str
    lake_key: str | None
    """In the folder of the partition, once it is there."""
    restored: bool
    """Whether its rows are in the table that is being restored."""


class NewFile(NamedTuple):
    """A file that was stored, and where the next one begins."""

    number: int
    key: str
    rows: int
    bytes: int
    sha256: str
    content: int
    """Sum of the hashes of its rows."""
    next_block: int
    is_last: bool


class Lake(Repository):
    """Archived partitions by id."""

    def work(self) -> list[UUID]:
        """The partitions to send messages for; begins the next one if none is open."""
        return self._values(lambda value: value, "lake_work")

    def has_work(self) -> bool:
        """Whether a partition is open."""
        return self._value(bool, "has_lake_work")

    def restore(self, dataset: str, label: str, keep_days: int) -> UUID:
        """Let a partition be restored; one that is, or is being, stays so.

        Raises:
            Rejected: `unknown-dataset`.
            NotFound: `unknown-partition`.
            Conflict: `partition-archived`, it is being archived.
        """
        found: UUID = self._value(
            lambda value: value,
            "restore_partition",
            p_dataset=dataset,
            p_label=label,
            p_keep_days=keep_days,
        )
        return found

    def documents(self, dataset: str) -> list[dict[str, Any]]:
        """All partitions of a dataset that are, were or are being archived."""
        return self._values(dict, "archived_documents", p_dataset=dataset)

    def athena_table(self, dataset: str, bucket: str) -> dict[str, Any] | None:
        """`statement`, `left_out` and `not_read` of the table in Athena; None if there is none."""
        return self._optional(dict, "athena_table", p_dataset=dataset, p_bucket=bucket)

    def note_message(self, partition: UUID) -> None:
        """A message of the partition has come, so that `work` does not return it as lost."""
        self._do("note_lake_message", p_partition=partition)

    def open(self, partition: UUID) -> OpenPartition | None:
        """A partition with work left; None if it has none."""
        return self._row(OpenPartition, "open_archived", p_partition=partition)

    def lines(self, partition: UUID, begin: int, end: int) -> Iterator[tuple[str, int]]:
        """The rows in these pages as lines of CSV, each with its hash, within `one_snapshot`."""
        with (
            translating_db_errors(),
            self._connection.cursor(name="lake", scrollable=False) as cursor,
        ):
            cursor.itersize = _FETCHED_ROWS
            cursor.execute(
                query_text("lake.lines"), {"partition_id": partition, "begin": begin, "end": end}
            )
            yield from cursor

    def copy_check(self, partition: UUID, columns: Sequence[str], blocks: Iterable[bytes]) -> None:
        """Copy rows of CSV into a table that is there until the end of the transaction.

        Raises:
            Rejected: a value is not one of its column's type.
        """
        self._do("create_lake_check", p_partition=partition)
        statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
            sql.Identifier("pg_temp", "lake_check"),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
        )
        with (
            translating_db_errors(),
            self._connection.cursor() as cursor,
            cursor.copy(statement) as copy,
        ):
            for block in blocks:
                copy.write(block)

    def record_file(self, partition: UUID, attempt: int, file: NewFile) -> bool:
        """Record a file whose rows `copy_check` copied; False if another delivery did before.

        Raises:
            Rejected: `lake-refused`, the rows are not those that were written.
        """
        return self._value(
            bool,
            "record_archived_file",
            p_partition=partition,
            p_attempt=attempt,
            p_number=file.number,
            p_key=file.key,
            p_rows=file.rows,
            p_bytes=file.bytes,
            p_sha256=file.sha256,
            p_content=file.content,
            p_next_block=file.next_block,
            p_is_last=file.is_last,
        )

    def files(self, partition: UUID) -> list[ArchivedFile]:
        """The files of the attempt, in order."""
        return self._rows(ArchivedFile, "archived_files_of", p_partition=partition)

    def limit_comparisons(self) -> None:
        """Let statements compare all rows of a partition."""
        self._select_value("lake.bound_time", milliseconds=_COMPARE_SECONDS * 1000)

    def detach(self, partition: UUID, attempt: int) -> str:
        """Take the partition out of its table: `detached`, `changed` or `ended`.

        Raises:
            Busy: a load or a reader holds the table, or its views are not refreshed.
        """
        return self._value(str, "detach_archived", p_partition=partition, p_attempt=attempt)

    def begin_publishing(self, partition: UUID, attempt: int) -> bool:
        """Files are about to be in the folder; False if the partition is not detached."""
        return self._value(bool, "begin_publishing", p_partition=partition, p_attempt=attempt)

    def record_published(self, partition: UUID, attempt: int, number: int, key: str) -> None:
        """A file is in the folder."""
        self._do(
            "record_lake_file",
            p_partition=partition,
            p_attempt=attempt,
            p_number=number,
            p_lake_key=key,
        )

    def drop(self, partition: UUID, attempt: int) -> str:
        """Drop the table of a detached partition: `archived`, `changed` or `ended`.

        Raises:
            Busy: somebody holds the table, or one that it refers to.
        """
        return self._value(str, "drop_archived", p_partition=partition, p_attempt=attempt)

    def stop(self, partition: UUID, attempt: int, error: dict[str, Any] | None) -> bool:
        """End the attempt with an error; without one, write the partition again.

        False, without effect, if another attempt has taken over.
        """
        return self._value(
            bool,
            "stop_lake_work",
            p_partition=partition,
            p_attempt=attempt,
            p_error=None if error is None else jsonb(error),
        )

    def create_restored(self, partition: UUID, attempt: int) -> None:
        """Create the table of a partition that is restored, once.

        Raises:
            Rejected: `lake-refused`, the dataset's table has lost columns.
        """
        self._do("create_restored", p_partition=partition, p_attempt=attempt)

    def store_file(self, partition: UUID, attempt: int, number: int) -> None:
        """Add the rows that `copy_check` copied to that table, once.

        Raises:
            Rejected: `lake-refused`, they are not those that were archived.
        """
        self._do("store_restored_file", p_partition=partition, p_attempt=attempt, p_number=number)

    def index_restored(self, partition: UUID, attempt: int) -> bool:
        """Build the next index of that table; False if it has all.

        Raises:
            Rejected: `lake-refused`, the rows do not fit an index that was added since.
        """
        return self._value(bool, "index_restored", p_partition=partition, p_attempt=attempt)

    def finish_restore(self, partition: UUID, attempt: int) -> bool:
        """Attach that table; False if it has been.

        Raises:
            Rejected: `lake-refused`, the dataset's table does not take it.
            Busy: a load holds the table.
        """
        return self._value(bool, "finish_restore", p_partition=partition, p_attempt=attempt)

    def forget_files(self, partition: UUID) -> None:
        """The folder is empty."""
        self._do("forget_lake_files", p_partition=partition)
