"""Rejects as the client wants them: JSON, CSV, or the address of a large CSV."""

from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from functions.api.jobs.deps import Store
from functions.api.jobs.export_rejects import csv_page, export_rejects
from functions.api.jobs.list_rejects import list_rejects, shown
from waybill.http.links import base_url
from waybill.http.media import CSV, wants_csv
from waybill.http.responses import json_answer

_USUAL_LIMIT = 100


class Asked(NamedTuple):
    """Which rejects are wanted, and how."""

    job_id: UUID
    limit: int | None
    cursor: str | None
    event: APIGatewayProxyEvent
    seconds_left: float


def rejects_answer(store: Store, asked: Asked) -> Response[Any]:
    """The answer of GET /jobs/{job_id}/rejects.

    Raises:
        NotFound: `unknown-job`.
        BadRequest: `bad-cursor`.
        TooLarge: `too-many-rejects`.
        Unavailable: the database or S3 cannot be reached.
    """
    dataset = store.dataset_of(asked.job_id)
    if not wants_csv(asked.event.headers.get("accept")):
        page = list_rejects(store, asked.job_id, asked.limit or _USUAL_LIMIT, asked.cursor)
        items = [shown(reject) for reject in page.rejects]
        return json_answer({"items": items, "next_cursor": page.next_cursor})
    columns = [column.name for column in store.state.contracts.get(dataset).columns]
    if asked.limit is None and asked.cursor is None:
        return _whole(store, asked, columns)
    return _page(store, asked, columns)


def _whole(store: Store, asked: Asked, columns: list[str]) -> Response[Any]:
    export = export_rejects(store, asked.job_id, columns, asked.seconds_left)
    if export.address is not None:
        headers: dict[str, str | list[str]] = {"Location": export.address}
        return json_answer({"url": export.address}, HTTPStatus.SEE_OTHER, headers)
    return _csv(asked, export.text or "")


def _page(store: Store, asked: Asked, columns: list[str]) -> Response[Any]:
    limit = asked.limit or _USUAL_LIMIT
    page = list_rejects(store, asked.job_id, limit, asked.cursor)
    answer = _csv(asked, csv_page(page.rejects, columns, header=True))
    if page.next_cursor:
        query = urlencode({"limit": limit, "cursor": page.next_cursor})
        address = f"{base_url(asked.event)}/jobs/{asked.job_id}/rejects?{query}"
        answer.headers["Link"] = f'<{address}>; rel="next"'
    return answer


def _csv(asked: Asked, text: str) -> Response[Any]:
    attachment = f'attachment; filename="rejects-{asked.job_id}.csv"'
    return Response(
        status_code=HTTPStatus.OK,
        content_type=CSV,
        body=text,
        headers={"Content-Disposition": attachment, "Vary": "Accept"},
    )
