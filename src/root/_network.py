"""Bytes to and from one socket: httpcore's network backends, and one of ours for asyncio.

httpcore reaches asyncio through anyio. That costs a cancel scope and a few checkpoints for each
read, and closing takes an await, which is just what a cancelled task must not need. asyncio's
own streams do neither.
"""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
from collections.abc import Callable, Iterable
from contextlib import suppress
from math import inf
from time import monotonic
from typing import Any, TypeAlias, cast

import httpcore

__all__ = ["async_backend", "async_cut", "backend", "cut"]

SocketOption: TypeAlias = httpcore.SOCKET_OPTION

# Bytes that may wait to be read before the kernel is told to hold back.
_HIGH_WATER = 256 * 1024


def backend(loop: object) -> httpcore.NetworkBackend:
    """Return what opens blocking connections; there is no event loop to belong to."""
    return _BlockingBackend()


def async_backend(loop: object) -> httpcore.AsyncNetworkBackend:
    """Return what opens connections on this event loop."""
    if isinstance(loop, asyncio.AbstractEventLoop):
        return _AsyncioBackend()
    # httpcore has another class of that name for where trio is not installed.
    return httpcore.TrioBackend()  # pyright: ignore[reportReturnType]


def cut(stream: httpcore.NetworkStream, *, inherited: bool) -> None:
    """Close a connection at once, whatever it is doing.

    One that was inherited from the process that forked this one is that one's to shut down.
    """
    if not inherited:
        # This wakes a thread that waits for data, as closing would not.
        with suppress(OSError):
            stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
    stream.close()


def async_cut(stream: httpcore.AsyncNetworkStream, *, inherited: bool) -> None:
    """Close a connection at once and without an await, whatever it is doing.

    One that was inherited from the process that forked this one is left alone: its event loop
    is that one's.
    """
    if inherited:
        return
    if isinstance(stream, _AsyncioStream):
        stream.abort()
    else:
        stream.get_extra_info("socket").close()


class _BlockingBackend(httpcore.SyncBackend):
    """httpcore's, with one bound for all addresses of a host instead of one for each."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        until = inf if timeout is None else monotonic() + timeout
        try:
            # This alone cannot be bounded: the operating system's resolver takes what it takes.
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as exc:
            raise httpcore.ConnectError(str(exc)) from exc
        failure: Exception = httpcore.ConnectError("The host has no address.")
        for tried, (*_, address) in enumerate(found):
            left = _share(until, len(found) - tried)
            if left is not None and left <= 0:
                raise httpcore.ConnectTimeout("No address of the host answered.") from failure
            try:
                return super().connect_tcp(str(address[0]), port, left, None, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                failure = exc
        raise failure


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
                stream = await self._connected(host, port, until)
        except TimeoutError as exc:
            raise httpcore.ConnectTimeout(str(exc)) from exc
        except OSError as exc:
            raise httpcore.ConnectError(str(exc)) from exc
        sock = stream.get_extra_info("socket")
        for option in socket_options or ():
            sock.setsockopt(*option)
        return stream

    async def _connected(self, host: str, port: int, until: float) -> _AsyncioStream:
        loop = asyncio.get_running_loop()
        # Not by asyncio's happy eyeballs: when cancelled they drop a socket unclosed.
        found = [host]
        if not _is_address(host):
            infos = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found = [str(address[0]) for *_, address in infos]
        failure: Exception = OSError("The host has no address.")
        for tried, address in enumerate(found):
            try:
                async with asyncio.timeout(_share(until, len(found) - tried)):
                    return (await loop.create_connection(_AsyncioStream, address, port))[1]
            except OSError as exc:
                failure = exc
        raise failure


def _share(until: float, addresses: int) -> float | None:
    """Return the seconds for the next of so many addresses that are left to try, None for any.

    An address that swallows what it is sent must not use up the time of those after it.
    """
    return None if until == inf else (until - monotonic()) / addresses


def _is_address(host: str) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.inet_pton(family, host.partition("%")[0])
    except OSError:
        return False
    return True


class _AsyncioStream(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """An asyncio transport with its protocol, read and written as httpcore does it."""

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._ended = False
        self._error: Exception | None = None
        self._held_back = False
        self._writable = True
        # Whoever waits for data to come, or to go out. One task at a time uses a connection.
        self._waiter: asyncio.Future[None] | None = None

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not a check, since uvloop's are no subclass.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) >= _HIGH_WATER:
            self._held_back = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._error = exc
        self._wake()

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        self._wake()

    # What httpcore calls.

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            if self._can_read():
                # Who sends faster than it can be taken apart does not hold up the others.
                await asyncio.sleep(0)
            else:
                await self._wait(self._can_read, timeout)
        except TimeoutError as exc:
            raise httpcore.ReadTimeout("No data came in time.") from exc
        if self._error is not None and not self._buffer:
            raise httpcore.ReadError(str(self._error)) from self._error
        data = bytes(self._buffer[:max_bytes])
        del self._buffer[:max_bytes]
        if self._held_back and len(self._buffer) < _HIGH_WATER:
            self._held_back = False
            self._transport.resume_reading()
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # An error of a write before may not have come round to connection_lost yet.
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
            # The event loop is closed; the transport lets go of its socket when it is collected.
            return

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                transport = await asyncio.get_running_loop().start_tls(
                    self._transport, self, ssl_context, server_hostname=server_hostname
                )
        except BaseException as exc:
            self.abort()
            if isinstance(exc, TimeoutError):
                raise httpcore.ConnectTimeout("The TLS handshake was not done in time.") from exc
            if isinstance(exc, OSError):
                raise httpcore.ConnectError(str(exc)) from exc
            raise
        if transport is None:
            raise httpcore.ConnectError("The connection was closed during the TLS handshake.")
        self._transport = transport
        return self

    # The interface is httpcore's: what comes back depends on what is asked for.
    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            # The loop has read something already, or has not yet come round to it.
            return self._ended or bool(self._buffer) or _readable(self._transport)
        return self._transport.get_extra_info(info)

    def _can_read(self) -> bool:
        return bool(self._buffer) or self._ended

    def _can_write(self) -> bool:
        return self._writable or self._ended

    async def _wait(self, condition: Callable[[], bool], timeout: float | None) -> None:
        # One timeout for all of it: what comes in wakes who waits for something to go out.
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


def _readable(transport: asyncio.Transport) -> bool:
    sock: socket.socket = transport.get_extra_info("socket")
    if sock.fileno() < 0:
        return True
    if not hasattr(select, "poll"):
        # Windows. Elsewhere select() fails on file descriptors above 1023.
        return bool(select.select([sock], [], [], 0)[0])
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))
