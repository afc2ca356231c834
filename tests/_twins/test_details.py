# Generated from tests/_async/test_details.py by scripts/generate_sync.py. Do not edit.
"""Listings with details, and objects that are retrieved by their IDs."""

from __future__ import annotations

import copy
import pickle
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import respx

from root import (
    BulkError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    RootSignals,
)
from root.emulator import Server, serve

from ..filled import fill
from ..scripted_server import ScriptedServer, Step, responds

LIST = "http://api.test/v1/models/"


@pytest.fixture(scope="module", params=["A", "B", "C"])
def filled(request: pytest.FixtureRequest) -> Any:
    """An emulator of each generation, with objects of each kind."""
    with serve(generation=request.param, page_size_cap=3) as server:
        yield fill(server)


@pytest.fixture
async def filled_client(filled: Server) -> AsyncIterator[RootSignals]:
    """A client of it."""
    async with RootSignals(api_key=filled.api_key, base_url=filled.url) as client:
        yield client


LISTINGS: dict[str, Callable[[RootSignals, Any, Any], Any]] = {
    "models": lambda client, limit, details: client.models.alist(limit=limit, details=details),
    "evaluators": lambda client, limit, details: client.evaluators.alist(
        limit=limit, details=details
    ),
    "judges": lambda client, limit, details: client.judges.alist(limit=limit, details=details),
    "objectives": lambda client, limit, details: client.objectives.alist(
        limit=limit, details=details
    ),
    "execution_logs": lambda client, limit, details: client.execution_logs.alist(
        limit=limit, details=details
    ),
    "judges.batches": lambda client, limit, details: client.judges.batches.alist(
        limit=limit, details=details
    ),
}

RETRIEVALS: dict[str, Callable[[RootSignals, list[str]], Any]] = {
    "models": lambda client, ids: client.models.aretrieve_many(ids),
    "evaluators": lambda client, ids: client.evaluators.aretrieve_many(ids),
    "judges": lambda client, ids: client.judges.aretrieve_many(ids),
    "objectives": lambda client, ids: client.objectives.aretrieve_many(ids),
    "execution_logs": lambda client, ids: client.execution_logs.aretrieve_many(ids),
    "judges.batches": lambda client, ids: client.judges.batches.aretrieve_many(ids),
}


@pytest.mark.parametrize("resource", LISTINGS)
async def test_details(filled_client: RootSignals, resource: str) -> None:
    """A listing with details returns what `retrieve` returns, in the order of the listing."""
    listed = [one async for one in LISTINGS[resource](filled_client, 8, False)]
    retrieved = await RETRIEVALS[resource](filled_client, [one.id for one in listed])

    detailed = [one async for one in LISTINGS[resource](filled_client, 8, True)]

    assert [type(one) for one in detailed] == [type(one) for one in retrieved]
    for one, expected in zip(detailed, retrieved, strict=True):
        assert one.to_dict() == one.to_dict() | expected.to_dict()
        assert one.meta.status_code == 200


async def test_model_with_details(client: RootSignals) -> None:
    """A model with details also has the fields that only a listing has."""
    model_id = await client.models.acreate(name="ollama/llama3", url="http://gpu")

    (model,) = [one async for one in client.models.alist(limit=1, details=True)]

    assert model.id == model_id
    assert model.url == "http://gpu"
    assert model.visibility == "PRIVATE"
    assert model.owner is not None


async def test_acting_objects(client: RootSignals) -> None:
    """The evaluators of a listing with details can run."""
    await client.evaluators.acreate("{{response}}", name="Own")

    (evaluator,) = [one async for one in client.evaluators.alist(limit=1, details=True)]

    assert evaluator.scoring_criteria == "{{response}}"
    assert evaluator._bound() is not None


@pytest.mark.parametrize("package", ["pandas", "polars"])
@pytest.mark.parametrize("details", [False, True])
@pytest.mark.parametrize("resource", LISTINGS)
async def test_columns(
    filled_client: RootSignals, resource: str, details: bool, package: str
) -> None:
    """A frame has the same columns, whatever is listed."""
    pytest.importorskip(package)

    empty = await getattr(LISTINGS[resource](filled_client, 0, details), f"to_{package}")()
    full = await getattr(LISTINGS[resource](filled_client, 5, details), f"to_{package}")()

    # Batches of newer servers have fields that this release does not know.
    known = list(full.columns)[: len(empty.columns)]
    assert list(empty.columns) == known
    assert resource == "judges.batches" or list(full.columns) == known
    assert list(empty.dtypes) == list(full.dtypes)[: len(known)]


@pytest.mark.parametrize("details", [False, True])
async def test_columns_of_models(client: RootSignals, details: bool) -> None:
    """Only a listing with details has columns for what only details have."""
    pytest.importorskip("pandas")

    columns = (await client.models.alist(limit=1, details=details).to_pandas()).columns

    assert ("url" in columns) == details
    assert "visibility" in columns


async def test_columns_of_evaluators(filled_client: RootSignals) -> None:
    """A column has the value of a field, whatever name it has at the service."""
    pytest.importorskip("pandas")

    frame = await filled_client.evaluators.alist(limit=1).to_pandas()

    assert frame["scoring_criteria"].tolist() == ["{{response}}"]
    assert frame["visibility"].tolist() == ["private"]


async def test_columns_of_pages(client: RootSignals) -> None:
    """A page has the columns of its listing."""
    pytest.importorskip("pandas")

    for details in (False, True):
        (page,) = [page async for page in client.models.alist(limit=2, details=details).pages()]
        frame = await client.models.alist(limit=2, details=details).to_pandas()

        assert page.has_details == details
        assert page.to_pandas().equals(frame)


def service(
    responses: dict[str, list[Step]], names: str = "abcdef", page_size: int = 3
) -> ScriptedServer:
    """Return a service of models with these names as IDs.

    Args:
        responses: What it responds to requests of a model, in this order and then as usual.
        names: The names.
        page_size: Number of models of a page.
    """

    def choose(request: bytes) -> Step:
        target = request.split(b" ")[1].decode()
        path, _, query = target.partition("?")
        name = path.removeprefix("/v1/models/").strip("/")
        if name:
            left = responses.get(name, [])
            return left.pop(0) if left else responds(body={"id": name, "name": name, "url": "u"})
        start = int(query.partition("cursor=")[2].partition("&")[0] or 0)
        end = start + page_size
        return responds(
            body={
                "next": str(end) if end < len(names) else None,
                "results": [{"id": one, "name": one} for one in names[start:end]],
            }
        )

    return ScriptedServer([], choose=choose)


def retrieved(server: ScriptedServer) -> list[str]:
    """Return the names of the models that were requested, sorted."""
    paths = [request.split(b" ")[1].decode() for request in server.requests]
    names = [path.removeprefix("/v1/models/").strip("/") for path in paths]
    return sorted(name for name in names if not name.startswith("?") and name)


def client_of(server: ScriptedServer) -> RootSignals:
    return RootSignals(api_key="key-of-the-tests", base_url=server.url, max_retries=0)


async def test_no_more_than_needed() -> None:
    """Nothing is requested until a listing is read, and few objects after the reader stops."""
    with service({}) as server:
        async with client_of(server) as client:
            pager = client.models.alist(details=True, concurrency=2)
            assert not server.requests

            assert (await anext(pager)).url == "u"

    assert retrieved(server) == ["a", "b"]
    assert len(server.requests) == 3


async def test_whole_pages() -> None:
    """All objects of a page are retrieved together where all are needed."""
    with service({}) as server:
        async with client_of(server) as client:
            pager = client.models.alist(details=True, concurrency=2)
            # Read to its end: some event loops warn about a generator that is not.
            pages = [[one.name for one in page] async for page in pager.pages()]

    assert pages == [["a", "b", "c"], ["d", "e", "f"]]
    assert retrieved(server) == list("abcdef")


async def test_rest_of_a_listing() -> None:
    """Plain data contains what was not read before, the rest of a page included."""
    with service({}) as server:
        async with client_of(server) as client:
            pager = client.models.alist(details=True, concurrency=2, limit=5)
            first = await anext(pager)
            assert "remaining=4" in repr(pager)

            rest = await pager.to_dicts()

    assert first.name == "a"
    assert [one["name"] for one in rest] == ["b", "c", "d", "e"]
    assert retrieved(server) == list("abcde")


async def test_deleted_meanwhile() -> None:
    """An object that is deleted after it was listed is left out."""
    missing = [responds(404, {"detail": "Not found."})] * 2
    with service({name: [*missing] for name in "adef"}) as server:
        async with client_of(server) as client:
            names = [one.name async for one in client.models.alist(details=True)]
            rows = await client.models.alist(details=True, concurrency=1).to_dicts()

    assert names == ["b", "c"]
    assert [row["name"] for row in rows] == ["b", "c"]


async def test_error_while_reading() -> None:
    """What is in front of a failure is read, and reading on retrieves the object again."""
    refused = responds(403, {"detail": "No."})
    with service({"b": [refused, refused]}) as server:
        async with client_of(server) as client:
            pager = client.models.alist(details=True, concurrency=3)
            assert (await anext(pager)).name == "a"
            with pytest.raises(PermissionDeniedError) as caught:
                await anext(pager)
            rest = [one.name async for one in pager]

    assert caught.value.cursor is None
    assert rest == list("bcdef")


async def test_error_of_a_page() -> None:
    """A page whose objects could not be retrieved is read again; the error has its cursor."""
    refused = responds(403, {"detail": "No."})
    with service({"e": [refused]}) as server:
        async with client_of(server) as client:
            pager = client.models.alist(details=True)
            first = await anext(pager)
            with pytest.raises(PermissionDeniedError) as caught:
                await pager.to_dicts()
            rest = await client.models.alist(details=True, cursor=caught.value.cursor).to_dicts()
            pages = [[one.name for one in page] async for page in pager.pages()]

    assert first.name == "a"
    assert [one["name"] for one in rest] == ["d", "e", "f"]
    assert pages == [["d", "e", "f"]]


async def test_pages_after_items() -> None:
    """The rest of a page whose items were being read is not among the pages that follow."""
    with service({}) as server:
        async with client_of(server) as client:
            pager = client.models.alist(details=True, concurrency=1)
            assert (await anext(pager)).name == "a"
            pages = [[one.name for one in page] async for page in pager.pages()]

    assert pages == [["d", "e", "f"]]


async def test_closed_listing() -> None:
    """A closed listing requests nothing more."""
    with service({}) as server:
        async with client_of(server) as client:
            pager = client.models.alist(details=True, concurrency=1)
            await anext(pager)
            await pager.aclose()

            assert [one async for one in pager] == []

    assert retrieved(server) == ["a"]


@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, lambda pager: pickle.loads(pickle.dumps(pager))],
    ids=["copy", "pickle"],
)
async def test_copies(duplicate: Callable[[Any], Any]) -> None:
    """A copy of a listing with details reads the rest independently."""
    with service({}) as server:
        async with client_of(server) as client:
            pager = client.models.alist(details=True, concurrency=2)
            await anext(pager)
            other = duplicate(pager)

            assert [one.name async for one in other] == list("bcdef")
            assert [one.name async for one in pager] == list("bcdef")


@pytest.mark.parametrize("concurrency", [0, True, 1.5])
async def test_invalid_concurrency(mocked: RootSignals, concurrency: Any) -> None:
    """A number of concurrent calls is at least 1."""
    with pytest.raises(InvalidRequestError, match="concurrency must be an integer"):
        mocked.models.alist(details=True, concurrency=concurrency)


async def test_html_of_a_listing(client: RootSignals) -> None:
    """In a notebook, a listing with details shows the page that was read last."""
    pager = client.models.alist(limit=2, details=True)
    names = [one.name async for one in pager]

    assert all(name in pager._repr_html_() for name in names)


async def test_retrieve_many(client: RootSignals) -> None:
    """Objects are returned in the order of their IDs, each as often as its ID."""
    ids = [await client.models.acreate(name=f"own/{number}") for number in range(3)]

    models = await client.models.aretrieve_many([ids[2], ids[0], ids[2]], concurrency=2)

    assert [model.id for model in models] == [ids[2], ids[0], ids[2]]


async def test_retrieve_many_of_other_resources(client: RootSignals) -> None:
    """Data sets and projects can be retrieved by their IDs, too."""
    data = await client.datasets.acreate(name="Data")
    project = await client.projects.acreate(name="Project")

    assert [one.name for one in await client.datasets.aretrieve_many([data.id])] == ["Data"]
    assert [one.name for one in await client.projects.aretrieve_many([project.id])] == ["Project"]


async def test_retrieve_many_and_missing_ones(client: RootSignals) -> None:
    """A missing object is an error, at its position if errors are collected."""
    model_id = await client.models.acreate(name="own/model")
    missing = "00000000-0000-0000-0000-000000000000"

    found, error = await client.models.aretrieve_many([model_id, missing], errors="collect")
    with pytest.raises(BulkError, match="1 of 2 calls succeeded, 1 failed"):
        await client.models.aretrieve_many([model_id, missing], concurrency=1)

    assert not isinstance(found, Exception)
    assert found.id == model_id
    assert isinstance(error, NotFoundError)


async def test_retrieve_many_with_invalid_ids(
    mocked: RootSignals, respx_mock: respx.MockRouter
) -> None:
    """All IDs are validated before anything is sent."""
    route = respx_mock.get(url__startswith=LIST).mock(return_value=httpx.Response(500))

    with pytest.raises(InvalidRequestError, match=r"At position 1 .*not a valid model ID"):
        await mocked.models.aretrieve_many(["a", ""])
    with pytest.raises(InvalidRequestError, match="Pass a list, even for one item"):
        await mocked.models.aretrieve_many("a")

    assert not route.called


async def test_progress(client: RootSignals) -> None:
    """Progress is reported for each object."""
    ids = [await client.models.acreate(name=f"own/{number}") for number in range(3)]
    done: list[int] = []

    await client.models.aretrieve_many(ids, on_progress=lambda progress: done.append(progress.done))

    assert done == [1, 2, 3]
