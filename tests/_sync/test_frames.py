# Generated from tests/_async/test_frames.py by scripts/generate_sync.py. Do not edit.
"""Listings as frames of pandas and polars, and as plain data."""

from __future__ import annotations

import sys

import pytest

from root import RootSignals
from root._frames import COLUMNS
from root.emulator import Server


def test_pandas(client: RootSignals) -> None:
    """A listing becomes a pandas frame with a row for each model."""
    pandas = pytest.importorskip("pandas")
    model_id = client.models.create(name="ollama/llama3")

    frame = client.models.list(limit=None).to_pandas()

    assert frame["id"].tolist() == [model.id for model in client.models.list(limit=None)]
    own = frame.set_index("id").loc[model_id]
    assert own["name"] == "ollama/llama3"
    assert own["owner.email"] == "main@emulator.invalid"
    assert own["provider.name"] is pandas.NA
    assert "Anthropic" in frame["provider.name"].dropna().tolist()


def test_polars(client: RootSignals) -> None:
    """A listing becomes a polars frame with a row for each model."""
    polars = pytest.importorskip("polars")
    model_id = client.models.create(name="ollama/llama3")

    frame = client.models.list(limit=None).to_polars()

    assert frame["id"].to_list() == [model.id for model in client.models.list(limit=None)]
    own = frame.row(by_predicate=polars.col("id") == model_id, named=True)
    assert own["name"] == "ollama/llama3"
    assert own["owner.email"] == "main@emulator.invalid"
    assert own["provider.name"] is None


def test_plain_data(client: RootSignals) -> None:
    """A listing becomes plain data, each model as its `to_dict` returns it."""
    models = [model for model in client.models.list(limit=30)]

    assert client.models.list(limit=30).to_dicts() == [model.to_dict() for model in models]


def test_what_is_left(client: RootSignals) -> None:
    """What was read of a listing before is not in its frame."""
    pytest.importorskip("pandas")
    pager = client.models.list(limit=30)
    first = next(pager)

    frame = pager.to_pandas()

    assert len(frame) == 29
    assert first.id not in frame["id"].tolist()


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_an_empty_listing(client: RootSignals, package: str) -> None:
    """A frame of nothing has the same columns of the same types."""
    pytest.importorskip(package)

    nothing = getattr(client.models.list(limit=0), f"to_{package}")()
    something = getattr(client.models.list(limit=5), f"to_{package}")()

    assert len(nothing) == 0
    assert list(nothing.columns) == list(something.columns) == list(COLUMNS)
    assert list(nothing.dtypes) == list(something.dtypes)


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_a_page(client: RootSignals, package: str) -> None:
    """A page becomes the same frame as a listing of it."""
    pytest.importorskip(package)

    # To its end: what is left before it is complained of by some event loops.
    (page,) = [page for page in client.models.list(limit=5).pages()]

    frame = getattr(page, f"to_{package}")()
    assert frame.equals(getattr(client.models.list(limit=5), f"to_{package}")())
    assert page.to_dicts() == client.models.list(limit=5).to_dicts()


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_a_missing_package(
    client: RootSignals, emulator: Server, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the package is missing, the error names the extra, and nothing is asked for."""
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(ImportError, match=rf'pip install "root-sdk\[{package}\]"'):
        getattr(client.models.list(), f"to_{package}")()

    assert not emulator.requests
