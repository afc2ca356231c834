"""`root-signals config`: profiles, and what the settings are."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

from . import profiles
from .errors import CommandError
from .session import Group, Session, command, common, show_help

__all__ = ["app"]

_LEFT = "The key stays in the keyring, which cannot be opened now; delete it there."

app: typer.Typer = typer.Typer(cls=Group)


@app.callback(invoke_without_command=True)
@common
def config(context: typer.Context) -> None:
    """Keep base URLs and keys under a name, and show what is used."""
    show_help(context)


Name: TypeAlias = Annotated[
    str,
    typer.Argument(help="The profile's name.", metavar="NAME", autocompletion=profiles.complete),
]


@app.command("set")
@command
def set_(
    session: Session,
    name: Name,
    api_key: Annotated[
        str | None,
        typer.Option(
            metavar="-", help="Read the key from stdin; a terminal asks, and does not show it."
        ),
    ] = None,
) -> None:
    """Keep a base URL and a key under a name.

    They are what --base-url, --api-key and --api-key-file say; what is left out stays as it was.
    The key goes to the system's keyring where the package `keyring` is installed and finds one,
    else into a file that only you can read.
    """
    from .. import RootSignals
    from ..config import no_key

    profiles.check_name(name)
    known = profiles.read()
    old = known.names.get(name, profiles.Profile())
    if api_key is not None and session.api_key_file is not None:
        raise CommandError("--api-key and --api-key-file exclude each other.")
    key = session.secret("--api-key", api_key, "API key")
    if session.api_key_file is not None:
        key = profiles.read_key(session.api_key_file)
    # It is checked as by everybody else.
    checked = no_key if key is None else key
    with RootSignals(checked, base_url=session.base_url or old.base_url) as client:
        # A key belongs to a service: the two are kept together, wherever the address is from.
        said = session.base_url is not None or key is not None
        base_url = client.base_url if said else old.base_url
    if key is not None and base_url != old.base_url:
        # Whatever fails from here on, no key stands beside an address that is not its own.
        known.having(name, profiles.Profile(base_url)).write()
    place = old.key if key is None else profiles.keep_key(name, key)
    if place == "file" and old.key == "keyring" and not profiles.forget_key(name, old):
        session.warn(_LEFT)
    if key is not None and place == "file":
        session.warn(
            f"The key is in a file that only you can read, in {profiles.folder()}: there is no"
            " keyring here. `pip install keyring` may help."
        )
    known.having(name, profiles.Profile(base_url, place)).write()
    told = f" for {base_url}" if base_url else ""
    session.say(
        f"Profile {name} is kept{told}. `root-signals config use {name}` makes it the usual one."
    )


@app.command()
@command
def use(session: Session, name: Name) -> None:
    """Use a profile wherever none is asked for.

    The environment and .env go before it.
    """
    from dataclasses import replace

    known = profiles.read()
    known.get(name)
    replace(known, in_use=name).write()
    session.say(f"Profile {name} is in use.")
    if profiles.environment_speaks():
        session.warn(
            "Not here: the environment or .env has a key or an address, and goes before it."
            f" --profile {name} goes before both."
        )


@app.command()
@command
def remove(session: Session, name: Name) -> None:
    """Delete a profile and its key."""
    known = profiles.read()
    old = known.get(name)
    known.having(name, None).write()
    if not profiles.forget_key(name, old):
        session.warn(_LEFT)
    session.say(f"Profile {name} is deleted.")


@app.command()
@command
def show(session: Session) -> None:
    """Print each setting, its value and its source.

    Of a key the beginning of its hash is shown.
    """
    settings, client, trouble = session.settings_and_client()
    if trouble is not None:
        session.warn(str(trouble))
    with client:
        rows = [(one.name, one.value, one.source) for one in settings.explain(client)]
    source = "--profile" if session.profile else "config use" if settings.profile else ""
    rows.append(("profile", settings.profile or "none", source))
    try:
        names = ", ".join(profiles.read().names) or "none"
    except CommandError as error:
        session.warn(str(error))
        names = "unknown"
    rows.append(("profiles", names, str(profiles.folder())))
    session.show({"name": name, "value": value, "source": source} for name, value, source in rows)
