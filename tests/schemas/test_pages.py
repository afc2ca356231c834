"""Pages: as the service sends them, with parts that are shared, and as the user gets them."""

from __future__ import annotations

import json
import pickle
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from root._http.messages import RawResponse
from root._http.parsing import UnreadableError, parse
from root._schemas.meta import ResponseMeta
from root._schemas.pages import ListResponse, Page, list_response
from root.evaluators import EvaluatorListOutput
from root.models import Model
from tests.items import Parcel, parcel

from .examples import DETAILS, LISTED, META, parse_model

OPENAI = {"id": "p-1", "name": "OpenAI", "is_gdpr_compliant": True, "tier": {"a": 1}}
ADA = {"email": "ada@example.org", "full_name": "Ada Lovelace"}


def parse_models(content: bytes) -> ListResponse[Model]:
    """Return a page of models."""
    return list_response(Model).from_json(content)


def parse_parcels(*results: dict[str, Any]) -> list[Parcel]:
    """Return the items of a page of parcels."""
    fields = [{"id": str(number), "label": "a"} | one for number, one in enumerate(results)]
    return list_response(Parcel).from_json(json.dumps({"results": fields}).encode()).results


def test_both_shapes() -> None:
    """A page may contain models of both shapes, and unknown fields."""
    page = list_response(Model).model_validate_json(
        json.dumps({"next": "c", "previous": None, "results": [LISTED, DETAILS], "count": 2})
    )

    assert page.next == "c"
    assert [model.name for model in page.results] == ["gpt-4o", "ollama/llama3"]
    assert page.to_dict()["count"] == 2


def test_item_type() -> None:
    """A page knows the class of its items, and its own class is made once."""
    assert list_response(Parcel).item_type() is Parcel
    assert list_response(Model).item_type() is Model
    assert list_response(Parcel) is list_response(Parcel)


@pytest.mark.parametrize(
    "page", [{}, {"next": None}, {"results": None}, {"results": [{}]}, []], ids=str
)
def test_invalid_pages(page: object) -> None:
    """A page without results, or with results of another class, is invalid."""
    for item in (Model, Parcel):
        with pytest.raises(ValidationError):
            list_response(item).model_validate_json(json.dumps(page))


def test_first_wrong_item() -> None:
    """Parsing stops at the first wrong item, because an error for each one would be large."""
    content = json.dumps({"results": [{"id": "1", "label": "a"}, *[{}] * 1000]}).encode()

    with pytest.raises(ValidationError) as error:
        list_response(Parcel).from_json(content)

    assert {problem["loc"][:2] for problem in error.value.errors()} == {("results", 1)}


@pytest.mark.parametrize(
    "results",
    [
        pytest.param([], id="none"),
        pytest.param([LISTED, DETAILS, LISTED], id="both shapes"),
        pytest.param(
            [{**LISTED, "id": str(n), "owner": ADA, "provider": OPENAI} for n in range(5)],
            id="equal parts",
        ),
        pytest.param(
            [
                {**LISTED, "owner": ADA, "provider": OPENAI},
                {**LISTED, "owner": {**ADA, "full_name": "A. L."}, "provider": OPENAI},
                {**LISTED, "owner": ADA, "provider": {**OPENAI, "name": "Open AI"}},
                {**LISTED, "owner": None, "provider": None},
                {**LISTED, "owner": {}, "provider": {"id": 1, "name": "One"}},
                {**LISTED, "owner": {"team": "blue"}, "provider": {"id": "1", "name": "One"}},
            ],
            id="similar parts",
        ),
        pytest.param(
            [{"id": "1", "name": "a", "visibility": "TEAM", "size": 7}], id="unknown fields"
        ),
    ],
)
def test_sharing_changes_no_value(results: list[dict[str, object]]) -> None:
    """A page that shares parts is equal to one that does not."""
    content = json.dumps({"next": None, "results": results}).encode()

    page = parse_models(content)

    assert page == list_response(Model).model_validate_json(content)
    assert [model.model_fields_set for model in page.results] == [set(item) for item in results]
    assert [model.model_dump(exclude_unset=True) for model in page.results] == [
        parse_model(**item).model_dump(exclude_unset=True) for item in results
    ]


def test_shared_parts() -> None:
    """Equal parts are one object, if the class declares them as shared."""
    shelf, maker = {"code": "S", "room": {"number": 5}}, {"name": "M"}
    first, second, other, nothing = parse_parcels(
        {"shelf": shelf, "maker": maker},
        {"shelf": shelf, "maker": maker},
        {"shelf": {**shelf, "height": 2.5}, "maker": maker},
        {"shelf": None},
    )

    assert first.shelf is not None
    assert first.shelf is second.shelf
    assert other.shelf is not first.shelf
    assert other.shelf == first.shelf.model_copy(update={"height": 2.5})
    assert nothing.shelf is None
    assert first.maker == second.maker
    assert first.maker is not second.maker
    assert first.model_fields_set is second.model_fields_set


def test_shared_inputs() -> None:
    """Equal inputs of listed evaluators are one object, each in a dict of its own."""
    inputs: dict[str, Any] = {"response": {"type": "string"}, "tools": {"type": "array", "new": 1}}
    other: dict[str, Any] = {"response": {"type": "text"}, "tools": {"type": "array", "new": 1}}
    results = [
        {"id": str(number), "name": "a", "inputs": one}
        for number, one in enumerate((inputs, inputs, other, {}, None))
    ]
    page = list_response(EvaluatorListOutput).from_json(json.dumps({"results": results}))
    first, second, third = (one.inputs for one in page.results[:3])

    assert [one.to_dict()["inputs"] for one in page.results] == [one["inputs"] for one in results]
    assert first is not None
    assert second is not None
    assert third is not None
    assert first["tools"] is second["tools"]
    assert third["tools"] is not first["tools"]
    del first["tools"]
    assert list(second) == ["response", "tools"]


def test_place_of_invalid_parts() -> None:
    """The error for an invalid part has its place in the page."""
    evaluator = {"id": "1", "name": "a", "inputs": {"response": {"type": []}}}
    model = {"id": "1", "name": "a", "provider": {"id": "1"}}
    kind: Any
    for kind, item, place in (
        (EvaluatorListOutput, evaluator, "results.0.inputs.response.type"),
        (Model, model, "results.0.provider.name"),
    ):
        body = json.dumps({"results": [item]}).encode()
        with pytest.raises(UnreadableError, match=re.escape(f"({place}: ")):
            parse(list_response(kind), RawResponse(200, [], body))


SHELVES = st.none() | st.fixed_dictionaries(
    {"code": st.sampled_from(["A", "B", 1])},
    optional={
        "height": st.none() | st.sampled_from([1, 1.0, 2.5]),
        "room": st.none() | st.fixed_dictionaries({"number": st.integers(0, 1)}),
        "new": st.booleans() | st.integers(0, 1),
    },
)


@given(shelves=st.lists(SHELVES, max_size=6))
def test_any_shared_parts(shelves: list[dict[str, Any] | None]) -> None:
    """Whatever parts a page has, each item has its own values."""
    items = parse_parcels(*({"shelf": shelf} for shelf in shelves))

    for item, shelf in zip(items, shelves, strict=True):
        assert item.shelf == parcel(shelf=shelf).shelf


def test_changed_copy_of_a_listed_item() -> None:
    """A changed copy of an item does not change other items."""
    results = [{"id": "1", "name": "a"}, {"id": "2", "name": "b"}]
    first, second = parse_models(json.dumps({"results": results}).encode()).results

    other = first.model_copy(update={"url": "http://x"})

    assert other.model_dump(exclude_unset=True) == {"id": "1", "name": "a", "url": "http://x"}
    assert first.model_dump(exclude_unset=True) == {"id": "1", "name": "a"}
    assert second.model_dump(exclude_unset=True) == {"id": "2", "name": "b"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<p>",
        b"[]",
        b"{}",
        b'{"results": {}}',
        b'{"results": [null, 5, "x", []]}',
        b'{"results": [{"id": "1", "name": "a", "owner": 5}]}',
        b'{"results": [{"id": "1", "name": "a", "provider": {}}]}',
        b'{"results": [{"id": "1", "name": "a", "provider": {"id": [], "name": {}}}]}',
        b'{"results": ' + b"[" * 100_000,
    ],
    ids=range(10),
)
def test_other_content(content: bytes) -> None:
    """Content that is not JSON, or not a page, raises only the expected errors."""
    with pytest.raises(ValueError, match=r".") as error:
        parse_models(content)

    assert type(error.value) in (ValueError, ValidationError)


def test_page() -> None:
    """A page is a collection of its items; its metadata is not part of equality and repr."""
    items = [parse_model(**LISTED), parse_model(**DETAILS)]
    page = Page(items, "c", META)

    assert list(page) == items
    assert len(page) == 2
    assert page.next_cursor == "c"
    assert page.meta is META
    assert "req-1" not in repr(page)
    assert page == Page(items, "c", ResponseMeta(200, (), 9.0, []))
    assert page == Page(items, "c", META, Model)
    assert pickle.loads(pickle.dumps(page)) == page


def test_page_of_another_class() -> None:
    """A page of any class has its items as plain data, and can be pickled."""
    items = [parcel(shelf={"code": "S"}, new=1), parcel(label="b")]
    page = Page(items, None, META, Parcel)

    assert page.to_dicts() == [item.to_dict() for item in items]
    copy = pickle.loads(pickle.dumps(page))
    assert copy == page
    assert copy.item_type is Parcel


def test_empty_page() -> None:
    """A page without items may still have a next page."""
    page: Page[Model] = Page([], "c", META)

    assert (list(page), len(page), page.next_cursor) == ([], 0, "c")
    assert page.to_dicts() == []
