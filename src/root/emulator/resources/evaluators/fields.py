"""The fields of evaluators, in requests, in the database and in responses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from root.emulator.fields import (
    SPACE,
    BooleanField,
    ChoiceField,
    Fields,
    InvalidValueError,
    StringField,
    UUIDField,
    json_types,
)
from root.emulator.filters import Filter, flag, search
from root.emulator.json_fields import JsonField, ListField, ObjectField
from root.emulator.number_fields import FloatField
from root.emulator.resources.evaluators.execution import VARIABLE
from root.emulator.table_spec import SERVICE
from root.emulator.versions import VERSION_COLUMNS
from root.emulator.visibility import IS_LISTED

__all__ = ["FIELDS", "FILTERS", "INTERNAL", "LISTED", "NEWER_FILTERS", "SHOWN"]


@dataclass(frozen=True, kw_only=True)
class CriteriaField(StringField):
    """A field with scoring criteria."""

    def clean(self, value: object) -> str:
        """Return the criteria.

        Raises:
            InvalidValueError: The value is invalid.
        """
        text = super().clean(value)
        if not {"request", "response"} & {*VARIABLE.findall(text)}:
            raise InvalidValueError("The scoring criteria must have {{request}} or {{response}}.")
        return text

    def request_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of accepted values."""
        variable = rf"\{{\{{[{SPACE}]*(?:request|response)[{SPACE}]*\}}\}}"
        pattern = rf"^[^\u0000]*{variable}[^\u0000]*$"
        return {**super().request_schema(), **json_types(self, "string"), "pattern": pattern}


FIELDS: Fields = {
    "name": StringField(
        required=True,
        min_length=2,
        max_length=1000,
        description="The name, unique in the organization.",
    ),
    "objective_id": UUIDField(required=True, description="The objective, which must exist."),
    "objective_version_id": UUIDField(
        nullable=True, description="The version of the objective; by default always the newest one."
    ),
    "scoring_criteria": CriteriaField(
        required=True,
        max_length=500_000,
        former_name="prompt",
        description="What is scored, with the variables `{{request}}`, `{{response}}` (one of them"
        " at least) and others. Older clients send it as `prompt`.",
    ),
    "models": ListField(
        child=StringField(), default=[], description="The model, and those to use if it fails."
    ),
    "behavior": ChoiceField(
        choices=("thorough", "fast", "balanced"),
        default="balanced",
        description="How it weighs speed and depth.",
    ),
    "input_variables": ListField(
        child=ObjectField(fields={"name": StringField(required=True, max_length=1000)}),
        default=[],
        description="Variables of the scoring criteria.",
    ),
    "reference_variables": ListField(
        child=ObjectField(
            fields={
                "dataset": UUIDField(required=True, description="The data set, which must exist."),
                "name": StringField(required=True, max_length=1000),
            }
        ),
        default=[],
        description="Variables with the texts of data sets, of older clients; they are not read.",
    ),
    "evaluator_demonstrations": ListField(
        child=ObjectField(
            fields={
                "request": StringField(nullable=True, allow_blank=True),
                "response": StringField(nullable=True, allow_blank=True),
                "score": FloatField(required=True, minimum=0.0, maximum=1.0),
                "justification": StringField(nullable=True, allow_blank=True),
            }
        ),
        nullable=True,
        description="Texts with the scores that they have.",
    ),
    "demonstration_dataset_id": UUIDField(
        nullable=True,
        description="A data set, which must exist, with a file, whose rows are demonstrations: the"
        " score, the response and, if there is one, the request.",
    ),
    "change_note": StringField(
        nullable=True, allow_blank=True, description="A note on the version."
    ),
    "project_id": UUIDField(
        nullable=True,
        description="The project; by default that of the evaluator, or the default one.",
    ),
    "overwrite": BooleanField(
        is_stored=False,
        description="Whether to replace the evaluator with this name, if there is one.",
    ),
}

INTERNAL: Fields = {
    **VERSION_COLUMNS,
    "objective": JsonField(nullable=True),
    "inputs": JsonField(default={}),
    # Examples to calibrate an imported evaluator with; an export has them, too.
    "calibration": JsonField(nullable=True),
    # The name of the evaluator of the service whose rule gives the scores, as an attribute.
    "rule": StringField(nullable=True),
    # The status of older servers.
    "is_listed": IS_LISTED,
}

SHOWN = (
    "id",
    "name",
    "objective",
    "scoring_criteria",
    "inputs",
    "input_variables",
    "models",
    "behavior",
    "evaluator_demonstrations",
    "demonstration_dataset_id",
    "change_note",
    "version_id",
    "created_at",
    "updated_at",
    "updated_by",
    "owner",
    "project_id",
    "visibility",
    "is_root_evaluator",
    "_meta",
    "prompt",
    "skill_type",
    "status",
    "model_params",
    "reference_variables",
    "system_message",
)

LISTED = (
    "id",
    "name",
    "objective",
    "scoring_criteria",
    "inputs",
    "models",
    "version_id",
    "created_at",
    "updated_at",
    "updated_by",
    "owner",
    "project_id",
    "visibility",
    "_meta",
    "prompt",
    "status",
)

_ONLY = "Return only evaluators"

_OF_TYPE = Filter(
    ChoiceField(choices=("managed", "native")), "? = 'managed'", f"{_ONLY} of this type."
)

FILTERS: Mapping[str, Filter] = {
    "search": search(
        "name",
        "json_extract(objective, '$.intent')",
        description=f"{_ONLY} with this text in the name or the intent.",
    ),
    "is_root_evaluator": flag(f"organization = '{SERVICE}'", f"{_ONLY} of the service."),
    "skill_type": _OF_TYPE,
    "objective__intent": Filter(
        StringField(), "json_extract(objective, '$.intent') = ?", f"{_ONLY} with this intent."
    ),
    "owner__email": Filter(StringField(), "email = ?", f"{_ONLY} of the user with this address."),
    "owner__first_name": Filter(
        StringField(), "full_name || ' ' LIKE ? || ' %'", f"{_ONLY} of users with this first name."
    ),
    "owner__last_name": Filter(
        StringField(), "' ' || full_name LIKE '% ' || ?", f"{_ONLY} of users with this last name."
    ),
}

NEWER_FILTERS: Mapping[str, Filter] = {"evaluator_type": _OF_TYPE}
