"""Resources whose objects have versions: each change of an object makes one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from operator import attrgetter
from typing import Any, ClassVar, TypeVar, cast
from uuid import UUID

from starlette.responses import JSONResponse, Response

from root.emulator.actions import Action
from root.emulator.calls import Call
from root.emulator.cursors import Ordering
from root.emulator.fields import DateTimeField, Fields, StringField, UUIDField, Value
from root.emulator.json_fields import JsonField
from root.emulator.keys import Account
from root.emulator.outputs import Output, Schema
from root.emulator.problems import detail_problem
from root.emulator.resource import Resource
from root.emulator.rows import Row, Visibility
from root.emulator.store import Store
from root.emulator.table import Table
from root.emulator.table_spec import TableSpec

__all__ = ["VERSION_COLUMNS", "VERSION_ID", "VersionedResource", "page_schema", "versions_action"]

S = TypeVar("S", covariant=True)

VERSION_COLUMNS: Fields = {
    "version_id": UUIDField(default=""),
    "updated_at": DateTimeField(nullable=True),
    "updated_by": JsonField(nullable=True),
}
"""The columns of objects that have versions."""

VERSION_ID = Output({"type": "string", "format": "uuid"}, attrgetter("version_id"), "string")


def page_schema(items: str) -> Schema:
    """Return the JSON Schema of a page of objects that a component describes."""
    return {
        "type": "object",
        "required": ["next", "previous", "results"],
        "properties": {
            "next": {"type": ["string", "null"]},
            "previous": {"type": ["string", "null"]},
            "results": {"type": "array", "items": {"$ref": f"#/components/schemas/{items}"}},
        },
    }


def versions_action(noun: str, title: str) -> Action:
    """Return the action that lists the versions of an object."""
    article = "an" if noun[0] in "aeiou" else "a"
    return Action(
        "GET",
        "versions/{id}",
        handler="list_versions",
        summary=f"List the versions of {article} {noun}, the newest first",
        result="A page of versions.",
        schema=page_schema(title),
        parameters={
            "cursor": StringField(description="The cursor of a page."),
            "page_size": StringField(description="The page size."),
        },
    )


class VersionedResource(Resource[S]):
    """A resource that keeps the versions of its objects.

    A version has the ID of the object and a `version_id` of its own. The versions of a deleted
    object are kept.
    """

    internal: ClassVar[Fields] = VERSION_COLUMNS
    silent: ClassVar[frozenset[str]] = frozenset()
    """Fields whose change alone makes no version."""

    def __init__(self) -> None:
        """Derive what each request needs."""
        super().__init__()
        self.versions_spec: TableSpec = TableSpec(
            f"{self.spec.name}_versions",
            {**self.spec.fields, "object_id": UUIDField()},
            filtered_by=("object_id",),
        )

    @property
    def specs(self) -> tuple[TableSpec, ...]:
        """The tables, that of the objects first."""
        return self.spec, self.versions_spec

    def versions(self, store: Store) -> Table:
        """Return the table of the versions."""
        return store.tables[self.versions_spec.name]

    def insert(
        self,
        store: Store,
        account: Account,
        values: Mapping[str, Value],
        visibility: Visibility = "PRIVATE",
    ) -> Row:
        """Store a new object, and its first version."""
        row = super().insert(store, account, values, visibility)
        return self.record_version(store, account, row)

    def change(self, store: Store, account: Account, row: Row, values: Mapping[str, Value]) -> Row:
        """Set values of an object, which makes a version if they differ."""
        values = {**values, **self.derive(store, account, values, row)}
        changed = {name for name, value in values.items() if getattr(row, name) != value}
        if not changed - self.silent:
            return row
        updated = self.table(store).update(row, values)
        return self.record_version(store, account, updated, is_update=True)

    def move(self, store: Store, account: Account, row: Row, project_id: str) -> Row:
        """Move an object with its versions to the organization of an account."""
        changes: dict[str, Value] = {
            "organization": account.organization,
            "email": account.email,
            "full_name": account.full_name,
            "project_id": project_id,
        }
        versions = self.versions(store)
        for version in versions.find_all(row.organization, "object_id", row.id):
            versions.update(version, changes)
        return self.table(store).update(row, changes)

    def list_versions(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        """Return a page of the versions of an object, the newest first."""
        fetch = partial(
            self.versions(call.store).fetch_page,
            row.organization,
            Ordering(),
            filters={"object_id": row.id},
        )

        def serialize(version: Row) -> dict[str, object]:
            return self.serialize(self.for_account(call, at_version(row, version)))

        return call.paginator.respond(call.request, Ordering(), fetch, serialize)

    def find_version(self, store: Store, row: Row, version_id: str | None) -> Row:
        """Return an object as it is in a version, by default the newest one.

        Raises:
            Problem: The object has no such version.
        """
        if not version_id:
            return row
        try:
            version_id = str(UUID(version_id))
        except ValueError:
            raise detail_problem(404, "Not found.") from None
        version = self.versions(store).get(row.organization, version_id)
        if version is None or version.object_id != row.id:
            raise detail_problem(404, f"No {self.title} matches the given query.")
        return at_version(row, version)

    def retrieve(self, call: Call) -> Response:
        """Return an object, in the requested version."""
        row = self.find(call)
        version_id = call.parameters(self.retrieve_parameters).get("version_id")
        row = self.find_version(call.store, row, cast("str | None", version_id))
        return JSONResponse(self.serialize(self.for_account(call, row)))

    def provide_objects(
        self, store: Store, owner: Account, objects: Mapping[str, Mapping[str, Value]]
    ) -> None:
        """Store objects of the service in the database, each with one version.

        Args:
            store: The database.
            owner: What they show as their owner.
            objects: Their values by their ID.
        """
        store.provide(self.spec.name, owner, objects)
        versions = {
            str(values["version_id"]): {**values, "object_id": id_}
            for id_, values in objects.items()
        }
        store.provide(self.versions_spec.name, owner, versions)

    def record_version(
        self, store: Store, account: Account, row: Row, *, is_update: bool = False
    ) -> Row:
        """Store the state of an object as its newest version."""
        values: dict[str, Value] = {name: getattr(row, name) for name in self.spec.fields}
        version = self.versions(store).insert(account, {**values, "object_id": row.id})
        changes: dict[str, Value] = {"version_id": version.id}
        if is_update:
            changes["updated_at"] = version.created_at
            changes["updated_by"] = {"email": account.email, "full_name": account.full_name}
        self.versions(store).update(version, changes)
        return self.table(store).update(row, changes)


def at_version(row: Row, version: Row) -> Row:
    """Return an object as it is in a version."""
    values = cast("Any", version)._asdict()
    names = ("position", "id", "visibility", "email", "full_name", "is_initial")
    kept = {name: getattr(row, name) for name in names}
    common = {name: values[name] for name in cast("Any", row)._fields}
    return cast("Row", cast("Any", row)._replace(**{**common, **kept, "version_id": version.id}))
