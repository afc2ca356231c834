"""The OpenAPI document of the API, derived from what the resources declare."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import cast

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from root.emulator.actions import Action
from root.emulator.declaration import Operation
from root.emulator.events import EVENTS_TYPE
from root.emulator.fields import Fields
from root.emulator.forms import FORM_TYPES
from root.emulator.generations import Generation, shape_of
from root.emulator.openapi_components import HEADERS, PARAMETERS, SCHEMAS, page_size, reference
from root.emulator.openapi_responses import (
    Object,
    head_of,
    json_content,
    operation_of,
    options_of,
    problem_details_of,
    refusal_responses,
    response_of,
    success_of,
)
from root.emulator.openapi_schemas import (
    form_schema_of,
    has_filters,
    list_parameters_of,
    parameters_of,
    request_schema_of,
    schemas_of,
)
from root.emulator.resource import AnyResource
from root.emulator.resources import declared
from root.emulator.resources.catalogue import load_catalogue
from root.emulator.shapes import Shape

__all__ = ["OPENAPI_PATH", "describe", "openapi", "openapi_route"]

OPENAPI_PATH = "/openapi.json"


_DESCRIPTION = """\
Part of the Root Signals (now Scorable) API, as implemented by the emulator of its Python SDK.

Requests are parsed as by Django REST Framework, and described accordingly: a number is accepted\
 for a string without a minimum length, and a string of digits for an integer (also with other\
 signs, digits and white space than in the patterns of this document, as in Python's `int()`).\
 White space around a string is removed, and unknown fields are ignored.

Other methods get 405, other paths 404 in HTML, and a path without its final slash a redirect, 301.\
 The prefix `/v1` may be omitted, as clients do for data sets and judges.\
 Clients must accept additional fields and enum values in responses.\
"""


# Those of operations that write.
_WRITING = ("400", "403", "415")


def openapi(generation: Generation = "B") -> dict[str, JsonValue]:
    """Return the description of the API, an OpenAPI 3.1 document.

    Args:
        generation: The generation of the service.
    """
    resources = declared(load_catalogue(), generation=generation)
    return describe(resources, generation=generation)


def openapi_route(
    resources: Iterable[AnyResource], page_size_cap: int, generation: Generation
) -> Route:
    """Return the route of the document; no key is required."""
    document = JSONResponse(describe(resources, page_size_cap, generation))

    async def respond(_: Request) -> Response:
        return document

    return Route(OPENAPI_PATH, respond, methods=["GET"])


def describe(
    resources: Iterable[AnyResource], page_size_cap: int = 100, generation: Generation = "B"
) -> dict[str, JsonValue]:
    """Return an OpenAPI 3.1 document of some resources.

    Args:
        resources: The resources.
        page_size_cap: The maximum page size, and the default one.
        generation: The generation of the service.
    """
    resources = tuple(one for one in resources if one.operations or one.actions)
    paths: Object = {}
    schemas: Object = {}
    for resource in resources:
        paths |= _paths(resource, generation)
        schemas |= schemas_of(resource, generation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Root Signals API, as implemented by the emulator",
            "version": "1",
            "license": {"name": "MIT", "identifier": "MIT"},
            "description": _DESCRIPTION,
        },
        "servers": [{"url": "/", "description": "The server of this document."}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "`Api-Key`, a space, and the key.",
                }
            },
            "parameters": {**PARAMETERS, "page_size": page_size(page_size_cap)},
            "headers": HEADERS,
            "responses": refusal_responses(),
            "schemas": schemas | SCHEMAS,
        },
    }


def _paths(resource: AnyResource, generation: Generation) -> Object:
    """Return the paths of a resource, with their operations."""
    of_all: Object = _methods(resource, {"list": "get", "create": "post"})
    of_all["options"] = _options_of(resource, resource.plural, is_for_object=False)
    of_one: Object = {
        "parameters": [reference("parameters", "id")],
        **_methods(
            resource, {"retrieve": "get", "replace": "put", "update": "patch", "delete": "delete"}
        ),
        "options": _options_of(resource, resource.title, is_for_object=True),
    }
    return {
        resource.path: of_all,
        **{
            path: _actions(resource, actions, generation)
            for path, actions in resource.actions_by_path.items()
        },
        f"{resource.path}{{id}}/": of_one,
    }


def _methods(resource: AnyResource, methods: Mapping[Operation, str]) -> Object:
    """Return the operations that a resource has, by their HTTP method."""
    found: Object = {}
    for operation, method in methods.items():
        if operation not in resource.operations:
            continue
        described = _describe(resource, operation)
        if note := resource.notes.get(operation):
            described["description"] = note
        found[method] = described
        if method == "get":
            name = resource.plural if operation == "list" else resource.title
            found["head"] = head_of(f"head{name}", described)
    return found


def _describe(resource: AnyResource, operation: Operation) -> Object:
    """Return the description of an operation."""
    title, noun, names = resource.title, resource.noun, resource.name.replace("-", " ")
    summary = f"{operation.capitalize()} {'an' if noun[0] in 'aeiou' else 'a'} {noun}"
    one = success_of(f"The {noun}.", title)
    created = title if resource.created is None else f"Created{title}"
    match operation:
        case "list":
            links = _links(resource, "$response.body#/results/0/id", ("retrieve",))
            described = operation_of(
                f"list{resource.plural}",
                f"List the {names}, the newest first",
                {"200": success_of(f"A page of {names}.", f"{title}Page", links)},
                *(("400", "404 list") if has_filters(resource) else ("404 list",)),
                description=f"The organization's {names}"
                f"{' and the public ones' if resource.has_public else ''}. A page can have fewer"
                f" {names} than requested, even none, while `next` is set.",
                parameters=[
                    *(reference("parameters", name) for name in ("cursor", "page_size")),
                    *list_parameters_of(resource),
                ],
            )
        case "create":
            links = _links(resource, "$response.body#/id", resource.operations)
            described = operation_of(
                f"create{title}",
                summary,
                {"201": success_of(f"The new {noun}.", created, links)},
                *_WRITING,
                description="There is no idempotency key: if there is no response, the"
                f" {noun} may have been created.",
                requestBody=_body(resource, "Request"),
            )
        case "retrieve":
            more: Object = {}
            for media_type in resource.retrieved_as:
                one["content"][media_type] = {"schema": {}}  # type: ignore[index, call-overload]
            if resource.retrieve_parameters:
                more["parameters"] = parameters_of(resource.retrieve_parameters)
            described = operation_of(
                f"retrieve{title}",
                summary,
                {"200": one},
                "404",
                *(("400",) if more else ()),
                **more,
            )
        case "replace":
            described = operation_of(
                f"replace{title}",
                summary,
                {"200": one},
                *_WRITING,
                "404",
                requestBody=_body(resource, "Request"),
            )
        case "update":
            described = operation_of(
                f"update{title}",
                summary,
                {"200": one},
                *_WRITING,
                "404",
                description="Omitted fields keep their value, and null clears a field.",
                requestBody=_body(resource, "Patch", is_partial=True),
            )
        case "delete":
            described = operation_of(
                f"delete{title}",
                summary,
                {"204": response_of(f"The {noun} was deleted.")},
                *(("400", "403", "404") if resource.refuses_deletion else ("403", "404")),
            )
    return described


def _actions(resource: AnyResource, actions: Iterable[Action], generation: Generation) -> Object:
    """Return the operations of a path of actions."""
    found: Object = {}
    names: list[str] = []
    for action in actions:
        name = _camel(f"{action.handler}_{resource.noun}")
        names.append(f"{name[0].upper()}{name[1:]}")
        found[action.method.lower()] = described = _action(
            name, action, shape_of(generation, resource.name, action.handler)
        )
        if action.method == "GET":
            found["head"] = head_of(f"head{names[-1]}", described)
        if action.is_for_object:
            found["parameters"] = [reference("parameters", "id")]
    options = _options_of(resource, names[0], is_for_object="parameters" in found)
    has_problem_details = any(action.has_problem_details for action in actions)
    found["options"] = _with_problem_details(options) if has_problem_details else options
    return found


def _action(name: str, action: Action, shape: Shape) -> Object:
    """Return the operation of an action."""
    fields = shape.renamed(action.fields)
    success = response_of(action.result)
    if action.schema is not None:
        content: Object = {action.media_type: {"schema": shape.schema(dict(action.schema))}}
        if action.streams:
            # Readers differ in whether a schema is that of the stream or of an event.
            content[EVENTS_TYPE] = {"schema": {"description": "Events with JSON as their data."}}
        success["content"] = content
    more: Object = {}
    refusals: set[str] = set() if action.method == "GET" else {"403"}
    if action.is_for_object or action.may_be_missing:
        refusals.add("404")
    if action.parameters:
        refusals.add("400")
        more["parameters"] = parameters_of(action.parameters)
    if fields:
        refusals |= {*_WRITING}
        more["requestBody"] = {
            "required": _is_required(fields) or bool(action.alternatives),
            "content": {
                **json_content(request_schema_of(fields, alternatives=action.alternatives)),
                **(_forms(fields) if action.accepts_forms else {}),
            },
        }
    operation = operation_of(name, action.summary, {str(action.status): success}, *refusals, **more)
    return _with_problem_details(operation) if action.has_problem_details else operation


def _with_problem_details(operation: Object) -> Object:
    """Return an operation whose refusals are problem details."""
    responses = cast("Object", operation["responses"])
    refused = {status: problem_details_of(status) for status in responses if status[0] == "4"}
    return {**operation, "responses": {**responses, **refused}}


def _options_of(resource: AnyResource, name: str, *, is_for_object: bool) -> Object:
    """Return the operation OPTIONS of a path."""
    if not is_for_object:
        return options_of(f"describe{name}")
    return options_of(
        f"describe{name}",
        "404",
        description=f"The {resource.noun} need not exist.",
        parameters=[reference("parameters", "any_id")],
    )


def _links(resource: AnyResource, expression: str, operations: Iterable[Operation]) -> Object:
    """Return links to the operations that use the ID of an object in a response."""
    names = [
        f"{operation}{resource.title}"
        for operation in operations
        if operation in resource.operations and operation not in ("list", "create")
    ]
    return {name: {"operationId": name, "parameters": {"id": expression}} for name in names}


def _body(resource: AnyResource, schema: str, *, is_partial: bool = False) -> Object:
    content = json_content(reference("schemas", f"{resource.title}{schema}"))
    if resource.accepts_forms:
        fields = resource.patched if is_partial else resource.fields
        content |= _forms(fields, is_partial=is_partial)
    return {"required": not is_partial and _is_required(resource.fields), "content": content}


def _forms(fields: Fields, *, is_partial: bool = False) -> Object:
    """Return the content of bodies that are forms; only those of several parts can have files."""
    found: Object = {}
    for media_type in FORM_TYPES:
        has_files = media_type == "multipart/form-data"
        schema = form_schema_of(fields, is_partial=is_partial, has_files=has_files)
        found[media_type] = {"schema": schema}
    return found


def _is_required(fields: Fields) -> bool:
    return any(field.required for field in fields.values())


def _camel(name: str) -> str:
    first, *others = re.split("[ _-]", name)
    return first + "".join(other.title() for other in others)
