"""Models: what is sent, and what comes back."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, NotRequired, TypeAlias, TypedDict

from pydantic import Field, JsonValue

from ..errors import VerificationError
from .base import APIModel, Facts, Owner, ResponseModel
from .requests import RequestModel, Sensitive

__all__ = [
    "Model",
    "ModelPatch",
    "ModelRequest",
    "ModelSettings",
    "ModelVerification",
    "Owner",
    "Provider",
    "VerifyRequest",
    "VerifySettings",
    "Visibility",
    "completed",
]

Visibility: TypeAlias = Literal["PUBLIC", "PUBLIC_UNLISTED", "PRIVATE"] | str
"""Who can see a model; a value that is newer than this release is a plain string."""

_Text = Annotated[str, Field(min_length=1)]
_Name = Annotated[str, Field(min_length=1, max_length=100, description="Your name for it.")]
_URL = Annotated[str, Field(max_length=1024)]
_OutputTokens = Annotated[int, Field(ge=800)]
_Tokens = Annotated[int, Field(ge=0, le=2147483647)]


class ModelRequest(RequestModel):
    """The settings of a model."""

    name: _Name
    model: Annotated[
        _Text, Field(description="The underlying model; the service uses the name if omitted.")
    ] = ""
    default_key: Annotated[
        _Text | None,
        Sensitive,
        Field(description="The API key for the model's provider. It cannot be read back."),
    ] = None
    max_output_token_count: Annotated[
        _OutputTokens, Field(description="Maximum number of tokens of one completion.")
    ] = 0
    max_token_count: Annotated[
        _Tokens | None, Field(description="Maximum number of tokens of its context.")
    ] = None
    url: Annotated[_URL | None, Field(description="Where it is served.")] = None


class ModelPatch(ModelRequest):
    """Any part of the settings of a model."""

    is_partial: ClassVar[bool] = True

    name: _Name = ""


class VerifyRequest(RequestModel):
    """A model's configuration to verify."""

    model: _Text
    api_key: Annotated[str | None, Sensitive] = None
    url: str | None = None
    max_output_token_count: _OutputTokens = 0


class ModelSettings(TypedDict):
    """The settings of a model: the arguments of `create`."""

    name: str
    model: NotRequired[str | None]
    default_key: NotRequired[str | None]
    max_output_token_count: NotRequired[int | None]
    max_token_count: NotRequired[int | None]
    url: NotRequired[str | None]


class VerifySettings(TypedDict):
    """A model's configuration to verify: the arguments of `verify`."""

    model: str
    api_key: NotRequired[str | None]
    url: NotRequired[str | None]
    max_output_token_count: NotRequired[int | None]


class Provider(APIModel):
    """The provider of a model.

    Attributes:
        logo_light: The URL of a logo for light backgrounds.
        logo_dark: The URL of a logo for dark backgrounds.
    """

    id: str
    name: str
    logo_light: str | None = None
    logo_dark: str | None = None
    is_gdpr_compliant: bool | None = None

    def __str__(self) -> str:
        return self.name


class Model(ResponseModel):
    """A registered model, in both of the API's shapes.

    `create`, `retrieve` and `update` return the details (`model`, `url`, the token counts); `list`
    returns `owner`, `provider` and `visibility`. Fields that are newer than this release are
    attributes too.

    Attributes:
        id: The service's ID of the model, a UUID.
        name: Your name for it.
        model: The underlying model, such as `gpt-4o`.
        max_output_token_count: Maximum number of tokens of one completion.
        max_token_count: Maximum number of tokens of its context, or None if that is not set.
        url: Where it is served, or None for a provider's own endpoint.
        owner: The user who registered it.
        provider: Its provider.
        visibility: `PUBLIC`, `PUBLIC_UNLISTED` or `PRIVATE`.
    """

    __facts__: ClassVar[Facts] = Facts(
        noun="model",
        shared_parts=("owner", "provider"),
        summary=(
            *("name", "model", "provider.name", "visibility", "owner.email", "url"),
            *("max_output_token_count", "max_token_count", "id"),
        ),
        write_only=ModelRequest.sensitive_fields(),
        listed_columns=(
            *("id", "name", "owner.email", "owner.full_name", "provider.id", "provider.name"),
            *("provider.logo_light", "provider.logo_dark", "provider.is_gdpr_compliant"),
            "visibility",
        ),
    )

    id: str
    name: str
    model: str | None = None
    max_output_token_count: int | None = None
    max_token_count: int | None = None
    url: str | None = None
    owner: Owner | None = None
    provider: Provider | None = None
    visibility: Visibility | None = None


def completed(details: Model, listed: Model) -> Model:
    """Return the details of a model with the fields that only a listing has."""
    names = listed.model_fields_set - details.model_fields_set
    return details.model_copy(update={name: getattr(listed, name) for name in names})


class ModelVerification(ResponseModel):
    """The result of trying a model's configuration.

    Attributes:
        success: Whether the model responded.
        model: The model that was tried.
        response: What it responded.
        error: Why it did not respond.
        usage: Tokens used, as the provider counts them.
    """

    __facts__: ClassVar[Facts] = Facts(
        noun="verification",
        free_text=("response", "error", "usage"),
        write_only=VerifyRequest.sensitive_fields() | ModelRequest.sensitive_fields(),
    )

    success: bool
    model: str | None = None
    response: str | None = None
    error: str | None = None
    usage: dict[str, JsonValue] | None = None

    def raise_for_failure(self) -> None:
        """Raise an error if the model did not respond.

        Raises:
            VerificationError: It did not; `.detail` has the reason.
        """
        if self.success:
            return
        raise VerificationError(
            f"The configuration of {self.model or 'the model'} does not work:"
            f" {self.error or 'the service gives no reason'}",
            detail=self.error,
        )
