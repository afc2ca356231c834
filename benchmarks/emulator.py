"""CPU time of the emulator per request, against a minimal application on Starlette."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import count
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from benchmarks.environments import ROOT
from benchmarks.measure import Bench, Process, Result, Round, format_seconds, main
from benchmarks.peers import BODY, OURS

__all__ = ["CREATE", "EmulatorServer", "interleave", "kinds", "measure", "ratio"]

FIRST_PAGE = "/v1/models/?page_size=100"

# Two models cannot have the same name.
_numbers = count(1)


@dataclass(frozen=True)
class Kind:
    """A kind of request."""

    method: str
    target: str


CREATE = Kind("POST", "/v1/models/")


class EmulatorServer(Process):
    """A server of `emulator_server.py` and a connection to it."""

    def __init__(self, bench: Bench, name: str, peer: str = OURS) -> None:
        super().__init__(bench.python(peer), "-m", "benchmarks.emulator_server", name)
        where: dict[str, str] = self.receive()
        self._connection = HTTPConnection(urlsplit(where["url"]).netloc)
        self._headers = {
            "Authorization": f"Api-Key {where['key']}",
            "Content-Type": "application/json",
        }

    def send(self, kind: Kind) -> bytes:
        """Send a request and return the body of the response.

        Raises:
            RuntimeError: The response has an error status.
        """
        body = None
        if kind.method == "POST":
            body = json.dumps({**BODY, "name": f"ollama/llama{next(_numbers)}"}).encode()
        self._connection.request(kind.method, kind.target, body, self._headers)
        response = self._connection.getresponse()
        content = response.read()
        if response.status >= 400:
            raise RuntimeError(f"{kind.method} {kind.target}: {content!r}")
        return content

    def round(self, kind: Kind, requests: int) -> Round:
        """Send a number of requests and return the cost of one to the server's process."""
        cpu, wall = self.request()["cpu"], time.perf_counter()
        for _ in range(requests):
            self.send(kind)
        wall = time.perf_counter() - wall
        return Round((self.request()["cpu"] - cpu) / requests, wall / requests)

    def close(self) -> None:
        """Close the connection and end the server."""
        self._connection.close()
        super().close()


def measure(bench: Bench) -> Iterator[Result]:
    """Yield the ratios to the minimal application, and of a deep page to the first."""
    with ExitStack() as stack:
        emulator = stack.enter_context(EmulatorServer(bench, "emulator"))
        minimal = stack.enter_context(EmulatorServer(bench, "minimal"))
        models = 1_000 if bench.quick else 10_000
        first = Kind("GET", FIRST_PAGE)
        emulator.round(CREATE, models)
        model_id = json.loads(emulator.send(first))["results"][0]["id"]
        for question, kind in kinds(model_id).items():
            ours, theirs = interleave(bench, (emulator, kind), (minimal, kind))
            yield ratio(question, "minimal Starlette", ours, theirs)
        deep = nth_page(emulator, models // 100)
        ours, theirs = interleave(bench, (emulator, deep), (emulator, first))
        yield ratio(f"emulator, page {models // 100}", "page 1", ours, theirs, target=1.1)
    yield filtered(bench)


def kinds(model_id: str) -> dict[str, Kind]:
    """Return the kinds of requests that are compared."""
    return {
        "emulator, retrieve": Kind("GET", f"/v1/models/{model_id}/"),
        "emulator, create": CREATE,
        "emulator, list of 100": Kind("GET", FIRST_PAGE),
    }


def filtered(bench: Bench) -> Result:
    """Return the ratio of a filtered page to one without a filter, in the database itself."""
    rows = 1_000 if bench.quick else 100_000
    program = (bench.python(OURS), "-m", "benchmarks.emulator_filter", str(rows))
    done = subprocess.run(program, capture_output=True, check=True, cwd=ROOT)
    filtered, first = json.loads(done.stdout)
    return Result(
        f"emulator, a filter over {rows:,} rows",
        "page 1",
        [a / b for a, b in zip(filtered, first, strict=True)],
        2.0,
        note=f"{format_seconds(median(filtered))} / {format_seconds(median(first))}",
    )


def interleave(bench: Bench, *contenders: tuple[EmulatorServer, Kind]) -> list[list[Round]]:
    """Return the rounds of each contender."""
    seconds = 0.1 if bench.quick else 0.5
    rounds: list[list[Round]] = [[] for _ in contenders]
    # The first round fills caches; the second one shows how many requests a round can have.
    warm = [[server.round(kind, 50) for _ in range(2)][-1] for server, kind in contenders]
    order = list(range(len(contenders)))
    for _ in range(4 if bench.quick else 11):
        for number in order:
            server, kind = contenders[number]
            requests = max(round(seconds / warm[number].wall), 10)
            rounds[number].append(server.round(kind, requests))
        order.append(order.pop(0))
    return rounds


def ratio(
    question: str,
    against: str,
    ours: list[Round],
    theirs: list[Round],
    target: float | None = None,
) -> Result:
    """Return the result of interleaved rounds."""
    rates = [f"{1 / median(one.cpu for one in rounds):,.0f}" for rounds in (ours, theirs)]
    return Result(
        question,
        against,
        [a.cpu / b.cpu for a, b in zip(ours, theirs, strict=True)],
        target,
        wall=[a.wall / b.wall for a, b in zip(ours, theirs, strict=True)],
        note=f"{rates[0]} / {rates[1]} requests per CPU second",
    )


def nth_page(server: EmulatorServer, number: int) -> Kind:
    """Return the request for a page, counted from 1."""
    target = FIRST_PAGE
    for _ in range(number - 1):
        page: dict[str, Any] = json.loads(server.send(Kind("GET", target)))
        following = urlsplit(page["next"])
        target = f"{following.path}?{following.query}"
    return Kind("GET", target)


if __name__ == "__main__":
    main(measure, __doc__)
