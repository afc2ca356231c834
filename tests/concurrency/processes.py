"""Programs that fork, and what the server has seen of them."""

from __future__ import annotations

from tests.echo_server import EchoServer

from .helpers import run_program

# Forks are made in programs of their own: this process has threads, which Python 3.12 warns of.
_PREAMBLE = """
import asyncio
import gc
import os
import sys
import threading
from root import AsyncRootSignals, RootSignals

def sockets():
    found = set()
    for number in os.listdir("/proc/self/fd"):
        try:
            found.add(os.readlink(f"/proc/self/fd/{number}"))
        except FileNotFoundError:
            pass  # the descriptor of the folder itself
    return {name for name in found if name.startswith("socket:")}

def fork(child):
    pid = os.fork()
    if not pid:
        status = 1
        try:
            child()
            status = 0
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            if status or ending != "sys.exit":
                if status:
                    import traceback
                    traceback.print_exc()
                os._exit(status)
        sys.exit(0)
    return pid

url, ending = sys.argv[1], (sys.argv[2] if len(sys.argv) > 2 else "os._exit")
KEY = "rs-0123456789-abcdefgh-wxyz"
"""


def run(program: str, *arguments: str) -> str:
    """Run a program that may fork, and return what it prints."""
    return run_program(_PREAMBLE + program, *arguments)


def check_separate(server: EchoServer, parents: int) -> None:
    """Check that parent and child used separate connections, and sent nothing but requests."""
    assert len(server.connections_with("parent")) == parents
    for connection in server.connections_with("parent"):
        assert set(connection.names) == {"parent"}
    for connection in server.connections_with("child"):
        assert set(connection.names) == {"child"}
    assert all(connection.stray == b"" for connection in server.connections)
