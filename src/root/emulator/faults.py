"""Faults: errors and delays that the emulator simulates on demand."""

from __future__ import annotations

import http
import json
import math
import os
import time
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import MISSING, dataclass, field, fields
from email.utils import formatdate
from fnmatch import fnmatchcase
from pathlib import Path
from typing import ClassVar, cast

from pydantic import ConfigDict, JsonValue, TypeAdapter, ValidationError
from starlette.responses import Response

from root.emulator.cursors import NextStyle
from root.emulator.fault_rules import (
    BODILESS_STATUSES,
    Reset,
    RetryAfterForm,
    check_combination,
    check_values,
)
from root.emulator.problems import throttled_detail

__all__ = ["Fault", "parse_fault", "read_faults"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A simulated fault, and the requests that it applies to.

    With a `status`, the emulator sends an error response and does not process the request. Without
    one it processes the request, and the other attributes change the response. A fault with only
    `times` has no effect on that number of requests: `Fault(times=2)` before another fault makes
    the third request fail.

    Attributes:
        status: The status of the response, 200 to 599.
        headers: Headers to add to the response; they replace its own headers of the same name.
        body: The body of the response: a string as it is, any other value as JSON. If omitted, it
            is the usual body of the service, or of a proxy, for the status.
        retry_after: Seconds for the header `Retry-After`.
        retry_after_form: The format of the header: seconds, an HTTP date (RFC 9110, 10.2.3), or
            milliseconds in the header `Retry-After-Ms`.
        delay: Seconds to wait before the request is processed.
        reset: Reset the connection before or after the request is processed.
        truncate: Close the connection in the middle of the response.
        garble: Replace bytes of the body by others, which are not valid UTF-8.
        drip: Seconds between the bytes of the body.
        hang_up: Close the connection after the response without announcing it.
        next_style: The format of `next` in a page.
        novelties: Add unknown fields and enum values to the response.
        method: The method of matching requests, or None for all methods.
        path: The path of matching requests, or None for all paths. It can contain `*`, `?` and
            `[...]` as in `fnmatch.fnmatchcase`, ends with a slash or `*`, and has no query.
        times: The number of requests that the fault applies to, or None for no limit.
        probability: The probability that the fault applies to a matching request, from 0 to 1.
        seed: The seed of the random numbers for `probability`.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: JsonValue = None
    retry_after: float | None = None
    retry_after_form: RetryAfterForm = "seconds"
    delay: float = 0.0
    reset: Reset | None = None
    truncate: bool = False
    garble: bool = False
    drip: float | None = None
    hang_up: bool = False
    next_style: NextStyle | None = None
    novelties: bool = False
    method: str | None = None
    path: str | None = None
    times: int | None = None
    probability: float = 1.0
    seed: int | None = None

    def __post_init__(self) -> None:
        """Validate the fault.

        Raises:
            ValueError: A value is invalid, or values cannot be combined.
        """
        check_values(self)
        check_combination(self.to_dict().keys(), self.status)
        # Copies, since later changes by the caller would not be validated.
        object.__setattr__(self, "headers", dict(self.headers))
        object.__setattr__(self, "body", deepcopy(self.body))

    def __hash__(self) -> int:
        # Equal faults are equal in these; a header and a body may not be hashable.
        return hash((self.status, self.delay, self.method, self.path, self.times))

    def matches(self, method: str, path: str) -> bool:
        """Return whether `method` and `path` match a request."""
        return (self.method is None or self.method.upper() == method) and (
            self.path is None or fnmatchcase(path, self.path)
        )

    def to_dict(self) -> dict[str, JsonValue]:
        """Return the values that differ from the defaults, as JSON."""
        values: dict[str, JsonValue] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if one.name == "headers":
                value = dict(value)
            if value != (one.default if one.default is not MISSING else {}):
                values[one.name] = value
        return values

    def response_for(self, status: int, method: str, content_type: str) -> Response:
        """Return the usual response with a status, instead of processing the request.

        Args:
            status: The status.
            method: The method of the request.
            content_type: The media type of the request's body.
        """
        content, media_type = _usual_body(status, self.retry_after, method, content_type)
        return Response(content, status, media_type=media_type or None)

    def apply_to(self, response: Response) -> Response:
        """Return the response with the fault's headers and changes of the body."""
        body = bytes(response.body)
        headers = dict(response.headers)
        headers.pop("content-length", None)
        if response.status_code not in BODILESS_STATUSES:
            if self.body is not None:
                text, headers["content-type"] = _encode(self.body)
                body = text.encode()
            elif self.novelties:
                body = _add_novelties(body)
            if self.garble:
                # The beginning is kept, so that the body still looks like its media type.
                last = len(body) - 1
                body = bytes(
                    byte ^ 0xA5 if index % 7 == 6 or index == last else byte
                    for index, byte in enumerate(body)
                )
        return Response(body, response.status_code, headers | self._added_headers())

    def _added_headers(self) -> dict[str, str]:
        headers = {name.lower(): value for name, value in self.headers.items()}
        seconds = self.retry_after
        if seconds is None:
            return headers
        if self.retry_after_form == "date":
            headers["retry-after"] = formatdate(math.ceil(time.time() + seconds), usegmt=True)
        elif self.retry_after_form == "milliseconds":
            headers["retry-after-ms"] = _format_number(seconds * 1000)
        else:
            headers["retry-after"] = _format_number(seconds)
        return headers


_ADAPTER = TypeAdapter(Fault)


def parse_fault(data: object) -> Fault:
    """Return the fault that JSON data describes, with the names of its attributes.

    Raises:
        ValueError: The data is invalid; the message lists all errors.
    """
    try:
        # As JSON text: a strict adapter accepts no Python object other than a Fault.
        return _ADAPTER.validate_json(json.dumps(data))
    except ValidationError as exc:
        errors = [
            # Our own messages are sentences already.
            error["msg"].removeprefix("Value error, ")
            if error["type"] == "value_error"
            else f"{'.'.join(map(str, error['loc'])) or 'fault'}: {error['msg']}."
            for error in exc.errors(include_url=False, include_input=False)
        ]
    raise ValueError(" ".join(errors))


def read_faults(path: str | os.PathLike[str]) -> list[Fault]:
    """Read a JSON file with a list of faults.

    Raises:
        OSError: The file cannot be read.
        ValueError: The file is not a valid list of faults; the message names file and error.
    """
    try:
        items = json.loads(Path(path).read_bytes())
    except (ValueError, RecursionError) as exc:
        raise ValueError(f"{path} is not valid JSON: {exc}") from exc
    if not isinstance(items, list):
        raise ValueError(f"{path} must contain a list of faults.")
    faults: list[Fault] = []
    for number, data in enumerate(cast("list[object]", items), start=1):
        try:
            faults.append(parse_fault(data))
        except ValueError as exc:
            raise ValueError(f"{path}, fault {number}: {exc}") from exc
    return faults


def _format_number(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".")


def _to_json(content: JsonValue) -> str:
    # Without spaces, as the API sends it.
    return json.dumps(content, separators=(",", ":"))


def _encode(body: JsonValue) -> tuple[str, str]:
    """Return a body as text, and its media type."""
    if not isinstance(body, str):
        return _to_json(body), "application/json"
    is_html = body.lstrip().startswith("<")
    return body, "text/html; charset=utf-8" if is_html else "text/plain; charset=utf-8"


# Django REST Framework's messages for statuses without further details.
_DETAILS = {
    401: "Authentication credentials were not provided.",
    403: "You do not have permission to perform this action.",
    404: "Not found.",
    405: 'Method "{method}" not allowed.',
    406: "Could not satisfy the request Accept header.",
    415: 'Unsupported media type "{content_type}" in request.',
}


def _usual_body(
    status: int, retry_after: float | None, method: str, content_type: str
) -> tuple[str, str]:
    if status in BODILESS_STATUSES:
        return "", ""
    phrase = _phrase(status)
    if status == 400:
        return _encode({"non_field_errors": ["This error was requested by a fault."]})
    if status == 429:
        return _encode({"detail": throttled_detail(retry_after)})
    if 400 <= status < 500:
        text = _DETAILS.get(status, f"{phrase}.")
        return _encode({"detail": text.format(method=method, content_type=content_type)})
    if status < 400:
        return _encode({})
    # These statuses come from a web server or a proxy, not from the application.
    title = f"{status} {phrase}"
    return _encode(
        f'<!doctype html>\n<html lang="en">\n<title>{title}</title>\n<h1>{title}</h1>\n</html>\n'
    )


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _add_novelties(body: bytes) -> bytes:
    """Return a JSON body as a later version of the service might send it."""
    try:
        content = json.loads(body)
    except ValueError:
        return body
    return _to_json(_with_novelties(content)).encode()


def _with_novelties(content: JsonValue) -> JsonValue:
    if isinstance(content, list):
        return [_with_novelties(item) for item in content]
    if not isinstance(content, dict):
        return content
    changed = {name: _with_novelties(value) for name, value in content.items()}
    if "visibility" in changed:
        changed["visibility"] = "SHARED_WITH_FRIENDS"
    return {**changed, "novelty": {"kind": "BRAND_NEW", "values": [1, 2.5, None]}}
