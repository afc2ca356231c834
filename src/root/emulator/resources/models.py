"""Models, and the public ones of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from starlette.responses import JSONResponse, Response

from root.emulator import problems
from root.emulator.actions import Action
from root.emulator.calls import Call
from root.emulator.declaration import Operation
from root.emulator.fields import Fields, StringField, Value
from root.emulator.keys import Account
from root.emulator.number_fields import IntegerField
from root.emulator.outputs import ID, OWNER, VISIBILITY, Output, Schema
from root.emulator.resource import Resource
from root.emulator.resources.catalogue import Catalogue, model_id
from root.emulator.rows import Row, Visibility
from root.emulator.store import Store
from root.emulator.table_spec import SERVICE

__all__ = ["DEFAULT_MODEL", "Models", "StoredModel"]

_REPLY = "Hello! How can I help you today?"

# Approximate token counts of a greeting and its reply.
_USAGE = {"prompt_tokens": 8, "completion_tokens": 9, "total_tokens": 17}

DEFAULT_MODEL = "RootJudge"
"""The model that the service hosts itself, which evaluators without a model use."""

# Another name of it.
_SERVICE_MODELS = (DEFAULT_MODEL, "root")

_CATALOGUE_OWNER = Account(SERVICE, "catalogue@emulator.invalid", "Model catalogue")

_PROVIDER: Schema = {
    "anyOf": [
        {
            "type": "object",
            "required": ["id", "name"],
            "properties": {
                "id": {"type": "string", "format": "uuid"},
                "name": {"type": "string"},
                "logo_light": {"type": ["string", "null"]},
                "logo_dark": {"type": ["string", "null"]},
                "is_gdpr_compliant": {"type": ["boolean", "null"]},
            },
        },
        {"type": "null"},
    ]
}

_VERIFICATION: Schema = {
    "type": "object",
    "required": ["success", "model"],
    "properties": {
        "success": {"type": "boolean"},
        "model": {"type": "string"},
        "response": {"type": "string", "description": "The response of the model, on success."},
        "error": {"type": "string", "description": "The error, on failure."},
        "usage": {"type": "object", "description": "Numbers of tokens."},
    },
    "if": {"properties": {"success": {"const": True}}},
    "then": {"required": ["response", "usage"]},
    "else": {"required": ["error"]},
}

# The API documents the upper limit for max_token_count only, and no default. Without a limit, a
# larger number would be an error 500 in the service.
_MAX_OUTPUT = IntegerField(
    minimum=800, default=2048, description="Maximum number of tokens in a response."
)


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


class Models(Resource[StoredModel]):
    """The models of organizations, and those of the catalogue."""

    noun: ClassVar[str] = "model"
    path: ClassVar[str] = "/v1/models/"
    stored: type[StoredModel] = StoredModel
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
            required=True, max_length=100, description="The name, unique in the organization."
        ),
        "model": StringField(description="The underlying model; by default `name`."),
        "default_key": StringField(
            nullable=True, is_secret=True, description="The provider's key; never returned."
        ),
        "max_output_token_count": _MAX_OUTPUT,
        "max_token_count": IntegerField(
            minimum=0, nullable=True, description="Size of the context window in tokens."
        ),
        "url": StringField(
            nullable=True,
            allow_blank=True,
            max_length=1024,
            description="The base URL of the model's server.",
        ),
    }
    shown: ClassVar[tuple[str, ...]] = (
        "id",
        "name",
        "model",
        "max_output_token_count",
        "max_token_count",
        "url",
    )
    listed: ClassVar[tuple[str, ...] | None] = ("id", "name", "owner", "provider", "visibility")
    sorted_by: ClassVar[tuple[str, ...]] = ("name",)
    ignored: ClassVar[Mapping[str, str]] = {
        "capable_of": "Capabilities, separated by commas; ignored."
    }
    unique: ClassVar[str | None] = "name"
    looked_up_by: ClassVar[tuple[str, ...]] = ("model",)
    has_public: ClassVar[bool] = True
    notes: ClassVar[Mapping[Operation, str]] = {"replace": "Omitted fields get their default."}
    dashboard_columns: ClassVar[tuple[str, ...]] = ("model", "url")
    actions: ClassVar[tuple[Action, ...]] = (
        Action(
            "POST",
            "verify",
            handler="verify",
            summary="Verify a configuration",
            result="The result; a configuration that does not work has status 200 too.",
            schema=_VERIFICATION,
            fields={
                "model": StringField(required=True),
                "api_key": StringField(nullable=True, is_secret=True),
                "url": StringField(nullable=True),
                "max_output_token_count": replace(_MAX_OUTPUT, nullable=True),
            },
        ),
    )

    def __init__(self, catalogue: Catalogue) -> None:
        """Create the resource.

        Args:
            catalogue: The public models.
        """
        self._catalogue = catalogue
        super().__init__()

    def outputs(self) -> dict[str, Output]:
        """Return the fields of responses that are not fields of requests."""
        provider = Output(_PROVIDER, lambda row: self._catalogue.provider_of(str(row.model)))
        return {"id": ID, "owner": OWNER, "provider": provider, "visibility": VISIBILITY}

    def complete(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Return the values of all stored fields; the underlying model is by default the name."""
        return super().complete({"model": values["name"], **values})

    def provide(self, store: Store) -> None:
        """Store the models of the catalogue in the database."""
        windows: Mapping[str, int | None] = {**self._catalogue.models, DEFAULT_MODEL: None}
        models = {
            model_id(name): self.complete({"name": name, "max_token_count": window})
            for name, window in windows.items()
        }
        store.provide(self.spec.name, _CATALOGUE_OWNER, models)

    def before_delete(self, store: Store, account: Account, row: Row) -> None:
        """Refuse the deletion of a public model, which other organizations may use."""
        if row.visibility != "PRIVATE":
            raise problems.permission_denied()

    def knows(self, store: Store, account: Account, name: str) -> bool:
        """Return whether an account can use a model, which may lack the prefix of its provider."""
        if name in _SERVICE_MODELS or any(
            known.partition("/")[2] == name for known in self._catalogue.models
        ):
            return True
        table = self.table(store)
        return any(
            table.find_readable(account.organization, field, name) for field in ("name", "model")
        )

    def verify(self, call: Call, values: Mapping[str, Value]) -> Response:
        """Return success for a known model, and a failure for an unknown one."""
        model = values["model"]
        table = self.table(call.store)
        if any(
            table.find_readable(call.account.organization, field, model)
            for field in ("name", "model")
        ):
            return JSONResponse(
                {"success": True, "model": model, "response": _REPLY, "usage": _USAGE}
            )
        error = (
            f'The model "{model}" is unknown: it is neither in the catalogue nor among the models'
            " of this key."
        )
        return JSONResponse({"success": False, "model": model, "error": error})
