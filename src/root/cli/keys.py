"""API keys of profiles: stored in the system's keyring, or else in private files.

Each is stored with the base URL that it is for, and used for no other one: somebody who
can change the configuration file cannot have the key sent elsewhere.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Final, SupportsIndex

from .errors import CONFIGURATION, CommandError
from .files import config_dir, delete, write_private

if TYPE_CHECKING:
    from types import ModuleType

    from .profiles import KeyStore, Profile

__all__ = ["Key", "delete_key", "load_key", "read_key_file", "store_key"]

_SERVICE: Final = "root-signals"

# Larger files, such as a device, are read no further.
_MAX_BYTES = 8192


class Key(str):
    """A key, which tracebacks with local variables do not show."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<hidden>"

    def __getitem__(self, key: SupportsIndex | slice) -> Key:
        # rich shows the beginning of a long string.
        return Key(super().__getitem__(key))


def store_key(name: str, key: str, base_url: str) -> KeyStore:
    """Store a profile's key and its base URL in the system's keyring, or else in a file.

    Returns:
        Where the key is stored.

    Raises:
        CommandError: The file cannot be written.
    """
    entry = Key(f"{key}\n{base_url}")
    keyring = _keyring()
    if keyring is not None:
        from keyring.errors import KeyringError

        try:
            keyring.set_password(_SERVICE, name, entry)
        except KeyringError:
            # The keyring is locked or denies access.
            pass
        else:
            delete(_key_file(name))
            return "keyring"
    write_private(_key_file(name), Key(f"{entry}\n"))
    return "file"


def load_key(name: str, profile: Profile) -> str | None:
    """Return a profile's key, or None for a profile without one.

    Raises:
        CommandError: The key is missing from its store, cannot be read, or is for another base URL.
    """
    if profile.key is None:
        return None
    entry = ""
    if profile.key == "file":
        entry = read_key_file(_key_file(name))
    elif (keyring := _keyring()) is not None:
        from keyring.errors import KeyringError

        with suppress(KeyringError):
            entry = Key(keyring.get_password(_SERVICE, name) or "")
    key, *base_urls = map(Key, entry.splitlines() or [""])
    if not key:
        raise CommandError(
            f"The key of profile {name!r} is missing from the {profile.key} or cannot be read.",
            f"`root-signals config set {quote(name)} --api-key -` stores it again.",
            code=CONFIGURATION,
        )
    if base_urls != [profile.base_url]:
        raise CommandError(
            f"The key of profile {name!r} was not stored for the base URL in the configuration file"
            f" ({profile.base_url or 'none'}).",
            f"`root-signals config set {quote(name)} --api-key -` stores the key for this URL.",
            code=CONFIGURATION,
        )
    return key


def delete_key(name: str, profile: Profile) -> bool:
    """Delete a profile's key.

    Returns:
        Whether the key no longer exists; False if the keyring cannot be opened.

    Raises:
        CommandError: The key's file cannot be deleted.
    """
    if profile.key == "file":
        delete(_key_file(name))
    if profile.key != "keyring":
        return True
    keyring = _keyring()
    if keyring is None:
        return False
    from keyring.errors import KeyringError

    try:
        # The user may have deleted the key from the keyring.
        if keyring.get_password(_SERVICE, name) is not None:
            keyring.delete_password(_SERVICE, name)
    except KeyringError:
        # The keyring is locked or denies access.
        return False
    return True


def read_key_file(path: Path) -> str:
    """Return the key in a file, without surrounding white space.

    Raises:
        CommandError: The file cannot be read.
    """
    try:
        with path.open("rb") as file:
            content = Key(file.read(_MAX_BYTES + 1).decode())
        if len(content) > _MAX_BYTES:
            raise CommandError(
                f"The key file {str(path)!r} is larger than {_MAX_BYTES // 1024} KiB.",
                code=CONFIGURATION,
            )
        return Key(content.strip())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise CommandError(
            f"The key file {str(path)!r} cannot be read: {reason}.", code=CONFIGURATION
        ) from None


def _key_file(name: str) -> Path:
    return config_dir() / "keys" / name


def _keyring() -> ModuleType | None:
    """Return the package `keyring`, if it is installed and has a usable backend."""
    try:
        import keyring

        # The backend that rejects every access has the priority 0.
        is_usable = keyring.get_keyring().priority > 0
    except (ImportError, AttributeError, RuntimeError, ValueError):
        # All but ImportError: the configured backend does not exist or does not run here.
        return None
    return keyring if is_usable else None
