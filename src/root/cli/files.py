"""Private files in the user's configuration directory."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from .errors import CONFIGURATION, CommandError

__all__ = ["config_dir", "delete", "find_config_dir", "has_home", "no_home", "write_private"]


def find_config_dir() -> Path | None:
    """Return the directory that contains profiles and key files, or None without a home directory.

    A container may run as a user who has no entry in its list of users.
    """
    import platformdirs

    try:
        path = platformdirs.user_config_path("root-signals", appauthor=False)
    except RuntimeError:
        return None
    # Earlier versions of platformdirs leave the ~ in the path.
    return None if path.parts[0] == "~" else path


def config_dir() -> Path:
    """Return the directory that contains profiles and key files.

    Raises:
        CommandError: There is no home directory.
    """
    path = find_config_dir()
    if path is None:
        raise no_home()
    return path


def has_home() -> bool:
    """Return whether the user has a home directory."""
    try:
        Path.home()
    except RuntimeError:
        return False
    return True


def no_home() -> CommandError:
    """Return the error for a command that needs a home directory."""
    return CommandError(
        "Nothing can be stored, since this user has no home directory.",
        "Set HOME. For commands that use the service, ROOTSIGNALS_API_KEY and ROOTSIGNALS_API_URL"
        " suffice.",
        code=CONFIGURATION,
    )


def write_private(path: Path, text: str) -> None:
    """Write a file atomically, readable by the user only.

    Raises:
        CommandError: The file cannot be written.
    """
    import tempfile

    with _naming(path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # mkstemp creates the file with mode 0600.
        handle, name = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).replace(path)
        except BaseException:
            # The temporary file may contain part of a key.
            Path(name).unlink()
            raise


def delete(path: Path) -> None:
    """Delete a file if it exists.

    Raises:
        CommandError: The file cannot be deleted.
    """
    with _naming(path):
        path.unlink(missing_ok=True)


@contextmanager
def _naming(path: Path) -> Generator[None]:
    """Raise an operating system error as one that names the file."""
    try:
        yield
    except OSError as error:
        raise CommandError(
            f"{path} cannot be changed: {error.strerror}.", code=CONFIGURATION
        ) from None
