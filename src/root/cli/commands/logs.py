"""`root-signals logs`: the methods of `client.execution_logs`."""

from __future__ import annotations

from datetime import datetime

from ..errors import CommandError
from ..resources import Command, Resource, Values, flag, option, options, switch
from ..session import Session

__all__ = ["LOGS"]

_NEWER = "newer servers"

_LOGS = Resource(
    name="logs",
    accessor="execution_logs",
    noun="log",
    plural="logs",
    help="Read the logs of executions, and set their tags.",
    columns=(
        *("id", "executed_item_name", "score", "created_at", "tags", "execution_type"),
        *("response_preview", "request_preview", "user_id", "session_id", "cost", "owner"),
    ),
    details=(
        *("id", "executed_item_name", "score", "created_at", "tags", "execution_type"),
        *("justification", "model", "user_id", "session_id", "cost", "owner", "confidence"),
        *("model_call_duration", "evaluator_results", "llm_output"),
    ),
    filters=(
        option("search_term", "Only with this text in the name of what ran.", flag="--search"),
        options("tags", "Only with this tag; may be repeated.", flag="--tag"),
        options(
            "include",
            "A field to print: llm_output, variables or evaluation_context; may be repeated.",
            metavar="FIELD",
            flag="--include",
        ),
        option("executed_item_id", "Only of this evaluator or judge.", metavar="ID"),
        option("execution_type", "Only of this type, such as evaluator.", metavar="TYPE"),
        option(
            "date_from",
            "Only since this time, such as 2026-01-31T08:00 (local).",
            metavar="TIME",
            kind=datetime,
        ),
        option(
            "date_to",
            "Only until this time, such as 2026-01-31T08:00Z (UTC).",
            metavar="TIME",
            kind=datetime,
        ),
        option("min_score", "Only with at least this score.", metavar="N", kind=float),
        option("max_score", "Only with at most this score.", metavar="N", kind=float),
        option("session_id", "Only of this session.", metavar="ID"),
        option("user_id", "Only of this user.", metavar="ID"),
        switch("has_session_id", "Only with a session, or only without one."),
        option("project_id", "Only those of this project.", metavar="ID"),
        flag("unique_skills", "Only the newest of each evaluator and judge."),
        # What newer servers have.
        option("judge_id", f"Only of this judge ({_NEWER}).", metavar="ID"),
        option("batch_execution_id", f"Only of this batch ({_NEWER}).", metavar="ID"),
        option(
            "parent_execution_log_id",
            f"Only the parts of this run of a judge ({_NEWER}).",
            metavar="ID",
        ),
        option("model", f"Only of the model with this name ({_NEWER}).", metavar="NAME"),
        option("owner_email", f"Only of the user with this address ({_NEWER}).", metavar="EMAIL"),
        option("min_cost", f"Only with at least this cost ({_NEWER}).", metavar="N", kind=float),
        option("max_cost", f"Only with at most this cost ({_NEWER}).", metavar="N", kind=float),
        flag("unique_evaluators", f"Like --unique-skills ({_NEWER})."),
    ),
    named_by=None,
    can_delete=False,
)


def _set_tags(session: Session, values: Values) -> None:
    tags: list[str] = values["tags"] or []
    if bool(tags) == values["clear"]:
        raise CommandError("Pass either --tag or --clear.")
    with session.client() as client:
        client.execution_logs.set_tags(values["identity"], tags=tags)
    session.info(f"Tags of {len(values['identity'])} logs: {', '.join(tags) or 'none'}.")


LOGS = _LOGS.extended(
    Command(
        "set-tags",
        "Replace the tags of logs.",
        (
            _LOGS.identity(several=True),
            options("tags", "A tag; may be repeated.", flag="--tag"),
            flag("clear", "Remove all tags."),
        ),
        _set_tags,
    ),
)
