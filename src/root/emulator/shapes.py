"""How the bodies of an endpoint differ between generations of the service."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar, cast

from pydantic import JsonValue

from root.emulator.problems import Problem

__all__ = ["Shape"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shape:
    """How the bodies of a resource differ from those of the emulator.

    Attributes:
        without: The fields that responses lack; a dot precedes one of a part.
        read: The names of fields in requests, with their names in the emulator or None for those
            that are ignored.
        words: The values that fields of responses have instead of others.
        errors: The bodies of errors that would name an ignored field, by their texts.
    """

    without: tuple[str, ...] = ()
    read: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    errors: Mapping[str, Mapping[str, object]] = field(
        default_factory=dict[str, Mapping[str, object]]
    )

    def read_body(self, body: bytes) -> bytes:
        """Return the body of a request with the names of the emulator; others are left as is."""
        try:
            given = cast("object", json.loads(body))
        except (ValueError, RecursionError):
            return body
        if not isinstance(given, dict):
            return body
        names = {name: self.read.get(name, name) for name in cast("dict[str, object]", given)}
        return json.dumps(
            {target: given[name] for name, target in names.items() if target is not None}
        ).encode()

    def write(self, value: object) -> None:
        """Change the JSON of a response, a page or an object or a list of them."""
        content = value
        if isinstance(value, dict) and "results" in value and "next" in value:
            content = cast("dict[str, object]", value)["results"]
        for path in self.without:
            _remove(content, path.split("."))
        items = cast("list[object]", content if isinstance(content, list) else [content])
        for one in items:
            if isinstance(one, dict):
                item = cast("dict[str, object]", one)
                for name, words in self.words.items():
                    if name in item:
                        item[name] = words.get(str(item[name]), item[name])

    def renamed(self, fields: Mapping[str, T]) -> dict[str, T]:
        """Return what is known of the emulator's fields of requests by their names in requests."""
        found: dict[str, T] = {}
        for name, known in fields.items():
            others = [other for other, target in self.read.items() if target == name]
            is_kept = self.read.get(name, name) == name
            found |= dict.fromkeys([*((name,) if is_kept else ()), *others], known)
        return found

    def schema(self, schema: JsonValue) -> JsonValue:
        """Return the JSON Schema of a response."""
        for path in self.without:
            schema = _without(schema, path.split("."))
        for name, words in self.words.items():
            schema = _with_words(schema, name, words)
        return schema

    def rename_errors(self, problem: Problem) -> None:
        """Give errors of fields the names that the fields have in requests."""
        for text, body in self.errors.items():
            if problem.body == {"non_field_errors": [text]}:
                problem.body = body
        names = {target: name for name, target in self.read.items() if target is not None}
        problem.body = {names.get(name, name): text for name, text in problem.body.items()}


def _remove(value: object, path: list[str]) -> None:
    """Remove a field of an object, or of those of a list, which may be in a part."""
    name, *others = path
    for one in cast("list[object]", value) if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            item = cast("dict[str, object]", one)
            if others:
                _remove(item.get(name), others)
            else:
                item.pop(name, None)


def _without(schema: JsonValue, path: list[str]) -> JsonValue:
    """Return a JSON Schema without a property, which may be one of a part."""
    if not isinstance(schema, dict):
        return schema
    changed = dict(schema)
    if "items" in changed:
        changed["items"] = _without(changed["items"], path)
    properties = changed.get("properties")
    if not isinstance(properties, dict) or path[0] not in properties:
        return changed
    properties = dict(properties)
    changed["properties"] = properties
    if len(path) > 1:
        properties[path[0]] = _without(properties[path[0]], path[1:])
        return changed
    del properties[path[0]]
    required = changed.get("required")
    if isinstance(required, list):
        changed["required"] = [name for name in required if name != path[0]]
    return changed


def _with_words(schema: JsonValue, name: str, words: Mapping[str, str]) -> JsonValue:
    """Return a JSON Schema in which a property has other values."""
    if not isinstance(schema, dict):
        return schema
    properties = schema.get("properties")
    if not isinstance(properties, dict) or name not in properties:
        return schema
    known = properties[name]
    enum = known.get("enum") if isinstance(known, dict) else None
    if not isinstance(enum, list):
        return schema
    changed: JsonValue = {"enum": [words.get(str(word), word) for word in enum]}
    return {**schema, "properties": {**properties, name: changed}}
