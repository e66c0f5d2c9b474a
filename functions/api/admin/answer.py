"""What an administrator is told."""

from pydantic import BaseModel, Field


class QueueRedriven(BaseModel):
    """What became of the failed messages of one queue."""

    sent: int = Field(description="Messages that were put back into the queue.")
    left: int = Field(description="About how many still lie in its dead-letter queue.")


class Redriven(BaseModel):
    """By queue."""

    queues: dict[str, QueueRedriven]


class ObjectsRedriven(BaseModel):
    """How many objects were announced again; there is more when `next_cursor` is not null."""

    sent: int
    next_cursor: str | None
