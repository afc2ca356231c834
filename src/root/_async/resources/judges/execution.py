"""Executions and refinements of judges by their ID or name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeVar, overload
from uuid import UUID

from ...._config.deadlines import Deadline
from ...._http.operation import Operation
from ...._schemas.executions import Function, JSONObject, TurnInput, execution_body
from ...._schemas.judge_runs import JudgeExecutionRequest, JudgeRectifierRequest
from ...._schemas.judges import JudgeExecutionResponse, JudgeRectifierResponse
from ...._schemas.queries import name_query
from ...._schemas.requests import Body
from ....errors import InvalidRequestError
from ...resource import AsyncResource, segment
from ...stream import AsyncStream
from .judge import execution
from .refinement import AsyncRefinement

__all__ = ["AsyncJudgeExecution"]

T = TypeVar("T")

_REFINE_TIMEOUT = 900.0


class AsyncJudgeExecution(AsyncResource):
    """Executions and refinements of judges."""

    async def run(
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
        body = execution_body(
            JudgeExecutionRequest,
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
        )
        operation = execution(f"{segment(judge_id, 'judge')}/execute", body)
        return await self._send(operation, _request_timeout)

    async def run_by_name(
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
        body = execution_body(
            JudgeExecutionRequest,
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
        )
        return await self._send(
            execution("execute/by-name", body, name_query(name)), _request_timeout
        )

    @overload
    async def refine(
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
    async def refine(
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
    async def refine(
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

    async def refine(
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
        body = execution_body(
            JudgeRectifierRequest,
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
            stream=stream or None,
        )
        path = self._path(judge_id, "refine/")
        if stream:
            events = _refinement(path, body, AsyncStream)
            return AsyncRefinement(await self._send(events, _request_timeout))
        operation = _refinement(path, body, JudgeRectifierResponse)
        return await self._send(operation, _request_timeout)

    def openai_base_url(self, judge_id: str | UUID | None = None, *, refine: bool = False) -> str:
        """Return the base URL for OpenAI's own client, whose completions a judge then evaluates.

        Nothing is requested.

        ```python
        openai = OpenAI(base_url=client.judges.openai_base_url(judge_id), api_key=api_key)
        ```

        Args:
            judge_id: The ID of the judge. Without it, the `model` of a completion is the ID or the
                name of a judge.
            refine: Whether the judge also refines the completions, which needs its ID.

        Raises:
            InvalidRequestError: The ID is not valid, or is missing.
        """
        if refine and judge_id is None:
            raise InvalidRequestError("Nothing was sent. refine=True requires judge_id.")
        base = self._client.base_url.rstrip("/")
        judge = "" if judge_id is None else f"{segment(judge_id, 'judge')}/"
        return f"{base}{self._collection}{judge}{'refine/' if refine else ''}openai"


def _refinement(path: str, body: Body, schema: type[T]) -> Operation[T]:
    return Operation(
        "POST", path, schema, body=body, slow_timeout=_REFINE_TIMEOUT, costs_money=True
    )
