"""The base class of resources: paths, calls and listings."""

from __future__ import annotations

from builtins import list as List
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar, cast, overload
from urllib.parse import quote
from uuid import UUID

from .._concurrency.kinds import WithoutPrefix
from .._config.deadlines import as_deadline, limited
from .._schemas.base import ResponseModel
from ..errors import (
    InvalidRequestError,
    RootSignalsError,
    short_traceback,
    shorten_traceback,
)
from .pager import AsyncPager

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
    from typing import Protocol

    from .._concurrency.bulk import OnError, OnProgress, Progress
    from .._config.deadlines import Deadline
    from .._http.operation import Operation
    from .sender import AsyncSender

__all__ = ["AsyncCollection", "AsyncResource", "segment", "send_operation"]

T = TypeVar("T")
M = TypeVar("M", bound=ResponseModel)
D = TypeVar("D", bound=ResponseModel)
V = TypeVar("V")
W = TypeVar("W")

if TYPE_CHECKING:
    R = TypeVar("R", covariant=True)

    class _AsyncRetrieving(Protocol[R]):
        """A resource whose objects can be retrieved by their IDs."""

        async def retrieve(
            self, object_id: str | UUID, /, *, _request_timeout: float | Deadline | None = None
        ) -> R:
            """Retrieve an object by its ID."""
            ...


def segment(object_id: str | UUID, noun: str) -> str:
    """Return an ID as one segment of a path, whatever it contains.

    Raises:
        InvalidRequestError: It is empty, `.` or `..`, or neither a string nor a UUID.
    """
    if isinstance(object_id, UUID):
        object_id = str(object_id)
    if not isinstance(object_id, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidRequestError(
            f"Nothing was sent. The {noun} ID must be a string or a UUID, not"
            f" {type(object_id).__name__}."
        )
    # A UUID, like most IDs.
    if object_id.isascii() and object_id.replace("-", "").isalnum():
        return object_id
    if object_id in ("", ".", ".."):
        raise InvalidRequestError(
            f"Nothing was sent. {object_id!r} is not a valid {noun} ID. `list` shows the IDs."
        )
    try:
        return quote(object_id, safe="")
    except UnicodeEncodeError as exc:
        raise InvalidRequestError(
            f"Nothing was sent. The {noun} ID contains characters that UTF-8 cannot encode."
        ) from exc


async def send_operation(
    client: AsyncSender, operation: Operation[T], deadline: float | Deadline | None = None
) -> T:
    """Send an operation and return its value.

    Args:
        client: Sends it.
        operation: The operation. If it is slow, an attempt may take as long as the deadline.
        deadline: Seconds for the whole call, or a deadline, in addition to the client's.
    """
    with short_traceback:
        return (await client.send(_bounded(operation, deadline))).value


def _bounded(operation: Operation[T], deadline: float | Deadline | None) -> Operation[T]:
    bound = as_deadline(deadline)
    if bound is None:
        return operation
    slow = operation.slow_timeout
    if slow is not None:
        slow = max(slow, bound.seconds or 0.0)
    return replace(operation, deadline=bound, slow_timeout=slow)


class AsyncResource(WithoutPrefix):
    """A part of the API; `client.models` is one.

    Subclasses have one method for each endpoint, made of these.
    """

    _collection: ClassVar[str]
    """The path of all objects of the resource, such as `/v1/models/`."""
    _item_type: ClassVar[type[ResponseModel]]
    """The class of its objects."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client
        # The client of the objects that it returns: for a twin, the whole client.
        self._actor: object = client

    def _path(self, object_id: str | UUID, suffix: str = "") -> str:
        """Return the path of an object. Its ID is one segment, whatever it contains.

        Raises:
            InvalidRequestError: It is empty, `.` or `..`, or neither a string nor a UUID.
        """
        try:
            part = segment(object_id, self._item_type.__facts__.noun)
        except InvalidRequestError as error:
            shorten_traceback(error)
            raise
        return f"{self._collection}{part}/{suffix}"

    async def _send(self, operation: Operation[T], deadline: float | Deadline | None = None) -> T:
        """Send an operation and return its value.

        Args:
            operation: The operation.
            deadline: Seconds for the whole call, or a deadline, in addition to the client's.
        """
        # Not `short_traceback`, also above: a block takes two per cent of a call.
        try:
            if deadline is not None:
                operation = _bounded(operation, deadline)
            return (await self._client.send(operation)).value
        except RootSignalsError as error:
            shorten_traceback(error)
            raise

    async def _each(
        self,
        call: Callable[[V], Awaitable[W]],
        items: Sequence[V],
        *,
        concurrency: int,
        errors: OnError,
        on_progress: OnProgress | None,
        deadline: float | Deadline | None,
    ) -> List[W] | List[W | RootSignalsError]:
        """Make a call for each item, some of them concurrently, and return the results in order.

        Args:
            call: The call.
            items: Its arguments.
            concurrency: Maximum number of concurrent calls.
            errors: Whether to raise an error, or to collect errors in the result.
            on_progress: Called for each call that has ended.
            deadline: Seconds for all calls together, or a deadline.
        """
        # Imported late: most programs make one call after another.
        from .bulk import call_each

        with short_traceback, limited(deadline):
            return await call_each(
                call, items, concurrency=concurrency, errors=errors, on_progress=on_progress
            )

    def _list(
        self,
        item: type[M],
        *,
        query: Mapping[str, str] | None = None,
        limit: int | None,
        page_size: int | None,
        ordering: str | None = None,
        cursor: str | None,
        prefetch: bool,
        deadline: float | Deadline | None,
        suffix: str = "",
        bind: Callable[[M], object] | None = None,
    ) -> AsyncPager[M]:
        """Return a listing of the objects of this resource.

        Args:
            item: The class of the objects.
            query: Filters.
            limit: Maximum number of objects, or None for all.
            page_size: Number of objects of a page.
            ordering: The field to sort by.
            cursor: Where to continue.
            prefetch: Whether to request the next page ahead of time.
            deadline: Seconds for each page, or a deadline for all of them.
            suffix: The rest of the path.
            bind: Called with each object, to have it act through this client.
        """
        with short_traceback:
            return AsyncPager(
                self._client,
                self._collection + suffix,
                item,
                query=query,
                limit=limit,
                page_size=page_size,
                ordering=ordering,
                cursor=cursor,
                prefetch=prefetch,
                deadline=deadline,
                bind=bind,
            )


class AsyncCollection(AsyncResource, Generic[D]):
    """A resource whose objects can be retrieved by their IDs."""

    @overload
    async def retrieve_many(
        self,
        ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["raise"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[D]: ...
    @overload
    async def retrieve_many(
        self,
        ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["collect"],
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[D | RootSignalsError]: ...
    async def retrieve_many(
        self,
        ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["raise", "collect"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[D] | List[D | RootSignalsError]:
        """Retrieve many objects concurrently, and return them in the order of their IDs.

        Args:
            ids: Their IDs. All are validated before anything is sent.
            concurrency: Maximum number of concurrent calls.
            errors: With "raise", no more calls are started after a failure, and an error is raised
                when those in progress have ended. With "collect", all calls are made, and an error
                takes the place of an object in the result: a `NotFoundError` where there is none.
            on_progress: Called for each call that has ended. An exception in it ends the work.
            _request_timeout: Seconds for all calls together, or a `root.Deadline`.

        Raises:
            BulkError: A call failed; `.results` has the outcome of each one.
            InvalidRequestError: An argument or some IDs are invalid; the message has the position.
        """
        # Imported late: most programs retrieve objects one by one.
        from .._schemas.requests import validate_each

        return await self._each(
            self._retrieve,
            validate_each(ids, self._checked),
            concurrency=concurrency,
            errors=errors,
            on_progress=on_progress,
            deadline=_request_timeout,
        )

    async def _first_named(
        self, name: str, of: Callable[[], AsyncPager[Any]], deadline: float | Deadline | None
    ) -> D:
        """Retrieve the first object of a listing of those with a name.

        Raises:
            InvalidRequestError: There is none, or the name is empty.
        """
        # Imported late: most programs retrieve objects by their IDs.
        from .._config.config import warn
        from .._schemas.queries import name_query

        noun = self._item_type.__facts__.noun
        with short_traceback, limited(deadline):
            name_query(name)
            ids: List[str] = [found.id async for found in of()]
            if not ids:
                raise InvalidRequestError(f"There is no {noun} with the name {name!r}.")
            if len(ids) > 1:
                warn(
                    f"Several {self._item_type.__facts__.plural} have the name {name!r}. The first"
                    f" one is used: {ids[0]}. Retrieve it by its ID to be sure.",
                    UserWarning,
                )
            return await self._retrieve(ids[0])

    def _checked(self, object_id: str | UUID) -> str | UUID:
        """Return an ID if it is valid."""
        segment(object_id, self._item_type.__facts__.noun)
        return object_id

    async def _retrieve(self, object_id: str | UUID, deadline: float | Deadline | None = None) -> D:
        # Not declared in this class: a second name of a method, such as `retrieve = get`, would
        # have two types to type checkers.
        resource = cast("_AsyncRetrieving[D]", self)
        return await resource.retrieve(object_id, _request_timeout=deadline)

    def _with_details(
        self,
        listing: AsyncPager[M],
        item: type[D],
        *,
        concurrency: int,
        deadline: float | Deadline | None,
    ) -> AsyncPager[D]:
        """Return a listing of the same objects as `retrieve` returns them.

        Args:
            listing: The listing. It must not be read.
            item: The class of the objects.
            concurrency: Maximum number of concurrent calls.
            deadline: Seconds for each call, or a deadline for all of them.
        """
        # Imported late, as above.
        from .details import AsyncDetailsPager

        return AsyncDetailsPager(
            listing, item, partial(self._retrieve_listed, deadline), concurrency
        )

    async def _retrieve_listed(self, deadline: float | Deadline | None, listed: Any) -> D:
        """Return an object of a listing as `retrieve` returns it."""
        return await self._retrieve(listed.id, deadline)
