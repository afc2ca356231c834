"""Data sets: one method for each endpoint of `/v1/datasets/`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from types import NoneType
from typing import BinaryIO
from uuid import UUID

from ..._config.deadlines import Deadline
from ..._http.operation import Operation
from ..._schemas.datasets import DataSetCreate, DataSetList, DataSetType, data_set_body
from ..._schemas.executions import plain
from ..._schemas.queries import query_of
from ..pager import AsyncPager
from ..resource import AsyncCollection

__all__ = ["AsyncDataSets"]

# Seconds to send or receive a file.
_FILE_TIMEOUT = 120.0


class AsyncDataSets(AsyncCollection[DataSetList]):
    """Data sets, files that evaluations refer to; `client.datasets` is an instance.

    All methods raise `APIConnectionError`, `APIStatusError` and `APIResponseError` as described in
    `root.errors`, and `InvalidRequestError` for what the API would reject, before anything is
    sent. `_request_timeout` is the seconds for the whole call, with all attempts and waits, or
    a `root.Deadline`; it shortens the client's `deadline`, and does not extend it.
    """

    _collection = "/v1/datasets/"
    _item_type = DataSetList

    def list(
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
        return self._list(
            DataSetList,
            query=query_of(search=search_term, type=type, project_id=project_id),
            limit=limit,
            page_size=page_size,
            ordering=ordering,
            cursor=cursor,
            prefetch=prefetch,
            deadline=_request_timeout,
        )

    async def create(
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
        body = data_set_body(
            path=path,
            file=file,
            url=url,
            name=name,
            type=type,
            tags=plain(tags) or None,
            has_header=has_header or None,
            project_id=plain(project_id),
        )
        operation = Operation(
            "POST", self._collection, DataSetCreate, body=body, slow_timeout=_FILE_TIMEOUT
        )
        return await self._send(operation, _request_timeout)

    async def get(
        self, dataset_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> DataSetList:
        """Retrieve a data set by its ID, without its file."""
        operation = Operation("GET", self._path(dataset_id), DataSetList)
        return await self._send(operation, _request_timeout)

    retrieve = get

    async def download(
        self, dataset_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> bytes:
        """Return the file of a data set.

        It may have 16 MiB, or the `max_response_bytes` of the client.
        """
        operation = Operation(
            "GET",
            self._path(dataset_id),
            bytes,
            query=query_of(download=True),
            slow_timeout=_FILE_TIMEOUT,
        )
        return await self._send(operation, _request_timeout)

    async def delete(
        self, dataset_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> None:
        """Delete one of your data sets, and its file."""
        await self._send(Operation("DELETE", self._path(dataset_id), NoneType), _request_timeout)
