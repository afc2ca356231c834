"""Objectives, which evaluators and judges pursue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import ClassVar, cast

from starlette.responses import JSONResponse, Response

from root.emulator.actions import Action
from root.emulator.calls import Call
from root.emulator.declaration import Operation
from root.emulator.fields import BooleanField, Fields, StringField, UUIDField, Value
from root.emulator.filters import Filter, search
from root.emulator.keys import Account
from root.emulator.outputs import CREATED_AT, ID, OWNER, Output
from root.emulator.resources.datasets import DataSets
from root.emulator.resources.projects import Projects
from root.emulator.rows import Row, Visibility
from root.emulator.store import Store
from root.emulator.versions import VERSION_ID, VersionedResource, versions_action
from root.emulator.visibility import LISTS_PUBLIC, STATUS, others_if_requested

__all__ = ["Objectives", "StoredObjective"]


@dataclass(frozen=True, slots=True)
class StoredObjective:
    """An objective that was created in the emulator.

    Attributes:
        id: The ID.
        intent: What is to be achieved.
        test_dataset_id: The data set to test with, or None.
        project_id: The project that it belongs to.
        version_id: The ID of its newest version.
        created_at: The time of its creation.
        visibility: Who can read it.
        organization: The organization that it belongs to.
        owner: The e-mail address of the user who created it.
    """

    id: str
    intent: str
    test_dataset_id: str | None
    project_id: str
    version_id: str
    created_at: datetime
    visibility: Visibility
    organization: str
    owner: str


class Objectives(VersionedResource[StoredObjective]):
    """The objectives of organizations."""

    noun: ClassVar[str] = "objective"
    path: ClassVar[str] = "/v1/objectives/"
    stored: type[StoredObjective] = StoredObjective
    operations: ClassVar[tuple[Operation, ...]] = (
        "list",
        "create",
        "retrieve",
        "replace",
        "update",
        "delete",
    )
    fields: ClassVar[Fields] = {
        "intent": StringField(
            default="", max_length=100_000, description="What is to be achieved; by default empty."
        ),
        "force_create": BooleanField(
            is_stored=False, description="With PUT: create another objective instead."
        ),
        "test_dataset_id": UUIDField(
            nullable=True, description="The data set to test with, which must exist."
        ),
        "project_id": UUIDField(
            nullable=True,
            description="The project; by default that of the objective, or the default one.",
        ),
    }
    shown: ClassVar[tuple[str, ...]] = (
        "id",
        "intent",
        "test_set",
        "created_at",
        "owner",
        "version_id",
        "test_dataset_id",
        "_meta",
        "status",
        "validators",
    )
    listed: ClassVar[tuple[str, ...] | None] = (
        "id",
        "intent",
        "owner",
        "created_at",
        "project_id",
        "_meta",
        "status",
        "validators",
    )
    created: ClassVar[tuple[str, ...] | None] = ("id",)
    sorted_by: ClassVar[tuple[str, ...]] = ("intent",)
    filtered_by: ClassVar[tuple[str, ...]] = ("intent", "project_id")
    filters: ClassVar[Mapping[str, Filter]] = {
        "search": search("intent", description="Return only those with this text in `intent`."),
    }
    list_parameters: ClassVar[Fields] = LISTS_PUBLIC
    has_public: ClassVar[bool] = True
    notes: ClassVar[Mapping[Operation, str]] = {
        "update": "A change makes a version. Omitted fields keep their value.",
        "replace": "A change makes a version. Omitted fields get their default.",
    }
    dashboard_columns: ClassVar[tuple[str, ...]] = ("intent",)
    actions: ClassVar[tuple[Action, ...]] = (versions_action("objective", "Objective"),)

    def __init__(self, projects: Projects, datasets: DataSets) -> None:
        """Create the resource.

        Args:
            projects: The projects that objectives belong to.
            datasets: The data sets to test with.
        """
        self._projects = projects
        self._datasets = datasets
        super().__init__()

    def outputs(self) -> dict[str, Output]:
        """Return the fields of responses that are not fields of requests."""
        return {
            "id": ID,
            "intent": Output({"type": "string"}, lambda row: row.intent, "string"),
            "created_at": CREATED_AT,
            "owner": OWNER,
            "version_id": VERSION_ID,
            "test_set": Output({"type": ["array", "null"]}, lambda row: None),
            "_meta": Output({"type": "object"}, lambda row: {}),
            # Older clients require them.
            "status": STATUS,
            "validators": Output({"type": "array"}, lambda row: []),
        }

    def others_listed(self, call: Call) -> str | None:
        """Return the condition of objectives of others in a list."""
        return others_if_requested(call)

    def derive(
        self, store: Store, account: Account, values: Mapping[str, Value], row: Row | None
    ) -> dict[str, Value]:
        """Return the project.

        Raises:
            Problem: The project or the data set does not exist.
        """
        id_ = values.get("test_dataset_id")
        if row is None or id_ != row.test_dataset_id:
            self._datasets.check(store, account, "test_dataset_id", id_)
        if row is not None and "project_id" not in values:
            return {}
        present = None if row is None else row.project_id
        project = self._projects.project_for(store, account, values.get("project_id"), present)
        return {"project_id": project}

    def replace(self, call: Call) -> Response:
        """Set all fields of an objective, or create another one."""
        values = call.validate(self.fields)
        if not values.get("force_create"):
            return super().replace(call)
        self.find_own(call)
        row = self.insert(call.store, call.account, self.complete(values))
        return JSONResponse(self.serialize(row))

    def change(self, store: Store, account: Account, row: Row, values: Mapping[str, Value]) -> Row:
        """Set values of an objective; evaluators without a fixed version of it follow."""
        changed = super().change(store, account, row, values)
        evaluators = store.tables.get("evaluators")
        if evaluators is not None and changed is not row:
            objective = self.as_part(changed)
            for evaluator in evaluators.find_all(account.organization, "objective_id", row.id):
                if evaluator.objective_version_id is None:
                    evaluators.update(evaluator, {"objective": objective})
        return changed

    def as_part(self, row: Row) -> dict[str, Value]:
        """Return an objective as in an evaluator."""
        return cast("dict[str, Value]", self.serialize(row))

    def service_part(
        self, id_: str, owner: Account, values: Mapping[str, Value]
    ) -> dict[str, Value]:
        """Return an objective of the service as in an evaluator, the same at every start."""
        row = SimpleNamespace(
            id=id_,
            email=owner.email,
            full_name=owner.full_name,
            created_at="2024-01-01T00:00:00Z",
            visibility="PUBLIC",
            **values,
        )
        return self.as_part(cast("Row", row))
