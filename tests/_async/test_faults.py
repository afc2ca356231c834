"""The table of faults, played cell by cell over real sockets, and what does not fit into it."""

from __future__ import annotations

import json
import re
import socket
from contextlib import nullcontext
from functools import partial
from time import monotonic

import httpx
import pytest

from root import (
    APIConnectionError,
    APITimeoutError,
    AsyncRootSignals,
    RateLimitError,
    RootSignalsError,
)
from root._async.pool import _SOCKET_OPTIONS
from root._concurrency import async_sleep

from ..faults import (
    AHEAD,
    BEHIND,
    FAULTS,
    METHODS,
    MODEL,
    MOST_BYTES,
    OVER_HTTPX,
    RIGHT,
    SHORT,
    THROTTLED,
    Cell,
    Fault,
    Scene,
    async_together,
    authority,
    has_ipv6,
    right,
    said,
    secure,
)
from ..wire import Wire, answer, raw, says, then_resets, tunnels

KEY = "key-of-the-tests"


@pytest.fixture(autouse=True)
def small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    # What waits to be sent goes out in small parts.
    small = (socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
    monkeypatch.setattr("root._async.pool._SOCKET_OPTIONS", [*_SOCKET_OPTIONS, small])


async def call(client: AsyncRootSignals, method: str) -> object:
    """Make one call, and return what is to be seen of its result."""
    models = client.models
    if method == "retrieve":
        return (await models.retrieve("9b2f")).id
    if method == "list":
        return [model.id async for model in models.list()]
    if method == "replace":
        return (await models.replace("9b2f", name="a")).id
    if method == "delete":
        return await models.delete("9b2f")  # type: ignore[func-returns-value]
    if method == "create":
        return await models.create(name="a")
    if method == "update":
        return (await models.update("9b2f", name="a")).id
    return (await models.verify(model="a")).success


async def outcome(
    url: str, timeout: float, scene: Scene, method: str, *, over_httpx: bool = False
) -> Cell:
    """Make one call that may be tried again once, and return what it came to."""
    started = monotonic()
    own = httpx.AsyncClient() if over_httpx else None
    async with (
        own or nullcontext(),
        AsyncRootSignals(
            KEY,
            base_url=url,
            timeout=timeout,
            max_retries=1,
            max_response_bytes=MOST_BYTES,
            default_headers={"X-Call": method} | scene.headers,
            http_client=own,
        ) as client,
    ):
        try:
            result = await call(client, method)
        except RootSignalsError as error:
            cell = Cell(
                type(error),
                len(error.attempts),
                scene.arrived(method),
                error.may_have_been_processed,
            )
        else:
            assert result == RIGHT[method]
            # How often a result was tried for is not to be seen; it is as often as it arrived.
            cell = Cell(None, scene.arrived(method), scene.arrived(method))
    assert monotonic() - started < 2 * timeout + 2
    return cell


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("over_httpx", [False, True], ids=["own pool", "own client"])
@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_a_fault_that_lasts(
    fault: Fault, over_httpx: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every call ends as the table says, in time, and no request goes to another host."""
    if over_httpx and fault.name in OVER_HTTPX:
        pytest.skip("httpx decides it")
    with fault.staged() as scene:
        for name, value in scene.environment.items():
            monkeypatch.setenv(name, value)
        play = partial(outcome, scene.url, fault.timeout, scene, over_httpx=over_httpx)
        outcomes = await async_together(play, METHODS)
        assert outcomes == fault.cells
        assert not scene.other.requests
        # Whoever connects for us does not learn the key.
        tunnels = [] if scene.proxy in (None, scene.server) else scene.proxy.requests
        assert not any(KEY.encode() in request for request in tunnels)


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize(
    "fault", [fault for fault in FAULTS if fault.cells["retrieve"].arrived == 2], ids=str
)
async def test_a_fault_that_passes(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that is tried again comes to the right result once the fault has passed."""
    repeated = {method: Cell(None, 2, 2) for method, cell in fault.cells.items() if cell.tries == 2}
    with fault.staged(times=1) as scene:
        for name, value in scene.environment.items():
            monkeypatch.setenv(name, value)
        outcomes = await async_together(partial(outcome, scene.url, fault.timeout, scene), repeated)
        assert outcomes == repeated


@pytest.mark.parametrize("clock", [AHEAD, BEHIND], ids=["ahead", "behind"])
@pytest.mark.parametrize("status", [429, 503])
async def test_a_clock_that_is_off(waits: list[float], clock: tuple[str, str], status: int) -> None:
    """A date in Retry-After is read by the server's own clock, however wrong that is."""
    refusal = said(status, THROTTLED, *clock)
    with Wire([raw(refusal, then_close=False), says(201, MODEL)]) as wire:
        async with AsyncRootSignals(KEY, base_url=wire.url) as client:
            assert await client.models.create(name="a") == "9b2f"
        assert len(wire.requests) == 2
    assert len(waits) == 1
    assert 3 <= waits[0] <= 3.3


async def test_a_date_that_is_past(waits: list[float]) -> None:
    """A date in Retry-After that is past, with no clock to read it by, is as good as none."""
    past = "Retry-After: Thu, 01 Jan 2015 05:00:03 GMT"
    with Wire([raw(said(429, THROTTLED, past), then_close=False)]) as wire:
        async with AsyncRootSignals(KEY, base_url=wire.url) as client:
            with pytest.raises(RateLimitError) as error:
                await client.models.create(name="a")
        assert len(wire.requests) == 3
    assert error.value.retry_after is None
    assert all(0 <= wait <= 1 for wait in waits)


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")
async def test_ipv6() -> None:
    """An address of IPv6 stands in brackets in the header Host."""
    with Wire([says(200, MODEL)], host="::1") as wire:
        async with AsyncRootSignals(KEY, base_url=wire.url) as client:
            await client.models.retrieve("9b2f")
        assert f"\r\nHost: {wire.authority}\r\n".encode() in wire.requests[0]


async def test_a_service_that_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A POST that found no service arrives exactly once when the service is there again."""
    with Wire([]) as gone:
        port = gone.port
    back: list[Wire] = []

    async def restart(_: float) -> None:
        back.append(Wire([says(201, MODEL)], port=port).__enter__())

    monkeypatch.setattr("root._async.transport.async_sleep", restart)
    async with AsyncRootSignals(KEY, base_url=gone.url) as client:
        assert await client.models.create(name="a") == "9b2f"
    with back[0] as wire:
        assert len(wire.requests) == 1
    assert len(back) == 1


async def test_a_reset_after_the_answer() -> None:
    """A POST after a connection that was reset when all was said arrives exactly once."""
    with Wire([then_resets(right("create")), says(201, MODEL)]) as wire:
        async with AsyncRootSignals(KEY, base_url=wire.url, max_retries=0) as client:
            assert await client.models.create(name="a") == "9b2f"
            while wire.open:
                await async_sleep(0.005)
            assert await client.models.create(name="b") == "9b2f"
        names = [json.loads(sent.partition(b"\r\n\r\n")[2])["name"] for sent in wire.requests]
    assert names == ["a", "b"]


@pytest.mark.parametrize("proxied", [False, True], ids=["direct", "proxy"])
@pytest.mark.parametrize("late", [False, True], ids=["at once", "late"])
async def test_an_answer_to_no_request(
    late: bool, proxied: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes after the answer is never taken for the answer to the next request."""
    unasked = answer(200, MODEL | {"name": "unasked"})
    first = answer(200, MODEL | {"name": "first"})
    with Wire([]) as wire:
        if late:
            wire.steps.append(wire.says_in_turn(first, unasked))
        else:
            wire.steps.append(raw(first + unasked, then_close=False))
        wire.steps.append(says(200, MODEL | {"name": "second"}))
        if proxied:
            monkeypatch.setenv("HTTP_PROXY", wire.url)
        base_url = "http://api.test" if proxied else wire.url
        async with AsyncRootSignals(KEY, base_url=base_url, max_retries=0) as client:
            assert (await client.models.retrieve("a")).name == "first"
            await async_sleep(0.1 if late else 0)
            assert (await client.models.retrieve("a")).name == "second"


async def test_a_server_that_stops_taking_the_request() -> None:
    """A request that cannot be sent to its end in time is told as that, and may have arrived."""
    with Wire([], takes=0) as wire:
        async with AsyncRootSignals(KEY, base_url=wire.url, timeout=0.3, max_retries=1) as client:
            with pytest.raises(APITimeoutError, match="could not be sent") as error:
                await client.models.create(name="a", model="k" * 4_000_000)
        # Without the time that it takes to put so large a body together.
        assert error.value.elapsed is not None
        assert error.value.elapsed < 2
        assert wire.connections == 1
    assert error.value.may_have_been_processed


async def test_a_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that is the proxy's says so, and does not blame the service."""
    with Wire([]) as gone:
        monkeypatch.setenv("HTTP_PROXY", gone.url)
    async with AsyncRootSignals(KEY, base_url="http://api.test", max_retries=0) as client:
        with pytest.raises(APIConnectionError, match=r"(?i)proxy") as error:
            await client.models.retrieve("a")
    assert "api.test refused" not in str(error.value)


async def test_a_proxy_that_refuses_a_tunnel(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that wants a password is told as that, with what it said."""
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    with Wire([raw(refusal)]) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("://", "://me:pass-of-the-proxy@"))
        async with AsyncRootSignals(KEY, base_url="https://api.test", max_retries=0) as client:
            with pytest.raises(APIConnectionError, match=r"(?i)proxy.*407") as error:
                await client.models.retrieve("a")
        assert re.match(rb"CONNECT api\.test:443 ", proxy.requests[0])
        assert KEY.encode() not in proxy.requests[0]
    assert "pass-of-the-proxy" not in str(error.value)


async def test_a_tunnel_that_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """When a kept tunnel has ended and the next one does not come about, nothing was sent."""
    with (
        Wire([says(201, MODEL)], tls=secure()) as wire,
        Wire([tunnels(wire.authority)]) as proxy,
        authority().cert_pem.tempfile() as path,
    ):
        monkeypatch.setenv("SSL_CERT_FILE", path)
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        async with AsyncRootSignals(KEY, base_url=wire.url, max_retries=0) as client:
            await client.models.create(name="a")
            proxy.steps[:] = [proxy.hangs]
            wire.hang_up()
            while proxy.open:
                await async_sleep(0.005)
            with pytest.raises(APITimeoutError) as error:
                await client.models.create(name="b", _request_timeout=SHORT)
        assert len(wire.requests) == 1
    assert not error.value.may_have_been_processed
