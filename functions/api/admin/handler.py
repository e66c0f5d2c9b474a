"""POST /admin/…: send failed messages again, and load objects that have no job."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.admin.deps import deps
from functions.api.admin.models import (
    ObjectsRedriven,
    QueueRedriven,
    Redriven,
    RedriveObjectsRequest,
    RedriveRequest,
)
from functions.api.admin.redrive_messages import redrive_messages
from functions.api.admin.redrive_objects import redrive_objects
from waybill.http.app import create_api
from waybill.http.describe import describe_responses
from waybill.http.responses import json_response
from waybill.state.audit import AuditEntry

api = create_api("admin")
# In all, so that the response is sent before API Gateway times out.
_SECONDS = 20.0


@api.post(
    "/admin/redrive",
    tags=["admin"],
    responses=describe_responses({200: Redriven}, 400, 413, 415, 422, 503),
)
def redrive(request: Annotated[RedriveRequest, Body()]) -> Response[Any]:
    """Move failed messages back to their queues.

    Call again while `left` is not 0.
    """
    entry = AuditEntry.of("messages.redriven", api.caller, queue=request.queue)
    # First, so that nothing is redriven without an entry.
    deps().state.audit.put(entry)
    queues = deps().queues
    names = [request.queue] if request.queue else list(queues)
    results: dict[str, QueueRedriven] = {}
    for name in names:
        results[name] = redrive_messages(queues[name], _SECONDS / len(names))
        api.logger.info(
            "messages redriven", action="messages.redriven", queue=name, sent=results[name].sent
        )
    return json_response(Redriven(queues=results))


@api.post(
    "/admin/redrive/objects",
    tags=["admin"],
    responses=describe_responses({200: ObjectsRedriven}, 400, 413, 415, 422, 503),
)
def redrive_landed(request: Annotated[RedriveObjectsRequest, Body()]) -> Response[Any]:
    """Load objects that are already in the landing bucket.

    Sends every object version below the prefix to the loader again. Versions that were loaded
    are left alone; the others are loaded in the order in which they were written. Repeat with
    `next_cursor` as `cursor` until it is null.
    """
    entry = AuditEntry.of("objects.redriven", api.caller, **request.model_dump(mode="json"))
    deps().state.audit.put(entry)
    result = redrive_objects(deps(), request, _SECONDS)
    api.logger.info(
        "objects redriven", action="objects.redriven", prefix=request.prefix, sent=result.sent
    )
    return json_response(result)


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an API Gateway proxy event."""
    return api.resolve(event, context)
