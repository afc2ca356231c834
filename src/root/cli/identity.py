"""Which model is meant: ids and names on the command line, and their completion."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast
from uuid import UUID

import typer

from ..errors import RootSignalsError
from . import profiles
from .errors import NOT_FOUND, CommandError

if TYPE_CHECKING:
    from .. import Model, RootSignals

__all__ = ["complete", "find", "find_all"]


def complete(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
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


def find(client: RootSignals, model: str, *, own: bool = False) -> str:
    """Return the id that an id or a name stands for, as `find_all` has it."""
    (model_id,) = find_all(client, [model], own=own)
    return model_id


def find_all(client: RootSignals, models: Iterable[str], *, own: bool) -> dict[str, str]:
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
        if _is_id(model):
            meant.setdefault(model.lower(), model)
            continue
        if there is None:
            there = list(client.models.list(limit=None, page_size=100))
        one = _pick(there, model, own=own)
        meant[one.id] = f"{one.name} ({one.id})"
    return meant


def _is_id(model: str) -> bool:
    # As ids are written: a name may be 32 hexadecimal digits without hyphens.
    try:
        return str(UUID(model)) == model.lower()
    except ValueError:
        return False


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
