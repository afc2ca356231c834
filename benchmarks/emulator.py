"""How many requests a second does the emulator answer on one core, and does depth matter?"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from benchmarks.load import NUMBER
from benchmarks.measure import Bench, Process, Result, main

__all__ = ["measure"]

MODELS = 10_000

CONNECTIONS = 4
"""Enough that the server always has something to do, and so one core of its own to fill."""

BODY = json.dumps(
    {
        "name": f"ours-{NUMBER}",
        "model": "ollama/llama3",
        "max_token_count": 8192,
        "url": "http://gpu-7:11434",
    }
)


@dataclass(frozen=True)
class Load:
    """One kind of request, over and over."""

    method: str
    target: str
    body: str = ""


@dataclass(frozen=True)
class Taken:
    """What a request took.

    Attributes:
        cpu: Seconds of CPU in the server's process.
        wall: Seconds by the clock, from answer to answer on all connections together.
    """

    cpu: float
    wall: float


class Served(Process):
    """A server of `served.py`, and the load generator that is its only client."""

    def __init__(self, bench: Bench, name: str) -> None:
        super().__init__(str(bench.pythons["root-sdk-emulator"]), "-m", "benchmarks.served", name)
        where: dict[str, str] = self.hear()
        self.url, self.key = where["url"], where["key"]
        self._load = Process(sys.executable, "-m", "benchmarks.load")

    def take(self, load: Load, requests: int) -> Taken:
        """Make so many requests and return what one took.

        Raises:
            RuntimeError: One was answered with an error.
        """
        before = self.tell()["cpu"]
        done: dict[str, Any] = self._load.tell(
            url=self.url,
            key=self.key,
            requests=requests,
            connections=CONNECTIONS,
            **vars(load),
        )
        if "error" in done:
            raise RuntimeError(f"{load.method} {load.target}: {done['error']}")
        return Taken((self.tell()["cpu"] - before) / requests, done["seconds"] / requests)

    def close(self) -> None:
        """End both."""
        self._load.close()
        super().close()


def measure(bench: Bench) -> Iterator[Result]:
    """Yield what a request costs against the floor, and a deep page against the first."""
    with ExitStack() as stack:
        emulator = stack.enter_context(Served(bench, "emulator"))
        floor = stack.enter_context(Served(bench, "floor"))
        create = Load("POST", "/v1/models/", BODY)
        emulator.take(create, MODELS)
        first, deep = pages(emulator, 1, MODELS // 100)
        model_id = ask(emulator, first.target)["results"][0]["id"]
        for question, load in {
            "retrieve": Load("GET", f"/v1/models/{model_id}/"),
            "create": create,
            "list of 100": first,
        }.items():
            ours, least = turns(bench, (emulator, load), (floor, load))
            yield Result(
                f"emulator, {question}",
                "Starlette, constant",
                [a.cpu / b.cpu for a, b in zip(ours, least, strict=True)],
                wall=[a.wall / b.wall for a, b in zip(ours, least, strict=True)],
                note=f"{a_second(ours)} / {a_second(least)} requests a second",
            )
        later, sooner = turns(bench, (emulator, deep), (emulator, first))
        yield Result(
            f"emulator, page {MODELS // 100} of {MODELS:,} models",
            "page 1",
            [a.cpu / b.cpu for a, b in zip(later, sooner, strict=True)],
            target=1.1,
            note=f"{a_second(later)} / {a_second(sooner)} requests a second",
        )


def turns(bench: Bench, *contenders: tuple[Served, Load]) -> tuple[list[Taken], ...]:
    """Return the rounds of each; they take turns, and nobody always comes after the same one."""
    seconds = 0.1 if bench.quick else 0.5
    rounds: tuple[list[Taken], ...] = tuple([] for _ in contenders)
    # The first is for what is made once, the second to see how many fill a round.
    warm = [[server.take(load, 100) for _ in range(2)][-1] for server, load in contenders]
    order = list(range(len(contenders)))
    for _ in range(4 if bench.quick else 11):
        for which in order:
            server, load = contenders[which]
            rounds[which].append(server.take(load, max(round(seconds / warm[which].wall), 10)))
        order.append(order.pop(0))
    return rounds


def pages(server: Served, *numbers: int) -> list[Load]:
    """Return the requests for pages of 100, counted from 1."""
    found, target = [], "/v1/models/?page_size=100"
    for number in range(1, max(numbers) + 1):
        if number in numbers:
            found.append(Load("GET", target))
        following = urlsplit(ask(server, target)["next"])
        target = f"{following.path}?{following.query}"
    return found


def ask(server: Served, target: str) -> Any:
    """Return what the server answers to one request."""
    request = Request(server.url + target, headers={"Authorization": f"Api-Key {server.key}"})
    with urlopen(request) as answer:
        return json.load(answer)


def a_second(taken: list[Taken]) -> str:
    """Return how many requests were answered in a second, to three digits."""
    count = 1 / median(one.wall for one in taken)
    return f"{float(f'{count:.3g}'):,.0f}"


if __name__ == "__main__":
    main(measure, __doc__)
