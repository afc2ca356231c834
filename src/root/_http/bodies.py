"""Response bodies: decompression, and what is wrong with one."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable

from .._secrets.redact import redact
from ..errors import APIResponseError, RequestInfo
from .exceptions import ResponseTooLargeError, UnusableResponseError
from .messages import RawResponse
from .status_errors import MAX_TEXT, excerpt

__all__ = ["decompressed", "is_json", "unusable_response"]

_MAX_MEMBERS = 100


def decompressed(response: RawResponse, max_bytes: int) -> RawResponse:
    """Return the response with its body decompressed (RFC 9110, 8.4).

    Raises:
        ResponseTooLargeError: It is larger than `max_bytes` when decompressed.
        UnusableResponseError: It is not compressed as its headers claim.
    """
    coding = (response.header(b"content-encoding") or "identity").strip().lower()
    if coding == "identity" or not response.content:
        return response
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise UnusableResponseError(
            response, "is compressed in a way that the request did not accept"
        )
    try:
        content = _inflate(response.content, coding, max_bytes)
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
    text = redact(response.content[:MAX_TEXT].decode("utf-8", "replace"), secrets)
    content_type = redact(response.header(b"content-type") or "no content type", secrets)
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
    error.body = text
    return error
