"""The messages between the steps: JSON in SQS bodies."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """Base of all messages. Unknown fields are refused, which reveals a mix-up of queues."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ExtractMessage(Message):
    """Queue `extracts`, sources → extract: work on a run of a source."""

    job_id: UUID


class ChunkMessage(Message):
    """Queue `chunks`, plan → load: stage one chunk of a job."""

    job_id: UUID
    chunk: int


class ExportMessage(Message):
    """Queue `chunks`, lookups → load → load: write an export of a dataset, or go on with it."""

    export_id: UUID


class LakeMessage(Message):
    """Queue `chunks`, refresh, lookups, load → load: archive or restore a partition."""

    partition_id: UUID


class MergeMessage(Message):
    """Queue `merges`, load → merge: merge a job; all its chunks should be staged."""

    job_id: UUID


class RevertMessage(Message):
    """Queue `merges`, jobs → merge: take the load of a job back, or the next member's."""

    reverted_job_id: UUID


class ResolvePendingMessage(Message):
    """Queue `merges`, merge → merge: load a job's pending records whose parents have arrived."""

    pending_job_id: UUID
