# Generated from src/root/_async/transport.py by scripts/generate_sync.py. Do not edit.
"""Carries out calls: attempts, redirects and waits, over the connections of an event loop."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast
from weakref import WeakKeyDictionary

from .._concurrency.loops import (
    checkpoint,
    current_loop,
    discard_closed_loops,
    live_keys,
)
from .._concurrency.waiting import KeyTimeoutError, resolved, sleep
from .._concurrency.workers import off_loop
from .._config import NOT_GIVEN, NotGiven
from .._config.validation import check_key
from .._forks import import_lock, process_identity
from .._http.bodies import compressions
from .._http.call import LARGE, Call
from .._http.exceptions import ClientClosedError, UnusableResponseError
from .._http.failures import Failure
from .._http.hooks import is_hooked
from .._http.messages import Origin
from .._http.offline import check_transport
from .._http.operation import Response
from .._http.redirects import MAX_REDIRECTS, redirected
from .._secrets.logs import active_secrets, install_log_filter
from ..errors import ConfigurationError
from .stream import Chunks, Stream

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from .._config import Timeout
    from .._config.config import Config
    from .._http.messages import RawResponse, Request
    from .._http.operation import Operation
    from .._http.parsing import UnreadableError
    from .._http.retry import Budget
    from .._schemas.meta import ResponseMeta
    from .httpx_client import HTTPX
    from .pool import Pool

__all__ = ["Transport"]

T = TypeVar("T")
V = TypeVar("V")


class Transport:
    """The connections that a client and its copies share: a pool for each event loop and process.

    Attributes:
        http_client: The user's own HTTP client, if there is one.
        closed: Whether the client that created it was closed.
    """

    def __init__(self, config: Config, http_client: httpx.Client | None, budget: Budget) -> None:
        _check_http_client(http_client, config)
        self._origin = Origin.from_url(config.base_url)
        self._max_connections = config.max_connections
        self._ssl_context = config.ssl_context
        self._budget = budget
        self.http_client = http_client
        # By process and event loop. After a fork, the sockets of the old ones belong to the
        # parent. They stay here, since even collecting them could close the parent's connections.
        self._by_process: dict[tuple[int, int], WeakKeyDictionary[object, Pool | HTTPX]] = {}
        self.closed = False

    def send(self, config: Config, operation: Operation[T]) -> Response[T]:
        """Carry out an operation, with retries, and return the response.

        Args:
            config: The settings of the client.
            operation: The operation.
        """
        call = Call(operation, self._origin, config, self._budget, Stream)
        secrets_before = active_secrets.get()
        while True:
            result: Response[T] | Failure | None
            try:
                key = config.api_key
                if callable(key):
                    key = check_key(
                        resolved(key(), call.remaining()),
                        "The return value of the api_key function",
                    )
                    if call.remaining() == 0:
                        # A function that blocks is not interrupted.
                        raise KeyTimeoutError
                request = call.request(key)
                active_secrets.set(call.secrets)
                response = self.follow(request, call.timeout, call.until)
                read: T | UnreadableError | NotGiven = NOT_GIVEN
                if len(response.content) > LARGE and 200 <= response.status < 300:
                    read = _off_loop(partial(call.read, response), call.remaining())
            except Exception as exc:
                result = call.failed(exc, closed="client" if self.closed else None)
                if result is None:
                    raise
            else:
                result = self._conclude(call, response, read)
            finally:
                # Not by its token: an interrupted call may end in another context.
                active_secrets.set(secrets_before)
            if not isinstance(result, Failure):
                return result
            wait = call.settle(result)
            if wait is None:
                # Outside of `except`, which would make the exception the error's context.
                raise result.error from result.source
            sleep(wait)

    def _conclude(
        self, call: Call[T], response: RawResponse, read: T | UnreadableError | NotGiven
    ) -> Response[T] | Failure:
        """Return the outcome of an attempt that got a response, as a stream if it is one."""
        chunks = response.chunks
        if chunks is None:
            return call.conclude(response, read)
        assert isinstance(chunks, Chunks)
        if compressions(response):
            chunks.drop()
            problem = "is compressed, which the request did not accept"
            failure = call.failed(UnusableResponseError(response, problem))
            assert failure is not None
            return failure
        meta = call.succeed(response)

        def explain(exc: Exception, meta: ResponseMeta) -> Failure | None:
            closed: str | None = None
            if isinstance(exc, UnusableResponseError):
                # Not because of the connection.
                pass
            elif chunks.is_closed:
                closed = "stream"
            elif self.closed and self.http_client is None:
                # The connections of an HTTP client that was passed stay open.
                closed = "client"
            return call.settle_stream(exc, meta, closed=closed)

        stream = Stream(chunks, meta, explain)
        return Response(cast("T", stream), meta)

    def follow(self, request: Request, timeout: Timeout, deadline: float | None) -> RawResponse:
        """Send a request and those that follow its redirects; return the last response.

        Args:
            request: The request.
            timeout: Seconds for each exchange, or an `httpx.Timeout`.
            deadline: When the call must end, on the clock of `monotonic`.
        """
        exchanges = 0
        while True:
            # All in one function, since each further one would cost every call.
            pool = self._pools().get(current_loop()) or self._open_pool()
            # Checked after that, or a pool that is created while another thread closes the client
            # would stay open.
            if self.closed:
                self.close()
                raise ClientClosedError
            exchange = pool.exchange_over_httpx if is_hooked() else pool.exchange
            response = exchange(request, timeout, deadline)
            following = redirected(request, response)
            exchanges += 1
            if following is None or exchanges == MAX_REDIRECTS:
                return response
            request = following

    def _open_pool(self) -> Pool | HTTPX:
        """Return the connections of this event loop and process, which are new."""
        pools = self._pools()
        loop = current_loop()
        with import_lock:
            created = self._new_pool(loop)
        # Another thread may have been faster.
        pool = pools.setdefault(loop, created)
        if pool is created:
            created.start()
            discard_closed_loops(pools)
        return pool

    def close(self) -> None:
        """Close all connections."""
        self.drop()
        # An event loop closes sockets in its next iteration.
        checkpoint()

    def drop(self) -> None:
        """Close the connections of this event loop, and have the others close theirs."""
        self.closed = True
        pools = self._pools()
        # The finalizers of other threads' pools close their connections; calls that wait there
        # must not start.
        for loop in live_keys(pools):
            waiting = pools.get(loop)
            if waiting is not None:
                waiting.refuse()
        with suppress(RuntimeError):
            pool = pools.get(current_loop())
            if pool is not None:
                pool.close()
        # The finalizers of the others run now, each in its own event loop.
        pools.clear()

    def _pools(self) -> WeakKeyDictionary[object, Pool | HTTPX]:
        process = process_identity()
        pools = self._by_process.get(process)
        if pools is None:
            pools = self._by_process.setdefault(process, WeakKeyDictionary())
        return pools

    def _new_pool(self, loop: object) -> Pool | HTTPX:
        # Imported late: httpcore takes 40 ms, which `import root` should not. The lock for
        # imports is held here, so what the rest of a first call needs is imported here too.
        from .._http import parsing as parsing
        from .._schemas import requests as requests
        from .httpx_client import HTTPX
        from .pool import Pool

        install_log_filter()
        if self.http_client is not None:
            check_transport(self.http_client, self._origin)
            if any(other != process_identity() for other in self._by_process):
                raise ConfigurationError(
                    "The HTTP client that was passed to this client was in use in the process that"
                    " this one was forked from. Create new clients in this process."
                )
            return HTTPX(self.http_client, self._max_connections, loop)
        return Pool(self._origin, self._max_connections, loop, self._ssl_context)


def _off_loop(work: Callable[[], V], remaining: float | None) -> V:
    """Do some work that takes long, without holding up an event loop.

    Args:
        work: The work.
        remaining: Seconds that remain of the deadline.
    """
    try:
        return off_loop(work, remaining)
    except TimeoutError:
        # Imported late, since it takes long; where a response has arrived, it was imported before.
        import httpcore

        raise httpcore.ReadTimeout("The response was not parsed in time.") from None


def _check_http_client(http_client: object, config: Config) -> None:
    if http_client is None:
        return
    if config.ssl_context is not None:
        raise ConfigurationError(
            "ssl_context has no effect on an HTTP client that is passed: pass it to that client"
            " (verify=...), and omit it here."
        )
    # Imported late: a user who has an httpx client has imported httpx.
    import httpx

    if not isinstance(http_client, httpx.Client):
        # With their modules: httpx2 has clients of the same names.
        expected, given = (
            f"{kind.__module__}.{kind.__qualname__}" for kind in (httpx.Client, type(http_client))
        )
        raise ConfigurationError(f"http_client must be an {expected}, not {given}.")
