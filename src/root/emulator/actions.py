"""Endpoints of a resource besides those that create, read, change and delete its objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from root.emulator.alternatives import Alternatives
from root.emulator.fields import Field, Fields
from root.emulator.outputs import Schema

__all__ = ["Action", "ActionMethod"]

ActionMethod: TypeAlias = Literal["GET", "POST", "PUT", "DELETE"]
"""The HTTP method of an action."""


@dataclass(frozen=True)
class Action:
    """An endpoint besides those of operations, for all objects or for one.

    Attributes:
        method: The HTTP method.
        path: The path below that of the resource, without its final slash. With `{id}` as a
            segment, as in `{id}/duplicate` or `execute/{id}`, the action is for one object: with
            GET and POST any that the organization can read, with PUT and DELETE one of its own.
        handler: The name of the resource's method that handles it. It takes the call, the object
            if the action is for one, and the validated values of the body and the query.
        summary: What it does, as a title.
        result: What the response to a request that succeeds is.
        schema: The JSON Schema of that response, or None if it has no body.
        status: The status of that response.
        fields: The fields of the body, of POST and PUT only.
        alternatives: Fields of the body of which either these or those must be given; the handler
            checks them.
        parameters: The parameters of the query.
        has_slash: Whether the path ends in a slash. Otherwise it is found with one, too.
        media_type: The media type of the response.
        may_be_missing: Whether it looks an object up by something else than its ID.
        accepts_forms: Whether the body may be a form.
        accepts_bearer: Whether the key may be sent as `Authorization: Bearer`.
        has_problem_details: Whether errors are problem details (RFC 9457).
        is_top_level: Whether the path is below `/v1/` instead of below that of the resource.
        streams: Whether the response may be server-sent events.
    """

    method: ActionMethod
    path: str
    handler: str
    summary: str
    result: str
    schema: Schema | None
    status: int = 200
    fields: Fields = field(default_factory=dict[str, Field])
    alternatives: tuple[Alternatives, ...] = ()
    parameters: Fields = field(default_factory=dict[str, Field])
    has_slash: bool = True
    media_type: str = "application/json"
    may_be_missing: bool = False
    accepts_forms: bool = False
    accepts_bearer: bool = False
    has_problem_details: bool = False
    is_top_level: bool = False
    streams: bool = False

    @property
    def is_for_object(self) -> bool:
        """Whether it is for one object."""
        return "{id}" in self.path

    @property
    def changes_object(self) -> bool:
        """Whether the object must belong to the organization."""
        return self.is_for_object and self.method in ("PUT", "DELETE")
