"""Values whose repr hides them, as in tracebacks with local variables (Sentry, rich, pytest -l)."""

from __future__ import annotations

from typing import TypeVar, cast

__all__ = ["Secret", "SecretBytes", "as_secret"]

T = TypeVar("T")


class Secret(str):
    """A string that its repr hides."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<hidden>"


class SecretBytes(bytes):
    """Bytes that their repr hides."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"


def as_secret(value: T) -> T:
    """Return a string as a `Secret`, and any other value unchanged."""
    if type(value) is Secret or not isinstance(value, str):
        return value
    return cast("T", Secret(value))
