"""What all classes of responses have in common, on models and on a class of these tests."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from pydantic import ValidationError

from root._schemas.base import (
    APIModel,
    ResponseModel,
    columns_of,
    flatten,
    part_of,
    set_meta,
)
from root._schemas.pages import description, list_response, redact_echoes
from root.models import Model, ModelVerification, Owner, Provider
from tests.items import Maker, Parcel, ParcelRequest, Shelf, parcel

from .examples import DETAILS, LISTED, META, SECRET, parse_model


def test_unknown_fields_are_kept() -> None:
    """Fields that are newer than this release are attributes, at each level."""
    model: Any = parse_model(**{**LISTED, "size": 7, "tags": ["a"], "owner": {"team": "blue"}})

    assert model.size == 7
    assert model.tags == ["a"]
    assert model.owner.team == "blue"
    assert model.to_dict()["size"] == 7
    assert model.to_dict()["owner"]["team"] == "blue"


@pytest.mark.parametrize("name", ["name", "url", "size", "meta"])
def test_frozen(name: str) -> None:
    """An object of a response cannot be changed."""
    model = set_meta(parse_model(**DETAILS), META)

    with pytest.raises((ValidationError, AttributeError)):
        setattr(model, name, "x")

    assert model.to_dict() == parse_model(**DETAILS).to_dict()
    assert model.meta is META


def test_hash() -> None:
    """Equal objects are one key of a dictionary."""
    models = {parse_model(**DETAILS), parse_model(**DETAILS), parse_model(**LISTED)}

    assert len(models) == 2


def test_plain_data() -> None:
    """An object can be converted to a dictionary, a JSON document and readable text."""
    model = parse_model(**LISTED)

    assert model.to_dict() == LISTED
    assert model.provider is not None
    assert model.provider.to_dict() == LISTED["provider"]
    assert json.loads(model.to_json()) == model.to_dict()
    assert "'name': 'gpt-4o'" in model.to_str()
    assert eval(model.to_str(), {}) == model.to_dict()  # It is a Python literal.


# Words for messages


class Step(ResponseModel):
    """A class without a noun."""


@pytest.mark.parametrize(
    ("item", "expected", "plural"),
    [
        (Model, "a model", "models"),
        (Parcel, "an entry", "entries"),
        (Step, "an object", "objects"),
        (list_response(Model), "a page of models", "objects"),
        (list_response(Parcel), "a page of entries", "objects"),
    ],
)
def test_words(item: type[ResponseModel], expected: str, plural: str) -> None:
    """A class has a word for its objects, with its article and its plural."""
    assert description(item) == expected
    assert item.__facts__.plural == plural


# Metadata


def test_without_metadata() -> None:
    """An object that did not come in a response has no metadata."""
    model = parse_model(**DETAILS)

    with pytest.raises(AttributeError):
        _ = model.meta
    assert not hasattr(model, "meta")


def test_metadata_is_not_a_field() -> None:
    """Metadata is not part of equality, hash, dumps and the repr."""
    plain = parse_model(**DETAILS)
    model = set_meta(parse_model(**DETAILS), META)

    assert model.meta is META
    assert model == plain
    assert hash(model) == hash(plain)
    assert repr(model) == repr(plain)
    assert str(model) == str(plain)
    assert model.model_dump() == plain.model_dump()
    assert model.model_dump_json() == plain.model_dump_json()
    assert "meta" not in model.to_dict()
    assert "req-1" not in repr(model)


def test_field_with_the_name_meta() -> None:
    """A field with this name is in the data, and `.meta` stays the metadata."""
    model = set_meta(parse_model(**DETAILS, meta={"a": 1}), META)

    assert model.meta is META
    assert model.to_dict()["meta"] == {"a": 1}


COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "model_copy": lambda model: model.model_copy(),
    "deep model_copy": lambda model: model.model_copy(deep=True),
    **{
        f"pickle {protocol}": lambda model, protocol=protocol: pickle.loads(  # type: ignore[misc]
            pickle.dumps(model, protocol)
        )
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}


@pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize(
    "response",
    [
        parse_model(**DETAILS, size=7),
        parse_model(**LISTED),
        ModelVerification(success=True, usage={"tokens": 5}),
        parcel(shelf={"code": "S", "room": {"number": 5}}, more=[1]),
        list_response(Model)(results=[parse_model(**LISTED)]),
    ],
    ids=["details", "listed", "verification", "another class", "page"],
)
def test_metadata_of_copies(duplicate: Callable[[Any], Any], response: ResponseModel) -> None:
    """A copy is equal, and has metadata if the original has it."""
    with_meta = set_meta(response.model_copy(), META)

    assert duplicate(with_meta) == response
    assert duplicate(with_meta) is not with_meta
    assert duplicate(with_meta).meta == META
    assert duplicate(response) == response
    assert not hasattr(duplicate(response), "meta")


def test_changed_copy() -> None:
    """A copy with another value keeps the rest, and the original is unchanged."""
    model = set_meta(parse_model(**DETAILS), META)

    other = model.model_copy(update={"name": "mine"})

    assert (other.name, other.url, other.meta) == ("mine", model.url, META)
    assert model.name == "ollama/llama3"


# Secrets that a service should not send


def redacted(item: ResponseModel, secrets: Iterable[str] = (SECRET,)) -> Any:
    """Return an object after the redaction of a response."""
    redact_echoes(item, secrets)
    return item


def test_write_only_fields_of_a_model() -> None:
    """A model contains no key, wherever the service returns it."""
    fields: dict[str, Any] = {"default_key": SECRET, "more": [{"default_key": SECRET}, SECRET]}
    model = redacted(parse_model(**DETAILS, size=7, **fields))

    assert not hasattr(model, "default_key")
    assert "default_key" not in model.model_fields_set
    assert SECRET not in repr(model)
    assert SECRET not in model.to_json()
    assert SECRET.encode() not in pickle.dumps(model)
    assert model.to_dict()["size"] == 7


def test_write_only_fields_of_another_class() -> None:
    """Write-only fields are those that a class declares; a field with another name is kept."""
    fields = {"pin": "1234", "code_word": "abc", "default_key": "kept"}
    item = redacted(parcel(**fields, more={"pin": "1234", "x": [{"code_word": "abc"}]}))

    assert Parcel.__facts__.write_only == ParcelRequest.sensitive_fields() == {"pin", "code_word"}
    assert item.to_dict() == {
        "id": "1",
        "label": "a",
        "default_key": "kept",
        "more": {"x": [{}]},
    }


def test_echoes_in_free_text() -> None:
    """Secrets are redacted in fields of free text and in unknown fields, at each depth."""
    item = redacted(
        parcel(
            label=SECRET,
            note=f"The key {SECRET} is wrong.",
            log=[f"<{SECRET}>", {SECRET: [SECRET, 5, None]}],
            more={"a": [SECRET]},
        )
    )

    # The label is neither, and contains what the user chose.
    assert item.label == SECRET
    assert item.note == "The key [redacted] is wrong."
    assert item.log == ["<[redacted]>", {"[redacted]": ["[redacted]", 5, None]}]
    assert item.more == {"a": ["[redacted]"]}


def test_echoes_in_a_page() -> None:
    """Secrets are redacted in the URLs of a page, and in its items."""
    page = list_response(Parcel).model_validate(
        {
            "next": f"http://a/?key={SECRET}",
            "results": [{"id": "1", "label": "a", "note": SECRET, "pin": "1234", "x": SECRET}],
            "count": SECRET,
        }
    )

    assert redacted(page).to_dict() == {
        "next": "http://a/?key=[redacted]",
        "results": [{"id": "1", "label": "a", "note": "[redacted]", "x": "[redacted]"}],
        "count": "[redacted]",
    }


def test_short_secrets() -> None:
    """A short secret is not searched, because it may be a word."""
    assert redacted(parcel(note="password"), ["password"]).note == "password"


def test_texts_without_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts without the beginning of a secret are not searched in detail, which takes long."""
    monkeypatch.setattr("root._secrets.redact._find", None)
    texts = ["", "a", "a text", "100%41", "&lt;a&#62;", "\\u0041", "\\", "\ufffd", "ä", SECRET[:3]]
    model = redacted(parse_model(**DETAILS, texts=texts))

    assert model.to_dict()["texts"] == texts


# Columns and rows


def test_columns_of_a_model() -> None:
    """The columns are the fields of the classes, in their order."""
    parts: dict[str, type[Owner] | type[Provider]] = {"owner": Owner, "provider": Provider}

    assert list(columns_of(Model)) == [
        column
        for name in Model.model_fields
        for column in (
            [f"{name}.{inner}" for inner in parts[name].model_fields] if name in parts else [name]
        )
    ]


def test_columns_of_another_class() -> None:
    """Parts of parts have columns too, and each column has the kind of its field."""
    assert dict(columns_of(Parcel)) == {
        "id": "text",
        "label": "text",
        "weight": "number",
        "count": "whole",
        "is_sent": "truth",
        "note": "text",
        "log": "text",
        "shelf.code": "text",
        "shelf.height": "number",
        "shelf.room.number": "whole",
        "shelf.room.is_open": "truth",
        "maker.name": "text",
    }


@pytest.mark.parametrize(
    ("annotation", "part"),
    [
        (Shelf, Shelf),
        (Shelf | None, Shelf),
        (str | Shelf, Shelf),
        (str, None),
        (None, None),
        (list[Shelf], None),
        (dict[str, Shelf], None),
        (list[Shelf] | None, None),
    ],
    ids=str,
)
def test_parts(annotation: object, part: type[APIModel] | None) -> None:
    """A part is a field that holds one other object."""
    assert part_of(annotation) is part


class Box(APIModel):
    """A class with fields that hold several values, or different ones."""

    items: list[Maker]
    numbers: list[int]
    owner: str | Maker | None = None


def test_several_values_are_one_column() -> None:
    """A list of objects is not a part: it is one value."""
    box = Box.model_validate({"items": [{"name": "a"}], "numbers": [1], "owner": "b"})

    assert dict(columns_of(Box)) == {"items": "text", "numbers": "text", "owner.name": "text"}
    assert flatten(box) == {"items": [{"name": "a"}], "numbers": [1], "owner": "b"}


def test_flatten() -> None:
    """A row has the fields of parts in the order of the columns, and unknown fields last."""
    item = parse_model(
        id="1",
        name="a",
        new={"a": 1},
        provider={"name": "P", "id": "p", "x": 2},
        url=None,
        owner=None,
    )

    assert list(flatten(item).items()) == [
        ("id", "1"),
        ("name", "a"),
        ("url", None),
        ("provider.id", "p"),
        ("provider.name", "P"),
        ("new", {"a": 1}),
        ("provider.x", 2),
    ]


def test_flatten_parts_of_parts() -> None:
    """The fields of a part of a part have the names of both."""
    item = parcel(shelf={"code": "S", "room": {"number": 5, "x": 1}, "y": {"z": 2}})

    assert list(flatten(item).items()) == [
        ("id", "1"),
        ("label", "a"),
        ("shelf.code", "S"),
        ("shelf.room.number", 5),
        ("shelf.y", {"z": 2}),
        ("shelf.room.x", 1),
    ]
