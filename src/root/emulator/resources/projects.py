"""The endpoints of projects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID, uuid5

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from root.emulator.endpoint import Endpoint
from root.emulator.keys import Account, KeyRegistry
from root.emulator.pagination import Paginator
from root.emulator.problems import detail_problem
from root.emulator.resources.project_table import ProjectRow, ProjectTable
from root.emulator.serializers import (
    BooleanField,
    Fields,
    StringField,
    Value,
    field_metadata,
    parse_json,
    validate,
)

PROJECT_FIELDS: Fields = {
    "name": StringField(required=True, max_length=512),
    "description": StringField(allow_blank=True),
    "is_default": BooleanField(),
}
"""The fields of the body that creates or changes a project."""

_PROJECT_METADATA: dict[str, JsonValue] = {
    "id": {"type": "string", "required": False, "read_only": True, "label": "Id"},
    **field_metadata(PROJECT_FIELDS),
    "created_at": {
        "type": "datetime",
        "required": False,
        "read_only": True,
        "label": "Created at",
    },
    "owner": {"type": "string", "required": False, "read_only": True, "label": "Owner"},
}

# A random UUID. The IDs of users are derived from their e-mail address.
_NAMESPACE = UUID("c2f0a1c4-6f0e-4b0d-8a0c-1f6d5f4f7b3e")


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

    @classmethod
    def from_row(cls, row: ProjectRow) -> StoredProject:
        """Return the project in a row of the table."""
        return cls(
            row.id,
            row.name,
            row.description,
            bool(row.is_default),
            datetime.fromisoformat(row.created_at),
            row.organization,
            row.email,
        )


class Projects:
    """The handlers of projects, one method per endpoint.

    No handler awaits between its first and its last query, so each request is handled atomically.
    """

    def __init__(self, table: ProjectTable, paginator: Paginator) -> None:
        self._table = table
        self._paginator = paginator

    def endpoints(self, keys: KeyRegistry) -> dict[str, Endpoint]:
        """Return the endpoints by the pattern of their path."""
        return {
            "/v1/projects/": Endpoint(
                "Project List",
                {"GET": self.list_page, "POST": self.create},
                keys,
                {"POST": _PROJECT_METADATA},
            ),
            # The API has no PUT here.
            "/v1/projects/(?P<id>[^/.]+)/": Endpoint(
                "Project Instance",
                {"GET": self.retrieve, "PATCH": self.update, "DELETE": self.delete},
                keys,
                {},
            ),
        }

    async def list_page(self, request: Request, account: Account) -> Response:
        """Return a page of the organization's projects."""
        self._table.ensure_default(account)
        fetch = partial(self._table.fetch_page, account.organization)
        return self._paginator.respond(request, fetch, _serialize, has_ordering=False)

    async def create(self, request: Request, account: Account) -> Response:
        """Create a project."""
        data = parse_json(await request.body(), _content_type(request))
        values = validate(data, PROJECT_FIELDS)
        self._table.ensure_default(account)
        self._check_name(account, values)
        return JSONResponse(_serialize(self._table.add(account, values)), 201)

    async def retrieve(self, request: Request, account: Account) -> Response:
        """Return a project."""
        return JSONResponse(_serialize(self._find(request, account)))

    async def update(self, request: Request, account: Account) -> Response:
        """Set the given fields of a project."""
        content = await request.body()
        row = self._find(request, account)
        data = parse_json(content, _content_type(request))
        values = validate(data, PROJECT_FIELDS, partial=True)
        if values.get("name") != row.name:
            self._check_name(account, values)
        if row.is_default and values.get("is_default") is False:
            raise detail_problem(
                400, "The default project cannot be unset. Make another project the default."
            )
        return JSONResponse(_serialize(self._table.update(row, values)))

    async def delete(self, request: Request, account: Account) -> Response:
        """Delete a project other than the default one."""
        row = self._find(request, account)
        if row.is_default:
            raise detail_problem(400, "The default project cannot be deleted.")
        self._table.delete(row)
        return Response(status_code=204)

    def _find(self, request: Request, account: Account) -> ProjectRow:
        self._table.ensure_default(account)
        try:
            # A UUID may have upper-case letters, or no hyphens.
            id_ = str(UUID(request.path_params["id"]))
        except ValueError:
            raise detail_problem(404, "Not found.") from None
        row = self._table.get(account.organization, id_)
        if row is None:
            raise detail_problem(404, "No Project matches the given query.")
        return row

    def _check_name(self, account: Account, values: Mapping[str, Value]) -> None:
        name = values.get("name")
        if name is not None and self._table.has_name(account.organization, name):
            raise detail_problem(400, "A project with this name exists already.")


def _serialize(row: ProjectRow) -> dict[str, object]:
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "is_default": bool(row.is_default),
        "created_at": row.created_at.replace("+00:00", "Z"),
        "owner": str(uuid5(_NAMESPACE, row.email)),
    }


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "")
