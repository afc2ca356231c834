"""The command `python -m root.emulator`."""

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

from root._secrets.redact import printable
from root.emulator.cursors import NextStyle
from root.emulator.server import Server, serve


def main(
    arguments: Sequence[str] | None = None, *, program: str = "python -m root.emulator"
) -> int:
    """Serve until SIGINT or SIGTERM, and return the exit code."""
    options = _parser(program).parse_args(arguments)
    # SimpleQueue.put() is safe in a signal handler. Event.set() is not: the handler could wait for
    # a lock that the interrupted code holds.
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
            _print(_introduction(server, options.db))
            signals.get()
    except (OSError, ValueError, sqlite3.Error) as exc:
        file = f" ({options.db})" if isinstance(exc, sqlite3.Error) else ""
        print(printable(f"The emulator cannot start: {exc}{file}"), file=sys.stderr)
        return 1
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    _print("The emulator has stopped.")
    return 0


def _print(text: str) -> None:
    """Print to standard output, and continue if its reader, such as `head`, has exited."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # The interpreter flushes at exit, and would print an error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _introduction(server: Server, db: str | None) -> str:
    header = shlex.quote(f"Authorization: Api-Key {server.api_key}")
    storage = (
        f"in {printable(db)}" if db else "in memory until the end (use --db FILE to keep them)"
    )
    remote = ""
    if not ip_address(server.host).is_loopback:
        remote = f"It listens on {server.host}, port {server.port}, and accepts other machines.\n"
    return f"""\
The Root Signals emulator is at {server.url}
{remote}\
API key: {server.api_key}
Resources are stored {storage}.

For the SDK:
export ROOTSIGNALS_API_URL={server.url} ROOTSIGNALS_API_KEY={shlex.quote(server.api_key)}

With curl:
curl -H {header} '{server.url}/v1/models/?page_size=3'

Dashboard with requests and faults, for a browser:
{server.url}/#{quote(server.control_key, safe="")}

Press Ctrl-C to stop."""


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description="Serve an emulated Root Signals API on this machine.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument(
        "--port", type=int, default=8000, help="port; 0 selects a free one (%(default)s)"
    )
    parser.add_argument("--db", metavar="FILE", help="SQLite file to store resources in")
    parser.add_argument("--api-key", metavar="KEY", help="API key (default: random)")
    parser.add_argument(
        "--control-key", metavar="KEY", help="key of the control API (default: random)"
    )
    parser.add_argument("--catalogue", metavar="FILE", help="JSON file with the public models")
    parser.add_argument("--faults", metavar="FILE", help="JSON file with a list of faults")
    parser.add_argument("--seed", type=int, help="seed of random numbers")
    parser.add_argument(
        "--next-style",
        choices=get_args(NextStyle),
        default="absolute",
        help="format of `next` in a page (%(default)s)",
    )
    parser.add_argument(
        "--allow-remote",
        action="store_true",
        help="permit a --host that other machines can connect to",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
