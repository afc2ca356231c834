"""What may be done to the emulator: seen and changed from Python, and over HTTP by anybody else.

Over HTTP it lives under `/_emulator/` and wants a key of its own, in the header
`Authorization: Emulator-Key <key>`.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias, cast, get_args

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from root.emulator import serializers
from root.emulator.faults import Faults, Standing, read_fault
from root.emulator.history import Connections, History, RecordedRequest
from root.emulator.keys import Account, Accounts, KeyState
from root.emulator.problems import Problem
from root.emulator.serializers import Value
from root.emulator.store import Row, Store, Visibility

__all__ = ["PREFIX", "Control", "ControlApplication", "StoredModel"]

PREFIX = "/_emulator/"

_logger = logging.getLogger("root.emulator")

# As many as a page shows at once.
_MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model that a key created, as the emulator has it.

    Attributes:
        id: Its id.
        name: Its name.
        model: The underlying model.
        max_output_token_count: Tokens it may put out for one answer.
        max_token_count: Tokens it can process, or None.
        url: Where it is served, or None.
        visibility: Who sees it.
        organisation: Whose it is.
        owner: The e-mail address of who created it.
    """

    id: str
    name: str
    model: str
    max_output_token_count: int
    max_token_count: int | None
    url: str | None
    visibility: Visibility
    organisation: str
    owner: str

    @classmethod
    def of(cls, row: Row) -> StoredModel:
        """Return what is stored in a row."""
        return cls(
            row.id,
            row.name,
            row.model,
            row.max_output_token_count,
            row.max_token_count,
            row.url,
            row.visibility,
            row.organisation,
            row.email,
        )


class Control:
    """What the emulator has, for whoever runs it; used in its own thread alone."""

    def __init__(
        self,
        store: Store,
        accounts: Accounts,
        faults: Faults,
        history: History,
        connections: Connections,
        api_key: str,
    ) -> None:
        self._store = store
        self.accounts = accounts
        self.faults = faults
        self.history = history
        self.connections = connections
        self._api_key = api_key

    def models(self) -> tuple[StoredModel, ...]:
        """Return all models but the catalogue's, in the order of their creation."""
        return self.some_models(0, self.count_models())

    def some_models(self, offset: int, most: int) -> tuple[StoredModel, ...]:
        """Return so many of them, from one on."""
        return tuple(StoredModel.of(row) for row in self._store.created(offset, most))

    def count_models(self) -> int:
        """Return how many there are."""
        return self._store.count_created()

    def add_model(
        self, values: Mapping[str, object], visibility: Visibility, key: str | None
    ) -> StoredModel:
        """Store a model as if a key had created it, and return it; names may stand twice.

        Raises:
            ValueError: The API would not take these values, or there is no such key.
        """
        account: Account = self.accounts.of(key or self._api_key)
        unknown = sorted(set(values) - set(serializers.MODEL))
        if unknown:
            raise ValueError(f"A model has no {', '.join(unknown)}.")
        if visibility not in get_args(Visibility):
            raise ValueError(f"visibility is one of {', '.join(get_args(Visibility))}.")
        try:
            checked: dict[str, Value] = serializers.check(dict(values), serializers.MODEL)
        except Problem as problem:
            raise ValueError(f"The API would not take this: {problem.body}") from None
        return StoredModel.of(self._store.add(account, checked, visibility))

    def wipe(self) -> None:
        """Begin anew: the catalogue's models, the first faults, no requests, one key."""
        self._store.wipe()
        self.accounts.forget_all_but(self._api_key)
        self.faults.restart()
        self.history.clear()
        self.connections.restart()


# What the API for control is told.


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _NewKey(_Input):
    key: str | None = None
    organisation: str | None = None
    email: str | None = None
    full_name: str = "Emulator user"
    state: KeyState = "active"
    rate_limit: str | None = None


class _KeyChange(_Input):
    key: str
    state: KeyState | None = None
    rate_limit: str | None = None


class _NewModel(_Input):
    values: dict[str, JsonValue]
    visibility: Visibility = "PRIVATE"
    key: str | None = None


_Method: TypeAlias = Literal["GET", "POST", "PATCH", "DELETE"]
_Handler: TypeAlias = Callable[[Request], Awaitable[JsonValue]]


class ControlApplication:
    """The control over HTTP, as an ASGI application."""

    def __init__(self, control: Control, key: str) -> None:
        self._control = control
        self._key = key.encode()
        addresses: dict[str, dict[_Method, _Handler]] = {
            "state": {"GET": self._state},
            "models": {"GET": self._models, "POST": self._add_model},
            "requests": {"GET": self._requests, "DELETE": self._forget_requests},
            "faults": {
                "GET": self._faults,
                "POST": self._add_fault,
                "DELETE": self._remove_faults,
            },
            "faults/{number}": {"DELETE": self._remove_fault},
            "keys": {"POST": self._add_key, "PATCH": self._change_key},
            "wipe": {"POST": self._wipe},
        }
        self._router = Router(
            [Route(PREFIX + path, _Address(handlers)) for path, handlers in addresses.items()],
            redirect_slashes=False,
            default=self._nowhere,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        scheme, _, key = Request(scope).headers.get("authorization", "").partition(" ")
        if scheme != "Emulator-Key" or not secrets.compare_digest(key.encode(), self._key):
            text = "This wants the header `Authorization: Emulator-Key <the control key>`."
            response = _answer({"detail": text}, 401, {"WWW-Authenticate": "Emulator-Key"})
            await response(scope, receive, send)
            return
        try:
            await self._router(scope, receive, send)
        except ClientDisconnect:
            _logger.debug("A client hung up before all of its request was here")

    async def _nowhere(self, scope: Scope, receive: Receive, send: Send) -> None:
        places = ", ".join(route.path for route in self._router.routes if isinstance(route, Route))
        response = _answer({"detail": f"There is nothing at this address, but at {places}."}, 404)
        await response(scope, receive, send)

    async def _state(self, request: Request) -> JsonValue:
        control = self._control
        return {
            "models": control.count_models(),
            "requests": control.history.count,
            "faults": len(control.faults.all()),
            "connections": cast("JsonValue", asdict(control.connections)),
        }

    async def _models(self, request: Request) -> JsonValue:
        count, most = self._control.count_models(), _most(request)
        models = self._control.some_models(_number(request, "offset", max(count - most, 0)), most)
        return {"count": count, "models": [_plain(model) for model in models]}

    async def _add_model(self, request: Request) -> JsonValue:
        given = _NewModel.model_validate_json(await request.body())
        return _plain(self._control.add_model(given.values, given.visibility, given.key))

    async def _requests(self, request: Request) -> JsonValue:
        history, most = self._control.history, _most(request)
        after = _number(request, "after", history.count - most)
        requests = history.since(after, most)
        return {
            "count": history.count,
            "requests": [_plain_request(one) for one in requests],
        }

    async def _forget_requests(self, request: Request) -> JsonValue:
        self._control.history.clear()
        return None

    async def _faults(self, request: Request) -> JsonValue:
        return {"faults": [_plain_fault(one) for one in self._control.faults.all()]}

    async def _add_fault(self, request: Request) -> JsonValue:
        try:
            data = await request.json()
        except (ValueError, RecursionError) as exc:
            raise ValueError(f"The body is no JSON: {exc}.") from exc
        return {"id": self._control.faults.add(read_fault(data))}

    async def _remove_faults(self, request: Request) -> JsonValue:
        self._control.faults.clear()
        return None

    async def _remove_fault(self, request: Request) -> JsonValue:
        self._control.faults.remove(_whole("The number", request.path_params["number"]))
        return None

    async def _add_key(self, request: Request) -> JsonValue:
        given = _NewKey.model_validate_json(await request.body() or b"{}")
        return {"key": self._control.accounts.add(**given.model_dump())}

    async def _change_key(self, request: Request) -> JsonValue:
        given = _KeyChange.model_validate_json(await request.body())
        self._control.accounts.change(given.key, state=given.state, rate_limit=given.rate_limit)
        return None

    async def _wipe(self, request: Request) -> JsonValue:
        self._control.wipe()
        return None


def _plain(model: StoredModel) -> JsonValue:
    return cast("JsonValue", asdict(model))


def _plain_fault(standing: Standing) -> JsonValue:
    return {"id": standing.id, "left": standing.left, **standing.fault.told()}


def _plain_request(request: RecordedRequest) -> JsonValue:
    return {
        "number": request.number,
        "at": request.at.isoformat(),
        "method": request.method,
        "path": request.path,
        "query": dict(request.query),
        "headers": dict(request.headers),
        "json": request.json,
        "status": request.status,
        "request_id": request.request_id,
        "fault": None if request.fault is None else dict(request.fault),
        "reason": request.reason,
        "unexpected": request.unexpected,
    }


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name)
    return default if text is None else _whole(name, text)


def _whole(name: str, text: str) -> int:
    # Nobody counts so far, and longer numbers take Python long to read.
    if not text.isdecimal() or len(text) > 18:
        raise ValueError(f"{name} is a whole number, not {text[:40]!r}.")
    return int(text)


def _most(request: Request) -> int:
    return min(max(_number(request, "limit", _MOST_LISTED), 1), _MOST_LISTED)


class _Address:
    """One address of the control, as an ASGI application."""

    def __init__(self, handlers: Mapping[_Method, _Handler]) -> None:
        self._handlers = handlers
        self._allowed = ", ".join(handlers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        handler = self._handlers.get(cast("_Method", request.method.replace("HEAD", "GET")))
        if handler is None:
            text = f"{request.method} is not for this address, which takes {self._allowed}."
            return _answer({"detail": text}, 405, {"Allow": self._allowed})
        try:
            content = await handler(request)
        except ValidationError as exc:
            told = exc.errors(include_url=False, include_context=False, include_input=False)
            places = (
                f"{'.'.join(map(str, one['loc'])) or 'the body'}: {one['msg']}." for one in told
            )
            return _answer({"detail": " ".join(places)}, 400)
        except ValueError as exc:
            return _answer({"detail": str(exc)}, 400)
        if content is None:
            return Response(status_code=204, headers=_NOT_KEPT)
        return _answer(content, 201 if request.method == "POST" else 200)


_NOT_KEPT = {"Cache-Control": "no-store"}


def _answer(content: JsonValue, status: int, headers: Mapping[str, str] | None = None) -> Response:
    # In ASCII: half a surrogate, which JSON may hold and which came in that way, has no UTF-8.
    text = json.dumps(content)
    return Response(text, status, _NOT_KEPT | dict(headers or {}), "application/json")
