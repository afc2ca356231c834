"""Work that the service does in the background, and that is polled until it has ended."""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

from .base import ResponseModel

__all__ = ["Work", "WorkStatus"]

WorkStatus: TypeAlias = Literal["pending", "processing", "completed", "failed", "partial"] | str
"""The state of work; a value that is newer than this release is a plain string."""


class Work(ResponseModel):
    """Work in the background, in its present state.

    Attributes:
        status: Its state.
    """

    ended: ClassVar[frozenset[str]] = frozenset(("completed", "failed", "partial"))
    """The states in which it has ended."""

    status: WorkStatus | None = None

    @property
    def is_ended(self) -> bool:
        """Whether it has ended, well or not."""
        return self.status in self.ended

    @property
    def is_failed(self) -> bool:
        """Whether it has failed as a whole."""
        return self.status == "failed"

    @property
    def failure(self) -> str:
        """Why it has failed."""
        return ""
