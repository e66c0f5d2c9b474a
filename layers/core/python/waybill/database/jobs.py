"""Jobs: registered, listed, cancelled, failed."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from waybill.contract.model import Contract
from waybill.database.json_parameters import jsonb
from waybill.database.repository import Repository
from waybill.states import JobState

Document = dict[str, Any]


class ObjectVersion(NamedTuple):
    """A version of an object in the landing bucket, and when it landed."""

    bucket: str
    key: str
    version_id: str | None
    etag: str
    size_bytes: int
    landed_at: datetime
    sequencer: str = ""
    """S3's order of the writes to one key; empty when the event had none."""


class Registration(NamedTuple):
    """What is registered with a file: its dataset, its name, and the client's options."""

    dataset: str
    filename: str
    options: Mapping[str, object]


class RegisteredObject(NamedTuple):
    """The job of an object's version."""

    job_id: UUID
    state: str
    is_new: bool
    archive_job_id: UUID | None = None
    """The job of the archive that the object was in."""


class ArchivePlace(NamedTuple):
    """What a job has to do with archives."""

    is_archive: bool
    member: str | None
    """The name of the file in its archive; None if it was in none."""


class JobFilter(NamedTuple):
    """Which jobs are listed; None for all."""

    dataset: str | None = None
    state: str | None = None
    datasets: Collection[str] | None = None
    archive: UUID | None = None
    """The archive whose members are listed."""


class ListedJob(NamedTuple):
    """A job as the API shows it."""

    job_id: UUID
    document: Document


class Jobs(Repository):
    """The ledger's jobs."""

    def contract_of(self, job_id: UUID) -> Contract:
        """The contract that the job would be loaded with now, with the rules of its source.

        Raises:
            Rejected: `unknown-job`.
        """
        return self._value(Contract.model_validate, "contract_of_job", p_job=job_id)

    def register_ticket(
        self,
        job_id: UUID,
        file: Registration,
        *,
        size_bytes: int,
        created_at: datetime,
        expires_at: datetime,
    ) -> JobState:
        """Create the job of a requested upload, unless it exists; the job's state."""
        return self._value(
            JobState,
            "register_ticket",
            p_job=job_id,
            p_dataset=file.dataset,
            p_filename=file.filename,
            p_size_bytes=size_bytes,
            p_options=jsonb(file.options),
            p_created_at=created_at,
            p_expires_at=expires_at,
        )

    def register_object(
        self, found: ObjectVersion, file: Registration, *, given_job: UUID | None, fresh_job: UUID
    ) -> RegisteredObject:
        """Register an object's version once, however often its event is delivered.

        Args:
            found: the version.
            file: what comes with it.
            given_job: the job that its key names.
            fresh_job: the id of its job when its key names none, or one that has an object.
        """
        registered = self._row(
            RegisteredObject,
            "register_object",
            p_given_job=given_job,
            p_fresh_job=fresh_job,
            p_dataset=file.dataset,
            p_bucket=found.bucket,
            p_key=found.key,
            p_version=found.version_id,
            p_etag=found.etag,
            p_size_bytes=found.size_bytes,
            p_filename=file.filename,
            p_landed_at=found.landed_at,
            p_options=jsonb(file.options),
            p_sequencer=found.sequencer,
        )
        assert registered is not None  # noqa: S101 - the routine returns one row
        return registered

    def fail(self, job_id: UUID, problem: Mapping[str, object]) -> JobState:
        """End the job FAILED with its reason; the state that it has then.

        Raises:
            Rejected: `unknown-job`.
        """
        return self._value(JobState, "fail_job", p_job=job_id, p_problem=jsonb(problem))

    def cancel(self, job_id: UUID, ticket: Mapping[str, object] | None = None) -> JobState:
        """Cancel the job unless it has ended; the state that it has then.

        Args:
            job_id: the job.
            ticket: of an upload whose file has not arrived (`dataset`, `filename`,
                `size_bytes`), so that one that comes later is ignored.

        Raises:
            Rejected: `unknown-job`.
            Busy: its merge is committing.
        """
        given = None if ticket is None else jsonb(ticket)
        return self._value(JobState, "cancel_job", p_job=job_id, p_ticket=given)

    def get(self, job_id: UUID) -> Document | None:
        """The job as the API shows it."""
        document: Document | None = self._select_value("jobs.get_job", job_id=job_id)
        return document

    def archive_place(self, job_id: UUID) -> ArchivePlace | None:
        """Whether the job is an archive, or the file of one; None without a job."""
        return next(iter(self._select(ArchivePlace, "jobs.get_archive_place", job_id=job_id)), None)

    def compare_columns(self, job_id: UUID) -> Document | None:
        """The job's columns beside those of the load before it; None without a job."""
        return self._optional(dict, "compare_columns", p_job=job_id)

    def list_page(self, jobs: JobFilter, *, before: UUID | None, limit: int) -> list[ListedJob]:
        """Jobs, newest first, made before the job `before`."""
        return self._select(
            ListedJob,
            "jobs.list_jobs",
            dataset=jobs.dataset,
            datasets=None if jobs.datasets is None else list(jobs.datasets),
            state=jobs.state,
            archive=jobs.archive,
            before=before,
            rows=limit,
        )

    def request_revert(self, job_id: UUID) -> JobState:
        """Request that the load of the job is taken back; the job's state then.

        Raises:
            Conflict: `not-revertible`, whatever its rows are.
            Busy: a step is working on the job.
        """
        return self._value(JobState, "request_revert", p_job=job_id)

    def dataset_of(self, job_id: UUID) -> str | None:
        """The dataset that the job belongs to; None without a job."""
        dataset: str | None = self._select_value("jobs.get_dataset", job_id=job_id)
        return dataset

    def creator_of(self, job_id: UUID) -> str | None:
        """Who made the job; None for an object put into the bucket, and without a job."""
        creator: str | None = self._select_value("jobs.get_creator", job_id=job_id)
        return creator

    def state_of(self, job_id: UUID) -> JobState | None:
        """The job's state; None without a job."""
        state = self._select_value("jobs.get_state", job_id=job_id)
        return None if state is None else JobState(state)
