# Generated from src/root/_async/resource.py by scripts/generate_sync.py. Do not edit.
"""The base class of resources: paths, calls and listings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, TypeVar
from urllib.parse import quote
from uuid import UUID

from .._config.deadlines import as_deadline
from .._schemas.base import ResponseModel
from ..errors import InvalidRequestError, RootSignalsError, shorten_traceback
from .pager import Pager

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .._config.deadlines import Deadline
    from .._http.operation import Operation
    from .sender import Sender

__all__ = ["Resource", "segment", "send_operation"]

T = TypeVar("T")
M = TypeVar("M", bound=ResponseModel)


def segment(object_id: str | UUID, noun: str) -> str:
    """Return an ID as one segment of a path, whatever it contains.

    Raises:
        InvalidRequestError: It is empty, `.` or `..`, or neither a string nor a UUID.
    """
    if isinstance(object_id, UUID):
        object_id = str(object_id)
    if not isinstance(object_id, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidRequestError(
            f"The {noun} ID must be a string or a UUID, not {type(object_id).__name__}."
        )
    # A UUID, like most IDs.
    if object_id.isascii() and object_id.replace("-", "").isalnum():
        return object_id
    if object_id in ("", ".", ".."):
        raise InvalidRequestError(f"{object_id!r} is not a valid {noun} ID. `list` shows the IDs.")
    try:
        return quote(object_id, safe="")
    except UnicodeEncodeError as exc:
        raise InvalidRequestError(
            f"The {noun} ID contains characters that UTF-8 cannot encode."
        ) from exc


def send_operation(
    client: Sender, operation: Operation[T], deadline: float | Deadline | None = None
) -> T:
    """Send an operation and return its value.

    Args:
        client: Sends it.
        operation: The operation. If it is slow, an attempt may take as long as the deadline.
        deadline: Seconds for the whole call, or a deadline, in addition to the client's.
    """
    try:
        return (client.send(_bounded(operation, deadline))).value
    except RootSignalsError as error:
        shorten_traceback(error)
        raise


def _bounded(operation: Operation[T], deadline: float | Deadline | None) -> Operation[T]:
    bound = as_deadline(deadline)
    if bound is None:
        return operation
    slow = operation.slow_timeout
    if slow is not None:
        slow = max(slow, bound.seconds or 0.0)
    return replace(operation, deadline=bound, slow_timeout=slow)


class Resource:
    """A part of the API; `client.models` is one.

    Subclasses have one method for each endpoint, made of these.
    """

    _collection: ClassVar[str]
    """The path of all objects of the resource, such as `/v1/models/`."""
    _item_type: ClassVar[type[ResponseModel]]
    """The class of its objects."""

    def __init__(self, client: Sender) -> None:
        self._client = client
        # What the objects that it returns act through: of a twin, the whole client.
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

    def _send(self, operation: Operation[T], deadline: float | Deadline | None = None) -> T:
        """Send an operation and return its value.

        Args:
            operation: The operation.
            deadline: Seconds for the whole call, or a deadline, in addition to the client's.
        """
        try:
            if deadline is not None:
                operation = _bounded(operation, deadline)
            return (self._client.send(operation)).value
        except RootSignalsError as error:
            shorten_traceback(error)
            raise

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
    ) -> Pager[M]:
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
        try:
            return Pager(
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
        except RootSignalsError as error:
            shorten_traceback(error)
            raise
