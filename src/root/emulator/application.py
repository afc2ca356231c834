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
from urllib.parse import quote
from uuid import uuid4

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from root.emulator.endpoint import Endpoint, Handler
from root.emulator.faults import BODILESS, Fault, Faults
from root.emulator.history import ENTRY, Connections, Entry, History
from root.emulator.keys import Accounts
from root.emulator.resources.models import MODEL, NEXT_STYLE, VERIFICATION, Models

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


class Connection:
    """A connection of a client, which counts from its first request to the API on.

    Those of the control alone do not: who looks at what happens would change it.
    """

    def __init__(self, transport: asyncio.Transport, connections: Connections) -> None:
        """Take what it sends by, and where it is counted."""
        self.transport = transport
        self._connections = connections
        self._counts = False

    def count(self) -> None:
        """Count it, once."""
        if not self._counts:
            self._counts = True
            self._connections.begin()

    def end(self) -> None:
        """Note its end."""
        if self._counts:
            self._connections.end()


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
            (re.compile(path), endpoint)
            for path, endpoint in (
                ("/v1/models/", Endpoint("Model List", several, accounts, {"POST": MODEL})),
                # Before the ids, of which it is none.
                (
                    "/v1/models/verify/",
                    Endpoint("Verify", {"POST": models.verify}, accounts, {"POST": VERIFICATION}),
                ),
                # Django REST Framework's router has ids without dots.
                (
                    "/v1/models/(?P<id>[^/.]+)/",
                    Endpoint("Model Instance", one, accounts, {"PUT": MODEL}, models.find_own),
                ),
            )
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, with an id for it in the headers whatever becomes of it."""
        for beginning, application in self._control.items():
            # What begins with a folder is below it, or the folder without its slash.
            if scope["path"] == beginning or (
                beginning.endswith("/")
                and beginning != "/"
                and f"{scope['path']}/".startswith(beginning)
            ):
                await application(scope, receive, send)
                return
        connection: Connection = scope[CONNECTION]
        connection.count()
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
        scope[ENTRY] = entry
        fault = self._faults.next(entry.method, entry.path)
        if fault is None:
            await self._do(scope, body, _noting(entry, send))
        else:
            entry.fault = fault.told()
            task = asyncio.current_task()
            assert task
            with self._faults.holding(task):
                await self._do_badly(fault, entry, connection.transport, scope, receive, send)

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
        self,
        fault: Fault,
        entry: Entry,
        transport: asyncio.Transport,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Do what a request asks, and have happen to it what the fault says."""
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.reset == "before":
            await _reset(transport, receive)
            return
        if fault.status is not None:
            sent = Request(scope).headers.get("content-type", "")
            response = fault.instead(fault.status, entry.method, sent)
        else:
            done = _Kept()
            await self._do({**scope, NEXT_STYLE: fault.next_style}, entry.body, done)
            response = done.response()
        if fault.reset == "after":
            await _reset(transport, receive)
            return
        response = fault.changed(response)
        await _play(fault, response, scope, receive, _noting(entry, send), transport)

    def _find(self, scope: Scope) -> ASGIApp:
        """Return what answers at the address of a request, and note the parts of its path."""
        path: str = scope["path"]
        for pattern, endpoint in self._endpoints:
            if found := pattern.fullmatch(path):
                scope["path_params"] = found.groupdict()
                return endpoint
        entry: Entry = scope[ENTRY]
        entry.unexpected = True
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
    """Note the status of an answer before it goes out, and give it an id if it has none."""

    async def noting(message: Message) -> None:
        if message["type"] == "http.response.start":
            entry.status = message["status"]
            headers = dict(message["headers"])
            name = headers.setdefault(b"x-request-id", entry.request_id.encode("ascii"))
            entry.request_id = name.decode("ascii")
            message["headers"] = list(headers.items())
        await send(message)

    return noting


def _once(message: Message) -> Callable[[], Awaitable[Message]]:
    """Return what a request's body is received from, if it is here already."""
    messages = [{"type": "http.disconnect"}, message]

    async def receive() -> Message:
        return messages.pop() if len(messages) > 1 else messages[0]

    return receive


async def _play(
    fault: Fault,
    response: Response,
    scope: Scope,
    receive: Receive,
    send: Send,
    transport: asyncio.Transport,
) -> None:
    """Send an answer as far and as fast as the fault has it."""
    body = bytes(response.body)
    headers = response.raw_headers
    if response.status_code not in BODILESS:
        length = (b"content-length", b"%d" % len(body))
        headers = [*(pair for pair in headers if pair[0] != b"content-length"), length]
    if scope["method"] == "HEAD":
        body = b""
    if transport.is_closing():
        # The client has not waited for it.
        pass
    elif fault.truncate and not body:
        # Where there is no body, what can be broken off is the head.
        transport.write(b"HTTP/1.1 ")
    else:
        await send(
            {
                "type": "http.response.start",
                "status": response.status_code,
                "headers": headers,
            }
        )
        sent = body[: len(body) // 2] if fault.truncate else body
        pieces = [sent] if fault.drip is None else [bytes([byte]) for byte in sent]
        for piece in pieces:
            if fault.drip is not None:
                await asyncio.sleep(fault.drip)
            if transport.is_closing():
                break
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    if fault.truncate:
        transport.close()
    if transport.is_closing():
        await gone(receive)
        return
    await send({"type": "http.response.body", "body": b"", "more_body": False})
    if fault.hang_up:
        transport.close()


async def _reset(transport: asyncio.Transport, receive: Receive) -> None:
    """Break the connection off, so that the other side sees it as reset and not as closed."""
    # A client that is gone by itself has left no socket.
    if not transport.is_closing():
        sock = transport.get_extra_info("socket")
        # Lingering for no time is what makes closing a reset.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    await gone(receive)


async def gone(receive: Receive) -> None:
    """Wait until uvicorn has noticed the end; it would complain of a missing answer before."""
    while (await receive())["type"] != "http.disconnect":
        continue
