"""Validation of settings: what is accepted, and what is rejected with which reason."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from root._config.config import OWN
from root._config.validation import call_deadline, check_key, check_seconds, request_headers
from root.errors import ConfigurationError, InvalidRequestError

from .settings import change_settings, resolve_settings, write_dotenv

API_KEY = OWN.key
OTHER_KEY = "key-of-the-environment"
INVALID_KEYS = {
    "line break": "secret-0\nsecret-1",
    "carriage return": "secret-0\rsecret-1",
    "header injection": "secret-0\r\nX-Evil: secret-1",
    "tab": "secret-0\tsecret-1",
    "escape": "secret-0\x1b[0msecret-1",
    "delete": "secret-0\x7fsecret-1",
    "umlaut": "secret-0-ü-secret-1",
    "en dash": "secret-0\N{EN DASH}secret-1",
    "no-break space": "secret-0\xa0secret-1",
    "zero-width space": "secret-0\u200b",
    "byte order mark": "\ufeffsecret-0",
    "invalid UTF-8": "secret-0\udcff",
}


@pytest.mark.parametrize(
    ("source", "key"),
    [
        pytest.param(source, key, id=f"{name} in {source}")
        for name, key in INVALID_KEYS.items()
        for source in ("argument", "environment", ".env")
        # A file that is not UTF-8 cannot be read at all.
        if (name, source) != ("invalid UTF-8", ".env")
    ],
)
def test_invalid_keys(monkeypatch: pytest.MonkeyPatch, source: str, key: str) -> None:
    """A key that a header cannot contain is rejected with its source, and is not shown."""
    argument = None
    if source == "argument":
        argument = key
    elif source == "environment":
        monkeypatch.setenv(API_KEY, key)
    else:
        write_dotenv(f'{API_KEY}="{key}"\n')

    with pytest.raises(ConfigurationError, match="not allowed in an HTTP header") as error:
        resolve_settings(api_key=argument)

    assert source in str(error.value)
    assert "secret" not in str(error.value)
    assert "secret" not in repr(error.value.__context__)


def test_zero_byte_in_key() -> None:
    """A key with a zero byte is rejected, and is not shown."""
    with pytest.raises(ConfigurationError, match="not allowed in an HTTP header") as error:
        resolve_settings(api_key="secret\0")

    assert "secret" not in str(error.value)


@pytest.mark.parametrize("key", ["", " ", "\n"], ids=["empty", "blank", "line break"])
def test_empty_key(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """An empty key as an argument is rejected, rather than replaced by the environment's."""
    monkeypatch.setenv(API_KEY, OTHER_KEY)

    with pytest.raises(ConfigurationError, match="The api_key argument is empty"):
        resolve_settings(api_key=key)


@pytest.mark.parametrize("key", [b"secret", 5, True, ["secret"]], ids=repr)
def test_key_type(key: object) -> None:
    """A key of another type is rejected with the name of the type, and is not shown."""
    with pytest.raises(ConfigurationError, match=type(key).__name__) as error:
        resolve_settings(api_key=key)

    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("key", "reason"), [("", "empty"), ("a\nb", "line break"), (None, "NoneType"), (b"x", "bytes")]
)
def test_check_key_source(key: object, reason: str) -> None:
    """The error about a key begins with its source."""
    with pytest.raises(ConfigurationError, match=f"^What it returns .*{reason}"):
        check_key(key, "What it returns")


@given(key=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1))
def test_visible_ascii_key(key: str) -> None:
    """Every string of visible ASCII is accepted as it is."""
    assert check_key(key, "It") == key


@given(key=st.text())
def test_any_key(key: str) -> None:
    """A key is accepted as printable ASCII without surrounding white space, or rejected."""
    try:
        taken = check_key(key, "It")
    except ConfigurationError:
        return

    assert taken.isascii()
    assert taken.isprintable()
    assert taken == taken.strip() != ""


SECONDS = [
    pytest.param(30, 30.0, id="int"),
    pytest.param(0.5, 0.5, id="float"),
    pytest.param(1e-9, 1e-9, id="tiny"),
    pytest.param(None, None, id="none"),
    pytest.param(math.inf, None, id="inf"),
    pytest.param(1e300, None, id="huge"),
    pytest.param(10**400, None, id="too large for a float"),
]


INVALID_SECONDS = [
    pytest.param(0, "greater than 0 seconds, not 0", id="0"),
    pytest.param(0.0, "greater than 0 seconds", id="0.0"),
    pytest.param(-0.0, "greater than 0 seconds", id="-0.0"),
    pytest.param(-1, "greater than 0 seconds, not -1", id="negative"),
    pytest.param(-math.inf, "greater than 0 seconds, not -inf", id="-inf"),
    pytest.param(math.nan, "greater than 0 seconds, not nan", id="nan"),
    pytest.param(True, "not True", id="true"),
    pytest.param(False, "not False", id="false"),
    pytest.param("5", "not '5'", id="string"),
    pytest.param((1, 2), r"not \(1, 2\)", id="tuple"),
    pytest.param(1j, "not 1j", id="complex"),
]


@pytest.mark.parametrize(("given", "value"), SECONDS)
@pytest.mark.parametrize("name", ["timeout", "deadline"])
def test_seconds(name: str, given: object, value: float | None) -> None:
    """A time is a positive number of seconds, or None for no limit."""
    assert getattr(resolve_settings(**{name: given}), name) == value
    assert getattr(change_settings(resolve_settings(), **{name: given}), name) == value
    assert check_seconds(name, given) == value


@pytest.mark.parametrize(("given", "reason"), INVALID_SECONDS)
@pytest.mark.parametrize("name", ["timeout", "deadline"])
def test_invalid_seconds(name: str, given: object, reason: str) -> None:
    """An invalid time is rejected with its name and value."""
    with pytest.raises(ConfigurationError, match=f"^{name} must be .*{reason}"):
        resolve_settings(**{name: given})
    with pytest.raises(ConfigurationError, match=f"^{name} must be .*{reason}"):
        change_settings(resolve_settings(), **{name: given})


@pytest.mark.parametrize(
    "timeout",
    [httpx.Timeout(5), httpx.Timeout(None), httpx.Timeout(5, read=None), httpx.Timeout(1, pool=9)],
    ids=str,
)
def test_httpx_timeout(timeout: httpx.Timeout) -> None:
    """An `httpx.Timeout` is accepted as it is."""
    assert resolve_settings(timeout=timeout).timeout == timeout


@pytest.mark.parametrize(
    ("timeout", "operation"),
    [
        (httpx.Timeout(0), "connect"),
        (httpx.Timeout(5, connect=-1), "connect"),
        (httpx.Timeout(5, read=0.0), "read"),
        (httpx.Timeout(5, write=math.nan), "write"),
        (httpx.Timeout(5, pool=0), "pool"),
    ],
    ids=str,
)
def test_invalid_httpx_timeout(timeout: httpx.Timeout, operation: str) -> None:
    """An `httpx.Timeout` with an invalid time is rejected with the name of the operation."""
    with pytest.raises(
        ConfigurationError, match=rf"^timeout \({operation}\) must be greater than 0"
    ):
        resolve_settings(timeout=timeout)


@pytest.mark.parametrize("seconds", [math.inf, 1e300])
def test_long_httpx_timeout(seconds: float) -> None:
    """Times in an `httpx.Timeout` that are longer than sockets accept mean no limit."""
    timeout = resolve_settings(timeout=httpx.Timeout(seconds)).timeout

    assert isinstance(timeout, httpx.Timeout)
    for value in timeout.as_dict().values():
        assert value is None or value <= threading.TIMEOUT_MAX


@pytest.mark.parametrize(
    ("name", "minimum"),
    [("max_retries", 0), ("max_connections", 1), ("max_response_bytes", 1)],
    ids=["retries", "connections", "bytes"],
)
def test_counts(name: str, minimum: int) -> None:
    """A count is an integer that is large enough; others are rejected by name."""
    assert getattr(resolve_settings(**{name: minimum}), name) == minimum
    assert getattr(resolve_settings(**{name: 1000}), name) == 1000
    for wrong in (minimum - 1, -100, True, 2.0, "2", math.inf):
        with pytest.raises(
            ConfigurationError, match=f"^{name} must be an integer of at least {minimum}, not "
        ):
            resolve_settings(**{name: wrong})


@pytest.mark.parametrize("name", ["max_retries", "max_connections"])
def test_counts_without_a_default(name: str) -> None:
    """None is not a count. As a maximum size of responses, it is the default."""
    with pytest.raises(ConfigurationError, match=f"^{name} must be an integer"):
        resolve_settings(**{name: None})
    assert resolve_settings(max_response_bytes=None).max_response_bytes is None


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (None, {}),
        ({}, {}),
        ({"X-Team": "blue"}, {"X-Team": "blue"}),
        ({"x-team": " blue team "}, {"x-team": "blue team"}),
        ({"X-Empty": ""}, {"X-Empty": ""}),
        ({"User-Agent": "mine", "!#$%&'*+-.^_`|~": "x"}, None),
    ],
    ids=["none", "empty", "one", "white space", "empty value", "unusual names"],
)
def test_headers(given: dict[str, str] | None, kept: dict[str, str] | None) -> None:
    """Headers of visible ASCII are kept, without white space around their values."""
    assert resolve_settings(default_headers=given).default_headers == (
        given if kept is None else kept
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"": "s3cret"},
        {"X Team": "s3cret"},
        {"X-Team:": "s3cret"},
        {"X-Team\r\nX-Evil": "s3cret"},
        {"X-Täm": "s3cret"},
        {b"X-Team": "s3cret"},
        {5: "s3cret"},
        {"X-Team": "s3cret\r\nX-Evil: 1"},
        {"X-Team": "s3cret\n"},
        {"X-Team": "s3cret\t"},
        {"X-Team": "s3cret\x00"},
        {"X-Team": "s3cret-ü"},
        {"X-Team": b"s3cret"},
        {"X-Team": ["s3cret"]},
        {"X-Team": None},
        {"Authorization": "s3cret"},
        {"AUTHORIZATION": "s3cret"},
        {"Host": "s3cret"},
        {"Content-Type": "text/plain"},
        {"Content-Encoding": "gzip"},
        {"content-length": "5"},
        {"Transfer-Encoding": "chunked"},
        {"Connection": "close"},
    ],
    ids=repr,
)
def test_invalid_headers(headers: Mapping[object, object]) -> None:
    """A header that would break the exchange is rejected by name, and its value is not shown."""
    with pytest.raises(ConfigurationError, match=r"^default_headers: ") as error:
        resolve_settings(default_headers=headers)

    (name,) = headers
    assert str(name).split("\r")[0] in str(error.value)
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize(
    "given",
    [
        {"max_retries": -1},
        {"default_headers": {"Host": "x"}},
        {"api_key": "a\nb"},
        {"api_key": ""},
        {"timeout": httpx.Timeout(0)},
    ],
    ids=str,
)
def test_changes_are_validated(given: dict[str, object]) -> None:
    """A change is validated like the setting."""
    with pytest.raises(ConfigurationError):
        change_settings(resolve_settings(), **given)


@pytest.mark.parametrize(("given", "value"), SECONDS)
def test_request_timeout(given: object, value: float | None) -> None:
    """The timeout of a call accepts the same values as other times."""
    assert call_deadline(given) == value


@pytest.mark.parametrize(("given", "reason"), INVALID_SECONDS)
def test_invalid_request_timeout(given: object, reason: str) -> None:
    """An invalid timeout of a call is an InvalidRequestError."""
    with pytest.raises(
        InvalidRequestError, match=rf"^Nothing was sent\. _request_timeout must be .*{reason}"
    ):
        call_deadline(given)


def test_headers_of_a_request() -> None:
    """A single request accepts the same headers as the client, and a media type."""
    headers = {"X-Team": " blue ", "Content-Type": "application/yaml"}

    assert request_headers(headers) == {"X-Team": "blue", "Content-Type": "application/yaml"}


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": "s3cret"}, {"Content-Length": "5"}, {"X-Team": "s3cret\n"}, ["s3cret"]],
    ids=repr,
)
def test_invalid_headers_of_a_request(headers: object) -> None:
    """Invalid headers of a request are an InvalidRequestError that does not show their values."""
    with pytest.raises(InvalidRequestError, match=r"^Nothing was sent\. headers") as error:
        request_headers(headers)

    assert "s3cret" not in str(error.value)
