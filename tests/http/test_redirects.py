"""Redirects: which ones are followed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from root._http.messages import Origin, RawResponse, Request
from root._http.redirects import redirected
from root._schemas.requests import bytes_body
from tests.schemas.files import Pipe


def request(method: str = "GET", url: str = "https://api.example") -> Request:
    origin = Origin.from_url(url)
    headers = [(b"Host", origin.authority.encode()), (b"Authorization", b"Api-Key k")]
    return Request(method, origin, "/v1/models/?cursor=a", headers)


def redirect(location: str | None, status: int = 302) -> RawResponse:
    headers = [] if location is None else [(b"Location", location.encode("utf-8"))]
    return RawResponse(status, headers, b"")


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("https://api.example/elsewhere/", "https://api.example/elsewhere/"),
        ("https://API.example/elsewhere/", "https://api.example/elsewhere/"),
        ("HTTPS://api.example/x", "https://api.example/x"),
        ("https://api.example", "https://api.example/"),
        ("https://api.example?a=b", "https://api.example/?a=b"),
        ("https://api.example/x?a=%2F#part", "https://api.example/x?a=%2F"),
        ("//api.example/x", "https://api.example/x"),
        ("/x", "https://api.example/x"),
        ("x/", "https://api.example/v1/models/x/"),
        ("../x", "https://api.example/v1/x"),
        ("?a=b", "https://api.example/v1/models/?a=b"),
    ],
)
def test_redirects_within_the_host_are_followed(location: str, url: str) -> None:
    """A redirect within the host is followed, absolute or relative."""
    following = redirected(request(), redirect(location))

    assert following is not None
    assert following.url == url
    assert following.method == "GET"
    assert (b"Authorization", b"Api-Key k") in following.headers


@pytest.mark.parametrize(
    ("base", "location"),
    [
        ("https://api.example", "https://api.example:443/x"),
        ("https://api.example:443", "https://api.example/x"),
        ("http://api.example", "http://api.example:80/x"),
    ],
)
def test_an_explicit_default_port_is_the_same_host(base: str, location: str) -> None:
    """A redirect that only adds or omits the default port of its scheme is followed."""
    following = redirected(request(url=base), redirect(location))

    assert following is not None
    assert following.target == "/x"


@pytest.mark.parametrize(
    ("base", "location"),
    [
        ("http://api.example", "https://api.example/x"),
        ("http://api.example:8000", "https://api.example:8000/x"),
        ("http://[::1]:8000", "https://[::1]/x"),
    ],
)
def test_redirects_from_http_to_https_are_followed(base: str, location: str) -> None:
    """A redirect to https, on its own or the same port, is followed with the new Host header."""
    following = redirected(request(url=base), redirect(location))

    assert following is not None
    assert following.url == location
    hosts = [value for name, value in following.headers if name.lower() == b"host"]
    assert hosts == [Origin.from_url(location).authority.encode()]


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example/v1/models/",
        "//evil.example/",
        "https://api.example.evil.example/",
        "https://api.example@evil.example/",
        "https://api.example\\@evil.example/",
        "http://api.example/v1/models/",
        "http://api.example:443/v1/models/",
        "https://api.example:8443/v1/models/",
        "https://api.example:port/",
        "https://api.example:99999/",
        "https://[api.example/",
        "ftp://api.example/",
        "javascript:alert(1)",
        "mailto:a@api.example",
        "/with blank",
        "/ümlaut",
        "/line\x0bbreak",
        "",
        None,
    ],
)
def test_redirects_to_other_places_are_not_followed(location: str | None) -> None:
    """No redirect to another host or port, to http or to an invalid URL is followed."""
    assert redirected(request(), redirect(location)) is None


@pytest.mark.parametrize("location", ["\\\\evil.example/", "/\\evil.example/"])
def test_a_backslash_does_not_lead_to_another_host(location: str) -> None:
    """A backslash, which some parsers treat as a slash, is a part of the path here."""
    following = redirected(request(), redirect(location))

    assert following is None or following.url.startswith("https://api.example/")


@pytest.mark.parametrize(
    ("base", "location"),
    [
        ("http://api.example", "http://evil.example/"),
        ("http://api.example", "https://evil.example/"),
        ("http://api.example", "http://api.example:8000/"),
        ("http://api.example:8000", "http://api.example/"),
        ("http://api.example", "https://api.example:8443/"),
        ("http://api.example:8000", "https://api.example:8443/"),
        ("http://api.example", "https://api.example:80/"),
        ("https://api.example:8443", "http://api.example:8443/"),
    ],
)
def test_redirects_from_other_bases_that_are_not_followed(base: str, location: str) -> None:
    """From http, too, no redirect to another host is followed, or to any other port."""
    assert redirected(request(url=base), redirect(location)) is None


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST", "PUT", "PATCH"])
@pytest.mark.parametrize("status", [200, 201, 300, 301, 302, 303, 304, 305, 306, 307, 308, 404])
def test_methods_that_follow_redirects(method: str, status: int) -> None:
    """GET follows every redirect, DELETE all but 303, and methods with a body none."""
    followed = {"GET": {301, 302, 303, 307, 308}, "DELETE": {301, 302, 307, 308}}

    following = redirected(request(method), redirect("/x", status))

    assert (following is not None) is (status in followed.get(method, set()))
    if following is not None:
        assert following.method == method
        assert following.body is None


@pytest.mark.parametrize("is_streamed", [False, True])
def test_a_redirected_request_keeps_how_its_response_is_read(is_streamed: bool) -> None:
    """The limit of the response, and whether it is streamed, apply after a redirect too."""
    original = request()
    original.max_bytes = 1000
    original.is_streamed = is_streamed

    following = redirected(original, redirect("/x"))

    assert following is not None
    assert following.max_bytes == 1000
    assert following.is_streamed is is_streamed


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_redirected_request_keeps_its_body(method: str) -> None:
    """A body, whose length is in the headers, is sent after a redirect too."""
    original = request(method)
    original.body = bytes_body(b"{}", "application/json")

    following = redirected(original, redirect("/x"))

    assert following is not None
    assert following.body is original.body


def test_a_body_that_was_read_cannot_follow_a_redirect() -> None:
    """A redirect is not followed if the body cannot be read a second time."""
    original = request()
    original.body = Pipe(b"abc").body()
    (part,) = original.body.parts
    assert not isinstance(part, bytes)
    part.rewind().read()

    assert redirected(original, redirect("/x")) is None


@given(location=st.text(st.characters(max_codepoint=255)))
def test_no_redirect_leaves_the_host(location: str) -> None:
    """Whatever Location contains, the key is sent to this host over https or not at all."""
    response = RawResponse(302, [(b"Location", location.encode("latin-1"))], b"")

    following = redirected(request(), response)

    assert following is None or (
        following.origin.scheme == "https"
        and following.origin.host == "api.example"
        and following.origin.port in (None, 443)
        and following.target.isascii()
    )
