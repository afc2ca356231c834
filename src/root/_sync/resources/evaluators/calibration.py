# Generated from src/root/_async/resources/evaluators/calibration.py by scripts/generate_sync.py. Do not edit.
"""Calibrations of evaluators, which servers have until calibration runs replace them."""

from __future__ import annotations

from builtins import list as List
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, cast
from uuid import UUID

from ...._concurrency.bulk import check_concurrency
from ...._config.deadlines import Deadline
from ...._http.operation import Operation
from ...._schemas.base import Parts
from ...._schemas.calibrations import (
    CalibrateBatchError,
    CalibrateBatchParameters,
    CalibrateBatchResult,
    CalibrationData,
    CalibrationRequest,
    EvaluatorCalibrationOutput,
    batch_result,
    check_data,
)
from ...._schemas.evaluator_settings import references_of
from ...._schemas.evaluators import InputVariable, ReferenceVariable
from ...._schemas.executions import JSONObject, plain
from ...._schemas.requests import Body, json_body, validate_each
from ....errors import BulkError, InvalidRequestError, short_traceback
from ...resource import Resource, segment

if TYPE_CHECKING:
    from ...._concurrency.bulk import Progress

__all__ = ["Calibration"]

_TIMEOUT = 900.0


class Calibration(Resource):
    """Calibrations of evaluators."""

    def calibrate(
        self,
        *,
        name: str,
        test_dataset_id: str | UUID | None = None,
        test_data: Sequence[Sequence[str]] | None = None,
        prompt: str,
        model: str,
        pii_filter: bool = False,
        reference_variables: Sequence[ReferenceVariable | JSONObject] | None = None,
        input_variables: Sequence[InputVariable | JSONObject] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[EvaluatorCalibrationOutput]:
        """Run an evaluator that is not stored on rows with expected scores.

        Each row costs money, so it is sent again only if the service did not receive the
        request or refused to process it. An attempt may take 900 seconds if the client's `timeout`
        is the default of 30. Newer servers have no such endpoint.

        Args:
            name: The name of the evaluator.
            test_dataset_id: The ID of a data set with the rows.
            test_data: The rows, instead of a data set: strings with the expected score, the
                response, and the request if there is one.
            prompt: The text of the evaluator, a template with variables in double braces.
            model: The name of its model.
            pii_filter: Whether older servers remove personal data first.
            reference_variables: Variables whose values come from data sets, for older servers.
            input_variables: Variables of its text.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.

        Raises:
            InvalidRequestError: There is not exactly one of `test_data` and `test_dataset_id`.
        """
        check_data(test_dataset_id, test_data)
        body = _request(
            CalibrateBatchParameters(
                name, prompt, model, pii_filter, reference_variables, input_variables
            ),
            test_dataset_id,
            test_data,
        )
        return self._send(_operation("", body), _request_timeout)

    def calibrate_existing(
        self,
        evaluator_id: str | UUID,
        *,
        test_dataset_id: str | UUID | None = None,
        test_data: Sequence[Sequence[str]] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[EvaluatorCalibrationOutput]:
        """Run a stored evaluator on rows with expected scores.

        The arguments and the cost are those of `calibrate`.
        """
        check_data(test_dataset_id, test_data)
        body = json_body(
            CalibrationData,
            None,
            test_dataset_id=plain(test_dataset_id),
            test_data=plain(test_data),
        )
        # This path has no final slash.
        path = segment(evaluator_id, "evaluator")
        return self._send(_operation(path, body), _request_timeout)

    def calibrate_batch(
        self,
        *,
        evaluator_definitions: Sequence[CalibrateBatchParameters],
        test_dataset_id: str | UUID | None = None,
        test_data: Sequence[Sequence[str]] | None = None,
        parallel_requests: int = 1,
        errors: Literal["raise", "collect"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> CalibrateBatchResult:
        """Calibrate several evaluators that are not stored, and compare their differences.

        Args:
            evaluator_definitions: The evaluators.
            test_dataset_id: The ID of a data set with the rows.
            test_data: The rows, instead of a data set.
            parallel_requests: Maximum number of concurrent requests.
            errors: "raise" stops at the first evaluator that fails; "collect" leaves it out.
            on_progress: Called for each evaluator.
            _request_timeout: Seconds for all requests together, or a `root.Deadline`.

        Raises:
            CalibrateBatchError: An evaluator failed. `.results` has the rows of the others.
            InvalidRequestError: There is not exactly one of `test_data` and `test_dataset_id`.
        """
        check_data(test_dataset_id, test_data)
        check_concurrency(parallel_requests, "parallel_requests")
        requests = validate_each(
            evaluator_definitions, lambda one: (one, _request(one, test_dataset_id, test_data))
        )

        def calibrate(body: Body) -> List[EvaluatorCalibrationOutput]:
            return self._send(_operation("", body))

        try:
            outcomes = self._each(
                calibrate,
                [body for _, body in requests],
                concurrency=parallel_requests,
                errors=errors,
                on_progress=on_progress,
                deadline=_request_timeout,
            )
        except BulkError as error:
            definitions = [definition for definition, _ in requests]
            raise CalibrateBatchError.of(error, definitions) from error.__cause__
        return batch_result(
            (definition, outcome)
            for (definition, _), outcome in zip(requests, outcomes, strict=True)
            if isinstance(outcome, List)
        )


def _operation(evaluator: str, body: Body) -> Operation[List[EvaluatorCalibrationOutput]]:
    rows: type[List[EvaluatorCalibrationOutput]] = Parts[EvaluatorCalibrationOutput]  # pyright: ignore[reportAssignmentType]
    return Operation(
        "POST",
        f"/v1/evaluators/calibrate/{evaluator}",
        rows,
        body=body,
        slow_timeout=_TIMEOUT,
        costs_money=True,
    )


def _request(evaluator: CalibrateBatchParameters, dataset: object, data: object) -> Body:
    if not isinstance(evaluator, CalibrateBatchParameters):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidRequestError(
            "Nothing was sent. Pass the evaluator as root.evaluators.CalibrateBatchParameters."
        )
    variables = cast(
        "Sequence[ReferenceVariable | JSONObject] | None", evaluator.reference_variables
    )
    with short_traceback:
        return json_body(
            CalibrationRequest,
            None,
            name=evaluator.name,
            test_dataset_id=plain(dataset),
            test_data=plain(data),
            prompt=evaluator.prompt,
            models=[evaluator.model],
            is_evaluator=True,
            objective={"intent": "Calibration"},
            pii_filter=evaluator.pii_filter or None,
            reference_variables=references_of(variables),
            input_variables=plain(evaluator.input_variables),
        )
