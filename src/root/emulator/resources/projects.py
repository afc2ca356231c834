"""Projects. Each organization has exactly one default project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID, uuid5

from root.emulator.declaration import Operation
from root.emulator.fields import BooleanField, Fields, StringField, Value
from root.emulator.keys import Account
from root.emulator.outputs import CREATED_AT, ID, Output
from root.emulator.problems import Problem, detail_problem
from root.emulator.resource import Resource
from root.emulator.rows import Row
from root.emulator.store import Store

__all__ = ["Projects", "StoredProject"]

# Random UUIDs. The IDs of initial projects are derived from their organization, and those of users
# from their e-mail address.
_INITIAL = UUID("0f0b1c57-8d2e-4f6a-9c41-5b7de1a3c902")
_USERS = UUID("c2f0a1c4-6f0e-4b0d-8a0c-1f6d5f4f7b3e")


@dataclass(frozen=True, slots=True)
class StoredProject:
    """A project that was created in the emulator.

    Attributes:
        id: The ID.
        name: The name.
        description: The description.
        is_default: Whether it is the default project of its organization.
        created_at: The time of its creation.
        organization: The organization that it belongs to.
        owner: The e-mail address of the user who created it.
    """

    id: str
    name: str
    description: str
    is_default: bool
    created_at: datetime
    organization: str
    owner: str


class Projects(Resource[StoredProject]):
    """The projects of organizations."""

    noun: ClassVar[str] = "project"
    path: ClassVar[str] = "/v1/projects/"
    stored: type[StoredProject] = StoredProject
    # The API has no PUT here.
    operations: ClassVar[tuple[Operation, ...]] = ("list", "create", "retrieve", "update", "delete")
    fields: ClassVar[Fields] = {
        "name": StringField(
            required=True, max_length=512, description="The name, unique in the organization."
        ),
        "description": StringField(
            default="", allow_blank=True, description="The description; by default empty."
        ),
        "is_default": BooleanField(
            description="Whether it is the default project of the organization; by default false."
        ),
    }
    shown: ClassVar[tuple[str, ...]] = (
        "id",
        "name",
        "description",
        "is_default",
        "created_at",
        "owner",
    )
    unique: ClassVar[str | None] = "name"
    looked_up_by: ClassVar[tuple[str, ...]] = ("is_default",)
    notes: ClassVar[Mapping[Operation, str]] = {
        "update": (
            "Omitted fields keep their value. A new default project replaces the former one; the"
            " default project cannot be unset."
        ),
        "delete": "Neither the default project nor one with objects in it can be deleted.",
    }
    refuses_deletion: ClassVar[bool] = True
    prepares: ClassVar[bool] = True
    dashboard_columns: ClassVar[tuple[str, ...]] = ("description",)

    def outputs(self) -> dict[str, Output]:
        """Return the fields of responses that are not fields of requests."""
        owner = Output(
            {
                "type": "string",
                "format": "uuid",
                "description": "The id of the user who created the project.",
            },
            lambda row: str(uuid5(_USERS, row.email)),
            "string",
        )
        return {"id": ID, "created_at": CREATED_AT, "owner": owner}

    def prepare(self, store: Store, account: Account) -> None:
        """Insert the default project of an organization that has no projects yet."""
        self.default(store, account)

    def default(self, store: Store, account: Account) -> Row:
        """Return the default project of an organization."""
        table = self.table(store)
        found = table.find(account.organization, "is_default", 1)
        if found is not None:
            return found
        values = self.complete({"name": "Default", "is_default": True})
        return table.insert(account, values, initial_id=str(uuid5(_INITIAL, account.organization)))

    def project_for(
        self, store: Store, account: Account, requested: Value, present: Value = None
    ) -> str:
        """Return the ID of the project for an object.

        Args:
            store: The database.
            account: The account that saves the object.
            requested: The ID of the requested project, or None.
            present: The ID of the project that it is in otherwise, or None for the default one.

        Raises:
            Problem: The organization has no such project.
        """
        if requested is None:
            return str(present or self.default(store, account).id)
        found = self.table(store).get(account.organization, str(requested))
        if found is None:
            text = f'Invalid pk "{requested}" - object does not exist.'
            raise Problem(400, {"project_id": [text]})
        return found.id

    def before_save(
        self, store: Store, account: Account, values: Mapping[str, Value], row: Row | None
    ) -> None:
        """Unset the former default project, and refuse to leave the organization without one."""
        if values.get("is_default"):
            self.table(store).update_where(account.organization, "is_default", 1, 0)
        elif row is not None and row.is_default and "is_default" in values:
            raise detail_problem(
                400, "The default project cannot be unset. Make another project the default."
            )

    def before_delete(self, store: Store, account: Account, row: Row) -> None:
        """Refuse to delete the default project."""
        if row.is_default:
            raise detail_problem(400, "The default project cannot be deleted.")
        if any(
            "project_id" in table.fields
            # Former versions, also of deleted objects, do not count.
            and "object_id" not in table.fields
            and table.find(account.organization, "project_id", row.id) is not None
            for table in store.tables.values()
        ):
            raise detail_problem(400, "The project cannot be deleted while things belong to it.")

    def not_unique(self) -> Problem:
        """Return the response to a name that another project has already."""
        return detail_problem(400, "A project with this name exists already.")
