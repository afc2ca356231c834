"""A fast server on loopback that answers with what it was asked for, and remembers who asked."""

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
    """One connection as the server has seen it.

    Attributes:
        names: The ids or names that were asked for on it, in their order.
        stray: Bytes that came and belong to no request.
        ended: How it ended: "" while it is open, "closed" or "lost".
    """

    names: list[str] = field(default_factory=list)
    stray: bytes = b""
    ended: str = ""


class Echo:
    """Answers a request for the id x with the model x, and a POST with a model of its name.

    Ids that begin with `missing` are answered 404.

    Args:
        hold: Seconds that it takes over each answer.
        tls: Speak TLS.
    """

    def __init__(self, hold: float = 0, tls: ssl.SSLContext | None = None) -> None:
        self.hold = hold
        self.connections: list[Connection] = []
        self.open = 0
        self.most_open = 0
        self.transports: set[asyncio.Transport] = set()
        self.loop = asyncio.new_event_loop()
        self._tls = tls
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    @property
    def names(self) -> list[str]:
        """The ids or names that were asked for, over all connections."""
        return [name for connection in self.connections for name in connection.names]

    def of(self, prefix: str) -> list[Connection]:
        """Return the connections on which something with this prefix was asked for."""
        return [
            connection
            for connection in self.connections
            if any(name.startswith(prefix) for name in connection.names)
        ]

    def hang_up(self) -> None:
        """Close every connection from this side."""

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
            # The transports let go of their sockets in the next rounds.
            while self.transports:
                await asyncio.sleep(0)
            await asyncio.sleep(0)

        asyncio.run_coroutine_threadsafe(end(), self.loop).result(5)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)
        self.loop.close()


class _Protocol(asyncio.Protocol):
    def __init__(self, echo: Echo) -> None:
        self._echo = echo
        self._buffer = b""
        self._said = Connection()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._echo.transports.add(self._transport)
        self._echo.connections.append(self._said)
        self._echo.open += 1
        self._echo.most_open = max(self._echo.most_open, self._echo.open)

    def connection_lost(self, exc: Exception | None) -> None:
        self._said.stray = self._buffer
        self._said.ended = "closed" if exc is None else "lost"
        self._echo.open -= 1
        self._echo.transports.discard(self._transport)

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
        self._said.names.append(name)
        status = "404 Not Found" if name.startswith("missing") else "200 OK"
        content = json.dumps({"id": name, "name": name}).encode()
        answer = (
            f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        ).encode() + content
        if self._echo.hold:
            self._echo.loop.call_later(self._echo.hold, self._transport.write, answer)
        else:
            self._transport.write(answer)
