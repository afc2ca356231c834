"""Base classes of what the API returns.

Lenient: unknown fields are kept, unknown enum values stay strings, and IDs are strings. What
generic code has to know of a class is declared on it, as its facts.
"""

from __future__ import annotations

import json
import pprint
from collections.abc import Mapping
from datetime import datetime
from functools import cache, wraps
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    NamedTuple,
    Self,
    TypeAlias,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
)

from pydantic import BaseModel, ConfigDict, FailFast, JsonValue

from .._config import MAX_OBJECT_BYTES

if TYPE_CHECKING:
    from .._display.frames import Kind
    from .meta import ResponseMeta

__all__ = [
    "APIModel",
    "Facts",
    "Owner",
    "Parts",
    "PlainModel",
    "ResponseModel",
    "columns_of",
    "flatten",
    "hashable",
    "named_part_of",
    "part_of",
    "set_meta",
]


class Facts(NamedTuple):
    """What generic code has to know of a class of objects.

    Attributes:
        noun: The word for an object in messages.
        free_text: Fields that may contain any text, and so also an echo of a secret.
        shared_parts: Fields whose values repeat in listings: equal ones are kept once.
        summary: The columns that a page shows in a notebook, as far as they have values.
        write_only: Fields that may be sent and never come back; if one does, it is dropped.
        nouns: The word for several objects, if it is not the noun with an s.
        max_bytes: Maximum size of a response with such an object.
        properties: Properties that are columns of tables, in addition to the fields.
        listed_columns: The columns of a listing without details, if that has fewer.
        untabled: Columns that tables do not have: fields that another column has by their present
            names, those of older servers only, and those that mean nothing to users.
    """

    noun: str = "object"
    free_text: tuple[str, ...] = ()
    shared_parts: tuple[str, ...] = ()
    summary: tuple[str, ...] = ()
    write_only: frozenset[str] = frozenset()
    nouns: str = ""
    max_bytes: int = MAX_OBJECT_BYTES
    properties: tuple[str, ...] = ()
    listed_columns: tuple[str, ...] = ()
    untabled: frozenset[str] = frozenset()

    @property
    def plural(self) -> str:
        """The word for several objects."""
        return self.nouns or f"{self.noun}s"

    @property
    def singular(self) -> str:
        """The word for an object, with its article."""
        return f"{'an' if self.noun[0] in 'aeiou' else 'a'} {self.noun}"


P = TypeVar("P")


class _HashableFailFast(FailFast):
    # A union with None must be able to hash what it is made of.
    __hash__ = object.__hash__  # pyright: ignore[reportAssignmentType]


Parts: TypeAlias = Annotated[list[P], _HashableFailFast()]
"""A list in a response. The first wrong element is enough: an error for each takes gigabytes."""


class PlainModel(BaseModel):
    """A JSON object of the API, which can be converted to plain data."""

    def to_dict(self) -> dict[str, JsonValue]:
        """Return the fields that were given or received as plain data."""
        return self.model_dump(mode="json", exclude_unset=True)

    def to_json(self) -> str:
        """Return the fields that were given or received as a JSON document."""
        return json.dumps(self.to_dict())

    def to_str(self) -> str:
        """Return the fields that were given or received as readable text."""
        return pprint.pformat(self.to_dict())


class APIModel(PlainModel):
    """A JSON object that the API returns, alone or as a part of another one."""

    # JSON has no NaN, but pydantic's parser accepts it, and no comparison with it is true.
    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True,
        extra="allow",
        coerce_numbers_to_str=True,
        allow_inf_nan=False,
        # pydantic 2.9 reserves names like `model_params`, which are the API's.
        protected_namespaces=(),
    )

    def __hash__(self) -> int:
        # pydantic's fails for a field that is a list or a dict.
        return hash(hashable(self.__dict__))

    if not TYPE_CHECKING:
        # A dump contains the fields that the server sent, and no others.

        @wraps(BaseModel.model_dump)
        def model_dump(self, **options: object) -> dict[str, object]:
            return super().model_dump(**({"exclude_unset": True} | options))

        @wraps(BaseModel.model_dump_json)
        def model_dump_json(self, **options: object) -> str:
            return super().model_dump_json(**({"exclude_unset": True} | options))

    @classmethod
    def from_dict(cls, obj: Mapping[str, JsonValue]) -> Self:
        """Return an object with the fields of a response, such as those of `to_dict`.

        Raises:
            pydantic.ValidationError: They have a different shape.
        """
        return cls.model_validate(obj)

    @classmethod
    def from_json(cls, content: bytes | str) -> Self:
        """Return an object with the fields of a JSON document, such as a response body.

        Raises:
            ValueError: It is not JSON; `pydantic.ValidationError` if it has a different shape.
        """
        return cls.model_validate_json(content)

    def _repr_html_(self) -> str:
        from .._display.html import table

        return table(type(self).__name__, flatten(self).items())


class Owner(APIModel):
    """The user to whom something belongs."""

    email: str | None = None
    full_name: str | None = None


class ResponseModel(APIModel):
    """An object with metadata of the response that it came in."""

    # Not one attribute for each fact: any name may be one of the API's fields.
    __facts__: ClassVar[Facts] = Facts()

    # A slot and not a field, so it is not part of equality, dumps and the repr.
    __slots__ = ("_meta",)

    @property
    def meta(self) -> ResponseMeta:
        """Metadata of the response: status, headers, request ID, attempts, seconds.

        Raises:
            AttributeError: The object did not come in a response.
        """
        meta: ResponseMeta = object.__getattribute__(self, "_meta")
        return meta

    # pydantic copies and pickles its fields; the slot has to be carried along.

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


R = TypeVar("R", bound=ResponseModel)


def set_meta(model: R, meta: ResponseMeta) -> R:
    """Attach metadata to an object, which is frozen otherwise."""
    object.__setattr__(model, "_meta", meta)
    return model


def _meta_of(model: ResponseModel) -> ResponseMeta | None:
    return getattr(model, "_meta", None)


def _with_meta_of(source: ResponseModel, copy: R) -> R:
    meta = _meta_of(source)
    return copy if meta is None else set_meta(copy, meta)


def hashable(value: object) -> object:
    """Return a value to compute a hash from: equal ones for equal JSON."""
    if isinstance(value, list):
        return tuple(map(hashable, cast("list[object]", value)))
    if isinstance(value, dict):
        items = cast("dict[object, object]", value).items()
        return frozenset((name, hashable(one)) for name, one in items)
    return value


def part_of(annotation: object) -> type[APIModel] | None:
    """Return the class of a field that holds another object, or None."""
    for kind in _alternatives(annotation):
        if isinstance(kind, type) and issubclass(kind, APIModel):
            return kind
    return None


def named_part_of(annotation: object) -> type[APIModel] | None:
    """Return the class of the values of a field that holds a dict of other objects, or None."""
    for kind in _alternatives(annotation):
        if get_origin(kind) is dict:
            return part_of(get_args(kind)[1])
    return None


def _alternatives(annotation: object) -> tuple[object, ...]:
    """Return the members of a union, or the type alone."""
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)


@cache
def _parts_of(item: type[APIModel]) -> Mapping[str, type[APIModel]]:
    """Return the fields that hold another object, and their classes."""
    return {
        name: part
        for name, field in item.model_fields.items()
        if (part := part_of(field.annotation)) is not None
    }


@cache
def columns_of(item: type[APIModel], *, is_listed: bool = False) -> Mapping[str, Kind]:
    """Return the columns of a table of these objects: the names of fields, and what they hold.

    A field that holds another object has a column for each field of that, such as `owner.email`.

    Args:
        item: The class of the objects.
        is_listed: Whether they are those of a listing, which may have fewer fields.
    """
    facts = _facts_of(item)
    parts = _parts_of(item)
    columns: dict[str, Kind] = {}
    for name, field in item.model_fields.items():
        if name in parts:
            columns |= {f"{name}.{inner}": kind for inner, kind in columns_of(parts[name]).items()}
        else:
            columns[name] = _kind(field.annotation)
    columns |= dict.fromkeys(facts.properties, "text")
    if is_listed and facts.listed_columns:
        return {name: columns[name] for name in facts.listed_columns}
    return columns


def _facts_of(item: type[APIModel]) -> Facts:
    return item.__facts__ if issubclass(item, ResponseModel) else Facts()


def _kind(annotation: object) -> Kind:
    kinds = _alternatives(annotation)
    if bool in kinds:
        return "truth"
    if int in kinds:
        return "whole"
    if float in kinds:
        return "number"
    return "time" if datetime in kinds else "text"


def flatten(item: APIModel) -> dict[str, JsonValue]:
    """Return the fields of an object as one row: those of its parts as `owner.email` and so on."""
    row = _flattened(item.to_dict(), type(item))
    for name in _facts_of(type(item)).properties:
        row[name] = getattr(item, name)
    return {name: row[name] for name in (*columns_of(type(item)), *row) if name in row}


def _flattened(fields: Mapping[str, JsonValue], item: type[APIModel]) -> dict[str, JsonValue]:
    parts = _parts_of(item)
    row: dict[str, JsonValue] = {}
    nested: dict[str, JsonValue] = {}
    for name, value in fields.items():
        if name in parts and isinstance(value, dict):
            inner = _flattened(value, parts[name])
            nested |= {f"{name}.{inner_name}": field for inner_name, field in inner.items()}
        elif name not in parts or value is not None:
            row[name] = value
    untabled = _facts_of(item).untabled
    return {name: value for name, value in (row | nested).items() if name not in untabled}
