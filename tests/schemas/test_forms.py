"""Forms with files (multipart/form-data, RFC 7578)."""

from __future__ import annotations

import re
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from root._schemas.files import FilePart
from root._schemas.requests import Body, multipart_body
from root.errors import InvalidRequestError

from .files import Pipe, content_of

SECRET = "sk-0123456789abcdef"


def parsed(body: Body) -> list[tuple[dict[str, str], str | None, bytes]]:
    """Return the parts of a form: the parameters, the media type and the content of each."""
    head = f"Content-Type: {body.content_type}\r\n\r\n".encode()
    message = BytesParser(EmailMessage, policy=HTTP).parsebytes(head + content_of(body))
    assert message.is_multipart()
    assert not message.defects
    parts: list[tuple[dict[str, str], str | None, bytes]] = []
    for part in message.iter_parts():
        assert not part.defects
        assert part.get_content_disposition() == "form-data"
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        parts.append((dict(part["Content-Disposition"].params), part["Content-Type"], content))
    return parts


def test_a_form(tmp_path: Path) -> None:
    """A form has its fields and then its files, each with name, media type and content."""
    path = tmp_path / "a.bin"
    path.write_bytes(b"\x00\xff\r\n--x\r\n")

    body = multipart_body(
        {"name": "Größe", "empty": ""},
        {
            "data": ("rows.csv", b"a,b\r\n1,2\r\n", "text/csv"),
            "file": ("a.bin", FilePart(path), "application/octet-stream"),
        },
    )

    assert parsed(body) == [
        ({"name": "name"}, None, "Größe".encode()),
        ({"name": "empty"}, None, b""),
        ({"name": "data", "filename": "rows.csv"}, "text/csv", b"a,b\r\n1,2\r\n"),
        (
            {"name": "file", "filename": "a.bin"},
            "application/octet-stream",
            b"\x00\xff\r\n--x\r\n",
        ),
    ]
    assert body.length == len(content_of(body))
    assert not body.is_spent


def test_a_repeated_field() -> None:
    """A field with several values is repeated in the form, and one without values is not in it."""
    body = multipart_body({"tags": ["a", "b"], "none": []}, {"f": ("n", b"x", "text/plain")})

    assert [(part[0]["name"], part[2]) for part in parsed(body)] == [
        ("tags", b"a"),
        ("tags", b"b"),
        ("f", b"x"),
    ]


def test_the_bytes_of_a_form() -> None:
    """A form is written as RFC 7578 defines it."""
    body = multipart_body({"a": "1"}, {"f": ("n.txt", b"xyz", "text/plain")})

    boundary = body.content_type.removeprefix("multipart/form-data; boundary=")
    assert re.fullmatch("[0-9a-f]{32}", boundary)
    assert content_of(body).decode() == (
        f"--{boundary}\r\n"
        'Content-Disposition: form-data; name="a"\r\n\r\n'
        "1\r\n"
        f"--{boundary}\r\n"
        'Content-Disposition: form-data; name="f"; filename="n.txt"\r\n'
        "Content-Type: text/plain\r\n\r\n"
        "xyz\r\n"
        f"--{boundary}--\r\n"
    )


@pytest.mark.parametrize(
    ("fields", "files", "parts"),
    [
        ({"a": "1"}, {}, [({"name": "a"}, None, b"1")]),
        ({}, {"f": ("n", b"", "x/y")}, [({"name": "f", "filename": "n"}, "x/y", b"")]),
    ],
    ids=["fields only", "an empty file only"],
)
def test_small_forms(
    fields: dict[str, str],
    files: dict[str, tuple[str, bytes | FilePart, str]],
    parts: list[tuple[dict[str, str], str | None, bytes]],
) -> None:
    """A form may have no files, or nothing else."""
    assert parsed(multipart_body(fields, files)) == parts


def test_each_form_has_its_own_boundary() -> None:
    """The boundary of a form cannot be guessed, so no content can contain it."""
    types = {multipart_body({"a": "1"}, {}).content_type for _ in range(10)}

    assert len(types) == 10


def test_names_are_quoted() -> None:
    """A name cannot end its quotes or its line: such characters are percent-encoded."""
    content = content_of(
        multipart_body({'a"\r\nX: y': "1"}, {'b"': ('n"\r\n\r\n.txt', b"", "text/plain")})
    )

    assert b'; name="a%22%0D%0AX: y"\r\n' in content
    assert b'; name="b%22"; filename="n%22%0D%0A%0D%0A.txt"\r\n' in content


def test_names_may_have_any_character() -> None:
    """Names that are not ASCII are sent as UTF-8."""
    content = content_of(multipart_body({}, {"größe": ("größe.txt", b"", "text/plain")}))

    assert '; name="größe"; filename="größe.txt"\r\n'.encode() in content


@pytest.mark.parametrize("media_type", ["text/plain\r\nX: y", "text/plain\n", "text/größe", ""])
def test_an_invalid_media_type_of_a_file(media_type: str) -> None:
    """A media type that would break the form is refused."""
    with pytest.raises(InvalidRequestError, match="media type"):
        multipart_body({}, {"f": ("a.txt", b"", media_type)})


def test_a_form_that_utf_8_cannot_encode() -> None:
    """A lone surrogate in a form is refused."""
    with pytest.raises(InvalidRequestError, match="UTF-8"):
        multipart_body({"a": "\ud800"}, {})


def test_a_form_with_a_file_that_cannot_seek() -> None:
    """A form with a file that cannot seek has no length, and can be sent once."""
    body = multipart_body({"a": "1"}, {"f": ("n", FilePart(Pipe(b"abc")), "x/y")})

    assert body.length is None
    assert not body.is_spent
    assert parsed(body)[1][2] == b"abc"
    assert body.is_spent


def test_the_repr_of_a_form_shows_no_content() -> None:
    """The fields of a form are not in its repr, nor in those of its parts."""
    body = multipart_body({"key": SECRET}, {"f": ("n", b"", "x/y")})

    assert SECRET not in repr(body)
    assert SECRET not in repr(body.parts[0])


@given(value=st.text(st.characters(codec="utf-8", exclude_characters="\r\n")), content=st.binary())
def test_any_content_of_a_form(value: str, content: bytes) -> None:
    """Any value and any file arrive as they were."""
    body = multipart_body({"a": value}, {"f": ("n", content, "application/octet-stream")})

    boundary = body.content_type.partition("boundary=")[2].encode()
    field, file = content_of(body).split(b"--" + boundary)[1:3]
    assert field.partition(b"\r\n\r\n")[2] == value.encode() + b"\r\n"
    assert file.partition(b"\r\n\r\n")[2] == content + b"\r\n"
