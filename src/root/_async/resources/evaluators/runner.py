"""Evaluators that can be run: those that were loaded, and those of the service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast
from uuid import UUID

from ...._concurrency.kinds import WithoutPrefix
from ...._config.deadlines import Deadline
from ...._http.operation import Operation
from ...._schemas.evaluators import EvaluatorFields
from ...._schemas.executions import (
    EvaluatorExecutionRequest,
    EvaluatorExecutionResult,
    Function,
    JSONObject,
    TurnInput,
    execution_body,
)
from ...._schemas.presets import PresetDoc
from ...._schemas.requests import Body
from ...resource import segment, send_operation
from ...sender import AsyncSender

__all__ = ["RUN_TIMEOUT", "AsyncEvaluator", "AsyncPresetEvaluator", "AsyncRunner", "execution"]

RUN_TIMEOUT = 120.0
"""Seconds for an execution, in which the service waits for models."""


def execution(
    what: str | UUID, body: Body, query: Mapping[str, str] | None = None
) -> Operation[EvaluatorExecutionResult]:
    """Return the operation of an execution.

    Args:
        what: The ID of the evaluator, or `by-name`.
        body: What the evaluator is given.
        query: The query.
    """
    return Operation(
        "POST",
        f"/v1/evaluators/execute/{segment(what, 'evaluator')}/",
        EvaluatorExecutionResult,
        query=query,
        body=body,
        slow_timeout=RUN_TIMEOUT,
        costs_money=True,
    )


class Target(NamedTuple):
    """The evaluator that is run, and the client that runs it."""

    client: object
    evaluator_id: str
    version_id: str | None


class AsyncRunner:
    """An evaluator that can be run."""

    def _target(self) -> Target:
        """Return the evaluator that is run.

        Raises:
            InvalidRequestError: There is no client.
        """
        raise NotImplementedError

    async def run(
        self,
        response: str | None = None,
        request: str | None = None,
        contexts: Sequence[str] | None = None,
        functions: Sequence[Function] | None = None,
        expected_output: str | None = None,
        variables: Mapping[str, str] | None = None,
        tags: Sequence[str] | None = None,
        *,
        turns: Sequence[TurnInput] | None = None,
        tools: Sequence[JSONObject] | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        system_prompt: str | None = None,
        file_ids: Sequence[str | UUID] | None = None,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> EvaluatorExecutionResult:
        """Run it, and return the result with `.score` and `.justification`.

        It costs money, so it is sent again only if the service did not receive the request or
        refused to process it. The service waits for models: an attempt may take 120 seconds if the
        client's `timeout` is the default of 30.

        Args:
            response: The text to evaluate, usually the response of a model.
            request: What it responds to, usually the prompt of a user.
            contexts: Texts that the response is based on, such as what was found for it.
            functions: The functions that the model could call, for older servers.
            expected_output: The response that was expected.
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

        Raises:
            InvalidRequestError: There is nothing to evaluate, or an argument is invalid.
        """
        target = self._target()
        body = execution_body(
            EvaluatorExecutionRequest,
            response=response,
            request=request,
            contexts=contexts,
            functions=functions,
            expected_output=expected_output,
            variables=variables,
            tags=tags,
            turns=turns,
            tools=tools,
            user_id=user_id,
            session_id=session_id,
            system_prompt=system_prompt,
            file_ids=file_ids,
            project_id=project_id,
            evaluator_version_id=target.version_id,
        )
        operation = execution(target.evaluator_id, body)
        return await send_operation(cast("AsyncSender", target.client), operation, _request_timeout)


class AsyncEvaluator(EvaluatorFields, AsyncRunner):
    """An evaluator. `run` runs the version that was loaded, not the latest one."""

    def _target(self) -> Target:
        return Target(self._bound(), self.id, self.version_id)


class AsyncPresetEvaluator(WithoutPrefix, AsyncRunner):
    """An evaluator of the service: call it, or its `run`. It runs the latest version.

    Attributes:
        id: The service's ID of the evaluator, a UUID.
    """

    __doc__ = PresetDoc(__doc__)  # pyright: ignore[reportAssignmentType]

    def __init__(
        self, client: object, evaluator_id: str, name: str, version_id: str | None = None
    ) -> None:
        self._client = client
        self.id: str = evaluator_id
        self._version_id = version_id
        # Code that runs several of them distinguishes the results by this name.
        self.__name__: str = name

    async def __call__(
        self,
        response: str | None = None,
        request: str | None = None,
        contexts: Sequence[str] | None = None,
        functions: Sequence[Function] | None = None,
        expected_output: str | None = None,
        variables: Mapping[str, str] | None = None,
        tags: Sequence[str] | None = None,
        *,
        turns: Sequence[TurnInput] | None = None,
        tools: Sequence[JSONObject] | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        system_prompt: str | None = None,
        file_ids: Sequence[str | UUID] | None = None,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> EvaluatorExecutionResult:
        """Run it, as `run` does."""
        return await self.run(
            response=response,
            request=request,
            contexts=contexts,
            functions=functions,
            expected_output=expected_output,
            variables=variables,
            tags=tags,
            turns=turns,
            tools=tools,
            user_id=user_id,
            session_id=session_id,
            system_prompt=system_prompt,
            file_ids=file_ids,
            project_id=project_id,
            _request_timeout=_request_timeout,
        )

    def _target(self) -> Target:
        return Target(self._client, self.id, self._version_id)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.__name__}: {self.id}>"
