"""Connections: their reuse, timeouts, redirects, proxies, and responses that break off."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import threading
import zlib
from base64 import b64encode
from time import monotonic
from typing import Any

import httpx
import pytest
import trustme

from root import (
    APIConnectionError,
    APIResponseError,
    APIStatusError,
    APITimeoutError,
    AsyncRootSignals,
    ConfigurationError,
    InvalidRequestError,
    RootSignalsError,
)

from ..scripted_server import ScriptedServer, Step, closes, resets, responds, response_bytes, sends

MODEL = {"id": "9b2f", "name": "a"}


def connect(server: ScriptedServer, **options: float) -> AsyncRootSignals:
    """A client that makes one attempt, unless there is a setting."""
    settings = {"max_retries": 0} | options
    return AsyncRootSignals(
        api_key="key-of-the-tests",
        base_url=server.url,
        max_retries=int(settings["max_retries"]),
        timeout=settings.get("timeout", 5),
        deadline=settings.get("deadline"),
        max_response_bytes=int(settings.get("max_response_bytes", 2**26)),
    )


async def test_one_connection() -> None:
    """Calls one after the other use one connection."""
    with ScriptedServer([responds(201, MODEL)]) as server:
        async with connect(server) as client:
            for _ in range(20):
                await client.models.create(name="a")
        assert server.connections == 1
        assert len(server.requests) == 20


@pytest.mark.usefixtures("waits")
async def test_a_misdirected_request() -> None:
    """A POST that the server refuses on its connection (421) is sent again on a new one."""
    both = threading.Barrier(2)

    def wait_for_both(sock: socket.socket) -> bool:
        both.wait(10)
        return responds(201, MODEL)(sock)

    steps = [wait_for_both, wait_for_both, responds(421, {"detail": "No."}), responds(201, MODEL)]
    with ScriptedServer(steps) as server:
        async with connect(server, max_retries=1) as client:
            await client.models.create_many([{"name": "a"}, {"name": "b"}], concurrency=2)
            assert server.connections == 2
            await client.models.create(name="c")
            assert server.connections == 3


async def test_the_bytes_of_a_request() -> None:
    """A request is HTTP/1.1 with each header once."""
    with ScriptedServer([responds(201, MODEL)]) as server:
        async with connect(server) as client:
            await client.models.create(name="ä")
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    names = [line.split(b":")[0].lower() for line in lines[1:]]

    assert lines[0] == b"POST /v1/models/ HTTP/1.1"
    assert len(names) == len(set(names))
    assert json.loads(body) == {"name": "ä"}


async def test_a_closed_connection() -> None:
    """A POST on a kept connection that the server has closed arrives exactly once."""
    with ScriptedServer([responds(201, MODEL)]) as server:
        async with connect(server) as client:
            await client.models.create(name="a")
            server.disconnect_all()
            await client.models.create(name="b")
        assert [json.loads(r.partition(b"\r\n\r\n")[2])["name"] for r in server.requests] == [
            "a",
            "b",
        ]
        assert server.connections == 2


async def test_connection_close() -> None:
    """A connection that the server wants to close is not used again."""
    with ScriptedServer([responds(200, MODEL, Connection="close")]) as server:
        async with connect(server) as client:
            await client.models.retrieve("a")
            await client.models.retrieve("a")
        assert server.connections == 2


@pytest.mark.parametrize("part", ["nothing", "head", "body"])
@pytest.mark.parametrize("bound", ["timeout", "deadline"])
async def test_a_slow_response(part: str, bound: str) -> None:
    """However slowly a response arrives, the timeouts are kept."""
    whole = response_bytes(200, MODEL | {"more": "x" * 200})
    cut = {"nothing": 0, "head": 10, "body": whole.index(b"\r\n\r\n") + 4}[part]
    with ScriptedServer([]) as server:
        server.steps.append(server.hangs if part == "nothing" else server.drips(whole, cut))
        async with connect(server, **{bound: 0.3}) as client:
            started = monotonic()
            with pytest.raises(APITimeoutError, match=r"0\.3 s") as error:
                await client.models.retrieve("a")
            assert 0.25 < monotonic() - started < 1.5
        assert error.value.elapsed == pytest.approx(0.3, abs=0.2)


async def test_the_last_wait_is_shortened() -> None:
    """A wait that begins late in an attempt is limited to the remaining time."""
    with ScriptedServer([]) as server:
        # A byte arrives before the timeout, and the next one long after it.
        server.steps.append(server.drips(response_bytes(200, MODEL), 10, 0.8))
        async with connect(server, timeout=1) as client:
            with pytest.raises(APITimeoutError) as error:
                await client.models.retrieve("a")
        assert error.value.elapsed == pytest.approx(1, abs=0.3)


async def test_a_handshake_is_shortened(monkeypatch: pytest.MonkeyPatch) -> None:
    """A TLS handshake that begins late in an attempt is limited to the remaining time."""
    with ScriptedServer([]) as proxy:

        def tunnels_late(sock: socket.socket) -> bool:
            proxy.ended.wait(0.8)
            sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            return proxy.hangs(sock)

        proxy.steps.append(tunnels_late)
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        client = AsyncRootSignals("k" * 20, base_url="https://api.test", timeout=1, max_retries=0)
        async with client:
            with pytest.raises(APITimeoutError) as error:
                await client.models.retrieve("a")
    assert error.value.elapsed == pytest.approx(1, abs=0.3)


async def test_request_timeout() -> None:
    """`_request_timeout` limits a call with all its retries."""
    with ScriptedServer([]) as server:
        server.steps.append(server.hangs)
        async with connect(server, max_retries=5) as client:
            started = monotonic()
            with pytest.raises(APITimeoutError):
                await client.models.retrieve("a", _request_timeout=0.3)
            assert monotonic() - started < 1.5


async def test_a_timeout_ends_the_connection() -> None:
    """After a timeout, the next call does not receive the late response."""
    with ScriptedServer([]) as server:
        server.steps += [server.hangs, responds(200, MODEL | {"name": "fresh"})]
        async with connect(server) as client:
            with pytest.raises(APITimeoutError):
                await client.with_options(timeout=0.2).models.retrieve("a")
            assert (await client.models.retrieve("a")).name == "fresh"
        assert server.connections == 2


@pytest.mark.parametrize(
    "step",
    [
        closes,
        resets,
        sends(b"HTTP/1.1 200 OK\r\nContent-Le"),
        sends(response_bytes(200, MODEL)[:-3]),
        sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n{"),
        sends(b"\x00\x01garbage\r\n\r\n"),
        sends(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}"),
    ],
    ids=["closed", "reset", "half a head", "cut off", "half a chunk", "garbage", "length"],
)
async def test_broken_responses(step: Step) -> None:
    """A broken exchange is an error for a POST, and retried for a GET."""
    with ScriptedServer([step]) as server:
        async with connect(server) as client:
            with pytest.raises((APIConnectionError, APIResponseError)) as error:
                await client.models.create(name="a")
        assert error.value.may_have_been_processed
        assert len(server.requests) == 1
    with ScriptedServer([step, responds(200, MODEL)]) as server:
        async with connect(server, max_retries=1) as client:
            assert (await client.models.retrieve("a")).name == "a"


@pytest.mark.parametrize("lines", [b"SSH-2.0-other", b"HTTP/1.1 200 OK\r\nno header"])
async def test_not_http(lines: bytes) -> None:
    """The error for bytes that are not HTTP does not quote them."""
    with ScriptedServer([sends(lines + b"\r\n\r\n")]) as server:
        async with connect(server) as client:
            with pytest.raises(APIConnectionError, match="does not speak HTTP") as error:
                await client.models.create(name="a")
    assert "Check the base URL" in str(error.value)
    assert "byte" not in str(error.value)


async def test_refused() -> None:
    """The error for a refused connection names the host, and nothing was processed."""
    with ScriptedServer([]) as server:
        client = connect(server)
    async with client:
        with pytest.raises(APIConnectionError, match="refused the connection") as error:
            await client.models.create(name="a")
    assert not error.value.may_have_been_processed
    assert error.value.attempts[0].cause == f"{server.authority} refused the connection"


async def test_unknown_host() -> None:
    """The error for an unknown host contains its name."""
    async with AsyncRootSignals("k" * 20, base_url="http://no-such-host.invalid") as client:
        client = client.with_options(max_retries=0)
        with pytest.raises(
            APIConnectionError, match=r"no-such-host\.invalid could not be resolved"
        ):
            await client.models.retrieve("a")


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(json.dumps(MODEL).encode())),
        ("deflate", zlib.compress(json.dumps(MODEL).encode())),
    ],
    ids=["gzip", "deflate"],
)
async def test_compressed_responses(coding: str, packed: bytes) -> None:
    """A compressed response is decompressed."""
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(packed)}\r\n\r\n"
    with ScriptedServer([sends(head.encode() + packed)]) as server:
        async with connect(server) as client:
            assert (await client.models.retrieve("a")).id == "9b2f"


@pytest.mark.parametrize("packed", [False, True])
async def test_large_responses(packed: bool) -> None:
    """Reading stops at the maximum size, compressed or decompressed."""
    body = b" " * 3_000_000
    coding = "gzip" if packed else "identity"
    content = gzip.compress(body) if packed else body
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    with ScriptedServer([sends(head.encode() + content)]) as server:
        async with connect(server, max_retries=2, max_response_bytes=2**20) as client:
            with pytest.raises(APIResponseError, match="larger than 1 MiB"):
                await client.models.retrieve("a")
        assert len(server.requests) == 1


async def test_many_lines_after_a_response() -> None:
    """A connection is not used again if a response is followed by others, however many."""
    first = response_bytes(200, MODEL, X_Padding="x")
    # As long as the piece in which bytes with many lines are parsed.
    first = response_bytes(200, MODEL, X_Padding="x" * (2049 - len(first)))
    superfluous = response_bytes(200, MODEL | {"name": "superfluous"}) * 100
    steps = [sends(first + superfluous, then_close=False), responds(200, MODEL | {"name": "b"})]
    with ScriptedServer(steps) as server:
        async with connect(server) as client:
            assert (await client.models.retrieve("a")).name == "a"
            assert (await client.models.retrieve("b")).name == "b"
        assert server.connections == 2


async def test_a_redirect_on_the_same_host() -> None:
    """A GET is redirected on the same host, with the key."""
    with ScriptedServer(
        [responds(301, None, Location="/v1/models/b/"), responds(200, MODEL)]
    ) as server:
        async with connect(server) as client:
            assert (await client.models.retrieve("a")).id == "9b2f"
        assert server.requests[1].startswith(b"GET /v1/models/b/ ")
        assert b"key-of-the-tests" in server.requests[1]


async def test_a_redirect_to_another_host() -> None:
    """No redirect is followed to another host or port."""
    with ScriptedServer([responds(200, MODEL)]) as other:
        with ScriptedServer([responds(302, None, Location=f"{other.url}/v1/models/a/")]) as server:
            async with connect(server) as client:
                with pytest.raises(APIStatusError, match="not followed"):
                    await client.models.retrieve("a")
            assert len(server.requests) == 1
        assert not other.requests


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirected_post(status: int) -> None:
    """A request with a body is not redirected."""
    with ScriptedServer([responds(status, None, Location="/v1/models/")]) as server:
        async with connect(server) as client:
            with pytest.raises(APIStatusError, match="not followed") as error:
                await client.models.create(name="a")
        assert error.value.status_code == status
        assert len(server.requests) == 1


async def test_endless_redirects() -> None:
    """The number of redirects is limited."""
    with ScriptedServer([responds(302, None, Location="/again/")]) as server:
        async with connect(server) as client:
            with pytest.raises(APIStatusError, match="in circles"):
                await client.models.retrieve("a")
        assert len(server.requests) == 5


async def test_a_web_page_for_a_delete() -> None:
    """A web page with status 200 is not a success."""
    page = b"<html>Log in</html>"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(page)
    with ScriptedServer([sends(head + page)]) as server:
        async with connect(server) as client:
            with pytest.raises(APIResponseError, match="web page"):
                await client.models.delete("a")


async def test_an_untrusted_certificate(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """An untrusted certificate is not retried, and SSL_CERT_FILE can make it trusted."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with ScriptedServer([responds(200, MODEL)], tls=context) as server:
        async with connect(server, max_retries=3) as client:
            with pytest.raises(APIConnectionError, match=r"not trusted.*SSL_CERT_FILE") as error:
                await client.models.retrieve("a")
        assert len(error.value.attempts) == 1
        assert not error.value.may_have_been_processed
        with authority.cert_pem.tempfile() as path:
            monkeypatch.setenv("SSL_CERT_FILE", path)
            async with connect(server) as client:
                for _ in range(3):
                    await client.models.retrieve("a")
        assert len(server.requests) == 3
        assert server.connections == 2


async def test_a_server_without_tls() -> None:
    """The error for https:// with a server without TLS advises to check the scheme."""
    with ScriptedServer([sends(b"HTTP/1.1 400 Bad Request\r\n\r\n")]) as server:
        url = server.url.replace("http://", "https://")
        async with AsyncRootSignals("k" * 20, base_url=url, max_retries=0) as client:
            with pytest.raises(APIConnectionError, match="http:// or https://"):
                await client.models.create(name="a")


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
async def test_a_proxy(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """A proxy in the environment is used, except for hosts and networks in NO_PROXY."""
    with (
        ScriptedServer([responds(200, MODEL)]) as proxy,
        ScriptedServer([responds(200, MODEL)]) as server,
    ):
        monkeypatch.setenv(variable, proxy.url)
        async with AsyncRootSignals("k" * 20, base_url="http://api.test/base") as client:
            assert (await client.models.retrieve("a")).id == "9b2f"
        assert proxy.requests[0].startswith(b"GET http://api.test/base/v1/models/a/ ")
        monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")
        async with connect(server) as client:
            await client.models.retrieve("a")
        assert len(server.requests) == len(proxy.requests) == 1


@pytest.mark.parametrize("no_proxy", ["", "127.0.0.1:443"])
async def test_the_proxy_of_a_redirect(monkeypatch: pytest.MonkeyPatch, no_proxy: str) -> None:
    """A redirect from http to https uses HTTPS_PROXY, unless NO_PROXY is for its address."""
    location = "https://127.0.0.1/v1/models/b/"
    with (
        ScriptedServer([responds(301, None, Location=location)]) as plain,
        ScriptedServer([sends(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")]) as secure,
    ):
        monkeypatch.setenv("HTTP_PROXY", plain.url)
        monkeypatch.setenv("HTTPS_PROXY", secure.url)
        monkeypatch.setenv("NO_PROXY", no_proxy)
        client = AsyncRootSignals("k" * 20, base_url="http://127.0.0.1:8000", max_retries=0)
        async with client:
            with pytest.raises(APIConnectionError):
                await client.models.retrieve("a")
        assert len(plain.requests) == 1
        assert len(secure.requests) == (0 if no_proxy else 1)
        if not no_proxy:
            assert secure.requests[0].startswith(b"CONNECT 127.0.0.1:443 ")


async def test_no_free_connection() -> None:
    """A call that waits for a connection until its deadline sends nothing."""
    with ScriptedServer([]) as server:
        server.steps.append(server.hangs)
        client = AsyncRootSignals("k" * 20, base_url=server.url, max_connections=1, max_retries=0)
        async with client:
            with pytest.raises(RootSignalsError):
                await client.models.create(name="a", _request_timeout=0.1)
            # The permit of the call that timed out is free again.
            with pytest.raises(APITimeoutError, match="the response did not arrive") as error:
                await client.models.create(name="a", _request_timeout=0.1)
        assert error.value.may_have_been_processed
        assert len(server.requests) == 2


async def test_an_http_client() -> None:
    """The user's own HTTP client is used as it is, within the timeouts, and not closed."""
    with ScriptedServer([responds(200, MODEL)]) as server:
        async with httpx.AsyncClient(headers={"X-Mine": "yes"}) as mine:
            async with AsyncRootSignals("k" * 20, base_url=server.url, http_client=mine) as client:
                assert (await client.models.retrieve("a")).id == "9b2f"
            assert not mine.is_closed
        assert b"X-Mine: yes" in server.requests[0]


async def test_timeouts_with_an_http_client() -> None:
    """The timeouts hold over the user's own HTTP client, too."""
    with ScriptedServer([]) as server:
        server.steps.append(
            server.drips(response_bytes(200, MODEL | {"more": "x" * 500}), 0, 0.005)
        )
        async with httpx.AsyncClient() as mine:
            client = AsyncRootSignals(
                "k" * 20, base_url=server.url, http_client=mine, max_retries=0
            )
            started = monotonic()
            with pytest.raises(APITimeoutError):
                await client.models.retrieve("a", _request_timeout=0.8)
            assert monotonic() - started < 2


@pytest.mark.parametrize("drip", ["head", "continue"])
async def test_timeouts_over_a_proxy(monkeypatch: pytest.MonkeyPatch, drip: str) -> None:
    """The timeouts are kept over a proxy, however slowly a response arrives."""
    whole = response_bytes(200, MODEL) if drip == "head" else b"HTTP/1.1 100 Continue\r\n\r\n" * 50
    with ScriptedServer([]) as proxy:
        proxy.steps.append(proxy.drips(whole, 10))
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        client = AsyncRootSignals("k" * 20, base_url="http://api.test", max_retries=0)
        async with client:
            started = monotonic()
            with pytest.raises(APITimeoutError, match=r"deadline of 0\.3 s"):
                await client.models.retrieve("a", _request_timeout=0.3)
            assert monotonic() - started < 1.5


async def test_a_proxy_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error for a proxy that refuses the connection names the proxy."""
    with ScriptedServer([]) as proxy:
        pass
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    async with AsyncRootSignals("k" * 20, base_url="http://api.test", max_retries=0) as client:
        with pytest.raises(APIConnectionError, match="proxy failed") as error:
            await client.models.create(name="a")
    assert proxy.authority in str(error.value)
    assert not error.value.may_have_been_processed


@pytest.mark.parametrize("url", ["socks5://127.0.0.1:1", "http://[::1", "http://"])
async def test_an_invalid_proxy(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """The error for an invalid proxy is about the environment."""
    monkeypatch.setenv("HTTP_PROXY", url)
    async with AsyncRootSignals("k" * 20, base_url="http://api.test") as client:
        with pytest.raises(ConfigurationError, match=r"proxy.* environment|environment .*proxy"):
            await client.models.retrieve("a")


async def test_a_tunnel(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTPS uses a tunnel over a proxy, with the proxy's password and without the key."""
    with ScriptedServer([sends(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")]) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//me:pass%40word@"))
        async with AsyncRootSignals("k" * 20, base_url="https://api.test", max_retries=0) as client:
            with pytest.raises(APIConnectionError, match="407") as error:
                await client.models.create(name="a")
        head = proxy.requests[0]
    assert head.startswith(b"CONNECT api.test:443 HTTP/1.1\r\n")
    assert b"Basic " + b64encode(b"me:pass@word") in head
    assert b"kkkk" not in head
    assert "pass" not in str(error.value)


async def test_an_untrusted_certificate_with_an_http_client() -> None:
    """An untrusted certificate is not retried over the user's own HTTP client either."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with ScriptedServer([responds(200, MODEL)], tls=context) as server:
        async with httpx.AsyncClient() as mine:
            client = AsyncRootSignals("k" * 20, base_url=server.url, http_client=mine)
            with pytest.raises(APIConnectionError, match="not trusted") as error:
                await client.models.retrieve("a")
    assert len(error.value.attempts) == 1


async def test_a_closed_http_client() -> None:
    """The error for a closed HTTP client names the reason."""
    async with httpx.AsyncClient() as mine:
        client = AsyncRootSignals("k" * 20, base_url="http://api.test", http_client=mine)
    with pytest.raises(InvalidRequestError, match="closed"):
        await client.models.retrieve("a")


async def test_a_wrong_http_client() -> None:
    """An HTTP client of another class is refused with its full name when it is passed."""

    class AsyncClient:
        """The same name in another package, as httpx2 has it."""

    wrong: Any = AsyncClient()
    given = rf"not {__name__}\..*AsyncClient\."
    with pytest.raises(
        ConfigurationError, match=rf"^http_client must be an httpx2?\..*Client, {given}"
    ):
        AsyncRootSignals("k" * 20, base_url="http://api.test", http_client=wrong)


async def test_closed_meanwhile(waits: list[float]) -> None:
    """A call whose client is closed meanwhile is not retried, and the error has its attempts."""
    clients: list[AsyncRootSignals] = []

    def key() -> str:
        # Called before the second attempt, too.
        if len(server.requests) == 1:
            clients[0]._closed = clients[0]._transport.closed = True
        return "k" * 20

    with ScriptedServer([responds(500)]) as server:
        clients.append(AsyncRootSignals(key, base_url=server.url))
        with pytest.raises(APIConnectionError, match="closed") as error:
            await clients[0].models.replace("a", name="a")
        assert [attempt.status for attempt in error.value.attempts] == [500]
        assert error.value.may_have_been_processed
        assert len(server.requests) == 1
