"""Metadata of a response."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._secrets.redact import printable
from ..errors import Attempt

if TYPE_CHECKING:
    import httpx

__all__ = ["Headers", "ResponseMeta", "find_header"]

Headers = list[tuple[bytes, bytes]]
"""Names and values of headers as they are sent, in their order."""


def find_header(headers: Headers, name: bytes) -> str | None:
    """Return the first header with this lower-case name."""
    for key, value in headers:
        if key.lower() == name:
            return value.decode("latin-1")
    return None


@dataclass(frozen=True, slots=True, repr=False)
class ResponseMeta:
    """Metadata of a response.

    Attributes:
        status_code: The HTTP status.
        attempts: One entry for each attempt.
        elapsed: Seconds from the start of the call to the end of the response.
    """

    status_code: int
    attempts: tuple[Attempt, ...]
    elapsed: float
    _headers: Headers

    def __hash__(self) -> int:
        return hash((self.status_code, self.attempts, self.elapsed, *self._headers))

    @property
    def request_id(self) -> str | None:
        """The service's ID of the request (header X-Request-Id); include it in support requests."""
        request_id = find_header(self._headers, b"x-request-id")
        return request_id and printable(request_id)

    @property
    def headers(self) -> Mapping[str, str]:
        """The response headers; their names are case-insensitive."""
        import httpx

        headers: httpx.Headers = httpx.Headers(self._headers)
        return headers

    def __repr__(self) -> str:
        return (
            f"ResponseMeta(status_code={self.status_code}, request_id={self.request_id!r},"
            f" attempts={len(self.attempts)}, elapsed={self.elapsed:.3f})"
        )
