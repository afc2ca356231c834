# Generated from src/root/_async/hooked.py by scripts/generate_sync.py. Do not edit.
"""Exchanges that go through httpx, so that the tools that have hooked it see them.

The httpx client has no connections: what it sends comes back to the pool. So timeouts, limits,
cancellation and forks are the same as without it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from math import inf
from typing import cast
from weakref import ref

import httpcore
import httpx

from .._concurrency.waiting import monotonic, shielded
from .._config import TRANSPORT, Timeout
from .._http.messages import RawResponse, Request, timeouts
from .._schemas.meta import Headers
from .._secrets.secret import hidden, shown
from ..errors import ConfigurationError
from .connection import Content
from .httpx_client import GRACE_PERIOD, content_of, read, stream_of
from .stream import Chunks

__all__ = ["exchange_over_httpx"]

_Exchange = Callable[[Request, Timeout, "float | None"], RawResponse]

# The extension of httpx's requests and responses that has the `_PendingRequest`.
_CARRIED = "root.carried"


class _PendingRequest:
    """A request that is passed through httpx, and its outcome.

    Attributes:
        response: The response of the service, if it was sent there.
        error: The exception, if sending it failed.
    """

    def __init__(
        self, exchange: _Exchange, request: Request, timeout: Timeout, deadline: float | None
    ) -> None:
        self._exchange: _Exchange | None = exchange
        self._request: Request | None = request
        self._timeout = timeout
        self._deadline = deadline
        self.response: RawResponse | None = None
        self.error: Exception | None = None

    def send(self, headers: Headers) -> RawResponse:
        """Send the request to the service, with headers that a tool may have added to."""
        # The API key is among them.
        headers = hidden(headers)
        exchange, request = self._exchange, self._request
        if exchange is None or request is None:
            raise ConfigurationError(
                "A tool that has hooked httpx sends a request again, after its call has ended."
            )
        try:
            self.response = exchange(
                replace(request, headers=shown(headers)), self._timeout, self._deadline
            )
        except Exception as exc:
            self.error = exc
            raise
        return self.response

    def end(self) -> None:
        """Forget the request. A connection keeps the context in which it was opened, and this."""
        self._exchange = self._request = None


# The request that is being passed through httpx in this context.
_current: ContextVar[_PendingRequest | None] = ContextVar("root_carried", default=None)


class _WeakStream:
    """A weak reference to the body of a stream.

    Responses of httpx refer to themselves. A stream that is dropped must not wait with its
    connection until they are collected.
    """

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = ref(chunks)

    def __iter__(self) -> Iterator[bytes]:
        chunks = self._chunks()
        assert chunks is not None
        return iter(chunks)

    def close(self) -> None:
        """Close the stream."""
        chunks = self._chunks()
        if chunks is not None:
            chunks.close()


class _PoolAdapter:
    """Takes the place of the pool of httpx's transport."""

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request over the pool that it came from."""
        # httpcore has no type for the values of extensions.
        extensions = cast("dict[str, object]", request.extensions)  # pyright: ignore[reportUnknownMemberType]
        # A tool may send another request in place of this one, or send it in another thread.
        carried = extensions.get(_CARRIED) or _current.get()
        if carried is None:
            raise ConfigurationError(
                "A tool that has hooked httpx sends a request of its own, in another thread, in"
                " place of the one of this client. With the environment variable"
                f" {TRANSPORT}=direct, requests do not go through httpx."
            )
        assert isinstance(carried, _PendingRequest)
        response = carried.send(request.headers)
        headers = response.headers
        content: bytes | _WeakStream = response.content
        if response.chunks is None:
            # The body is decompressed.
            changed = (b"content-encoding", b"content-length", b"transfer-encoding")
            headers = [pair for pair in headers if pair[0].lower() not in changed]
        else:
            assert isinstance(response.chunks, Chunks)
            content = _WeakStream(response.chunks)
        return httpcore.Response(
            response.status, headers=headers, content=content, extensions={_CARRIED: carried}
        )

    def close(self) -> None:
        """Do nothing: there are no connections."""


class _Transport(httpx.HTTPTransport):
    """httpx's transport, whose methods tools replace, without connections."""

    def __init__(self) -> None:
        # The methods of the base class use nothing else.
        self._pool = _PoolAdapter()  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]


def exchange_over_httpx(
    exchange: _Exchange,
    loop: object,
    request: Request,
    timeout: Timeout,
    deadline: float | None,
) -> RawResponse:
    """Send a request through httpx, and return the response of the service or of a tool.

    Args:
        exchange: Sends a request over a connection of the pool.
        loop: The event loop.
        request: The request.
        timeout: Seconds for the exchange, or an `httpx.Timeout`.
        deadline: When the call must end, on the clock of `time.monotonic`.
    """
    carried = _PendingRequest(exchange, request, timeout, deadline)
    url = _url(request)
    if url is None:
        return exchange(request, timeout, deadline)
    operations, whole = timeouts(timeout, None if deadline is None else deadline - monotonic())
    until = inf if whole is None else monotonic() + whole
    # Only a tool reads it: the pool sends the body itself.
    content = Content(request.body, operations["write"], until)
    hides_body = request.body is not None and request.body.is_once
    response: httpx.Response | None = None
    before = _current.get()
    _current.set(carried)
    try:
        sending = _client().send(
            httpx.Request(
                request.method,
                url,
                headers=request.headers,
                # What can be read only once must be left to the pool.
                content=b"" if hides_body else content_of(request, content),
                extensions={"timeout": operations, _CARRIED: carried},
            ),
            stream=True,
            follow_redirects=False,
        )
        # The pool has its own timeouts. This one is for the tool.
        response = shielded(
            sending, None if whole is None else whole + GRACE_PERIOD, is_shielded=False
        )
    except httpx.RequestError as exc:
        # The request in it has the key in its headers.
        exc.request = httpx.Request(request.method, url)
        if carried.error is None:
            raise
    finally:
        # Not by a token: an interrupted call may end in another context.
        _current.set(before)
        carried.end()
        content.close()
    if response is None:
        # Outside of `except`: httpx's error has this one as its cause.
        assert carried.error is not None
        raise carried.error
    sent, carried.response = carried.response, None
    if sent is None or response.extensions.get(_CARRIED) is not carried:
        # A tool responded in place of the service, or with the body of the service's response.
        if sent is not None:
            response.extensions["root.chunks"] = sent.chunks
        return read(request, response, until) or stream_of(response, loop, deadline)
    if sent.chunks is None:
        response.read()
    elif isinstance(sent.chunks, Chunks) and sent.chunks.is_released:
        # A tool has recorded it.
        return stream_of(response, loop, deadline)
    return sent


def _url(request: Request) -> httpx.URL | None:
    """Return the URL of a request, or None if httpx has no form of it, so no tool can see it.

    It accepts at most 65,536 characters, and host names that are valid in IDNA 2008.
    """
    try:
        url = httpx.URL(request.url)
        # Parsed when it is read.
        _ = url.host
    except (httpx.InvalidURL, UnicodeError):
        return None
    return url


def _client() -> httpx.Client:
    """Return the client of the class that httpx has now, which a tool may have replaced."""
    kind = httpx.Client
    client = _clients.get(kind)
    if client is None:
        # As without httpx, no cookies are kept, and there are neither redirects nor proxies.
        cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        transport = _Transport()
        try:
            client = kind(transport=transport, cookies=cookies, trust_env=False)
        except TypeError:
            # It cannot be created like httpx's own, or that of httpx2 under its name.
            own = sys.modules[f"{httpx.__name__}._client"]
            original: type[httpx.Client] = own.Client
            client = original(transport=transport, cookies=cookies, trust_env=False)
        client = _clients.setdefault(kind, client)
    return client


# They have neither connections nor anything else of an event loop or a process.
_clients: dict[type[httpx.Client], httpx.Client] = {}
