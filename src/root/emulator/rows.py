"""Objects in the database."""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias

from root.emulator.fields import Value

__all__ = ["Row", "Visibility"]

Visibility: TypeAlias = Literal["PUBLIC", "PUBLIC_UNLISTED", "PRIVATE"]
"""Who can read an object: everybody, everybody who knows its ID, or its organization."""


class Row(Protocol):
    """An object in the database, a named tuple of its columns."""

    @property
    def position(self) -> int:
        """The position in the order of creation."""
        ...

    @property
    def id(self) -> str:
        """The ID."""
        ...

    @property
    def organization(self) -> str:
        """The organization that it belongs to."""
        ...

    @property
    def email(self) -> str:
        """The e-mail address of the user who created it."""
        ...

    @property
    def full_name(self) -> str:
        """The name of that user."""
        ...

    @property
    def created_at(self) -> str:
        """The time of its creation, in ISO 8601."""
        ...

    @property
    def visibility(self) -> Visibility:
        """Who can read it."""
        ...

    def __getattr__(self, field: str) -> Value:
        """Return the value of a field."""
        ...
