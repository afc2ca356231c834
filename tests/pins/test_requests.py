"""The bytes of every request of `client.models`, and that all three faces send the same.

To record a change: `python -m tests.pins.test_requests`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Coroutine
from typing import Any
from uuid import UUID

import pytest

from root import RootSignalsError
from root.models import NOT_GIVEN

from ..scripted_server import ScriptedServer, Step, responds, sends
from .faces import FACES, Face, Program, run
from .record import Record, as_json

REQUESTS = Record("requests.json", "tests.pins.test_requests")

KEY = "key-of-the-tests"
ID = "9b2f0c1e-3d64-4f0e-8f7e-2f1f7f3f9f10"

SETTINGS: dict[str, Any] = {
    "name": 'a/"ü" \\ \u2028',
    "model": "gpt-4o",
    "default_key": "sk-of-the-provider",
    "max_output_token_count": 900,
    "max_token_count": 8192,
    "url": "https://gpu-7.example/v1?x=1&y=2",
}
FEW = {"name": "a"}


def stored(name: str, **fields: object) -> dict[str, object]:
    """Return a model as the service has it."""
    return {
        "id": f"id-of-{name}",
        "name": name,
        "model": "gpt-4o",
        "url": None,
        "max_token_count": None,
        "max_output_token_count": 1000,
        **fields,
    }


STORED = {name: stored(name) for name in ("kept", "changed", "left")}


def call(method: str, *args: Any, **kwargs: Any) -> Program[Any]:
    """Return a program that makes one call."""

    def program(face: Face) -> Coroutine[Any, Any, Any]:
        return face.call(method, *args, **kwargs)

    return program


def update(**fields: Any) -> Program[Any]:
    return call("update", ID, **fields)


def planned(*, apply: bool = True, **options: Any) -> Program[Any]:
    """Return a program that plans, and applies the plan."""
    desired: list[dict[str, Any]] = [
        {"name": "kept", "model": "gpt-4o"},
        {"name": "changed", "max_token_count": 4096, "default_key": "sk-of-the-provider"},
        {"name": "new", "url": "https://gpu-7.example"},
    ]

    async def program(face: Face) -> None:
        plan = await face.call("plan", desired, concurrency=1, **options)
        if apply:
            await face.result(plan.apply(concurrency=1))

    return program


async def pages(face: Face) -> None:
    """Read a listing by the page."""
    models: Any = face.client.models
    if face.name == "RootSignals":
        list(models.list(limit=5, page_size=2).pages())
        return
    listing = models.alist if face.name.endswith("twins") else models.list
    async for _ in listing(limit=5, page_size=2).pages():
        pass


async def options(face: Face) -> None:
    """Make a call with a client whose options were changed."""
    client: Any = face.client.with_options(default_headers={"X-Two": "2"}, api_key="another-key")
    await Face(face.name, client).call("retrieve", ID)


async def check(face: Face) -> None:
    """Check the connection."""
    client: Any = face.client
    method = client.acheck if face.name.endswith("twins") else client.check
    await face.result(method())


PROGRAMS: dict[str, Program[Any]] = {
    "create, all fields": call("create", **SETTINGS),
    "create, a name only": call("create", **FEW),
    "create, None is left out": call("create", name="a", model=None, url=None, default_key=None),
    "create, spaces": call("create", name="  a  ", _request_timeout=5),
    "list": call("list"),
    "list, every argument": call(
        "list",
        capable_of=["vision", "tool use"],
        limit=7,
        page_size=2,
        ordering="-name",
        cursor="cD0yMDI0&=",
    ),
    "list, no limit": call("list", limit=None),
    "list, no limit, by 100": call("list", limit=None, page_size=100),
    "list, limit above a page": call("list", limit=250),
    "list, nothing": call("list", limit=0),
    "list, the end": call("list", cursor=""),
    "list, prefetch": call("list", limit=3, page_size=2, prefetch=True),
    "list, pages": pages,
    "retrieve": call("retrieve", ID),
    "retrieve, UUID": call("retrieve", UUID(ID)),
    "retrieve, quoted": call("retrieve", "a b+ü%&c"),
    "update, all fields": update(**SETTINGS),
    "update, one field": update(url="https://gpu-7.example"),
    "update, None": update(default_key=None, max_token_count=None, url=None),
    "update, not given": update(name="a", model=NOT_GIVEN, url=NOT_GIVEN),
    "update, nothing": update(),
    "update, name None": update(name=None),
    "retrieve, no id": call("retrieve", ""),
    "retrieve, another path": call("retrieve", ".."),
    "create, name too long": call("create", name="a" * 101),
    "create, few tokens": call("create", name="a", max_output_token_count=799),
    "create, text for a number": call("create", name="a", max_token_count="8192"),
    "create, long URL": call("create", name="a", url="u" * 1025),
    "create_many, one wrong": call("create_many", [FEW, {"name": "b", "size": 1}]),
    "create_many, concurrency 0": call("create_many", [FEW], concurrency=0),
    "list, page_size 0": call("list", page_size=0),
    "list, limit -1": call("list", limit=-1),
    "ensure, white space": call("ensure", name=" "),
    "plan, a name twice": call("plan", [FEW, FEW]),
    "replace, all fields": call("replace", ID, **SETTINGS),
    "replace, a name only": call("replace", ID, **FEW),
    "delete": call("delete", ID),
    "delete, UUID": call("delete", UUID(ID)),
    "verify, all fields": call(
        "verify",
        model="gpt-4o",
        api_key="sk-of-the-provider",
        url="https://gpu-7.example",
        max_output_token_count=900,
    ),
    "verify, a model only": call("verify", model="gpt-4o"),
    "create_many": call("create_many", [SETTINGS, FEW, {"name": "b"}], concurrency=1),
    "create_many, collect": call("create_many", [FEW], errors="collect"),
    "create_many, nothing": call("create_many", []),
    "verify_many": call(
        "verify_many",
        [{"model": "gpt-4o"}, {"model": "b", "api_key": "sk-0123456789"}],
        concurrency=1,
    ),
    "delete_many": call("delete_many", [ID, UUID(ID), "c"], concurrency=1),
    "plan": planned(apply=False),
    "plan and apply": planned(),
    "plan and apply, prune": planned(prune=True),
    "plan and apply, rotate_keys": planned(rotate_keys=True),
    "ensure, new": call("ensure", **{**SETTINGS, "name": "new"}),
    "ensure, changed": call("ensure", name="changed", url=None, max_token_count=4096),
    "ensure, as it was": call("ensure", name="kept", model="gpt-4o"),
    "export": call("export", concurrency=1),
    "with_options": options,
    "check": check,
}


def respond(request: bytes) -> Step:
    """Respond as the service would."""
    head, _, body = request.partition(b"\r\n\r\n")
    method, target, _ = head.partition(b"\r\n")[0].decode().split(" ")
    path, _, query = target.partition("?")
    if method == "DELETE":
        return sends(b"HTTP/1.1 204 No Content\r\n\r\n", then_close=False)
    if path.endswith("/verify/"):
        return responds(200, {"success": True, "model": "gpt-4o"})
    if method == "GET" and path == "/v1/models/":
        # Two pages: the first one names the second.
        listed = [
            {"id": one["id"], "name": one["name"], "visibility": "PRIVATE"}
            for one in STORED.values()
        ]
        if "cursor=second" in query:
            return responds(200, {"next": None, "previous": None, "results": listed[2:]})
        return responds(
            200, {"next": "/v1/models/?cursor=second", "previous": None, "results": listed[:2]}
        )
    if method == "GET":
        return responds(200, STORED.get(path.split("/")[3].removeprefix("id-of-"), stored("a")))
    given: dict[str, object] = json.loads(body)
    return responds(201 if method == "POST" else 200, stored("a") | given)


def sent(face: str, program: Program[Any]) -> dict[str, object]:
    """Return the requests that a program sends, as they came, and the error that it raises."""
    seen: dict[str, object] = {}
    with ScriptedServer([], choose=respond) as server:
        options = {"max_retries": 0, "default_headers": {"X-One": "1"}}
        try:
            run(face, program, KEY, base_url=server.url, **options)
        except RootSignalsError as error:
            seen["raises"] = type(error).__name__
        requests = list(server.requests)
        port = server.port
    return seen | {"requests": [_readable(request, port) for request in requests]}


def _readable(request: bytes, port: int) -> dict[str, object]:
    head, _, body = request.partition(b"\r\n\r\n")
    line, *headers = head.decode("latin-1").replace(f":{port}", ":PORT").split("\r\n")
    return {
        "line": line,
        "headers": [re.sub(r"(?<=/)\d[\w.+]*", "VERSION", one) for one in headers],
        "body": body.decode(),
    }


def observe(face: str) -> dict[str, dict[str, object]]:
    """Return what every program sends."""
    return {name: sent(face, program) for name, program in PROGRAMS.items()}


@pytest.mark.parametrize("face", FACES)
def test_requests(face: str) -> None:
    """Every call sends the recorded bytes, on each face."""
    REQUESTS.assert_same(as_json(observe(face), 4), face)


if __name__ == "__main__":
    REQUESTS.write(as_json(observe(FACES[0]), 4))
