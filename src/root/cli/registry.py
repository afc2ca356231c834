"""`root-signals models apply` and `export`: models that follow a file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from .errors import DIFFERS, CommandError, exit_code, hint
from .session import Concurrency, Session, Yes, command

if TYPE_CHECKING:
    from ..errors import ApplyError, JSONValue
    from ..models import Change

__all__ = ["apply", "export", "schema"]

_CHANGE_COLUMNS = ("outcome", "action", "name", "model_id", "fields", "error")

_MARKS = {"+": "green", "~": "yellow", "-": "red"}


@command
def export(session: Session, concurrency: Concurrency = 8) -> None:
    """Print your private models as a file for `apply`.

    It is YAML, or JSON with --output json, and has no keys: they cannot be read back.
    """
    from .. import registry

    with session.client() as client, session.progress("Reading") as on_progress:
        exported = client.models.export(concurrency=concurrency, on_progress=on_progress)
    if session.output in (None, "yaml"):
        session.write(registry.dump(exported).rstrip("\n"))
    elif session.output == "json":
        import yaml

        # `dump` writes dollar signs so that `read` takes them for themselves.
        session.show_one(yaml.safe_load(registry.dump(exported)))
    else:
        fields = ("name", "model", "url", "max_token_count", "max_output_token_count")
        session.show((cast("Mapping[str, JSONValue]", one) for one in exported), fields)


@command
def schema(session: Session) -> None:
    """Print the JSON Schema of a file for `apply`, for editors."""
    from .. import registry

    session.write(json.dumps(registry.schema(), indent=2))


@command
def apply(
    session: Session,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="YAML or JSON, as docs/registry.md tells; - reads stdin."
        ),
    ],
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete private models that it does not name.")
    ] = False,
    rotate_keys: Annotated[
        bool, typer.Option("--rotate-keys", help="Send keys of models that exist, too.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would change, and change nothing.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="As --dry-run; the exit code is 2 if they differ.")
    ] = False,
    yes: Yes = False,
    concurrency: Concurrency = 8,
) -> None:
    """Make your models what a file says, after asking.

    The plan is shown first. Names are the identity. What an entry leaves out stays.
    Run it again, and it does what is left.
    """
    from .. import registry
    from ..errors import ApplyError

    if str(file) == "-":
        if not (yes or dry_run or check):
            raise CommandError(
                "Who pipes a file in cannot be asked.", "Give --yes, or look first with --dry-run."
            )
        file = Path("/dev/stdin")
    desired = registry.read(file)
    with session.client() as client:
        with session.progress("Comparing") as on_progress:
            plan = client.models.plan(
                desired,
                prune=prune,
                rotate_keys=rotate_keys,
                concurrency=concurrency,
                on_progress=on_progress,
            )
        session.say(f"Compared with the models at {session.where}.")
        as_text = session.format == "table"
        if as_text:
            session.write(str(plan), styles=_MARKS)
        if dry_run or check or not plan:
            if not as_text:
                session.show(_records(plan.changes, "planned"), _CHANGE_COLUMNS)
            if check and plan:
                raise typer.Exit(DIFFERS)
            return
        if not (as_text or (yes and session.quiet)):
            typer.echo(str(plan), err=True)
        session.confirm(f"Apply this plan to {session.where}?", yes=yes)
        try:
            with session.progress("Applying", changes=True) as on_progress:
                result = plan.apply(concurrency=concurrency, on_progress=on_progress)
        except ApplyError as error:
            _show_partial(session, error, as_text=as_text)
            total = len(error.done) + len(error.failed) + len(error.not_started)
            not_started = f"; not started: {len(error.not_started)}" if error.not_started else ""
            raise CommandError(
                f"{len(error.failed)} of {total} changes failed{not_started}.",
                hint(error),
                code=exit_code(error),
            ) from error
    if as_text:
        session.write(str(result))
    else:
        session.show(_records(result.done, "done"), _CHANGE_COLUMNS)


def _show_partial(session: Session, error: ApplyError, *, as_text: bool) -> None:
    """Print exactly what was done, what failed and what was not begun."""
    records = [
        *_records(error.done, "done"),
        *(
            {
                **_record(change, "may be done" if why.may_have_been_processed else "failed"),
                "error": str(why),
            }
            for change, why in error.failed
        ),
        *_records(error.not_started, "not started"),
    ]
    if as_text:
        for record in records:
            told = f": {record['error']}" if "error" in record else ""
            session.write(f"{record['outcome']}: {record['action']} {record['name']}{told}")
        return
    session.show(records, _CHANGE_COLUMNS)
    for change, why in error.failed:
        # Where one waits, and not only in what may go to a file.
        session.warn(f"{change.action} {change.name}: {why}")


def _records(changes: Iterable[Change], outcome: str) -> Iterator[dict[str, JSONValue]]:
    return (_record(change, outcome) for change in changes if change.action != "unchanged")


def _record(change: Change, outcome: str) -> dict[str, JSONValue]:
    return {
        "outcome": outcome,
        "action": change.action,
        "name": change.name,
        "model_id": change.model_id,
        "fields": [
            {"field": one.field, "before": one.before, "after": one.after} for one in change.fields
        ],
    }
