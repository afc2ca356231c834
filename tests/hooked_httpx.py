"""A pytest plugin that hooks httpx, as tracing tools do it: every call goes through httpx.

`nox -s hooked` runs the tests with it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx

send: Callable[..., httpx.Response] = httpx.HTTPTransport.handle_request
async_send: Callable[..., Awaitable[httpx.Response]] = httpx.AsyncHTTPTransport.handle_async_request


def _handle_request(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
    return send(self, request)


async def _handle_async_request(
    self: httpx.AsyncHTTPTransport, request: httpx.Request
) -> httpx.Response:
    return await async_send(self, request)


httpx.HTTPTransport.handle_request = _handle_request  # type: ignore[method-assign]
httpx.AsyncHTTPTransport.handle_async_request = _handle_async_request  # type: ignore[method-assign]
