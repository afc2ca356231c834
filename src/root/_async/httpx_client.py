"""Exchanges through the user's own httpx client."""

from __future__ import annotations

from functools import partial
from math import inf
from typing import TYPE_CHECKING

import httpcore

from .._concurrency.loops import async_checkpoint
from .._concurrency.semaphores import AsyncSemaphore
from .._concurrency.waiting import async_shielded, monotonic
from .._http.exceptions import ClientClosedError, ResponseTooLargeError, UnusableResponseError
from .._http.failures import is_disconnect
from .._http.messages import RawResponse, Request, httpx_timeout, timeouts
from ..errors import InvalidRequestError
from .connection import AsyncContent, decompressed_off_loop
from .stream import MAX_CHUNKS, AsyncChunks, Release, release_nothing

if TYPE_CHECKING:
    import httpx

    from .._concurrency.semaphores import Permit
    from .._config import Timeout

__all__ = ["GRACE_PERIOD", "AsyncHTTPX", "content_of", "read", "stream_of"]

GRACE_PERIOD = 0.5
"""Seconds for httpx to report which of its own timeouts was exceeded."""


class AsyncHTTPX:
    """Sends requests through the user's own httpx client."""

    def __init__(self, client: httpx.AsyncClient, max_connections: int, loop: object) -> None:
        self._client = client
        self._loop = loop
        self._semaphore = AsyncSemaphore(max_connections)
        self._is_closed = False

    async def start(self) -> None:
        """Prepare for requests."""

    def refuse(self) -> None:
        """Start no more requests."""
        self._is_closed = True

    def close(self) -> None:
        """Start no more requests; the user's client stays open."""
        self.refuse()

    async def exchange(
        self, request: Request, timeout: Timeout, deadline: float | None
    ) -> RawResponse:
        """Send a request and return the response."""
        # A user who has an httpx client has imported httpx.
        import httpx

        if self._client.is_closed:
            raise InvalidRequestError(
                "The HTTP client that was passed to this client is closed. Keep it open while this"
                " client is used."
            )
        remaining = None if deadline is None else deadline - monotonic()
        permit = await self._semaphore.acquire(remaining)
        if permit is None:
            raise httpcore.PoolTimeout("All connections are in use.")
        try:
            if self._is_closed:
                raise ClientClosedError
            remaining = None if deadline is None else deadline - monotonic()
            operations, whole = timeouts(timeout, remaining)
            # The pool of the httpx client may be smaller; then nothing has been sent.
            operations["pool"] = whole
            response = await async_shielded(
                self._exchange(request, operations, whole),
                None if whole is None else whole + GRACE_PERIOD,
                is_shielded=not request.is_streamed,
            )
            if isinstance(response, RawResponse):
                return response
            # Released by the stream from here on.
            held, permit = permit, None
            release = partial(self._release, held)
            return stream_of(response, self._loop, deadline, release)
        except httpx.RequestError as exc:
            # The request in it has the key in its headers.
            exc.request = httpx.Request(request.method, request.url)
            raise
        except RuntimeError as exc:
            if "loop is closed" not in str(exc):
                raise
            raise InvalidRequestError(
                "The HTTP client that was passed to this client has connections of an event loop"
                " that has ended. Pass one HTTP client for each loop, or none."
            ) from exc
        finally:
            if permit is not None:
                self._semaphore.release(permit)

    async def exchange_over_httpx(
        self, request: Request, timeout: Timeout, deadline: float | None
    ) -> RawResponse:
        """Do what `exchange` does, which goes through httpx anyway."""
        return await self.exchange(request, timeout, deadline)

    def _release(self, permit: Permit, *, is_complete: bool) -> None:
        self._semaphore.release(permit)

    async def _exchange(
        self,
        request: Request,
        operations: dict[str, float | None],
        whole: float | None,
    ) -> RawResponse | httpx.Response:
        until = inf if whole is None else monotonic() + whole
        content = AsyncContent(request.body, operations["write"], until)
        try:
            response = await self._client.send(
                self._client.build_request(
                    request.method,
                    request.url,
                    headers=request.headers,
                    content=content_of(request, content),
                    timeout=httpx_timeout(operations),
                ),
                stream=True,
                follow_redirects=False,
            )
        finally:
            content.close()
        return await read(request, response, until) or response


async def read(request: Request, response: httpx.Response, until: float) -> RawResponse | None:
    """Return a response of httpx with its whole body, or None if the caller streams it.

    Args:
        request: The request.
        response: The response; it is closed.
        until: When the body must have been read, on the clock of `time.monotonic`.
    """
    headers = response.headers.raw
    if request.is_streamed and response.is_success:
        return None
    body = bytearray()
    chunks = 0
    if response.status_code == 421 and not response.is_stream_consumed:
        # httpx closes a connection whose response is not read. The next attempt needs another one
        # (RFC 9110, 15.5.20).
        await response.aclose()
        return RawResponse(response.status_code, headers, b"")
    try:
        if response.is_stream_consumed:
            # By the user's hook, or it was never sent: httpx has decompressed it.
            headers = [pair for pair in headers if pair[0].lower() != b"content-encoding"]
            if len(response.content) > request.max_bytes:
                raise ResponseTooLargeError(request.max_bytes)
            return RawResponse(response.status_code, headers, response.content)
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > request.max_bytes:
                raise ResponseTooLargeError(request.max_bytes)
            if monotonic() > until:
                raise httpcore.ReadTimeout("The attempt timed out.")
            chunks += 1
            if not chunks % MAX_CHUNKS:
                await async_checkpoint()
    except Exception as exc:
        if is_disconnect(exc):
            truncated = RawResponse(response.status_code, headers, bytes(body))
            raise UnusableResponseError(truncated, "is truncated") from exc
        raise
    finally:
        await response.aclose()
    # Not by httpx, which decompresses without a limit.
    return await decompressed_off_loop(
        RawResponse(response.status_code, headers, bytes(body)), request.max_bytes
    )


def stream_of(
    response: httpx.Response,
    loop: object,
    deadline: float | None,
    release: Release = release_nothing,
) -> RawResponse:
    """Return a response of httpx whose body is read by the caller.

    Args:
        response: The response; a hook may have read its body.
        loop: The event loop.
        deadline: When the body must end, on the clock of `time.monotonic`.
        release: Releases what the exchange holds.
    """
    headers = response.headers.raw
    chunks = response.aiter_raw()
    if response.is_stream_consumed:
        import httpx

        headers = [pair for pair in headers if pair[0].lower() != b"content-encoding"]
        chunks = aiter(httpx.ByteStream(response.content))
    # httpx has no limit for the whole of a body.
    stream = AsyncChunks(chunks, release, loop, response.aclose, deadline)
    return RawResponse(response.status_code, headers, b"", stream)


def content_of(request: Request, content: AsyncContent) -> bytes | AsyncContent | None:
    """Return the content of a request for httpx, which may send bytes again."""
    if request.body is None:
        return None
    parts = request.body.parts
    if len(parts) == 1 and isinstance(parts[0], bytes):
        return parts[0]
    return content
