"""Client configuration: where each setting comes from.

An argument comes first, then the environment, then the file `.env`, then the default. Settings do
not change once they are resolved, and nothing here uses the network.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from ..__about__ import __version__, old_package_advice
from .._secrets.secret import as_secret, shown
from ..errors import ConfigurationError, MissingKeyError
from . import (
    DEFAULT_TIMEOUT,
    DEFAULT_URL,
    TRANSPORT,
    APIKey,
    NotGiven,
    Timeout,
)
from .deadlines import Deadline, nearer, split_deadline
from .validation import (
    check_base_url,
    check_count,
    check_headers,
    check_key,
    check_ssl_context,
    check_timeout,
    check_transport,
)

if TYPE_CHECKING:
    import ssl

__all__ = ["API_KEY", "API_URL", "SET_KEY", "Config", "changed", "no_key", "resolve"]

API_KEY = "ROOTSIGNALS_API_KEY"
API_URL = "ROOTSIGNALS_API_URL"

SET_KEY = (
    f"Pass RootSignals(api_key=...), set the environment variable {API_KEY}, or add the line"
    f" {API_KEY}=... to the file .env in the working directory."
)
"""How to set the API key."""

_NO_KEY = f"No API key was found. {SET_KEY}"

# The defaults in the signatures of the clients.
_DEFAULTS: Mapping[str, object] = {
    "timeout": DEFAULT_TIMEOUT,
    "deadline": None,
    "max_retries": 2,
    "max_connections": 100,
    "max_response_bytes": None,
    "default_headers": None,
    "ssl_context": None,
}

_ARGUMENT = "argument"

_WITH_OPTIONS = "with_options"

_PICKLED = ", before it was pickled"


@dataclass(frozen=True)
class Config:
    """A client's validated settings."""

    base_url: str
    api_key: APIKey = field(repr=False)
    timeout: Timeout
    deadline: float | None
    """Seconds for each call."""
    bound: Deadline | None
    """A deadline for all calls."""
    max_retries: int
    max_connections: int
    max_response_bytes: int | None
    """None for limits by what is expected."""
    default_headers: Mapping[str, str] = field(repr=False)
    ssl_context: ssl.SSLContext | None = field(repr=False)
    key_is_given: bool
    """Whether the key was passed as an argument: only then is it pickled."""
    sources: Mapping[str, str] = field(repr=False, compare=False)
    """The source of each setting that does not have its default."""

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The headers of every request, except for the key; built once."""
        headers = self.__dict__.get("_headers")
        if headers is None:
            # Not by cached_property: on Python 3.11 it holds a lock, which would block a child
            # that is forked meanwhile.
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
                " Create one in the other process."
            )
        state: dict[str, object] = {**self.__dict__}
        # The other process may run another version of Python.
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
            # The key of this process is used.
            self.__dict__["api_key"], sources["api_key"] = _find_key(None)
        self.__dict__["sources"] = sources

    @property
    def fingerprint(self) -> str:
        """The key as it may be shown: keys can be compared, and no part of them is visible."""
        if self.api_key is no_key:
            return "none"
        if callable(self.api_key):
            return "from a function"
        # A short key could be found by trying out all keys.
        if len(self.api_key) < 16:
            return "***"
        from hashlib import sha256

        return f"sha256:{sha256(self.api_key.encode()).hexdigest()[:8]}"


@cache
def _user_agent() -> str:
    from .._forks import import_lock

    # importlib.metadata imports the email package.
    with import_lock:
        from importlib.metadata import PackageNotFoundError, version

        try:
            httpx = version("httpx")
        except PackageNotFoundError:
            # Packages that are copied or bundled into one file may lack the metadata.
            httpx = "unknown"
    return f"root-sdk/{__version__} Python/{sys.version.split()[0]} httpx/{httpx}"


@cache
def warn_of_old_package() -> None:
    """Warn once if the package `root-signals` is installed beside this one."""
    advice = old_package_advice()
    if advice is None:
        return
    import inspect
    import warnings

    # The warning is shown at the line that creates the client.
    frame, level = inspect.currentframe(), 1
    while frame is not None:
        name = frame.f_globals["__name__"]
        # `warn` does not count frames of the import system.
        if name.startswith("root."):
            level += 1
        elif not name.startswith("importlib."):
            break
        frame = frame.f_back
    warnings.warn(advice, RuntimeWarning, stacklevel=level)


def resolve(
    *,
    api_key: APIKey | None,
    base_url: str | None,
    timeout: Timeout,
    deadline: float | Deadline | None,
    max_retries: int,
    max_connections: int,
    max_response_bytes: int | None,
    default_headers: Mapping[str, str] | None,
    ssl_context: ssl.SSLContext | None = None,
) -> Config:
    """Resolve and validate all settings, some of which may be hidden.

    Raises:
        ConfigurationError: A setting is missing or invalid.
    """
    check_transport(_variable(TRANSPORT))
    warn_of_old_package()
    url, url_source = _find_url(base_url)
    seconds, bound = split_deadline(deadline)
    key, key_source = _find_key(api_key)
    given = {
        "timeout": timeout,
        "deadline": deadline,
        "max_retries": max_retries,
        "max_connections": max_connections,
        "max_response_bytes": max_response_bytes,
        "default_headers": default_headers if shown(default_headers) else None,
        "ssl_context": ssl_context,
    }
    sources = {name: _ARGUMENT for name, value in given.items() if value != _DEFAULTS[name]}
    sources["api_key"] = key_source
    if url_source is not None:
        sources["base_url"] = url_source
    return Config(
        base_url=url,
        api_key=key,
        timeout=check_timeout(timeout),
        deadline=seconds,
        bound=bound,
        max_retries=check_count("max_retries", max_retries, minimum=0),
        max_connections=check_count("max_connections", max_connections, minimum=1),
        max_response_bytes=None
        if max_response_bytes is None
        else check_count("max_response_bytes", max_response_bytes, minimum=1),
        default_headers=check_headers(default_headers if shown(default_headers) else {}),
        ssl_context=check_ssl_context(ssl_context),
        key_is_given=api_key is not None,
        sources=sources,
    )


def changed(
    config: Config,
    *,
    timeout: Timeout | NotGiven,
    deadline: float | Deadline | NotGiven | None,
    max_retries: int | NotGiven,
    default_headers: Mapping[str, str] | NotGiven,
    api_key: APIKey | NotGiven,
) -> Config:
    """Return settings with changes; headers are added to the existing ones."""
    sources = dict(config.sources)
    if not isinstance(timeout, NotGiven):
        config = replace(config, timeout=check_timeout(timeout))
        sources["timeout"] = _WITH_OPTIONS
    if not isinstance(deadline, NotGiven):
        seconds, bound = split_deadline(deadline)
        if bound is None:
            config = replace(config, deadline=seconds)
        else:
            # A deadline is never extended.
            config = replace(config, bound=nearer(config.bound, bound))
        sources["deadline"] = _WITH_OPTIONS
    if not isinstance(max_retries, NotGiven):
        config = replace(config, max_retries=check_count("max_retries", max_retries, minimum=0))
        sources["max_retries"] = _WITH_OPTIONS
    if not isinstance(default_headers, NotGiven):
        headers = {**config.default_headers, **check_headers(default_headers)}
        earlier = sources.get("default_headers") if config.default_headers else None
        config = replace(config, default_headers=headers)
        if earlier is None:
            sources["default_headers"] = _WITH_OPTIONS
        elif shown(default_headers) and not earlier.endswith(_WITH_OPTIONS):
            sources["default_headers"] = f"{earlier}, {_WITH_OPTIONS}"
    if not isinstance(api_key, NotGiven):
        key, _ = _find_key(api_key)
        config = replace(config, api_key=key, key_is_given=True)
        sources["api_key"] = _WITH_OPTIONS
    return replace(config, sources=sources)


def _find_key(argument: APIKey | None) -> tuple[APIKey, str]:
    """Return the key and its source.

    Raises:
        MissingKeyError: There is none.
        ConfigurationError: It is invalid, or the file `.env` cannot be read.
    """
    if callable(argument):
        return argument, "nowhere" if argument is no_key else _ARGUMENT
    if argument is not None:
        return check_key(argument, "The api_key argument"), _ARGUMENT
    if found := as_secret(_variable(API_KEY)):
        source = f"environment variable {API_KEY}"
        return check_key(found, f"The {source}"), source
    # Imported late: most programs need no .env.
    from .dotenv import read_dotenv

    path = Path(".env")
    line = read_dotenv(path).get(API_KEY)
    if line is not None and line.value.strip():
        # The absolute path: the working directory may change before the source is displayed.
        source = f"{path.absolute()}, line {line.number}"
        return check_key(line.value, f"{API_KEY} in .env"), source
    raise MissingKeyError(_NO_KEY)


def no_key() -> NoReturn:
    """Stand in for an API key: `RootSignals(no_key).check()` checks everything except for the key.

    Raises:
        MissingKeyError: Always, so calls of the API fail.
    """
    raise MissingKeyError(_NO_KEY)


def _find_url(argument: str | None) -> tuple[str, str | None]:
    """Return the base URL and its source, or None as the source of the default."""
    if argument is not None:
        return check_base_url(argument), _ARGUMENT
    if found := as_secret(_variable(API_URL)):
        return check_base_url(found), f"environment variable {API_URL}"
    return DEFAULT_URL, None


def _variable(name: str) -> str | None:
    """Return an environment variable, or None if it is not set or empty."""
    return os.environ.get(name, "").strip() or None
