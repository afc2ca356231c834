"""`client.config.explain()`: each setting, its value as it may be shown, and where it came from."""

from __future__ import annotations

import copy
import inspect
import pickle
import ssl
from collections.abc import Callable
from pathlib import Path

import certifi
import httpx
import pytest

from root import AsyncRootSignals, ConfigurationError, InvalidRequestError, RootSignals, testing
from root.config import Setting, no_key

KEY = "key-0123456789-of-the-tests"
PRINT = "sha256:842d560c"
OTHER_KEY = "key-0123456789-of-somebody"
PASSWORD = "password-of-the-proxy"
URL = "http://api.test"

CLIENTS = pytest.mark.parametrize("kind", [RootSignals, AsyncRootSignals])


@pytest.fixture(autouse=True)
def usual_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)


def explained(client: RootSignals | AsyncRootSignals) -> dict[str, tuple[str, str]]:
    """Return value and source of each setting."""
    settings = client.config.explain()
    for secret in (KEY, OTHER_KEY, PASSWORD):
        assert secret not in f"{settings}{client.config}{client.config!r}"
    return {setting.name: (setting.value, setting.source) for setting in settings}


@CLIENTS
def test_defaults(kind: type[RootSignals | AsyncRootSignals]) -> None:
    """What was left out has its default, whatever the signature says that is."""
    client = kind(KEY)

    assert explained(client) == {
        "api_key": (PRINT, "argument"),
        "base_url": ("https://api.app.rootsignals.ai", "default"),
        "timeout": ("30 s", "default"),
        "deadline": ("none", "default"),
        "max_retries": ("2", "default"),
        "max_connections": ("100", "default"),
        "max_response_bytes": ("67108864", "default"),
        "default_headers": ("none", "default"),
        "ssl_context": (f"authorities of {certifi.where()}", "default, certifi"),
        "proxy": ("none", "default"),
        "offline": ("no", "default"),
    }
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(kind).parameters.items()
        if name != "api_key"
    }
    assert explained(kind(KEY, **defaults)) == explained(client)


@CLIENTS
def test_arguments(kind: type[RootSignals | AsyncRootSignals]) -> None:
    """What was given as an argument says so, and values of headers are hidden."""
    client = kind(
        KEY,
        base_url=URL,
        timeout=httpx.Timeout(5, connect=None),
        deadline=60,
        max_retries=0,
        max_connections=1,
        max_response_bytes=2**20,
        default_headers={"X-Team": OTHER_KEY, "X-Floor": KEY},
        ssl_context=ssl.create_default_context(),
    )

    assert explained(client) == {
        "api_key": (PRINT, "argument"),
        "base_url": (URL, "argument"),
        "timeout": ("connect none, read 5 s, write 5 s, pool 5 s", "argument"),
        "deadline": ("60 s", "argument"),
        "max_retries": ("0", "argument"),
        "max_connections": ("1", "argument"),
        "max_response_bytes": ("1048576", "argument"),
        "default_headers": ("X-Team: (hidden), X-Floor: (hidden)", "argument"),
        "ssl_context": ("ssl.SSLContext", "argument"),
        "proxy": ("none", "default"),
        "offline": ("no", "default"),
    }


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found in the environment says in which variable."""
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", KEY)
    monkeypatch.setenv("ROOTSIGNALS_API_URL", URL)
    monkeypatch.setenv("SSL_CERT_FILE", "/etc/ours.pem")

    found = explained(RootSignals())

    assert found["api_key"] == (PRINT, "environment variable ROOTSIGNALS_API_KEY")
    assert found["base_url"] == (URL, "environment variable ROOTSIGNALS_API_URL")
    assert found["ssl_context"] == (
        "authorities of /etc/ours.pem",
        "environment variable SSL_CERT_FILE",
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"ROOTSIGNALS_API_KEY={KEY}", 1),
        (f"# ours\n\nA=1\nexport ROOTSIGNALS_API_KEY='{KEY}'\nB=2\n", 4),
        (f"A=1\r\nROOTSIGNALS_API_KEY={KEY}\r\n", 2),
        (f'A="one\ntwo\nthree"\nROOTSIGNALS_API_KEY={KEY}\n', 4),
        (f"A='open\n=\nrubbish\nROOTSIGNALS_API_KEY={KEY}\n", 4),
        (f"ROOTSIGNALS_API_KEY={OTHER_KEY}\n\n  ROOTSIGNALS_API_KEY={KEY}\n", 3),
    ],
    ids=["alone", "after others", "Windows", "after a long value", "after rubbish", "twice"],
)
def test_the_file(text: str, line: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key from `.env` says where the file was, and on which line it stood."""
    path = Path(".env").absolute()
    path.write_bytes(text.encode())
    client = RootSignals()
    monkeypatch.chdir("/")
    path.unlink()

    assert explained(client)["api_key"] == (PRINT, f"{path}, line {line}")


def test_a_function() -> None:
    """A function that gives the key is not called."""

    def key() -> str:
        raise AssertionError("called")

    assert explained(RootSignals(key))["api_key"] == ("from a function", "argument")


def test_no_key() -> None:
    """Where there is no key, it comes from nowhere, and a call says how to give one."""
    client = RootSignals(no_key, base_url=URL)

    assert explained(client)["api_key"] == ("none", "nowhere")
    with pytest.raises(ConfigurationError, match=r"No API key was found\. Pass RootSignals"):
        client.models.retrieve("a")


@pytest.mark.parametrize(
    ("name", "change", "value"),
    [
        ("timeout", lambda c: c.with_options(timeout=30.0), "30 s"),
        ("deadline", lambda c: c.with_options(deadline=5), "5 s"),
        ("max_retries", lambda c: c.with_options(max_retries=2), "2"),
        ("default_headers", lambda c: c.with_options(default_headers={"A": "b"}), "A: (hidden)"),
        ("api_key", lambda c: c.with_options(api_key=KEY), PRINT),
    ],
)
@CLIENTS
def test_options(
    kind: type[RootSignals | AsyncRootSignals],
    name: str,
    change: Callable[[RootSignals | AsyncRootSignals], RootSignals],
    value: str,
) -> None:
    """What `with_options` changed says so, and nothing else does."""
    client = kind(OTHER_KEY)
    found = explained(change(client))

    assert found.pop(name) == (value, "with_options")
    before = explained(client)
    del before[name]
    assert found == before


def test_headers_of_both() -> None:
    """Headers that are added to others come from both."""
    client = RootSignals(KEY, default_headers={"A": "b"}).with_options(default_headers={"C": "d"})
    both = ("A: (hidden), C: (hidden)", "argument, with_options")

    assert explained(client)["default_headers"] == both
    assert explained(client.with_options(default_headers={}))["default_headers"] == both


def test_copies() -> None:
    """A copy has its settings from where the original has them."""
    client = RootSignals(KEY, deadline=5).with_options(max_retries=0)

    for other in (copy.copy(client), copy.deepcopy(client)):
        assert explained(other) == explained(client)


def test_pickles(monkeypatch: pytest.MonkeyPatch) -> None:
    """What came through a pickle says so; a key that does not travel is where it was found."""
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", OTHER_KEY)
    monkeypatch.setenv("ROOTSIGNALS_API_URL", URL)
    found, given = pickle.dumps(RootSignals(deadline=5)), pickle.dumps(RootSignals(KEY))
    monkeypatch.delenv("ROOTSIGNALS_API_KEY")
    monkeypatch.delenv("ROOTSIGNALS_API_URL")
    Path(".env").write_text(f"ROOTSIGNALS_API_KEY={KEY}")

    settings = explained(pickle.loads(pickle.dumps(pickle.loads(found))))
    assert settings["api_key"] == (PRINT, f"{Path('.env').absolute()}, line 1")
    assert settings["base_url"] == (
        URL,
        "environment variable ROOTSIGNALS_API_URL, before it was pickled",
    )
    assert settings["deadline"] == ("5 s", "argument, before it was pickled")
    assert settings["timeout"] == ("30 s", "default")
    assert explained(pickle.loads(given))["api_key"] == (PRINT, "argument, before it was pickled")


@pytest.mark.parametrize("way", [pickle.dumps, copy.copy, copy.deepcopy])
@CLIENTS
def test_settings_stay_where_they_are(
    kind: type[RootSignals | AsyncRootSignals], way: Callable[[object], object]
) -> None:
    """A client's settings, which hold its key, are neither pickled nor copied; what they say is."""
    config = kind(KEY).config

    with pytest.raises(InvalidRequestError, match="neither pickled nor copied"):
        way(config)
    assert way(config.explain())
    assert KEY.encode() not in pickle.dumps(config.explain())


@pytest.mark.parametrize(
    ("variables", "value", "source"),
    [
        ({"HTTP_PROXY": "http://p.test"}, "http://p.test", "environment variable HTTP_PROXY"),
        ({"http_proxy": "p.test:8"}, "http://p.test:8", "environment variable http_proxy"),
        (
            {"HTTP_PROXY": f"http://me:{PASSWORD}@p.test"},
            "http://p.test",
            "environment variable HTTP_PROXY",
        ),
        (
            {"HTTP_PROXY": "http://p.test", "http_proxy": "http://q.test"},
            "http://q.test",
            "environment variable http_proxy",
        ),
        (
            {"HTTP_PROXY": "http://p.test", "http_proxy": "http://p.test"},
            "http://p.test",
            "environment variable http_proxy",
        ),
        ({"ALL_PROXY": "https://p.test"}, "https://p.test", "environment variable ALL_PROXY"),
        ({"HTTPS_PROXY": "http://p.test"}, "none", "default"),
        (
            {"ALL_PROXY": "http://p.test", "NO_PROXY": ".test"},
            "none",
            "environment variable NO_PROXY",
        ),
        (
            {"ALL_PROXY": f"socks5://me:{PASSWORD}@p.test"},
            "one that cannot be used",
            "environment variable ALL_PROXY",
        ),
    ],
)
def test_proxies(
    variables: dict[str, str], value: str, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy is told without its password, with the variable that names or excepts it."""
    for name, url in variables.items():
        monkeypatch.setenv(name, url)

    assert explained(RootSignals(KEY, base_url=URL))["proxy"] == (value, source)


def test_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether this machine alone may be reached is told as it is now, with what asks for it."""
    client = RootSignals(KEY)
    monkeypatch.setenv("ROOTSIGNALS_OFFLINE", "1")

    assert explained(client)["offline"] == ("yes", "environment variable ROOTSIGNALS_OFFLINE")
    monkeypatch.setenv("ROOTSIGNALS_OFFLINE", "")
    assert explained(client)["offline"] == ("no", "default")


def test_offline_in_a_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a test keeps clients from other machines, that is told."""
    client = RootSignals(KEY)
    with testing.emulator():
        monkeypatch.delenv("ROOTSIGNALS_OFFLINE")
        found = explained(client)["offline"]

    assert found == ("yes", "a test's guard")


def test_a_context_that_trusts_anybody() -> None:
    """TLS settings that check nothing say so."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE

    value, _ = explained(RootSignals(KEY, ssl_context=context))["ssl_context"]
    assert value == "ssl.SSLContext, which trusts anybody"


def test_an_http_client_of_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left to an http client of the user's says so, unless other calls do not use it."""
    monkeypatch.setenv("HTTP_PROXY", "http://p.test")
    with httpx.Client() as own:
        one = RootSignals(KEY, base_url=URL, http_client=own)
        both = RootSignals(
            KEY, base_url=URL, http_client=own, async_http_client=httpx.AsyncClient()
        )

    # Under another name where httpx2 stands in for httpx.
    home = httpx.Client.__module__
    assert explained(one)["http_client"] == (f"{home}.Client", "argument")
    assert explained(one)["proxy"][0] == "http://p.test"
    assert explained(both)["async_http_client"] == (f"{home}.AsyncClient", "argument")
    for name in ("proxy", "ssl_context"):
        assert explained(both)[name] == (
            "left to the http client",
            "http_client, async_http_client",
        )


def test_the_text() -> None:
    """As text settings are one line each, also where a prompt shows them."""
    client = RootSignals(KEY, base_url=URL)
    explanation = client.config.explain()

    for text in (str(client.config), str(explanation), repr(explanation)):
        assert text.splitlines()[:2] == [
            f"api_key: {PRINT} (argument)",
            f"base_url: {URL} (argument)",
        ]
    assert str(Setting("a", "b", "c")) == "a: b (c)"


def test_the_tuple() -> None:
    """What is explained is a tuple all the same, which pickles and copies as what it is."""
    explanation = RootSignals(KEY, base_url=URL).config.explain()

    assert isinstance(explanation, tuple)
    assert explanation == tuple(explanation)
    assert explanation[0] == Setting("api_key", PRINT, "argument")
    for other in (copy.deepcopy(explanation), pickle.loads(pickle.dumps(explanation))):
        assert other == explanation
        assert repr(other) == repr(explanation)
