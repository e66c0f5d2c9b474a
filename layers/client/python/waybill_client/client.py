"""The typed client of the API; `async_client` has the same for asyncio."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from waybill_client import operations
from waybill_client.flows import document, send
from waybill_client.models import ComparedColumns, Figures, Job, Preview, Reject, Revert
from waybill_client.send import Progress, ignore_progress
from waybill_client.senders import Sender
from waybill_client.table_pages import table_pages


class Waybill(Sender):
    """The API at `api`, its base URL with the stage.

    Every method raises `ProblemError` for an error response and `UnreachableError` when there
    is no response.
    """

    def upload(
        self,
        dataset: str,
        file: Path,
        *,
        progress: Progress = ignore_progress,
        **options: str | bool,
    ) -> str:
        """Upload `file` for `dataset` and return the job's id.

        `progress` is called with the number of bytes sent since the last call. `options` are
        fields of the request: `delimiter`, `encoding`, `dry_run`, `sha256`, `multipart`.
        """
        return str(self._run(operations.upload(dataset, file, progress, options)))

    def job(self, job_id: str, *, wait_seconds: int = 0) -> Job:
        """A job; with `wait_seconds` (at most 25) the response waits until it has ended."""
        return cast("Job", self._run(operations.job(job_id, wait_seconds)))

    def wait(self, job_id: str, *, timeout_seconds: float = 600) -> Job:
        """Wait until the job has ended, and return it.

        Raises:
            TimeoutError: it has not ended after `timeout_seconds`.
        """
        return cast("Job", self._run(operations.wait(job_id, timeout_seconds)))

    def jobs(
        self,
        *,
        dataset: str | None = None,
        state: str | None = None,
        archive_job_id: str | None = None,
    ) -> Iterator[Job]:
        """Jobs, newest first; those of the members of one archive with `archive_job_id`."""
        for item in self._pages(
            "jobs", {"dataset": dataset, "state": state, "archive_job_id": archive_job_id}
        ):
            yield cast("Job", item)

    def cancel(self, job_id: str) -> None:
        """Cancel a job that has not ended; it writes no rows."""
        self._run(send("DELETE", f"jobs/{job_id}"))

    def revert(self, job_id: str, *, timeout_seconds: float = 600) -> Revert:
        """Take the load of a job back, unless its rows were touched since. Safe to repeat.

        Raises:
            ProblemError: `not-revertible`; its errors name the rows.
            TimeoutError: it is not done after `timeout_seconds`; it goes on.
        """
        return cast("Revert", self._run(operations.revert(job_id, timeout_seconds)))

    def rejects(self, job_id: str) -> Iterator[Reject]:
        """The rejected records of a job, by line."""
        for item in self._pages(f"jobs/{job_id}/rejects", {}):
            yield cast("Reject", item)

    def rejects_csv(self, job_id: str) -> bytes:
        """The rejected records as CSV, to correct and replay."""
        return bytes(self._run(operations.rejects_csv(job_id)))

    def runs(self, job_id: str) -> Iterator[dict[str, Any]]:
        """The runs of a job: every attempt of a step."""
        return self._pages(f"jobs/{job_id}/runs", {})

    def columns(self, job_id: str) -> ComparedColumns:
        """Statistics of the columns of a job's file, beside those of the load before it."""
        path = f"jobs/{job_id}/columns"
        return cast("ComparedColumns", self._run(document("GET", path)))

    def replay(self, job_id: str, rows: Sequence[Mapping[str, Any]] | bytes) -> str:
        """Load corrected rejects as a new job; returns its id.

        `rows` have the `_reject_id` and the corrected columns; or they are the corrected CSV of
        `rejects_csv`. Of an archive, the rejects of all its members.
        """
        return str(self._run(operations.replay(job_id, rows)))

    def datasets(self) -> list[dict[str, Any]]:
        """Every dataset and its columns."""
        return cast("list[dict[str, Any]]", self._run(operations.datasets()))

    def preview(
        self,
        dataset: str,
        records: str | Path | Sequence[Mapping[str, Any]],
        *,
        source: str | None = None,
        delimiter: str | None = None,
        encoding: str | None = None,
    ) -> Preview:
        """The first 20 records of a file or of rows, before and after the rules of the dataset.

        Of a text its first 4 MiB are sent, other files as a whole; nothing is written. With
        `source`, the name of a data source of the dataset, its rules are applied too.
        """
        params = {"source": source, "delimiter": delimiter, "encoding": encoding}
        return cast("Preview", self._run(operations.preview(dataset, records, params)))

    def infer(
        self, file: str | Path, *, name: str | None = None, header: str | None = None
    ) -> dict[str, Any]:
        """A proposed dataset for a file, from its first 4 MiB; `sql` is the file for it.

        Of a larger file that is no text, all is uploaded, and its first records are read.
        `header` is `present` or `absent`, where the first line does not tell.
        """
        flow = operations.infer(Path(file), name or Path(file).name, header)
        return cast("dict[str, Any]", self._run(flow))

    def export(
        self,
        dataset: str,
        *,
        format: str = "csv",  # noqa: A002 - as the API calls it
        formulas: str = "escape",
        timeout_seconds: float = 3600,
    ) -> dict[str, Any]:
        """Export all rows of a dataset, and wait; `files` have URLs for 15 minutes.

        `format` is csv, jsonl, parquet or arrow; with `formulas="keep"` texts of CSV that a
        spreadsheet would run are left as they are.

        Raises:
            TimeoutError: the export has not ended in time.
        """
        params = {"format": format, "formulas": formulas}
        begun = self._run(operations.begin_export(dataset, params))
        flow = operations.wait_export(dataset, begun["export_id"], timeout_seconds)
        return cast("dict[str, Any]", self._run(flow))

    def rows(
        self, dataset: str, values: Mapping[str, str], *, limit: int = 500
    ) -> Iterator[dict[str, Any]]:
        """Rows of a dataset with these values of searchable columns, in pages of `limit`."""
        return self._pages(f"datasets/{dataset}/rows", {**values, "limit": limit})

    def tables(
        self,
        path: str,
        params: Mapping[str, Any],
        *,
        format: str = "arrow",  # noqa: A002 - as the API calls it
        most_pages: int | None = None,
    ) -> list[bytes]:
        """Rows or figures as files of csv, jsonl, parquet or arrow, one for each page.

        `path` is that of a list: `datasets/users/rows`, `analytics/hired/by-quarter`.
        """
        flow = table_pages(path, params, format, most_pages)
        return cast("list[bytes]", self._run(flow))

    def partitions(self, dataset: str) -> list[dict[str, Any]]:
        """The partitions of a dataset that are, were or are being archived, oldest first."""
        return cast("list[dict[str, Any]]", self._run(operations.partitions(dataset)))

    def athena_table(self, dataset: str) -> dict[str, Any] | None:
        """The `statement` that lets Athena read the archived partitions; None if none can be."""
        found = self._run(operations.athena_table(dataset))
        return cast("dict[str, Any] | None", found)

    def restore_partition(
        self, dataset: str, partition: str, *, keep_days: int = 30, timeout_seconds: float = 3600
    ) -> dict[str, Any]:
        """Restore an archived partition such as 2019, and wait. Safe to repeat.

        It is not archived again for `keep_days`. If it could not be restored its `state` is
        ARCHIVED again, and `error` has the reason.

        Raises:
            TimeoutError: it has not ended in time.
        """
        flow = operations.restore_partition(dataset, partition, keep_days, timeout_seconds)
        return cast("dict[str, Any]", self._run(flow))

    def hires_by_quarter(self, year: int, *, min_job: str | None = None) -> Figures:
        """Hires of `year` by department, job and quarter; all pages."""
        params = {"year": year, "min_job": min_job}
        return cast("Figures", self._run(operations.figures("analytics/hired/by-quarter", params)))

    def departments_above_average(
        self, year: int, *, mean_over: str = "hiring", min_job: str | None = None
    ) -> Figures:
        """Departments with more hires in `year` than the mean; all pages."""
        params = {"year": year, "mean_over": mean_over, "min_job": min_job}
        path = "analytics/departments/above-average"
        return cast("Figures", self._run(operations.figures(path, params)))

    def health(self, *, deep: bool = False) -> dict[str, Any]:
        """The health checks, also when one of them fails; `deep` for the database's."""
        return cast("dict[str, Any]", self._run(operations.health(deep=deep)))

    def redrive(self, queue: str | None = None) -> dict[str, int]:
        """Move failed messages back to their queue; returns how many, by queue."""
        return cast("dict[str, int]", self._run(operations.redrive(queue)))

    def redrive_objects(
        self, prefix: str, *, since: str | None = None, until: str | None = None
    ) -> int:
        """Process objects of the landing bucket again; returns how many.

        `since` and `until` bound their modification time, in RFC 3339.
        """
        return int(self._run(operations.redrive_objects(prefix, since, until)))
