"""The emulator in a thread of this process, on a port of its own."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
import secrets
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from socket import socket
from typing import Any, cast, get_args

import uvicorn

from root.emulator import catalogue
from root.emulator.application import Application
from root.emulator.models import Models
from root.emulator.pages import NextStyle
from root.emulator.store import Store

# Clients keep connections for seconds between requests; a server that hangs up first makes them
# fail in the middle of one. The cloud's load balancers keep them for about a minute too.
_KEEP_ALIVE_SECONDS = 75

# At the end of the block requests that are under way may finish, but not hold it up.
_SHUTDOWN_SECONDS = 1


class Server:
    """A running emulator."""

    def __init__(self, host: str, port: int, api_key: str, application: Application) -> None:
        """Take what `serve()` has found out."""
        self._host = host
        self._port = port
        self._api_key = api_key
        self._application = application

    @property
    def host(self) -> str:
        """The address it listens on, in digits."""
        return self._host

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._port

    @property
    def url(self) -> str:
        """The base URL for clients on this machine, without a slash at the end."""
        # What listens everywhere is asked here; the address for "everywhere" is no destination.
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)
        return f"http://[{host}]:{self._port}" if ":" in host else f"http://{host}:{self._port}"

    @property
    def api_key(self) -> str:
        """The key that it lets in."""
        return self._api_key

    def add_key(self, api_key: str | None = None) -> str:
        """Let one more key in, a new one if none is given, and return it.

        Each key has models of its own, which no other key sees.

        Raises:
            ValueError: The key is empty or has characters that no header takes.
        """
        key = _valid(api_key)
        self._application.add_key(key)
        return key

    def __repr__(self) -> str:
        """Say where it is; the key stays out."""
        return f"<root.emulator.Server {self.url}>"


@contextmanager
def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    db: str | os.PathLike[str] | None = None,
    api_key: str | None = None,
    next_style: NextStyle = "absolute",
    page_size_cap: int = 100,
    allow_remote: bool = False,
) -> Generator[Server, None, None]:
    """Run the emulator in a thread until the end of the `with` block.

    Args:
        host: Where to listen.
        port: The port; 0 takes a free one.
        db: A file that keeps the models after the end; without one they are kept in memory.
        api_key: The key to let in; without one it is made up. `Server.add_key` adds others.
        next_style: The form of `next` in a page: a whole URL, one without host, or a cursor.
        page_size_cap: The most models in a page, and how many there are if none are asked for.
        allow_remote: Let other machines in, by a host that is none of this machine's own.

    Raises:
        ValueError: An argument has a value that makes no sense, or the database is not ours.
        OSError: Nothing can listen there, for instance because the port is taken.
        sqlite3.Error: The database cannot be opened.
    """
    if not allow_remote and not _is_loopback(host):
        raise ValueError(
            f"Listening on {host!r} would let other machines in. If that is wanted, pass"
            " allow_remote=True (on the command line --allow-remote)."
        )
    if next_style not in get_args(NextStyle):
        raise ValueError(f"next_style is one of {', '.join(get_args(NextStyle))}.")
    if not 0 <= port <= 65535:
        raise ValueError(f"port is from 0 to 65535, not {port}.")
    if page_size_cap < 1:
        raise ValueError("page_size_cap is at least 1.")
    key = _valid(api_key)
    public = catalogue.load()
    with closing(Store(db, public)) as store:
        models = Models(store, public, next_style=next_style, page_size_cap=page_size_cap)
        application = Application(models)
        application.add_key(key)
        listener = _Listener(application, host, port)
        # A daemon, so that a main thread which ends without leaving the block is not held up.
        thread = threading.Thread(target=listener.serve_here, name="root-emulator", daemon=True)
        thread.start()
        try:
            yield Server(*listener.address.result(), key, application)
        finally:
            listener.should_exit = True
            thread.join()


class _Config(uvicorn.Config):
    """Keeps uvicorn quiet without a hand on its loggers, which are the whole process's."""

    def configure_logging(self) -> None:
        """Leave the loggers as they are."""

    def load(self) -> None:
        """Load the protocol, and have it write no access log."""
        super().load()
        protocol_class = cast("Callable[..., Any]", self.http_protocol_class)

        def quiet(**arguments: object) -> asyncio.Protocol:
            protocol = protocol_class(**arguments)
            protocol.access_log = False
            return cast("asyncio.Protocol", protocol)

        self.http_protocol_class = cast("type[asyncio.Protocol]", quiet)


class _Listener(uvicorn.Server):
    def __init__(self, application: Application, host: str, port: int) -> None:
        super().__init__(
            _Config(
                application,
                # uvicorn binds the port itself: asyncio then sets TCP_NODELAY, which it does
                # not on a socket that it is given, where each answer waits 40 ms.
                host=host,
                port=port,
                lifespan="off",
                ws="none",
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
            )
        )
        self.address: Future[tuple[str, int]] = Future()

    def serve_here(self) -> None:
        """Serve in this thread until told to exit."""
        try:
            self.run()
        except BaseException as exc:
            if self.address.done():
                raise
            self.address.set_exception(exc)

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Listen, and say where."""
        try:
            await super().startup(sockets)
        except SystemExit as exc:
            # uvicorn logs why it cannot listen and exits; a caller is better off with the reason.
            raise exc.__context__ or exc from None
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        self.address.set_result((host, port))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _valid(api_key: str | None) -> str:
    if api_key is None:
        return f"rs-emulator-{secrets.token_hex(16)}"
    if not re.fullmatch(r"[!-~]+", api_key):
        raise ValueError("An API key has at least one character, all printable ASCII, no space.")
    return api_key
