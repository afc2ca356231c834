"""Data sets: named files, and sets without a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from urllib.parse import quote
from uuid import UUID

from starlette.responses import JSONResponse, Response

from root.emulator.actions import Action
from root.emulator.calls import Call
from root.emulator.declaration import Operation
from root.emulator.fields import BooleanField, ChoiceField, Fields, StringField, UUIDField, Value
from root.emulator.file_fields import FileField, URLField
from root.emulator.filters import Filter, search
from root.emulator.json_fields import ListField
from root.emulator.keys import Account
from root.emulator.outputs import CREATED_AT, ID, OWNER, Output
from root.emulator.problems import Problem, detail_problem
from root.emulator.resource import Resource
from root.emulator.resources.projects import Projects
from root.emulator.rows import Row
from root.emulator.store import Store
from root.emulator.visibility import IS_LISTED, status_action

__all__ = ["DataSets", "StoredDataSet"]

_MAX_FILE_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class StoredDataSet:
    """A data set that was created in the emulator.

    Attributes:
        id: The ID.
        name: The name; that of the file if it has no name of its own, or None.
        type: `reference` or `test`.
        file_name: The name of its file, or None.
        url: The URL that it was created from, or None.
        has_header: Whether the first row of the file has the names of columns.
        tags: The IDs of its tags.
        project_id: The ID of the project that it belongs to.
        created_at: The time of its creation.
        organization: The organization that it belongs to.
        owner: The e-mail address of the user who created it.
    """

    id: str
    name: str | None
    type: str
    file_name: str | None
    url: str | None
    has_header: bool
    tags: list[str]
    project_id: str
    created_at: datetime
    organization: str
    owner: str


class DataSets(Resource[StoredDataSet]):
    """The data sets of organizations."""

    noun: ClassVar[str] = "data set"
    path: ClassVar[str] = "/v1/datasets/"
    stored: type[StoredDataSet] = StoredDataSet
    operations: ClassVar[tuple[Operation, ...]] = ("list", "create", "retrieve", "update", "delete")
    accepts_forms: ClassVar[bool] = True
    fields: ClassVar[Fields] = {
        "name": StringField(
            nullable=True, description="The name; by default that of the file, if there is one."
        ),
        "file": FileField(
            max_bytes=_MAX_FILE_BYTES, description="The file, with its name; in a form only."
        ),
        "draft_id": UUIDField(description="The ID of an upload; ignored.", is_stored=False),
        "type": ChoiceField(
            choices=("reference", "test"),
            default="reference",
            description="Its purpose; by default reference.",
        ),
        "url": URLField(description="The URL of the data; the emulator does not request it."),
        "tags": ListField(child=UUIDField(), default=[], description="The IDs of tags."),
        "has_header": BooleanField(
            description="Whether the first row has the names of columns; by default false."
        ),
        "project_id": UUIDField(
            nullable=True,
            description="The project that it belongs to; by default the default project.",
        ),
    }
    changed_fields: ClassVar[Fields | None] = {"name": fields["name"]}
    internal: ClassVar[Fields] = {
        "url": StringField(nullable=True),
        "file_name": StringField(nullable=True),
        "is_listed": IS_LISTED,
    }
    shown: ClassVar[tuple[str, ...]] = (
        "id",
        "name",
        "type",
        "tags",
        "owner",
        "created_at",
        "status",
        "project_id",
        "_meta",
    )
    created: ClassVar[tuple[str, ...] | None] = (
        "id",
        "name",
        "file",
        "type",
        "url",
        "tags",
        "owner",
        "has_header",
        "project_id",
    )
    filters: ClassVar[Mapping[str, Filter]] = {
        "search": search("name", description="A part of the name, in upper or lower case.")
    }
    filtered_by: ClassVar[tuple[str, ...]] = ("type", "project_id")
    retrieve_parameters: ClassVar[Fields] = {
        "download": BooleanField(description="Whether to return the file instead.")
    }
    retrieved_as: ClassVar[tuple[str, ...]] = ("text/csv",)
    notes: ClassVar[Mapping[Operation, str]] = {
        "create": (
            "Without a file and a URL, it is empty. There is no idempotency key: if there is no"
            " response, the data set may have been created."
        ),
    }
    actions: ClassVar[tuple[Action, ...]] = (status_action("PUT", "data set"),)
    dashboard_columns: ClassVar[tuple[str, ...]] = ("type", "file_name")

    def __init__(self, projects: Projects) -> None:
        """Create the resource.

        Args:
            projects: The projects that data sets belong to.
        """
        self._projects = projects
        super().__init__()

    def outputs(self) -> dict[str, Output]:
        """Return the fields of responses that are not fields of requests."""
        return {
            "id": ID,
            "owner": OWNER,
            "created_at": CREATED_AT,
            "status": Output(
                {"enum": ["public", "public_unlisted", "private", "listed"]},
                lambda row: "listed" if row.is_listed else row.visibility.lower(),
            ),
            "file": Output({"type": ["string", "null"], "format": "uri-reference"}, _link),
            "_meta": Output({"type": "object"}, lambda row: {}),
        }

    def complete(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Return the values of all stored fields; the name is by default that of the file."""
        file_name = values.get("file")
        name = values.get("name")
        return super().complete(
            {**values, "file_name": file_name, "name": file_name if name is None else name}
        )

    def derive(
        self, store: Store, account: Account, values: Mapping[str, Value], row: Row | None
    ) -> dict[str, Value]:
        """Return the project."""
        if row is not None:
            return {}
        return {"project_id": self._projects.project_for(store, account, values["project_id"])}

    def set_status(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        """Set the status of a data set."""
        self.table(call.store).update(row, {"is_listed": values["status"] == "listed"})
        return JSONResponse({"status": values["status"]})

    def create(self, call: Call) -> Response:
        """Create a data set, and store its file."""
        row = self.create_row(call)
        if "file" in call.files:
            call.store.files.put(row.id, call.files["file"].content)
        created = self.serialize_created(row)
        if created["file"]:
            created["file"] = str(call.request.base_url).rstrip("/") + str(created["file"])
        return JSONResponse(created, 201)

    def retrieve(self, call: Call) -> Response:
        """Return a data set, or its file."""
        row = self.find(call)
        if not call.parameters(self.retrieve_parameters).get("download"):
            return JSONResponse(self.serialize(row))
        content = call.store.files.get(row.id)
        if content is None:
            raise detail_problem(404, "The data set has no file.")
        name = quote(str(row.file_name), safe="")
        disposition = f"attachment; filename*=UTF-8''{name}"
        return Response(
            content, media_type="text/csv", headers={"Content-Disposition": disposition}
        )

    def check(self, store: Store, account: Account, field: str, id_: Value) -> None:
        """Check that the data set that a field names exists, unless it is None.

        Raises:
            Problem: The organization can read no such data set.
        """
        if id_ is not None and self._find_readable(store, account.organization, str(id_)) is None:
            raise Problem(400, {field: [f'Invalid pk "{id_}" - object does not exist.']})

    def read_rows(self, store: Store, organization: str, id_: str) -> list[list[str]] | None:
        """Return the rows of the file of a data set, without its header.

        A data set without a file has none. The result is None if the organization can read no such
        data set.
        """
        row = self._find_readable(store, organization, id_)
        if row is None:
            return None
        rows = self._read(store, row)
        return rows[1:] if row.has_header else rows

    def read_inputs(
        self, store: Store, organization: str, id_: str
    ) -> list[dict[str, Value]] | None:
        """Return what the rows of the file of a data set have evaluators evaluate.

        A header names `response`, `request` and `expected_output`. Without it, the columns are
        those of a calibration: a score, which is not used, the response and maybe the request.
        """
        row = self._find_readable(store, organization, id_)
        if row is None:
            return None
        rows = self._read(store, row)
        names = [name.strip().lower() for name in rows[0]] if rows and row.has_header else []
        if not {"response", "request"} & {*names}:
            names = ["score", "response", "request"]
        known = ("response", "request", "expected_output")
        return [
            {name: text for name, text in zip(names, one, strict=False) if name in known and text}
            for one in rows[1 if row.has_header else 0 :]
        ]

    def _find_readable(self, store: Store, organization: str, id_: str) -> Row | None:
        try:
            return self.table(store).get(organization, str(UUID(id_)))
        except ValueError:
            return None

    def _read(self, store: Store, row: Row) -> list[list[str]]:
        """Return all rows of a file, without empty ones; none if it is not a CSV file."""
        text = (store.files.get(row.id) or b"").decode("utf-8-sig", "replace")
        try:
            return [one for one in csv.reader(io.StringIO(text, newline="")) if one]
        except csv.Error:
            return []

    def before_delete(self, store: Store, account: Account, row: Row) -> None:
        """Delete the file, too."""
        store.files.delete(row.id)


def _link(row: Row) -> str | None:
    return None if row.file_name is None else f"{DataSets.path}{row.id}/?download=true"
