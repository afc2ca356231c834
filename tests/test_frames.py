"""Models as rows: the columns, their types, and what is told of fields that nobody knows."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from root import RootSignals
from root._frames import COLUMNS, flat, to_pandas, to_polars
from root.emulator import Server
from root.models import Model, Owner, Provider

pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")


def models(*fields: dict[str, Any]) -> list[Model]:
    return [
        Model.model_validate({"id": str(number), "name": "a"} | one)
        for number, one in enumerate(fields)
    ]


async def test_the_twin(emulator: Server) -> None:
    """The blocking client's async listing becomes the same frame."""
    async with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        frame = await client.models.alist(limit=5).to_pandas()
        assert frame.equals(client.models.list(limit=5).to_pandas())


def test_columns() -> None:
    """The columns are the fields of the schemas, in their order."""
    parts: dict[str, type[Owner] | type[Provider]] = {"owner": Owner, "provider": Provider}

    assert list(COLUMNS) == [
        column
        for name in Model.model_fields
        for column in (
            [f"{name}.{inner}" for inner in parts[name].model_fields] if name in parts else [name]
        )
    ]


def test_flat() -> None:
    """What is nested gets names of its own, in the order of the columns; the rest comes last."""
    (model,) = models({"new": {"a": 1}, "provider": {"name": "P", "id": "p", "x": 2}, "url": None})

    assert list(flat(model).items()) == [
        ("id", "0"),
        ("name", "a"),
        ("url", None),
        ("provider.id", "p"),
        ("provider.name", "P"),
        ("new", {"a": 1}),
        ("provider.x", 2),
    ]


@pytest.mark.parametrize(
    ("values", "pandas_type", "polars_type", "told"),
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
    values: list[object], pandas_type: str, polars_type: str, told: list[object]
) -> None:
    """A field that came after this release has a column of the type that all its values have."""
    rows = models(*({"new": value} for value in values))

    column = to_pandas(rows)["new"]
    assert str(column.dtype) == pandas_type
    assert [None if value is pandas.NA else value for value in column] == told
    assert str(to_polars(rows)["new"].dtype) == polars_type
    assert to_polars(rows)["new"].to_list() == told


def test_numbers_that_are_too_large() -> None:
    """A count beyond 64 bits is told in full, as text."""
    rows = models({"max_token_count": 2**70}, {"max_token_count": 1})

    assert to_pandas(rows)["max_token_count"].tolist() == [str(2**70), "1"]
    assert to_polars(rows)["max_token_count"].to_list() == [str(2**70), "1"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
NAMES: list[Literal["new", "newer", "owner.x"]] = ["new", "newer", "owner.x"]


# A busy machine makes values slowly, which tells nothing of the frames.
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.dictionaries(st.sampled_from(NAMES), JSON), max_size=4))
def test_both_agree(fields: list[dict[str, object]]) -> None:
    """Whatever the service adds, both frames are made, and say the same."""
    rows = models(*fields)

    one, other = to_pandas(rows), to_polars(rows)

    assert list(one.columns) == other.columns
    assert [
        {name: None if value is pandas.NA else value for name, value in row.items()}
        for row in one.to_dict("records")
    ] == other.to_dicts()
    # Nothing that JSON can say is lost.
    json.dumps(other.to_dicts())
