"""The responses of a route, for OpenAPI."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from waybill.http.media import BINARY, OFFERS
from waybill.http.problems import MEDIA_TYPE, Problem
from waybill.tables.formats import MEDIA_TYPES


def describe_responses(
    models: Mapping[int, Any],
    *problems: int,
    csv: bool = False,
    tables: bool = False,
    etag: bool = False,
    plain: bool = False,
) -> dict[int, Any]:
    """The `responses` of a route.

    Args:
        models: the model of the body by status; None for 204.
        problems: the statuses with a problem body; 405, 422 and 500 are always added.
        csv: whether 200 may also be text/csv.
        tables: whether 200 may also be each of the formats of tables, and 406.
        plain: whether 200 is text/plain.
        etag: whether a request with a current tag gets 304.
    """
    responses: dict[int, Any] = {
        status: {
            "description": HTTPStatus(status).phrase,
            **({} if model is None else {"content": {"application/json": {"model": model}}}),
        }
        for status, model in models.items()
    }
    if csv:
        responses[200]["content"]["text/csv"] = {"schema": {"type": "string"}}
    if tables:
        responses[200]["content"] |= {
            OFFERS[name]: {
                "schema": {"type": "string", **({"format": "binary"} if name in BINARY else {})}
            }
            for name in MEDIA_TYPES
        }
    if plain:
        content = {"text/plain": {"schema": {"type": "string"}}}
        responses[200] = {"description": HTTPStatus(200).phrase, "content": content}
    if etag:
        responses[304] = {"description": HTTPStatus(304).phrase}
    for status in sorted({*problems, *((406,) if tables else ()), 405, 422, 500}):
        responses[status] = {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"model": Problem}},
        }
    return responses
