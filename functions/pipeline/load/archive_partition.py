"""Archives a partition, or restores one, step by step; each step is committed.

| state | next step |
| --- | --- |
| `WRITING` | write a file of its rows, read it back, compare |
| `WRITTEN` | compare all rows under a lock, and detach the partition |
| `DETACHED` | copy the files into the lake, compare again, and drop the table |
| `RESTORING` | fill a table of its own file by file, compare, and attach it |
| `RESTORED`, `FAILED` | delete the files in the lake, where there are any |

A kill at any point loses at most the step; the next delivery of the message takes it again. At any
moment the rows are in the table, or in a detached one, or compared and in the lake.
"""

import tempfile
import time
from collections.abc import Callable, Mapping
from uuid import UUID

from functions.pipeline.load.deps import Deps
from functions.pipeline.load.file_digest import sha256_of
from functions.pipeline.load.lake_files import Limits, csv_blocks, write_part
from waybill import telemetry
from waybill.database.exports import one_snapshot
from waybill.database.lake import ArchivedFile, Lake, NewFile, OpenPartition
from waybill.database.repository import transaction
from waybill.errors import Rejected
from waybill.messages import LakeMessage
from waybill.metrics.catalogue import LAKE_FAILURES
from waybill.metrics.record import count, flush_soon
from waybill.queues import send
from waybill.state.dataset_exports import DatasetExports
from waybill.state.lake import LakeFiles, lake_key
from waybill.state.verified_read import FileMissing


def archive_partition(deps: Deps, partition_id: UUID) -> None:
    """Take the steps for which there is time, then go on in another invocation, or with the next.

    Raises:
        Retryable: the database or the storage is unavailable, or a load holds the table.
    """
    deadline = time.monotonic() + deps.seconds / 2
    worker = _Worker(deps, partition_id, deadline)
    lake = Lake(deps.connection)
    lake.note_message(partition_id)
    while (partition := lake.open(partition_id)) is not None:
        try:
            worker.step(partition)
        except Rejected as error:
            _stop(lake, partition_id, partition, error)
        if time.monotonic() >= deadline:
            send(deps.settings.chunks_queue_url, [LakeMessage(partition_id=partition_id)])
            return
    following = [LakeMessage(partition_id=each) for each in lake.work()]
    send(deps.settings.chunks_queue_url, following)


def fail_partition(deps: Deps, partition_id: UUID, reason: Rejected) -> None:
    """End the work on the partition with this error; its rows are where they were before."""
    lake = Lake(deps.connection)
    partition = lake.open(partition_id)
    if partition is not None:
        _stop(lake, partition_id, partition, reason)


def _stop(lake: Lake, partition_id: UUID, partition: OpenPartition, error: Rejected) -> None:
    # Files that were not copied in time have expired.
    expired = isinstance(error, FileMissing) and partition.state in ("WRITING", "DETACHED")
    if not lake.stop(partition_id, partition.attempt, None if expired else error.problem()):
        telemetry.action("lake.superseded", dataset=partition.dataset, part=partition.label)
        return
    telemetry.action(
        "lake.failed",
        level="warning" if expired else "error",
        dataset=partition.dataset,
        part=partition.label,
        detail=error.detail,
    )
    if not expired:
        count(LAKE_FAILURES, dataset=partition.dataset)
        flush_soon()


class _Worker:
    """Takes steps with one partition."""

    def __init__(self, deps: Deps, partition_id: UUID, deadline: float) -> None:
        self._deps = deps
        self._id = partition_id
        self._deadline = deadline
        self._lake = Lake(deps.connection)
        self._files = LakeFiles(deps.s3, deps.settings.state_bucket)
        # Nobody reads them there, so what a killed invocation leaves does no harm; it expires.
        self._drafts = DatasetExports(deps.s3, deps.settings.state_bucket)

    def step(self, partition: OpenPartition) -> None:
        """Take the next step."""
        if partition.problem:
            detail = f"{partition.dataset} {partition.label} cannot be archived"
            raise Rejected("lake-refused", f"{detail}: {partition.problem}.")
        steps: Mapping[str, Callable[[OpenPartition], None]] = {
            "WRITING": self._write,
            "WRITTEN": self._detach,
            "DETACHED": self._publish,
            "RESTORING": self._restore,
        }
        if partition.has_files and partition.state not in ("DETACHED", "RESTORING"):
            # The rows are in the table.
            # While it is written they are of attempts before.
            attempt = partition.attempt - (partition.state in ("WRITING", "WRITTEN"))
            self._files.clear(partition.folder, attempt)
            self._lake.forget_files(self._id)
            return
        steps[partition.state](partition)
        telemetry.action(
            "lake.step", dataset=partition.dataset, part=partition.label, state=partition.state
        )

    def _write(self, partition: OpenPartition) -> None:
        limits = Limits(self._deps.settings.export_file_bytes, self._deadline)
        with tempfile.TemporaryFile() as file:
            with one_snapshot(self._deps.connection):
                part = write_part(self._lake, self._id, partition, file, limits)
            sha256, size = sha256_of(file)
            key = self._drafts.put(self._id, "parquet", file)
        written = NewFile(
            partition.next_file,
            key,
            part.rows,
            size,
            sha256,
            part.content,
            part.next_block or 0,
            part.next_block is None,
        )
        with tempfile.TemporaryFile() as back:
            self._drafts.read(key, sha256, back)
            with transaction(self._deps.connection):
                self._lake.copy_check(self._id, _names(partition), csv_blocks(back))
                self._lake.record_file(self._id, partition.attempt, written)

    def _detach(self, partition: OpenPartition) -> None:
        self._lake.limit_comparisons()
        outcome = self._lake.detach(self._id, partition.attempt)
        telemetry.action("lake.detached", part=partition.label, outcome=outcome)

    def _publish(self, partition: OpenPartition) -> None:
        if not self._lake.begin_publishing(self._id, partition.attempt):
            return
        files = self._lake.files(self._id)
        missing = next((file for file in files if file.lake_key is None), None)
        if missing is not None:
            self._publish_file(partition, missing)
            return
        # What another attempt has left there would be read with them.
        kept = frozenset(str(file.lake_key) for file in files)
        self._files.clear(partition.folder, partition.attempt, kept)
        self._lake.limit_comparisons()
        outcome = self._lake.drop(self._id, partition.attempt)
        telemetry.action("lake.dropped", part=partition.label, outcome=outcome)

    def _publish_file(self, partition: OpenPartition, file: ArchivedFile) -> None:
        key = lake_key(partition.folder, file.number, partition.attempt)
        self._files.copy(file.key, key)
        with tempfile.TemporaryFile() as back:
            self._files.read(key, file.sha256, back)
        self._lake.record_published(self._id, partition.attempt, file.number, key)

    def _restore(self, partition: OpenPartition) -> None:
        self._lake.create_restored(self._id, partition.attempt)
        files = self._lake.files(self._id)
        missing = next((file for file in files if not file.restored), None)
        if missing is None:
            self._lake.limit_comparisons()
            if not self._lake.index_restored(self._id, partition.attempt):
                self._lake.finish_restore(self._id, partition.attempt)
            return
        with tempfile.TemporaryFile() as file:
            self._files.read(str(missing.lake_key), missing.sha256, file)
            with transaction(self._deps.connection):
                self._lake.copy_check(self._id, _names(partition), csv_blocks(file))
                self._lake.store_file(self._id, partition.attempt, missing.number)


def _names(partition: OpenPartition) -> list[str]:
    return [column["name"] for column in partition.columns]
