"""A load generator in a process of its own: requests over a few connections kept open.

`python -m benchmarks.load` reads orders from standard input, a JSON object a line: `{"url": ...,
"key": ..., "method": ..., "target": ..., "body": ..., "requests": 1000, "connections": 4}`. It
answers each with the seconds by the clock, or with what went wrong. `NUMBER` in a request
becomes another number each time, since no two models may have one name. There is no HTTP library
here, which would take longer for a request than the server.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import sys
import time
from contextlib import ExitStack
from itertools import count
from typing import Any
from urllib.parse import urlsplit

NUMBER = "00000000"

_HEAD = re.compile(rb"HTTP/1\.1 (\d+)(?:.*?\r\ncontent-length: *(\d+))?.*?\r\n\r\n", re.I | re.S)


def request(url: str, key: str, method: str, target: str, body: str) -> bytes:
    """Return a whole request."""
    lines = [
        f"{method} {target} HTTP/1.1",
        f"Host: {urlsplit(url).netloc}",
        f"Authorization: Api-Key {key}",
        "Accept: application/json",
    ]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join((*lines, "", body)).encode()


_numbers = (b"%08d" % number for number in count(1))


def run(url: str, message: bytes, requests: int, connections: int) -> float:
    """Make so many requests, one at a time on each connection, and return how long it took.

    Raises:
        RuntimeError: An answer is an error, or the server has hung up.
    """

    def numbered() -> bytes:
        return message.replace(NUMBER.encode(), next(_numbers))

    place = urlsplit(url)
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        for _ in range(connections):
            link = stack.enter_context(socket.create_connection((place.hostname, place.port)))
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(link, selectors.EVENT_READ, (link, bytearray()))
        start = time.perf_counter()
        for registered in selector.get_map().values():
            registered.data[0].sendall(numbered())
        sent, answered = connections, 0
        while answered < requests:
            for registered, _ in selector.select():
                link, received = registered.data
                if not (data := link.recv(1 << 18)):
                    raise RuntimeError("the server has hung up")
                received += data
                head = _HEAD.match(received)
                if head is None or len(received) < head.end() + int(head[2] or 0):
                    continue
                if not head[1].startswith(b"2"):
                    raise RuntimeError(received.decode("utf-8", "replace"))
                received.clear()
                answered += 1
                if sent < requests:
                    link.sendall(numbered())
                    sent += 1
        return time.perf_counter() - start


def main() -> None:
    """Take orders."""
    for line in sys.stdin:
        order: dict[str, Any] = json.loads(line)
        requests, connections = order.pop("requests"), order.pop("connections")
        try:
            answer: dict[str, object] = {
                "seconds": run(order["url"], request(**order), requests, connections)
            }
        except (OSError, RuntimeError) as exc:
            answer = {"error": str(exc)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
