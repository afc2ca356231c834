# Generated from src/root/_async/resources/projects.py by scripts/generate_sync.py. Do not edit.
"""Projects: one method for each endpoint of `/v1/projects/`."""

from __future__ import annotations

from types import NoneType
from uuid import UUID

from ..._config import NOT_GIVEN, NotGiven
from ..._config.deadlines import Deadline
from ..._http.operation import Operation
from ..._schemas.projects import Project, ProjectPatch, ProjectRequest
from ..._schemas.requests import json_body
from ..pager import Pager
from ..resource import Collection

__all__ = ["Projects"]


class Projects(Collection[Project]):
    """The projects of your organization; `client.projects` is an instance.

    A project is a workspace to which evaluators, judges, data sets and logs belong. All methods
    raise `APIConnectionError`, `APIStatusError` and `APIResponseError` as described in
    `root.errors`, and `InvalidRequestError` for what the API would reject, before anything is
    sent. `_request_timeout` is the seconds for the whole call, with all attempts and waits, or
    a `root.Deadline`; it shortens the client's `deadline`, and does not extend it.
    """

    _collection = "/v1/projects/"
    _item_type = Project

    def list(
        self,
        *,
        limit: int | None = 100,
        page_size: int | None = None,
        cursor: str | None = None,
        prefetch: bool = False,
        _request_timeout: float | Deadline | None = None,
    ) -> Pager[Project]:
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
        return self._list(
            Project,
            limit=limit,
            page_size=page_size,
            cursor=cursor,
            prefetch=prefetch,
            deadline=_request_timeout,
        )

    def retrieve(
        self, project_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> Project:
        """Retrieve a project by its ID."""
        operation = Operation("GET", self._path(project_id), Project)
        return self._send(operation, _request_timeout)

    def create(
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
        body = json_body(
            ProjectRequest, None, name=name, description=description, is_default=is_default
        )
        operation = Operation("POST", self._collection, Project, body=body)
        return self._send(operation, _request_timeout)

    def update(
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
        body = json_body(
            ProjectPatch, NOT_GIVEN, name=name, description=description, is_default=is_default
        )
        operation = Operation("PATCH", self._path(project_id), Project, body=body)
        return self._send(operation, _request_timeout)

    def delete(
        self, project_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> None:
        """Delete a project. The service refuses it while other objects belong to the project."""
        self._send(Operation("DELETE", self._path(project_id), NoneType), _request_timeout)
