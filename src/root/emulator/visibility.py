"""Who can read evaluators, objectives and judges: their organization, or everybody."""

from __future__ import annotations

from root.emulator.actions import Action, ActionMethod
from root.emulator.calls import Call
from root.emulator.fields import BooleanField, ChoiceField, Fields
from root.emulator.outputs import Output
from root.emulator.rows import Row
from root.emulator.table_spec import SERVICE

__all__ = [
    "IS_LISTED",
    "LISTS_PUBLIC",
    "LOWER_CASE_VISIBILITY",
    "STATUS",
    "others_if_requested",
    "service_and_others_if_requested",
    "status_action",
]

LOWER_CASE_VISIBILITY = Output(
    {"enum": ["private", "public"]},
    lambda row: "private" if row.visibility == "PRIVATE" else "public",
    "choice",
)

# What older clients require in place of the visibility.
STATUS = Output(
    {"enum": ["unlisted", "listed", "public", "public_unlisted"]},
    lambda row: _status(row),
    "choice",
)

IS_LISTED = BooleanField()
"""The column of objects whose status can be set."""


def status_action(method: ActionMethod, noun: str) -> Action:
    """Return the action that sets the status of an object, by the method `set_status`.

    With POST it is `post_status`, since operations of the OpenAPI document have names of their own.
    """
    article = "an" if noun[0] in "aeiou" else "a"
    schema = STATUS.schema
    return Action(
        method,
        "status/{id}",
        handler="set_status" if method == "PUT" else "post_status",
        summary=f"Set the status of {article} {noun}",
        result="The status.",
        schema={
            "type": "object",
            "required": ["status"],
            "properties": {"status": dict(schema)},
        },
        fields={"status": ChoiceField(choices=("unlisted", "listed"), required=True)},
    )


LISTS_PUBLIC: Fields = {
    "include_public": BooleanField(
        description="Whether the list includes public ones of other organizations."
    )
}
"""The parameter of lists that include public objects on request."""


def others_if_requested(call: Call) -> str | None:
    """Return the condition of objects of others in a list, none by default."""
    is_requested = call.parameters(LISTS_PUBLIC).get("include_public")
    return "visibility = 'PUBLIC'" if is_requested and not _has_project(call) else None


def service_and_others_if_requested(call: Call) -> str | None:
    """Return the condition of objects of others in a list, by default those of the service."""
    others = others_if_requested(call)
    return None if _has_project(call) else others or f"organization = '{SERVICE}'"


def _status(row: Row) -> str:
    if row.visibility == "PRIVATE":
        return "listed" if getattr(row, "is_listed", False) else "unlisted"
    return row.visibility.lower()


def _has_project(call: Call) -> bool:
    return bool(call.request.query_params.get("project_id", "").strip())
