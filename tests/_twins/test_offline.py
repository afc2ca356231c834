# Generated from tests/_async/test_offline.py by scripts/generate_sync.py. Do not edit.
"""Offline mode: ROOTSIGNALS_OFFLINE blocks connections to other machines."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import respx

from root import BulkError, ConfigurationError, RootSignals
from root._http import offline as _offline
from root._http.offline import pop_blocked
from root.emulator import Server
from tests.scripted_server import ScriptedServer, responds

KEY = "key-that-must-not-show"
URL = "http://api.test/base"
MODEL = {"id": "9b2f", "name": "azure/gpt-4o"}


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROOTSIGNALS_OFFLINE", "1")
    pop_blocked()


async def test_blocked(caplog: pytest.LogCaptureFixture) -> None:
    """The error for a blocked call has the reason and what to do, once, and is recorded."""
    caplog.set_level(logging.INFO, "rootsignals")
    async with RootSignals(KEY, base_url=URL) as client:
        with pytest.raises(ConfigurationError) as error:
            await client.models.aretrieve("a")

    assert str(error.value) == (
        "Nothing is sent to http://api.test/base: the environment variable ROOTSIGNALS_OFFLINE"
        " allows connections to this machine only. Unset ROOTSIGNALS_OFFLINE to connect."
    )
    logged = [
        (one.levelno, one.getMessage()) for one in caplog.records if one.name == "rootsignals"
    ]
    assert logged == [
        (logging.WARNING, "Nothing is sent to http://api.test/base: offline mode is on.")
    ]
    recorded = pop_blocked()
    assert recorded.splitlines()[1].startswith(f"  {URL}, called from {__file__}:")
    assert KEY not in f"{error.value}{caplog.text}{recorded}"


async def test_blocked_in_a_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error in a test explains what to do in a test."""
    monkeypatch.setattr(_offline, "test_guard_active", True)
    async with RootSignals(KEY, base_url=URL) as client:
        with pytest.raises(ConfigurationError) as error:
            await client.models.aretrieve("a")

    for name in ("a test's guard", "root_emulator", "root.testing.emulator", "root_real_service"):
        assert name in str(error.value)
    assert "ROOTSIGNALS_OFFLINE" not in str(error.value)


async def test_blocked_again() -> None:
    """Each connection is blocked, not only the first."""
    async with RootSignals(KEY, base_url=URL) as client:
        for _ in range(2):
            with pytest.raises(ConfigurationError):
                await client.models.aretrieve("a")

    assert pop_blocked().count(f"{URL}, called from") == 2
    assert not pop_blocked()


async def test_place_of_bulk_calls() -> None:
    """For concurrent calls, no line of the SDK or of a library is recorded."""
    async with RootSignals(KEY, base_url=URL) as client:
        with pytest.raises(BulkError):
            await client.models.acreate_many([{"name": "a"}])

    _, *lines = pop_blocked().splitlines()
    assert lines
    # A program that runs the tests is at the bottom of each stack.
    ours = re.escape(str(Path(__file__).parents[1]))
    assert all(
        re.fullmatch(rf"  {URL}(, called from {ours}/[\w/]+\.py:\d+)?", one) for one in lines
    )


async def test_own_machine(emulator: Server) -> None:
    """This machine can be reached."""
    async with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        await client.models.acreate(name="a")

    assert [model.name for model in emulator.models] == ["a"]
    assert not pop_blocked()


async def test_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable blocks nothing."""
    monkeypatch.setenv("ROOTSIGNALS_OFFLINE", "")
    with ScriptedServer([responds(200, MODEL)]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        async with RootSignals(KEY, base_url=URL) as client:
            assert (await client.models.aretrieve("a")).id == "9b2f"


async def test_local_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy on this machine does not make other hosts reachable."""
    with ScriptedServer([]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        async with RootSignals(KEY, base_url=URL) as client:
            with pytest.raises(ConfigurationError):
                await client.models.aretrieve("a")

    assert not proxy.requests


async def test_remote_proxy(monkeypatch: pytest.MonkeyPatch, emulator: Server) -> None:
    """A proxy on another machine is blocked, even for a service on this one."""
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.test:3128")
    async with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        with pytest.raises(ConfigurationError):
            await client.models.aretrieve("a")


async def test_respx(respx_mock: respx.MockRouter) -> None:
    """Requests that respx mocks are not blocked."""
    respx_mock.get("http://api.test/base/v1/models/a/").respond(json=MODEL)
    async with RootSignals(KEY, base_url=URL) as client:
        assert (await client.models.aretrieve("a")).id == "9b2f"


def mocked() -> httpx.MockTransport:
    return httpx.MockTransport(lambda request: httpx.Response(200, json=MODEL))


class Own(httpx.AsyncHTTPTransport):
    """A transport of unknown destination."""


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
    """The user's own HTTP client is blocked unless its transport is known to be local."""
    async with (
        httpx.AsyncClient(
            transport=transport and transport(),
            mounts={"http://api.test": mounted()} if mounted else None,
        ) as mine,
        RootSignals(KEY, base_url=URL, async_http_client=mine) as client,
    ):
        if passes:
            assert (await client.models.aretrieve("a")).id == "9b2f"
        else:
            with pytest.raises(ConfigurationError, match=r"httpx\.MockTransport"):
                await client.models.aretrieve("a")
    assert bool(pop_blocked()) is not passes


async def test_http_client_own_machine(emulator: Server) -> None:
    """The user's own HTTP client can reach this machine."""
    async with (
        httpx.AsyncClient() as mine,
        RootSignals(emulator.api_key, base_url=emulator.url, async_http_client=mine) as client,
    ):
        await client.models.acreate(name="a")

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
    """Only names and addresses that are this machine's by definition are reachable."""
    with ScriptedServer([responds(200, MODEL)]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        async with RootSignals(KEY, base_url=f"http://{host}") as client:
            if leads_away:
                with pytest.raises(ConfigurationError):
                    await client.models.aretrieve("a")
            else:
                await client.models.aretrieve("a")

    assert len(proxy.requests) == (not leads_away)
