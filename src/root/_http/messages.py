"""One exchange of messages: the request as it is sent, and the response as it is received."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from .._concurrency.waiting import monotonic
from .._config import MAX_BYTES
from .._schemas.meta import Headers, find_header
from .._secrets.redact import redact

if TYPE_CHECKING:
    import httpx

    from .._config import Timeout
    from .._schemas.requests import Body

__all__ = [
    "DEFAULT_PORTS",
    "KEEPALIVE_EXPIRY",
    "Origin",
    "RawResponse",
    "Request",
    "httpx_timeout",
    "merged",
    "redacted_headers",
    "remaining_time",
    "timeouts",
]

KEEPALIVE_EXPIRY = 30.0
"""Seconds that an unused connection is kept.

Servers and load balancers keep theirs for about a minute. Staying well below that avoids sending
a request to a server that is just closing the connection.
"""

DEFAULT_PORTS = {"http": 80, "https": 443}

Chunks: TypeAlias = "AsyncIterator[bytes] | Iterator[bytes]"


@dataclass(frozen=True, slots=True)
class Origin:
    """The parts of a base URL: scheme, host and port, and the path below which the API is."""

    scheme: str
    host: str
    port: int | None
    path: str = ""

    @classmethod
    def from_url(cls, url: str) -> Origin:
        """Parse a URL that has been validated."""
        parts = urlsplit(url)
        port = None if parts.port == DEFAULT_PORTS.get(parts.scheme) else parts.port
        return cls(parts.scheme, parts.hostname or "", port, parts.path)

    @property
    def authority(self) -> str:
        """Host and port, as in a URL and in the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """Scheme, host and port: the URL without a path."""
        return f"{self.scheme}://{self.authority}"

    def is_same(self, other: Origin) -> bool:
        """Return whether the other one is the same server, whatever the path."""
        # They are compared for each request, and are nearly always the same object.
        return other is self or other.url == self.url


@dataclass(slots=True)
class Request:
    """A request that is ready to be sent.

    Attributes:
        method: The HTTP method.
        origin: Where it is sent.
        target: The path with the query, as in the request line.
        headers: Names and values; the API key is among them.
        body: The body, if there is one.
        max_bytes: Maximum size of the response, compressed and decompressed.
        is_streamed: Whether the body of a successful response is read by the caller.
    """

    method: str
    origin: Origin
    target: str
    headers: Headers
    body: Body | None = None
    max_bytes: int = MAX_BYTES
    is_streamed: bool = False

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.url}>"

    @property
    def url(self) -> str:
        """The whole URL."""
        return self.origin.url + self.target


@dataclass(frozen=True, slots=True)
class RawResponse:
    """A response, decompressed.

    Attributes:
        status: The HTTP status.
        headers: Names and values.
        content: The body, or nothing if it is streamed.
        chunks: The body of a streamed response, still to be read.
    """

    status: int
    # A server may echo a key in any of them.
    headers: Headers = field(repr=False)
    content: bytes = field(repr=False)
    chunks: Chunks | None = field(default=None, repr=False)

    def header(self, name: bytes) -> str | None:
        """Return the first header with this lower-case name."""
        return find_header(self.headers, name)


def merged(headers: Headers, changes: Mapping[str, str]) -> Headers:
    """Return headers in which some are replaced or added."""
    names = {name.lower().encode() for name in changes}
    kept = [pair for pair in headers if pair[0].lower() not in names]
    return kept + [(name.title().encode(), value.encode()) for name, value in changes.items()]


def redacted_headers(headers: Headers, secrets: Iterable[str]) -> Headers:
    """Return response headers without secrets that a server has echoed in them."""
    # Usually there are none, and searching each response for all forms would be expensive.
    text = b"\n".join([value for _, value in headers])
    if not any(secret.encode("utf-8") in text for secret in secrets):
        return headers
    values = [value.decode("utf-8", "surrogateescape") for _, value in headers]
    return [
        (name, redact(value, secrets).encode("utf-8", "surrogateescape"))
        for (name, _), value in zip(headers, values, strict=True)
    ]


def timeouts(
    timeout: Timeout, remaining: float | None
) -> tuple[dict[str, float | None], float | None]:
    """Return the limits of each network operation, and of the attempt as a whole, in seconds.

    A number limits the whole attempt; an `httpx.Timeout` limits each operation, as in httpx.
    Neither extends beyond what remains of the call's deadline.
    """
    if timeout is None or isinstance(timeout, (int, float)):
        whole = (
            timeout
            if remaining is None
            else remaining
            if timeout is None
            else min(timeout, remaining)
        )
        return {"connect": whole, "read": whole, "write": whole, "pool": remaining}, whole
    operations: dict[str, float | None] = timeout.as_dict()
    if remaining is not None:
        operations = {
            name: remaining if value is None else min(value, remaining)
            for name, value in operations.items()
        }
    return operations, remaining


def remaining_time(until: float, timeout: float | None, error: type[Exception]) -> float | None:
    """Return the seconds for an operation that has its own limit, until a certain time.

    Args:
        until: That time, on the clock of `monotonic`, or infinity.
        timeout: The limit of the operation itself.
        error: What is raised if that time has passed.
    """
    if until == inf:
        return timeout
    remaining = until - monotonic()
    if remaining <= 0:
        raise error("The attempt timed out.")
    return remaining if timeout is None else min(timeout, remaining)


def httpx_timeout(operations: dict[str, float | None]) -> httpx.Timeout:
    """Return httpx's form of the limits of each operation."""
    import httpx

    return httpx.Timeout(**operations)
