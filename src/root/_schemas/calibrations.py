"""Calibrations of evaluators, which compare scores with expected ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import sqrt
from textwrap import shorten
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field

from ..errors import BulkError, InvalidRequestError
from .base import APIModel, Facts, ResponseModel
from .evaluators import InputVariable
from .requests import RequestModel

__all__ = [
    "CalibrateBatchError",
    "CalibrateBatchParameters",
    "CalibrateBatchResult",
    "CalibrationData",
    "CalibrationRequest",
    "EvaluatorCalibrationOutput",
    "EvaluatorCalibrationResult",
    "batch_result",
    "check_data",
]

_Text = Annotated[str, Field(min_length=1)]


class CalibrationData(RequestModel):
    """What an evaluator is calibrated with."""

    test_data: list[list[_Text]] | None = None
    test_dataset_id: str = ""
    project_id: str | None = None


class _Objective(RequestModel):
    intent: str


class CalibrationRequest(CalibrationData):
    """An evaluator that is not stored, and what it is calibrated with."""

    name: _Text | None = None
    prompt: _Text
    models: list[_Text] | None = None
    is_evaluator: bool = True
    objective: _Objective | None = None
    reference_variables: list[dict[str, Any]] | None = None
    input_variables: list[InputVariable] | None = None
    pii_filter: bool = False
    behavior: str | None = None


class EvaluatorCalibrationResult(APIModel):
    """The result of a row.

    Attributes:
        score: The score that the evaluator gave, or None.
        expected_score: The score in the row.
        justification: Why.
        model: The model that was used.
        execution_log_id: The ID of the log of this execution.
        rendered_prompt: The text with its variables filled in.
        cost: What it cost, in US dollars, if known.
        llm_output: What the model returned.
        model_call_duration: Seconds that the model took.
    """

    score: float | None = None
    expected_score: float | None = None
    justification: str | None = None
    model: str | None = None
    execution_log_id: str | None = None
    rendered_prompt: str | None = None
    cost: float | None = None
    llm_output: str | None = None
    model_call_duration: float | None = None


class EvaluatorCalibrationOutput(ResponseModel):
    """A row of a calibration.

    Attributes:
        row_number: Its number.
        result: Its result.
        variables: Its values by variable.
        model_call_duration: Seconds that the model took.
    """

    __facts__: ClassVar[Facts] = Facts(noun="calibration")

    result: EvaluatorCalibrationResult
    row_number: int | None = None
    variables: dict[str, Any] | None = None
    model_call_duration: float | None = None


class CalibrateBatchParameters:
    """An evaluator that is not stored, for `calibrate_batch`.

    Attributes:
        name: Its name.
        prompt: Its text, a template with variables in double braces.
        model: The name of its model.
        pii_filter: Whether older servers remove personal data first.
        reference_variables: Variables whose values come from data sets, for older servers.
        input_variables: Variables of its text.
    """

    def __init__(
        self,
        name: str,
        prompt: str,
        model: str,
        pii_filter: bool = False,
        reference_variables: Sequence[object] | None = None,
        input_variables: Sequence[object] | None = None,
    ) -> None:
        self.name: str = name
        self.prompt: str = prompt
        self.model: str = model
        self.pii_filter: bool = pii_filter
        self.reference_variables: Sequence[object] | None = reference_variables
        self.input_variables: Sequence[object] | None = input_variables


class CalibrateBatchError(BulkError, ValueError):
    """An evaluator of `calibrate_batch` failed; the message has its model and its text.

    It is a `ValueError`, as in older SDKs. Its cause is the error of the evaluator.
    """

    @classmethod
    def of(cls, error: BulkError, evaluators: Sequence[CalibrateBatchParameters]) -> Self:
        """Return it for an error that has the outcome of each evaluator."""
        failed = (
            evaluator
            for evaluator, result in zip(evaluators, error.results, strict=True)
            if result is error.__cause__
        )
        which = "".join(
            f" It is the one with the model {one.model!r} and the text {shorten(one.prompt, 80)!r}."
            for one in failed
        )
        return cls(
            f"{error}{which}",
            results=error.results,
            may_have_been_processed=error.may_have_been_processed,
        )


class CalibrateBatchResult(BaseModel):
    """The result of `calibrate_batch`.

    Rows without a score are in `results`, and not in the differences.

    Attributes:
        results: The rows of all evaluators, in the order of the evaluators.
        rms_errors_model: The root mean square of the differences, by model.
        mae_errors_model: The mean of the absolute differences, by model.
        rms_errors_prompt: The root mean square of the differences, by text.
        mae_errors_prompt: The mean of the absolute differences, by text.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, protected_namespaces=())

    results: list[EvaluatorCalibrationOutput]
    rms_errors_model: dict[str, float]
    mae_errors_model: dict[str, float]
    rms_errors_prompt: dict[str, float]
    mae_errors_prompt: dict[str, float]


def check_data(test_dataset_id: object, test_data: object) -> None:
    """Check that there is exactly one kind of data.

    Raises:
        InvalidRequestError: There is none, or there are both.
    """
    if (test_dataset_id is None) == (test_data is None):
        raise InvalidRequestError("Nothing was sent. Pass either `test_data` or `test_dataset_id`.")


def batch_result(
    rows: Iterable[tuple[CalibrateBatchParameters, Sequence[EvaluatorCalibrationOutput]]],
) -> CalibrateBatchResult:
    """Return the rows of several evaluators and their differences."""
    results: list[EvaluatorCalibrationOutput] = []
    by_model: dict[str, list[float]] = {}
    by_prompt: dict[str, list[float]] = {}
    for evaluator, outputs in rows:
        results.extend(outputs)
        differences = [
            output.result.score - output.result.expected_score
            for output in outputs
            if output.result.score is not None and output.result.expected_score is not None
        ]
        by_model.setdefault(evaluator.model, []).extend(differences)
        by_prompt.setdefault(evaluator.prompt, []).extend(differences)
    return CalibrateBatchResult(
        results=results,
        rms_errors_model=_each(_rms, by_model),
        mae_errors_model=_each(_mae, by_model),
        rms_errors_prompt=_each(_rms, by_prompt),
        mae_errors_prompt=_each(_mae, by_prompt),
    )


def _each(mean: Any, differences: dict[str, list[float]]) -> dict[str, float]:
    return {name: mean(values) for name, values in differences.items() if values}


def _rms(values: list[float]) -> float:
    return sqrt(sum(value * value for value in values) / len(values))


def _mae(values: list[float]) -> float:
    return sum(map(abs, values)) / len(values)
