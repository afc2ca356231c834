"""Objectives: one method for each endpoint of `/v1/objectives/`."""

from __future__ import annotations

from types import NoneType
from typing import Literal, overload
from uuid import UUID

from ..._accessor import Accessor, part
from ..._config import NOT_GIVEN, NotGiven
from ..._config.deadlines import Deadline, limited
from ..._http.operation import Operation
from ..._schemas.executions import plain
from ..._schemas.objectives import (
    NewObjective,
    Objective,
    ObjectiveList,
    ObjectivePatch,
    ObjectiveRequest,
)
from ..._schemas.pages import ListResponse, list_response
from ..._schemas.queries import page_of, query_of
from ..._schemas.requests import json_body
from ...errors import RootSignalsError
from ..pager import AsyncPager
from ..resource import AsyncCollection, AsyncResource

__all__ = ["AsyncObjectiveVersions", "AsyncObjectives"]


class AsyncObjectiveVersions(AsyncResource):
    """The versions of objectives; `client.objectives.versions` is an instance."""

    _collection = "/v1/objectives/versions/"
    _item_type = Objective

    async def list(
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
        operation: Operation[ListResponse[Objective]] = Operation(
            "GET",
            self._path(objective_id),
            list_response(Objective),
            query=page_of(cursor, page_size),
        )
        return await self._send(operation, _request_timeout)


class AsyncObjectives(AsyncCollection[Objective]):
    """Objectives: what evaluators measure; `client.objectives` is an instance.

    All methods raise `APIConnectionError`, `APIStatusError` and `APIResponseError` as described in
    `root.errors`, and `InvalidRequestError` for what the API would reject, before anything is
    sent. `_request_timeout` is the seconds for the whole call, with all attempts and waits, or
    a `root.Deadline`; it shortens the client's `deadline`, and does not extend it.
    """

    _collection = "/v1/objectives/"
    _item_type = Objective

    versions: Accessor[AsyncObjectiveVersions] = Accessor(
        "root._async.resources.objectives", "AsyncObjectiveVersions", part
    )
    """The versions of objectives."""

    @overload
    def list(
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
    def list(
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
    def list(
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
    def list(
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
        listing = self._list(
            ObjectiveList,
            query=query_of(
                intent=intent,
                search=search,
                project_id=project_id,
                include_public=include_public or None,
            ),
            limit=limit,
            page_size=page_size,
            ordering=ordering,
            cursor=cursor,
            prefetch=prefetch,
            deadline=_request_timeout,
        )
        if not details:
            return listing
        return self._with_details(
            listing, Objective, concurrency=concurrency, deadline=_request_timeout
        )

    async def create(
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
        body = json_body(
            ObjectiveRequest,
            None,
            intent=intent,
            test_dataset_id=plain(test_dataset_id),
            project_id=plain(project_id),
        )
        with limited(_request_timeout):
            new = await self._send(Operation("POST", self._collection, NewObjective, body=body))
            try:
                return await self.get(new.id)
            except RootSignalsError as error:
                error.may_have_been_processed = True
                error.args = (f"{error} The objective exists: its ID is {new.id}.",)
                raise

    async def get(
        self, objective_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> Objective:
        """Retrieve an objective by its ID."""
        operation = Operation("GET", self._path(objective_id), Objective)
        return await self._send(operation, _request_timeout)

    retrieve = get

    async def update(
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
        body = json_body(
            ObjectivePatch,
            None,
            intent=intent,
            test_dataset_id=plain(test_dataset_id),
            project_id=None if isinstance(project_id, NotGiven) else plain(project_id),
        )
        operation = Operation("PATCH", self._path(objective_id), Objective, body=body)
        return await self._send(operation, _request_timeout)

    async def replace(
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
        body = json_body(
            ObjectiveRequest,
            None,
            intent=intent,
            test_dataset_id=plain(test_dataset_id),
            force_create=force_create or None,
            project_id=plain(project_id),
        )
        # It makes a version, or an objective, each time.
        operation = Operation(
            "PUT", self._path(objective_id), Objective, body=body, is_idempotent=False
        )
        return await self._send(operation, _request_timeout)

    async def delete(
        self, objective_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> None:
        """Delete one of your objectives."""
        await self._send(Operation("DELETE", self._path(objective_id), NoneType), _request_timeout)
