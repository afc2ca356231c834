"""One exchange: addresses, redirects, packed bodies, and what broke it."""

from __future__ import annotations

import gzip
import os
import pickle
import socket
import ssl
import zlib
from collections.abc import Callable
from pathlib import Path

import httpcore
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from root._failures import AnswerTooLargeError, UnusableAnswerError, broken_exchange, unusable
from root._http import (
    Address,
    Answer,
    Request,
    ResponseMeta,
    holds_json,
    proxy_for,
    read,
    redirected,
    shared_ssl_context,
    timeouts,
    unpacked,
)
from root._retry import Outcome
from root._schemas import Model, ModelListAnswer, ModelVerification
from root.errors import (
    APIConnectionError,
    APIResponseError,
    APITimeoutError,
    Attempt,
    ConfigurationError,
    RequestInfo,
)

INFO = RequestInfo("GET", "https://api.example/v1/models/")
HOME = Address("https", "api.example", None)
SECRET = "sk-0123456789abcdef"

NOT_SENT, AMBIGUOUS, FINAL = Outcome.NOT_SENT, Outcome.AMBIGUOUS, Outcome.FINAL


# Addresses


@pytest.mark.parametrize(
    ("url", "address", "authority", "origin"),
    [
        (
            "https://api.example",
            Address("https", "api.example", None, ""),
            "api.example",
            "https://api.example",
        ),
        (
            "http://api.example:8000/root-api",
            Address("http", "api.example", 8000, "/root-api"),
            "api.example:8000",
            "http://api.example:8000",
        ),
        ("http://[::1]", Address("http", "::1", None, ""), "[::1]", "http://[::1]"),
        ("http://[::1]:81/x", Address("http", "::1", 81, "/x"), "[::1]:81", "http://[::1]:81"),
    ],
    ids=["plain", "port and path", "IPv6", "IPv6 with port"],
)
def test_address(url: str, address: Address, authority: str, origin: str) -> None:
    """A base URL is split into what a connection and a request line need."""
    assert Address.of(url) == address
    assert address.authority == authority
    assert address.origin == origin


def test_a_request_shows_neither_headers_nor_body() -> None:
    """A request's repr has its method and its URL and nothing that is secret."""
    key = (b"Authorization", b"Api-Key " + SECRET.encode())
    request = Request("POST", Address("http", "h", 80), "/x?y=1", [key], SECRET.encode())

    assert request.url == "http://h:80/x?y=1"
    assert repr(request) == "<Request POST http://h:80/x?y=1>"


# What came


HEADERS = [(b"X-Request-ID", b"req-1"), (b"Content-Type", b"application/json")]


@pytest.mark.parametrize(
    ("name", "value"),
    [(b"x-request-id", "req-1"), (b"content-type", "application/json"), (b"date", None)],
)
def test_answer_header(name: bytes, value: str | None) -> None:
    """A header is found however the server wrote its name."""
    assert Answer(200, HEADERS, b"").header(name) == value


def test_meta() -> None:
    """What came with an object says its status, its request id, its headers and its tries."""
    attempts = (Attempt(502, None, 0.5), Attempt(200))
    meta = ResponseMeta(200, attempts, 1.23456, HEADERS)

    assert meta.request_id == "req-1"
    assert meta.headers["x-request-id"] == meta.headers["X-REQUEST-ID"] == "req-1"
    assert dict(meta.headers) == {"x-request-id": "req-1", "content-type": "application/json"}
    assert "date" not in meta.headers
    assert meta.attempts == attempts
    assert repr(meta) == (
        "ResponseMeta(status_code=200, request_id='req-1', attempts=2, elapsed=1.235)"
    )


def test_meta_without_request_id() -> None:
    """A service that names no request leaves the id out."""
    meta = ResponseMeta(204, (Attempt(204),), 0.0, [])

    assert meta.request_id is None
    assert "request_id=None" in repr(meta)


def test_meta_pickles() -> None:
    """What came with an object goes into another process with it."""
    meta = ResponseMeta(200, (Attempt(200),), 1.0, HEADERS)

    assert pickle.loads(pickle.dumps(meta)) == meta


# Redirects


def request(method: str = "GET", url: str = "https://api.example") -> Request:
    address = Address.of(url)
    headers = [(b"Host", address.authority.encode()), (b"Authorization", b"Api-Key k")]
    return Request(method, address, "/v1/models/?cursor=a", headers)


def redirect(location: str | None, status: int = 302) -> Answer:
    headers = [] if location is None else [(b"Location", location.encode("utf-8"))]
    return Answer(status, headers, b"")


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
def test_redirects_that_are_followed(location: str, url: str) -> None:
    """A redirect within the host is followed, wherever it is written from."""
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
def test_the_default_port_is_the_same_host(base: str, location: str) -> None:
    """A redirect that merely writes out the port that its scheme stands for is followed."""
    following = redirected(request(url=base), redirect(location))

    assert following is not None
    assert following.target == "/x"


@pytest.mark.parametrize(
    ("base", "location"),
    [
        ("http://api.example", "https://api.example/x"),
        ("http://api.example:8000", "https://api.example:8443/x"),
        ("http://[::1]:8000", "https://[::1]/x"),
    ],
)
def test_redirects_up_to_https(base: str, location: str) -> None:
    """A redirect from http to https on the same host is followed, with the new Host header."""
    following = redirected(request(url=base), redirect(location))

    assert following is not None
    assert following.url == location
    hosts = [value for name, value in following.headers if name.lower() == b"host"]
    assert hosts == [Address.of(location).authority.encode()]


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
def test_redirects_that_are_not_followed(location: str | None) -> None:
    """None leads to another host or port, down to http, or to what no request line takes."""
    assert redirected(request(), redirect(location)) is None


@pytest.mark.parametrize("location", ["\\\\evil.example/", "/\\evil.example/"])
def test_a_backslash_leads_nowhere_else(location: str) -> None:
    """What some take for another host is a path of this one, if it is followed at all."""
    following = redirected(request(), redirect(location))

    assert following is None or following.url.startswith("https://api.example/")


@pytest.mark.parametrize(
    ("base", "location"),
    [
        ("http://api.example", "http://evil.example/"),
        ("http://api.example", "https://evil.example/"),
        ("http://api.example", "http://api.example:8000/"),
        ("http://api.example:8000", "http://api.example/"),
        ("https://api.example:8443", "http://api.example:8443/"),
    ],
)
def test_other_redirects_that_are_not_followed(base: str, location: str) -> None:
    """From http, too, none leads to another host, nor to another port without https."""
    assert redirected(request(url=base), redirect(location)) is None


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST", "PUT", "PATCH"])
@pytest.mark.parametrize("status", [200, 201, 300, 301, 302, 303, 304, 305, 306, 307, 308, 404])
def test_what_is_redirected(method: str, status: int) -> None:
    """GET follows every redirect, DELETE all but 303, and what has a body none."""
    followed = {"GET": {301, 302, 303, 307, 308}, "DELETE": {301, 302, 307, 308}}

    following = redirected(request(method), redirect("/x", status))

    assert (following is not None) is (status in followed.get(method, set()))
    if following is not None:
        assert following.method == method
        assert following.content == b""


@given(location=st.text(st.characters(max_codepoint=255)))
def test_no_redirect_leaves_the_host(location: str) -> None:
    """Whatever stands in Location, the key goes to this host over https or nowhere."""
    answer = Answer(302, [(b"Location", location.encode("latin-1"))], b"")

    following = redirected(request(), answer)

    assert following is None or (
        following.address.scheme == "https"
        and following.address.host == "api.example"
        and following.address.port in (None, 443)
        and following.target.isascii()
    )


# Packed bodies


BODY = b'{"name": "gpt-4o"}' * 100


def deflated(content: bytes) -> bytes:
    """Return the bytes as some servers send deflate: without zlib's header."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


def packed(content: bytes, coding: str | None) -> Answer:
    headers = [] if coding is None else [(b"Content-Encoding", coding.encode())]
    return Answer(200, headers, content)


@pytest.mark.parametrize(
    ("content", "coding"),
    [
        pytest.param(BODY, None, id="no header"),
        pytest.param(BODY, "identity", id="identity"),
        pytest.param(gzip.compress(BODY), "gzip", id="gzip"),
        pytest.param(gzip.compress(BODY), " GZip ", id="gzip in capitals"),
        pytest.param(gzip.compress(BODY), "x-gzip", id="x-gzip"),
        pytest.param(zlib.compress(BODY), "deflate", id="deflate with a header"),
        pytest.param(deflated(BODY), "deflate", id="deflate without a header"),
    ],
)
def test_unpacking(content: bytes, coding: str | None) -> None:
    """A packed body comes out as it went in, with status and headers as they were."""
    answer = packed(content, coding)

    assert unpacked(answer, 2**26) == Answer(200, answer.headers, BODY)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "nonsense"])
def test_an_empty_body_is_not_unpacked(coding: str) -> None:
    """A body that is not there is empty, whatever the header says."""
    assert unpacked(packed(b"", coding), 2**26).content == b""


@pytest.mark.parametrize(
    ("content", "coding"),
    [
        pytest.param(gzip.compress(BODY)[:-1], "gzip", id="gzip without its last byte"),
        pytest.param(gzip.compress(BODY)[:10], "gzip", id="gzip header alone"),
        pytest.param(gzip.compress(BODY)[:1], "gzip", id="one byte"),
        pytest.param(zlib.compress(BODY)[:-1], "deflate", id="zlib without its last byte"),
        pytest.param(deflated(BODY)[:-1], "deflate", id="deflate without its last byte"),
        pytest.param(gzip.compress(BODY)[:-8] + bytes(8), "gzip", id="wrong checksum"),
        pytest.param(BODY, "gzip", id="not packed at all"),
        pytest.param(gzip.compress(b"") * 1000, "gzip", id="a thousand members"),
        pytest.param(BODY, "deflate", id="not deflated at all"),
        pytest.param(BODY, "br", id="br"),
        pytest.param(BODY, "zstd", id="zstd"),
        pytest.param(gzip.compress(gzip.compress(BODY)), "gzip, gzip", id="packed twice"),
    ],
)
def test_bodies_that_cannot_be_unpacked(content: bytes, coding: str) -> None:
    """A body that is cut off, broken or packed in an unknown way is no answer."""
    with pytest.raises(UnusableAnswerError):
        unpacked(packed(content, coding), 2**26)


def test_an_unknown_coding_is_named() -> None:
    """The error for a coding that was not asked for names it."""
    with pytest.raises(UnusableAnswerError, match="was not asked for"):
        unpacked(packed(BODY, "br"), 2**26)


@pytest.mark.parametrize(
    ("pack", "coding"),
    [(gzip.compress, "gzip"), (zlib.compress, "deflate"), (deflated, "deflate")],
    ids=["gzip", "zlib", "deflate"],
)
def test_a_bomb_is_not_unpacked(pack: Callable[[bytes], bytes], coding: str) -> None:
    """Unpacking stops at the largest answer that is read."""
    assert len(unpacked(packed(pack(bytes(1000)), coding), 1000).content) == 1000
    with pytest.raises(AnswerTooLargeError):
        unpacked(packed(pack(bytes(1001)), coding), 1000)
    with pytest.raises(AnswerTooLargeError):
        unpacked(packed(pack(bytes(10_000_000)), coding), 1000)


@given(content=st.binary(min_size=1))
def test_any_body_is_unpacked(content: bytes) -> None:
    """Any body survives each way of packing."""
    for pack, coding in (
        (gzip.compress, "gzip"),
        (zlib.compress, "deflate"),
        (deflated, "deflate"),
    ):
        assert unpacked(packed(pack(content), coding), 2**26).content == content


@given(content=st.binary(), coding=st.sampled_from(["gzip", "deflate"]))
def test_any_rubbish_is_unpacked_or_refused(content: bytes, coding: str) -> None:
    """Bytes that say they are packed are unpacked, or refused by an error of ours."""
    try:
        unpacked(packed(content, coding), 2**26)
    except UnusableAnswerError:
        assert content


# Time


OPERATIONS = ("connect", "read", "write", "pool")


@pytest.mark.parametrize(
    ("timeout", "left", "operation", "pool", "whole"),
    [
        (None, None, None, None, None),
        (30.0, None, 30.0, None, 30.0),
        (30, None, 30, None, 30),
        (None, 5.0, 5.0, 5.0, 5.0),
        (30.0, 5.0, 5.0, 5.0, 5.0),
        (30.0, 50.0, 30.0, 50.0, 30.0),
        (30.0, 0.0, 0.0, 0.0, 0.0),
    ],
)
def test_plain_timeouts(
    timeout: float | None,
    left: float | None,
    operation: float | None,
    pool: float | None,
    whole: float | None,
) -> None:
    """A number bounds the attempt; waiting for a connection takes what the deadline leaves."""
    operations, attempt = timeouts(timeout, left)

    assert operations == {
        "connect": operation,
        "read": operation,
        "write": operation,
        "pool": pool,
    }
    assert attempt == whole


@pytest.mark.parametrize(
    ("left", "expected"),
    [(None, (1, 20, None, 40)), (10.0, (1, 10, 10, 10)), (30.0, (1, 20, 30, 30))],
)
def test_httpx_timeouts(left: float | None, expected: tuple[float | None, ...]) -> None:
    """httpx's timeouts bound each operation, and none goes beyond what the deadline leaves."""
    timeout = httpx.Timeout(connect=1, read=20, write=None, pool=40)

    operations, attempt = timeouts(timeout, left)

    assert operations == dict(zip(OPERATIONS, expected, strict=True))
    assert attempt == left


# Proxies


@pytest.mark.parametrize(
    ("variables", "url", "proxied"),
    [
        pytest.param({}, "https://api.example", False, id="none"),
        pytest.param({"https_proxy": "http://p:1"}, "https://api.example", True, id="https"),
        pytest.param({"HTTPS_PROXY": "http://p:1"}, "https://api.example", True, id="HTTPS"),
        pytest.param({"http_proxy": "http://p:1"}, "https://api.example", False, id="http only"),
        pytest.param({"http_proxy": "http://p:1"}, "http://api.example", True, id="http"),
        pytest.param({"HTTP_PROXY": "http://p:1"}, "http://api.example", True, id="HTTP"),
        pytest.param({"https_proxy": "http://p:1"}, "http://api.example", False, id="https only"),
        pytest.param({"all_proxy": "http://p:1"}, "http://api.example", True, id="all"),
        pytest.param({"ALL_PROXY": "http://p:1"}, "https://api.example", True, id="ALL"),
        pytest.param({"https_proxy": ""}, "https://api.example", False, id="empty"),
        pytest.param({"NO_PROXY": "api.example"}, "https://api.example", False, id="NO alone"),
        *(
            pytest.param(
                {"HTTPS_PROXY": "http://p:1", name: value},
                url,
                proxied,
                id=f"{name}={value} {url}",
            )
            for name in ("NO_PROXY", "no_proxy")
            for value, url, proxied in (
                ("api.example", "https://api.example", False),
                ("API.example", "https://api.example", False),
                ("example", "https://api.example", False),
                (".example", "https://api.example", False),
                ("*", "https://api.example", False),
                ("other, api.example", "https://api.example:8443", False),
                ("api.example:8443", "https://api.example:8443", False),
                ("api.example:8443", "https://api.example", True),
                ("other", "https://api.example", True),
                ("i.example", "https://api.example", True),
                ("", "https://api.example", True),
            )
        ),
    ],
)
def test_is_proxied(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], url: str, proxied: bool
) -> None:
    """The environment names a proxy in either case, by scheme or for all, and its exceptions."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert (proxy_for(Address.of(url)) is not None) is proxied


# Answers


class Shape(BaseModel):
    id: str
    size: int = 0


def test_read() -> None:
    """An answer of the right shape is read into it."""
    assert read(Shape, INFO, Answer(200, [], b'{"id": "a"}'), ()) == Shape(id="a")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the answer is empty (application/json): ''"),
        (b"nonsense", "the answer is no JSON (application/json): 'nonsense'"),
        (b'{"id": "a"', "the answer is no JSON"),
        (b'{"id": "\xff"}', "the answer is no JSON"),
        (b"[" * 100_000, "the answer is no JSON"),
        (b"{}", "has not the shape of a Shape (id: Field required)"),
        (b"[]", "has not the shape of a Shape (the whole: "),
        (b"null", "has not the shape of a Shape (the whole: "),
        (b'{"id": 5, "size": "x"}', "(id: Input should be a valid string; size: Input should be"),
    ],
)
def test_answers_that_cannot_be_read(content: bytes, says: str) -> None:
    """An answer that is no JSON or has another shape says what is wrong, and where it is from."""
    answer = Answer(200, HEADERS, content)

    with pytest.raises(APIResponseError) as error:
        read(Shape, INFO, answer, ())

    message = str(error.value)
    assert message.startswith("GET https://api.example/v1/models/ answered 200, but the answer ")
    assert says in message
    assert "report it to the service" in message
    assert len(message) < 700
    assert error.value.status_code == 200
    assert error.value.request == INFO
    assert error.value.body == content.decode("utf-8", "replace")
    # pydantic's own error holds what came in.
    assert error.value.__cause__ is None
    assert error.value.__context__ is None


@pytest.mark.parametrize(
    ("schema", "says"),
    [(Model, "of a model (id: "), (ModelVerification, "of a verification (success: ")],
)
def test_shapes_in_words(schema: type[BaseModel], says: str) -> None:
    """What an answer should have been is told in plain words."""
    with pytest.raises(APIResponseError) as error:
        read(schema, INFO, Answer(200, [], b"{}"), ())

    assert f"has not the shape {says}" in str(error.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"<p>Hello</p>", "is no JSON"),
        (b'{"results": [', "is no JSON"),
        (b'{"results": ' + b"[" * 100_000, "is no JSON"),
        (b'{"results": null}', "has not the shape of a page of models (results: "),
        (b'{"results": [{"name": "a"}]}', "results.0.id: Field required"),
    ],
    ids=["empty", "HTML", "cut off", "too deep", "null", "no id"],
)
def test_pages_that_cannot_be_read(content: bytes, says: str) -> None:
    """A page that is no JSON or has another shape says so like any other answer."""
    with pytest.raises(APIResponseError) as error:
        read(ModelListAnswer, INFO, Answer(200, [], content), ())

    assert says in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__context__ is None


def test_a_page_of_wrong_entries() -> None:
    """Of wrong entries the first is complained of; to tell all would take gigabytes."""
    with pytest.raises(APIResponseError, match=r"\(results\.0: [^;]+\)"):
        read(ModelListAnswer, INFO, Answer(200, [], b'{"results": [1, 2, 3]}'), ())


@pytest.mark.parametrize(
    "content",
    [
        f'{{"id": "{SECRET}", "size": "{SECRET}"}}',
        f'{{"id": {{"{SECRET}": "{SECRET}"}}}}',
        f"<html>{SECRET}</html>",
        f'"{SECRET}"',
        " " * 190 + SECRET,
    ],
)
def test_an_unreadable_answer_shows_no_secret(content: str) -> None:
    """A secret that such an answer echoes stands nowhere in the error."""
    with pytest.raises(APIResponseError) as error:
        read(Shape, INFO, Answer(200, [], content.encode()), (SECRET,))

    assert SECRET not in str(error.value)
    assert SECRET not in repr(vars(error.value))


@pytest.mark.parametrize(
    ("content_type", "content", "looks_wrong"),
    [
        ("text/html; charset=utf-8", b"Hello", True),
        ("Text/HTML", b"Hello", True),
        (None, b"<!DOCTYPE html><p>Hello", True),
        (None, b"\n  <html>", True),
        ("application/json", b"Hello", False),
        (None, b"Hello", False),
    ],
)
def test_a_web_page_says_that_the_base_url_looks_wrong(
    content_type: str | None, content: bytes, looks_wrong: bool
) -> None:
    """A web page in place of an answer points to the base URL, another answer does not."""
    headers = [] if content_type is None else [(b"Content-Type", content_type.encode())]

    error = unusable(INFO, Answer(200, headers, content), "is no JSON", ())

    assert ("check the base URL" in str(error)) is looks_wrong
    assert f"({content_type or 'no content type'})" in str(error)


def test_an_unusable_answer_is_quoted_in_short() -> None:
    """The first 200 characters are quoted, and the rest is in the body."""
    error = unusable(INFO, Answer(200, [], b"x" * 5000), "is no JSON", ())

    assert f"'{'x' * 200}...'" in str(error)
    assert error.body == "x" * 5000


@pytest.mark.parametrize(
    ("content", "is_json"),
    [
        (b"{}", True),
        (b"null", True),
        (b' "a" ', True),
        (b"", False),
        (b"{", False),
        (b"<p>", False),
        (b"\xff\xff", False),
        (b"[" * 100_000, False),
    ],
    ids=["object", "null", "string", "empty", "cut off", "HTML", "no UTF-8", "too deep"],
)
def test_holds_json(content: bytes, is_json: bool) -> None:
    """What is JSON is told from what is none, at any depth."""
    assert holds_json(content) is is_json


# What broke an exchange


def certificate_error() -> ssl.SSLCertVerificationError:
    # OpenSSL sets these where it raises.
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED]")
    error.verify_message = "self-signed certificate"
    error.reason = "CERTIFICATE_VERIFY_FAILED"
    return error


def tls_error() -> ssl.SSLError:
    error = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")
    error.reason = "WRONG_VERSION_NUMBER"
    return error


def caused(exc: BaseException, *causes: BaseException) -> BaseException:
    """Return the exception with a chain of causes."""
    for outer, inner in zip((exc, *causes), causes, strict=False):
        outer.__cause__ = inner
    return exc


LATE = {
    "ConnectTimeout": (NOT_SENT, "no connection was made in time"),
    "PoolTimeout": (NOT_SENT, "no connection came free in time"),
    "ReadTimeout": (AMBIGUOUS, "the answer did not come in time"),
    "WriteTimeout": (AMBIGUOUS, "the request could not be sent in time"),
}
BROKEN = {
    "ConnectError": NOT_SENT,
    "ProxyError": NOT_SENT,
    "ReadError": AMBIGUOUS,
    "WriteError": AMBIGUOUS,
    "NetworkError": AMBIGUOUS,
    "ProtocolError": AMBIGUOUS,
    "RemoteProtocolError": AMBIGUOUS,
    "LocalProtocolError": FINAL,
    "UnsupportedProtocol": FINAL,
}
LIBRARIES = {"httpcore": httpcore, "httpx": httpx}


def exception(library: str, name: str, words: str = "It broke.") -> Exception:
    kind: type[Exception] = getattr(LIBRARIES[library], name)
    return kind(words)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(("name", "outcome", "cause"), [(n, *rest) for n, rest in LATE.items()])
@pytest.mark.parametrize(
    ("bound", "told"), [(None, "in time. "), ("timeout of 0.25 s", "in time (timeout of 0.25 s)")]
)
def test_time_that_ran_out(
    library: str, name: str, outcome: Outcome, cause: str, bound: str | None, told: str
) -> None:
    """A time-out says which one it is, how long it was, and what to do."""
    broken = broken_exchange(exception(library, name), INFO, HOME, bound=bound)

    assert broken is not None
    error, what, why = broken
    assert type(error) is APITimeoutError
    assert error.request == INFO
    assert (what, why) == (outcome, cause)
    assert str(error).startswith(f"GET https://api.example/v1/models/ failed: {cause}")
    assert told in str(error)
    assert "Give it more time" in str(error)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(("name", "outcome"), BROKEN.items())
def test_an_exchange_that_broke(library: str, name: str, outcome: Outcome) -> None:
    """Each class of the network's errors says whether the request may have arrived."""
    broken = broken_exchange(exception(library, name), INFO, HOME)

    assert broken is not None
    error, what, why = broken
    assert type(error) is APIConnectionError
    assert error.request == INFO
    assert what is outcome
    assert why.endswith(" (It broke)")
    assert str(error).startswith(f"GET https://api.example/v1/models/ failed: {why}. ")


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_time_out_of_no_kind(library: str) -> None:
    """A time-out that does not say which one it was is one all the same."""
    broken = broken_exchange(exception(library, "TimeoutException"), INFO, HOME)

    assert broken is not None
    assert type(broken[0]) is APITimeoutError
    assert broken[1] is AMBIGUOUS


def test_a_connection_that_was_not_available() -> None:
    """A connection that httpcore gives up before using it has sent nothing."""
    broken = broken_exchange(httpcore.ConnectionNotAvailable(), INFO, HOME)

    assert broken is not None
    assert broken[1] is NOT_SENT


@pytest.mark.parametrize(
    "exc",
    [
        httpx.HTTPError("It broke."),
        httpx.RequestError("It broke."),
        httpx.TransportError("It broke."),
        httpx.CloseError("It broke."),
        httpx.DecodingError("It broke."),
        httpx.TooManyRedirects("It broke."),
        httpx.HTTPStatusError(
            "It broke.",
            request=httpx.Request("GET", "https://api.example"),
            response=httpx.Response(500),
        ),
        httpx.InvalidURL("It broke."),
        httpx.CookieConflict("It broke."),
        httpx.StreamError("It broke."),
        httpx.StreamConsumed(),
        httpx.StreamClosed(),
        httpx.ResponseNotRead(),
        httpx.RequestNotRead(),
    ],
    ids=lambda exc: type(exc).__name__,
)
def test_no_other_error_of_httpx_comes_out(exc: Exception) -> None:
    """What else httpx raises, in a client of the user's with hooks of its own, is named, too."""
    broken = broken_exchange(exc, INFO, HOME)

    assert broken is not None
    error, outcome, _ = broken
    assert isinstance(error, APIConnectionError | APIResponseError)
    assert outcome in (AMBIGUOUS, FINAL)


REFUSED = "api.example refused the connection"
CAUSES = [
    pytest.param(
        [ConnectionRefusedError(111, "Connection refused")],
        NOT_SENT,
        REFUSED,
        "Check the base URL",
        id="refused",
    ),
    pytest.param(
        [OSError("Multiple exceptions: [Errno 111] Connect call failed, [Errno 111] x")],
        NOT_SENT,
        REFUSED,
        "Check the base URL",
        id="refused on each address, as asyncio says it",
    ),
    pytest.param(
        [
            OSError("All connection attempts failed"),
            ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 9)"),
        ],
        NOT_SENT,
        REFUSED,
        "Check the base URL",
        id="refused, as anyio says it",
    ),
    pytest.param(
        [
            OSError("all attempts to connect to api.example failed"),
            ExceptionGroup(
                "all attempts failed",
                [ConnectionRefusedError(111, "Refused"), ConnectionRefusedError(111, "Refused")],
            ),
        ],
        NOT_SENT,
        REFUSED,
        "Check the base URL",
        id="refused, as trio says it",
    ),
    pytest.param(
        [socket.gaierror(-2, "Name or service not known")],
        NOT_SENT,
        "the host name api.example could not be resolved (DNS: Name or service not known)",
        "Check the base URL",
        id="DNS",
    ),
    pytest.param(
        [certificate_error()],
        FINAL,
        "the certificate of api.example is not trusted (self-signed certificate)",
        "SSL_CERT_FILE",
        id="certificate",
    ),
    pytest.param(
        [tls_error()],
        NOT_SENT,
        "no TLS connection could be made with api.example (WRONG_VERSION_NUMBER)",
        "http:// or https://",
        id="TLS",
    ),
    pytest.param(
        [ssl.SSLError("Python's own words")],
        NOT_SENT,
        "no TLS connection could be made with api.example (",
        "http:// or https://",
        id="TLS without a reason",
    ),
    pytest.param(
        [ConnectionResetError(104, "Connection reset by peer")],
        NOT_SENT,
        "api.example reset the connection",
        "Try again",
        id="reset",
    ),
    pytest.param(
        [OSError(101, "Network is unreachable")],
        NOT_SENT,
        "the exchange with api.example broke off ([Errno 101] Network is unreachable)",
        "Try again",
        id="network",
    ),
]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(("causes", "outcome", "cause", "advice"), CAUSES)
def test_why_there_is_no_connection(
    library: str, causes: list[Exception], outcome: Outcome, cause: str, advice: str
) -> None:
    """The operating system's or OpenSSL's reason is found, and said with what to do."""
    exc = exception(library, "ConnectError")
    chain = causes if library == "httpcore" else [httpcore.ConnectError("It broke."), *causes]
    caused(exc, *chain)

    broken = broken_exchange(exc, INFO, HOME)

    assert broken is not None
    error, what, why = broken
    assert type(error) is APIConnectionError
    assert what is outcome
    assert why.startswith(cause)
    assert f"failed: {cause}" in str(error)
    assert advice in str(error)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_connection_that_was_reset_halfway(library: str) -> None:
    """A reset while reading is ambiguous, and says who did it."""
    exc = exception(library, "ReadError", "")
    caused(exc, ConnectionResetError(104, "Connection reset by peer"))

    broken = broken_exchange(exc, INFO, HOME)

    assert broken is not None
    assert broken[1:] == (AMBIGUOUS, "api.example reset the connection")


@pytest.mark.parametrize(
    ("name", "cause", "outcome", "says"),
    [
        ("ConnectError", certificate_error(), FINAL, "is not trusted (self-signed certificate)"),
        ("ConnectError", socket.gaierror(-2, "Unknown"), NOT_SENT, "could not be resolved"),
        ("RemoteProtocolError", RuntimeError("Cut off."), AMBIGUOUS, "broke off (It broke)"),
    ],
    ids=["certificate", "DNS", "protocol"],
)
def test_what_the_caller_was_handling_is_no_cause(
    name: str, cause: Exception, outcome: Outcome, says: str
) -> None:
    """A call from an `except` block, to a second server, is not blamed on the first one's error."""
    exc = exception("httpcore", name)
    handled = ConnectionRefusedError(111, "Connection refused")
    try:
        raise handled
    except ConnectionRefusedError:
        with pytest.raises(type(exc)) as error:
            try:
                raise cause
            except type(cause) as inner:
                raise exc from inner

    broken = broken_exchange(error.value, INFO, HOME, handled=handled)

    assert broken is not None
    assert broken[1] is outcome
    assert says in broken[2]


def test_an_error_without_words() -> None:
    """An error that says nothing is called by its class."""
    broken = broken_exchange(httpcore.ReadError(), INFO, HOME)

    assert broken is not None
    assert broken[2] == "the exchange with api.example broke off (ReadError)"


@pytest.mark.parametrize(
    ("exc", "outcome", "cause"),
    [
        (OSError(5, "Input/output error"), AMBIGUOUS, "the exchange with api.example broke off"),
        (ConnectionResetError(104, "x"), AMBIGUOUS, "api.example reset the connection"),
    ],
    ids=["OSError", "reset"],
)
def test_other_trouble(exc: Exception, outcome: Outcome, cause: str) -> None:
    """Trouble that comes past httpcore is named all the same."""
    broken = broken_exchange(exc, INFO, HOME)

    assert broken is not None
    error, what, why = broken
    assert type(error) is APIConnectionError
    assert what is outcome
    assert why.startswith(cause)


def test_an_answer_that_is_too_large() -> None:
    """An answer beyond all bounds is no connection trouble, and is not asked for again."""
    broken = broken_exchange(AnswerTooLargeError(2**26), INFO, HOME)

    assert broken is not None
    error, what, why = broken
    assert type(error) is APIResponseError
    assert what is FINAL
    assert why == "the answer is larger than 64 MiB"
    assert "Check the base URL" in str(error)


def test_an_answer_beyond_a_bound_of_ones_own() -> None:
    """A bound that is no number of MiB is told in bytes, and by the name of its setting."""
    broken = broken_exchange(AnswerTooLargeError(1000), INFO, HOME)

    assert broken is not None
    assert "is larger than 1000 bytes (max_response_bytes)." in str(broken[0])


@pytest.mark.parametrize(
    "exc", [ValueError("x"), RuntimeError("x"), KeyError("x"), AssertionError()], ids=repr
)
def test_defects_are_nobodys_network_trouble(exc: Exception) -> None:
    """What is no trouble of the network is not dressed up as such."""
    assert broken_exchange(exc, INFO, HOME) is None


def test_a_certificate_file_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A wrong SSL_CERT_FILE is told by name, and is no trouble of the network."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))

    with pytest.raises(ConfigurationError, match=r"none\.pem.*SSL_CERT_FILE") as error:
        shared_ssl_context()

    assert broken_exchange(error.value, INFO, HOME) is None


def test_a_directory_of_certificates_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A wrong SSL_CERT_DIR is told by name, and of several directories one is enough."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    with pytest.raises(ConfigurationError, match=r"none.*SSL_CERT_DIR"):
        shared_ssl_context()

    monkeypatch.setenv("SSL_CERT_DIR", os.pathsep.join([str(tmp_path / "none"), str(tmp_path)]))
    assert shared_ssl_context().verify_mode is ssl.CERT_REQUIRED


def test_tls_settings_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading the certificates takes long, so all connections share them; they are checked."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)

    context = shared_ssl_context()

    assert shared_ssl_context() is context
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
