"""Connections: how many there are, what becomes of stale ones, and how their sockets are set."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import random
import socket
import sys
import threading
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any
from weakref import WeakKeyDictionary

import anyio
import pytest
import trio

from root import (
    APIConnectionError,
    APIResponseError,
    APITimeoutError,
    AsyncRootSignals,
    InvalidRequestError,
    RootSignals,
    RootSignalsError,
)
from root._async.pool import AsyncConnection, AsyncPool
from root._concurrency import forget_ended
from root._http import Address
from root._network import _AsyncioStream  # pyright: ignore[reportPrivateUsage]
from root._sync.pool import Connection
from root._sync.pool import _cut_all as cut_all  # pyright: ignore[reportPrivateUsage]

from .echo import Echo
from .wire import Wire, says

MODEL = {"id": "9b2f", "name": "a"}
KEY = "rs-0123456789-abcdefgh-wxyz"


@pytest.fixture
async def echo() -> AsyncIterator[Echo]:
    with Echo() as echo:
        yield echo


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.002)


@pytest.mark.parametrize("max_connections", [1, 7, 50])
async def test_a_thousand_together(max_connections: int) -> None:
    """A thousand calls that begin together all finish, over no more connections than allowed."""
    with Echo(hold=0.001) as echo:
        async with AsyncRootSignals(
            KEY, base_url=echo.url, max_connections=max_connections, timeout=5
        ) as client:
            models = await asyncio.gather(*(client.models.retrieve(str(n)) for n in range(1000)))
        assert [model.id for model in models] == [str(n) for n in range(1000)]
        assert echo.most_open == len(echo.connections) == max_connections


def test_a_thousand_together_on_trio() -> None:
    """The same holds on trio."""

    async def main(url: str) -> None:
        async with (
            AsyncRootSignals(KEY, base_url=url, max_connections=20) as client,
            trio.open_nursery() as nursery,
        ):
            for number in range(1000):
                nursery.start_soon(client.models.retrieve, str(number))

    with Echo() as echo:
        trio.run(main, echo.url)
        assert len(set(echo.names)) == 1000
        assert echo.most_open <= 20


def test_two_hundred_threads_together() -> None:
    """Two hundred threads that begin together all finish, over no more connections than allowed."""
    with Echo(hold=0.001) as echo:
        with (
            RootSignals(KEY, base_url=echo.url, max_connections=5) as client,
            ThreadPoolExecutor(200) as pool,
        ):
            models = list(pool.map(client.models.retrieve, map(str, range(1000))))
        assert [model.id for model in models] == [str(n) for n in range(1000)]
        assert echo.most_open <= 5


async def test_waiting_costs_no_timeout() -> None:
    """Who waits for a connection longer than the timeout of an attempt still gets an answer."""
    with Echo(hold=0.05) as echo:
        async with AsyncRootSignals(
            KEY, base_url=echo.url, max_connections=2, timeout=0.2, max_retries=0
        ) as client:
            # The last one waits for half a second.
            models = await asyncio.gather(*(client.models.retrieve("a") for _ in range(20)))
        assert len(models) == 20


async def test_waiting_costs_the_deadline() -> None:
    """Who waits for a connection until the deadline has a timeout, and the others are unharmed."""
    with Echo(hold=0.1) as echo:
        async with AsyncRootSignals(KEY, base_url=echo.url, max_connections=1) as client:
            results = await asyncio.gather(
                *(client.models.create(name=str(n), _request_timeout=0.25) for n in range(10)),
                return_exceptions=True,
            )
        done = [result for result in results if isinstance(result, str)]
        late = [result for result in results if isinstance(result, APITimeoutError)]
        assert len(done) >= 1
        assert len(done) + len(late) == 10
        untouched = [error for error in late if not error.may_have_been_processed]
        assert len(echo.names) == 10 - len(untouched)
        assert len(untouched) >= 6


async def test_the_limit_under_mixed_ends() -> None:
    """Errors, timeouts and cancellations take no connection away and add none."""
    chance = random.Random(4)
    with Echo(hold=0.01) as echo:
        async with AsyncRootSignals(
            KEY, base_url=echo.url, max_connections=5, max_retries=0
        ) as client:

            async def call(number: int) -> None:
                kind = chance.choice(["fine", "missing", "late", "cancelled"])
                try:
                    if kind == "cancelled":
                        async with asyncio.timeout(chance.random() * 0.02):
                            await client.models.retrieve(str(number))
                    else:
                        name = f"{'missing-' if kind == 'missing' else ''}{number}"
                        bound = 0.005 if kind == "late" else 5
                        await client.models.retrieve(name, _request_timeout=bound)
                except (RootSignalsError, TimeoutError):
                    return

            await asyncio.gather(*(call(number) for number in range(300)))
            await until(lambda: echo.open <= 5)
            echo.most_open = echo.open
            await asyncio.gather(*(client.models.retrieve("after") for _ in range(50)))
            # All five are there again, and no sixth.
            assert echo.most_open == 5


async def test_stale_connections_and_a_post(echo: Echo) -> None:
    """Posts on connections that the server has closed meanwhile arrive exactly once."""
    async with AsyncRootSignals(KEY, base_url=echo.url, max_retries=0) as client:
        for turn in range(5):
            names = [f"{turn}-{n}" for n in range(20)]
            await asyncio.gather(*(client.models.create(name=name) for name in names))
            echo.hang_up()
            # Not a moment is left for the client to notice by itself.
    assert sorted(echo.names) == sorted(f"{turn}-{n}" for turn in range(5) for n in range(20))


def test_stale_connections_and_a_blocking_post() -> None:
    """Blocking posts on connections that the server has closed meanwhile arrive exactly once."""
    with Echo() as echo:
        with RootSignals(KEY, base_url=echo.url, max_retries=0) as client:
            for turn in range(20):
                client.models.create(name=str(turn))
                echo.hang_up()
        assert echo.names == [str(turn) for turn in range(20)]
        assert len(echo.connections) == 20


def test_a_hang_up_as_the_post_is_sent() -> None:
    """A post that meets a server that just hangs up arrives at most once, or says that it may."""
    done: list[bool] = []
    honest: list[bool] = []
    with Echo() as echo:
        with RootSignals(KEY, base_url=echo.url, max_retries=2) as client:
            for turn in range(50):
                client.models.create(name=f"warm-{turn}")
                closing = threading.Thread(target=echo.hang_up)
                closing.start()
                try:
                    client.models.create(name=f"post-{turn}")
                except RootSignalsError as error:
                    honest.append(error.may_have_been_processed)
                    done.append(False)
                else:
                    done.append(True)
                closing.join()
        assert all(honest)
        for turn in range(50):
            arrived = echo.names.count(f"post-{turn}")
            assert arrived in ({1} if done[turn] else {0, 1})


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_hang_up_before_the_post_is_sent(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A post whose connection is closed when it has been taken, but nothing sent, arrives once."""

    async def main(wire: Wire) -> None:
        client = AsyncRootSignals(KEY, base_url=wire.url, max_retries=0)
        async with client:
            await client.models.create(name="first")
            await client.models.create(name="second")

    take = AsyncPool._taken

    def taken(pool: AsyncPool, address: Address) -> AsyncConnection:
        connection = take(pool, address)
        if wire.connections == 1 and connection._stream is not None:
            wire.hang_up()
            while not connection._stream.get_extra_info("is_readable"):
                pass
        return connection

    monkeypatch.setattr(AsyncPool, "_taken", taken)
    with Wire([says(201, MODEL)]) as wire:
        anyio.run(main, wire, backend=backend)
        assert [json.loads(sent.partition(b"\r\n\r\n")[2])["name"] for sent in wire.requests] == [
            "first",
            "second",
        ]
        assert wire.connections == 2


async def test_a_server_that_goes_on_without_being_asked() -> None:
    """What nobody reads is not taken from the network for ever."""
    taken: list[bool] = []
    idle = threading.Event()

    def floods(sock: socket.socket) -> bool:
        says(200, MODEL)(sock)
        idle.wait(5)
        sock.settimeout(0.3)
        try:
            sock.sendall(bytes(64 * 2**20))
        except TimeoutError:
            taken.append(False)
        else:
            taken.append(True)
        return False

    with Wire([floods]) as wire:
        async with AsyncRootSignals(KEY, base_url=wire.url) as client:
            await client.models.retrieve("a")
            idle.set()
            await until(lambda: bool(taken))
    assert taken == [False]


@pytest.mark.parametrize("kind", ["asyncio", "uvloop"])
def test_a_server_that_hangs_up_within_the_request(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing more is written to a connection that ended, which event loops complain about."""
    new_loop = pytest.importorskip(kind).new_event_loop

    def hangs_up() -> None:
        sock, _ = listener.accept()
        with sock:
            sock.recv(4096)

    async def main(url: str) -> None:
        # More than the system takes on the way.
        headers = {"X-More": "x" * 8_000_000}
        client = AsyncRootSignals(KEY, base_url=url, max_retries=0, default_headers=headers)
        async with client:
            with pytest.raises(APIConnectionError) as error:
                await client.models.create(name="a")
        assert error.value.may_have_been_processed

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        pool.submit(hangs_up)
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(main(f"http://127.0.0.1:{listener.getsockname()[1]}"))
    assert not [record for record in caplog.records if record.name.startswith("asyncio")]


def test_a_body_that_is_too_large_on_trio() -> None:
    """Nothing is left behind for trio to complain about where reading stops at the cap."""

    async def main(url: str) -> None:
        async with AsyncRootSignals(KEY, base_url=url, max_response_bytes=2**20) as client:
            with pytest.raises(APIResponseError, match="larger than 1 MiB"):
                await client.models.retrieve("a")
            gc.collect()

    with (
        Wire([says(200, MODEL | {"more": "x" * 2**22})]) as wire,
        warnings.catch_warnings(record=True) as warned,
    ):
        warnings.simplefilter("always")
        trio.run(main, wire.url)
    assert not [warning for warning in warned if "garbage" in str(warning.message)]


async def test_connections_expire(echo: Echo, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that was idle for too long is not used again, and is closed."""
    monkeypatch.setattr("root._async.pool.KEEPALIVE_EXPIRY", 0.02)
    async with AsyncRootSignals(KEY, base_url=echo.url) as client:
        await client.models.retrieve("a")
        await asyncio.sleep(0.05)
        await client.models.retrieve("b")
        await until(lambda: echo.open == 1)
        assert [connection.names for connection in echo.connections] == [["a"], ["b"]]


async def test_the_last_used_connection_goes_first(echo: Echo) -> None:
    """After a burst one connection does the work, so that the others expire."""
    async with AsyncRootSignals(KEY, base_url=echo.url) as client:
        await asyncio.gather(*(client.models.retrieve("burst") for _ in range(10)))
        for _ in range(10):
            await client.models.retrieve("single")
        assert len(echo.connections) == 10
        assert len(echo.of("single")) == 1


def sockets_to(url: str) -> list[socket.socket]:
    """Return the sockets of this process that are connected to this server."""
    port = int(url.rpartition(":")[2])
    found = []
    for thing in gc.get_objects():
        # The emulator of the session and asyncio's own pairs are sockets, too.
        if type(thing) is socket.socket and thing.fileno() >= 0:
            try:
                if thing.getpeername()[1] == port:
                    found.append(thing)
            except (OSError, IndexError):
                continue
    return found


def is_kept_alive(url: str) -> bool:
    """Return whether TCP keep-alive is on for every connection to this server."""
    found = sockets_to(url)
    assert found
    return all(sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) for sock in found)


@pytest.mark.parametrize("proxied", [False, True])
def test_keep_alive(monkeypatch: pytest.MonkeyPatch, proxied: bool) -> None:
    """TCP keep-alive is on, so that a peer that vanished is noticed; over a proxy, too."""
    with Wire([says(200, MODEL)]) as wire:
        if proxied:
            monkeypatch.setenv("HTTP_PROXY", wire.url)
        url = "http://api.test" if proxied else wire.url
        with RootSignals(KEY, base_url=url) as client:
            client.models.retrieve("a")
            assert is_kept_alive(wire.url)


@pytest.mark.parametrize("proxied", [False, True])
async def test_keep_alive_in_a_loop(monkeypatch: pytest.MonkeyPatch, proxied: bool) -> None:
    """TCP keep-alive is on for the connections of an event loop."""
    with Wire([says(200, MODEL)]) as wire:
        if proxied:
            monkeypatch.setenv("HTTP_PROXY", wire.url)
        url = "http://api.test" if proxied else wire.url
        async with AsyncRootSignals(KEY, base_url=url) as client:
            await client.models.retrieve("a")
            assert is_kept_alive(wire.url)


def test_keep_alive_on_trio() -> None:
    """TCP keep-alive is on for the connections of trio."""

    async def main(url: str) -> None:
        async with AsyncRootSignals(KEY, base_url=url) as client:
            await client.models.retrieve("a")
            assert is_kept_alive(url)

    with Wire([says(200, MODEL)]) as wire:
        trio.run(main, wire.url)


async def test_a_crowd_is_served_in_its_order() -> None:
    """Who waits longest for a connection gets the next one."""
    with Echo() as echo:
        async with AsyncRootSignals(KEY, base_url=echo.url, max_connections=1) as client:
            tasks: list[Awaitable[object]] = []
            for number in range(50):
                tasks.append(asyncio.create_task(client.models.retrieve(str(number))))
                await asyncio.sleep(0)
            await asyncio.gather(*tasks)
        assert echo.names == [str(number) for number in range(50)]


async def test_waiters_that_give_up() -> None:
    """Those who are cancelled while they wait for a connection hold up nobody behind them."""
    with Echo(hold=0.01) as echo:
        async with AsyncRootSignals(KEY, base_url=echo.url, max_connections=1) as client:
            for _ in range(5):
                tasks = [asyncio.create_task(client.models.retrieve(str(n))) for n in range(100)]
                await asyncio.sleep(0.005)
                for task in tasks[1:99]:
                    task.cancel()
                started = time.monotonic()
                assert (await tasks[99]).id == "99"
                assert time.monotonic() - started < 1
                await asyncio.gather(*tasks, return_exceptions=True)
        assert echo.most_open <= 2  # the one of a cancelled exchange and its successor


async def test_what_waits_when_the_client_is_closed() -> None:
    """Calls that wait for a connection when the client is closed are not sent any more."""
    with Wire([]) as wire:
        wire.steps.append(wire.hangs)
        client = AsyncRootSignals(KEY, base_url=wire.url, max_connections=1, max_retries=0)
        calls = [asyncio.create_task(client.models.create(name=str(n))) for n in range(5)]
        await until(lambda: len(wire.requests) == 1)
        await client.aclose()
        errors = await asyncio.gather(*calls, return_exceptions=True)
        kinds = [type(error) for error in errors]
        assert kinds == [APIConnectionError, *[InvalidRequestError] * 4]
        assert len(wire.requests) == 1


CLOSED = "the client was closed meanwhile"


async def test_what_is_under_way_when_the_client_is_closed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A call that closing its client breaks off says so at once, and what it may have done."""
    caplog.set_level(logging.DEBUG, "root.client")
    with Wire([]) as wire:
        wire.steps.append(wire.hangs)
        client = AsyncRootSignals(KEY, base_url=wire.url)
        calls = [
            asyncio.create_task(call)
            for call in (client.models.retrieve("a"), client.models.create(name="a"))
        ]
        await until(lambda: len(wire.requests) == 2)
        await client.aclose()
        for call, processed in zip(calls, (False, True), strict=True):
            with pytest.raises(APIConnectionError, match=CLOSED) as error:
                await asyncio.wait_for(call, 5)
            assert error.value.may_have_been_processed is processed
    assert not [record for record in caplog.records if "repeated" in record.getMessage()]


def test_what_is_under_way_in_threads_when_the_client_is_closed() -> None:
    """In threads, too, every call that is broken off says that the client was closed."""
    with Echo(hold=0.001) as echo, ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            client = RootSignals(KEY, base_url=echo.url)
            calls = [pool.submit(_until_it_is_closed, client) for _ in range(8)]
            time.sleep(0.02)
            client.close()
            for call in calls:
                error = call.result(5)
                assert "closed" in str(error), error


def _until_it_is_closed(client: RootSignals) -> Exception:
    try:
        while True:
            client.models.retrieve("a")
    except RootSignalsError as error:
        return error


@pytest.mark.parametrize("rounds", range(1, 4))
async def test_what_is_being_connected_when_the_client_is_closed(rounds: int) -> None:
    """A call whose connection is just being made when the client is closed sends nothing."""
    with Wire([says(201, MODEL)]) as wire:
        client = AsyncRootSignals(KEY, base_url=wire.url)
        call = asyncio.create_task(client.models.create(name="a"))
        for _ in range(rounds):
            await asyncio.sleep(0)
        await client.aclose()
        with pytest.raises((APIConnectionError, InvalidRequestError), match="closed") as error:
            await call
        assert not error.value.may_have_been_processed
        assert not wire.requests


async def test_a_handshake_that_hangs_when_the_client_is_closed() -> None:
    """A call ends at once, though its TLS handshake was going on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        url = f"https://127.0.0.1:{server.getsockname()[1]}"
        client = AsyncRootSignals(KEY, base_url=url, timeout=60)
        call = asyncio.create_task(client.models.retrieve("a"))
        loop = asyncio.get_running_loop()
        sock, _ = await loop.sock_accept(server)
        with sock:
            assert await loop.sock_recv(sock, 1)
            await client.aclose()
            with pytest.raises(APIConnectionError, match=CLOSED):
                await asyncio.wait_for(call, 5)


async def test_what_goes_out_slowly_when_the_client_is_closed() -> None:
    """A request that the service takes slowly ends at once, too."""
    with Wire([], takes=1000) as wire:
        client = AsyncRootSignals(KEY, base_url=wire.url)
        call = asyncio.create_task(client.request("POST", "/v1/models/", body=b"x" * 20_000_000))
        await until(lambda: wire.connections == 1)
        await asyncio.sleep(0.05)
        await client.aclose()
        with pytest.raises(APIConnectionError, match=CLOSED) as error:
            await asyncio.wait_for(call, 5)
        assert error.value.may_have_been_processed


def test_an_exchange_that_is_interrupted_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that was interrupted is not used again, even if it looks as if it could be."""
    exchange = Connection.exchange

    def interrupted(*arguments: Any) -> None:
        exchange(*arguments)
        raise KeyboardInterrupt

    with Wire([says(200, MODEL)]) as wire, RootSignals(KEY, base_url=wire.url) as client:
        monkeypatch.setattr(Connection, "exchange", interrupted)
        with pytest.raises(KeyboardInterrupt):
            client.models.retrieve("a")
        monkeypatch.undo()
        client.models.retrieve("a")
        assert wire.connections == 2


def test_connections_that_come_while_all_are_closed() -> None:
    """Other threads may open connections while one closes those that there are."""

    class Cut:
        def cut(self) -> None:
            pass

    connections = WeakKeyDictionary[Any, None]()
    stopped = threading.Event()

    def work() -> None:
        kept: list[Cut] = []
        while not stopped.is_set():
            kept = [*kept[-50:], Cut()]
            connections[kept[-1]] = None

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    threads = [threading.Thread(target=work) for _ in range(2)]
    try:
        for thread in threads:
            thread.start()
        for _ in range(2000):
            cut_all(connections, [])
    finally:
        stopped.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(before)


async def test_much_that_comes_at_once_does_not_hold_up_the_loop() -> None:
    """Between two reads of what is there already, others have their turn."""
    stream = _AsyncioStream()
    stream.data_received(b"abc")
    turns: list[int] = []
    for turn in range(3):
        asyncio.get_running_loop().call_soon(turns.append, turn)
        assert len(await stream.read(1)) == 1
        assert len(turns) == turn + 1


@pytest.mark.parametrize("closed_in", ["another thread", "another loop"])
def test_what_waits_elsewhere_when_the_client_is_closed(closed_in: str) -> None:
    """The same holds for threads, and for the loops of other threads."""
    with Wire([]) as wire:
        released = threading.Event()

        def step(sock: socket.socket) -> bool:
            released.wait(5)
            return says(201, MODEL)(sock)

        wire.steps.append(step)
        client = RootSignals(KEY, base_url=wire.url, max_connections=1, max_retries=0)

        def create(name: str) -> str:
            return client.models.create(name=name)

        async def create_all() -> list[str | BaseException]:
            calls = (client.models.acreate(name=str(n)) for n in range(5))
            return await asyncio.gather(*calls, return_exceptions=True)

        with ThreadPoolExecutor(5) as pool:
            if closed_in == "another thread":
                calls = [pool.submit(create, str(number)) for number in range(5)]
            else:
                everything = pool.submit(asyncio.run, create_all())
            asyncio.run(until(lambda: len(wire.requests) == 1))
            # The others have come as far as they can.
            time.sleep(0.1)
            client.close()
            released.set()
            if closed_in == "another thread":
                ends: list[object] = [call.exception(5) for call in calls]
            else:
                ends = list(everything.result(5))
        assert sum(isinstance(end, InvalidRequestError) for end in ends) == 4
        assert len(wire.requests) == 1


def test_loops_that_come_while_ended_ones_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other threads may add pools while one looks for those of ended loops."""

    class Loop:
        def is_closed(self) -> bool:
            return False

    pools = WeakKeyDictionary[object, int]()
    errors: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(300):
                loop = Loop()
                pools.setdefault(loop, 1)
                forget_ended(pools)
        except RuntimeError as error:
            errors.append(error)

    kept = [Loop() for _ in range(50)]
    pools.update((loop, 1) for loop in kept)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert not errors


@pytest.fixture
def black_hole(monkeypatch: pytest.MonkeyPatch) -> Iterator[Echo]:
    """A service with two addresses, of which the first swallows what it is sent."""
    real = socket.getaddrinfo
    with ExitStack() as stack:
        echo = stack.enter_context(Echo())
        port = int(echo.url.rpartition(":")[2])
        hole = stack.enter_context(socket.create_server(("127.0.0.2", port), backlog=0))
        # Linux drops what comes once the backlog is full.
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(hole.getsockname())

        def two_addresses(host: str | bytes, *args: object, **kwargs: object) -> object:
            if host not in ("two.test", b"two.test"):
                return real(host, *args, **kwargs)  # type: ignore[arg-type]
            kind = socket.AF_INET, socket.SOCK_STREAM, 6, ""
            return [(*kind, ("127.0.0.2", port)), (*kind, ("127.0.0.1", port))]

        monkeypatch.setattr(socket, "getaddrinfo", two_addresses)
        echo.url = f"http://two.test:{port}"
        yield echo


@pytest.mark.skipif(sys.platform != "linux", reason="how to make a black hole differs")
def test_an_address_that_swallows_everything(black_hole: Echo) -> None:
    """A host whose first address is dead is reached over the next one, within one attempt."""
    with RootSignals(KEY, base_url=black_hole.url, timeout=0.6, max_retries=0) as client:
        assert client.models.retrieve("blocking").id == "blocking"

    async def main() -> None:
        async with AsyncRootSignals(
            KEY, base_url=black_hole.url, timeout=0.6, max_retries=0
        ) as client:
            assert (await client.models.retrieve("asyncio")).id == "asyncio"

    asyncio.run(main())
    assert black_hole.names == ["blocking", "asyncio"]


@pytest.mark.parametrize(
    ("scheme", "line"),
    [
        ("http", b"GET http://[2001:db8::1]:8000/v1/models/a/ HTTP/1.1"),
        ("https", b"CONNECT [2001:db8::1]:8000 HTTP/1.1"),
    ],
)
def test_an_ipv6_address_over_a_proxy(
    scheme: str, line: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To a proxy an IPv6 address is written as URLs have it (RFC 3986, 3.2.2)."""
    with Wire([says(502)]) as proxy:
        monkeypatch.setenv(f"{scheme}_proxy", proxy.url)
        url = f"{scheme}://[2001:db8::1]:8000"
        client = RootSignals(KEY, base_url=url, max_retries=0)
        with client, pytest.raises(RootSignalsError):
            client.models.retrieve("a")
        assert proxy.requests[0].split(b"\r\n")[0] == line


def test_an_ipv6_address_without_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_PROXY takes an IPv6 address as it is, without brackets."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "::1")
    with (
        Wire([says(200, MODEL)], host="::1") as wire,
        RootSignals(KEY, base_url=wire.url, max_retries=0) as client,
    ):
        assert client.models.retrieve("a").id == "9b2f"
