"""Operations: what `client.request` accepts, and the text of a response."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from encodings.aliases import aliases
from pathlib import Path
from types import NoneType
from typing import Annotated, BinaryIO, TypeVar

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from root import AsyncStream
from root._config import NOT_GIVEN, NotGiven, Timeout
from root._http.operation import Operation, Query, Response, decode
from root._http.request import operation
from root._schemas.meta import ResponseMeta
from root._schemas.models import Model
from root._schemas.requests import bytes_body
from root.errors import InvalidRequestError, JSONValue
from tests.schemas.files import Pipe, content_of

from .calls import call_of

SECRET = "sk-0123456789abcdef"

T = TypeVar("T")


def requested(
    method: str = "POST",
    path: str = "/v1/things/",
    *,
    query: Query | NotGiven = NOT_GIVEN,
    json: JSONValue | NotGiven = NOT_GIVEN,
    body: bytes | str | BinaryIO | NotGiven = NOT_GIVEN,
    headers: Mapping[str, str] | NotGiven = NOT_GIVEN,
    schema: type[T] | NotGiven = NOT_GIVEN,
    timeout: Timeout | NotGiven = NOT_GIVEN,
    deadline: float | NotGiven | None = NOT_GIVEN,
    once: bool | NotGiven = NOT_GIVEN,
) -> Operation[T]:
    """Return the operation for the arguments of `client.request`."""
    return operation(
        method,
        path,
        query=query,
        json=json,
        body=body,
        headers=headers,
        schema=schema,
        timeout=timeout,
        deadline=deadline,
        once=once,
    )


# Arguments


def test_omitted_arguments() -> None:
    """An operation without arguments has no body, any JSON as its result, and the defaults."""
    found: Operation[object] = requested("GET", "/v1/things/")

    assert found == Operation("GET", "/v1/things/", object)
    assert found.timeout is NOT_GIVEN


def test_all_arguments() -> None:
    """Each argument becomes a part of the operation."""
    query = {"page_size": "5", "tag": ["a", "b"]}

    found = requested(
        "PUT",
        "/v1/things/a/",
        query=query,
        body=b"abc",
        headers={"X-Team": " a ", "content-type": "text/csv"},
        schema=Model,
        timeout=5,
        deadline=17.5,
        once=True,
    )

    assert found == Operation(
        "PUT",
        "/v1/things/a/",
        Model,
        query=query,
        body=bytes_body(b"abc", "application/octet-stream"),
        headers={"X-Team": " a ", "content-type": "text/csv"},
        timeout=5.0,
        deadline=17.5,
        once=True,
    )


@pytest.mark.parametrize(
    ("value", "content"),
    [
        ({"a": [1, 2.5, None, True]}, '{"a":[1,2.5,null,true]}'),
        ("größer", '"größer"'),
        (None, "null"),
        ([], "[]"),
        (0, "0"),
    ],
    ids=repr,
)
def test_a_json_body(value: JSONValue, content: str) -> None:
    """Any JSON value can be sent, None included."""
    body = requested(json=value).body

    assert content_of(body) == content.encode()
    assert body is not None
    assert body.content_type == "application/json"


@pytest.mark.parametrize(
    "value",
    [float("nan"), [float("inf")], "\ud800", {"a": object()}, {1, 2}],
    ids=["NaN", "infinity", "surrogate", "object", "set"],
)
def test_a_value_that_is_not_json(value: JSONValue) -> None:
    """A value that JSON does not have is refused."""
    with pytest.raises(InvalidRequestError, match=r"Nothing was sent\. The value of json"):
        requested(json=value)


def test_a_json_value_that_contains_itself() -> None:
    """A value that contains itself is refused, and so is one that is nested too deeply."""
    circle: list[JSONValue] = []
    circle.append(circle)
    deep: JSONValue = []
    for _ in range(100_000):
        deep = [deep]

    for value in (circle, deep):
        with pytest.raises(InvalidRequestError, match="cannot be written as JSON"):
            requested(json=value)


@pytest.mark.parametrize(
    ("value", "content", "content_type"),
    [
        (b"\x00\xff", b"\x00\xff", "application/octet-stream"),
        (b"", b"", "application/octet-stream"),
        (bytearray(b"abc"), b"abc", "application/octet-stream"),
        (memoryview(b"abc"), b"abc", "application/octet-stream"),
        ("größer", "größer".encode(), "text/plain; charset=utf-8"),
        (io.BytesIO(b"abc"), b"abc", "application/octet-stream"),
        (Pipe(b"abc"), b"abc", "application/octet-stream"),
    ],
    ids=["bytes", "empty", "bytearray", "memoryview", "text", "file", "pipe"],
)
def test_a_body(value: bytes | str | BinaryIO, content: bytes, content_type: str) -> None:
    """Bytes, text and binary files can be sent as they are."""
    body = requested(body=value).body

    assert content_of(body) == content
    assert body is not None
    assert body.content_type == content_type


def test_a_body_of_a_changed_bytearray() -> None:
    """A later change to a bytearray does not change the body."""
    value = bytearray(b"abc")
    body = requested(body=value).body  # type: ignore[arg-type]

    value[:] = b"xyz"

    assert content_of(body) == b"abc"


def test_a_text_body_that_utf_8_cannot_encode() -> None:
    """A text with a lone surrogate is refused."""
    with pytest.raises(InvalidRequestError, match="UTF-8"):
        requested(body="\ud800")


def test_a_file_in_text_mode_is_refused(tmp_path: Path) -> None:
    """A file that was opened as text is refused."""
    path = tmp_path / "a.txt"
    path.write_text("abc", encoding="utf-8")

    with path.open(encoding="utf-8") as file, pytest.raises(InvalidRequestError, match="'rb'"):
        requested(body=file)  # type: ignore[arg-type]


def test_json_and_body_exclude_each_other() -> None:
    """A request has either a JSON body or another one, even if the JSON value is None."""
    with pytest.raises(InvalidRequestError, match="not both"):
        requested(json=None, body=b"")


@pytest.mark.parametrize("timeout", [None, 5.0, httpx.Timeout(5)])
def test_a_timeout(timeout: Timeout) -> None:
    """A timeout may be a number, httpx's timeouts, or None for no limit."""
    assert requested(timeout=timeout).timeout == timeout


class Unknown:
    """A class that pydantic cannot validate."""


class Unfinished(BaseModel):
    """A class with a field of a type that is not defined."""

    field: Undefined  # type: ignore[name-defined]  # noqa: F821


@pytest.mark.parametrize(
    "schema",
    [
        Unknown,
        list[Unknown],
        Annotated[int, {"unhashable": 1}],
        list["Undefined"],  # type: ignore[name-defined]  # noqa: F821
        Unfinished,
        Iterator[int],
    ],
    ids=["class", "list", "metadata", "name", "model", "iterator"],
)
def test_a_schema_that_cannot_be_used(schema: type[object]) -> None:
    """A schema that pydantic cannot validate is refused before the request is sent."""
    with pytest.raises(
        InvalidRequestError, match=r"Nothing was sent\. The schema .* is not a type"
    ):
        call_of(Operation("GET", "/", schema))


@pytest.mark.parametrize(
    "schema",
    [str, bytes, object, NoneType, int, Model, list[Model], dict[str, int], AsyncStream],
    ids=str,
)
def test_schemas(schema: type[object]) -> None:
    """A schema may be any type that pydantic can validate."""
    assert call_of(Operation("GET", "/", schema)).is_streamed is (schema is AsyncStream)


def test_the_repr_of_an_operation_shows_no_secret() -> None:
    """Headers and body of an operation are not in its repr."""
    found: Operation[object] = requested(json={"key": SECRET}, headers={"X-Key": SECRET})

    assert SECRET not in repr(found)
    assert "X-Key" not in repr(found)


# The text of a response


def response(content: bytes, content_type: str | None) -> Response[None]:
    headers = [] if content_type is None else [(b"content-type", content_type.encode())]
    return Response(None, ResponseMeta(200, (), 0.0, headers), content)


@pytest.mark.parametrize(
    ("content", "content_type", "text"),
    [
        pytest.param("größer".encode(), None, "größer", id="no media type"),
        pytest.param("größer".encode(), "text/plain", "größer", id="no charset"),
        pytest.param("größer".encode(), "text/plain; charset=UTF-8", "größer", id="UTF-8"),
        pytest.param(b"gr\xf6\xdfer", "text/plain; charset=iso-8859-1", "größer", id="Latin-1"),
        pytest.param(b"gr\xf6\xdfer", 'text/csv; a=b; Charset="latin1"', "größer", id="quoted"),
        pytest.param("größer".encode("utf-16"), "text/x; charset=utf-16", "größer", id="UTF-16"),
        pytest.param(b"gr\xf6", "text/plain; charset=utf-8", "gr\ufffd", id="not UTF-8"),
        pytest.param(b"abc", "text/plain; charset=klingon", "abc", id="unknown charset"),
        pytest.param(b"616263", "text/plain; charset=hex", "616263", id="not a text encoding"),
        pytest.param(b"abc\xff", "text/plain; charset=idna", "abc\ufffd", id="IDNA"),
        pytest.param(b"abc", "text/plain; charset=undefined", "abc", id="undefined"),
        pytest.param(b"abc", "text/plain; charset=", "abc", id="empty charset"),
        pytest.param(b"", None, "", id="empty"),
    ],
)
def test_the_text_of_a_response(content: bytes, content_type: str | None, text: str) -> None:
    """The body is decoded by the charset of its media type, or else as UTF-8."""
    assert response(content, content_type).text == text


@given(
    content=st.binary(),
    content_type=st.text(st.characters(max_codepoint=255))
    | st.builds(
        "text/plain; charset={}".format,
        st.text(st.characters(max_codepoint=255))
        # It warns of backslashes that it does not know.
        | st.sampled_from(sorted({*aliases, "idna", "undefined"} - {"unicode_escape"})),
    ),
)
def test_any_body_has_a_text(content: bytes, content_type: str) -> None:
    """No media type prevents a body from being decoded."""
    assert isinstance(decode(content, content_type), str)


def test_the_repr_of_a_response_shows_no_content() -> None:
    """The body of a response is not in its repr."""
    assert SECRET not in repr(response(SECRET.encode(), None))
