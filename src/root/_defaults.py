"""What stands in signatures: loaded with them, so it loads nothing itself."""

from __future__ import annotations

from enum import Enum
from typing import Final

__all__ = ["DEFAULT_MOST_BYTES", "DEFAULT_TIMEOUT", "NOT_GIVEN", "NotGiven"]

DEFAULT_TIMEOUT = 30.0
"""Seconds that one attempt may take."""

DEFAULT_MOST_BYTES = 64 * 1024 * 1024
"""Bytes that one answer may have, packed and unpacked."""


class NotGiven(Enum):
    """The type of `NOT_GIVEN`: left out, as opposed to None, which clears a field."""

    NOT_GIVEN = "NOT_GIVEN"

    def __repr__(self) -> str:
        return self.value


NOT_GIVEN: Final = NotGiven.NOT_GIVEN
"""Says that an argument was left out."""
