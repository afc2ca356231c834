"""Profiles: a base URL and a key under a name, in the user's config folder and keyring."""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast

from ..errors import ConfigurationError
from .errors import CONFIGURATION, CommandError

if TYPE_CHECKING:
    from types import ModuleType

    from .. import RootSignals
    from ..config import Setting

__all__ = [
    "Profile",
    "Profiles",
    "Settings",
    "check_name",
    "complete",
    "environment_speaks",
    "folder",
    "forget_key",
    "keep_key",
    "read",
    "read_key",
    "resolve",
]

_SERVICE: Final = "root-signals"

KeyPlace: TypeAlias = Literal["keyring", "file"]


@dataclass(frozen=True)
class Profile:
    """A profile.

    Attributes:
        base_url: Where its service is, if it says so.
        key: Where its key is kept, if it has one.
    """

    base_url: str | None = None
    key: KeyPlace | None = None


@dataclass(frozen=True)
class Profiles:
    """What the config file says.

    Attributes:
        names: The profiles by name.
        in_use: The name of the one that is used if none is asked for.
    """

    names: Mapping[str, Profile] = field(default_factory=dict[str, Profile])
    in_use: str | None = None

    def get(self, name: str) -> Profile:
        """Return a profile.

        Raises:
            CommandError: There is none by this name.
        """
        if name in self.names:
            return self.names[name]
        there = ", ".join(self.names) or "none"
        raise CommandError(
            f"There is no profile {name!r}.",
            f"There are: {there}. `root-signals config set NAME` makes one.",
            code=CONFIGURATION,
        )

    def having(self, name: str, profile: Profile | None) -> Profiles:
        """Return them with one set, or with None taken away."""
        others = {other: self.names[other] for other in self.names if other != name}
        if profile is not None:
            return replace(self, names={**others, name: profile})
        return Profiles(others, None if self.in_use == name else self.in_use)

    def write(self) -> None:
        """Write the config file; whatever else stands in it stays, comments as well.

        Raises:
            CommandError: It cannot be written, or is laid out in a way that cannot be kept.
        """
        import tomllib

        import tomlkit

        path = _file()
        document = tomlkit.parse(path.read_text(encoding="utf-8") if path.exists() else "")
        meant = document.unwrap()
        self._put_into(meant)
        self._put_into(document)
        text = document.as_string()
        # tomlkit mixes up tables that stand apart, and those that are written with dots.
        if {"profiles": {}} | tomllib.loads(text) != meant:
            raise CommandError(
                f"{path} cannot be changed as it is laid out.",
                "Write each profile as a table [profiles.NAME], one after the other.",
                code=CONFIGURATION,
            )
        _write_private(path, text)

    def _put_into(self, content: MutableMapping[str, Any]) -> None:
        _put(content, "profile", self.in_use)
        tables = content.setdefault("profiles", {})
        for gone in tables.keys() - self.names:
            del tables[gone]
        for name, profile in self.names.items():
            table = tables.setdefault(name, {})
            _put(table, "base_url", profile.base_url)
            _put(table, "key", profile.key)


def _put(table: MutableMapping[str, Any], name: str, value: str | None) -> None:
    if value is None:
        table.pop(name, None)
    elif table.get(name) != value:
        # What is the same stays as it was quoted.
        table[name] = value


def folder() -> Path:
    """Return where profiles are kept."""
    import platformdirs

    return platformdirs.user_config_path("root-signals", appauthor=False)


def read() -> Profiles:
    """Return what the config file says; without a file there is no profile.

    Raises:
        CommandError: The file cannot be read.
    """
    import tomllib

    path = _file()
    try:
        content: dict[str, object] = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Profiles()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no TOML"
        raise CommandError(
            f"{path} cannot be read: {why}.", "Correct or delete it.", code=CONFIGURATION
        ) from None
    in_use = content.get("profile")
    tables = content.get("profiles", {})
    if isinstance(tables, dict) and isinstance(in_use, (str, type(None))):
        found = cast("dict[str, object]", tables)
        return Profiles({name: _profile(found[name], path) for name in found}, in_use)
    raise _odd(path)


def _profile(table: object, path: Path) -> Profile:
    if not isinstance(table, dict):
        raise _odd(path)
    base_url, key = (cast("dict[str, object]", table).get(name) for name in ("base_url", "key"))
    if isinstance(base_url, (str, type(None))) and key in (None, "keyring", "file"):
        return Profile(base_url, key)
    raise _odd(path)


def _odd(path: Path) -> CommandError:
    return CommandError(
        f"{path} is not as `root-signals config` writes it.",
        "Correct or delete it.",
        code=CONFIGURATION,
    )


def complete(incomplete: str) -> list[str]:
    """Return the names of profiles that begin so."""
    try:
        return [name for name in read().names if name.startswith(incomplete)]
    except CommandError:
        # Who presses the tabulator is no place to tell it.
        return []


def check_name(name: str) -> None:
    """Refuse what cannot be the name of a profile: it is a file's name, too."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise CommandError("The name of a profile is of letters, digits, - and _, at most 64.")


def keep_key(name: str, key: str) -> KeyPlace:
    """Keep a profile's key in the system's keyring, or else in a file; return where."""
    keyring = _keyring()
    if keyring is not None:
        from keyring.errors import KeyringError

        try:
            keyring.set_password(_SERVICE, name, key)
        except KeyringError:
            # It is there, but locked or refuses.
            pass
        else:
            _delete(_key_file(name))
            return "keyring"
    _write_private(_key_file(name), f"{key}\n")
    return "file"


def forget_key(name: str, profile: Profile) -> bool:
    """Delete a profile's key from where it is kept; return whether none is left."""
    if profile.key == "file":
        _delete(_key_file(name))
    if profile.key != "keyring":
        return True
    keyring = _keyring()
    if keyring is None:
        return False
    from keyring.errors import KeyringError

    try:
        # Somebody may have deleted it there.
        if keyring.get_password(_SERVICE, name) is not None:
            keyring.delete_password(_SERVICE, name)
    except KeyringError:
        # It is locked, or refuses.
        return False
    return True


def _key_of(name: str, profile: Profile) -> str | None:
    if profile.key is None:
        return None
    found: str | None = None
    if profile.key == "file":
        found = read_key(_key_file(name))
    elif (keyring := _keyring()) is not None:
        from keyring.errors import KeyringError

        try:
            found = keyring.get_password(_SERVICE, name)
        except KeyringError:
            found = None
    if not found:
        raise CommandError(
            f"The key of the profile {name!r} is not in the {profile.key} any more, or cannot be"
            " read.",
            f"`root-signals config set {name} --api-key -` keeps it anew.",
            code=CONFIGURATION,
        )
    return found


def _keyring() -> ModuleType | None:
    """Return the package keyring, if it is installed and has a keyring behind it."""
    try:
        import keyring

        # Backends that refuse everything have the priority 0.
        works = keyring.get_keyring().priority > 0
    except (ImportError, AttributeError, RuntimeError, ValueError):
        # The last three: it is set to a backend that there is not, or that cannot run here.
        return None
    return keyring if works else None


def _file() -> Path:
    return folder() / "config.toml"


def _key_file(name: str) -> Path:
    return folder() / "keys" / name


def read_key(path: Path) -> str:
    """Return the key that a file holds.

    Raises:
        CommandError: The file cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise CommandError(
            f"The key file {str(path)!r} cannot be read: {why}.", code=CONFIGURATION
        ) from None


def _write_private(path: Path, text: str) -> None:
    """Write a file as a whole or not at all, which only the user can read."""
    import tempfile

    with _changing(path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # mkstemp makes it with mode 0600.
        handle, name = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).replace(path)
        except BaseException:
            # Part of a key may stand in it.
            Path(name).unlink()
            raise


def _delete(path: Path) -> None:
    with _changing(path):
        path.unlink(missing_ok=True)


@contextmanager
def _changing(path: Path) -> Generator[None]:
    """Name the file if it cannot be changed."""
    try:
        yield
    except OSError as error:
        raise CommandError(
            f"{path} cannot be changed: {error.strerror}.", code=CONFIGURATION
        ) from None


@dataclass(frozen=True)
class Settings:
    """The base URL and the key of a run, as far as they are not left to the environment.

    Attributes:
        api_key: The key.
        base_url: Where the service is.
        sources: Where they came from.
        profile: The name of the profile that took part.
        trouble: Why there is no key, where that is known already.
    """

    api_key: str | None = field(repr=False)
    base_url: str | None
    sources: Mapping[str, str]
    profile: str | None
    trouble: CommandError | None

    def client(self) -> RootSignals:
        """Return a client of these settings.

        Raises:
            CommandError: There is no API key, or it cannot be read.
            ConfigurationError: A setting cannot be right.
        """
        from .. import RootSignals

        if self.trouble is not None:
            raise self.trouble
        try:
            return RootSignals(self.api_key, base_url=self.base_url)
        except ConfigurationError as error:
            if not _is_missing(error):
                raise
            # What to do is another thing here than in a program.
            raise CommandError(
                "No API key was found.",
                "Set ROOTSIGNALS_API_KEY, name a file with --api-key-file, or have one kept:"
                " `root-signals config set NAME --api-key -`.",
                code=CONFIGURATION,
            ) from None

    def explain(self, client: RootSignals) -> list[Setting]:
        """Return the client's settings, with where they came from before they were arguments."""
        import dataclasses

        return [
            dataclasses.replace(setting, source=self.sources.get(setting.name, setting.source))
            for setting in client.config.explain()
        ]


def resolve(*, profile: str | None, base_url: str | None, api_key_file: Path | None) -> Settings:
    """Find base URL and key: options, then a profile that was asked for, then the environment.

    The profile in use counts only where the environment and `.env` say nothing at all: else a key
    for one service could be sent to another. Where it does not count, the config file is not read,
    so whether it can be read does not matter.
    """
    options_suffice = base_url is not None and api_key_file is not None
    known = Profiles()
    if profile is not None or not (options_suffice or environment_speaks()):
        known = read()
    name = profile or known.in_use
    used = Profile() if name is None else known.get(name)
    sources: dict[str, str] = {}
    key: str | None = None
    trouble: CommandError | None = None
    try:
        if api_key_file is not None:
            key, sources["api_key"] = read_key(api_key_file), f"--api-key-file {api_key_file}"
        elif name is not None and used.key is not None:
            key, sources["api_key"] = _key_of(name, used), f"profile {name}, {used.key}"
        elif used.base_url is not None:
            # The environment's key belongs to another service.
            trouble = CommandError(
                f"The profile {name!r} has no key.",
                f"`root-signals config set {name} --api-key -` keeps one.",
                code=CONFIGURATION,
            )
    except CommandError as error:
        # Whoever looks for what is wrong can do without the key.
        trouble = error
    if base_url is not None:
        sources["base_url"] = "--base-url"
    elif used.base_url is not None:
        base_url, sources["base_url"] = used.base_url, f"profile {name}"
    return Settings(key, base_url, sources, name, trouble)


def environment_speaks() -> bool:
    """Say whether the environment or `.env` goes before the profile in use.

    So does a key there that cannot be right: somebody meant it to be used.
    """
    if os.environ.get("ROOTSIGNALS_API_URL", "").strip():
        return True
    from .. import RootSignals

    try:
        # It reads the environment, and .env as well.
        RootSignals().close()
    except ConfigurationError as error:
        return not _is_missing(error)
    return True


def _is_missing(error: ConfigurationError) -> bool:
    """Say whether there is no key at all, rather than one that cannot be right."""
    from .._config import SET_KEY

    return SET_KEY in str(error)
