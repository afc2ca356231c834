"""Projects, the workspaces of an organization: the resource and its results."""

from __future__ import annotations

from builtins import list as List
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal, overload
from uuid import UUID

from ._accessor import Accessor, lazy, twin
from ._config import NOT_GIVEN, NotGiven
from ._config.deadlines import Deadline
from ._schemas.projects import Project
from ._sync.resources import projects as _sync

if TYPE_CHECKING:
    from ._async.pager import AsyncPager
    from ._async.resources.projects import AsyncProjects
    from ._concurrency.bulk import Progress
    from ._twins import TwinSender
    from .errors import RootSignalsError

__all__ = ["AsyncProjects", "Project", "Projects"]

# What not every program needs is imported on first use.
__getattr__: Callable[[str], object] = lazy(
    globals(), {"._async.resources.projects": ("AsyncProjects",)}
)


class Projects(_sync.Projects):
    """The projects of your organization; `client.projects` is an instance.

    Each method has a twin with the prefix `a`, which is awaited (`alist` is iterated with
    `async for`) and is the same otherwise.

    All methods raise `APIConnectionError`, `APIStatusError` and `APIResponseError` as described in
    `root.errors`, and `InvalidRequestError` for what the API would reject, before anything is
    sent. `_request_timeout` is the seconds for the whole call, with all attempts and waits, or
    a `root.Deadline`; it shortens the client's `deadline`, and does not extend it.
    """

    # Generated twins of AsyncProjects in _async/resources/projects.py. Do not edit.

    def __init__(self, client: TwinSender) -> None:
        super().__init__(client)
        self._whole = client

    _async: Accessor[AsyncProjects] = Accessor(
        "root._async.resources.projects", "AsyncProjects", twin
    )

    def alist(
        self,
        *,
        limit: int | None = 100,
        page_size: int | None = None,
        cursor: str | None = None,
        prefetch: bool = False,
        _request_timeout: float | Deadline | None = None,
    ) -> AsyncPager[Project]:
        """Return an iterator over projects.

        Nothing is requested before the first item is needed, and nothing after you stop (except
        for one page with `prefetch`).

        Args:
            limit: Maximum number of projects, or None for all.
            page_size: Number of projects of a page; the service limits it, usually to 100.
            cursor: Where to continue: the `.cursor` of an earlier listing, or of its error.
            prefetch: Whether to request the next page while you use this one.
            _request_timeout: Seconds for each page, or a `root.Deadline` for all of them.

        Raises:
            PaginationError: While iterating, if a cursor repeats, or the next page has none.
        """
        return self._async.list(
            limit=limit,
            page_size=page_size,
            cursor=cursor,
            prefetch=prefetch,
            _request_timeout=_request_timeout,
        )

    async def aretrieve(
        self, project_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> Project:
        """Retrieve a project by its ID."""
        return await self._async.retrieve(project_id, _request_timeout=_request_timeout)

    async def acreate(
        self,
        *,
        name: str,
        description: str | None = None,
        is_default: bool | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> Project:
        """Create a project and return it.

        Args:
            name: Its name, unique in the organization; 1 to 512 characters.
            description: What it is for.
            is_default: Whether it becomes the default project, in place of the current one.
        """
        return await self._async.create(
            name=name,
            description=description,
            is_default=is_default,
            _request_timeout=_request_timeout,
        )

    async def aupdate(
        self,
        project_id: str | UUID,
        *,
        name: str | NotGiven = NOT_GIVEN,
        description: str | NotGiven = NOT_GIVEN,
        is_default: bool | NotGiven = NOT_GIVEN,
        _request_timeout: float | Deadline | None = None,
    ) -> Project:
        """Update some fields of a project and return it. Omitted fields keep their values.

        The arguments are those of `create`. There is always one default project: to change it,
        set `is_default` of another one.
        """
        return await self._async.update(
            project_id,
            name=name,
            description=description,
            is_default=is_default,
            _request_timeout=_request_timeout,
        )

    async def adelete(
        self, project_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> None:
        """Delete a project. The service refuses it while other objects belong to the project."""
        return await self._async.delete(project_id, _request_timeout=_request_timeout)

    @overload
    async def aretrieve_many(
        self,
        ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["raise"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[Project]: ...

    @overload
    async def aretrieve_many(
        self,
        ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["collect"],
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[Project | RootSignalsError]: ...

    async def aretrieve_many(
        self,
        ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["raise", "collect"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[Project] | List[Project | RootSignalsError]:
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
