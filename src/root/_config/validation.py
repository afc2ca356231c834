"""Validation of settings."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast
from urllib.parse import quote, urlsplit

from .._secrets.secret import Secret, as_secret, hidden, shown
from ..errors import ConfigurationError, InvalidRequestError
from . import DEFAULT_URL, TRANSPORT, Timeout

if TYPE_CHECKING:
    import ssl

__all__ = [
    "call_deadline",
    "check_base_url",
    "check_count",
    "check_headers",
    "check_key",
    "check_seconds",
    "check_ssl_context",
    "check_timeout",
    "check_transport",
    "request_headers",
]

# Longer times, from three years on, overflow what sockets accept; they mean "no limit".
_NO_LIMIT = 1e8

# The value of a header: visible ASCII and spaces in between (RFC 9110, 5.5).
_HEADER_VALUE = re.compile(r"[\x20-\x7e]*")

# The name of a header is a token (RFC 9110, 5.6.2).
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")

# Headers that the client sets itself: another value would break the exchange or the account.
_RESERVED_HEADERS = {
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "transfer-encoding",
}

# A single request may have another media type.
_RESERVED_IN_REQUESTS = _RESERVED_HEADERS - {"content-type"}


def check_key(key: object, source: str) -> Secret:
    """Return the key without surrounding white space.

    Raises:
        ConfigurationError: It is empty, or cannot be sent in a header.
    """
    if not isinstance(key, str):
        raise ConfigurationError(f"{source} must be a string, not {type(shown(key)).__name__}.")
    key = Secret(key.strip())
    if not key:
        raise ConfigurationError(
            f"{source} is empty. Pass a key, or omit it to use the environment or .env."
        )
    if not _HEADER_VALUE.fullmatch(key):
        raise ConfigurationError(
            f"{source} contains a line break or another character that is not allowed in an HTTP"
            " header. Copy the key again."
        )
    return key


def check_seconds(name: str, value: object) -> float | None:
    """Return a positive number of seconds, or None for no limit.

    Raises:
        ConfigurationError: It is not a number, or not positive.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigurationError(f"{name} must be a number of seconds or None, not {value!r}.")
    if (isinstance(value, float) and math.isnan(value)) or value <= 0:
        raise ConfigurationError(
            f"{name} must be greater than 0 seconds, not {value!r}. None means no limit."
        )
    return float(value) if value < _NO_LIMIT else None


def call_deadline(value: object, name: str = "_request_timeout") -> float | None:
    """Return the deadline of a single call.

    Raises:
        InvalidRequestError: It is not a number, or not positive.
    """
    try:
        return check_seconds(name, value)
    except ConfigurationError as exc:
        raise InvalidRequestError(f"Nothing was sent. {exc}") from exc


def check_base_url(url: object) -> str:
    """Return a base URL in its normal form, without the version `/v1`.

    Raises:
        ConfigurationError: It is not a base URL.
    """
    url = as_secret(url)
    if not isinstance(url, str):
        raise ConfigurationError(f"base_url must be a string, not {type(shown(url)).__name__}.")
    example = f"Write it like {DEFAULT_URL}."
    if "@" in url:
        # Text before an @ may be a password, wherever it is.
        raise ConfigurationError(
            "The base URL contains a user name or password, or an @ elsewhere."
            f" If a proxy needs them, put them into default_headers. {example}"
        )
    # Not hidden any more.
    url = url.strip().rstrip("/")
    named = f"The base URL {url!r}"
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise ConfigurationError(f"{named} cannot be parsed. {example}") from None
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ConfigurationError(f"{named} must start with http:// or https://. {example}")
    if not host:
        raise ConfigurationError(f"{named} has no host. {example}")
    if "?" in url or "#" in url:
        raise ConfigurationError(f"{named} must not have a query or a fragment. {example}")
    if re.search(r"[\s\x00-\x1f\x7f\\]", url):
        raise ConfigurationError(f"{named} contains white space or a backslash. {example}")
    host = f"[{host}]" if ":" in host else _ascii_host(host, named)
    default_port = {"http": 80, "https": 443}[parts.scheme]
    authority = host if port in (None, default_port) else f"{host}:{port}"
    try:
        # Many services have a base URL with the version. Here, it begins the path of each request.
        path = parts.path.rstrip("/").removesuffix("/v1").rstrip("/")
        path = quote(path, safe="/%:!$&'()*+,;=~")
    except UnicodeEncodeError:
        raise ConfigurationError(
            f"{named} contains characters that UTF-8 cannot encode. {example}"
        ) from None
    return f"{parts.scheme}://{authority}{path}"


def _ascii_host(host: str, named: str) -> str:
    """Return a host name in its ASCII form (RFC 5891)."""
    try:
        if not host.isascii():
            # A dependency of httpx, needed for such names only.
            import idna

            return idna.encode(host, uts46=True).decode("ascii")
        # Checks the length of the labels only: current rules would reject names that are in use.
        host.encode("idna")
    except UnicodeError:
        host = ""
    if not re.fullmatch(r"[a-z0-9._-]+", host):
        raise ConfigurationError(f"{named} has a host name that is not valid.")
    return host


def check_timeout(timeout: Timeout) -> Timeout:
    """Return the limits of an attempt.

    Raises:
        ConfigurationError: It is neither a number nor an `httpx.Timeout`, or not positive.
    """
    if timeout is None or isinstance(timeout, (int, float)):
        return check_seconds("timeout", timeout)
    if not hasattr(timeout, "as_dict"):
        raise ConfigurationError(
            f"timeout must be a number of seconds, an httpx.Timeout or None, not {timeout!r}."
        )
    operations = {
        operation: check_seconds(f"timeout ({operation})", value)
        for operation, value in timeout.as_dict().items()
    }
    # httpx is imported already: the timeout is one of its objects.
    return type(timeout)(**operations)


def check_count(name: str, value: object, *, minimum: int) -> int:
    """Return an integer that is large enough.

    Raises:
        ConfigurationError: It is not an integer, or too small.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
        raise ConfigurationError(f"{name} must be an integer of at least {minimum}, not {value!r}.")
    return value


def check_transport(value: str | None) -> None:
    """Check the environment variable that selects how requests are sent.

    Raises:
        ConfigurationError: It has an unknown value.
    """
    if value not in (None, "auto", "direct"):
        raise ConfigurationError(
            f"The environment variable {TRANSPORT} must be auto or direct, not {value!r}. With the"
            " default, auto, calls go through httpx while a tool has hooked it."
        )


def check_ssl_context(context: object) -> ssl.SSLContext | None:
    """Return the TLS settings that the user passed.

    Raises:
        ConfigurationError: It is not an `ssl.SSLContext`.
    """
    if context is None:
        return None
    import ssl

    if not isinstance(context, ssl.SSLContext):
        raise ConfigurationError(
            f"ssl_context must be an ssl.SSLContext, not {type(context).__name__}."
            " ssl.create_default_context(cafile=...) returns one."
        )
    return context


def check_headers(
    headers: object, name: str = "default_headers", reserved: set[str] = _RESERVED_HEADERS
) -> dict[str, str]:
    """Return the headers that the user passed.

    Raises:
        ConfigurationError: A name or a value is not valid, or the client sets the header itself.
    """
    if not isinstance(shown(headers), Mapping):
        raise ConfigurationError(f"{name} must be a mapping of names to values.")
    given = cast("Mapping[object, object]", hidden(headers))
    return dict(
        [_check_header(name, reserved, key, as_secret(shown(given)[key])) for key in shown(given)]
    )


def request_headers(headers: object) -> dict[str, str]:
    """Return the headers of a single request.

    Raises:
        InvalidRequestError: A name or a value is not valid, or the client sets the header itself.
    """
    headers = hidden(headers)
    try:
        return check_headers(headers, "headers", _RESERVED_IN_REQUESTS)
    except ConfigurationError as exc:
        raise InvalidRequestError(f"Nothing was sent. {exc}") from None


def _check_header(
    argument: str, reserved: set[str], name: object, value: object
) -> tuple[str, str]:
    if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
        raise ConfigurationError(f"{argument}: {name!r} is not a header name.")
    if name.lower() in reserved:
        raise ConfigurationError(f"{argument}: the client sets {name} itself. Omit it.")
    # The value is not shown: it may be a secret.
    if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
        raise ConfigurationError(
            f"{argument}: the value of {name} must be a string of printable ASCII."
        )
    return name, Secret(value.strip())
