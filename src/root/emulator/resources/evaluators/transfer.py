"""Export and import of evaluators as YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import yaml

from root.emulator.fields import (
    BooleanField,
    Field,
    Fields,
    InvalidValueError,
    StringField,
    UUIDField,
    Value,
    clean_fields,
)
from root.emulator.json_fields import ListField, ObjectField
from root.emulator.problems import Problem
from root.emulator.resources.evaluators.fields import FIELDS
from root.emulator.rows import Row

__all__ = ["IMPORT_FIELDS", "export_yaml", "parse_yaml"]

IMPORT_FIELDS: Fields = {
    "yaml": StringField(
        required=True, description="The YAML document: a mapping, as an export has it."
    ),
    "overwrite": BooleanField(
        description="Whether to replace the evaluator with this name, if there is one."
    ),
    "project_id": UUIDField(nullable=True, description="The project; by default the default one."),
}
"""The fields of the body that imports an evaluator."""

_EXAMPLES = cast("ListField", FIELDS["evaluator_demonstrations"]).child

_DOCUMENT: Mapping[str, Field] = {
    "name": FIELDS["name"],
    "objective": ObjectField(
        fields={"intent": StringField(default="", allow_blank=True, max_length=100_000)},
        default={"intent": ""},
    ),
    "scoring_criteria": FIELDS["scoring_criteria"],
    "models": FIELDS["models"],
    "behavior": FIELDS["behavior"],
    "demonstrations": ListField(child=_EXAMPLES, nullable=True),
    "calibration": ListField(child=_EXAMPLES, nullable=True),
}


def export_yaml(row: Row) -> str:
    """Return an evaluator as YAML."""
    objective = cast("dict[str, Value]", row.objective or {})
    document: dict[str, object] = {
        "name": row.name,
        "objective": {"intent": objective.get("intent", "")},
        "scoring_criteria": row.scoring_criteria,
        "models": row.models,
        "behavior": row.behavior,
        "demonstrations": _examples(row.evaluator_demonstrations),
        "calibration": _examples(row.calibration),
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def parse_yaml(text: str) -> dict[str, Value]:
    """Return the values of the document of an evaluator.

    Raises:
        Problem: It is not valid.
    """
    try:
        document = cast("object", yaml.safe_load(text))
    except (yaml.YAMLError, ValueError, RecursionError) as exc:
        raise Problem(400, {"yaml": [f"The document is not valid YAML: {exc}"]}) from exc
    if not isinstance(document, dict):
        raise Problem(400, {"yaml": ["The document must be a mapping with name and others."]})
    try:
        values = clean_fields(cast("dict[str, object]", document), _DOCUMENT, partial=False)
    except InvalidValueError as invalid:
        raise Problem(400, {"yaml": invalid.details}) from None
    return {name: values.get(name, field.default) for name, field in _DOCUMENT.items()}


def _examples(examples: Value) -> list[dict[str, Value]]:
    return [
        {name: value for name, value in example.items() if value is not None}
        for example in cast("list[dict[str, Value]]", examples or [])
    ]
