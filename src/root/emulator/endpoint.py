"""An endpoint of the API: content negotiation, authentication, rate limits and error responses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TypeAlias

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from root.emulator import problems
from root.emulator.history import ENTRY, Entry
from root.emulator.keys import Account, KeyRegistry
from root.emulator.problems import Problem, UnexpectedRequest
from root.emulator.serializers import is_json

Handler: TypeAlias = Callable[[Request, Account], Awaitable[Response]]
"""Handles an authenticated request."""

Lookup: TypeAlias = Callable[[Request, Account], object]
"""Looks up the object of a request, and raises a Problem if the account may not change it."""

_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


class Endpoint:
    """A path of the API and its methods, as an ASGI application."""

    def __init__(
        self,
        name: str,
        handlers: Mapping[str, Handler],
        keys: KeyRegistry,
        actions: Mapping[str, JsonValue],
        lookup: Lookup | None = None,
    ) -> None:
        """Create an endpoint.

        Args:
            name: The name in responses to OPTIONS.
            handlers: The handlers by method.
            keys: The accepted keys.
            actions: The fields of request bodies by method, in responses to OPTIONS.
            lookup: Returns the object that a request would change; `actions` are omitted if this
                fails.
        """
        self._name = name
        self._actions = dict(actions)
        self._lookup = lookup
        self._handlers = dict(handlers)
        self._keys = keys
        if "GET" in self._handlers:
            # uvicorn removes the body.
            self._handlers["HEAD"] = self._handlers["GET"]
        self._handlers["OPTIONS"] = self._options
        self._allow = ", ".join(self._handlers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except Problem as problem:
            entry: Entry = scope[ENTRY]
            entry.unexpected = isinstance(problem, UnexpectedRequest)
            entry.reason = problem.reason
            response = JSONResponse(problem.body, problem.status, problem.headers)
        response.headers["Allow"] = self._allow
        # Django REST Framework negotiates the content type of every response.
        response.headers["Vary"] = "Accept"
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        # Django REST Framework's order of checks decides which error a request with several gets:
        # content negotiation, authentication, permissions, rate limit, method.
        if request.query_params.get("format") not in (None, "", "json"):
            raise UnexpectedRequest(404, "Not found.")
        accepted = ",".join(request.headers.getlist("accept") or ["*/*"]).split(",")
        if not any(map(is_json, accepted)):
            raise problems.not_acceptable()
        account = self._authenticate(request)
        if account.state == "read-only" and request.method not in _SAFE_METHODS:
            raise problems.key_denied("the key is read-only")
        seconds = account.count_request(self._keys.clock())
        if seconds is not None:
            raise problems.throttled(seconds)
        handler = self._handlers.get(request.method)
        if handler is None:
            raise problems.method_not_allowed(request.method)
        return await handler(request, account)

    def _authenticate(self, request: Request) -> Account:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme != "Api-Key" or not key:
            raise problems.not_authenticated()
        account = self._keys.authenticate(key)
        if account is None:
            raise problems.key_denied("the key is unknown or revoked")
        return account

    async def _options(self, request: Request, account: Account) -> Response:
        metadata: dict[str, JsonValue] = {
            "name": self._name,
            "description": "",
            "renders": ["application/json"],
            "parses": ["application/json"],
        }
        with suppress(Problem):
            if self._actions and account.state != "read-only":
                if self._lookup:
                    self._lookup(request, account)
                metadata["actions"] = self._actions
        return JSONResponse(metadata)
