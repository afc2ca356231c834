"""A server that is never the bottleneck: models and evaluators with prepared responses.

As a program it listens on two free ports of 127.0.0.1, one for http and one for https, prints
their origins as one line of JSON, and ends when its standard input closes. `GET /_stats` returns
the number of accepted connections.
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
from typing import cast

MODELS = 10_000
"""The number of models and of evaluators that a listing has."""

MAX_PAGE_SIZE = 100
"""The largest page that the service returns."""

MODEL_ID = "5f2b0a52-6c1e-4d0e-9d0b-6a0a7d2f1c33"

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
# root-signals 1.6.5 sends the whole URL of `next` as the cursor, escaped; the number is the same.
_START = re.compile(rb"[?&]cursor=\S*?from(\d+)")
_SIZE = re.compile(rb"[?&]page_size=(\d+)")


def response(status: str, body: bytes = b"") -> bytes:
    """Return a whole response."""
    head = f"HTTP/1.1 {status}\r\nServer: nginx\r\nX-Request-Id: 0d6e3c11\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


MODEL = response(
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
_RESULT = {
    "evaluator_name": "Relevance",
    "score": 0.85,
    "cost": 0.0021,
    "execution_log_id": MODEL_ID,
}


def execution() -> bytes:
    """Return the response with a result, as long as the one with a created model."""
    shortest = response("200 OK", json.dumps({**_RESULT, "justification": ""}).encode())
    text = "." * (len(CREATED) - len(shortest))
    whole = response("200 OK", json.dumps({**_RESULT, "justification": text}).encode())
    assert len(whole) == len(CREATED)
    return whole


EXECUTED = execution()
DELETED = response("204 No Content")
NOT_FOUND = response("404 Not Found", b'{"detail": "Not found."}')


def list_item(number: int) -> dict[str, object]:
    """Return a model as listings have it: many models share a few owners and providers."""
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


def list_evaluator(number: int) -> dict[str, object]:
    """Return an evaluator as listings have it: many of them share a few owners."""
    name = f"evaluator-{number}"
    owner = {"email": f"user{number % 5}@example.com", "full_name": f"User {number % 5}"}
    return {
        "id": f"{number:08x}-6c1e-4d0e-9d0b-6a0a7d2f1c33",
        "name": name,
        "version_id": f"{number:08x}-0000-4d0e-9d0b-6a0a7d2f1c33",
        "objective": {
            "id": f"{number:08x}-1111-4d0e-9d0b-6a0a7d2f1c33",
            "intent": f"Whether {name} is satisfied",
        },
        "scoring_criteria": f"Does {{{{response}}}} satisfy {name}? The request: {{{{request}}}}",
        "visibility": "private",
        "models": ["gpt-5", "gpt-5-mini"],
        "inputs": {"request": {"type": "string"}, "response": {"type": "string"}},
        "owner": owner,
        "project_id": "00000001-6c1e-4d0e-9d0b-6a0a7d2f1c33",
        "created_at": "2026-01-02T03:04:05.678Z",
        "updated_at": "2026-01-02T03:04:05.678Z",
        "updated_by": owner,
    }


_LISTS = {b"/v1/models/": list_item, b"/v1/evaluators/": list_evaluator}


@cache
def page(origin: str, path: bytes, start: int, size: int) -> bytes:
    """Return the response with the page that begins at item number `start`."""
    end = min(start + size, MODELS)
    url = f"{origin}{path.decode()}"
    following = f"{url}?cursor=from{end}&page_size={size}" if end < MODELS else None
    previous = f"{url}?cursor=from{start - size}" if start else None
    results = [_LISTS[path](number) for number in range(start, end)]
    body = {"next": following, "previous": previous, "results": results}
    return response("200 OK", json.dumps(body).encode())


class Service:
    """State that the connections share."""

    def __init__(self) -> None:
        self.connections = 0

    def respond(self, origin: str, head: bytes) -> bytes:
        """Return the response to a request."""
        method, target, _ = head.split(b" ", 2)
        if target == b"/v1/models/" and method == b"POST":
            return CREATED
        if method == b"DELETE":
            return DELETED
        if target.startswith(b"/v1/evaluators/execute/"):
            return EXECUTED
        path = target.partition(b"?")[0]
        if path in _LISTS:
            start, size = _START.search(target), _SIZE.search(target)
            return page(
                origin,
                path,
                int(start[1]) if start else 0,
                min(int(size[1]), MAX_PAGE_SIZE) if size else MAX_PAGE_SIZE,
            )
        if target == b"/_stats":
            return response("200 OK", json.dumps({"connections": self.connections}).encode())
        return MODEL if target.startswith(b"/v1/models/") else NOT_FOUND


class Connection(asyncio.Protocol):
    """The part of HTTP/1.1 that the clients use: no chunked requests, no upgrade."""

    _transport: asyncio.Transport

    def __init__(self, service: Service, origin: Callable[[], str]) -> None:
        self._service = service
        self._origin = origin
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection."""
        # uvloop's transports are not subclasses of asyncio.Transport, but have its methods.
        self._transport = cast("asyncio.Transport", transport)
        self._service.connections += 1

    def data_received(self, data: bytes) -> None:
        """Respond to each complete request."""
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._received, 0, end)
            end += 4 + (int(length[1]) if length else 0)
            if len(self._received) < end:
                return
            self._transport.write(self._service.respond(self._origin(), self._received[:end]))
            self._received = self._received[end:]


async def serve(service: Service, certificate: str) -> None:
    """Listen on free ports, print their origins, and serve until standard input closes."""
    loop = asyncio.get_running_loop()
    secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secure.load_cert_chain(certificate)
    secure.set_alpn_protocols(["http/1.1"])
    origins: dict[str, str] = {}
    for scheme, context in {"http": None, "https": secure}.items():
        origin = partial(origins.__getitem__, scheme)
        listener = await loop.create_server(
            partial(Connection, service, origin), "127.0.0.1", 0, ssl=context, backlog=2048
        )
        port = listener.sockets[0].getsockname()[1]
        # The certificate is for this name, and clients usually have to resolve a name.
        origins[scheme] = f"{scheme}://localhost:{port}"
    print(json.dumps(origins), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("certificate", help="a PEM file with key and chain, for https")
    given = parser.parse_args()
    # More than a thousand connections may be open at the same time.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        import uvloop  # type: ignore[import-not-found,unused-ignore]  # only if it is installed
    except ImportError:
        factory = None
    else:
        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(serve(Service(), given.certificate))


if __name__ == "__main__":
    main()
