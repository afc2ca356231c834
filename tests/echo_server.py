"""A fast server on loopback that responds with what was requested, and records connections."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, cast


@dataclass
class Connection:
    """A connection as the server sees it.

    Attributes:
        names: The IDs or names that were requested on it, in order.
        stray: Bytes that belong to no request.
        ended: How it ended: "" while it is open, then "closed" or "lost".
    """

    names: list[str] = field(default_factory=list)
    stray: bytes = b""
    ended: str = ""


class EchoServer:
    """Responds to a request for the ID x with a model x, and to a POST with a model of its name.

    IDs that begin with `missing` are not found (404).

    Args:
        delay: Seconds until each response.
        tls: The TLS settings, if it uses TLS.
    """

    def __init__(self, delay: float = 0, tls: ssl.SSLContext | None = None) -> None:
        self.delay = delay
        self.connections: list[Connection] = []
        self.open = 0
        self.max_open = 0
        self.transports: set[asyncio.Transport] = set()
        self.loop = asyncio.new_event_loop()
        self._tls = tls
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    @property
    def names(self) -> list[str]:
        """The IDs or names that were requested on all connections."""
        return [name for connection in self.connections for name in connection.names]

    def connections_with(self, prefix: str) -> list[Connection]:
        """Return the connections on which an ID or a name with this prefix was requested."""
        return [
            connection
            for connection in self.connections
            if any(name.startswith(prefix) for name in connection.names)
        ]

    def disconnect_all(self) -> None:
        """Close all connections."""

        async def close() -> None:
            for transport in list(self.transports):
                transport.close()

        asyncio.run_coroutine_threadsafe(close(), self.loop).result(5)

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            self.loop.create_server(
                lambda: _Protocol(self), "127.0.0.1", 0, ssl=self._tls, backlog=2048
            ),
            self.loop,
        ).result(5)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http{'s' if self._tls else ''}://127.0.0.1:{port}"
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        async def end() -> None:
            self._server.close()
            for transport in list(self.transports):
                transport.abort()
            # The transports close their sockets in the next iterations of the loop.
            while self.transports:
                await asyncio.sleep(0)
            await asyncio.sleep(0)

        asyncio.run_coroutine_threadsafe(end(), self.loop).result(5)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)
        self.loop.close()


class _Protocol(asyncio.Protocol):
    def __init__(self, server: EchoServer) -> None:
        self._server = server
        self._buffer = b""
        self._connection = Connection()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._server.transports.add(self._transport)
        self._server.connections.append(self._connection)
        self._server.open += 1
        self._server.max_open = max(self._server.max_open, self._server.open)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connection.stray = self._buffer
        self._connection.ended = "closed" if exc is None else "lost"
        self._server.open -= 1
        self._server.transports.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line[15:])
        if not end or len(rest) < length:
            return
        self._buffer = rest[length:]
        if length:
            name = json.loads(rest[:length])["name"]
        else:
            name = head.split(b" ")[1].split(b"/")[-2].decode()
        self._connection.names.append(name)
        status = "404 Not Found" if name.startswith("missing") else "200 OK"
        content = json.dumps({"id": name, "name": name}).encode()
        response = (
            f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        ).encode() + content
        if self._server.delay:
            self._server.loop.call_later(self._server.delay, self._transport.write, response)
        else:
            self._transport.write(response)
