"""The control API: inspection and control of the emulator over HTTP.

Its paths start with `/_emulator/`, and it requires its own key, in the header
`Authorization: Emulator-Key <key>`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Literal, TypeAlias, cast

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from root.emulator.bodies import MAX_BODY_BYTES, read_body, replaying, too_large
from root.emulator.control import Control
from root.emulator.fault_queue import ActiveFault
from root.emulator.faults import parse_fault
from root.emulator.history import RecordedRequest
from root.emulator.keys import KeyState
from root.emulator.resource import AnyResource
from root.emulator.rows import Visibility
from root.emulator.scoring import FixedScore

__all__ = ["PREFIX", "ControlApplication"]

PREFIX = "/_emulator/"

_logger = logging.getLogger("rootsignals.emulator")

# The maximum, and the default, of `limit`.
_MAX_LIMIT = 200

_Method: TypeAlias = Literal["GET", "POST", "PATCH", "DELETE"]
_Handler: TypeAlias = Callable[[Request], Awaitable[JsonValue]]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _NewKey(_Input):
    key: str | None = None
    organization: str | None = None
    email: str | None = None
    full_name: str = "Emulator user"
    state: KeyState = "active"
    rate_limit: str | None = None


class _KeyChange(_Input):
    key: str
    state: KeyState | None = None
    rate_limit: str | None = None


class _NewObject(_Input):
    values: dict[str, JsonValue]
    visibility: Visibility = "PRIVATE"
    key: str | None = None


class _NewScore(_Input):
    evaluator: str
    score: float | None
    justification: str | None = None
    pattern: str | None = None


class ControlApplication:
    """The control API as an ASGI application."""

    def __init__(self, control: Control, resources: Iterable[AnyResource], key: str) -> None:
        """Create the application.

        Args:
            control: The operations.
            resources: The resources of the API.
            key: The control key.
        """
        self._control = control
        self._resources = tuple(resources)
        self._key = key.encode()
        endpoints: dict[str, dict[_Method, _Handler]] = {
            "state": {"GET": self._get_state},
            "resources": {"GET": self._list_resources},
            **{
                resource.name: {
                    "GET": partial(self._list_objects, resource),
                    "POST": partial(self._add_object, resource),
                }
                for resource in self._resources
            },
            "requests": {"GET": self._list_requests, "DELETE": self._clear_requests},
            "faults": {
                "GET": self._list_faults,
                "POST": self._add_fault,
                "DELETE": self._clear_faults,
            },
            "faults/{number}": {"DELETE": self._remove_fault},
            "scores": {
                "GET": self._list_scores,
                "POST": self._add_score,
                "DELETE": self._clear_scores,
            },
            "keys": {"POST": self._add_key, "PATCH": self._change_key},
            "wipe": {"POST": self._wipe},
        }
        self._router = Router(
            [
                Route(PREFIX + path, _ControlEndpoint(handlers))
                for path, handlers in endpoints.items()
            ],
            redirect_slashes=False,
            default=self._not_found,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        scheme, _, key = Request(scope).headers.get("authorization", "").partition(" ")
        if scheme != "Emulator-Key" or not secrets.compare_digest(key.encode(), self._key):
            text = (
                "The control key is missing or wrong. Send it in the header"
                " `Authorization: Emulator-Key <control key>`."
            )
            response = _json_response({"detail": text}, 401, {"WWW-Authenticate": "Emulator-Key"})
            await response(scope, receive, send)
            return
        try:
            body = await read_body(receive, MAX_BODY_BYTES)
            if body is None:
                await too_large()(scope, receive, send)
            else:
                await self._router(scope, replaying(body), send)
        except ClientDisconnect:
            _logger.debug("A client disconnected before its request was complete")

    async def _not_found(self, scope: Scope, receive: Receive, send: Send) -> None:
        paths = ", ".join(route.path for route in self._router.routes if isinstance(route, Route))
        text = f"Not found. The paths of the control API are {paths}."
        await _json_response({"detail": text}, 404)(scope, receive, send)

    async def _get_state(self, request: Request) -> JsonValue:
        control = self._control
        return {
            **{one.name: await control.count_created(one) for one in self._resources},
            "requests": control.history.count,
            "faults": len(control.faults.all()),
            "connections": cast("JsonValue", asdict(control.connections)),
        }

    async def _list_resources(self, request: Request) -> JsonValue:
        return {
            "resources": [
                {
                    "name": one.name,
                    "noun": one.noun,
                    "path": one.path,
                    "columns": [*one.dashboard_columns],
                }
                for one in self._resources
            ]
        }

    async def _list_objects(self, resource: AnyResource, request: Request) -> JsonValue:
        count, limit = await self._control.count_created(resource), _limit(request)
        offset = _parameter(request, "offset", max(count - limit, 0))
        objects = await self._control.list_created(resource, offset, limit)
        return {"count": count, resource.name: [_object_to_json(one) for one in objects]}

    async def _add_object(self, resource: AnyResource, request: Request) -> JsonValue:
        body = _NewObject.model_validate_json(await request.body())
        return _object_to_json(
            await self._control.add(resource, body.values, body.visibility, body.key)
        )

    async def _list_requests(self, request: Request) -> JsonValue:
        history, limit = self._control.history, _limit(request)
        after = _parameter(request, "after", history.count - limit)
        count, parse = history.count, history.after(after, limit)
        requests = await asyncio.to_thread(parse)
        return {"count": count, "requests": [_request_to_json(one) for one in requests]}

    async def _clear_requests(self, request: Request) -> JsonValue:
        self._control.history.clear()
        return None

    async def _list_faults(self, request: Request) -> JsonValue:
        return {"faults": [_fault_to_json(active) for active in self._control.faults.all()]}

    async def _add_fault(self, request: Request) -> JsonValue:
        try:
            data = await request.json()
        except (ValueError, RecursionError) as exc:
            raise ValueError(f"The body is not valid JSON: {exc}.") from exc
        return {"id": self._control.faults.add(parse_fault(data))}

    async def _clear_faults(self, request: Request) -> JsonValue:
        self._control.faults.clear()
        return None

    async def _remove_fault(self, request: Request) -> JsonValue:
        self._control.faults.remove(_parse_integer("number", request.path_params["number"]))
        return None

    async def _list_scores(self, request: Request) -> JsonValue:
        return {"scores": [asdict(score) for score in self._control.fixed_scores.all()]}

    async def _add_score(self, request: Request) -> JsonValue:
        body = _NewScore.model_validate_json(await request.body())
        await self._control.set_score(FixedScore(**body.model_dump()))
        return None

    async def _clear_scores(self, request: Request) -> JsonValue:
        self._control.fixed_scores.clear()
        return None

    async def _add_key(self, request: Request) -> JsonValue:
        body = _NewKey.model_validate_json(await request.body() or b"{}")
        return {"key": self._control.keys.add(**body.model_dump())}

    async def _change_key(self, request: Request) -> JsonValue:
        body = _KeyChange.model_validate_json(await request.body())
        self._control.keys.change(body.key, state=body.state, rate_limit=body.rate_limit)
        return None

    async def _wipe(self, request: Request) -> JsonValue:
        await self._control.wipe()
        return None


class _ControlEndpoint:
    """A path of the control API, as an ASGI application."""

    def __init__(self, handlers: Mapping[_Method, _Handler]) -> None:
        self._handlers = handlers
        self._allow = ", ".join(handlers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(Request(scope, receive))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        handler = self._handlers.get(cast("_Method", request.method.replace("HEAD", "GET")))
        if handler is None:
            text = f"Method {request.method} is not allowed. Allowed methods: {self._allow}."
            return _json_response({"detail": text}, 405, {"Allow": self._allow})
        try:
            content = await handler(request)
        except ValidationError as exc:
            errors = exc.errors(include_url=False, include_context=False, include_input=False)
            sentences = (
                f"{'.'.join(map(str, error['loc'])) or 'body'}: {error['msg']}." for error in errors
            )
            return _json_response({"detail": " ".join(sentences)}, 400)
        except ValueError as exc:
            return _json_response({"detail": str(exc)}, 400)
        if content is None:
            return Response(status_code=204, headers=_NO_STORE)
        return _json_response(content, 201 if request.method == "POST" else 200)


def _object_to_json(stored: object) -> JsonValue:
    # A dataclass, whatever the resource is.
    values: dict[str, object] = asdict(stored)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    return {
        name: value.isoformat() if isinstance(value, datetime) else cast("JsonValue", value)
        for name, value in values.items()
    }


def _fault_to_json(active: ActiveFault) -> JsonValue:
    return {"id": active.id, "left": active.remaining, **active.fault.to_dict()}


def _request_to_json(request: RecordedRequest) -> JsonValue:
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


def _parameter(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name)
    return default if text is None else _parse_integer(name, text)


def _parse_integer(name: str, text: str) -> int:
    # Python takes long to parse very long numbers.
    if not text.isdecimal() or len(text) > 18:
        raise ValueError(f"{name} must be a non-negative integer, not {text[:40]!r}.")
    return int(text)


def _limit(request: Request) -> int:
    return min(max(_parameter(request, "limit", _MAX_LIMIT), 1), _MAX_LIMIT)


_NO_STORE = {"Cache-Control": "no-store"}


def _json_response(
    content: JsonValue, status: int, headers: Mapping[str, str] | None = None
) -> Response:
    # In ASCII: JSON can hold a lone surrogate, which UTF-8 cannot encode.
    text = json.dumps(content)
    return Response(text, status, _NO_STORE | dict(headers or {}), "application/json")
