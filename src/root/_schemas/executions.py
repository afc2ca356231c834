"""Executions of evaluators and judges: what is sent, and the result of an evaluator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, cast
from uuid import UUID

from pydantic import BaseModel, Field

from ..errors import InvalidRequestError, RootSignalsError, shorten_traceback
from .base import APIModel, Facts, ResponseModel
from .requests import Body, RequestModel, validated_body

__all__ = [
    "EvaluatorExecutionRequest",
    "EvaluatorExecutionResult",
    "ExecutionRequest",
    "Function",
    "Input",
    "JSONObject",
    "Scored",
    "Turn",
    "TurnInput",
    "check_evaluated",
    "execution_body",
    "plain",
]

_Text = Annotated[str, Field(min_length=1)]
_LongText = Annotated[str, Field(max_length=3_500_000)]
_Label = Annotated[str, Field(max_length=255)]

JSONObject: TypeAlias = Mapping[str, Any]
"""A JSON object."""

Function: TypeAlias = JSONObject | BaseModel
"""A function that a model may call, as older servers accept it: `{"type": "function", ...}`."""


class Turn(RequestModel):
    """A message of a conversation.

    Attributes:
        role: Who wrote it: `user`, `assistant`, or `tool` for the result of a tool call.
        content: Its text; None for an assistant's turn that only calls tools.
        contexts: Texts that an assistant's turn is based on.
        tool_calls: The tools that an assistant's turn calls, in OpenAI's format.
        tool_call_id: The ID of the call that a tool's turn is the result of.
    """

    role: Literal["user", "assistant", "tool"]
    content: str | None = None
    contexts: list[_Text] | None = None
    tool_calls: list[dict[str, Any]] | None = None
    tool_call_id: str | None = None


TurnInput: TypeAlias = Turn | JSONObject
"""A message of a conversation, or a dict with the attributes of `Turn`."""


class ExecutionRequest(RequestModel):
    """What an evaluator or a judge is given."""

    turns: list[Turn] | None = None
    tools: list[dict[str, Any]] | None = None
    request: str | None = None
    response: str | None = None
    contexts: list[_Text] | None = None
    functions: list[dict[str, Any]] | None = None
    expected_output: _LongText | None = None
    tags: list[Annotated[str, Field(min_length=1, max_length=1000)]] | None = None
    user_id: _Label | None = None
    session_id: _Label | None = None
    system_prompt: _LongText | None = None
    file_ids: list[str] | None = None
    project_id: str | None = None


class EvaluatorExecutionRequest(ExecutionRequest):
    """What an evaluator is given."""

    evaluator_version_id: str | None = None
    variables: dict[str, _Text] | None = None


class InputItems(APIModel):
    """What the items of a list must be."""

    type: str | None = None


class Input(APIModel):
    """What an input of an evaluator must be.

    Attributes:
        type: `string` or `array`.
        items: What the items of an array are.
    """

    type: str | None = None
    items: InputItems | None = None


class Scored(APIModel):
    """A result with a score.

    Attributes:
        score: From 0 to 1; None if the evaluator could not give one.
        justification: Why.
        evaluator_name: The name of the evaluator.
    """

    score: float | None = None
    justification: str | None = None
    evaluator_name: str | None = None

    def require_score(self) -> float:
        """Return the score.

        Raises:
            RootSignalsError: The evaluator gave none; the message has its justification.
        """
        if self.score is None:
            raise RootSignalsError(
                f"The evaluator {self.evaluator_name or ''} gave no score. {self.justification}"
            )
        return self.score

    def __float__(self) -> float:
        return self.require_score()


class EvaluatorExecutionResult(Scored, ResponseModel):
    """The result of an evaluator.

    Attributes:
        score: From 0 to 1; None if the evaluator could not give one.
        justification: Why.
        evaluator_name: The name of the evaluator.
        execution_log_id: The ID of the log of this execution, which can be read at once.
        cost: What it cost, in US dollars, if known.
        confidence: How sure the evaluator is of the score, from 0 to 1, if known.
    """

    __facts__: ClassVar[Facts] = Facts(
        noun="result", summary=("evaluator_name", "score", "justification")
    )

    # Without it, the response is that of something else.
    score: float | None  # pyright: ignore[reportGeneralTypeIssues]
    execution_log_id: str | None = None
    cost: float | None = None
    confidence: float | None = None


_NOTHING = "Nothing was sent. There is nothing to evaluate: pass `response`, `request` or `turns`."


def execution_body(schema: type[ExecutionRequest], /, **fields: object) -> Body:
    """Build and validate the body of an execution; fields that are None are omitted.

    Raises:
        InvalidRequestError: A field is invalid, or there is nothing to evaluate.
    """
    # Most are omitted, and most of the others are texts.
    given = {
        name: value if isinstance(value, str) else plain(value)
        for name, value in fields.items()
        if value is not None
    }
    # Not `short_traceback`: a block takes one per cent of a call.
    try:
        if schema is EvaluatorExecutionRequest:
            check_evaluated(given)
        elif not given.keys() & {"turns", "request", "response"}:
            # The old SDK ran judges on empty texts.
            raise InvalidRequestError(_NOTHING)
        return validated_body(schema, given)
    except InvalidRequestError as error:
        shorten_traceback(error)
        raise


def check_evaluated(fields: Mapping[str, object]) -> None:
    """Raise `InvalidRequestError` if there is nothing to evaluate, or more than one thing."""
    turns = fields.get("turns")
    if turns is not None:
        if fields.get("request") is not None or fields.get("response") is not None:
            raise InvalidRequestError(
                "Nothing was sent. Pass either `turns`, or `request` and `response`."
            )
        if turns:
            return
    elif fields.get("response") or fields.get("request"):
        return
    raise InvalidRequestError(_NOTHING)


def plain(value: object) -> object:
    """Return JSON data with lists for other sequences, and dicts for objects of schemas.

    Code for older SDKs passes objects of their generated classes.
    """
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_unset=True)
    try:
        if isinstance(value, Mapping):
            fields = cast("Mapping[object, object]", value)
            return {name: plain(one) for name, one in fields.items()}
        if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
            return [plain(one) for one in cast("Sequence[object]", value)]
    except RecursionError:
        raise InvalidRequestError(
            "Nothing was sent. An argument contains itself, or is nested too deeply."
        ) from None
    return value
