"""JSON bodies of requests: validation, omitted fields, and secrets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from root._config import NOT_GIVEN
from root._schemas.judges import ClaimRequest
from root._schemas.models import ModelPatch, ModelRequest, VerifyRequest
from root._schemas.requests import (
    Body,
    RequestModel,
    json_body,
    validate_each,
    validate_settings,
)
from root.errors import InvalidRequestError
from tests.items import ParcelPatch, ParcelRequest

from .examples import SECRET


def content(body: Body) -> Any:
    """Return the JSON of a body."""
    assert body.content_type == "application/json"
    (part,) = body.parts
    assert isinstance(part, bytes)
    assert body.length == len(part)
    return json.loads(part)


@pytest.mark.parametrize(
    ("schema", "fields", "body"),
    [
        pytest.param(ModelRequest, {"name": "a"}, {"name": "a"}, id="only a name"),
        pytest.param(
            ModelRequest,
            {"name": "a", "model": None, "default_key": None, "url": None},
            {"name": "a"},
            id="omitted",
        ),
        pytest.param(
            ModelRequest,
            {
                "name": "n" * 100,
                "model": "m",
                "default_key": "k",
                "max_output_token_count": 800,
                "max_token_count": 0,
                "url": "u" * 1024,
            },
            None,
            id="all, at their limits",
        ),
        pytest.param(
            ModelRequest,
            {"name": "ä", "max_output_token_count": 10**30, "max_token_count": 2147483647},
            None,
            id="the other limits",
        ),
        pytest.param(ModelRequest, {"name": "a", "url": ""}, None, id="empty URL"),
        pytest.param(
            VerifyRequest,
            {"model": "m", "api_key": "k", "url": "u", "max_output_token_count": 800},
            None,
            id="verify",
        ),
        pytest.param(
            VerifyRequest, {"model": "m", "api_key": None}, {"model": "m"}, id="omitted key"
        ),
    ],
)
def test_content(
    schema: type[RequestModel], fields: dict[str, object], body: dict[str, object] | None
) -> None:
    """The body contains the fields that were given, and no others."""
    assert content(json_body(schema, None, **fields)) == (fields if body is None else body)


@pytest.mark.parametrize(
    "fields",
    [
        {"max_token_count": None},
        {"default_key": None, "url": None, "name": "a"},
        {"name": "a", "model": "m", "max_output_token_count": 801},
    ],
    ids=str,
)
def test_content_of_a_change(fields: dict[str, object]) -> None:
    """None clears a field; omitted fields are not sent."""
    omitted = dict.fromkeys(
        ("name", "model", "default_key", "max_output_token_count", "max_token_count", "url"),
        NOT_GIVEN,
    )

    body = json_body(ModelPatch, NOT_GIVEN, **{**omitted, **fields})

    assert content(body) == fields


def test_empty_change() -> None:
    """A change without fields is refused with the names of all fields."""
    with pytest.raises(InvalidRequestError, match="Pass at least one of name, url"):
        json_body(ModelPatch, NOT_GIVEN, name=NOT_GIVEN, url=NOT_GIVEN)


@pytest.mark.parametrize(
    ("schema", "fields", "problem"),
    [
        (ModelRequest, {"name": ""}, "name must not be empty"),
        (ModelRequest, {"name": "n" * 101}, "name must have at most 100 characters"),
        (ModelRequest, {"name": "a", "model": ""}, "model must not be empty"),
        (ModelRequest, {"name": "a", "default_key": ""}, "default_key must not be empty"),
        (
            ModelRequest,
            {"name": "a", "max_output_token_count": 799},
            "max_output_token_count must be at least 800",
        ),
        (
            ModelRequest,
            {"name": "a", "max_token_count": -1},
            "max_token_count must be at least 0",
        ),
        (
            ModelRequest,
            {"name": "a", "max_token_count": 2147483648},
            "max_token_count must be at most 2147483647",
        ),
        (ModelRequest, {"name": "a", "url": "u" * 1025}, "url must have at most 1024 characters"),
        (ModelPatch, {"name": ""}, "name must not be empty"),
        (ModelPatch, {"name": "n" * 101}, "name must have at most 100 characters"),
        (ModelPatch, {"max_output_token_count": 0}, "max_output_token_count must be at least 800"),
        (VerifyRequest, {"model": ""}, "model must not be empty"),
        (VerifyRequest, {"model": "m", "max_output_token_count": 1}, "count must be at least 800"),
        (ModelRequest, {"name": 5}, "name must be a string"),
        (ModelRequest, {"name": b"a"}, "name must be a string"),
        (ModelRequest, {"name": "\ud800"}, "name contains characters"),
        (
            ModelRequest,
            {"name": "a", "max_token_count": True},
            "max_token_count must be an integer",
        ),
        (ModelRequest, {"name": "a", "max_token_count": "5"}, "max_token_count must be an integer"),
        (ModelRequest, {"name": "a", "max_token_count": 5.0}, "max_token_count must be an integer"),
        (ModelRequest, {"name": "", "url": 5}, "name .* url "),
    ],
)
def test_limits(schema: type[RequestModel], fields: dict[str, object], problem: str) -> None:
    """An invalid field is refused with its name and the limit."""
    with pytest.raises(InvalidRequestError, match=f"^Nothing was sent. .*{problem}") as error:
        json_body(schema, None, **fields)

    assert isinstance(error.value, ValueError)
    # pydantic's error contains the input.
    assert error.value.__cause__ is None
    assert error.value.__context__ is None


@pytest.mark.parametrize("name", ["name", "model", "max_output_token_count"])
def test_fields_that_cannot_be_cleared(name: str) -> None:
    """None is refused for a field that cannot be empty."""
    with pytest.raises(InvalidRequestError, match=f"{name} cannot be None"):
        json_body(ModelPatch, NOT_GIVEN, **{name: None})


@pytest.mark.parametrize(
    ("schema", "fields", "missing"),
    [
        (ModelRequest, {"name": None, "model": "m"}, "name"),
        (ModelRequest, {"name": None, "max_token_count": 5}, "name"),
        (VerifyRequest, {"model": None, "url": "u"}, "model"),
    ],
    ids=["create", "replace", "verify"],
)
def test_required_fields(
    schema: type[RequestModel], fields: dict[str, object], missing: str
) -> None:
    """A missing required field is refused with its name."""
    with pytest.raises(InvalidRequestError, match=missing):
        json_body(schema, None, **fields)


@pytest.mark.parametrize(
    ("schema", "fields"),
    [
        (ModelRequest, {"name": "a", "default_key": SECRET.encode()}),
        (ModelRequest, {"name": "a", "default_key": [SECRET]}),
        (ModelRequest, {"name": "a", "default_key": {"key": SECRET}}),
        (ModelRequest, {"name": "a", "default_key": {SECRET: SECRET}}),
        (ModelRequest, {"name": "a", "default_key": (SECRET, 1)}),
        (ModelRequest, {"name": "a", "default_key": f"{SECRET}\ud800"}),
        (ModelRequest, {"name": "", "default_key": SECRET}),
        (ModelRequest, {"name": SECRET * 10}),
        (ModelRequest, {"name": "a", "url": SECRET * 100}),
        (ModelRequest, {"name": "a", "max_token_count": SECRET}),
        (ModelPatch, {"default_key": {"key": SECRET}}),
        (VerifyRequest, {"model": "m", "api_key": SECRET.encode()}),
        (VerifyRequest, {"model": "m", "api_key": {SECRET: 1}}),
        (ParcelRequest, {"label": 5, "pin": SECRET}),
        (ParcelRequest, {"label": SECRET, "pin": 5}),
        (ParcelRequest, {"label": SECRET, "note": [SECRET]}),
    ],
)
def test_errors_contain_no_value(schema: type[RequestModel], fields: dict[str, object]) -> None:
    """An error contains no value: it may be a key that was passed by mistake."""
    with pytest.raises(InvalidRequestError) as error:
        json_body(schema, None, **fields)

    assert SECRET not in str(error.value)
    assert SECRET not in repr(error.value)
    assert SECRET not in repr(vars(error.value))


@pytest.mark.parametrize(
    "fields",
    [
        ModelRequest(name="a", default_key=SECRET),
        ModelPatch(default_key=SECRET),
        VerifyRequest(model="m", api_key=SECRET),
        ClaimRequest(claim_token=SECRET),
        ParcelRequest(label="a", pin=SECRET, code_word=SECRET),
    ],
    ids=lambda fields: type(fields).__name__,
)
def test_repr_of_a_request(fields: RequestModel) -> None:
    """The repr of the fields of a request does not contain a key."""
    assert SECRET not in repr(fields)
    assert SECRET not in str(fields)


# Facts that request classes declare


@pytest.mark.parametrize(
    ("schema", "sensitive", "nullable"),
    [
        (ModelRequest, {"default_key"}, {"default_key", "max_token_count", "url"}),
        (ModelPatch, {"default_key"}, {"default_key", "max_token_count", "url"}),
        (VerifyRequest, {"api_key"}, {"api_key", "url"}),
        (ParcelRequest, {"pin", "code_word"}, {"note", "pin"}),
        (ParcelPatch, {"pin", "code_word"}, {"note", "pin"}),
        (RequestModel, set(), set()),
    ],
)
def test_declared_fields(
    schema: type[RequestModel], sensitive: set[str], nullable: set[str]
) -> None:
    """A class knows its secret fields, and those that None clears; subclasses inherit both."""
    assert schema.sensitive_fields() == sensitive
    assert schema.nullable_fields() == nullable


def test_secrets_of_a_body() -> None:
    """A body knows the values of the secret fields, and its repr contains no content."""
    body = json_body(ParcelRequest, None, label="a", note="n", pin=SECRET, code_word="the word")

    assert set(body.secrets) == {SECRET, "the word"}
    assert content(body) == {"label": "a", "note": "n", "pin": SECRET, "code_word": "the word"}
    for text in (repr(body), repr(body.parts), repr(body.secrets)):
        assert SECRET not in text
        assert "the word" not in text


def test_secret_that_is_cleared() -> None:
    """A secret field that is None is sent, and is not a secret to redact."""
    body = json_body(ParcelPatch, NOT_GIVEN, label=NOT_GIVEN, pin=None)

    assert body.secrets == ()
    assert content(body) == {"pin": None}


# Settings from the user's mappings


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (None, "Settings must be a dict, not NoneType."),
        ([("label", "a")], "Settings must be a dict, not list."),
        ({5: "a"}, "The names of settings must be plain strings."),
        ({"a\n": "a"}, "The names of settings must be plain strings."),
        ({"label": "a", "x": 1}, "x is not a setting."),
        ({"label": 5}, "label must be a string."),
        ({}, "label is required."),
    ],
)
def test_invalid_settings(settings: Any, problem: str) -> None:
    """Invalid settings are refused before anything is sent."""
    with pytest.raises(InvalidRequestError) as error:
        validate_settings(ParcelRequest, settings)

    assert str(error.value).startswith(f"Nothing was sent. {problem}")


def test_valid_settings() -> None:
    """Any mapping is accepted, and omitted fields are left out."""
    assert content(validate_settings(ParcelRequest, {"label": "a", "note": None})) == {"label": "a"}
    assert content(validate_settings(ParcelRequest, {"label": "a", "note": None}, ...)) == {
        "label": "a",
        "note": None,
    }


def validate(settings: Mapping[str, object]) -> Any:
    """Return the validated settings."""
    return content(validate_settings(ParcelRequest, settings))


@pytest.mark.parametrize("items", ["a", b"a", {"label": "a"}, 5, None], ids=repr)
def test_no_list_of_items(items: Any) -> None:
    """A string, a mapping and a value that is not iterable are not lists of items."""
    with pytest.raises(InvalidRequestError, match="Pass a list, even for one item"):
        validate_each(items, validate)


def test_invalid_item() -> None:
    """Invalid items are refused with their positions."""
    items: list[Mapping[str, object]] = [{"label": "a"}, {"label": 5}, {}]

    with pytest.raises(InvalidRequestError) as error:
        validate_each(iter(items), validate)

    assert str(error.value) == (
        "Nothing was sent. At position 1 (from 0): label must be a string."
        " At position 2 (from 0): label is required."
    )
    # The errors of the items would repeat it.
    assert error.value.__context__ is None


def test_valid_items() -> None:
    """The results of all validations are returned in order."""
    items = ({"label": str(number)} for number in range(3))

    assert validate_each(items, validate) == [{"label": "0"}, {"label": "1"}, {"label": "2"}]
