"""A server on loopback that plays a script, byte for byte."""

from __future__ import annotations

import json
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

Step = Callable[[socket.socket], bool]
"""Does something on a connection after a request; returns whether the connection stays open."""


def responds(status: int = 200, body: object = None, **headers: str) -> Step:
    """Send a response, and wait for the next request."""
    return sends(response_bytes(status, body, **headers), then_close=False)


def sends(data: bytes, *, then_close: bool = True) -> Step:
    """Send these bytes."""

    def step(sock: socket.socket) -> bool:
        sock.sendall(data)
        return not then_close

    return step


def resets(sock: socket.socket) -> bool:
    """Reset the connection."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def sends_and_resets(data: bytes) -> Step:
    """Send these bytes, and reset the connection."""

    def step(sock: socket.socket) -> bool:
        sock.sendall(data)
        return resets(sock)

    return step


ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


def tunnels(authority: str, accepts: bytes = ESTABLISHED) -> Step:
    """Accept a CONNECT, and relay bytes to and from this address until one side closes."""
    host, _, port = authority.rpartition(":")

    def step(sock: socket.socket) -> bool:
        with socket.create_connection((host, int(port))) as there:
            sock.sendall(accepts)
            across = {sock: there, there: sock}
            while True:
                readable, _, _ = select.select(list(across), [], [])
                for side in readable:
                    data = side.recv(65536)
                    if not data:
                        return False
                    across[side].sendall(data)

    return step


def closes(_: socket.socket) -> bool:
    """Close the connection without a response."""
    return False


def response_bytes(status: int = 200, body: object = None, **headers: str) -> bytes:
    """Return a response with this JSON body."""
    content = b"" if body is None else json.dumps(body).encode()
    lines = {"Content-Type": "application/json", "Content-Length": str(len(content))} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Scripted\r\n{head}\r\n".encode() + content


@dataclass
class ScriptedServer:
    """Plays the steps of a script, one for each request; the last one is repeated for ever."""

    steps: list[Step]
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    tls: ssl.SSLContext | None = None
    ended: threading.Event = field(default_factory=threading.Event)
    """Set when the server is being closed: a step that waits ends."""
    host: str = "127.0.0.1"
    port: int = 0
    choose: Callable[[bytes], Step] | None = None
    """Returns the step for a request, instead of the script."""
    read_size: int | None = None
    """Read only this many bytes every 10 ms, and respond to no request."""
    sends_meanwhile: bytes = b""
    """What it sends every 10 ms if there is a `read_size`."""

    def __post_init__(self) -> None:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self._listener = socket.create_server((self.host, self.port), family=family)
        if self.read_size is not None:
            # So that the buffers are full soon.
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        self.port = self._listener.getsockname()[1]
        name = f"[{self.host}]" if ":" in self.host else self.host
        self.authority = f"{name}:{self.port}"
        self.url = f"http{'s' if self.tls else ''}://{self.authority}"
        self._open: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def hangs(self, _: socket.socket) -> bool:
        """Send nothing until the server is closed."""
        self.ended.wait()
        return False

    def drips(self, data: bytes, first: int = 0, seconds: float = 0.02) -> Step:
        """Send the first bytes together, the others one by one, and then nothing."""

        def step(sock: socket.socket) -> bool:
            sock.sendall(data[:first])
            for byte in data[first:]:
                if self.ended.wait(seconds):
                    return False
                sock.sendall(bytes([byte]))
            return self.hangs(sock)

        return step

    def sends_in_turn(self, first: bytes, second: bytes, seconds: float = 0.03) -> Step:
        """Send some bytes, more of them a little later, and wait for the next request."""

        def step(sock: socket.socket) -> bool:
            sock.sendall(first)
            self.ended.wait(seconds)
            sock.sendall(second)
            return True

        return step

    @property
    def open(self) -> int:
        """The number of open connections."""
        return len(self._open)

    def disconnect_all(self) -> None:
        """Close all connections."""
        for sock in list(self._open):
            sock.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.ended.set()
        # This wakes the thread that waits for a connection, as closing would not.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in list(self._open):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        try:
            if self.tls is not None:
                sock = self.tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
            self._open.add(sock)
            with sock:
                if isinstance(sock, ssl.SSLSocket) and not _handshake(sock):
                    return
                if self.read_size is not None:
                    self._read_slowly(sock, self.read_size)
                    return
                while request := _read_request(sock):
                    self.requests.append(request)
                    if not self._step(request)(sock):
                        return
        except OSError:
            # The client has closed the connection, which is the subject of many tests.
            return
        finally:
            self._open.discard(sock)

    def _read_slowly(self, sock: socket.socket, size: int) -> None:
        while not self.ended.wait(0.01):
            sock.sendall(self.sends_meanwhile)
            if size and not sock.recv(size):
                return

    def _step(self, request: bytes) -> Step:
        if self.choose is not None:
            return self.choose(request)
        return self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]


def _handshake(sock: ssl.SSLSocket) -> bool:
    try:
        sock.do_handshake()
    except ssl.SSLError:
        # A request may have arrived already. If it were left unread, closing would reset the
        # connection, and the client might not receive the TLS alert.
        while socket.socket.recv(sock, 65536):
            pass
        return False
    return True


def _read_request(sock: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := sock.recv(65536)):
            return b""
        data += more
        if not data[:1].isalpha():
            # Not HTTP: a TLS handshake with a server without TLS.
            return data
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    is_chunked = False
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.split(b":")[1])
        is_chunked |= line == b"transfer-encoding: chunked"
    while len(body) < length or (is_chunked and not body.endswith(b"0\r\n\r\n")):
        if not (more := sock.recv(65536)):
            return b""
        body += more
    return head + b"\r\n\r\n" + body
