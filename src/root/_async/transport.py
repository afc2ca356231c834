"""The way of a call: its attempts, redirects and waits, over the connections of the moment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakKeyDictionary

from .._call import Call
from .._concurrency import async_current_loop, async_sleep, async_value
from .._config import call_deadline, check_key
from .._defaults import DEFAULT_TIMEOUT
from .._http import MOST_REDIRECTS, Address, redirected

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx
    from pydantic import BaseModel

    from .._config import Config, Timeout
    from .._http import Answer, Request
    from .._retry import Budget
    from .pool import AsyncHTTPX, AsyncPool

    S = TypeVar("S", bound=BaseModel)

__all__ = ["AsyncTransport"]


class AsyncTransport:
    """What a client and its copies share: connections, a pool for each loop and process.

    Attributes:
        http_client: The user's own client, if there is one.
        closed: Whether the client that made it was closed.
    """

    def __init__(
        self, config: Config, http_client: httpx.AsyncClient | None, budget: Budget
    ) -> None:
        self._address = Address.of(config.base_url)
        self._max_connections = config.max_connections
        self._ssl_context = config.ssl_context
        self._budget = budget
        self.http_client = http_client
        self._pools: WeakKeyDictionary[object, AsyncPool | AsyncHTTPX] = WeakKeyDictionary()
        self.closed = False
        self._process = os.getpid()
        self._inherited: list[object] = []

    async def request(
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
        )
        while True:
            key = config.api_key
            if callable(key):
                key = check_key(await async_value(key()), "What the api_key function returns")
            answer: Answer | None = None
            try:
                request = call.request(config.headers, key)
                for _ in range(MOST_REDIRECTS):
                    answer = await self.exchange(request, bound, call.until)
                    following = redirected(request, answer)
                    if following is None:
                        break
                    request = following
                assert answer is not None
                return call.result(answer, schema)
            except Exception as exc:
                error, wait = call.failure(exc, answer, bound)
                if wait is None:
                    if error is exc:
                        raise
                    raise error from exc
            await async_sleep(wait)

    async def exchange(self, request: Request, timeout: Timeout, deadline: float | None) -> Answer:
        """Send a request and return the answer, read to its end and unpacked.

        Args:
            request: What to send.
            timeout: Seconds for this attempt, or `httpx.Timeout`.
            deadline: When the call must be over, on the clock of `time.monotonic`.
        """
        if self._process != os.getpid():
            # After a fork the sockets are the parent's. They are kept from being collected,
            # since closing them here could say goodbye in the parent's name.
            self._inherited.append(self._pools)
            self._pools = WeakKeyDictionary()
            self._process = os.getpid()
        loop = async_current_loop()
        pool = self._pools.get(loop)
        if pool is None:
            made = self._made(loop)
            # Another thread may have been faster.
            pool = self._pools.setdefault(loop, made)
            if pool is made:
                await made.start()
        return await pool.exchange(request, timeout, deadline)

    async def aclose(self) -> None:
        """Close all connections."""
        pool = self._pools.get(async_current_loop()) if self._process == os.getpid() else None
        self.drop()
        if pool is not None:
            await pool.aclose()

    def drop(self) -> None:
        """Forget all connections; their guards close them, each in its own event loop."""
        self.closed = True
        if self._process == os.getpid():
            self._pools.clear()

    def _made(self, loop: object) -> AsyncPool | AsyncHTTPX:
        # Imported late: httpcore takes 40 ms, which `import root` should not.
        from .._http import async_proxied_client, is_proxied
        from .pool import AsyncHTTPX, AsyncPool

        if self.http_client is not None:
            return AsyncHTTPX(self.http_client, borrowed=True)
        if is_proxied(self._address):
            return AsyncHTTPX(
                async_proxied_client(self._max_connections, self._ssl_context), borrowed=False
            )
        return AsyncPool(self._address, self._max_connections, loop, self._ssl_context)
