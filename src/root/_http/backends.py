"""The network backend of blocking connections: httpcore's, with a timeout over all addresses.

Does not import asyncio, which takes 10 ms that a blocking call should not.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from contextlib import suppress
from math import inf
from typing import TypeAlias

import httpcore

from .._concurrency.waiting import monotonic

__all__ = ["SocketOption", "backend", "cut", "next_timeout"]

SocketOption: TypeAlias = httpcore.SOCKET_OPTION


def backend(loop: object) -> httpcore.NetworkBackend:
    """Return the backend for blocking connections, which belong to no event loop."""
    return _BlockingBackend()


def cut(stream: httpcore.NetworkStream, *, inherited: bool) -> None:
    """Close a connection at once, even while it is in use.

    Args:
        stream: The connection.
        inherited: Whether it was opened by a parent process, which still uses it: then it is
            closed in this process only.
    """
    if not inherited:
        # This wakes a thread that waits for data, which closing the socket does not.
        with suppress(OSError):
            stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
    stream.close()


def next_timeout(until: float, addresses: int) -> float | None:
    """Return the seconds for the next address, or None for no limit.

    The remaining time is divided among the remaining addresses: one that does not respond must
    not use up the time of those after it.
    """
    return None if until == inf else (until - monotonic()) / addresses


class _BlockingBackend(httpcore.SyncBackend):
    """httpcore's backend, with one timeout for all addresses of a host instead of one for each."""

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
            # This has no timeout: the resolver of the operating system cannot be interrupted.
            addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as exc:
            raise httpcore.ConnectError(str(exc)) from exc
        error: Exception = httpcore.ConnectError("The host has no address.")
        for tried, (*_, address) in enumerate(addresses):
            seconds = next_timeout(until, len(addresses) - tried)
            if seconds is not None and seconds <= 0:
                raise httpcore.ConnectTimeout("No connection was made in time.") from error
            try:
                return super().connect_tcp(str(address[0]), port, seconds, None, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                error = exc
        raise error
