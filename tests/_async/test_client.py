"""The client itself: its settings, copies and closing."""

from __future__ import annotations

import copy
import gc
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import respx

from root import AsyncRootSignals, ConfigurationError, InvalidRequestError
from root.emulator import Server

from ..scripted_server import ScriptedServer, responds

MODEL = {"id": "9b2f", "name": "a"}
KEY = "rs-0123456789-abcdefgh-wxyz"


def open_sockets() -> int:
    """Return the number of open sockets of this process."""
    links = (os.path.realpath(path) for path in Path("/proc/self/fd").iterdir())
    return sum("socket:" in link for link in links)


def write_dotenv(text: str) -> None:
    """Write the file .env of the working directory."""
    Path(".env").write_text(text, encoding="utf-8")


async def test_settings_from_the_environment(
    emulator: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Key and base URL may be in the environment."""
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", f" {emulator.api_key}\n")
    monkeypatch.setenv("ROOTSIGNALS_API_URL", emulator.url + "/")

    async with AsyncRootSignals() as client:
        assert await client.models.create(name="a")
        assert client.base_url == emulator.url


async def test_key_from_dotenv(emulator: Server) -> None:
    """The key may be in the file .env of the working directory."""
    write_dotenv(f"# Mine\nexport ROOTSIGNALS_API_KEY='{emulator.api_key}'  # yes\n")

    async with AsyncRootSignals(base_url=emulator.url) as client:
        assert await client.models.create(name="a")


async def test_no_key() -> None:
    """The error for a missing key names the places where it can be."""
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
async def test_invalid_settings(settings: dict[str, Any]) -> None:
    """An invalid setting is refused when the client is created, without showing a key."""
    with pytest.raises(ConfigurationError) as error:
        AsyncRootSignals(**{"api_key": KEY} | settings)

    assert isinstance(error.value, ValueError)
    assert "lines" not in str(error.value)
    assert "schlüssel" not in str(error.value)
    assert "pass@" not in str(error.value)


async def test_base_path(respx_mock: respx.MockRouter) -> None:
    """The path of the base URL is kept."""
    respx_mock.get("https://proxy.test/root-api/v1/models/a/").respond(json=MODEL)
    async with AsyncRootSignals(KEY, base_url="https://proxy.test/root-api/") as client:
        assert (await client.models.retrieve("a")).id == "9b2f"


@pytest.mark.parametrize(("key", "shown"), [(KEY, "sha256:13ac4df0"), ("short", "***")])
async def test_repr(key: str, shown: str) -> None:
    """The repr of a client has the base URL, and a fingerprint of the key at most."""
    client = AsyncRootSignals(key, base_url="http://api.test")
    assert repr(client) == f"{type(client).__name__}(base_url='http://api.test', api_key='{shown}')"
    assert KEY not in repr(client.__dict__)


async def test_closed(client: AsyncRootSignals) -> None:
    """The error of a closed client names the reason."""
    await client.aclose()

    with pytest.raises(InvalidRequestError, match="closed"):
        await client.models.retrieve("a")
    await client.aclose()


async def test_one_resource(mocked: AsyncRootSignals) -> None:
    """A resource is created on first use, and kept."""
    assert not [name for name in mocked.__dict__ if name.startswith("_models")]
    assert mocked.models is mocked.models


async def test_copies_share_connections() -> None:
    """A copy with other options uses the same connections, and does not close them."""
    with ScriptedServer([responds(200, MODEL)]) as server:
        async with AsyncRootSignals(KEY, base_url=server.url) as client:
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

        assert server.connections == 1
        keys = [b"another-key-1234567" in request for request in server.requests]
        assert keys == [False, True, False]
        assert b"X-A: b" in server.requests[1]
        assert b"X-A: b" not in server.requests[2]


async def test_default_headers() -> None:
    """Default headers are sent with every request, and replace the client's own."""
    with ScriptedServer([responds(200, MODEL)]) as server:
        headers = {"X-Team": "evals", "user-agent": "mine/1"}
        async with AsyncRootSignals(KEY, base_url=server.url, default_headers=headers) as client:
            await client.models.retrieve("a")
        assert b"X-Team: evals" in server.requests[0]
        assert b"User-Agent: mine/1" in server.requests[0]
        assert b"root-sdk" not in server.requests[0]


async def test_closing_closes_sockets(emulator: Server) -> None:
    """A closed client has no open sockets."""
    before = open_sockets()
    client = AsyncRootSignals(emulator.api_key, base_url=emulator.url)
    await client.models.create(name="a")
    assert open_sockets() > before

    await client.aclose()

    with ScriptedServer([responds(200, MODEL)]):
        gc.collect()
    assert open_sockets() <= before + 1


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
async def test_pickle(emulator: Server, protocol: int) -> None:
    """A client that was pickled works as before, with connections of its own."""
    async with AsyncRootSignals(emulator.api_key, base_url=emulator.url, timeout=7) as client:
        await client.models.create(name="a")
        other = pickle.loads(pickle.dumps(client, protocol))
    async with other:
        assert await other.models.create(name="b")
        assert repr(other) == repr(client)


class OfATenant(AsyncRootSignals):
    def __init__(self, tenant: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.tenant = tenant


async def test_pickle_of_a_subclass(emulator: Server) -> None:
    """A client of a subclass that was pickled has its attributes, and resources of its own."""
    async with OfATenant("acme", api_key=emulator.api_key, base_url=emulator.url) as client:
        await client.models.create(name="a")
        other = pickle.loads(pickle.dumps(client))
    async with other:
        assert other.tenant == "acme"
        assert await other.models.create(name="b")


class Slotted(OfATenant):
    __slots__ = ("__shelf", "floor", "room", "tenant")

    def __init__(self, tenant: str, **arguments: Any) -> None:
        super().__init__(tenant, **arguments)
        self.floor = 3
        self.__shelf = 4

    @property
    def shelf(self) -> int:
        return self.__shelf


def pickled(client: Slotted) -> Slotted:
    return cast("Slotted", pickle.loads(pickle.dumps(client)))


def with_options(client: Slotted) -> Slotted:
    return client.with_options(timeout=1)


@pytest.mark.parametrize("copied", [pickled, copy.copy, copy.deepcopy, with_options])
async def test_copies_of_a_subclass_with_slots(
    copied: Callable[[Slotted], Slotted], emulator: Server
) -> None:
    """A copied or pickled client of a subclass has the attributes in `__slots__` that are set."""
    async with Slotted("acme", api_key=emulator.api_key, base_url=emulator.url) as client:
        async with copied(client) as other:
            assert (other.tenant, other.floor, other.shelf) == ("acme", 3, 4)
            assert not hasattr(other, "room")
            assert await other.models.create(name="a")
            other.floor = 5
        assert client.floor == 3


async def test_pickles_have_no_key_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key from the environment is not pickled: the other process finds its own."""
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", KEY)
    dumped = pickle.dumps(AsyncRootSignals(base_url="http://api.test"))
    assert KEY.encode() not in dumped

    monkeypatch.setenv("ROOTSIGNALS_API_KEY", "the-key-over-there-1234")
    assert repr(pickle.loads(dumped)).endswith("'sha256:ea16a693')")
    monkeypatch.delenv("ROOTSIGNALS_API_KEY")
    with pytest.raises(ConfigurationError, match="No API key"):
        pickle.loads(dumped)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
async def test_copies(client: AsyncRootSignals, copied: Any) -> None:
    """A copy of a client is a client with the same connections."""
    await client.models.create(name="a")
    other = copied(client)
    assert await other.models.create(name="b")
    await other.aclose()
    assert await client.models.create(name="c")


async def test_pickle_with_an_http_client() -> None:
    """A client with the user's own HTTP client cannot be pickled."""
    async with httpx.AsyncClient() as mine:
        client = AsyncRootSignals(KEY, base_url="http://api.test", http_client=mine)
        with pytest.raises(ConfigurationError, match="cannot be pickled"):
            pickle.dumps(client)


async def test_an_invalid_key_of_a_function(mocked: AsyncRootSignals) -> None:
    """An invalid key of a function is an error before anything is sent."""
    keys: Any = iter(["", "two\nlines", None])
    client = mocked.with_options(api_key=lambda: next(keys))
    for _ in range(3):
        with pytest.raises(ConfigurationError, match="The return value of the api_key function"):
            await client.models.retrieve("a")


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        pytest.param("get", "/v1/a", b"", "HTTP method", id="small letters"),
        pytest.param("GET\r\nX: y", "/v1/a", b"", "HTTP method", id="a header"),
        pytest.param("GET", "@elsewhere.test/a", b"", "slash", id="another host"),
        pytest.param("GET", "v1/a", b"", "slash", id="no slash"),
        pytest.param("GET", "/v1/ä", b"", "percent-encoded", id="umlaut"),
        pytest.param("GET", "/v1/a b", b"", "percent-encoded", id="blank"),
        pytest.param("GET", "/v1/a\r\nX: y", b"", "percent-encoded", id="a header in the path"),
        pytest.param("POST", "/v1/a", 5, "binary file object", id="a number as body"),
    ],
)
async def test_invalid_requests(method: str, path: str, body: Any, words: str) -> None:
    """An invalid request is refused before anything is sent, with any HTTP client."""
    with ScriptedServer([responds(200, {})]) as server:
        async with (
            httpx.AsyncClient() as own,
            AsyncRootSignals(api_key="key-of-the-tests", base_url=server.url) as plain,
            AsyncRootSignals(
                api_key="key-of-the-tests", base_url=server.url, http_client=own
            ) as over_own,
        ):
            for client in (plain, over_own):
                with pytest.raises(InvalidRequestError, match=words):
                    await client.request(method, path, body=body)
    assert not server.requests
