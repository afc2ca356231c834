"""Judges, which run several evaluators at once: the resource and its results."""

from __future__ import annotations

from builtins import list as List
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal, cast, overload
from uuid import UUID

from ._accessor import Accessor, lazy, part, twin
from ._config import NOT_GIVEN, NotGiven
from ._config.deadlines import Deadline
from ._schemas.executions import Function, JSONObject, Turn, TurnInput
from ._schemas.judge_runs import (
    BatchInput,
    JudgeBatchExecutionDetail,
    JudgeBatchExecutionInput,
    JudgeBatchExecutionItem,
    JudgeBatchExecutionListItem,
    JudgeBatchExecutionResponse,
    NestedJudge,
)
from ._schemas.judges import (
    EvaluatorReference,
    EvaluatorResult,
    JudgeExecutionResponse,
    JudgeFile,
    JudgeGeneratorResponse,
    JudgeRectifierEvent,
    JudgeRectifierResponse,
    JudgeStatus,
    JudgeVisibility,
    NestedEvaluator,
    NestedObjective,
    SyntheticData,
    SyntheticSample,
)
from ._schemas.work import WorkStatus
from ._secrets.secret import as_secret
from ._sync.resources.judges import batches as _batches
from ._sync.resources.judges import judge as _judge
from ._sync.resources.judges import resource as _sync
from ._sync.resources.judges.refinement import Refinement

if TYPE_CHECKING:
    from ._async.pager import AsyncPager
    from ._async.resources.judges.batches import AsyncJudgeBatches
    from ._async.resources.judges.judge import AsyncJudge
    from ._async.resources.judges.refinement import AsyncRefinement
    from ._async.resources.judges.resource import AsyncJudges
    from ._concurrency.bulk import Progress
    from ._twins import TwinSender
    from .errors import RootSignalsError

__all__ = [
    "AsyncJudge",
    "AsyncJudgeBatches",
    "AsyncJudges",
    "AsyncRefinement",
    "BatchInput",
    "EvaluatorReference",
    "EvaluatorResult",
    "Function",
    "JSONObject",
    "Judge",
    "JudgeBatchExecutionDetail",
    "JudgeBatchExecutionInput",
    "JudgeBatchExecutionItem",
    "JudgeBatchExecutionListItem",
    "JudgeBatchExecutionResponse",
    "JudgeBatches",
    "JudgeExecutionResponse",
    "JudgeFile",
    "JudgeGeneratorResponse",
    "JudgeRectifierEvent",
    "JudgeRectifierResponse",
    "JudgeStatus",
    "JudgeVisibility",
    "Judges",
    "NestedEvaluator",
    "NestedJudge",
    "NestedObjective",
    "Refinement",
    "SyntheticData",
    "SyntheticSample",
    "Turn",
    "TurnInput",
    "WorkStatus",
]

# What not every program needs is imported on first use.
__getattr__: Callable[[str], object] = lazy(
    globals(),
    {
        "._async.resources.judges.batches": ("AsyncJudgeBatches",),
        "._async.resources.judges.judge": ("AsyncJudge",),
        "._async.resources.judges.refinement": ("AsyncRefinement",),
        "._async.resources.judges.resource": ("AsyncJudges",),
    },
)


class Judge(_judge.Judge):
    """A judge. `run` and `arun` run its latest version."""

    @property
    def _async(self) -> AsyncJudge:
        from ._async.resources.judges.judge import AsyncJudge

        whole = cast("TwinSender", self._bound())
        twin = AsyncJudge(id=self.id, name=self.name)
        return twin._bind(whole._async)  # pyright: ignore[reportPrivateUsage]

    # Generated twins of AsyncJudge (run) in _async/resources/judges/judge.py. Do not edit.

    async def arun(
        self,
        *,
        response: str | None = None,
        request: str | None = None,
        contexts: Sequence[str] | None = None,
        functions: Sequence[Function] | None = None,
        expected_output: str | None = None,
        tags: Sequence[str] | None = None,
        turns: Sequence[TurnInput] | None = None,
        tools: Sequence[JSONObject] | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        system_prompt: str | None = None,
        file_ids: Sequence[str | UUID] | None = None,
        judge_version_id: str | UUID | None = None,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> JudgeExecutionResponse:
        """Run the judge, and return a result for each of its evaluators.

        The arguments are those of `client.judges.run`.

        Raises:
            InvalidRequestError: There is nothing to evaluate, or an argument is invalid.
        """
        return await self._async.run(
            response=response,
            request=request,
            contexts=contexts,
            functions=functions,
            expected_output=expected_output,
            tags=tags,
            turns=turns,
            tools=tools,
            user_id=user_id,
            session_id=session_id,
            system_prompt=system_prompt,
            file_ids=file_ids,
            judge_version_id=judge_version_id,
            project_id=project_id,
            _request_timeout=_request_timeout,
        )


class JudgeBatches(_batches.JudgeBatches):
    """Batches of executions of judges; `client.judges.batches` is an instance.

    Each method has a twin with the prefix `a`, which is awaited (`alist` is iterated with
    `async for`); that of `wait` is `await_`, since `await` is a keyword of Python.
    """

    # Generated twins of AsyncJudgeBatches in _async/resources/judges/batches.py. Do not edit.

    def __init__(self, client: TwinSender) -> None:
        super().__init__(client)
        self._whole = client

    _async: Accessor[AsyncJudgeBatches] = Accessor(
        "root._async.resources.judges.batches", "AsyncJudgeBatches", twin
    )

    async def acreate(
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
        batch = await client.judges.batches.acreate(judge_id, [{"response": "Yes."}])
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
        return await self._async.create(
            judge_id,
            inputs,
            tags=tags,
            judge_version_id=judge_version_id,
            project_id=project_id,
            _request_timeout=_request_timeout,
        )

    @overload
    def alist(
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
    def alist(
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
    def alist(
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

    def alist(
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
        return self._async.list(
            judge_id=judge_id,
            status=status,
            project_id=project_id,
            date_from=date_from,
            date_to=date_to,
            limit=limit,
            page_size=page_size,
            cursor=cursor,
            prefetch=prefetch,
            details=details,
            concurrency=concurrency,
            _request_timeout=_request_timeout,
        )

    async def aget(
        self, batch_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> JudgeBatchExecutionDetail:
        """Retrieve a batch as it is, with its items."""
        return await self._async.get(batch_id, _request_timeout=_request_timeout)

    async def await_(
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
        return await self._async.wait(batch_id, timeout=timeout, on_progress=on_progress)

    @overload
    async def aretrieve_many(
        self,
        ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["raise"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[JudgeBatchExecutionDetail]: ...

    @overload
    async def aretrieve_many(
        self,
        ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["collect"],
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[JudgeBatchExecutionDetail | RootSignalsError]: ...

    async def aretrieve_many(
        self,
        ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["raise", "collect"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[JudgeBatchExecutionDetail] | List[JudgeBatchExecutionDetail | RootSignalsError]:
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


class Judges(_sync.Judges[Judge]):
    """Judges, which run several evaluators at once; `client.judges` is an instance.

    Each method has a twin with the prefix `a`, which is awaited (`alist` is iterated with
    `async for`) and is the same otherwise.

    All methods raise `APIConnectionError`, `APIStatusError` and `APIResponseError` as described in
    `root.errors`, and `InvalidRequestError` for what the API would reject, before anything is
    sent. `_request_timeout` is the seconds for the whole call, with all attempts and waits, or
    a `root.Deadline`; it shortens the client's `deadline`, and does not extend it.
    """

    _acting: type[Judge] = Judge

    batches: Accessor[JudgeBatches] = Accessor("root.judges", "JudgeBatches", part)  # pyright: ignore[reportIncompatibleVariableOverride]
    """Batches of executions, which run in the background."""

    # Generated twins of AsyncJudges[Judge] in _async/resources/judges/resource.py. Do not edit.

    def __init__(self, client: TwinSender) -> None:
        super().__init__(client)
        self._whole = client

    _async: Accessor[AsyncJudges[Judge]] = Accessor(
        "root._async.resources.judges.resource", "AsyncJudges", twin
    )

    def alist(
        self,
        *,
        limit: int | None = 100,
        search_term: str | None = None,
        name: str | None = None,
        project_id: str | UUID | None = None,
        include_public: bool = False,
        is_preset: bool | None = None,
        featured: bool | None = None,
        executed_at_gte: datetime | str | None = None,
        intent_evaluability_score_gte: float | None = None,
        ordering: str | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
        prefetch: bool = False,
        details: bool = False,
        concurrency: int = 8,
        _request_timeout: float | Deadline | None = None,
    ) -> AsyncPager[Judge]:
        """Return an iterator over judges, which can run.

        Nothing is requested before the first item is needed, and nothing after you stop (except
        for one page with `prefetch`).

        Args:
            limit: Maximum number of judges, or None for all.
            search_term: List only those whose name or intent contains this text.
            name: List only those with exactly this name.
            project_id: List only those of this project.
            include_public: Whether to list the public ones of other organizations, too.
            is_preset: List only those that the service has made, or only the others.
            featured: List only those that the service features, or only the others.
            executed_at_gte: List only those that were run at this time or later.
            intent_evaluability_score_gte: List only those whose intent can be evaluated at least
                as well as this.
            ordering: The field to sort by, such as `name`; `-name` for descending.
            page_size: Number of judges of a page; the service limits it, usually to 100.
            cursor: Where to continue: the `.cursor` of an earlier listing, or of its error.
            prefetch: Whether to request the next page while you use this one.
            details: Whether to retrieve each judge: a listing has no
                `files`, `stage` and `version_id`. One that is deleted meanwhile is left out.
            concurrency: Maximum number of judges that are retrieved concurrently.
            _request_timeout: Seconds for each page and each judge, or a `root.Deadline` for all
                of them.

        Raises:
            PaginationError: While iterating, if a cursor repeats, or the next page has none.
        """
        return self._async.list(
            limit=limit,
            search_term=search_term,
            name=name,
            project_id=project_id,
            include_public=include_public,
            is_preset=is_preset,
            featured=featured,
            executed_at_gte=executed_at_gte,
            intent_evaluability_score_gte=intent_evaluability_score_gte,
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
        name: str,
        intent: str,
        evaluator_references: Sequence[EvaluatorReference | JSONObject] | None = None,
        stage: str | None = None,
        status: JudgeStatus = "unlisted",
        visibility: JudgeVisibility | None = None,
        file_id: str | UUID | None = None,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> Judge:
        """Create a judge of evaluators and return it; its `run` runs it.

        Args:
            name: Its name; 3 to 512 characters.
            intent: What it evaluates.
            evaluator_references: Its evaluators: `{"id": ...}`, with a `version_id` for a certain
                version. `root.evaluators.Eval` has the IDs of those of the service.
            stage: The stage of the application that it evaluates.
            status: The visibility, by its older name and in its terms.
            visibility: Who can see it: `private` for the organization, which is the default, or
                `public`.
            file_id: The ID of a file that it uses as a context.
            project_id: The project to create it in; the default project if omitted.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.
        """
        return await self._async.create(
            name=name,
            intent=intent,
            evaluator_references=evaluator_references,
            stage=stage,
            status=status,
            visibility=visibility,
            file_id=file_id,
            project_id=project_id,
            _request_timeout=_request_timeout,
        )

    async def aget(
        self, judge_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> Judge:
        """Retrieve a judge by its ID."""
        return await self._async.get(judge_id, _request_timeout=_request_timeout)

    async def aget_by_name(
        self, name: str, *, _request_timeout: float | Deadline | None = None
    ) -> Judge:
        """Retrieve a judge by its exact name.

        If several have the name, a warning is issued, and the first one that the service lists is
        returned, usually the newest.

        Raises:
            InvalidRequestError: There is no judge with this name, or it is empty.
        """
        return await self._async.get_by_name(name, _request_timeout=_request_timeout)

    async def aupdate(
        self,
        judge_id: str | UUID,
        *,
        name: str | None = None,
        evaluator_references: Sequence[EvaluatorReference | JSONObject] | None = None,
        intent: str | None = None,
        stage: str | None = None,
        visibility: JudgeVisibility | None = None,
        status: JudgeStatus | None = None,
        file_id: str | UUID | NotGiven | None = NOT_GIVEN,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> Judge:
        """Update some fields of a judge, which makes a version, and return it.

        Omitted fields keep their values. An empty list removes all evaluators, and None for
        `file_id` removes the file. The arguments are those of `create`.
        """
        return await self._async.update(
            judge_id,
            name=name,
            evaluator_references=evaluator_references,
            intent=intent,
            stage=stage,
            visibility=visibility,
            status=status,
            file_id=file_id,
            project_id=project_id,
            _request_timeout=_request_timeout,
        )

    async def areplace(
        self,
        judge_id: str | UUID,
        *,
        name: str,
        intent: str,
        evaluator_references: Sequence[EvaluatorReference | JSONObject] | None = None,
        stage: str | None = None,
        visibility: JudgeVisibility = "private",
        file_id: str | UUID | None = None,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> Judge:
        """Replace all settings of a judge (PUT), which makes a version, and return it.

        The arguments are those of `create`.
        """
        return await self._async.replace(
            judge_id,
            name=name,
            intent=intent,
            evaluator_references=evaluator_references,
            stage=stage,
            visibility=visibility,
            file_id=file_id,
            project_id=project_id,
            _request_timeout=_request_timeout,
        )

    async def adelete(
        self, judge_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> None:
        """Delete a judge. Its evaluators and logs remain."""
        return await self._async.delete(judge_id, _request_timeout=_request_timeout)

    async def aduplicate(
        self,
        judge_id: str | UUID,
        *,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> Judge:
        """Copy a judge that you can read, and return the copy, which belongs to you.

        Args:
            judge_id: The ID of the judge.
            project_id: The project to create the copy in.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.
        """
        return await self._async.duplicate(
            judge_id, project_id=project_id, _request_timeout=_request_timeout
        )

    async def ainvite(
        self,
        judge_id: str | UUID,
        *,
        emails: Sequence[str],
        judge_url: str,
        _request_timeout: float | Deadline | None = None,
    ) -> None:
        """Have the service invite others to a judge by e-mail.

        Args:
            judge_id: The ID of the judge.
            emails: The addresses, at most ten.
            judge_url: The address of the judge's page, for the e-mail.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.
        """
        return await self._async.invite(
            judge_id, emails=emails, judge_url=judge_url, _request_timeout=_request_timeout
        )

    async def aclaim(
        self,
        claim_token: str | UUID,
        *,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> Judge:
        """Take over a judge that a temporary user has generated, and return it.

        Args:
            claim_token: The `claim_token` that its generation returned.
            project_id: The project to move it to; the default project if omitted.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.
        """
        claim_token = as_secret(str(claim_token) if isinstance(claim_token, UUID) else claim_token)
        return await self._async.claim(
            claim_token, project_id=project_id, _request_timeout=_request_timeout
        )

    async def arun(
        self,
        judge_id: str | UUID,
        *,
        response: str | None = None,
        request: str | None = None,
        contexts: Sequence[str] | None = None,
        functions: Sequence[Function] | None = None,
        expected_output: str | None = None,
        tags: Sequence[str] | None = None,
        turns: Sequence[TurnInput] | None = None,
        tools: Sequence[JSONObject] | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        system_prompt: str | None = None,
        file_ids: Sequence[str | UUID] | None = None,
        judge_version_id: str | UUID | None = None,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> JudgeExecutionResponse:
        """Run a judge, and return a result for each of its evaluators in `.evaluator_results`.

        It costs money, so it is sent again only if the service did not receive the request or
        refused to process it. The service waits for models: an attempt may take 120 seconds if the
        client's `timeout` is the default of 30.

        Args:
            judge_id: The ID of the judge.
            response: The text to evaluate, usually the response of a model.
            request: What `response` responds to, usually the prompt of a user.
            contexts: Texts that the response is based on, such as what was found for it.
            functions: The functions that the model could call, for older servers.
            expected_output: The response that was expected.
            tags: Labels of the log of this execution, to find it by.
            turns: A conversation to evaluate, instead of `request` and `response`.
            tools: The tools that the model could call, in OpenAI's format.
            user_id: The user whose request it was, for the log.
            session_id: The session that it belongs to, for the log.
            system_prompt: The system prompt of the model, for the log.
            file_ids: The IDs of files to evaluate with.
            judge_version_id: The version to run; the latest one if omitted.
            project_id: The project of the log; that of the judge if omitted.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.
        """
        return await self._async.run(
            judge_id,
            response=response,
            request=request,
            contexts=contexts,
            functions=functions,
            expected_output=expected_output,
            tags=tags,
            turns=turns,
            tools=tools,
            user_id=user_id,
            session_id=session_id,
            system_prompt=system_prompt,
            file_ids=file_ids,
            judge_version_id=judge_version_id,
            project_id=project_id,
            _request_timeout=_request_timeout,
        )

    async def arun_by_name(
        self,
        name: str,
        *,
        response: str | None = None,
        request: str | None = None,
        contexts: Sequence[str] | None = None,
        functions: Sequence[Function] | None = None,
        expected_output: str | None = None,
        tags: Sequence[str] | None = None,
        turns: Sequence[TurnInput] | None = None,
        tools: Sequence[JSONObject] | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        system_prompt: str | None = None,
        file_ids: Sequence[str | UUID] | None = None,
        judge_version_id: str | UUID | None = None,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> JudgeExecutionResponse:
        """Run the judge with a name, and return a result for each of its evaluators.

        The other arguments are those of `run`. `name` is the exact name.
        """
        return await self._async.run_by_name(
            name,
            response=response,
            request=request,
            contexts=contexts,
            functions=functions,
            expected_output=expected_output,
            tags=tags,
            turns=turns,
            tools=tools,
            user_id=user_id,
            session_id=session_id,
            system_prompt=system_prompt,
            file_ids=file_ids,
            judge_version_id=judge_version_id,
            project_id=project_id,
            _request_timeout=_request_timeout,
        )

    @overload
    async def arefine(
        self,
        judge_id: str | UUID,
        *,
        response: str | None = None,
        request: str | None = None,
        contexts: Sequence[str] | None = None,
        expected_output: str | None = None,
        tags: Sequence[str] | None = None,
        turns: Sequence[TurnInput] | None = None,
        tools: Sequence[JSONObject] | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        system_prompt: str | None = None,
        file_ids: Sequence[str | UUID] | None = None,
        judge_version_id: str | UUID | None = None,
        project_id: str | UUID | None = None,
        max_iterations: int | None = None,
        patience: int | None = None,
        min_improvement: float | None = None,
        threshold: float | None = None,
        stream: Literal[False] = False,
        _request_timeout: float | Deadline | None = None,
    ) -> JudgeRectifierResponse: ...

    @overload
    async def arefine(
        self,
        judge_id: str | UUID,
        *,
        response: str | None = None,
        request: str | None = None,
        contexts: Sequence[str] | None = None,
        expected_output: str | None = None,
        tags: Sequence[str] | None = None,
        turns: Sequence[TurnInput] | None = None,
        tools: Sequence[JSONObject] | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        system_prompt: str | None = None,
        file_ids: Sequence[str | UUID] | None = None,
        judge_version_id: str | UUID | None = None,
        project_id: str | UUID | None = None,
        max_iterations: int | None = None,
        patience: int | None = None,
        min_improvement: float | None = None,
        threshold: float | None = None,
        stream: Literal[True],
        _request_timeout: float | Deadline | None = None,
    ) -> AsyncRefinement: ...

    @overload
    async def arefine(
        self,
        judge_id: str | UUID,
        *,
        response: str | None = None,
        request: str | None = None,
        contexts: Sequence[str] | None = None,
        expected_output: str | None = None,
        tags: Sequence[str] | None = None,
        turns: Sequence[TurnInput] | None = None,
        tools: Sequence[JSONObject] | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        system_prompt: str | None = None,
        file_ids: Sequence[str | UUID] | None = None,
        judge_version_id: str | UUID | None = None,
        project_id: str | UUID | None = None,
        max_iterations: int | None = None,
        patience: int | None = None,
        min_improvement: float | None = None,
        threshold: float | None = None,
        stream: bool,
        _request_timeout: float | Deadline | None = None,
    ) -> JudgeRectifierResponse | AsyncRefinement: ...

    async def arefine(
        self,
        judge_id: str | UUID,
        *,
        response: str | None = None,
        request: str | None = None,
        contexts: Sequence[str] | None = None,
        expected_output: str | None = None,
        tags: Sequence[str] | None = None,
        turns: Sequence[TurnInput] | None = None,
        tools: Sequence[JSONObject] | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        system_prompt: str | None = None,
        file_ids: Sequence[str | UUID] | None = None,
        judge_version_id: str | UUID | None = None,
        project_id: str | UUID | None = None,
        max_iterations: int | None = None,
        patience: int | None = None,
        min_improvement: float | None = None,
        threshold: float | None = None,
        stream: bool = False,
        _request_timeout: float | Deadline | None = None,
    ) -> JudgeRectifierResponse | AsyncRefinement:
        """Improve a response until a judge is satisfied with it.

        It costs money, several rounds of it, so it is sent again only if the service did not
        receive the request or refused to process it. An attempt may take 900 seconds if the
        client's `timeout` is the default of 30.

        The arguments that are not described here are those of `run`. The service has defaults for
        those of the rounds; older servers ignore them.

        Args:
            judge_id: The ID of the judge.
            response: The response to improve.
            request: What it responds to, usually the prompt of a user.
            contexts: Texts that the response is based on.
            expected_output: The response that was expected.
            tags: Labels of the log.
            turns: A conversation, instead of `request` and `response`.
            tools: The tools that the model could call, in OpenAI's format.
            user_id: The user whose request it was, for the log.
            session_id: The session that it belongs to, for the log.
            system_prompt: The system prompt of the model, for the log.
            file_ids: The IDs of files to evaluate with.
            judge_version_id: The version to run; the latest one if omitted.
            project_id: The project of the log; that of the judge if omitted.
            max_iterations: Maximum number of rounds.
            patience: Number of rounds without an improvement after which it ends.
            min_improvement: By how much the score must rise for a change to be accepted.
            threshold: The score at which it ends.
            stream: Whether to return an iterator over events as they arrive: first the results of
                the original response, at the end the improved response with its results.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.
        """
        return await self._async.refine(
            judge_id,
            response=response,
            request=request,
            contexts=contexts,
            expected_output=expected_output,
            tags=tags,
            turns=turns,
            tools=tools,
            user_id=user_id,
            session_id=session_id,
            system_prompt=system_prompt,
            file_ids=file_ids,
            judge_version_id=judge_version_id,
            project_id=project_id,
            max_iterations=max_iterations,
            patience=patience,
            min_improvement=min_improvement,
            threshold=threshold,
            stream=stream,
            _request_timeout=_request_timeout,
        )

    async def agenerate(
        self,
        *,
        intent: str,
        visibility: JudgeVisibility = "private",
        stage: str | None = None,
        extra_contexts: Mapping[str, str | None] | None = None,
        strict: bool = False,
        judge_id: str | UUID | None = None,
        name: str | None = None,
        overwrite: bool = False,
        file_id: str | UUID | None = None,
        enable_context_aware_evaluators: bool | None = None,
        generating_model_params: JSONObject | None = None,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> JudgeGeneratorResponse:
        """Have the service make a judge from a description, and return its ID as `.judge_id`.

        It takes up to two minutes: an attempt may take 300 seconds if the client's `timeout` is
        the default of 30. It costs money, so it is sent again only if the service did not
        receive the request or refused to process it.

        Args:
            intent: What to evaluate, in 10 to 20,000 characters.
            visibility: Who can see the judge: `private` for the organization, or `public`.
            stage: The stage of the application that it is for, if the intent has several.
            extra_contexts: Further facts by name, such as `{"Tone of voice": "formal"}`.
            strict: Whether to refuse an intent that is unclear.
            judge_id: The ID of a judge to generate again.
            name: The name of the judge; the service makes one if omitted.
            overwrite: Whether to replace a judge that has the name already.
            file_id: The ID of a file that the judge uses as a context.
            enable_context_aware_evaluators: Whether evaluators that need `contexts` may be used
                even without a file.
            generating_model_params: `seed` and `reasoning_effort` (`off`, `low`, `medium` or
                `high`) of the model that generates it.
            project_id: The project to create it in; the default project if omitted.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.

        Returns:
            The IDs of the judge and its version. With an `.error_code`, such as `multiple_stages`,
            it is not complete.
        """
        return await self._async.generate(
            intent=intent,
            visibility=visibility,
            stage=stage,
            extra_contexts=extra_contexts,
            strict=strict,
            judge_id=judge_id,
            name=name,
            overwrite=overwrite,
            file_id=file_id,
            enable_context_aware_evaluators=enable_context_aware_evaluators,
            generating_model_params=generating_model_params,
            project_id=project_id,
            _request_timeout=_request_timeout,
        )

    async def asynthetic_data(
        self, judge_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> SyntheticData:
        """Return samples that show what a judge evaluates.

        The service makes them in the background: `status` is `pending` until they are `ready`.
        """
        return await self._async.synthetic_data(judge_id, _request_timeout=_request_timeout)

    @overload
    async def aretrieve_many(
        self,
        ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["raise"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[Judge]: ...

    @overload
    async def aretrieve_many(
        self,
        ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["collect"],
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[Judge | RootSignalsError]: ...

    async def aretrieve_many(
        self,
        ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["raise", "collect"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[Judge] | List[Judge | RootSignalsError]:
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
AJudge = Judge
JudgeList = Judge
EvaluatorReferenceRequest = EvaluatorReference
