"""`root-signals config`: profiles and effective settings."""

from __future__ import annotations

from shlex import quote
from typing import Annotated, TypeAlias

import typer

from .. import profiles
from ..errors import CommandError
from ..files import config_dir, find_config_dir
from ..keys import delete_key, read_key_file, store_key
from ..options import Group, command, common, show_help
from ..session import Session
from ..settings import environment_has_settings

__all__ = ["app"]

_KEY_REMAINS = "The key remains in the keyring, which cannot be opened. Delete it there."

app: typer.Typer = typer.Typer(cls=Group)


@app.callback(invoke_without_command=True)
@common
def config(context: typer.Context) -> None:
    """Manage profiles, and print the settings."""
    show_help(context)


Name: TypeAlias = Annotated[
    str,
    typer.Argument(help="Name of the profile.", metavar="NAME", autocompletion=profiles.complete),
]


@app.command("set")
@command
def set_(
    session: Session,
    name: Name,
    api_key: Annotated[
        str | None,
        typer.Option(
            metavar="-",
            help="Read the API key from stdin; on a terminal, prompt for it without echo.",
        ),
    ] = None,
) -> None:
    """Store a base URL and an API key as a profile.

    The values come from --base-url, --api-key and --api-key-file; omitted ones are unchanged, but
    a key is used only for the base URL that it was stored with. It is stored in the system's
    keyring if the package `keyring` is installed and has a backend, otherwise in a file that only
    you can read.
    """
    from ... import RootSignals
    from ...config import no_key

    profiles.check_name(name)
    known = profiles.read()
    old = known.by_name.get(name, profiles.Profile())
    if api_key is not None and session.api_key_file is not None:
        raise CommandError("--api-key and --api-key-file cannot be combined.")
    key = session.secret("--api-key", api_key, "API key")
    if session.api_key_file is not None:
        key = read_key_file(session.api_key_file)
    # The client validates both values.
    checked_key = no_key if key is None else key
    with RootSignals(checked_key, base_url=session.base_url or old.base_url) as client:
        # A key belongs to a service, so it is stored with the URL, wherever that comes from.
        is_changed = session.base_url is not None or key is not None
        base_url = client.base_url if is_changed else old.base_url
    if key is not None and base_url != old.base_url:
        # If storing the key fails, the old key must not remain with the new URL.
        known.replace_profile(name, profiles.Profile(base_url)).write()
    key_store = old.key if key is None or base_url is None else store_key(name, key, base_url)
    if key_store == "file" and old.key == "keyring" and not delete_key(name, old):
        session.warn(_KEY_REMAINS)
    if key is not None and key_store == "file":
        session.warn(
            f"The key is stored in a file in {config_dir()} that only you can read, because no"
            " keyring is available. `pip install keyring` may help."
        )
    known.replace_profile(name, profiles.Profile(base_url, key_store)).write()
    if key is None and key_store is not None and base_url != old.base_url:
        session.warn(
            f"The key of profile {name} is for {old.base_url}, and is not used for {base_url}."
            f" `root-signals config set {quote(name)} --api-key -` stores another one."
        )
    target = f" for {base_url}" if base_url else ""
    session.info(
        f"Profile {name} is stored{target}. `root-signals config use {quote(name)}` makes it the"
        " default."
    )


@app.command()
@command
def use(session: Session, name: Name) -> None:
    """Make a profile the default.

    The environment takes precedence over the default profile, which takes precedence over .env.
    """
    from dataclasses import replace

    known = profiles.read()
    known.get(name)
    replace(known, default=name).write()
    session.info(f"Profile {name} is the default.")
    if environment_has_settings():
        session.warn(
            "The environment contains an API key or a base URL, which takes precedence"
            f" over the default profile. Use --profile {quote(name)} to override it."
        )


@app.command()
@command
def remove(session: Session, name: Name) -> None:
    """Delete a profile and its key."""
    known = profiles.read()
    old = known.get(name)
    known.replace_profile(name, None).write()
    if not delete_key(name, old):
        session.warn(_KEY_REMAINS)
    session.info(f"Profile {name} is deleted.")


@app.command()
@command
def show(session: Session) -> None:
    """Print each setting with its value and its source.

    The API key is printed as the beginning of its hash.
    """
    settings, client, key_error = session.settings_and_client()
    if key_error is not None:
        session.warn(str(key_error))
    with client:
        rows = [(one.name, one.value, one.source) for one in settings.explain(client)]
    source = "--profile" if session.profile else "config use" if settings.profile else ""
    rows.append(("profile", settings.profile or "none", source))
    try:
        names = ", ".join(profiles.read().by_name) or "none"
    except CommandError as error:
        session.warn(str(error))
        names = "unknown"
    rows.append(("profiles", names, str(find_config_dir() or "no home directory")))
    session.show({"name": name, "value": value, "source": source} for name, value, source in rows)
