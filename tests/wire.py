"""A server on loopback that says what its script says, byte for byte."""

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
"""Does something on a connection after a request came; returns whether to go on with it."""


def says(status: int = 200, body: object = None, **headers: str) -> Step:
    """Answer, and wait for the next request."""
    return raw(answer(status, body, **headers), then_close=False)


def raw(data: bytes, *, then_close: bool = True) -> Step:
    """Send these bytes."""

    def step(sock: socket.socket) -> bool:
        sock.sendall(data)
        return not then_close

    return step


def resets(sock: socket.socket) -> bool:
    """Break the connection off with a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def then_resets(data: bytes) -> Step:
    """Send these bytes, and break the connection off with a reset."""

    def step(sock: socket.socket) -> bool:
        sock.sendall(data)
        return resets(sock)

    return step


def tunnels(authority: str) -> Step:
    """Agree to a CONNECT and carry bytes to and from this address until one side closes."""
    host, _, port = authority.rpartition(":")

    def step(sock: socket.socket) -> bool:
        with socket.create_connection((host, int(port))) as there:
            sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
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
    """Close the connection without a word."""
    return False


def answer(status: int = 200, body: object = None, **headers: str) -> bytes:
    """Return the bytes of an answer with this JSON body."""
    content = b"" if body is None else json.dumps(body).encode()
    lines = {"Content-Type": "application/json", "Content-Length": str(len(content))} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + content


@dataclass
class Wire:
    """Plays the steps of a script, one for each request; the last one goes on for ever."""

    steps: list[Step]
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    tls: ssl.SSLContext | None = None
    ended: threading.Event = field(default_factory=threading.Event)
    """Set when the script is to stop what it is doing."""
    host: str = "127.0.0.1"
    port: int = 0
    choose: Callable[[bytes], Step] | None = None
    """Finds the step for a request, in place of the script."""
    takes: int | None = None
    """How many bytes it reads in 10 ms, if not all that come; then it answers no request."""
    says_meanwhile: bytes = b""
    """What it sends in these 10 ms all the same."""

    def __post_init__(self) -> None:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self._listener = socket.create_server((self.host, self.port), family=family)
        if self.takes is not None:
            # So that what is not read is soon not taken either.
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        self.port = self._listener.getsockname()[1]
        name = f"[{self.host}]" if ":" in self.host else self.host
        self.authority = f"{name}:{self.port}"
        self.url = f"http{'s' if self.tls else ''}://{self.authority}"
        self._open: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def hangs(self, _: socket.socket) -> bool:
        """Say nothing until the end of the test."""
        self.ended.wait()
        return False

    def drips(self, data: bytes, at_once: int = 0, seconds: float = 0.02) -> Step:
        """Send some bytes at once, the rest one by one, and then nothing."""

        def step(sock: socket.socket) -> bool:
            sock.sendall(data[:at_once])
            for byte in data[at_once:]:
                if self.ended.wait(seconds):
                    return False
                sock.sendall(bytes([byte]))
            return self.hangs(sock)

        return step

    def says_in_turn(self, first: bytes, second: bytes, seconds: float = 0.03) -> Step:
        """Send some bytes, more a little later, and wait for the next request."""

        def step(sock: socket.socket) -> bool:
            sock.sendall(first)
            self.ended.wait(seconds)
            sock.sendall(second)
            return True

        return step

    @property
    def open(self) -> int:
        """How many connections are open."""
        return len(self._open)

    def hang_up(self) -> None:
        """Close every connection from this side."""
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
                if isinstance(sock, ssl.SSLSocket) and not _shakes_hands(sock):
                    return
                if self.takes is not None:
                    self._take_little(sock, self.takes)
                    return
                while request := _read_request(sock):
                    self.requests.append(request)
                    if not self._step(request)(sock):
                        return
        except OSError:
            # The other side is gone, which many a script is about.
            return
        finally:
            self._open.discard(sock)

    def _take_little(self, sock: socket.socket, number: int) -> None:
        while not self.ended.wait(0.01):
            sock.sendall(self.says_meanwhile)
            if number and not sock.recv(number):
                return

    def _step(self, request: bytes) -> Step:
        if self.choose is not None:
            return self.choose(request)
        return self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]


def _shakes_hands(sock: ssl.SSLSocket) -> bool:
    try:
        sock.do_handshake()
    except ssl.SSLError:
        # A request may be on its way already. If it were left unread, closing would reset the
        # connection, and the other side might not hear what was wrong.
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
            # No HTTP, but a TLS handshake where there is none.
            return data
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        if not (more := sock.recv(65536)):
            return b""
        body += more
    return head + b"\r\n\r\n" + body
