"""Large responses: the memory and time that they cost, within limits of the operating system."""

from __future__ import annotations

import gzip
import sys

import pytest

from tests.scripted_server import ScriptedServer, responds, sends

from .helpers import KEY, MODEL, run_program

pytestmark = pytest.mark.skipif(
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


def outcomes(packed: bytes) -> dict[str, str]:
    """Return what each call prints for a response with this body."""
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    with ScriptedServer([responds(200, MODEL), sends(head.encode() + packed)]) as server:
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


@pytest.mark.parametrize("form", BOMBS)
def test_compressed_bodies(form: str) -> None:
    """64 KiB of gzip are not decompressed into more than a call can expect."""
    assert len(BOMBS[form]) < 80_000

    for call, outcome in outcomes(BOMBS[form]).items():
        assert "the response is larger than" in outcome, call
