"""How Python code sees an evaluator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from root.emulator.rows import Visibility

__all__ = ["StoredEvaluator"]


@dataclass(frozen=True, slots=True)
class StoredEvaluator:
    """An evaluator that was created in the emulator.

    Attributes:
        id: The ID.
        name: The name.
        scoring_criteria: The scoring criteria.
        inputs: The inputs that an execution needs, by name.
        models: The names of the models, the first of which is the main one.
        objective_id: The ID of its objective.
        objective: The objective as in responses.
        behavior: How it weighs speed and depth.
        evaluator_demonstrations: Its demonstrations, or None.
        demonstration_dataset_id: The data set of its demonstrations, or None.
        change_note: The note of its newest version, or None.
        project_id: The project that it belongs to.
        version_id: The ID of its newest version.
        created_at: The time of its creation.
        visibility: Who can read it.
        organization: The organization that it belongs to.
        owner: The e-mail address of the user who created it.
    """

    id: str
    name: str
    scoring_criteria: str
    inputs: dict[str, JsonValue]
    models: list[str]
    objective_id: str
    objective: dict[str, JsonValue]
    behavior: str
    evaluator_demonstrations: list[dict[str, JsonValue]] | None
    demonstration_dataset_id: str | None
    change_note: str | None
    project_id: str
    version_id: str
    created_at: datetime
    visibility: Visibility
    organization: str
    owner: str
