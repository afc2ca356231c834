"""Stale connections, keep-alive, and addresses that do not respond."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import socket
import sys
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import anyio
import pytest
import trio

from root import (
    APIConnectionError,
    APIResponseError,
    AsyncRootSignals,
    RootSignals,
    RootSignalsError,
)
from root._async.connection import AsyncConnection
from root._async.pool import AsyncPool
from root._http.messages import Origin
from tests.echo_server import EchoServer
from tests.scripted_server import ScriptedServer, responds

from .helpers import HANG, KEY, MODEL, wait_until


async def test_posts_on_stale_connections() -> None:
    """Posts on connections that the server has closed meanwhile arrive exactly once."""
    with EchoServer() as server:
        async with AsyncRootSignals(KEY, base_url=server.url, max_retries=0) as client:
            for turn in range(5):
                names = [f"{turn}-{n}" for n in range(20)]
                await asyncio.gather(*(client.models.create(name=name) for name in names))
                server.disconnect_all()
                # The client has no time to notice.
    assert sorted(server.names) == sorted(f"{turn}-{n}" for turn in range(5) for n in range(20))


def test_blocking_posts_on_stale_connections() -> None:
    """Blocking posts on connections that the server has closed meanwhile arrive exactly once."""
    with EchoServer() as server:
        with RootSignals(KEY, base_url=server.url, max_retries=0) as client:
            for turn in range(20):
                client.models.create(name=str(turn))
                server.disconnect_all()
        assert server.names == [str(turn) for turn in range(20)]
        assert len(server.connections) == 20


def test_connection_closed_during_a_post() -> None:
    """A post that meets a closing connection arrives at most once, or reports that it may have."""
    done: list[bool] = []
    reported: list[bool] = []
    with EchoServer() as server:
        with RootSignals(KEY, base_url=server.url, max_retries=2) as client:
            for turn in range(50):
                client.models.create(name=f"warm-{turn}")
                closing = threading.Thread(target=server.disconnect_all)
                closing.start()
                try:
                    client.models.create(name=f"post-{turn}")
                except RootSignalsError as error:
                    reported.append(error.may_have_been_processed)
                    done.append(False)
                else:
                    done.append(True)
                closing.join()
        assert all(reported)
        for turn in range(50):
            arrived = server.names.count(f"post-{turn}")
            assert arrived in ({1} if done[turn] else {0, 1})


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_connection_closed_before_a_post(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A post whose connection is closed after it was taken from the pool arrives once."""

    async def main(server: ScriptedServer) -> None:
        client = AsyncRootSignals(KEY, base_url=server.url, max_retries=0)
        async with client:
            await client.models.create(name="first")
            await client.models.create(name="second")

    take = AsyncPool._take

    def take_and_close(pool: AsyncPool, origin: Origin) -> AsyncConnection:
        connection = take(pool, origin)
        if server.connections == 1 and connection._stream is not None:
            server.disconnect_all()
            while not connection._stream.get_extra_info("is_readable"):
                pass
        return connection

    monkeypatch.setattr(AsyncPool, "_take", take_and_close)
    with ScriptedServer([responds(201, MODEL)]) as server:
        anyio.run(main, server, backend=backend)
        assert [json.loads(sent.partition(b"\r\n\r\n")[2])["name"] for sent in server.requests] == [
            "first",
            "second",
        ]
        assert server.connections == 2


async def test_unsolicited_data() -> None:
    """Data that was not requested is not read from the network without limit."""
    read_by_client: list[bool] = []
    idle = threading.Event()

    def flood(sock: socket.socket) -> bool:
        responds(200, MODEL)(sock)
        idle.wait(HANG)
        sock.settimeout(0.3)
        try:
            sock.sendall(bytes(64 * 2**20))
        except TimeoutError:
            read_by_client.append(False)
        else:
            read_by_client.append(True)
        return False

    with ScriptedServer([flood]) as server:
        async with AsyncRootSignals(KEY, base_url=server.url) as client:
            await client.models.retrieve("a")
            idle.set()
            await wait_until(lambda: bool(read_by_client))
    assert read_by_client == [False]


@pytest.mark.parametrize("kind", ["asyncio", "uvloop"])
def test_connection_closed_within_the_request(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is written to a connection that has ended, which event loops would report."""
    new_loop = pytest.importorskip(kind).new_event_loop

    def close() -> None:
        sock, _ = listener.accept()
        with sock:
            sock.recv(4096)

    async def main(url: str) -> None:
        # More than the operating system buffers.
        headers = {"X-More": "x" * 8_000_000}
        client = AsyncRootSignals(KEY, base_url=url, max_retries=0, default_headers=headers)
        async with client:
            with pytest.raises(APIConnectionError) as error:
                await client.models.create(name="a")
        assert error.value.may_have_been_processed

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        pool.submit(close)
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(main(f"http://127.0.0.1:{listener.getsockname()[1]}"))
    assert not [
        record
        for record in caplog.records
        if record.name.startswith("asyncio") and record.levelno >= logging.WARNING
    ]


def test_too_large_body_on_trio() -> None:
    """trio reports no garbage where reading stops at the size limit."""

    async def main(url: str) -> None:
        async with AsyncRootSignals(KEY, base_url=url, max_response_bytes=2**20) as client:
            with pytest.raises(APIResponseError, match="larger than 1 MiB"):
                await client.models.retrieve("a")
            gc.collect()

    with (
        ScriptedServer([responds(200, MODEL | {"more": "x" * 2**22})]) as server,
        warnings.catch_warnings(record=True) as warned,
    ):
        warnings.simplefilter("always")
        trio.run(main, server.url)
    assert not [warning for warning in warned if "garbage" in str(warning.message)]


def sockets_to(url: str) -> list[socket.socket]:
    """Return the sockets of this process that are connected to this server."""
    port = int(url.rpartition(":")[2])
    found = []
    for candidate in gc.get_objects():
        # The emulator of the session and asyncio's own pairs are sockets too.
        if type(candidate) is socket.socket and candidate.fileno() >= 0:
            try:
                if candidate.getpeername()[1] == port:
                    found.append(candidate)
            except (OSError, IndexError):
                continue
    return found


def is_kept_alive(url: str) -> bool:
    """Return whether TCP keep-alive is on for every connection to this server."""
    found = sockets_to(url)
    assert found
    return all(sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) for sock in found)


@pytest.mark.parametrize("proxied", [False, True])
def test_tcp_keep_alive(monkeypatch: pytest.MonkeyPatch, proxied: bool) -> None:
    """TCP keep-alive is on, so that a dead peer is noticed; also over a proxy."""
    with ScriptedServer([responds(200, MODEL)]) as server:
        if proxied:
            monkeypatch.setenv("HTTP_PROXY", server.url)
        url = "http://api.test" if proxied else server.url
        with RootSignals(KEY, base_url=url) as client:
            client.models.retrieve("a")
            assert is_kept_alive(server.url)


@pytest.mark.parametrize("proxied", [False, True])
async def test_tcp_keep_alive_in_a_loop(monkeypatch: pytest.MonkeyPatch, proxied: bool) -> None:
    """TCP keep-alive is on for the connections of an event loop."""
    with ScriptedServer([responds(200, MODEL)]) as server:
        if proxied:
            monkeypatch.setenv("HTTP_PROXY", server.url)
        url = "http://api.test" if proxied else server.url
        async with AsyncRootSignals(KEY, base_url=url) as client:
            await client.models.retrieve("a")
            assert is_kept_alive(server.url)


def test_tcp_keep_alive_on_trio() -> None:
    """TCP keep-alive is on for the connections of trio."""

    async def main(url: str) -> None:
        async with AsyncRootSignals(KEY, base_url=url) as client:
            await client.models.retrieve("a")
            assert is_kept_alive(url)

    with ScriptedServer([responds(200, MODEL)]) as server:
        trio.run(main, server.url)


@pytest.fixture
def black_hole(monkeypatch: pytest.MonkeyPatch) -> Iterator[EchoServer]:
    """A service with two addresses, of which the first does not respond."""
    real = socket.getaddrinfo
    with ExitStack() as stack:
        server = stack.enter_context(EchoServer())
        port = int(server.url.rpartition(":")[2])
        hole = stack.enter_context(socket.create_server(("127.0.0.2", port), backlog=0))
        # Linux drops connection requests once the backlog is full.
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
        server.url = f"http://two.test:{port}"
        yield server


@pytest.mark.skipif(sys.platform != "linux", reason="the backlog works differently")
def test_unresponsive_address(black_hole: EchoServer) -> None:
    """If the first address of a host does not respond, the next one is used in the same attempt."""
    with RootSignals(KEY, base_url=black_hole.url, timeout=2, max_retries=0) as client:
        assert client.models.retrieve("blocking").id == "blocking"

    async def main() -> None:
        async with AsyncRootSignals(
            KEY, base_url=black_hole.url, timeout=2, max_retries=0
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
def test_ipv6_address_over_a_proxy(
    scheme: str, line: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An IPv6 address is sent to a proxy in brackets (RFC 3986, 3.2.2)."""
    with ScriptedServer([responds(502)]) as proxy:
        monkeypatch.setenv(f"{scheme}_proxy", proxy.url)
        url = f"{scheme}://[2001:db8::1]:8000"
        client = RootSignals(KEY, base_url=url, max_retries=0)
        with client, pytest.raises(RootSignalsError):
            client.models.retrieve("a")
        assert proxy.requests[0].split(b"\r\n")[0] == line


def test_ipv6_address_in_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_PROXY accepts an IPv6 address without brackets."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "::1")
    with (
        ScriptedServer([responds(200, MODEL)], host="::1") as server,
        RootSignals(KEY, base_url=server.url, max_retries=0) as client,
    ):
        assert client.models.retrieve("a").id == "9b2f"
