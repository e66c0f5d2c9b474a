"""What a route can answer with, as OpenAPI has it."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from waybill.http.problems import MEDIA_TYPE, Problem


def answers(good: Mapping[int, Any], *problems: int, csv: bool = False) -> dict[int, Any]:
    """The `responses` of a route.

    Args:
        good: the model of the body by status.
        problems: the statuses that come with a problem; 405, 422 and 500 are always among them.
        csv: whether a 200 can be text/csv as well.
    """
    described: dict[int, Any] = {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {"application/json": {"model": model}},
        }
        for status, model in good.items()
    }
    if csv:
        described[200]["content"]["text/csv"] = {"schema": {"type": "string"}}
    for status in sorted({*problems, 405, 422, 500}):
        described[status] = {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"model": Problem}},
        }
    return described
