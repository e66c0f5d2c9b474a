"""Rejects as CSV: to be corrected in a spreadsheet and sent again."""

import io
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from boto3.s3.transfer import TransferConfig

from functions.api.jobs.deps import Store
from functions.api.jobs.list_rejects import Reject, all_rejects
from waybill.clients import storage_reached
from waybill.errors import TooLarge
from waybill.http.csv_text import csv_lines
from waybill.http.media import CSV

if TYPE_CHECKING:
    from typing_extensions import Buffer

# A function's answer holds 6 MB; text that JSON has to escape grows on its way to the gateway.
INLINE_BYTES = 4_000_000
_PREFIX = "exports/"
_ADDRESS_SECONDS = 900
_OWN = ("_reject_id", "_line", "_column", "_reason")
_IN_ORDER = TransferConfig(use_threads=False, multipart_chunksize=8 * 1024**2)


class Export(NamedTuple):
    """The CSV itself, or where it can be had when it is too large for an answer."""

    text: str | None
    address: str | None


def csv_page(rejects: Iterable[Reject], columns: Iterable[str], *, header: bool) -> str:
    """The rejects as CSV lines: our four columns, then the dataset's own."""
    names = list(columns)
    rows: list[list[object]] = [[*_OWN, *names]] if header else []
    rows.extend(_row(reject, names) for reject in rejects)
    return csv_lines(rows)


def _row(reject: Reject, names: list[str]) -> list[object]:
    columns = dict.fromkeys(str(error["column"]) for error in reject.errors if error.get("column"))
    reason = "; ".join(str(error["message"]) for error in reject.errors)
    values = reject.values or {}
    if not values:
        # Nothing could be made of the record: its text is all there is to correct it from.
        reason = f"{reason} | {reject.text()}"
    own: list[object] = [str(reject.reject_id), reject.line, "; ".join(columns), reason]
    return [*own, *(values.get(name) for name in names)]


def export_rejects(store: Store, job_id: UUID, columns: list[str], seconds: float) -> Export:
    """All rejects of the job as CSV, in the answer or, past 4 MB, in the state bucket.

    Raises:
        TooLarge: `too-many-rejects`, they could not be written in `seconds`.
        Unavailable: the database or S3 cannot be reached.
    """
    blocks = _blocks(store, job_id, columns, time.monotonic() + seconds)
    start = bytearray()
    for block in blocks:
        start += block
        if len(start) > INLINE_BYTES:
            return Export(None, _store(store, job_id, bytes(start), blocks))
    return Export(start.decode(), None)


def _blocks(store: Store, job_id: UUID, columns: list[str], deadline: float) -> Iterator[bytes]:
    header = True
    for rejects in all_rejects(store, job_id):
        if time.monotonic() > deadline:
            detail = "There are too many for one answer; page with limit and cursor."
            raise TooLarge("too-many-rejects", detail)
        yield csv_page(rejects, columns, header=header).encode()
        header = False


def _store(store: Store, job_id: UUID, start: bytes, rest: Iterator[bytes]) -> str:
    bucket, key = store.settings.state_bucket, f"{_PREFIX}{job_id}.csv"
    with storage_reached():
        store.s3.upload_fileobj(
            io.BufferedReader(_Stream(start, rest)),
            bucket,
            key,
            ExtraArgs={"ContentType": CSV},
            Config=_IN_ORDER,
        )
    attachment = f'attachment; filename="rejects-{job_id}.csv"'
    return store.s3.generate_presigned_url(
        "get_object",
        Params={"Bucket": bucket, "Key": key, "ResponseContentDisposition": attachment},
        ExpiresIn=_ADDRESS_SECONDS,
    )


class _Stream(io.RawIOBase):
    """Blocks as a file that can be read once, so that nothing is ever held whole."""

    def __init__(self, start: bytes, rest: Iterator[bytes]) -> None:
        self._left = memoryview(start)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "Buffer") -> int:
        target = memoryview(buffer)
        while not self._left:
            block = next(self._rest, None)
            if block is None:
                return 0
            self._left = memoryview(block)
        count = min(len(target), len(self._left))
        target[:count] = self._left[:count]
        self._left = self._left[count:]
        return count
