# Generated from tests/_async/test_pager.py by scripts/generate_sync.py. Do not edit.
"""Listings: what they request, when, and where they continue."""

from __future__ import annotations

import copy
import pickle
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest
import respx

from root import (
    BadRequestError,
    InvalidRequestError,
    PaginationError,
    RootSignals,
    ServerError,
)
from root._concurrency.waiting import async_sleep
from root.emulator import NextStyle, Server, serve

LIST = "http://api.test/v1/models/"


def page(*names: str, following: str | None = None) -> httpx.Response:
    """A response with models of these names."""
    results = [{"id": name, "name": name} for name in names]
    return httpx.Response(200, json={"next": following, "previous": None, "results": results})


@pytest.fixture(scope="module", params=["absolute", "relative", "cursor"])
def styled(request: pytest.FixtureRequest) -> Iterator[Server]:
    """An emulator for each form of `next`, with pages of at most 10."""
    style: NextStyle = request.param
    with serve(next_style=style, page_size_cap=10) as server:
        yield server


@pytest.fixture
async def lister(styled: Server) -> AsyncIterator[RootSignals]:
    async with RootSignals(api_key=styled.api_key, base_url=styled.url) as client:
        yield client


async def test_all_forms_of_next(lister: RootSignals) -> None:
    """A listing reaches its last page, whatever form `next` has."""
    names = [model.name async for model in lister.models.alist(limit=None)]

    assert len(names) > 300
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("limit", [1, 9, 10, 11, 25])
async def test_limit(lister: RootSignals, limit: int) -> None:
    """A limit counts models, not pages."""
    assert len([model async for model in lister.models.alist(limit=limit)]) == limit


async def test_continuing(lister: RootSignals) -> None:
    """A listing continues from the cursor of an earlier one, without loss or repetition."""
    everything = [model.id async for model in lister.models.alist(limit=None)]

    first = lister.models.alist(limit=15)
    ids = [model.id async for model in first]
    ids += [model.id async for model in lister.models.alist(limit=None, cursor=first.cursor)]

    assert ids == everything


async def test_pages(lister: RootSignals) -> None:
    """A listing can be read page by page."""
    pager = lister.models.alist(limit=25)
    pages = [page async for page in pager.pages()]

    assert [len(page) for page in pages] == [10, 10, 5]
    assert pages[-1].next_cursor == pager.cursor
    assert pages[0].meta.status_code == 200
    assert [model.name for model in pages[0]] == [model.name for model in pages[0].items]


async def test_changes_between_pages(client: RootSignals) -> None:
    """Models that are added or deleted meanwhile do not affect the others."""
    ids = [await client.models.acreate(name=f"changing/{number}") for number in range(6)]
    pager = client.models.alist(limit=None, page_size=3)

    seen = [await anext(pager) for _ in range(3)]
    await client.models.adelete(seen[0].id)
    await client.models.acreate(name="changing/late")
    seen += [model async for model in pager]

    assert [model.id for model in seen if model.id in ids] == ids[::-1]
    assert len({model.id for model in seen}) == len(seen)


@pytest.mark.parametrize("limit", [0, -1])
async def test_limit_of_zero(mocked: RootSignals, respx_mock: respx.MockRouter, limit: int) -> None:
    """A limit of 0 or less requests nothing, as in the old SDK."""
    assert [model async for model in mocked.models.alist(limit=limit)] == []
    assert not respx_mock.calls


async def test_lazy(mocked: RootSignals, respx_mock: respx.MockRouter) -> None:
    """A listing requests nothing until it is read, and nothing after the reader stops."""
    route = respx_mock.get(LIST).mock(side_effect=[page("a", "b", following="c1")])
    pager = mocked.models.alist()
    assert route.call_count == 0

    assert (await anext(pager)).name == "a"

    assert route.call_count == 1
    assert pager.cursor == "c1"


async def test_no_more_than_needed(mocked: RootSignals, respx_mock: respx.MockRouter) -> None:
    """A page is never larger than what is still needed."""
    route = respx_mock.get(LIST).mock(
        side_effect=[page("a", "b", following="c1"), page("c", following="c2")]
    )

    assert len([model async for model in mocked.models.alist(limit=3, page_size=2)]) == 3

    queries = [dict(call.request.url.params) for call in route.calls]
    assert queries == [{"page_size": "2"}, {"page_size": "1", "cursor": "c1"}]


async def test_ordering(mocked: RootSignals, respx_mock: respx.MockRouter) -> None:
    """All pages are requested in the same order."""
    route = respx_mock.get(LIST).mock(side_effect=[page("a", following="c1"), page("b")])

    assert len([model async for model in mocked.models.alist(ordering="-name")]) == 2

    assert [call.request.url.params["ordering"] for call in route.calls] == ["-name", "-name"]


async def test_more_than_requested(mocked: RootSignals, respx_mock: respx.MockRouter) -> None:
    """A server that ignores the page size does not break the limit."""
    respx_mock.get(LIST).mock(side_effect=[page("a", "b", "c", following="c1")])

    assert [model.name async for model in mocked.models.alist(limit=2)] == ["a", "b"]


async def test_an_empty_page(mocked: RootSignals, respx_mock: respx.MockRouter) -> None:
    """An empty page that has a next one is skipped."""
    respx_mock.get(LIST).mock(
        side_effect=[page(following="c1"), page(following="c2"), page("a"), page("never")]
    )

    assert [model.name async for model in mocked.models.alist()] == ["a"]


@pytest.mark.parametrize("prefetch", [False, True])
@pytest.mark.parametrize("limit", [5, None])
async def test_empty_pages_without_end(
    mocked: RootSignals, respx_mock: respx.MockRouter, limit: int | None, prefetch: bool
) -> None:
    """Many empty pages in a row are an error, after which the listing can continue."""
    empty = [page(following=f"c{number}") for number in range(100)]
    route = respx_mock.get(LIST).mock(side_effect=[*empty, page("a"), page("a")])
    pager = mocked.models.alist(limit=limit, prefetch=prefetch)

    with pytest.raises(PaginationError, match="100 empty pages") as error:
        await anext(pager)

    assert error.value.cursor == pager.cursor == "c99"
    assert [model.name async for model in pager] == ["a"]
    again = mocked.models.alist(limit=limit, cursor=error.value.cursor)
    assert [model.name async for model in again] == ["a"]
    assert route.calls[-1].request.url.params["cursor"] == "c99"


async def test_empty_pages_page_by_page(mocked: RootSignals, respx_mock: respx.MockRouter) -> None:
    """Only empty pages in a row are counted, also where a listing is read page by page."""
    some = [page(following=f"a{number}") for number in range(99)]
    empty = [page(following=f"b{number}") for number in range(100)]
    respx_mock.get(LIST).mock(side_effect=[*some, page("a", following="c"), *empty])
    lengths = []

    with pytest.raises(PaginationError, match="100 empty pages"):
        async for part in mocked.models.alist().pages():
            lengths.append(len(part))

    assert lengths == [0] * 99 + [1] + [0] * 100


@pytest.mark.parametrize("start", [None, "c1"])
@pytest.mark.parametrize("prefix", ["", "http://api.test/v1/models/?cursor="])
async def test_a_long_cursor(
    mocked: RootSignals, respx_mock: respx.MockRouter, prefix: str, start: str | None
) -> None:
    """A cursor of a megabyte is not sent; the error has the cursor of the page that came last."""
    route = respx_mock.get(LIST).mock(side_effect=[page("a", following=prefix + "c" * 1_000_000)])
    pager = mocked.models.alist(cursor=start)
    assert (await anext(pager)).name == "a"

    with pytest.raises(PaginationError, match="more than 8000") as error:
        await anext(pager)

    assert error.value.cursor == pager.cursor == start
    assert len(str(error.value)) < 400
    assert route.call_count == 1


async def test_another_host(mocked: RootSignals, respx_mock: respx.MockRouter) -> None:
    """The cursor of a `next` on another host is used, and nothing is sent to that host."""
    elsewhere = "http://internal.test:8000/v1/models/?cursor=c1"
    route = respx_mock.get(LIST).mock(side_effect=[page("a", following=elsewhere), page("b")])

    assert [model.name async for model in mocked.models.alist()] == ["a", "b"]

    assert route.calls[1].request.url.params["cursor"] == "c1"
    assert len(respx_mock.calls) == 2


async def test_no_cursor(mocked: RootSignals, respx_mock: respx.MockRouter) -> None:
    """A `next` without a cursor is an error when its page is needed."""
    respx_mock.get(LIST).mock(side_effect=[page("a", following="http://api.test/v1/models/")])
    pager = mocked.models.alist()

    assert (await anext(pager)).name == "a"
    with pytest.raises(PaginationError, match="has no cursor"):
        await anext(pager)


async def test_a_repeated_cursor(mocked: RootSignals, respx_mock: respx.MockRouter) -> None:
    """A repeated cursor is an error and not an endless loop."""
    respx_mock.get(LIST).mock(
        side_effect=[
            page("a", following="c1"),
            page("b", following="c2"),
            page("c", following="c1"),
        ]
    )
    names = []

    with pytest.raises(PaginationError, match="for the second time") as error:
        async for model in mocked.models.alist():
            names.append(model.name)

    assert names == ["a", "b", "c"]
    assert error.value.cursor == ""


async def test_an_error_in_the_middle(
    mocked: RootSignals, respx_mock: respx.MockRouter, waits: list[float]
) -> None:
    """An error has the cursor, and the same listing can continue."""
    broken = [httpx.Response(500)] * 3
    respx_mock.get(LIST, params={"cursor": "c1"}).mock(side_effect=[*broken, page("b"), page("b")])
    respx_mock.get(LIST).mock(side_effect=[page("a", following="c1")])
    pager = mocked.models.alist()
    assert (await anext(pager)).name == "a"

    with pytest.raises(ServerError) as error:
        await anext(pager)

    assert error.value.cursor == "c1"
    assert len(waits) == 2
    again = mocked.models.alist(cursor=error.value.cursor)
    assert [model.name async for model in again] == ["b"]
    assert [model.name async for model in pager] == ["b"]


async def test_closing(mocked: RootSignals, respx_mock: respx.MockRouter) -> None:
    """A closed listing requests nothing more."""
    route = respx_mock.get(LIST).mock(side_effect=[page("a", "b", following="c1")])
    pager = mocked.models.alist()
    await anext(pager)

    await pager.aclose()

    assert [model async for model in pager] == []
    assert route.call_count == 1


@pytest.mark.parametrize(
    "arguments",
    [{"page_size": 0}, {"page_size": 1.5}, {"limit": "5"}, {"limit": True}, {"cursor": 5}],
)
async def test_invalid_arguments(mocked: RootSignals, arguments: dict[str, Any]) -> None:
    """Invalid arguments are refused immediately."""
    with pytest.raises(InvalidRequestError):
        mocked.models.alist(**arguments)


async def test_prefetch(mocked: RootSignals, respx_mock: respx.MockRouter) -> None:
    """The next page is requested while this one is read: one page ahead, and no more."""

    def respond(request: httpx.Request) -> httpx.Response:
        cursor = request.url.params.get("cursor", "c0")
        return page(cursor, following=f"c{int(cursor[1:]) + 1}")

    route = respx_mock.get(LIST).mock(side_effect=respond)
    pager = mocked.models.alist(limit=4, page_size=1, prefetch=True)
    assert route.call_count == 0

    assert (await anext(pager)).name == "c0"
    for _ in range(500):
        if route.call_count > 1:
            break
        await async_sleep(0.001)
    await async_sleep(0.01)
    assert route.call_count == 2
    assert pager.cursor == "c1"

    assert [model.name async for model in pager] == ["c1", "c2", "c3"]
    assert route.call_count == 4


async def test_an_error_of_a_prefetched_page(
    mocked: RootSignals, respx_mock: respx.MockRouter, waits: list[float]
) -> None:
    """An error of a prefetched page is raised when it is needed, and the listing can continue."""
    respx_mock.get(LIST, params={"cursor": "c1"}).mock(side_effect=[httpx.Response(400), page("c")])
    respx_mock.get(LIST).mock(side_effect=[page("a", "b", following="c1")])
    pager = mocked.models.alist(prefetch=True)

    assert [(await anext(pager)).name for _ in range(2)] == ["a", "b"]
    with pytest.raises(BadRequestError) as error:
        await anext(pager)

    assert error.value.cursor == "c1"
    assert [model.name async for model in pager] == ["c"]


async def test_stopping_while_prefetching(lister: RootSignals) -> None:
    """A reader that stops early leaves no page behind."""
    for _ in range(20):
        pager = lister.models.alist(limit=None, prefetch=True)
        await anext(pager)
        await pager.aclose()
        assert [model async for model in pager] == []
    pager = lister.models.alist(limit=None, prefetch=True)
    await anext(pager)
    del pager


async def test_prefetching_loses_nothing(lister: RootSignals) -> None:
    """A listing with prefetching is the same as one without."""
    ahead = [model.id async for model in lister.models.alist(limit=None, prefetch=True)]
    assert ahead == [model.id async for model in lister.models.alist(limit=None)]


@pytest.mark.parametrize("prefetch", [False, True], ids=["", "prefetch"])
@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda pager: pickle.loads(pickle.dumps(pager))],
    ids=["copy", "deepcopy", "pickle"],
)
async def test_a_copy(lister: RootSignals, copied: Callable[[Any], Any], prefetch: bool) -> None:
    """A copy of a listing continues independently."""
    everything = [model.id async for model in lister.models.alist(limit=45)]
    pager = lister.models.alist(limit=45, prefetch=prefetch)
    for _ in range(15):
        await anext(pager)

    other = copied(pager)
    here = [(await anext(pager)).id for _ in range(20)]
    there = [model.id async for model in other]
    here += [model.id async for model in pager]

    assert here == there == everything[15:]
    # A pickled one has a client of its own.
    await other._client.aclose()


async def test_continuing_at_the_end(mocked: RootSignals, respx_mock: respx.MockRouter) -> None:
    """Continuing at the end of a listing lists nothing, instead of everything."""
    route = respx_mock.get(LIST).mock(side_effect=[page("a")])
    pager = mocked.models.alist()
    assert [model.name async for model in pager] == ["a"]
    assert pager.cursor == ""

    assert [model async for model in mocked.models.alist(cursor=pager.cursor)] == []
    assert route.call_count == 1
