"""A server to measure: the emulator, or the least that Starlette and uvicorn can do.

`python -m benchmarks.served emulator` (or `floor`) says in one line of JSON where it listens and
which key it takes, answers every line on standard input with the seconds of CPU that its process
has taken, and ends with it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from benchmarks.server import MODEL_ID
from root.emulator import serve

MODEL = {
    "id": MODEL_ID,
    "name": "ollama/llama3",
    "model": "llama3",
    "max_output_token_count": 2048,
    "max_token_count": 8192,
    "url": "http://gpu-7:11434",
}

LISTED = {
    "id": MODEL_ID,
    "name": "ollama/llama3",
    "owner": {"email": "0123abcd@emulator.invalid", "full_name": "Emulator user"},
    "provider": None,
    "visibility": "PRIVATE",
}

PAGE = {
    "next": "http://127.0.0.1:8000/v1/models/?cursor=cD05OTAw&page_size=100",
    "previous": None,
    "results": [LISTED] * 100,
}


def answer_orders(url: str, api_key: str) -> None:
    """Say where the server is, and how much CPU it has taken whenever that is asked."""
    print(json.dumps({"url": url, "key": api_key}), flush=True)
    for _ in sys.stdin:
        print(json.dumps({"cpu": time.process_time()}), flush=True)


def emulator() -> None:
    """Run the emulator, which keeps its models in memory."""
    with serve() as server:
        answer_orders(server.url, server.api_key)


class Floor(uvicorn.Server):
    """Answers as many bytes as the emulator does, and asks nothing of anybody."""

    def __init__(self) -> None:
        async def one(request: Request) -> JSONResponse:
            return JSONResponse(MODEL, 201 if request.method == "POST" else 200)

        async def page(request: Request) -> JSONResponse:
            return JSONResponse(PAGE)

        application = Starlette(
            routes=[
                Route("/v1/models/", page),
                Route("/v1/models/", one, methods=["POST"]),
                Route("/v1/models/{id}/", one),
            ]
        )
        super().__init__(
            uvicorn.Config(
                application, port=0, lifespan="off", log_level="warning", access_log=False
            )
        )
        self.listening = threading.Event()

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        """Listen, and say so."""
        await super().startup()
        self.listening.set()


def floor() -> None:
    """Run the floor."""
    server = Floor()
    thread = threading.Thread(target=asyncio.run, args=(server.serve(),))
    thread.start()
    server.listening.wait()
    port = server.servers[0].sockets[0].getsockname()[1]
    answer_orders(f"http://127.0.0.1:{port}", "none")
    server.should_exit = True
    thread.join()


if __name__ == "__main__":
    {"emulator": emulator, "floor": floor}[sys.argv[1]]()
