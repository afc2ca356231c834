"""Data frames of pandas and polars: the columns, their types, and unknown fields."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from root import RootSignals
from root._display.frames import Kind, Row, to_pandas, to_polars
from root._schemas.base import ResponseModel, columns_of, flatten
from root._schemas.meta import ResponseMeta
from root._schemas.pages import Page
from root.emulator import Server
from root.evaluators import Evaluator
from root.models import Model
from tests.items import Parcel, parcel

pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")

META = ResponseMeta(200, (), 0.1, [])


def model(**fields: Any) -> Model:
    """Return a model with these fields."""
    return Model.model_validate({"id": "1", "name": "a"} | fields)


ITEMS: dict[str, Callable[..., ResponseModel]] = {"model": model, "another class": parcel}


def plain(frame: Any) -> list[dict[str, Any]]:
    """Return the rows of a pandas frame as polars returns them."""
    return [
        {name: None if value is pandas.NA else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


@pytest.mark.parametrize(
    ("kind", "pandas_type", "polars_type"),
    [
        ("text", "string", "String"),
        ("whole", "Int64", "Int64"),
        ("number", "Float64", "Float64"),
        ("truth", "boolean", "Boolean"),
        ("time", "datetime64[us, UTC]", "Datetime(time_unit='us', time_zone='UTC')"),
    ],
)
@pytest.mark.parametrize("rows", [[], [{}], [{"a": None}]], ids=str)
def test_types_of_columns_without_values(
    kind: Kind, pandas_type: str, polars_type: str, rows: list[Row]
) -> None:
    """A column without values has the type that was declared for it."""
    assert dict(to_pandas(rows, {"a": kind}).dtypes) == {"a": pandas_type}
    frame = to_polars(rows, {"a": kind})
    assert {name: str(type_) for name, type_ in frame.schema.items()} == {"a": polars_type}
    assert len(frame) == len(rows)


def test_times() -> None:
    """A column of times has them in UTC, and a missing one is null."""
    sent: list[Row] = [
        {"a": "2026-01-02T03:04:05.000006Z"},
        {"a": "2026-01-02T05:04:05.000006+02:00"},
        {"a": None},
    ]
    time = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)

    column = to_pandas(sent, {"a": "time"})["a"]
    assert column.dtype == "datetime64[us, UTC]"
    assert [*column[:2]] == [time, time]
    assert column.isna().tolist() == [False, False, True]
    assert to_polars(sent, {"a": "time"})["a"].to_list() == [time, time, None]


@pytest.mark.parametrize("value", ["yesterday", "0001-01-01T00:00:00+01:00", "2026-99-01"])
def test_unreadable_times(value: str) -> None:
    """A column of times in which one cannot be read has them as text, as they were sent."""
    sent: list[Row] = [{"a": "2026-01-02T03:04:05Z"}, {"a": value}]

    column = to_pandas(sent, {"a": "time"})["a"]
    assert column.dtype == "string"
    assert column.tolist() == ["2026-01-02T03:04:05Z", value]
    assert to_polars(sent, {"a": "time"})["a"].to_list() == ["2026-01-02T03:04:05Z", value]


@pytest.mark.parametrize("name", ["created_at", "updated_at"])
def test_time_columns_of_a_class(name: str) -> None:
    """Fields with times are columns of times, with and without objects."""
    assert columns_of(Evaluator)[name] == "time"


def test_order_of_columns() -> None:
    """The declared columns come first, in their order, and then those of the rows."""
    rows: list[Row] = [{"new": 1, "b": 2}, {"newer": 3, "a": 4}]

    expected = {"a": [None, 4], "b": [2, None], "new": [1, None], "newer": [None, 3]}
    assert to_polars(rows, {"a": "whole", "b": "whole"}).to_dict(as_series=False) == expected
    assert list(to_pandas(rows, {"a": "whole", "b": "whole"}).columns) == list(expected)


def test_frames_of_a_class() -> None:
    """The frames of a page have the same columns and types, with and without items."""
    full = Page([parcel(weight=1, shelf={"code": "S", "room": {"number": 5}})], None, META, Parcel)
    empty = Page([], None, META, Parcel)

    assert list(empty.to_pandas().columns) == list(columns_of(Parcel))
    assert dict(empty.to_pandas().dtypes) == dict(full.to_pandas().dtypes)
    assert empty.to_polars().schema == full.to_polars().schema
    assert plain(full.to_pandas()) == full.to_polars().to_dicts()
    assert full.to_polars().row(0, named=True) == dict.fromkeys(columns_of(Parcel)) | {
        "id": "1",
        "label": "a",
        "weight": 1.0,
        "shelf.code": "S",
        "shelf.room.number": 5,
    }


def test_page_without_items_and_class() -> None:
    """A page that knows neither items nor their class has frames without columns."""
    page: Page[Parcel] = Page([], None, META)

    assert list(page.to_pandas().columns) == []
    assert page.to_polars().columns == []


async def test_async_twin(emulator: Server) -> None:
    """The async listing of the blocking client has the same frame."""
    async with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        frame = await client.models.alist(limit=5).to_pandas()
        assert frame.equals(client.models.list(limit=5).to_pandas())


@pytest.mark.parametrize("item", ITEMS.values(), ids=ITEMS)
@pytest.mark.parametrize(
    ("values", "pandas_type", "polars_type", "expected"),
    [
        (["a", None], "string", "String", ["a", None]),
        ([1, None], "Int64", "Int64", [1, None]),
        ([1, 2.5], "Float64", "Float64", [1.0, 2.5]),
        ([True, None], "boolean", "Boolean", [True, None]),
        ([None, None], "string", "String", [None, None]),
        ([2**64, 1], "string", "String", [str(2**64), "1"]),
        ([True, 1], "string", "String", ["true", "1"]),
        (["a", 1], "string", "String", ['"a"', "1"]),
        ([["a"], None], "string", "String", ['["a"]', None]),
        ([{"a": 1}, {}], "string", "String", ['{"a": 1}', "{}"]),
    ],
)
def test_unknown_fields(
    item: Callable[..., ResponseModel],
    values: list[object],
    pandas_type: str,
    polars_type: str,
    expected: list[object],
) -> None:
    """A field that is newer than this release has a column of the type of all its values."""
    items = [item(new=value) for value in values]
    rows, columns = [flatten(one) for one in items], columns_of(type(items[0]))

    column = to_pandas(rows, columns)["new"]
    assert str(column.dtype) == pandas_type
    assert [None if value is pandas.NA else value for value in column] == expected
    series = to_polars(rows, columns)["new"]
    assert str(series.dtype) == polars_type
    assert series.to_list() == expected


def test_large_numbers() -> None:
    """A number of more than 64 bits is kept exactly, as text."""
    items = [model(max_token_count=2**70), model(max_token_count=1)]
    page = Page(items, None, META, Model)

    assert page.to_pandas()["max_token_count"].tolist() == [str(2**70), "1"]
    assert page.to_polars()["max_token_count"].to_list() == [str(2**70), "1"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
NAMES: list[Literal["new", "newer", "owner.x"]] = ["new", "newer", "owner.x"]


# On a busy machine, values are generated slowly.
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.dictionaries(st.sampled_from(NAMES), JSON), max_size=4))
def test_both_libraries_agree(fields: list[dict[str, object]]) -> None:
    """Whatever unknown fields contain, both frames are made and have the same content."""
    page = Page([model(**one) for one in fields], None, META, Model)

    frame, other = page.to_pandas(), page.to_polars()

    assert list(frame.columns) == other.columns
    assert plain(frame) == other.to_dicts()
    # Every value is one of JSON.
    json.dumps(other.to_dicts())
