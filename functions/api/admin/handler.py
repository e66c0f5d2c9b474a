"""POST /admin/…: what failed, or was never told of, is sent again."""

from functools import cache
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.admin.answer import ObjectsRedriven, QueueRedriven, Redriven
from functions.api.admin.redrive_messages import Pair, redrive_messages
from functions.api.admin.redrive_objects import redrive_objects
from functions.api.admin.request import RedriveObjectsRequest, RedriveRequest
from functions.api.admin.settings import AdminSettings
from waybill.clients import s3_client
from waybill.http.app import create_api
from waybill.http.describe import answers
from waybill.http.responses import json_answer

api = create_api("admin")
# In all, so that the gateway gets its answer in time.
_SECONDS = 20.0


@cache
def settings() -> AdminSettings:
    """The settings, kept for the life of the process."""
    return AdminSettings.from_environment()


def _pairs() -> dict[str, Pair]:
    known = settings()
    return {
        "landed": Pair(known.landed_queue_url, known.landed_dlq_url),
        "chunks": Pair(known.chunks_queue_url, known.chunks_dlq_url),
        "merges": Pair(known.merges_queue_url, known.merges_dlq_url),
    }


@api.post(
    "/admin/redrive", tags=["admin"], responses=answers({200: Redriven}, 400, 413, 415, 422, 503)
)
def redrive(request: Annotated[RedriveRequest, Body()]) -> Response[Any]:
    """Put failed messages back into their queues; call again while some are left."""
    names = [request.queue] if request.queue else list(_pairs())
    done: dict[str, QueueRedriven] = {}
    for name in names:
        done[name] = redrive_messages(_pairs()[name], _SECONDS / len(names))
        api.logger.info(
            "messages redriven", action="messages.redriven", queue=name, sent=done[name].sent
        )
    return json_answer(Redriven(queues=done))


@api.post(
    "/admin/redrive/objects",
    tags=["admin"],
    responses=answers({200: ObjectsRedriven}, 400, 413, 415, 422, 503),
)
def redrive_landed(request: Annotated[RedriveObjectsRequest, Body()]) -> Response[Any]:
    """Have objects looked at again that are in the landing bucket.

    Every version below the prefix, written in the time given. What was loaded stays as it is,
    what was not is loaded at the place in the order at which it was written. Give `next_cursor`
    back as `cursor` until it is null.
    """
    done = redrive_objects(s3_client(), settings(), request, _SECONDS)
    api.logger.info(
        "objects redriven", action="objects.redriven", prefix=request.prefix, sent=done.sent
    )
    return json_answer(done)


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an API Gateway proxy event."""
    return api.resolve(event, context)
