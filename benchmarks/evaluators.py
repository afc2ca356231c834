"""CPU time of executions and of listings of evaluators, against the same for models."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

from benchmarks.measure import Bench, Result, Worker, format_seconds, main
from benchmarks.peers import OURS
from benchmarks.server import MODELS

__all__ = ["measure"]

_HTTPX = "httpx + its classes"


def measure(bench: Bench) -> Iterator[Result]:
    """Yield the ratios of a run to a creation, and of two listings."""
    yield execution(bench)
    yield listing(bench)


def execution(bench: Bench) -> Result:
    """Return the ratio of a run to a creation of a model, at equal bytes sent and received."""
    calls = {"run": 100, "create_long": 100}
    rounds = interleaved(bench, [(OURS, call) for call in calls], 100, 20 if bench.quick else 120)
    run, create = rounds
    return Result(
        "evaluators.run",
        "create",
        [a / b for a, b in zip(run, create, strict=True)],
        1.0,
        note=f"{format_seconds(median(run))} / {format_seconds(median(create))}",
    )


def listing(bench: Bench) -> Result:
    """Return the ratio to httpx and the same classes for evaluators, divided by that for models."""
    question, against = f"list of {MODELS:,} evaluators, to {_HTTPX}", "the ratio for models"
    sides = [(peer, call) for call in ("list_evaluators", "list") for peer in (OURS, _HTTPX)]
    limit = MODELS // 10 if bench.quick else MODELS
    rounds = interleaved(bench, sides, 1, 4 if bench.quick else 11, limit=limit)
    evaluators = [a / b for a, b in zip(rounds[0], rounds[1], strict=True)]
    models = [a / b for a, b in zip(rounds[2], rounds[3], strict=True)]
    return Result(
        question,
        against,
        [a / b for a, b in zip(evaluators, models, strict=True)],
        1.0,
        note=f"{median(evaluators):.3g} / {median(models):.3g}",
    )


def interleaved(
    bench: Bench, sides: list[tuple[str, str]], calls: int, count: int, **arguments: int
) -> list[list[float]]:
    """Return the CPU seconds per call in each round, for each client and method.

    Methods of one client are called in one process, so that they share what differs between two.
    """
    cpu: list[list[float]] = [[] for _ in sides]
    with ExitStack() as stack:
        workers = {
            peer: stack.enter_context(Worker(bench, peer, bench.server.http))
            for peer in dict(sides)
        }
        order = list(range(len(sides)))
        for number in range(count + 2):
            for index in order:
                peer, call = sides[index]
                done = workers[peer].round(call, calls, **arguments)
                # The first rounds import modules, open connections and fill caches.
                if number >= 2:
                    cpu[index].append(done.cpu)
            # No side always follows the same one.
            order.append(order.pop(0))
    return cpu


if __name__ == "__main__":
    main(measure, __doc__)
