"""Server-sent events."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable

from starlette.responses import StreamingResponse

__all__ = ["EVENTS_TYPE", "event_stream"]

EVENTS_TYPE = "text/event-stream"
"""The media type of server-sent events."""


def event_stream(events: Iterable[object], *, end: str | None = None) -> StreamingResponse:
    """Return a response with events.

    Args:
        events: Their data, as JSON. If an object has a `type` with a dot, it is the event's name.
        end: The data of one more event, as a text.
    """
    blocks = [_block(event) for event in events]
    if end is not None:
        blocks.append(f"data: {end}\n\n")

    async def send() -> AsyncIterator[str]:
        for block in blocks:
            yield block

    return StreamingResponse(send(), media_type=EVENTS_TYPE, headers={"Cache-Control": "no-cache"})


def _block(event: object) -> str:
    name = ""
    if isinstance(event, dict) and "." in str(event.get("type", "")):  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
        name = f"event: {event['type']}\n"
    return f"{name}data: {json.dumps(event)}\n\n"
