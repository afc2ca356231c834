"""One exchange: the request prepared, the answer read.

httpx is imported only where it shows: for an http client of the user's own, and for `.headers`.
Everything else goes over the pool in `_async/pool.py`.
"""

from __future__ import annotations

import json
import os
import ssl
import sys
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote, urljoin, urlsplit

from ._concurrency import loading
from ._defaults import DEFAULT_MOST_BYTES
from ._failures import AnswerTooLargeError, UnusableAnswerError, unusable
from ._redaction import scrub
from .errors import (
    Attempt,
    ConfigurationError,
    RequestInfo,
)

if TYPE_CHECKING:
    import httpx
    from pydantic import BaseModel

    from ._config import Timeout

__all__ = [
    "KEEPALIVE_EXPIRY",
    "MOST_REDIRECTS",
    "Address",
    "Answer",
    "Proxy",
    "Request",
    "ResponseMeta",
    "holds_json",
    "httpx_timeout",
    "proxy_for",
    "proxy_source",
    "read",
    "redirected",
    "scrubbed_headers",
    "shared_ssl_context",
    "timeouts",
    "trusted",
    "unpacked",
]

MOST_REDIRECTS = 5
"""How many requests may lead on to the next one before the answer is taken as it is."""

KEEPALIVE_EXPIRY = 30.0
"""Seconds that an unused connection is kept.

Servers and load balancers keep theirs for about a minute; being well below that keeps requests
from meeting a server that is just hanging up.
"""

_MOST_MEMBERS = 100

_DEFAULT_PORTS = {"http": 80, "https": 443}

S = TypeVar("S", bound="BaseModel")


@dataclass(frozen=True, slots=True)
class Address:
    """Where the service is: what a base URL says, split once."""

    scheme: str
    host: str
    port: int | None
    path: str = ""

    @classmethod
    def of(cls, url: str) -> Address:
        """Split a URL that has been checked."""
        parts = urlsplit(url)
        port = None if parts.port == _DEFAULT_PORTS.get(parts.scheme) else parts.port
        return cls(parts.scheme, parts.hostname or "", port, parts.path)

    @property
    def authority(self) -> str:
        """Host and port as a URL and the Host header write them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port: the URL without a path."""
        return f"{self.scheme}://{self.authority}"


@dataclass(slots=True)
class Request:
    """One request, ready to be written.

    Attributes:
        method: The method.
        address: Where it goes.
        target: The path with the query, as it stands in the request line.
        headers: Names and values; the API key is among them.
        content: The body, empty if there is none.
        most_bytes: What the answer may have at most, packed and unpacked.
    """

    method: str
    address: Address
    target: str
    headers: list[tuple[bytes, bytes]]
    content: bytes = b""
    most_bytes: int = DEFAULT_MOST_BYTES

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.url}>"

    @property
    def url(self) -> str:
        """The whole URL."""
        return self.address.origin + self.target


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, read to its end and unpacked."""

    status: int
    # A server may echo a key in either.
    headers: list[tuple[bytes, bytes]] = field(repr=False)
    content: bytes = field(repr=False)

    def header(self, name: bytes) -> str | None:
        """Return a header by its lower-case name."""
        return find_header(self.headers, name)


def find_header(headers: list[tuple[bytes, bytes]], name: bytes) -> str | None:
    """Return a header by its lower-case name."""
    for key, value in headers:
        if key.lower() == name:
            return value.decode("latin-1")
    return None


def scrubbed_headers(
    headers: list[tuple[bytes, bytes]], secrets: Iterable[str]
) -> list[tuple[bytes, bytes]]:
    """Return response headers without the secrets that a server may echo in them."""
    # As a rule there are none: looking for their escaped forms would be dear on every answer.
    text = b"\n".join([value for _, value in headers])
    if not any(secret.encode("utf-8") in text for secret in secrets):
        return headers
    values = [value.decode("utf-8", "surrogateescape") for _, value in headers]
    return [
        (name, scrub(value, secrets).encode("utf-8", "surrogateescape"))
        for (name, _), value in zip(headers, values, strict=True)
    ]


@dataclass(frozen=True, slots=True, repr=False)
class ResponseMeta:
    """How an object came here.

    Attributes:
        status_code: The HTTP status.
        attempts: One entry per try.
        elapsed: Seconds from the start of the call to the end of the answer.
    """

    status_code: int
    attempts: tuple[Attempt, ...]
    elapsed: float
    _headers: list[tuple[bytes, bytes]]

    @property
    def request_id(self) -> str | None:
        """The service's name for the request (header X-Request-Id); quote it to support."""
        return find_header(self._headers, b"x-request-id")

    @property
    def headers(self) -> Mapping[str, str]:
        """The response headers; names are found in upper and lower case."""
        import httpx

        return httpx.Headers(self._headers)

    def __repr__(self) -> str:
        return (
            f"ResponseMeta(status_code={self.status_code}, request_id={self.request_id!r},"
            f" attempts={len(self.attempts)}, elapsed={self.elapsed:.3f})"
        )


def timeouts(timeout: Timeout, left: float | None) -> tuple[dict[str, float | None], float | None]:
    """Return the bounds of each network operation, and of the attempt as a whole, in seconds.

    A plain number bounds the whole attempt; an `httpx.Timeout` bounds each operation as httpx
    has it. Neither reaches beyond what is left of the call's deadline.
    """
    if timeout is None or isinstance(timeout, (int, float)):
        whole = timeout if left is None else left if timeout is None else min(timeout, left)
        return {"connect": whole, "read": whole, "write": whole, "pool": left}, whole
    operations: dict[str, float | None] = timeout.as_dict()
    if left is not None:
        operations = {
            name: left if value is None else min(value, left) for name, value in operations.items()
        }
    return operations, left


@cache
def _ssl_context(cafile: str | None, capath: str | None) -> ssl.SSLContext:
    if cafile is None and capath is None:
        with loading:
            import certifi

            cafile = certifi.where()
    # OpenSSL takes a directory that is not there for an empty one. There may be several.
    places = capath.split(os.pathsep) if capath else []
    if cafile is None and not any(map(os.path.isdir, places)):
        raise ConfigurationError(
            f"The certificates to trust cannot be read from {capath!r}, which SSL_CERT_DIR names:"
            " that is no directory."
        )
    try:
        # OpenSSL has locks of its own, too.
        with loading:
            return ssl.create_default_context(cafile=cafile, capath=capath)
    except OSError as exc:
        raise ConfigurationError(
            f"The certificates to trust cannot be read from {cafile or capath!r}, which"
            f" SSL_CERT_FILE or SSL_CERT_DIR names ({exc.strerror or exc})."
        ) from exc


def shared_ssl_context() -> ssl.SSLContext:
    """Return the process's TLS settings, made once: reading the certificates takes 16 ms.

    `SSL_CERT_FILE` and `SSL_CERT_DIR` name other certificates to trust, as OpenSSL has it.
    """
    return _ssl_context(
        os.environ.get("SSL_CERT_FILE") or None, os.environ.get("SSL_CERT_DIR") or None
    )


def trusted() -> tuple[str, str | None]:
    """Return which authorities `shared_ssl_context` trusts: the files, and what names them."""
    named = {
        f"environment variable {name}": place
        for name in ("SSL_CERT_FILE", "SSL_CERT_DIR")
        if (place := os.environ.get(name))
    }
    if not named:
        import certifi

        return certifi.where(), None
    return " and ".join(named.values()), ", ".join(named)


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that the environment names.

    Attributes:
        address: Where it is.
        auth: The user name and password for it, if there are any.
    """

    address: Address
    auth: tuple[str, str] | None = field(default=None, repr=False)


def proxy_for(address: Address) -> Proxy | None:
    """Return the proxy that the environment sends requests to this address over, if any.

    It is named in `HTTP_PROXY`, `HTTPS_PROXY` or `ALL_PROXY`, and `NO_PROXY` makes exceptions, in
    upper or lower case.

    Raises:
        ConfigurationError: It is named in a way that cannot be used.
    """
    url, _ = _proxy_url(address)
    if url is None:
        return None
    # The URL is not shown: it may hold a password.
    unreadable = ConfigurationError(
        f"The environment names a proxy for {address.scheme} that cannot be read as a URL."
        " Write it like http://proxy.example:3128."
    )
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        proxy = Address.of(parts.geturl())
    except ValueError:
        raise unreadable from None
    if not proxy.host or not proxy.host.isascii() or " " in proxy.host:
        raise unreadable
    if proxy.scheme not in ("http", "https"):
        raise ConfigurationError(
            f"The environment names a {proxy.scheme} proxy, which only httpx with the package"
            " socksio can use: pass http_client=httpx.Client() (or httpx.AsyncClient())."
        )
    if parts.username is None:
        return Proxy(proxy)
    return Proxy(proxy, (unquote(parts.username), unquote(parts.password or "")))


def proxy_source(address: Address) -> str | None:
    """Return what names the proxy for this address or makes an exception of it, if anything."""
    return _proxy_url(address)[1]


def _proxy_url(address: Address) -> tuple[str | None, str | None]:
    """Return the proxy's URL, and what names it or makes an exception."""
    # On Linux a proxy can only be in the environment, and looking there spares an import that
    # takes as long as all others.
    if sys.platform not in ("darwin", "win32") and not any(
        name.lower().endswith("_proxy") for name in os.environ
    ):
        return None, None
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    kind = address.scheme if proxies.get(address.scheme) else "all"
    url = proxies.get(kind)
    if not url:
        return None, None
    # It takes the brackets of an IPv6 address for a part of the name.
    excepted = proxy_bypass(address.authority) or proxy_bypass(address.host)
    name, value = ("no_proxy", proxies.get("no")) if excepted else (f"{kind}_proxy", url)
    # Where both are set, the name in lower case holds: it sorts last.
    variables = [
        variable
        for variable in sorted(os.environ)
        if variable.lower() == name and os.environ[variable] == value
    ]
    source = f"environment variable {variables[-1]}" if variables else "settings of the system"
    return None if excepted else url, source


def unpacked(answer: Answer, most_bytes: int) -> Answer:
    """Return the answer with its body unpacked (RFC 9110, 8.4).

    Raises:
        AnswerTooLargeError: It is longer than `most_bytes` once unpacked.
        UnusableAnswerError: It is not packed as it says.
    """
    coding = (answer.header(b"content-encoding") or "identity").strip().lower()
    if coding == "identity" or not answer.content:
        return answer
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise UnusableAnswerError(answer, "is packed in a way that was not asked for")
    try:
        content = _inflated(answer.content, coding, most_bytes)
    except zlib.error as exc:
        raise UnusableAnswerError(answer, f"cannot be unpacked ({exc})") from exc
    return Answer(answer.status, answer.headers, content)


def _inflated(packed: bytes, coding: str, most_bytes: int) -> bytes:
    # 32 + MAX_WBITS: a gzip or a zlib header, whichever is there. Some servers send deflate
    # without zlib's header, against the RFC: zlib's first byte is always 0x?8.
    bare = coding == "deflate" and packed[0] & 0x0F != 8
    wbits = -zlib.MAX_WBITS if bare else 32 + zlib.MAX_WBITS
    content = b""
    # A gzip body may have several members, one after the other (RFC 1952, 2.2). What comes after
    # each is copied, so a body of nothing but members would take for ever.
    for _ in range(_MOST_MEMBERS):
        inflate = zlib.decompressobj(wbits)
        content += inflate.decompress(packed, most_bytes + 1 - len(content))
        if len(content) > most_bytes:
            raise AnswerTooLargeError(most_bytes)
        if not inflate.eof:
            raise zlib.error("the packed body is cut off")
        packed = inflate.unused_data
        if not packed:
            return content
    raise zlib.error(f"the packed body has more than {_MOST_MEMBERS} members")


def redirected(request: Request, answer: Answer) -> Request | None:
    """Return the request that a redirect leads to, or None where it must not be followed.

    Only what changes nothing twice is followed, and only to the same host: never with the key
    to another one, and never down from https to http.
    """
    if request.method not in ("GET", "DELETE") or answer.status not in (301, 302, 303, 307, 308):
        return None
    location = answer.header(b"location")
    if not location or (answer.status == 303 and request.method != "GET"):
        return None
    try:
        url = urljoin(request.url, location)
        there = Address.of(url)
        parts = urlsplit(url)
    except ValueError:
        return None
    here = request.address
    upgraded = (here.scheme, there.scheme) == ("http", "https")
    if there.host != here.host or not (upgraded or there.origin == here.origin):
        return None
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not target.isascii() or not target.isprintable() or " " in target:
        return None
    headers = [
        (name, there.authority.encode("ascii") if name == b"Host" else value)
        for name, value in request.headers
    ]
    return Request(request.method, there, target, headers, most_bytes=request.most_bytes)


def read(schema: type[S], request: RequestInfo, answer: Answer, secrets: Iterable[str]) -> S:
    """Return what the answer says.

    Raises:
        APIResponseError: It is no JSON, or not of this shape.
    """
    from pydantic import ValidationError

    from ._schemas import IN_WORDS, Answered

    parse = schema.from_json if issubclass(schema, Answered) else schema.model_validate_json
    try:
        return parse(answer.content)
    except ValidationError as exc:
        # What pydantic says holds what came in, so only places and kinds are taken from it.
        problems = exc.errors(include_url=False, include_context=False, include_input=False)
    except ValueError:
        problems = []
    if not answer.content:
        problem = "is empty"
    elif not problems or problems[0]["type"] == "json_invalid":
        problem = "is no JSON"
    else:
        places = "; ".join(
            f"{'.'.join(map(str, item['loc'])) or 'the whole'}: {item['msg']}"
            for item in problems[:3]
        )
        shape = IN_WORDS.get(schema, f"a {schema.__name__}")
        problem = f"has not the shape of {shape} ({places})"
    raise unusable(request, answer, problem, secrets)


def holds_json(content: bytes) -> bool:
    """Return whether a body is JSON at all."""
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return False
    return True


def httpx_timeout(operations: dict[str, float | None]) -> httpx.Timeout:
    """Return httpx's form of the bounds of each operation."""
    import httpx

    return httpx.Timeout(**operations)
