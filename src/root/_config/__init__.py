"""Settings: the defaults and types of public signatures here, the rest in the modules.

Imports nothing of this package.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    import httpx

__all__ = [
    "DEFAULT_TIMEOUT",
    "DEFAULT_URL",
    "MAX_BYTES",
    "MAX_OBJECT_BYTES",
    "NOT_GIVEN",
    "TRANSPORT",
    "APIKey",
    "NotGiven",
    "Timeout",
]

DEFAULT_URL = "https://api.app.rootsignals.ai"
"""Where the API is."""

DEFAULT_TIMEOUT = 30.0
"""Seconds for one attempt."""

MAX_OBJECT_BYTES = 1024 * 1024
"""Maximum bytes of a response with one object, unless the client has a limit of its own.

Parsed JSON takes up to 50 times its size in memory.
"""

MAX_BYTES = 16 * 1024 * 1024
"""The same for any other response, such as a page of a listing."""

TRANSPORT = "ROOTSIGNALS_TRANSPORT"
"""The environment variable that is `direct` if tools that have hooked httpx shall not see calls."""

APIKey: TypeAlias = "str | Callable[[], str | Awaitable[str]]"
"""An API key, or a function that returns one, called before each attempt."""

Timeout: TypeAlias = "float | httpx.Timeout | None"
"""Seconds for one attempt, or httpx's timeouts for each operation, or None for no limit."""


class NotGiven(Enum):
    """The type of `NOT_GIVEN`: an omitted argument, as opposed to None, which clears a field."""

    NOT_GIVEN = "NOT_GIVEN"

    def __repr__(self) -> str:
        return self.value


NOT_GIVEN: Final = NotGiven.NOT_GIVEN
"""The default of arguments that may be omitted where None has a meaning of its own."""
