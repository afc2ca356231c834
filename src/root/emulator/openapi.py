"""The OpenAPI document of the API, derived from what the resources declare."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias, cast

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from root.emulator.events import EVENTS_TYPE
from root.emulator.fields import Field, Fields
from root.emulator.file_fields import FileField
from root.emulator.forms import FORM_TYPES
from root.emulator.generations import Generation, shape_of
from root.emulator.openapi_components import HEADERS, PARAMETERS, SCHEMAS, page_size, reference
from root.emulator.resource import Action, AnyResource, Operation
from root.emulator.resources import declared
from root.emulator.resources.catalogue import load_catalogue
from root.emulator.shapes import Shape

__all__ = ["OPENAPI_PATH", "describe", "openapi", "openapi_route"]

OPENAPI_PATH = "/openapi.json"

_Object: TypeAlias = dict[str, JsonValue]

_DESCRIPTION = """\
Part of the Root Signals (now Scorable) API, as implemented by the emulator of its Python SDK.

Requests are parsed as by Django REST Framework, and described accordingly: a number is accepted\
 for a string, and a string of digits for an integer (also with other signs, digits and white space\
 than in the patterns of this document, as in Python's `int()`). White space around a string is\
 removed, and unknown fields are ignored.

Other methods get 405, other paths 404 in HTML, and a path without its final slash a redirect, 301.\
 The prefix `/v1` may be omitted, as clients do for data sets and judges.\
 Clients must accept additional fields and enum values in responses.\
"""

# The responses to requests that are refused, by status: name, description, further headers.
_REFUSALS: Mapping[str, tuple[str, str, Mapping[str, str]]] = {
    "400": ("BadRequest", "The request is invalid.", {}),
    "401": (
        "Unauthorized",
        "The request has no key, or an unknown one.",
        {"WWW-Authenticate": "Authenticate"},
    ),
    "403": ("Forbidden", "The key lacks the permission.", {}),
    "404": (
        "NotFound",
        "The key cannot read an object with this id; in HTML if the id contains a dot or a slash.",
        {},
    ),
    "404 list": (
        "InvalidCursor",
        "The cursor is invalid.",
        {},
    ),
    "406": ("NotAcceptable", "The client does not accept JSON.", {}),
    "415": ("UnsupportedMediaType", "The media type of the body is not JSON.", {}),
    "429": ("Throttled", "The rate limit of the key is exceeded.", {"Retry-After": "RetryAfter"}),
}

# Those of every operation, and those of operations that write.
_ALWAYS = ("401", "406", "429")
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
    paths: _Object = {}
    schemas: _Object = {}
    for resource in resources:
        paths |= _paths(resource, generation)
        schemas |= _schemas(resource, generation)
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
            "responses": _refusals(),
            "schemas": schemas | SCHEMAS,
        },
    }


def _paths(resource: AnyResource, generation: Generation) -> _Object:
    """Return the paths of a resource, with their operations."""
    of_all: _Object = _methods(resource, {"list": "get", "create": "post"})
    of_all["options"] = _options_of(resource, resource.plural, is_for_object=False)
    of_one: _Object = {
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


def _methods(resource: AnyResource, methods: Mapping[Operation, str]) -> _Object:
    """Return the operations that a resource has, by their HTTP method."""
    found: _Object = {}
    for operation, method in methods.items():
        if operation not in resource.operations:
            continue
        described = _describe(resource, operation)
        if note := resource.notes.get(operation):
            described["description"] = note
        found[method] = described
        if method == "get":
            name = resource.plural if operation == "list" else resource.title
            found["head"] = _head(f"head{name}", described)
    return found


def _describe(resource: AnyResource, operation: Operation) -> _Object:
    """Return the description of an operation."""
    title, noun, names = resource.title, resource.noun, resource.name.replace("-", " ")
    summary = f"{operation.capitalize()} {'an' if noun[0] in 'aeiou' else 'a'} {noun}"
    one = _success(f"The {noun}.", title)
    created = title if resource.created is None else f"Created{title}"
    match operation:
        case "list":
            links = _links(resource, "$response.body#/results/0/id", ("retrieve",))
            described = _operation(
                f"list{resource.plural}",
                f"List the {names}, the newest first",
                {"200": _success(f"A page of {names}.", f"{title}Page", links)},
                *(("400", "404 list") if _has_filters(resource) else ("404 list",)),
                description=f"The organization's {names}"
                f"{' and the public ones' if resource.has_public else ''}. A page can have fewer"
                f" {names} than requested, even none, while `next` is set.",
                parameters=[
                    *(reference("parameters", name) for name in ("cursor", "page_size")),
                    *_own_parameters(resource),
                ],
            )
        case "create":
            links = _links(resource, "$response.body#/id", resource.operations)
            described = _operation(
                f"create{title}",
                summary,
                {"201": _success(f"The new {noun}.", created, links)},
                *_WRITING,
                description="There is no idempotency key: if there is no response, the"
                f" {noun} may have been created.",
                requestBody=_body(resource, "Request"),
            )
        case "retrieve":
            more: _Object = {}
            for media_type in resource.retrieved_as:
                one["content"][media_type] = {"schema": {}}  # type: ignore[index, call-overload]
            if resource.retrieve_parameters:
                more["parameters"] = _parameters(resource.retrieve_parameters)
            described = _operation(
                f"retrieve{title}",
                summary,
                {"200": one},
                "404",
                *(("400",) if more else ()),
                **more,
            )
        case "replace":
            described = _operation(
                f"replace{title}",
                summary,
                {"200": one},
                *_WRITING,
                "404",
                requestBody=_body(resource, "Request"),
            )
        case "update":
            described = _operation(
                f"update{title}",
                summary,
                {"200": one},
                *_WRITING,
                "404",
                description="Omitted fields keep their value, and null clears a field.",
                requestBody=_body(resource, "Patch", is_partial=True),
            )
        case "delete":
            described = _operation(
                f"delete{title}",
                summary,
                {"204": _response(f"The {noun} was deleted.")},
                *(("400", "403", "404") if resource.refuses_deletion else ("403", "404")),
            )
    return described


def _actions(resource: AnyResource, actions: Iterable[Action], generation: Generation) -> _Object:
    """Return the operations of a path of actions."""
    found: _Object = {}
    names: list[str] = []
    for action in actions:
        name = _camel(f"{action.handler}_{resource.noun}")
        names.append(f"{name[0].upper()}{name[1:]}")
        found[action.method.lower()] = described = _action(
            name, action, shape_of(generation, resource.name, action.handler)
        )
        if action.method == "GET":
            found["head"] = _head(f"head{names[-1]}", described)
        if action.is_for_object:
            found["parameters"] = [reference("parameters", "id")]
    found["options"] = _options_of(resource, names[0], is_for_object="parameters" in found)
    return found


def _action(name: str, action: Action, shape: Shape) -> _Object:
    """Return the operation of an action."""
    fields = shape.renamed(action.fields)
    success = _response(action.result)
    if action.schema is not None:
        content: _Object = {action.media_type: {"schema": shape.schema(dict(action.schema))}}
        if action.streams:
            content[EVENTS_TYPE] = {"schema": {"type": "string"}}
        success["content"] = content
    more: _Object = {}
    refusals: set[str] = set() if action.method == "GET" else {"403"}
    if action.is_for_object or action.may_be_missing:
        refusals.add("404")
    if action.parameters:
        refusals.add("400")
        more["parameters"] = _parameters(action.parameters)
    if fields:
        refusals |= {*_WRITING}
        more["requestBody"] = {
            "required": _is_required(fields),
            "content": {
                **_json(_request_schema(fields)),
                **(_forms(fields) if action.accepts_forms else {}),
            },
        }
    operation = _operation(name, action.summary, {str(action.status): success}, *refusals, **more)
    if action.has_problem_details:
        responses = cast("_Object", operation["responses"])
        for status in responses.keys() - {str(action.status)}:
            responses[status] = _problem_details(status)
    return operation


def _problem_details(status: str) -> _Object:
    """Return the response to a request that is refused with problem details."""
    _, description, headers = _REFUSALS[status]
    content: _Object = {
        "application/problem+json": {"schema": reference("schemas", "ProblemDetails")}
    }
    if status == "404":
        content["text/html"] = {"schema": {"type": "string"}}
        headers = {"Allow": "AllowIfAny", "Vary": "VaryIfAny"}
    return {**_response(description, **headers), "content": content}


def _options_of(resource: AnyResource, name: str, *, is_for_object: bool) -> _Object:
    """Return the operation OPTIONS of a path."""
    if not is_for_object:
        return _options(f"describe{name}")
    return _options(
        f"describe{name}",
        "404",
        description=f"The {resource.noun} need not exist.",
        parameters=[reference("parameters", "any_id")],
    )


def _options(operation_id: str, *refusals: str, **more: JsonValue) -> _Object:
    description = _success("The description.", "Metadata")
    return _operation(
        operation_id, "Describe the endpoint", {"200": description}, *refusals, **more
    )


def _operation(
    operation_id: str, summary: str, responses: _Object, *refusals: str, **more: JsonValue
) -> _Object:
    """Return an operation.

    Args:
        operation_id: Its name.
        summary: What it does, as a title.
        responses: The responses to requests that succeed, by status.
        refusals: The keys of other refusals than those of every operation.
        more: Other members.
    """
    refused: _Object = {
        key[:3]: reference("responses", _REFUSALS[key][0]) for key in sorted((*_ALWAYS, *refusals))
    }
    return {
        "operationId": operation_id,
        "summary": summary,
        **more,
        "responses": {**responses, **refused},
    }


def _head(operation_id: str, get: _Object) -> _Object:
    """Return the operation HEAD for an operation GET: its headers without a body."""
    responses: _Object = {}
    found = get["responses"]
    assert isinstance(found, dict)
    for status, response in found.items():
        assert isinstance(response, dict)
        path = response.get("$ref")
        if isinstance(path, str):
            responses[status] = reference("responses", f"Head{path.rpartition('/')[2]}")
        else:
            responses[status] = {
                name: value for name, value in response.items() if name not in ("content", "links")
            }
    head: _Object = {
        "operationId": operation_id,
        "summary": "Return the headers of GET",
        "responses": responses,
    }
    if "parameters" in get:
        head["parameters"] = get["parameters"]
    return head


def _response(description: str, **headers: str) -> _Object:
    """Return a response without a body.

    Args:
        description: What it is.
        headers: The names of components, by header, instead of or besides the usual ones.
    """
    names = {"X-Request-Id": "RequestId", "Allow": "Allow", "Vary": "Vary", **headers}
    return {
        "description": description,
        "headers": {header: reference("headers", name) for header, name in names.items()},
    }


def _success(description: str, schema: str, links: _Object | None = None) -> _Object:
    """Return a response with an object."""
    response: _Object = {**_response(description), "content": _json(reference("schemas", schema))}
    if links:
        response["links"] = links
    return response


def _links(resource: AnyResource, expression: str, operations: Iterable[Operation]) -> _Object:
    """Return links to the operations that use the ID of an object in a response."""
    names = [
        f"{operation}{resource.title}"
        for operation in operations
        if operation in resource.operations and operation not in ("list", "create")
    ]
    return {name: {"operationId": name, "parameters": {"id": expression}} for name in names}


def _body(resource: AnyResource, schema: str, *, is_partial: bool = False) -> _Object:
    content = _json(reference("schemas", f"{resource.title}{schema}"))
    if resource.accepts_forms:
        fields = resource.patched if is_partial else resource.fields
        content |= _forms(fields, is_partial=is_partial)
    return {"required": not is_partial and _is_required(resource.fields), "content": content}


def _forms(fields: Fields, *, is_partial: bool = False) -> _Object:
    """Return the content of bodies that are forms; only those of several parts can have files."""
    found: _Object = {}
    for media_type in FORM_TYPES:
        has_files = media_type == "multipart/form-data"
        schema = _request_schema(fields, is_partial=is_partial, has_files=has_files)
        found[media_type] = {"schema": schema}
    return found


def _json(schema: JsonValue) -> _Object:
    return {"application/json": {"schema": schema}}


def _is_required(fields: Fields) -> bool:
    return any(field.required for field in fields.values())


def _has_filters(resource: AnyResource) -> bool:
    return bool(resource.filtered_by or resource.filters or resource.list_parameters)


def _parameters(fields: Fields) -> list[JsonValue]:
    """Return parameters of the query; those that are not required may be empty."""
    return [
        {
            "name": parameter,
            "in": "query",
            "required": field.required,
            "description": field.description,
            "schema": _parameter_schema(field),
        }
        for parameter, field in fields.items()
    ]


def _parameter_schema(field: Field) -> JsonValue:
    schema = field.request_schema()
    return schema if field.required else {"anyOf": [schema, {"const": ""}]}


def _camel(name: str) -> str:
    first, *others = re.split("[ _-]", name)
    return first + "".join(other.title() for other in others)


def _own_parameters(resource: AnyResource) -> list[JsonValue]:
    """Return the parameters of a list besides those of every list."""
    parameters: _Object = {}
    if resource.sorted_by:
        names = [*resource.sorted_by, "created_at"]
        known: list[JsonValue] = [text for name in names for text in (name, f"-{name}")]
        parameters["ordering"] = {
            "description": "The ordering of the list, descending with a hyphen. Of several"
            " orderings, separated by commas, the first known one is used, by default -created_at.",
            "schema": {"anyOf": [{"enum": known}, {"type": "string"}], "default": "-created_at"},
        }
    for name in resource.filtered_by:
        parameters[name] = {
            "description": "Return only what has this value; an empty one is ignored.",
            "schema": _parameter_schema(resource.spec.fields[name]),
        }
    for name, filter_ in resource.filters.items():
        parameters[name] = {
            "description": filter_.description,
            "schema": _parameter_schema(filter_.field),
        }
    for name, field in resource.list_parameters.items():
        parameters[name] = {
            "description": field.description,
            "schema": _parameter_schema(field),
        }
    for name, description in resource.ignored.items():
        parameters[name] = {"description": description, "schema": {"type": "string"}}
    return [
        {"name": name, "in": "query", **parameter}
        for name, parameter in parameters.items()
        if isinstance(parameter, dict)
    ]


def _request_schema(
    fields: Fields, *, is_partial: bool = False, has_files: bool = False
) -> _Object:
    """Return the JSON Schema of a body."""
    properties: _Object = {}
    for name, field in fields.items():
        if isinstance(field, FileField) and not has_files:
            continue
        described = field.request_schema()
        if field.is_secret or not field.is_stored:
            described["writeOnly"] = True
        if field.description:
            described["description"] = field.description
        properties[name] = described
    required: list[JsonValue] = [name for name, field in fields.items() if field.required]
    schema: _Object = {"type": "object", "properties": properties}
    if required and not is_partial:
        schema["required"] = required
    return schema


def _response_schema(resource: AnyResource, names: Iterable[str]) -> _Object:
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


def _schemas(resource: AnyResource, generation: Generation) -> _Object:
    """Return the JSON Schemas of a resource."""
    shape = shape_of(generation, resource.name)
    of_list = shape_of(generation, resource.name, "list_page")
    fields = shape.renamed(resource.fields)
    title = resource.title
    listed = title if resource.listed is None else f"Listed{title}"
    link: _Object = {"type": ["string", "null"]}
    schemas: _Object = {title: shape.schema(_response_schema(resource, resource.shown))}
    if resource.created is not None:
        schemas[f"Created{title}"] = shape.schema(_response_schema(resource, resource.created))
    if {"create", "replace"} & {*resource.operations}:
        schemas[f"{title}Request"] = _request_schema(fields)
    if "update" in resource.operations:
        schemas[f"{title}Patch"] = _request_schema(shape.renamed(resource.patched), is_partial=True)
    if "list" in resource.operations:
        described = _response_schema(resource, resource.listed or resource.shown)
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


def _refusals() -> _Object:
    """Return the responses to requests that are refused, and those to HEAD without a body."""
    refusals: _Object = {}
    for key, (name, description, headers) in _REFUSALS.items():
        # A path that matches no endpoint has no methods.
        found = {"Allow": "AllowIfAny", "Vary": "VaryIfAny"} if name == "NotFound" else {}
        response = _response(description, **found, **headers)
        schema: JsonValue = reference("schemas", "Detail")
        if key == "400":
            schema = {
                "anyOf": [reference("schemas", one) for one in ("FieldErrors", "Detail", "Errors")]
            }
        content = _json(schema)
        if name == "NotFound":
            content["text/html"] = {"schema": {"type": "string"}}
        refusals[name] = {**response, "content": content}
        refusals[f"Head{name}"] = response
    return refusals
