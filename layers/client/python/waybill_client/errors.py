"""The client's exceptions.

::

    ClientError
    ├── UnreachableError      no response
    ├── UploadRejectedError   the storage rejected the file
    └── ProblemError          an error response of the API (RFC 9457)
"""

from typing import Any

import httpx


class ClientError(Exception):
    """Base of the client's exceptions."""


class UnreachableError(ClientError):
    """The API or the storage did not respond."""


class UploadRejectedError(ClientError):
    """The storage rejected the file: expired or changed form, or another size."""


class ProblemError(ClientError):
    """An error response of the API, a problem document (RFC 9457)."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.problem = problem
        self.code = str(problem.get("type", "")).rstrip("/").rsplit("/", 1)[-1]
        detail = problem.get("detail") or problem.get("title") or "no detail"
        field_errors = [
            f"  {error.get('pointer')}: {error.get('message')}" for error in self.field_errors
        ]
        super().__init__("\n".join([f"{self.code or status}: {detail}", *field_errors]))

    @property
    def field_errors(self) -> list[dict[str, Any]]:
        """The errors by field: pointer, code and message."""
        return list(self.problem.get("errors", []))


def problem_from_response(response: httpx.Response) -> ProblemError:
    """The problem of an error response, also when its body is not a problem document."""
    try:
        body = response.json()
    except ValueError:
        body = {"detail": response.text[:500]}
    return ProblemError(response.status_code, body if isinstance(body, dict) else {"detail": body})
