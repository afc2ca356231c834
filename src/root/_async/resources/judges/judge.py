"""A judge that was loaded, and the operation that runs one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast
from uuid import UUID

from ...._config.deadlines import Deadline
from ...._http.operation import Operation
from ...._schemas.executions import Function, JSONObject, TurnInput, execution_body
from ...._schemas.judge_runs import JudgeExecutionRequest
from ...._schemas.judges import JudgeExecutionResponse, JudgeFields
from ...._schemas.requests import Body
from ...resource import segment, send_operation
from ...sender import AsyncSender

__all__ = ["AsyncJudge", "execution"]

_RUN_TIMEOUT = 120.0


def execution(
    what: str, body: Body, query: Mapping[str, str] | None = None
) -> Operation[JudgeExecutionResponse]:
    """Return the operation of an execution.

    Args:
        what: The path of the execution below that of judges.
        body: What the judge is given.
        query: The query.
    """
    return Operation(
        "POST",
        f"/v1/judges/{what}/",
        JudgeExecutionResponse,
        query=query,
        body=body,
        slow_timeout=_RUN_TIMEOUT,
        costs_money=True,
    )


class AsyncJudge(JudgeFields):
    """A judge. `run` runs its latest version."""

    async def run(
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
        client = cast("AsyncSender", self._bound())
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
        operation = execution(f"{segment(self.id, 'judge')}/execute", body)
        return await send_operation(client, operation, _request_timeout)
