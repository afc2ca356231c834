"""Files of request bodies."""

from __future__ import annotations

import gzip
import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from root._schemas.files import BodyError, FilePart
from root._schemas.requests import Body, file_body
from root.errors import InvalidRequestError

from .files import Pipe, content_of, pieces_of

LARGE = bytes(range(256)) * 4096


def stored(folder: Path, content: bytes = b"abc") -> Path:
    """Return the path of a new file."""
    path = folder / "a.bin"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("content", [b"", b"abc", LARGE], ids=["empty", "short", "1 MiB"])
def test_a_path(tmp_path: Path, content: bytes, as_text: bool) -> None:
    """A file is opened for each attempt, and can be sent any number of times."""
    path = stored(tmp_path, content)

    body = file_body(str(path) if as_text else path, "x/y")

    assert body.length == len(content)
    assert content_of(body) == content_of(body) == content
    assert not body.is_spent


def test_a_large_file_is_read_in_pieces(tmp_path: Path) -> None:
    """A file is never in memory as a whole."""
    pieces = pieces_of(FilePart(stored(tmp_path, LARGE)))

    assert len(pieces) > 1
    assert b"".join(pieces) == LARGE


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("none.bin", r"The file '.*none\.bin' cannot be read: No such file or directory\."),
        (".", r"'.*' is a directory\. Pass a file\."),
        ("pipe", r"'.*pipe' is not a regular file\. Open it, and pass the file object\."),
        ("a\0b", r"The file '.*a\\x00b' cannot be read: .*embedded null"),
    ],
    ids=["missing", "directory", "pipe", "null byte"],
)
def test_a_path_that_cannot_be_read(tmp_path: Path, name: str, problem: str) -> None:
    """A path of something else than a file is refused at once; no named pipe is waited for."""
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(InvalidRequestError, match=rf"^Nothing was sent\. {problem}"):
        FilePart(tmp_path / name)


def test_a_file_that_is_removed_before_it_is_sent(tmp_path: Path) -> None:
    """A file that was removed meanwhile cannot be sent."""
    path = stored(tmp_path)
    part = FilePart(path)
    path.unlink()

    with pytest.raises(BodyError, match="No such file"):
        part.rewind()


@pytest.mark.parametrize("content", [b"", b"ab"], ids=["empty", "shorter"])
def test_a_file_that_becomes_shorter(tmp_path: Path, content: bytes) -> None:
    """A file that has become shorter cannot be sent: its length is sent first."""
    path = stored(tmp_path)
    part = FilePart(path)
    path.write_bytes(content)

    with pytest.raises(BodyError, match="it has become shorter than its 3 bytes"):
        pieces_of(part)


def test_a_file_that_becomes_longer(tmp_path: Path) -> None:
    """What is added to a file later, such as a log, is not sent."""
    path = stored(tmp_path)
    part = FilePart(path)
    path.write_bytes(b"abc and more")

    assert b"".join(pieces_of(part)) == b"abc"


def test_a_file_that_is_closed_while_it_is_read(tmp_path: Path) -> None:
    """A file is closed when a read in another thread has ended, which nothing waits for."""
    reader = FilePart(stored(tmp_path)).rewind()
    file: BinaryIO = reader._file

    class Slow:
        def read(self, size: int) -> bytes:
            reader.close()
            assert not file.closed
            return file.read(size)

        def close(self) -> None:
            file.close()

    reader._file = cast("BinaryIO", Slow())

    assert reader.read() == b"abc"
    assert file.closed


def opened(content: bytes) -> BinaryIO:
    file = tempfile.TemporaryFile()  # noqa: SIM115
    file.write(content)
    file.seek(0)
    return file


def spooled(content: bytes) -> BinaryIO:
    file = tempfile.SpooledTemporaryFile()  # noqa: SIM115
    file.write(content)
    file.seek(0)
    return file  # type: ignore[return-value]


def compressed(content: bytes) -> BinaryIO:
    return gzip.open(io.BytesIO(gzip.compress(content)))  # type: ignore[return-value]


@pytest.mark.parametrize("source", [io.BytesIO, opened, spooled, compressed])
def test_an_open_file(source: Callable[[bytes], BinaryIO]) -> None:
    """An open file is sent from its position, any number of times, and is not closed."""
    with source(b"-head-" + LARGE) as file:
        file.read(6)
        part = FilePart(file)

        assert part.size == len(LARGE)
        assert file.tell() == 6
        assert b"".join(pieces_of(part)) == b"".join(pieces_of(part)) == LARGE
        assert not part.is_spent
        assert not file.closed


class Reader:
    """An object with nothing but a method `read`."""

    def __init__(self, *pieces: object) -> None:
        self._pieces = list(pieces)

    def read(self, size: int) -> object:
        piece = self._pieces.pop(0) if self._pieces else b""
        if isinstance(piece, Exception):
            raise piece
        return piece

    def part(self) -> FilePart:
        return FilePart(self)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "source", [lambda: FilePart(Pipe(b"abc")), Reader(b"a", b"bc").part], ids=["pipe", "read"]
)
def test_a_file_that_cannot_seek(source: Callable[[], FilePart]) -> None:
    """A file that cannot seek has no size, and is spent as soon as it was read from."""
    part = source()
    body = Body("x/y", (b"head", part))
    assert part.size is None
    assert body.length is None

    reader = part.rewind()
    assert not body.is_spent

    pieces = [reader.read()]
    assert body.is_spent
    while pieces[-1]:
        pieces.append(reader.read())
    assert b"".join(pieces) == b"abc"


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        ([OSError(5, "Input/output error")], "Input/output error"),
        ([b"a", ValueError("I/O operation on closed file.")], "closed file"),
        ([RuntimeError()], "RuntimeError"),
        (["text"], r"its read\(\) returned str, not bytes"),
        # It is in non-blocking mode, and not ready.
        ([b"a", None], r"its read\(\) returned NoneType, not bytes"),
        ([bytes(10**6)], "more bytes than requested"),
    ],
    ids=["OSError", "closed", "no text", "text", "not ready", "too much"],
)
def test_a_file_that_cannot_be_read(pieces: list[object], message: str) -> None:
    """A file that fails to be read is an error of the body."""
    with pytest.raises(BodyError, match=message):
        pieces_of(Reader(*pieces).part())


def test_a_file_that_is_closed_before_it_is_sent() -> None:
    """A file that was closed meanwhile cannot be sent."""
    file = io.BytesIO(b"abc")
    part = FilePart(file)
    file.close()

    with pytest.raises(BodyError, match="closed file"):
        part.rewind()


def test_a_file_in_text_mode_is_refused(tmp_path: Path) -> None:
    """A file that was opened as text is refused."""
    with (
        stored(tmp_path).open(encoding="utf-8") as file,
        pytest.raises(InvalidRequestError, match="must be binary: open it with mode 'rb'"),
    ):
        FilePart(file)  # type: ignore[arg-type]
    with pytest.raises(InvalidRequestError, match="must be binary"):
        FilePart(io.StringIO("abc"))  # type: ignore[arg-type]


@pytest.mark.parametrize("source", [None, 5, b"abc", ["a"]], ids=repr)
def test_other_objects_are_refused(source: BinaryIO) -> None:
    """An object that is neither a path nor a file is refused, and its value is not shown."""
    with pytest.raises(InvalidRequestError, match=f"not {type(source).__name__}") as error:
        FilePart(source)

    assert "abc" not in str(error.value)


def test_the_length_of_several_parts(tmp_path: Path) -> None:
    """The length of a body is the sum of its parts, or None if one of them is unknown."""
    known = FilePart(stored(tmp_path, b"12345"))
    unknown = FilePart(Pipe(b"12345"))

    assert Body("x/y", (b"abc", known, b"")).length == 8
    assert Body("x/y", (b"abc", known, unknown)).length is None
    assert Body("x/y", ()).length == 0
