"""Who can read evaluators, objectives and judges: their organization, or everybody."""

from __future__ import annotations

from root.emulator.fields import BooleanField, Fields
from root.emulator.resource import Call, Output
from root.emulator.table import SERVICE

__all__ = [
    "LISTS_PUBLIC",
    "LOWER_CASE_VISIBILITY",
    "STATUS",
    "others_if_requested",
    "service_and_others_if_requested",
]

LOWER_CASE_VISIBILITY = Output(
    {"enum": ["private", "public"]},
    lambda row: "private" if row.visibility == "PRIVATE" else "public",
    "choice",
)

# What older clients require in place of the visibility.
STATUS = Output(
    {"enum": ["unlisted", "listed", "public", "public_unlisted"]},
    lambda row: {"PRIVATE": "unlisted"}.get(row.visibility, row.visibility.lower()),
    "choice",
)

LISTS_PUBLIC: Fields = {
    "include_public": BooleanField(
        description="Whether the list includes public ones of other organizations."
    )
}
"""The parameter of lists that include public objects on request."""


def others_if_requested(call: Call) -> str | None:
    """Return the condition of objects of others in a list, none by default."""
    if _has_project(call) or not call.parameters(LISTS_PUBLIC).get("include_public"):
        return None
    return "visibility = 'PUBLIC'"


def service_and_others_if_requested(call: Call) -> str | None:
    """Return the condition of objects of others in a list, by default those of the service."""
    if _has_project(call):
        return None
    return others_if_requested(call) or f"organization = '{SERVICE}'"


def _has_project(call: Call) -> bool:
    return bool(call.request.query_params.get("project_id", "").strip())
