"""An endpoint of the API: content negotiation, authentication, rate limits and error responses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from root.emulator import problems
from root.emulator.actions import Action
from root.emulator.calls import Call
from root.emulator.events import EVENTS_TYPE
from root.emulator.forms import FORM_TYPES
from root.emulator.generations import Generation, Handler, adapted, shape_of
from root.emulator.history import BODY, ENTRY, Entry
from root.emulator.keys import Account, KeyRegistry
from root.emulator.metadata import field_metadata
from root.emulator.pagination import Paginator
from root.emulator.problems import Problem, UnexpectedRequest
from root.emulator.resource import AnyResource
from root.emulator.rows import Row
from root.emulator.serializers import is_json
from root.emulator.store import Store

__all__ = ["Service", "endpoints"]

_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}

# Django REST Framework's router excludes dots from IDs.
_ID = "(?P<id>[^/.]+)"


@dataclass(frozen=True)
class Service:
    """What the endpoints of all resources share.

    Attributes:
        store: The database.
        keys: The accepted keys.
        paginator: The format of pages.
        generation: The generation of the service.
    """

    store: Store
    keys: KeyRegistry
    paginator: Paginator
    generation: Generation = "B"


def endpoints(resource: AnyResource, service: Service) -> dict[str, Endpoint]:
    """Return the endpoints of a resource by the pattern of their path."""
    if not resource.operations and not resource.actions:
        # This generation of the service does not have it.
        return {}
    handlers: dict[str, Handler] = {
        "list": resource.list_page,
        "create": resource.create,
        "retrieve": resource.retrieve,
        "replace": resource.replace,
        "update": resource.update,
        "delete": resource.delete,
    }

    def in_generation(handler: Handler, name: str = "") -> Handler:
        name = name or handler.__name__
        return adapted(handler, shape_of(service.generation, resource.name, name))

    def supported(**operations: str) -> dict[str, Handler]:
        return {
            method: in_generation(handlers[operation])
            for method, operation in operations.items()
            if operation in resource.operations
        }

    def endpoint(
        name: str,
        handlers: Mapping[str, Handler],
        actions: Mapping[str, JsonValue],
        media_types: Iterable[str] = (),
        *,
        accepts_forms: bool = resource.accepts_forms,
        accepts_bearer: bool = False,
        has_problem_details: bool = False,
    ) -> Endpoint:
        return Endpoint(
            *(name, handlers, service, resource, actions, media_types),
            accepts_forms=accepts_forms,
            accepts_bearer=accepts_bearer,
            has_problem_details=has_problem_details,
        )

    shape = shape_of(service.generation, resource.name)
    metadata = {
        name: described
        for name, described in shape.renamed(resource.metadata()).items()
        if name not in shape.without
    }
    of_list = supported(GET="list", POST="create")
    of_object = supported(GET="retrieve", PUT="replace", PATCH="update", DELETE="delete")
    return {
        _pattern(resource.path): endpoint(
            f"{resource.title} List", of_list, {"POST": metadata} if "POST" in of_list else {}
        ),
        # Before the pattern of IDs, which matches these paths too.
        **{
            _pattern(path): endpoint(
                _name(actions[0]),
                {
                    action.method: in_generation(partial(_act, resource, action), action.handler)
                    for action in actions
                },
                {
                    action.method: field_metadata(
                        shape_of(service.generation, resource.name, action.handler).renamed(
                            action.fields
                        )
                    )
                    for action in actions
                    if action.fields
                },
                {
                    *(action.media_type for action in actions),
                    *(EVENTS_TYPE for action in actions if action.streams),
                },
                accepts_forms=any(action.accepts_forms for action in actions),
                accepts_bearer=any(action.accepts_bearer for action in actions),
                has_problem_details=any(action.has_problem_details for action in actions),
            )
            for path, actions in resource.actions_by_path.items()
        },
        _pattern(f"{resource.path}{{id}}/"): endpoint(
            f"{resource.title} Instance",
            of_object,
            {"PUT": metadata} if "PUT" in of_object else {},
            resource.retrieved_as,
        ),
    }


def _pattern(path: str) -> str:
    """Return the pattern of a path, which is found without the prefix /v1/, too.

    A path without a final slash is also found with one; else a slash is required.
    """
    pattern = re.sub("^/v1/", "/(?:v1/)?", path).replace("{id}", _ID)
    return pattern if pattern.endswith("/") else f"{pattern}/?"


def _act(resource: AnyResource, action: Action, call: Call) -> Response:
    objects: list[Row] = []
    if action.is_for_object:
        objects.append(resource.find_own(call) if action.changes_object else resource.find(call))
    values = call.parameters(action.parameters)
    if action.fields:
        values |= call.validate(action.fields, accepts_forms=action.accepts_forms)
    response: Response = getattr(resource, action.handler)(call, *objects, values)
    return response


def _name(action: Action) -> str:
    """Return the name of an action in responses to OPTIONS."""
    return " ".join(re.findall("[a-z0-9]+", action.path.replace("{id}", ""))).title()


class Endpoint:
    """A path of the API and its methods, as an ASGI application."""

    def __init__(
        self,
        name: str,
        handlers: Mapping[str, Handler],
        service: Service,
        resource: AnyResource,
        actions: Mapping[str, JsonValue],
        media_types: Iterable[str] = (),
        *,
        accepts_forms: bool = False,
        accepts_bearer: bool = False,
        has_problem_details: bool = False,
    ) -> None:
        """Create an endpoint.

        Args:
            name: The name in responses to OPTIONS.
            handlers: The handlers by method.
            service: What all endpoints share.
            resource: The resource that it belongs to.
            actions: The fields of request bodies by method, in responses to OPTIONS.
            media_types: The media types of its responses besides JSON.
            accepts_forms: Whether bodies may be forms.
            accepts_bearer: Whether the key may be sent as `Authorization: Bearer`.
            has_problem_details: Whether errors are problem details.
        """
        self._name = name
        self._media_types = frozenset(media_types)
        self._accepts_forms = accepts_forms
        self._schemes = {"Api-Key", *(("Bearer",) if accepts_bearer else ())}
        self._has_problem_details = has_problem_details
        self._actions = dict(actions)
        self._handlers = dict(handlers)
        self._service = service
        self._resource = resource
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
            response = self._refusal(problem)
        response.headers["Allow"] = self._allow
        # Django REST Framework negotiates the content type of every response.
        response.headers["Vary"] = "Accept"
        await response(scope, receive, send)

    def _refusal(self, problem: Problem) -> Response:
        if not self._has_problem_details:
            return JSONResponse(problem.body, problem.status, problem.headers)
        return JSONResponse(
            problems.problem_details(problem),
            problem.status,
            problem.headers,
            media_type="application/problem+json",
        )

    async def _respond(self, request: Request) -> Response:
        store = self._service.store
        body: bytes = request.scope[BODY]
        is_safe = request.method in _SAFE_METHODS

        def work() -> Response:
            # The key is checked in turn, too: a wipe may remove it.
            account, handler = self._admit(request, is_safe=is_safe)
            self._resource.prepare(store, account)
            return handler(Call(request, body, account, store, self._service.paginator))

        return await store.in_turn(work, writes=not is_safe or self._resource.prepares)

    def _admit(self, request: Request, *, is_safe: bool) -> tuple[Account, Handler]:
        """Return the account of a request, and its handler.

        Raises:
            Problem: The request is refused.
        """
        # Django REST Framework's order of checks decides which error a request with several gets:
        # content negotiation, authentication, permissions, rate limit, method.
        if request.query_params.get("format") not in (None, "", "json"):
            raise UnexpectedRequest(404, "Not found.")
        accepted = ",".join(request.headers.getlist("accept") or ["*/*"]).split(",")
        if not any(map(self._is_supported, accepted)):
            raise problems.not_acceptable()
        account = self._authenticate(request)
        if account.state == "read-only" and not is_safe:
            raise problems.key_denied("the key is read-only")
        seconds = account.count_request(self._service.keys.clock())
        if seconds is not None:
            raise problems.throttled(seconds)
        handler = self._handlers.get(request.method)
        if handler is None:
            raise problems.method_not_allowed(request.method)
        return account, handler

    def _is_supported(self, media_range: str) -> bool:
        name = media_range.partition(";")[0].strip().lower()
        return is_json(media_range) or name in self._media_types

    def _authenticate(self, request: Request) -> Account:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme not in self._schemes or not key:
            raise problems.not_authenticated()
        account = self._service.keys.authenticate(key)
        if account is None:
            raise problems.authentication_failed()
        return account

    def _options(self, call: Call) -> Response:
        metadata: dict[str, JsonValue] = {
            "name": self._name,
            "description": "",
            "renders": ["application/json"],
            "parses": ["application/json", *(FORM_TYPES if self._accepts_forms else ())],
        }
        actions = {} if call.account.state == "read-only" else dict(self._actions)
        if "PUT" in actions and "id" in call.request.path_params:
            try:
                self._resource.find_own(call)
            except Problem:
                # The account may not change the object.
                del actions["PUT"]
        if actions:
            metadata["actions"] = actions
        return JSONResponse(metadata)
