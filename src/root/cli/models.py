"""`root-signals models`: what `client.models` does."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from itertools import chain, islice
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias, TypeVar, get_args

import typer

from .._defaults import NOT_GIVEN, NotGiven
from ..errors import RootSignalsError
from . import identity, registry
from .errors import FAILED, PARTIAL, CommandError, common_code
from .session import Concurrency, Group, Session, Yes, command, common, show_help

if TYPE_CHECKING:
    from .. import Model, ModelVerification
    from ..errors import JSONValue
    from ..models import VerifySettings

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


@app.callback(invoke_without_command=True)
@common
def models(context: typer.Context) -> None:
    """Manage models: yours, and the public ones that you can see."""
    show_help(context)


Identity: TypeAlias = Annotated[
    str,
    typer.Argument(metavar="MODEL", help="Its id or its name.", autocompletion=identity.complete),
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
        session.show_one(client.models.retrieve(identity.find(client, model)).to_dict())


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
    with session.client() as client, session.changing("The model may have been made"):
        model_id = client.models.create(
            name=name,
            model=model,
            default_key=default_key,
            max_output_token_count=max_output_token_count,
            max_token_count=max_token_count,
            url=url,
        )
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
        with session.changing("The model may have been made or changed"):
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
        model_id = identity.find(client, model, own=True)
        with session.changing("The model may have been changed"):
            updated = client.models.update(
                model_id,
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
    default_key = session.secret("--key", key, "The provider's API key")
    with session.client() as client:
        model_id = identity.find(client, model, own=True)
        with session.changing("The model may have been changed"):
            replaced = client.models.replace(
                model_id,
                name=name,
                model=underlying,
                default_key=default_key,
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
        typer.Argument(
            metavar="MODEL", help="Their ids or their names.", autocompletion=identity.complete
        ),
    ],
    yes: Yes = False,
    concurrency: Concurrency = 8,
) -> None:
    """Delete models of yours."""
    with session.client() as client:
        meant = identity.find_all(client, model, own=True)
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


app.command()(registry.export)
app.command()(registry.schema)
app.command()(registry.apply)
