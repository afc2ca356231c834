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

from root.emulator.cursors import NextStyle
from root.emulator.generations import Generation
from root.emulator.running import Server
from root.emulator.server import serve
from root.emulator.terminal import printable

_API_KEY = "ROOT_EMULATOR_API_KEY"
_CONTROL_KEY = "ROOT_EMULATOR_CONTROL_KEY"
_MAX_KEY_BYTES = 4096


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
            api_key=_key(options.api_key_file, _API_KEY),
            next_style=options.next_style,
            generation=options.generation,
            catalogue=options.catalogue,
            seed=options.seed,
            faults=options.faults or (),
            control_key=_key(options.control_key_file, _CONTROL_KEY),
            allow_remote=options.allow_remote,
        ) as server:
            _print(_introduction(server, options.db))
            signals.get()
    except (OSError, ValueError, sqlite3.Error) as exc:
        print(printable(f"The emulator cannot start: {exc}"), file=sys.stderr)
        return 1
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    _print("The emulator has stopped.")
    return 0


class _VisibleKey(argparse.Action):
    """Refuses an option with a key, which other users could see in the list of processes."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[object] | None,
        option_string: str | None = None,
    ) -> None:
        """Exit with a message that has no key."""
        option = self.option_strings[0]
        parser.error(
            f"{option} would show the key to other users, in the list of processes. Use"
            f" {option}-file FILE or the variable {self.const}."
        )


def _key(path: str | None, variable: str) -> str | None:
    """Return the key of a file, or else of an environment variable.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is too large.
    """
    if path is None:
        return os.environ.get(variable) or None
    with open(path, "rb") as file:
        content = file.read(_MAX_KEY_BYTES + 1)
    if len(content) > _MAX_KEY_BYTES:
        raise ValueError(f"{path} has more than {_MAX_KEY_BYTES} bytes, so it is not a key.")
    return content.decode("ascii", "replace").strip()


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
printf %s {header} | curl -H @- '{server.url}/v1/models/?page_size=3'

Dashboard with requests and faults, for a browser:
{server.url}/#{quote(server.control_key, safe="")}

Press Ctrl-C to stop."""


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description="Serve an emulated Root Signals API on this machine.",
        # An abbreviated --api-key-file would be --api-key.
        allow_abbrev=False,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument(
        "--port", type=int, default=8000, help="port; 0 selects a free one (%(default)s)"
    )
    parser.add_argument("--db", metavar="FILE", help="SQLite file to store resources in")
    parser.add_argument(
        "--api-key-file",
        metavar="FILE",
        help=f"file that contains the API key (default: ${_API_KEY}, or a random key)",
    )
    parser.add_argument(
        "--control-key-file",
        metavar="FILE",
        help="file that contains the key of the control API"
        f" (default: ${_CONTROL_KEY}, or a random key)",
    )
    for option, variable in (("--api-key", _API_KEY), ("--control-key", _CONTROL_KEY)):
        parser.add_argument(option, action=_VisibleKey, const=variable, help=argparse.SUPPRESS)
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
        "--generation",
        choices=get_args(Generation),
        default="B",
        help="generation of the service: older, present or newer (%(default)s)",
    )
    parser.add_argument(
        "--allow-remote",
        action="store_true",
        help="permit a --host that other machines can connect to",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
