"""Network backends of async connections: httpcore's for trio, and our own for asyncio.

httpcore uses asyncio through anyio. That costs a cancel scope and several checkpoints for each
read, and closing a connection takes an await, which a cancelled task cannot rely on. Our own
protocol has neither disadvantage.
"""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
from collections.abc import Callable, Iterable
from functools import partial
from math import inf
from typing import Any, cast

import httpcore

from .._concurrency.waiting import monotonic
from .._concurrency.workers import async_in_thread
from .backends import SocketOption, next_timeout

__all__ = ["async_backend", "async_cut"]

# Bytes that are buffered before reading from the socket is paused.
_HIGH_WATER = 256 * 1024


def async_backend(loop: object) -> httpcore.AsyncNetworkBackend:
    """Return the backend for connections of this event loop."""
    if isinstance(loop, asyncio.AbstractEventLoop):
        return _AsyncioBackend()
    # Without trio, httpcore has another class of this name.
    return httpcore.TrioBackend()  # pyright: ignore[reportReturnType]


def async_cut(stream: httpcore.AsyncNetworkStream, *, inherited: bool) -> None:
    """Close a connection at once and without an await, even while it is in use.

    Args:
        stream: The connection.
        inherited: Whether it was opened by a parent process, whose event loop it belongs to: then
            it is left open.
    """
    if inherited:
        return
    if isinstance(stream, _AsyncioStream):
        stream.abort()
    else:
        stream.get_extra_info("socket").close()


class _AsyncioBackend(httpcore.AsyncNetworkBackend):
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        until = inf if timeout is None else monotonic() + timeout
        try:
            async with asyncio.timeout(timeout):
                stream = await self._connect(host, port, until)
        except TimeoutError as exc:
            raise httpcore.ConnectTimeout(str(exc)) from exc
        except OSError as exc:
            raise httpcore.ConnectError(str(exc)) from exc
        sock = stream.get_extra_info("socket")
        for option in socket_options or ():
            sock.setsockopt(*option)
        return stream

    async def _connect(self, host: str, port: int, until: float) -> _AsyncioStream:
        loop = asyncio.get_running_loop()
        # Not with asyncio's happy eyeballs, which leave a socket open if they are cancelled.
        addresses = [host]
        if not _is_address(host):
            # Not in the event loop's executor: asyncio.run would wait for it at its end.
            look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
            infos = await async_in_thread(look_up, None)
            addresses = [str(address[0]) for *_, address in infos]
        error: Exception = OSError("The host has no address.")
        for tried, address in enumerate(addresses):
            try:
                async with asyncio.timeout(next_timeout(until, len(addresses) - tried)):
                    return (await loop.create_connection(_AsyncioStream, address, port))[1]
            except OSError as exc:
                error = exc
        raise error


def _is_address(host: str) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.inet_pton(family, host.partition("%")[0])
    except OSError:
        return False
    return True


class _AsyncioStream(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """A connection of asyncio, with the methods that httpcore calls."""

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._is_at_eof = False
        self._error: Exception | None = None
        self._is_paused = False
        self._is_writable = True
        # The task that waits to read or to write: only one at a time uses a connection.
        self._waiter: asyncio.Future[None] | None = None

    # Called by asyncio.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not an assertion: the transports of uvloop are not subclasses.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) >= _HIGH_WATER:
            self._is_paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._is_at_eof = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_at_eof = True
        self._error = exc
        self._wake()

    def pause_writing(self) -> None:
        self._is_writable = False

    def resume_writing(self) -> None:
        self._is_writable = True
        self._wake()

    # Called by httpcore.

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            if self._can_read():
                # A server that sends faster than it is parsed must not block other tasks.
                await asyncio.sleep(0)
            else:
                await self._wait(self._can_read, timeout)
        except TimeoutError as exc:
            raise httpcore.ReadTimeout("No data arrived in time.") from exc
        if self._error is not None and not self._buffer:
            raise httpcore.ReadError(str(self._error)) from self._error
        data = bytes(self._buffer[:max_bytes])
        del self._buffer[:max_bytes]
        if self._is_paused and len(self._buffer) < _HIGH_WATER:
            self._is_paused = False
            self._transport.resume_reading()
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # After a failed write, connection_lost may not have been called yet.
        if self._transport.is_closing():
            raise httpcore.WriteError("The server has closed the connection.") from self._error
        self._transport.write(buffer)
        try:
            if not self._can_write():
                await self._wait(self._can_write, timeout)
        except TimeoutError as exc:
            raise httpcore.WriteTimeout("Data could not be sent in time.") from exc

    async def aclose(self) -> None:
        self.abort()

    def abort(self) -> None:
        """Close the socket without an await."""
        try:
            self._transport.abort()
        except RuntimeError:
            # The event loop is closed. The transport closes its socket when it is collected.
            return

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        # What a proxy has sent in excess must not be taken for bytes of the service.
        self._buffer.clear()
        try:
            async with asyncio.timeout(timeout):
                transport = await asyncio.get_running_loop().start_tls(
                    self._transport, self, ssl_context, server_hostname=server_hostname
                )
        except BaseException as exc:
            self.abort()
            if isinstance(exc, TimeoutError):
                raise httpcore.ConnectTimeout("The TLS handshake did not finish in time.") from exc
            if isinstance(exc, OSError):
                raise httpcore.ConnectError(str(exc)) from exc
            raise
        if transport is None:
            raise httpcore.ConnectError("The connection was closed during the TLS handshake.")
        self._transport = transport
        return self

    # The type of the result depends on the argument, as in httpcore.
    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            # The event loop has read data already, or will do so in its next iteration.
            return self._is_at_eof or bool(self._buffer) or _is_readable(self._transport)
        return self._transport.get_extra_info(info)

    def _can_read(self) -> bool:
        return bool(self._buffer) or self._is_at_eof

    def _can_write(self) -> bool:
        return self._is_writable or self._is_at_eof

    async def _wait(self, condition: Callable[[], bool], timeout: float | None) -> None:
        # One timeout for the whole loop: incoming data wakes a task that waits to write, too.
        async with asyncio.timeout(timeout):
            while not condition():
                self._waiter = asyncio.get_running_loop().create_future()
                try:
                    await self._waiter
                finally:
                    self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _is_readable(transport: asyncio.Transport) -> bool:
    sock: socket.socket = transport.get_extra_info("socket")
    if sock.fileno() < 0:
        return True
    if not hasattr(select, "poll"):
        # Windows. Elsewhere select() fails on file descriptors above 1023.
        return bool(select.select([sock], [], [], 0)[0])
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))
