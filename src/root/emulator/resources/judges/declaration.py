"""What judges declare."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import ClassVar, cast

from starlette.responses import JSONResponse, Response

from root.emulator.actions import Action
from root.emulator.calls import Call
from root.emulator.declaration import Operation
from root.emulator.fields import ChoiceField, DateTimeField, Fields, StringField, UUIDField, Value
from root.emulator.filters import Condition, Filter, flag, search
from root.emulator.json_fields import ListField, ObjectField
from root.emulator.keys import Account
from root.emulator.number_fields import FloatField
from root.emulator.outputs import CREATED_AT, ID, Output, Schema
from root.emulator.problems import Problem, detail_problem
from root.emulator.resources.evaluators.evaluators import Evaluators
from root.emulator.resources.execution_logs import ExecutionLogs
from root.emulator.resources.judges.endpoints import ACTIONS
from root.emulator.resources.judges.execution import (
    JudgeRunner,
    Reference,
)
from root.emulator.resources.judges.outputs import EVALUATOR, as_nested, files, objective
from root.emulator.resources.judges.stored import StoredJudge
from root.emulator.resources.objectives import Objectives
from root.emulator.resources.projects import Projects
from root.emulator.rows import Row, Visibility
from root.emulator.store import Store
from root.emulator.versions import VERSION_COLUMNS, VERSION_ID, VersionedResource
from root.emulator.visibility import (
    LISTS_PUBLIC,
    LOWER_CASE_VISIBILITY,
    STATUS,
    others_if_requested,
)

__all__ = [
    "DeclaredJudges",
]


VISIBILITIES: Mapping[str, Visibility] = {
    "public": "PUBLIC",
    "global": "PUBLIC",
    "public_unlisted": "PUBLIC_UNLISTED",
}
"""All others are private."""


_ONLY = "Return only judges"

_MAX_NAME = 512


class DeclaredJudges(VersionedResource[StoredJudge]):
    """What judges declare, and the rules for their values."""

    noun: ClassVar[str] = "judge"
    path: ClassVar[str] = "/v1/judges/"
    stored: type[StoredJudge] = StoredJudge
    operations: ClassVar[tuple[Operation, ...]] = (
        "list",
        "create",
        "retrieve",
        "replace",
        "update",
        "delete",
    )
    fields: ClassVar[Fields] = {
        "name": StringField(
            required=True,
            min_length=3,
            max_length=_MAX_NAME,
            description="The name, unique or not.",
        ),
        "intent": StringField(required=True, description="What it evaluates."),
        "evaluator_references": ListField(
            child=ObjectField(
                fields={"id": UUIDField(required=True), "version_id": UUIDField(nullable=True)}
            ),
            default=[],
            description="Its evaluators; without a version, always the newest one.",
        ),
        "stage": StringField(
            default="",
            allow_blank=True,
            max_length=255,
            description="The stage of the application that it evaluates.",
        ),
        "file_id": UUIDField(nullable=True, description="A file that it uses as a context."),
        "project_id": UUIDField(
            nullable=True,
            description="The project; by default that of the judge, or the default one.",
        ),
        "visibility": ChoiceField(
            choices=("private", "public", "unlisted", "listed", "public_unlisted"),
            default="private",
            is_stored=False,
            former_name="status",
            description="Who can read it; by default private. Older clients send it as `status`,"
            " with `unlisted` or `listed` for private.",
        ),
    }
    internal: ClassVar[Fields] = {
        **VERSION_COLUMNS,
        "claim_token": UUIDField(nullable=True),
        "synthetic_data": ChoiceField(
            choices=("not_generated", "pending", "ready"), default="not_generated"
        ),
    }
    silent: ClassVar[frozenset[str]] = frozenset({"project_id", "claim_token", "synthetic_data"})
    shown: ClassVar[tuple[str, ...]] = (
        "id",
        "name",
        "intent",
        "stage",
        "evaluators",
        "inputs",
        "files",
        "version_id",
        "created_at",
        "project_id",
        "visibility",
        "_meta",
        "status",
        "objective",
    )
    listed: ClassVar[tuple[str, ...] | None] = (
        "id",
        "name",
        "intent",
        "evaluators",
        "inputs",
        "created_at",
        "project_id",
        "visibility",
        "_meta",
        "status",
    )
    sorted_by: ClassVar[tuple[str, ...]] = ("name",)
    filtered_by: ClassVar[tuple[str, ...]] = ("name", "project_id")
    filters: ClassVar[Mapping[str, Filter]] = {
        "search": search(
            "name", "intent", description=f"{_ONLY} with this text in the name or the intent."
        ),
        "is_preset": flag("0", f"{_ONLY} of the service; there are none."),
        "featured": flag("0", f"{_ONLY} that the service features; there are none."),
        "is_public": flag("visibility = 'PUBLIC'", f"{_ONLY} that everybody can read."),
        "intent_evaluability_score_gte": Filter(
            FloatField(), "1.0 >= ?", f"{_ONLY} with this score or a higher one; all have 1.0."
        ),
    }
    list_parameters: ClassVar[Fields] = {
        **LISTS_PUBLIC,
        "executed_at_gte": DateTimeField(
            description=f"{_ONLY} that the organization has run since this time."
        ),
    }
    looked_up_by: ClassVar[tuple[str, ...]] = ("claim_token",)
    has_public: ClassVar[bool] = True
    # The first request for synthetic data changes its status.
    prepares: ClassVar[bool] = True
    notes: ClassVar[Mapping[Operation, str]] = {
        "update": "A change makes a version. Omitted fields keep their value.",
        "replace": "A change makes a version. Omitted fields get their default.",
    }
    dashboard_columns: ClassVar[tuple[str, ...]] = ("intent",)
    actions: ClassVar[tuple[Action, ...]] = ACTIONS

    def __init__(
        self,
        projects: Projects,
        objectives: Objectives,
        evaluators: Evaluators,
        logs: ExecutionLogs,
    ) -> None:
        """Create the resource.

        Args:
            projects: The projects that judges belong to.
            objectives: The objectives of evaluators.
            evaluators: The evaluators that judges run.
            logs: The logs of executions.
        """
        self._projects = projects
        self._objectives = objectives
        self._evaluators = evaluators
        self._runner = JudgeRunner(evaluators, logs)
        super().__init__()

    def outputs(self) -> dict[str, Output]:
        """Return the fields of responses that are not fields of requests."""
        objects: Schema = {"type": "object"}
        name: Schema = {"type": "string", "minLength": 1, "maxLength": _MAX_NAME}
        return {
            "id": ID,
            # Generation accepts shorter names than creation.
            "name": Output(name, attrgetter("name")),
            "created_at": CREATED_AT,
            "version_id": VERSION_ID,
            "visibility": LOWER_CASE_VISIBILITY,
            "evaluators": Output({"type": "array", "items": dict(EVALUATOR)}, self._nested),
            "inputs": Output(objects, self._inputs),
            "files": Output({"type": "array", "items": dict(objects)}, files),
            "_meta": Output(objects, lambda row: {}),
            # Older clients require them.
            "status": STATUS,
            "objective": Output(objects, objective),
        }

    def provide(self, store: Store) -> None:
        """Remember the database, which responses read evaluators from."""
        self._store = store

    def others_listed(self, call: Call) -> str | None:
        """Return the condition of judges of others in a list."""
        return others_if_requested(call)

    def conditions(self, call: Call) -> list[Condition]:
        """Return the conditions of the filters of a list."""
        found = super().conditions(call)
        since = call.parameters(self.list_parameters).get("executed_at_gte")
        if since is not None:
            condition = (
                "EXISTS (SELECT 1 FROM execution_logs AS log WHERE log.organization = ?"
                " AND log.executed_item_id = judges.id AND log.created_at >= ?)"
            )
            found.append((condition, (call.account.organization, since)))
        return found

    def derive(
        self, store: Store, account: Account, values: Mapping[str, Value], row: Row | None
    ) -> dict[str, Value]:
        """Return the project.

        Raises:
            Problem: The values are refused.
        """
        derived: dict[str, Value] = {}
        if row is None or "project_id" in values:
            derived["project_id"] = self._projects.project_for(
                store,
                account,
                values.get("project_id"),
                None if row is None else row.project_id,
            )
        if "evaluator_references" in values:
            self._check_references(store, account, values["evaluator_references"])
        return derived

    def create_row(self, call: Call) -> Row:
        """Store the judge that a request creates, and return it."""
        values = call.validate(self.fields)
        visibility = VISIBILITIES.get(str(values.get("visibility")), "PRIVATE")
        return self.insert(call.store, call.account, self.complete(values), visibility)

    def replace(self, call: Call) -> Response:
        """Set all fields of a judge; omitted fields get their default."""
        row = self.find_own(call)
        values = call.validate(self.fields)
        completed = self.complete(values)
        kept = {name: completed[name] for name in completed if name in self.fields}
        return self._respond_changed(call, row, {"visibility": "private", **kept, **values})

    def update(self, call: Call) -> Response:
        """Set the given fields of a judge."""
        row = self.find_own(call)
        return self._respond_changed(call, row, call.validate(self.fields, is_partial=True))

    def references(self, store: Store, judge: Row) -> list[Reference]:
        """Return the evaluators of a judge, without those that were deleted."""
        table, found = self._evaluators.table(store), list[Reference]()
        for reference in cast("list[dict[str, str | None]]", judge.evaluator_references):
            row = table.get(judge.organization, str(reference["id"]))
            if row is None:
                continue
            version_id = reference.get("version_id")
            try:
                row = self._evaluators.find_version(store, row, version_id)
            except Problem:
                continue
            found.append(Reference(row, version_id))
        return found

    def _respond_changed(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        stored = {name: value for name, value in values.items() if name in self.spec.fields}
        row = self.change(call.store, call.account, row, stored)
        if "visibility" in values:
            visibility = VISIBILITIES.get(str(values["visibility"]), "PRIVATE")
            row = self.table(call.store).update(row, {"visibility": visibility})
        return JSONResponse(self.serialize(row))

    def _check_references(self, store: Store, account: Account, references: Value) -> None:
        table = self._evaluators.table(store)
        for reference in cast("list[dict[str, str | None]]", references):
            id_, version_id = str(reference["id"]), reference.get("version_id")
            row = table.get(account.organization, id_)
            try:
                if row is None:
                    raise detail_problem(404, "")
                self._evaluators.find_version(store, row, version_id)
            except Problem:
                unknown = id_ if row is None else version_id
                text = f'Invalid pk "{unknown}" - object does not exist.'
                raise Problem(400, {"evaluator_references": [text]}) from None

    def _nested(self, row: Row) -> list[dict[str, object]]:
        return [as_nested(one.evaluator) for one in self.references(self._store, row)]

    def _inputs(self, row: Row) -> dict[str, object]:
        found: dict[str, object] = {}
        for reference in self.references(self._store, row):
            found |= cast("dict[str, object]", reference.evaluator.inputs)
        return found
