"""The logs of executions of evaluators and judges: the resource and its results."""

from __future__ import annotations

from builtins import list as List
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal, overload
from uuid import UUID

from ._accessor import Accessor, lazy, twin
from ._config.deadlines import Deadline
from ._schemas.execution_logs import (
    EvaluationContext,
    EvaluatorLatency,
    ExecutionLogDetails,
    ExecutionLogList,
    ExecutionType,
    HasExecutionLog,
    LoggedResult,
    LoggedTurn,
)
from ._sync.resources import execution_logs as _sync

if TYPE_CHECKING:
    from ._async.pager import AsyncPager
    from ._async.resources.execution_logs import AsyncExecutionLogs
    from ._concurrency.bulk import Progress
    from ._twins import TwinSender
    from .errors import RootSignalsError

__all__ = [
    "AsyncExecutionLogs",
    "EvaluationContext",
    "EvaluatorLatency",
    "ExecutionLogDetails",
    "ExecutionLogList",
    "ExecutionLogs",
    "ExecutionType",
    "HasExecutionLog",
    "LoggedResult",
    "LoggedTurn",
]

# What not every program needs is imported on first use.
__getattr__: Callable[[str], object] = lazy(
    globals(), {"._async.resources.execution_logs": ("AsyncExecutionLogs",)}
)


class ExecutionLogs(_sync.ExecutionLogs):
    """The logs of executions; `client.execution_logs` is an instance.

    Each execution of an evaluator or a judge has a log, which can be read at once.

    Each method has a twin with the prefix `a`, which is awaited (`alist` is iterated with
    `async for`) and is the same otherwise.

    All methods raise `APIConnectionError`, `APIStatusError` and `APIResponseError` as described in
    `root.errors`, and `InvalidRequestError` for what the API would reject, before anything is
    sent. `_request_timeout` is the seconds for the whole call, with all attempts and waits, or
    a `root.Deadline`; it shortens the client's `deadline`, and does not extend it.
    """

    # Generated twins of AsyncExecutionLogs in _async/resources/execution_logs.py. Do not edit.

    def __init__(self, client: TwinSender) -> None:
        super().__init__(client)
        self._whole = client

    _async: Accessor[AsyncExecutionLogs] = Accessor(
        "root._async.resources.execution_logs", "AsyncExecutionLogs", twin
    )

    @overload
    def alist(
        self,
        *,
        limit: int | None = 100,
        search_term: str | None = None,
        tags: Sequence[str] | None = None,
        include: Sequence[str] | None = None,
        executed_item_id: str | UUID | None = None,
        execution_type: ExecutionType | None = None,
        date_from: datetime | str | None = None,
        date_to: datetime | str | None = None,
        min_score: float | None = None,
        max_score: float | None = None,
        session_id: str | None = None,
        user_id: str | None = None,
        has_session_id: bool | None = None,
        unique_skills: bool = False,
        project_id: str | UUID | None = None,
        judge_id: str | UUID | None = None,
        batch_execution_id: str | UUID | None = None,
        parent_execution_log_id: str | UUID | None = None,
        model: str | None = None,
        owner_email: str | None = None,
        min_cost: float | None = None,
        max_cost: float | None = None,
        unique_evaluators: bool = False,
        ordering: str | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
        prefetch: bool = False,
        details: Literal[False] = False,
        concurrency: int = 8,
        _request_timeout: float | Deadline | None = None,
    ) -> AsyncPager[ExecutionLogList]: ...

    @overload
    def alist(
        self,
        *,
        limit: int | None = 100,
        search_term: str | None = None,
        tags: Sequence[str] | None = None,
        include: Sequence[str] | None = None,
        executed_item_id: str | UUID | None = None,
        execution_type: ExecutionType | None = None,
        date_from: datetime | str | None = None,
        date_to: datetime | str | None = None,
        min_score: float | None = None,
        max_score: float | None = None,
        session_id: str | None = None,
        user_id: str | None = None,
        has_session_id: bool | None = None,
        unique_skills: bool = False,
        project_id: str | UUID | None = None,
        judge_id: str | UUID | None = None,
        batch_execution_id: str | UUID | None = None,
        parent_execution_log_id: str | UUID | None = None,
        model: str | None = None,
        owner_email: str | None = None,
        min_cost: float | None = None,
        max_cost: float | None = None,
        unique_evaluators: bool = False,
        ordering: str | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
        prefetch: bool = False,
        details: Literal[True],
        concurrency: int = 8,
        _request_timeout: float | Deadline | None = None,
    ) -> AsyncPager[ExecutionLogDetails]: ...

    @overload
    def alist(
        self,
        *,
        limit: int | None = 100,
        search_term: str | None = None,
        tags: Sequence[str] | None = None,
        include: Sequence[str] | None = None,
        executed_item_id: str | UUID | None = None,
        execution_type: ExecutionType | None = None,
        date_from: datetime | str | None = None,
        date_to: datetime | str | None = None,
        min_score: float | None = None,
        max_score: float | None = None,
        session_id: str | None = None,
        user_id: str | None = None,
        has_session_id: bool | None = None,
        unique_skills: bool = False,
        project_id: str | UUID | None = None,
        judge_id: str | UUID | None = None,
        batch_execution_id: str | UUID | None = None,
        parent_execution_log_id: str | UUID | None = None,
        model: str | None = None,
        owner_email: str | None = None,
        min_cost: float | None = None,
        max_cost: float | None = None,
        unique_evaluators: bool = False,
        ordering: str | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
        prefetch: bool = False,
        details: bool,
        concurrency: int = 8,
        _request_timeout: float | Deadline | None = None,
    ) -> AsyncPager[ExecutionLogList] | AsyncPager[ExecutionLogDetails]: ...

    def alist(
        self,
        *,
        limit: int | None = 100,
        search_term: str | None = None,
        tags: Sequence[str] | None = None,
        include: Sequence[str] | None = None,
        executed_item_id: str | UUID | None = None,
        execution_type: ExecutionType | None = None,
        date_from: datetime | str | None = None,
        date_to: datetime | str | None = None,
        min_score: float | None = None,
        max_score: float | None = None,
        session_id: str | None = None,
        user_id: str | None = None,
        has_session_id: bool | None = None,
        unique_skills: bool = False,
        project_id: str | UUID | None = None,
        judge_id: str | UUID | None = None,
        batch_execution_id: str | UUID | None = None,
        parent_execution_log_id: str | UUID | None = None,
        model: str | None = None,
        owner_email: str | None = None,
        min_cost: float | None = None,
        max_cost: float | None = None,
        unique_evaluators: bool = False,
        ordering: str | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
        prefetch: bool = False,
        details: bool = False,
        concurrency: int = 8,
        _request_timeout: float | Deadline | None = None,
    ) -> AsyncPager[ExecutionLogList] | AsyncPager[ExecutionLogDetails]:
        """Return an iterator over execution logs, the newest first.

        Nothing is requested before the first item is needed, and nothing after you stop (except
        for one page with `prefetch`). A server that does not know a filter responds with 400.

        Args:
            limit: Maximum number of logs, or None for all.
            search_term: List only those with this text in the name or the ID of what was executed.
            tags: List only those with these tags, which have no commas.
            include: Fields that are None otherwise: `llm_output`, `variables`,
                `evaluation_context`.
            executed_item_id: List only those of this evaluator or judge.
            execution_type: List only executions of this type, such as `evaluator` or `judge`.
            date_from: List only those at this time or later. A datetime without a zone is local
                time; a string is sent as it is.
            date_to: List only those at this time or earlier.
            min_score: List only those with at least this score.
            max_score: List only those with at most this score.
            session_id: List only those of this session.
            user_id: List only those of this user, as given to the execution.
            has_session_id: List only those with a session, or only those without.
            unique_skills: Whether to list only the newest of each evaluator and judge.
            project_id: List only those of this project.
            judge_id: List only those of this judge. This filter and those below need a newer
                server.
            batch_execution_id: List only those of this batch.
            parent_execution_log_id: List only the parts of this execution of a judge.
            model: List only those of the model with exactly this name.
            owner_email: List only those of the user with this e-mail address.
            min_cost: List only those that cost at least this.
            max_cost: List only those that cost at most this.
            unique_evaluators: The name that newer servers have for `unique_skills`.
            ordering: The field to sort by, such as `created_at`; `-created_at` for descending.
            page_size: Number of logs of a page; the service limits it, usually to 100.
            cursor: Where to continue: the `.cursor` of an earlier listing, or of its error.
            prefetch: Whether to request the next page while you use this one.
            details: Whether to retrieve each log: a listing has no justification, no model and no
                whole texts. One that is deleted meanwhile is left out.
            concurrency: Maximum number of logs that are retrieved concurrently.
            _request_timeout: Seconds for each page and each log, or a `root.Deadline` for all
                of them.

        Raises:
            PaginationError: While iterating, if a cursor repeats, or the next page has none.
        """
        return self._async.list(
            limit=limit,
            search_term=search_term,
            tags=tags,
            include=include,
            executed_item_id=executed_item_id,
            execution_type=execution_type,
            date_from=date_from,
            date_to=date_to,
            min_score=min_score,
            max_score=max_score,
            session_id=session_id,
            user_id=user_id,
            has_session_id=has_session_id,
            unique_skills=unique_skills,
            project_id=project_id,
            judge_id=judge_id,
            batch_execution_id=batch_execution_id,
            parent_execution_log_id=parent_execution_log_id,
            model=model,
            owner_email=owner_email,
            min_cost=min_cost,
            max_cost=max_cost,
            unique_evaluators=unique_evaluators,
            ordering=ordering,
            page_size=page_size,
            cursor=cursor,
            prefetch=prefetch,
            details=details,
            concurrency=concurrency,
            _request_timeout=_request_timeout,
        )

    async def aget(
        self,
        log_id: str | UUID | None = None,
        *,
        execution_result: HasExecutionLog | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> ExecutionLogDetails:
        """Retrieve the log of an execution, by its ID or by what the execution returned.

        Args:
            log_id: The ID of the log.
            execution_result: What the execution returned: anything with an `execution_log_id`.
                It takes precedence over `log_id`.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.
        """
        return await self._async.get(
            log_id, execution_result=execution_result, _request_timeout=_request_timeout
        )

    async def asession_ids(
        self, starts_with: str | None = None, *, _request_timeout: float | Deadline | None = None
    ) -> List[str]:
        """Return at most 30 of the session IDs that executions of your organization have.

        Args:
            starts_with: Return only those that start with this text.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.
        """
        return await self._async.session_ids(starts_with, _request_timeout=_request_timeout)

    async def auser_ids(
        self, starts_with: str | None = None, *, _request_timeout: float | Deadline | None = None
    ) -> List[str]:
        """Return at most 30 of the user IDs that executions of your organization have.

        Args:
            starts_with: Return only those that start with this text.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.
        """
        return await self._async.user_ids(starts_with, _request_timeout=_request_timeout)

    async def aset_tags(
        self,
        log_ids: Sequence[str | UUID],
        *,
        tags: Sequence[str],
        _request_timeout: float | Deadline | None = None,
    ) -> None:
        """Replace the tags of each of some logs.

        Args:
            log_ids: The IDs of 1 to 500 logs.
            tags: Their new tags, at most 15; an empty list removes all.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.
        """
        return await self._async.set_tags(log_ids, tags=tags, _request_timeout=_request_timeout)

    @overload
    async def aretrieve_many(
        self,
        ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["raise"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[ExecutionLogDetails]: ...

    @overload
    async def aretrieve_many(
        self,
        ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["collect"],
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[ExecutionLogDetails | RootSignalsError]: ...

    async def aretrieve_many(
        self,
        ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["raise", "collect"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[ExecutionLogDetails] | List[ExecutionLogDetails | RootSignalsError]:
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
AExecutionLogDetails = ExecutionLogDetails
AExecutionLogList = ExecutionLogList
ExecutionResult = HasExecutionLog
