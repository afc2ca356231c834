"""The schemas and parameters of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pydantic import JsonValue

from root.emulator.alternatives import Alternatives
from root.emulator.fields import SPACE, BooleanField, Field, Fields
from root.emulator.file_fields import FileField
from root.emulator.generations import Generation, shape_of
from root.emulator.json_fields import ListField
from root.emulator.openapi_components import reference
from root.emulator.openapi_responses import Object
from root.emulator.resource import AnyResource

__all__ = [
    "form_schema_of",
    "has_filters",
    "list_parameters_of",
    "parameters_of",
    "request_schema_of",
    "response_schema_of",
    "schemas_of",
]


def has_filters(resource: AnyResource) -> bool:
    """Return whether a list has parameters that may be invalid."""
    return bool(resource.filtered_by or resource.filters or resource.list_parameters)


def parameters_of(fields: Fields) -> list[JsonValue]:
    """Return parameters of the query; those that are not required may be empty."""
    return [
        {
            "name": parameter,
            "in": "query",
            "required": field.required,
            "description": field.description,
            "schema": field.request_schema() if field.required else _or_blank(field),
        }
        for parameter, field in fields.items()
    ]


def _or_blank(field: Field) -> Object:
    """Return the JSON Schema of a parameter of the query, which is ignored if it is blank."""
    blank: JsonValue = {"type": "string", "pattern": f"^[{SPACE}]*$"}
    return {"anyOf": [field.request_schema(), blank]}


def list_parameters_of(resource: AnyResource) -> list[JsonValue]:
    """Return the parameters of a list besides those of every list."""
    parameters: Object = {}
    if resource.sorted_by:
        names = [*resource.sorted_by, "created_at"]
        known: list[JsonValue] = [text for name in names for text in (name, f"-{name}")]
        parameters["ordering"] = {
            "description": "The ordering of the list, descending with a hyphen. Of several"
            " orderings, separated by commas, the first known one is used, by default -created_at.",
            "schema": {"anyOf": [{"enum": known}, {"type": "string"}], "default": "-created_at"},
        }
    for name, field in resource.filter_fields.items():
        parameters[name] = {
            "description": "Return only what has this value; an empty one is ignored.",
            "schema": _or_blank(field),
        }
    for name, filter_ in resource.filters.items():
        parameters[name] = {
            "description": filter_.description,
            "schema": _or_blank(filter_.field),
        }
    for name, field in resource.list_parameters.items():
        parameters[name] = {
            "description": field.description,
            "schema": _or_blank(field),
        }
    for name, description in resource.ignored.items():
        parameters[name] = {"description": description, "schema": {"type": "string"}}
    return [
        {"name": name, "in": "query", **parameter}
        for name, parameter in parameters.items()
        if isinstance(parameter, dict)
    ]


def request_schema_of(
    fields: Fields, *, alternatives: Iterable[Alternatives] = (), is_partial: bool = False
) -> Object:
    """Return the JSON Schema of a JSON body."""
    properties: Object = {
        name: _described(field, field.request_schema())
        for name, field in fields.items()
        if not isinstance(field, FileField)
    }
    schema = _body_schema(fields, properties, is_partial=is_partial)
    rules: list[JsonValue] = [one.schema(fields) for one in alternatives]
    if rules:
        schema["allOf"] = rules
    return schema


def form_schema_of(fields: Fields, *, has_files: bool, is_partial: bool = False) -> Object:
    """Return the JSON Schema of a body that is a form.

    A form has no null. An empty text stands for it, or for an omitted field.
    """
    properties: Object = {}
    for name, field in fields.items():
        if isinstance(field, FileField) and not has_files:
            continue
        given = replace(field, nullable=False)
        can_be_empty = field.nullable or not (
            field.required or isinstance(field, BooleanField | FileField | ListField)
        )
        schema = given.request_schema()
        if schema.get("type") == ["string", "number"]:
            # In a form, every value is a string.
            schema["type"] = ["string", "number", "boolean"]
        properties[name] = _described(field, _or_empty(schema) if can_be_empty else schema)
    return _body_schema(fields, properties, is_partial=is_partial)


def _or_empty(schema: Object) -> Object:
    """Return a JSON Schema that permits an empty string, too."""
    choices, pattern = schema.get("enum"), schema.get("pattern")
    if isinstance(choices, list):
        return {**schema, "enum": [*choices, ""]}
    if isinstance(pattern, str):
        kept = {name: value for name, value in schema.items() if name != "format"}
        return {**kept, "pattern": f"^$|{pattern}"}
    return {"anyOf": [schema, {"const": ""}]}


def _described(field: Field, schema: Object) -> Object:
    if field.is_secret or not field.is_stored:
        schema["writeOnly"] = True
    if field.description:
        schema["description"] = field.description
    return schema


def _body_schema(fields: Fields, properties: Object, *, is_partial: bool) -> Object:
    schema: Object = {"type": "object", "properties": properties}
    required: list[JsonValue] = [name for name, field in fields.items() if field.required]
    if required and not is_partial:
        schema["required"] = required
    return schema


def response_schema_of(resource: AnyResource, names: Iterable[str]) -> Object:
    """Return the JSON Schema of an object in a response."""
    outputs = resource.outputs()
    return {
        "type": "object",
        "required": [*names],
        "properties": {
            name: dict(outputs[name].schema)
            if name in outputs
            else resource.spec.fields[name].response_schema()
            for name in names
        },
    }


def schemas_of(resource: AnyResource, generation: Generation) -> Object:
    """Return the JSON Schemas of a resource."""
    shape = shape_of(generation, resource.name)
    of_list = shape_of(generation, resource.name, "list_page")
    fields = shape.renamed(resource.fields)
    title = resource.title
    listed = title if resource.listed is None else f"Listed{title}"
    link: Object = {"type": ["string", "null"]}
    schemas: Object = {title: shape.schema(response_schema_of(resource, resource.shown))}
    if resource.created is not None:
        schemas[f"Created{title}"] = shape.schema(response_schema_of(resource, resource.created))
    if {"create", "replace"} & {*resource.operations}:
        schemas[f"{title}Request"] = request_schema_of(fields)
    if "update" in resource.operations:
        schemas[f"{title}Patch"] = request_schema_of(
            shape.renamed(resource.patched), is_partial=True
        )
    if "list" in resource.operations:
        described = response_schema_of(resource, resource.listed or resource.shown)
        schemas[listed] = of_list.schema(described)
        schemas[f"{title}Page"] = {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": {
                    **link,
                    "description": "The next page: an absolute URL, a URL without host, or a"
                    " cursor; null on the last page.",
                },
                "previous": {**link, "description": "The previous page, in the same format."},
                "results": {"type": "array", "items": reference("schemas", listed)},
            },
        }
    return schemas
