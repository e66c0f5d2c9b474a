"""The typed client of the API."""

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import httpx

from waybill_client.bearer_auth import BearerAuth, Token
from waybill_client.errors import UnreachableError, problem_from_response
from waybill_client.models import OPEN_STATES, Figures, Job, Page, Reject
from waybill_client.send import Progress, ignore_progress, send_file

_PAUSE_SECONDS = 1.0
_LONG_POLL_SECONDS = 20
_BUSY = (429, 503)
_TIMEOUT = httpx.Timeout(60, connect=10)


class Waybill:
    """The API at `api`, its base URL with the stage.

    Every method raises `ProblemError` for an error response and `UnreachableError` when there
    is no response.
    """

    def __init__(
        self,
        api: str,
        *,
        token: Token | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Create a client; a `token` that is a function is called before every request."""
        self._http = httpx.Client(
            base_url=api.rstrip("/") + "/",
            auth=BearerAuth(token) if token else None,
            timeout=_TIMEOUT,
            transport=transport,
        )
        # Presigned URLs are authorized by themselves: the API's token is not sent to them.
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
        self,
        dataset: str,
        file: Path,
        *,
        progress: Progress = ignore_progress,
        **options: str | bool,
    ) -> str:
        """Upload `file` for `dataset` and return the job's id.

        `progress` is called with the number of bytes sent since the last call. `options` are
        fields of the request: `delimiter`, `encoding`, `dry_run`, `sha256`, `multipart`.
        """
        params = {"filename": file.name, "size_bytes": file.stat().st_size, **options}
        accepted = self._request("POST", f"uploads/{dataset}", json=params).json()
        parts = send_file(self._storage, accepted, file, progress)
        if parts:
            self._request("POST", accepted["complete_url"], json={"parts": parts})
        return str(accepted["job_id"])

    def job(self, job_id: str, *, wait_seconds: int = 0) -> Job:
        """A job; with `wait_seconds` (at most 25) the response waits until it has ended."""
        wait = {"wait": wait_seconds} if wait_seconds else {}
        return cast("Job", self._request("GET", f"jobs/{job_id}", params=wait).json())

    def wait(self, job_id: str, *, timeout_seconds: float = 600) -> Job:
        """Wait until the job has ended, and return it.

        Raises:
            TimeoutError: it has not ended after `timeout_seconds`.
        """
        deadline = time.monotonic() + timeout_seconds
        while True:
            started = time.monotonic()
            left = int(deadline - started)
            job = self.job(job_id, wait_seconds=max(1, min(_LONG_POLL_SECONDS, left)))
            if job["state"] not in OPEN_STATES:
                return job
            if time.monotonic() > deadline:
                raise TimeoutError(f"job {job_id} is {job['state']} after {timeout_seconds:g} s")
            # The server responds at once while too many requests wait.
            time.sleep(max(0.0, _PAUSE_SECONDS - (time.monotonic() - started)))

    def jobs(self, *, dataset: str | None = None, state: str | None = None) -> Iterator[Job]:
        """Jobs, newest first."""
        for item in self._pages("jobs", {"dataset": dataset, "state": state}):
            yield cast("Job", item)

    def cancel(self, job_id: str) -> None:
        """Cancel a job that has not ended; it writes no rows."""
        self._request("DELETE", f"jobs/{job_id}")

    def rejects(self, job_id: str) -> Iterator[Reject]:
        """The rejected records of a job, by line."""
        for item in self._pages(f"jobs/{job_id}/rejects", {}):
            yield cast("Reject", item)

    def rejects_csv(self, job_id: str) -> bytes:
        """The rejected records as CSV, to correct and replay."""
        response = self._request("GET", f"jobs/{job_id}/rejects", headers={"Accept": "text/csv"})
        if response.status_code == httpx.codes.SEE_OTHER:
            response = self._storage.get(response.headers["Location"])
        return response.content

    def runs(self, job_id: str) -> Iterator[dict[str, Any]]:
        """The runs of a job, every attempt of a step: step, number, start, end and outcome."""
        return self._pages(f"jobs/{job_id}/runs", {})

    def replay(self, job_id: str, rows: Sequence[Mapping[str, Any]]) -> str:
        """Load corrected rejects as a new job; returns its id.

        Each row has the `_reject_id` and the corrected columns.
        """
        body = {"rows": [dict(row) for row in rows]}
        return str(self._request("POST", f"jobs/{job_id}/replay", json=body).json()["job_id"])

    def replay_csv(self, job_id: str, content: bytes) -> str:
        """The same with the corrected CSV of `rejects_csv`."""
        response = self._request(
            "POST", f"jobs/{job_id}/replay", content=content, headers={"Content-Type": "text/csv"}
        )
        return str(response.json()["job_id"])

    def datasets(self) -> list[dict[str, Any]]:
        """Every dataset and its columns."""
        return list(self._request("GET", "datasets").json()["items"])

    def hires_by_quarter(self, year: int, *, min_job: str | None = None) -> Figures:
        """Hires of `year` by department, job and quarter; all pages."""
        return self._figures("analytics/hired/by-quarter", {"year": year, "min_job": min_job})

    def departments_above_average(
        self, year: int, *, mean_over: str = "hiring", min_job: str | None = None
    ) -> Figures:
        """Departments with more hires in `year` than the mean; all pages."""
        params = {"year": year, "mean_over": mean_over, "min_job": min_job}
        return self._figures("analytics/departments/above-average", params)

    def health(self, *, deep: bool = False) -> dict[str, Any]:
        """The health checks, also when one of them fails; `deep` for the database's."""
        response = self._send("GET", "health/deep" if deep else "health")
        return cast("dict[str, Any]", response.json())

    def redrive(self, queue: str | None = None) -> dict[str, int]:
        """Move failed messages back to their queue; returns how many, by queue."""
        params = {"queue": queue} if queue else {}
        sent: dict[str, int] = {}
        while True:
            queues = self._request("POST", "admin/redrive", json=params).json()["queues"]
            for name, one in queues.items():
                sent[name] = sent.get(name, 0) + int(one["sent"])
            # Stop when a round moves nothing: messages may fail again meanwhile.
            if not any(one["sent"] and one["left"] for one in queues.values()):
                return sent

    def redrive_objects(
        self, prefix: str, *, since: str | None = None, until: str | None = None
    ) -> int:
        """Process objects of the landing bucket again; returns how many.

        `since` and `until` bound their modification time, in RFC 3339.
        """
        params = _without_none({"prefix": prefix, "since": since, "until": until})
        sent = 0
        while True:
            page = self._request("POST", "admin/redrive/objects", json=params).json()
            sent += int(page["sent"])
            if not page["next_cursor"]:
                return sent
            params["cursor"] = page["next_cursor"]

    def _figures(self, path: str, params: dict[str, Any]) -> Figures:
        first = cast("Figures", self._request("GET", path, params=_without_none(params)).json())
        cursor = first["next_cursor"]
        while cursor:
            page = self._request(
                "GET", path, params={"year": params["year"], "cursor": cursor}
            ).json()
            first["items"].extend(page["items"])
            cursor = page["next_cursor"]
        first["next_cursor"] = None
        return first

    def _pages(self, path: str, params: dict[str, Any]) -> Iterator[dict[str, Any]]:
        cursor: str | None = None
        while True:
            params = _without_none({**params, "cursor": cursor})
            page = cast("Page", self._request("GET", path, params=params).json())
            yield from page["items"]
            cursor = page["next_cursor"]
            if not cursor:
                return

    def _request(self, method: str, path: str, **kwargs: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own options
        response = self._send(method, path, **kwargs)
        for _ in range(5):
            # The server did nothing yet and asks to retry later.
            if response.status_code not in _BUSY:
                break
            time.sleep(min(10.0, float(response.headers.get("Retry-After", "1"))))
            response = self._send(method, path, **kwargs)
        if response.is_error:
            raise problem_from_response(response)
        return response

    def _send(self, method: str, path: str, **kwargs: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own options
        try:
            return self._http.request(method, path, **kwargs)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise unreachable(str(self._http.base_url), error) from error


def unreachable(api: str, error: Exception) -> UnreachableError:
    """The error of an API without a response, in one line."""
    reason = str(error) or type(error).__name__
    return UnreachableError(f"The API cannot be reached at {api}: {reason}. Is WAYBILL_API right?")


def _without_none(params: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value is not None}
