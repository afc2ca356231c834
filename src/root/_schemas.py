"""What the API says and accepts (contract.md, Shapes), as pydantic classes.

Lenient in what is read: unknown fields stay, unknown enum values stay strings, ids are strings.
Strict in what is sent.
"""

from __future__ import annotations

import json
import pprint
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Literal,
    NotRequired,
    Self,
    TypeAlias,
    TypedDict,
    TypeVar,
    cast,
)
from urllib.parse import quote
from uuid import UUID

from pydantic import BaseModel, ConfigDict, FailFast, Field, JsonValue, ValidationError
from pydantic_core import from_json

from ._redaction import scrubber
from ._secrets import Secret, SecretBytes
from .errors import InvalidRequestError, VerificationError

if TYPE_CHECKING:
    import pandas
    import polars

    from ._http import ResponseMeta

__all__ = [
    "IN_WORDS",
    "Answered",
    "Body",
    "Model",
    "ModelListAnswer",
    "ModelPatch",
    "ModelRequest",
    "ModelSettings",
    "ModelVerification",
    "Owner",
    "Page",
    "Provider",
    "VerifyRequest",
    "VerifySettings",
    "Visibility",
    "each_checked",
    "hide_secrets",
    "model_path",
    "request_body",
    "set_meta",
    "settings_body",
]


Visibility: TypeAlias = Literal["PUBLIC", "PUBLIC_UNLISTED", "PRIVATE"] | str
"""Who sees a model; a value that came after this release is a string like any other."""


_SHORTEST_SECRET = 12


class _Part(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, extra="allow", coerce_numbers_to_str=True
    )

    def to_dict(self) -> dict[str, JsonValue]:
        """Return the fields that came as plain data, as the old SDK's items do."""
        return self.model_dump(mode="json", exclude_unset=True)

    def to_json(self) -> str:
        """Return the fields that came as a JSON document, as the old SDK's items do."""
        return json.dumps(self.to_dict())

    def to_str(self) -> str:
        """Return the fields that came as readable text, as the old SDK's items do."""
        return pprint.pformat(self.to_dict())

    def _repr_html_(self) -> str:
        from ._html import table

        return table(type(self).__name__, self.to_dict().items())


class Answered(_Part):
    """What came in a response of its own."""

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """Read a response body.

        Raises:
            ValueError: It is no JSON; a `pydantic.ValidationError` if it has not the shape.
        """
        return cls.model_validate_json(content)

    # In a slot and no field, so it takes no part in equality, dump or repr.
    __slots__ = ("_meta",)

    @property
    def meta(self) -> ResponseMeta:
        """How this object came here: status, headers, request id, attempts, seconds.

        Raises:
            AttributeError: It did not come from a response.
        """
        meta: ResponseMeta = object.__getattribute__(self, "_meta")
        return meta

    # pydantic copies and pickles its fields; a slot is carried along here.

    def __getstate__(self) -> dict[Any, Any]:
        return super().__getstate__() | {"_meta": _meta_of(self)}

    def __setstate__(self, state: dict[Any, Any]) -> None:
        meta = state.pop("_meta")
        super().__setstate__(state)
        if meta is not None:
            set_meta(self, meta)

    def __copy__(self) -> Self:
        return _with_meta_of(self, super().__copy__())

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        return _with_meta_of(self, super().__deepcopy__(memo))


A = TypeVar("A", bound=Answered)


def set_meta(answered: A, meta: ResponseMeta) -> A:
    """Note how an object came here; it is frozen for everybody else."""
    object.__setattr__(answered, "_meta", meta)
    return answered


def _meta_of(answered: Answered) -> ResponseMeta | None:
    return getattr(answered, "_meta", None)


def _with_meta_of(source: Answered, copy: A) -> A:
    meta = _meta_of(source)
    return copy if meta is None else set_meta(copy, meta)


class Owner(_Part):
    """Who a model belongs to."""

    email: str | None = None
    full_name: str | None = None


class Provider(_Part):
    """Who runs a model.

    Attributes:
        logo_light: The URL of a logo for light pages.
        logo_dark: The URL of a logo for dark pages.
    """

    id: str
    name: str
    logo_light: str | None = None
    logo_dark: str | None = None
    is_gdpr_compliant: bool | None = None

    def __str__(self) -> str:
        return self.name


class Model(Answered):
    """A registered model, as both of the API's shapes have it.

    What `create`, `retrieve` and `update` answer has the details (`model`, `url`, the token
    counts); what `list` answers has `owner`, `provider` and `visibility`. Fields that this
    release does not know are attributes, too.

    Attributes:
        id: The service's name for it, a UUID.
        name: Your name for it.
        model: The underlying model, such as `gpt-4o`.
        max_output_token_count: Tokens it may put out for one answer.
        max_token_count: Tokens it can process, or None if that is not set.
        url: Where it is served, or None for a provider's own endpoint.
        owner: Who registered it.
        provider: Who runs it.
        visibility: `PUBLIC`, `PUBLIC_UNLISTED` or `PRIVATE`.
    """

    id: str
    name: str
    model: str | None = None
    max_output_token_count: int | None = None
    max_token_count: int | None = None
    url: str | None = None
    owner: Owner | None = None
    provider: Provider | None = None
    visibility: Visibility | None = None

    def _repr_html_(self) -> str:
        from ._frames import flat
        from ._html import table

        return table(type(self).__name__, flat(self).items())


class ModelVerification(Answered):
    """What came of trying a model's configuration.

    Attributes:
        success: Whether the model answered.
        model: The model that was tried.
        response: What it answered.
        error: Why it did not.
        usage: Tokens used, as the provider counts them.
    """

    success: bool
    model: str | None = None
    response: str | None = None
    error: str | None = None
    usage: dict[str, JsonValue] | None = None

    def raise_for_failure(self) -> None:
        """Do nothing if the model answered.

        Raises:
            VerificationError: It did not; `.detail` holds the reason.
        """
        if self.success:
            return
        error = VerificationError(
            f"The configuration of {self.model or 'the model'} does not work:"
            f" {self.error or 'the service gives no reason'}"
        )
        error.detail = self.error
        raise error


class ModelListAnswer(Answered):
    """A page as the API sends it."""

    next: str | None = None
    previous: str | None = None
    # Not one complaint for each entry: a body of wrong ones would take gigabytes and minutes.
    results: Annotated[list[Model], FailFast()]

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        raw = from_json(content, cache_strings="keys")
        if isinstance(raw, dict):
            _share_parts(cast("dict[str, object]", raw).get("results"))
        answer = cls.model_validate(raw)
        _share_field_names(answer.results)
        return answer


IN_WORDS: dict[type[BaseModel], str] = {
    Model: "a model",
    ModelVerification: "a verification",
    ModelListAnswer: "a page of models",
}
"""What an answer is to a user."""

# Fields that may hold anything, also what was sent.
_FREE_TEXT: dict[type[Answered], tuple[str, ...]] = {
    ModelVerification: ("response", "error", "usage"),
    ModelListAnswer: ("next", "previous"),
}


def hide_secrets(answered: Answered, secrets: Iterable[str]) -> None:
    """Take out what a service should not have put in: a `default_key`, and echoes of secrets.

    They are looked for where anything may stand: fields of free text, and fields that this
    release does not know.
    """
    names = _FREE_TEXT.get(type(answered), ())
    texts = {name: text for name in names if (text := getattr(answered, name)) is not None}
    parts = (answered, *(answered.results if isinstance(answered, ModelListAnswer) else ()))
    unknown = [part for part in parts if part.__pydantic_extra__]
    if not texts and not unknown:
        return
    # A short one is a word, and may stand in any text by chance.
    clean = scrubber([secret for secret in secrets if len(secret) >= _SHORTEST_SECRET])
    for name, text in texts.items():
        object.__setattr__(answered, name, _without(text, clean))
    for part in unknown:
        object.__setattr__(part, "__pydantic_extra__", _without(part.__pydantic_extra__, clean))
        # Write-only: no answer has it (contract.md), and if one had, nobody should keep it.
        part.model_fields_set.discard("default_key")


def _without(content: object, clean: Callable[[str], str]) -> object:
    if isinstance(content, str):
        return clean(content)
    if isinstance(content, list):
        return [_without(item, clean) for item in cast("list[object]", content)]
    if not isinstance(content, dict):
        return content
    return {
        clean(name): _without(value, clean)
        for name, value in cast("dict[str, object]", content).items()
        if name != "default_key"
    }


# Of the 2.8 KB that a listed model takes as pydantic makes it, most are its owner, its provider
# and three sets of field names, all of which are the same on many others. They are frozen, so
# one can serve many: 0.7 KB are left, in no more time, since fewer objects are made.


def _share_parts(items: object) -> None:
    """Put one Owner and one Provider in place of all equal ones."""
    if not isinstance(items, list):
        return
    parts: dict[str, tuple[object, _Part]] = {}
    for item in cast("list[object]", items):
        # What has not the shape is left for pydantic to complain of.
        if not isinstance(item, dict):
            continue
        fields = cast("dict[str, object]", item)
        for name, schema in (("owner", Owner), ("provider", Provider)):
            raw = fields.get(name)
            if not isinstance(raw, dict):
                continue
            known = cast("dict[str, object]", raw)
            key = f"{name} {known.get('id') or known.get('email')}"
            found = parts.get(key)
            if found is None or found[0] != known:
                found = parts[key] = known, schema.model_validate(known)
            fields[name] = found[1]


def _share_field_names(models: list[Model]) -> None:
    """Put one set of field names in place of all equal ones."""
    names: set[str] = set()
    for model in models:
        if model.model_fields_set != names:
            names = model.model_fields_set
        object.__setattr__(model, "__pydantic_fields_set__", names)


# What a page shows of its models, as far as it is there: one line for each, if it fits.
_SHOWN = (
    *("name", "model", "provider.name", "visibility", "owner.email", "url"),
    *("max_output_token_count", "max_token_count", "id"),
)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing.

    Attributes:
        items: The models on it.
        next_cursor: Where the next page begins, or None if this is the last one.
        meta: How it came here.
    """

    items: list[Model]
    next_cursor: str | None
    meta: ResponseMeta = field(repr=False, compare=False)

    def __iter__(self) -> Iterator[Model]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def to_dicts(self) -> list[dict[str, JsonValue]]:
        """Return the models as plain data, each as `Model.to_dict` does."""
        return [model.to_dict() for model in self.items]

    def to_pandas(self) -> pandas.DataFrame:
        """Return the models as a pandas frame, as `list(...).to_pandas()` does.

        Raises:
            ImportError: pandas is not installed; the extra `root-sdk[pandas]` brings it.
        """
        from ._frames import to_pandas

        return to_pandas(self.items)

    def to_polars(self) -> polars.DataFrame:
        """Return the models as a polars frame, as `list(...).to_polars()` does.

        Raises:
            ImportError: polars is not installed; the extra `root-sdk[polars]` brings it.
        """
        from ._frames import to_polars

        return to_polars(self.items)

    def _repr_html_(self) -> str:
        from ._frames import flat
        from ._html import table

        rows = [flat(model) for model in self.items]
        columns = [name for name in _SHOWN if any(row.get(name) is not None for row in rows)]
        return table(
            f"{type(self).__name__} of {len(self)} models",
            [[row.get(name) for name in columns] for row in rows],
            columns=columns,
            told=f"next_cursor: {self.next_cursor}",
        )


class ModelSettings(TypedDict):
    """What registers a model: the arguments of `create`."""

    name: str
    model: NotRequired[str | None]
    default_key: NotRequired[str | None]
    max_output_token_count: NotRequired[int | None]
    max_token_count: NotRequired[int | None]
    url: NotRequired[str | None]


class VerifySettings(TypedDict):
    """What tries a model's configuration: the arguments of `verify`."""

    model: str
    api_key: NotRequired[str | None]
    url: NotRequired[str | None]
    max_output_token_count: NotRequired[int | None]


class _Request(BaseModel):
    # Strict: True is no number, and 12 no name. Only what was given is written out, so the
    # defaults below never are.
    model_config: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="forbid")


_Text = Annotated[str, Field(min_length=1)]
_Name = Annotated[str, Field(min_length=1, max_length=100, description="Your name for it.")]
_URL = Annotated[str, Field(max_length=1024)]
_OutputTokens = Annotated[int, Field(ge=800)]
_Tokens = Annotated[int, Field(ge=0, le=2147483647)]


class ModelRequest(_Request):
    """What registers a model."""

    name: _Name
    model: Annotated[
        _Text, Field(description="The underlying model; the service takes the name if left out.")
    ] = ""
    default_key: Annotated[
        _Text | None,
        Field(
            repr=False, description="The API key for the model's provider. It cannot be read back."
        ),
    ] = None
    max_output_token_count: Annotated[
        _OutputTokens, Field(description="Tokens it may put out for one answer.")
    ] = 0
    max_token_count: Annotated[_Tokens | None, Field(description="Tokens it can process.")] = None
    url: Annotated[_URL | None, Field(description="Where it is served.")] = None


class ModelPatch(ModelRequest):
    """Any part of what registers a model."""

    name: _Name = ""


class VerifyRequest(_Request):
    """What tries a model's configuration."""

    model: _Text
    api_key: Annotated[str | None, Field(repr=False)] = None
    url: str | None = None
    max_output_token_count: _OutputTokens = 0


@dataclass(frozen=True, slots=True)
class Body:
    """A request's body, checked.

    Attributes:
        content: The JSON.
        secrets: What in it must not show anywhere.
    """

    content: bytes = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)


def request_body(schema: type[_Request], omit: object, /, **fields: object) -> Body:
    """Return the JSON body that says so much, checked against the API's limits.

    Args:
        schema: What the API accepts.
        omit: The value that says that a field was left out.
        fields: The fields.

    Raises:
        InvalidRequestError: A field breaks a limit; the text names both, and no value.
    """
    given = {name: value for name, value in fields.items() if value is not omit}
    if not given and schema is ModelPatch:
        raise InvalidRequestError(
            f"Nothing was given to send. Give at least one of {', '.join(fields)}."
        )
    try:
        content = schema.model_validate(given).model_dump_json(exclude_unset=True).encode()
    except ValidationError as exc:
        # pydantic's own text may hold what came in, which may be a key.
        problems = exc.errors(include_url=False, include_context=False, include_input=False)
    else:
        keys = (given.get("default_key"), given.get("api_key"))
        return Body(
            SecretBytes(content), tuple(Secret(key) for key in keys if isinstance(key, str))
        )
    raise InvalidRequestError(
        "Nothing was sent. "
        + " ".join(
            f"{problem['loc'][0]} cannot be None."
            if fields.get(str(problem["loc"][0]), ...) is None
            else f"{problem['loc'][0]}: {problem['msg']}."
            for problem in problems
        )
    )


T = TypeVar("T")
C = TypeVar("C")


def each_checked(items: Iterable[T], check: Callable[[T], C]) -> list[C]:
    """Return what a check makes of each item.

    Raises:
        InvalidRequestError: They are no list, or an item does not pass; the text names its
            position, from 0.
    """
    given = cast("object", items)
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        raise InvalidRequestError("Nothing was sent. Give a list, also of one.")
    checked: list[C] = []
    for position, item in enumerate(items):
        try:
            checked.append(check(item))
        except InvalidRequestError as error:
            said = str(error).removeprefix("Nothing was sent. ")
            raise InvalidRequestError(
                f"Nothing was sent. At position {position} (from 0): {said}"
            ) from None
    return checked


def settings_body(
    schema: type[_Request], settings: ModelSettings | VerifySettings, omit: object = None
) -> Body:
    """Return the body for settings that came as a mapping.

    Raises:
        InvalidRequestError: They are no mapping, or break a limit.
    """
    fields = cast("object", settings)
    if not isinstance(fields, Mapping):
        raise InvalidRequestError(
            f"Nothing was sent. Settings are a dict, not {type(settings).__name__}."
        )
    names = cast("Mapping[object, object]", fields)
    if not all(isinstance(name, str) and name.isprintable() for name in names):
        raise InvalidRequestError("Nothing was sent. The names of settings are plain strings.")
    return request_body(schema, omit, **cast("Mapping[str, object]", fields))


def model_path(model_id: str | UUID) -> str:
    """Return the path of a model: its id is one segment, whatever it holds.

    Raises:
        InvalidRequestError: It is empty, `.` or `..`, or no id at all.
    """
    if isinstance(model_id, UUID):
        model_id = str(model_id)
    if not isinstance(model_id, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidRequestError(
            f"A model id is a string or a UUID, not {type(model_id).__name__}."
        )
    if model_id in ("", ".", ".."):
        raise InvalidRequestError(
            f"{model_id!r} is no model id. `create` returns one, and `list` shows them."
        )
    try:
        return f"/v1/models/{quote(model_id, safe='')}/"
    except UnicodeEncodeError as exc:
        raise InvalidRequestError("The model id holds characters that UTF-8 cannot write.") from exc
