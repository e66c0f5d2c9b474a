"""The typed client of the API."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import httpx

from waybill_client.problems import UnreachableError, problem_of
from waybill_client.send import Progress, quiet, send_file
from waybill_client.shapes import UNDER_WAY, Figures, Job, Page, Reject

_LONG_POLL_SECONDS = 20
_BUSY = (429, 503)
_TIMEOUT = httpx.Timeout(60, connect=10)


class Waybill:
    """A Waybill API at `api`, the base address with its stage.

    Raises, from every method: `ProblemError` when the API refuses, `UnreachableError` when
    nothing answers.
    """

    def __init__(
        self, api: str, *, token: str | None = None, transport: httpx.BaseTransport | None = None
    ) -> None:
        headers = {"Authorization": token} if token else {}
        self._http = httpx.Client(
            base_url=api.rstrip("/") + "/",
            headers=headers,
            timeout=_TIMEOUT,
            transport=transport,
        )
        # Presigned addresses carry their own right; the API's token is none of their business.
        self._storage = httpx.Client(timeout=_TIMEOUT, transport=transport)

    def __enter__(self) -> Self:
        """Keep connections open for the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close them."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
        self._storage.close()

    def upload(
        self, dataset: str, file: Path, *, progress: Progress = quiet, **options: str | bool
    ) -> str:
        """Upload `file` for `dataset`; gives the job's id. `progress` is told bytes sent.

        `options` go to the API as they are: `delimiter`, `sha256`, `multipart`.
        """
        asked = {"filename": file.name, "size_bytes": file.stat().st_size, **options}
        accepted = self._ask("POST", f"uploads/{dataset}", json=asked).json()
        parts = send_file(self._storage, accepted, file, progress)
        if parts:
            self._ask("POST", accepted["complete_url"], json={"parts": parts})
        return str(accepted["job_id"])

    def job(self, job_id: str, *, wait_seconds: int = 0) -> Job:
        """A job; with `wait_seconds` (≤ 25) as it is when it ended or they are over."""
        wait = {"wait": wait_seconds} if wait_seconds else {}
        return cast("Job", self._ask("GET", f"jobs/{job_id}", params=wait).json())

    def wait(self, job_id: str, *, patience_seconds: float = 600) -> Job:
        """The job once it has ended.

        Raises:
            TimeoutError: it has not, in that time.
        """
        deadline = time.monotonic() + patience_seconds
        while True:
            left = int(deadline - time.monotonic())
            job = self.job(job_id, wait_seconds=max(1, min(_LONG_POLL_SECONDS, left)))
            if job["state"] not in UNDER_WAY:
                return job
            if time.monotonic() > deadline:
                raise TimeoutError(f"job {job_id} is {job['state']} after {patience_seconds:g} s")

    def jobs(self, *, dataset: str | None = None, state: str | None = None) -> Iterator[Job]:
        """Jobs, newest first."""
        for item in self._pages("jobs", {"dataset": dataset, "state": state}):
            yield cast("Job", item)

    def cancel(self, job_id: str) -> None:
        """Cancel a job that has not ended: it leaves no rows."""
        self._ask("DELETE", f"jobs/{job_id}")

    def rejects(self, job_id: str) -> Iterator[Reject]:
        """The records of a job that were refused, by line."""
        for item in self._pages(f"jobs/{job_id}/rejects", {}):
            yield cast("Reject", item)

    def rejects_csv(self, job_id: str) -> bytes:
        """The refused records as CSV, to correct and replay."""
        answer = self._ask("GET", f"jobs/{job_id}/rejects", headers={"Accept": "text/csv"})
        if answer.status_code == httpx.codes.SEE_OTHER:
            answer = self._storage.get(answer.headers["Location"])
        return answer.content

    def datasets(self) -> list[dict[str, Any]]:
        """Every dataset and its columns."""
        return list(self._ask("GET", "datasets").json()["items"])

    def hires_by_quarter(self, year: int, *, min_job: str | None = None) -> Figures:
        """Hires of `year` by department, job and quarter; all pages in one."""
        return self._figures("analytics/hired/by-quarter", {"year": year, "min_job": min_job})

    def departments_above_average(
        self, year: int, *, mean_over: str = "hiring", min_job: str | None = None
    ) -> Figures:
        """Departments that hired more in `year` than the mean; all pages in one."""
        asked = {"year": year, "mean_over": mean_over, "min_job": min_job}
        return self._figures("analytics/departments/above-average", asked)

    def health(self) -> dict[str, Any]:
        """What the API says of its own health, also when it is down."""
        answer = self._send("GET", "health")
        return cast("dict[str, Any]", answer.json())

    def redrive(self, queue: str | None = None) -> dict[str, int]:
        """Put failed messages back into their queue, or all queues; how many, by queue."""
        asked = {"queue": queue} if queue else {}
        sent: dict[str, int] = {}
        while True:
            found = self._ask("POST", "admin/redrive", json=asked).json()["queues"]
            for name, one in found.items():
                sent[name] = sent.get(name, 0) + int(one["sent"])
            # What fails again while this goes on is left where it falls.
            if not any(one["sent"] and one["left"] for one in found.values()):
                return sent

    def redrive_objects(
        self, prefix: str, *, since: str | None = None, until: str | None = None
    ) -> int:
        """Have objects of the landing bucket looked at again; how many.

        `since` and `until` are RFC 3339 times of their writing.
        """
        asked = _given({"prefix": prefix, "since": since, "until": until})
        sent = 0
        while True:
            found = self._ask("POST", "admin/redrive/objects", json=asked).json()
            sent += int(found["sent"])
            if not found["next_cursor"]:
                return sent
            asked["cursor"] = found["next_cursor"]

    def _figures(self, path: str, asked: dict[str, Any]) -> Figures:
        first = cast("Figures", self._ask("GET", path, params=_given(asked)).json())
        cursor = first["next_cursor"]
        while cursor:
            page = self._ask("GET", path, params={"year": asked["year"], "cursor": cursor}).json()
            first["items"].extend(page["items"])
            cursor = page["next_cursor"]
        first["next_cursor"] = None
        return first

    def _pages(self, path: str, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
        cursor: str | None = None
        while True:
            params = _given({**asked, "cursor": cursor})
            page = cast("Page", self._ask("GET", path, params=params).json())
            yield from page["items"]
            cursor = page["next_cursor"]
            if not cursor:
                return

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own options
        answer = self._send(method, path, **more)
        for _ in range(5):
            # "Come back later" is an answer to wait for; nothing was done yet.
            if answer.status_code not in _BUSY:
                break
            time.sleep(min(10.0, float(answer.headers.get("Retry-After", "1"))))
            answer = self._send(method, path, **more)
        if answer.is_error:
            raise problem_of(answer)
        return answer

    def _send(self, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401 - as above
        try:
            return self._http.request(method, path, **more)
        except httpx.TransportError as error:
            where = f"{self._http.base_url}: {error}"
            raise UnreachableError(f"The API cannot be reached at {where}") from error


def _given(asked: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in asked.items() if value is not None}
