"""Send a small file to the running stack, and follow its job."""

import time
from pathlib import Path
from typing import Any, cast

import httpx

from infra.local.clients import Clients
from infra.local.status import Status
from waybill_client import Waybill
from waybill_client.errors import ProblemError
from waybill_client.models import Figures, Job

_PATIENCE_SECONDS = 180
CLASSES = (
    "inserted",
    "updated",
    "unchanged",
    "superseded",
    "filtered",
    "rejected",
    "pending_reference",
)


def load(
    waybill: Waybill,
    folder: Path,
    dataset: str,
    content: str | bytes,
    **options: Any,
) -> Job:
    """Upload `content` as a file of `dataset`; gives the job as it ended, its numbers checked."""
    file = folder / f"{dataset}.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return ended(waybill, waybill.upload(dataset, file, **options))


def ended(waybill: Waybill, job_id: str) -> Job:
    """The job once it has ended; what it has read is accounted for."""
    job = waybill.wait(job_id, timeout_seconds=_PATIENCE_SECONDS)
    counts = cast("dict[str, int] | None", job.get("waybill"))
    if counts:
        assert counts["read"] == sum(counts[name] for name in CLASSES)
    return job


def figures(waybill: Waybill, year: int, job: Job | str) -> Figures:
    """Hires by quarter that include the job; asked again where the machine is too busy for it."""
    job_id = job if isinstance(job, str) else job["job_id"]
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return waybill.hires_by_quarter(year, min_job=job_id)
        except ProblemError as error:
            if error.code != "not-fresh-yet" or time.monotonic() > deadline:
                raise


def counted(job: Job) -> dict[str, int]:
    """What the waybill has counted, without the zeros."""
    assert "waybill" in job, job.get("error")
    counts = cast("dict[str, int]", job["waybill"])
    return {name: counts[name] for name in ("read", *CLASSES) if counts[name]}


def problem(job: Job) -> str:
    """The last part of the type of the problem that the job failed with."""
    assert job["state"] == "FAILED", job
    return str(job["error"]["type"]).rsplit("/", 1)[-1]


def put(aws: Clients, stack: Status, key: str, content: str) -> dict[str, Any]:
    """Write an object into the landing bucket, without asking the API."""
    response = aws("s3").put_object(Bucket=stack.landing_bucket, Key=key, Body=content.encode())
    return cast("dict[str, Any]", response)


def jobs_of(waybill: Waybill, key: str, count: int = 1) -> list[Job]:
    """The jobs of the objects under `key`, newest first, once there are `count` of them."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    dataset = key.split("/")[1]
    while time.monotonic() < deadline:
        found = [job for job in waybill.jobs(dataset=dataset) if job["source"]["key"] == key]
        if len(found) >= count:
            return [ended(waybill, job["job_id"]) for job in found]
        time.sleep(0.1)
    raise TimeoutError(f"no {count} jobs of {key}")


def accept(http: httpx.Client, dataset: str, content: bytes, **more: str | bool) -> dict[str, Any]:
    """Ask the API for a presigned upload of `content`."""
    request = {"filename": "file.csv", "size_bytes": len(content), **more}
    response = http.post(f"/uploads/{dataset}", json=request)
    assert response.status_code == httpx.codes.CREATED, response.text
    return cast("dict[str, Any]", response.json())


def post_form(accepted: dict[str, Any], content: bytes, **fields: str) -> httpx.Response:
    """Send `content` with the form; `fields` override its fields."""
    form = {**accepted["fields"], **fields}
    return httpx.post(accepted["url"], data=form, files={"file": ("file.csv", content)})
