"""Values whose repr hides them, as in tracebacks with local variables (Sentry, rich, pytest -l)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import SupportsIndex, TypeVar, cast, overload

__all__ = [
    "Hidden",
    "Secret",
    "SecretBytes",
    "Sourced",
    "as_secret",
    "hidden",
    "shown",
    "source_of",
]

T = TypeVar("T")


class Secret(str):
    """A string that its repr hides."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<hidden>"

    def __getitem__(self, key: SupportsIndex | slice) -> Secret:
        # rich shows the beginning of a long string.
        return Secret(super().__getitem__(key))


class Sourced(Secret):
    """A string with its source, which its repr shows instead."""

    __slots__ = ("source",)

    source: str

    # Pickle sets the source later.
    def __new__(cls, value: str, source: str = "") -> Sourced:
        sourced = super().__new__(cls, value)
        sourced.source = source
        return sourced

    def __repr__(self) -> str:
        return repr(self.source)

    def strip(self, chars: str | None = None, /) -> Sourced:
        return Sourced(super().strip(chars), self.source)


def source_of(value: T) -> T | str:
    """Return the source of a string that has one, or else the value itself."""
    return value.source if isinstance(value, Sourced) else value


class SecretBytes(bytes):
    """Bytes that their repr hides."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"

    @overload
    def __getitem__(self, key: SupportsIndex) -> int: ...
    @overload
    def __getitem__(self, key: slice) -> SecretBytes: ...
    def __getitem__(self, key: SupportsIndex | slice) -> int | SecretBytes:
        if isinstance(key, slice):
            return SecretBytes(super().__getitem__(key))
        return super().__getitem__(key)


class Hidden:
    """Wraps any value, so that nothing that shows local variables looks into it.

    Its items are hidden, too.
    """

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "<hidden>"

    def __iter__(self) -> Iterator[object]:
        # Not a generator, whose frame would show the items.
        return map(hidden, cast("Iterable[object]", self.value))


def hidden(value: T) -> T:
    """Return a value that nothing shows, for functions that use `shown` to read it.

    None and omitted arguments remain what they are.
    """
    if value is None or isinstance(value, (Enum, Hidden)):
        return value
    return cast("T", Hidden(value))


def shown(value: T) -> T:
    """Return a value that `hidden` may have hidden. Don't assign it to a variable."""
    return cast("T", value.value) if isinstance(value, Hidden) else value


def as_secret(value: T) -> T:
    """Return a string as a `Secret`, and hide any other value that is not a string by mistake.

    None, omitted arguments and functions remain what they are.
    """
    if isinstance(value, str):
        return value if isinstance(value, Secret) else cast("T", Secret(value))
    return value if callable(value) else hidden(value)
