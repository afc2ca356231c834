"""What a batch of runs of a judge consists of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from pydantic import JsonValue

from root.emulator.alternatives import Alternatives
from root.emulator.fields import ChoiceField, DateTimeField, Fields, StringField, UUIDField, Value
from root.emulator.json_fields import JsonField, ListField, ObjectField
from root.emulator.number_fields import IntegerField
from root.emulator.outputs import Schema
from root.emulator.resources.evaluators.execution import EXECUTION_FIELDS
from root.emulator.rows import Row

__all__ = [
    "BATCH_COLUMNS",
    "BATCH_FIELDS",
    "BATCH_RESULT",
    "START_ALTERNATIVES",
    "START_FIELDS",
    "batch_item",
    "new_batch",
]

_STATUSES = ("pending", "processing", "completed", "failed", "partial")

_OBJECT: Schema = {"type": "object"}

BATCH_COLUMNS: Fields = {
    "judge_id": UUIDField(nullable=True),
    "judge": JsonField(nullable=True, schema={"type": ["object", "null"]}),
    "evaluators": JsonField(default=[], schema={"type": "array"}),
    "dataset": JsonField(nullable=True, schema={"type": ["object", "null"]}),
    "dataset_range": JsonField(nullable=True, schema={"type": ["object", "null"]}),
    "status": ChoiceField(choices=_STATUSES, default="pending"),
    "total_count": IntegerField(minimum=0, default=0),
    "completed_count": IntegerField(minimum=0, default=0),
    "failed_count": IntegerField(minimum=0, default=0),
    "started_at": DateTimeField(nullable=True),
    "completed_at": DateTimeField(nullable=True),
    "items": ListField(child=JsonField(schema=dict(_OBJECT)), default=[]),
    "inputs": JsonField(default=[]),
    "tags": JsonField(default=[], schema={"type": "array"}),
    "project_id": UUIDField(nullable=True),
}
"""The columns of batches."""

_INPUT_FIELDS: Fields = {
    name: field for name, field in EXECUTION_FIELDS.items() if name not in ("variables", "tags")
}

BATCH_FIELDS: Fields = {
    "inputs": ListField(
        child=ObjectField(fields=_INPUT_FIELDS), required=True, min_items=1, max_items=100
    ),
    "tags": ListField(child=StringField(), default=[]),
    "judge_version_id": UUIDField(nullable=True),
    "project_id": UUIDField(nullable=True),
}
"""The fields of the body that runs a batch."""


_INDEX = IntegerField(minimum=0, required=True)

START_FIELDS: Fields = {
    "judge_id": UUIDField(nullable=True, description="The judge."),
    "evaluator_ids": ListField(
        child=UUIDField(), nullable=True, min_items=1, description="Evaluators instead of a judge."
    ),
    "inputs": ListField(
        child=ObjectField(
            fields={
                name: field
                for name, field in _INPUT_FIELDS.items()
                if name not in ("tools", "project_id")
            }
        ),
        nullable=True,
        min_items=1,
        max_items=100,
        description="The inputs.",
    ),
    "dataset_id": UUIDField(
        nullable=True, description="A data set with a file of inputs, instead of these."
    ),
    "range": ObjectField(
        fields={"start": _INDEX, "end": _INDEX},
        nullable=True,
        description="The first and the last row of the data set, counted from 0.",
    ),
    "tags": BATCH_FIELDS["tags"],
    "judge_version_id": UUIDField(nullable=True),
    "project_id": UUIDField(nullable=True),
}
"""The fields of the body that runs a batch of a judge or of evaluators."""

START_ALTERNATIVES = tuple(
    Alternatives(((first,), (second,)), f"Give either {first} or {second}.")
    for first, second in (("judge_id", "evaluator_ids"), ("inputs", "dataset_id"))
)
"""What runs, and on which inputs."""


def batch_item(index: int, values: Mapping[str, Value]) -> dict[str, JsonValue]:
    """Return an item that is not processed yet."""
    given: dict[str, JsonValue] = {
        "request": values.get("request") or "",
        "response": values.get("response") or "",
    }
    for name in ("turns", "contexts", "expected_output"):
        if values.get(name):
            given[name] = values[name]
    return {
        "index": index,
        "status": "pending",
        "input": given,
        "evaluator_results": None,
        "error_message": "",
        "execution_log_id": None,
        "started_at": None,
        "completed_at": None,
    }


BATCH_RESULT: Schema = {
    "type": "object",
    "required": ["batch_execution_id", "status_url"],
    "properties": {
        "batch_execution_id": {"type": "string", "format": "uuid"},
        "status_url": {"type": "string"},
    },
}


def new_batch(
    judge: Row | None,
    values: Mapping[str, Value],
    project_id: str,
    *,
    evaluators: Iterable[Row] = (),
    dataset: Row | None = None,
) -> dict[str, Value]:
    """Return the values of a new batch.

    Args:
        judge: The judge, in the version that runs, or None.
        values: The validated body, of `BATCH_FIELDS` or of `START_FIELDS` with inputs.
        project_id: The project of the batch.
        evaluators: The evaluators that run without a judge.
        dataset: The data set of the inputs, or None.
    """
    inputs = cast("list[dict[str, Value]]", values["inputs"])
    given: dict[str, Value] = {
        "judge_id": None if judge is None else judge.id,
        "judge": None if judge is None else _named(judge),
        "evaluators": [_named(one) for one in evaluators],
        "dataset": None if dataset is None else {"id": dataset.id, "name": dataset.name},
        "dataset_range": None if dataset is None else values.get("range"),
        "total_count": len(inputs),
        "items": [batch_item(index, one) for index, one in enumerate(inputs)],
        "inputs": values["inputs"],
        "tags": values.get("tags", []),
        "project_id": project_id,
    }
    return {name: given.get(name, field.default) for name, field in BATCH_COLUMNS.items()}


def _named(row: Row) -> dict[str, JsonValue]:
    return {"id": row.id, "name": row.name, "version_id": row.version_id}
