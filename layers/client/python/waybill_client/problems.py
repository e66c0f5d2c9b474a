"""What can go wrong between the client and the API."""

from typing import Any

import httpx


class ClientError(Exception):
    """The root of what the client raises."""


class UnreachableError(ClientError):
    """Nothing answers at the API's address."""


class UploadRefusedError(ClientError):
    """The storage refused the file (its form was changed, is too late, or the size differs)."""


class ProblemError(ClientError):
    """The API refused: the answer is a problem (RFC 9457)."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.problem = problem
        self.code = str(problem.get("type", "")).rstrip("/").rsplit("/", 1)[-1]
        detail = problem.get("detail") or problem.get("title") or "no detail"
        field_errors = [
            f"  {flaw.get('pointer')}: {flaw.get('message')}" for flaw in self.field_errors
        ]
        super().__init__("\n".join([f"{self.code or status}: {detail}", *field_errors]))

    @property
    def field_errors(self) -> list[dict[str, Any]]:
        """What is wrong, one by one: pointer, code and message."""
        return list(self.problem.get("errors", []))


def problem_of(answer: httpx.Response) -> ProblemError:
    """The problem that an answer tells of, also when its body is not one."""
    try:
        body = answer.json()
    except ValueError:
        body = {"detail": answer.text[:500]}
    return ProblemError(answer.status_code, body if isinstance(body, dict) else {"detail": body})
