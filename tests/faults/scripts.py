"""Faults, and what servers do in them."""

from __future__ import annotations

import gzip
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from root import APIStatusError

from ..scripted_server import Step, sends
from .calls import MAX_BYTES, content, response, right
from .cells import Cell, Cells, all_of
from .scenes import Scene, Script, Setting, called, plain


@dataclass(frozen=True)
class Fault:
    """A fault.

    Attributes:
        name: Its name in the document.
        script: Returns the step of the server for a request of a call.
        cells: The outcome of each call while it lasts.
        setting: Starts the servers.
        timeout: Seconds for an attempt.
        may_be_done: Whether the service may have processed a request by then.
    """

    name: str
    script: Script
    cells: Cells
    setting: Setting = plain
    timeout: float = 5.0
    may_be_done: bool = True

    def __str__(self) -> str:
        return self.name

    @contextmanager
    def staged(self, times: int | None = None) -> Iterator[Scene]:
        """Play it, for all requests or for a number of them of each call."""
        met: Counter[str] = Counter()

        def choose(scene: Scene, request: bytes) -> Step:
            call = called(request)
            met[call] += 1
            if times is not None and met[call] > times:
                return sends(right(call), then_close=False)
            return self.script(scene, call)

        yield from self.setting(choose)


# The scripts.


def responds(status: int, body: bytes, *lines: str) -> Script:
    """Send the same response to every call."""
    return lambda _, call: sends(response(status, body, *lines), then_close=False)


def does(step: Step) -> Script:
    """Do the same for every call."""
    return lambda _, call: step


def changes(change: Callable[[bytes], bytes], *, then_close: bool = True) -> Script:
    """Change the right response."""
    return lambda _, call: sends(change(right(call)), then_close=then_close)


def changes_body(change: Callable[[bytes], bytes], *lines: str) -> Script:
    """Change the body of the right response."""
    return lambda _, call: sends(response(200, change(content(call)), *lines), then_close=False)


def adds(fields: bytes) -> Script:
    """Add fields to the model in the response, before the others."""
    return changes_body(lambda body: body.replace(b'{"id"', b"{" + fields + b', "id"'))


def has_number(number: bytes) -> Script:
    """Have a number in the model, or be the score, in the response."""
    field = b'"max_token_count": ' + number
    return changes_body(
        lambda body: body.replace(b'{"id"', b"{" + field + b', "id"').replace(b"0.5", number)
    )


def hangs(scene: Scene, _: str) -> Step:
    """Send nothing."""
    return scene.server.hangs


def hangs_after(part: Callable[[bytes], bytes]) -> Script:
    """Send a part of the right response and no more."""

    def script(scene: Scene, call: str) -> Step:
        def step(sock: socket.socket) -> bool:
            sock.sendall(part(response(200, content(call))))
            return scene.server.hangs(sock)

        return step

    return script


def drips(seconds: float, part: Callable[[bytes], int] = lambda _: 0) -> Script:
    """Send a part of the right response, and the rest byte by byte."""

    def script(scene: Scene, call: str) -> Step:
        # The head alone takes longer than the timeout.
        whole = response(200, content(call), f"X-More: {'x' * 300}")
        return scene.server.drips(whole, part(whole), seconds)

    return script


def hangs_as_proxy(scene: Scene, _: str) -> Step:
    assert scene.proxy is not None
    return scene.proxy.hangs


def redirects(to: Callable[[Scene], str], status: int = 302) -> Script:
    return lambda scene, _: sends(
        response(status, b"", f"Location: {to(scene)}/v1/models/9b2f/"), then_close=False
    )


def to_head(whole: bytes) -> bytes:
    return whole[:20]


def to_body(whole: bytes) -> bytes:
    return whole[: whole.index(b"\r\n\r\n") + 14]


HTML = b"<html><h1>Bad Gateway</h1></html>"
HTML_TYPE = "Content-Type: text/html"
CHUNKED = b"HTTP/1.1 200 Scripted\r\nTransfer-Encoding: chunked\r\n\r\n"
BOMB = gzip.compress(b" " * (MAX_BYTES * 5))
THROTTLED = b'{"detail": "Request was throttled. Expected available in 3 seconds."}'
# Dates of a server's clock that is wrong: only the difference between the two is used.
AHEAD = (
    "Date: Fri, 01 Jan 2100 05:00:00 GMT",
    "Retry-After: Fri, 01 Jan 2100 05:00:03 GMT",
)
BEHIND = (
    "Date: Thu, 01 Jan 2015 05:00:00 GMT",
    "Retry-After: Thu, 01 Jan 2015 05:00:03 GMT",
)

REDIRECTED = all_of(Cell(APIStatusError))
