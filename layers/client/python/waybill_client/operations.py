"""The operations of the API, as flows of requests."""

import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

from waybill_client.errors import ProblemError, problem_from_response
from waybill_client.flows import Flow, Pause, Request, document, parsed, send, without_none
from waybill_client.models import OPEN_STATES
from waybill_client.rows import Rows
from waybill_client.send import Progress, ignore_progress, read_head, send_file

_PAUSE_SECONDS = 1.0
_LONG_POLL_SECONDS = 20
_CSV = {"Accept": "text/csv"}
_NEEDS_WHOLE = "whole-file-needed"
_BYTES = {"Content-Type": "application/octet-stream"}


def upload(dataset: str, file: Path, progress: Progress, options: Mapping[str, object]) -> Flow:
    """Request an upload, send the file, and complete it; returns the job's id."""
    params = {"filename": _printable(file.name), "size_bytes": file.stat().st_size, **options}
    accepted = yield from document("POST", f"uploads/{dataset}", json=params)
    parts = yield from send_file(accepted, file, progress)
    if parts:
        yield from send("POST", accepted["complete_url"], json={"parts": parts})
    return str(accepted["job_id"])


def _printable(name: str) -> str:
    """The name without characters that the service refuses: control characters, broken UTF-8."""
    return "".join(char if char.isprintable() else "_" for char in name)


def job(job_id: str, wait_seconds: int = 0) -> Flow:
    """A job; the response waits for its end for at most so many seconds."""
    params = {"wait": wait_seconds} if wait_seconds else {}
    return (yield from document("GET", f"jobs/{job_id}", params=params))


def wait(job_id: str, timeout_seconds: float) -> Flow:
    """Wait until the job has ended, and return it.

    Raises:
        TimeoutError: it has not ended in time.
    """
    deadline = time.monotonic() + timeout_seconds
    while True:
        started = time.monotonic()
        left = int(deadline - started)
        found = yield from job(job_id, max(1, min(_LONG_POLL_SECONDS, left)))
        if found["state"] not in OPEN_STATES:
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"job {job_id} is {found['state']} after {timeout_seconds:g} s")
        # The server responds at once while too many requests wait.
        yield Pause(max(0.0, _PAUSE_SECONDS - (time.monotonic() - started)))


def page(path: str, params: Mapping[str, Any], cursor: str | None) -> Flow:
    """A page of a list."""
    return (yield from document("GET", path, params=without_none({**params, "cursor": cursor})))


def rejects_csv(job_id: str) -> Flow:
    """The rejected records as CSV; many are downloaded from the storage."""
    response = yield from send("GET", f"jobs/{job_id}/rejects", headers=_CSV)
    if response.status_code == HTTPStatus.SEE_OTHER:
        response = yield Request("GET", response.headers["Location"], to_storage=True)
        if response.is_error:
            raise problem_from_response(response)
    return response.content


def replay(job_id: str, rows: Sequence[Mapping[str, Any]] | bytes) -> Flow:
    """Load corrected rejects: rows with their `_reject_id`, or the corrected CSV."""
    path = f"jobs/{job_id}/replay"
    if isinstance(rows, bytes):
        sent = document("POST", path, content=rows, headers={"Content-Type": "text/csv"})
    else:
        sent = document("POST", path, json={"rows": [dict(row) for row in rows]})
    return str((yield from sent)["job_id"])


def infer(file: Path, name: str, header: str | None) -> Flow:
    """A proposed dataset for a file, from its beginning; uploaded where that is not enough."""
    head, whole = read_head(file)
    params = without_none({"name": name, "header": header})
    sent = {**params, "whole": str(whole).lower()}
    try:
        return (
            yield from document("POST", "datasets/infer", params=sent, content=head, headers=_BYTES)
        )
    except ProblemError as error:
        # Parquet, Arrow, Excel and archives have no beginning that can be read alone. What cannot
        # be read at all is not uploaded.
        if whole or error.code != _NEEDS_WHOLE:
            raise
    sample = yield from upload_sample(file)
    return (yield from document("POST", "datasets/infer", params={**params, "sample_id": sample}))


def upload_sample(file: Path) -> Flow:
    """Upload a file that is only looked at; returns its id."""
    size = {"size_bytes": file.stat().st_size}
    form = yield from document("POST", "samples", json=size)
    yield from send_file(form, file, ignore_progress)
    return str(form["sample_id"])


def preview(
    dataset: str,
    records: str | Path | Sequence[Mapping[str, Any]],
    params: Mapping[str, str | None],
) -> Flow:
    """The first records of a file or of rows, before and after the rules of a dataset."""
    path = f"datasets/{quote(dataset)}/preview"
    if isinstance(records, (str, Path)):
        return (yield from _preview_file(path, Path(records), without_none(params)))
    body = {"rows": [dict(row) for row in records]}
    return (yield from document("POST", path, params=without_none(params), json=body))


def _preview_file(path: str, file: Path, params: Mapping[str, str]) -> Flow:
    head, whole = read_head(file)
    sent = {**params, "whole": str(whole).lower()}
    try:
        return (yield from document("POST", path, params=sent, content=head, headers=_BYTES))
    except ProblemError as error:
        # Parquet, Arrow and Excel have no beginning that can be read alone. An archive, of which
        # nothing is shown, is not uploaded.
        if whole or error.code != _NEEDS_WHOLE:
            raise
    sample = yield from upload_sample(file)
    return (yield from document("POST", path, params={**params, "sample_id": sample}))


def revert(job_id: str, timeout_seconds: float) -> Flow:
    """Take a load back; returns the waybill of the revert.

    Raises:
        ProblemError: `not-revertible`.
        TimeoutError: it is not done in time; it goes on.
    """
    found = yield from document("POST", f"jobs/{job_id}/revert")
    if found["state"] != "REVERTED":
        found = yield from wait(job_id, timeout_seconds)
    if problem := found.get("revert_error"):
        raise ProblemError(HTTPStatus.CONFLICT, problem)
    return found["revert"]


def begin_export(dataset: str, params: Mapping[str, object]) -> Flow:
    """Begin an export of a dataset."""
    return (yield from document("POST", f"datasets/{dataset}/exports", json=dict(params)))


def wait_export(dataset: str, export_id: str, timeout_seconds: float) -> Flow:
    """Wait until the export has ended, and return it.

    Raises:
        TimeoutError: it has not ended in time.
    """
    deadline = time.monotonic() + timeout_seconds
    while True:
        found = yield from document("GET", f"datasets/{dataset}/exports/{export_id}")
        if found["state"] in ("COMPLETED", "FAILED"):
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(
                f"export {export_id} is {found['state']} after {timeout_seconds:g} s"
            )
        yield Pause(_PAUSE_SECONDS)


def restore_partition(dataset: str, partition: str, keep_days: int, timeout_seconds: float) -> Flow:
    """Restore an archived partition, wait until it is done, and return it.

    Raises:
        TimeoutError: it has not ended in time.
    """
    path = f"datasets/{quote(dataset)}/partitions"
    params = {"keep_days": keep_days}
    found = yield from document("POST", f"{path}/{quote(partition, safe='')}/restore", json=params)
    deadline = time.monotonic() + timeout_seconds
    while found["state"] == "RESTORING":
        if time.monotonic() > deadline:
            raise TimeoutError(f"{dataset} {partition} is RESTORING after {timeout_seconds:g} s")
        yield Pause(_PAUSE_SECONDS)
        items = (yield from document("GET", path))["items"]
        found = next(item for item in items if item["partition"] == partition)
    return found


def partitions(dataset: str) -> Flow:
    """The partitions of a dataset that are, were or are being archived."""
    return list((yield from document("GET", f"datasets/{quote(dataset)}/partitions"))["items"])


def athena_table(dataset: str) -> Flow:
    """The table with which Athena reads the archived partitions; None if there are none."""
    return (yield from document("GET", f"datasets/{quote(dataset)}/partitions"))["athena"]


def datasets() -> Flow:
    """Every dataset and its columns."""
    return list((yield from document("GET", "datasets"))["items"])


def figures(path: str, params: Mapping[str, Any]) -> Flow:
    """Figures of the analytics; all pages."""
    first = yield from document("GET", path, params=without_none(params))
    items, cursor = Rows(first["items"]), first["next_cursor"]
    while cursor:
        following = {"year": params["year"], "cursor": cursor}
        one = yield from document("GET", path, params=following)
        items.extend(one["items"])
        cursor = one["next_cursor"]
    return {**first, "items": items, "next_cursor": None}


def health(*, deep: bool) -> Flow:
    """The health checks, also when one of them fails."""
    response = yield Request("GET", "health/deep" if deep else "health")
    return parsed(response)


def redrive(queue: str | None) -> Flow:
    """Move failed messages back to their queue; returns how many, by queue."""
    params = {"queue": queue} if queue else {}
    sent: dict[str, int] = {}
    while True:
        queues = (yield from document("POST", "admin/redrive", json=params))["queues"]
        for name, one in queues.items():
            sent[name] = sent.get(name, 0) + int(one["sent"])
        # Stop when a round moves nothing: messages may fail again meanwhile.
        if not any(one["sent"] and one["left"] for one in queues.values()):
            return sent


def redrive_objects(prefix: str, since: str | None, until: str | None) -> Flow:
    """Process objects of the landing bucket again; returns how many."""
    params = without_none({"prefix": prefix, "since": since, "until": until})
    sent = 0
    while True:
        one = yield from document("POST", "admin/redrive/objects", json=params)
        sent += int(one["sent"])
        if not one["next_cursor"]:
            return sent
        params["cursor"] = one["next_cursor"]
