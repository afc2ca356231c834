"""Pages of lists: sizes, orderings, and cursors in both directions."""

from __future__ import annotations

import base64
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest

from root.emulator import Server, serve

from .conftest import connect
from .test_emulator_models import create


def walk(client: httpx.Client, way: Literal["next", "previous"], url: str) -> list[list[str]]:
    """Return the names page by page, from a URL to the end of the list."""
    pages: list[list[str]] = []
    while url:
        page = client.get(url).json()
        pages.append([model["name"] for model in page["results"]])
        url = page[way]
    return pages


def flat(pages: list[list[str]]) -> list[str]:
    return [name for page in pages for name in page]


def test_newest_first_then_the_catalogue(client: httpx.Client) -> None:
    """Own models come first, the newest at the top, then the catalogue by name, and RootJudge."""
    for name in "abc":
        create(client, name=name)

    names = flat(walk(client, "next", "/v1/models/?page_size=100"))

    assert names[:3] == ["c", "b", "a"]
    assert len(names) > 300
    assert names[3:-1] == sorted(names[3:-1])
    assert names[-1] == "RootJudge"


@pytest.mark.parametrize("ordering", ["name", "-name", "created_at", "-created_at", "nonsense"])
@pytest.mark.parametrize("page_size", [1, 7, 100])
def test_pages_make_up_the_list(
    server: Server, client: httpx.Client, ordering: str, page_size: int
) -> None:
    """In every ordering, pages of any size add up to the whole list, without gaps or duplicates."""
    key = client.headers["Authorization"].removeprefix("Api-Key ")
    for name in ("m", "m", "z", "A", "é"):
        server.add_model(name=name, api_key=key)
    query = f"/v1/models/?ordering={ordering}"

    names = flat(walk(client, "next", f"{query}&page_size={page_size}"))

    assert names == flat(walk(client, "next", query))
    if "name" in ordering:
        assert names == sorted(names, reverse=ordering.startswith("-"))
    elif ordering == "created_at":
        assert names[-5:] == ["m", "m", "z", "A", "é"]
    else:
        assert names[:5] == ["é", "A", "z", "m", "m"]


@pytest.mark.parametrize("ordering", ["name", "-name", "created_at", "-created_at"])
def test_previous(client: httpx.Client, ordering: str) -> None:
    """From the last page, `previous` leads through the same models to the first page."""
    query = f"/v1/models/?ordering={ordering}&page_size=50"
    forwards = walk(client, "next", query)
    url = query
    while following := client.get(url).json()["next"]:
        url = following

    backwards = walk(client, "previous", url)

    assert flat(backwards[::-1]) == flat(forwards)
    assert len(backwards) == len(forwards)


def test_next_after_previous(client: httpx.Client) -> None:
    """A page that was reached backwards has both neighbours."""
    first = client.get("/v1/models/?page_size=5").json()
    second = client.get(first["next"]).json()
    again = client.get(second["previous"]).json()

    assert again["results"] == first["results"]
    assert again["previous"] is None
    assert client.get(again["next"]).json()["results"] == second["results"]


@pytest.mark.parametrize("ordering", ["name", "-created_at"])
def test_stable_under_changes(client: httpx.Client, ordering: str) -> None:
    """Models may be added and deleted between pages, also the last one read, without gaps."""
    ids = [create(client, name=f"zz{number}")["id"] for number in range(6)]
    query = f"/v1/models/?ordering={ordering}&page_size=3"
    url = query
    seen: list[str] = []
    while url:
        page = client.get(url).json()
        seen += [model["id"] for model in page["results"]]
        if seen[-1] in ids:
            client.delete(f"/v1/models/{seen[-1]}/")
            create(client, name=f"zz{seen[-1]}")
        url = page["next"]

    assert [id_ for id_ in seen if id_ in ids] == (ids if ordering == "name" else ids[::-1])
    assert len(seen) == len(set(seen))


def test_previous_of_an_empty_page(client: httpx.Client) -> None:
    """If all models after a cursor are deleted, its page is empty and has a `previous`."""
    last = create(client, name="é")
    query = "/v1/models/?ordering=name&page_size=100"
    url = query
    while "é" not in (page := client.get(url).json())["results"][-1]["name"]:
        url = page["next"]
    cut = f"{query}&cursor={cursor('p=%C3%A9&i=999999999')}"
    client.delete(f"/v1/models/{last['id']}/")

    page = client.get(cut).json()

    assert page["results"] == []
    assert page["next"] is None
    before = client.get(page["previous"]).json()
    assert before["results"][-1]["name"] == flat(walk(client, "next", query))[-1]
    assert before["next"] is None


def test_next_of_an_empty_page(client: httpx.Client) -> None:
    """Before the first model there is an empty page, and its `next` is the start of the list."""
    page = client.get(f"/v1/models/?cursor={cursor('r=1&p=999999999')}").json()

    assert page["results"] == []
    assert page["previous"] is None
    first = client.get(page["next"]).json()
    assert first["results"] == client.get("/v1/models/").json()["results"]
    assert first["previous"] is None


@pytest.mark.parametrize(
    ("page_size", "size"),
    [("1", 1), ("100", 100), ("101", 100), ("0", 100), ("-1", 100), ("x", 100), ("", 100)],
)
def test_page_size(client: httpx.Client, page_size: str, size: int) -> None:
    """A page has the requested size up to 100, and 100 for an invalid size."""
    page = client.get("/v1/models/", params={"page_size": page_size}).json()

    assert len(page["results"]) == size


@pytest.mark.parametrize(
    "wrong",
    [
        "nonsense",
        "é",
        *(
            base64.b64encode(token).decode()
            for token in (
                *(b"p=x", b"p=", b"p", b"\xff", b"p=" + b"9" * 30),
                *(b"o=-1", b"o=x", b"r=x", b"r="),
            )
        ),
    ],
)
@pytest.mark.parametrize("ordering", ["name", "created_at"])
def test_invalid_cursors(client: httpx.Client, wrong: str, ordering: str) -> None:
    """An invalid cursor returns 404."""
    response = client.get("/v1/models/", params={"cursor": wrong, "ordering": ordering})

    assert response.status_code == 404
    assert response.json() == {"detail": "Invalid cursor"}


@pytest.mark.parametrize("encoded", ["", "!!!", "====", "cT0x", "cj0w", "bz0w"])
def test_an_empty_cursor_is_the_first_page(client: httpx.Client, encoded: str) -> None:
    """An empty cursor selects the first page."""
    first = client.get("/v1/models/", params={"page_size": 3}).json()
    response = client.get("/v1/models/", params={"page_size": 3, "cursor": encoded})

    assert response.json() == first


def test_backwards_cursor_without_key(client: httpx.Client) -> None:
    """A backwards cursor without a sort key selects the last page."""
    query = "/v1/models/?page_size=3"
    end = flat(walk(client, "next", query))[-3:]

    page = client.get(f"{query}&cursor={cursor('r=1')}").json()

    assert [model["name"] for model in page["results"]] == end
    assert page["next"] is None


@pytest.mark.parametrize(
    ("ordering", "same"),
    [
        ("name,-created_at", "name"),
        (" -name ", "-name"),
        ("id,created_at", "created_at"),
        ("--name", "-created_at"),
        ("", "-created_at"),
    ],
)
def test_first_known_ordering(client: httpx.Client, ordering: str, same: str) -> None:
    """The first known ordering is used, and newest first without any."""
    create(client, name="m")
    create(client, name="a")

    one, other = (
        client.get("/v1/models/", params={"ordering": one, "page_size": 5}).json()["results"]
        for one in (ordering, same)
    )

    assert one == other


def test_next_keeps_the_query(server: Server, client: httpx.Client) -> None:
    """`next` is an absolute URL with the whole query and the cursor."""
    query = [
        ("capable_of", "a,b"),
        ("ordering", "name"),
        ("page_size", "2"),
        ("x", "1"),
        ("x", "2"),
    ]
    first: str = client.get(f"/v1/models/?{urlencode(query)}").json()["next"]
    second: str = client.get(first).json()["next"]

    for url in (first, second):
        assert url.startswith(f"{server.url}/v1/models/?")
        kept = parse_qsl(urlsplit(url).query)
        assert [pair for pair in kept if pair[0] != "cursor"] == query
        assert len(kept) == len(query) + 1


def test_capable_of_is_ignored(client: httpx.Client) -> None:
    """`capable_of` is accepted and has no effect."""
    plain = client.get("/v1/models/").json()["results"]

    assert client.get("/v1/models/?capable_of=tools,images").json()["results"] == plain


@pytest.mark.parametrize("style", ["relative", "cursor"])
def test_next_style(style: Literal["relative", "cursor"]) -> None:
    """`next` and `previous` can be URLs without host, or bare cursors."""
    with serve(next_style=style) as server, connect(server, server.api_key) as client:
        page = client.get("/v1/models/?page_size=2").json()
        form = page["next"]
        if style == "relative":
            assert form.startswith("/v1/models/?cursor=")
            second = client.get(form).json()
        else:
            assert "?" not in form
            second = client.get("/v1/models/", params={"page_size": 2, "cursor": form}).json()

    assert page["previous"] is None
    assert second["previous"].startswith("/v1/models/" if style == "relative" else "cj0x")
    assert {model["id"] for model in page["results"]}.isdisjoint(
        model["id"] for model in second["results"]
    )


def test_page_size_cap() -> None:
    """The maximum page size can be configured."""
    with serve(page_size_cap=3) as server, connect(server, server.api_key) as client:
        sizes = [len(client.get(f"/v1/models/?page_size={n}").json()["results"]) for n in (2, 50)]

    assert sizes == [2, 3]


def cursor(tokens: str) -> str:
    return base64.b64encode(tokens.encode()).decode()
