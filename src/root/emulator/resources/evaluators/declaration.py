"""What evaluators declare."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import ClassVar, cast

from pydantic import JsonValue
from starlette.responses import JSONResponse, Response

from root.emulator.actions import Action
from root.emulator.calls import Call
from root.emulator.declaration import Operation
from root.emulator.fields import Fields, StringField, Value
from root.emulator.filters import Filter
from root.emulator.keys import Account
from root.emulator.outputs import CREATED_AT, ID, OWNER, Output, Schema
from root.emulator.problems import Problem
from root.emulator.resources.datasets import DataSets
from root.emulator.resources.evaluators.endpoints import ACTIONS
from root.emulator.resources.evaluators.fields import (
    FIELDS,
    FILTERS,
    INTERNAL,
    LISTED,
    NEWER_FILTERS,
    SHOWN,
)
from root.emulator.resources.evaluators.outputs import (
    INPUT,
    STRING,
    derived_id,
    input_variables,
    inputs_of,
    is_of_service,
    reference_variables,
    updated_at,
)
from root.emulator.resources.evaluators.presets import PRESETS, Preset
from root.emulator.resources.evaluators.stored import StoredEvaluator
from root.emulator.resources.execution_logs import ExecutionLogs
from root.emulator.resources.models import Models
from root.emulator.resources.objectives import Objectives
from root.emulator.resources.projects import Projects
from root.emulator.rows import Row
from root.emulator.scoring import FixedScores
from root.emulator.store import Store
from root.emulator.table_spec import SERVICE
from root.emulator.versions import VERSION_COLUMNS, VERSION_ID, VersionedResource
from root.emulator.visibility import (
    LISTS_PUBLIC,
    LOWER_CASE_VISIBILITY,
    STATUS,
    service_and_others_if_requested,
)

__all__ = [
    "DeclaredEvaluators",
]


_IDS = {preset.attribute: preset.id for preset in PRESETS}

SERVICE_OWNER = Account(SERVICE, "evaluators@emulator.invalid", "Root Signals")


class DeclaredEvaluators(VersionedResource[StoredEvaluator]):
    """What evaluators declare, and the rules for their values."""

    noun: ClassVar[str] = "evaluator"
    path: ClassVar[str] = "/v1/evaluators/"
    stored: type[StoredEvaluator] = StoredEvaluator
    operations: ClassVar[tuple[Operation, ...]] = (
        "list",
        "create",
        "retrieve",
        "replace",
        "update",
        "delete",
    )
    fields: ClassVar[Fields] = FIELDS
    internal: ClassVar[Fields] = INTERNAL
    silent: ClassVar[frozenset[str]] = frozenset({"change_note"})
    shown: ClassVar[tuple[str, ...]] = SHOWN
    listed: ClassVar[tuple[str, ...] | None] = LISTED
    sorted_by: ClassVar[tuple[str, ...]] = ("name",)
    filtered_by: ClassVar[tuple[str, ...]] = ("name", "project_id")
    filters: ClassVar[Mapping[str, Filter]] = FILTERS
    newer_filters: ClassVar[Mapping[str, Filter]] = NEWER_FILTERS
    list_parameters: ClassVar[Fields] = LISTS_PUBLIC
    retrieve_parameters: ClassVar[Fields] = {
        "version_id": StringField(description="The version; by default the newest one.")
    }
    unique: ClassVar[str | None] = "name"
    looked_up_by: ClassVar[tuple[str, ...]] = ("rule", "objective_id")
    has_public: ClassVar[bool] = True
    notes: ClassVar[Mapping[Operation, str]] = {
        "create": "The name must be new, unless `overwrite` is true: then an evaluator of the"
        " organization with this name is replaced, and gets a version.",
        "update": "A change makes a version. Omitted fields keep their value.",
        "replace": "A change makes a version. Omitted fields get their default.",
    }
    dashboard_columns: ClassVar[tuple[str, ...]] = ("scoring_criteria",)
    actions: ClassVar[tuple[Action, ...]] = ACTIONS

    def __init__(
        self,
        models: Models,
        projects: Projects,
        objectives: Objectives,
        logs: ExecutionLogs,
        datasets: DataSets,
        fixed_scores: FixedScores,
    ) -> None:
        """Create the resource.

        Args:
            models: The models that evaluators use.
            projects: The projects that evaluators belong to.
            objectives: The objectives of evaluators.
            logs: The logs of executions.
            datasets: The data sets with rows for calibration, and with demonstrations.
            fixed_scores: The scores that the user of the emulator has set.
        """
        self._models = models
        self._projects = projects
        self._objectives = objectives
        self._logs = logs
        self._datasets = datasets
        self._fixed_scores = fixed_scores
        super().__init__()

    def outputs(self) -> dict[str, Output]:
        """Return the fields of responses that are not fields of requests."""
        text = {"type": "string"}
        reference: JsonValue = {"$ref": "#/components/schemas/Objective"}
        objective: Schema = {"anyOf": [reference, {"type": "null"}]}
        user: Schema = {"anyOf": [dict(OWNER.schema), {"type": "null"}]}
        return {
            "id": ID,
            "created_at": CREATED_AT,
            "owner": OWNER,
            "objective": Output(objective, attrgetter("objective")),
            "visibility": LOWER_CASE_VISIBILITY,
            "updated_at": Output({"type": ["string", "null"]}, updated_at),
            "updated_by": Output(user, attrgetter("updated_by")),
            "version_id": VERSION_ID,
            "_meta": Output({"type": "object"}, lambda row: {}),
            "inputs": Output({"type": "object"}, attrgetter("inputs")),
            "input_variables": Output({"type": "array"}, input_variables),
            # Those of the service do not show theirs.
            "scoring_criteria": Output(text, attrgetter("scoring_criteria")),
            "is_root_evaluator": Output({"type": "boolean"}, is_of_service),
            # Older clients require them.
            "prompt": Output(text, attrgetter("scoring_criteria")),
            "skill_type": Output({"enum": ["managed", "native"]}, lambda row: "managed"),
            "status": STATUS,
            "model_params": Output({"type": ["object", "null"]}, lambda row: None),
            "reference_variables": Output({"type": "array"}, reference_variables),
            "system_message": Output(text, lambda row: ""),
        }

    def not_unique(self) -> Problem:
        """Return the response to a name that another evaluator has already."""
        text = "An evaluator with this name exists already. Send overwrite to replace it."
        return Problem(400, {"name": [text]})

    def others_listed(self, call: Call) -> str | None:
        """Return the condition of evaluators of others in a list."""
        return service_and_others_if_requested(call)

    def _filters(self, call: Call) -> dict[str, Value]:
        """Return the values of columns; an evaluator of the service has an attribute as a name."""
        found = super()._filters(call)
        id_ = _IDS.get(str(found.get("name")))
        organization = call.account.organization
        if id_ is None or self.table(call.store).find_nearest(organization, "name", found["name"]):
            return found
        del found["name"]
        return {**found, "id": id_}

    def provide(self, store: Store) -> None:
        """Store the evaluators of the service in the database."""
        objectives: dict[str, dict[str, Value]] = {}
        evaluators: dict[str, dict[str, Value]] = {}
        for preset in PRESETS:
            objective_id = derived_id(preset.id, "objective")
            intent = f"Evaluates the {preset.name.lower()} of what is given."
            objective = self._objectives.complete(
                {"intent": intent, "version_id": derived_id(preset.id, "objective version")}
            )
            objectives[objective_id] = objective
            evaluators[preset.id] = {
                **self._preset_values(preset, objective_id),
                "objective": self._objectives.service_part(objective_id, SERVICE_OWNER, objective),
            }
        self._objectives.provide_objects(store, SERVICE_OWNER, objectives)
        self.provide_objects(store, SERVICE_OWNER, evaluators)

    def derive(
        self, store: Store, account: Account, values: Mapping[str, Value], row: Row | None
    ) -> dict[str, Value]:
        """Return the project, the models, the objective and the inputs.

        Raises:
            Problem: The values are refused.
        """
        derived: dict[str, Value] = {}
        # The note belongs to the version that a change makes.
        derived["change_note"] = values.get("change_note")
        if row is None or "project_id" in values:
            present = None if row is None else row.project_id
            derived["project_id"] = self._projects.project_for(
                store, account, values.get("project_id"), present
            )
        if "models" in values:
            names = cast("list[str]", values["models"])
            self._check_models(store, account, names)
        self._check_data_sets(store, account, values, row)
        if "scoring_criteria" in values:
            references = [] if row is None else row.reference_variables
            references = values.get("reference_variables", references)
            named = {one["name"] for one in cast("list[dict[str, str]]", references)}
            inputs = inputs_of(str(values["scoring_criteria"]))
            derived["inputs"] = {name: inputs[name] for name in inputs if name not in named}
            # The rule of a copied evaluator of the service does not fit new criteria.
            derived["rule"] = None
        if {"objective_id", "objective_version_id"} & values.keys():
            derived["objective"] = self._objective(store, account, values, row)
        return derived

    def create(self, call: Call) -> Response:
        """Create an evaluator, or replace the one with the same name."""
        values = call.validate(self.fields)
        overwrite = bool(values.get("overwrite"))
        row = self._save_named(call, self.complete(values), overwrite=overwrite)
        return JSONResponse(self.serialize(row), 201)

    def _save_named(self, call: Call, values: Mapping[str, Value], *, overwrite: bool) -> Row:
        """Store a new evaluator, or replace the one with the same name.

        Raises:
            Problem: The name exists, or the values are refused.
        """
        row = self.table(call.store).find(call.account.organization, "name", values["name"])
        if row is None:
            return self.insert(call.store, call.account, values)
        if not overwrite:
            raise self.not_unique()
        kept = VERSION_COLUMNS.keys() | {"objective", "inputs", "rule"}
        replaced = {name: value for name, value in values.items() if name not in kept}
        return self.change(call.store, call.account, row, replaced)

    def _preset_values(self, preset: Preset, objective_id: str) -> dict[str, Value]:
        return {
            **self.complete({"name": preset.name, "objective_id": objective_id}),
            "version_id": derived_id(preset.id, "version"),
            "scoring_criteria": "",
            "inputs": {name: INPUT.get(name, STRING) for name in preset.inputs},
            "rule": preset.attribute,
        }

    def _check_models(self, store: Store, account: Account, names: list[str]) -> None:
        unknown = [name for name in names if not self._models.knows(store, account, name)]
        if unknown:
            text = f"These models do not exist: {', '.join(unknown)}."
            raise Problem(400, {"models": [text]})

    def _check_data_sets(
        self, store: Store, account: Account, values: Mapping[str, Value], row: Row | None = None
    ) -> None:
        """Check the data sets that an evaluator uses; it may keep those that were deleted.

        Raises:
            Problem: One does not exist.
        """
        kept = None if row is None else row.demonstration_dataset_id
        id_ = values.get("demonstration_dataset_id")
        if id_ != kept:
            self._datasets.check(store, account, "demonstration_dataset_id", id_)
        known = [] if row is None else cast("list[Value]", row.reference_variables)
        for variable in cast("list[dict[str, Value]]", values.get("reference_variables") or []):
            if variable not in known:
                self._datasets.check(store, account, "reference_variables", variable["dataset"])

    def _objective(
        self, store: Store, account: Account, values: Mapping[str, Value], row: Row | None
    ) -> Value:
        present = {"objective_id": None, "objective_version_id": None}
        if row is not None:
            present = {name: getattr(row, name) for name in present}
        id_, version_id = (values.get(name, present[name]) for name in present)
        found = self._objectives.table(store).get(account.organization, str(id_))
        if found is None:
            if row is not None and id_ == row.objective_id:
                # It was deleted, and stays readable here.
                return row.objective
            text = f'Invalid pk "{id_}" - object does not exist.'
            raise Problem(400, {"objective_id": [text]})
        try:
            found = self._objectives.find_version(store, found, cast("str | None", version_id))
        except Problem:
            text = f'Invalid pk "{version_id}" - object does not exist.'
            raise Problem(400, {"objective_version_id": [text]}) from None
        return self._objectives.as_part(found)
