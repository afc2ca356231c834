"""`root-signals models`: the methods of `client.models`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias, TypeVar, get_args

import typer

from ...errors import NotFoundError, RootSignalsError
from .. import identity
from ..errors import FAILED, CommandError, common_code
from ..options import Concurrency, Group, Yes, command, common, show_help
from ..resources import DETAILS, report_deletions, show_listing
from ..session import Session
from . import registry

if TYPE_CHECKING:
    from ... import Model, ModelVerification, RootSignals
    from ...errors import JSONValue
    from ...models import NotGiven

__all__ = ["app"]

T = TypeVar("T", str, int)

app: typer.Typer = typer.Typer(cls=Group)

# On a narrow terminal, the last ones are hidden.
_COLUMNS = (
    "id",
    "name",
    "visibility",
    "provider",
    "owner",
)
_DETAILS = (*_COLUMNS, "model", "url", "max_token_count", "max_output_token_count")
# The number of models that are retrieved together.
_CHUNK = 8


@app.callback(invoke_without_command=True)
@common
def models(context: typer.Context) -> None:
    """Manage models: your own and the public ones."""
    show_help(context)


Identity: TypeAlias = Annotated[
    str,
    typer.Argument(metavar="MODEL", help="Model ID or name.", autocompletion=identity.complete),
]
Name: TypeAlias = Annotated[str, typer.Argument(metavar="NAME", help="Name of the model.")]
Underlying: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--model", metavar="TEXT", help="Name of the underlying model, if it differs from NAME."
    ),
]
URL: TypeAlias = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="URL of the server that serves the model."),
]
Tokens: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--max-token-count", metavar="N", help="Maximum number of tokens that it can process."
    ),
]
OutputTokens: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--max-output-token-count",
        metavar="N",
        help="Maximum number of output tokens, at least 800.",
    ),
]
Key: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--key",
        metavar="-",
        help="Read the provider's API key from stdin; on a terminal, prompt for it without echo."
        " It is never an argument, because process lists show arguments.",
    ),
]
Visibility: TypeAlias = Literal["public", "public_unlisted", "private"]
# The fields that every listing contains.
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
    limit: Annotated[int, typer.Option(metavar="N", min=0, help="Maximum number of models.")] = 100,
    all_: Annotated[bool, typer.Option("--all", help="List all models.")] = False,
    name: Annotated[
        str | None,
        typer.Option(
            metavar="PATTERN", help="Only models whose name matches, for example 'azure/*'."
        ),
    ] = None,
    provider: Annotated[
        str | None,
        typer.Option(metavar="PATTERN", help="Only models whose provider matches."),
    ] = None,
    visibility: Annotated[
        Visibility | None,
        typer.Option(
            metavar="|".join(get_args(Visibility)),
            help="Only models with this visibility.",
            case_sensitive=False,
        ),
    ] = None,
    sort: Annotated[
        Order | None,
        typer.Option(
            metavar="COLUMN",
            help="Sort by name, provider, visibility, owner or id; a leading minus reverses the"
            " order.",
        ),
    ] = None,
    details: Annotated[bool, typer.Option("--details", help=DETAILS)] = False,
) -> None:
    """List models: your own and the public ones.

    Patterns support *, ? and [...], and ignore case. --sort reads all models first.
    """
    with session.client() as client:
        found: Iterable[Model] = (
            model
            for model in client.models.list(limit=None, page_size=100)
            if _matches(model.name, name)
            and _matches(model.provider.name if model.provider else None, provider)
            and (visibility is None or (model.visibility or "").lower() == visibility)
        )
        if sort is not None:
            found = _sorted(found, sort)
        if details:
            found = _with_details(client, found)
        columns = _DETAILS if details else _COLUMNS
        show_listing(session, found, columns, None if all_ else limit, "model", "models")


def _with_details(client: RootSignals, found: Iterable[Model]) -> Iterator[Model]:
    """Yield the models with the fields of listings and of details.

    Only those that match are retrieved. One that was deleted meanwhile is left out.
    """
    listed = iter(found)
    while chunk := list(islice(listed, _CHUNK)):
        ids = [model.id for model in chunk]
        outcomes = client.models.retrieve_many(ids, concurrency=_CHUNK, errors="collect")
        for model, outcome in zip(chunk, outcomes, strict=True):
            if isinstance(outcome, NotFoundError):
                continue
            if isinstance(outcome, RootSignalsError):
                raise outcome
            yield outcome.from_dict(model.to_dict() | outcome.to_dict())


def _matches(value: str | None, pattern: str | None) -> bool:
    return pattern is None or fnmatchcase((value or "").lower(), pattern.lower())


def _sorted(found: Iterable[Model], sort: str) -> list[Model]:
    def key(model: Model) -> str:
        value = getattr(model, sort.removeprefix("-"))
        text = getattr(value, "name", None) or getattr(value, "email", None) or value
        return str(text or "").lower()

    return sorted(found, key=key, reverse=sort.startswith("-"))


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
    """Create a model and print its ID."""
    default_key = session.secret("--key", key, "The provider's API key")
    with session.client() as client, session.interrupt_warning("The model may have been created."):
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
    """Create a model, or update it if it differs, and print it.

    The key is sent on creation only, because it cannot be read back for comparison.
    """
    default_key = session.secret("--key", key, "The provider's API key")
    with session.client() as client:
        existing: set[str] = set()
        if default_key is not None:
            # To report below whether the key was sent.
            existing.update(one.id for one in client.models.list(limit=None, page_size=100))
        with session.interrupt_warning("The model may have been created or changed."):
            ensured = client.models.ensure(
                name=name,
                model=model,
                default_key=default_key,
                max_output_token_count=max_output_token_count,
                max_token_count=_optional(max_token_count),
                url=_optional(url),
            )
    session.show_one(ensured.to_dict())
    if ensured.id in existing:
        session.warn(
            "The model already exists, so its key was not sent."
            f" `root-signals models update {ensured.id} --key -` sends it."
        )


@app.command()
@command
def update(
    session: Session,
    model: Identity,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="New name.")] = None,
    underlying: Underlying = None,
    url: URL = None,
    max_token_count: Tokens = None,
    max_output_token_count: OutputTokens = None,
    key: Key = None,
    clear_key: Annotated[bool, typer.Option("--clear-key", help="Remove the key.")] = False,
    clear_url: Annotated[bool, typer.Option("--clear-url", help="Remove the URL.")] = False,
    clear_max_token_count: Annotated[
        bool, typer.Option("--clear-max-token-count", help="Remove this limit.")
    ] = False,
) -> None:
    """Update fields of a model, and print it.

    Omitted fields keep their value.
    """
    default_key = session.secret("--key", key, "The provider's API key")
    with session.client() as client:
        model_id = identity.find(client, model, own=True)
        with session.interrupt_warning("The model may have been changed."):
            updated = client.models.update(
                model_id,
                name=_optional(name),
                model=_optional(underlying),
                default_key=_value_or_clear("key", default_key, clear=clear_key),
                max_output_token_count=_optional(max_output_token_count),
                max_token_count=_value_or_clear(
                    "max-token-count", max_token_count, clear=clear_max_token_count
                ),
                url=_value_or_clear("url", url, clear=clear_url),
            )
    session.show_one(updated.to_dict())


def _optional(value: T | None) -> T | NotGiven:
    """Return the value of an option, or NOT_GIVEN if it is omitted."""
    from ...models import NOT_GIVEN

    return NOT_GIVEN if value is None else value


def _value_or_clear(option: str, value: T | None, *, clear: bool) -> T | NotGiven | None:
    """Return the value of an option, None to clear the field, or NOT_GIVEN to keep it.

    Raises:
        CommandError: The options to set and to clear the field are combined.
    """
    if clear and value is not None:
        raise CommandError(f"--{option} and --clear-{option} cannot be combined.")
    return None if clear else _optional(value)


@app.command()
@command
def replace(
    session: Session,
    model: Identity,
    name: Annotated[str, typer.Option(metavar="NAME", help="Name of the model.")],
    underlying: Underlying = None,
    url: URL = None,
    max_token_count: Tokens = None,
    max_output_token_count: OutputTokens = None,
    key: Key = None,
) -> None:
    """Replace all settings of a model, and print it."""
    default_key = session.secret("--key", key, "The provider's API key")
    with session.client() as client:
        model_id = identity.find(client, model, own=True)
        with session.interrupt_warning("The model may have been changed."):
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
            metavar="MODEL", help="Model IDs or names.", autocompletion=identity.complete
        ),
    ],
    yes: Yes = False,
    concurrency: Concurrency = 8,
) -> None:
    """Delete your own models."""
    with session.client() as client:
        found = identity.find_all(client, model, own=True)
        ids = list(found)
        session.confirm(f"Delete {', '.join(found.values())} at {session.service}?", yes=yes)
        with session.progress("Deleting", makes_changes=True) as on_progress:
            outcomes = client.models.delete_many(
                ids, concurrency=concurrency, errors="collect", on_progress=on_progress
            )
    report_deletions(session, list(found.values()), outcomes, "models")


@app.command()
@command
def verify(
    session: Session,
    model: Annotated[
        list[str], typer.Argument(metavar="NAME", help="Names of the underlying models.")
    ],
    url: URL = None,
    max_output_token_count: OutputTokens = None,
    key: Key = None,
    concurrency: Concurrency = 8,
) -> None:
    """Verify that model configurations work; this may take a while.

    The exit code is 1 if one does not work.
    """
    from ...models import VerifySettings

    with session.client() as client:
        api_key = session.secret("--key", key, "The provider's API key")
        configurations = [
            VerifySettings(
                model=one,
                api_key=api_key,
                url=url,
                max_output_token_count=max_output_token_count,
            )
            for one in model
        ]
        with session.progress("Verifying") as on_progress:
            outcomes = client.models.verify_many(
                configurations, concurrency=concurrency, errors="collect", on_progress=on_progress
            )
    if len(outcomes) == 1:
        (outcome,) = outcomes
        if isinstance(outcome, RootSignalsError):
            raise outcome
        session.show_one(outcome.to_dict())
        outcome.raise_for_failure()
        return
    session.show(
        map(_verification_record, model, outcomes), ("model", "success", "response", "error")
    )
    errors = [one for one in outcomes if isinstance(one, RootSignalsError)]
    failed = [one for one in outcomes if not isinstance(one, RootSignalsError) and not one.success]
    if failed or errors:
        parts = [f"{len(failed)} did not work"] if failed else []
        parts += [f"{len(errors)} could not be verified"] if errors else []
        raise CommandError(
            f"Of {len(model)} configurations, {' and '.join(parts)}.",
            code=common_code(errors) if len(errors) == len(model) else FAILED,
        )


def _verification_record(
    model: str, outcome: ModelVerification | RootSignalsError
) -> dict[str, JSONValue]:
    if isinstance(outcome, RootSignalsError):
        # It is unknown whether the configuration works.
        return {"model": model, "success": None, "error": str(outcome)}
    return {**outcome.to_dict(), "model": model}


app.command()(registry.export)
app.command()(registry.schema)
app.command()(registry.apply)
