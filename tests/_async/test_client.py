"""The client itself: settings, copies, the end of it."""

from __future__ import annotations

import copy
import gc
import os
import pickle
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from root import AsyncRootSignals, ConfigurationError, InvalidRequestError
from root.emulator import Server

from ..wire import Wire, says

MODEL = {"id": "9b2f", "name": "a"}
KEY = "rs-0123456789-abcdefgh-wxyz"


def open_sockets() -> int:
    """How many sockets this process has open."""
    links = (os.path.realpath(path) for path in Path("/proc/self/fd").iterdir())
    return sum("socket:" in link for link in links)


def write_dotenv(text: str) -> None:
    """Write the file .env of the working directory."""
    Path(".env").write_text(text, encoding="utf-8")


async def test_settings_from_the_environment(
    emulator: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Key and base URL may come from the environment."""
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", f" {emulator.api_key}\n")
    monkeypatch.setenv("ROOTSIGNALS_API_URL", emulator.url + "/")

    async with AsyncRootSignals() as client:
        assert await client.models.create(name="a")
        assert client.base_url == emulator.url


async def test_key_from_dotenv(emulator: Server) -> None:
    """The key may come from the file .env of the working directory."""
    write_dotenv(f"# Mine\nexport ROOTSIGNALS_API_KEY='{emulator.api_key}'  # yes\n")

    async with AsyncRootSignals(base_url=emulator.url) as client:
        assert await client.models.create(name="a")


async def test_no_key() -> None:
    """Without a key the error names the places where one can be."""
    with pytest.raises(ConfigurationError, match=r"api_key=.*ROOTSIGNALS_API_KEY.*\.env"):
        AsyncRootSignals()


@pytest.mark.parametrize(
    "settings",
    [
        {"api_key": "two\nlines"},
        {"api_key": "schlüssel"},
        {"api_key": " "},
        {"api_key": 5},
        {"base_url": "api.app.rootsignals.ai"},
        {"base_url": "ftp://api.app.rootsignals.ai"},
        {"base_url": "https://api.app.rootsignals.ai?a=b"},
        {"base_url": "https://user:pass@api.app.rootsignals.ai"},
        {"timeout": 0},
        {"timeout": -1},
        {"timeout": float("nan")},
        {"timeout": "5"},
        {"deadline": 0},
        {"max_retries": -1},
        {"max_retries": 1.5},
        {"max_connections": 0},
        {"default_headers": {"Authorization": "mine"}},
        {"default_headers": {"X-A": "two\nlines"}},
        {"default_headers": {"X A": "a"}},
    ],
    ids=repr,
)
async def test_what_cannot_be_right(settings: dict[str, Any]) -> None:
    """A setting that cannot be right is refused when the client is made, without showing a key."""
    with pytest.raises(ConfigurationError) as error:
        AsyncRootSignals(**{"api_key": KEY} | settings)

    assert isinstance(error.value, ValueError)
    assert "lines" not in str(error.value)
    assert "schlüssel" not in str(error.value)
    assert "pass@" not in str(error.value)


async def test_base_path(respx_mock: respx.MockRouter) -> None:
    """A path in the base URL is kept."""
    respx_mock.get("https://proxy.test/root-api/v1/models/a/").respond(json=MODEL)
    async with AsyncRootSignals(KEY, base_url="https://proxy.test/root-api/") as client:
        assert (await client.models.retrieve("a")).id == "9b2f"


@pytest.mark.parametrize(("key", "shown"), [(KEY, "sha256:13ac4df0"), ("short", "***")])
async def test_repr(key: str, shown: str) -> None:
    """A client shows where it goes, and no more of its key than tells keys apart."""
    client = AsyncRootSignals(key, base_url="http://api.test")
    assert repr(client) == f"{type(client).__name__}(base_url='http://api.test', api_key='{shown}')"
    assert KEY not in repr(client.__dict__)


async def test_closed(client: AsyncRootSignals) -> None:
    """A closed client says that it is closed."""
    await client.aclose()

    with pytest.raises(InvalidRequestError, match="closed"):
        await client.models.retrieve("a")
    await client.aclose()


async def test_models_is_made_once(mocked: AsyncRootSignals) -> None:
    """The resource is made on first use, and kept."""
    assert not [name for name in mocked.__dict__ if name.startswith("_models")]
    assert mocked.models is mocked.models


async def test_copies_share_connections() -> None:
    """A copy with other options uses the same connections, and closing it closes none."""
    with Wire([says(200, MODEL)]) as wire:
        async with AsyncRootSignals(KEY, base_url=wire.url) as client:
            await client.models.retrieve("a")
            async with client.with_options(
                timeout=5, api_key="another-key-1234567", default_headers={"X-A": "b"}
            ) as other:
                await other.models.retrieve("a")
            with pytest.raises(InvalidRequestError, match="closed"):
                await other.models.retrieve("a")
            await client.models.retrieve("a")
            left = client.with_options(max_retries=0)
        with pytest.raises(InvalidRequestError, match="closed"):
            await left.models.retrieve("a")

        assert wire.connections == 1
        keys = [b"another-key-1234567" in request for request in wire.requests]
        assert keys == [False, True, False]
        assert b"X-A: b" in wire.requests[1]
        assert b"X-A: b" not in wire.requests[2]


async def test_default_headers() -> None:
    """Headers of the user's go with every request, in place of the client's own if need be."""
    with Wire([says(200, MODEL)]) as wire:
        headers = {"X-Team": "evals", "user-agent": "mine/1"}
        async with AsyncRootSignals(KEY, base_url=wire.url, default_headers=headers) as client:
            await client.models.retrieve("a")
        assert b"X-Team: evals" in wire.requests[0]
        assert b"User-Agent: mine/1" in wire.requests[0]
        assert b"root-sdk" not in wire.requests[0]


async def test_closing_closes_sockets(emulator: Server) -> None:
    """A client that was closed has no socket left."""
    before = open_sockets()
    client = AsyncRootSignals(emulator.api_key, base_url=emulator.url)
    await client.models.create(name="a")
    assert open_sockets() > before

    await client.aclose()

    with Wire([says(200, MODEL)]):
        gc.collect()
    assert open_sockets() <= before + 1


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
async def test_pickle(emulator: Server, protocol: int) -> None:
    """A client that was pickled works as it did, with its own connections."""
    async with AsyncRootSignals(emulator.api_key, base_url=emulator.url, timeout=7) as client:
        await client.models.create(name="a")
        other = pickle.loads(pickle.dumps(client, protocol))
    async with other:
        assert await other.models.create(name="b")
        assert repr(other) == repr(client)


async def test_a_pickle_holds_no_key_that_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key from the environment stays out of the pickle: the other process finds its own."""
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", KEY)
    pickled = pickle.dumps(AsyncRootSignals(base_url="http://api.test"))
    assert KEY.encode() not in pickled

    monkeypatch.setenv("ROOTSIGNALS_API_KEY", "the-key-over-there-1234")
    assert repr(pickle.loads(pickled)).endswith("'sha256:ea16a693')")
    monkeypatch.delenv("ROOTSIGNALS_API_KEY")
    with pytest.raises(ConfigurationError, match="No API key"):
        pickle.loads(pickled)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
async def test_copies(client: AsyncRootSignals, copied: Any) -> None:
    """A copy of a client is a client with the same connections."""
    await client.models.create(name="a")
    other = copied(client)
    assert await other.models.create(name="b")
    await other.aclose()
    assert await client.models.create(name="c")


async def test_a_client_with_a_client_cannot_be_pickled() -> None:
    """An http client of the user's does not go to another process, and the error says so."""
    async with httpx.AsyncClient() as mine:
        client = AsyncRootSignals(KEY, base_url="http://api.test", http_client=mine)
        with pytest.raises(ConfigurationError, match="cannot be pickled"):
            pickle.dumps(client)


async def test_a_key_that_is_none(mocked: AsyncRootSignals) -> None:
    """A function that gives no usable key is told, before anything is sent."""
    answers: Any = iter(["", "two\nlines", None])
    client = mocked.with_options(api_key=lambda: next(answers))
    for _ in range(3):
        with pytest.raises(ConfigurationError, match="What the api_key function returns"):
            await client.models.retrieve("a")


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        pytest.param("get", "/v1/a", b"", "HTTP method", id="small letters"),
        pytest.param("GET\r\nX: y", "/v1/a", b"", "HTTP method", id="a header"),
        pytest.param("GET", "@elsewhere.test/a", b"", "slash", id="another host"),
        pytest.param("GET", "v1/a", b"", "slash", id="no slash"),
        pytest.param("GET", "/v1/ä", b"", "escaped", id="umlaut"),
        pytest.param("GET", "/v1/a b", b"", "escaped", id="blank"),
        pytest.param("GET", "/v1/a\r\nX: y", b"", "escaped", id="a header in the path"),
        pytest.param("POST", "/v1/a", "{}", "bytes", id="text"),
    ],
)
async def test_what_is_no_request(method: str, path: str, body: Any, said: str) -> None:
    """What cannot be a request is refused before anything is sent, with or without a client."""
    with Wire([says(200, {})]) as wire:
        async with (
            httpx.AsyncClient() as own,
            AsyncRootSignals(api_key="key-of-the-tests", base_url=wire.url) as plain,
            AsyncRootSignals(
                api_key="key-of-the-tests", base_url=wire.url, http_client=own
            ) as over_own,
        ):
            for client in (plain, over_own):
                with pytest.raises(InvalidRequestError, match=said):
                    await client.request(method, path, body=body)
    assert not wire.requests
