"""Components of the OpenAPI document that are the same for every resource."""

from __future__ import annotations

from typing import TypeAlias

from pydantic import JsonValue

__all__ = ["HEADERS", "PARAMETERS", "SCHEMAS", "page_size", "reference"]

Components: TypeAlias = dict[str, JsonValue]


def reference(kind: str, name: str) -> Components:
    """Return a reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def page_size(cap: int) -> Components:
    """Return the parameter with the page size.

    Args:
        cap: The maximum page size, and the default one.
    """
    return {
        "name": "page_size",
        "in": "query",
        "description": f"The page size, at most {cap}; {cap} also for invalid values.",
        "schema": {
            "anyOf": [{"type": "integer", "minimum": 1, "maximum": cap}, {"type": "string"}],
            "default": cap,
        },
    }


PARAMETERS: Components = {
    "id": {
        "name": "id",
        "in": "path",
        "required": True,
        "description": "The id: a UUID in any format.",
        "schema": {"type": "string", "format": "uuid"},
    },
    "any_id": {
        "name": "id",
        "in": "path",
        "required": True,
        "description": "Any id, also an unknown one.",
        "schema": {"type": "string"},
    },
    "cursor": {
        "name": "cursor",
        "in": "query",
        "description": "The cursor of a page, as in `next` and `previous`.",
        "schema": {"type": "string"},
    },
}

HEADERS: Components = {
    "RequestId": {
        "description": "The id of the request.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    },
    "Allow": {
        "description": "The allowed methods.",
        "required": True,
        "schema": {"type": "string"},
    },
    "AllowIfAny": {"description": "The allowed methods, if any.", "schema": {"type": "string"}},
    "Vary": {
        "description": "The header that the format of the response depends on.",
        "required": True,
        "schema": {"const": "Accept"},
    },
    "VaryIfAny": {
        "description": "The header that the format of the response depends on, if any.",
        "schema": {"const": "Accept"},
    },
    "Authenticate": {
        "description": "The authentication scheme.",
        "required": True,
        "schema": {"const": "Api-Key"},
    },
    "RetryAfter": {
        "description": "Seconds until the next permitted request.",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    },
}

SCHEMAS: Components = {
    "Metadata": {
        "type": "object",
        "required": ["name", "description", "renders", "parses"],
        "properties": {
            "name": {"type": "string"},
            "description": {"type": "string"},
            "renders": {"type": "array", "items": {"type": "string"}},
            "parses": {"type": "array", "items": {"type": "string"}},
            "actions": {
                "type": "object",
                "description": "The fields of bodies by method; omitted if the key cannot send"
                " any.",
                "additionalProperties": {
                    "type": "object",
                    "additionalProperties": reference("schemas", "Field"),
                },
            },
        },
    },
    "Field": {
        "type": "object",
        "required": ["type", "required", "read_only", "label"],
        "properties": {
            "type": {"type": "string"},
            "required": {"type": "boolean"},
            "read_only": {"type": "boolean"},
            "label": {"type": "string"},
            "min_length": {"type": "integer"},
            "max_length": {"type": "integer"},
            "min_value": {"type": "integer"},
            "max_value": {"type": "integer"},
        },
    },
    "Detail": {
        "type": "object",
        "description": "An error of the request as a whole.",
        "required": ["detail"],
        "properties": {"detail": {"type": "string"}},
        "additionalProperties": False,
    },
    "ProblemDetails": {
        "type": "object",
        "description": "An error (RFC 9457).",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "errors": reference("schemas", "FieldErrors"),
        },
    },
    "FieldErrors": {
        "type": "object",
        "description": "Errors by field; `non_field_errors` concern several fields. Those of a list"
        " or an object may be by item.",
        "minProperties": 1,
        "additionalProperties": {
            "anyOf": [reference("schemas", name) for name in ("Errors", "FieldErrors")]
        },
    },
    "Errors": {
        "type": "array",
        "description": "Error messages.",
        "minItems": 1,
        "items": {"type": "string"},
    },
}
