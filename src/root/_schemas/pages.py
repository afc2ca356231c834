"""Pages of a listing: as the API sends them, and as they are given to the user."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, Self, TypeVar, cast

from pydantic import FailFast, Field, ValidationError
from pydantic_core import from_json

from .._config import MAX_BYTES
from .._secrets.redact import redactor
from .base import (
    APIModel,
    Facts,
    ResponseModel,
    columns_of,
    flatten,
    named_part_of,
    part_of,
)

if TYPE_CHECKING:
    import pandas
    import polars
    from pydantic import JsonValue

    from .._display.frames import Kind
    from .meta import ResponseMeta

__all__ = [
    "MAX_ITEMS",
    "ListResponse",
    "Page",
    "description",
    "list_response",
    "redact_echoes",
    "share_field_names",
    "share_parts",
]

MAX_ITEMS = 10_000
"""Maximum number of items of a page. The service usually sends up to 100."""

# A shorter secret is a word, and may occur in any text by chance.
_MIN_SECRET = 12

T = TypeVar("T", bound=ResponseModel)


class ListResponse(ResponseModel, Generic[T]):
    """A page as the API sends it."""

    __facts__: ClassVar[Facts] = Facts(free_text=("next", "previous"), max_bytes=MAX_BYTES)

    next: str | None = None
    previous: str | None = None
    # The first wrong entry is enough: an error for each one would take gigabytes and minutes.
    # And a model takes a hundred times as much memory as the shortest JSON for it.
    results: Annotated[list[T], FailFast(), Field(max_length=MAX_ITEMS)]

    @classmethod
    def item_type(cls) -> type[T]:
        """Return the class of the items."""
        (item,) = cls.__pydantic_generic_metadata__["args"]
        return cast("type[T]", item)

    @classmethod
    def from_json(cls, content: bytes | str) -> Self:
        raw = from_json(content, cache_strings="keys")
        if isinstance(raw, dict):
            share_parts(cast("dict[str, object]", raw).get("results"), cls.item_type())
        response = cls.model_validate(raw)
        share_field_names(response.results)
        return response

    # pickle finds no class by the name `ListResponse[Model]`.
    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return _unpickle, (self.item_type(), self.__getstate__())


@cache
def list_response(item: type[T]) -> type[ListResponse[T]]:
    """Return the class of a page of these items; kept, since making one takes a millisecond."""
    return cast("type[ListResponse[T]]", ListResponse.__class_getitem__(item))


def _unpickle(item: type[ResponseModel], state: dict[str, object]) -> object:
    kind = list_response(item)
    response = kind.__new__(kind)
    response.__setstate__(state)
    return response


def description(schema: object) -> str:
    """Return what a response of this class is called in messages."""
    # An annotated type, such as a list whose first wrong element is enough.
    schema = getattr(schema, "__origin__", schema) if hasattr(schema, "__metadata__") else schema
    # `list[Model]` has a name, `Model | None` has none.
    name: object = getattr(schema, "__name__", None)
    if isinstance(schema, type) and issubclass(schema, ListResponse):
        pages = cast("type[ListResponse[ResponseModel]]", schema)
        return f"a page of {pages.item_type().__facts__.plural}"
    if isinstance(schema, type) and issubclass(schema, ResponseModel):
        return schema.__facts__.singular
    if not isinstance(name, str):
        return f"the type {schema}"
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def redact_echoes(model: ResponseModel, secrets: Iterable[str]) -> None:
    """Remove what a service should not have sent: write-only fields, and echoes of secrets.

    They are searched where any text may occur: in fields of free text and in unknown fields.
    """
    parts: list[ResponseModel] = [model]
    with_texts = parts
    if isinstance(model, ListResponse):
        page = cast("ListResponse[ResponseModel]", model)
        parts = [page, *page.results]
        if page.item_type().__facts__.free_text:
            with_texts = parts
    elif not (model.__facts__.free_text or model.__pydantic_extra__):
        return
    texts = [
        (part, name)
        for part in with_texts
        for name in part.__facts__.free_text
        if getattr(part, name) is not None
    ]
    unknown = [part for part in parts if part.__pydantic_extra__]
    if not texts and not unknown:
        return
    clean = redactor([secret for secret in secrets if len(secret) >= _MIN_SECRET])
    if _is_clean(texts, unknown, clean):
        return
    for part, name in texts:
        text = _redacted(getattr(part, name), clean, part.__facts__.write_only)
        object.__setattr__(part, name, text)
    for part in unknown:
        extra = _redacted(part.__pydantic_extra__, clean, part.__facts__.write_only)
        object.__setattr__(part, "__pydantic_extra__", extra)
        part.model_fields_set.difference_update(part.__facts__.write_only)


def _is_clean(
    texts: list[tuple[ResponseModel, str]],
    unknown: list[ResponseModel],
    clean: Callable[[str], str],
) -> bool:
    """Return whether there is nothing to redact: one search is faster than one for each text."""
    found: list[str] = []
    names: set[str] = set()
    for part, name in texts:
        _collect(getattr(part, name), found)
    for part in unknown:
        if part.__facts__.write_only:
            return False
        extra = part.__pydantic_extra__ or {}
        # Those of a listing are the same on all items.
        names.update(extra)
        for value in extra.values():
            if isinstance(value, str):
                found.append(value)
            elif value is not None:
                _collect(value, found)
    whole = "\n".join((*names, *found))
    return clean(whole) is whole


def _collect(content: object, found: list[str]) -> None:
    """Add all texts to a list."""
    if isinstance(content, str):
        found.append(content)
    elif isinstance(content, list):
        for value in cast("list[object]", content):
            _collect(value, found)
    elif isinstance(content, dict):
        for name, value in cast("dict[str, object]", content).items():
            found.append(name)
            if isinstance(value, str):
                found.append(value)
            elif value is not None:
                _collect(value, found)


def _redacted(content: object, clean: Callable[[str], str], write_only: frozenset[str]) -> object:
    if isinstance(content, str):
        return clean(content)
    # In place, since a copy might take much memory. Nobody else has seen it.
    if isinstance(content, list):
        items = cast("list[object]", content)
        for index, item in enumerate(items):
            if isinstance(item, (str, list, dict)):
                items[index] = _redacted(cast("object", item), clean, write_only)
        return items
    if not isinstance(content, dict):
        return content
    return {
        clean(name): _redacted(value, clean, write_only)
        for name, value in cast("dict[str, object]", content).items()
        if name not in write_only
    }


# pydantic makes 2.8 KB of a listed model, most of it its owner, its provider and three sets of
# field names, all of which are the same on many others. They are frozen, so one object can serve
# many: 0.7 KB remain, in no more time, since fewer objects are made.


def share_parts(items: object, item: type[ResponseModel]) -> None:
    """Replace equal parts of the items by one object."""
    # Too many, or a wrong shape: left for pydantic to report.
    if not isinstance(items, list) or len(cast("list[object]", items)) > MAX_ITEMS:
        return
    objects = [
        cast("dict[str, Any]", one) for one in cast("list[object]", items) if isinstance(one, dict)
    ]
    known: dict[object, dict[object, tuple[object, object]]] = {}
    for name in item.__facts__.shared_parts:
        annotation = item.model_fields[name].annotation
        if (kind := part_of(annotation)) is not None:
            # The owner and who has changed it are often the same.
            _share_part(objects, name, kind.model_validate, known.setdefault(kind, {}))
        elif (kind := named_part_of(annotation)) is not None:
            _share_part(objects, name, partial(_named_parts, kind), {})


def _share_part(
    items: list[dict[str, Any]],
    name: str,
    parse: Callable[[dict[str, Any]], object],
    known: dict[object, tuple[object, object]],
) -> None:
    # This runs for each item of a listing: hence no `cast`, which is a call.
    for fields in items:
        raw: Any = fields.get(name)
        if raw.__class__ is not dict or not raw:
            continue
        # The first value distinguishes most parts, and names do so for a dict of parts. The
        # comparison below is exact.
        key: Any = next(iter(raw.values()))
        if key.__class__ is not str:
            key = tuple(raw) if key.__class__ is dict else repr(key)
        found = known.get(key)
        if found is None or found[0] != raw:
            try:
                found = known[key] = raw, parse(raw)
            except ValidationError:
                # It is reported when the page is validated, with its place in the page.
                continue
        fields[name] = found[1]


def _named_parts(kind: type[APIModel], raw: dict[str, Any]) -> dict[str, APIModel]:
    # pydantic copies the dict, so that each item has its own, which a user may change.
    return {name: kind.model_validate(part) for name, part in raw.items()}


def share_field_names(items: list[T]) -> None:
    """Replace equal sets of field names by one object."""
    names: set[str] = set()
    for item in items:
        # Not `model_fields_set`, a property, which takes longer.
        own = item.__pydantic_fields_set__
        if own != names:
            names = own
        else:
            object.__setattr__(item, "__pydantic_fields_set__", names)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a listing.

    Attributes:
        items: The items of the page.
        next_cursor: The cursor of the next page, or None on the last one.
        meta: Metadata of the response.
        item_type: The class of the items, from which an empty page has the columns of its frames.
        has_details: Whether the items have all fields, and not only those of a listing.
    """

    items: list[T]
    next_cursor: str | None
    meta: ResponseMeta = field(repr=False, compare=False)
    item_type: type[T] | None = field(default=None, repr=False, compare=False)
    has_details: bool = field(default=True, repr=False, compare=False)

    def __hash__(self) -> int:
        return hash((*self.items, self.next_cursor))

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def to_dicts(self) -> list[dict[str, JsonValue]]:
        """Return the items as plain data, each as its `to_dict` does."""
        return [item.to_dict() for item in self.items]

    def to_pandas(self) -> pandas.DataFrame:
        """Return the items as a pandas frame, as `list(...).to_pandas()` does.

        Raises:
            ImportError: pandas is not installed; the extra `pandas` contains it.
        """
        from .._display.frames import to_pandas

        return to_pandas(map(flatten, self.items), self._columns())

    def to_polars(self) -> polars.DataFrame:
        """Return the items as a polars frame, as `list(...).to_polars()` does.

        Raises:
            ImportError: polars is not installed; the extra `polars` contains it.
        """
        from .._display.frames import to_polars

        return to_polars(map(flatten, self.items), self._columns())

    def _columns(self) -> Mapping[str, Kind]:
        kind = self._kind()
        return {} if kind is None else columns_of(kind, is_listed=not self.has_details)

    def _kind(self) -> type[ResponseModel] | None:
        return self.item_type or (type(self.items[0]) if self.items else None)

    def _repr_html_(self) -> str:
        from .._display.html import table

        rows = [flatten(item) for item in self.items]
        kind = self._kind() or ResponseModel
        names = kind.__facts__.summary or tuple(columns_of(kind))
        columns = [name for name in names if any(row.get(name) is not None for row in rows)]
        return table(
            f"{type(self).__name__} of {len(self)} {kind.__facts__.plural}",
            [[row.get(name) for name in columns] for row in rows],
            columns=columns,
            caption=f"next_cursor: {self.next_cursor}",
        )
