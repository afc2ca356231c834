"""Execution logs: what is sent, and what comes back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, Protocol, TypeAlias, cast
from uuid import UUID

from pydantic import Field, JsonValue

from .._config import MAX_BYTES
from ..errors import InvalidRequestError
from .acting import first_of
from .base import APIModel, Facts, Owner, Parts, ResponseModel
from .requests import RequestModel

__all__ = [
    "EvaluationContext",
    "EvaluatorLatency",
    "ExecutionLogDetails",
    "ExecutionLogList",
    "ExecutionType",
    "HasExecutionLog",
    "LogTags",
    "LoggedResult",
    "LoggedTurn",
    "log_id_of",
]

ExecutionType: TypeAlias = (
    Literal["skill", "evaluator", "judge", "experiment", "test", "proxy"] | str
)
"""What was executed; a value that is newer than this release is a plain string."""


class HasExecutionLog(Protocol):
    """What an execution returned: an object with the ID of its log."""

    @property
    def execution_log_id(self) -> str | UUID | None:
        """The ID of the log, if there is one."""


def log_id_of(result: HasExecutionLog) -> str | UUID:
    """Return the ID of the log of an execution.

    Raises:
        InvalidRequestError: It has none.
    """
    log_id: str | UUID | None = getattr(result, "execution_log_id", None)
    if log_id is None:
        raise InvalidRequestError(
            f"Nothing was sent. The execution result, of the type {type(result).__name__}, has no"
            " execution_log_id. Pass a log_id; `list` shows the IDs."
        )
    return log_id


class LogTags(RequestModel):
    """The new tags of logs."""

    log_ids: Annotated[list[str], Field(min_length=1, max_length=500)]
    tags: Annotated[list[str], Field(max_length=15)]


class EvaluationContext(APIModel):
    """What a response was compared with.

    Attributes:
        contexts: The contexts.
        expected_output: The expected output, or an empty string.
    """

    contexts: Parts[str] | None = None
    expected_output: str | None = None


class EvaluatorLatency(APIModel):
    """How long an evaluator of a judge took.

    Attributes:
        evaluator_name: The name of the evaluator.
        duration: Seconds.
    """

    evaluator_name: str | None = None
    duration: float | None = None


class LoggedResult(APIModel):
    """The result of an evaluator in the log of a judge.

    Attributes:
        evaluator_id: The ID of the evaluator.
        evaluator_name: Its name.
        result: The score, from 0 to 1.
        threshold: The score that it should have at least.
        status: `pending` or `finished`.
        justification: Why.
    """

    evaluator_id: str | None = None
    evaluator_name: str | None = None
    result: float | None = None
    threshold: float | None = None
    status: str | None = None
    justification: str | None = None


class LoggedTurn(APIModel):
    """A message of a conversation that was evaluated.

    Attributes:
        role: Who wrote it: `user`, `assistant` or `tool`.
        content: Its text.
        contexts: Texts that it is based on.
        tool_call_id: The ID of the call that a tool's turn is the result of.
        tool_calls: The tools that an assistant's turn calls.
        evaluation_justification: What the evaluation found in it.
    """

    role: str | None = None
    content: str | None = None
    contexts: Parts[str] | None = None
    tool_call_id: str | None = None
    tool_calls: Parts[dict[str, Any]] | None = None
    evaluation_justification: str | None = None


class ExecutionLogList(ResponseModel):
    """An execution as listings show it.

    `llm_output`, `variables` and `evaluation_context` are None unless `include` names them.

    Attributes:
        id: The service's ID of the log, a UUID.
        execution_type: What was executed.
        executed_item_id: The ID of the evaluator or judge.
        executed_item_name: Its name.
        executed_item_version_id: The ID of the version that was executed.
        score: From 0 to 1; None if there is none.
        cost: What it cost, in US dollars, if known.
        request_preview: The first 500 characters of the request.
        response_preview: The first 500 characters of the response.
        tags: Its tags.
        session_id: The ID of the session that was given, or an empty string.
        user_id: The ID of the user that was given, or an empty string.
        parent_execution_log_id: The log of the judge that this execution was a part of.
        llm_output: What the model returned.
        variables: The values of the variables of the evaluator's text.
        evaluation_context: What the response was compared with.
        owner: The user who executed it.
        project_id: The project that it belongs to.
        created_at: When it was executed.
    """

    __facts__: ClassVar[Facts] = Facts(
        noun="execution log",
        free_text=("request_preview", "response_preview", "llm_output", "variables"),
        shared_parts=("owner",),
        summary=("id", "executed_item_name", "score", "response_preview", "tags", "created_at"),
    )

    id: str
    execution_type: ExecutionType | None = None
    executed_item_id: str | None = None
    executed_item_name: str | None = None
    executed_item_version_id: str | None = None
    score: float | None = None
    cost: float | None = None
    request_preview: str | None = None
    response_preview: str | None = None
    tags: Parts[str] | None = None
    session_id: str | None = None
    user_id: str | None = None
    parent_execution_log_id: str | None = None
    llm_output: str | None = None
    variables: dict[str, JsonValue] | None = None
    evaluation_context: EvaluationContext | None = None
    owner: Owner | None = None
    project_id: str | None = None
    created_at: datetime | None = None


class ExecutionLogDetails(ResponseModel):
    """An execution: what was evaluated, and the result.

    Attributes:
        id: The service's ID of the log, a UUID.
        execution_type: What was executed.
        executed_item_id: The ID of the evaluator or judge.
        executed_item_name: Its name.
        executed_item_version_id: The ID of the version that was executed.
        score: From 0 to 1; None if there is none.
        justification: Why.
        confidence: How sure the evaluator is of the score, from 0 to 1, if known.
        classification: The result of an evaluator that classifies.
        cost: What it cost, in US dollars, if known.
        model: The name of the model.
        model_call_duration: Seconds that the model took.
        llm_output: What the model returned.
        variables: The values of the variables of the evaluator's text.
        evaluation_context: What the response was compared with.
        turns: The conversation, if one was evaluated.
        system_prompt: The system prompt that was given, or an empty string.
        evaluator_results: The results of the evaluators of a judge.
        evaluator_latencies: How long the evaluators of a judge took.
        parent_execution_log_id: The log of the judge that this execution was a part of.
        tags: Its tags.
        session_id: The ID of the session that was given, or an empty string.
        user_id: The ID of the user that was given, or an empty string.
        owner: The user who executed it.
        created_at: When it was executed.
    """

    # It has the whole texts.
    __facts__: ClassVar[Facts] = Facts(
        noun="execution log",
        free_text=("justification", "llm_output", "system_prompt", "variables"),
        max_bytes=MAX_BYTES,
        properties=("scoring_criteria",),
        # The older name of `scoring_criteria`, and what only older servers have.
        untabled=frozenset(("prompt_template", "rendered_prompt", "chat_id", "model_params")),
    )

    id: str
    execution_type: ExecutionType | None = None
    executed_item_id: str | None = None
    executed_item_name: str | None = None
    executed_item_version_id: str | None = None
    score: float | None = None
    justification: str | None = None
    confidence: float | None = None
    classification: dict[str, Any] | None = None
    cost: float | None = None
    model: str | None = None
    model_call_duration: float | None = None
    llm_output: str | None = None
    variables: dict[str, JsonValue] | None = None
    evaluation_context: EvaluationContext | None = None
    turns: Parts[LoggedTurn] | None = None
    system_prompt: str | None = None
    evaluator_results: Parts[LoggedResult] | None = None
    evaluator_latencies: Parts[EvaluatorLatency] | None = None
    parent_execution_log_id: str | None = None
    tags: Parts[str] | None = None
    session_id: str | None = None
    user_id: str | None = None
    owner: Owner | None = None
    created_at: datetime | None = None

    @property
    def scoring_criteria(self) -> str | None:
        """The text of the evaluator, a template with variables."""
        return cast("str | None", first_of(self, "scoring_criteria", "prompt_template"))

    @property
    def prompt_template(self) -> str | None:
        """The text of the evaluator, by the name that it had in older servers."""
        return self.scoring_criteria

    @property
    def rendered_prompt(self) -> str | None:
        """The text with the values of its variables; only older servers have it."""
        return cast("str | None", first_of(self, "rendered_prompt"))

    @property
    def chat_id(self) -> str | None:
        """The ID of a chat; only older servers have it."""
        return cast("str | None", first_of(self, "chat_id"))

    @property
    def model_params(self) -> dict[str, Any] | None:
        """The parameters of the model; only older servers have them."""
        return cast("dict[str, Any] | None", first_of(self, "model_params"))
