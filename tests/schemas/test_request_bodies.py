"""Bodies of bytes, files and forms."""

from __future__ import annotations

import io
import os
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from root._schemas.requests import (
    Body,
    BodyError,
    FilePart,
    bytes_body,
    file_body,
    multipart_body,
)
from root.errors import InvalidRequestError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file."""
    path = tmp_path / "file.bin"
    path.write_bytes(b"0123456789")
    return path


class Pipe(io.BytesIO):
    """A file that can be read once, as a pipe."""

    def seekable(self) -> bool:
        return False


def read(body: Body) -> bytes:
    """Return the bytes of a body, read as for one attempt."""
    content = b""
    for part in body.parts:
        if isinstance(part, bytes):
            content += part
            continue
        reader = part.rewind()
        try:
            while piece := reader.read():
                content += piece
        finally:
            reader.close()
    return content


def test_bytes() -> None:
    """A body of bytes has their length, and can be read again."""
    body = bytes_body(b"secret content", "text/plain", ("secret",))

    assert (body.content_type, body.length, body.secrets) == ("text/plain", 14, ("secret",))
    assert read(body) == read(body) == b"secret content"
    assert not body.is_spent
    assert "secret" not in repr(body) + repr(body.parts)


@pytest.mark.parametrize("convert", [str, Path], ids=["string", "path"])
def test_path(path: Path, convert: type[str | Path]) -> None:
    """A path is opened for each attempt."""
    body = file_body(convert(path), "application/octet-stream")

    assert body.length == 10
    assert read(body) == read(body) == b"0123456789"
    assert not body.is_spent


def test_open_file(path: Path) -> None:
    """An open file is read from its position, again for each attempt, and is left open."""
    with path.open("rb") as file:
        file.seek(4)
        body = file_body(file, "application/octet-stream")

        assert body.length == 6
        assert read(body) == read(body) == b"456789"
        assert not body.is_spent
        assert not file.closed


def test_pipe() -> None:
    """A file that cannot seek has no length, and can be sent once."""
    body = file_body(Pipe(b"0123456789"), "application/octet-stream")

    assert body.length is None
    assert not body.is_spent
    assert read(body) == b"0123456789"
    assert body.is_spent


def test_large_file(tmp_path: Path) -> None:
    """A file is read in pieces."""
    path = tmp_path / "large"
    content = os.urandom(700_000)
    path.write_bytes(content)
    reader = FilePart(path).rewind()

    pieces = list(iter(reader.read, b""))
    reader.close()

    assert len(pieces) > 1
    assert b"".join(pieces) == content


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("no/such/file", "no/such/file cannot be read: No such file or directory"),
        (".", "is not a regular file"),
        ("a\0b", "cannot be read: embedded null byte"),
        (5, "a path or a binary file object, not int"),
        (io.StringIO("text"), "must be binary: open it with mode 'rb'"),
    ],
    ids=["missing", "directory", "null byte", "number", "text"],
)
def test_invalid_files(source: Any, problem: str) -> None:
    """A file that cannot be sent is refused before anything is sent."""
    with pytest.raises(InvalidRequestError, match=rf"^Nothing was sent\. .*{problem}"):
        file_body(source, "text/plain")


def test_shorter_file(path: Path) -> None:
    """A file that becomes shorter before it is sent is an error."""
    body = file_body(path, "text/plain")
    path.write_bytes(b"0")

    with pytest.raises(BodyError, match="it has become shorter than its 10 bytes"):
        read(body)


def test_longer_file(path: Path) -> None:
    """What is added to a file later, such as a log, is not sent."""
    body = file_body(path, "text/plain")
    path.write_bytes(b"0123456789-and-more")

    assert read(body) == b"0123456789"


def test_file_that_is_closed_while_it_is_read(path: Path) -> None:
    """A file is closed when a read in another thread has ended, which it does not wait for."""
    reader = FilePart(path).rewind()
    file: BinaryIO = cast("Any", reader)._file

    class Slow:
        def read(self, size: int) -> bytes:
            reader.close()
            assert not file.closed
            return file.read(size)

        def close(self) -> None:
            file.close()

    cast("Any", reader)._file = Slow()

    assert reader.read() == b"0123456789"
    assert file.closed


def test_named_pipe(tmp_path: Path) -> None:
    """A path of a named pipe is refused: opening it would wait for a writer."""
    path = tmp_path / "pipe"
    os.mkfifo(path)

    with pytest.raises(InvalidRequestError, match="is not a regular file"):
        file_body(path, "text/plain")


def test_removed_file(path: Path) -> None:
    """A file that is removed before it is sent is an error."""
    body = file_body(path, "text/plain")
    path.unlink()

    with pytest.raises(BodyError, match="No such file"):
        read(body)


def test_closed_file(path: Path) -> None:
    """A file that is closed before it is sent is an error."""
    with path.open("rb") as file:
        body = file_body(file, "text/plain")

    with pytest.raises(BodyError, match="closed file"):
        read(body)


class OtherFile:
    """An object with a `read` method that returns what it was made with, or raises it."""

    def __init__(self, result: object) -> None:
        self._result = result

    def read(self, size: int) -> object:
        if isinstance(self._result, Exception):
            raise self._result
        return self._result


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        ("text", r"its read\(\) returned str, not bytes"),
        (None, r"its read\(\) returned NoneType, not bytes"),
        (bytes(10**6), "more bytes than were asked for"),
        (OSError("disk failure"), "disk failure"),
        (RuntimeError(), "RuntimeError"),
    ],
    ids=["text", "not ready", "too much", "error", "error without a message"],
)
def test_file_that_cannot_be_read(result: object, problem: str) -> None:
    """A failure of a file object while it is read is an error of the body."""
    body = file_body(cast("BinaryIO", OtherFile(result)), "text/plain")

    with pytest.raises(BodyError, match=problem):
        read(body)


def parse_form(body: Body) -> list[tuple[str | None, str | None, str, bytes]]:
    """Return the name, file name, media type and content of each field of a form."""
    content = b"Content-Type: " + body.content_type.encode() + b"\r\n\r\n" + read(body)
    message: Message = BytesParser().parsebytes(content)
    fields: list[tuple[str | None, str | None, str, bytes]] = []
    for part in cast("list[Message]", message.get_payload()):
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        fields.append((cast("str", name), part.get_filename(), part.get_content_type(), payload))
    return fields


def test_form(path: Path) -> None:
    """A form has its fields and then its files, and the exact length."""
    files: dict[str, tuple[str, bytes | FilePart, str]] = {
        "data": ("a.csv", b"a,b\r\n1,2", "text/csv"),
        "more": ("b.bin", FilePart(path), "application/octet-stream"),
    }
    body = multipart_body({"name": "x", "empty": ""}, files)

    assert body.length == len(read(body))
    assert parse_form(body) == [
        ("name", None, "text/plain", b"x"),
        ("empty", None, "text/plain", b""),
        ("data", "a.csv", "text/csv", b"a,b\r\n1,2"),
        ("more", "b.bin", "application/octet-stream", b"0123456789"),
    ]


@pytest.mark.parametrize("fields", [{}, {"a": "b"}], ids=["nothing", "no files"])
def test_form_without_files(fields: dict[str, str]) -> None:
    """A form may have no files."""
    body = multipart_body(fields, {})

    assert read(body).endswith(b"--\r\n")
    assert body.length == len(read(body))


def test_form_with_a_pipe() -> None:
    """A form with a file of unknown size has no length, and can be sent once."""
    body = multipart_body({}, {"data": ("a", FilePart(Pipe(b"abc")), "text/plain")})

    assert body.length is None
    assert parse_form(body) == [("data", "a", "text/plain", b"abc")]
    assert body.is_spent


def test_names_in_a_form() -> None:
    """Names cannot end their header."""
    body = multipart_body({'a"\r\nb': "c"}, {"d": ('e"\r\nf', b"g", "text/plain")})

    content = read(body)
    assert b'name="a%22%0D%0Ab"\r\n' in content
    assert b'filename="e%22%0D%0Af"\r\n' in content


def test_characters_that_cannot_be_sent() -> None:
    """A field of a form that UTF-8 cannot encode is refused."""
    with pytest.raises(InvalidRequestError, match="characters that UTF-8 cannot encode"):
        multipart_body({"a": "\ud800"}, {})


@given(value=st.text(st.characters(exclude_categories=["Cs"])), content=st.binary())
def test_any_form(value: str, content: bytes) -> None:
    """Values and files of a form are sent unchanged."""
    body = multipart_body({"a": value}, {"b": ("c", content, "application/octet-stream")})
    boundary = body.content_type.partition("boundary=")[2].encode()

    _, field, file, end = read(body).split(b"--" + boundary)
    assert field.partition(b"\r\n\r\n")[2] == value.encode() + b"\r\n"
    assert file.partition(b"\r\n\r\n")[2] == content + b"\r\n"
    assert end == b"--\r\n"
