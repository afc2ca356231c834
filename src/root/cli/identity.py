"""Lookup and completion of models and other objects by ID or name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast
from uuid import UUID

import typer

from ..errors import RootSignalsError
from .completion import is_offerable, offered_description
from .errors import NOT_FOUND, CommandError
from .settings import resolve

if TYPE_CHECKING:
    from .. import Model, RootSignals

__all__ = ["MAX_SEARCHED", "complete", "completer", "find", "find_all", "is_id", "named", "not_one"]

# Objects that are searched for a name: a listing may have no end.
MAX_SEARCHED = 100_000

# Seconds that a completion may take.
_COMPLETION_TIMEOUT = 2


def completer(
    resource: str, named_by: str | None = "name"
) -> Callable[[typer.Context, str], list[tuple[str, str]]]:
    """Return a function that completes the names and IDs of the objects of a resource.

    Args:
        resource: The name of the resource of a client.
        named_by: The field with the name of an object, or None.
    """

    def complete(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
        return _complete(context, incomplete, resource, named_by)

    return complete


def complete(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return the names and IDs of models that begin with the incomplete word."""
    return _complete(context, incomplete, "models", "name")


def _complete(
    context: typer.Context, incomplete: str, resource: str, named_by: str | None
) -> list[tuple[str, str]]:
    """Return the names and IDs of objects that begin with the incomplete word.

    Other people name them, so names that are special in a shell are omitted: such an object is
    completed by its ID only. Errors are ignored. A service that does not respond in time completes
    nothing.
    """
    import threading

    options: dict[str, str] = {}
    current: typer.Context | None = context
    while current is not None:
        # Options after a command take precedence over options before it.
        options = {name: str(value) for name, value in current.params.items() if value} | options
        current = cast("typer.Context | None", current.parent)
    file = options.get("api_key_file")
    found: list[tuple[str, str]] = []

    def list_objects() -> None:
        # Completion must not print errors.
        with suppress(RootSignalsError, CommandError, OSError):
            settings = resolve(
                profile=options.get("profile"),
                base_url=options.get("base_url"),
                api_key_file=Path(file) if file else None,
            )
            client = settings.client()
            with client.with_options(deadline=_COMPLETION_TIMEOUT, max_retries=0) as client:
                # There may be any number of logs.
                limit = None if named_by else 100
                for one in getattr(client, resource).list(limit=limit):
                    name = str(getattr(one, named_by) or "") if named_by else ""
                    found.append((one.id, name))
                    if name:
                        found.append((name, one.id))

    # The lookup of a host name cannot be interrupted, so it runs in a thread that is abandoned.
    thread = threading.Thread(target=list_objects, daemon=True)
    thread.start()
    thread.join(_COMPLETION_TIMEOUT)
    return [
        (word, offered_description(description))
        for word, description in found
        if word.startswith(incomplete) and is_offerable(word)
    ]


def find(client: RootSignals, model: str, *, own: bool = False) -> str:
    """Return the ID of a model that is given by ID or name, as `find_all` does."""
    (model_id,) = find_all(client, [model], own=own)
    return model_id


def find_all(client: RootSignals, models: Iterable[str], *, own: bool) -> dict[str, str]:
    """Return the IDs of models that are given by ID or name, each with a description.

    The models are listed once, and only if a name is given. If several models have the name, the
    user's own model takes precedence over public ones.

    Args:
        client: The client.
        models: IDs or names.
        own: Whether to find only the user's own models by name.

    Raises:
        CommandError: A model does not exist, or a name is ambiguous.
    """
    found: dict[str, str] = {}
    listing: list[Model] | None = None
    for model in models:
        if is_id(model):
            found.setdefault(model.lower(), model)
            continue
        if listing is None:
            listing = list(client.models.list(limit=MAX_SEARCHED + 1, page_size=100))
            if len(listing) > MAX_SEARCHED:
                raise CommandError(
                    f"There are more than {MAX_SEARCHED:,} models, too many to search for a name.",
                    "Use an ID.",
                )
        match = _match(listing, model, own=own)
        found[match.id] = f"{match.name} ({match.id})"
    return found


def is_id(word: str) -> bool:
    """Return whether a word is an ID, and not a name."""
    # Only the canonical form: 32 hexadecimal digits without hyphens may be a name.
    try:
        return str(UUID(word)) == word.lower()
    except ValueError:
        return False


def _match(listing: Iterable[Model], model: str, *, own: bool) -> Model:
    matches = {one.id: one for one in listing if model in (one.id, one.name)}
    if model in matches:
        return matches[model]
    own_matches = [one for one in matches.values() if one.visibility in ("PRIVATE", None)]
    candidates = own_matches or ([] if own else list(matches.values()))
    if not candidates:
        raise CommandError(
            f"{'You have no' if own else 'There is no'} model with the ID or name {model!r}.",
            code=NOT_FOUND,
        )
    if len(candidates) > 1:
        ids = ", ".join(one.id for one in candidates)
        raise CommandError(
            f"The name {model!r} is ambiguous; the models {ids} have it.", "Use an ID."
        )
    return candidates[0]


def named(found: Iterable[object], field: str, word: str) -> list[str]:
    """Return the IDs of the objects that have this name."""
    return [str(getattr(one, "id", "")) for one in found if getattr(one, field, None) == word]


def not_one(word: str, found: list[str], noun: str, plural: str, group: str) -> CommandError:
    """Return the error for a name that no object has, or several."""
    if found:
        return CommandError(
            f"The name {word!r} is ambiguous; the {plural} {', '.join(found)} have it.",
            "Use an ID.",
        )
    return CommandError(
        f"There is no {noun} with the ID or name {word!r}.",
        f"`root-signals {group} list --all` lists the available {plural}.",
        code=NOT_FOUND,
    )
