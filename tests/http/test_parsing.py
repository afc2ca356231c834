"""Response bodies: parsing."""

from __future__ import annotations

from dataclasses import dataclass
from types import NoneType

import pytest
from pydantic import BaseModel

from root._http.bodies import unusable_response
from root._http.messages import RawResponse
from root._http.parsing import UnreadableError, parse
from root._schemas.models import Model, ModelVerification
from root._schemas.pages import list_response
from root.errors import APIResponseError, RequestInfo

INFO = RequestInfo("GET", "https://api.example/v1/models/")
SECRET = "sk-0123456789abcdef"

JSON_HEADERS = [(b"Content-Type", b"application/json")]


class Shape(BaseModel):
    id: str
    size: int = 0


@dataclass
class Point:
    x: int


def parsed(schema: type[object], content: bytes, content_type: str | None = None) -> object:
    headers = [] if content_type is None else [(b"Content-Type", content_type.encode())]
    return parse(schema, RawResponse(200, headers, content))


def unreadable(schema: type[object], content: bytes, *secrets: str) -> APIResponseError:
    """Return the error for a body that does not have the expected shape."""
    response = RawResponse(200, JSON_HEADERS, content)
    with pytest.raises(UnreadableError) as error:
        parse(schema, response)
    # pydantic's own error contains the input.
    assert error.value.__cause__ is None
    assert error.value.__context__ is None
    return unusable_response(INFO, response, str(error.value), secrets)


@pytest.mark.parametrize(
    ("schema", "content", "value"),
    [
        pytest.param(Shape, b'{"id": "a"}', Shape(id="a"), id="pydantic model"),
        pytest.param(list[Shape], b'[{"id": "a"}]', [Shape(id="a")], id="list of models"),
        pytest.param(dict[str, int], b'{"a": 1}', {"a": 1}, id="dict"),
        pytest.param(Point, b'{"x": 1}', Point(1), id="dataclass"),
        pytest.param(int, b"17", 17, id="int"),
        pytest.param(object, b'{"a": [1, null]}', {"a": [1, None]}, id="any JSON"),
        pytest.param(object, b"null", None, id="any JSON: null"),
        pytest.param(object, b"", None, id="any JSON: nothing"),
        pytest.param(bytes, b"\xff\x00", b"\xff\x00", id="bytes"),
        pytest.param(bytes, b"", b"", id="bytes: nothing"),
        pytest.param(str, "größer".encode(), "größer", id="text"),
        pytest.param(str, b"", "", id="text: nothing"),
        pytest.param(NoneType, b'{"a": 1}', None, id="nothing: JSON"),
        pytest.param(NoneType, b"", None, id="nothing: empty"),
        pytest.param(NoneType, b" \r\n", None, id="nothing: white space"),
        pytest.param(object, b"\n", None, id="any JSON: white space"),
    ],
)
def test_schemas(schema: type[object], content: bytes, value: object) -> None:
    """A body is parsed into what the schema describes."""
    assert parsed(schema, content) == value


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        (Shape, '{"id": "é"}', Shape(id="é")),
        (Shape, r'{"id": "x\ud83d"}', Shape(id="x\ufffd")),
        (list[Shape], '[{"id": "é"}]', [Shape(id="é")]),
        (Model, '{"id": "a", "name": "é"}', Model(id="a", name="é")),
        (object, '{"a": "é"}', {"a": "é"}),
        (NoneType, "{}", None),
    ],
)
def test_encodings(schema: type[object], text: str, value: object, encoding: str) -> None:
    """JSON is read in each encoding that the standard library reads."""
    assert parsed(schema, text.encode(encoding)) == value


def test_a_page_with_half_of_a_character() -> None:
    """One name that was cut within a character does not make the page unreadable."""
    page = parsed(
        list_response(Model),
        rb'{"results": [{"id": "a", "name": "b"}, {"id": "c", "name": "d \ud83d"}]}',
    )

    assert isinstance(page, list_response(Model))
    assert [model.name for model in page.results] == ["b", "d \ufffd"]


def test_text_has_the_charset_of_its_media_type() -> None:
    """Text is decoded by the charset of its Content-Type."""
    assert parsed(str, b"gr\xf6\xdfer", "text/plain; charset=ISO-8859-1") == "größer"


def test_a_model_of_the_api_is_parsed() -> None:
    """A model and a page of models are parsed into their classes."""
    model = parsed(Model, b'{"id": "a", "name": "b", "new": 1}')
    page = parsed(list_response(Model), b'{"results": [{"id": "a", "name": "b"}]}')

    assert isinstance(model, Model)
    assert model.model_extra == {"new": 1}
    assert isinstance(page, list_response(Model))
    assert page.results == [Model(id="a", name="b")]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "the response is empty (application/json): ''"),
        (b" \n", "the response is empty (application/json): ''"),
        (b"nonsense", "the response is not JSON (application/json): 'nonsense'"),
        (b'{"id": "a"', "the response is not JSON"),
        (b'{"id": "\xff"}', "the response is not JSON"),
        (b"[" * 100_000, "the response is not JSON"),
        (b"{}", "does not have the shape of a Shape (id: Field required)"),
        (b"[]", "does not have the shape of a Shape (the whole: "),
        (b"null", "does not have the shape of a Shape (the whole: "),
        (b'{"id": 5, "size": "x"}', "(id: Input should be a valid string; size: Input should be"),
    ],
)
def test_the_error_for_a_body_of_another_shape(content: bytes, problem: str) -> None:
    """The error names the request and what is wrong with the body, and has the body."""
    error = unreadable(Shape, content)

    message = str(error)
    assert message.startswith("GET https://api.example/v1/models/ returned 200, but the response ")
    assert problem in message
    assert "report it to the service" in message
    assert len(message) < 700
    assert error.status_code == 200
    assert error.request == INFO
    assert error.body == content.decode("utf-8", "replace")


@pytest.mark.parametrize(
    ("schema", "content", "problem"),
    [
        (list[Shape], b"[{}]", "does not have the shape of a list (0.id: Field required)"),
        (dict[str, int], b'{"a": "b"}', "does not have the shape of a dict (a: "),
        (int, b"1.5", "does not have the shape of an int (the whole: "),
        (None, b"5", "does not have the shape of the type None (the whole: "),
        (list[Shape], b"", "is empty"),
        (object, b"{", "is not JSON"),
        (object, b"[" * 100_000, "is not JSON"),
        (NoneType, b"<p>Welcome!</p>", "is not JSON"),
        (NoneType, b"OK", "is not JSON"),
    ],
    ids=["list", "dict", "int", "None", "empty", "any JSON", "any depth", "HTML", "text"],
)
def test_other_schemas_of_another_shape(schema: type[object], content: bytes, problem: str) -> None:
    """Each kind of schema has its error."""
    assert f"but the response {problem}" in str(unreadable(schema, content))


@pytest.mark.parametrize(
    ("schema", "noun"),
    [(Model, "of a model (id: "), (ModelVerification, "of a verification (success: ")],
)
def test_the_error_has_the_noun_of_the_class(schema: type[object], noun: str) -> None:
    """The expected object is called by its noun."""
    assert f"does not have the shape {noun}" in str(unreadable(schema, b"{}"))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"<p>Hello</p>", "is not JSON"),
        (b'{"results": [', "is not JSON"),
        (b'{"results": ' + b"[" * 100_000, "is not JSON"),
        (b'{"results": null}', "does not have the shape of a page of models (results: "),
        (b'{"results": [{"name": "a"}]}', "results.0.id: Field required"),
        (b"[]", "does not have the shape of a page of models (the whole: "),
    ],
    ids=["empty", "HTML", "truncated", "too deep", "null", "no id", "list"],
)
def test_pages_that_cannot_be_parsed(content: bytes, problem: str) -> None:
    """A page that is not JSON or has another shape has the same error."""
    assert problem in str(unreadable(list_response(Model), content))


def test_a_page_of_wrong_items() -> None:
    """Only the first wrong item of a page is reported: an error for each would take gigabytes."""
    message = str(unreadable(list_response(Model), b'{"results": [1, 2, 3]}'))

    problems = message.partition("(")[2].partition(")")[0]
    assert problems.startswith("results.0: ")
    assert ";" not in problems


@pytest.mark.parametrize(
    "content",
    [
        f'{{"id": "{SECRET}", "size": "{SECRET}"}}',
        f'{{"id": {{"{SECRET}": "{SECRET}"}}}}',
        f"<html>{SECRET}</html>",
        f'"{SECRET}"',
        " " * 190 + SECRET,
    ],
)
def test_the_error_contains_no_secret(content: str) -> None:
    """A secret that is echoed in an unusable body is not in the error."""
    error = unreadable(Shape, content.encode(), SECRET)

    assert SECRET not in str(error)
    assert SECRET not in repr(vars(error))
