"""The clients: `RootSignals`, blocking and with async twins, and `AsyncRootSignals`.

A `RootSignals` and the `AsyncRootSignals` behind its async methods, its twin, are two halves of
one object, so each reaches for the other's private parts.

Programs import this whether they make a call or not, so what a client is made of is loaded when
one is made, and what a call takes when it is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from ._async.client import AsyncRootSignals
from ._defaults import DEFAULT_MOST_BYTES, DEFAULT_TIMEOUT
from ._sync import client as _sync

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping
    from types import TracebackType

    import httpx

    from ._config import Config
    from ._retry import Budget
    from .checks import Report
    from .config import Settings
    from .models import Models

__all__ = ["AsyncRootSignals", "RootSignals"]


class RootSignals(_sync.RootSignals):
    """A client of the Root Signals API, blocking; the prefix `a` makes a method async.

    It is configuration plus connections that are made on first use, so one object can be used
    from every thread and event loop, and after a fork. Close it with `close()` or use it in a
    `with` block; a client that is merely dropped closes its connections, too.

    Args:
        api_key: The API key, or a function that is asked for it before each attempt. Left out,
            it is the environment variable `ROOTSIGNALS_API_KEY`, or else the line of that name
            in the file `.env` of the working directory.
        base_url: Where the API is. Left out, it is the environment variable
            `ROOTSIGNALS_API_URL`, or else https://api.app.rootsignals.ai.
        timeout: Seconds that one attempt may take, or an `httpx.Timeout` to bound each of its
            operations, or None for no bound.
        deadline: Seconds that a whole call may take, all attempts and waits together, or None
            for no bound.
        max_retries: How often a call is tried again at most. Only what cannot have happened
            twice is tried again.
        max_connections: How many connections may be open at once, in each event loop and for
            all blocking calls together. Further requests wait for a free one, within their
            deadline.
        max_response_bytes: Bytes that one answer may have, as it comes and unpacked. More is not
            read.
        default_headers: Headers to send with every request.
        ssl_context: Whom to trust, and what to show of yourself, over TLS: for a company's own
            certificates, the system's (`truststore`) or a client certificate. Left out, it is
            certifi's, or what `SSL_CERT_FILE` or `SSL_CERT_DIR` names.
        http_client: An httpx client of yours to send through. It is used, and not closed.
        async_http_client: The same for the async methods.
        run_async: Accepted for code written for the old SDK; it changes nothing.

    Raises:
        ConfigurationError: There is no API key, or a setting cannot be right.
    """

    # A client that comes out of a pickle was not made by __init__.
    _models_and_twins: Models
    run_async: bool = False
    _async_http_client: httpx.AsyncClient | None = None

    def __init__(
        self,
        api_key: str | Callable[[], str] | None = None,
        *,
        base_url: str | None = None,
        timeout: float | httpx.Timeout | None = DEFAULT_TIMEOUT,
        deadline: float | None = None,
        max_retries: int = 2,
        max_connections: int = 100,
        max_response_bytes: int = DEFAULT_MOST_BYTES,
        default_headers: Mapping[str, str] | None = None,
        ssl_context: ssl.SSLContext | None = None,
        http_client: httpx.Client | None = None,
        async_http_client: httpx.AsyncClient | None = None,
        run_async: bool = False,
    ) -> None:
        from ._secrets import unshown

        self.run_async = run_async
        self._async_http_client = async_http_client
        api_key = unshown(api_key)
        super().__init__(
            api_key,
            base_url=base_url,
            timeout=timeout,
            deadline=deadline,
            max_retries=max_retries,
            max_connections=max_connections,
            max_response_bytes=max_response_bytes,
            default_headers=default_headers,
            ssl_context=ssl_context,
            http_client=http_client,
        )

    @property
    def models(self) -> Models:
        """The models that evaluations run on."""
        if "_models_and_twins" not in self.__dict__:
            from ._concurrency import loading

            # Imported late: pydantic takes 80 ms, which `import root` should not.
            with loading:
                from .models import Models

            self._models_and_twins = Models(self, self._twin.models)
        return self._models_and_twins

    @property
    def config(self) -> Settings:
        """What the client was told: `client.config.explain()` says where each setting is from."""
        from .config import Settings

        own = {
            "http_client": self._transport.http_client,
            "async_http_client": self._async_http_client,
        }
        return Settings(self._config, own, uses_pool=None in own.values())

    async def acheck(self, *, timeout: float = 10) -> Report:
        """Do what `check` does, over the connections of the async methods."""
        return await self._twin.check(timeout=timeout)

    def close(self) -> None:
        """Close the connections, of the async methods too; the client cannot be used any more.

        A client made by `with_options` leaves the connections to the one it was made from, and
        an http client of yours stays open.
        """
        super().close()
        self._twin._drop()  # pyright: ignore[reportPrivateUsage]

    async def aclose(self) -> None:
        """Do what `close` does, and wait until the async methods' connections are closed."""
        super().close()
        await self._twin.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def _connect(self, config: Config, http_client: httpx.Client | None, budget: Budget) -> None:
        super()._connect(config, http_client, budget)
        self._twin = AsyncRootSignals._of(  # pyright: ignore[reportPrivateUsage]
            config, self._async_http_client, budget
        )

    def __getstate__(self) -> Config:
        # The twin refuses to be pickled with an http client of its own.
        self._twin.__getstate__()
        return super().__getstate__()

    def _copy(self, config: Config) -> Self:
        """Return a client with other settings and the same connections."""
        copy = super()._copy(config)
        copy.__dict__.pop("_models_and_twins", None)
        copy._twin = self._twin._copy(config)  # pyright: ignore[reportPrivateUsage]
        return copy
