"""Listings as pandas and polars frames, and as plain data."""

from __future__ import annotations

import sys

import pytest

from root import AsyncRootSignals
from root._schemas.base import columns_of
from root.emulator import Server
from root.models import Model


async def test_pandas(client: AsyncRootSignals) -> None:
    """The pandas frame of a listing has a row for each model."""
    pandas = pytest.importorskip("pandas")
    model_id = await client.models.create(name="ollama/llama3")

    frame = await client.models.list(limit=None).to_pandas()

    assert frame["id"].tolist() == [model.id async for model in client.models.list(limit=None)]
    own = frame.set_index("id").loc[model_id]
    assert own["name"] == "ollama/llama3"
    assert own["owner.email"] == "main@emulator.invalid"
    assert own["provider.name"] is pandas.NA
    assert "Anthropic" in frame["provider.name"].dropna().tolist()


async def test_polars(client: AsyncRootSignals) -> None:
    """The polars frame of a listing has a row for each model."""
    polars = pytest.importorskip("polars")
    model_id = await client.models.create(name="ollama/llama3")

    frame = await client.models.list(limit=None).to_polars()

    assert frame["id"].to_list() == [model.id async for model in client.models.list(limit=None)]
    own = frame.row(by_predicate=polars.col("id") == model_id, named=True)
    assert own["name"] == "ollama/llama3"
    assert own["owner.email"] == "main@emulator.invalid"
    assert own["provider.name"] is None


async def test_plain_data(client: AsyncRootSignals) -> None:
    """The plain data of a listing has each model as its `to_dict` returns it."""
    models = [model async for model in client.models.list(limit=30)]

    assert await client.models.list(limit=30).to_dicts() == [model.to_dict() for model in models]


async def test_started_listing(client: AsyncRootSignals) -> None:
    """The frame of a listing does not contain the items that were read before."""
    pytest.importorskip("pandas")
    pager = client.models.list(limit=30)
    first = await anext(pager)

    frame = await pager.to_pandas()

    assert len(frame) == 29
    assert first.id not in frame["id"].tolist()


@pytest.mark.parametrize("package", ["pandas", "polars"])
async def test_empty_listing(client: AsyncRootSignals, package: str) -> None:
    """The frame of an empty listing has the same columns and types."""
    pytest.importorskip(package)

    empty = await getattr(client.models.list(limit=0), f"to_{package}")()
    full = await getattr(client.models.list(limit=5), f"to_{package}")()

    assert len(empty) == 0
    assert list(empty.columns) == list(full.columns) == list(columns_of(Model, is_listed=True))
    assert list(empty.dtypes) == list(full.dtypes)


@pytest.mark.parametrize("package", ["pandas", "polars"])
async def test_page(client: AsyncRootSignals, package: str) -> None:
    """A page has the same frame as a listing of it."""
    pytest.importorskip(package)

    # Read to its end: some event loops warn about a generator that is not.
    (page,) = [page async for page in client.models.list(limit=5).pages()]

    frame = getattr(page, f"to_{package}")()
    assert frame.equals(await getattr(client.models.list(limit=5), f"to_{package}")())
    assert page.to_dicts() == await client.models.list(limit=5).to_dicts()


@pytest.mark.parametrize("package", ["pandas", "polars"])
async def test_missing_package(
    client: AsyncRootSignals, emulator: Server, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the package, the error has the extra that contains it, and no request is sent."""
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(ImportError, match=rf'pip install "\.\[{package}\]"'):
        await getattr(client.models.list(), f"to_{package}")()

    assert not emulator.requests
