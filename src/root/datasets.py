"""Data sets, files that evaluations refer to: the resource and its results."""

from __future__ import annotations

import os
from builtins import list as List
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, BinaryIO, Literal, overload
from uuid import UUID

from ._accessor import Accessor, lazy, twin
from ._config.deadlines import Deadline
from ._schemas.datasets import DataSetCreate, DataSetList, DataSetType
from ._sync.resources import datasets as _sync

if TYPE_CHECKING:
    from ._async.pager import AsyncPager
    from ._async.resources.datasets import AsyncDataSets
    from ._concurrency.bulk import Progress
    from ._twins import TwinSender
    from .errors import RootSignalsError

__all__ = ["AsyncDataSets", "DataSetCreate", "DataSetList", "DataSetType", "DataSets"]

# What not every program needs is imported on first use.
__getattr__: Callable[[str], object] = lazy(
    globals(), {"._async.resources.datasets": ("AsyncDataSets",)}
)


class DataSets(_sync.DataSets):
    """Data sets, files that evaluations refer to; `client.datasets` is an instance.

    Each method has a twin with the prefix `a`, which is awaited (`alist` is iterated with
    `async for`) and is the same otherwise.

    All methods raise `APIConnectionError`, `APIStatusError` and `APIResponseError` as described in
    `root.errors`, and `InvalidRequestError` for what the API would reject, before anything is
    sent. `_request_timeout` is the seconds for the whole call, with all attempts and waits, or
    a `root.Deadline`; it shortens the client's `deadline`, and does not extend it.
    """

    # Generated twins of AsyncDataSets in _async/resources/datasets.py. Do not edit.

    def __init__(self, client: TwinSender) -> None:
        super().__init__(client)
        self._whole = client

    _async: Accessor[AsyncDataSets] = Accessor(
        "root._async.resources.datasets", "AsyncDataSets", twin
    )

    def alist(
        self,
        search_term: str | None = None,
        *,
        limit: int | None = 100,
        type: DataSetType | None = None,
        project_id: str | UUID | None = None,
        ordering: str | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
        prefetch: bool = False,
        _request_timeout: float | Deadline | None = None,
    ) -> AsyncPager[DataSetList]:
        """Return an iterator over data sets.

        Nothing is requested before the first item is needed, and nothing after you stop (except
        for one page with `prefetch`).

        Args:
            search_term: List only those whose name contains this text.
            limit: Maximum number of data sets, or None for all.
            type: List only those of this type: `reference` or `test`.
            project_id: List only those of this project.
            ordering: The field to sort by, such as `name`; `-name` for descending.
            page_size: Number of data sets of a page; the service limits it, usually to 100.
            cursor: Where to continue: the `.cursor` of an earlier listing, or of its error.
            prefetch: Whether to request the next page while you use this one.
            _request_timeout: Seconds for each page, or a `root.Deadline` for all of them.

        Raises:
            PaginationError: While iterating, if a cursor repeats, or the next page has none.
        """
        return self._async.list(
            search_term,
            limit=limit,
            type=type,
            project_id=project_id,
            ordering=ordering,
            page_size=page_size,
            cursor=cursor,
            prefetch=prefetch,
            _request_timeout=_request_timeout,
        )

    async def acreate(
        self,
        *,
        name: str | None = None,
        path: str | os.PathLike[str] | None = None,
        type: DataSetType = "reference",
        file: BinaryIO | bytes | None = None,
        url: str | None = None,
        tags: Sequence[str | UUID] | None = None,
        has_header: bool = False,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> DataSetCreate:
        """Create a data set from a file or a URL, or an empty one, and return it.

        A file is read in pieces while it is sent, which may take 120 seconds unless the client
        has another timeout.

        Args:
            name: Its name; that of the file if omitted.
            path: The path of a file, such as a CSV file.
            type: What it is for: `reference` for values of variables, `test` for examples.
            file: A binary file object, read from where it is, or bytes. Without a file
                name, it is sent as CSV, unless `name` ends with `.json`, `.jsonl`, `.tsv` or
                `.txt`.
            url: The URL of a file for the service to read.
            tags: The IDs of tags.
            has_header: Whether the first row of the file has the names of the columns.
            project_id: The project to create it in; the default project if omitted.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.
        """
        return await self._async.create(
            name=name,
            path=path,
            type=type,
            file=file,
            url=url,
            tags=tags,
            has_header=has_header,
            project_id=project_id,
            _request_timeout=_request_timeout,
        )

    async def aget(
        self, dataset_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> DataSetList:
        """Retrieve a data set by its ID, without its file."""
        return await self._async.get(dataset_id, _request_timeout=_request_timeout)

    async def adownload(
        self, dataset_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> bytes:
        """Return the file of a data set.

        It may have 16 MiB, or the `max_response_bytes` of the client.
        """
        return await self._async.download(dataset_id, _request_timeout=_request_timeout)

    async def adelete(
        self, dataset_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> None:
        """Delete one of your data sets, and its file."""
        return await self._async.delete(dataset_id, _request_timeout=_request_timeout)

    @overload
    async def aretrieve_many(
        self,
        ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["raise"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[DataSetList]: ...

    @overload
    async def aretrieve_many(
        self,
        ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["collect"],
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[DataSetList | RootSignalsError]: ...

    async def aretrieve_many(
        self,
        ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["raise", "collect"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[DataSetList] | List[DataSetList | RootSignalsError]:
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
        return await self._async.retrieve_many(
            ids,
            concurrency=concurrency,
            errors=errors,
            on_progress=on_progress,
            _request_timeout=_request_timeout,
        )

    aretrieve = aget


# Names of the old SDK's module.
ADataSetCreate = DataSetCreate
ADataSetList = DataSetList
