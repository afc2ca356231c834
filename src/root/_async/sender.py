"""The interface of a client that resources use."""

from __future__ import annotations

from typing import Protocol, TypeVar

from .._http.operation import Operation, Response

__all__ = ["AsyncSender"]

T = TypeVar("T")


class AsyncSender(Protocol):
    """Sends operations to the API. Resources know no more of a client than this."""

    @property
    def base_url(self) -> str:
        """Where the API is."""
        ...

    async def send(self, operation: Operation[T]) -> Response[T]:
        """Send an operation and return the response."""
        ...
