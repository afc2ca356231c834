"""`client.config.explain()`: each setting, its value as it may be shown, and its source."""

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

from root import AsyncRootSignals, InvalidRequestError, MissingKeyError, RootSignals, testing
from root.config import Setting, no_key

KEY = "key-0123456789-of-the-tests"
FINGERPRINT = "sha256:842d560c"
OTHER_KEY = "key-0123456789-of-somebody"
PASSWORD = "password-of-the-proxy"
URL = "http://api.test"

CLIENTS = pytest.mark.parametrize("kind", [RootSignals, AsyncRootSignals])


@pytest.fixture(autouse=True)
def default_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)


def explain(client: RootSignals | AsyncRootSignals) -> dict[str, tuple[str, str]]:
    """Return the value and the source of each setting, which contain no secret."""
    settings = client.config.explain()
    for secret in (KEY, OTHER_KEY, PASSWORD):
        assert secret not in f"{settings}{client.config}{client.config!r}"
    return {setting.name: (setting.value, setting.source) for setting in settings}


@CLIENTS
def test_defaults(kind: type[RootSignals | AsyncRootSignals]) -> None:
    """An omitted argument has its default, which is the one in the signature."""
    client = kind(KEY)

    assert explain(client) == {
        "api_key": (FINGERPRINT, "argument"),
        "base_url": ("https://api.app.rootsignals.ai", "default"),
        "timeout": ("30 s", "default"),
        "deadline": ("none", "default"),
        "max_retries": ("2", "default"),
        "max_connections": ("100", "default"),
        "max_response_bytes": ("1 MiB for an object, 16 MiB for others", "default"),
        "default_headers": ("none", "default"),
        "ssl_context": (f"authorities of {certifi.where()}", "default, certifi"),
        "proxy": ("none", "default"),
        "offline": ("no", "default"),
        "transport": ("auto", "default"),
    }
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(kind).parameters.items()
        if name != "api_key"
    }
    assert explain(kind(KEY, **defaults)) == explain(client)


@CLIENTS
def test_arguments(kind: type[RootSignals | AsyncRootSignals]) -> None:
    """The source of an argument is `argument`, and the values of headers are hidden."""
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

    assert explain(client) == {
        "api_key": (FINGERPRINT, "argument"),
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
        "transport": ("auto", "default"),
    }


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The source of a setting from the environment is the name of the variable."""
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", KEY)
    monkeypatch.setenv("ROOTSIGNALS_API_URL", URL)
    monkeypatch.setenv("SSL_CERT_FILE", "/etc/ours.pem")

    found = explain(RootSignals())

    assert found["api_key"] == (FINGERPRINT, "environment variable ROOTSIGNALS_API_KEY")
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
        (f"A='open\n=\ninvalid\nROOTSIGNALS_API_KEY={KEY}\n", 4),
        (f"ROOTSIGNALS_API_KEY={OTHER_KEY}\n\n  ROOTSIGNALS_API_KEY={KEY}\n", 3),
    ],
    ids=[
        "only the key",
        "after others",
        "Windows",
        "after a value of three lines",
        "after invalid lines",
        "twice",
    ],
)
def test_file(text: str, line: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The source of a key from `.env` is the path of the file, and the line."""
    path = Path(".env").absolute()
    path.write_bytes(text.encode())
    client = RootSignals()
    monkeypatch.chdir("/")
    path.unlink()

    assert explain(client)["api_key"] == (FINGERPRINT, f"{path}, line {line}")


def test_key_function() -> None:
    """A function that returns the key is not called."""

    def key() -> str:
        raise AssertionError("called")

    assert explain(RootSignals(key))["api_key"] == ("from a function", "argument")


def test_no_key() -> None:
    """With `no_key` the key comes from nowhere, and the error of a call explains how to set it."""
    client = RootSignals(no_key, base_url=URL)

    assert explain(client)["api_key"] == ("none", "nowhere")
    with pytest.raises(MissingKeyError, match=r"No API key was found\. Pass RootSignals"):
        client.models.retrieve("a")


@pytest.mark.parametrize(
    ("name", "change", "value"),
    [
        ("timeout", lambda c: c.with_options(timeout=30.0), "30 s"),
        ("deadline", lambda c: c.with_options(deadline=5), "5 s"),
        ("max_retries", lambda c: c.with_options(max_retries=2), "2"),
        ("default_headers", lambda c: c.with_options(default_headers={"A": "b"}), "A: (hidden)"),
        ("api_key", lambda c: c.with_options(api_key=KEY), FINGERPRINT),
    ],
)
@CLIENTS
def test_with_options(
    kind: type[RootSignals | AsyncRootSignals],
    name: str,
    change: Callable[[RootSignals | AsyncRootSignals], RootSignals],
    value: str,
) -> None:
    """The source of what `with_options` changed is `with_options`; the others keep theirs."""
    client = kind(OTHER_KEY)
    found = explain(change(client))

    assert found.pop(name) == (value, "with_options")
    before = explain(client)
    del before[name]
    assert found == before


def test_headers_from_two_sources() -> None:
    """Headers that were added to existing ones have both sources."""
    client = RootSignals(KEY, default_headers={"A": "b"}).with_options(default_headers={"C": "d"})
    both = ("A: (hidden), C: (hidden)", "argument, with_options")

    assert explain(client)["default_headers"] == both
    assert explain(client.with_options(default_headers={}))["default_headers"] == both


def test_copies() -> None:
    """The settings of a copy have the sources of the original's."""
    client = RootSignals(KEY, deadline=5).with_options(max_retries=0)

    for other in (copy.copy(client), copy.deepcopy(client)):
        assert explain(other) == explain(client)


def test_pickled_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unpickled settings keep their sources; a key that was not pickled is resolved again."""
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", OTHER_KEY)
    monkeypatch.setenv("ROOTSIGNALS_API_URL", URL)
    found, given = pickle.dumps(RootSignals(deadline=5)), pickle.dumps(RootSignals(KEY))
    monkeypatch.delenv("ROOTSIGNALS_API_KEY")
    monkeypatch.delenv("ROOTSIGNALS_API_URL")
    Path(".env").write_text(f"ROOTSIGNALS_API_KEY={KEY}")

    settings = explain(pickle.loads(pickle.dumps(pickle.loads(found))))
    assert settings["api_key"] == (FINGERPRINT, f"{Path('.env').absolute()}, line 1")
    assert settings["base_url"] == (
        URL,
        "environment variable ROOTSIGNALS_API_URL, before it was pickled",
    )
    assert settings["deadline"] == ("5 s", "argument, before it was pickled")
    assert settings["timeout"] == ("30 s", "default")
    assert explain(pickle.loads(given))["api_key"] == (
        FINGERPRINT,
        "argument, before it was pickled",
    )


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
@CLIENTS
def test_settings_cannot_be_copied(
    kind: type[RootSignals | AsyncRootSignals], duplicate: Callable[[object], object]
) -> None:
    """Settings, which contain the key, can be neither pickled nor copied; explanations can."""
    config = kind(KEY).config

    with pytest.raises(InvalidRequestError, match="neither pickled nor copied"):
        duplicate(config)
    assert duplicate(config.explain())
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
            "unusable",
            "environment variable ALL_PROXY",
        ),
    ],
)
def test_proxies(
    variables: dict[str, str], value: str, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy is shown without its password, with the variable that selects or excludes it."""
    for name, url in variables.items():
        monkeypatch.setenv(name, url)

    assert explain(RootSignals(KEY, base_url=URL))["proxy"] == (value, source)


def test_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Offline mode is shown as it is now, with the variable that switches it on."""
    client = RootSignals(KEY)
    monkeypatch.setenv("ROOTSIGNALS_OFFLINE", "1")

    assert explain(client)["offline"] == ("yes", "environment variable ROOTSIGNALS_OFFLINE")
    monkeypatch.setenv("ROOTSIGNALS_OFFLINE", "")
    assert explain(client)["offline"] == ("no", "default")


def test_offline_in_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the guard of tests blocks other machines, it is the source of offline mode."""
    client = RootSignals(KEY)
    with testing.emulator():
        monkeypatch.delenv("ROOTSIGNALS_OFFLINE")
        found = explain(client)["offline"]

    assert found == ("yes", "a test's guard")


def test_unverified_certificates() -> None:
    """TLS settings that do not verify certificates are shown as such."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE

    value, _ = explain(RootSignals(KEY, ssl_context=context))["ssl_context"]
    assert value == "ssl.SSLContext, which does not verify certificates"


def test_http_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left to the user's HTTP client is shown as such, if all calls use one."""
    monkeypatch.setenv("HTTP_PROXY", "http://p.test")
    with httpx.Client() as own:
        one = RootSignals(KEY, base_url=URL, http_client=own)
        both = RootSignals(
            KEY, base_url=URL, http_client=own, async_http_client=httpx.AsyncClient()
        )

    # The module is named differently if httpx2 replaces httpx.
    module = httpx.Client.__module__
    assert explain(one)["http_client"] == (f"{module}.Client", "argument")
    assert explain(one)["proxy"][0] == "http://p.test"
    assert explain(both)["async_http_client"] == (f"{module}.AsyncClient", "argument")
    for name in ("proxy", "ssl_context"):
        assert explain(both)[name] == (
            "left to the HTTP client",
            "http_client, async_http_client",
        )


def test_text() -> None:
    """As text, settings have one line each, also in an interactive session."""
    client = RootSignals(KEY, base_url=URL)
    explanation = client.config.explain()

    for text in (str(client.config), str(explanation), repr(explanation)):
        assert text.splitlines()[:2] == [
            f"api_key: {FINGERPRINT} (argument)",
            f"base_url: {URL} (argument)",
        ]
    assert str(Setting("a", "b", "c")) == "a: b (c)"


def test_tuple() -> None:
    """An explanation is a tuple, and pickling and copying keep its type."""
    explanation = RootSignals(KEY, base_url=URL).config.explain()

    assert isinstance(explanation, tuple)
    assert explanation == tuple(explanation)
    assert explanation[0] == Setting("api_key", FINGERPRINT, "argument")
    for other in (copy.deepcopy(explanation), pickle.loads(pickle.dumps(explanation))):
        assert other == explanation
        assert repr(other) == repr(explanation)


def test_settings_do_not_control_the_terminal() -> None:
    """Control characters in the source of a setting, such as a folder, are escaped."""
    setting = Setting("api_key", "sha256:01234567", "/home/\x1b[2J\n/.env, line 1")

    assert str(setting) == r"api_key: sha256:01234567 (/home/\x1b[2J\n/.env, line 1)"
