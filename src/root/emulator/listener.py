"""The uvicorn server that runs the application in a thread."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from email.utils import formatdate
from socket import socket
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from root.emulator.application import CONNECTION, Connection
from root.emulator.clock import monotonic
from root.emulator.fault_player import wait_for_disconnect
from root.emulator.history import Connections

__all__ = ["Listener"]

# Clients keep connections open for seconds between requests, and a request fails if the server
# closes its connection first. The cloud's load balancers keep them for about a minute too.
_KEEP_ALIVE_SECONDS = 75

# On shutdown, requests in progress may finish within the tenth of a second that uvicorn waits in
# any case, and are cancelled then. The second is for those that cannot be cancelled.
_GRACE_SECONDS = 0.05
_SHUTDOWN_SECONDS = 1


class Listener(uvicorn.Server):
    """The server.

    Attributes:
        loop: The event loop, once it runs.
        address: The host and the port, once it listens.
        finished: Done once the server has stopped.
    """

    def __init__(
        self, application: ASGIApp, connections: Connections, host: str, port: int
    ) -> None:
        """Create a server that does not listen yet.

        Args:
            application: The ASGI application.
            connections: The statistics of connections to update.
            host: The address to listen on.
            port: The port; 0 selects a free one.
        """
        config = _Config(
            application,
            # uvicorn binds the port itself, since asyncio then sets TCP_NODELAY. It does not do so
            # for an existing socket, where each response would be delayed by 40 ms.
            host=host,
            port=port,
            # Before 0.36, uvicorn would change the kind of all event loops of the process.
            loop="auto" if hasattr(uvicorn.Config, "get_loop_factory") else "none",
            lifespan="off",
            ws="none",
            # With httptools a request is not notified of the end of its connection if another
            # request was pipelined, and a request that a fault aborted would never end.
            http="h11",
            proxy_headers=False,
            server_header=False,
            # A fault may set its own date.
            date_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        )
        config.connections = connections
        super().__init__(config)
        self.loop: Future[asyncio.AbstractEventLoop] = Future()
        self.address: Future[tuple[str, int]] = Future()
        self.finished: Future[None] = Future()

    def run_in_thread(self) -> None:
        """Serve in the current thread until `should_exit` is set."""
        try:
            self.run()
        except BaseException as exc:
            if self.address.done():
                raise
            self.address.set_exception(exc)
        finally:
            self.finished.set_result(None)

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Listen, and set `address`."""
        loop = asyncio.get_running_loop()
        loop.time = monotonic  # type: ignore[method-assign]
        self.loop.set_result(loop)
        thread = threading.get_ident()

        def is_relevant(record: logging.LogRecord) -> bool:
            return record.thread != thread or record.levelno < logging.ERROR

        # If it cannot listen, uvicorn logs the error and exits. The error is raised instead.
        logger = logging.getLogger("uvicorn.error")
        logger.addFilter(is_relevant)
        try:
            await super().startup(sockets)
        except SystemExit as exc:
            reason = exc.__context__
            if not isinstance(reason, OSError):
                raise
            raise _listen_error(self.config.host, self.config.port, reason) from None
        finally:
            logger.removeFilter(is_relevant)
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        self.address.set_result((host, port))

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Stop listening, and cancel requests that do not finish in a moment."""
        asyncio.get_running_loop().call_later(_GRACE_SECONDS, self._cancel_requests)
        await super().shutdown(sockets)

    def _cancel_requests(self) -> None:
        for task in self.server_state.tasks:
            task.cancel()


class _Config(uvicorn.Config):
    """A configuration that leaves the process's loggers alone.

    It also counts connections, and adds the connection to the scope of each request.
    """

    connections: Connections

    def configure_logging(self) -> None:
        """Leave the loggers unchanged."""

    def load(self) -> None:
        """Load the protocol class, and wrap it."""
        super().load()
        protocol_class = cast("Callable[..., Any]", self.http_protocol_class)
        connections = self.connections

        def create_protocol(**arguments: object) -> asyncio.Protocol:
            protocol = protocol_class(**arguments)
            protocol.access_log = False
            application: ASGIApp = protocol.app
            made, lost = protocol.connection_made, protocol.connection_lost
            connection: Connection

            async def app(scope: Scope, receive: Receive, send: Send) -> None:
                scope[CONNECTION] = connection
                try:
                    await application(scope, receive, _with_date(send))
                except asyncio.CancelledError:
                    # The emulator is stopped or wiped while a request is in progress.
                    connection.transport.abort()
                    await wait_for_disconnect(receive)

            def connection_made(transport: asyncio.Transport) -> None:
                nonlocal connection
                connection = Connection(transport, connections)
                made(transport)

            def connection_lost(exc: Exception | None) -> None:
                connection.end()
                lost(exc)

            protocol.app = app
            protocol.connection_made = connection_made
            protocol.connection_lost = connection_lost
            return cast("asyncio.Protocol", protocol)

        self.http_protocol_class = cast("type[asyncio.Protocol]", create_protocol)


def _with_date(send: Send) -> Send:
    """Add the header `Date` to responses that have none."""

    async def send_with_date(message: Message) -> None:
        if message["type"] == "http.response.start":
            now = formatdate(usegmt=True).encode("ascii")
            message["headers"] = list({b"date": now, **dict(message["headers"])}.items())
        await send(message)

    return send_with_date


def _listen_error(host: str, port: int, reason: OSError) -> OSError:
    number = reason.errno or 0
    if number == errno.EADDRINUSE:
        cause = "The port is in use; 0 selects a free one."
    else:
        # asyncio's message repeats the address. A failed look-up has a negative number.
        cause = f"{os.strerror(number) if number > 0 else reason.strerror}."
    error = OSError(f"Cannot listen on {host}, port {port}: {cause}")
    error.errno = number
    return error
