"""What a resource with async twins needs of a client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ._sync.sender import Sender

if TYPE_CHECKING:
    from ._async.sender import AsyncSender

__all__ = ["TwinSender"]


class TwinSender(Sender, Protocol):
    """A blocking client with an async half."""

    @property
    def _async(self) -> AsyncSender: ...
