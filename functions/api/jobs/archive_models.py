"""Archives in the documents of jobs."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from functions.api.jobs.job_state import State
from waybill.archives.members import ArchiveFormat


class _Document(BaseModel):
    model_config = ConfigDict(extra="allow")


class Archive(_Document):
    """What is in an archive. The counts of its waybill are the sums of its members'."""

    format: ArchiveFormat
    members: int
    left_out: int = Field(description="Folders, links and files of the system.")
    states: dict[str, int] = Field(description="The number of members by the state of their jobs.")


class ArchiveMember(_Document):
    """A file in an archive, and its job."""

    position: int
    name: str
    size_bytes: int
    job_id: UUID
    state: State | None = Field(description="Null until the member is unpacked.")
    read: int | None
    rejected: int | None
