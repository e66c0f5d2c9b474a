"""An API with canned responses, as an httpx transport."""

import json
from collections.abc import Callable
from typing import Any

import httpx

from waybill_client import AsyncWaybill, Waybill

API = "https://api.test/v1"
Handler = httpx.Response | Callable[[httpx.Request], httpx.Response]


class FakeApi:
    """Responses by method and path, in order; the last one is repeated."""

    def __init__(self) -> None:
        self.responses: dict[tuple[str, str], list[Handler]] = {}
        self.requests: list[httpx.Request] = []

    def on(self, method: str, url: str, *responses: Handler) -> None:
        self.responses[method, url if "://" in url else f"{API}/{url}"] = list(responses)

    def async_client(self, token: str | None = None) -> AsyncWaybill:
        return AsyncWaybill(API, token=token, transport=httpx.MockTransport(self._respond))

    def client(self, token: str | None = None) -> Waybill:
        return Waybill(API, token=token, transport=httpx.MockTransport(self._respond))

    def _respond(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        waiting = self.responses[request.method, str(request.url.copy_with(query=None))]
        response = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return response(request) if callable(response) else response

    def bodies(self) -> list[Any]:
        return [json.loads(one.content) for one in self.requests if one.content[:1] == b"{"]
