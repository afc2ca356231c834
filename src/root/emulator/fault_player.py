"""Sending of responses with faults of the connection."""

from __future__ import annotations

import asyncio
import socket
import struct

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from root.emulator.fault_rules import BODILESS_STATUSES
from root.emulator.faults import Fault


async def send_with_fault(
    fault: Fault,
    response: Response,
    scope: Scope,
    receive: Receive,
    send: Send,
    transport: asyncio.Transport,
) -> None:
    """Send a response slowly, in part, or without a proper end, as the fault demands."""
    body = bytes(response.body)
    headers = response.raw_headers
    if response.status_code not in BODILESS_STATUSES:
        length = (b"content-length", b"%d" % len(body))
        headers = [*(pair for pair in headers if pair[0] != b"content-length"), length]
    if scope["method"] == "HEAD":
        body = b""
    if transport.is_closing():
        # The client has disconnected.
        pass
    elif fault.truncate and not body:
        # Without a body, the header section is truncated.
        transport.write(b"HTTP/1.1 ")
    else:
        await send(
            {
                "type": "http.response.start",
                "status": response.status_code,
                "headers": headers,
            }
        )
        content = body[: len(body) // 2] if fault.truncate else body
        chunks = [content] if fault.drip is None else [bytes([byte]) for byte in content]
        for chunk in chunks:
            if fault.drip is not None:
                await asyncio.sleep(fault.drip)
            if transport.is_closing():
                break
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    if fault.truncate:
        transport.close()
    if transport.is_closing():
        await wait_for_disconnect(receive)
        return
    await send({"type": "http.response.body", "body": b"", "more_body": False})
    if fault.hang_up:
        transport.close()


async def reset_connection(transport: asyncio.Transport, receive: Receive) -> None:
    """Close the connection with a TCP reset."""
    # The socket is gone if the client has disconnected.
    if not transport.is_closing():
        sock = transport.get_extra_info("socket")
        # With SO_LINGER and a timeout of zero, closing sends a reset.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    await wait_for_disconnect(receive)


async def wait_for_disconnect(receive: Receive) -> None:
    """Wait until uvicorn has noticed that the connection is closed.

    Before that, it would log an error about a missing response.
    """
    while (await receive())["type"] != "http.disconnect":
        continue
