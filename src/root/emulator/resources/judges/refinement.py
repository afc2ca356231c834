"""Refinement of a response by rounds, without an LLM."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from root.emulator.fields import BooleanField, Fields, Value
from root.emulator.number_fields import FloatField, IntegerField
from root.emulator.outputs import Schema
from root.emulator.resources.judges.execution import JUDGE_EXECUTION_FIELDS, RESULTS, Boost

__all__ = ["REFINEMENT_FIELDS", "REFINEMENT_RESULT", "plan", "refined_text"]

# What each round adds to a score.
_GAIN = 0.1

_SENTENCE = "This response was refined by the emulator."

REFINEMENT_FIELDS: Fields = {
    **JUDGE_EXECUTION_FIELDS,
    "max_iterations": IntegerField(
        minimum=0, maximum=100, default=3, description="The maximum number of rounds."
    ),
    "patience": IntegerField(
        minimum=0,
        maximum=100,
        default=1,
        description="The number of rounds without a gain after which it ends.",
    ),
    "min_improvement": FloatField(
        default=0.05, description="The smallest gain that a round is accepted with."
    ),
    "threshold": FloatField(default=0.8, description="The score that ends it."),
    "stream": BooleanField(description="Whether the response is server-sent events."),
}
"""The fields of the body that refines a response."""

REFINEMENT_RESULT: Schema = {
    "type": "object",
    "required": [
        "evaluator_results",
        "execution_log_id",
        "improved_response",
        "original_response",
        "original_evaluator_results",
    ],
    "properties": {
        "evaluator_results": dict(RESULTS),
        "execution_log_id": {"type": ["string", "null"], "format": "uuid"},
        "improved_response": {"type": "string"},
        "original_response": {"type": "string"},
        "original_evaluator_results": dict(RESULTS),
    },
}


def plan(score: float | None, values: Mapping[str, Value]) -> Boost | None:
    """Return what refinement adds to the scores of a response, or None if it changes nothing.

    Args:
        score: The mean score of the original response.
        values: The validated body, of `REFINEMENT_FIELDS`.
    """
    threshold, least = (
        cast("float", values.get(name, REFINEMENT_FIELDS[name].default))
        for name in ("threshold", "min_improvement")
    )
    rounds = cast("int", values.get("max_iterations", REFINEMENT_FIELDS["max_iterations"].default))
    if score is None or score >= threshold or least > _GAIN or not rounds:
        return None
    return Boost(_GAIN * rounds, threshold)


def refined_text(text: str) -> str:
    """Return a refined response."""
    return f"{text} {_SENTENCE}".strip()
