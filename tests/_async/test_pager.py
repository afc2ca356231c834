"""Listings: what is asked for, when, and where they go on."""

from __future__ import annotations

import copy
import pickle
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest
import respx

from root import (
    AsyncRootSignals,
    BadRequestError,
    InvalidRequestError,
    PaginationError,
    ServerError,
)
from root._concurrency import async_sleep
from root.emulator import NextStyle, Server, serve

LIST = "http://api.test/v1/models/"


def page(*names: str, following: str | None = None) -> httpx.Response:
    """An answer with models of these names."""
    results = [{"id": name, "name": name} for name in names]
    return httpx.Response(200, json={"next": following, "previous": None, "results": results})


@pytest.fixture(scope="module", params=["absolute", "relative", "cursor"])
def styled(request: pytest.FixtureRequest) -> Iterator[Server]:
    """An emulator for each form of `next`, with pages of at most 10."""
    style: NextStyle = request.param
    with serve(next_style=style, page_size_cap=10) as server:
        yield server


@pytest.fixture
async def lister(styled: Server) -> AsyncIterator[AsyncRootSignals]:
    async with AsyncRootSignals(api_key=styled.api_key, base_url=styled.url) as client:
        yield client


async def test_all_forms_of_next(lister: AsyncRootSignals) -> None:
    """A listing comes to the last page, whatever form `next` has."""
    names = [model.name async for model in lister.models.list(limit=None)]

    assert len(names) > 300
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("limit", [1, 9, 10, 11, 25])
async def test_limit(lister: AsyncRootSignals, limit: int) -> None:
    """A limit counts models, not pages."""
    assert len([model async for model in lister.models.list(limit=limit)]) == limit


async def test_going_on(lister: AsyncRootSignals) -> None:
    """A listing goes on from the cursor of an earlier one, without loss or repetition."""
    everything = [model.id async for model in lister.models.list(limit=None)]

    first = lister.models.list(limit=15)
    ids = [model.id async for model in first]
    ids += [model.id async for model in lister.models.list(limit=None, cursor=first.cursor)]

    assert ids == everything


async def test_pages(lister: AsyncRootSignals) -> None:
    """A listing can be read by the page."""
    pager = lister.models.list(limit=25)
    pages = [page async for page in pager.pages()]

    assert [len(page) for page in pages] == [10, 10, 5]
    assert pages[-1].next_cursor == pager.cursor
    assert pages[0].meta.status_code == 200
    assert [model.name for model in pages[0]] == [model.name for model in pages[0].items]


async def test_changes_between_pages(client: AsyncRootSignals) -> None:
    """Models that come and go between pages make no other one appear twice or never."""
    ids = [await client.models.create(name=f"changing/{number}") for number in range(6)]
    pager = client.models.list(limit=None, page_size=3)

    seen = [await anext(pager) for _ in range(3)]
    await client.models.delete(seen[0].id)
    await client.models.create(name="changing/late")
    seen += [model async for model in pager]

    assert [model.id for model in seen if model.id in ids] == ids[::-1]
    assert len({model.id for model in seen}) == len(seen)


@pytest.mark.parametrize("limit", [0, -1])
async def test_no_limit_left(
    mocked: AsyncRootSignals, respx_mock: respx.MockRouter, limit: int
) -> None:
    """A limit of 0 or less asks nothing of the service, as in the old SDK."""
    assert [model async for model in mocked.models.list(limit=limit)] == []
    assert not respx_mock.calls


async def test_nothing_is_asked_before_the_first_item(
    mocked: AsyncRootSignals, respx_mock: respx.MockRouter
) -> None:
    """A listing asks nothing until it is read, and nothing more when the reader stops."""
    route = respx_mock.get(LIST).mock(side_effect=[page("a", "b", following="c1")])
    pager = mocked.models.list()
    assert route.call_count == 0

    assert (await anext(pager)).name == "a"

    assert route.call_count == 1
    assert pager.cursor == "c1"


async def test_no_more_than_needed(mocked: AsyncRootSignals, respx_mock: respx.MockRouter) -> None:
    """A page is never asked to be larger than what is still needed."""
    route = respx_mock.get(LIST).mock(
        side_effect=[page("a", "b", following="c1"), page("c", following="c2")]
    )

    assert len([model async for model in mocked.models.list(limit=3, page_size=2)]) == 3

    asked = [dict(call.request.url.params) for call in route.calls]
    assert asked == [{"page_size": "2"}, {"page_size": "1", "cursor": "c1"}]


async def test_ordering(mocked: AsyncRootSignals, respx_mock: respx.MockRouter) -> None:
    """All pages are asked for in the same order."""
    route = respx_mock.get(LIST).mock(side_effect=[page("a", following="c1"), page("b")])

    assert len([model async for model in mocked.models.list(ordering="-name")]) == 2

    assert [call.request.url.params["ordering"] for call in route.calls] == ["-name", "-name"]


async def test_more_than_asked(mocked: AsyncRootSignals, respx_mock: respx.MockRouter) -> None:
    """A server that ignores the page size does not break the limit."""
    respx_mock.get(LIST).mock(side_effect=[page("a", "b", "c", following="c1")])

    assert [model.name async for model in mocked.models.list(limit=2)] == ["a", "b"]


async def test_an_empty_page_is_no_end(
    mocked: AsyncRootSignals, respx_mock: respx.MockRouter
) -> None:
    """A page without models that has a next one is passed over."""
    respx_mock.get(LIST).mock(
        side_effect=[page(following="c1"), page(following="c2"), page("a"), page("never")]
    )

    assert [model.name async for model in mocked.models.list()] == ["a"]


async def test_another_host(mocked: AsyncRootSignals, respx_mock: respx.MockRouter) -> None:
    """A `next` on another host is refused once its page is needed, and no key goes there."""
    elsewhere = "http://evil.test/v1/models/?cursor=c1"
    route = respx_mock.get(LIST).mock(side_effect=[page("a", following=elsewhere)])
    pager = mocked.models.list()

    assert (await anext(pager)).name == "a"
    with pytest.raises(PaginationError, match=r"evil\.test"):
        await anext(pager)

    assert route.call_count == 1
    assert len(respx_mock.calls) == 1


async def test_circles(mocked: AsyncRootSignals, respx_mock: respx.MockRouter) -> None:
    """A cursor that comes back is an error and no endless loop."""
    respx_mock.get(LIST).mock(
        side_effect=[
            page("a", following="c1"),
            page("b", following="c2"),
            page("c", following="c1"),
        ]
    )
    names = []

    with pytest.raises(PaginationError, match="circles") as error:
        async for model in mocked.models.list():
            names.append(model.name)

    assert names == ["a", "b", "c"]
    assert error.value.cursor == ""


async def test_an_error_in_the_middle(
    mocked: AsyncRootSignals, respx_mock: respx.MockRouter, waits: list[float]
) -> None:
    """An error says where to go on, and the same listing can go on, too."""
    broken = [httpx.Response(500)] * 3
    respx_mock.get(LIST, params={"cursor": "c1"}).mock(side_effect=[*broken, page("b"), page("b")])
    respx_mock.get(LIST).mock(side_effect=[page("a", following="c1")])
    pager = mocked.models.list()
    assert (await anext(pager)).name == "a"

    with pytest.raises(ServerError) as error:
        await anext(pager)

    assert error.value.cursor == "c1"
    assert len(waits) == 2
    again = mocked.models.list(cursor=error.value.cursor)
    assert [model.name async for model in again] == ["b"]
    assert [model.name async for model in pager] == ["b"]


async def test_closing(mocked: AsyncRootSignals, respx_mock: respx.MockRouter) -> None:
    """A listing that is closed asks for nothing more."""
    route = respx_mock.get(LIST).mock(side_effect=[page("a", "b", following="c1")])
    pager = mocked.models.list()
    await anext(pager)

    await pager.aclose()

    assert [model async for model in pager] == []
    assert route.call_count == 1


@pytest.mark.parametrize(
    "arguments",
    [{"page_size": 0}, {"page_size": 1.5}, {"limit": "5"}, {"limit": True}, {"cursor": 5}],
)
async def test_what_cannot_be_listed(mocked: AsyncRootSignals, arguments: dict[str, Any]) -> None:
    """What no listing can be asked for is refused at once."""
    with pytest.raises(InvalidRequestError):
        mocked.models.list(**arguments)


async def test_prefetch(mocked: AsyncRootSignals, respx_mock: respx.MockRouter) -> None:
    """The next page is asked for while this one is read: one ahead, and no further."""

    def answer(request: httpx.Request) -> httpx.Response:
        cursor = request.url.params.get("cursor", "c0")
        return page(cursor, following=f"c{int(cursor[1:]) + 1}")

    route = respx_mock.get(LIST).mock(side_effect=answer)
    pager = mocked.models.list(limit=4, page_size=1, prefetch=True)
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


async def test_an_error_ahead(
    mocked: AsyncRootSignals, respx_mock: respx.MockRouter, waits: list[float]
) -> None:
    """An error of the page ahead comes when that page is needed, and the listing can go on."""
    respx_mock.get(LIST, params={"cursor": "c1"}).mock(side_effect=[httpx.Response(400), page("c")])
    respx_mock.get(LIST).mock(side_effect=[page("a", "b", following="c1")])
    pager = mocked.models.list(prefetch=True)

    assert [(await anext(pager)).name for _ in range(2)] == ["a", "b"]
    with pytest.raises(BadRequestError) as error:
        await anext(pager)

    assert error.value.cursor == "c1"
    assert [model.name async for model in pager] == ["c"]


async def test_stopping_with_a_page_ahead(lister: AsyncRootSignals) -> None:
    """Who stops early with a page under way leaves nothing behind."""
    for _ in range(20):
        pager = lister.models.list(limit=None, prefetch=True)
        await anext(pager)
        await pager.aclose()
        assert [model async for model in pager] == []
    pager = lister.models.list(limit=None, prefetch=True)
    await anext(pager)
    del pager


async def test_prefetching_loses_nothing(lister: AsyncRootSignals) -> None:
    """A listing with a page ahead is the same as one without."""
    ahead = [model.id async for model in lister.models.list(limit=None, prefetch=True)]
    assert ahead == [model.id async for model in lister.models.list(limit=None)]


@pytest.mark.parametrize("prefetch", [False, True], ids=["", "prefetch"])
@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda pager: pickle.loads(pickle.dumps(pager))],
    ids=["copy", "deepcopy", "pickle"],
)
async def test_a_copy(
    lister: AsyncRootSignals, copied: Callable[[Any], Any], prefetch: bool
) -> None:
    """A copy of a listing goes on where that was, and neither takes anything from the other."""
    everything = [model.id async for model in lister.models.list(limit=45)]
    pager = lister.models.list(limit=45, prefetch=prefetch)
    for _ in range(15):
        await anext(pager)

    other = copied(pager)
    here = [(await anext(pager)).id for _ in range(20)]
    there = [model.id async for model in other]
    here += [model.id async for model in pager]

    assert here == there == everything[15:]
    # One out of a pickle has a client of its own.
    await other._client.aclose()


async def test_the_end_is_no_start(mocked: AsyncRootSignals, respx_mock: respx.MockRouter) -> None:
    """Going on from the end of a listing lists nothing, instead of everything again."""
    route = respx_mock.get(LIST).mock(side_effect=[page("a")])
    pager = mocked.models.list()
    assert [model.name async for model in pager] == ["a"]
    assert pager.cursor == ""

    assert [model async for model in mocked.models.list(cursor=pager.cursor)] == []
    assert route.call_count == 1
