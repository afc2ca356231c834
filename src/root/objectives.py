"""Objectives, which are what evaluators measure: the resource and its results."""

from __future__ import annotations

from builtins import list as List
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal, overload
from uuid import UUID

from ._accessor import Accessor, lazy, part, twin
from ._config import NOT_GIVEN, NotGiven
from ._config.deadlines import Deadline
from ._schemas.objectives import Objective, ObjectiveList
from ._schemas.pages import ListResponse
from ._sync.resources import objectives as _sync

if TYPE_CHECKING:
    from ._async.pager import AsyncPager
    from ._async.resources.objectives import AsyncObjectives, AsyncObjectiveVersions
    from ._concurrency.bulk import Progress
    from ._twins import TwinSender
    from .errors import RootSignalsError

__all__ = [
    "AsyncObjectiveVersions",
    "AsyncObjectives",
    "Objective",
    "ObjectiveList",
    "ObjectiveVersions",
    "Objectives",
]

# What not every program needs is imported on first use.
__getattr__: Callable[[str], object] = lazy(
    globals(),
    {"._async.resources.objectives": ("AsyncObjectiveVersions", "AsyncObjectives")},
)


class ObjectiveVersions(_sync.ObjectiveVersions):
    """The versions of objectives; `client.objectives.versions` is an instance."""

    # Generated twins of AsyncObjectiveVersions in _async/resources/objectives.py. Do not edit.

    def __init__(self, client: TwinSender) -> None:
        super().__init__(client)
        self._whole = client

    _async: Accessor[AsyncObjectiveVersions] = Accessor(
        "root._async.resources.objectives", "AsyncObjectiveVersions", twin
    )

    async def alist(
        self,
        objective_id: str | UUID,
        *,
        cursor: str | None = None,
        page_size: int | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> ListResponse[Objective]:
        """Return a page of the versions of an objective, the newest first, in `.results`.

        Args:
            objective_id: The ID of the objective.
            cursor: The `.next` of the page before, or None for the first page.
            page_size: Number of versions of a page; the service limits it.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.
        """
        return await self._async.list(
            objective_id, cursor=cursor, page_size=page_size, _request_timeout=_request_timeout
        )


class Objectives(_sync.Objectives):
    """Objectives: what evaluators measure; `client.objectives` is an instance.

    Each method has a twin with the prefix `a`, which is awaited (`alist` is iterated with
    `async for`) and is the same otherwise.

    All methods raise `APIConnectionError`, `APIStatusError` and `APIResponseError` as described in
    `root.errors`, and `InvalidRequestError` for what the API would reject, before anything is
    sent. `_request_timeout` is the seconds for the whole call, with all attempts and waits, or
    a `root.Deadline`; it shortens the client's `deadline`, and does not extend it.
    """

    versions: Accessor[ObjectiveVersions] = Accessor("root.objectives", "ObjectiveVersions", part)  # pyright: ignore[reportIncompatibleVariableOverride]
    """The versions of objectives."""

    # Generated twins of AsyncObjectives in _async/resources/objectives.py. Do not edit.

    def __init__(self, client: TwinSender) -> None:
        super().__init__(client)
        self._whole = client

    _async: Accessor[AsyncObjectives] = Accessor(
        "root._async.resources.objectives", "AsyncObjectives", twin
    )

    @overload
    def alist(
        self,
        *,
        intent: str | None = None,
        limit: int | None = 100,
        search: str | None = None,
        project_id: str | UUID | None = None,
        include_public: bool = False,
        ordering: str | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
        prefetch: bool = False,
        details: Literal[False] = False,
        concurrency: int = 8,
        _request_timeout: float | Deadline | None = None,
    ) -> AsyncPager[ObjectiveList]: ...

    @overload
    def alist(
        self,
        *,
        intent: str | None = None,
        limit: int | None = 100,
        search: str | None = None,
        project_id: str | UUID | None = None,
        include_public: bool = False,
        ordering: str | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
        prefetch: bool = False,
        details: Literal[True],
        concurrency: int = 8,
        _request_timeout: float | Deadline | None = None,
    ) -> AsyncPager[Objective]: ...

    @overload
    def alist(
        self,
        *,
        intent: str | None = None,
        limit: int | None = 100,
        search: str | None = None,
        project_id: str | UUID | None = None,
        include_public: bool = False,
        ordering: str | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
        prefetch: bool = False,
        details: bool,
        concurrency: int = 8,
        _request_timeout: float | Deadline | None = None,
    ) -> AsyncPager[ObjectiveList] | AsyncPager[Objective]: ...

    def alist(
        self,
        *,
        intent: str | None = None,
        limit: int | None = 100,
        search: str | None = None,
        project_id: str | UUID | None = None,
        include_public: bool = False,
        ordering: str | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
        prefetch: bool = False,
        details: bool = False,
        concurrency: int = 8,
        _request_timeout: float | Deadline | None = None,
    ) -> AsyncPager[ObjectiveList] | AsyncPager[Objective]:
        """Return an iterator over objectives.

        Nothing is requested before the first item is needed, and nothing after you stop (except
        for one page with `prefetch`).

        Args:
            intent: List only those with exactly this intent.
            limit: Maximum number of objectives, or None for all.
            search: List only those whose intent contains this text.
            project_id: List only those of this project.
            include_public: Whether to list the public ones of other organizations, too.
            ordering: The field to sort by, such as `created_at`; `-created_at` for descending.
            page_size: Number of objectives of a page; the service limits it, usually to 100.
            cursor: Where to continue: the `.cursor` of an earlier listing, or of its error.
            prefetch: Whether to request the next page while you use this one.
            details: Whether to retrieve each objective: a listing has no
                `version_id` and `test_dataset_id`. One that is deleted meanwhile is left out.
            concurrency: Maximum number of objectives that are retrieved concurrently.
            _request_timeout: Seconds for each page and each objective, or a `root.Deadline` for all
                of them.

        Raises:
            PaginationError: While iterating, if a cursor repeats, or the next page has none.
        """
        return self._async.list(
            intent=intent,
            limit=limit,
            search=search,
            project_id=project_id,
            include_public=include_public,
            ordering=ordering,
            page_size=page_size,
            cursor=cursor,
            prefetch=prefetch,
            details=details,
            concurrency=concurrency,
            _request_timeout=_request_timeout,
        )

    async def acreate(
        self,
        *,
        intent: str | None = None,
        test_dataset_id: str | UUID | None = None,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> Objective:
        """Create an objective and return it.

        The service returns only its ID, so there is a second request.

        Args:
            intent: What it is about; 1 to 100,000 characters.
            test_dataset_id: The ID of a data set to test it with.
            project_id: The project to create it in; the default project if omitted.
        """
        return await self._async.create(
            intent=intent,
            test_dataset_id=test_dataset_id,
            project_id=project_id,
            _request_timeout=_request_timeout,
        )

    async def aget(
        self, objective_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> Objective:
        """Retrieve an objective by its ID."""
        return await self._async.get(objective_id, _request_timeout=_request_timeout)

    async def aupdate(
        self,
        objective_id: str | UUID,
        *,
        intent: str | None = None,
        test_dataset_id: str | UUID | None = None,
        project_id: str | UUID | NotGiven = NOT_GIVEN,
        _request_timeout: float | Deadline | None = None,
    ) -> Objective:
        """Update some fields of an objective and return it.

        Omitted fields keep their values. The arguments are those of `create`.
        """
        return await self._async.update(
            objective_id,
            intent=intent,
            test_dataset_id=test_dataset_id,
            project_id=project_id,
            _request_timeout=_request_timeout,
        )

    async def areplace(
        self,
        objective_id: str | UUID,
        *,
        intent: str,
        test_dataset_id: str | UUID | None = None,
        force_create: bool = False,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> Objective:
        """Replace all settings of an objective (PUT) and return it.

        Args:
            objective_id: The ID of the objective.
            intent: What it is about; 1 to 100,000 characters.
            test_dataset_id: The ID of a data set to test it with.
            force_create: Whether to create another objective, instead of a new version of this.
            project_id: The project to move it to.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.
        """
        return await self._async.replace(
            objective_id,
            intent=intent,
            test_dataset_id=test_dataset_id,
            force_create=force_create,
            project_id=project_id,
            _request_timeout=_request_timeout,
        )

    async def adelete(
        self, objective_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> None:
        """Delete one of your objectives."""
        return await self._async.delete(objective_id, _request_timeout=_request_timeout)

    @overload
    async def aretrieve_many(
        self,
        ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["raise"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[Objective]: ...

    @overload
    async def aretrieve_many(
        self,
        ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["collect"],
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[Objective | RootSignalsError]: ...

    async def aretrieve_many(
        self,
        ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["raise", "collect"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[Objective] | List[Objective | RootSignalsError]:
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
AObjective = Objective
Versions = ObjectiveVersions
