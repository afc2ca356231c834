# Generated from src/root/_async/transport.py by scripts/generate_sync.py. Do not edit.
"""The way of a call: its attempts, redirects and waits, over the connections of the moment."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakKeyDictionary

from .._call import Call
from .._concurrency import (
    current_loop,
    forget_ended,
    live,
    loading,
    next_round,
    process,
    sleep,
    value,
)
from .._config import call_deadline, check_key
from .._defaults import DEFAULT_TIMEOUT
from .._failures import ClientClosedError
from .._http import MOST_REDIRECTS, Address, redirected
from .._logs import hidden, scrub_logs
from .._offline import check_transport
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx
    from pydantic import BaseModel

    from .._config import Config, Timeout
    from .._http import Answer, Request
    from .._retry import Budget
    from .pool import HTTPX, Pool

    S = TypeVar("S", bound=BaseModel)

__all__ = ["Transport"]


class Transport:
    """What a client and its copies share: connections, a pool for each loop and process.

    Attributes:
        http_client: The user's own client, if there is one.
        closed: Whether the client that made it was closed.
    """

    def __init__(self, config: Config, http_client: httpx.Client | None, budget: Budget) -> None:
        _check_http_client(http_client, config)
        self._address = Address.of(config.base_url)
        self._max_connections = config.max_connections
        self._ssl_context = config.ssl_context
        self._budget = budget
        self.http_client = http_client
        # By process and event loop. After a fork the sockets of the old ones are the parent's:
        # they stay here, since even collecting them could say goodbye in the parent's name.
        self._by_process: dict[tuple[int, int], WeakKeyDictionary[object, Pool | HTTPX]] = {}
        self.closed = False

    def request(
        self,
        config: Config,
        method: str,
        path: str,
        schema: type[S] | None,
        *,
        query: Mapping[str, str] | None,
        body: bytes,
        default_timeout: float,
        deadline: float | None,
        once: bool,
        secrets: tuple[str, ...],
    ) -> S | None:
        """Make a call; the arguments are those of the client's method of this name."""
        bound = default_timeout if config.timeout == DEFAULT_TIMEOUT else config.timeout
        call = Call(
            method,
            path,
            query=query,
            body=body,
            address=self._address,
            deadline=config.deadline if deadline is None else call_deadline(deadline),
            max_retries=config.max_retries,
            budget=self._budget,
            once=once,
            secrets=secrets,
            most_bytes=config.max_response_bytes,
        )
        hidden_before = hidden.get()
        while True:
            answer: Answer | None = None
            try:
                key = config.api_key
                if callable(key):
                    key = check_key(value(key(), call.left()), "What the api_key function returns")
                request = call.request(config.headers, key)
                hidden.set(call.hidden)
                for _ in range(MOST_REDIRECTS):
                    # What breaks from here on is not the redirect's.
                    answer = None
                    answer = self.exchange(request, bound, call.until)
                    following = redirected(request, answer)
                    if following is None:
                        break
                    request = following
                assert answer is not None
                return call.result(answer, schema)
            except Exception as exc:  # noqa: BLE001 - it is raised again below, or repeated.
                error, wait = call.failure(exc, answer, bound, closed=self.closed)
                cause = call.cause(exc, error)
            finally:
                # Not by its token: what was interrupted may end in another context.
                hidden.set(hidden_before)
            # Not within `except`, which would hang what it caught onto the error all the same.
            if wait is None:
                raise error from cause
            sleep(wait)

    def exchange(self, request: Request, timeout: Timeout, deadline: float | None) -> Answer:
        """Send a request and return the answer, read to its end and unpacked.

        Args:
            request: What to send.
            timeout: Seconds for this attempt, or `httpx.Timeout`.
            deadline: When the call must be over, on the clock of `time.monotonic`.
        """
        pools = self._pools()
        loop = current_loop()
        pool = pools.get(loop)
        if pool is None:
            with loading:
                made = self._made(loop)
            # Another thread may have been faster.
            pool = pools.setdefault(loop, made)
            if pool is made:
                made.start()
                forget_ended(pools)
        # Only now, or a pool that is made while another thread closes the client would stay.
        if self.closed:
            self.close()
            raise ClientClosedError
        return pool.exchange(request, timeout, deadline)

    def close(self) -> None:
        """Close all connections."""
        self.drop()
        # An event loop closes sockets in its next round.
        next_round()

    def drop(self) -> None:
        """Close the connections of this event loop, and have the others close theirs."""
        self.closed = True
        pools = self._pools()
        # Those of other threads are ended by their guards; what waits there must not begin.
        for loop in live(pools):
            waiting = pools.get(loop)
            if waiting is not None:
                waiting.refuse()
        with suppress(RuntimeError):
            pool = pools.get(current_loop())
            if pool is not None:
                pool.end()
        # The guards of the others see to it, each in its own event loop.
        pools.clear()

    def _pools(self) -> WeakKeyDictionary[object, Pool | HTTPX]:
        here = process()
        pools = self._by_process.get(here)
        if pools is None:
            pools = self._by_process.setdefault(here, WeakKeyDictionary())
        return pools

    def _made(self, loop: object) -> Pool | HTTPX:
        # Imported late: httpcore takes 40 ms, which `import root` should not.
        from .pool import HTTPX, Pool

        scrub_logs()
        if self.http_client is not None:
            check_transport(self.http_client, self._address)
            if any(other != process() for other in self._by_process):
                raise ConfigurationError(
                    "An http client of yours, and its connections, were in use in the process that"
                    " this one was forked from. Make the clients anew in this process."
                )
            return HTTPX(self.http_client, self._max_connections)
        return Pool(self._address, self._max_connections, loop, self._ssl_context)


def _check_http_client(http_client: object, config: Config) -> None:
    if http_client is None:
        return
    if config.ssl_context is not None:
        raise ConfigurationError(
            "ssl_context has no effect on an http client of yours: give it to that"
            " (verify=...), and leave it out here."
        )
    # Not before: who has a client has imported it.
    import httpx

    if not isinstance(http_client, httpx.Client):
        # With their modules: httpx2 names its clients alike.
        wanted, given = (
            f"{kind.__module__}.{kind.__qualname__}" for kind in (httpx.Client, type(http_client))
        )
        raise ConfigurationError(f"An http client for this use must be an {wanted}, not {given}.")
