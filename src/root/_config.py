"""What a client is told: argument, then environment, then `.env`, then default.

Frozen once made; nothing here touches the network.
"""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeAlias, cast
from urllib.parse import quote, urlsplit

from .__about__ import __version__
from ._defaults import DEFAULT_MOST_BYTES, DEFAULT_TIMEOUT, NotGiven
from ._secrets import Secret, unshown
from .errors import ConfigurationError, InvalidRequestError

if TYPE_CHECKING:
    import ssl

    import httpx

__all__ = [
    "SET_KEY",
    "APIKey",
    "Config",
    "Timeout",
    "call_deadline",
    "changed",
    "check_key",
    "no_key",
    "resolve",
    "seconds",
]

API_KEY = "ROOTSIGNALS_API_KEY"
API_URL = "ROOTSIGNALS_API_URL"
DEFAULT_URL = "https://api.app.rootsignals.ai"

SET_KEY = (
    f"Pass RootSignals(api_key=...), or set the environment variable {API_KEY}, or put a line"
    f" {API_KEY}=... into the file .env of the working directory."
)
"""What to do where there is no key."""

APIKey: TypeAlias = "str | Callable[[], str | Awaitable[str]]"
"""An API key, or what to ask for it before each attempt."""

Timeout: TypeAlias = "float | httpx.Timeout | None"
"""Seconds that one attempt may take, or httpx's own timeouts, or None for no bound."""


# What the signatures of the clients say.
_DEFAULTS: Mapping[str, object] = {
    "timeout": DEFAULT_TIMEOUT,
    "deadline": None,
    "max_retries": 2,
    "max_connections": 100,
    "max_response_bytes": DEFAULT_MOST_BYTES,
    "default_headers": None,
    "ssl_context": None,
}

_ARGUMENT = "argument"
_WITH_OPTIONS = "with_options"
_PICKLED = ", before it was pickled"

# A longer time than this, three years, overflows what sockets take; it means "no bound".
_ENDLESS = 1e8

# What a header's value may hold: visible ASCII and the space between (RFC 9110, 5.5).
_HEADER_VALUE = re.compile(r"[\x20-\x7e]*")
# A header's name is a token (RFC 9110, 5.6.2).
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")

# Headers that the client writes itself: another value would break the exchange or the account.
_OWN_HEADERS = {
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "transfer-encoding",
}


@dataclass(frozen=True)
class Config:
    """A client's settings, checked."""

    base_url: str
    api_key: APIKey = field(repr=False)
    timeout: Timeout
    deadline: float | None
    max_retries: int
    max_connections: int
    max_response_bytes: int
    default_headers: Mapping[str, str] = field(repr=False)
    ssl_context: ssl.SSLContext | None = field(repr=False)
    key_is_given: bool
    """Whether the key came as an argument: only then does a pickle hold it."""
    sources: Mapping[str, str] = field(repr=False, compare=False)
    """Where each setting came from that has not its default."""

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The headers that every request has, the key excepted; put together once."""
        headers = self.__dict__.get("_headers")
        if headers is None:
            # Not by cached_property: on Python 3.11 it holds a lock, at which a child may hang
            # that was forked meanwhile.
            headers = self.__dict__["_headers"] = self._all_headers()
        return headers

    def _all_headers(self) -> list[tuple[bytes, bytes]]:
        headers = {
            "host": urlsplit(self.base_url).netloc,
            "accept": "application/json",
            "accept-encoding": "gzip, deflate",
            "user-agent": _user_agent(),
        } | {name.lower(): value for name, value in self.default_headers.items()}
        return [(name.title().encode(), value.encode()) for name, value in headers.items()]

    def __getstate__(self) -> dict[str, object]:
        if self.ssl_context is not None:
            raise ConfigurationError(
                "A client with an ssl_context of yours cannot be pickled."
                " Make one in the other process."
            )
        state: dict[str, object] = {**self.__dict__}
        # The other process has a Python of its own.
        state.pop("_headers", None)
        if not self.key_is_given:
            state["api_key"] = None
        return state

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        sources = {
            name: source if source.endswith(_PICKLED) else source + _PICKLED
            for name, source in self.sources.items()
        }
        if not self.key_is_given:
            # This process finds its own.
            self.__dict__["api_key"], sources["api_key"] = _find_key(None)
        self.__dict__["sources"] = sources

    @property
    def fingerprint(self) -> str:
        """What may be shown of the key: enough to tell two apart, and nothing of either."""
        if self.api_key is no_key:
            return "none"
        if callable(self.api_key):
            return "from a function"
        # A short one could be guessed, and the guess be checked.
        if len(self.api_key) < 16:
            return "***"
        from hashlib import sha256

        return f"sha256:{sha256(self.api_key.encode()).hexdigest()[:8]}"


@cache
def _user_agent() -> str:
    from ._concurrency import loading

    # Reading a version loads what reads e-mail.
    with loading:
        from importlib.metadata import version

        httpx = version("httpx")
    return f"root-sdk/{__version__} Python/{sys.version.split()[0]} httpx/{httpx}"


def resolve(
    *,
    api_key: APIKey | None,
    base_url: str | None,
    timeout: Timeout,
    deadline: float | None,
    max_retries: int,
    max_connections: int,
    max_response_bytes: int,
    default_headers: Mapping[str, str] | None,
    ssl_context: ssl.SSLContext | None = None,
) -> Config:
    """Find and check every setting.

    Raises:
        ConfigurationError: One is missing or cannot be right; the text says which and why.
    """
    url, url_source = _find_url(base_url)
    key, key_source = _find_key(api_key)
    given = {
        "timeout": timeout,
        "deadline": deadline,
        "max_retries": max_retries,
        "max_connections": max_connections,
        "max_response_bytes": max_response_bytes,
        "default_headers": default_headers or None,
        "ssl_context": ssl_context,
    }
    sources = {name: _ARGUMENT for name, value in given.items() if value != _DEFAULTS[name]}
    sources["api_key"] = key_source
    if url_source is not None:
        sources["base_url"] = url_source
    return Config(
        base_url=url,
        api_key=key,
        timeout=_check_timeout(timeout),
        deadline=seconds("deadline", deadline),
        max_retries=_count("max_retries", max_retries, least=0),
        max_connections=_count("max_connections", max_connections, least=1),
        max_response_bytes=_count("max_response_bytes", max_response_bytes, least=1),
        default_headers=_check_headers(default_headers or {}),
        ssl_context=_check_ssl_context(ssl_context),
        key_is_given=api_key is not None,
        sources=sources,
    )


def changed(
    config: Config,
    *,
    timeout: Timeout | NotGiven,
    deadline: float | NotGiven | None,
    max_retries: int | NotGiven,
    default_headers: Mapping[str, str] | NotGiven,
    api_key: APIKey | NotGiven,
) -> Config:
    """Return the settings with some of them changed; headers are added to those there are."""
    sources = dict(config.sources)
    if not isinstance(timeout, NotGiven):
        config = replace(config, timeout=_check_timeout(timeout))
        sources["timeout"] = _WITH_OPTIONS
    if not isinstance(deadline, NotGiven):
        config = replace(config, deadline=seconds("deadline", deadline))
        sources["deadline"] = _WITH_OPTIONS
    if not isinstance(max_retries, NotGiven):
        config = replace(config, max_retries=_count("max_retries", max_retries, least=0))
        sources["max_retries"] = _WITH_OPTIONS
    if not isinstance(default_headers, NotGiven):
        headers = {**config.default_headers, **_check_headers(default_headers)}
        earlier = sources.get("default_headers") if config.default_headers else None
        config = replace(config, default_headers=headers)
        if earlier is None:
            sources["default_headers"] = _WITH_OPTIONS
        elif default_headers and not earlier.endswith(_WITH_OPTIONS):
            sources["default_headers"] = f"{earlier}, {_WITH_OPTIONS}"
    if not isinstance(api_key, NotGiven):
        key, _ = _find_key(api_key)
        config = replace(config, api_key=key, key_is_given=True)
        sources["api_key"] = _WITH_OPTIONS
    return replace(config, sources=sources)


def check_key(key: object, source: str) -> Secret:
    """Return the key without white space around it.

    Raises:
        ConfigurationError: It is empty, or no header can carry it.
    """
    if not isinstance(key, str):
        raise ConfigurationError(f"{source} must be a string, not {type(key).__name__}.")
    key = Secret(key.strip())
    if not key:
        raise ConfigurationError(
            f"{source} is empty. Give the key, or leave it out to have it looked up."
        )
    if not _HEADER_VALUE.fullmatch(key):
        raise ConfigurationError(
            f"{source} holds a line break or another character that no HTTP header takes."
            " Copy the key again."
        )
    return key


def seconds(name: str, value: object) -> float | None:
    """Return a positive number of seconds, or None where there is no bound.

    Raises:
        ConfigurationError: It is no number, or 0 or below.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigurationError(f"{name} must be a number of seconds or None, not {value!r}.")
    if (isinstance(value, float) and math.isnan(value)) or value <= 0:
        raise ConfigurationError(
            f"{name} must be more than 0 seconds, not {value!r}. None means no bound."
        )
    return float(value) if value < _ENDLESS else None


def call_deadline(value: object, name: str = "_request_timeout") -> float | None:
    """Return the bound that a single call was given.

    Raises:
        InvalidRequestError: It is no number, or 0 or below.
    """
    try:
        return seconds(name, value)
    except ConfigurationError as exc:
        raise InvalidRequestError(str(exc)) from exc


def _find_key(argument: APIKey | None) -> tuple[APIKey, str]:
    """Return the key and where it came from."""
    if callable(argument):
        return argument, "nowhere" if argument is no_key else _ARGUMENT
    if argument is not None:
        return check_key(argument, "The api_key argument"), _ARGUMENT
    if found := unshown(_variable(API_KEY)):
        source = f"environment variable {API_KEY}"
        return check_key(found, f"The {source}"), source
    # Imported late: most programs find the key before.
    from ._dotenv import read_dotenv

    path = Path(".env")
    line = read_dotenv(path).get(API_KEY)
    if line is not None and line.value.strip():
        # The whole path: the working directory may be another one when somebody asks.
        source = f"{path.absolute()}, line {line.number}"
        return check_key(line.value, f"{API_KEY} in .env"), source
    raise ConfigurationError(f"No API key was found. {SET_KEY}")


def no_key() -> NoReturn:
    """Stand for a key where there is none: `RootSignals(no_key).check()` goes as far as it can.

    Raises:
        ConfigurationError: Always.
    """
    raise ConfigurationError(f"No API key was found. {SET_KEY}")


def _find_url(argument: str | None) -> tuple[str, str | None]:
    """Return the base URL, and where it came from if that is not the default."""
    if argument is not None:
        return _check_url(argument), _ARGUMENT
    if found := _variable(API_URL):
        return _check_url(found), f"environment variable {API_URL}"
    return DEFAULT_URL, None


def _variable(name: str) -> str | None:
    """Return an environment variable; an empty one counts as unset."""
    return os.environ.get(name, "").strip() or None


def _check_url(url: object) -> str:
    if not isinstance(url, str):
        raise ConfigurationError(f"base_url must be a string, not {type(url).__name__}.")
    url = url.strip().rstrip("/")
    # What stands before an @ may be a password, wherever it was put.
    shown = "The base URL" if "@" in url else f"The base URL {url!r}"
    example = f"Write it like {DEFAULT_URL}."
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise ConfigurationError(f"{shown} cannot be read. {example}") from None
    if "@" in parts.netloc:
        raise ConfigurationError(
            "The base URL holds a user name or password."
            " Put what your proxy needs into default_headers."
        )
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ConfigurationError(f"{shown} must start with http:// or https://. {example}")
    if not host:
        raise ConfigurationError(f"{shown} names no host. {example}")
    if "?" in url or "#" in url:
        raise ConfigurationError(f"{shown} must not have a query or a fragment. {example}")
    if re.search(r"[\s\x00-\x1f\x7f\\]", url) or "@" in url:
        raise ConfigurationError(f"{shown} holds white space, a backslash or an @. {example}")
    host = f"[{host}]" if ":" in host else _ascii_host(host, shown)
    default_port = {"http": 80, "https": 443}[parts.scheme]
    authority = host if port in (None, default_port) else f"{host}:{port}"
    try:
        path = quote(parts.path.rstrip("/"), safe="/%:!$&'()*+,;=~")
    except UnicodeEncodeError:
        raise ConfigurationError(f"{shown} holds what UTF-8 cannot write. {example}") from None
    return f"{parts.scheme}://{authority}{path}"


def _ascii_host(host: str, shown: str) -> str:
    """Return a host name as it goes over the wire (RFC 5891)."""
    try:
        if not host.isascii():
            # httpx brings it along; only names like this need it.
            import idna

            return idna.encode(host, uts46=True).decode("ascii")
        # This looks at the length of the labels; today's rules forbid more than is in use.
        host.encode("idna")
    except UnicodeError:
        host = ""
    if not re.fullmatch(r"[a-z0-9._-]+", host):
        raise ConfigurationError(f"{shown} names a host that cannot be.")
    return host


def _check_timeout(timeout: Timeout) -> Timeout:
    if timeout is None or isinstance(timeout, (int, float)):
        return seconds("timeout", timeout)
    if not hasattr(timeout, "as_dict"):
        raise ConfigurationError(
            f"timeout must be a number of seconds, an httpx.Timeout or None, not {timeout!r}."
        )
    operations = {
        operation: seconds(f"timeout ({operation})", value)
        for operation, value in timeout.as_dict().items()
    }
    # httpx is imported already: the timeout is its.
    return type(timeout)(**operations)


def _count(name: str, value: object, *, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ConfigurationError(
            f"{name} must be a whole number of at least {least}, not {value!r}."
        )
    return value


def _check_ssl_context(context: object) -> ssl.SSLContext | None:
    if context is None:
        return None
    import ssl

    if not isinstance(context, ssl.SSLContext):
        raise ConfigurationError(
            f"ssl_context must be an ssl.SSLContext, not {type(context).__name__}."
            " ssl.create_default_context(cafile=...) makes one."
        )
    return context


def _check_headers(headers: object) -> dict[str, str]:
    if not isinstance(headers, Mapping):
        raise ConfigurationError("default_headers must be a mapping of names to values.")
    headers = cast("Mapping[object, object]", headers)
    return dict(_check_header(name, value) for name, value in headers.items())


def _check_header(name: object, value: object) -> tuple[str, str]:
    if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
        raise ConfigurationError(f"default_headers: {name!r} is no header name.")
    if name.lower() in _OWN_HEADERS:
        raise ConfigurationError(f"default_headers: the client writes {name} itself; leave it out.")
    # The value is not shown: it may be a secret.
    if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
        raise ConfigurationError(
            f"default_headers: the value of {name} must be a string of visible ASCII."
        )
    return name, value.strip()
