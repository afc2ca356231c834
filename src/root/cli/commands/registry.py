"""`root-signals models export`, `schema` and `apply`: models files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from ..._secrets.redact import printable
from ..errors import DIFFERS, CommandError, exit_code, hint
from ..markdown import fenced
from ..options import Concurrency, Yes, command
from ..session import Session

if TYPE_CHECKING:
    from ...errors import ApplyError, JSONValue
    from ...models import Change

__all__ = ["apply", "export", "schema"]

_CHANGE_COLUMNS = ("outcome", "action", "name", "model_id", "fields", "error")

_STYLES = {"+": "green", "~": "yellow", "-": "red"}


@command
def export(session: Session, concurrency: Concurrency = 8) -> None:
    """Print your private models as a file for `apply`.

    The format is YAML, or JSON with --output json. Keys are not included, because they cannot be
    read back.
    """
    from ... import registry

    with session.client() as client, session.progress("Reading") as on_progress:
        exported = client.models.export(concurrency=concurrency, on_progress=on_progress)
    if session.output in (None, "yaml"):
        session.write(registry.dump(exported).rstrip("\n"))
    elif session.output == "json":
        import yaml

        # `dump` escapes dollar signs, which `read` would otherwise expand as variables.
        session.show_one(yaml.safe_load(registry.dump(exported)))
    else:
        fields = ("name", "model", "url", "max_token_count", "max_output_token_count")
        session.show((cast("Mapping[str, JSONValue]", one) for one in exported), fields)


@command
def schema(session: Session) -> None:
    """Print the JSON Schema of a file for `apply`, for editors."""
    from ... import registry

    session.write(json.dumps(registry.schema(), indent=2))


@command
def apply(
    session: Session,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="YAML or JSON file, see docs/registry.md; - reads stdin."
        ),
    ],
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete private models that the file does not list.")
    ] = False,
    rotate_keys: Annotated[
        bool, typer.Option("--rotate-keys", help="Also send the keys of existing models.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the plan without applying it.")
    ] = False,
    check: Annotated[
        bool,
        typer.Option("--check", help="Like --dry-run, but exit with 2 if anything would change."),
    ] = False,
    key_folder: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Folder of key files. Default: that of FILE."),
    ] = None,
    yes: Yes = False,
    concurrency: Concurrency = 8,
) -> None:
    """Create, update and delete models to match a file.

    The plan is printed first, and has to be confirmed. Models are identified by name, and omitted
    fields keep their value. After a failure, run the command again to apply the remaining changes.
    """
    from ... import registry
    from ...errors import ApplyError

    if key_folder == "":
        raise CommandError(
            "--key-folder is empty.",
            "Check whether a variable is unset, or omit the option to use the folder of the file.",
        )
    if str(file) == "-":
        if not (yes or dry_run or check):
            raise CommandError(
                "Confirmation is not possible, because stdin is the file.",
                "Use --yes, or print the plan with --dry-run first.",
            )
        file = Path("/dev/stdin")
        key_folder = key_folder or "."
    # An iterator does not show the keys in it, if a traceback shows local variables.
    desired = iter(registry.read(file, key_folder=key_folder))
    with session.client() as client:
        with session.progress("Comparing") as on_progress:
            plan = client.models.plan(
                desired,
                prune=prune,
                rotate_keys=rotate_keys,
                concurrency=concurrency,
                on_progress=on_progress,
            )
        session.info(f"Compared with the models at {session.service}.")
        is_text = session.format in ("table", "markdown")
        is_result = dry_run or check or not plan
        if is_text and is_result:
            _write(session, str(plan))
        elif not session.quiet or not (is_result or yes):
            session.write(str(plan), styles=_STYLES, is_result=False)
        if is_result:
            if not is_text:
                session.show(_records(plan.changes, "planned"), _CHANGE_COLUMNS)
            if check and plan:
                raise typer.Exit(DIFFERS)
            return
        session.confirm(f"Apply this plan to {session.service}?", yes=yes)
        try:
            with session.progress("Applying", makes_changes=True) as on_progress:
                result = plan.apply(concurrency=concurrency, on_progress=on_progress)
        except ApplyError as error:
            _show_partial_result(session, error, is_text=is_text)
            total = len(error.done) + len(error.failed) + len(error.not_started)
            not_started = f"; not started: {len(error.not_started)}" if error.not_started else ""
            raise CommandError(
                f"{len(error.failed)} of {total} changes failed{not_started}.",
                hint(error),
                code=exit_code(error),
            ) from error
    if is_text:
        _write(session, str(result))
    else:
        session.show(_records(result.done, "done"), _CHANGE_COLUMNS)


def _write(session: Session, text: str) -> None:
    session.write(fenced(text) if session.format == "markdown" else text, styles=_STYLES)


def _show_partial_result(session: Session, error: ApplyError, *, is_text: bool) -> None:
    """Print the changes that were made, that failed, and that were not started."""
    records = [
        *_records(error.done, "done"),
        *(
            {
                **_record(change, "may be done" if reason.may_have_been_processed else "failed"),
                "error": str(reason),
            }
            for change, reason in error.failed
        ),
        *_records(error.not_started, "not started"),
    ]
    if is_text:
        lines = (
            f"{record['outcome']}: {record['action']} {record['name']}"
            f"{': ' if 'error' in record else ''}{record.get('error', '')}"
            for record in records
        )
        _write(session, "\n".join(map(printable, lines)))
        return
    session.show(records, _CHANGE_COLUMNS)
    for change, reason in error.failed:
        # Also on stderr, because stdout may be a file.
        session.warn(f"{change.action} {change.name}: {reason}")


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
