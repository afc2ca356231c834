"""Bodies of requests: read up to a limit, and read again by what handles the request."""

from __future__ import annotations

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive

__all__ = [
    "MAX_BODY_BYTES",
    "MAX_BODY_BYTES_WITHOUT_KEY",
    "TOO_LARGE",
    "read_body",
    "replaying",
    "too_large",
]

# The API takes files of 20 MB.
MAX_BODY_BYTES = 32 * 1024 * 1024

MAX_BODY_BYTES_WITHOUT_KEY = 64 * 1024

TOO_LARGE = "The body of the request has more than 32 MiB."


async def read_body(receive: Receive, limit: int) -> bytes | None:
    """Return the body of a request, or None if it has more bytes than the limit.

    Raises:
        ClientDisconnect: The client disconnected before the request was complete.
    """
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            return None
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def replaying(body: bytes) -> Receive:
    """Return a `receive` function for a body that was read already."""
    messages: list[Message] = [
        {"type": "http.disconnect"},
        {"type": "http.request", "body": body, "more_body": False},
    ]

    async def receive() -> Message:
        return messages.pop() if len(messages) > 1 else messages[0]

    return receive


def too_large() -> ASGIApp:
    """Return the response to a request whose body is too large."""
    return JSONResponse({"detail": TOO_LARGE}, 413)
