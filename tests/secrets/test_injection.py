"""Header injection: no argument can add a header to a request, or change its path or query."""

from __future__ import annotations

import string
from collections.abc import Iterator
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from root import ConfigurationError, InvalidRequestError, RootSignals
from tests.scripted_server import ScriptedServer, responds

from .leaks import KEY

# Line breaks of any standard, and characters with a meaning in headers or URLs.
SPECIAL = "\r\n\0\t :/?#[]@!$&'()*+,;=%\\\"\x0b\x0c\x1c\x1d\x85\u2028\u2029ä€\u010a\u560d\u560a"
texts = st.text(st.sampled_from(SPECIAL + string.ascii_letters) | st.characters(), max_size=30)
injections = texts | st.builds(
    lambda before, end, after: f"{before}{end}X-Evil: yes{end}{after}",
    texts,
    st.sampled_from(["\r\n", "\n", "\r", "\r\n\r\n", "\x85", "\u2028", "\u560d\u560a", "%0d%0a"]),
    texts,
)


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    model = {"id": "a", "name": "a"}
    with ScriptedServer([responds(200, model | {"results": [model], "next": None})]) as server:
        yield server


NAMES = {"host", "accept", "accept-encoding", "user-agent", "authorization"}


def received(server: ScriptedServer) -> tuple[str, str, dict[str, str]]:
    """Return the method, the target and the headers of the only request, which is well-formed."""
    (request,) = server.requests
    server.requests.clear()
    head, separator, body = request.partition(b"\r\n\r\n")
    assert separator
    assert not body
    first, *lines = head.decode("ascii").split("\r\n")
    method, target, version = first.split(" ")
    assert version == "HTTP/1.1"
    for line in lines:
        assert line.isprintable()
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    assert len(headers) == len(lines)
    return method, target, headers


@settings(max_examples=60)
@given(key=injections)
def test_key(server: ScriptedServer, key: str) -> None:
    """A key is sent as one header, or rejected before anything is sent."""
    try:
        client = RootSignals(key, base_url=server.url)
    except ConfigurationError:
        assert not server.requests
        return
    with client:
        client.models.retrieve("a")
    _, _, headers = received(server)
    assert headers.keys() == NAMES
    assert headers["authorization"] == f"Api-Key {key.strip()}"


@settings(max_examples=60)
@given(key=injections)
def test_key_from_a_function(server: ScriptedServer, key: str) -> None:
    """The key that a function returns is sent as one header, or rejected."""
    with RootSignals(lambda: key, base_url=server.url) as client:
        try:
            client.models.retrieve("a")
        except ConfigurationError:
            assert not server.requests
            return
    assert received(server)[2].keys() == NAMES


@settings(max_examples=60)
@given(model_id=injections)
def test_model_id(server: ScriptedServer, model_id: str) -> None:
    """An ID is one segment of the path, or rejected."""
    with RootSignals(KEY, base_url=server.url) as client:
        try:
            client.models.retrieve(model_id)
        except InvalidRequestError:
            assert not server.requests
            return
    method, target, headers = received(server)
    assert method == "GET"
    assert headers.keys() == NAMES
    beginning, segment, end = target[: len("/v1/models/")], target[11:-1], target[-1]
    assert (beginning, end) == ("/v1/models/", "/")
    assert not set(segment) & set("/?#")
    assert unquote(segment) == model_id


@settings(max_examples=60)
@given(cursor=injections.filter(bool), ordering=injections)
def test_cursor_and_ordering(server: ScriptedServer, cursor: str, ordering: str) -> None:
    """A cursor and an ordering are one value of the query each, or rejected."""
    with RootSignals(KEY, base_url=server.url) as client:
        try:
            list(client.models.list(cursor=cursor, ordering=ordering, limit=7))
        except InvalidRequestError:
            assert not server.requests
            return
    _, target, headers = received(server)
    assert headers.keys() == NAMES
    assert urlsplit(target).path == "/v1/models/"
    assert parse_qs(urlsplit(target).query, keep_blank_values=True) == {
        "page_size": ["7"],
        "cursor": [cursor],
        "ordering": [ordering],
    }


@settings(max_examples=100)
@given(
    name=st.text(string.ascii_letters + "-", min_size=1, max_size=9) | injections,
    value=st.text(string.printable, max_size=20) | injections,
)
def test_default_headers(server: ScriptedServer, name: str, value: str) -> None:
    """A default header is sent as this one header, or rejected."""
    try:
        client = RootSignals(KEY, base_url=server.url, default_headers={name: value})
    except ConfigurationError:
        assert not server.requests
        return
    with client:
        client.models.retrieve("a")
    _, _, headers = received(server)
    assert headers.keys() == NAMES | {name.lower()}
    assert headers[name.lower()] == value.strip()
    assert headers["authorization"] == f"Api-Key {KEY}"


@settings(max_examples=60)
@given(
    name=st.text(string.ascii_letters + "-", min_size=1, max_size=9) | injections,
    value=st.text(string.printable, max_size=20) | injections,
)
def test_headers_of_a_request(server: ScriptedServer, name: str, value: str) -> None:
    """A header of a single request is sent as this one header, or rejected."""
    with RootSignals(KEY, base_url=server.url) as client:
        try:
            client.request("GET", "/v1/models/", headers={name: value})
        except InvalidRequestError:
            assert not server.requests
            return
    _, target, headers = received(server)
    assert target == "/v1/models/"
    assert headers.keys() == NAMES | {name.lower()}
    assert headers[name.lower()] == value.strip()
    assert headers["authorization"] == f"Api-Key {KEY}"


@settings(max_examples=60)
@given(path=injections, value=injections)
def test_path_and_query_of_a_request(server: ScriptedServer, path: str, value: str) -> None:
    """The path and the query of a single request stay what they are, or are rejected."""
    with RootSignals(KEY, base_url=server.url) as client:
        try:
            client.request("GET", f"/v1/{path}", query={"a": value})
        except InvalidRequestError:
            assert not server.requests
            return
    _, target, headers = received(server)
    assert target.partition("?")[0] == f"/v1/{path}"
    assert headers.keys() == NAMES
    assert parse_qs(urlsplit(target).query, keep_blank_values=True) == {"a": [value]}
