"""Response bodies: decompression, and the error for those that cannot be used."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from root._http.bodies import decompressed, is_json, unusable_response
from root._http.exceptions import ResponseTooLargeError, UnusableResponseError
from root._http.messages import RawResponse
from root.errors import RequestInfo

INFO = RequestInfo("GET", "https://api.example/v1/models/")


# Decompression


BODY = b'{"name": "gpt-4o"}' * 100


def raw_deflate(content: bytes) -> bytes:
    """Return the bytes as some servers send deflate: without zlib's header."""
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(content) + compressor.flush()


def compressed(content: bytes, coding: str | None) -> RawResponse:
    headers = [] if coding is None else [(b"Content-Encoding", coding.encode())]
    return RawResponse(200, headers, content)


@pytest.mark.parametrize(
    ("content", "coding"),
    [
        pytest.param(BODY, None, id="no header"),
        pytest.param(BODY, "identity", id="identity"),
        pytest.param(gzip.compress(BODY), "gzip", id="gzip"),
        pytest.param(gzip.compress(BODY), " GZip ", id="gzip in capitals"),
        pytest.param(gzip.compress(BODY), "x-gzip", id="x-gzip"),
        pytest.param(zlib.compress(BODY), "deflate", id="deflate with a header"),
        pytest.param(raw_deflate(BODY), "deflate", id="deflate without a header"),
        pytest.param(gzip.compress(BODY[:99]) + gzip.compress(BODY[99:]), "gzip", id="two members"),
    ],
)
def test_decompression(content: bytes, coding: str | None) -> None:
    """A compressed body is decompressed; status and headers stay as they were."""
    response = compressed(content, coding)

    assert decompressed(response, 2**26) == RawResponse(200, response.headers, BODY)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "nonsense"])
def test_an_empty_body_is_not_decompressed(coding: str) -> None:
    """An empty body is empty, whatever its Content-Encoding."""
    assert decompressed(compressed(b"", coding), 2**26).content == b""


@pytest.mark.parametrize(
    ("content", "coding"),
    [
        pytest.param(gzip.compress(BODY)[:-1], "gzip", id="gzip without its last byte"),
        pytest.param(gzip.compress(BODY)[:10], "gzip", id="gzip header alone"),
        pytest.param(gzip.compress(BODY)[:1], "gzip", id="one byte"),
        pytest.param(zlib.compress(BODY)[:-1], "deflate", id="zlib without its last byte"),
        pytest.param(raw_deflate(BODY)[:-1], "deflate", id="deflate without its last byte"),
        pytest.param(gzip.compress(BODY)[:-8] + bytes(8), "gzip", id="wrong checksum"),
        pytest.param(BODY, "gzip", id="not gzip"),
        pytest.param(gzip.compress(b"") * 1000, "gzip", id="a thousand members"),
        pytest.param(BODY, "deflate", id="not deflate"),
        pytest.param(BODY, "br", id="br"),
        pytest.param(BODY, "zstd", id="zstd"),
        pytest.param(gzip.compress(gzip.compress(BODY)), "gzip, gzip", id="compressed twice"),
    ],
)
def test_bodies_that_cannot_be_decompressed(content: bytes, coding: str) -> None:
    """A truncated, damaged or differently compressed body is not usable."""
    with pytest.raises(UnusableResponseError):
        decompressed(compressed(content, coding), 2**26)


def test_an_unknown_coding() -> None:
    """The error for a coding that was not accepted gives this as the reason."""
    with pytest.raises(UnusableResponseError, match="that the request did not accept"):
        decompressed(compressed(BODY, "br"), 2**26)


@pytest.mark.parametrize(
    ("compress", "coding"),
    [(gzip.compress, "gzip"), (zlib.compress, "deflate"), (raw_deflate, "deflate")],
    ids=["gzip", "zlib", "deflate"],
)
def test_decompression_is_limited(compress: Callable[[bytes], bytes], coding: str) -> None:
    """Decompression stops at the maximum size of a response."""
    assert len(decompressed(compressed(compress(bytes(1000)), coding), 1000).content) == 1000
    with pytest.raises(ResponseTooLargeError):
        decompressed(compressed(compress(bytes(1001)), coding), 1000)
    with pytest.raises(ResponseTooLargeError):
        decompressed(compressed(compress(bytes(10_000_000)), coding), 1000)


@given(content=st.binary(min_size=1))
def test_any_body_is_decompressed(content: bytes) -> None:
    """Any body is the same after compression and decompression."""
    for compress, coding in (
        (gzip.compress, "gzip"),
        (zlib.compress, "deflate"),
        (raw_deflate, "deflate"),
    ):
        assert decompressed(compressed(compress(content), coding), 2**26).content == content


@given(content=st.binary(), coding=st.sampled_from(["gzip", "deflate"]))
def test_any_bytes_are_decompressed_or_refused(content: bytes, coding: str) -> None:
    """Bytes that claim to be compressed raise no exception of zlib."""
    try:
        decompressed(compressed(content, coding), 2**26)
    except UnusableResponseError:
        assert content


# Unusable bodies


@pytest.mark.parametrize(
    ("content_type", "content", "is_page"),
    [
        ("text/html; charset=utf-8", b"Hello", True),
        ("Text/HTML", b"Hello", True),
        (None, b"<!DOCTYPE html><p>Hello", True),
        (None, b"\n  <html>", True),
        ("application/json", b"Hello", False),
        (None, b"Hello", False),
    ],
)
def test_the_error_for_a_web_page_points_to_the_base_url(
    content_type: str | None, content: bytes, is_page: bool
) -> None:
    """The error for a web page advises to check the base URL, and no other one does."""
    headers = [] if content_type is None else [(b"Content-Type", content_type.encode())]

    error = unusable_response(INFO, RawResponse(200, headers, content), "is not JSON", ())

    assert ("check the base URL" in str(error)) is is_page
    assert f"({content_type or 'no content type'})" in str(error)


def test_the_error_quotes_the_beginning_of_the_body() -> None:
    """The error quotes 200 characters and has the whole body as an attribute."""
    error = unusable_response(INFO, RawResponse(200, [], b"x" * 5000), "is not JSON", ())

    assert f"'{'x' * 200}...'" in str(error)
    assert error.body == "x" * 5000


@pytest.mark.parametrize(
    ("content", "expected"),
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
    ids=["object", "null", "string", "empty", "truncated", "HTML", "not UTF-8", "too deep"],
)
def test_is_json(content: bytes, expected: bool) -> None:
    """JSON is recognized at any depth."""
    assert is_json(content) is expected
