"""`root-signals objectives`: the methods of `client.objectives`."""

from __future__ import annotations

from ..resources import Command, Resource, Values, argument, flag, option
from ..session import Session

__all__ = ["OBJECTIVES"]

_SETTINGS = (
    option("test_dataset_id", "The ID of a data set to test it with.", metavar="ID"),
    option("project_id", "The ID of its project.", metavar="ID"),
)

_OBJECTIVES = Resource(
    name="objectives",
    accessor="objectives",
    noun="objective",
    plural="objectives",
    help="Manage objectives: what evaluators measure.",
    columns=("id", "intent", "owner", "created_at", "project_id"),
    details=("id", "intent", "owner", "created_at", "version_id", "test_dataset_id"),
    filters=(
        option("search", "Only with this text in the intent."),
        option("intent", "Only with exactly this intent."),
        flag("include_public", "Also public ones of other organizations."),
        option("project_id", "Only those of this project.", metavar="ID"),
    ),
    named_by="intent",
    found_by="intent",
)


def _create(session: Session, values: Values) -> None:
    with (
        session.client() as client,
        session.interrupt_warning("The objective may have been created."),
    ):
        created = client.objectives.create(**values)
    session.show_one(created.to_dict())


def _update(session: Session, values: Values) -> None:
    given = {name: value for name, value in values.items() if value is not None}
    with session.client() as client:
        objective_id = _OBJECTIVES.find(client, given.pop("identity"))
        with session.interrupt_warning("The objective may have been changed."):
            updated = client.objectives.update(objective_id, **given)
    session.show_one(updated.to_dict())


OBJECTIVES = _OBJECTIVES.extended(
    Command(
        "create",
        "Create an objective and print it.",
        (argument("intent", "INTENT", "What evaluators measure."), *_SETTINGS),
        _create,
    ),
    Command(
        "update",
        "Update fields of an objective, and print it.",
        (_OBJECTIVES.identity(), option("intent", "The new intent."), *_SETTINGS),
        _update,
    ),
)
