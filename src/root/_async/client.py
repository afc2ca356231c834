"""The client: its settings, the method that every call goes through, and the resources.

Imported by `from root import RootSignals`, so its parts are imported when a client is created.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from .._accessor import Accessor, Itself, accessors
from .._config import DEFAULT_TIMEOUT, NOT_GIVEN, NotGiven

if TYPE_CHECKING:
    import os
    import ssl
    from collections.abc import Awaitable, Callable, Mapping
    from types import TracebackType
    from typing import BinaryIO

    import httpx
    from typing_extensions import TypeVar

    from .._config import Timeout
    from .._config.config import Config
    from .._config.deadlines import Deadline
    from .._doctor.report import Report
    from .._http.operation import Operation, Query, Response
    from .._http.retry import Budget
    from ..config import Settings
    from ..errors import JSONValue
    from .resources.datasets import AsyncDataSets
    from .resources.evaluators.resource import AsyncEvaluators
    from .resources.evaluators.runner import AsyncEvaluator, AsyncPresetEvaluator
    from .resources.execution_logs import AsyncExecutionLogs
    from .resources.judges.judge import AsyncJudge
    from .resources.judges.resource import AsyncJudges
    from .resources.models import AsyncModels
    from .resources.objectives import AsyncObjectives
    from .resources.projects import AsyncProjects

    V = TypeVar("V", default=JSONValue)
else:
    from typing import TypeVar

    V = TypeVar("V")

__all__ = ["AsyncRootSignals"]

T = TypeVar("T")

# Seconds for a step of a check without a timeout: operating systems give up sooner.
_MAX_CHECK_TIMEOUT = 600.0


class AsyncRootSignals:
    """A client of the Root Signals API.

    A client is its settings, plus connections that are opened on first use. So one object can be
    used in every thread and event loop, and after a fork. Close it with `aclose()` or use it in an
    `async with` block; a client that is merely dropped closes its connections too.

    Every call goes through `send`: a subclass that overrides it sees all of them. Only the requests
    of `check` do not.

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

    Raises:
        ConfigurationError: There is no API key, or a setting is invalid.
    """

    evaluators: Accessor[AsyncEvaluators[AsyncEvaluator, AsyncPresetEvaluator]] = Accessor(
        "root._async.resources.evaluators.resource", "AsyncEvaluators"
    )
    """Evaluators, which score texts."""
    judges: Accessor[AsyncJudges[AsyncJudge]] = Accessor(
        "root._async.resources.judges.resource", "AsyncJudges"
    )
    """Judges, which run several evaluators at once."""
    objectives: Accessor[AsyncObjectives] = Accessor(
        "root._async.resources.objectives", "AsyncObjectives"
    )
    """Objectives: what evaluators measure."""
    execution_logs: Accessor[AsyncExecutionLogs] = Accessor(
        "root._async.resources.execution_logs", "AsyncExecutionLogs"
    )
    """The logs of executions of evaluators and judges."""
    datasets: Accessor[AsyncDataSets] = Accessor("root._async.resources.datasets", "AsyncDataSets")
    """Data sets, files that evaluations refer to."""
    models: Accessor[AsyncModels] = Accessor("root._async.resources.models", "AsyncModels")
    """The models that evaluations run on."""
    projects: Accessor[AsyncProjects] = Accessor("root._async.resources.projects", "AsyncProjects")
    """The projects of your organization."""
    beta: Itself = Itself()
    """The client itself: code for older SDKs finds `client.beta.judges` there."""

    # The attributes that are not pickled.
    _recreated: ClassVar[frozenset[str]] = frozenset(
        ("_config", "_transport", "_closed", "_is_copy")
    )

    def __init__(
        self,
        api_key: str | Callable[[], str | Awaitable[str]] | None = None,
        *,
        base_url: str | None = None,
        timeout: float | httpx.Timeout | None = DEFAULT_TIMEOUT,
        deadline: float | Deadline | None = None,
        max_retries: int = 2,
        max_connections: int = 100,
        max_response_bytes: int | None = None,
        default_headers: Mapping[str, str] | None = None,
        ssl_context: ssl.SSLContext | None = None,
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        from .._config.config import resolve
        from .._http.retry import Budget
        from .._secrets.secret import as_secret, hidden
        from ..errors import short_traceback

        api_key = as_secret(api_key)
        base_url = as_secret(base_url)
        default_headers = hidden(default_headers)
        with short_traceback:
            config = resolve(
                api_key=api_key,
                base_url=base_url,
                timeout=timeout,
                deadline=deadline,
                max_retries=max_retries,
                max_connections=max_connections,
                max_response_bytes=max_response_bytes,
                default_headers=default_headers,
                ssl_context=ssl_context,
            )
        self._connect(config, http_client, Budget())

    @classmethod
    def _of(cls, config: Config, http_client: httpx.AsyncClient | None, budget: Budget) -> Self:
        """Return a client with settings that are resolved already."""
        client = object.__new__(cls)
        client._connect(config, http_client, budget)
        return client

    def _connect(
        self, config: Config, http_client: httpx.AsyncClient | None, budget: Budget
    ) -> None:
        from .transport import AsyncTransport

        self._config = config
        self._transport = AsyncTransport(config, http_client, budget)
        self._closed = False
        self._is_copy = False

    @property
    def api_key(self) -> str | Callable[[], object]:
        """The API key, or the function that returns it; its repr hides it."""
        return self._config.api_key

    @property
    def base_url(self) -> str:
        """Where the API is."""
        return self._config.base_url

    @property
    def config(self) -> Settings:
        """The settings of the client; `client.config.explain()` has the source of each one."""
        from ..config import Settings

        own = self._transport.http_client
        return Settings(self._config, {"http_client": own}, uses_pool=own is None)

    async def send(self, operation: Operation[T]) -> Response[T]:
        """Send an operation, with retries where they do no harm, and return the response.

        The calls of this client go through this method, including those of listings, plans and
        bulk methods. A subclass may override it.

        Args:
            operation: What to send, and what to read.

        Raises:
            APIConnectionError: There was no response; `APITimeoutError` if there was none in time.
            APIStatusError: The service responded with an error; see `root.errors` for its
                subclasses.
            APIResponseError: The response is not what the API promises.
            InvalidRequestError: The client is closed, or the operation is not a valid request.
        """
        self._check_open()
        return await self._transport.send(self._config, operation)

    async def request(
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
        response = await client.request("GET", "/v1/score-configs/", query={"page_size": "5"})
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
        from .._forks import import_lock
        from .._secrets.secret import hidden
        from ..errors import short_traceback

        json = hidden(json)
        body = hidden(body)
        headers = hidden(headers)
        with import_lock:
            from .._http.request import operation

        with short_traceback:
            return await self.send(
                operation(
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
            )

    async def check(self, *, timeout: float = 10) -> Report:
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
        self._check_open()
        from .._config.validation import call_deadline
        from .check import check

        limit = call_deadline(timeout, "timeout") or _MAX_CHECK_TIMEOUT
        return await check(self._config, self.config, self._transport, limit)

    def _check_open(self) -> None:
        if self._closed or self._transport.closed:
            from ..errors import InvalidRequestError

            raise InvalidRequestError(
                "The client is closed. Create a new one, or close this one later."
            )

    def with_options(
        self,
        *,
        timeout: float | httpx.Timeout | NotGiven | None = NOT_GIVEN,
        deadline: float | Deadline | NotGiven | None = NOT_GIVEN,
        max_retries: int | NotGiven = NOT_GIVEN,
        default_headers: Mapping[str, str] | NotGiven = NOT_GIVEN,
        api_key: str | Callable[[], str | Awaitable[str]] | NotGiven = NOT_GIVEN,
    ) -> Self:
        """Return a client with other settings that shares the connections of this one.

        Omitted settings keep their values; headers are added to the existing ones. With a
        `root.Deadline` as `deadline`, all calls of the copy have to end by then, within the other
        limits; it can be shortened, and not be removed. Closing the copy closes nothing of this
        client, and closing this client closes the copy.

        Raises:
            ConfigurationError: A setting is invalid.
        """
        from .._config.config import changed
        from .._secrets.secret import as_secret, hidden
        from ..errors import short_traceback

        api_key = as_secret(api_key)
        default_headers = hidden(default_headers)
        with short_traceback:
            config = changed(
                self._config,
                timeout=timeout,
                deadline=deadline,
                max_retries=max_retries,
                default_headers=default_headers,
                api_key=api_key,
            )
        return self._copy(config)

    def _copy(self, config: Config) -> Self:
        """Return a client with other settings and the same connections."""
        # Imported late, as below: few programs copy clients.
        from .._attributes import attributes, set_attributes

        copy = object.__new__(type(self))
        set_attributes(copy, attributes(self))
        # Resources belong to one client.
        for accessor in accessors(type(self)):
            accessor.forget(copy)
        copy._is_copy = True
        copy._config = config
        return copy

    async def aclose(self) -> None:
        """Close the connections. The client cannot be used afterwards.

        A client that `with_options` returned leaves the connections to its original, and your own
        HTTP client stays open.
        """
        self._closed = True
        if not self._is_copy:
            await self._transport.aclose()

    def _drop(self) -> None:
        """Close the client without waiting for its connections to close."""
        self._closed = True
        if not self._is_copy:
            self._transport.drop()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        if "_config" not in vars(self):
            # Tracebacks with local variables show it before it is initialized.
            return f"<{type(self).__name__}>"
        key = self._config.fingerprint
        return f"{type(self).__name__}(base_url={self.base_url!r}, api_key={key!r})"

    def __copy__(self) -> Self:
        return self._copy(self._config)

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self._copy(self._config)

    def __getstate__(self) -> tuple[Config, dict[str, object]]:
        if self._transport.http_client is not None:
            from ..errors import ConfigurationError

            raise ConfigurationError(
                "A client with your own HTTP client cannot be pickled."
                " Create one in the other process."
            )
        from .._attributes import attributes

        made = self._recreated.union(accessor.name for accessor in accessors(type(self)))
        # The attributes of a subclass.
        rest = {name: value for name, value in attributes(self).items() if name not in made}
        return self._config, rest

    def __setstate__(self, state: tuple[Config, dict[str, object]]) -> None:
        from .._attributes import set_attributes
        from .._http.retry import Budget

        config, rest = state
        set_attributes(self, rest)
        self._connect(config, None, Budget())
