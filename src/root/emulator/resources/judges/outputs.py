"""Values of judges that follow from others."""

from __future__ import annotations

from typing import cast
from uuid import UUID, uuid5

from root.emulator.outputs import Schema
from root.emulator.resources.models import DEFAULT_MODEL
from root.emulator.rows import Row
from root.emulator.table_spec import SERVICE

__all__ = ["EVALUATOR", "as_nested", "files", "objective"]


# A random UUID. The ID of an objective, which older clients require, is derived from the judge's.
_NAMESPACE = UUID("b7d9a9b0-6e0c-4f4e-9d55-7a0a9a3c9b21")


EVALUATOR: Schema = {
    "type": "object",
    "required": ["id", "name", "objective", "is_root_evaluator", "model", "version_id"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "name": {"type": "string"},
        "objective": {
            "type": "object",
            "required": ["intent"],
            "properties": {"intent": {"type": "string"}},
        },
        "is_root_evaluator": {"type": "boolean"},
        "model": {"type": "string"},
        "version_id": {"type": "string", "format": "uuid"},
    },
}


def as_nested(evaluator: Row) -> dict[str, object]:
    """Return an evaluator as in a judge."""
    models = cast("list[str]", evaluator.models)
    objective = cast("dict[str, object]", evaluator.objective or {})
    return {
        "id": evaluator.id,
        "name": evaluator.name,
        "objective": {"intent": objective.get("intent", "")},
        "is_root_evaluator": evaluator.organization == SERVICE,
        "model": models[0] if models else DEFAULT_MODEL,
        "version_id": evaluator.version_id,
    }


def files(row: Row) -> list[dict[str, object]]:
    """Return the file of a judge."""
    if row.file_id is None:
        return []
    return [{"id": row.file_id, "name": row.file_id, "url": f"/v1/files/{row.file_id}/"}]


def objective(row: Row) -> dict[str, object]:
    """Return the objective of a judge, which older clients require."""
    return {"id": str(uuid5(_NAMESPACE, row.id)), "intent": row.intent}
