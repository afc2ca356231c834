"""Fields of a body of which either these or those must be given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pydantic import JsonValue

from root.emulator.fields import Field, Fields, Value
from root.emulator.problems import Problem

__all__ = ["Alternatives"]


@dataclass(frozen=True)
class Alternatives:
    """Groups of fields: a body has a value in exactly one group, in one field of it at least.

    Attributes:
        groups: The names of the fields of each group.
        text: The error of a body without a value in any of them, or in several groups.
        missing: The error of a body without a value, if it differs.
    """

    groups: tuple[tuple[str, ...], ...]
    text: str
    missing: str | None = None

    def check(self, values: Mapping[str, Value]) -> None:
        """Check the validated values of a body.

        Raises:
            Problem: There is no value, or there are values in several groups.
        """
        given = sum(any(values.get(name) is not None for name in group) for group in self.groups)
        if given != 1:
            text = self.text if given or self.missing is None else self.missing
            raise Problem(400, {"non_field_errors": [text]})

    def schema(self, fields: Fields) -> dict[str, JsonValue]:
        """Return the JSON Schema of a body.

        Args:
            fields: The fields of the body; others are not in the schema.
        """
        groups = [
            [_given(name, fields[name]) for name in group if name in fields]
            for group in self.groups
        ]
        return _combined("oneOf", [_combined("anyOf", group) for group in groups])


def _given(name: str, field: Field) -> dict[str, JsonValue]:
    types = replace(field, nullable=False).request_schema()["type"]
    return {"required": [name], "properties": {name: {"type": types}}}


def _combined(word: str, schemas: list[dict[str, JsonValue]]) -> dict[str, JsonValue]:
    """Return a JSON Schema that combines others, of which empty ones are left out."""
    found = [schema for schema in schemas if schema]
    if len(found) > 1:
        return {word: [*found]}
    return found[0] if found else {}
