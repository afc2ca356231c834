"""Fields whose values are lists and objects; their columns hold JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from pydantic import JsonValue

from root.emulator.fields import Field, Fields, InvalidValueError, Value, clean_fields

__all__ = ["ANY_OBJECT", "JsonField", "ListField", "MapField", "ObjectField"]


@dataclass(frozen=True, kw_only=True)
class JsonField(Field):
    """A field with any JSON value.

    Attributes:
        schema: The JSON Schema in the OpenAPI document.
    """

    schema: dict[str, JsonValue] | None = None

    @property
    def type_name(self) -> str:
        """The type in responses to OPTIONS."""
        return "field"

    def clean(self, value: object) -> Value:
        """Return the value, which was parsed from JSON."""
        return cast("Value", value)

    def request_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of accepted values."""
        return dict(self.schema or {})

    def response_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of returned values."""
        return self.request_schema()


@dataclass(frozen=True, kw_only=True)
class ListField(JsonField):
    """A field with a list.

    Attributes:
        child: The field of each item.
        min_items: The minimum number of items.
        max_items: The maximum number of items, or None.
    """

    child: Field
    min_items: int = 0
    max_items: int | None = None

    @property
    def type_name(self) -> str:
        """The type in responses to OPTIONS."""
        return "list"

    def clean(self, value: object) -> list[Value]:
        """Return the list.

        Raises:
            InvalidValueError: The value is invalid.
        """
        if not isinstance(value, list):
            name = type(value).__name__
            raise InvalidValueError(f'Expected a list of items but got type "{name}".')
        items = cast("list[object]", value)
        if len(items) < self.min_items:
            raise InvalidValueError(
                f"Ensure this field has at least {self.min_items} elements."
                if items
                else "This list may not be empty."
            )
        if self.max_items is not None and len(items) > self.max_items:
            raise InvalidValueError(
                f"Ensure this field has no more than {self.max_items} elements."
            )
        return [*_clean_items(self.child, {str(n): item for n, item in enumerate(items)}).values()]

    def request_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of accepted values."""
        return self._schema(self.child.request_schema())

    def response_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of returned values."""
        return self._schema(self.child.response_schema())

    def _schema(self, items: JsonValue) -> dict[str, JsonValue]:
        schema = _type("array", self)
        schema["items"] = items
        if self.min_items:
            schema["minItems"] = self.min_items
        if self.max_items is not None:
            schema["maxItems"] = self.max_items
        return schema


@dataclass(frozen=True, kw_only=True)
class MapField(JsonField):
    """A field with an object that has any keys.

    Attributes:
        child: The field of each value.
    """

    child: Field

    @property
    def type_name(self) -> str:
        """The type in responses to OPTIONS."""
        return "field"

    def clean(self, value: object) -> dict[str, Value]:
        """Return the object.

        Raises:
            InvalidValueError: The value is invalid.
        """
        return _clean_items(self.child, _as_object(value))

    def request_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of accepted values."""
        return {**_type("object", self), "additionalProperties": self.child.request_schema()}

    def response_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of returned values."""
        return {**_type("object", self), "additionalProperties": self.child.response_schema()}


ANY_OBJECT = MapField(child=JsonField(nullable=True))
"""A field with any object."""


@dataclass(frozen=True, kw_only=True)
class ObjectField(JsonField):
    """A field with an object that has fields itself.

    Attributes:
        fields: Its fields; omitted ones get their default.
    """

    fields: Fields

    @property
    def type_name(self) -> str:
        """The type in responses to OPTIONS."""
        return "nested object"

    def clean(self, value: object) -> dict[str, Value]:
        """Return the object.

        Raises:
            InvalidValueError: The value is invalid.
        """
        values = clean_fields(_as_object(value), self.fields, partial=False)
        return {name: values.get(name, field.default) for name, field in self.fields.items()}

    def request_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of accepted values."""
        properties: dict[str, JsonValue] = {
            name: field.request_schema() for name, field in self.fields.items()
        }
        schema: dict[str, JsonValue] = {**_type("object", self), "properties": properties}
        required: list[JsonValue] = [n for n, field in self.fields.items() if field.required]
        if required:
            schema["required"] = required
        return schema

    def response_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of returned values."""
        properties: dict[str, JsonValue] = {
            name: field.response_schema() for name, field in self.fields.items()
        }
        required: list[JsonValue] = [*self.fields]
        return {**_type("object", self), "properties": properties, "required": required}


def _type(name: str, field: Field) -> dict[str, JsonValue]:
    return {"type": [name, "null"] if field.nullable else name}


def _as_object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        name = type(value).__name__
        raise InvalidValueError(f'Expected a dictionary of items but got type "{name}".')
    return cast("dict[str, object]", value)


def _clean_items(child: Field, items: dict[str, object]) -> dict[str, Value]:
    return clean_fields(items, dict.fromkeys(items, child), partial=False)
