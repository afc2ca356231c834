"""Server-sent events (the HTML standard, 9.2.6), parsed without I/O."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Event", "EventParser", "WholeBody"]


class Event(NamedTuple):
    """An event.

    Attributes:
        name: Its type; `message` if it has none.
        data: Its data.
    """

    name: str
    data: str


# Bytes of one event. It is parsed in one step.
_MAX_EVENT = 4 * 1024 * 1024


class EventParser:
    """Parses a body of events, piece by piece."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._searched = 0
        self._name = ""
        self._data: list[str] = []
        self._size = 0

    @property
    def is_too_large(self) -> bool:
        """Whether the event that is being read has more bytes than are accepted."""
        return len(self._rest) + self._size > _MAX_EVENT

    def feed(self, piece: bytes) -> list[Event]:
        """Return the events that are complete with the next piece of the body."""
        self._rest += piece
        # Each byte is searched once, also in lines of many pieces.
        end = self._rest.rfind(b"\n", self._searched)
        self._searched = len(self._rest)
        if end < 0:
            return []
        lines = bytes(self._rest[:end]).split(b"\n")
        del self._rest[: end + 1]
        self._searched = len(self._rest)
        return [event for line in lines for event in self._take(line)]

    def end(self) -> list[Event]:
        """Return the last event, if the body has ended without an empty line after it."""
        line, self._rest = bytes(self._rest), bytearray()
        return [*self._take(line), *self._take(b"")]

    def _take(self, line: bytes) -> list[Event]:
        text = line.removesuffix(b"\r").decode("utf-8", "replace").removeprefix("\ufeff")
        if not text:
            event = Event(self._name or "message", "\n".join(self._data))
            is_event = bool(self._data)
            self._name, self._data, self._size = "", [], 0
            return [event] if is_event else []
        field, _, value = text.partition(":")
        value = value.removeprefix(" ")
        # A comment has an empty field; all others are ignored.
        if field == "data":
            self._data.append(value)
            self._size += len(value)
        elif field == "event":
            self._name = value
        return []


class WholeBody:
    """Collects a body that is a single event, as servers send it that do not stream."""

    def __init__(self) -> None:
        self._body = bytearray()

    @property
    def is_too_large(self) -> bool:
        """Whether the body has more bytes than are accepted."""
        return len(self._body) > _MAX_EVENT

    def feed(self, piece: bytes) -> list[Event]:
        """Add the next piece of the body, and return no events."""
        self._body += piece
        return []

    def end(self) -> list[Event]:
        """Return the body as an event, unless it is empty."""
        body, self._body = bytes(self._body), bytearray()
        return [Event("message", body.decode("utf-8", "replace"))] if body else []
