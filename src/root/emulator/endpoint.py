"""What is the same at every address: who asks, whether it may, and what an error looks like."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TypeAlias

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from root.emulator import problems, serializers
from root.emulator.history import ENTRY, Entry
from root.emulator.keys import Account, Accounts
from root.emulator.problems import Problem, Unexpected

Handler: TypeAlias = Callable[[Request, Account], Awaitable[Response]]
"""Answers a request that an account makes."""

Find: TypeAlias = Callable[[Request, Account], object]
"""Looks for what a request would change, and raises a Problem if the account may not."""

_CHANGES_NOTHING = {"GET", "HEAD", "OPTIONS"}


class Endpoint:
    """One address and its methods, as an ASGI application."""

    def __init__(
        self,
        name: str,
        handlers: Mapping[str, Handler],
        accounts: Accounts,
        fields: Mapping[str, JsonValue],
        find: Find | None = None,
    ) -> None:
        """Take the handlers by method, who may ask, and what OPTIONS says may be sent how.

        It says so to those alone for whom `find` finds what would be changed.
        """
        self._name = name
        self._fields = dict(fields)
        self._find = find
        self._handlers = dict(handlers)
        self._accounts = accounts
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
            entry: Entry = scope[ENTRY]
            entry.unexpected = isinstance(problem, Unexpected)
            entry.reason = problem.reason
            response = JSONResponse(problem.body, problem.status, problem.headers)
        response.headers["Allow"] = self._allow
        # Django REST Framework negotiates the form of every answer; it names no version of one.
        response.headers["Vary"] = "Accept"
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        # The order of Django REST Framework's checks decides which error a request with several
        # gets: first whether it asks for JSON and takes it, then who the client is and what it may
        # do, then how often it asks, then the method.
        if request.query_params.get("format") not in (None, "", "json"):
            raise Unexpected(404, "Not found.")
        accepted = ",".join(request.headers.getlist("accept") or ["*/*"]).split(",")
        if not any(map(serializers.means_json, accepted)):
            raise problems.not_acceptable()
        account = self._account(request)
        if account.state == "read-only" and request.method not in _CHANGES_NOTHING:
            raise problems.key_denied("the key is read-only")
        wait = account.wait(self._accounts.clock())
        if wait is not None:
            raise problems.throttled(wait)
        handler = self._handlers.get(request.method)
        if handler is None:
            raise problems.method_not_allowed(request.method)
        return await handler(request, account)

    def _account(self, request: Request) -> Account:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme != "Api-Key" or not key:
            raise problems.not_authenticated()
        account = self._accounts.find(key)
        if account is None:
            raise problems.key_denied("the key is unknown or revoked")
        return account

    async def _describe(self, request: Request, account: Account) -> Response:
        said: dict[str, JsonValue] = {
            "name": self._name,
            "description": "",
            "renders": ["application/json"],
            "parses": ["application/json"],
        }
        with suppress(Problem):
            if account.state != "read-only":
                if self._find:
                    self._find(request, account)
                said["actions"] = self._fields
        return JSONResponse(said)
