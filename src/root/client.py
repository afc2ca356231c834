"""The clients: `RootSignals`, blocking and with async twins, and `AsyncRootSignals`.

Programs import this module whether they make a call or not. So the parts of a client are imported
when one is created, and the parts of a call when it is made.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, ClassVar, NoReturn, Self

from ._accessor import Accessor
from ._async.client import AsyncRootSignals
from ._config import DEFAULT_TIMEOUT, NOT_GIVEN, NotGiven
from ._sync import client as _sync

if TYPE_CHECKING:
    import os
    import ssl
    from collections.abc import Callable, Coroutine, Mapping
    from types import TracebackType
    from typing import BinaryIO

    import httpx
    from typing_extensions import TypeVar

    from ._config import Timeout
    from ._config.config import Config
    from ._config.deadlines import Deadline
    from ._http.operation import Operation, Query, Response
    from ._http.retry import Budget
    from .checks import Report
    from .config import Settings
    from .datasets import DataSets
    from .errors import JSONValue
    from .evaluators import Evaluators
    from .execution_logs import ExecutionLogs
    from .judges import Judges
    from .models import Models
    from .objectives import Objectives
    from .projects import Projects

    V = TypeVar("V", default=JSONValue)
else:
    from typing import TypeVar

    V = TypeVar("V")

__all__ = ["AsyncRootSignals", "RootSignals"]

T = TypeVar("T")


def _no_with(client: AsyncRootSignals) -> NoReturn:
    # Imported late, as below: few programs make these mistakes.
    from ._concurrency.mixups import refused

    raise refused("with", type(client))


def _missing(client: AsyncRootSignals, name: str) -> NoReturn:
    from ._concurrency.mixups import missing_attribute

    raise missing_attribute(client, name)


if not TYPE_CHECKING:
    AsyncRootSignals.__getattr__ = _missing
    # `with` looks up one of them first, `__exit__` since Python 3.14. Without the other one, the
    # client is not a context manager for `isinstance`.
    if sys.version_info >= (3, 14):
        AsyncRootSignals.__exit__ = property(_no_with)
    else:
        AsyncRootSignals.__enter__ = property(_no_with)


class _AsyncHalf(AsyncRootSignals):
    """The async half of a blocking client. Every call goes through that client's `asend`."""

    whole: RootSignals

    @classmethod
    def of(
        cls,
        client: RootSignals,
        config: Config,
        http_client: httpx.AsyncClient | None,
        budget: Budget,
    ) -> Self:
        """Return the async half of a client."""
        half = cls._of(config, http_client, budget)
        half.whole = client
        return half

    def send(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, operation: Operation[T]
    ) -> Coroutine[object, object, Response[T]]:
        # Not a coroutine of its own around that one: it would cost each call.
        return self.whole.asend(operation)

    def __reduce__(self) -> tuple[Callable[[RootSignals], AsyncRootSignals], tuple[RootSignals]]:
        return _async_half, (self.whole,)


def _async_half(client: RootSignals) -> AsyncRootSignals:
    return client._async  # pyright: ignore[reportPrivateUsage]


class RootSignals(_sync.RootSignals):
    """A client of the Root Signals API, blocking; the prefix `a` makes a method async.

    A client is its settings, plus connections that are opened on first use. So one object can be
    used in every thread and event loop, and after a fork. Close it with `close()` or use it in a
    `with` block; a client that is merely dropped closes its connections too.

    Every call goes through `send`, and those of async methods through `asend`: a subclass that
    overrides these sees all of them. Only the requests of `check` and `acheck` do not.

    Args:
        api_key: The API key, or a function that returns one, called before each attempt. If
            omitted: the environment variable `ROOTSIGNALS_API_KEY` or `SCORABLE_API_KEY`, or else
            the line of one of these names in the file `.env` of the working directory.
        base_url: Where the API is. If omitted: `ROOTSIGNALS_API_URL`, or else
            https://api.app.rootsignals.ai; with a key from `SCORABLE_API_KEY`, `SCORABLE_API_URL`,
            or else https://api.scorable.ai.
        timeout: Seconds for one attempt, or an `httpx.Timeout` to limit each of its operations,
            or None for no limit.
        deadline: Seconds for a whole call, with all attempts and waits, or None for no limit;
            or a `root.Deadline`, by which all calls have to end.
        max_retries: Maximum number of retries of a call. A request is sent again only if that
            does no harm.
        max_connections: Maximum number of open connections, in each event loop and for all
            blocking calls together. Further requests wait for a free one, within their deadline.
        max_response_bytes: Maximum size of one response, compressed and decompressed. The rest of
            a larger one is not read. If omitted: 1 MiB for an object or a schema of your own,
            16 MiB for a page of a listing, and for JSON, text and bytes that `request` returns. A
            stream has no limit.
        default_headers: Headers of every request.
        ssl_context: TLS settings, for the certificates of a company or of the system
            (`truststore`), or for a client certificate. If omitted: certifi's authorities, or
            those that `SSL_CERT_FILE` or `SSL_CERT_DIR` selects.
        http_client: An httpx client to send requests through. It is used, and not closed.
        async_http_client: The same for the async methods.
        run_async: Accepted for code that was written for the old SDK. It has no effect.

    Raises:
        ConfigurationError: There is no API key, or a setting is invalid.
    """

    # These have twins, unlike those of the base class.
    evaluators: Accessor[Evaluators] = Accessor("root.evaluators", "Evaluators")  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleVariableOverride]
    """Evaluators, which score texts."""
    judges: Accessor[Judges] = Accessor("root.judges", "Judges")  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleVariableOverride]
    """Judges, which run several evaluators at once."""
    objectives: Accessor[Objectives] = Accessor("root.objectives", "Objectives")  # pyright: ignore[reportIncompatibleVariableOverride]
    """Objectives: what evaluators measure."""
    execution_logs: Accessor[ExecutionLogs] = Accessor("root.execution_logs", "ExecutionLogs")  # pyright: ignore[reportIncompatibleVariableOverride]
    """The logs of executions of evaluators and judges."""
    datasets: Accessor[DataSets] = Accessor("root.datasets", "DataSets")  # pyright: ignore[reportIncompatibleVariableOverride]
    """Data sets, files that evaluations refer to."""
    models: Accessor[Models] = Accessor("root.models", "Models")  # pyright: ignore[reportIncompatibleVariableOverride]
    """The models that evaluations run on."""
    projects: Accessor[Projects] = Accessor("root.projects", "Projects")  # pyright: ignore[reportIncompatibleVariableOverride]
    """The projects of your organization."""

    _recreated: ClassVar[frozenset[str]] = _sync.RootSignals._recreated | {
        "_async",
        "_async_http_client",
    }

    # A client that is unpickled is not initialized by __init__.
    run_async: bool = False
    _async_http_client: httpx.AsyncClient | None = None

    def __init__(
        self,
        api_key: str | Callable[[], str] | None = None,
        *,
        base_url: str | None = None,
        timeout: float | httpx.Timeout | None = DEFAULT_TIMEOUT,
        deadline: float | Deadline | None = None,
        max_retries: int = 2,
        max_connections: int = 100,
        max_response_bytes: int | None = None,
        default_headers: Mapping[str, str] | None = None,
        ssl_context: ssl.SSLContext | None = None,
        http_client: httpx.Client | None = None,
        async_http_client: httpx.AsyncClient | None = None,
        run_async: bool = False,
    ) -> None:
        from ._secrets.secret import as_secret, hidden

        self.run_async = run_async
        self._async_http_client = async_http_client
        api_key = as_secret(api_key)
        base_url = as_secret(base_url)
        default_headers = hidden(default_headers)
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
    def config(self) -> Settings:
        """The settings of the client; `client.config.explain()` has the source of each one."""
        from .config import Settings

        own = {
            "http_client": self._transport.http_client,
            "async_http_client": self._async_http_client,
        }
        return Settings(self._config, own, uses_pool=None in own.values())

    async def asend(self, operation: Operation[T]) -> Response[T]:
        """Do what `send` does, for the async methods. A subclass may override it."""
        return await AsyncRootSignals.send(self._async, operation)

    def close(self) -> None:
        """Close the connections, also those of the async methods.

        The client cannot be used afterwards. A client that `with_options` returned leaves the
        connections to its original, and your own HTTP client stays open.
        """
        super().close()
        self._async._drop()  # pyright: ignore[reportPrivateUsage]

    async def aclose(self) -> None:
        """Do what `close` does, and wait until the connections of the async methods are closed."""
        super().close()
        await self._async.aclose()

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
        self._async = _AsyncHalf.of(self, config, self._async_http_client, budget)

    def __getstate__(self) -> tuple[Config, dict[str, object]]:
        # The async half refuses to be pickled with an HTTP client of its own.
        self._async.__getstate__()
        return super().__getstate__()

    def _copy(self, config: Config) -> Self:
        """Return a client with other settings that shares the connections."""
        copy = super()._copy(config)
        copy._async = self._async._copy(config)  # pyright: ignore[reportPrivateUsage]
        copy._async.whole = copy
        return copy

    # Generated twins of AsyncRootSignals (request, check) in _async/client.py. Do not edit.

    async def arequest(
        self,
        method: str,
        path: str,
        *,
        query: Query | NotGiven = NOT_GIVEN,
        json: JSONValue | NotGiven = NOT_GIVEN,
        body: bytes | str | os.PathLike[str] | BinaryIO | NotGiven = NOT_GIVEN,
        headers: Mapping[str, str] | NotGiven = NOT_GIVEN,
        schema: type[V] | NotGiven = NOT_GIVEN,
        timeout: Timeout | NotGiven = NOT_GIVEN,
        deadline: float | Deadline | NotGiven | None = NOT_GIVEN,
        once: bool | NotGiven = NOT_GIVEN,
    ) -> Response[V]:
        """Send a request to an endpoint for which this SDK has no method yet.

        It has the retries, limits and errors of every other call.

        ```python
        response = await client.arequest("GET", "/v1/score-configs/", query={"page_size": "5"})
        print(response.value, response.meta.request_id)
        ```

        Args:
            method: The HTTP method, in capitals.
            path: The path below the base URL, percent-encoded, with a leading slash:
                `/v1/models/`.
            query: The query parameters; a list repeats its parameter.
            json: The value to send as JSON.
            body: The body to send as it is: bytes, text, or a file (a `pathlib.Path`, or a binary
                file object), which is read in pieces while it is sent. A string is text, not a
                path. Its media type is the header `Content-Type`, or else
                `application/octet-stream` (`text/plain` for text).
            headers: Headers in addition to the client's.
            schema: What to parse the response body into: a pydantic class, any other type that
                pydantic can validate, `str` for text, `bytes`, or `root.AsyncStream` to read it
                while it arrives. If omitted: JSON as plain data, and None for an empty body.
            timeout: Seconds for one attempt, or an `httpx.Timeout`, or None for no limit, instead
                of the client's.
            deadline: Seconds for the whole call, or None for no limit, instead of the client's;
                or a `root.Deadline`, in addition to the client's.
            once: Whether the service must not receive the request twice, even if it refused it.
                If omitted: a request is sent again where that does no harm.

        Returns:
            The response, with the parsed body as `.value`, and `.meta`, `.text` and `.content`.

        Raises:
            APIConnectionError: There was no response; `APITimeoutError` if there was none in time.
            APIStatusError: The service responded with an error; see `root.errors` for its
                subclasses.
            APIResponseError: The response body does not have the expected shape.
            InvalidRequestError: The client is closed, or an argument is invalid.
        """
        from ._secrets.secret import hidden

        json = hidden(json)
        body = hidden(body)
        headers = hidden(headers)
        return await self._async.request(
            method,
            path,
            query=query,
            json=json,
            body=body,
            headers=headers,
            schema=schema,
            timeout=timeout,
            deadline=deadline,
            once=once,
        )

    async def acheck(self, *, timeout: float = 10) -> Report:
        """Check the settings and the connection to the service, step by step.

        The steps are versions, settings, proxy, DNS, TCP, TLS, the clock, the key, and the time of
        a request. It changes nothing at the service, sends at most four small requests, and
        retries none. They do not go through `send`. Failures are in the report, and not raised.
        Print the report to read it.

        Args:
            timeout: Seconds for each step. A function that returns the key is not interrupted if
                it is a plain one.

        Raises:
            InvalidRequestError: The client is closed, or the timeout is not a number of seconds.
        """
        return await self._async.check(timeout=timeout)
