"""How Python code sees a judge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from root.emulator.rows import Visibility

__all__ = ["StoredJudge"]


@dataclass(frozen=True, slots=True)
class StoredJudge:
    """A judge that was created in the emulator.

    Attributes:
        id: The ID.
        name: The name.
        intent: What it evaluates.
        stage: The stage of the application that it evaluates, or an empty string.
        evaluator_references: The IDs of its evaluators, and of their versions or None.
        file_id: The file that it uses, or None.
        project_id: The project that it belongs to.
        version_id: The ID of its newest version.
        created_at: The time of its creation.
        visibility: Who can read it.
        organization: The organization that it belongs to.
        owner: The e-mail address of the user who created it.
    """

    id: str
    name: str
    intent: str
    stage: str
    evaluator_references: list[dict[str, JsonValue]]
    file_id: str | None
    project_id: str
    version_id: str
    created_at: datetime
    visibility: Visibility
    organization: str
    owner: str
