"""`root-signals doctor`: what `client.check()` finds out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

import typer

from ..checks import Check
from ..errors import ConfigurationError
from .errors import FAILED, CommandError
from .session import Session, command

if TYPE_CHECKING:
    from .. import RootSignals
    from . import profiles

__all__ = ["doctor"]


@command
def doctor(
    session: Session,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, help="How long a step may take.")
    ] = 10,
) -> None:
    """Find out how far a request comes, and what to do."""
    try:
        settings, client, trouble = session.settings_and_client()
    except (CommandError, ConfigurationError) as error:
        checks = _without_a_client(error)
    else:
        with client:
            checks = _with_a_client(settings, client, trouble, timeout)
    if session.format == "table":
        text = "\n".join(map(str, checks))
        session.write(text, styles={"ok": "green", "warn": "yellow", "FAILED": "red"})
    else:
        session.show(asdict(check) for check in checks)
    if any(check.ok is False for check in checks):
        raise typer.Exit(FAILED)


def _without_a_client(error: CommandError | ConfigurationError) -> list[Check]:
    """Return what can be told where nobody knows which service is meant."""
    from .. import _diagnosis as diagnosis

    later = (*diagnosis.WAY, *diagnosis.SERVICE)
    return [
        diagnosis.versions(),
        Check("settings", False, *_told(error)),
        *(diagnosis.skipped(name, "settings") for name in later),
    ]


def _with_a_client(
    settings: profiles.Settings,
    client: RootSignals,
    trouble: CommandError | ConfigurationError | None,
    timeout: float,
) -> list[Check]:
    # What is an argument to the client came from somewhere before.
    pairs = list(zip(client.config.explain(), settings.explain(client), strict=True))
    sources = {str(told): str(meant) for told, meant in pairs}
    sources |= {
        f"it comes from: {told.source}.": f"it comes from: {meant.source}."
        for told, meant in pairs
        if told.name == "api_key"
    }
    checks = [_with_sources(check, sources) for check in client.check(timeout=timeout).checks]
    if trouble is None:
        return checks
    # The client knows no more than that it has no key, and says what to do in a program.
    told, advice = _told(trouble)
    return [
        replace(check, told=f"{told};{check.told.partition(';')[2]}", advice=advice)
        if check.name == "settings"
        else check
        for check in checks
    ]


def _told(error: CommandError | ConfigurationError) -> tuple[str, str]:
    """Return what is wrong, and what to do."""
    hint = error.hint if isinstance(error, CommandError) else None
    if hint is None:
        return "a setting cannot be used", str(error)
    return str(error).rstrip("."), hint


def _with_sources(check: Check, sources: Mapping[str, str]) -> Check:
    told, advice = check.told, check.advice
    for source, meant in sources.items():
        told = told.replace(source, meant)
        advice = advice and advice.replace(source, meant)
    return replace(check, told=told, advice=advice)
