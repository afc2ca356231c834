"""Connections kept open between requests.

httpcore's own pool looks at every connection on each request, reconnects when more than 20
are idle, and loses connections when a call is interrupted at the wrong moment. This one takes
the connection that was used last, looks at it once, and lets go of it without having to wait
for anything. The connections themselves, and HTTP/1.1 on them, are httpcore's.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from functools import partial
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import httpcore

from .._concurrency import AsyncGuard, AsyncSlots, async_unbroken, live, process
from .._failures import (
    AnswerTooLargeError,
    ClientClosedError,
    ProxyFailedError,
    UnusableAnswerError,
    broke_off,
)
from .._http import (
    KEEPALIVE_EXPIRY,
    Address,
    Answer,
    Proxy,
    Request,
    httpx_timeout,
    proxy_for,
    shared_ssl_context,
    timeouts,
    unpacked,
)
from .._network import async_backend, async_cut
from .._offline import check_connection
from ..errors import InvalidRequestError

if TYPE_CHECKING:
    import ssl

    import httpx

    from .._config import Timeout

__all__ = ["AsyncHTTPX", "AsyncPool"]

# Seconds that httpx is given to say itself which of its waits took too long.
_GRACE = 0.5

# Bytes that a socket takes at once if it takes any. httpcore gives each part of a blocking write
# that goes out by itself all the time again.
_PIECE = 4096

_SOCKET_OPTIONS = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]


class AsyncPool:
    """The connections of one event loop to one address, at most so many at once."""

    def __init__(
        self,
        address: Address,
        max_connections: int,
        loop: object,
        ssl_context: ssl.SSLContext | None,
    ) -> None:
        self._address = address
        self._proxy = proxy_for(address)
        self._ssl_context = ssl_context
        self._backend = async_backend(loop)
        self._slots = AsyncSlots(max_connections)
        # Last in, first out: the fewest connections stay in use, and the others expire.
        self._idle: list[AsyncConnection] = []
        # Weak: one that a signal's handler makes us lose between two steps is collected.
        self._open: WeakKeyDictionary[AsyncConnection, None] = WeakKeyDictionary()
        self._ended = False
        self._guard = AsyncGuard(partial(_cut_all, self._open, self._idle))

    async def start(self) -> None:
        """Be ready."""
        await self._guard.start()

    def refuse(self) -> None:
        """Begin nothing any more, and keep no connection."""
        self._ended = True

    def end(self) -> None:
        """Cut all connections, from within their event loop."""
        self.refuse()
        self._guard.end()

    async def exchange(self, request: Request, timeout: Timeout, deadline: float | None) -> Answer:
        """Send a request over a connection of its own and return the answer."""
        left = None if deadline is None else deadline - monotonic()
        slot = await self._slots.acquire(left)
        if slot is None:
            raise httpcore.PoolTimeout("All connections are in use.")
        connection: AsyncConnection | None = None
        answer: Answer | None = None
        try:
            while answer is None:
                connection = self._taken(request.address)
                # Only now, or one that another thread does not see any more would stay.
                if self._ended:
                    raise ClientClosedError
                try:
                    answer = await connection.exchange(request, timeout, deadline)
                except _StaleError:
                    # Each one is let go of, and one that is new cannot be stale.
                    self._drop(connection)
            return answer
        finally:
            # Nothing is waited for from here on: who is interrupted may not come back from it.
            if answer is None and connection is not None:
                # What was interrupted in its last step looks as if it could be used again.
                self._drop(connection)
            elif connection is not None:
                self._give_back(connection)
            self._slots.release(slot)

    def _taken(self, address: Address) -> AsyncConnection:
        # A redirect from http to https leads to another address, for one request.
        while self._idle and address.origin == self._address.origin:
            try:
                connection = self._idle.pop()
            except IndexError:
                # Another thread has taken it.
                break
            is_fresh = False
            try:
                is_fresh = not connection.is_stale()
            finally:
                # Or it was not told: a signal's handler may raise anywhere in blocking code.
                if not is_fresh:
                    self._drop(connection)
            if is_fresh:
                return connection
        connection = AsyncConnection(address, self._proxy, self._backend, self._ssl_context)
        self._open[connection] = None
        return connection

    def _give_back(self, connection: AsyncConnection) -> None:
        is_kept = False
        try:
            # Another thread may have ended the pool meanwhile.
            if not self._ended and connection.is_reusable(self._address):
                self._idle.append(connection)
                is_kept = True
        finally:
            if not is_kept:
                self._drop(connection)

    def _drop(self, connection: AsyncConnection) -> None:
        self._open.pop(connection, None)
        connection.cut()


class _StaleError(Exception):
    """The server has hung up on a connection that was kept, before a byte of the request was sent.

    No error of httpcore's: that would go on, and wait for an answer.
    """


class AsyncBody(AsyncIterator[bytes]):
    """A request's body in one piece; no generator, which a broken exchange would leave behind."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        content, self._content = self._content, b""
        if not content:
            raise StopAsyncIteration
        return content


class AsyncConnection(httpcore.AsyncNetworkBackend, httpcore.AsyncNetworkStream):
    """One connection: httpcore's HTTP/1.1 over a socket that keeps to the call's deadline.

    It stands between httpcore and the network, so that each wait is cut to what is left of the
    attempt, however slowly the bytes come in, and so that the socket can be closed at once.
    """

    def __init__(
        self,
        address: Address,
        proxy: Proxy | None,
        backend: httpcore.AsyncNetworkBackend,
        ssl_context: ssl.SSLContext | None,
    ) -> None:
        self._address = address
        self._proxy = proxy
        self._backend = backend
        self._stream: httpcore.AsyncNetworkStream | None = None
        self._is_cut = False
        self._process = process()
        self._until = inf
        # Until when it is kept for another request; 0 from when something of one is sent.
        self._kept_until = 0.0
        # How many TLS handshakes are to be made before the request goes out.
        self._tls_to_go = 0
        self._tunnel_stands = False
        # httpcore writes the host to a proxy as it is given here.
        host = f"[{address.host}]" if proxy and ":" in address.host else address.host
        self._parts = address.scheme.encode(), host.encode(), address.port
        secure = address.scheme == "https" or (proxy and proxy.address.scheme == "https")
        context = (ssl_context or shared_ssl_context()) if secure else None
        self._http: httpcore.AsyncHTTPConnection | httpcore.AsyncHTTPProxy
        if proxy is None:
            self._http = httpcore.AsyncHTTPConnection(
                httpcore.URL(scheme=self._parts[0], host=self._parts[1], port=address.port).origin,
                ssl_context=context,
                network_backend=self,
            )
        else:
            self._tls_to_go = (address.scheme, proxy.address.scheme).count("https")
            # httpcore shows its connections over proxies as a pool only: this one has one.
            self._http = httpcore.AsyncHTTPProxy(
                proxy.address.origin,
                proxy_auth=proxy.auth,
                ssl_context=context,
                proxy_ssl_context=context if proxy.address.scheme == "https" else None,
                max_connections=1,
                network_backend=self,
            )

    async def exchange(self, request: Request, timeout: Timeout, deadline: float | None) -> Answer:
        """Send a request and read the answer to its end."""
        now = monotonic()
        operations, whole = timeouts(timeout, None if deadline is None else deadline - now)
        self._until = inf if whole is None else now + whole
        self._most_bytes = self._may_read = request.most_bytes
        scheme, host, port = self._parts
        try:
            response = await self._http.handle_async_request(
                httpcore.Request(
                    request.method,
                    httpcore.URL(scheme=scheme, host=host, port=port, target=request.target),
                    headers=request.headers,
                    content=AsyncBody(request.content),
                    extensions={"timeout": operations},
                )
            )
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as exc:
            # Without a tunnel the request has not gone into it.
            if (
                self._proxy is None
                or not self._tls_to_go
                or self._tunnel_stands
                or isinstance(exc, httpcore.ProxyError)
            ):
                raise
            if isinstance(exc, httpcore.TimeoutException):
                raise httpcore.ConnectTimeout("There was no tunnel in time.") from exc
            raise ProxyFailedError(self._proxy) from exc
        assert isinstance(response.stream, AsyncIterable)
        content = bytearray()
        try:
            # Never left before its end: what httpcore has within would be reported as forgotten.
            async for chunk in response.stream:
                content += chunk
        except (httpcore.ReadError, httpcore.RemoteProtocolError) as exc:
            cut = Answer(response.status, response.headers, bytes(content))
            raise UnusableAnswerError(cut, "is cut off") from exc
        finally:
            await response.aclose()
        self._kept_until = monotonic() + KEEPALIVE_EXPIRY
        return unpacked(
            Answer(response.status, response.headers, bytes(content)), request.most_bytes
        )

    def is_stale(self) -> bool:
        """Return whether it has been idle for too long.

        Whether the server has hung up turns out when something is to be sent.
        """
        if monotonic() > self._kept_until:
            return True
        # Over a proxy httpcore would look itself, before that, and connect anew.
        inner = None if self._proxy is None else self._inner()
        return inner is not None and inner.has_expired()

    def is_reusable(self, address: Address) -> bool:
        """Return whether the last exchange came to a clean end, with this address."""
        inner = self._inner()
        if inner is None or not inner.is_idle() or self._address.origin != address.origin:
            return False
        # What came in beyond the answer would be taken for the next one's. httpcore does not
        # show it, so this looks where h11 keeps it, and asks no more of httpcore than it has.
        # Over a proxy it lies one deeper.
        http11: object = inner
        while http11 is not None and not hasattr(http11, "_h11_state"):
            http11 = getattr(http11, "_connection", None)
        h11_state = getattr(http11, "_h11_state", None)
        return not getattr(h11_state, "trailing_data", (b"",))[0]

    def _inner(self) -> httpcore.AsyncConnectionInterface | None:
        if isinstance(self._http, httpcore.AsyncHTTPProxy):
            return next(iter(self._http.connections), None)
        return self._http

    def cut(self) -> None:
        """Close the socket at once, without waiting for anything, and open none any more."""
        self._is_cut = True
        stream, self._stream = self._stream, None
        if stream is not None:
            async_cut(stream, inherited=self._process != process())

    # What httpcore calls: the backend, and then the stream.

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        check_connection(self._address, host)
        left = self._left(timeout, httpcore.ConnectTimeout)
        try:
            # httpcore forgets the options over proxies, so they are not left to it.
            self._stream = await self._backend.connect_tcp(
                host, port, left, local_address, _SOCKET_OPTIONS
            )
        except httpcore.ConnectError as exc:
            if self._proxy is None:
                raise
            raise ProxyFailedError(self._proxy) from exc
        self._expect_whole()
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
        # The last handshake is the service's own; what fails from here on is not the proxy.
        self._tunnel_stands = self._address.scheme == "https" and self._tls_to_go == 1
        self._stream = await stream.start_tls(
            ssl_context,
            server_hostname and server_hostname.strip("[]"),
            self._left(timeout, httpcore.ConnectTimeout),
        )
        self._tls_to_go -= 1
        self._expect_whole()
        return self

    def _expect_whole(self) -> None:
        """Open no connection for a client that was closed meanwhile."""
        if self._is_cut:
            self.cut()
            raise httpcore.ConnectError("The client was closed.")

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        stream = self._stream
        if stream is None:
            raise httpcore.ReadError("The client was closed.")
        data = await stream.read(max_bytes, self._left(timeout, httpcore.ReadTimeout))
        self._may_read -= len(data)
        if self._may_read < 0:
            raise AnswerTooLargeError(self._most_bytes)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        stream = self._stream
        if stream is None:
            raise httpcore.WriteError("The client was closed.")
        if self._kept_until:
            # Not a moment before: an event loop goes round between the exchange's start and this.
            if stream.get_extra_info("is_readable"):
                raise _StaleError
            self._kept_until = 0.0
        for start in range(0, len(buffer), _PIECE):
            left = self._left(timeout, httpcore.WriteTimeout)
            await stream.write(buffer[start : start + _PIECE], left)

    async def aclose(self) -> None:
        self.cut()

    # The interface is httpcore's: what comes back depends on what is asked for.
    def get_extra_info(self, info: str) -> Any:
        stream = self._stream
        return None if stream is None else stream.get_extra_info(info)

    def _left(self, timeout: float | None, late: type[Exception]) -> float | None:
        if self._until == inf:
            return timeout
        left = self._until - monotonic()
        if left <= 0:
            raise late("The time for this attempt has run out.")
        return left if timeout is None else min(timeout, left)


class AsyncHTTPX:
    """Sends through an httpx client of the user's own."""

    def __init__(self, client: httpx.AsyncClient, max_connections: int) -> None:
        self._client = client
        self._slots = AsyncSlots(max_connections)
        self._ended = False

    async def start(self) -> None:
        """Be ready."""

    def refuse(self) -> None:
        """Begin nothing any more."""
        self._ended = True

    def end(self) -> None:
        """Begin nothing any more, and leave the client as it is."""
        self.refuse()

    async def exchange(self, request: Request, timeout: Timeout, deadline: float | None) -> Answer:
        """Send a request and return the answer."""
        # Who has a client has imported it.
        import httpx

        if self._client.is_closed:
            raise InvalidRequestError(
                "The http client that this client sends through is closed. Close it later."
            )
        slot = await self._slots.acquire(None if deadline is None else deadline - monotonic())
        if slot is None:
            raise httpcore.PoolTimeout("All connections are in use.")
        try:
            if self._ended:
                raise ClientClosedError
            left = None if deadline is None else deadline - monotonic()
            operations, whole = timeouts(timeout, left)
            # httpx's own pool may be smaller, and then nothing was sent.
            operations["pool"] = whole
            return await async_unbroken(
                self._exchange(request, operations, whole),
                None if whole is None else whole + _GRACE,
            )
        except httpx.RequestError as exc:
            # The request that httpx puts into it has the key in its headers.
            exc.request = httpx.Request(request.method, request.url)
            raise
        except RuntimeError as exc:
            if "loop is closed" not in str(exc):
                raise
            raise InvalidRequestError(
                "The http client that this client sends through has connections of an event loop"
                " that has ended. Give each loop an http client of its own, or give none."
            ) from exc
        finally:
            self._slots.release(slot)

    async def _exchange(
        self, request: Request, operations: dict[str, float | None], whole: float | None
    ) -> Answer:
        until = inf if whole is None else monotonic() + whole
        response = await self._client.send(
            self._client.build_request(
                request.method,
                request.url,
                headers=request.headers,
                content=request.content or None,
                timeout=httpx_timeout(operations),
            ),
            stream=True,
            follow_redirects=False,
        )
        headers = response.headers.raw
        content = bytearray()
        try:
            if response.is_stream_consumed:
                # By a hook of the user's, or it was never on a wire: httpx has unpacked it.
                headers = [pair for pair in headers if pair[0].lower() != b"content-encoding"]
                return Answer(response.status_code, headers, response.content)
            async for chunk in response.aiter_raw():
                content += chunk
                if len(content) > request.most_bytes:
                    raise AnswerTooLargeError(request.most_bytes)
                if monotonic() > until:
                    raise httpcore.ReadTimeout("The time for this attempt has run out.")
        except Exception as exc:
            if broke_off(exc):
                cut = Answer(response.status_code, headers, bytes(content))
                raise UnusableAnswerError(cut, "is cut off") from exc
            raise
        finally:
            await response.aclose()
        # Not by httpx, which unpacks without a bound.
        return unpacked(Answer(response.status_code, headers, bytes(content)), request.most_bytes)


def _cut_all(
    connections: WeakKeyDictionary[AsyncConnection, None], idle: list[AsyncConnection]
) -> None:
    # Of what is collected as a whole, the weak references are gone first: those that are idle are
    # all there is then.
    for connection in {*live(connections), *idle}:
        connection.cut()
    idle.clear()
