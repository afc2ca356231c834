"""Values of evaluators that follow from others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast
from uuid import UUID, uuid5

from pydantic import JsonValue

from root.emulator.fields import Value
from root.emulator.resources.evaluators.execution import (
    VARIABLE,
)
from root.emulator.rows import Row
from root.emulator.table_spec import SERVICE

__all__ = [
    "INPUT",
    "STRING",
    "derived_id",
    "input_variables",
    "inputs_of",
    "is_of_service",
    "reference_variables",
    "updated_at",
]


# A random UUID. IDs of what belongs to an evaluator are derived from its own.
_NAMESPACE = UUID("5d4e9f0a-7f0c-4a36-8a5e-30f6d1b6d9a4")


_SPECIAL = ("request", "response", "contexts", "expected_output")


STRING: JsonValue = {"type": "string"}


INPUT: Mapping[str, JsonValue] = {"contexts": {"type": "array", "items": {"type": "string"}}}


def inputs_of(criteria: str) -> dict[str, Value]:
    """Return the inputs of scoring criteria."""
    return {name: INPUT.get(name, STRING) for name in VARIABLE.findall(criteria)}


def input_variables(row: Row) -> list[dict[str, object]]:
    """Return the variables of an evaluator as in responses."""
    declared = [str(one["name"]) for one in cast("list[dict[str, Value]]", row.input_variables)]
    used = [name for name in cast("dict[str, Value]", row.inputs) if name not in _SPECIAL]
    created_at = row.created_at.replace("+00:00", "Z")
    return [
        {
            "id": derived_id(row.id, f"variable {name}"),
            "created_at": created_at,
            "updated_at": created_at,
            "name": name,
            "skill": row.id,
        }
        for name in dict.fromkeys((*declared, *used))
    ]


def reference_variables(row: Row) -> list[dict[str, object]]:
    """Return the variables with texts of data sets as in responses."""
    declared = cast("list[dict[str, Value]]", row.reference_variables)
    created_at = row.created_at.replace("+00:00", "Z")
    return [
        {
            "id": derived_id(row.id, f"reference {one['name']}"),
            "created_at": created_at,
            "updated_at": created_at,
            "skill": row.id,
            **one,
        }
        for one in declared
    ]


def derived_id(id_: str, kind: str) -> str:
    """Return the ID of what belongs to an object, the same at every start."""
    return str(uuid5(_NAMESPACE, f"{id_} {kind}"))


def updated_at(row: Row) -> str | None:
    """Return the time of the last change."""
    return None if row.updated_at is None else str(row.updated_at).replace("+00:00", "Z")


def is_of_service(row: Row) -> bool:
    """Return whether the service maintains an evaluator."""
    return row.organization == SERVICE
