"""Settings: where each one comes from, how they change, and how they are pickled."""

from __future__ import annotations

import pickle
import platform
from importlib.metadata import version
from typing import Any

import pytest

from root.__about__ import __version__
from root._config import DEFAULT_URL, NOT_GIVEN
from root._config.config import OWN
from root.errors import MissingKeyError

from .settings import KEY, change_settings, resolve_settings, write_dotenv

API_KEY, API_URL, _ = OWN
OTHER_KEY = "key-of-the-environment"
FILE_KEY = "key-of-the-file"


@pytest.mark.parametrize(
    ("argument", "variable", "file", "key"),
    [
        pytest.param(KEY, OTHER_KEY, FILE_KEY, KEY, id="argument first"),
        pytest.param(KEY, None, None, KEY, id="only the argument"),
        pytest.param(None, OTHER_KEY, FILE_KEY, OTHER_KEY, id="environment before the file"),
        pytest.param(None, OTHER_KEY, None, OTHER_KEY, id="only the environment"),
        pytest.param(None, None, FILE_KEY, FILE_KEY, id="only the file"),
        pytest.param(None, "", FILE_KEY, FILE_KEY, id="empty variable"),
        pytest.param(None, " \t\n", FILE_KEY, FILE_KEY, id="blank variable"),
        pytest.param(f"  {KEY}\n", None, None, KEY, id="white space around the argument"),
        pytest.param(
            None, f"\t{OTHER_KEY} \r\n", None, OTHER_KEY, id="white space around the variable"
        ),
        pytest.param(
            None, None, f"'  {FILE_KEY} '", FILE_KEY, id="white space around the value in the file"
        ),
        pytest.param("two words", None, None, "two words", id="space within the key"),
    ],
)
def test_key_sources(
    monkeypatch: pytest.MonkeyPatch,
    argument: str | None,
    variable: str | None,
    file: str | None,
    key: str,
) -> None:
    """The argument takes precedence over the environment, and that over `.env`; blank is unset."""
    if variable is not None:
        monkeypatch.setenv(API_KEY, variable)
    if file is not None:
        write_dotenv(f"{API_KEY}={file}\n")

    config = resolve_settings(api_key=argument)

    assert config.api_key == key
    assert config.key_is_given is (argument is not None)


@pytest.mark.parametrize(
    "file",
    [None, "", "OTHER=x\n", f"{API_KEY}=\n", f"{API_KEY}=' '\n", f"#{API_KEY}=x\n", API_KEY],
    ids=["none", "empty", "another name", "empty value", "blank value", "comment", "only the name"],
)
@pytest.mark.parametrize("variable", [None, "", "  "], ids=["unset", "empty", "blank"])
def test_missing_key_error(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, file: str | None
) -> None:
    """The error about a missing key names the three places where a key is looked for."""
    if variable is not None:
        monkeypatch.setenv(API_KEY, variable)
    if file is not None:
        write_dotenv(file)

    with pytest.raises(MissingKeyError) as error:
        resolve_settings(api_key=None)

    for place in ("RootSignals(api_key=...)", "environment variable ROOTSIGNALS_API_KEY", ".env"):
        assert place in str(error.value)


def test_key_function() -> None:
    """A function that returns the key is stored, and not called yet."""

    def key() -> str:
        raise AssertionError("called too early")

    config = resolve_settings(api_key=key)

    assert config.api_key is key
    assert config.key_is_given


@pytest.mark.parametrize(
    ("argument", "variable", "url"),
    [
        (None, None, DEFAULT_URL),
        (None, "http://env.example", "http://env.example"),
        (None, "", DEFAULT_URL),
        (None, "  ", DEFAULT_URL),
        ("http://arg.example", "http://env.example", "http://arg.example"),
    ],
    ids=["default", "environment", "empty variable", "blank variable", "argument first"],
)
def test_base_url_sources(
    monkeypatch: pytest.MonkeyPatch, argument: str | None, variable: str | None, url: str
) -> None:
    """The argument takes precedence over the environment, and that over the default."""
    if variable is not None:
        monkeypatch.setenv(API_URL, variable)

    assert resolve_settings(base_url=argument).base_url == url


def test_headers_of_every_request() -> None:
    """Every request has the host, the accepted formats, and the versions of the client."""
    config = resolve_settings(base_url="http://[::1]:8000/root-api")

    assert dict(config.headers) == {
        b"Host": b"[::1]:8000",
        b"Accept": b"application/json",
        b"Accept-Encoding": b"gzip, deflate",
        b"User-Agent": (
            f"root-sdk/{__version__} Python/{platform.python_version()} httpx/{version('httpx')}"
        ).encode(),
    }
    assert len(config.headers) == 4


def test_default_headers() -> None:
    """Default headers are added, and replace the client's own in any capitalization."""
    given = {"x-team": "blue", "USER-aGENT": "mine", "Accept": "text/json"}

    headers = resolve_settings(default_headers=given).headers

    assert (b"X-Team", b"blue") in headers
    assert [value for name, value in headers if name.lower() == b"user-agent"] == [b"mine"]
    assert [value for name, value in headers if name.lower() == b"accept"] == [b"text/json"]


def test_capitalization_of_headers() -> None:
    """Of two default headers that differ only in capitalization, the last one is sent."""
    config = change_settings(
        resolve_settings(default_headers={"X-Team": "red"}), default_headers={"x-team": "blue"}
    )

    assert [value for name, value in config.headers if name.lower() == b"x-team"] == [b"blue"]


def test_headers_of_a_copy() -> None:
    """A copy sends its own headers, even if the original has sent some already."""
    config = resolve_settings(default_headers={"X-Team": "red"})
    assert (b"X-Team", b"red") in config.headers

    other = change_settings(config, default_headers={"X-Team": "blue"})

    assert (b"X-Team", b"blue") in other.headers
    assert (b"X-Team", b"red") in config.headers


def test_headers_do_not_contain_the_key() -> None:
    """The headers that are built once do not contain the key, which may change."""
    assert KEY.encode() not in b"".join(value for _, value in resolve_settings(api_key=KEY).headers)


def test_repr() -> None:
    """The repr contains neither the key nor the values of headers."""
    config = resolve_settings(
        api_key="s3cret-0123456789abcdef", default_headers={"X-Token": "t0ken"}
    )

    for text in (repr(config), str(config)):
        assert "s3cret" not in text
        assert "cdef" not in text
        assert "t0ken" not in text
        assert DEFAULT_URL in text


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("k", "***"),
        ("abcdefgh", "***"),
        ("abcdefghijklmno", "***"),
        ("abcdefghijklmnop", "sha256:f39dac6c"),
        ("abcdefghijklmnopqrstuvwxyz", "sha256:71c480df"),
        (lambda: "abcdefghijklmnop", "from a function"),
    ],
    ids=["one", "eight", "fifteen", "sixteen", "long", "function"],
)
def test_fingerprint(key: object, shown: str) -> None:
    """A long key is shown as the beginning of its hash, a short one not at all."""
    assert resolve_settings(api_key=key).fingerprint == shown


def test_settings_are_frozen() -> None:
    """Any cannot be assigned."""
    config: Any = resolve_settings()

    with pytest.raises(AttributeError):
        config.base_url = "https://evil.example"


def test_repr_of_not_given() -> None:
    """In signatures, the default of an omitted argument is shown by its name."""
    assert repr(NOT_GIVEN) == "NOT_GIVEN"


def test_no_change() -> None:
    """Any without changes are equal to the original."""
    config = resolve_settings(default_headers={"X-Team": "blue"})

    assert change_settings(config) == config


def test_changes() -> None:
    """What is given is changed, headers are added, and the original keeps its settings."""
    config = resolve_settings(api_key=KEY, default_headers={"X-Team": "blue", "X-Floor": "2"})

    other = change_settings(
        config,
        timeout=None,
        deadline=5,
        max_retries=0,
        default_headers={"X-Team": "red"},
        api_key="  another-key ",
    )

    assert (other.timeout, other.deadline, other.max_retries) == (None, 5.0, 0)
    assert other.default_headers == {"X-Team": "red", "X-Floor": "2"}
    assert other.api_key == "another-key"
    assert (other.base_url, other.max_connections) == (config.base_url, config.max_connections)
    assert config == resolve_settings(
        api_key=KEY, default_headers={"X-Team": "blue", "X-Floor": "2"}
    )


def test_changed_key_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key from the environment is replaced by one that is passed."""
    monkeypatch.setenv(API_KEY, OTHER_KEY)
    config = resolve_settings(api_key=None)

    other = change_settings(config, api_key=KEY)

    assert (config.key_is_given, other.key_is_given) == (False, True)
    assert other.api_key == KEY


def test_pickle_contains_a_passed_key() -> None:
    """Pickled settings contain a key that was passed as an argument, and all other settings."""
    config = resolve_settings(api_key=KEY, default_headers={"X-Team": "blue"}, deadline=5)
    assert config.headers

    assert pickle.loads(pickle.dumps(config)) == config


def test_pickle_does_not_contain_a_found_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pickled settings contain no key from the environment; it is resolved when unpickled."""
    monkeypatch.setenv(API_KEY, OTHER_KEY)
    pickled = pickle.dumps(resolve_settings(api_key=None))
    monkeypatch.setenv(API_KEY, "key-of-another-machine")

    config = pickle.loads(pickled)

    assert OTHER_KEY.encode() not in pickled
    assert config.api_key == "key-of-another-machine"
    assert not config.key_is_given
