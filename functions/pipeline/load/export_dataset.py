"""Writes an export of a dataset, file by file, until it is done or the time is over.

A file is written whole and then recorded, with where the next one begins; a kill loses at most the
file that was being written. All files of an attempt are of one state of the rows: each is read in
one snapshot, whose generation must be the one that the attempt began with. If it is not, the export
begins again.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from typing import BinaryIO, NamedTuple
from uuid import UUID

from functions.pipeline.load.deps import Deps
from functions.pipeline.load.file_digest import sha256_of
from waybill import telemetry
from waybill.database.exports import Exports, OpenExport, WrittenFile, one_snapshot
from waybill.messages import ExportMessage
from waybill.queues import send
from waybill.state.dataset_exports import DatasetExports
from waybill.tables.writers import writer_for


def export_dataset(deps: Deps, export_id: UUID) -> None:
    """Write the files that fit into the time, and go on in another invocation.

    Raises:
        Retryable: the database or the storage is unavailable.
    """
    deadline = time.monotonic() + deps.seconds / 2
    exporter = _Exporter(deps, export_id, deadline)
    while exporter.write_next():
        if time.monotonic() >= deadline:
            telemetry.action("export.continued")
            send(deps.settings.chunks_queue_url, [ExportMessage(export_id=export_id)])
            return


def fail_export(deps: Deps, export_id: UUID, error: dict[str, object]) -> None:
    """End the export with this error."""
    Exports(deps.connection).fail(export_id, error)


class _Part(NamedTuple):
    """Rows of a file, and the table and page that follow; None at the end of the dataset."""

    rows: int
    following: tuple[int, int] | None


class _Exporter:
    """Writes the files of one export."""

    def __init__(self, deps: Deps, export_id: UUID, deadline: float) -> None:
        self._deps = deps
        self._export_id = export_id
        self._deadline = deadline
        self._exports = Exports(deps.connection)

    def write_next(self) -> bool:
        """Write the next file, or begin an attempt; False if the export has ended."""
        with tempfile.TemporaryFile() as file:
            with one_snapshot(self._deps.connection):
                export = self._exports.open(self._export_id)
                if export is None:
                    return False
                is_current = export.snapshot == export.snapshot_now
                part = self._write(export, file) if is_current else None
            if part is None:
                telemetry.action("export.begun", attempt=export.attempt)
                return self._exports.begin(self._export_id, export.attempt, export.snapshot_now)
            if self._was_rewritten(export):
                # The next call begins another attempt.
                return True
            written = self._store(export, file, part)
        recorded = self._exports.record(self._export_id, export.attempt, written)
        telemetry.action(
            "export.written",
            number=written.number,
            rows=written.rows,
            size_bytes=written.bytes,
            recorded=recorded,
        )
        return recorded and not written.is_last

    def _write(self, export: OpenExport, file: BinaryIO) -> _Part:
        limit = self._deps.settings.export_file_bytes
        rows = 0
        following: tuple[int, int] | None = None
        with closing(writer_for(export.format, file, export.table_columns)) as writer:
            for relation, begin, end in _pages(export):
                if rows and (file.tell() >= limit or time.monotonic() > self._deadline):
                    following = relation, begin
                    break
                rows += writer.write(self._exports.lines(self._export_id, relation, begin, end))
        return _Part(rows, following)

    def _was_rewritten(self, export: OpenExport) -> bool:
        """Whether a table was rewritten while it was read.

        A snapshot does not protect from that: the rows of a rewritten or truncated table are
        younger than it, and so none.
        """
        now = self._exports.open(self._export_id)
        return now is not None and now.storage_now != export.storage_now

    def _store(self, export: OpenExport, file: BinaryIO, part: _Part) -> WrittenFile:
        sha256, size = sha256_of(file)
        stored = DatasetExports(self._deps.s3, self._deps.settings.state_bucket)
        key = stored.put(self._export_id, export.format, file)
        relation, block = part.following or (0, 0)
        return WrittenFile(
            export.next_file,
            key,
            part.rows,
            size,
            sha256,
            relation,
            block,
            part.following is None,
        )


def _pages(export: OpenExport) -> Iterator[tuple[int, int, int]]:
    """Table and page ranges that are in no file yet."""
    for table in export.tables:
        relation, blocks = table["relation"], table["blocks"]
        if relation < export.after_relation:
            continue
        begin = export.next_block if relation == export.after_relation else 0
        for first in range(begin, blocks, table["at_once"]):
            yield relation, first, min(first + table["at_once"], blocks)
