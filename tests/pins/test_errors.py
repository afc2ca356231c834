"""Errors as data: the class and the public attributes of every error, on all three faces.

Whether a call fails under a fault, and how often it is tried, is in the table of tests/faults/;
here is what the errors hold. Sentences for a person to read are not recorded. To record a change:
`python -m tests.pins.test_errors`.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any
from unittest import mock

import pytest

from root import (
    APIStatusError,
    ApplyError,
    BadRequestError,
    BulkError,
    ModelVerification,
    RootSignalsError,
)
from root.errors import NOT_STARTED

from ..faults.calls import MAX_BYTES, SHORT, response
from ..faults.scripts import Fault
from ..faults.table import FAULTS
from ..scripted_server import ScriptedServer, Step, closes, responds, sends
from .faces import FACES, Face, Program, run
from .record import Record, as_json

COMMAND = "tests.pins.test_errors"
FAULT_ERRORS = Record("errors_of_faults.json", COMMAND)
BODY_ERRORS = Record("errors_of_bodies.json", COMMAND)
WORK_ERRORS = Record("errors_of_work.json", COMMAND)

KEY = "key-of-the-tests"

Data = dict[str, Any]


def data_of(error: RootSignalsError) -> Data:
    """Return what a program can read from an error, without sentences, addresses and times.

    What is not set is left out.
    """
    data: Data = {
        "class": type(error).__name__,
        "status_code": error.status_code,
        "detail": error.detail,
        "request": error.request and error.request.method,
        "request_id": error.request_id,
        "body": None if error.data is None else type(error.data).__name__,
        "attempts": [
            " ".join(
                [
                    str(attempt.status or "no response"),
                    *(["with a cause"] if attempt.cause else []),
                    *(["then a wait"] if attempt.wait is not None else []),
                ]
            )
            for attempt in error.attempts
        ],
        "cursor": error.cursor,
        "has_elapsed": error.elapsed is not None,
    }
    if isinstance(error, APIStatusError):
        data["retry_after"] = error.retry_after
    if isinstance(error, BadRequestError):
        data["fields"] = error.fields
    cause = error.__cause__
    if cause is not None and not type(cause).__module__.startswith("root."):
        data["cause"] = type(cause).__name__
    if isinstance(error, BulkError):
        data["results"] = [_outcome(result) for result in error.results]
        data["counts"] = [error.succeeded, error.failed, error.not_started]
    if isinstance(error, ApplyError):
        data["done"] = [[one.action, one.name] for one in error.done]
        data["failed"] = [[one.name, data_of(why)] for one, why in error.failed]
        data["not_started"] = [[one.action, one.name] for one in error.not_started]
    data = {name: value for name, value in data.items() if value not in (None, False, [], {})}
    return data | {"may_have_been_processed": error.may_have_been_processed}


def _outcome(result: object) -> object:
    if isinstance(result, RootSignalsError):
        return data_of(result)
    if isinstance(result, ModelVerification):
        return result.to_dict()
    return "NOT_STARTED" if result is NOT_STARTED else result


def outcome(face: str, program: Program[Any], **options: Any) -> Data:
    """Return the data of the error that a program ends in."""
    try:
        run(face, program, KEY, **options)
    except RootSignalsError as error:
        return data_of(error)
    return {"result": True}


# The faults of the table.

CALLS: dict[str, Program[Any]] = {
    "retrieve": lambda face: face.call("retrieve", "9b2f"),
    "list": lambda face: face.call("list"),
    "replace": lambda face: face.call("replace", "9b2f", name="a"),
    "delete": lambda face: face.call("delete", "9b2f"),
    "create": lambda face: face.call("create", name="a"),
    "verify": lambda face: face.call("verify", model="a"),
}
"""`update` is as `create`."""

# A fault that lets every call through is not an error.
LASTING = [fault for fault in FAULTS if any(cell.error for cell in fault.cells.values())]


def play(fault: Fault) -> dict[str, dict[str, Data]]:
    """Return the errors of all calls under a fault, by face and then by call."""
    # A timeout must expire at the fault, on a busy machine, too.
    timeout = 2 * SHORT if fault.timeout == SHORT else fault.timeout
    cells = [(face, name) for face in FACES for name in CALLS]
    with (
        fault.staged() as scene,
        # Not without need: it is the whole process's, and some faults are played at once.
        mock.patch.dict(os.environ, scene.environment) if scene.environment else nullcontext(),
        ThreadPoolExecutor(len(cells)) as threads,
    ):

        def play_cell(cell: tuple[str, str]) -> Data:
            face, name = cell
            return outcome(
                face,
                CALLS[name],
                base_url=scene.url,
                timeout=timeout,
                max_retries=1,
                max_response_bytes=MAX_BYTES,
                default_headers={"X-Call": name} | scene.headers,
            )

        played = dict(zip(cells, threads.map(play_cell, cells), strict=True))
    return {face: {name: played[face, name] for name in CALLS} for face in FACES}


def observe_faults() -> dict[str, str]:
    """Return the errors of all faults, by face."""
    # The waits before retries are drawn between nothing and half a second.
    with mock.patch.object(random, "random", return_value=0.0):
        # These wait three seconds, as the service asks them to.
        slow = [fault for fault in LASTING if "Retry-After" in fault.name]
        with ThreadPoolExecutor(len(slow)) as threads:
            outcomes = list(threads.map(play, slow))
        played = {fault.name: its for fault, its in zip(slow, outcomes, strict=True)}
        played |= {fault.name: play(fault) for fault in LASTING if fault.name not in played}
    return {
        face: as_json({fault.name: _grouped(played[fault.name][face]) for fault in LASTING}, 2)
        for face in FACES
    }


def _grouped(by_call: dict[str, Data]) -> dict[str, Data]:
    """Put calls that end in the same under one name."""
    calls: dict[str, list[str]] = {}
    for name, data in by_call.items():
        calls.setdefault(json.dumps(data), []).append(name)
    return {", ".join(names): json.loads(data) for data, names in calls.items()}


@pytest.mark.slow
def test_faults() -> None:
    """Under every fault, the error of every call holds what is recorded, on each face."""
    # In one test, so that the faults are played once, also where workers share the tests.
    for face, text in observe_faults().items():
        FAULT_ERRORS.assert_same(text, face)


# What Django REST Framework, and what is in front of it, may put into an error's body.

THROTTLED = {"detail": "Request was throttled. Expected available in 17 seconds."}
HTML = b"<!doctype html><html><h1>Bad Gateway</h1></html>"

BODIES: dict[str, tuple[int, object, tuple[str, ...]]] = {
    "a field": (400, {"name": ["This field is required."]}, ()),
    "fields": (400, {"name": ["Too long.", "Not unique."], "url": ["No URL."]}, ()),
    "no single field": (400, {"non_field_errors": ["These do not fit."]}, ()),
    "both": (400, {"non_field_errors": ["These do not fit."], "name": ["Too long."]}, ()),
    "a text for a field": (400, {"name": "Too long."}, ()),
    "nested": (400, {"provider": {"url": ["No URL."]}, "items": [{}, {"a": ["No."]}]}, ()),
    "a list": (400, ["Not so.", "Nor so."], ()),
    "an empty list": (400, [], ()),
    "an empty object": (400, {}, ()),
    "a text": (400, "Not so.", ()),
    "a number": (400, 7, ()),
    "null": (400, None, ()),
    "detail": (400, {"detail": "JSON parse error - Expecting value"}, ()),
    "detail and a code": (401, {"detail": "Invalid key.", "code": "authentication_failed"}, ()),
    "detail and a field": (400, {"detail": "Not so.", "name": ["Too long."]}, ()),
    "detail that is a list": (400, {"detail": ["Not so."]}, ()),
    "detail that is an object": (422, {"detail": [{"loc": ["body", "name"], "msg": "No."}]}, ()),
    "a long detail": (400, {"detail": "no " * 200}, ()),
    "plain text": (400, b"Bad Request", ("Content-Type: text/plain",)),
    "not UTF-8": (400, b"\xff\xfe\x00", ("Content-Type: text/plain",)),
    "a web page": (400, HTML, ("Content-Type: text/html",)),
    "an echoed key": (400, {"detail": f"{KEY} is not known."}, ()),
    "a request id": (404, {"detail": "Not found."}, ("X-Request-ID: req-1",)),
    "401": (401, {"detail": "Authentication credentials were not provided."}, ()),
    "403": (403, {"detail": "You do not have permission to perform this action."}, ()),
    "404": (404, {"detail": "No Model matches the given query."}, ()),
    "405": (405, {"detail": 'Method "PATCH" not allowed.'}, ()),
    "408": (408, {}, ()),
    "409": (409, {"detail": "The name is taken."}, ()),
    "413": (413, HTML, ("Content-Type: text/html",)),
    "415": (415, {"detail": 'Unsupported media type "text/plain" in request.'}, ()),
    "418": (418, {}, ()),
    "422": (422, {"name": ["Too long."]}, ()),
    "429": (429, THROTTLED, ("Retry-After: 17",)),
    "429 with milliseconds": (429, THROTTLED, ("Retry-After: 17", "Retry-After-Ms: 1500")),
    "429 with a fraction": (429, THROTTLED, ("Retry-After: 1.5",)),
    "429 with a negative number": (429, THROTTLED, ("Retry-After: -3",)),
    "429 with nonsense": (429, THROTTLED, ("Retry-After: soon",)),
    "429 without a header": (429, THROTTLED, ()),
    "429 with a date": (
        429,
        THROTTLED,
        (
            "Date: Fri, 01 Jan 2100 05:00:00 GMT",
            "Retry-After: Fri, 01 Jan 2100 05:00:17 GMT",
        ),
    ),
    "500": (500, {"detail": "A server error occurred."}, ()),
    "500 with a web page": (500, HTML, ("Content-Type: text/html",)),
    "501": (501, {}, ()),
    "502": (502, HTML, ("Content-Type: text/html",)),
    "503": (503, {}, ()),
    "503 with Retry-After": (503, {}, ("Retry-After: 17",)),
    "504": (504, b"", ()),
    "599": (599, {}, ()),
    "304": (304, b"", ()),
    "300": (300, {}, ()),
}


def observe_bodies(face: str) -> str:
    """Return the errors that responses with an error status end in."""
    seen = {}
    for name, (status, body, lines) in BODIES.items():
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        with ScriptedServer([sends(response(status, content, *lines), then_close=False)]) as server:
            seen[name] = outcome(
                face,
                lambda face: face.call("create", name="a"),
                base_url=server.url,
                max_retries=0,
            )
    return as_json(seen, 1)


@pytest.mark.parametrize("face", FACES)
def test_bodies(face: str) -> None:
    """What an error holds of the response's body and headers is recorded, on each face."""
    BODY_ERRORS.assert_same(observe_bodies(face), face)


# Errors of calls that are more than one request.


def _listed(*names: str, following: str | None = None) -> Step:
    results = [{"id": f"id-{name}", "name": name, "visibility": "PRIVATE"} for name in names]
    return responds(200, {"next": following, "previous": None, "results": results})


def _refuses(*names: str, status: int = 400) -> Callable[[bytes], Step]:
    """Return a service that refuses everything about some models."""

    def choose(request: bytes) -> Step:
        head, _, body = request.partition(b"\r\n\r\n")
        method, path, _ = head.partition(b"\r\n")[0].decode().split(" ")
        if any(f'"{name}"'.encode() in body or f"/id-{name}/" in path for name in names):
            return responds(status, {"detail": "No."})
        if method == "DELETE":
            return sends(b"HTTP/1.1 204 No Content\r\n\r\n", then_close=False)
        if method == "GET" and path.startswith("/v1/models/?"):
            return _listed("old", "older")
        if path.endswith("/verify/"):
            return responds(200, {"success": False, "error": "No such model."})
        name = json.loads(body).get("name", "old") if body else path.split("/")[3][3:]
        return responds(201 if method == "POST" else 200, {"id": f"id-{name}", "name": name})

    return choose


DESIRED = [{"name": "new"}, {"name": "newer"}, {"name": "old", "url": "https://gpu-7.example"}]


async def _applied(face: Face) -> None:
    plan = await face.call("plan", DESIRED, prune=True)
    await face.result(plan.apply(concurrency=1))


async def _verified(face: Face) -> None:
    (await face.call("verify", model="a")).raise_for_failure()


async def _closed(face: Face) -> None:
    client: Any = face.client
    await face.result(client.aclose() if face.name != "RootSignals" else client.close())
    await face.call("retrieve", "a")


def _many(**options: Any) -> Program[Any]:
    models = [{"name": name} for name in ("a", "b", "c")]
    return lambda face: face.call("create_many", models, concurrency=1, **options)


Work = tuple[Program[Any], list[Step], Callable[[bytes], Step] | None]

ELSEWHERE = "http://elsewhere.test/v1/models/?cursor=second"

WORK: dict[str, Work] = {
    "a cursor that comes back": (
        lambda face: face.call("list"),
        [_listed("a", following="one"), _listed("b", following="two"), _listed(following="one")],
        None,
    ),
    "a next page on another host": (
        lambda face: face.call("list"),
        [_listed("a", following=ELSEWHERE), _listed("b")],
        None,
    ),
    "a next page without a cursor": (
        lambda face: face.call("list"),
        [_listed("a", following="http://elsewhere.test/v1/models/")],
        None,
    ),
    "a second page that fails": (
        lambda face: face.call("list"),
        [_listed("a", following="second"), responds(500, {})],
        None,
    ),
    "a second page that is none": (
        lambda face: face.call("list"),
        [_listed("a", following="second"), responds(200, {"results": 7})],
        None,
    ),
    "a first page that breaks off": (lambda face: face.call("list"), [closes], None),
    "one of many that is refused": (_many(), [], _refuses("b")),
    "one of many that fails": (_many(), [], _refuses("b", status=500)),
    "the last of many that fails": (_many(), [], _refuses("c", status=500)),
    "verify_many": (
        lambda face: face.call("verify_many", [{"model": "a"}, {"model": "b"}], concurrency=1),
        [],
        _refuses("b", status=403),
    ),
    "delete_many": (
        lambda face: face.call("delete_many", ["id-a", "id-b"], concurrency=1),
        [],
        _refuses("a", status=404),
    ),
    "a plan of which one is refused": (_applied, [], _refuses("newer")),
    "a plan of which one fails": (_applied, [], _refuses("newer", status=500)),
    "a plan whose deletion is refused": (_applied, [], _refuses("older", status=409)),
    "a plan that cannot be made": (_applied, [responds(401, {"detail": "No."})], None),
    "export": (lambda face: face.call("export", concurrency=1), [], _refuses("old", status=500)),
    "ensure": (lambda face: face.call("ensure", name="new"), [], _refuses("new", status=409)),
    "a verification that fails": (_verified, [], _refuses()),
    "a client that is closed": (_closed, [], _refuses()),
    "a deadline that cannot be": (
        lambda face: face.call("retrieve", "a", _request_timeout=-1),
        [],
        _refuses(),
    ),
}


def observe_work(face: str) -> str:
    """Return the errors that work of several requests ends in."""
    seen = {}
    for name, (program, steps, choose) in WORK.items():
        with ScriptedServer(list(steps), choose=choose) as server:
            seen[name] = outcome(face, program, base_url=server.url, max_retries=0)
            seen[name]["requests"] = len(server.requests)
    return as_json(seen, 1)


@pytest.mark.parametrize("face", FACES)
def test_work(face: str) -> None:
    """Listings, bulk work and plans fail with what is recorded, on each face."""
    WORK_ERRORS.assert_same(observe_work(face), face)


if __name__ == "__main__":
    FAULT_ERRORS.write(observe_faults()[FACES[0]])
    BODY_ERRORS.write(observe_bodies(FACES[0]))
    WORK_ERRORS.write(observe_work(FACES[0]))
