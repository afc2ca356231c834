"""What a resource of the API declares, and what follows from it.

A subclass is a declaration: the path, the fields, what an object and a list show, how lists are
filtered and sorted. The endpoints, the table, responses to OPTIONS, the OpenAPI document, the
control API and the dashboard are derived from it. Methods are overridden where a resource has rules
of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import Any, ClassVar, Generic, Literal, TypeAlias, TypeVar, cast

from pydantic import JsonValue

from root.emulator.actions import Action
from root.emulator.calls import Call
from root.emulator.fields import Fields, Value
from root.emulator.filters import Filter
from root.emulator.keys import Account
from root.emulator.metadata import field_metadata, label
from root.emulator.outputs import ID, Output
from root.emulator.problems import Problem
from root.emulator.rows import Row, Visibility
from root.emulator.store import Store
from root.emulator.table import Table
from root.emulator.table_spec import Getter, TableSpec

__all__ = ["Declaration", "Operation"]

S = TypeVar("S", covariant=True)


Operation: TypeAlias = Literal["list", "create", "retrieve", "replace", "update", "delete"]
"""What a resource has endpoints for."""


class Declaration(Generic[S]):
    """What a resource declares; `Resource` has the endpoints."""

    noun: ClassVar[str]
    """What an object is called: `model`."""
    path: ClassVar[str]
    """The path of all objects: `/v1/models/`."""
    stored: type[S]
    """How Python code sees an object: a dataclass whose attributes are columns of the table."""
    operations: ClassVar[tuple[Operation, ...]]
    """What it has endpoints for."""
    fields: ClassVar[Fields]
    """The fields of the body that creates or changes an object."""
    changed_fields: ClassVar[Fields | None] = None
    """The fields of the body that changes some fields of an object, if they differ."""
    accepts_forms: ClassVar[bool] = False
    """Whether bodies that create or change an object may be forms."""
    internal: ClassVar[Fields] = {}
    """Other columns of an object, which the resource fills."""
    shown: ClassVar[tuple[str, ...]]
    """The fields of an object in responses."""
    listed: ClassVar[tuple[str, ...] | None] = None
    """The fields of an object in lists, if they differ."""
    created: ClassVar[tuple[str, ...] | None] = None
    """The fields of an object in the response to its creation, if they differ."""
    sorted_by: ClassVar[tuple[str, ...]] = ()
    """The fields that lists can be sorted by, apart from the time of creation, if they have an
    ordering at all."""
    filtered_by: ClassVar[tuple[str, ...]] = ()
    """The columns that lists can be filtered by."""
    filters: ClassVar[Mapping[str, Filter]] = {}
    """Other filters of lists."""
    newer_filters: ClassVar[Mapping[str, Filter]] = {}
    """The filters that only lists of a newer generation have, or have in another form."""
    list_parameters: ClassVar[Fields] = {}
    """Other parameters of lists."""
    refuses_unknown_parameters: ClassVar[bool] = False
    """Whether lists refuse parameters that they do not have."""
    retrieve_parameters: ClassVar[Fields] = {}
    """The parameters of the query for one object."""
    retrieved_as: ClassVar[tuple[str, ...]] = ()
    """The media types of a retrieved object besides JSON."""
    ignored: ClassVar[Mapping[str, str]] = {}
    """Parameters of lists that have no effect, with their descriptions."""
    unique: ClassVar[str | None] = None
    """A field whose values differ within an organization."""
    looked_up_by: ClassVar[tuple[str, ...]] = ()
    """Other fields that single objects are found by."""
    has_public: ClassVar[bool] = False
    """Whether an object may be readable for other organizations."""
    actions: ClassVar[tuple[Action, ...]] = ()
    """Other endpoints."""
    notes: ClassVar[Mapping[Operation, str]] = {}
    """Remarks on operations in the OpenAPI document."""
    refuses_deletion: ClassVar[bool] = False
    """Whether the deletion of some objects is refused with status 400."""
    prepares: ClassVar[bool] = False
    """Whether `prepare` may write."""
    dashboard_columns: ClassVar[tuple[str, ...]] = ()
    """The fields that the dashboard shows besides the name and the owner."""

    def __init__(self) -> None:
        """Derive what each request needs.

        Raises:
            TypeError: What is declared could not work.
        """
        self.name: str = self.path.rstrip("/").rpartition("/")[2]
        self.spec: TableSpec = TableSpec(
            self.name.replace("-", "_"),
            {
                name: field
                for name, field in {**self.fields, **self.internal}.items()
                if field.is_stored and not field.is_secret
            },
            self.sorted_by,
            self.filtered_by,
            (*((self.unique,) if self.unique else ()), *self.looked_up_by),
            self.has_public,
        )
        outputs = self.outputs()
        shown = {*self.shown, *(self.listed or ()), *(self.created or ())}
        if unknown := sorted(shown - self.spec.fields.keys() - outputs.keys()):
            raise TypeError(
                f"{self.name}: {', '.join(unknown)} can be neither stored nor computed."
            )
        if "id" not in self.shown:
            raise TypeError(f"{self.name}: an object must show its id.")
        for action in self.actions:
            self._check_action(action)
        getters = {name: output.value for name, output in outputs.items()}
        self._shown, self._listed, self._created = (
            [(name, getters.get(name) or self.spec.getter(name)) for name in names]
            for names in (self.shown, self.listed or self.shown, self.created or self.shown)
        )
        special: dict[str, Getter] = {"owner": attrgetter("email"), "created_at": _created_at}
        self._attributes = [
            (field.name, special.get(field.name) or self.spec.getter(field.name))
            for field in fields(self.stored)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        ]
        self._sortable = {name: self.spec.fields[name] for name in self.sorted_by}
        self._filterable = {name: self.spec.fields[name].as_filter() for name in self.filtered_by}

    # What a resource may have rules for.

    def outputs(self) -> dict[str, Output]:
        """Return the fields of responses that are not fields of requests."""
        return {"id": ID}

    def complete(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Return the values of all stored fields, with defaults for omitted ones."""
        return {name: values.get(name, field.default) for name, field in self.spec.fields.items()}

    def derive(
        self, store: Store, account: Account, values: Mapping[str, Value], row: Row | None
    ) -> dict[str, Value]:
        """Return values that follow from the new values of an object, or replace them.

        Args:
            store: The database.
            account: The account that saves it.
            values: The new values.
            row: The object, or None if it is a new one.

        Raises:
            Problem: They are refused.
        """
        return {}

    def others_listed(self, call: Call) -> str | None:
        """Return the condition of objects of others in a list, or None for no others."""
        return "visibility = 'PUBLIC'"

    def list_serializer(self, call: Call) -> Callable[[Row], dict[str, object]]:
        """Return what serializes the objects of a list."""
        return self.serialize_listed

    def provide(self, store: Store) -> None:
        """Store the objects of the service in the database."""

    def prepare(self, store: Store, account: Account) -> None:
        """Do what must precede every request of an organization."""

    def before_save(
        self, store: Store, account: Account, values: Mapping[str, Value], row: Row | None
    ) -> None:
        """Check the new values of an object, and change what depends on them.

        Args:
            store: The database.
            account: The account that saves it.
            values: The new values.
            row: The object, or None if it is a new one.

        Raises:
            Problem: They are refused.
        """

    def before_delete(self, store: Store, account: Account, row: Row) -> None:
        """Check whether an object may be deleted, and change what depends on it.

        Args:
            store: The database.
            account: The account that deletes it.
            row: The object.

        Raises:
            Problem: It may not.
        """

    def not_unique(self) -> Problem:
        """Return the response to a value that another object has already."""
        text = f"The fields organization, {self.unique} must make a unique set."
        return Problem(400, {"non_field_errors": [text]})

    # What is derived from the declaration.

    @property
    def title(self) -> str:
        """The noun as a name: `Model`."""
        return self.noun.title().replace(" ", "")

    @property
    def plural(self) -> str:
        """The name of all objects, as in the path: `Models`."""
        return self.name.replace("-", " ").title().replace(" ", "")

    @property
    def patched(self) -> Fields:
        """The fields of the body that changes some fields of an object."""
        return self.fields if self.changed_fields is None else self.changed_fields

    @property
    def filter_fields(self) -> Fields:
        """The parameters of lists that columns are filtered by."""
        return {name: self._filterable[name] for name in self.filtered_by}

    @property
    def secret_fields(self) -> set[str]:
        """The fields of bodies whose values are secrets."""
        used = [self.fields]
        for action in self.actions:
            used += [action.fields, action.parameters]
        return {name for fields in used for name, field in fields.items() if field.is_secret}

    @property
    def actions_by_path(self) -> dict[str, list[Action]]:
        """The actions by their path, those before others whose pattern matches them too."""
        found: dict[str, list[Action]] = {}
        for action in sorted(
            self.actions, key=lambda one: [part == "{id}" for part in one.path.split("/")]
        ):
            slash = "/" if action.has_slash else ""
            prefix = "/v1/" if action.is_top_level else self.path
            found.setdefault(f"{prefix}{action.path}{slash}", []).append(action)
        return found

    @property
    def specs(self) -> tuple[TableSpec, ...]:
        """The tables, that of the objects first."""
        return (self.spec,)

    def table(self, store: Store) -> Table:
        """Return the table of the objects."""
        return store.tables[self.spec.name]

    def insert(
        self,
        store: Store,
        account: Account,
        values: Mapping[str, Value],
        visibility: Visibility = "PRIVATE",
    ) -> Row:
        """Store a new object, whose values are complete."""
        derived = self.derive(store, account, values, None)
        return self.table(store).insert(account, {**values, **derived}, visibility)

    def change(self, store: Store, account: Account, row: Row, values: Mapping[str, Value]) -> Row:
        """Set values of an object."""
        derived = self.derive(store, account, values, row)
        return self.table(store).update(row, {**values, **derived})

    def for_account(self, call: Call, row: Row) -> Row:
        """Return an object as the account of a request sees it."""
        if row.organization == call.account.organization or "project_id" not in self.spec.fields:
            return row
        # The projects of other organizations are not shown.
        return cast("Row", cast("Any", row)._replace(project_id=None))

    def add(
        self, store: Store, account: Account, values: Mapping[str, Value], visibility: Visibility
    ) -> Row:
        """Store an object without a request; the value of a unique field may exist already."""
        completed = self.complete(values)
        self.prepare(store, account)
        self.before_save(store, account, completed, None)
        return self.insert(store, account, completed, visibility)

    def to_stored(self, row: Row) -> S:
        """Return an object as Python code sees it."""
        return self.stored(**{name: get(row) for name, get in self._attributes})

    def serialize(self, row: Row) -> dict[str, object]:
        """Return an object as in responses."""
        return {name: get(row) for name, get in self._shown}

    def serialize_created(self, row: Row) -> dict[str, object]:
        """Return a new object as in the response to its creation."""
        return {name: get(row) for name, get in self._created}

    def serialize_listed(self, row: Row) -> dict[str, object]:
        """Return an object as in lists."""
        return {name: get(row) for name, get in self._listed}

    def metadata(self) -> dict[str, JsonValue]:
        """Return the description of the fields in responses to OPTIONS."""
        outputs: dict[str, JsonValue] = {
            name: {
                "type": output.type_name,
                "required": False,
                "read_only": True,
                "label": label(name),
            }
            for name, output in self.outputs().items()
            if name in self.shown and output.type_name is not None
        }
        return {
            "id": outputs.pop("id"),
            **field_metadata(self.fields),
            **outputs,
        }

    def _check_action(self, action: Action) -> None:
        """Check an action.

        Raises:
            TypeError: It could not work.
        """
        name = f"{self.name}: the action {action.method} {action.path}"
        if not re.fullmatch(r"(?!\{id\}$)(?:[\w-]+/)*(?:[\w-]+|\{id\}(?:/[\w-]+)*)", action.path):
            raise TypeError(f"{name} must have a path such as verify or {{id}}/duplicate.")
        if [(one.method, one.path) for one in self.actions].count((action.method, action.path)) > 1:
            raise TypeError(f"{name} is declared twice.")
        if action.fields and action.method in ("GET", "DELETE"):
            raise TypeError(f"{name} cannot have a body. Declare parameters instead.")
        if clashes := sorted(action.fields.keys() & action.parameters.keys()):
            raise TypeError(f"{name} has {', '.join(clashes)} both in its body and in its query.")
        if not hasattr(self, action.handler):
            raise TypeError(f"{name} needs the method {action.handler}.")


def _created_at(row: Row) -> datetime:
    return datetime.fromisoformat(row.created_at)
