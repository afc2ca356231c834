"""The description of fields in responses to OPTIONS."""

from __future__ import annotations

from pydantic import JsonValue

from root.emulator.fields import Fields

__all__ = ["field_metadata", "label"]


def field_metadata(fields: Fields) -> dict[str, JsonValue]:
    """Return the description of fields in responses to OPTIONS."""
    return {
        name: {
            "type": field.type_name,
            "required": field.required,
            "read_only": False,
            "label": label(name),
            **field.limits(),
        }
        for name, field in fields.items()
    }


def label(name: str) -> str:
    """Return the label of a field."""
    return name.replace("_", " ").capitalize()
