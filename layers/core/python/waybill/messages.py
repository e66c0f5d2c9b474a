"""The messages that travel between the steps, as JSON in SQS bodies."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """Base: unknown fields are refused, so that a mix-up of queues is seen at once."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ChunkMessage(Message):
    """Queue `chunks`, plan → load: stage one chunk of a job."""

    job_id: UUID
    chunk: int


class MergeMessage(Message):
    """Queue `merges`, load → merge: every chunk of the job is staged, or try again."""

    job_id: UUID


class ResolvePendingMessage(Message):
    """Queue `merges`, merge → merge: take in a job's pending references whose parents came."""

    adopt_job_id: UUID
