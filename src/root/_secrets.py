"""Text that does not show where a traceback prints local variables (Sentry, rich, `pytest -l`)."""

from __future__ import annotations

from typing import TypeVar, cast

__all__ = ["Secret", "SecretBytes", "unshown"]

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


def unshown(value: T) -> T:
    """Return a string as a `Secret`, and anything else as it is."""
    return cast("T", Secret(value)) if isinstance(value, str) else value
