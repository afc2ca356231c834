"""The service as an ASGI application: routing, the history of requests, and faults."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Mapping
from urllib.parse import quote
from uuid import uuid4

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from root.emulator.bodies import (
    MAX_BODY_BYTES,
    MAX_BODY_BYTES_WITHOUT_KEY,
    TOO_LARGE,
    read_body,
    too_large,
)
from root.emulator.fault_player import reset_connection, send_with_fault
from root.emulator.fault_queue import FaultQueue
from root.emulator.faults import Fault
from root.emulator.history import BODY, ENTRY, Connections, Entry, History
from root.emulator.keys import KeyRegistry
from root.emulator.pagination import NEXT_STYLE

CONNECTION = "root.emulator.connection"
"""The entry of a request's scope with its `Connection`."""

# The characters that Django leaves unescaped in a redirect.
_UNQUOTED = "/:@&+$,-_.!~*'()"

_logger = logging.getLogger("rootsignals.emulator")

_NOT_FOUND = """<!doctype html>
<html lang="en">
<title>Not Found</title>
<h1>Not Found</h1>
<p>The requested resource was not found. The paths of the API are in /openapi.json.</p>
</html>
"""

_SERVER_ERROR = """<!doctype html>
<html lang="en">
<title>Server Error (500)</title>
<h1>Server Error (500)</h1>
<p>The emulator failed to process the request. The log has the traceback.</p>
</html>
"""


class Connection:
    """A connection of a client.

    It is counted from its first request to the API on. Requests to the control API are not
    counted, so that observing the statistics does not change them.
    """

    def __init__(self, transport: asyncio.Transport, connections: Connections) -> None:
        """Create a connection that is not counted yet.

        Args:
            transport: The transport.
            connections: The statistics to count it in.
        """
        self.transport = transport
        self._connections = connections
        self._is_counted = False

    def count(self) -> None:
        """Count the connection once."""
        if not self._is_counted:
            self._is_counted = True
            self._connections.begin()

    def end(self) -> None:
        """Count the end of the connection."""
        if self._is_counted:
            self._connections.end()


class Application:
    """The service, with a history of its requests and with faults.

    Args:
        endpoints: The endpoints of the API by the pattern of their path, the first match first.
        faults: The active faults.
        history: The history of requests.
        keys: The accepted keys.
        others: Applications at paths outside the API, by path or by prefix with a final slash.
    """

    def __init__(
        self,
        endpoints: Mapping[str, ASGIApp],
        faults: FaultQueue,
        history: History,
        keys: KeyRegistry,
        others: Mapping[str, ASGIApp],
    ) -> None:
        self._endpoints = [(re.compile(path), endpoint) for path, endpoint in endpoints.items()]
        self._faults = faults
        self._history = history
        self._keys = keys
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request; every response of the API has a request ID."""
        for path, application in self._others.items():
            # A prefix also matches without its final slash.
            if scope["path"] == path or (
                path.endswith("/") and path != "/" and f"{scope['path']}/".startswith(path)
            ):
                await application(scope, receive, send)
                return
        connection: Connection = scope[CONNECTION]
        connection.count()
        _, _, key = Headers(scope=scope).get("authorization", "").partition(" ")
        has_key = self._keys.authenticate(key) is not None
        limit = MAX_BODY_BYTES if has_key else MAX_BODY_BYTES_WITHOUT_KEY
        try:
            body = await read_body(receive, limit)
        except ClientDisconnect:
            _logger.debug("A client disconnected before its request was complete")
            return
        entry = Entry(
            scope["method"],
            scope["path"],
            scope["query_string"],
            scope["headers"],
            body or b"",
            uuid4().hex,
            time.time(),
        )
        self._history.add(entry)
        scope[ENTRY] = entry
        # Without a valid key, the response does not depend on the body.
        scope[BODY] = b"" if body is None and not has_key else body
        fault = self._faults.take(entry.method, entry.path)
        if fault is None:
            await self._handle(scope, receive, _recording(entry, send))
        else:
            entry.fault = fault.to_dict()
            task = asyncio.current_task()
            assert task
            with self._faults.cancelling(task):
                await self._handle_with_fault(
                    fault, entry, connection.transport, scope, receive, send
                )

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Process a request, whose body was read already."""
        is_started = False

        async def send_and_track(message: Message) -> None:
            nonlocal is_started
            is_started = True
            await send(message)

        try:
            await self._route(scope)(scope, receive, send_and_track)
        except Exception:
            _logger.exception("%s %s failed in the emulator", scope["method"], scope["path"])
            if not is_started:
                await HTMLResponse(_SERVER_ERROR, 500)(scope, receive, send)

    async def _handle_with_fault(
        self,
        fault: Fault,
        entry: Entry,
        transport: asyncio.Transport,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Process a request, and apply a fault."""
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.reset == "before":
            await reset_connection(transport, receive)
            return
        if fault.status is not None:
            content_type = Request(scope).headers.get("content-type", "")
            response = fault.response_for(fault.status, entry.method, content_type)
        else:
            buffer = _ResponseBuffer()
            await self._handle({**scope, NEXT_STYLE: fault.next_style}, receive, buffer)
            response = buffer.response()
        if fault.reset == "after":
            await reset_connection(transport, receive)
            return
        response = fault.apply_to(response)
        await send_with_fault(fault, response, scope, receive, _recording(entry, send), transport)

    def _route(self, scope: Scope) -> ASGIApp:
        """Return the application for the path of a request, and store its path parameters."""
        entry: Entry = scope[ENTRY]
        if scope[BODY] is None:
            entry.reason = TOO_LARGE
            return too_large()
        path: str = scope["path"]
        for pattern, endpoint in self._endpoints:
            if found := pattern.fullmatch(path):
                scope["path_params"] = found.groupdict()
                return endpoint
        entry.unexpected = True
        if any(pattern.fullmatch(f"{path}/") for pattern, _ in self._endpoints):
            # Django redirects every method with 301, also those whose body a client then drops or
            # that it changes to GET.
            query = scope["query_string"].decode("latin-1")
            location = quote(f"{path}/", _UNQUOTED) + (f"?{query}" if query else "")
            return HTMLResponse("", 301, {"Location": location})
        return HTMLResponse(_NOT_FOUND, 404)


class _ResponseBuffer:
    """Collects a response instead of sending it."""

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


def _recording(entry: Entry, send: Send) -> Send:
    """Record the status of a response before it is sent, and add a request ID if it has none."""

    async def send_and_record(message: Message) -> None:
        if message["type"] == "http.response.start":
            entry.status = message["status"]
            headers = dict(message["headers"])
            request_id = headers.setdefault(b"x-request-id", entry.request_id.encode("ascii"))
            entry.request_id = request_id.decode("ascii")
            message["headers"] = list(headers.items())
        await send(message)

    return send_and_record
