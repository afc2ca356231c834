"""Calibration: an evaluator is run on texts whose scores are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

from pydantic import JsonValue

from root.emulator.alternatives import Alternatives
from root.emulator.fields import (
    BooleanField,
    ChoiceField,
    Fields,
    InvalidValueError,
    StringField,
    UUIDField,
    Value,
)
from root.emulator.json_fields import ListField, ObjectField
from root.emulator.number_fields import IntegerField
from root.emulator.outputs import Schema
from root.emulator.problems import Problem
from root.emulator.resources.evaluators.execution import Execution
from root.emulator.resources.evaluators.fields import FIELDS

__all__ = [
    "CALIBRATED",
    "CALIBRATION_FIELDS",
    "CALIBRATION_RESULT",
    "DRAFT_FIELDS",
    "CalibrationRow",
    "examples_of",
    "rows_of",
]

RowReader: TypeAlias = Callable[[str], list[list[str]] | None]
"""Returns the rows of a data set by its ID, or None if there is none."""

_INDEX = IntegerField(minimum=0, nullable=True, required=True)

_NO_ROW = "A row must be a score from 0 to 1, a response and maybe a request."


@dataclass(frozen=True, kw_only=True)
class RowField(ListField):
    """A field with a row of a calibration."""

    def clean(self, value: object) -> list[Value]:
        """Return the row.

        Raises:
            InvalidValueError: The value is invalid.
        """
        row = super().clean(value)
        if _row(0, cast("list[str]", row)) is None:
            raise InvalidValueError(_NO_ROW)
        return row

    def request_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of accepted values; other numbers as strings are accepted too."""
        score: list[JsonValue] = [
            {"type": "number", "minimum": 0, "maximum": 1},
            {"type": "string", "pattern": r"^(?:0(?:\.[0-9]+)?|1(?:\.0+)?)$"},
        ]
        return {**super().request_schema(), "prefixItems": [{"anyOf": score}]}


CALIBRATION_FIELDS: Fields = {
    "test_data": ListField(
        child=RowField(child=StringField(), min_items=2),
        nullable=True,
        description="Rows of the expected score, the response and, if there is one, the request.",
    ),
    "test_dataset_id": UUIDField(description="A data set with a file of such rows."),
    "project_id": UUIDField(nullable=True, description="The project of the logs."),
    "dataset_range": ObjectField(
        fields={"start": _INDEX, "end": _INDEX},
        nullable=True,
        description="The first and the last row, counted from 0.",
    ),
}
"""The fields of the body that calibrates an evaluator."""

CALIBRATED = Alternatives(
    (("test_data",), ("test_dataset_id",)), "Give either test_data or test_dataset_id."
)
"""What an evaluator is calibrated with."""

DRAFT_FIELDS: Fields = {
    **CALIBRATION_FIELDS,
    "prompt": StringField(required=True, description="The scoring criteria."),
    "reference_variables": FIELDS["reference_variables"],
    "input_variables": ListField(
        child=ObjectField(fields={"name": StringField(required=True, max_length=1000)}),
        default=[],
    ),
    "models": ListField(child=StringField(), default=[]),
    "name": StringField(nullable=True),
    "objective": ObjectField(
        fields={"intent": StringField(default="", max_length=100_000)}, nullable=True
    ),
    "is_evaluator": BooleanField(),
    "behavior": ChoiceField(choices=("fast", "balanced", "thorough"), nullable=True),
}
"""The fields of the body that calibrates an evaluator which is not saved."""

CALIBRATION_RESULT: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["variables", "model_call_duration", "row_number", "result"],
        "properties": {
            "variables": {"type": "object"},
            "model_call_duration": {"type": "number"},
            "row_number": {"type": "integer"},
            "result": {
                "type": "object",
                "required": [
                    "llm_output",
                    "model",
                    "execution_log_id",
                    "rendered_prompt",
                    "cost",
                    "model_call_duration",
                    "expected_score",
                    "score",
                    "justification",
                ],
                "properties": {
                    "llm_output": {"type": "string"},
                    "model": {"type": "string"},
                    "execution_log_id": {"type": "string"},
                    "rendered_prompt": {"type": "string"},
                    "cost": {"type": ["number", "null"]},
                    "model_call_duration": {"type": "number"},
                    "expected_score": {"type": "number"},
                    "score": {"type": ["number", "null"]},
                    "justification": {"type": ["string", "null"]},
                },
            },
        },
    },
}


@dataclass(frozen=True, slots=True)
class CalibrationRow:
    """A text whose score is known.

    Attributes:
        number: The number of the row, counted from 0.
        expected_score: Its score.
        response: The text.
        request: The request that it responds to, or None.
    """

    number: int
    expected_score: float
    response: str
    request: str | None

    def inputs(self) -> dict[str, Value]:
        """Return the row as the body of an execution."""
        return {"response": self.response, "request": self.request}

    def to_json(self, execution: Execution) -> dict[str, object]:
        """Return the result of the row as in responses."""
        log = execution.log
        return {
            "variables": log.variables,
            "model_call_duration": log.model_call_duration,
            "row_number": self.number,
            "result": {
                "llm_output": log.llm_output,
                "model": log.model,
                "execution_log_id": log.id,
                "rendered_prompt": log.rendered_prompt,
                "cost": log.cost,
                "model_call_duration": log.model_call_duration,
                "expected_score": self.expected_score,
                "score": execution.score.value,
                "justification": execution.score.justification,
            },
        }


def rows_of(values: Mapping[str, Value], read: RowReader) -> list[CalibrationRow]:
    """Return the rows of the validated body of a calibration.

    Args:
        values: The body.
        read: Returns the rows of a data set, or None if there is none with an ID.

    Raises:
        Problem: There are none, or the first column of a row is not a score.
    """
    data = cast("list[list[str]] | None", values.get("test_data"))
    dataset = values.get("test_dataset_id")
    CALIBRATED.check(values)
    if data is None:
        data = read(str(dataset))
        if data is None:
            text = f'Invalid pk "{dataset}" - object does not exist.'
            raise Problem(400, {"test_dataset_id": [text]})
        if not data:
            raise Problem(400, {"test_dataset_id": ["The data set has no file with rows."]})
    chosen = cast("dict[str, int | None]", values.get("dataset_range") or {})
    start, end = chosen.get("start") or 0, chosen.get("end")
    last = len(data) if end is None else end + 1
    rows: list[CalibrationRow] = []
    for number, row in enumerate(data):
        if start <= number < last:
            found = _row(number, row)
            if found is None:
                raise Problem(400, {"test_dataset_id": [f"Row {number}: {_NO_ROW}"]})
            rows.append(found)
    return rows


def examples_of(rows: list[list[str]]) -> list[dict[str, object]]:
    """Return demonstrations from rows like those of a calibration; others are passed over."""
    found = (_row(number, row) for number, row in enumerate(rows))
    return [
        {"score": one.expected_score, "response": one.response, "request": one.request}
        for one in found
        if one is not None
    ]


def _row(number: int, row: list[str]) -> CalibrationRow | None:
    try:
        expected = float(row[0])
    except ValueError:
        return None
    if len(row) < 2 or not 0 <= expected <= 1:
        return None
    request = row[2] if len(row) > 2 and row[2] else None
    return CalibrationRow(number, expected, row[1], request)
