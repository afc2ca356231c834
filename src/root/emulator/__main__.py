"""The emulator from a terminal: `python -m root.emulator`."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sqlite3
import sys
from collections.abc import Sequence
from ipaddress import ip_address
from queue import SimpleQueue
from typing import get_args
from urllib.parse import quote

from root.emulator.cursors import NextStyle
from root.emulator.server import Server, serve


def main(
    arguments: Sequence[str] | None = None, *, program: str = "python -m root.emulator"
) -> int:
    """Serve until SIGINT or SIGTERM, and return the exit code."""
    options = _parser(program).parse_args(arguments)
    # A SimpleQueue may be put to from a signal handler at any moment, an Event may not: the
    # handler could wait for a lock which the code that it interrupted holds.
    signals: SimpleQueue[int] = SimpleQueue()
    handlers = {
        number: signal.signal(number, lambda number, _: signals.put(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        with serve(
            host=options.host,
            port=options.port,
            db=options.db,
            api_key=options.api_key,
            next_style=options.next_style,
            catalogue=options.catalogue,
            seed=options.seed,
            faults=options.faults or (),
            control_key=options.control_key,
            allow_remote=options.allow_remote,
        ) as server:
            _say(_introduction(server, options.db))
            signals.get()
    except (OSError, ValueError, sqlite3.Error) as exc:
        where = f" ({options.db})" if isinstance(exc, sqlite3.Error) else ""
        print(f"The emulator cannot start: {exc}{where}", file=sys.stderr)
        return 1
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    _say("The emulator has stopped.")
    return 0


def _say(text: str) -> None:
    """Print, if somebody reads it: that `head` has seen enough is no reason to end."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # The interpreter would try once more at its end, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _introduction(server: Server, db: str | None) -> str:
    header = shlex.quote(f"Authorization: Api-Key {server.api_key}")
    kept = f"kept in {db}" if db else "kept in memory, gone at the end (--db FILE keeps them)"
    others = ""
    if not ip_address(server.host).is_loopback:
        others = (
            f"It listens at {server.host}, port {server.port}, and is open to other machines.\n"
        )
    return f"""\
The Root Signals emulator is at {server.url}
{others}\
API key: {server.api_key}
Models are {kept}.

For the SDK:
export ROOTSIGNALS_API_URL={server.url} ROOTSIGNALS_API_KEY={shlex.quote(server.api_key)}

Or by hand:
curl -H {header} '{server.url}/v1/models/?page_size=3'

What happened, and what is to go wrong (a page for a browser):
{server.url}/#{quote(server.control_key, safe="")}

Ctrl-C ends it."""


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description="Serve the models part of the Root Signals API on this machine.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (%(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one (%(default)s)")
    parser.add_argument("--db", metavar="FILE", help="SQLite file that keeps the models")
    parser.add_argument("--api-key", metavar="KEY", help="the key to let in (a new one)")
    parser.add_argument("--control-key", metavar="KEY", help="the key to control it (a new one)")
    parser.add_argument("--catalogue", metavar="FILE", help="JSON file of the public models")
    parser.add_argument("--faults", metavar="FILE", help="JSON file of what is to go wrong")
    parser.add_argument("--seed", type=int, help="what chance begins with")
    parser.add_argument(
        "--next-style",
        choices=get_args(NextStyle),
        default="absolute",
        help="the form of `next` in a page (%(default)s)",
    )
    parser.add_argument(
        "--allow-remote", action="store_true", help="let --host be open to other machines"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
