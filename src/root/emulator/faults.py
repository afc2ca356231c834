"""Faults on purpose: what goes wrong, with which requests, and how often."""

from __future__ import annotations

import http
import json
import math
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from email.utils import formatdate
from fnmatch import fnmatchcase
from pathlib import Path
from random import Random
from typing import ClassVar, Literal, TypeAlias, cast

from pydantic import ConfigDict, JsonValue, TypeAdapter, ValidationError
from starlette.responses import Response

from root.emulator.pages import NextStyle
from root.emulator.problems import throttled_text

__all__ = ["Fault", "Faults", "Reset", "Standing", "read_fault", "read_faults"]

Reset: TypeAlias = Literal["before", "after"]
"""When a connection is reset: before what was asked is done, or after."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """What goes wrong, with which requests, and how often.

    With a `status` the service answers with it, and does not do what was asked; without one it
    does, and the rest says what becomes of its answer.

    Attributes:
        status: The status to answer with, 200 to 599.
        headers: Headers to add to the answer.
        body: The body to answer with: text as it is, anything else as JSON. Left out, it is what
            the service, or a proxy in front of it, says with such a status.
        retry_after: Seconds to put into the header `Retry-After`.
        retry_after_form: How it says so: in seconds, as the HTTP date at which they will be over
            (RFC 9110, 10.2.3), or in milliseconds, as `Retry-After-Ms`.
        delay: Seconds to wait before anything else.
        reset: Reset the connection, before what was asked is done or after.
        truncate: Break off in the middle of the answer.
        garble: Send other bytes than those of the answer.
        drip: Seconds between two bytes of the body.
        hang_up: Close the connection after the answer, without having said so.
        next_style: The form of `next` in a page.
        novelties: Send fields and values of enums that no client knows yet.
        method: The method of the requests that it concerns, or None for all.
        path: Their path, in which `*` stands for anything, or None for all.
        times: With how many requests it goes wrong, or None for all.
        probability: How likely it is that it goes wrong, from 0 to 1.
        seed: What chance begins with, to have it the same each time.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: JsonValue = None
    retry_after: float | None = None
    retry_after_form: Literal["seconds", "date", "milliseconds"] = "seconds"
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
        """Refuse what cannot be played.

        Raises:
            ValueError: Something cannot be played; the text says how it can.
        """
        for name, fine, rule in (
            ("status", self.status is None or 200 <= self.status <= 599, "is from 200 to 599"),
            ("delay", _is_seconds(self.delay), "is a number of seconds"),
            ("drip", self.drip is None or _is_seconds(self.drip), "is a number of seconds"),
            (
                "retry_after",
                self.retry_after is None or _is_seconds(self.retry_after),
                "is a number of seconds; put anything else into headers",
            ),
            ("reset", self.reset in (None, "before", "after"), 'is "before" or "after"'),
            ("times", self.times is None or self.times >= 1, "is at least 1, or None for ever"),
            ("probability", 0 <= self.probability <= 1, "is from 0 to 1"),
            ("headers", _are_headers(self.headers), "are names and values that HTTP takes"),
        ):
            if not fine:
                raise ValueError(f"{name} {rule}, not {getattr(self, name)!r}.")

    def concerns(self, method: str, path: str) -> bool:
        """Return whether it is about such a request."""
        return (self.method is None or self.method.upper() == method) and (
            self.path is None or fnmatchcase(path, self.path)
        )

    def told(self) -> dict[str, JsonValue]:
        """Return what it says beyond the defaults, as JSON has it."""
        usual = asdict(Fault())
        return {name: value for name, value in asdict(self).items() if value != usual[name]}

    def response(self, status: int) -> Response:
        """Return the answer with this status, in which nothing is done."""
        if self.body is None:
            content, media_type = _usual_body(status, self.retry_after)
        else:
            content, media_type = _written(self.body)
        return Response(content, status, self.added_headers(), media_type or None)

    def changed(self, response: Response) -> Response:
        """Return the answer to what was done, as this fault has it."""
        body = bytes(response.body)
        headers = dict(response.headers)
        if self.body is not None:
            content, headers["content-type"] = _written(self.body)
            body = content.encode()
        elif self.novelties and body:
            body = _with_novelties(body)
        if self.garble:
            # The beginning stays, so that it looks like what it is not.
            body = bytes(byte ^ 0xA5 if at % 7 == 6 else byte for at, byte in enumerate(body))
        headers.pop("content-length", None)
        return Response(body, response.status_code, headers | self.added_headers())

    def added_headers(self) -> dict[str, str]:
        """Return the headers that it adds to an answer."""
        headers = dict(self.headers)
        seconds = self.retry_after
        if seconds is None:
            return headers
        if self.retry_after_form == "date":
            headers["Retry-After"] = formatdate(math.ceil(time.time() + seconds), usegmt=True)
        elif self.retry_after_form == "milliseconds":
            headers["Retry-After-Ms"] = f"{seconds * 1000:g}"
        else:
            headers["Retry-After"] = f"{seconds:g}"
        return headers


_ADAPTER = TypeAdapter(Fault)


def read_fault(data: object) -> Fault:
    """Return the fault that JSON data describes; the names are those of its attributes.

    Raises:
        ValueError: It describes none; the text names all that is wrong.
    """
    try:
        # As JSON: from Python objects a strict adapter takes nothing but a Fault.
        return _ADAPTER.validate_json(json.dumps(data))
    except ValidationError as exc:
        problems = [
            f"{'.'.join(map(str, item['loc'])) or 'a fault'}: {item['msg']}"
            for item in exc.errors(include_url=False, include_context=False, include_input=False)
        ]
    raise ValueError("; ".join(problems))


def read_faults(path: str | os.PathLike[str]) -> list[Fault]:
    """Return the faults that a JSON file lists.

    Raises:
        OSError: The file cannot be read.
        ValueError: It lists none; the text names the file and what is wrong in it.
    """
    try:
        listed = json.loads(Path(path).read_bytes())
    except ValueError as exc:
        raise ValueError(f"{path} is no JSON: {exc}") from exc
    if not isinstance(listed, list):
        raise ValueError(f"{path} holds no list of faults.")
    faults: list[Fault] = []
    for number, data in enumerate(cast("list[object]", listed), start=1):
        try:
            faults.append(read_fault(data))
        except ValueError as exc:
            raise ValueError(f"{path}, fault {number}: {exc}") from exc
    return faults


@dataclass(slots=True)
class Standing:
    """A fault that is waiting for requests.

    Attributes:
        id: Its number, by which it can be taken back.
        fault: What goes wrong.
        left: With how many requests it still does, or None for all.
    """

    id: int
    fault: Fault
    left: int | None
    _chance: Random = field(repr=False)

    def fires(self, method: str, path: str) -> bool:
        """Return whether it goes wrong with this request."""
        return self.fault.concerns(method, path) and self._chance.random() < self.fault.probability


class Faults:
    """The faults that are waiting: what is to happen so many times comes first, in its order."""

    def __init__(self, seed: int | None) -> None:
        """Take what chance begins with; None is another beginning each time."""
        self._seeds = Random(seed)
        self._standing: list[Standing] = []
        self._number = 0

    def add(self, fault: Fault) -> int:
        """Have a fault wait for its requests, and return its number."""
        self._number += 1
        seed = self._seeds.getrandbits(64) if fault.seed is None else fault.seed
        self._standing.append(Standing(self._number, fault, fault.times, Random(seed)))
        # What stands for ever would otherwise keep what is to happen next from happening.
        self._standing.sort(key=lambda standing: standing.left is None)
        return self._number

    def remove(self, number: int | None) -> None:
        """Take back the fault with this number, or all of them.

        Raises:
            ValueError: There is no fault with this number, or not any more.
        """
        kept = [one for one in self._standing if number is not None and one.id != number]
        if number is not None and len(kept) == len(self._standing):
            raise ValueError(f"There is no fault with the number {number}, or not any more.")
        self._standing = kept

    def all(self) -> tuple[Standing, ...]:
        """Return the faults in the order in which they are tried."""
        return tuple(self._standing)

    def next(self, method: str, path: str) -> Fault | None:
        """Return what goes wrong with this request, and count it."""
        for standing in self._standing:
            if standing.fires(method, path):
                if standing.left is not None:
                    standing.left -= 1
                    if not standing.left:
                        self._standing.remove(standing)
                return standing.fault
        return None


def _is_seconds(value: float) -> bool:
    return math.isfinite(value) and value >= 0


def _are_headers(headers: Mapping[str, str]) -> bool:
    return all(
        name.isascii()
        and name.replace("-", "a").isalnum()
        and value.isascii()
        and (value.isprintable() or not value)
        for name, value in headers.items()
    )


def _written(body: JsonValue) -> tuple[str, str]:
    """Return a body as text, and what it is announced as."""
    if not isinstance(body, str):
        return json.dumps(body), "application/json"
    is_page = body.lstrip().startswith("<")
    return body, "text/html; charset=utf-8" if is_page else "text/plain; charset=utf-8"


# What Django REST Framework says with a status, where nothing else is to be said.
_DETAILS = {
    401: "Authentication credentials were not provided.",
    403: "You do not have permission to perform this action.",
    404: "Not found.",
    406: "Could not satisfy the request Accept header.",
}


def _usual_body(status: int, retry_after: float | None) -> tuple[str, str]:
    if status in (204, 205, 304):
        return "", ""
    phrase = _phrase(status)
    if status == 400:
        return _written({"non_field_errors": ["This is a fault that was asked for."]})
    if status == 429:
        return _written({"detail": throttled_text(retry_after)})
    if 400 <= status < 500:
        return _written({"detail": _DETAILS.get(status, f"{phrase}.")})
    if status < 400:
        return _written({})
    # From 500 on it is a server or a proxy that speaks, and no application.
    title = f"{status} {phrase}"
    return _written(
        f'<!doctype html>\n<html lang="en">\n<title>{title}</title>\n<h1>{title}</h1>\n</html>\n'
    )


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _with_novelties(body: bytes) -> bytes:
    """Return the JSON of an answer as a later version of the service might send it."""
    try:
        content = json.loads(body)
    except ValueError:
        return body
    return json.dumps(_renewed(content)).encode()


def _renewed(content: JsonValue) -> JsonValue:
    if isinstance(content, list):
        return [_renewed(item) for item in content]
    if not isinstance(content, dict):
        return content
    renewed = {name: _renewed(value) for name, value in content.items()}
    if "visibility" in renewed:
        renewed["visibility"] = "SHARED_WITH_FRIENDS"
    return {**renewed, "novelty": {"kind": "BRAND_NEW", "values": [1, 2.5, None]}}
