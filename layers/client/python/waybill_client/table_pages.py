"""Lists of the API as files: CSV, JSON Lines, Parquet and Arrow."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from waybill_client.errors import ClientError
from waybill_client.flows import Flow, send, without_none

FORMATS = ("csv", "jsonl", "parquet", "arrow")
_SUFFIXES = {"ndjson": "jsonl", "feather": "arrow"}
# The gateway sends bytes only if the first type is one of them.
_ACCEPT = {
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.file",
}


def format_of(filename: str) -> str:
    """The format that a file's name ends with."""
    suffix = filename.rpartition(".")[2].lower()
    return _SUFFIXES.get(suffix, suffix)


def table_pages(
    path: str, params: Mapping[str, Any], file_format: str, most_pages: int | None = None
) -> Flow:
    """The pages of a list, each as a file of the format.

    Raises:
        ClientError: there is no such format.
    """
    if file_format not in FORMATS:
        raise ClientError(f"The format is one of {', '.join(FORMATS)}.")
    headers = {"Accept": _ACCEPT.get(file_format, "*/*")}
    query = without_none({**params, "format": file_format})
    pages: list[bytes] = []
    while True:
        response = yield from send("GET", path, params=query, headers=headers)
        pages.append(response.content)
        following = response.links.get("next", {}).get("url")
        if following is None or len(pages) == most_pages:
            return pages
        query["cursor"] = httpx.URL(following).params["cursor"]
        # Only the first page waits for a job.
        query.pop("min_job", None)


def joined(pages: Sequence[bytes], file_format: str) -> bytes:
    """Pages of CSV or JSON Lines as one file."""
    if file_format != "csv":
        return b"".join(pages)
    return b"".join(page[header_end(page) or 0 :] if at else page for at, page in enumerate(pages))


def header_end(data: bytes | bytearray) -> int | None:
    """Where the first record of CSV ends; None if it is not complete. Quotes may have line ends."""
    at = -1
    while (at := data.find(b"\r\n", at + 1)) >= 0:
        if data.count(b'"', 0, at) % 2 == 0:
            return at + 2
    return None
