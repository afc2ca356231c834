# Generated from src/root/_async/pool.py by scripts/generate_sync.py. Do not edit.
"""Connections that are kept open between requests.

httpcore's own pool inspects every connection on each request, reconnects when more than 20 are
idle, and loses connections when a call is cancelled at the wrong moment. This one takes the
connection that was used last, inspects it once, and releases it without waiting. The
connections themselves, and HTTP/1.1 on them, are httpcore's.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import httpcore

from .._concurrency.loops import Finalizer, live_keys
from .._concurrency.semaphores import Semaphore
from .._concurrency.waiting import monotonic
from .._forks import import_lock
from .._http.backends import backend
from .._http.exceptions import ClientClosedError
from .._http.messages import Origin, RawResponse, Request
from .._http.proxies import proxy_for
from .connection import Connection, ResponseBody, StaleError
from .stream import Chunks

if TYPE_CHECKING:
    import ssl

    from .._concurrency.semaphores import Permit
    from .._config import Timeout
    from .._http.proxies import Proxy

__all__ = ["Pool"]

# The server has no response to this request on this connection (RFC 9110, 15.5.20).
_MISDIRECTED = 421


class Pool:
    """The connections of one event loop to one origin."""

    def __init__(
        self,
        origin: Origin,
        max_connections: int,
        loop: object,
        ssl_context: ssl.SSLContext | None,
    ) -> None:
        self._origin = origin
        self._proxy = proxy_for(origin)
        self._ssl_context = ssl_context
        self._loop = loop
        self._backend = backend(loop)
        self._semaphore = Semaphore(max_connections)
        # Last in, first out: as few connections as possible stay in use, and the others expire.
        self._idle: list[Connection] = []
        # Weak: a connection that is lost when a signal handler raises between two steps is
        # collected.
        self._open: WeakKeyDictionary[Connection, None] = WeakKeyDictionary()
        self._is_closed = False
        self._finalizer = Finalizer(partial(_cut_all, self._open, self._idle))

    def start(self) -> None:
        """Prepare for requests."""
        self._finalizer.start()

    def refuse(self) -> None:
        """Start no more requests, and keep no connection."""
        self._is_closed = True

    def close(self) -> None:
        """Cut all connections, from within their event loop."""
        self.refuse()
        self._finalizer.close()

    def exchange(self, request: Request, timeout: Timeout, deadline: float | None) -> RawResponse:
        """Send a request over a connection and return the response."""
        remaining = None if deadline is None else deadline - monotonic()
        permit = self._semaphore.acquire(remaining)
        if permit is None:
            raise httpcore.PoolTimeout("All connections are in use.")
        connection: Connection | None = None
        response: RawResponse | None = None
        try:
            while response is None:
                connection = self._take(request.origin)
                # Checked after that, or one that another thread no longer sees would stay open.
                if self._is_closed:
                    raise ClientClosedError
                try:
                    response = connection.exchange(request, timeout, deadline)
                except StaleError:
                    # Each stale connection is dropped, and a new one cannot be stale.
                    self._drop(connection)
            if response.status == _MISDIRECTED:
                # The next attempt needs a new connection.
                self._drop_idle()
            if response.chunks is None:
                return response
            # Released by the stream from here on.
            held, permit = permit, None
            release = partial(self._release, connection, held)
            assert isinstance(response.chunks, ResponseBody)
            body = response.chunks
            chunks = Chunks(body, release, self._loop, body.close)
            return RawResponse(response.status, response.headers, b"", chunks)
        finally:
            # Nothing waits from here on: a cancelled task may not come back.
            if permit is not None:
                # A connection that was interrupted in its last step seems to be reusable.
                is_complete = response is not None and response.status != _MISDIRECTED
                self._release(connection, permit, is_complete=is_complete)

    def exchange_over_httpx(
        self, request: Request, timeout: Timeout, deadline: float | None
    ) -> RawResponse:
        """Do what `exchange` does, through httpx, so that tools that have hooked it see it."""
        # Imported late: most programs have no such tool.
        with import_lock:
            from .hooked import exchange_over_httpx

        return exchange_over_httpx(self.exchange, self._loop, request, timeout, deadline)

    def _release(self, connection: Connection | None, permit: Permit, *, is_complete: bool) -> None:
        try:
            if connection is not None and is_complete:
                self._give_back(connection)
            elif connection is not None:
                self._drop(connection)
        finally:
            self._semaphore.release(permit)

    def _take(self, origin: Origin) -> Connection:
        if not self._origin.is_same(origin):
            # A redirect from http to https. It has a proxy of its own, and an entry of NO_PROXY
            # may be for its port.
            return self._connect(origin, proxy_for(origin))
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:
                # Another thread has taken it.
                break
            is_fresh = False
            try:
                is_fresh = not connection.is_stale()
            finally:
                # Also if it is unknown: a signal handler may raise anywhere in blocking code.
                if not is_fresh:
                    self._drop(connection)
            if is_fresh:
                return connection
        return self._connect(origin, self._proxy)

    def _connect(self, origin: Origin, proxy: Proxy | None) -> Connection:
        connection = Connection(origin, proxy, self._backend, self._ssl_context)
        self._open[connection] = None
        return connection

    def _give_back(self, connection: Connection) -> None:
        is_kept = False
        try:
            # Another thread may have closed the pool meanwhile. At the end of the interpreter,
            # functions of atexit may still make calls when the finalizer has run.
            is_open = not self._is_closed and not self._finalizer.has_run()
            if is_open and connection.is_reusable(self._origin):
                connection.keep()
                self._idle.append(connection)
                is_kept = True
        finally:
            if not is_kept:
                self._drop(connection)

    def _drop_idle(self) -> None:
        # Another thread may take some of them meanwhile.
        with suppress(IndexError):
            while True:
                self._drop(self._idle.pop())

    def _drop(self, connection: Connection) -> None:
        self._open.pop(connection, None)
        connection.cut()


def _cut_all(connections: WeakKeyDictionary[Connection, None], idle: list[Connection]) -> None:
    # If all of it is collected together, the weak references are cleared first: then only the idle
    # connections remain.
    for connection in {*live_keys(connections), *idle}:
        connection.cut()
    idle.clear()
