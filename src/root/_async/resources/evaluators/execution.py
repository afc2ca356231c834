"""Executions of evaluators by their ID or name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from ...._config.deadlines import Deadline
from ...._schemas.executions import (
    EvaluatorExecutionRequest,
    EvaluatorExecutionResult,
    Function,
    JSONObject,
    TurnInput,
    execution_body,
)
from ...._schemas.queries import name_query
from ...resource import AsyncResource
from .runner import execution

__all__ = ["AsyncExecutions"]


class AsyncExecutions(AsyncResource):
    """Executions of evaluators."""

    async def run(
        self,
        evaluator_id: str | UUID,
        *,
        request: str | None = None,
        response: str | None = None,
        contexts: Sequence[str] | None = None,
        functions: Sequence[Function] | None = None,
        expected_output: str | None = None,
        evaluator_version_id: str | UUID | None = None,
        variables: Mapping[str, str] | None = None,
        tags: Sequence[str] | None = None,
        turns: Sequence[TurnInput] | None = None,
        tools: Sequence[JSONObject] | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        system_prompt: str | None = None,
        file_ids: Sequence[str | UUID] | None = None,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> EvaluatorExecutionResult:
        """Run an evaluator, and return the result with `.score` and `.justification`.

        It costs money, so it is sent again only if the service did not receive the request or
        refused to process it. The service waits for models: an attempt may take 120 seconds if the
        client's `timeout` is the default of 30.

        Args:
            evaluator_id: The ID of the evaluator.
            request: What `response` responds to, usually the prompt of a user.
            response: The text to evaluate, usually the response of a model.
            contexts: Texts that the response is based on, such as what was found for it.
            functions: The functions that the model could call, for older servers.
            expected_output: The response that was expected.
            evaluator_version_id: The version to run; the latest one if omitted.
            variables: The values of the evaluator's own variables.
            tags: Labels of the log of this execution, to find it by.
            turns: A conversation to evaluate, instead of `request` and `response`.
            tools: The tools that the model could call, in OpenAI's format.
            user_id: The user whose request it was, for the log.
            session_id: The session that it belongs to, for the log.
            system_prompt: The system prompt of the model, for the log.
            file_ids: The IDs of files to evaluate with.
            project_id: The project of the log; that of the evaluator if omitted.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.
        """
        body = execution_body(
            EvaluatorExecutionRequest,
            request=request,
            response=response,
            contexts=contexts,
            functions=functions,
            expected_output=expected_output,
            evaluator_version_id=evaluator_version_id,
            variables=variables,
            tags=tags,
            turns=turns,
            tools=tools,
            user_id=user_id,
            session_id=session_id,
            system_prompt=system_prompt,
            file_ids=file_ids,
            project_id=project_id,
        )
        return await self._send(execution(evaluator_id, body), _request_timeout)

    async def run_by_name(
        self,
        name: str,
        *,
        request: str | None = None,
        response: str | None = None,
        contexts: Sequence[str] | None = None,
        functions: Sequence[Function] | None = None,
        expected_output: str | None = None,
        evaluator_version_id: str | UUID | None = None,
        variables: Mapping[str, str] | None = None,
        tags: Sequence[str] | None = None,
        turns: Sequence[TurnInput] | None = None,
        tools: Sequence[JSONObject] | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        system_prompt: str | None = None,
        file_ids: Sequence[str | UUID] | None = None,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> EvaluatorExecutionResult:
        """Run the evaluator with a name, and return the result.

        The other arguments are those of `run`. If several evaluators have the name, the service
        prefers one of your organization. `name` is the exact name, such as `Helpfulness`.
        """
        body = execution_body(
            EvaluatorExecutionRequest,
            request=request,
            response=response,
            contexts=contexts,
            functions=functions,
            expected_output=expected_output,
            evaluator_version_id=evaluator_version_id,
            variables=variables,
            tags=tags,
            turns=turns,
            tools=tools,
            user_id=user_id,
            session_id=session_id,
            system_prompt=system_prompt,
            file_ids=file_ids,
            project_id=project_id,
        )
        operation = execution("by-name", body, name_query(name))
        return await self._send(operation, _request_timeout)
