"""A connection: httpcore's HTTP/1.1 over a socket that keeps the call's deadline."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from contextlib import suppress
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

import httpcore

from .._concurrency.loops import async_checkpoint
from .._concurrency.waiting import monotonic
from .._concurrency.workers import async_in_thread, async_off_loop
from .._forks import process_identity
from .._http.async_backends import async_cut
from .._http.bodies import compressions, decompressed
from .._http.exceptions import ProxyConnectionError, ResponseTooLargeError, UnusableResponseError
from .._http.messages import (
    KEEPALIVE_EXPIRY,
    Origin,
    RawResponse,
    Request,
    remaining_time,
    timeouts,
)
from .._http.offline import check_connection
from .._http.tls import shared_ssl_context

if TYPE_CHECKING:
    import ssl

    from .._config import Timeout
    from .._http.proxies import Proxy
    from .._schemas.files import FilePart, FileReader
    from .._schemas.requests import Body

__all__ = [
    "AsyncConnection",
    "AsyncContent",
    "AsyncResponseBody",
    "StaleError",
    "decompressed_off_loop",
]

T = TypeVar("T")

# Bytes that a writable socket accepts without blocking. httpcore applies the whole timeout to each
# part of a blocking write.
_PIECE = 4096

# Bytes that httpcore reads at a time.
_READ_SIZE = 65536

# httpcore parses all that it has read before it reads again, and no other task runs meanwhile. So
# bytes with many ends of lines are passed to it in pieces: they may be a flood of interim responses
# or of chunks, each of which takes 20 to 50 us.
_MAX_LINES = 256
_FLOOD_PIECE = 2048

# Compressed bytes that are decompressed at once, in some 10 ms at most.
_MAX_COMPRESSED = 16384

_SOCKET_OPTIONS = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]


async def decompressed_off_loop(response: RawResponse, max_bytes: int) -> RawResponse:
    """Return the response with its body decompressed, without holding up an event loop."""
    if len(response.content) <= _MAX_COMPRESSED or not compressions(response):
        return decompressed(response, max_bytes)
    return await async_off_loop(partial(decompressed, response, max_bytes), None)


class StaleError(Exception):
    """The server closed an idle connection before a byte of the request was sent.

    Not one of httpcore's errors: httpcore would continue after those, and wait for a response.
    """


class AsyncContent(AsyncIterator[bytes]):
    """The content of a request, in pieces.

    Not a generator, which an interrupted exchange would leave suspended.
    """

    def __init__(self, body: Body | None, timeout: float | None, until: float) -> None:
        """Initialize the content of a request.

        Args:
            body: The body.
            timeout: Seconds for each read of a file.
            until: When all of it must have been read, on the clock of `monotonic`.
        """
        self._parts: list[bytes | FilePart] = [] if body is None else [*body.parts]
        self._timeout = timeout
        self._until = until
        self._reader: FileReader | None = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while self._reader is not None or self._parts:
            if self._reader is None:
                part = self._parts.pop(0)
                if not isinstance(part, bytes):
                    self._reader = await self._in_time(part.rewind)
                elif part:
                    return part
            else:
                piece = await self._in_time(self._reader.read)
                if piece:
                    return piece
                self.close()
        raise StopAsyncIteration

    async def _in_time(self, work: Callable[[], T]) -> T:
        # In a thread: a pipe, or a file on a network drive, may block for any time.
        try:
            remaining = remaining_time(self._until, self._timeout, TimeoutError)
            return await async_in_thread(work, remaining)
        except TimeoutError:
            raise httpcore.WriteTimeout("A file of the body was not read in time.") from None

    def close(self) -> None:
        """Close a file that is open."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None


class AsyncResponseBody(AsyncIterator[bytes]):
    """The body of a response, in pieces.

    Not a generator either.
    """

    def __init__(self, response: httpcore.Response) -> None:
        assert isinstance(response.stream, AsyncIterable)
        self._response = response
        self._chunks = aiter(response.stream)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        return await anext(self._chunks)

    async def aclose(self) -> None:
        """Close the response, after its end or after its connection was cut."""
        # Read to the end, which is near, or httpcore's generator would be reported as suspended.
        with suppress(httpcore.NetworkError, httpcore.ProtocolError):
            async for _ in self._chunks:
                pass
        await self._response.aclose()


class AsyncConnection(httpcore.AsyncNetworkBackend, httpcore.AsyncNetworkStream):
    """A connection: httpcore's HTTP/1.1 over a socket that keeps the call's deadline.

    It sits between httpcore and the network, so that each wait is limited to what remains of the
    attempt, however slowly the bytes arrive, and so that the socket can be closed at once.
    """

    def __init__(
        self,
        origin: Origin,
        proxy: Proxy | None,
        backend: httpcore.AsyncNetworkBackend,
        ssl_context: ssl.SSLContext | None,
    ) -> None:
        self._origin = origin
        self._proxy = proxy
        self._backend = backend
        self._stream: httpcore.AsyncNetworkStream | None = None
        self._is_cut = False
        # What was read from a flood and not yet passed to httpcore.
        self._held = b""
        self._process = process_identity()
        self._until = inf
        # When it expires, on the clock of `monotonic`; 0 while a request is sent.
        self._kept_until = 0.0
        # The number of TLS handshakes that precede the request.
        self._handshakes_left = 0
        self._has_tunnel = False
        # httpcore sends the host to a proxy as it is given here.
        host = f"[{origin.host}]" if proxy and ":" in origin.host else origin.host
        self._parts = origin.scheme.encode(), host.encode(), origin.port
        is_secure = origin.scheme == "https" or (proxy and proxy.origin.scheme == "https")
        context = (ssl_context or shared_ssl_context()) if is_secure else None
        self._http: httpcore.AsyncHTTPConnection | httpcore.AsyncHTTPProxy
        if proxy is None:
            self._http = httpcore.AsyncHTTPConnection(
                httpcore.URL(scheme=self._parts[0], host=self._parts[1], port=origin.port).origin,
                ssl_context=context,
                network_backend=self,
            )
        else:
            self._handshakes_left = (origin.scheme, proxy.origin.scheme).count("https")
            # httpcore offers connections over proxies as a pool only: this one has one connection.
            self._http = httpcore.AsyncHTTPProxy(
                proxy.origin.url,
                proxy_auth=proxy.auth,
                ssl_context=context,
                proxy_ssl_context=context if proxy.origin.scheme == "https" else None,
                max_connections=1,
                network_backend=self,
            )

    async def exchange(
        self, request: Request, timeout: Timeout, deadline: float | None
    ) -> RawResponse:
        """Send a request and read the response.

        The body of a successful response is not read if the request asks for a stream.
        """
        now = monotonic()
        operations, whole = timeouts(timeout, None if deadline is None else deadline - now)
        self._until = inf if whole is None else now + whole
        self._max_bytes = request.max_bytes
        self._unread: float = request.max_bytes
        if request.is_streamed:
            # A part of the body may arrive with the head.
            self._unread += _READ_SIZE
        content = AsyncContent(request.body, operations["write"], self._until)
        try:
            response = await self._send(request, content, operations)
        finally:
            content.close()
        assert isinstance(response.stream, AsyncIterable)
        if request.is_streamed and 200 <= response.status < 300:
            # From here on the timeout is for each read, and the deadline for all of them.
            self._until = inf if deadline is None else deadline
            self._unread = inf
            return RawResponse(response.status, response.headers, b"", AsyncResponseBody(response))
        body = bytearray()
        try:
            # Always read to the end, or httpcore's generator would be reported as suspended.
            async for chunk in response.stream:
                body += chunk
        except (httpcore.ReadError, httpcore.RemoteProtocolError) as exc:
            truncated = RawResponse(response.status, response.headers, bytes(body))
            raise UnusableResponseError(truncated, "is truncated") from exc
        finally:
            await response.aclose()
        received = RawResponse(response.status, response.headers, bytes(body))
        if len(body) <= _MAX_COMPRESSED:
            return decompressed(received, request.max_bytes)
        return await decompressed_off_loop(received, request.max_bytes)

    async def _send(
        self, request: Request, content: AsyncContent, operations: dict[str, float | None]
    ) -> httpcore.Response:
        scheme, host, port = self._parts
        try:
            return await self._http.handle_async_request(
                httpcore.Request(
                    request.method,
                    httpcore.URL(scheme=scheme, host=host, port=port, target=request.target),
                    headers=request.headers,
                    content=content,
                    extensions={"timeout": operations},
                )
            )
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as exc:
            # Without a tunnel, the request was not sent through it.
            if (
                self._proxy is None
                or not self._handshakes_left
                or self._has_tunnel
                or isinstance(exc, httpcore.ProxyError)
            ):
                raise
            if isinstance(exc, httpcore.TimeoutException):
                raise httpcore.ConnectTimeout("The proxy did not open a tunnel in time.") from exc
            raise ProxyConnectionError(self._proxy.origin) from exc
        except BaseException as exc:
            if not isinstance(exc, Exception):
                # A cancellation or an interrupt. The frames of httpcore hold what was being sent.
                exc.__traceback__ = None
            raise

    def keep(self) -> None:
        """Keep the connection for another request."""
        self._kept_until = monotonic() + KEEPALIVE_EXPIRY

    def is_stale(self) -> bool:
        """Return whether it has been idle for too long.

        Whether the server has closed it is checked when a request is sent.
        """
        if monotonic() > self._kept_until:
            return True
        # Over a proxy, httpcore itself would check earlier, and reconnect.
        inner = None if self._proxy is None else self._inner()
        return inner is not None and inner.has_expired()

    def is_reusable(self, origin: Origin) -> bool:
        """Return whether the last exchange ended cleanly, with this origin."""
        inner = self._inner()
        if inner is None or not inner.is_idle() or not self._origin.is_same(origin):
            return False
        # Bytes after the response would be taken for the next one. httpcore does not expose them,
        # so they are looked up where h11 keeps them, and nothing else of httpcore's internals is
        # used. Over a proxy they are one level deeper.
        http11: object = inner
        while http11 is not None and not hasattr(http11, "_h11_state"):
            http11 = getattr(http11, "_connection", None)
        h11_state = getattr(http11, "_h11_state", None)
        return not self._held and not getattr(h11_state, "trailing_data", (b"",))[0]

    def _inner(self) -> httpcore.AsyncConnectionInterface | None:
        if isinstance(self._http, httpcore.AsyncHTTPProxy):
            return next(iter(self._http.connections), None)
        return self._http

    def cut(self) -> None:
        """Close the socket at once, without waiting for anything, and open no other."""
        self._is_cut = True
        stream, self._stream = self._stream, None
        if stream is not None:
            async_cut(stream, inherited=self._process != process_identity())

    # What httpcore calls: first the methods of a backend, then those of a stream.

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        check_connection(self._origin, host)
        remaining = remaining_time(self._until, timeout, httpcore.ConnectTimeout)
        try:
            # Set here, because httpcore does not set its socket options over proxies.
            self._stream = await self._backend.connect_tcp(
                host, port, remaining, local_address, _SOCKET_OPTIONS
            )
        except httpcore.ConnectError as exc:
            if self._proxy is None:
                raise
            raise ProxyConnectionError(self._proxy.origin) from exc
        self._check_open()
        return self

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        stream = self._stream
        if stream is None:
            raise httpcore.ConnectError("The client was closed.")
        # As in the backend: bytes of a proxy are not those of the service.
        self._held = b""
        # The last handshake is with the service; what fails from here on is not the proxy.
        self._has_tunnel = self._origin.scheme == "https" and self._handshakes_left == 1
        self._stream = await stream.start_tls(
            ssl_context,
            server_hostname and server_hostname.strip("[]"),
            remaining_time(self._until, timeout, httpcore.ConnectTimeout),
        )
        self._handshakes_left -= 1
        self._check_open()
        return self

    def _check_open(self) -> None:
        """Open no connection for a client that was closed meanwhile."""
        if self._is_cut:
            self.cut()
            raise httpcore.ConnectError("The client was closed.")

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        stream = self._stream
        if stream is None:
            raise httpcore.ReadError("The client was closed.")
        remaining = remaining_time(self._until, timeout, httpcore.ReadTimeout)
        if self._held:
            await async_checkpoint()
            data, self._held = self._held, b""
        else:
            data = await stream.read(max_bytes, remaining)
            self._unread -= len(data)
            if self._unread < 0:
                raise ResponseTooLargeError(self._max_bytes)
        if len(data) > _FLOOD_PIECE and data.count(b"\n") > _MAX_LINES:
            data, self._held = data[:_FLOOD_PIECE], data[_FLOOD_PIECE:]
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        stream = self._stream
        if stream is None:
            raise httpcore.WriteError("The client was closed.")
        if self._kept_until:
            # Not earlier: between the start of the exchange and here, the event loop runs.
            if stream.get_extra_info("is_readable"):
                raise StaleError
            self._kept_until = 0.0
        for start in range(0, len(buffer), _PIECE):
            remaining = remaining_time(self._until, timeout, httpcore.WriteTimeout)
            await stream.write(buffer[start : start + _PIECE], remaining)

    async def aclose(self) -> None:
        self.cut()

    # The interface is httpcore's: the type of the result depends on the argument.
    def get_extra_info(self, info: str) -> Any:
        stream = self._stream
        return None if stream is None else stream.get_extra_info(info)
