"""Large responses: the memory and time that they cost, within limits of the operating system."""

from __future__ import annotations

import gzip
import json
import sys
import threading

import anyio
import anyio.lowlevel
import pytest

from root import APITimeoutError, AsyncRootSignals, Model, RootSignals
from tests.scripted_server import ScriptedServer, responds, sends

from .helpers import HANG, KEY, MODEL, run_program

on_linux = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="Only Linux limits the memory of a process."
)

# Prints the outcome of each call, in a process that may use 256 MiB and 30 s of processor time.
PROGRAM = """
import resource, sys
from root import RootSignals, RootSignalsError

client = RootSignals(sys.argv[1], base_url=sys.argv[2], max_retries=0)
# What is imported for a first call needs no limit.
client.models.retrieve("a")
client.models.list(limit=0)
with open("/proc/self/status") as status:
    used = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmSize"))
resource.setrlimit(resource.RLIMIT_AS, (used + 2**28, used + 2**28))
resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
calls = {
    "retrieve": lambda: client.models.retrieve("a"),
    "list": lambda: list(client.models.list()),
    "delete": lambda: client.models.delete("a"),
    "request": lambda: client.request("GET", "/v1/models/"),
    "request a list": lambda: client.request("GET", "/v1/models/", schema=list[int]),
}
for name, call in calls.items():
    try:
        call()
        print(name, "returned")
    except RootSignalsError as exc:
        print(name, exc)
"""

CALLS = ["retrieve", "list", "delete", "request", "request a list"]


def response(body: bytes, coding: str = "identity") -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def outcomes(body: bytes, coding: str) -> dict[str, str]:
    """Return what each call prints for a response with this body."""
    with ScriptedServer([responds(200, MODEL), sends(response(body, coding))]) as server:
        printed = run_program(PROGRAM, KEY, server.url).splitlines()
    return dict(zip(CALLS, printed, strict=True))


def bomb(beginning: bytes, part: bytes, end: bytes) -> bytes:
    """Return 64 KiB of gzip that become as much JSON as possible."""
    return gzip.compress(beginning + part * (30_000_000 // len(part)) + end)


BOMBS = {
    "in an object": bomb(b'{"id": "a", "name": "a", "x": [', b"[],", b"1]}"),
    "in a page": bomb(b'{"results": [{"id": "a", "name": "a", "x": [', b"{},", b"1]}]}"),
    "of models": bomb(b'{"results": [', b'{"id":"a","name":"a"},', b'{"id":"a","name":"a"}]}'),
    "of blanks": bomb(b"", b" ", b"{}"),
}


@on_linux
@pytest.mark.parametrize("form", BOMBS)
def test_compressed_bodies(form: str) -> None:
    """64 KiB of gzip are not decompressed into more than a call can expect."""
    assert len(BOMBS[form]) < 80_000

    for call, outcome in outcomes(BOMBS[form], "gzip").items():
        assert "the response is larger than" in outcome, call


@on_linux
@pytest.mark.parametrize(
    ("beginning", "part", "end"),
    [
        pytest.param(
            *(b'{"results":[{"id":"a","name":"a","x":[', b"{},", b"1]}]}"),
            id="values",
            marks=pytest.mark.slow,
        ),
        pytest.param(b'{"results":[', b'{"id":"a","name":"a"},', b"{}]}", id="models"),
    ],
)
def test_dense_bodies(beginning: bytes, part: bytes, end: bytes) -> None:
    """A page of 6 MB takes less than 256 MiB, whatever it consists of."""
    body = beginning + part * (6_000_000 // len(part)) + end

    found = outcomes(body, "identity")

    assert "larger than 1 MiB" in found["retrieve"]
    assert "larger than 1 MiB" in found["delete"]
    assert "larger than 1 MiB" in found["request a list"]
    assert found["request"] == "request returned"
    reason = "too many values in one object" if part == b"{}," else "does not have the shape"
    assert reason in found["list"]


PAGE = json.dumps({"results": [{"id": f"{n}", "name": "a", "new": "x" * 50} for n in range(9000)]})


async def test_other_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tasks run while a large page is parsed."""
    parsed = most = since = 0
    validate = Model.model_validate

    def counted(raw: object) -> Model:
        nonlocal parsed, since
        parsed += 1
        since += 1
        return validate(raw)

    async def other_task() -> None:
        nonlocal most, since
        while True:
            most, since = max(most, since), 0
            await anyio.lowlevel.checkpoint()

    models: list[Model] = []
    monkeypatch.setattr(Model, "model_validate", counted)
    with ScriptedServer([sends(response(PAGE.encode()))]) as server:
        async with (
            AsyncRootSignals(KEY, base_url=server.url) as client,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(other_task)
            models += [model async for model in client.models.list(limit=None)]
            tasks.cancel_scope.cancel()

    assert len(models) == parsed == 9000
    assert most < 9000


@pytest.fixture
def endless_parsing(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Parsing of large responses takes until this is set."""
    ended = threading.Event()

    def parse_large(*_: object) -> None:
        ended.wait(HANG)

    monkeypatch.setattr("root._http.large.parse_large", parse_large)
    return ended


def test_a_deadline(endless_parsing: threading.Event) -> None:
    """A deadline bounds the parsing of a large response."""
    with (
        ScriptedServer([sends(response(PAGE.encode()))]) as server,
        RootSignals(KEY, base_url=server.url, deadline=0.5) as client,
        pytest.raises(APITimeoutError, match=r"deadline of 0\.5 s"),
    ):
        next(client.models.list())
    endless_parsing.set()


async def test_a_deadline_in_an_event_loop(endless_parsing: threading.Event) -> None:
    """A deadline bounds the parsing of a large response in an event loop, too."""
    with ScriptedServer([sends(response(PAGE.encode()))]) as server:
        async with AsyncRootSignals(KEY, base_url=server.url, deadline=0.5) as client:
            with pytest.raises(APITimeoutError, match=r"deadline of 0\.5 s"):
                await anext(client.models.list())
    endless_parsing.set()
