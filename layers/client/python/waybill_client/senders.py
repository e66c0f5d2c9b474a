"""Sends the requests of operations over HTTP: one after the other, or awaited."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from types import TracebackType
from typing import Any, Self

import httpx

from waybill_client import operations
from waybill_client.bearer_auth import Token
from waybill_client.connections import TIMEOUT, api_options, reachable
from waybill_client.flows import FileRange, Flow, Pause, Request


class Sender:
    """Connections to the API at `api`, its base URL with the stage."""

    def __init__(
        self,
        api: str,
        *,
        token: Token | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Create a client; a `token` that is a function is called before every request.

        Raises:
            UnreachableError: `api` is not a URL.
        """
        with reachable(api):
            self._http = httpx.Client(transport=transport, **api_options(api, token))
        # Presigned URLs are authorized by themselves: the API's token is not sent to them.
        self._storage = httpx.Client(timeout=TIMEOUT, transport=transport)

    def __enter__(self) -> Self:
        """Keep connections open for the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close them."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
        self._storage.close()

    def _pages(self, path: str, params: dict[str, Any]) -> Iterator[dict[str, Any]]:
        cursor: str | None = None
        while True:
            page = self._run(operations.page(path, params, cursor))
            yield from page["items"]
            cursor = page["next_cursor"]
            if not cursor:
                return

    def _run(self, flow: Flow) -> Any:  # noqa: ANN401 - the flow's result
        """Send the requests of `flow`; returns its result."""
        with reachable(str(self._http.base_url)):
            try:
                step = next(flow)
                while True:
                    try:
                        result = self._take(step)
                    except httpx.TransportError as error:
                        step = flow.throw(error)
                    else:
                        step = flow.send(result)
            except StopIteration as ended:
                return ended.value

    def _take(self, step: Request | Pause) -> httpx.Response | None:
        if isinstance(step, Pause):
            time.sleep(step.seconds)
            return None
        http = self._storage if step.to_storage else self._http
        content: dict[str, Any] = {"content": step.content.blocks()} if step.content else {}
        return http.request(step.method, step.url, **step.options, **content)


class AsyncSender:
    """The same for asyncio."""

    def __init__(
        self,
        api: str,
        *,
        token: Token | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Create a client; a `token` that is a function is called before every request.

        Raises:
            UnreachableError: `api` is not a URL.
        """
        with reachable(api):
            self._http = httpx.AsyncClient(transport=transport, **api_options(api, token))
        self._storage = httpx.AsyncClient(timeout=TIMEOUT, transport=transport)

    async def __aenter__(self) -> Self:
        """Keep connections open for the block."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close them."""
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()
        await self._storage.aclose()

    async def _pages(self, path: str, params: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        cursor: str | None = None
        while True:
            page = await self._run(operations.page(path, params, cursor))
            for item in page["items"]:
                yield item
            cursor = page["next_cursor"]
            if not cursor:
                return

    async def _run(self, flow: Flow) -> Any:  # noqa: ANN401 - the flow's result
        """Send the requests of `flow`; returns its result."""
        with reachable(str(self._http.base_url)):
            try:
                step = next(flow)
                while True:
                    try:
                        result = await self._take(step)
                    except httpx.TransportError as error:
                        step = flow.throw(error)
                    else:
                        step = flow.send(result)
            except StopIteration as ended:
                return ended.value

    async def _take(self, step: Request | Pause) -> httpx.Response | None:
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
            return None
        http = self._storage if step.to_storage else self._http
        content: dict[str, Any] = {"content": _blocks(step.content)} if step.content else {}
        return await http.request(step.method, step.url, **step.options, **content)


async def _blocks(part: FileRange) -> AsyncIterator[bytes]:
    for block in part.blocks():
        yield block
