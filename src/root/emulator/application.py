"""The service as an ASGI application: which address is answered by what, and what goes wrong.

The database is asked in the event loop itself. That holds up the other requests for the fifty
microseconds a statement takes, and spares each one the way to a thread and back, which takes
longer: right for a tool on one's own machine.
"""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from typing import Protocol, cast
from urllib.parse import quote
from uuid import uuid4

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from root.emulator.accounts import Accounts
from root.emulator.endpoint import Endpoint, Handler
from root.emulator.faults import Fault, Faults
from root.emulator.history import Entry, History
from root.emulator.models import NEXT_STYLE, Models

CONNECTION = "root.emulator.connection"
"""Where the scope of a request holds the connection that it came over."""

# What Django leaves as it is when it writes a path into a header.
_UNQUOTED = "/:@&+$,-_.!~*'()"

_logger = logging.getLogger("root.emulator")

_NOT_FOUND = """<!doctype html>
<html lang="en">
<title>Not Found</title>
<h1>Not Found</h1>
<p>There is nothing at this address. The models are at /v1/models/.</p>
</html>
"""

_SERVER_ERROR = """<!doctype html>
<html lang="en">
<title>Server Error (500)</title>
<h1>Server Error (500)</h1>
<p>The emulator could not answer. Its log says why.</p>
</html>
"""


class Connection(Protocol):
    """What uvicorn has of a connection."""

    transport: asyncio.Transport


class Application:
    """The service, with what it remembers and what is made to go wrong.

    Args:
        models: The answers.
        accounts: Who may ask.
        faults: What goes wrong.
        history: Where requests are noted.
        control: What answers at the addresses that are not the API's, by the path they begin
            with.
    """

    def __init__(
        self,
        models: Models,
        accounts: Accounts,
        faults: Faults,
        history: History,
        control: dict[str, ASGIApp],
    ) -> None:
        self._faults = faults
        self._history = history
        self._control = control
        several: dict[str, Handler] = {"GET": models.page, "POST": models.create}
        one: dict[str, Handler] = {
            "GET": models.retrieve,
            "PUT": models.replace,
            "PATCH": models.update,
            "DELETE": models.delete,
        }
        self._endpoints = [
            (re.compile(path), Endpoint(f"Model {name}", handlers, accounts))
            for path, name, handlers in (
                ("/v1/models/", "List", several),
                # Before the ids, of which it is none.
                ("/v1/models/verify/", "Verify", {"POST": models.verify}),
                # Django REST Framework's router has ids without dots.
                ("/v1/models/(?P<id>[^/.]+)/", "Instance", one),
            )
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, with an id for it in the headers whatever becomes of it."""
        for beginning, application in self._control.items():
            if scope["path"] == beginning or (
                beginning.endswith("/") and beginning != "/" and scope["path"].startswith(beginning)
            ):
                await application(scope, receive, send)
                return
        try:
            body = await Request(scope, receive).body()
        except ClientDisconnect:
            _logger.debug("A client hung up before all of its request was here")
            return
        entry = Entry(
            scope["method"],
            scope["path"],
            scope["query_string"],
            scope["headers"],
            body,
            uuid4().hex,
            time.time(),
        )
        self._history.add(entry)
        fault = self._faults.next(entry.method, entry.path)
        if fault is None:
            await self._do(scope, body, _noting(entry, send))
        else:
            entry.fault = fault.told()
            await self._do_badly(fault, entry, scope, receive, send)

    async def _do(self, scope: Scope, body: bytes, send: Send) -> None:
        """Do what a request asks."""
        whole = _once({"type": "http.request", "body": body, "more_body": False})
        started = False

        async def noting_start(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._find(scope)(scope, whole, noting_start)
        except Exception:
            _logger.exception("%s %s failed in the emulator", scope["method"], scope["path"])
            if not started:
                await HTMLResponse(_SERVER_ERROR, 500)(scope, whole, send)

    async def _do_badly(
        self, fault: Fault, entry: Entry, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Do what a request asks, and have happen to it what the fault says."""
        transport = cast("Connection", scope[CONNECTION]).transport
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.reset == "before":
            await _reset(transport, receive)
            return
        if fault.status is not None:
            response = fault.response(fault.status)
        else:
            done = _Kept()
            await self._do({**scope, NEXT_STYLE: fault.next_style}, entry.body, done)
            response = fault.changed(done.response())
        if fault.reset == "after":
            await _reset(transport, receive)
            return
        noting = _noting(entry, send)
        if fault.truncate:
            await _play(response, scope, noting, up_to=len(response.body) // 2)
            transport.close()
            await _gone(receive)
        elif fault.drip is not None:
            await _play(response, scope, noting, seconds=fault.drip, transport=transport)
        else:
            await response(scope, receive, noting)
        if fault.hang_up:
            transport.close()

    def _find(self, scope: Scope) -> ASGIApp:
        """Return what answers at the address of a request, and note the parts of its path."""
        path: str = scope["path"]
        for pattern, endpoint in self._endpoints:
            if found := pattern.fullmatch(path):
                scope["path_params"] = found.groupdict()
                return endpoint
        if any(pattern.fullmatch(f"{path}/") for pattern, _ in self._endpoints):
            # Django sends every method on its way with 301, also those whose body clients then
            # drop, or which they turn into GET.
            query = scope["query_string"].decode("latin-1")
            location = quote(f"{path}/", _UNQUOTED) + (f"?{query}" if query else "")
            return HTMLResponse("", 301, {"Location": location})
        return HTMLResponse(_NOT_FOUND, 404)


class _Kept:
    """Keeps an answer instead of sending it."""

    def __init__(self) -> None:
        self._status = 500
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status, self._headers = message["status"], list(message["headers"])
        else:
            self._body += message.get("body", b"")

    def response(self) -> Response:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self._headers}
        return Response(self._body, self._status, headers)


def _noting(entry: Entry, send: Send) -> Send:
    """Note the status of an answer before it goes out, and give it an id."""

    async def noting(message: Message) -> None:
        if message["type"] == "http.response.start":
            entry.status = message["status"]
            name = (b"x-request-id", entry.request_id.encode("ascii"))
            message["headers"] = [*message["headers"], name]
        await send(message)

    return noting


def _once(message: Message) -> Callable[[], Awaitable[Message]]:
    """Return what a request's body is received from, if it is here already."""
    messages = [{"type": "http.disconnect"}, message]

    async def receive() -> Message:
        return messages.pop() if len(messages) > 1 else messages[0]

    return receive


async def _play(
    response: Response,
    scope: Scope,
    send: Send,
    *,
    up_to: int | None = None,
    seconds: float | None = None,
    transport: asyncio.Transport | None = None,
) -> None:
    """Send an answer up to some byte of its body, or byte by byte."""
    body = b"" if scope["method"] == "HEAD" else bytes(response.body)
    # A length that is longer by one tells even of an empty body that it was cut off.
    headers = [pair for pair in response.raw_headers if pair[0] != b"content-length"]
    length = len(body) if up_to is None else max(len(body), 1)
    await send(
        {
            "type": "http.response.start",
            "status": response.status_code,
            "headers": [*headers, (b"content-length", b"%d" % length)],
        }
    )
    if up_to is not None:
        await send({"type": "http.response.body", "body": body[:up_to], "more_body": True})
        return
    for byte in body:
        if seconds:
            await asyncio.sleep(seconds)
        if transport is not None and transport.is_closing():
            return
        await send({"type": "http.response.body", "body": bytes([byte]), "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _reset(transport: asyncio.Transport, receive: Receive) -> None:
    """Break the connection off, so that the other side sees it as reset and not as closed."""
    sock = transport.get_extra_info("socket")
    # Lingering for no time is what makes closing a reset.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await _gone(receive)


async def _gone(receive: Receive) -> None:
    """Wait until uvicorn has noticed the end; it would complain of a missing answer before."""
    while (await receive())["type"] != "http.disconnect":
        continue
