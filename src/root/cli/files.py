"""Private files in the user's configuration directory."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from .errors import CONFIGURATION, CommandError

__all__ = ["config_dir", "delete", "write_private"]


def config_dir() -> Path:
    """Return the directory that contains profiles and key files."""
    import platformdirs

    return platformdirs.user_config_path("root-signals", appauthor=False)


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
