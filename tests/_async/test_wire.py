"""What happens on the wire: connections, deadlines, redirects, and answers that break off."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
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

from ..wire import Step, Wire, answer, closes, raw, resets, says

MODEL = {"id": "9b2f", "name": "a"}


def connect(wire: Wire, **options: float) -> AsyncRootSignals:
    """A client of the wire that tries once, unless told otherwise."""
    settings = {"max_retries": 0} | options
    return AsyncRootSignals(
        api_key="key-of-the-tests",
        base_url=wire.url,
        max_retries=int(settings["max_retries"]),
        timeout=settings.get("timeout", 5),
        deadline=settings.get("deadline"),
        max_response_bytes=int(settings.get("max_response_bytes", 2**26)),
    )


async def test_one_connection_for_all() -> None:
    """One call after the other goes over one connection."""
    with Wire([says(201, MODEL)]) as wire:
        async with connect(wire) as client:
            for _ in range(20):
                await client.models.create(name="a")
        assert wire.connections == 1
        assert len(wire.requests) == 20


async def test_a_request_on_the_wire() -> None:
    """A request is HTTP/1.1 with each header once."""
    with Wire([says(201, MODEL)]) as wire:
        async with connect(wire) as client:
            await client.models.create(name="ä")
        head, _, body = wire.requests[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    names = [line.split(b":")[0].lower() for line in lines[1:]]

    assert lines[0] == b"POST /v1/models/ HTTP/1.1"
    assert len(names) == len(set(names))
    assert json.loads(body) == {"name": "ä"}


async def test_a_connection_that_the_server_closed() -> None:
    """A POST on a kept connection that the server has closed meanwhile arrives exactly once."""
    with Wire([says(201, MODEL)]) as wire:
        async with connect(wire) as client:
            await client.models.create(name="a")
            wire.hang_up()
            await client.models.create(name="b")
        assert [json.loads(r.partition(b"\r\n\r\n")[2])["name"] for r in wire.requests] == [
            "a",
            "b",
        ]
        assert wire.connections == 2


async def test_connection_close() -> None:
    """A server that wants the connection closed is not asked on it again."""
    with Wire([says(200, MODEL, Connection="close")]) as wire:
        async with connect(wire) as client:
            await client.models.retrieve("a")
            await client.models.retrieve("a")
        assert wire.connections == 2


@pytest.mark.parametrize("part", ["nothing", "head", "body"])
@pytest.mark.parametrize("bound", ["timeout", "deadline"])
async def test_a_server_that_drips(part: str, bound: str) -> None:
    """However slowly an answer comes in, the bounds are kept."""
    whole = answer(200, MODEL | {"more": "x" * 200})
    cut = {"nothing": 0, "head": 10, "body": whole.index(b"\r\n\r\n") + 4}[part]
    with Wire([]) as wire:
        wire.steps.append(wire.hangs if part == "nothing" else wire.drips(whole, cut))
        async with connect(wire, **{bound: 0.3}) as client:
            started = monotonic()
            with pytest.raises(APITimeoutError, match=r"0\.3 s") as error:
                await client.models.retrieve("a")
            assert 0.25 < monotonic() - started < 1.5
        assert error.value.elapsed == pytest.approx(0.3, abs=0.2)


async def test_a_last_wait_is_cut_short() -> None:
    """A wait that begins late in an attempt has what is left of it, and not all its time again."""
    with Wire([]) as wire:
        # A byte comes before the time is up, and the next one long after.
        wire.steps.append(wire.drips(answer(200, MODEL), 10, 0.8))
        async with connect(wire, timeout=1) as client:
            with pytest.raises(APITimeoutError) as error:
                await client.models.retrieve("a")
        assert error.value.elapsed == pytest.approx(1, abs=0.3)


async def test_a_handshake_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A TLS handshake that begins late in an attempt has what is left of it."""
    with Wire([]) as proxy:

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
    """Whoever gives a call some time has an answer or an error after it, repetitions included."""
    with Wire([]) as wire:
        wire.steps.append(wire.hangs)
        async with connect(wire, max_retries=5) as client:
            started = monotonic()
            with pytest.raises(APITimeoutError):
                await client.models.retrieve("a", _request_timeout=0.3)
            assert monotonic() - started < 1.5


async def test_a_timeout_ends_the_connection() -> None:
    """After a timeout the next call does not meet the late answer of the one before."""
    with Wire([]) as wire:
        wire.steps += [wire.hangs, says(200, MODEL | {"name": "fresh"})]
        async with connect(wire, timeout=0.2) as client:
            with pytest.raises(APITimeoutError):
                await client.models.retrieve("a")
            assert (await client.models.retrieve("a")).name == "fresh"
        assert wire.connections == 2


@pytest.mark.parametrize(
    "step",
    [
        closes,
        resets,
        raw(b"HTTP/1.1 200 OK\r\nContent-Le"),
        raw(answer(200, MODEL)[:-3]),
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n{"),
        raw(b"\x00\x01garbage\r\n\r\n"),
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}"),
    ],
    ids=["closed", "reset", "half a head", "cut off", "half a chunk", "garbage", "length"],
)
async def test_answers_that_break_off(step: Step) -> None:
    """A broken exchange is an error of ours for a POST, and is made again for a GET."""
    with Wire([step]) as wire:
        async with connect(wire) as client:
            with pytest.raises((APIConnectionError, APIResponseError)) as error:
                await client.models.create(name="a")
        assert error.value.may_have_been_processed
        assert len(wire.requests) == 1
    with Wire([step, says(200, MODEL)]) as wire:
        async with connect(wire, max_retries=1) as client:
            assert (await client.models.retrieve("a")).name == "a"


@pytest.mark.parametrize("lines", [b"SSH-2.0-other", b"HTTP/1.1 200 OK\r\nno header"])
async def test_an_answer_that_is_no_http(lines: bytes) -> None:
    """What is no HTTP is called so, and not quoted."""
    with Wire([raw(lines + b"\r\n\r\n")]) as wire:
        async with connect(wire) as client:
            with pytest.raises(APIConnectionError, match="answered is no HTTP") as error:
                await client.models.create(name="a")
    assert "Check the base URL" in str(error.value)
    assert "byte" not in str(error.value)


async def test_refused() -> None:
    """A service that is not there is told by name, and cannot have done anything."""
    with Wire([]) as wire:
        client = connect(wire)
    async with client:
        with pytest.raises(APIConnectionError, match="refused the connection") as error:
            await client.models.create(name="a")
    assert not error.value.may_have_been_processed
    assert error.value.attempts[0].cause == f"{wire.authority} refused the connection"


async def test_unknown_host() -> None:
    """A host name that does not exist is told as such."""
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
async def test_packed_answers(coding: str, packed: bytes) -> None:
    """An answer that comes packed is unpacked."""
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(packed)}\r\n\r\n"
    with Wire([raw(head.encode() + packed)]) as wire:
        async with connect(wire) as client:
            assert (await client.models.retrieve("a")).id == "9b2f"


@pytest.mark.parametrize("packed", [False, True])
async def test_answers_without_end(packed: bool) -> None:
    """Reading stops at a cap, be the answer long or packed to look short."""
    body = b" " * 3_000_000
    coding = "gzip" if packed else "identity"
    content = gzip.compress(body) if packed else body
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    with Wire([raw(head.encode() + content)]) as wire:
        async with connect(wire, max_retries=2, max_response_bytes=2**20) as client:
            with pytest.raises(APIResponseError, match="larger than 1 MiB"):
                await client.models.retrieve("a")
        assert len(wire.requests) == 1


async def test_a_redirect_on_the_same_host() -> None:
    """A GET is redirected on the same host, with the key."""
    with Wire([says(301, None, Location="/v1/models/b/"), says(200, MODEL)]) as wire:
        async with connect(wire) as client:
            assert (await client.models.retrieve("a")).id == "9b2f"
        assert wire.requests[1].startswith(b"GET /v1/models/b/ ")
        assert b"key-of-the-tests" in wire.requests[1]


async def test_a_redirect_to_another_host() -> None:
    """No redirect takes a request to another host, or to another port, which is another server."""
    with Wire([says(200, MODEL)]) as other:
        with Wire([says(302, None, Location=f"{other.url}/v1/models/a/")]) as wire:
            async with connect(wire) as client:
                with pytest.raises(APIStatusError, match="not followed"):
                    await client.models.retrieve("a")
            assert len(wire.requests) == 1
        assert not other.requests


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirected_post(status: int) -> None:
    """A request with a body is not redirected at all."""
    with Wire([says(status, None, Location="/v1/models/")]) as wire:
        async with connect(wire) as client:
            with pytest.raises(APIStatusError, match="not followed") as error:
                await client.models.create(name="a")
        assert error.value.status_code == status
        assert len(wire.requests) == 1


async def test_endless_redirects() -> None:
    """Redirects that go in circles end."""
    with Wire([says(302, None, Location="/again/")]) as wire:
        async with connect(wire) as client:
            with pytest.raises(APIStatusError, match="in circles"):
                await client.models.retrieve("a")
        assert len(wire.requests) == 5


async def test_a_delete_that_meets_a_web_page() -> None:
    """A page that says 200 where nothing is to be said is no success."""
    page = b"<html>Log in</html>"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(page)
    with Wire([raw(head + page)]) as wire:
        async with connect(wire) as client:
            with pytest.raises(APIResponseError, match="web page"):
                await client.models.delete("a")


async def test_an_untrusted_certificate(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate that is not trusted is not tried again, and SSL_CERT_FILE makes it trusted."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Wire([says(200, MODEL)], tls=context) as wire:
        async with connect(wire, max_retries=3) as client:
            with pytest.raises(APIConnectionError, match=r"not trusted.*SSL_CERT_FILE") as error:
                await client.models.retrieve("a")
        assert len(error.value.attempts) == 1
        assert not error.value.may_have_been_processed
        with authority.cert_pem.tempfile() as path:
            monkeypatch.setenv("SSL_CERT_FILE", path)
            async with connect(wire) as client:
                for _ in range(3):
                    await client.models.retrieve("a")
        assert len(wire.requests) == 3
        assert wire.connections == 2


async def test_tls_where_there_is_none() -> None:
    """A base URL with https for a server without TLS is told as that."""
    with Wire([raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")]) as wire:
        url = wire.url.replace("http://", "https://")
        async with AsyncRootSignals("k" * 20, base_url=url, max_retries=0) as client:
            with pytest.raises(APIConnectionError, match="http:// or https://"):
                await client.models.create(name="a")


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
async def test_a_proxy(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """A proxy in the environment is used, except where NO_PROXY says otherwise."""
    with Wire([says(200, MODEL)]) as proxy, Wire([says(200, MODEL)]) as wire:
        monkeypatch.setenv(variable, proxy.url)
        async with AsyncRootSignals("k" * 20, base_url="http://api.test/base") as client:
            assert (await client.models.retrieve("a")).id == "9b2f"
        assert proxy.requests[0].startswith(b"GET http://api.test/base/v1/models/a/ ")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        async with connect(wire) as client:
            await client.models.retrieve("a")
        assert len(wire.requests) == len(proxy.requests) == 1


async def test_no_more_connections_than_allowed_in_a_queue() -> None:
    """Who finds no free connection until the deadline is told so, and nothing was sent."""
    with Wire([]) as wire:
        wire.steps.append(wire.hangs)
        client = AsyncRootSignals("k" * 20, base_url=wire.url, max_connections=1, max_retries=0)
        async with client:
            with pytest.raises(RootSignalsError):
                await client.models.create(name="a", _request_timeout=0.1)
            # The slot of the call that timed out is free again.
            with pytest.raises(APITimeoutError, match="the answer did not come") as error:
                await client.models.create(name="a", _request_timeout=0.1)
        assert error.value.may_have_been_processed
        assert len(wire.requests) == 2


async def test_a_client_of_the_users_own() -> None:
    """An http client of the user's is used as it is, within the bounds, and not closed."""
    with Wire([says(200, MODEL)]) as wire:
        async with httpx.AsyncClient(headers={"X-Mine": "yes"}) as mine:
            async with AsyncRootSignals("k" * 20, base_url=wire.url, http_client=mine) as client:
                assert (await client.models.retrieve("a")).id == "9b2f"
            assert not mine.is_closed
        assert b"X-Mine: yes" in wire.requests[0]


async def test_bounds_with_a_client_of_the_users_own() -> None:
    """An http client of the user's keeps the bounds, too."""
    with Wire([]) as wire:
        wire.steps.append(wire.drips(answer(200, MODEL | {"more": "x" * 500}), 0, 0.005))
        async with httpx.AsyncClient() as mine:
            client = AsyncRootSignals("k" * 20, base_url=wire.url, http_client=mine, max_retries=0)
            started = monotonic()
            with pytest.raises(APITimeoutError):
                await client.models.retrieve("a", _request_timeout=0.8)
            assert monotonic() - started < 2


@pytest.mark.parametrize("drip", ["head", "continue"])
async def test_bounds_over_a_proxy(monkeypatch: pytest.MonkeyPatch, drip: str) -> None:
    """Over a proxy, too, the bounds are kept however slowly an answer comes in."""
    whole = answer(200, MODEL) if drip == "head" else b"HTTP/1.1 100 Continue\r\n\r\n" * 50
    with Wire([]) as proxy:
        proxy.steps.append(proxy.drips(whole, 10))
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        client = AsyncRootSignals("k" * 20, base_url="http://api.test", max_retries=0)
        async with client:
            started = monotonic()
            with pytest.raises(APITimeoutError, match=r"deadline of 0\.3 s"):
                await client.models.retrieve("a", _request_timeout=0.3)
            assert monotonic() - started < 1.5


async def test_a_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that refuses the connection is told as the proxy, by its own name."""
    with Wire([]) as proxy:
        pass
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    async with AsyncRootSignals("k" * 20, base_url="http://api.test", max_retries=0) as client:
        with pytest.raises(APIConnectionError, match="proxy failed") as error:
            await client.models.create(name="a")
    assert proxy.authority in str(error.value)
    assert not error.value.may_have_been_processed


@pytest.mark.parametrize("url", ["socks5://127.0.0.1:1", "http://[::1", "http://"])
async def test_a_proxy_of_no_use(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """A proxy that cannot be used is told as a mistake in the environment."""
    monkeypatch.setenv("HTTP_PROXY", url)
    async with AsyncRootSignals("k" * 20, base_url="http://api.test") as client:
        with pytest.raises(ConfigurationError, match=r"names a .*proxy"):
            await client.models.retrieve("a")


async def test_a_tunnel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over a proxy https goes through a tunnel, with the proxy's password and without the key."""
    with Wire([raw(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")]) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//me:pass%40word@"))
        async with AsyncRootSignals("k" * 20, base_url="https://api.test", max_retries=0) as client:
            with pytest.raises(APIConnectionError, match="407") as error:
                await client.models.create(name="a")
        head = proxy.requests[0]
    assert head.startswith(b"CONNECT api.test:443 HTTP/1.1\r\n")
    assert b"Basic " + b64encode(b"me:pass@word") in head
    assert b"kkkk" not in head
    assert "pass" not in str(error.value)


async def test_a_certificate_with_a_client_of_the_users_own() -> None:
    """With an http client of the user's, too, an untrusted certificate is final."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with Wire([says(200, MODEL)], tls=context) as wire:
        async with httpx.AsyncClient() as mine:
            client = AsyncRootSignals("k" * 20, base_url=wire.url, http_client=mine)
            with pytest.raises(APIConnectionError, match="not trusted") as error:
                await client.models.retrieve("a")
    assert len(error.value.attempts) == 1


async def test_a_closed_client_of_the_users_own() -> None:
    """An http client that is closed already is told as that."""
    async with httpx.AsyncClient() as mine:
        client = AsyncRootSignals("k" * 20, base_url="http://api.test", http_client=mine)
    with pytest.raises(InvalidRequestError, match="closed"):
        await client.models.retrieve("a")


async def test_a_client_of_another_kind() -> None:
    """What is no http client of the right kind is refused, by its full name, at once."""

    class AsyncClient:
        """The same name in another package, as httpx2 has it."""

    wrong: Any = AsyncClient()
    given = rf"not {__name__}\..*AsyncClient\."
    with pytest.raises(ConfigurationError, match=rf"httpx2?\..*Client, {given}"):
        AsyncRootSignals("k" * 20, base_url="http://api.test", http_client=wrong)


async def test_closed_in_the_middle(waits: list[float]) -> None:
    """A call whose client is closed meanwhile is not repeated, and tells of what was tried."""
    clients: list[AsyncRootSignals] = []

    def key() -> str:
        # Asked before the second attempt, too.
        if len(wire.requests) == 1:
            clients[0]._closed = clients[0]._transport.closed = True
        return "k" * 20

    with Wire([says(500)]) as wire:
        clients.append(AsyncRootSignals(key, base_url=wire.url))
        with pytest.raises(APIConnectionError, match="closed") as error:
            await clients[0].models.replace("a", name="a")
        assert [attempt.status for attempt in error.value.attempts] == [500]
        assert error.value.may_have_been_processed
        assert len(wire.requests) == 1
