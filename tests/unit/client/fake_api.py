"""An API made of canned answers, at the network's edge."""

import json
from collections.abc import Callable
from typing import Any

import httpx

from waybill_client import Waybill

API = "https://api.test/v1"
Answer = httpx.Response | Callable[[httpx.Request], httpx.Response]


class FakeApi:
    """Answers by method and path, in order; the last answer is given again."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], list[Answer]] = {}
        self.asked: list[httpx.Request] = []

    def on(self, method: str, url: str, *answers: Answer) -> None:
        self.answers[method, url if "://" in url else f"{API}/{url}"] = list(answers)

    def client(self, token: str | None = None) -> Waybill:
        return Waybill(API, token=token, transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.asked.append(request)
        waiting = self.answers[request.method, str(request.url.copy_with(query=None))]
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return answer(request) if callable(answer) else answer

    def bodies(self) -> list[Any]:
        return [json.loads(one.content) for one in self.asked if one.content[:1] == b"{"]
