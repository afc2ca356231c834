# Generated from src/root/_async/client.py by scripts/generate_sync.py. Do not edit.
"""The client: settings, one method through which every request goes, and the resources.

Loaded by `from root import RootSignals`, so what it is made of is loaded when a client is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar, overload

from .._defaults import DEFAULT_MOST_BYTES, DEFAULT_TIMEOUT, NOT_GIVEN, NotGiven

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping
    from types import TracebackType

    import httpx
    from pydantic import BaseModel

    from .._config import Config
    from .._retry import Budget
    from ..checks import Report
    from ..config import Settings
    from .models import Models

    S = TypeVar("S", bound=BaseModel)

__all__ = ["RootSignals"]

# Seconds for a step of a check without a bound: no system waits longer for a connection.
_LONGEST_CHECK = 600.0


class RootSignals:
    """A client of the Root Signals API.

    It is configuration plus connections that are made on first use, so one object can be used
    from every thread and event loop, and after a fork. Close it with `close()` or use it in
    a `with` block; a client that is merely dropped closes its connections, too.

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

    Raises:
        ConfigurationError: There is no API key, or a setting cannot be right.
    """

    _models: Models

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
    ) -> None:
        from .._config import resolve
        from .._retry import Budget
        from .._secrets import unshown

        api_key = unshown(api_key)
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
    def _of(cls, config: Config, http_client: httpx.Client | None, budget: Budget) -> Self:
        """Return a client with settings that are checked already."""
        client = object.__new__(cls)
        client._connect(config, http_client, budget)
        return client

    def _connect(self, config: Config, http_client: httpx.Client | None, budget: Budget) -> None:
        from .transport import Transport

        self._config = config
        self._transport = Transport(config, http_client, budget)
        self._closed = False
        self._is_copy = False

    @property
    def base_url(self) -> str:
        """Where the API is."""
        return self._config.base_url

    @property
    def config(self) -> Settings:
        """What the client was told: `client.config.explain()` says where each setting is from."""
        from ..config import Settings

        own = self._transport.http_client
        return Settings(self._config, {"http_client": own}, uses_pool=own is None)

    @property
    def models(self) -> Models:
        """The models that evaluations run on."""
        if "_models" not in self.__dict__:
            from .._concurrency import loading

            # Imported late: pydantic takes 80 ms, which `import root` should not.
            with loading:
                from .models import Models

            self._models = Models(self)
        return self._models

    @overload
    def request(
        self,
        method: str,
        path: str,
        schema: type[S],
        *,
        query: Mapping[str, str] | None = None,
        body: bytes = b"",
        default_timeout: float = DEFAULT_TIMEOUT,
        deadline: float | None = None,
        once: bool = False,
        secrets: tuple[str, ...] = (),
    ) -> S: ...
    @overload
    def request(
        self,
        method: str,
        path: str,
        schema: None = None,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes = b"",
        default_timeout: float = DEFAULT_TIMEOUT,
        deadline: float | None = None,
        once: bool = False,
        secrets: tuple[str, ...] = (),
    ) -> None: ...
    def request(
        self,
        method: str,
        path: str,
        schema: type[S] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes = b"",
        default_timeout: float = DEFAULT_TIMEOUT,
        deadline: float | None = None,
        once: bool = False,
        secrets: tuple[str, ...] = (),
    ) -> S | None:
        """Send a request, again where that is safe, and return what the answer says.

        Every method of the client goes through this one. Use it for an endpoint of the API
        that has no method here yet.

        Args:
            method: The HTTP method, in capitals.
            path: The path below the base URL, escaped, with a slash first: `/v1/models/`.
            schema: The pydantic class to read the answer into, or None to ignore it.
            query: The query.
            body: The JSON body.
            default_timeout: Seconds that one attempt may take if the client's `timeout` was not
                changed from its default.
            deadline: Seconds that the whole call may take, instead of the client's.
            once: The service must not see the request twice, even if it refuses it.
            secrets: Strings that must not show in errors even if the server echoes them.

        Raises:
            APIConnectionError: There was no answer; `APITimeoutError` if it did not come in
                time.
            APIStatusError: The service refused or failed; see `root.errors` for the classes.
            APIResponseError: The answer is not what the API says it is.
            InvalidRequestError: The client is closed, or this is no request.
        """
        self._expect_open()
        return self._transport.request(
            self._config,
            method,
            path,
            schema,
            query=query,
            body=body,
            default_timeout=default_timeout,
            deadline=deadline,
            once=once,
            secrets=secrets,
        )

    def check(self, *, timeout: float = 10) -> Report:
        """Find out what the client is made of and how far it gets; print the report to read it.

        It looks at versions, settings, proxy, DNS, TCP, TLS, the clock and the key, and times a
        request. It changes nothing at the service, to which it makes at most four small requests,
        and repeats none. What goes wrong stands in the report and is not raised.

        Args:
            timeout: Seconds that each step may take; a plain function that gives the key takes
                as long as it takes.

        Raises:
            InvalidRequestError: The client is closed, or the timeout is no number of seconds.
        """
        self._expect_open()
        from .._config import call_deadline
        from .check import check

        bound = call_deadline(timeout, "timeout") or _LONGEST_CHECK
        return check(self._config, self.config, self._transport, bound)

    def _expect_open(self) -> None:
        if self._closed or self._transport.closed:
            from ..errors import InvalidRequestError

            raise InvalidRequestError("This client is closed. Make a new one, or close it later.")

    def with_options(
        self,
        *,
        timeout: float | httpx.Timeout | NotGiven | None = NOT_GIVEN,
        deadline: float | NotGiven | None = NOT_GIVEN,
        max_retries: int | NotGiven = NOT_GIVEN,
        default_headers: Mapping[str, str] | NotGiven = NOT_GIVEN,
        api_key: str | Callable[[], str] | NotGiven = NOT_GIVEN,
    ) -> Self:
        """Return a client with some settings changed that shares this one's connections.

        What is left out stays; headers are added to those there are. Closing the copy closes
        nothing of this client, and closing this client ends the copy.

        Raises:
            ConfigurationError: A setting cannot be right.
        """
        from .._config import changed
        from .._secrets import unshown

        api_key = unshown(api_key)
        return self._copy(
            changed(
                self._config,
                timeout=timeout,
                deadline=deadline,
                max_retries=max_retries,
                default_headers=default_headers,
                api_key=api_key,
            )
        )

    def _copy(self, config: Config) -> Self:
        """Return a client with other settings and the same connections."""
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__)
        # It is bound to this client.
        copy.__dict__.pop("_models", None)
        copy._is_copy = True
        copy._config = config
        return copy

    def close(self) -> None:
        """Close the connections; the client cannot be used any more.

        A client made by `with_options` leaves the connections to the one it was made from, and
        an http client of yours stays open.
        """
        self._closed = True
        if not self._is_copy:
            self._transport.close()

    def _drop(self) -> None:
        """Close the client without waiting for its connections."""
        self._closed = True
        if not self._is_copy:
            self._transport.drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        if "_config" not in vars(self):
            # A traceback with local variables shows it before it is made.
            return f"<{type(self).__name__}>"
        key = self._config.fingerprint
        return f"{type(self).__name__}(base_url={self.base_url!r}, api_key={key!r})"

    def __copy__(self) -> Self:
        return self._copy(self._config)

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self._copy(self._config)

    def __getstate__(self) -> Config:
        if self._transport.http_client is not None:
            from ..errors import ConfigurationError

            raise ConfigurationError(
                "A client with an http client of yours cannot be pickled."
                " Make one in the other process."
            )
        return self._config

    def __setstate__(self, config: Config) -> None:
        from .._retry import Budget

        self._connect(config, None, Budget())
