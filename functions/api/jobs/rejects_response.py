"""The response with a job's rejects: JSON, CSV, or a redirect to a large CSV."""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from functions.api.jobs.deps import Deps
from functions.api.jobs.export_rejects import Export, csv_page, export_rejects, export_text
from functions.api.jobs.list_rejects import DEFAULT_LIMIT, list_rejects, reject_document
from functions.api.jobs.models import RejectsQuery
from waybill.database.jobs import Jobs
from waybill.http.links import base_url
from waybill.http.media import CSV, prefers_csv
from waybill.http.pagination import document_size, response_size
from waybill.http.responses import json_response


def rejects_response(
    deps: Deps, query: RejectsQuery, event: APIGatewayProxyEvent, seconds_left: float
) -> Response[Any]:
    """The response of GET /jobs/{job_id}/rejects.

    Raises:
        NotFound: `unknown-job`.
        BadRequest: `bad-cursor`.
        TooLarge: `too-many-rejects`.
        Unavailable: the database or S3 cannot be reached.
    """
    response = _response(deps, query, event, seconds_left)
    # A cache must not serve one representation for another, nor the redirect for either.
    response.headers["Vary"] = "Accept"
    return response


def _response(
    deps: Deps, query: RejectsQuery, event: APIGatewayProxyEvent, seconds_left: float
) -> Response[Any]:
    dataset = deps.dataset_of(query.job_id)
    place = deps.reads_of(query.job_id).run(
        lambda connection: Jobs(connection).archive_place(query.job_id)
    )
    if place and place.is_archive:
        query = query._replace(is_archive=True)
    if not prefers_csv(event.headers.get("accept")):
        page = list_rejects(deps, query, lambda reject: document_size(reject_document(reject)))
        member = {"member": place.member} if place and place.member else {}
        items = [{**reject_document(reject), **member} for reject in page.items]
        return json_response({"items": items, "next_cursor": page.next_cursor})
    columns = [column.name for column in deps.state.contracts.get(dataset).columns]
    if query.limit is None and query.cursor is None:
        return _all(deps, query, columns, seconds_left)
    return _page(deps, query, columns, event)


def _all(deps: Deps, query: RejectsQuery, columns: list[str], seconds_left: float) -> Response[Any]:
    return _exported(query.job_id, export_rejects(deps, query, columns, seconds_left))


def _page(
    deps: Deps, query: RejectsQuery, columns: list[str], event: APIGatewayProxyEvent
) -> Response[Any]:
    page = list_rejects(
        deps, query, lambda reject: response_size(csv_page([reject], columns, header=False))
    )
    text = csv_page(page.items, columns, header=True, is_archive=query.is_archive)
    response = _exported(query.job_id, export_text(deps, query.job_id, text))
    if page.next_cursor:
        parameters = {"limit": query.limit or DEFAULT_LIMIT, "cursor": page.next_cursor}
        url = f"{base_url(event)}/jobs/{query.job_id}/rejects?{urlencode(parameters)}"
        response.headers["Link"] = f'<{url}>; rel="next"'
    return response


def _exported(job_id: UUID, export: Export) -> Response[Any]:
    if export.url is not None:
        headers: dict[str, str | list[str]] = {"Location": export.url}
        return json_response({"url": export.url}, HTTPStatus.SEE_OTHER, headers)
    return _csv(job_id, export.text or "")


def _csv(job_id: UUID, text: str) -> Response[Any]:
    return Response(
        status_code=HTTPStatus.OK,
        content_type=CSV,
        body=text,
        headers={
            "Content-Disposition": f'attachment; filename="rejects-{job_id}.csv"',
        },
    )
