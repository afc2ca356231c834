"""Files in request bodies, read in pieces while they are sent."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO, cast

from .._secrets.secret import hidden, shown
from ..errors import InvalidRequestError

__all__ = ["BodyError", "FilePart", "FileReader"]

# Bytes of a file that are read at a time.
_PIECE = 256 * 1024


class BodyError(Exception):
    """A file of a request body could not be read while it was sent.

    Args:
        problem: Why.
        source: The exception that the file raised, if it did. Libraries lose the `__cause__` of
            what passes through them.
    """

    def __init__(self, problem: str, source: Exception | None = None) -> None:
        super().__init__(problem)
        self.source = source


class FilePart:
    """A file of a request body, read in pieces while it is sent.

    A path is opened for each attempt. An open file is read from where it is, and left open; one
    that cannot seek, such as a pipe, can be sent once.

    Args:
        source: The path of a file, or a binary file object.

    Attributes:
        size: Its size in bytes, or None if unknown.
        is_spent: Whether it was read from and cannot be read again.

    Raises:
        InvalidRequestError: There is no such file, or it is not a binary one.
    """

    def __init__(self, source: str | os.PathLike[str] | BinaryIO) -> None:
        self._path: Path | None = None
        self._file: BinaryIO | None = None
        self._start: int | None = None
        self.size: int | None = None
        self.is_spent = False
        # What is not a file by mistake may be a secret.
        source = hidden(source)
        if isinstance(shown(source), (str, os.PathLike)):
            self._path = Path(cast("str | os.PathLike[str]", shown(source)))
            try:
                # Opening a named pipe would wait for its writer.
                is_regular = stat.S_ISREG(self._path.stat().st_mode)
                if is_regular:
                    with self._path.open("rb") as file:
                        self.size = file.seek(0, os.SEEK_END)
            except (OSError, ValueError) as exc:
                problem = (isinstance(exc, OSError) and exc.strerror) or exc
                raise InvalidRequestError(
                    f"Nothing was sent. The file {str(shown(source))!r} cannot be read: {problem}."
                ) from exc
            if not is_regular:
                advice = (
                    "is a directory. Pass a file."
                    if self._path.is_dir()
                    else "is not a regular file. Open it, and pass the file object."
                )
                raise InvalidRequestError(f"Nothing was sent. {str(shown(source))!r} {advice}")
        else:
            self._take(cast("BinaryIO", source))

    def _take(self, file: BinaryIO) -> None:
        if not callable(getattr(shown(file), "read", None)):
            raise InvalidRequestError(
                "Nothing was sent. A file must be a path or a binary file object, not"
                f" {type(shown(file)).__name__}."
            )
        file = shown(file)
        if hasattr(file, "encoding"):
            raise InvalidRequestError(
                "Nothing was sent. A file object must be binary: open it with mode 'rb'."
            )
        self._file = file
        try:
            if file.seekable():
                self._start = file.tell()
                self.size = file.seek(0, os.SEEK_END) - self._start
                file.seek(self._start)
        except (AttributeError, OSError, ValueError):
            self._start = self.size = None

    def rewind(self) -> FileReader:
        """Return a reader from the beginning, for the next attempt."""
        try:
            if self._path is not None:
                return FileReader(self, self._path.open("rb"), owns_file=True)
            assert self._file is not None
            if self._start is not None:
                self._file.seek(self._start)
            return FileReader(self, self._file, owns_file=False)
        except (OSError, ValueError) as exc:
            raise BodyError(str(exc).rstrip("."), exc) from exc

    @property
    def is_once(self) -> bool:
        """Whether it can be read only once."""
        return self._file is not None and self._start is None

    def started(self) -> None:
        """Record that something was read."""
        self.is_spent = self.is_once


class FileReader:
    """Reads a file of a body once."""

    def __init__(self, part: FilePart, file: BinaryIO, *, owns_file: bool) -> None:
        self._part = part
        self._file = file
        self._owns_file = owns_file
        self._read = 0
        self._is_reading = False
        self._is_closed = False

    def read(self) -> bytes:
        """Return the next piece, or nothing at the end.

        What was added to a file after its size was determined is not read.

        Raises:
            BodyError: The file cannot be read, or has become shorter.
        """
        size = self._part.size
        wanted = _PIECE if size is None else min(_PIECE, size - self._read)
        if not wanted:
            return b""
        self._part.started()
        self._is_reading = True
        try:
            piece = cast("object", self._file.read(wanted))
        except Exception as exc:
            raise BodyError((str(exc) or type(exc).__name__).rstrip("."), exc) from exc
        finally:
            self._is_reading = False
            if self._is_closed:
                self._file.close()
        # None means that a file in non-blocking mode is not ready.
        if not isinstance(piece, bytes):
            raise BodyError(f"its read() returned {type(piece).__name__}, not bytes")
        if len(piece) > wanted:
            raise BodyError("its read() returned more bytes than requested")
        self._read += len(piece)
        if not piece and size is not None:
            raise BodyError(f"it has become shorter than its {size} bytes")
        return piece

    def close(self) -> None:
        """Close the file if it was opened for this reader; after a read in another thread."""
        self._is_closed = self._owns_file
        if self._owns_file and not self._is_reading:
            self._file.close()
