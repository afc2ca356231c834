"""A server to measure: the emulator, or a minimal application on Starlette and uvicorn.

`python -m benchmarks.emulator_server emulator` (or `minimal`) prints one line of JSON with its URL
and key, responds to every line on standard input with the CPU seconds of its process, and ends
when standard input closes.
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

LIST_ITEM = {
    "id": MODEL_ID,
    "name": "ollama/llama3",
    "owner": {"email": "0123abcd@emulator.invalid", "full_name": "Emulator user"},
    "provider": None,
    "visibility": "PRIVATE",
}

PAGE = {
    "next": "http://127.0.0.1:8000/v1/models/?cursor=cD05OTAw&page_size=100",
    "previous": None,
    "results": [LIST_ITEM] * 100,
}


def report_cpu(url: str, api_key: str) -> None:
    """Print the server's URL and key, and its CPU time for every line that is read."""
    print(json.dumps({"url": url, "key": api_key}), flush=True)
    for _ in sys.stdin:
        print(json.dumps({"cpu": time.process_time()}), flush=True)


def emulator() -> None:
    """Run the emulator with its models in memory."""
    with serve() as server:
        report_cpu(server.url, server.api_key)


class MinimalServer(uvicorn.Server):
    """Returns as many bytes as the emulator, and checks nothing."""

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
        """Listen, and set `listening`."""
        await super().startup()
        self.listening.set()


def minimal() -> None:
    """Run the minimal server."""
    server = MinimalServer()
    thread = threading.Thread(target=asyncio.run, args=(server.serve(),))
    thread.start()
    server.listening.wait()
    port = server.servers[0].sockets[0].getsockname()[1]
    report_cpu(f"http://127.0.0.1:{port}", "none")
    server.should_exit = True
    thread.join()


if __name__ == "__main__":
    {"emulator": emulator, "minimal": minimal}[sys.argv[1]]()
