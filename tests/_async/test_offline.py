"""What ROOTSIGNALS_OFFLINE keeps from leaving the machine."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import respx

from root import AsyncRootSignals, BulkError, ConfigurationError
from root._offline import take_refused
from root.emulator import Server
from tests.wire import Wire, says

KEY = "key-that-must-not-show"
URL = "http://api.test/base"
MODEL = {"id": "9b2f", "name": "azure/gpt-4o"}


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROOTSIGNALS_OFFLINE", "1")
    take_refused()


async def test_refused(caplog: pytest.LogCaptureFixture) -> None:
    """A call that would leave the machine says what forbids it and what to do, and is noted."""
    async with AsyncRootSignals(KEY, base_url=URL) as client:
        with pytest.raises(ConfigurationError) as error:
            await client.models.retrieve("a")

    assert "Nothing is sent to http://api.test/base: " in str(error.value)
    for name in ("ROOTSIGNALS_OFFLINE", "root_emulator", "root_real_service"):
        assert name in str(error.value)
    told = [(one.name, one.levelno, one.getMessage()) for one in caplog.records]
    assert told == [
        (
            "root.client",
            logging.ERROR,
            "Nothing is sent to http://api.test/base: ROOTSIGNALS_OFFLINE is set.",
        )
    ]
    noted = take_refused()
    assert noted.splitlines()[1].startswith(f"  {URL}, asked for at {__file__}:")
    assert KEY not in f"{error.value}{caplog.text}{noted}"


async def test_refused_again() -> None:
    """It is refused each time, over connections that were not made before either."""
    async with AsyncRootSignals(KEY, base_url=URL) as client:
        for _ in range(2):
            with pytest.raises(ConfigurationError):
                await client.models.retrieve("a")

    assert take_refused().count(f"{URL}, asked for at") == 2
    assert not take_refused()


async def test_place_of_many() -> None:
    """Of several calls at once no line of the SDK or of a library is told."""
    async with AsyncRootSignals(KEY, base_url=URL) as client:
        with pytest.raises(BulkError):
            await client.models.create_many([{"name": "a"}])

    _, *told = take_refused().splitlines()
    assert told
    # Where a program of ours runs the tests, it is at the bottom of each stack.
    ours = re.escape(str(Path(__file__).parents[1]))
    assert all(
        re.fullmatch(rf"  {URL}(, asked for at {ours}/[\w/]+\.py:\d+)?", one) for one in told
    )


async def test_own_machine(emulator: Server) -> None:
    """What runs on this machine is reached."""
    async with AsyncRootSignals(emulator.api_key, base_url=emulator.url) as client:
        await client.models.create(name="a")

    assert [model.name for model in emulator.models] == ["a"]
    assert not take_refused()


async def test_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable forbids nothing."""
    monkeypatch.setenv("ROOTSIGNALS_OFFLINE", "")
    with Wire([says(200, MODEL)]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        async with AsyncRootSignals(KEY, base_url=URL) as client:
            assert (await client.models.retrieve("a")).id == "9b2f"


async def test_proxy_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy on this machine is no way out."""
    with Wire([]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        async with AsyncRootSignals(KEY, base_url=URL) as client:
            with pytest.raises(ConfigurationError):
                await client.models.retrieve("a")

    assert not proxy.requests


async def test_proxy_elsewhere(monkeypatch: pytest.MonkeyPatch, emulator: Server) -> None:
    """What is meant for this machine does not go over a proxy elsewhere either."""
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.test:3128")
    async with AsyncRootSignals(emulator.api_key, base_url=emulator.url) as client:
        with pytest.raises(ConfigurationError):
            await client.models.retrieve("a")


async def test_respx(respx_mock: respx.MockRouter) -> None:
    """What respx answers does not leave the machine, so it is not refused."""
    respx_mock.get("http://api.test/base/v1/models/a/").respond(json=MODEL)
    async with AsyncRootSignals(KEY, base_url=URL) as client:
        assert (await client.models.retrieve("a")).id == "9b2f"


def mocked() -> httpx.MockTransport:
    return httpx.MockTransport(lambda request: httpx.Response(200, json=MODEL))


class Own(httpx.AsyncHTTPTransport):
    """A transport of which nobody knows where it leads."""


@pytest.mark.parametrize(
    ("transport", "mounted", "passes"),
    [
        (None, None, False),
        (Own, None, False),
        (mocked, None, True),
        (None, mocked, True),
        (mocked, Own, False),
    ],
    ids=["network", "own", "mock", "mounted-mock", "mounted-own"],
)
async def test_http_clients(
    transport: Callable[[], httpx.AsyncBaseTransport] | None,
    mounted: Callable[[], httpx.AsyncBaseTransport] | None,
    passes: bool,
) -> None:
    """An http client of the user's is refused unless it is known to stay on this machine."""
    async with (
        httpx.AsyncClient(
            transport=transport and transport(),
            mounts={"http://api.test": mounted()} if mounted else None,
        ) as mine,
        AsyncRootSignals(KEY, base_url=URL, http_client=mine) as client,
    ):
        if passes:
            assert (await client.models.retrieve("a")).id == "9b2f"
        else:
            with pytest.raises(ConfigurationError, match=r"httpx\.MockTransport"):
                await client.models.retrieve("a")
    assert bool(take_refused()) is not passes


async def test_http_client_own_machine(emulator: Server) -> None:
    """An http client of the user's reaches this machine."""
    async with (
        httpx.AsyncClient() as mine,
        AsyncRootSignals(emulator.api_key, base_url=emulator.url, http_client=mine) as client,
    ):
        await client.models.create(name="a")

    assert len(emulator.models) == 1


@pytest.mark.parametrize(
    ("host", "leads_away"),
    [
        ("localhost", False),
        ("emulator.localhost", False),
        ("127.8.9.10", False),
        ("[::1]", False),
        ("[::2]", True),
        ("10.0.0.1", True),
        ("0.0.0.0", True),
        ("localhost.test", True),
        ("notlocalhost", True),
    ],
)
async def test_hosts(host: str, leads_away: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only names and addresses that are this machine's by definition are its own."""
    with Wire([says(200, MODEL)]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        async with AsyncRootSignals(KEY, base_url=f"http://{host}") as client:
            if leads_away:
                with pytest.raises(ConfigurationError):
                    await client.models.retrieve("a")
            else:
                await client.models.retrieve("a")

    assert len(proxy.requests) == (not leads_away)
