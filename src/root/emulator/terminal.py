"""Texts from outside, as they may be shown on a terminal."""

from __future__ import annotations

__all__ = ["printable"]


def printable(text: str) -> str:
    """Return a text that cannot control a terminal.

    Control characters, line breaks, and characters that are invisible or change the direction of
    text are escaped as in a repr.
    """
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )
