"""The responses and operations of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from pydantic import JsonValue

from root.emulator.openapi_components import reference

__all__ = [
    "REFUSALS",
    "Object",
    "head_of",
    "json_content",
    "operation_of",
    "options_of",
    "problem_details_of",
    "refusal_responses",
    "response_of",
    "success_of",
]


Object: TypeAlias = dict[str, JsonValue]
"""A part of the document."""


REFUSALS: Mapping[str, tuple[str, str, Mapping[str, str]]] = {
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
"""The responses to requests that are refused, by status: name, description, further headers."""


# Those of every operation.
_ALWAYS = ("401", "406", "429")


def problem_details_of(status: str) -> Object:
    """Return the response to a request that is refused with problem details."""
    _, description, headers = REFUSALS[status]
    content: Object = {
        "application/problem+json": {"schema": reference("schemas", "ProblemDetails")}
    }
    if status == "404":
        content["text/html"] = {"schema": {"type": "string"}}
        headers = {"Allow": "AllowIfAny", "Vary": "VaryIfAny"}
    return {**response_of(description, **headers), "content": content}


def options_of(operation_id: str, *refusals: str, **more: JsonValue) -> Object:
    """Return an operation OPTIONS."""
    description = success_of("The description.", "Metadata")
    return operation_of(
        operation_id, "Describe the endpoint", {"200": description}, *refusals, **more
    )


def operation_of(
    operation_id: str, summary: str, responses: Object, *refusals: str, **more: JsonValue
) -> Object:
    """Return an operation.

    Args:
        operation_id: Its name.
        summary: What it does, as a title.
        responses: The responses to requests that succeed, by status.
        refusals: The keys of other refusals than those of every operation.
        more: Other members.
    """
    refused: Object = {
        key[:3]: reference("responses", REFUSALS[key][0]) for key in sorted((*_ALWAYS, *refusals))
    }
    return {
        "operationId": operation_id,
        "summary": summary,
        **more,
        "responses": {**responses, **refused},
    }


def head_of(operation_id: str, get: Object) -> Object:
    """Return the operation HEAD for an operation GET: its headers without a body."""
    responses: Object = {}
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
    head: Object = {
        "operationId": operation_id,
        "summary": "Return the headers of GET",
        "responses": responses,
    }
    if "parameters" in get:
        head["parameters"] = get["parameters"]
    return head


def response_of(description: str, **headers: str) -> Object:
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


def success_of(description: str, schema: str, links: Object | None = None) -> Object:
    """Return a response with an object."""
    response: Object = {
        **response_of(description),
        "content": json_content(reference("schemas", schema)),
    }
    if links:
        response["links"] = links
    return response


def json_content(schema: JsonValue) -> Object:
    """Return the content of a body in JSON."""
    return {"application/json": {"schema": schema}}


def refusal_responses() -> Object:
    """Return the responses to requests that are refused, and those to HEAD without a body."""
    refusals: Object = {}
    for key, (name, description, headers) in REFUSALS.items():
        # A path that matches no endpoint has no methods.
        found = {"Allow": "AllowIfAny", "Vary": "VaryIfAny"} if name == "NotFound" else {}
        response = response_of(description, **found, **headers)
        schema: JsonValue = reference("schemas", "Detail")
        if key == "400":
            schema = {
                "anyOf": [reference("schemas", one) for one in ("FieldErrors", "Detail", "Errors")]
            }
        content = json_content(schema)
        if name == "NotFound":
            content["text/html"] = {"schema": {"type": "string"}}
        refusals[name] = {**response, "content": content}
        refusals[f"Head{name}"] = response
    return refusals
