"""What a loader claims: a chunk to stage, or a range to survey."""

from pydantic import BaseModel, ConfigDict

from waybill.contract.model import Contract
from waybill.landing.object_ref import ObjectRef
from waybill.records.layout import Layout


class _Claimed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    bucket: str
    key: str
    version_id: str | None
    etag: str
    size_bytes: int
    byte_from: int
    byte_to: int
    layout: Layout

    @property
    def object(self) -> ObjectRef:
        """The object, pinned to its version and content."""
        return ObjectRef(self.bucket, self.key, self.version_id, self.etag, self.size_bytes)


class RangeClaim(_Claimed):
    """A range that is to be surveyed. Nothing is held: to survey it twice does no harm."""

    first_line: int | None
    """None if the first record may begin behind the first byte."""


class Claim(_Claimed):
    """A chunk that this loader holds: what to read, how, and where it goes."""

    first_line: int
    text_from: int | None = None
    """Of a stream: the first byte of its text that is this slice's; None for the beginning."""
    text_to: int | None = None
    """None for the end."""
    contract: Contract
    stage_schema: str
    stage_table: str
    keeps_rejects: bool = True
    """False when the chunk is staged once more: its rejects are there already."""
    unblocked: tuple[int, ...] | None = None
    """Chunks that its survey has settled, and that may not have been sent."""
