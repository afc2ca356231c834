"""Request bodies: bytes, and JSON that is validated."""

from __future__ import annotations

import json
import re
from typing import Annotated, Self

import pytest
from pydantic import Field, model_validator

from root._config import NOT_GIVEN
from root._schemas.requests import (
    Body,
    RequestModel,
    Sensitive,
    bytes_body,
    json_body,
    validate_each,
    validate_settings,
)
from root.errors import InvalidRequestError

from .files import content_of

SECRET = "sk-0123456789abcdef"


def test_a_body_of_bytes() -> None:
    """A body of bytes has a length, can be sent any number of times, and is not in its repr."""
    body = bytes_body(SECRET.encode(), "text/plain", secrets=(SECRET,))

    assert body.length == len(SECRET)
    assert body.content_type == "text/plain"
    assert body.secrets == (SECRET,)
    assert content_of(body) == content_of(body) == SECRET.encode()
    assert not body.is_spent
    assert SECRET not in repr(body)
    assert SECRET not in repr(body.parts)


class Thing(RequestModel):
    """What the tests send."""

    name: Annotated[str, Field(max_length=20)]
    key: Annotated[str | None, Sensitive] = None
    token: Annotated[str, Sensitive] = ""
    size: int = 0


class ThingPatch(Thing):
    """A part of it."""

    is_partial = True

    name: Annotated[str, Field(max_length=20)] = ""


def test_sensitive_fields() -> None:
    """The values of sensitive fields are the secrets of the body, and in no repr."""
    body = json_body(Thing, NOT_GIVEN, name="a", key=SECRET, token="token-1234", size=NOT_GIVEN)

    assert json.loads(content_of(body)) == {"name": "a", "key": SECRET, "token": "token-1234"}
    assert sorted(body.secrets) == [SECRET, "token-1234"]
    for shown in (repr(body), repr(body.parts), repr(body.secrets)):
        assert SECRET not in shown
    assert Thing.sensitive_fields() == ThingPatch.sensitive_fields() == {"key", "token"}
    assert Thing.nullable_fields() == {"key"}


@pytest.mark.parametrize("key", [None, NOT_GIVEN])
def test_a_sensitive_field_without_a_value(key: object) -> None:
    """A sensitive field that is omitted or cleared is not a secret."""
    assert json_body(Thing, NOT_GIVEN, name="a", key=key).secrets == ()


def test_only_given_fields_are_sent() -> None:
    """None is sent, the defaults of fields are not, and text is UTF-8."""
    body = json_body(Thing, NOT_GIVEN, name="größer", key=None, size=NOT_GIVEN)

    assert body.content_type == "application/json"
    assert content_of(body) == '{"name":"größer","key":null}'.encode()
    assert body.length == len(content_of(body))


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"name": SECRET * 2}, "name must have at most 20 characters."),
        ({"name": None}, "name cannot be None."),
        ({"key": SECRET}, "name is required."),
        ({"name": "a", "key": [SECRET]}, "key must be a string."),
        ({"name": "a", "size": SECRET}, "size must be an integer."),
        ({"name": "a", "size": True}, "size must be an integer."),
        ({"name": "a", "other": SECRET}, "other is not a setting."),
        ({"name": "\ud800"}, "name contains characters that UTF-8 cannot encode"),
    ],
    ids=["long", "None", "missing", "list", "text", "bool", "unknown", "surrogate"],
)
def test_an_invalid_field(fields: dict[str, object], problem: str) -> None:
    """The error for an invalid field has its name and the limit, and no value."""
    with pytest.raises(InvalidRequestError) as error:
        json_body(Thing, NOT_GIVEN, **fields)

    assert str(error.value).startswith("Nothing was sent. ")
    assert problem in str(error.value)
    assert SECRET not in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__context__ is None


def test_invalid_fields_of_a_nested_object() -> None:
    """The error for a part of a field has its place, and that for a whole object has none."""

    class Criterion(RequestModel):
        weight: int

    class Judge(RequestModel):
        criteria: list[Criterion]

        @model_validator(mode="after")
        def check(self) -> Self:
            raise ValueError("too many criteria")

    with pytest.raises(InvalidRequestError, match=r"sent\. criteria\.0\.weight must be an integer"):
        json_body(Judge, NOT_GIVEN, criteria=[{"weight": "a"}])
    with pytest.raises(InvalidRequestError, match=r"sent\. too many criteria\."):
        json_body(Judge, NOT_GIVEN, criteria=[{"weight": 1}])


def test_a_partial_object_needs_a_field() -> None:
    """A part of an object without any field is refused."""
    with pytest.raises(InvalidRequestError, match="Pass at least one of name, size"):
        json_body(ThingPatch, NOT_GIVEN, name=NOT_GIVEN, size=NOT_GIVEN)


def test_settings_are_validated() -> None:
    """The user's mapping is validated like arguments; None means omitted."""
    body = validate_settings(Thing, {"name": "a", "key": None, "token": SECRET})

    assert json.loads(content_of(body)) == {"name": "a", "token": SECRET}
    assert body.secrets == (SECRET,)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (["name"], "Settings must be a dict, not list."),
        ("name", "Settings must be a dict, not str."),
        ({5: "a"}, "The names of settings must be plain strings."),
        ({"a\n": "a"}, "The names of settings must be plain strings."),
        ({"nmae": "a"}, "nmae is not a setting."),
    ],
    ids=["list", "text", "number", "line break", "unknown"],
)
def test_invalid_settings(settings: dict[str, object], problem: str) -> None:
    """What is not a mapping of names to values is refused."""
    with pytest.raises(InvalidRequestError, match=f"Nothing was sent. .*{re.escape(problem)}"):
        validate_settings(Thing, settings)


def test_each_item_is_validated() -> None:
    """Items are validated in their order; the error for an invalid one has its position."""

    def validate(name: str) -> Body:
        return json_body(Thing, None, name=name)

    bodies = validate_each(iter(["a", "b"]), validate)

    assert [content_of(body) for body in bodies] == [b'{"name":"a"}', b'{"name":"b"}']
    with pytest.raises(InvalidRequestError) as error:
        validate_each(["a", "b" * 21], validate)
    assert str(error.value).startswith("Nothing was sent. At position 1 (from 0): name must have ")


@pytest.mark.parametrize("items", ["ab", b"ab", {"a": 1}, 5, None], ids=repr)
def test_items_must_be_a_list(items: list[str]) -> None:
    """A single item in place of a list is refused."""
    with pytest.raises(InvalidRequestError, match="Pass a list, even for one item"):
        validate_each(items, str)
