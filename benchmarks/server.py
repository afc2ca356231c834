"""A service that is not the bottleneck: the models endpoints, every body written in advance.

Run as a program it listens on two free ports of 127.0.0.1, http and https, says in one line of
JSON where, and ends when its standard input does. `GET /_stats` tells how many connections it
has accepted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import resource
import ssl
import sys
from collections.abc import Callable
from functools import cache, partial
from importlib.util import find_spec
from typing import cast

PAGE_SIZE = 100
"""What the service caps a page at (contract.md, Page)."""

MODEL_ID = "5f2b0a52-6c1e-4d0e-9d0b-6a0a7d2f1c33"

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
# root-signals 1.6.5 sends the whole URL in `next` as the cursor, escaped; the number in it is
# the same.
_START = re.compile(rb"[?&]cursor=\S*?from(\d+)")
_SIZE = re.compile(rb"[?&]page_size=(\d+)")


def answer(status: str, body: bytes = b"") -> bytes:
    """Return a whole answer."""
    head = f"HTTP/1.1 {status}\r\nServer: nginx\r\nX-Request-Id: 0d6e3c11\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


MODEL = answer(
    "200 OK",
    json.dumps(
        {
            "id": MODEL_ID,
            "name": "ollama/llama3",
            "model": "llama3",
            "max_output_token_count": 2048,
            "max_token_count": 8192,
            "url": "http://gpu-7:11434",
        }
    ).encode(),
)
CREATED = MODEL.replace(b"200 OK", b"201 Created")
DELETED = answer("204 No Content")
NOT_FOUND = answer("404 Not Found", b'{"detail": "Not found."}')


def listed(number: int) -> dict[str, object]:
    """Return a model as a list shows it: few owners and providers, many models."""
    provider = number % 7
    return {
        "id": f"{number:08x}-6c1e-4d0e-9d0b-6a0a7d2f1c33",
        "name": f"provider-{provider}/model-{number}",
        "owner": {"email": f"user{number % 5}@example.com", "full_name": f"User {number % 5}"},
        "provider": {
            "id": f"{provider:08x}-0000-4d0e-9d0b-6a0a7d2f1c33",
            "name": f"Provider {provider}",
            "logo_light": f"https://example.com/{provider}/light.svg",
            "logo_dark": f"https://example.com/{provider}/dark.svg",
            "is_gdpr_compliant": provider < 4,
        },
        "visibility": "PUBLIC" if number % 3 else "PRIVATE",
    }


@cache
def page(origin: str, models: int, start: int, size: int) -> bytes:
    """Return the answer that lists so many models from this one on."""
    end = min(start + size, models)
    following = f"{origin}/v1/models/?cursor=from{end}&page_size={size}" if end < models else None
    previous = f"{origin}/v1/models/?cursor=from{start - size}" if start else None
    results = [listed(number) for number in range(start, end)]
    body = {"next": following, "previous": previous, "results": results}
    return answer("200 OK", json.dumps(body).encode())


class Service:
    """What the connections share."""

    def __init__(self, models: int, delay: float) -> None:
        self.models = models
        self.delay = delay
        self.connections = 0

    def reply(self, origin: str, head: bytes) -> bytes:
        """Return the answer to a request."""
        method, target, _ = head.split(b" ", 2)
        if target == b"/v1/models/" and method == b"POST":
            return CREATED
        if method == b"DELETE":
            return DELETED
        if target.startswith(b"/v1/models/?") or target == b"/v1/models/":
            start, size = _START.search(target), _SIZE.search(target)
            return page(
                origin,
                self.models,
                int(start[1]) if start else 0,
                min(int(size[1]), PAGE_SIZE) if size else PAGE_SIZE,
            )
        if target == b"/_stats":
            return answer("200 OK", json.dumps({"connections": self.connections}).encode())
        return MODEL if target.startswith(b"/v1/models/") else NOT_FOUND


class Connection(asyncio.Protocol):
    """HTTP/1.1, as much of it as clients write: no chunked requests, no upgrade."""

    _transport: asyncio.Transport

    def __init__(self, service: Service, origin: Callable[[], str]) -> None:
        self._service = service
        self._origin = origin
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection."""
        # uvloop's transports are no asyncio.Transport, but do the same.
        self._transport = cast("asyncio.Transport", transport)
        self._service.connections += 1
        secure = transport.get_extra_info("ssl_object")
        if secure is not None and secure.selected_alpn_protocol() == "h2":
            other = Http2Connection(self._service, self._origin)
            self._transport.set_protocol(other)
            other.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Answer each request that is there as a whole."""
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._received, 0, end)
            end += 4 + (int(length[1]) if length else 0)
            if len(self._received) < end:
                return
            reply = self._service.reply(self._origin(), self._received[:end])
            self._received = self._received[end:]
            if self._service.delay:
                loop = asyncio.get_running_loop()
                loop.call_later(self._service.delay, self._transport.write, reply)
            else:
                self._transport.write(reply)


class Http2Connection(asyncio.Protocol):
    """The same over HTTP/2, as much of it as models take: no answer is longer than a window."""

    def __init__(self, service: Service, origin: Callable[[], str]) -> None:
        self._service = service
        self._origin = origin
        self._requests: dict[int, bytes] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet the client."""
        from h2.config import H2Configuration
        from h2.connection import H2Connection

        self._transport = cast("asyncio.Transport", transport)
        self._http2 = H2Connection(H2Configuration(client_side=False))
        self._http2.initiate_connection()
        self._transport.write(self._http2.data_to_send())

    def data_received(self, data: bytes) -> None:
        """Answer each request that has ended."""
        from h2.events import DataReceived, RequestReceived, StreamEnded

        for event in self._http2.receive_data(data):
            if isinstance(event, RequestReceived):
                named = dict(event.headers or ())
                head = b"%b %b HTTP/2" % (named[b":method"], named[b":path"])
                self._requests[event.stream_id or 0] = head
            elif isinstance(event, DataReceived):
                self._http2.acknowledge_received_data(
                    event.flow_controlled_length or 0, event.stream_id or 0
                )
            elif isinstance(event, StreamEnded):
                stream = event.stream_id or 0
                self._answer(
                    stream, self._service.reply(self._origin(), self._requests.pop(stream))
                )
        self._transport.write(self._http2.data_to_send())

    def _answer(self, stream: int, reply: bytes) -> None:
        head, _, body = reply.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        headers = [(":status", status.split(" ")[1])]
        for line in lines:
            name, _, value = line.partition(": ")
            headers.append((name.lower(), value))
        self._http2.send_headers(stream, headers, end_stream=not body)
        if body:
            self._http2.send_data(stream, body, end_stream=True)


async def serve(service: Service, certificate: str | None) -> None:
    """Listen on free ports, say on which ones, and serve until standard input ends."""
    loop = asyncio.get_running_loop()
    origins: dict[str, str] = {}
    schemes: dict[str, ssl.SSLContext | None] = {"http": None}
    if certificate is not None:
        schemes["https"] = secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        secure.load_cert_chain(certificate)
        secure.set_alpn_protocols(["h2", "http/1.1"] if find_spec("h2") else ["http/1.1"])
    for scheme, context in schemes.items():
        origin = partial(origins.__getitem__, scheme)
        listener = await loop.create_server(
            partial(Connection, service, origin), "127.0.0.1", 0, ssl=context, backlog=2048
        )
        port = listener.sockets[0].getsockname()[1]
        # The certificate is for this name, and a name is what clients usually look up.
        origins[scheme] = f"{scheme}://localhost:{port}"
    print(json.dumps(origins), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--certificate", help="a PEM file with key and chain, for https")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--models", type=int, default=10_000, help="how many models there are")
    given = parser.parse_args()
    # A thousand connections and more may be open at once.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        import uvloop  # type: ignore[import-not-found,unused-ignore]  # only if it is there
    except ImportError:
        factory = None
    else:
        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(serve(Service(given.models, given.delay), given.certificate))


if __name__ == "__main__":
    main()
