"""Fields of responses that are not fields of requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import TypeAlias

from pydantic import JsonValue

from root.emulator.table_spec import Getter

__all__ = ["CREATED_AT", "ID", "OWNER", "VISIBILITY", "Output", "Schema"]

Schema: TypeAlias = Mapping[str, JsonValue]
"""A JSON Schema."""


@dataclass(frozen=True)
class Output:
    """A field of responses that is not a field of requests.

    Attributes:
        schema: The JSON Schema of its values.
        value: Returns the value for an object.
        type_name: The type in responses to OPTIONS, or None to omit the field there.
    """

    schema: Schema
    value: Getter
    type_name: str | None = None


ID = Output({"type": "string", "format": "uuid"}, attrgetter("id"), "string")


CREATED_AT = Output(
    {"type": "string", "format": "date-time"},
    lambda row: row.created_at.replace("+00:00", "Z"),
    "datetime",
)


VISIBILITY = Output({"enum": ["PUBLIC", "PUBLIC_UNLISTED", "PRIVATE"]}, attrgetter("visibility"))


OWNER = Output(
    {
        "type": "object",
        "required": ["email", "full_name"],
        "properties": {"email": {"type": "string"}, "full_name": {"type": "string"}},
    },
    lambda row: {"email": row.email, "full_name": row.full_name},
)
