"""What is the same at every address: who asks, whether it may, and what an error looks like."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from root.emulator import problems
from root.emulator.problems import Problem

Handler: TypeAlias = Callable[[Request, str], Awaitable[Response]]
"""Answers a request of an owner."""

_TAKES_JSON = {"*/*", "application/*", "application/json"}


class Endpoint:
    """One address and its methods, as an ASGI application."""

    def __init__(
        self, name: str, handlers: Mapping[str, Handler], owners: Mapping[str, str]
    ) -> None:
        """Take the handlers by method, and the owners by key (more may be let in later)."""
        self._name = name
        self._handlers = dict(handlers)
        self._owners = owners
        if "GET" in self._handlers:
            # The body is dropped on the way out, by uvicorn.
            self._handlers["HEAD"] = self._handlers["GET"]
        self._handlers["OPTIONS"] = self._describe
        self._allow = ", ".join(self._handlers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except Problem as problem:
            response = JSONResponse(problem.body, problem.status, problem.headers)
        response.headers["Allow"] = self._allow
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        # The order of Django REST Framework's checks decides which error a request with several
        # gets: first whether the client takes JSON, then who it is, then the method.
        accepted = request.headers.get("accept", "*/*").split(",")
        if not any(media.partition(";")[0].strip() in _TAKES_JSON for media in accepted):
            raise problems.not_acceptable()
        owner = self._owner(request)
        handler = self._handlers.get(request.method)
        if handler is None:
            raise problems.method_not_allowed(request.method)
        return await handler(request, owner)

    def _owner(self, request: Request) -> str:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme != "Api-Key" or not key:
            raise problems.not_authenticated()
        owner = self._owners.get(key)
        if owner is None:
            raise problems.permission_denied()
        return owner

    async def _describe(self, request: Request, owner: str) -> Response:
        media = ["application/json"]
        return JSONResponse(
            {"name": self._name, "description": "", "renders": media, "parses": media}
        )
