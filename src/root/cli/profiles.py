"""Profiles: named pairs of a base URL and an API key, stored in the configuration file."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

from .completion import is_offerable
from .errors import CONFIGURATION, CommandError
from .files import config_dir, find_config_dir, write_private

__all__ = ["KeyStore", "Profile", "Profiles", "check_name", "complete", "read"]

KeyStore: TypeAlias = Literal["keyring", "file"]

_FILE = "config.toml"

# It is also the name of the file of the key. Windows ignores dots and spaces at its end.
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_. -]{0,62}[A-Za-z0-9_-])?")

_NAME_RULE = (
    "The name of a profile consists of 1 to 64 ASCII letters, digits and underscores, with hyphens,"
    " dots and spaces in between."
)


@dataclass(frozen=True)
class Profile:
    """A profile.

    Attributes:
        base_url: The base URL of the service, if the profile has one.
        key: Where the API key is stored, if the profile has one.
    """

    base_url: str | None = None
    key: KeyStore | None = None


@dataclass(frozen=True)
class Profiles:
    """The content of the configuration file.

    Attributes:
        by_name: The profiles by name.
        default: The name of the default profile, if there is one.
    """

    by_name: Mapping[str, Profile] = field(default_factory=dict[str, Profile])
    default: str | None = None

    def get(self, name: str) -> Profile:
        """Return a profile.

        Raises:
            CommandError: The profile does not exist.
        """
        if name in self.by_name:
            return self.by_name[name]
        names = ", ".join(self.by_name) or "none"
        raise CommandError(
            f"Profile {name!r} does not exist.",
            f"Existing profiles: {names}. `root-signals config set NAME` creates one.",
            code=CONFIGURATION,
        )

    def replace_profile(self, name: str, profile: Profile | None) -> Profiles:
        """Return a copy in which one profile is added or replaced, or removed if it is None."""
        others = {other: self.by_name[other] for other in self.by_name if other != name}
        if profile is not None:
            return replace(self, by_name={**others, name: profile})
        return Profiles(others, None if self.default == name else self.default)

    def write(self) -> None:
        """Update the configuration file; its comments and unrelated content are kept.

        Raises:
            CommandError: The file cannot be written, or its layout does not allow the change.
        """
        import tomllib

        import tomlkit

        path = config_dir() / _FILE
        document = tomlkit.parse(path.read_text(encoding="utf-8") if path.exists() else "")
        expected = document.unwrap()
        self._update(expected)
        self._update(document)
        text = document.as_string()
        # tomlkit corrupts tables that are not adjacent, and tables with dotted keys.
        if {"profiles": {}} | tomllib.loads(text) != expected:
            raise CommandError(
                f"{path} cannot be changed in its current layout.",
                "Write each profile as a table [profiles.NAME], one directly after the other.",
                code=CONFIGURATION,
            )
        write_private(path, text)

    def _update(self, content: MutableMapping[str, Any]) -> None:
        _set(content, "profile", self.default)
        tables = content.setdefault("profiles", {})
        for removed in tables.keys() - self.by_name:
            del tables[removed]
        for name, profile in self.by_name.items():
            table = tables.setdefault(name, {})
            _set(table, "base_url", profile.base_url)
            _set(table, "key", profile.key)


def _set(table: MutableMapping[str, Any], name: str, value: str | None) -> None:
    if value is None:
        table.pop(name, None)
    elif table.get(name) != value:
        # Assigning an equal value would change the user's quotes.
        table[name] = value


def read() -> Profiles:
    """Read the configuration file. Without a file or a home directory there are no profiles.

    Raises:
        CommandError: The file cannot be read, or its structure is invalid.
    """
    import tomllib

    folder = find_config_dir()
    if folder is None:
        return Profiles()
    path = folder / _FILE
    try:
        content: dict[str, object] = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Profiles()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not valid TOML"
        raise CommandError(
            f"{path} cannot be read: {reason}.", "Correct or delete it.", code=CONFIGURATION
        ) from None
    default = content.get("profile")
    tables = content.get("profiles", {})
    if isinstance(tables, dict) and isinstance(default, (str, type(None))):
        by_name = cast("dict[str, object]", tables)
        for name in by_name:
            if not _NAME.fullmatch(name):
                raise CommandError(
                    f"{path} has a profile with the invalid name {name!r}.",
                    f"Rename or delete it. {_NAME_RULE}",
                    code=CONFIGURATION,
                )
        return Profiles({name: _profile(by_name[name], path) for name in by_name}, default)
    raise _invalid_structure(path)


def _profile(table: object, path: Path) -> Profile:
    if not isinstance(table, dict):
        raise _invalid_structure(path)
    base_url, key = (cast("dict[str, object]", table).get(name) for name in ("base_url", "key"))
    if isinstance(base_url, (str, type(None))) and key in (None, "keyring", "file"):
        return Profile(base_url, key)
    raise _invalid_structure(path)


def _invalid_structure(path: Path) -> CommandError:
    return CommandError(
        f"{path} has an invalid structure.", "Correct or delete it.", code=CONFIGURATION
    )


def complete(incomplete: str) -> list[str]:
    """Return the names of profiles that begin with the incomplete word, and are safe in shells."""
    try:
        names = read().by_name
        return [name for name in names if name.startswith(incomplete) and is_offerable(name)]
    except CommandError:
        # Completion must not print errors.
        return []


def check_name(name: str) -> None:
    """Validate the name of a profile.

    Raises:
        CommandError: The name is invalid.
    """
    if not _NAME.fullmatch(name):
        raise CommandError(_NAME_RULE)
