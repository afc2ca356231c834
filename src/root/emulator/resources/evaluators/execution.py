"""Execution of an evaluator: inputs in, a score and a log out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from root.emulator.alternatives import Alternatives
from root.emulator.fields import (
    ChoiceField,
    Fields,
    StringField,
    UUIDField,
    Value,
)
from root.emulator.json_fields import ANY_OBJECT, ListField, MapField, ObjectField
from root.emulator.outputs import Schema
from root.emulator.problems import Problem
from root.emulator.resources.models import DEFAULT_MODEL
from root.emulator.rows import Row
from root.emulator.scoring import FixedScores, Inputs, Score, compute_score, fixed_score

__all__ = [
    "EVALUATED",
    "EXECUTION_FIELDS",
    "EXECUTION_RESULT",
    "VARIABLE",
    "Execution",
    "check_inputs",
    "log_values",
    "missing_inputs",
    "render",
    "score_inputs",
    "to_inputs",
]

VARIABLE = re.compile(r"\{\{\s*([^{}\s][^{}]*?)\s*\}\}")
"""A variable in scoring criteria: `{{request}}`."""

_LONG = 3_500_000

EXECUTION_FIELDS: Fields = {
    "turns": ListField(
        nullable=True,
        child=ObjectField(
            fields={
                "role": ChoiceField(choices=("user", "assistant", "tool"), required=True),
                "content": StringField(nullable=True, allow_blank=True),
                "contexts": ListField(child=StringField(), nullable=True),
                "tool_calls": ListField(child=ANY_OBJECT, nullable=True),
                "tool_call_id": StringField(nullable=True, allow_blank=True),
            }
        ),
        description="The turns of a conversation, in place of `request` and `response`.",
    ),
    "tools": ListField(
        child=ANY_OBJECT,
        nullable=True,
        description="The tools that the conversation could use.",
    ),
    "request": StringField(nullable=True, allow_blank=True, description="The request."),
    "response": StringField(nullable=True, allow_blank=True, description="The response."),
    "contexts": ListField(child=StringField(), default=[], description="Retrieved documents."),
    "expected_output": StringField(
        nullable=True, allow_blank=True, max_length=_LONG, description="The expected response."
    ),
    "tags": ListField(
        child=StringField(max_length=1000), default=[], description="The tags of the log."
    ),
    "evaluator_version_id": StringField(
        nullable=True, allow_blank=True, description="The version; by default the newest one."
    ),
    "user_id": StringField(nullable=True, allow_blank=True, max_length=255),
    "session_id": StringField(nullable=True, allow_blank=True, max_length=255),
    "system_prompt": StringField(nullable=True, allow_blank=True, max_length=_LONG),
    "file_ids": ListField(child=UUIDField(), default=[], description="Files; none are known."),
    "project_id": UUIDField(
        nullable=True, description="The project of the log; by default that of the evaluator."
    ),
    "variables": MapField(
        child=StringField(), default={}, description="The values of the evaluator's variables."
    ),
}
"""The fields of the body that runs an evaluator."""

EVALUATED = Alternatives(
    (("turns",), ("request", "response")),
    "Give either turns, or a request and a response.",
    missing="Give turns, or a request or a response.",
)
"""What an execution evaluates."""

EXECUTION_RESULT: Schema = {
    "type": "object",
    "required": [
        "evaluator_name",
        "score",
        "cost",
        "execution_log_id",
        "justification",
        "confidence",
    ],
    "properties": {
        "evaluator_name": {"type": ["string", "null"]},
        "score": {"type": ["number", "null"]},
        "cost": {"type": ["number", "null"]},
        "execution_log_id": {"type": "string"},
        "justification": {"type": ["string", "null"]},
        "confidence": {"type": ["number", "null"]},
    },
}


@dataclass(frozen=True, slots=True)
class Execution:
    """An execution of an evaluator that has ended.

    Attributes:
        evaluator: The evaluator, in the version that ran.
        score: The score and its justification.
        log: The log.
    """

    evaluator: Row
    score: Score
    log: Row

    def to_json(self) -> dict[str, object]:
        """Return the result as in responses."""
        return {
            "evaluator_name": self.evaluator.name,
            "score": self.score.value,
            "cost": self.log.cost,
            "execution_log_id": self.log.id,
            "justification": self.score.justification,
            "confidence": self.log.confidence,
        }


def to_inputs(values: Mapping[str, Value]) -> Inputs:
    """Return what the validated body of an execution has evaluators evaluate.

    Raises:
        Problem: It has neither turns nor a request or response, or both, or unknown files.
    """
    if file_ids := cast("list[str] | None", values.get("file_ids")):
        # Nothing uploads files.
        texts = [f'Invalid pk "{id_}" - object does not exist.' for id_ in file_ids]
        raise Problem(400, {"file_ids": texts})
    EVALUATED.check(values)
    turns = cast("list[dict[str, object]] | None", values.get("turns"))
    request, response = (cast("str | None", values.get(name)) for name in ("request", "response"))
    return Inputs(
        request=request,
        response=response,
        contexts=cast("list[str]", values.get("contexts") or []),
        expected_output=cast("str | None", values.get("expected_output")),
        variables=cast("dict[str, str]", values.get("variables") or {}),
        turns=turns,
        tools=cast("list[object]", values.get("tools") or []),
    )


def missing_inputs(evaluator: Row, inputs: Inputs) -> list[str]:
    """Return the names of the inputs that an evaluator needs and does not get."""
    given = {*inputs.strings, *(("contexts",) if inputs.known else ())}
    if inputs.turns is not None or evaluator.rule is not None:
        # Most evaluators of the service are run with the response alone.
        given |= {"request", "response"}
    return [name for name in cast("dict[str, Value]", evaluator.inputs) if name not in given]


def check_inputs(evaluator: Row, inputs: Inputs) -> None:
    """Check that an evaluator gets the inputs that it needs.

    Raises:
        Problem: Some are missing.
    """
    if missing := missing_inputs(evaluator, inputs):
        raise Problem(400, {name: ["This field is required."] for name in missing})


def score_inputs(
    evaluator: Row,
    inputs: Inputs,
    fixed: FixedScores,
    examples: Iterable[Mapping[str, object]] = (),
) -> Score:
    """Return the score of an evaluator for some inputs.

    Args:
        evaluator: The evaluator.
        inputs: The inputs.
        fixed: The scores that the user of the emulator has set.
        examples: Demonstrations besides those that the evaluator has itself.
    """
    name, rule = str(evaluator.name), cast("str | None", evaluator.rule)
    if found := fixed.find((evaluator.id, name, *((rule,) if rule else ())), inputs):
        return fixed_score(name, found)
    own = cast("list[dict[str, object]]", evaluator.evaluator_demonstrations or [])
    demonstrations = [*own, *examples]
    return compute_score(name, rule, str(evaluator.scoring_criteria), demonstrations, inputs)


def render(criteria: str, inputs: Inputs) -> str:
    """Return scoring criteria with the values of their variables."""
    known = {**inputs.strings, "contexts": "\n".join(inputs.known)}
    known = {"request": inputs.asked, "response": inputs.answered} | known
    return VARIABLE.sub(lambda found: known.get(found[1], found[0]), criteria)


def log_values(
    evaluator: Row, values: Mapping[str, Value], inputs: Inputs, score: Score
) -> dict[str, Value]:
    """Return the values of the log of an execution.

    Args:
        evaluator: The evaluator, in the version that ran.
        values: The validated body.
        inputs: The inputs.
        score: The score.
    """
    models = cast("list[str]", evaluator.models)
    criteria = str(evaluator.scoring_criteria)
    result = {"score": score.value, "justification": score.justification}
    texts = ("request", "response", "expected_output", "system_prompt", "session_id", "user_id")
    return {
        **{name: values.get(name) or "" for name in texts},
        "turns": values.get("turns"),
        "contexts": values.get("contexts") or [],
        "tags": values.get("tags") or [],
        "variables": cast("dict[str, Value]", inputs.strings),
        "execution_type": "evaluator",
        "executed_item_id": evaluator.id,
        "executed_item_name": evaluator.name,
        "executed_item_version_id": evaluator.version_id,
        "score": score.value,
        "confidence": None if score.value is None else 1.0,
        "justification": score.justification,
        "llm_output": json.dumps(result),
        "model": models[0] if models else DEFAULT_MODEL,
        "scoring_criteria": criteria,
        "rendered_prompt": render(criteria, inputs),
    }
