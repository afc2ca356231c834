"""Clients that are used or closed at the end of the interpreter, in programs of their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.scripted_server import ScriptedServer, Step, responds

from .helpers import MODEL, run_program

_HOLDER = """
import sys

class Holder:
    def __init__(self, client, *closed):
        self.client = client
        self.closed = *closed, client

    def __del__(self):
        for one in self.closed:
            one.close()
"""

_PREAMBLE = f"""
import atexit, asyncio, sys
at_exit = []
# Before all others, so that it runs last.
atexit.register(lambda: at_exit[0]())
from root import AsyncRootSignals, RootSignals, Stream
{_HOLDER}
client = RootSignals("rs-0123456789-abcdefgh-wxyz", base_url=sys.argv[1])
at_exit.append(lambda: None)
"""


def _choose(request: bytes) -> Step:
    if request.startswith(b"POST"):
        name = json.loads(request.partition(b"\r\n\r\n")[2])["name"]
        return responds(201, {"id": name, "name": name})
    following = None if b"cursor=" in request else "?cursor=b"
    return responds(200, {"next": following, "results": [MODEL]})


def _run(program: str, *arguments: str) -> str:
    with ScriptedServer([], choose=_choose) as server:
        return run_program(_PREAMBLE + program, server.url, *arguments)


@pytest.mark.parametrize(
    "use",
    [
        "",
        "client.models.create(name='a')",
        "asyncio.run(client.models.acreate(name='a'))",
        "held.closed = client.request('GET', '/', schema=Stream).value, client",
        "pager = client.models.list(prefetch=True); next(pager); held.closed = pager, client",
    ],
    ids=["unused", "blocking", "async", "stream", "listing"],
)
def test_closed_by_a_global(use: str) -> None:
    """A client, a stream and a listing that a global closes when it is collected end quietly."""
    _run(f"held = Holder(client)\n{use}\ndel client")


def test_closed_by_a_global_of_a_module(tmp_path: Path) -> None:
    """So does a client of another module."""
    (tmp_path / "holding.py").write_text(
        f"from root import RootSignals\n{_HOLDER}\n"
        "held = Holder(RootSignals('rs-0123456789-abcdefgh-wxyz', base_url=sys.argv[1]))\n"
    )
    _run(
        "sys.path.insert(0, sys.argv[2])\nimport holding\n"
        "holding.held.client.models.create(name='a')",
        str(tmp_path),
    )


@pytest.mark.parametrize(
    ("call", "printed"),
    [
        ("client.models.create_many([{'name': 'a'}, {'name': 'b'}])", "['a', 'b']"),
        ("asyncio.run(client.models.acreate_many([{'name': 'a'}]))", "['a']"),
        ("len(list(client.models.list(prefetch=True)))", "2"),
        ("client.with_options(deadline=60).models.create(name='a')", "a"),
    ],
    ids=["bulk", "async bulk", "prefetch", "one call"],
)
@pytest.mark.parametrize("before", ["", "client.models.create(name='z')"], ids=["first", "later"])
def test_called_at_exit(call: str, printed: str, before: str) -> None:
    """Calls in a function of atexit are made."""
    program = f"{before}\nat_exit[0] = lambda: print({call})"
    assert _run(program) == f"{printed}\n"
