"""Large response bodies: they are read in steps, and like any other."""

from __future__ import annotations

import json
from types import NoneType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from root._http.large import parse_large, read_json
from root._http.messages import RawResponse
from root._http.parsing import NotJSONError, UnreadableError, parse
from root._schemas.models import Model
from root._schemas.pages import list_response

KEY = "key-of-the-tests"
PAGE = list_response(Model)
OWNER = {"email": "me@example.com"}

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of 30 characters, so that small bodies have many of them."""
    monkeypatch.setattr("root._http.large._PART", 30)


@given(value=JSON_VALUES, indent=st.none() | st.integers(0, 2))
def test_any_json(value: object, indent: int | None) -> None:
    """Any JSON is read as the standard library reads it, however it is divided."""
    document = json.dumps(value, indent=indent)

    assert read_json(document.encode("utf-8", "surrogatepass")) == json.loads(document)


@given(document=st.text('[]{}",: \\1ae.-') | st.binary().map(lambda data: data.decode("latin-1")))
def test_any_text(document: str) -> None:
    """A document is refused if the standard library refuses it."""
    try:
        expected = json.loads(document)
    except ValueError:
        with pytest.raises(ValueError, match=r"."):
            read_json(document.encode())
    else:
        assert read_json(document.encode()) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le"])
def test_encodings(encoding: str) -> None:
    """JSON is read in the encodings that the standard library knows."""
    assert read_json('{"größer": ["\U0001f600"]}'.encode(encoding)) == {"größer": ["\U0001f600"]}


def test_deep_values() -> None:
    """A large value that is nested more than 32 levels deep is refused."""
    assert read_json(b"[" * 40 + b"]" * 40)
    with pytest.raises(ValueError, match="nested too deeply"):
        read_json(b"[" * 100 + b"]" * 100)


@pytest.mark.parametrize(
    ("schema", "body"),
    [
        pytest.param(Model, {"id": "a", "name": "b", "owner": OWNER, "new": [1]}, id="model"),
        pytest.param(
            Model, {"id": "a", "name": "b", "n": [KEY, {KEY: f"echo of {KEY}"}]}, id="echoes"
        ),
        pytest.param(Model, {"id": "a", "name": "half \ud83d"}, id="half a character"),
        pytest.param(
            PAGE,
            {"next": "c", "results": [{"id": str(n), "name": "b", "owner": OWNER} for n in "abc"]},
            id="page",
        ),
        pytest.param(PAGE, {"results": [{"id": "a", "name": "half \ud83d"}]}, id="half, in a page"),
        pytest.param(PAGE, {"results": []}, id="empty page"),
        pytest.param(list[int], [1, 2, 3], id="list"),
        pytest.param(object, {"any": ["JSON"]}, id="object"),
        pytest.param(bytes, {"a": 1}, id="bytes"),
        pytest.param(NoneType, {"a": 1}, id="nothing"),
    ],
)
def test_values(schema: type[object], body: object) -> None:
    """The value is the same as that of a small body, without secrets."""
    response = RawResponse(200, [], json.dumps(body).encode())
    value = parse_large(schema, response, (KEY,))

    if KEY not in str(body):
        assert value == parse(schema, response)
        assert repr(value) == repr(parse(schema, response))
    assert schema is bytes or KEY not in repr(value)


@pytest.mark.parametrize("schema", [Model, PAGE, object, list[int]])
@pytest.mark.parametrize("content", [b"", b"<html>" * 10, b'{"id": "a', b"[1, 2,, 3]", b"\xff\xff"])
def test_no_json(schema: type[object], content: bytes) -> None:
    """What is not JSON is reported as such."""
    with pytest.raises(NotJSONError):
        parse_large(schema, RawResponse(200, [], content), ())


@pytest.mark.parametrize(
    ("schema", "body"),
    [
        (Model, {"id": "a"}),
        (Model, []),
        (PAGE, {"results": [{"id": "a", "name": "b"}, {"id": "a"}]}),
        (PAGE, {"results": {"a": "b"}}),
        (PAGE, {"results": [{"id": "a", "name": "b"}] * 10_001}),
        (PAGE, {"result": []}),
        (PAGE, [1]),
    ],
)
def test_wrong_shapes(schema: type[object], body: object) -> None:
    """A wrong shape is reported as for a small body."""
    response = RawResponse(200, [], json.dumps(body).encode())
    with pytest.raises(UnreadableError) as expected:
        parse(schema, response)

    with pytest.raises(UnreadableError) as error:
        parse_large(schema, response, ())

    # pydantic's words for Python objects differ a little from those for JSON.
    assert str(error.value).partition(": ")[0] == str(expected.value).partition(": ")[0]
    assert error.value.is_json
