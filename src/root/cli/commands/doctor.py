"""`root-signals doctor`: the checks of `client.check()`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

import typer

from ...checks import without_client
from ...errors import ConfigurationError
from ..errors import FAILED, CommandError
from ..options import command
from ..session import Session

if TYPE_CHECKING:
    from ... import RootSignals
    from ...checks import Check
    from ..settings import Settings

__all__ = ["doctor"]


@command
def doctor(
    session: Session,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, help="Timeout of each step.")
    ] = 10,
) -> None:
    """Check the connection to the service, step by step."""
    try:
        settings, client, key_error = session.settings_and_client()
    except (CommandError, ConfigurationError) as error:
        checks = list(without_client(*_problem(error)).checks)
    else:
        with client:
            checks = _checks_with_client(settings, client, key_error, timeout)
    if session.format == "table":
        text = "\n".join(map(str, checks))
        session.write(text, styles={"ok": "green", "warn": "yellow", "FAILED": "red"})
    else:
        session.show(asdict(check) for check in checks)
    if any(check.ok is False for check in checks):
        raise typer.Exit(FAILED)


def _checks_with_client(
    settings: Settings,
    client: RootSignals,
    key_error: CommandError | ConfigurationError | None,
    timeout: float,
) -> list[Check]:
    # The client reports "argument" as the source of what comes from an option or a profile.
    pairs = list(zip(client.config.explain(), settings.explain(client), strict=True))
    sources = {str(reported): str(actual) for reported, actual in pairs}
    sources |= {
        f"it comes from: {reported.source}.": f"it comes from: {actual.source}."
        for reported, actual in pairs
        if reported.name == "api_key"
    }
    checks = [_with_sources(check, sources) for check in client.check(timeout=timeout).checks]
    if key_error is None:
        return checks
    # The client's advice explains how to set the key in Python.
    problem, advice = _problem(key_error)
    return [
        replace(check, detail=f"{problem};{check.detail.partition(';')[2]}", advice=advice)
        if check.name == "settings"
        else check
        for check in checks
    ]


def _problem(error: CommandError | ConfigurationError) -> tuple[str, str]:
    """Return what is wrong, and what to do."""
    hint = error.hint if isinstance(error, CommandError) else None
    if hint is None:
        return "a setting cannot be used", str(error)
    return str(error).rstrip("."), hint


def _with_sources(check: Check, sources: Mapping[str, str]) -> Check:
    detail, advice = check.detail, check.advice
    for reported, actual in sources.items():
        detail = detail.replace(reported, actual)
        advice = advice and advice.replace(reported, actual)
    return replace(check, detail=detail, advice=advice)
