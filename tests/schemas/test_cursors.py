"""Cursors: the query of the next page, and where a listing continues."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from root._schemas.cursors import check_listing, next_cursor, page_query
from root.errors import InvalidRequestError, PaginationError

HOME = "https://home.example/root-api"

CURSORS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@pytest.mark.parametrize(
    ("following", "cursor"),
    [
        pytest.param(None, None, id="null"),
        pytest.param("", None, id="empty"),
        pytest.param("cD00ODY=", "cD00ODY=", id="bare"),
        pytest.param("a/b+c==", "a/b+c==", id="bare with each special character of base64"),
        pytest.param(
            "https://home.example/v1/models/?cursor=cD00ODY%3D&page_size=100",
            "cD00ODY=",
            id="absolute",
        ),
        pytest.param("https://HOME.example/?cursor=a", "a", id="host in capitals"),
        pytest.param("HTTPS://home.example/?cursor=a", "a", id="scheme in capitals"),
        pytest.param("https://home.example:443/?cursor=a", "a", id="default port"),
        pytest.param("http://home.example/?cursor=a", "a", id="http behind a proxy"),
        pytest.param("http://home.example:80/?cursor=a", "a", id="http with its default port"),
        pytest.param("//home.example/?cursor=a", "a", id="no scheme"),
        pytest.param("/v1/models/?page_size=9&cursor=a%2Fb", "a/b", id="relative path"),
        pytest.param("v1/models/?cursor=a", "a", id="path relative to the page"),
        pytest.param("?cursor=a", "a", id="query alone"),
        pytest.param("?cursor=a+b", "a b", id="plus is a space"),
        pytest.param("?cursor=%C3%A9", "é", id="percent-encoded UTF-8"),
        pytest.param("?cursor=https%3A%2F%2Fevil.example%2F", "https://evil.example/", id="URL"),
        pytest.param("?cursor=a#part", "a", id="fragment"),
    ],
)
def test_next_cursor(following: str | None, cursor: str | None) -> None:
    """The cursor is found in every form of `next`; the last page has none."""
    assert next_cursor(following) == cursor


@pytest.mark.parametrize(
    "following",
    [
        "http://127.0.0.1:8000/v1/models/?cursor=a",
        "https://api.internal/root-api/v1/models/?page_size=9&cursor=a",
        "https://home.example:8443/?cursor=a",
        "https://home.example:80/?cursor=a",
        "//api.internal/?cursor=a",
        "http://[::1]:8000/?cursor=a",
        "https://user:password@api.internal/?cursor=a",
        "https://home.example:99999/?cursor=a",
        "https://home.example:port/?cursor=a",
        "https://[home.example/?cursor=a",
        "https:///?cursor=a",
        "unix://socket/?cursor=a",
    ],
)
def test_next_on_another_host(following: str) -> None:
    """The cursor is used whatever the scheme, the host and the port are, valid or not."""
    assert next_cursor(following) == "a"


@pytest.mark.parametrize(
    "following",
    [
        "https://home.example/v1/models/",
        "https://home.example/v1/models/?page_size=100",
        "/v1/models/?page_size=100",
        "?cursor=",
        "?",
        "https://api.internal/v1/models/",
        "https://api.internal#?cursor=a",
        "?Cursor=a",
        "/v1/models/?page_size=100#cursor=a",
    ],
)
def test_next_without_a_cursor(following: str) -> None:
    """A URL without a cursor is an error, which does not quote it."""
    with pytest.raises(PaginationError, match="has no cursor") as error:
        next_cursor(following)

    assert following not in str(error.value)


@given(cursor=CURSORS)
@pytest.mark.parametrize(
    "place", [f"{HOME}/v1/models/", "http://home.example/", "/v1/models/", "//home.example", ""]
)
def test_any_cursor_in_a_url(place: str, cursor: str) -> None:
    """Any cursor is decoded from a URL, however it was encoded."""
    assert next_cursor(f"{place}?{urlencode({'cursor': cursor})}") == cursor
    assert next_cursor(f"{place}?page_size=9&cursor={quote(cursor, safe='')}") == cursor


@given(following=st.text(st.characters(codec="ascii")) | st.text())
def test_any_next(following: str) -> None:
    """Any `next` is a cursor, the end of the listing, or a `PaginationError`."""
    try:
        cursor = next_cursor(following)
    except PaginationError:
        assert "?" in following or "://" in following
    else:
        assert cursor is None if following == "" else cursor


@pytest.mark.parametrize(
    ("remaining", "page_size", "expected"),
    [
        (None, None, "100"),
        (None, 7, "7"),
        (None, 500, "500"),
        (1, None, "1"),
        (20, None, "20"),
        (100, None, "100"),
        (101, None, "100"),
        (20, 7, "7"),
        (7, 20, "7"),
    ],
)
def test_page_size(remaining: int | None, page_size: int | None, expected: str) -> None:
    """A page has at most the items that are still needed, and at most the requested number."""
    query = page_query(remaining=remaining, page_size=page_size, cursor=None, ordering=None)

    assert query == {"page_size": expected}


@pytest.mark.parametrize(
    ("cursor", "ordering", "expected"),
    [
        pytest.param(None, None, {}, id="nothing"),
        pytest.param("cD00ODY=", None, {"cursor": "cD00ODY="}, id="cursor"),
        pytest.param("", None, {"cursor": ""}, id="empty cursor"),
        pytest.param(None, "-name", {"ordering": "-name"}, id="ordering"),
        pytest.param("c", "o", {"cursor": "c", "ordering": "o"}, id="both"),
    ],
)
def test_page_query(cursor: str | None, ordering: str | None, expected: dict[str, str]) -> None:
    """The query contains the arguments that were passed, and no others."""
    query = page_query(remaining=None, page_size=None, cursor=cursor, ordering=ordering)

    assert query == {"page_size": "100", **expected}


@pytest.mark.parametrize("limit", [None, 0, -1, 1, 10_000])
@pytest.mark.parametrize("page_size", [None, 1, 10_000])
@pytest.mark.parametrize("cursor", [None, "", "a"])
def test_valid_listings(limit: int | None, page_size: int | None, cursor: str | None) -> None:
    """Any limit, any page size of at least 1, and any string as a cursor are valid."""
    check_listing(limit, page_size, cursor)


@pytest.mark.parametrize(
    ("limit", "page_size", "cursor", "problem"),
    [
        pytest.param("5", None, None, "limit .* not '5'", id="limit as text"),
        pytest.param(5.0, None, None, r"limit .* not 5\.0", id="limit as float"),
        pytest.param(True, None, None, "limit .* not True", id="limit as bool"),
        pytest.param(None, "5", None, "page_size .* not '5'", id="page_size as text"),
        pytest.param(None, False, None, "page_size .* not False", id="page_size as bool"),
        pytest.param(None, 0, None, "page_size .* at least 1, not 0", id="page_size 0"),
        pytest.param(None, -1, None, "page_size .* at least 1, not -1", id="page_size below 0"),
        pytest.param(None, None, 5, "cursor .* not 5", id="cursor as number"),
        pytest.param(None, None, b"a", "cursor .* not b'a'", id="cursor as bytes"),
    ],
)
def test_invalid_listings(limit: object, page_size: object, cursor: object, problem: str) -> None:
    """An invalid argument is refused with its name and value."""
    with pytest.raises(InvalidRequestError, match=problem):
        check_listing(limit, page_size, cursor)
