"""Response bodies: decompression, and the error for those that cannot be used."""

from __future__ import annotations

import gzip
import random
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from root._http.bodies import (
    begins_as_json,
    decompressed,
    is_json,
    plain_json,
    unusable_response,
)
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
        pytest.param(gzip.compress(BODY), "identity, gzip", id="identity, gzip"),
        pytest.param(gzip.compress(BODY), "utf-8, gzip,", id="utf-8, gzip,"),
        pytest.param(gzip.compress(zlib.compress(BODY)), "deflate, GZIP", id="compressed twice"),
        *(
            pytest.param(BODY, name, id=repr(name))
            for name in ("", ",", "utf-8", "UTF-8", "none", "null", "binary", "identity, identity")
        ),
    ],
)
def test_decompression(content: bytes, coding: str | None) -> None:
    """A compressed body is decompressed; status and headers stay as they were."""
    response = compressed(content, coding)

    assert decompressed(response, 2**26) == RawResponse(200, response.headers, BODY)


def test_several_headers() -> None:
    """Several headers Content-Encoding mean the same as one with all their values."""
    headers = [(b"content-encoding", b"deflate"), (b"X", b"y"), (b"Content-Encoding", b"gzip")]
    content = gzip.compress(zlib.compress(BODY))

    assert decompressed(RawResponse(200, headers, content), 2**26).content == BODY


def test_each_decompression_is_limited() -> None:
    """A body that is compressed several times is larger than the maximum at no step."""
    content = gzip.compress(gzip.compress(bytes(1_000_000), 0))

    with pytest.raises(ResponseTooLargeError):
        decompressed(compressed(content, "gzip, gzip"), 10_000)


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
        pytest.param(gzip.compress(BODY), "gzip, gzip", id="compressed once, not twice"),
        pytest.param(gzip.compress(BODY), "gzip, br", id="gzip and br"),
        pytest.param(BODY, "gzip, " * 1000, id="too many times"),
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


@pytest.mark.parametrize("times", [1, 2])
def test_the_factor_is_limited(times: int) -> None:
    """A body must not be compressed by a factor of more than 100, unless it is small."""
    content = bytes(6_000_000)
    for _ in range(times):
        content = gzip.compress(content)
    coding = ", ".join(["gzip"] * times)

    with pytest.raises(ResponseTooLargeError) as error:
        decompressed(compressed(content, coding), 2**26)

    assert error.value.max_bytes == 2**22
    assert error.value.compressed == len(content)
    small = gzip.compress(bytes(4_000_000))
    assert len(decompressed(compressed(small, "gzip"), 2**26).content) == 4_000_000


def test_a_factor_of_usual_bodies() -> None:
    """A large body that is compressed by a usual factor is decompressed."""
    content = random.Random(1).randbytes(100_000).hex().encode() * 30
    packed = gzip.compress(content) + gzip.compress(content)

    assert decompressed(compressed(packed, "gzip"), 2**26).content == content * 2


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


# JSON


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32-be"])
def test_plain_json(encoding: str) -> None:
    """JSON in each encoding that the standard library reads becomes UTF-8."""
    assert plain_json('{"name": "größer"}'.encode(encoding)) == '{"name": "größer"}'.encode()


@pytest.mark.parametrize(
    ("content", "plain"),
    [
        pytest.param(rb'["x\ud83d"]', "x\ufffd", id="first half, escaped"),
        pytest.param(rb'["\ude00x"]', "\ufffdx", id="second half, escaped"),
        pytest.param(rb'["\ud83d\ud83d\ude00"]', "\ufffd\U0001f600", id="half before a whole"),
        pytest.param(b'["x\xed\xa0\xbd"]', "x\ufffd", id="first half as UTF-8"),
        pytest.param(b'["\xed\xa0\xbd\xed\xb8\x80"]', "\U0001f600", id="both halves as UTF-8"),
    ],
)
def test_lone_surrogates(content: bytes, plain: str) -> None:
    """Half of a character is replaced, and two that belong together become one."""
    assert plain_json(content) == f'["{plain}"]'.encode()


@pytest.mark.parametrize("content", [b"", b"nonsense", b'{"a', b"[" * 100_000, b"\xff\xfe\x00"])
def test_no_json(content: bytes) -> None:
    """What is not JSON has no plain form."""
    assert plain_json(content) is None


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


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b' {"a": 1', True),
        (b"[" * 100_000, True),
        (b'\n"a"', True),
        ('\ufeff{"a": 1}'.encode(), True),
        ('{"a": 1}'.encode("utf-16"), True),
        ('{"a": 1}'.encode("utf-32"), True),
        (b" null ", True),
        (b"12", True),
        (b"<html>", False),
        (b"not found", False),
        (b"OK", False),
        (b"\x1f\x8b\x08", False),
    ],
)
def test_begins_as_json(content: bytes, expected: bool) -> None:
    """JSON that is not needed is recognized by its beginning."""
    assert begins_as_json(content) is expected
