"""The history of requests, and statistics of connections."""

from __future__ import annotations

import json
import math
import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from itertools import islice
from types import MappingProxyType
from urllib.parse import parse_qsl

from pydantic import JsonValue

from root.emulator.terminal import printable

__all__ = ["BODY", "ENTRY", "Connections", "Entry", "History", "RecordedRequest"]

ENTRY = "root.emulator.entry"
"""The entry of a request's scope with its `Entry` in the history."""

BODY = "root.emulator.body"
"""The entry of a request's scope with its body, which was read already; None if it is too large."""

# Enough for a long test, in a few megabytes.
_MAX_REQUESTS = 10_000
_MAX_BODY_BYTES = 64 * 1024
_MAX_TOTAL_BYTES = 64 * 1024 * 1024

# Bytes of the objects of a header, besides its text.
_HEADER_OVERHEAD = 128

_OMITTED_HEADERS = ("authorization", "cookie", "proxy-authorization")
_SECRET_HEADERS = ("api-key", "x-api-key")
_MASKED = "[masked]"

# A shorter key may occur in other texts as a word, and is not masked.
_MIN_KEY_LENGTH = 8

# The user name and the password in a URL.
_USERINFO = r"(?<=://)[^/?#\s]+(?=@)"


@dataclass(frozen=True, slots=True)
class Mask:
    """Masks secrets.

    Attributes:
        texts: Matches secrets in texts.
        fields: Fields and parameters whose values are secrets.
    """

    texts: re.Pattern[str]
    fields: Collection[str]

    def __call__(self, text: str) -> str:
        """Return a text without secrets."""
        return self.texts.sub(_MASKED, text)

    def pairs(self, pairs: Mapping[str, str], names: Collection[str]) -> Mapping[str, str]:
        """Return names and values without secrets; those of certain names are secrets."""
        return MappingProxyType(
            {self(name): _MASKED if name in names else self(pairs[name]) for name in pairs}
        )

    def json(self, content: JsonValue) -> JsonValue:
        """Return JSON without secrets."""
        if isinstance(content, str):
            return self(content)
        if isinstance(content, float) and not math.isfinite(content):
            # Python parses NaN, Infinity and 1e999, which JSON cannot represent.
            return str(content)
        if isinstance(content, list):
            return [self.json(item) for item in content]
        if not isinstance(content, dict):
            return content
        return {
            self(name): _MASKED if name in self.fields and value is not None else self.json(value)
            for name, value in content.items()
        }


def masking(keys: Iterable[str], fields: Collection[str]) -> Mask:
    """Return what masks some keys, and the values of some fields."""
    # The longer ones first: a key may start with another one.
    known = sorted((key for key in keys if len(key) >= _MIN_KEY_LENGTH), key=len, reverse=True)
    # Names of headers are in lower case.
    texts = re.compile("|".join([*map(re.escape, known), _USERINFO]), re.IGNORECASE)
    return Mask(texts, fields)


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A request that the emulator received.

    API keys of the emulator (of at least eight characters), and user names and passwords in URLs,
    are masked in all texts.

    Attributes:
        number: Its number, counted from 1.
        at: When it was received.
        method: The method.
        path: The unescaped path.
        query: The query parameters; the last value of a repeated parameter.
        headers: The headers, with lower-case names. `Authorization`, `Proxy-Authorization` and
            `Cookie` are omitted, `Api-Key` and `X-Api-Key` are masked.
        json: The body, if it is JSON of at most 64 KiB; provider keys are masked.
        status: The status of the response, or None if there was no response.
        request_id: The `X-Request-Id` of the response.
        fault: The non-default attributes of the `Fault` that was applied, or None.
        reason: Why the request was rejected, or None if it was not or the reason is not known.
        unexpected: Whether the API has no such endpoint, method or format, or the key lacks the
            permission. Requests for missing resources and for those of others are expected.
    """

    number: int
    at: datetime
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    json: JsonValue
    status: int | None
    request_id: str
    fault: Mapping[str, JsonValue] | None
    reason: str | None = None
    unexpected: bool = False

    def __hash__(self) -> int:
        return hash((self.number, self.at))

    def __str__(self) -> str:
        result = self.status or "no response"
        reason = f": {self.reason}" if self.reason else ""
        # Anybody who reaches the emulator can send any of it, in escaped form.
        return printable(f"{self.method} {self.path} ({result}{reason})")


@dataclass(slots=True)
class Entry:
    """A request in the history, in a raw form that is cheap to record."""

    method: str
    path: str
    query: bytes
    headers: Iterable[tuple[bytes, bytes]] = field(repr=False)
    body: bytes = field(repr=False)
    request_id: str
    at: float
    status: int | None = None
    fault: Mapping[str, JsonValue] | None = None
    number: int = 0
    reason: str | None = None
    unexpected: bool = False

    @property
    def size(self) -> int:
        """The number of bytes that the client chose."""
        headers = sum(len(name) + len(value) + _HEADER_OVERHEAD for name, value in self.headers)
        return len(self.path) + len(self.query) + headers + len(self.body)

    def to_record(self, mask: Mask) -> RecordedRequest:
        """Parse the request, and mask the secrets in its texts."""
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.headers
        }
        for name in _OMITTED_HEADERS:
            headers.pop(name, None)
        query = dict(parse_qsl(self.query.decode("latin-1"), keep_blank_values=True))
        return RecordedRequest(
            self.number,
            datetime.fromtimestamp(self.at, UTC),
            self.method,
            mask(self.path),
            mask.pairs(query, mask.fields),
            mask.pairs(headers, _SECRET_HEADERS),
            _json(self.body, mask),
            self.status,
            self.request_id,
            self.fault,
            None if self.reason is None else mask(self.reason),
            self.unexpected,
        )


class History:
    """The last 10,000 requests, or fewer if they have more than 64 MiB."""

    def __init__(self, keys: Callable[[], Iterable[str]], secret_fields: Collection[str]) -> None:
        """Create an empty history.

        Args:
            keys: Returns the keys to mask.
            secret_fields: The fields and parameters to mask.
        """
        self._keys = keys
        self._secret_fields = secret_fields
        self._entries: deque[Entry] = deque()
        self._size = 0
        self.count: int = 0

    def add(self, entry: Entry) -> None:
        """Record a request."""
        self.count += 1
        entry.number = self.count
        if len(entry.body) > _MAX_BODY_BYTES:
            entry.body = b""
        self._entries.append(entry)
        self._size += entry.size
        while len(self._entries) > _MAX_REQUESTS or self._size > _MAX_TOTAL_BYTES:
            self._size -= self._entries.popleft().size

    def after(
        self, number: int, limit: int | None = None
    ) -> Callable[[], tuple[RecordedRequest, ...]]:
        """Return what parses the requests after the one with this number, at most `limit`.

        It can be called in any thread: in the event loop, thousands of requests would delay others.
        """
        mask = masking(self._keys(), self._secret_fields)
        begin = max(number + len(self._entries) - self.count, 0)
        end = None if limit is None else begin + limit
        # An entry changes until its response is recorded. A copy of all of them would take long.
        entries = [
            replace(entry) if entry.status is None else entry
            for entry in islice(self._entries, begin, end)
        ]
        return lambda: tuple(entry.to_record(mask) for entry in entries)

    def clear(self) -> None:
        """Delete all requests, and restart their numbers at 1."""
        self._entries.clear()
        self._size = 0
        self.count = 0


@dataclass(slots=True)
class Connections:
    """Statistics of connections with requests to the API; the control API's are excluded.

    Attributes:
        open: Number of open connections.
        opened: Number of connections opened since the start or the last wipe.
        most_open: Maximum number of connections open at the same time since then.
    """

    open: int = 0
    opened: int = 0
    most_open: int = 0

    def begin(self) -> None:
        """Count a new connection."""
        self.open += 1
        self.opened += 1
        self.most_open = max(self.most_open, self.open)

    def end(self) -> None:
        """Count a closed connection."""
        self.open -= 1

    def reset(self) -> None:
        """Restart the statistics; open connections stay counted as open."""
        self.opened = 0
        self.most_open = self.open


def unexpected_requests(
    requests: Iterable[RecordedRequest], expected: tuple[str, ...]
) -> list[RecordedRequest]:
    """Return the requests that were not expected.

    Args:
        requests: The requests.
        expected: Patterns of methods and paths, such as `GET /v1/models/*`. If empty, everything
            that the API supports and the key permits is expected.
    """
    if not expected:
        return [one for one in requests if one.unexpected]
    return [
        one
        for one in requests
        if not any(fnmatchcase(f"{one.method} {one.path}", pattern) for pattern in expected)
    ]


def _json(body: bytes, mask: Mask) -> JsonValue:
    try:
        return mask.json(json.loads(body))
    except (ValueError, RecursionError):
        return None
