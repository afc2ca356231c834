"""What happened: the last requests, as they came in, and the connections."""

from __future__ import annotations

import json
import math
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from itertools import islice
from types import MappingProxyType
from typing import TypeAlias
from urllib.parse import parse_qsl

from root.errors import JSONValue

__all__ = ["ENTRY", "Connections", "Entry", "History", "RecordedRequest"]

ENTRY = "root.emulator.entry"
"""Where the scope of a request holds its entry in the history."""

# Enough for the longest test, in some megabytes.
_MOST_REQUESTS = 10_000
_LONGEST_BODY = 64 * 1024

_SECRET_FIELDS = ("default_key", "api_key")
_LEFT_OUT_HEADERS = ("authorization", "cookie", "proxy-authorization")
_SECRET_HEADERS = ("api-key", "x-api-key")
_MASKED = "[masked]"

# A shorter key keeps nothing secret, and is a word that may stand anywhere.
_SHORTEST_KEY = 8

# The name and the password in a URL.
_USERINFO = r"(?<=://)[^/?#\s]+(?=@)"

_Mask: TypeAlias = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A request that came in.

    Attributes:
        number: Its number, from 1.
        at: When it came in.
        method: Its method.
        path: Its path, unescaped. In it and in what follows, keys of the emulator's (of eight
            characters or more) and the name and password in a URL are masked.
        query: Its query; of a name that came twice, the last value.
        headers: Its headers, by names in lower case, without those that hold a key; that of an
            `X-Api-Key` is masked.
        json: Its body, if it is JSON (of up to 64 KiB); a key for a provider is masked.
        status: The status of the answer, or None if there was none.
        request_id: The name that the answer gave it, in the header X-Request-Id.
        fault: What was made to go wrong with it: attributes of `Fault` and their values.
        reason: Why the API would not do it, in words, or None if it did or gives no such reason.
        unexpected: Whether the API has no such thing, or the key may not do it whatever it is
            about. That a model is not there, or not one's own, is a part of the API.
    """

    number: int
    at: datetime
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    json: JSONValue
    status: int | None
    request_id: str
    fault: Mapping[str, JSONValue] | None
    reason: str | None = None
    unexpected: bool = False

    def __str__(self) -> str:
        answer = self.status or "no answer"
        because = f": {self.reason}" if self.reason else ""
        return f"{self.method} {self.path} ({answer}{because})"


@dataclass(slots=True)
class Entry:
    """A request as it came in, of which little is read before somebody asks."""

    method: str
    path: str
    query: bytes
    headers: Iterable[tuple[bytes, bytes]] = field(repr=False)
    body: bytes = field(repr=False)
    request_id: str
    at: float
    status: int | None = None
    fault: Mapping[str, JSONValue] | None = None
    number: int = 0
    reason: str | None = None
    unexpected: bool = False

    def read(self, mask: _Mask) -> RecordedRequest:
        """Return it for others to see, with the secrets in its texts masked."""
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.headers
        }
        query = dict(parse_qsl(self.query.decode("latin-1"), keep_blank_values=True))
        return RecordedRequest(
            self.number,
            datetime.fromtimestamp(self.at, UTC),
            self.method,
            mask(self.path),
            MappingProxyType(
                {mask(n): _MASKED if n in _SECRET_FIELDS else mask(v) for n, v in query.items()}
            ),
            MappingProxyType(
                {
                    mask(n): _MASKED if n in _SECRET_HEADERS else mask(v)
                    for n, v in headers.items()
                    if n not in _LEFT_OUT_HEADERS
                }
            ),
            _json(self.body, mask),
            self.status,
            self.request_id,
            self.fault,
            None if self.reason is None else mask(self.reason),
            self.unexpected,
        )


class History:
    """The last ten thousand requests."""

    def __init__(self, keys: Callable[[], Iterable[str]]) -> None:
        """Begin with none; take what tells the keys that nobody is to see."""
        self._keys = keys
        self._entries: deque[Entry] = deque(maxlen=_MOST_REQUESTS)
        self.count: int = 0

    def add(self, entry: Entry) -> None:
        """Note a request."""
        self.count += 1
        entry.number = self.count
        if len(entry.body) > _LONGEST_BODY:
            entry.body = b""
        self._entries.append(entry)

    def since(self, number: int, most: int | None = None) -> tuple[RecordedRequest, ...]:
        """Return the requests after the one with this number, or the first so many of them."""
        mask = _masking(self._keys())
        entries = (entry for entry in self._entries if entry.number > number)
        return tuple(entry.read(mask) for entry in islice(entries, most))

    def clear(self) -> None:
        """Forget all requests, and count from 1 again."""
        self._entries.clear()
        self.count = 0


@dataclass(slots=True)
class Connections:
    """Connections over which requests to the API came; those of the control are left out.

    Attributes:
        open: How many are open.
        opened: How many were opened since the start, or since all was wiped.
        most_open: How many were open at once since then, at most.
    """

    open: int = 0
    opened: int = 0
    most_open: int = 0

    def begin(self) -> None:
        """Note a new one."""
        self.open += 1
        self.opened += 1
        self.most_open = max(self.most_open, self.open)

    def end(self) -> None:
        """Note the end of one."""
        self.open -= 1

    def restart(self) -> None:
        """Count from here on."""
        self.opened = 0
        self.most_open = self.open


def unexpected(
    requests: Iterable[RecordedRequest], expected: tuple[str, ...]
) -> list[RecordedRequest]:
    """Return the requests that nobody expected.

    Args:
        requests: The requests.
        expected: What is expected, such as `GET /v1/models/*`; if it is empty, whatever the API
            has and a key may do.
    """
    if not expected:
        return [one for one in requests if one.unexpected]
    return [
        one
        for one in requests
        if not any(fnmatchcase(f"{one.method} {one.path}", pattern) for pattern in expected)
    ]


def _masking(keys: Iterable[str]) -> _Mask:
    # The longest first: one key may begin with another.
    known = sorted((key for key in keys if len(key) >= _SHORTEST_KEY), key=len, reverse=True)
    # Names of headers come in lower case.
    secret = re.compile("|".join([*map(re.escape, known), _USERINFO]), re.IGNORECASE)
    return lambda text: secret.sub(_MASKED, text)


def _json(body: bytes, mask: _Mask) -> JSONValue:
    try:
        return _masked(json.loads(body), mask)
    except (ValueError, RecursionError):
        return None


def _masked(content: JSONValue, mask: _Mask) -> JSONValue:
    if isinstance(content, str):
        return mask(content)
    if isinstance(content, float) and not math.isfinite(content):
        # Python reads NaN, Infinity and 1e999, which JSON cannot say.
        return str(content)
    if isinstance(content, list):
        return [_masked(item, mask) for item in content]
    if not isinstance(content, dict):
        return content
    return {
        mask(name): _MASKED
        if name in _SECRET_FIELDS and value is not None
        else _masked(value, mask)
        for name, value in content.items()
    }
