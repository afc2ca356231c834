"""The service as an ASGI application: which address is answered by what.

The database is asked in the event loop itself. That holds up the other requests for the fifty
microseconds a statement takes, and spares each one the way to a thread and back, which takes
longer: right for a tool on one's own machine.
"""

from __future__ import annotations

import hashlib
import logging
from urllib.parse import quote
from uuid import uuid4

from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, Response
from starlette.routing import Match, Route, Router
from starlette.types import Message, Receive, Scope, Send

from root.emulator.endpoint import Endpoint, Handler
from root.emulator.models import Models

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


class Application:
    """The service."""

    def __init__(self, models: Models) -> None:
        """Lay out the addresses; no key is let in yet."""
        self._owners: dict[str, str] = {}
        instance: dict[str, Handler] = {
            "GET": models.retrieve,
            "PUT": models.replace,
            "PATCH": models.update,
            "DELETE": models.delete,
        }
        self._router = Router(
            [
                self._route("/v1/models/", "List", {"GET": models.page, "POST": models.create}),
                # Before the ids, of which it is none.
                self._route("/v1/models/verify/", "Verify", {"POST": models.verify}),
                self._route("/v1/models/{id}/", "Instance", instance),
            ],
            redirect_slashes=False,
            default=self._elsewhere,
        )

    def add_key(self, key: str) -> None:
        """Let a key in. What it creates belongs to its hash: the database never has the key."""
        self._owners[key] = hashlib.sha256(key.encode()).hexdigest()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, with an id for it in the headers whatever becomes of it."""
        request_id = uuid4().hex.encode("ascii")
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message["headers"], (b"x-request-id", request_id)]
            await send(message)

        try:
            await self._router(scope, receive, send_with_id)
        except ClientDisconnect:
            _logger.debug("A client hung up before all of its request was here")
        except Exception:
            _logger.exception("%s %s failed in the emulator", scope["method"], scope["path"])
            if not started:
                await HTMLResponse(_SERVER_ERROR, 500)(scope, receive, send_with_id)

    def _route(self, path: str, name: str, handlers: dict[str, Handler]) -> Route:
        return Route(path, Endpoint(f"Model {name}", handlers, self._owners))

    async def _elsewhere(self, scope: Scope, receive: Receive, send: Send) -> None:
        response: Response = HTMLResponse(_NOT_FOUND, 404)
        with_slash = scope["path"] + "/"
        routes = self._router.routes
        if any(
            route.matches({**scope, "path": with_slash})[0] is not Match.NONE for route in routes
        ):
            # Django sends every method on its way with 301, also those whose body clients then
            # drop, or which they turn into GET.
            query = scope["query_string"].decode("latin-1")
            location = quote(with_slash) + (f"?{query}" if query else "")
            response = HTMLResponse("", 301, {"Location": location})
        await response(scope, receive, send)
