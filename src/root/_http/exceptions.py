"""Exceptions within an exchange. They never reach the user: the call turns them into errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .messages import Origin, RawResponse

__all__ = [
    "ClientClosedError",
    "ProxyConnectionError",
    "ResponseTooLargeError",
    "UnusableResponseError",
]


class ResponseTooLargeError(Exception):
    """The response is larger than the limit; the rest of it was not read or decompressed.

    Attributes:
        max_bytes: The limit.
        compressed: The size of the compressed body, if the limit follows from that.
    """

    def __init__(self, max_bytes: int, compressed: int | None = None) -> None:
        super().__init__(f"The response is larger than {max_bytes} bytes.")
        self.max_bytes = max_bytes
        self.compressed = compressed


class ClientClosedError(Exception):
    """The client was closed after the call began; this request was not sent."""


class UnusableResponseError(Exception):
    """Truncated or undecodable body. `problem` completes the message."""

    def __init__(self, response: RawResponse, problem: str) -> None:
        super().__init__(f"The response {problem}.")
        self.response = response
        self.problem = problem


class ProxyConnectionError(Exception):
    """The proxy could not be reached."""

    def __init__(self, proxy: Origin) -> None:
        super().__init__(f"The proxy {proxy.authority} could not be reached.")
        self.proxy = proxy
