"""Faults on purpose: what goes wrong, with which requests, and how often."""

from __future__ import annotations

import asyncio
import http
import json
import math
import os
import re
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import MISSING, dataclass, field, fields
from email.utils import formatdate
from fnmatch import fnmatchcase
from pathlib import Path
from random import Random
from typing import ClassVar, Literal, TypeAlias, cast, get_args

from pydantic import ConfigDict, JsonValue, TypeAdapter, ValidationError
from starlette.responses import Response

from root.emulator.cursors import NextStyle
from root.emulator.problems import throttled_text

__all__ = [
    "Fault",
    "Faults",
    "Reset",
    "RetryAfterForm",
    "Standing",
    "read_fault",
    "read_faults",
]

Reset: TypeAlias = Literal["before", "after"]
"""When a connection is reset: before what was asked is done, or after."""

RetryAfterForm: TypeAlias = Literal["seconds", "date", "milliseconds"]
"""How a server says when to come back."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """What goes wrong, with which requests, and how often.

    With a `status` the service answers with it, and does not do what was asked; without one it
    does, and the rest says what becomes of its answer. A fault in which nothing goes wrong lets
    requests through, and has `times`: `Fault(times=2)` before another has the third go wrong.

    Attributes:
        status: The status to answer with, 200 to 599.
        headers: Headers to add to the answer, in the place of its own of the same name.
        body: The body to answer with: text as it is, anything else as JSON. Left out, it is what
            the service, or a proxy in front of it, says with such a status.
        retry_after: Seconds to put into the header `Retry-After`.
        retry_after_form: How it says so: in seconds, as the HTTP date at which they will be over
            (RFC 9110, 10.2.3), or in milliseconds, as `Retry-After-Ms`.
        delay: Seconds to wait before anything else.
        reset: Reset the connection, before what was asked is done or after.
        truncate: Break off in the middle of the answer.
        garble: Send other bytes than those of the answer, which are no UTF-8.
        drip: Seconds between two bytes of the body.
        hang_up: Close the connection after the answer, without having said so.
        next_style: The form of `next` in a page.
        novelties: Send fields and values of enums that no client knows yet.
        method: The method of the requests that it concerns, or None for all.
        path: Their path, or None for all; `*`, `?` and `[...]` in it are those of
            `fnmatch.fnmatchcase`. It ends with a slash or `*`, and has no query.
        times: With how many requests it goes wrong, or None for all.
        probability: How likely it is that it goes wrong, from 0 to 1.
        seed: What chance begins with, to have it the same each time.
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
        """Refuse what cannot be played.

        Raises:
            ValueError: Something cannot be played; the text says how it can.
        """
        for name, is_fine, rule in _RULES:
            value: object = getattr(self, name)
            if not is_fine(value):
                raise ValueError(f"{name} {rule}, not {value!r}.")
        told = set(self.told())
        for name, others, reason in _APART:
            if name in told and (vain := [other for other in others if other in told]):
                raise ValueError(f"{name} {reason}, so it goes without {' and '.join(vain)}.")
        if self.status in BODILESS and (vain := [name for name in _ON_BODIES if name in told]):
            raise ValueError(
                f"status {self.status} has no body, so it goes without {' and '.join(vain)}."
            )
        if "retry_after_form" in told and self.retry_after is None:
            raise ValueError("retry_after_form says how retry_after is said, so it goes with it.")
        if not told - _WHICH:
            raise ValueError(
                "Say what goes wrong: a status, a delay, reset, truncate, body, headers. A fault"
                " that lets requests through says how many: times."
            )
        # Whoever made it may go on with what they made it of, which nothing would check then.
        object.__setattr__(self, "headers", dict(self.headers))
        object.__setattr__(self, "body", deepcopy(self.body))

    def concerns(self, method: str, path: str) -> bool:
        """Return whether it is about such a request."""
        return (self.method is None or self.method.upper() == method) and (
            self.path is None or fnmatchcase(path, self.path)
        )

    def told(self) -> dict[str, JsonValue]:
        """Return what it says beyond the defaults, as JSON has it."""
        told: dict[str, JsonValue] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if one.name == "headers":
                value = dict(value)
            if value != (one.default if one.default is not MISSING else {}):
                told[one.name] = value
        return told

    def instead(self, status: int, method: str, sent: str) -> Response:
        """Return the answer with this status, in the place of doing anything.

        Args:
            status: The status.
            method: The method of the request.
            sent: The media type of its body.
        """
        content, media_type = _usual_body(status, self.retry_after, method, sent)
        return Response(content, status, media_type=media_type or None)

    def changed(self, response: Response) -> Response:
        """Return an answer as this fault has it; one that can have no body gets none."""
        body = bytes(response.body)
        headers = dict(response.headers)
        headers.pop("content-length", None)
        if response.status_code not in BODILESS:
            if self.body is not None:
                text, headers["content-type"] = _written(self.body)
                body = text.encode()
            elif self.novelties:
                body = _with_novelties(body)
            if self.garble:
                # The beginning stays, so that it looks like what it is not.
                last = len(body) - 1
                body = bytes(
                    byte ^ 0xA5 if at % 7 == 6 or at == last else byte
                    for at, byte in enumerate(body)
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
            headers["retry-after-ms"] = _digits(seconds * 1000)
        else:
            headers["retry-after"] = _digits(seconds)
        return headers


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


# Thirty years: a date so far off can still be written.
_MOST_SECONDS = 1_000_000_000


def _is_seconds(value: object) -> bool:
    return _is_number(value) and 0 <= cast("float", value) <= _MOST_SECONDS


def _are_headers(value: object) -> bool:
    # What HTTP takes as a name and as a value (RFC 9110, 5.1 and 5.5), and no more than ASCII.
    if not isinstance(value, Mapping):
        return False
    headers = cast("Mapping[object, object]", value)
    return len({str(name).lower() for name in headers}) == len(headers) and all(
        isinstance(name, str)
        and isinstance(content, str)
        and re.fullmatch(r"[\w!#$%&'*+.^`|~-]+", name, re.ASCII)
        and re.fullmatch(r"(?:[!-~](?:[ -~\t]*[!-~])?)?", content)
        and name.lower() not in ("content-length", "transfer-encoding")
        for name, content in headers.items()
    )


def _is_body(value: object) -> bool:
    try:
        text = value if isinstance(value, str) else json.dumps(value, allow_nan=False)
        text.encode()
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _may_be_a_path(pattern: str) -> bool:
    # In a pattern a question mark is any character, and no beginning of a query.
    return (
        pattern.startswith(("/", "*"))
        and pattern.endswith(("/", "*"))
        and not re.search(r"\?\w+=", pattern)
    )


BODILESS = (204, 205, 304)
"""The statuses of answers that have no body (RFC 9110, 15.3.5, 15.3.6 and 15.4.5)."""

_SECONDS = f"is from 0 to {_MOST_SECONDS} seconds"
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

_RULES: tuple[tuple[str, Callable[[object], bool], str], ...] = (
    (
        "status",
        lambda value: value is None or (_is_whole(value) and 200 <= cast("int", value) <= 599),
        "is from 200 to 599",
    ),
    (
        "headers",
        _are_headers,
        "are names and values that HTTP takes, each name once, without those that say how long the"
        " body is",
    ),
    ("body", _is_body, "is text or what JSON can say"),
    (
        "retry_after",
        lambda value: value is None or _is_seconds(value),
        f"{_SECONDS}; put anything else into headers",
    ),
    (
        "retry_after_form",
        lambda value: value in get_args(RetryAfterForm),
        f"is one of {', '.join(get_args(RetryAfterForm))}",
    ),
    ("delay", _is_seconds, _SECONDS),
    ("reset", lambda value: value in (None, *get_args(Reset)), 'is "before" or "after"'),
    ("drip", lambda value: value is None or _is_seconds(value), _SECONDS),
    (
        "next_style",
        lambda value: value in (None, *get_args(NextStyle)),
        f"is one of {', '.join(get_args(NextStyle))}",
    ),
    *(
        (name, lambda value: isinstance(value, bool), "is True or False")
        for name in ("truncate", "garble", "hang_up", "novelties")
    ),
    (
        "method",
        lambda value: value is None or (isinstance(value, str) and value.upper() in _METHODS),
        f"is one of {', '.join(_METHODS)}, or None for all",
    ),
    (
        "path",
        lambda value: value is None or isinstance(value, str),
        "is text, or None for all",
    ),
    (
        "path",
        lambda value: value is None or _may_be_a_path(cast("str", value)),
        "begins and ends with a slash or *, and has no query, as it would fit no request",
    ),
    (
        "times",
        lambda value: value is None or (_is_whole(value) and cast("int", value) >= 1),
        "is at least 1, or None for ever",
    ),
    (
        "probability",
        lambda value: _is_number(value) and 0 <= cast("float", value) <= 1,
        "is from 0 to 1",
    ),
    ("seed", lambda value: value is None or _is_whole(value), "is a whole number"),
)

# What tells the requests, and not what goes wrong with them.
_WHICH = {"method", "path", "probability", "seed"}

_ON_BODIES = ("body", "garble", "drip")

# What would otherwise be passed over in silence, and be thought to have been tested.
_APART = (
    (
        "reset",
        (
            *("status", "headers", "body", "retry_after", "truncate", "garble", "drip"),
            *("hang_up", "next_style", "novelties"),
        ),
        "leaves no answer",
    ),
    ("status", ("next_style", "novelties"), "answers in the place of the API"),
    ("body", ("next_style", "novelties"), "is sent in the place of the API's"),
    ("truncate", ("hang_up",), "closes the connection already"),
)


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
            # What the rules say is a sentence already.
            item["msg"].removeprefix("Value error, ")
            if item["type"] == "value_error"
            else f"{'.'.join(map(str, item['loc'])) or 'a fault'}: {item['msg']}."
            for item in exc.errors(include_url=False, include_input=False)
        ]
    raise ValueError(" ".join(problems))


def read_faults(path: str | os.PathLike[str]) -> list[Fault]:
    """Return the faults that a JSON file lists.

    Raises:
        OSError: The file cannot be read.
        ValueError: It lists none; the text names the file and what is wrong in it.
    """
    try:
        listed = json.loads(Path(path).read_bytes())
    except (ValueError, RecursionError) as exc:
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

    def __init__(self, seed: int | None, first: Iterable[Fault] = ()) -> None:
        """Take what chance begins with (None is another beginning each time), and the first faults.

        Raises:
            TypeError: One of them is something else, such as a dictionary.
        """
        self._seed = seed
        self._first = tuple(first)
        self._standing: list[Standing] = []
        self._number = 0
        self._held: set[asyncio.Task[object]] = set()
        self.restart()

    def add(self, fault: Fault) -> int:
        """Have a fault wait for its requests, and return its number.

        Raises:
            TypeError: It is something else, such as a dictionary.
        """
        if not isinstance(cast("object", fault), Fault):
            raise TypeError(
                "A fault is made like Fault(status=503, times=1), and is no"
                f" {type(fault).__name__}."
            )
        self._number += 1
        seed = self._seeds.getrandbits(64) if fault.seed is None else fault.seed
        self._standing.append(Standing(self._number, fault, fault.times, Random(seed)))
        # What stands for ever would otherwise keep what is to happen next from happening.
        self._standing.sort(key=lambda standing: standing.left is None)
        return self._number

    def remove(self, number: int) -> None:
        """Take back the fault with this number.

        Raises:
            ValueError: There is no fault with this number, or not any more.
        """
        kept = [one for one in self._standing if one.id != number]
        if len(kept) == len(self._standing):
            raise ValueError(f"There is no fault with the number {number}, or not any more.")
        self._standing = kept

    def clear(self) -> None:
        """Take all of them back."""
        self._standing = []

    def restart(self) -> None:
        """Have none but the first, as at the beginning, and break off what is held up."""
        for task in self._held:
            task.cancel()
        self.clear()
        self._seeds = Random(self._seed)
        for fault in self._first:
            self.add(fault)

    @contextmanager
    def holding(self, task: asyncio.Task[object]) -> Generator[None, None, None]:
        """Have a task that a fault may hold up cancelled by `restart`.

        A request whose client has long gone would otherwise be done in the next test.
        """
        self._held.add(task)
        try:
            yield
        finally:
            self._held.discard(task)

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


def _digits(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".")


def _compact(content: JsonValue) -> str:
    # Without spaces, like the API's.
    return json.dumps(content, separators=(",", ":"))


def _written(body: JsonValue) -> tuple[str, str]:
    """Return a body as text, and what it is announced as."""
    if not isinstance(body, str):
        return _compact(body), "application/json"
    is_page = body.lstrip().startswith("<")
    return body, "text/html; charset=utf-8" if is_page else "text/plain; charset=utf-8"


# What Django REST Framework says with a status, where nothing else is to be said.
_DETAILS = {
    401: "Authentication credentials were not provided.",
    403: "You do not have permission to perform this action.",
    404: "Not found.",
    405: 'Method "{method}" not allowed.',
    406: "Could not satisfy the request Accept header.",
    415: 'Unsupported media type "{sent}" in request.',
}


def _usual_body(status: int, retry_after: float | None, method: str, sent: str) -> tuple[str, str]:
    if status in BODILESS:
        return "", ""
    phrase = _phrase(status)
    if status == 400:
        return _written({"non_field_errors": ["This is a fault that was asked for."]})
    if status == 429:
        return _written({"detail": throttled_text(retry_after)})
    if 400 <= status < 500:
        text = _DETAILS.get(status, f"{phrase}.")
        return _written({"detail": text.format(method=method, sent=sent)})
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
    return _compact(_renewed(content)).encode()


def _renewed(content: JsonValue) -> JsonValue:
    if isinstance(content, list):
        return [_renewed(item) for item in content]
    if not isinstance(content, dict):
        return content
    renewed = {name: _renewed(value) for name, value in content.items()}
    if "visibility" in renewed:
        renewed["visibility"] = "SHARED_WITH_FRIENDS"
    return {**renewed, "novelty": {"kind": "BRAND_NEW", "values": [1, 2.5, None]}}
