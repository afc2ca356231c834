"""What a client sends through: a pool for each event loop and each process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from .._concurrency import async_current_loop

if TYPE_CHECKING:
    import httpx

    from .._config import Timeout
    from .._http import Address, Answer, Request
    from .pool import AsyncHTTPX, AsyncPool

__all__ = ["AsyncTransport"]


class AsyncTransport:
    """What a client and its copies share.

    Attributes:
        http_client: The user's own client, if there is one.
        closed: Whether the client that made it was closed.
    """

    def __init__(
        self, address: Address, max_connections: int, http_client: httpx.AsyncClient | None
    ) -> None:
        self._address = address
        self._max_connections = max_connections
        self.http_client = http_client
        self._pools: WeakKeyDictionary[object, AsyncPool | AsyncHTTPX] = WeakKeyDictionary()
        self.closed = False
        self._process = os.getpid()
        self._inherited: list[object] = []

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
            return AsyncHTTPX(async_proxied_client(self._max_connections), borrowed=False)
        return AsyncPool(self._address, self._max_connections, loop)
