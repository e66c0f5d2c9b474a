"""Problem documents (RFC 9457), as responses have them and as they are stored with jobs."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny

from waybill.errors import FieldError, WaybillError
from waybill.http.problem_types import PROBLEM_TYPES, SERVICES

# A reserved domain name: the URL identifies a problem type and is not a web page.
TYPE_URL = "https://waybill.example/problems/"
MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """An error response (RFC 9457, `application/problem+json`)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=[f"{TYPE_URL}unknown-dataset"], description="The problem type.")
    title: str = Field(examples=["Unknown dataset"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no dataset 'nowhere'."])
    instance: str = Field(examples=["/v1/datasets/nowhere"], description="The request's path.")
    request_id: str
    errors: list[SerializeAsAny[FieldError]] | None = Field(
        default=None,
        description="`pointer` is a JSON pointer into the body, or `?name` for a query parameter;"
        " errors of a batch also have `row` and `column`.",
    )
    errors_total: int | None = Field(default=None, description="Total number of errors.")


def title_of(error: WaybillError) -> str:
    """The title of the error's problem type."""
    problem_type = PROBLEM_TYPES.get(error.code)
    return problem_type.title if problem_type else error.title


def public_meaning(code: str) -> str:
    """The detail of an internal error for clients; its own text is only logged."""
    return PROBLEM_TYPES.get(code, PROBLEM_TYPES["internal-error"]).meaning


def stored_problem(stored: Mapping[str, Any]) -> dict[str, Any]:
    """A problem stored with a job or a run (see `WaybillError.problem`), as the API returns it.

    Only a problem about the input keeps its detail. Others hold the text of a driver or of an
    unexpected exception, which may name hosts, roles and files.
    """
    code = str(stored.get("type", "internal-error"))
    if code not in PROBLEM_TYPES:
        code = "internal-error"
    title = PROBLEM_TYPES[code].title
    problem = {**stored, "type": f"{TYPE_URL}{code}", "title": title}
    if code in SERVICES or code == "internal-error":
        return {"type": problem["type"], "title": title, "detail": public_meaning(code)}
    return problem
