"""Batches: a judge runs on many inputs in the background."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal, overload
from uuid import UUID

from ...._config.deadlines import Deadline, limited
from ...._http.operation import Operation
from ...._schemas.judge_runs import (
    BatchInput,
    JudgeBatchExecutionDetail,
    JudgeBatchExecutionListItem,
    JudgeBatchExecutionResponse,
    batch_body,
)
from ...._schemas.queries import query_of
from ...pager import AsyncPager
from ...resource import AsyncCollection, segment
from ...work import wait_for_work

__all__ = ["AsyncJudgeBatches"]


class AsyncJudgeBatches(AsyncCollection[JudgeBatchExecutionDetail]):
    """Batches of executions of judges; `client.judges.batches` is an instance."""

    _collection = "/v1/judges/batch-executions/"
    _item_type = JudgeBatchExecutionListItem

    async def create(
        self,
        judge_id: str | UUID,
        inputs: Sequence[BatchInput],
        *,
        tags: Sequence[str] | None = None,
        judge_version_id: str | UUID | None = None,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> JudgeBatchExecutionResponse:
        """Have a judge run on many inputs in the background, and return at once.

        It costs money, so it is sent again only if the service did not receive the request or
        refused to process it. `wait` waits for the results.

        ```python
        batch = await client.judges.batches.create(judge_id, [{"response": "Yes."}])
        print(batch.id)
        ```

        Args:
            judge_id: The ID of the judge.
            inputs: At most 100 inputs: dicts with arguments of `client.judges.run`, such as
                `request`, `response` and `contexts`.
            tags: Labels of the logs.
            judge_version_id: The version to run; the latest one if omitted.
            project_id: The project of the logs; that of the judge if omitted.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.
        """
        body = batch_body(
            inputs, tags=tags, judge_version_id=judge_version_id, project_id=project_id
        )
        operation = Operation(
            "POST",
            f"/v1/judges/{segment(judge_id, 'judge')}/batch-execute/",
            JudgeBatchExecutionResponse,
            body=body,
            costs_money=True,
        )
        return await self._send(operation, _request_timeout)

    @overload
    def list(
        self,
        *,
        judge_id: str | UUID | None = None,
        status: str | None = None,
        project_id: str | UUID | None = None,
        date_from: datetime | str | None = None,
        date_to: datetime | str | None = None,
        limit: int | None = 100,
        page_size: int | None = None,
        cursor: str | None = None,
        prefetch: bool = False,
        details: Literal[False] = False,
        concurrency: int = 8,
        _request_timeout: float | Deadline | None = None,
    ) -> AsyncPager[JudgeBatchExecutionListItem]: ...
    @overload
    def list(
        self,
        *,
        judge_id: str | UUID | None = None,
        status: str | None = None,
        project_id: str | UUID | None = None,
        date_from: datetime | str | None = None,
        date_to: datetime | str | None = None,
        limit: int | None = 100,
        page_size: int | None = None,
        cursor: str | None = None,
        prefetch: bool = False,
        details: Literal[True],
        concurrency: int = 8,
        _request_timeout: float | Deadline | None = None,
    ) -> AsyncPager[JudgeBatchExecutionDetail]: ...
    @overload
    def list(
        self,
        *,
        judge_id: str | UUID | None = None,
        status: str | None = None,
        project_id: str | UUID | None = None,
        date_from: datetime | str | None = None,
        date_to: datetime | str | None = None,
        limit: int | None = 100,
        page_size: int | None = None,
        cursor: str | None = None,
        prefetch: bool = False,
        details: bool,
        concurrency: int = 8,
        _request_timeout: float | Deadline | None = None,
    ) -> AsyncPager[JudgeBatchExecutionListItem] | AsyncPager[JudgeBatchExecutionDetail]: ...
    def list(
        self,
        *,
        judge_id: str | UUID | None = None,
        status: str | None = None,
        project_id: str | UUID | None = None,
        date_from: datetime | str | None = None,
        date_to: datetime | str | None = None,
        limit: int | None = 100,
        page_size: int | None = None,
        cursor: str | None = None,
        prefetch: bool = False,
        details: bool = False,
        concurrency: int = 8,
        _request_timeout: float | Deadline | None = None,
    ) -> AsyncPager[JudgeBatchExecutionListItem] | AsyncPager[JudgeBatchExecutionDetail]:
        """Return an iterator over batches.

        Args:
            judge_id: List only those of this judge.
            status: List only those in this state, such as `completed`.
            project_id: List only those of this project.
            date_from: List only those that were created at this time or later.
            date_to: List only those that were created at this time or earlier.
            limit: Maximum number of batches, or None for all.
            page_size: Number of batches of a page; the service limits it.
            cursor: Where to continue: the `.cursor` of an earlier listing, or of its error.
            prefetch: Whether to request the next page while you use this one.
            details: Whether to retrieve each batch: a listing has no `items`.
                One that is deleted meanwhile is left out.
            concurrency: Maximum number of batches that are retrieved concurrently.
            _request_timeout: Seconds for each page and each batch, or a `root.Deadline` for all
                of them.
        """
        listing = self._list(
            JudgeBatchExecutionListItem,
            query=query_of(
                judge_id=judge_id,
                status=status,
                project_id=project_id,
                date_from=date_from,
                date_to=date_to,
            ),
            limit=limit,
            page_size=page_size,
            cursor=cursor,
            prefetch=prefetch,
            deadline=_request_timeout,
        )
        if not details:
            return listing
        return self._with_details(
            listing, JudgeBatchExecutionDetail, concurrency=concurrency, deadline=_request_timeout
        )

    async def get(
        self, batch_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> JudgeBatchExecutionDetail:
        """Retrieve a batch as it is, with its items."""
        return await self._send(self._detail(batch_id), _request_timeout)

    retrieve = get

    async def wait(
        self,
        batch_id: str | UUID,
        *,
        timeout: float | Deadline | None = 600.0,
        on_progress: Callable[[JudgeBatchExecutionDetail], object] | None = None,
    ) -> JudgeBatchExecutionDetail:
        """Wait until a batch has ended, and return it with its results.

        It needs the ID alone, so another process can wait, too, or wait again. It polls
        at once, then after a second, and then less often, up to every ten seconds, or as the
        service asks.

        Args:
            batch_id: The ID of the batch.
            timeout: Seconds until it must have ended, or a `root.Deadline`, or None for no limit.
            on_progress: Called with the batch after each poll: `root.progress.bar("Judging")`
                shows it as a progress bar.

        Returns:
            The batch. If some of its items failed, its `status` is `partial`.

        Raises:
            WorkFailedError: All items failed; `.work` is the batch.
            APITimeoutError: It has not ended in time. The service continues to process it.
        """
        with limited(timeout, "timeout"):
            return await wait_for_work(
                self._client, self._detail(batch_id), on_progress=on_progress
            )

    def _detail(self, batch_id: str | UUID) -> Operation[JudgeBatchExecutionDetail]:
        return Operation("GET", self._path(batch_id), JudgeBatchExecutionDetail)
