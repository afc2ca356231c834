"""Response bodies: decompression, and what is wrong with one."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable

from .._secrets.redact import redact
from ..errors import APIResponseError, RequestInfo
from .exceptions import ResponseTooLargeError, UnusableResponseError
from .messages import RawResponse
from .status_errors import MAX_TEXT, excerpt, text_of, without_surrogates

__all__ = [
    "begins_as_json",
    "compressions",
    "decompressed",
    "is_json",
    "plain_json",
    "unusable_response",
]

_MAX_MEMBERS = 100

# As in curl.
_MAX_COMPRESSIONS = 5

# Bodies are compressed by a factor of up to 20, repetitive ones by 100, and those that are made to
# fill the memory by 1000. A smaller body than this is harmless.
_MAX_RATIO = 100
_HARMLESS = 4 * 1024 * 1024

_SUPPORTED = ("gzip", "x-gzip", "deflate")

# The other registered content codings (RFC 9110, 16.6.1).
_UNSUPPORTED = (
    *("aes128gcm", "br", "compress", "dcb", "dcz", "exi", "pack200-gzip", "x-compress", "zstd"),
)

_COMPRESSIONS = (*_SUPPORTED, *_UNSUPPORTED)


def compressions(response: RawResponse) -> list[str]:
    """Return how the body is compressed, in the order in which that was done.

    What is not a content coding is ignored, as in httpx: some servers send `utf-8` or `none`.
    """
    values = [value for name, value in response.headers if name.lower() == b"content-encoding"]
    if not values:
        return []
    codings = b",".join(values).decode("latin-1").lower().split(",")
    return [name for coding in codings if (name := coding.strip()) in _COMPRESSIONS]


def decompressed(response: RawResponse, max_bytes: int) -> RawResponse:
    """Return the response with its body decompressed (RFC 9110, 8.4).

    Raises:
        ResponseTooLargeError: It is larger than `max_bytes` when decompressed, or was compressed
            by too large a factor.
        UnusableResponseError: It is not compressed as its headers claim.
    """
    codings = compressions(response)
    content = response.content
    if not codings or not content:
        return response
    if len(codings) > _MAX_COMPRESSIONS or any(coding in _UNSUPPORTED for coding in codings):
        raise UnusableResponseError(
            response, "is compressed in a way that the request did not accept"
        )
    max_expanded = max(_HARMLESS, _MAX_RATIO * len(content))
    try:
        for coding in reversed(codings):
            content = _inflate(content, coding, min(max_bytes, max_expanded))
    except ResponseTooLargeError as exc:
        if max_expanded >= max_bytes:
            raise
        raise ResponseTooLargeError(max_expanded, len(response.content)) from exc
    except zlib.error as exc:
        raise UnusableResponseError(response, f"cannot be decompressed ({exc})") from exc
    return RawResponse(response.status, response.headers, content)


def _inflate(compressed: bytes, coding: str, max_bytes: int) -> bytes:
    # 32 + MAX_WBITS accepts a gzip or a zlib header. Some servers send deflate without zlib's
    # header, against the RFC: zlib's first byte is always 0x?8.
    is_raw = coding == "deflate" and compressed[0] & 0x0F != 8
    wbits = -zlib.MAX_WBITS if is_raw else 32 + zlib.MAX_WBITS
    content = b""
    # A gzip body may have several members (RFC 1952, 2.2). The rest is copied after each one, so
    # a body of nothing but members would take quadratic time.
    for _ in range(_MAX_MEMBERS):
        inflate = zlib.decompressobj(wbits)
        content += inflate.decompress(compressed, max_bytes + 1 - len(content))
        if len(content) > max_bytes:
            raise ResponseTooLargeError(max_bytes)
        if not inflate.eof:
            raise zlib.error("the compressed body is truncated")
        compressed = inflate.unused_data
        if not compressed:
            return content
    raise zlib.error(f"the compressed body has more than {_MAX_MEMBERS} members")


def is_json(content: bytes) -> bool:
    """Return whether a body is JSON."""
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return False
    return True


def begins_as_json(content: bytes) -> bool:
    """Return whether a body begins as JSON does, which texts and web pages do not.

    What is not read need not be parsed.
    """
    beginning = content[:1024]
    text = beginning.decode(json.detect_encoding(beginning), "ignore").lstrip("\ufeff \t\r\n")
    return text[:1] in ("{", "[", '"') or is_json(beginning)


def plain_json(content: bytes) -> bytes | None:
    """Return JSON as UTF-8 without a byte order mark and lone surrogates; None if it is not JSON.

    Then pydantic accepts whatever the standard library accepts.
    """
    try:
        text = json.dumps(json.loads(content), ensure_ascii=False)
    except (ValueError, RecursionError):
        return None
    return without_surrogates(text).encode()


def unusable_response(
    request: RequestInfo, response: RawResponse, problem: str, secrets: Iterable[str]
) -> APIResponseError:
    """Return the error for a response that is not what the API promises.

    Args:
        request: The request.
        response: The response.
        problem: What is wrong with it; completes 'but the response ...'.
        secrets: Strings to redact.
    """
    media_type = response.header(b"content-type")
    text = redact(text_of(response.content[:MAX_TEXT], media_type), secrets)
    content_type = redact(media_type or "no content type", secrets)
    is_page = "html" in content_type.lower() or text.lstrip()[:1] == "<"
    advice = (
        " This is a web page, not the API: check the base URL, and any proxy in between."
        if is_page
        else " If this persists, report it to the service with this message."
    )
    message = f"{request} returned {response.status}, but the response {problem} ({content_type}):"
    error = APIResponseError(redact(f"{message} {excerpt(text)!r}.{advice}", secrets))
    error.request = request
    error.status_code = response.status
    error.data = text
    return error
