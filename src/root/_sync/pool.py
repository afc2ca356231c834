# Generated from src/root/_async/pool.py by scripts/generate_sync.py. Do not edit.
"""Connections kept open between requests.

httpcore's own pool looks at every connection on each request, reconnects when more than 20
are idle, and loses connections when a call is interrupted at the wrong moment. This one takes
the connection that was used last, looks at it once, and lets go of it without having to wait
for anything. The connections themselves, and HTTP/1.1 on them, are httpcore's.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from functools import partial
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any

import httpcore

from .._concurrency import Guard, Slots, sleep, unbroken
from .._http import (
    KEEPALIVE_EXPIRY,
    MOST_BYTES,
    Address,
    Answer,
    AnswerTooLargeError,
    Request,
    httpx_timeout,
    shared_ssl_context,
    timeouts,
    unpacked,
)
from .._network import backend, cut

if TYPE_CHECKING:
    import ssl

    import httpx

    from .._config import Timeout

__all__ = ["HTTPX", "Pool"]

_SOCKET_OPTIONS = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]


class Pool:
    """The connections of one event loop to one address, at most so many at once."""

    def __init__(
        self,
        address: Address,
        max_connections: int,
        loop: object,
        ssl_context: ssl.SSLContext | None,
    ) -> None:
        self._address = address
        self._ssl_context = ssl_context
        self._backend = backend(loop)
        self._slots = Slots(max_connections)
        # Last in, first out: the fewest connections stay in use, and the others expire.
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._guard = Guard(partial(_cut_all, self._open))

    def start(self) -> None:
        """Be ready."""
        self._guard.start()

    def close(self) -> None:
        """Cut all connections."""
        self._idle.clear()
        self._guard.close()
        # An event loop closes sockets in its next round.
        sleep(0)

    def exchange(self, request: Request, timeout: Timeout, deadline: float | None) -> Answer:
        """Send a request over a connection of its own and return the answer."""
        left = None if deadline is None else deadline - monotonic()
        if not self._slots.acquire(left):
            raise httpcore.PoolTimeout("All connections are in use.")
        connection: Connection | None = None
        try:
            connection = self._taken(request.address)
            return connection.exchange(request, timeout, deadline)
        finally:
            # Nothing is waited for from here on: who is interrupted may not come back from it.
            if connection is not None:
                self._give_back(connection)
            self._slots.release()

    def _taken(self, address: Address) -> Connection:
        # A redirect from http to https leads to another address, for one request.
        while self._idle and address.origin == self._address.origin:
            try:
                connection = self._idle.pop()
            except IndexError:
                # Another thread has taken it.
                break
            if not connection.is_stale():
                return connection
            self._drop(connection)
        connection = Connection(address, self._backend, self._ssl_context)
        self._open.add(connection)
        return connection

    def _give_back(self, connection: Connection) -> None:
        # A connection that was cut when the pool was closed is no longer among the open ones.
        if connection.is_reusable(self._address) and connection in self._open:
            self._idle.append(connection)
        else:
            self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        self._open.discard(connection)
        connection.cut()


class Connection(httpcore.NetworkBackend, httpcore.NetworkStream):
    """One connection: httpcore's HTTP/1.1 over a socket that keeps to the call's deadline.

    It stands between httpcore and the network, so that each wait is cut to what is left of the
    attempt, however slowly the bytes come in, and so that the socket can be closed at once.
    """

    def __init__(
        self,
        address: Address,
        backend: httpcore.NetworkBackend,
        ssl_context: ssl.SSLContext | None,
    ) -> None:
        self._address = address
        self._backend = backend
        self._stream: httpcore.NetworkStream | None = None
        self._until = inf
        self._parts = address.scheme.encode(), address.host.encode(), address.port
        secure = address.scheme == "https"
        self._http = httpcore.HTTPConnection(
            httpcore.URL(scheme=self._parts[0], host=self._parts[1], port=address.port).origin,
            ssl_context=(ssl_context or shared_ssl_context()) if secure else None,
            keepalive_expiry=KEEPALIVE_EXPIRY,
            network_backend=self,
            socket_options=_SOCKET_OPTIONS,
        )

    def exchange(self, request: Request, timeout: Timeout, deadline: float | None) -> Answer:
        """Send a request and read the answer to its end."""
        now = monotonic()
        operations, whole = timeouts(timeout, None if deadline is None else deadline - now)
        self._until = inf if whole is None else now + whole
        scheme, host, port = self._parts
        response = self._http.handle_request(
            httpcore.Request(
                request.method,
                httpcore.URL(scheme=scheme, host=host, port=port, target=request.target),
                headers=request.headers,
                content=request.content,
                extensions={"timeout": operations},
            )
        )
        assert isinstance(response.stream, Iterable)
        try:
            content = bytearray()
            for chunk in response.stream:
                content += chunk
                if len(content) > MOST_BYTES:
                    raise AnswerTooLargeError
        finally:
            response.close()
        return unpacked(Answer(response.status, response.headers, bytes(content)))

    def is_stale(self) -> bool:
        """Return whether it has been idle for too long, or the server has hung up."""
        return self._http.has_expired()

    def is_reusable(self, address: Address) -> bool:
        """Return whether the last exchange came to a clean end, with this address."""
        return self._http.is_idle() and self._address.origin == address.origin

    def cut(self) -> None:
        """Close the socket at once, without waiting for anything."""
        if self._stream is not None:
            cut(self._stream)

    # What httpcore calls: the backend, and then the stream.

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        self._stream = self._backend.connect_tcp(
            host, port, self._left(timeout, httpcore.ConnectTimeout), local_address, socket_options
        )
        return self

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        assert self._stream is not None
        self._stream = self._stream.start_tls(
            ssl_context, server_hostname, self._left(timeout, httpcore.ConnectTimeout)
        )
        return self

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        assert self._stream is not None
        return self._stream.read(max_bytes, self._left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        assert self._stream is not None
        self._stream.write(buffer, self._left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self.cut()

    # The interface is httpcore's: what comes back depends on what is asked for.
    def get_extra_info(self, info: str) -> Any:
        return None if self._stream is None else self._stream.get_extra_info(info)

    def _left(self, timeout: float | None, late: type[Exception]) -> float | None:
        if self._until == inf:
            return timeout
        left = self._until - monotonic()
        if left <= 0:
            raise late("The time for this attempt has run out.")
        return left if timeout is None else min(timeout, left)


class HTTPX:
    """Sends through an httpx client: the user's own, or one that knows the environment's proxy."""

    def __init__(self, client: httpx.Client, *, borrowed: bool) -> None:
        self._client = client
        self._guard = None if borrowed else Guard(client.close)

    def start(self) -> None:
        """Be ready."""
        if self._guard is not None:
            self._guard.start()

    def close(self) -> None:
        """Close the client, unless it is the user's own."""
        if self._guard is not None:
            self._guard.close()

    def exchange(self, request: Request, timeout: Timeout, deadline: float | None) -> Answer:
        """Send a request and return the answer."""
        return unbroken(self._exchange(request, timeout, deadline))

    def _exchange(self, request: Request, timeout: Timeout, deadline: float | None) -> Answer:
        now = monotonic()
        operations, whole = timeouts(timeout, None if deadline is None else deadline - now)
        until = inf if whole is None else now + whole
        response = self._client.send(
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
        try:
            content = bytearray()
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > MOST_BYTES:
                    raise AnswerTooLargeError
                if monotonic() > until:
                    raise httpcore.ReadTimeout("The time for this attempt has run out.")
        finally:
            response.close()
        # httpx has unpacked the body.
        headers = [pair for pair in response.headers.raw if pair[0].lower() != b"content-encoding"]
        return Answer(response.status_code, headers, bytes(content))


def _cut_all(connections: set[Connection]) -> None:
    while connections:
        connections.pop().cut()
