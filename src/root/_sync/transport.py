# Generated from src/root/_async/transport.py by scripts/generate_sync.py. Do not edit.
"""What a client sends through: a pool for each event loop and each process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from .._concurrency import current_loop

if TYPE_CHECKING:
    import httpx

    from .._config import Timeout
    from .._http import Address, Answer, Request
    from .pool import HTTPX, Pool

__all__ = ["Transport"]


class Transport:
    """What a client and its copies share.

    Attributes:
        http_client: The user's own client, if there is one.
        closed: Whether the client that made it was closed.
    """

    def __init__(
        self, address: Address, max_connections: int, http_client: httpx.Client | None
    ) -> None:
        self._address = address
        self._max_connections = max_connections
        self.http_client = http_client
        self._pools: WeakKeyDictionary[object, Pool | HTTPX] = WeakKeyDictionary()
        self.closed = False
        self._process = os.getpid()
        self._inherited: list[object] = []

    def exchange(self, request: Request, timeout: Timeout, deadline: float | None) -> Answer:
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
        loop = current_loop()
        pool = self._pools.get(loop)
        if pool is None:
            made = self._made(loop)
            # Another thread may have been faster.
            pool = self._pools.setdefault(loop, made)
            if pool is made:
                made.start()
        return pool.exchange(request, timeout, deadline)

    def close(self) -> None:
        """Close all connections."""
        pool = self._pools.get(current_loop()) if self._process == os.getpid() else None
        self.drop()
        if pool is not None:
            pool.close()

    def drop(self) -> None:
        """Forget all connections; their guards close them, each in its own event loop."""
        self.closed = True
        if self._process == os.getpid():
            self._pools.clear()

    def _made(self, loop: object) -> Pool | HTTPX:
        # Imported late: httpcore takes 40 ms, which `import root` should not.
        from .._http import is_proxied, proxied_client
        from .pool import HTTPX, Pool

        if self.http_client is not None:
            return HTTPX(self.http_client, borrowed=True)
        if is_proxied(self._address):
            return HTTPX(proxied_client(self._max_connections), borrowed=False)
        return Pool(self._address, self._max_connections, loop)
