"""What evaluators are, and their endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from operator import attrgetter
from types import SimpleNamespace
from typing import ClassVar, cast
from uuid import UUID, uuid5

from pydantic import JsonValue
from starlette.responses import JSONResponse, Response

from root.emulator.actions import Action
from root.emulator.calls import Call
from root.emulator.fields import Fields, StringField, Value
from root.emulator.filters import Filter
from root.emulator.keys import Account
from root.emulator.outputs import CREATED_AT, ID, OWNER, Output, Schema
from root.emulator.problems import Problem, detail_problem
from root.emulator.resource import Operation
from root.emulator.resources.datasets import DataSets
from root.emulator.resources.evaluators.calibration import (
    CALIBRATION_FIELDS,
    CALIBRATION_RESULT,
    DRAFT_FIELDS,
    examples_of,
    rows_of,
)
from root.emulator.resources.evaluators.execution import (
    EXECUTION_FIELDS,
    EXECUTION_RESULT,
    VARIABLE,
    Execution,
    check_inputs,
    log_values,
    score_inputs,
    to_inputs,
)
from root.emulator.resources.evaluators.fields import FIELDS, FILTERS, INTERNAL, LISTED, SHOWN
from root.emulator.resources.evaluators.presets import PRESETS, Preset
from root.emulator.resources.evaluators.transfer import IMPORT_FIELDS, export_yaml, parse_yaml
from root.emulator.resources.execution_logs import ExecutionLogs
from root.emulator.resources.models import Models
from root.emulator.resources.objectives import Objectives
from root.emulator.resources.projects import Projects
from root.emulator.rows import Row, Visibility
from root.emulator.scoring import FixedScores
from root.emulator.store import Store
from root.emulator.table_spec import SERVICE
from root.emulator.versions import VERSION_COLUMNS, VERSION_ID, VersionedResource, versions_action
from root.emulator.visibility import (
    LISTS_PUBLIC,
    LOWER_CASE_VISIBILITY,
    STATUS,
    service_and_others_if_requested,
    status_action,
)

__all__ = ["Evaluators", "StoredEvaluator"]

# A random UUID. IDs of what belongs to an evaluator are derived from its own.
_NAMESPACE = UUID("5d4e9f0a-7f0c-4a36-8a5e-30f6d1b6d9a4")

SERVICE_OWNER = Account(SERVICE, "evaluators@emulator.invalid", "Root Signals")

_SPECIAL = ("request", "response", "contexts", "expected_output")


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


class Evaluators(VersionedResource[StoredEvaluator]):
    """The evaluators of organizations, and those of the service."""

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
    actions: ClassVar[tuple[Action, ...]] = (
        Action(
            "POST",
            "execute/{id}",
            handler="execute",
            summary="Run an evaluator",
            result="The score.",
            schema=EXECUTION_RESULT,
            fields=EXECUTION_FIELDS,
        ),
        Action(
            "POST",
            "execute/by-name",
            handler="execute_by_name",
            summary="Run an evaluator by its name",
            result="The score.",
            schema=EXECUTION_RESULT,
            fields=EXECUTION_FIELDS,
            parameters={"name": StringField(required=True, description="The name.")},
            may_be_missing=True,
        ),
        versions_action("evaluator", "Evaluator"),
        status_action("PUT", "evaluator"),
        status_action("POST", "evaluator"),
        Action(
            "POST",
            "duplicate/{id}",
            handler="duplicate",
            summary="Copy an evaluator",
            result="The copy, which belongs to the organization of the key.",
            schema={"$ref": "#/components/schemas/Evaluator"},
            status=201,
            fields={"project_id": FIELDS["project_id"]},
        ),
        Action(
            "GET",
            "export/{id}",
            handler="export",
            summary="Export an evaluator as YAML",
            result="The YAML document.",
            schema={"type": "string"},
            media_type="text/yaml",
        ),
        Action(
            "POST",
            "import-yaml",
            handler="import_yaml",
            summary="Import an evaluator from YAML",
            result="The evaluator.",
            schema={"$ref": "#/components/schemas/Evaluator"},
            status=201,
            fields=IMPORT_FIELDS,
        ),
        Action(
            "POST",
            "calibrate",
            handler="calibrate_draft",
            summary="Calibrate an evaluator that is not saved (deprecated)",
            result="The scores of each row.",
            schema=CALIBRATION_RESULT,
            fields=DRAFT_FIELDS,
        ),
        Action(
            "POST",
            "calibrate/{id}",
            handler="calibrate",
            summary="Calibrate an evaluator (deprecated)",
            result="The scores of each row.",
            schema=CALIBRATION_RESULT,
            fields=CALIBRATION_FIELDS,
            has_slash=False,
        ),
    )

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
            "updated_at": Output({"type": ["string", "null"]}, _updated_at),
            "updated_by": Output(user, attrgetter("updated_by")),
            "version_id": VERSION_ID,
            "_meta": Output({"type": "object"}, lambda row: {}),
            "inputs": Output({"type": "object"}, attrgetter("inputs")),
            "input_variables": Output({"type": "array"}, _input_variables),
            # Those of the service do not show theirs.
            "scoring_criteria": Output(text, attrgetter("scoring_criteria")),
            "is_root_evaluator": Output({"type": "boolean"}, _is_of_service),
            # Older clients require them.
            "prompt": Output(text, attrgetter("scoring_criteria")),
            "skill_type": Output({"enum": ["managed", "native"]}, lambda row: "managed"),
            "status": STATUS,
            "model_params": Output({"type": ["object", "null"]}, lambda row: None),
            "reference_variables": Output({"type": "array"}, lambda row: []),
            "system_message": Output(text, lambda row: ""),
        }

    def not_unique(self) -> Problem:
        """Return the response to a name that another evaluator has already."""
        text = "An evaluator with this name exists already. Send overwrite to replace it."
        return Problem(400, {"name": [text]})

    def others_listed(self, call: Call) -> str | None:
        """Return the condition of evaluators of others in a list."""
        return service_and_others_if_requested(call)

    def provide(self, store: Store) -> None:
        """Have the evaluators of the service in the database."""
        objectives: dict[str, dict[str, Value]] = {}
        evaluators: dict[str, dict[str, Value]] = {}
        for preset in PRESETS:
            objective_id = _derived_id(preset.id, "objective")
            intent = f"Evaluates the {preset.name.lower()} of what is given."
            objective = self._objectives.complete(
                {"intent": intent, "version_id": _derived_id(preset.id, "objective version")}
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
        if "scoring_criteria" in values:
            derived["inputs"] = _inputs(str(values["scoring_criteria"]))
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

    def execute(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        """Run an evaluator."""
        return JSONResponse(self.run(call.store, call.account, row, values).to_json())

    def execute_by_name(self, call: Call, values: Mapping[str, Value]) -> Response:
        """Run an evaluator by its name."""
        row = self.find_by_name(call.store, call.account, str(values["name"]))
        return self.execute(call, row, values)

    def set_status(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        """Set the status of an evaluator, without a version of it."""
        row = self.find_own(call)
        self.table(call.store).update(row, {"is_listed": values["status"] == "listed"})
        return JSONResponse({"status": values["status"]})

    def post_status(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        """Set the status of an evaluator."""
        return self.set_status(call, row, values)

    def duplicate(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        """Copy an evaluator, with its objective and the rule of its scores."""
        table, account = self.table(call.store), call.account
        copied: dict[str, Value] = {name: getattr(row, name) for name in self.spec.fields}
        name, number = f"{row.name} (copy)", 1
        while table.find(account.organization, "name", name) is not None:
            number += 1
            name = f"{row.name} (copy {number})"
        if row.organization != account.organization:
            copied |= self._copy_objective(call, row)
        present = row.project_id if row.organization == account.organization else None
        copied |= {
            "name": name,
            "change_note": None,
            "updated_at": None,
            "updated_by": None,
            "project_id": self._projects.project_for(
                call.store, account, values.get("project_id"), present
            ),
        }
        copy = self.record_version(call.store, account, table.insert(account, copied))
        return JSONResponse(self.serialize(copy), 201)

    def export(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        """Return an evaluator as YAML."""
        return Response(export_yaml(row), media_type="text/yaml")

    def import_yaml(self, call: Call, values: Mapping[str, Value]) -> Response:
        """Create an evaluator from YAML, or replace the one with the same name."""
        document = parse_yaml(str(values["yaml"]))
        intent = cast("dict[str, Value]", document["objective"])["intent"]
        table, organization = self.table(call.store), call.account.organization
        row = table.find(organization, "name", document["name"])
        if row is not None and cast("dict[str, Value]", row.objective)["intent"] == intent:
            objective_id = row.objective_id
        else:
            objective = self._objectives.complete({"intent": intent})
            objective_id = self._objectives.insert(call.store, call.account, objective).id
        completed = self.complete(
            {
                "name": document["name"],
                "objective_id": objective_id,
                "scoring_criteria": document["scoring_criteria"],
                "models": document["models"],
                "behavior": document["behavior"],
                "evaluator_demonstrations": document["demonstrations"] or None,
                "calibration": document["calibration"] or None,
                "project_id": values.get("project_id"),
            }
        )
        overwrite = bool(values.get("overwrite"))
        saved = self._save_named(call, completed, overwrite=overwrite)
        return JSONResponse(self.serialize(saved), 201)

    def calibrate(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        """Run an evaluator on texts whose scores are known."""
        results: list[dict[str, object]] = []
        read = partial(self._datasets.read_rows, call.store, call.account.organization)
        for one in rows_of(values, read):
            body = {**one.inputs(), "project_id": values.get("project_id")}
            results.append(
                one.to_json(self._run(call.store, call.account, row, body, execution_type="test"))
            )
        return JSONResponse(results)

    def calibrate_draft(self, call: Call, values: Mapping[str, Value]) -> Response:
        """Run an evaluator that is not saved on texts whose scores are known."""
        self._check_models(call.store, call.account, cast("list[str]", values.get("models", [])))
        draft = SimpleNamespace(
            id=None,
            version_id=None,
            organization=call.account.organization,
            project_id=None,
            name=values.get("name") or "",
            scoring_criteria=values["prompt"],
            models=values.get("models", []),
            rule=None,
            evaluator_demonstrations=None,
            demonstration_dataset_id=None,
        )
        return self.calibrate(call, cast("Row", draft), values)

    def run(
        self,
        store: Store,
        account: Account,
        evaluator: Row,
        values: Mapping[str, Value],
        *,
        parent_id: str | None = None,
        execution_type: str = "evaluator",
    ) -> Execution:
        """Run an evaluator, and write the log.

        Args:
            store: The database.
            account: The account that runs it.
            evaluator: The evaluator.
            values: The validated body of the execution, of `EXECUTION_FIELDS`.
            parent_id: The ID of the log of the judge that runs it, or None.
            execution_type: The type of the log.

        Raises:
            Problem: The evaluator has no such version, or an input is missing.
        """
        version_id = cast("str | None", values.get("evaluator_version_id"))
        evaluator = self.find_version(store, evaluator, version_id)
        check_inputs(evaluator, to_inputs(values))
        return self._run(
            store,
            account,
            evaluator,
            values,
            parent_id=parent_id,
            execution_type=execution_type,
        )

    def _run(
        self,
        store: Store,
        account: Account,
        evaluator: Row,
        values: Mapping[str, Value],
        *,
        parent_id: str | None = None,
        execution_type: str,
    ) -> Execution:
        """Run a version of an evaluator, whose inputs may be incomplete, and write the log."""
        inputs = to_inputs(values)
        score = score_inputs(
            evaluator, inputs, self._fixed_scores, self._examples(store, evaluator)
        )
        is_own = evaluator.organization == account.organization
        project = self._projects.project_for(
            store, account, values.get("project_id"), evaluator.project_id if is_own else None
        )
        log = self._logs.write(
            store,
            account,
            {
                **log_values(evaluator, values, inputs, score),
                "project_id": project,
                "parent_execution_log_id": parent_id,
                "execution_type": execution_type,
            },
        )
        return Execution(evaluator, score, log)

    def _examples(self, store: Store, evaluator: Row) -> list[dict[str, object]]:
        """Return the demonstrations of the data set of an evaluator."""
        id_ = cast("str | None", evaluator.demonstration_dataset_id)
        if id_ is None:
            return []
        return examples_of(self._datasets.read_rows(store, evaluator.organization, id_) or [])

    def find_by_name(self, store: Store, account: Account, name: str) -> Row:
        """Return the evaluator with a name, or the evaluator of the service with an attribute.

        Raises:
            Problem: The organization can read no such evaluator.
        """
        table, organization = self.table(store), account.organization
        found = table.find_nearest(organization, "name", name)
        if found is None:
            found = table.find_nearest(organization, "rule", name)
        if found is None or (found.name != name and found.organization != SERVICE):
            raise detail_problem(404, "No Evaluator matches the given query.")
        return found

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

    def _copy_objective(self, call: Call, row: Row) -> dict[str, Value]:
        """Return the values of a copy of an evaluator's objective that belongs to the account."""
        objective = cast("dict[str, Value]", row.objective or {})
        values = self._objectives.complete({"intent": objective.get("intent", "")})
        copy = self._objectives.insert(call.store, call.account, values)
        return {
            "objective_id": copy.id,
            "objective_version_id": None,
            "objective": self._objectives.as_part(copy),
        }

    def _preset_values(self, preset: Preset, objective_id: str) -> dict[str, Value]:
        return {
            **self.complete({"name": preset.name, "objective_id": objective_id}),
            "version_id": _derived_id(preset.id, "version"),
            "scoring_criteria": "",
            "inputs": {name: _INPUT.get(name, _STRING) for name in preset.inputs},
            "rule": preset.attribute,
        }

    def _check_models(self, store: Store, account: Account, names: list[str]) -> None:
        unknown = [name for name in names if not self._models.knows(store, account, name)]
        if unknown:
            text = f"These models do not exist: {', '.join(unknown)}."
            raise Problem(400, {"models": [text]})

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


_STRING: JsonValue = {"type": "string"}
_INPUT: Mapping[str, JsonValue] = {"contexts": {"type": "array", "items": {"type": "string"}}}


def _inputs(criteria: str) -> dict[str, Value]:
    """Return the inputs of scoring criteria.

    Raises:
        Problem: They have neither the request nor the response.
    """
    names = dict.fromkeys(VARIABLE.findall(criteria))
    if not {"request", "response"} & names.keys():
        text = "The scoring criteria must have {{request}} or {{response}}."
        raise Problem(400, {"scoring_criteria": [text]})
    return {name: _INPUT.get(name, _STRING) for name in names}


def _input_variables(row: Row) -> list[dict[str, object]]:
    """Return the variables of an evaluator as in responses."""
    declared = [str(one["name"]) for one in cast("list[dict[str, Value]]", row.input_variables)]
    used = [name for name in cast("dict[str, Value]", row.inputs) if name not in _SPECIAL]
    created_at = row.created_at.replace("+00:00", "Z")
    return [
        {
            "id": _derived_id(row.id, f"variable {name}"),
            "created_at": created_at,
            "updated_at": created_at,
            "name": name,
            "skill": row.id,
        }
        for name in dict.fromkeys((*declared, *used))
    ]


def _derived_id(id_: str, kind: str) -> str:
    return str(uuid5(_NAMESPACE, f"{id_} {kind}"))


def _updated_at(row: Row) -> str | None:
    return None if row.updated_at is None else str(row.updated_at).replace("+00:00", "Z")


def _is_of_service(row: Row) -> bool:
    return row.organization == SERVICE
