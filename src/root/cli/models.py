"""`root-signals models`: what `client.models` does."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from fnmatch import fnmatchcase
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias, TypeVar, cast, get_args
from uuid import UUID

import typer

from .._defaults import NOT_GIVEN, NotGiven
from ..errors import RootSignalsError
from . import profiles
from .errors import DIFFERS, FAILED, NOT_FOUND, PARTIAL, CommandError, common_code, exit_code, hint
from .session import Group, Session, Yes, command, common, show_help

if TYPE_CHECKING:
    from .. import Model, ModelVerification, RootSignals
    from ..errors import ApplyError, JSONValue
    from ..models import Change, VerifySettings

__all__ = ["app"]

T = TypeVar("T", str, int)

app: typer.Typer = typer.Typer(cls=Group)

# On a narrow terminal, those at the end are left out.
_COLUMNS = (
    "id",
    "name",
    "visibility",
    "provider",
    "owner",
    "model",
    "url",
    "max_token_count",
    "max_output_token_count",
)

_MARKS = {"+": "green", "~": "yellow", "-": "red"}


@app.callback(invoke_without_command=True)
@common
def models(context: typer.Context) -> None:
    """Manage models: yours, and the public ones that you can see."""
    show_help(context)


def _complete(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return names and ids of models, within two seconds, and no errors."""
    import threading

    given: dict[str, str] = {}
    at: typer.Context | None = context
    while at is not None:
        # What stands after a command counts more than what stands before.
        given = {name: str(value) for name, value in at.params.items() if value} | given
        at = cast("typer.Context | None", at.parent)
    file = given.get("api_key_file")
    found: list[tuple[str, str]] = []

    def ask() -> None:
        # Whoever presses the tabulator is not to be told of errors.
        with suppress(RootSignalsError, CommandError, OSError):
            settings = profiles.resolve(
                profile=given.get("profile"),
                base_url=given.get("base_url"),
                api_key_file=Path(file) if file else None,
            )
            with settings.client().with_options(deadline=2, max_retries=0) as client:
                for model in client.models.list(limit=None):
                    found.append((model.name, model.id))
                    found.append((model.id, model.name))

    # A look-up of a host name cannot be interrupted, but left alone.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(2)
    return [pair for pair in found if pair[0].startswith(incomplete)]


Identity: TypeAlias = Annotated[
    str,
    typer.Argument(metavar="MODEL", help="Its id or its name.", autocompletion=_complete),
]
Name: TypeAlias = Annotated[str, typer.Argument(metavar="NAME", help="Your name for it.")]
Underlying: TypeAlias = Annotated[
    str | None,
    typer.Option("--model", metavar="TEXT", help="The underlying model; else the name is taken."),
]
URL: TypeAlias = Annotated[
    str | None, typer.Option("--url", metavar="URL", help="Where it is served.")
]
Tokens: TypeAlias = Annotated[
    int | None,
    typer.Option("--max-token-count", metavar="N", help="Tokens it can process."),
]
OutputTokens: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--max-output-token-count", metavar="N", help="Tokens it may put out, at least 800."
    ),
]
Key: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--key",
        metavar="-",
        help="Read the provider's API key from stdin; a terminal asks, and does not show it."
        " It is never an argument: process lists show those.",
    ),
]
Visibility: TypeAlias = Literal["public", "public_unlisted", "private"]
# What every listing tells: of two orders that are the same, one would be wrong.
Order: TypeAlias = Literal[
    "name",
    "provider",
    "visibility",
    "owner",
    "id",
    "-name",
    "-provider",
    "-visibility",
    "-owner",
    "-id",
]
Concurrency: TypeAlias = Annotated[
    int, typer.Option(metavar="N", min=1, help="How many calls to make at once.")
]


@app.command("list")
@command
def list_(
    session: Session,
    limit: Annotated[int, typer.Option(metavar="N", min=0, help="How many at most.")] = 100,
    all_: Annotated[bool, typer.Option("--all", help="List all.")] = False,
    name: Annotated[
        str | None,
        typer.Option(metavar="PATTERN", help="Those with such a name, as in 'azure/*'."),
    ] = None,
    provider: Annotated[
        str | None, typer.Option(metavar="PATTERN", help="Those of such a provider.")
    ] = None,
    visibility: Annotated[
        Visibility | None,
        typer.Option(
            metavar="|".join(get_args(Visibility)),
            help="Those that are so.",
            case_sensitive=False,
        ),
    ] = None,
    sort: Annotated[
        Order | None,
        typer.Option(
            metavar="COLUMN",
            help="Sort by name, provider, visibility, owner or id; a minus in front sorts"
            " backwards.",
        ),
    ] = None,
) -> None:
    """List models: yours and the public ones.

    Patterns know * ? and [...], and not upper from lower case. Sorting reads all there are.
    """
    with session.client() as client:
        found: Iterable[Model] = (
            model
            for model in client.models.list(limit=None, page_size=100)
            if _fits(model.name, name)
            and _fits(model.provider.name if model.provider else None, provider)
            and (visibility is None or (model.visibility or "").lower() == visibility)
        )
        if sort is not None:
            found = _sorted(found, sort)
        # One more, to know whether there is more.
        models = iter(found if all_ else islice(found, limit + 1))
        shown = models if all_ else islice(models, limit)
        first = next(shown, None)
        if first is None and (all_ or limit):
            session.say("No model fits.")
        begin = () if first is None else (first,)
        session.show((model.to_dict() for model in chain(begin, shown)), _COLUMNS)
        if limit and not all_ and next(models, None) is not None:
            session.say(f"There are more than these {limit}: --limit N or --all lists them.")


def _fits(value: str | None, pattern: str | None) -> bool:
    return pattern is None or fnmatchcase((value or "").lower(), pattern.lower())


def _sorted(found: Iterable[Model], sort: str) -> list[Model]:
    def place(model: Model) -> str:
        value = getattr(model, sort.removeprefix("-"))
        named = getattr(value, "name", None) or getattr(value, "email", None) or value
        return str(named or "").lower()

    return sorted(found, key=place, reverse=sort.startswith("-"))


@app.command()
@command
def get(session: Session, model: Identity) -> None:
    """Print a model."""
    with session.client() as client:
        session.show_one(client.models.retrieve(_id(client, model)).to_dict())


@app.command()
@command
def create(
    session: Session,
    name: Name,
    model: Underlying = None,
    url: URL = None,
    max_token_count: Tokens = None,
    max_output_token_count: OutputTokens = None,
    key: Key = None,
) -> None:
    """Register a model and print its id."""
    default_key = session.secret("--key", key, "The provider's API key")
    with session.client() as client:
        try:
            model_id = client.models.create(
                name=name,
                model=model,
                default_key=default_key,
                max_output_token_count=max_output_token_count,
                max_token_count=max_token_count,
                url=url,
            )
        except KeyboardInterrupt:
            session.warn("Interrupted. The model may have been made all the same.")
            raise
    session.show_one({"id": model_id})


@app.command()
@command
def ensure(
    session: Session,
    name: Name,
    model: Underlying = None,
    url: URL = None,
    max_token_count: Tokens = None,
    max_output_token_count: OutputTokens = None,
    key: Key = None,
) -> None:
    """Create a model, or change what differs, and print it.

    The key is sent on creation only, since it cannot be read back.
    """
    default_key = session.secret("--key", key, "The provider's API key")
    with session.client() as client:
        there: set[str] = set()
        if default_key is not None:
            # Whoever gives a key is to know whether it was sent.
            there.update(one.id for one in client.models.list(limit=None, page_size=100))
        ensured = client.models.ensure(
            name=name,
            model=model,
            default_key=default_key,
            max_output_token_count=max_output_token_count,
            max_token_count=NOT_GIVEN if max_token_count is None else max_token_count,
            url=NOT_GIVEN if url is None else url,
        )
    session.show_one(ensured.to_dict())
    if ensured.id in there:
        session.warn(
            "The model was there already, so its key was not sent."
            f" `root-signals models update {ensured.id} --key -` sends it."
        )


@app.command()
@command
def update(
    session: Session,
    model: Identity,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Its new name.")] = None,
    underlying: Underlying = None,
    url: URL = None,
    max_token_count: Tokens = None,
    max_output_token_count: OutputTokens = None,
    key: Key = None,
    clear_key: Annotated[bool, typer.Option("--clear-key", help="Forget its key.")] = False,
    clear_url: Annotated[bool, typer.Option("--clear-url", help="Forget its URL.")] = False,
    clear_max_token_count: Annotated[
        bool, typer.Option("--clear-max-token-count", help="Forget that limit.")
    ] = False,
) -> None:
    """Change some of a model, and print it.

    What is left out stays.
    """
    default_key = session.secret("--key", key, "The provider's API key")
    with session.client() as client:
        updated = client.models.update(
            _id(client, model, own=True),
            name=NOT_GIVEN if name is None else name,
            model=NOT_GIVEN if underlying is None else underlying,
            default_key=_changed("key", default_key, clear=clear_key),
            max_output_token_count=(
                NOT_GIVEN if max_output_token_count is None else max_output_token_count
            ),
            max_token_count=_changed(
                "max-token-count", max_token_count, clear=clear_max_token_count
            ),
            url=_changed("url", url, clear=clear_url),
        )
    session.show_one(updated.to_dict())


def _changed(option: str, value: T | None, *, clear: bool) -> T | NotGiven | None:
    """Return what becomes of a field: its value, None to clear it, or that it stays."""
    if clear and value is not None:
        raise CommandError(f"--{option} and --clear-{option} exclude each other.")
    return None if clear else NOT_GIVEN if value is None else value


@app.command()
@command
def replace(
    session: Session,
    model: Identity,
    name: Annotated[str, typer.Option(metavar="NAME", help="Its name from now on.")],
    underlying: Underlying = None,
    url: URL = None,
    max_token_count: Tokens = None,
    max_output_token_count: OutputTokens = None,
    key: Key = None,
) -> None:
    """Send the settings of a model as a whole, and print it."""
    with session.client() as client:
        replaced = client.models.replace(
            _id(client, model, own=True),
            name=name,
            model=underlying,
            default_key=session.secret("--key", key, "The provider's API key"),
            max_output_token_count=max_output_token_count,
            max_token_count=max_token_count,
            url=url,
        )
    session.show_one(replaced.to_dict())


@app.command()
@command
def delete(
    session: Session,
    model: Annotated[
        list[str],
        typer.Argument(metavar="MODEL", help="Their ids or their names.", autocompletion=_complete),
    ],
    yes: Yes = False,
    concurrency: Concurrency = 8,
) -> None:
    """Delete models of yours."""
    with session.client() as client:
        meant = _meant(client, model, own=True)
        ids = list(meant)
        session.confirm(f"Delete {', '.join(meant.values())} at {session.where}?", yes=yes)
        with session.progress("Deleting", changes=True) as on_progress:
            outcomes = client.models.delete_many(
                ids, concurrency=concurrency, errors="collect", on_progress=on_progress
            )
    failed = [error for error in outcomes if error is not None]
    for told, error in zip(meant.values(), outcomes, strict=True):
        if error is None:
            session.say(f"Deleted {told}.")
        elif len(ids) > 1:
            session.warn(f"{told}: {error}")
    if failed and len(ids) == 1:
        raise failed[0]
    if failed:
        raise CommandError(
            f"{len(failed)} of {len(ids)} models were not deleted.",
            code=PARTIAL if len(failed) < len(ids) else common_code(failed),
        )


@app.command()
@command
def verify(
    session: Session,
    model: Annotated[list[str], typer.Argument(metavar="NAME", help="The underlying models.")],
    url: URL = None,
    max_output_token_count: OutputTokens = None,
    key: Key = None,
    concurrency: Concurrency = 8,
) -> None:
    """Have the service try configurations, which may take a while.

    The exit code is 1 if one does not work.
    """
    with session.client() as client:
        api_key = session.secret("--key", key, "The provider's API key")
        tried: list[VerifySettings] = [
            {
                "model": one,
                "api_key": api_key,
                "url": url,
                "max_output_token_count": max_output_token_count,
            }
            for one in model
        ]
        with session.progress("Verifying") as on_progress:
            outcomes = client.models.verify_many(
                tried, concurrency=concurrency, errors="collect", on_progress=on_progress
            )
    if len(outcomes) == 1:
        (outcome,) = outcomes
        if isinstance(outcome, RootSignalsError):
            raise outcome
        session.show_one(outcome.to_dict())
        outcome.raise_for_failure()
        return
    session.show(map(_verified, model, outcomes), ("model", "success", "response", "error"))
    untried = [one for one in outcomes if isinstance(one, RootSignalsError)]
    bad = [one for one in outcomes if not isinstance(one, RootSignalsError) and not one.success]
    if bad or untried:
        told = [f"{len(bad)} did not work"] if bad else []
        told += [f"{len(untried)} could not be tried"] if untried else []
        raise CommandError(
            f"Of {len(model)} configurations {' and '.join(told)}.",
            code=common_code(untried) if len(untried) == len(model) else FAILED,
        )


def _verified(model: str, outcome: ModelVerification | RootSignalsError) -> dict[str, JSONValue]:
    if isinstance(outcome, RootSignalsError):
        # Nobody knows whether it works.
        return {"model": model, "success": None, "error": str(outcome)}
    return {**outcome.to_dict(), "model": model}


@app.command()
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


@app.command()
@command
def schema(session: Session) -> None:
    """Print the JSON Schema of a file for `apply`, for editors."""
    from .. import registry

    session.write(json.dumps(registry.schema(), indent=2))


@app.command()
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


_CHANGE_COLUMNS = ("outcome", "action", "name", "model_id", "fields", "error")


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


def _id(client: RootSignals, model: str, *, own: bool = False) -> str:
    """Return the id that an id or a name stands for, as `_meant` has it."""
    (model_id,) = _meant(client, [model], own=own)
    return model_id


def _meant(client: RootSignals, models: Iterable[str], *, own: bool) -> dict[str, str]:
    """Return the ids that ids or names stand for, each with what to call it.

    The service is asked once for all, and only if one is no id. Of names, your own go first.

    Args:
        client: Where to look.
        models: Ids or names.
        own: Whether only models of yours are meant.

    Raises:
        CommandError: There is no such model, or more than one.
    """
    meant: dict[str, str] = {}
    there: list[Model] | None = None
    for model in models:
        with suppress(ValueError):
            meant.setdefault(str(UUID(model)), model)
            continue
        if there is None:
            there = list(client.models.list(limit=None, page_size=100))
        one = _pick(there, model, own=own)
        meant[one.id] = f"{one.name} ({one.id})"
    return meant


def _pick(there: Iterable[Model], model: str, *, own: bool) -> Model:
    found = {one.id: one for one in there if model in (one.id, one.name)}
    if model in found:
        return found[model]
    mine = [one for one in found.values() if one.visibility in ("PRIVATE", None)]
    fit = mine or ([] if own else list(found.values()))
    if not fit:
        whose = "of yours " if own else ""
        raise CommandError(
            f"There is no model {whose}with the id or name {model!r}.",
            "`root-signals models list --all` shows what there is.",
            code=NOT_FOUND,
        )
    if len(fit) > 1:
        ids = ", ".join(one.id for one in fit)
        raise CommandError(f"The name {model!r} stands for several models: {ids}.", "Give an id.")
    return fit[0]
