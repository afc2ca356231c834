"""`root-signals doctor`: what `client.check()` finds out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Annotated

import typer

from ..checks import Check
from .errors import FAILED
from .session import Session, command

__all__ = ["doctor"]


@command
def doctor(
    session: Session,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, help="How long a step may take.")
    ] = 10,
) -> None:
    """Find out how far a request comes, and what to do."""
    settings, client = session.settings_and_client()
    with client:
        report = client.check(timeout=timeout)
        # What is an argument to the client came from somewhere before.
        sources = zip(client.config.explain(), settings.explain(client), strict=True)
        known = {str(told): str(meant) for told, meant in sources}
    checks = [_with_sources(check, known) for check in report.checks]
    if session.format == "table":
        text = "\n".join(map(str, checks))
        session.write(text, styles={"ok": "green", "warn": "yellow", "FAILED": "red"})
    else:
        session.show(asdict(check) for check in checks)
    if not report.ok:
        raise typer.Exit(FAILED)


def _with_sources(check: Check, known: Mapping[str, str]) -> Check:
    told = check.told
    for setting, meant in known.items():
        told = told.replace(setting, meant)
    return replace(check, told=told)
