"""Errors for responses with an error status."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable

from .._secrets.redact import printable, redactor
from ..errors import APIStatusError, BadRequestError, JSONValue, RequestInfo, class_of
from .operation import decode

__all__ = ["MAX_TEXT", "TRY_AGAIN", "excerpt", "status_error", "text_of", "without_surrogates"]

MAX_TEXT = 1024 * 1024
"""Bytes of a response body that an error keeps."""

TRY_AGAIN = " Try again later."
"""The advice at the end of an error, unless the request may have been processed."""

# Bytes of an error that is parsed. Larger JSON has no message, and takes long.
_MAX_JSON = 128 * 1024

_MAX_EXCERPT = 200

# What is nested deeper can be neither pickled nor copied.
_MAX_DEPTH = 100

_ADVICE = {
    400: "Correct the request and try again.",
    401: "Check the API key (argument, ROOTSIGNALS_API_KEY, SCORABLE_API_KEY or .env).",
    403: "Check that the API key is right and has this permission.",
    405: "The server does not have this operation.",
    409: "Check the existing objects before trying again.",
    422: "Correct the request and try again.",
    429: "Slow down and try again later.",
}

# A string, since compiling it takes a millisecond that only this error needs.
_UUID = "(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

# RFC 9110, 15.6.2 and 15.6.6; RFC 2774, 7.
_UNSUPPORTED = (501, 505, 510)


def status_error(
    request: RequestInfo,
    status: int,
    body: bytes,
    *,
    content_type: str | None = None,
    secrets: Iterable[str] = (),
    note: str | None = None,
) -> APIStatusError:
    """Return the error for a response with an error status.

    Args:
        request: The request.
        status: The HTTP status.
        body: The response body, in one of Django REST Framework's forms or any other.
        content_type: Its media type.
        secrets: Strings to redact even if the server echoes them.
        note: What is known about this response besides its status.
    """
    advice = _ADVICE.get(status, "")
    if status == 404:
        advice = _not_found(request.url.partition("?")[0])
    if status in _UNSUPPORTED:
        advice = "The service, or a proxy, does not support the request."
    elif status >= 500:
        advice = f"The service has a problem.{TRY_AGAIN}"
    content = _redact(_parse(body[:MAX_TEXT], content_type), secrets)
    fields = _fields(content)
    detail = printable(_detail(content, fields) or "") or None
    reason = f": {detail}" if detail else "."
    if detail and detail[-1] not in ".!?":
        reason += "."
    message = f"{request} returned {status}{reason}"
    error = class_of(status)(
        " ".join(part for part in (message, note, advice) if part),
        request=request,
        status_code=status,
        detail=detail,
        body=content,
    )
    if isinstance(error, BadRequestError):
        error.fields = fields
    return error


def _not_found(url: str) -> str:
    """Return the advice for a URL, without its query, that the server has not found."""
    if url.endswith("/by-name/"):
        return "Check the name, and that this API key has access to it."
    if not re.search(_UUID, url):
        return (
            "Check the path: an ID is a UUID, not a name, and the server may lack this operation."
        )
    return (
        "Check the ID, and that this API key has access to it. The server may lack this operation."
    )


def excerpt(text: str) -> str:
    """Return the first 200 characters of a text, on one line."""
    short = " ".join(text[: 2 * _MAX_EXCERPT].split())
    return short if len(short) <= _MAX_EXCERPT else short[:_MAX_EXCERPT] + "..."


def text_of(body: bytes, content_type: str | None) -> str:
    """Return a body of any kind as text: by its byte order mark, its charset, or as UTF-8."""
    encoding = json.detect_encoding(body)
    if encoding == "utf-8":
        return decode(body, content_type)
    return body.decode(encoding, "replace")


def without_surrogates(text: str) -> str:
    """Return a text that can be encoded: lone surrogates are replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _parse(body: bytes, content_type: str | None) -> JSONValue:
    text = text_of(body, content_type)
    # JSON is UTF-8, whatever its charset is called (RFC 8259, 8.1), but some proxies mean it.
    for document in (body, text) if len(body) <= _MAX_JSON else ():
        try:
            content: JSONValue = json.loads(document)
        except (ValueError, RecursionError):
            continue
        return content if _is_shallow(content, _MAX_DEPTH) else text
    # A proxy's HTML page, or nothing at all.
    return text


def _redact(content: JSONValue, secrets: Iterable[str]) -> JSONValue:
    # JSON is redacted after it is parsed: any character may be escaped in it. JSON that could be
    # parsed is complete.
    clean = redactor(secrets, may_be_truncated=isinstance(content, str))
    return _map_texts(content, lambda text: clean(without_surrogates(text)))


def _map_texts(content: JSONValue, change: Callable[[str], str]) -> JSONValue:
    if isinstance(content, str):
        return change(content)
    if isinstance(content, list):
        return [_map_texts(item, change) for item in content]
    if isinstance(content, dict):
        return {change(name): _map_texts(value, change) for name, value in content.items()}
    return content


def _is_shallow(content: JSONValue, levels: int) -> bool:
    if isinstance(content, dict):
        content = list(content.values())
    if not isinstance(content, list):
        return True
    return levels > 0 and all(_is_shallow(item, levels - 1) for item in content)


def _fields(content: JSONValue) -> dict[str, list[str]]:
    """Return Django REST Framework's validation errors by field."""
    if isinstance(content, list):
        return {"non_field_errors": [_as_text(item) for item in content]} if content else {}
    if not isinstance(content, dict):
        return {}
    return {
        name: [_as_text(item) for item in value] if isinstance(value, list) else [_as_text(value)]
        for name, value in content.items()
        if name != "detail"
    }


def _detail(content: JSONValue, fields: dict[str, list[str]]) -> str | None:
    if isinstance(content, dict) and content.get("detail"):
        return excerpt(_as_text(content["detail"]))
    if fields:
        general = " ".join(fields.get("non_field_errors", ()))
        named = [
            f"{name}: {' '.join(problems)}"
            for name, problems in fields.items()
            if name != "non_field_errors"
        ]
        return excerpt("; ".join(part for part in (general, *named) if part))
    if isinstance(content, str) and not content.lstrip().startswith("<"):
        return excerpt(content) or None
    return None


def _as_text(value: JSONValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
