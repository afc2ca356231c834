"""Executions, refinements and batches of judges: what is sent, and what comes back of batches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, TypeAlias, cast

from pydantic import Field

from .._secrets.redact import printable
from ..errors import InvalidRequestError, short_traceback
from .base import APIModel, Facts, Parts, ResponseModel
from .executions import ExecutionRequest, JSONObject, Turn, check_evaluated, plain
from .judges import EvaluatorResult
from .requests import Body, RequestModel, json_body, validate_each
from .work import Work, WorkStatus

__all__ = [
    "BatchInput",
    "JudgeBatchExecutionDetail",
    "JudgeBatchExecutionInput",
    "JudgeBatchExecutionItem",
    "JudgeBatchExecutionListItem",
    "JudgeBatchExecutionResponse",
    "JudgeExecutionRequest",
    "JudgeRectifierRequest",
    "NestedJudge",
    "batch_body",
]

_Text = Annotated[str, Field(min_length=1)]
_LongText = Annotated[str, Field(max_length=3_500_000)]
_Label = Annotated[str, Field(max_length=255)]


class JudgeExecutionRequest(ExecutionRequest):
    """What a judge is given."""

    judge_version_id: str | None = None


class JudgeRectifierRequest(JudgeExecutionRequest):
    """What a refinement is given."""

    max_iterations: int | None = None
    patience: int | None = None
    min_improvement: float | None = None
    threshold: float | None = None
    stream: bool | None = None


class JudgeBatchExecutionInput(RequestModel):
    """One input of a batch; the attributes are the arguments of `client.judges.run`."""

    turns: list[Turn] | None = None
    tools: list[dict[str, Any]] | None = None
    request: str | None = None
    response: str | None = None
    contexts: list[_Text] | None = None
    expected_output: _LongText | None = None
    evaluator_version_id: str | None = None
    user_id: _Label | None = None
    session_id: _Label | None = None
    system_prompt: _LongText | None = None
    file_ids: list[str] | None = None
    project_id: str | None = None


BatchInput: TypeAlias = JudgeBatchExecutionInput | JSONObject
"""One input of a batch, or a dict with the attributes of `JudgeBatchExecutionInput`."""


class BatchRequest(RequestModel):
    """A batch."""

    inputs: Annotated[list[JudgeBatchExecutionInput], Field(min_length=1, max_length=100)]
    tags: list[_Text] | None = None
    judge_version_id: str | None = None
    project_id: str | None = None


class NestedJudge(APIModel):
    """The judge of a batch.

    Attributes:
        id: Its ID.
        name: Its name.
        version_id: The version that runs.
    """

    id: str
    name: str | None = None
    version_id: str | None = None


class JudgeBatchExecutionItem(APIModel):
    """One input of a batch, and its results.

    Attributes:
        index: Its position in the inputs, from 0.
        status: Its state.
        input: What the judge is given.
        evaluator_results: A result for each evaluator, or None before it has ended.
        error_message: Why it failed, or an empty string.
        execution_log_id: The ID of its log.
        started_at: When it began.
        completed_at: When it ended.
    """

    index: int
    status: WorkStatus | None = None
    input: dict[str, Any] | None = None
    evaluator_results: Parts[EvaluatorResult] | None = None
    error_message: str | None = None
    execution_log_id: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None


class JudgeBatchExecutionResponse(ResponseModel):
    """A new batch.

    Attributes:
        batch_execution_id: Its ID, for `client.judges.batches.wait`.
        status_url: Where its state is.
    """

    __facts__: ClassVar[Facts] = Facts(noun="batch", nouns="batches")

    batch_execution_id: str
    status_url: str | None = None

    @property
    def id(self) -> str:
        """Its ID."""
        return self.batch_execution_id


class JudgeBatchExecutionListItem(Work):
    """A batch as listings show it.

    Attributes:
        batch_execution_id: Its ID.
        status: Its state: `partial` if it has ended and some items have failed.
        total_count: The number of its items.
        completed_count: The number of items that have ended well.
        failed_count: The number of items that have failed.
        judge: The judge; None for evaluators without a judge.
        project_id: The project that it belongs to.
        created_at: When it was created.
        started_at: When it began.
        completed_at: When it ended.
    """

    __facts__: ClassVar[Facts] = Facts(
        noun="batch",
        nouns="batches",
        summary=("batch_execution_id", "status", "total_count", "completed_count", "failed_count"),
        # It is the same as `batch_execution_id`.
        untabled=frozenset(("id",)),
    )

    batch_execution_id: str
    total_count: int = 0
    completed_count: int = 0
    failed_count: int = 0
    judge: NestedJudge | None = None
    project_id: str | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None

    @property
    def id(self) -> str:
        """Its ID."""
        return self.batch_execution_id

    @property
    def done(self) -> int:
        """The number of items that have ended, well or not."""
        return self.completed_count + self.failed_count

    @property
    def total(self) -> int:
        """The number of its items."""
        return self.total_count

    @property
    def failed(self) -> int:
        """The number of items that have failed."""
        return self.failed_count


class JudgeBatchExecutionDetail(JudgeBatchExecutionListItem):
    """A batch with its items.

    Attributes:
        items: The items, in the order of the inputs.
    """

    items: Parts[JudgeBatchExecutionItem] = Field(default_factory=list[JudgeBatchExecutionItem])

    @property
    def failure(self) -> str:
        """Why it has failed: the message of its first item that has one."""
        messages = (one.error_message for one in self.items)
        return next((message for message in messages if message), "")


def batch_body(inputs: Sequence[BatchInput], **fields: object) -> Body:
    """Build and validate the body of a batch; fields that are None are omitted.

    Raises:
        InvalidRequestError: A field is invalid, or an input has nothing to evaluate.
    """
    with short_traceback:
        checked = validate_each(inputs, _checked)
        settings = {name: plain(value) for name, value in fields.items()}
        return json_body(BatchRequest, None, inputs=checked, **settings)


def _checked(one: BatchInput) -> dict[str, object]:
    sent = plain(one)
    if not isinstance(sent, dict):
        raise InvalidRequestError("Nothing was sent. An input must be a dict.")
    fields = {
        name: value for name, value in cast("dict[str, object]", sent).items() if value is not None
    }
    unknown = [name for name in fields if name not in JudgeBatchExecutionInput.model_fields]
    if unknown:
        # A misspelt one may be what is to be evaluated.
        text = " ".join(f"{printable(str(name))} is not a setting." for name in unknown)
        raise InvalidRequestError(f"Nothing was sent. {text}")
    check_evaluated(fields)
    return fields
