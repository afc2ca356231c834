"""The base URL and the API key of a command: options, profiles and the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from ..errors import MissingKeyError
from . import profiles
from .errors import CONFIGURATION, CommandError
from .keys import load_key, read_key_file

if TYPE_CHECKING:
    from .. import RootSignals
    from ..config import Setting

__all__ = ["Settings", "environment_has_settings", "resolve"]

_KEYS = ("ROOTSIGNALS_API_KEY", "SCORABLE_API_KEY")
_URLS = ("ROOTSIGNALS_API_URL", "SCORABLE_API_URL")


@dataclass(frozen=True)
class Settings:
    """The settings that options and profiles define; the environment provides the others.

    Attributes:
        api_key: The API key.
        base_url: The base URL of the service.
        sources: The source of each setting, by its name.
        profile: The name of the profile in use.
        key_error: Why the API key is missing, if it is known to be.
        bypassed: The name of the profile whose key is not used if `.env` has one.
    """

    api_key: str | None = field(repr=False)
    base_url: str | None
    sources: Mapping[str, str]
    profile: str | None
    key_error: CommandError | None
    bypassed: str | None

    def client(self) -> RootSignals:
        """Return a client with these settings.

        Raises:
            CommandError: There is no API key, or it cannot be read.
            ConfigurationError: A setting is invalid.
        """
        from .. import RootSignals

        if self.key_error is not None:
            raise self.key_error
        try:
            return RootSignals(self.api_key, base_url=self.base_url)
        except MissingKeyError:
            # The client's own message explains how to set the key in Python.
            raise CommandError(
                "No API key was found.",
                "Set ROOTSIGNALS_API_KEY or SCORABLE_API_KEY, use --api-key-file, or store a key"
                " with `root-signals config set NAME --api-key -`.",
                code=CONFIGURATION,
            ) from None

    def explain(self, client: RootSignals) -> list[Setting]:
        """Return the client's settings, each with its source on the command line."""
        import dataclasses

        return [
            dataclasses.replace(setting, source=self.sources.get(setting.name, setting.source))
            for setting in client.config.explain()
        ]


def resolve(*, profile: str | None, base_url: str | None, api_key_file: Path | None) -> Settings:
    """Resolve the base URL and the API key.

    Options take precedence over the profile named by `profile`, that over the environment, that
    over the default profile, and that over `.env`, which may be somebody else's: a repository can
    contain one. The default profile is used only if the environment defines nothing: otherwise the
    key for one service could be sent to another. The configuration file is read only if a profile
    may be used, so a broken file does not matter otherwise.

    Args:
        profile: The value of --profile.
        base_url: The value of --base-url.
        api_key_file: The value of --api-key-file.

    Raises:
        CommandError: The profile does not exist, or the configuration file cannot be read.
    """
    options_suffice = base_url is not None and api_key_file is not None
    known = profiles.Profiles()
    if profile is not None or not (options_suffice or environment_has_settings()):
        known = profiles.read()
    name = profile or known.default
    used = profiles.Profile() if name is None else known.get(name)
    sources: dict[str, str] = {}
    key: str | None = None
    key_error: CommandError | None = None
    try:
        if api_key_file is not None:
            key, sources["api_key"] = read_key_file(api_key_file), f"--api-key-file {api_key_file}"
        elif name is not None and used.key is not None:
            key, sources["api_key"] = load_key(name, used), f"profile {name}, {used.key}"
        elif name is not None and used.base_url is not None:
            # The key in the environment belongs to another service.
            key_error = CommandError(
                f"Profile {name!r} has no key.",
                f"`root-signals config set {quote(name)} --api-key -` stores one.",
                code=CONFIGURATION,
            )
    except CommandError as error:
        # `doctor` and `config show` work without a key.
        key_error = error
    if base_url is not None:
        sources["base_url"] = "--base-url"
    elif used.base_url is not None:
        base_url, sources["base_url"] = used.base_url, f"profile {name}"
    bypassed: str | None = None
    if key is None and key_error is None and not any(map(_is_set, _KEYS)):
        bypassed = name or _default_profile()
    return Settings(key, base_url, sources, name, key_error, bypassed)


def environment_has_settings() -> bool:
    """Return whether the environment takes precedence over the default profile.

    An invalid API key does, too: it was meant to be used. So does a base URL without a key: changes
    were not meant for another service.
    """
    return any(map(_is_set, (*_KEYS, *_URLS)))


def _is_set(variable: str) -> bool:
    return bool(os.environ.get(variable, "").strip())


def _default_profile() -> str | None:
    try:
        return profiles.read().default
    except CommandError:
        # The file is not needed.
        return None
