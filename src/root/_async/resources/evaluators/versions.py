"""The versions of evaluators."""

from __future__ import annotations

from typing import Generic, TypeVar
from uuid import UUID

from ...._config.deadlines import Deadline
from ...._http.operation import Operation
from ...._schemas.evaluators import EvaluatorFields
from ...._schemas.pages import ListResponse, list_response
from ...._schemas.queries import page_of
from ...resource import AsyncResource

__all__ = ["AsyncEvaluatorVersions"]

E = TypeVar("E", bound=EvaluatorFields)


class AsyncEvaluatorVersions(AsyncResource, Generic[E]):
    """The versions of evaluators; `client.evaluators.versions` is an instance."""

    _collection = "/v1/evaluators/versions/"
    _item_type = EvaluatorFields
    _acting: type[E]

    async def list(
        self,
        evaluator_id: str | UUID,
        *,
        cursor: str | None = None,
        page_size: int | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> ListResponse[E]:
        """Return a page of the versions of an evaluator, the newest first, in `.results`.

        Args:
            evaluator_id: The ID of the evaluator.
            cursor: The `.next` of the page before, or None for the first page.
            page_size: Number of versions of a page; the service limits it.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.
        """
        operation: Operation[ListResponse[E]] = Operation(
            "GET",
            self._path(evaluator_id),
            list_response(self._acting),
            query=page_of(cursor, page_size),
        )
        page = await self._send(operation, _request_timeout)
        for version in page.results:
            version._bind(self._actor)  # pyright: ignore[reportPrivateUsage]
        return page
