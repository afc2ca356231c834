"""Parsing of large response bodies in steps, for a thread beside an event loop.

A parser in C holds Python's global lock for as long as it takes, and other threads wait. So values
are parsed in parts of at most 64 KiB, and the items of a page are validated one by one.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import ValidationError

from .._schemas.base import ResponseModel
from .._schemas.pages import MAX_ITEMS, ListResponse, share_field_names, share_parts
from .messages import RawResponse
from .parsing import NotJSONError, UnreadableError, parse, redact, shape_error
from .status_errors import without_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["parse_large", "read_json"]

T = TypeVar("T")

_PART = 65536

# Parts of an object that are validated in one step in C: a few dozen in any legitimate object, and
# thousands in the largest.
_MAX_NESTED = 20_000

# What is larger than a part is nested less deeply in any legitimate body.
_MAX_LEVELS = 32


def parse_large(schema: type[T], response: RawResponse, secrets: tuple[str, ...]) -> T:
    """Return a response body as a value, without echoes of secrets.

    The user's own schema is parsed in one step.

    Args:
        schema: What to parse it into; see `Operation`.
        response: The response.
        secrets: Strings to redact.

    Raises:
        UnreadableError: It is not JSON, or has a different shape.
    """
    # `list[Model]` and the like are not classes.
    kind: Any = schema
    is_ours = isinstance(kind, type) and issubclass(kind, ResponseModel)
    if not is_ours and kind is not object:
        value = parse(schema, response)
    else:
        try:
            raw = read_json(response.content)
        except (ValueError, RecursionError):
            raise NotJSONError("is not JSON") from None
        value = cast("T", raw)
        problem: UnreadableError | None = None
        if is_ours:
            try:
                value = _validated(kind, raw, has_halves=_has_halves(response.content))
            except UnreadableError as exc:
                # Its frames hold what was read, which may be a gigabyte.
                problem = exc.with_traceback(None)
        del raw
        if problem is not None:
            del value
            raise problem
    redact(value, secrets)
    return value


def _has_halves(content: bytes) -> bool:
    """Return whether a text may contain halves of characters, which `parse` replaces, too."""
    if b"\\ud" in content or b"\\uD" in content:
        return True
    try:
        content.decode()
    except UnicodeDecodeError:
        return True
    return False


def _check_nested(raw: object) -> None:
    """Check the number of values in the lists and objects of an item.

    Raises:
        UnreadableError: There are too many.
    """
    count = 0
    waiting = [raw]
    while waiting:
        value = waiting.pop()
        if not isinstance(value, (dict, list)):
            continue
        nested = cast("dict[str, object] | list[object]", value)
        count += len(nested)
        if count > _MAX_NESTED:
            raise UnreadableError("has too many values in one object")
        waiting += nested.values() if isinstance(nested, dict) else nested


def _validated(kind: Any, raw: object, *, has_halves: bool) -> Any:
    if not issubclass(kind, ListResponse):
        _check_nested(raw)
        return _model(kind, _without_halves(raw) if has_halves else raw, kind)
    page: Any = cast("type[ListResponse[ResponseModel]]", kind)
    items = _items(raw)
    if items is not None:
        if has_halves:
            items[:] = map(_without_halves, items)
        share_parts(items, page.item_type())
        if len(items) <= MAX_ITEMS:
            for index, item in enumerate(items):
                _check_nested(item)
                items[index] = _model(page.item_type(), item, page, ("results", index))
    response = _model(page, raw, page)
    share_field_names(response.results)
    return response


def _items(page: object) -> list[object] | None:
    """Return the items of a page, if it has the shape of one."""
    results: object = None
    if isinstance(page, dict):
        results = cast("dict[str, object]", page).get("results")
    return cast("list[object]", results) if isinstance(results, list) else None


def _without_halves(raw: object) -> object:
    return json.loads(without_surrogates(json.dumps(raw, ensure_ascii=False)))


def _model(kind: Any, raw: object, schema: Any, place: tuple[str | int, ...] = ()) -> Any:
    try:
        return kind.model_validate(raw)
    except ValidationError as exc:
        problems = exc.errors(include_url=False, include_context=False, include_input=False)
    raise shape_error(schema, problems, place)


def read_json(content: bytes) -> object:
    """Return the value of a JSON document, like `json.loads`.

    Raises:
        ValueError: It is not JSON, or a large value in it is nested too deeply.
    """
    text = content.decode(json.detect_encoding(content), "surrogatepass").removeprefix("\ufeff")
    reader = _Reader(text)
    value = reader.value(0)
    if reader.next_mark():
        raise ValueError("There is text after the document.")
    return value


class _Reader:
    """Reads JSON values from a text, one after the other."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._decode: Callable[[str, int], tuple[object, int]] = json.JSONDecoder().raw_decode
        # A part of the text, and where it begins.
        self._part = ""
        self._start = 0

    def next_mark(self) -> str:
        """Skip blanks, and return the next character, or an empty string at the end."""
        text, position = self._text, self._position
        while text[position : position + 1] in (" ", "\t", "\r", "\n"):
            position += 1
        self._position = position
        return text[position : position + 1]

    def value(self, level: int) -> object:
        """Read a value."""
        mark = self.next_mark()
        found = self._within_part()
        if found is not None:
            return found[0]
        if mark == '"':
            return self._string()
        if mark not in ("[", "{") or level == _MAX_LEVELS:
            raise ValueError("This is not JSON, or nested too deeply.")
        return self._list(level + 1) if mark == "[" else self._dict(level + 1)

    def _within_part(self) -> tuple[object] | None:
        """Read a value that ends within a part of the text; return None if it does not."""
        for is_new in (False, True):
            if is_new:
                self._start = self._position
                self._part = self._text[self._start : self._start + _PART]
            offset = self._position - self._start
            is_last = self._start + len(self._part) == len(self._text)
            try:
                value, end = self._decode(self._part, offset)
            except ValueError:
                continue
            # A number might continue after the part.
            following = self._part[end : end + 1]
            if is_last or (following and following in " \t\r\n,]}"):
                self._position = self._start + end
                return (value,)
        return None

    def _string(self) -> str:
        value, self._position = self._decode(self._text, self._position)
        return cast("str", value)

    def _list(self, level: int) -> list[object]:
        values: list[object] = []
        self._position += 1
        if self.next_mark() == "]":
            self._position += 1
            return values
        while True:
            values.append(self.value(level))
            if self._ends("]"):
                return values

    def _dict(self, level: int) -> dict[str, object]:
        values: dict[str, object] = {}
        self._position += 1
        if self.next_mark() == "}":
            self._position += 1
            return values
        while True:
            if self.next_mark() != '"':
                raise ValueError("A name is missing.")
            name = self._string()
            if self.next_mark() != ":":
                raise ValueError("A colon is missing.")
            self._position += 1
            values[name] = self.value(level)
            if self._ends("}"):
                return values

    def _ends(self, mark: str) -> bool:
        """Skip what follows a value; return whether that is the end of its container."""
        found = self.next_mark()
        if found not in (mark, ","):
            raise ValueError("A comma is missing.")
        self._position += 1
        return found == mark
