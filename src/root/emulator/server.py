"""The emulator in a thread of this process, on a port of its own."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import os
import threading
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from email.utils import formatdate
from socket import socket
from typing import Any, TypeVar, cast, get_args

import uvicorn
from pydantic import JsonValue
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from root.emulator.application import CONNECTION, Application, Connection, gone
from root.emulator.control import PREFIX, Control, ControlApplication, StoredModel
from root.emulator.cursors import NextStyle
from root.emulator.dashboard import Page
from root.emulator.faults import Fault, Faults, Reset, read_faults
from root.emulator.history import Connections, History, RecordedRequest, unexpected
from root.emulator.keys import Accounts, KeyState, valid_key
from root.emulator.openapi import DESCRIPTION, PATH
from root.emulator.resources.catalogue import load
from root.emulator.resources.models import Models
from root.emulator.store import Store, Visibility

T = TypeVar("T")

# Clients keep connections for seconds between requests; a server that hangs up first makes them
# fail in the middle of one. The cloud's load balancers keep them for about a minute too.
_KEEP_ALIVE_SECONDS = 75

# At the end of the block requests that are under way may finish, but not hold it up: they are
# broken off within the tenth of a second that uvicorn waits in any case. The second is for what
# cannot be.
_GRACE_SECONDS = 0.05
_SHUTDOWN_SECONDS = 1


class Server:
    """A running emulator: where it is, what it has, what happened, and what is to go wrong.

    All of it can be used from any thread while the emulator runs.
    """

    def __init__(self, listener: _Listener, api_key: str, control: Control, control_key: str):
        """Take what `serve()` has put together."""
        self._listener = listener
        self._host, self._port = listener.address.result()
        self._api_key = api_key
        self._control = control
        self._control_key = control_key
        self._process = os.getpid()

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

    @property
    def control_key(self) -> str:
        """The key to the API under `/_emulator/`, by which other processes control it."""
        return self._control_key

    @property
    def models(self) -> tuple[StoredModel, ...]:
        """The models that were created, in that order; the catalogue's are left out."""
        return self._done(self._control.models)

    @property
    def requests(self) -> tuple[RecordedRequest, ...]:
        """The last 10,000 requests to the API, in the order in which they came."""
        return self._done(lambda: self._control.history.since(0))

    @property
    def connections(self) -> Connections:
        """Over how many connections requests to the API come, and came."""
        return self._done(lambda: replace(self._control.connections))

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults that are waiting for requests, in the order in which they are tried."""
        return self._done(lambda: tuple(one.fault for one in self._control.faults.all()))

    def add_key(
        self,
        api_key: str | None = None,
        *,
        organisation: str | None = None,
        email: str | None = None,
        full_name: str = "Emulator user",
        state: KeyState = "active",
        rate_limit: str | None = None,
    ) -> str:
        """Let one more key in, a new one if none is given, and return it.

        Args:
            api_key: The key.
            organisation: Whose models it sees and manages, those of `api_key` being `main`'s;
                left out, it is an organisation of its own.
            email: Who is shown as the owner of what it creates.
            full_name: The owner's name.
            state: `active`, `read-only` or `revoked`.
            rate_limit: How many requests it may make, such as `10/second`; the other periods are
                `s`, `sec`, `m`, `min`, `minute`, `h`, `hour`, `d` and `day`.

        Raises:
            TypeError: An argument is no text.
            ValueError: An argument cannot be right, such as a key that no header takes, or that
                is there already.
        """
        return self._done(
            lambda: self._control.accounts.add(
                api_key,
                organisation=organisation,
                email=email,
                full_name=full_name,
                state=state,
                rate_limit=rate_limit,
            )
        )

    def change_key(
        self, api_key: str, *, state: KeyState | None = None, rate_limit: str | None = None
    ) -> None:
        """Change what a key may do; what is left out stays, and an empty rate limit ends it.

        Raises:
            ValueError: There is no such key, or an argument cannot be right.
        """
        self._done(
            lambda: self._control.accounts.change(api_key, state=state, rate_limit=rate_limit)
        )

    def add_model(
        self,
        *,
        name: str,
        model: str | None = None,
        max_output_token_count: int | None = None,
        max_token_count: int | None = None,
        url: str | None = None,
        visibility: Visibility = "PRIVATE",
        api_key: str | None = None,
    ) -> StoredModel:
        """Store a model without a request, also one that no request could make.

        Its name may be there already, and others may see it.

        Args:
            name: Its name.
            model: The underlying model; left out, it is the name.
            max_output_token_count: Tokens it may put out for one answer.
            max_token_count: Tokens it can process.
            url: Where it is served.
            visibility: Who sees it: everybody, everybody who knows its id, its organisation.
            api_key: For which key; left out, for the one that the emulator began with.

        Raises:
            ValueError: The API would not take these values, or there is no such key.
        """
        given = {
            "name": name,
            "model": model,
            "max_output_token_count": max_output_token_count,
            "max_token_count": max_token_count,
            "url": url,
        }
        values = {field: value for field, value in given.items() if value is not None}
        return self._done(lambda: self._control.add_model(values, visibility, api_key))

    def fail_next(
        self,
        times: int = 1,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        body: JsonValue = None,
        delay: float = 0.0,
        reset: Reset | None = None,
        truncate: bool = False,
        method: str | None = None,
        path: str | None = None,
    ) -> None:
        """Have the next requests go wrong; `add_fault` takes more ways to.

        The arguments are those of `Fault`.

        Raises:
            ValueError: It cannot go wrong in this way.
        """
        fault = Fault(
            status=status,
            headers=headers or {},
            body=body,
            delay=delay,
            reset=reset,
            truncate=truncate,
            method=method,
            path=path,
            times=times,
        )
        if not set(fault.told()) - {"method", "path", "times"}:
            raise ValueError(
                "Say what goes wrong: a status, a delay, reset, truncate, body, headers."
            )
        self.add_fault(fault)

    def add_fault(self, fault: Fault) -> int:
        """Have requests go wrong from now on, and return a number to take it back by.

        Raises:
            TypeError: It is no `Fault`.
        """
        return self._done(lambda: self._control.faults.add(fault))

    def remove_fault(self, number: int) -> None:
        """Take a fault back.

        Raises:
            ValueError: It is not there, or not any more.
        """
        self._done(lambda: self._control.faults.remove(number))

    def clear_faults(self) -> None:
        """Have nothing go wrong any more, until `wipe` puts back what `serve` was given."""
        self._done(self._control.faults.clear)

    def wipe(self) -> None:
        """Begin anew: no models but the catalogue's, no requests, one key.

        Of the faults those are there that `serve` was given, as often as at the beginning.
        Requests that a fault holds up are broken off, and not done any more.
        """
        self._done(self._control.wipe)

    def assert_no_unexpected_requests(self, *expected: str) -> None:
        """Fail if a request came that nobody expected.

        Args:
            expected: Methods and paths such as `GET /v1/models/*`. With none, it is unexpected
                what the API does not have, and what a key may not do.

        Raises:
            AssertionError: Such requests came; the text names them.
        """
        found = unexpected(self.requests, expected)
        if found:
            listed = "\n".join(f"  {request}" for request in found)
            many = "1 request was" if len(found) == 1 else f"{len(found)} requests were"
            raise AssertionError(f"{many} not expected:\n{listed}")

    def _done(self, work: Callable[[], T]) -> T:
        """Do something in the emulator's thread, between two requests.

        Raises:
            ValueError: The emulator has stopped, or runs in another process.
        """
        listener = self._listener
        result: Future[T] = Future()

        def do() -> None:
            try:
                result.set_result(work())
            except BaseException as exc:  # noqa: BLE001 - it is raised where it was asked for.
                result.set_exception(exc)

        # In a forked process its thread is not there, and nothing would ever be done.
        if os.getpid() != self._process:
            raise ValueError(
                "The emulator runs in another process, from which its API for control is open:"
                f" {self.url}{PREFIX}"
            )
        # Until the loop is closed it takes work, which is then left undone.
        with suppress(RuntimeError):
            loop = listener.loop.result()
            # In its next pass the loop reads of a connection that was closed before this, and in
            # the one after it counts that.
            loop.call_soon_threadsafe(lambda: loop.call_soon(lambda: loop.call_soon(do)))
            ends = cast("list[Future[object]]", [result, listener.over])
            wait(ends, return_when=FIRST_COMPLETED)
        if not result.done():
            raise ValueError("The emulator has stopped: its `with` block is over.")
        return result.result()

    def __repr__(self) -> str:
        """Say where it is; the keys stay out."""
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
    catalogue: str | os.PathLike[str] | None = None,
    seed: int | None = None,
    faults: str | os.PathLike[str] | Iterable[Fault] = (),
    control_key: str | None = None,
    allow_remote: bool = False,
) -> Generator[Server, None, None]:
    """Run the emulator in a thread until the end of the `with` block.

    Args:
        host: Where to listen.
        port: The port; 0 takes a free one.
        db: A file that keeps the models after the end; without one they are kept in memory.
        api_key: The key to let in, of the organisation `main`; without one it is made up.
            `Server.add_key` adds others.
        next_style: The form of `next` in a page: a whole URL, one without host, or a cursor.
        page_size_cap: The most models in a page, and how many there are if none are asked for.
        catalogue: A JSON file with the public models: `models` with context windows by name,
            and `providers` with names by the prefix of their models'. Left out, it is the
            catalogue that comes with the package.
        seed: What chance begins with, for faults that are not certain and the ids of models.
        faults: What is to go wrong, or a JSON file with a list of it; `Server.wipe` puts it back.
        control_key: The key to the API under `/_emulator/`; without one it is made up.
        allow_remote: Let other machines in, by a host that is none of this machine's own.

    Raises:
        TypeError: An argument is of another kind, such as text for a number.
        ValueError: An argument has a value that makes no sense, or the database is not ours.
        OSError: Nothing can listen there, for instance because the port is taken.
        sqlite3.Error: The database cannot be opened.
    """
    path = (str, os.PathLike)
    for name, value, kind, words in (
        ("host", host, str, "text"),
        ("db", "" if db is None else db, path, "the path of a file, or None"),
        (
            "catalogue",
            "" if catalogue is None else catalogue,
            path,
            "the path of a JSON file, or None",
        ),
        ("faults", faults, (*path, Iterable), "a list of Fault, or the path of a JSON file"),
        ("port", port, int, "a number"),
        ("page_size_cap", page_size_cap, int, "a number"),
        ("seed", 0 if seed is None else seed, int, "a number or None"),
    ):
        if not isinstance(cast("object", value), kind) or isinstance(value, bool):
            raise TypeError(f"{name} is {words}, not {value!r}.")
    if not allow_remote and not _is_loopback(host):
        raise ValueError(
            f"Listening on {host!r} would let other machines in. If that is wanted, pass"
            " allow_remote=True (on the command line --allow-remote)."
        )
    if next_style not in get_args(NextStyle):
        raise ValueError(f"next_style is one of {', '.join(get_args(NextStyle))}.")
    if not 0 <= port <= 65535:
        raise ValueError(f"port is from 0 to 65535, not {port}.")
    if db in ("", ":memory:"):
        # SQLite would keep nothing under these names.
        raise ValueError("db is the path of a file; without it models are kept in memory.")
    if page_size_cap < 1:
        raise ValueError("page_size_cap is at least 1.")
    key, key_to_control = valid_key(api_key), valid_key(control_key)
    if key == key_to_control:
        raise ValueError(
            "control_key and api_key are the same. Choose two, so that a client's key cannot"
            " control the emulator."
        )
    public = load(catalogue)
    accounts = Accounts(time.monotonic)
    accounts.add(key, organisation="main", email="main@emulator.invalid")
    if isinstance(faults, str | os.PathLike):
        faults = read_faults(faults)
    waiting = Faults(seed, faults)
    with closing(Store(db, public, seed)) as store:
        history = History(lambda: (*accounts.keys(), key_to_control))
        connections = Connections()
        control = Control(store, accounts, waiting, history, connections, key)
        models = Models(store, public, next_style=next_style, page_size_cap=page_size_cap)
        application = Application(
            models,
            accounts,
            waiting,
            history,
            {
                "/": Page(),
                # Browsers ask for it by themselves, and not the code under test.
                "/favicon.ico": Response(status_code=404),
                PATH: DESCRIPTION,
                PREFIX: ControlApplication(control, key_to_control),
            },
        )
        listener = _Listener(application, connections, host, port)
        # A daemon, so that a main thread which ends without leaving the block is not held up.
        thread = threading.Thread(target=listener.serve_here, name="root-emulator", daemon=True)
        thread.start()
        try:
            yield Server(listener, key, control, key_to_control)
        finally:
            listener.should_exit = True
            thread.join()


class _Config(uvicorn.Config):
    """Keeps uvicorn quiet without a hand on its loggers, which are the whole process's.

    It also counts the connections, and shows the application the one that a request came over.
    """

    connections: Connections

    def configure_logging(self) -> None:
        """Leave the loggers as they are."""

    def load(self) -> None:
        """Load the protocol, and have it do so."""
        super().load()
        protocol_class = cast("Callable[..., Any]", self.http_protocol_class)
        connections = self.connections

        def watched(**arguments: object) -> asyncio.Protocol:
            protocol = protocol_class(**arguments)
            protocol.access_log = False
            application: ASGIApp = protocol.app
            made, lost = protocol.connection_made, protocol.connection_lost
            connection: Connection

            async def app(scope: Scope, receive: Receive, send: Send) -> None:
                scope[CONNECTION] = connection
                try:
                    await application(scope, receive, _dated(send))
                except asyncio.CancelledError:
                    # The emulator stops or is wiped, while a fault takes its time or a client does.
                    connection.transport.abort()
                    await gone(receive)

            def connection_made(transport: asyncio.Transport) -> None:
                nonlocal connection
                connection = Connection(transport, connections)
                made(transport)

            def connection_lost(exc: Exception | None) -> None:
                connection.end()
                lost(exc)

            protocol.app = app
            protocol.connection_made = connection_made
            protocol.connection_lost = connection_lost
            return cast("asyncio.Protocol", protocol)

        self.http_protocol_class = cast("type[asyncio.Protocol]", watched)


def _dated(send: Send) -> Send:
    """Give answers the time of day, unless a fault has them tell another."""

    async def dated(message: Message) -> None:
        if message["type"] == "http.response.start":
            now = formatdate(usegmt=True).encode("ascii")
            message["headers"] = list({b"date": now, **dict(message["headers"])}.items())
        await send(message)

    return dated


class _Listener(uvicorn.Server):
    def __init__(
        self, application: Application, connections: Connections, host: str, port: int
    ) -> None:
        config = _Config(
            application,
            # uvicorn binds the port itself: asyncio then sets TCP_NODELAY, which it does
            # not on a socket that it is given, where each answer waits 40 ms.
            host=host,
            port=port,
            lifespan="off",
            ws="none",
            # The other, httptools, does not tell a request of the end of its connection if the
            # next one came over it already: what a fault broke off would never be over.
            http="h11",
            proxy_headers=False,
            server_header=False,
            # uvicorn's would stand beside that of a fault.
            date_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        )
        config.connections = connections
        super().__init__(config)
        self.loop: Future[asyncio.AbstractEventLoop] = Future()
        self.address: Future[tuple[str, int]] = Future()
        self.over: Future[None] = Future()

    def serve_here(self) -> None:
        """Serve in this thread until told to exit."""
        try:
            self.run()
        except BaseException as exc:
            if self.address.done():
                raise
            self.address.set_exception(exc)
        finally:
            self.over.set_result(None)

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Listen, and say where."""
        self.loop.set_result(asyncio.get_running_loop())
        thread = threading.get_ident()

        def is_news(record: logging.LogRecord) -> bool:
            return record.thread != thread or record.levelno < logging.ERROR

        # uvicorn logs why it cannot listen and exits; a caller is better off with the reason, once.
        logger = logging.getLogger("uvicorn.error")
        logger.addFilter(is_news)
        try:
            await super().startup(sockets)
        except SystemExit as exc:
            reason = exc.__context__
            if not isinstance(reason, OSError):
                raise
            raise _cannot_listen(self.config.host, self.config.port, reason) from None
        finally:
            logger.removeFilter(is_news)
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        self.address.set_result((host, port))

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Stop listening, and break off what is not done in a moment."""
        asyncio.get_running_loop().call_later(_GRACE_SECONDS, self._break_off)
        await super().shutdown(sockets)

    def _break_off(self) -> None:
        for task in self.server_state.tasks:
            task.cancel()


def _cannot_listen(host: str, port: int, reason: OSError) -> OSError:
    number = reason.errno or 0
    if number == errno.EADDRINUSE:
        why = "the port is taken; 0 takes a free one"
    else:
        # asyncio tells the address too, in its own way; a name that is none has no such number.
        why = os.strerror(number) if number > 0 else str(reason.strerror)
    error = OSError(f"Nothing can listen at {host}, port {port}: {why}.")
    error.errno = number
    return error


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
