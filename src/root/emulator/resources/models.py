"""The endpoints of models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from root.emulator import problems
from root.emulator.endpoint import Endpoint
from root.emulator.keys import Account, KeyRegistry
from root.emulator.pagination import Paginator
from root.emulator.resources.catalogue import Catalogue
from root.emulator.resources.model_table import ModelRow, ModelTable, Visibility, with_defaults
from root.emulator.serializers import (
    Fields,
    IntegerField,
    StringField,
    Value,
    field_metadata,
    parse_json,
    validate,
)

# The API documents the upper limit for max_token_count only. Without a limit for the other field,
# a larger number would be an error 500 in the service.
MODEL_FIELDS: Fields = {
    "name": StringField(required=True, max_length=100),
    "model": StringField(),
    "default_key": StringField(nullable=True),
    "max_output_token_count": IntegerField(minimum=800),
    "max_token_count": IntegerField(minimum=0, nullable=True),
    "url": StringField(nullable=True, allow_blank=True, max_length=1024),
}
"""The fields of the body that creates or changes a model."""

VERIFICATION_FIELDS: Fields = {
    "model": StringField(required=True),
    "api_key": StringField(),
    "url": StringField(),
    "max_output_token_count": IntegerField(minimum=800),
}
"""The fields of the body that verifies a model."""

_MODEL_METADATA: dict[str, JsonValue] = {
    "id": {"type": "string", "required": False, "read_only": True, "label": "Id"},
    **field_metadata(MODEL_FIELDS),
}

_REPLY = "Hello! How can I help you today?"

# Approximate token counts of a greeting and its reply.
_USAGE = {"prompt_tokens": 8, "completion_tokens": 9, "total_tokens": 17}


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model that was created in the emulator.

    Attributes:
        id: The ID.
        name: The name.
        model: The underlying model.
        max_output_token_count: Maximum number of tokens in a response.
        max_token_count: Size of the context window in tokens, or None.
        url: The base URL of the model's server, or None.
        visibility: Who can read it.
        organization: The organization that it belongs to.
        owner: The e-mail address of the user who created it.
    """

    id: str
    name: str
    model: str
    max_output_token_count: int
    max_token_count: int | None
    url: str | None
    visibility: Visibility
    organization: str
    owner: str

    @classmethod
    def from_row(cls, row: ModelRow) -> StoredModel:
        """Return the model in a row of the table."""
        return cls(
            row.id,
            row.name,
            row.model,
            row.max_output_token_count,
            row.max_token_count,
            row.url,
            row.visibility,
            row.organization,
            row.email,
        )


class Models:
    """The handlers of models, one method per endpoint.

    No handler awaits between its first and its last query, so each request is handled atomically.
    """

    def __init__(self, table: ModelTable, catalogue: Catalogue, paginator: Paginator) -> None:
        self._table = table
        self._catalogue = catalogue
        self._paginator = paginator

    def endpoints(self, keys: KeyRegistry) -> dict[str, Endpoint]:
        """Return the endpoints by the pattern of their path."""
        return {
            "/v1/models/": Endpoint(
                "Model List",
                {"GET": self.list_page, "POST": self.create},
                keys,
                {"POST": _MODEL_METADATA},
            ),
            # Before the pattern of IDs, which matches this path too.
            "/v1/models/verify/": Endpoint(
                "Verify", {"POST": self.verify}, keys, {"POST": field_metadata(VERIFICATION_FIELDS)}
            ),
            # Django REST Framework's router excludes dots from IDs.
            "/v1/models/(?P<id>[^/.]+)/": Endpoint(
                "Model Instance",
                {
                    "GET": self.retrieve,
                    "PUT": self.replace,
                    "PATCH": self.update,
                    "DELETE": self.delete,
                },
                keys,
                {"PUT": _MODEL_METADATA},
                self.find_own,
            ),
        }

    async def list_page(self, request: Request, account: Account) -> Response:
        """Return a page of the organization's and the public models."""
        fetch = partial(self._table.fetch_page, account.organization)
        return self._paginator.respond(request, fetch, self._serialize_listed)

    async def create(self, request: Request, account: Account) -> Response:
        """Create a model."""
        data = parse_json(await request.body(), _content_type(request))
        values = validate(data, MODEL_FIELDS)
        self._check_name(account, values)
        row = self._table.add(account, values)
        return JSONResponse(_serialize(row), 201)

    async def retrieve(self, request: Request, account: Account) -> Response:
        """Return a model."""
        return JSONResponse(_serialize(self._find(request, account)))

    async def replace(self, request: Request, account: Account) -> Response:
        """Set all fields of a model; omitted fields get their default."""
        content = await request.body()
        row = self.find_own(request, account)
        data = parse_json(content, _content_type(request))
        values = with_defaults(validate(data, MODEL_FIELDS))
        self._check_name(account, values, row)
        return JSONResponse(_serialize(self._table.update(row, values)))

    async def update(self, request: Request, account: Account) -> Response:
        """Set the given fields of a model."""
        content = await request.body()
        row = self.find_own(request, account)
        data = parse_json(content, _content_type(request))
        values = validate(data, MODEL_FIELDS, partial=True)
        self._check_name(account, values, row)
        return JSONResponse(_serialize(self._table.update(row, values)))

    async def delete(self, request: Request, account: Account) -> Response:
        """Delete a private model; a public one may be in use by other organizations."""
        row = self.find_own(request, account)
        if row.visibility != "PRIVATE":
            raise problems.permission_denied()
        self._table.delete(row)
        return Response(status_code=204)

    async def verify(self, request: Request, account: Account) -> Response:
        """Return success for a known model, and a failure for an unknown one."""
        data = parse_json(await request.body(), _content_type(request))
        model = str(validate(data, VERIFICATION_FIELDS)["model"])
        if self._table.has_known_model(account.organization, model):
            return JSONResponse(
                {"success": True, "model": model, "response": _REPLY, "usage": _USAGE}
            )
        error = (
            f'The model "{model}" is unknown: it is neither in the catalogue nor among the models'
            " of this key."
        )
        return JSONResponse({"success": False, "model": model, "error": error})

    def find_own(self, request: Request, account: Account) -> ModelRow:
        """Return the model of a request, which the account may change.

        Raises:
            Problem: The model does not exist, or belongs to another organization.
        """
        row = self._find(request, account)
        if row.organization != account.organization:
            # It is public; private models of others are not found.
            raise problems.permission_denied()
        return row

    def _find(self, request: Request, account: Account) -> ModelRow:
        try:
            # A UUID may have upper-case letters, or no hyphens.
            id_ = str(UUID(request.path_params["id"]))
        except ValueError:
            raise problems.detail_problem(404, "Not found.") from None
        row = self._table.get(account.organization, id_)
        if row is None:
            raise problems.detail_problem(404, "No Model matches the given query.")
        return row

    def _check_name(
        self, account: Account, values: Mapping[str, Value], row: ModelRow | None = None
    ) -> None:
        name = values.get("name")
        # A name may be omitted, and a model may keep its own.
        if name is None or (row is not None and name == row.name):
            return
        if self._table.has_name(account.organization, name):
            raise problems.not_unique()

    def _serialize_listed(self, row: ModelRow) -> dict[str, object]:
        return {
            "id": row.id,
            "name": row.name,
            "owner": {"email": row.email, "full_name": row.full_name},
            "provider": self._catalogue.provider_of(row.model),
            "visibility": row.visibility,
        }


def _serialize(row: ModelRow) -> dict[str, object]:
    return {
        "id": row.id,
        "name": row.name,
        "model": row.model,
        "max_output_token_count": row.max_output_token_count,
        "max_token_count": row.max_token_count,
        "url": row.url,
    }


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "")
