"""Client configuration: where each setting comes from.

An argument comes first, then the environment, then the file `.env`, then the default. A base URL is
used only with the key of the same service. Settings do not change once they are resolved, and
nothing here uses the network.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn
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

    from .dotenv import Line

__all__ = ["OWN", "SCORABLE", "SET_KEY", "Config", "Variables", "changed", "no_key", "resolve"]


class Variables(NamedTuple):
    """The environment variables of a service, which are used together.

    Attributes:
        key: The name of the variable with the API key.
        url: The name of the variable with the base URL.
        default_url: The base URL if that variable is not set.
    """

    key: str
    url: str
    default_url: str


OWN = Variables("ROOTSIGNALS_API_KEY", "ROOTSIGNALS_API_URL", DEFAULT_URL)
"""The variables that are looked for first, and those of a key that is passed as an argument."""

SCORABLE = Variables("SCORABLE_API_KEY", "SCORABLE_API_URL", "https://api.scorable.ai")
"""The variables of the service under its present name, as the package `scorable` reads them."""

_ALL = (OWN, SCORABLE)


def _how_to_set(candidates: tuple[Variables, ...]) -> str:
    return (
        "Pass RootSignals(api_key=...), set the environment variable"
        f" {' or '.join(one.key for one in candidates)}, or add the line {candidates[0].key}=... to"
        " the file .env in the working directory."
    )


SET_KEY = _how_to_set(_ALL)
"""How to set the API key."""

_NO_KEY = "No API key was found."

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

_LOG = "ROOTSIGNALS_LOG"

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
    variables: Variables = field(repr=False)
    """The variables that the key belongs to."""
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
                "A client with your own ssl_context cannot be pickled."
                " Create one in the other process."
            )
        state: dict[str, object] = {**self.__dict__}
        # The other process may run another version of Python.
        state.pop("_headers", None)
        if not self.key_is_given:
            state["api_key"] = None
        return state

    def __setstate__(self, state: dict[str, object]) -> None:
        _configure_log()
        self.__dict__.update(state)
        sources = {
            name: source if source.endswith(_PICKLED) else source + _PICKLED
            for name, source in self.sources.items()
        }
        if not self.key_is_given:
            # The key of this process is used, if it is one for the same service.
            found = _find_key(None, (self.variables,))
            self.__dict__["api_key"], sources["api_key"] = found.key, found.source
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
    if advice is not None:
        warn(advice, RuntimeWarning)


def warn(advice: str, category: type[Warning]) -> None:
    """Issue a warning that is shown at the line of the user's code that called this package."""
    import inspect
    import warnings

    frame, level = inspect.currentframe(), 1
    while frame is not None:
        name = frame.f_globals["__name__"]
        # `warn` does not count frames of the import system.
        if name.startswith("root."):
            level += 1
        elif not name.startswith("importlib."):
            break
        frame = frame.f_back
    warnings.warn(advice, category, stacklevel=level)


def _configure_log() -> None:
    if value := _variable(_LOG):
        from .._forks import import_lock

        # Imported late: most programs configure logging themselves.
        with import_lock:
            from .logs import log_to_stderr

        log_to_stderr(_LOG, value)


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
    _configure_log()
    warn_of_old_package()
    found = _find_key(api_key)
    url, url_source = _find_url(base_url, found)
    seconds, bound = split_deadline(deadline)
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
    sources["api_key"] = found.source
    if url_source is not None:
        sources["base_url"] = url_source
    return Config(
        base_url=url,
        api_key=found.key,
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
        variables=found.variables,
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
        config = replace(config, api_key=_find_key(api_key).key, key_is_given=True)
        sources["api_key"] = _WITH_OPTIONS
    return replace(config, sources=sources)


class _FoundKey(NamedTuple):
    """A key, its source, its variables, and the content of `.env` if it comes from there."""

    key: APIKey
    source: str
    variables: Variables
    dotenv: Mapping[str, Line]


def _find_key(argument: APIKey | None, candidates: tuple[Variables, ...] = _ALL) -> _FoundKey:
    """Return the first key that is set.

    Raises:
        MissingKeyError: There is none.
        ConfigurationError: It is invalid, or the file `.env` cannot be read.
    """
    if argument is no_key:
        return _FoundKey(no_key, "nowhere", _variables_in_use(), {})
    if callable(argument):
        return _FoundKey(argument, _ARGUMENT, OWN, {})
    if argument is not None:
        return _FoundKey(check_key(argument, "The api_key argument"), _ARGUMENT, OWN, {})
    for variables in candidates:
        if found := as_secret(_variable(variables.key)):
            source = f"environment variable {variables.key}"
            return _FoundKey(check_key(found, f"The {source}"), source, variables, {})
    # Imported late: most programs need no .env.
    from .dotenv import read_dotenv

    lines = read_dotenv(Path(".env"))
    for variables in candidates:
        if line := _line(lines, variables.key):
            key = check_key(line.value, f"{variables.key} in .env")
            return _FoundKey(key, _source(line), variables, lines)
    raise MissingKeyError(f"{_NO_KEY} {_how_to_set(candidates)}")


def _line(lines: Mapping[str, Line], name: str) -> Line | None:
    """Return the line of `.env` that sets a variable, or None if there is none, or it is empty."""
    line = lines.get(name)
    return line if line is not None and line.value.strip() else None


def _source(line: Line) -> str:
    # The absolute path: the working directory may change before the source is displayed.
    return f"{Path('.env').absolute()}, line {line.number}"


def _variables_in_use() -> Variables:
    """Return the variables that are meant if no key is used: those that are set."""
    with_key = (one for one in _ALL if _variable(one.key))
    with_url = (one for one in _ALL if _variable(one.url))
    return next(with_key, None) or next(with_url, OWN)


def no_key() -> NoReturn:
    """Stand in for an API key: `RootSignals(no_key).check()` checks everything except for the key.

    Raises:
        MissingKeyError: Always, so calls of the API fail.
    """
    raise MissingKeyError(f"{_NO_KEY} {SET_KEY}")


def _find_url(argument: str | None, found: _FoundKey) -> tuple[str, str | None]:
    """Return the base URL and its source, or None as the source of the default.

    A variable of another service is not read: the key is not meant for its host.
    """
    variables = found.variables
    if argument is not None:
        return check_base_url(argument), _ARGUMENT
    if url := as_secret(_variable(variables.url)):
        return check_base_url(url), f"environment variable {variables.url}"
    if line := _line(found.dotenv, variables.url):
        return check_base_url(line.value), _source(line)
    source = None if variables is OWN else f"default for {variables.key}"
    return variables.default_url, source


def _variable(name: str) -> str | None:
    """Return an environment variable, or None if it is not set or empty."""
    return os.environ.get(name, "").strip() or None
