"""Execution of a judge: one log of its own, and one of each of its evaluators."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import cast

from root.emulator.fields import Fields, UUIDField, Value
from root.emulator.keys import Account
from root.emulator.outputs import Schema
from root.emulator.resources.evaluators.evaluators import Evaluators
from root.emulator.resources.evaluators.execution import (
    EXECUTION_FIELDS,
    log_values,
    missing_inputs,
    to_inputs,
)
from root.emulator.resources.execution_logs import ExecutionLogs
from root.emulator.resources.models import DEFAULT_MODEL
from root.emulator.rows import Row
from root.emulator.scoring import Inputs, Score
from root.emulator.store import Store

__all__ = [
    "JUDGE_EXECUTION_FIELDS",
    "JUDGE_EXECUTION_RESULT",
    "RESULTS",
    "Boost",
    "JudgeExecution",
    "JudgeRunner",
    "Reference",
]

JUDGE_EXECUTION_FIELDS: Fields = {
    **{
        name: field
        for name, field in EXECUTION_FIELDS.items()
        if name not in ("variables", "evaluator_version_id")
    },
    "judge_version_id": UUIDField(
        nullable=True, description="The version of the judge; by default the newest one."
    ),
}
"""The fields of the body that runs a judge."""

RESULTS: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "required": [
            "evaluator_name",
            "score",
            "justification",
            "evaluator_id",
            "evaluator_version_id",
            "confidence",
        ],
        "properties": {
            "evaluator_name": {"type": "string"},
            "score": {"type": ["number", "null"]},
            "justification": {"type": ["string", "null"]},
            "evaluator_id": {"type": "string", "format": "uuid"},
            "evaluator_version_id": {"type": "string", "format": "uuid"},
            "confidence": {"type": ["number", "null"]},
        },
    },
}

JUDGE_EXECUTION_RESULT: Schema = {
    "type": "object",
    "required": ["evaluator_results", "execution_log_id"],
    "properties": {
        "evaluator_results": dict(RESULTS),
        "execution_log_id": {"type": ["string", "null"], "format": "uuid"},
    },
}


@dataclass(frozen=True, slots=True)
class Reference:
    """An evaluator of a judge, in the version that it refers to.

    Attributes:
        evaluator: The evaluator.
        version_id: The version, or None for always the newest one.
    """

    evaluator: Row
    version_id: str | None


@dataclass(frozen=True, slots=True)
class Boost:
    """What is added to the scores of a refined response.

    Attributes:
        gain: What is added.
        limit: The score up to which it is added.
    """

    gain: float
    limit: float

    def apply(self, score: Score) -> Score:
        """Return the score of a refined response."""
        if score.value is None:
            return score
        value = max(score.value, min(score.value + self.gain, self.limit))
        return Score(round(value, 2), f"{score.justification} The response was refined.")


@dataclass(frozen=True, slots=True)
class JudgeExecution:
    """An execution of a judge that has ended.

    Attributes:
        results: The results of the evaluators, as in responses.
        log: The log of the judge.
    """

    results: list[dict[str, Value]]
    log: Row

    @property
    def score(self) -> float | None:
        """The mean of the scores, or None if there is none."""
        return cast("float | None", self.log.score)

    def to_json(self) -> dict[str, object]:
        """Return the result as in responses."""
        return {"evaluator_results": self.results, "execution_log_id": self.log.id}


class JudgeRunner:
    """Runs judges."""

    def __init__(self, evaluators: Evaluators, logs: ExecutionLogs) -> None:
        """Create the runner.

        Args:
            evaluators: The evaluators that judges run.
            logs: The logs of executions.
        """
        self._evaluators = evaluators
        self._logs = logs

    def run(
        self,
        store: Store,
        account: Account,
        judge: Row,
        references: list[Reference],
        values: Mapping[str, Value],
        *,
        project_id: str,
        execution_type: str = "judge",
        boost: Boost | None = None,
    ) -> JudgeExecution:
        """Run a judge, and write the logs.

        Args:
            store: The database.
            account: The account that runs it.
            judge: The judge, in the version that runs.
            references: Its evaluators.
            values: The validated body of the execution.
            project_id: The project of the logs.
            execution_type: The type of the judge's log.
            boost: What is added to the scores, or None.

        Raises:
            Problem: Nothing to evaluate is given.
        """
        values = {**values, "project_id": project_id}
        if judge.file_id and not values.get("contexts"):
            # The file is not read, but it is a context.
            values["contexts"] = [f"The file {judge.file_id}."]
        inputs = to_inputs(values)
        parent = self._logs.write(store, account, _judge_log(judge, values, inputs, execution_type))
        results = [
            self._run_evaluator(store, account, reference, values, inputs, parent.id, boost)
            for reference in references
        ]
        scores = [float(one["score"]) for one in results if isinstance(one["score"], float)]
        mean = round(fmean(scores), 4) if scores else None
        outcome: dict[str, Value] = {
            "score": mean,
            "confidence": None if mean is None else 1.0,
            "justification": "\n".join(str(one["justification"]) for one in results),
            "llm_output": json.dumps(results),
            "evaluator_results": [_log_result(one) for one in results],
            "evaluator_latencies": [
                {"evaluator_name": one["evaluator_name"], "duration": 0.0} for one in results
            ],
        }
        return JudgeExecution(results, self._logs.table(store).update(parent, outcome))

    def _run_evaluator(
        self,
        store: Store,
        account: Account,
        reference: Reference,
        values: Mapping[str, Value],
        inputs: Inputs,
        parent_id: str,
        boost: Boost | None,
    ) -> dict[str, Value]:
        evaluator = reference.evaluator
        if missing := missing_inputs(evaluator, inputs):
            text = f"{evaluator.name}: no score, since {', '.join(missing)} is missing."
            score, confidence = Score(None, text), None
            logged = log_values(evaluator, values, inputs, score)
            logged |= {
                "project_id": values["project_id"],
                "parent_execution_log_id": parent_id,
            }
            self._logs.write(store, account, logged)
        else:
            run = self._evaluators.run(store, account, evaluator, values, parent_id=parent_id)
            score, confidence = run.score, run.log.confidence
            if boost is not None:
                score = boost.apply(score)
                changes: dict[str, Value] = {
                    "score": score.value,
                    "justification": score.justification,
                }
                self._logs.table(store).update(run.log, changes)
        return {
            "evaluator_name": evaluator.name,
            "score": score.value,
            "justification": score.justification,
            "evaluator_id": evaluator.id,
            "evaluator_version_id": evaluator.version_id,
            "confidence": confidence,
        }


def _judge_log(
    judge: Row, values: Mapping[str, Value], inputs: Inputs, execution_type: str
) -> dict[str, Value]:
    texts = ("request", "response", "expected_output", "system_prompt", "session_id", "user_id")
    return {
        **{name: values.get(name) or "" for name in texts},
        "turns": values.get("turns"),
        "contexts": values.get("contexts") or [],
        "tags": values.get("tags") or [],
        "variables": cast("dict[str, Value]", inputs.strings),
        "project_id": values["project_id"],
        "execution_type": execution_type,
        "executed_item_id": judge.id,
        "executed_item_name": judge.name,
        "executed_item_version_id": judge.version_id,
        "model": DEFAULT_MODEL,
    }


def _log_result(result: Mapping[str, Value]) -> dict[str, Value]:
    return {
        "evaluator_id": result["evaluator_id"],
        "evaluator_name": result["evaluator_name"],
        "result": result["score"],
        "threshold": 0.0,
        "status": "finished",
        "justification": result["justification"],
    }
