"""How things are measured: a server, a worker for every client, and turns that they take.

Absolute numbers depend on the machine and on what else runs there. So all clients that answer a
question are measured in one run: round by round each makes its calls, and a ratio is formed
from the two results of the same round.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from benchmarks.environments import HOMES, ROOT, prepare
from benchmarks.peers import OURS

__all__ = [
    "Bench",
    "Result",
    "Round",
    "Server",
    "Worker",
    "compare",
    "main",
    "prepared",
    "show",
    "take_turns",
]


@dataclass
class Result:
    """The answer to one question.

    Attributes:
        question: What was measured.
        against: The peer that it is a ratio to, or what the number is otherwise.
        values: A value for each round, most often ours divided by the peer's; empty if the
            question could not be answered.
        target: What issue 3 or 5 asks for at most, if one does.
        unit: The unit, empty for a ratio.
        wall: The same ratio by the clock, where `values` are CPU.
        note: More numbers, or why there are none.
    """

    question: str
    against: str
    values: list[float]
    target: float | None = None
    unit: str = ""
    wall: list[float] = field(default_factory=list)
    note: str = ""

    @property
    def verdict(self) -> str:
        """Whether the median meets the target."""
        if not self.values:
            return "not measured"
        if self.target is None:
            return ""
        return "met" if median(self.values) <= self.target else "**not met**"


@dataclass(frozen=True)
class Round:
    """What one client took for a call in one round.

    Attributes:
        cpu: Seconds of the worker process's CPU.
        wall: Seconds by the clock.
        connections: Connections that the server accepted.
    """

    cpu: float
    wall: float
    connections: float = 0.0


class Process:
    """A program that talks JSON over its standard input and output, and ends with them."""

    def __init__(self, *command: str, environment: dict[str, str] | None = None) -> None:
        self._command = " ".join(command)
        # Open as long as the program, which ends in close().
        self._trouble = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | (environment or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._trouble,
            text=True,
        )

    def hear(self) -> Any:
        """Return what the program says next.

        Raises:
            RuntimeError: It has ended.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._trouble.seek(0)
            last = [*self._trouble.read().splitlines(), "it does not say why"][-2:][0]
            raise RuntimeError(f"{self._command} ended unexpectedly: {last}")
        return json.loads(line)

    def tell(self, **order: object) -> Any:
        """Say something and return the answer."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        return self.hear()

    def close(self) -> None:
        """End the program."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._trouble.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Server(Process):
    """The server of `server.py`."""

    def __init__(self, certificate: Path, *, delay: float = 0.0, models: int = 10_000) -> None:
        super().__init__(
            *(sys.executable, "-m", "benchmarks.server", "--certificate", str(certificate)),
            *("--delay", str(delay), "--models", str(models)),
        )
        origins: dict[str, str] = self.hear()
        self.http, self.https = origins["http"], origins["https"]
        # Kept open, so that asking is no new connection.
        self._control = http.client.HTTPConnection(urlsplit(self.http).netloc)

    def connections(self) -> int:
        """Return how many connections have been accepted."""
        self._control.request("GET", "/_stats")
        count: int = json.load(self._control.getresponse())["connections"]
        return count


class Worker(Process):
    """A client of `peers.py` in a process and an environment of its own."""

    def __init__(self, bench: Bench, peer: str, url: str, loop: str = "asyncio") -> None:
        python = bench.pythons["root-sdk-extras" if loop == "uvloop" else HOMES[peer]]
        super().__init__(
            *(str(python), "-m", "benchmarks.worker", peer, url, loop),
            # Nothing that the person who runs this has set stands between client and server.
            environment={"SSL_CERT_FILE": str(bench.bundle), "no_proxy": "*", "NO_PROXY": "*"},
        )

    def round(self, call: str, calls: int, at_once: int = 1, **given: object) -> Round:
        """Make so many calls and return what one took."""
        return Round(**self.tell(call=call, calls=calls, at_once=at_once, given=given))


@dataclass
class Bench:
    """What the scripts share.

    Attributes:
        quick: Whether a rough answer is enough.
        pythons: The Python of each environment.
        certificate: The server's certificate with its key.
        bundle: The usual certificates to trust, and the server's: loading 150 of them is part
            of what a client does.
        server: A server without delay.
    """

    quick: bool
    pythons: dict[str, Path]
    certificate: Path
    bundle: Path
    server: Server

    def has(self, peer: str) -> bool:
        """Return whether a peer could be installed."""
        return HOMES[peer] in self.pythons


def compare(
    bench: Bench,
    question: str,
    call: str,
    targets: dict[str, float | None],
    *,
    url: str,
    at_once: int = 1,
    **given: object,
) -> list[Result]:
    """Return the ratios of our CPU per call to each peer's.

    Args:
        bench: What the scripts share.
        question: What is measured.
        call: The method of a peer to call.
        targets: The peers, with what issue 3 asks for.
        url: The server.
        at_once: How many calls are on their way at once.
        given: The arguments of the call.
    """
    peers = [peer for peer in (OURS, *targets) if bench.has(peer)]
    rounds = take_turns(bench, peers, call, url=url, at_once=at_once, **given)
    ours = rounds.get(OURS, [])
    results = []
    for peer, target in targets.items():
        if not ours or peer not in rounds:
            note = "failed" if bench.has(peer) else "not installed"
            results.append(Result(question, peer, [], target, note=note))
            continue
        theirs = rounds[peer]
        results.append(
            Result(
                question,
                peer,
                [a.cpu / b.cpu for a, b in zip(ours, theirs, strict=True)],
                target,
                wall=[a.wall / b.wall for a, b in zip(ours, theirs, strict=True)],
                note=f"{spoken(middle(ours))} / {spoken(middle(theirs))}"
                + connections_note(ours, theirs),
            )
        )
    return results


def take_turns(
    bench: Bench, peers: Iterable[str], call: str, *, url: str, at_once: int = 1, **given: object
) -> dict[str, list[Round]]:
    """Return each peer's rounds; in each round every peer makes its calls once.

    A peer that fails is told of and left out.
    """
    # Per round and peer. Enough to be well above the resolution of the clock.
    seconds = 0.05 if bench.quick else 0.2
    count = 4 if bench.quick else 11
    with ExitStack() as stack:
        workers: dict[str, Worker] = {}
        calls: dict[str, int] = {}
        for peer in peers:
            try:
                worker = stack.enter_context(Worker(bench, peer, url))
                # Imports, connections and caches first; then one to see how long a call takes.
                worker.round(call, at_once, at_once, **given)
                one = worker.round(call, at_once, at_once, **given).wall
                calls[peer] = min(max(round(seconds / (one * at_once)), 1), 2000) * at_once
                worker.round(call, calls[peer], at_once, **given)
            except RuntimeError as exc:
                print(f"{peer} is left out: {exc}", file=sys.stderr)
            else:
                workers[peer] = worker
        results: dict[str, list[Round]] = {peer: [] for peer in workers}
        order = list(workers)
        for _ in range(count):
            for peer in order:
                before = bench.server.connections()
                done = workers[peer].round(call, calls[peer], at_once, **given)
                made = (bench.server.connections() - before) / calls[peer]
                results[peer].append(Round(done.cpu, done.wall, made))
            # Nobody always comes after the same one.
            order.append(order.pop(0))
    return results


def middle(rounds: list[Round]) -> float:
    """Return the median of the CPU per call."""
    return median(round.cpu for round in rounds)


def spoken(seconds: float) -> str:
    """Return a time the way one says it."""
    if seconds < 0.01:
        return f"{seconds * 1e6:.0f} us"
    return f"{seconds * 1e3:.0f} ms"


def connections_note(ours: list[Round], theirs: list[Round]) -> str:
    """Return how many connections a call took, where any were made."""
    made = [median(round.connections for round in rounds) for rounds in (ours, theirs)]
    return f", {made[0]:.2g} / {made[1]:.2g} new connections a call" if any(made) else ""


@contextmanager
def prepared(folder: Path, *, quick: bool) -> Iterator[Bench]:
    """Make the environments and certificates and start the server."""
    import certifi
    import trustme

    pythons = prepare(folder)
    with tempfile.TemporaryDirectory() as name:
        authority = trustme.CA()
        certificate, bundle = Path(name, "server.pem"), Path(name, "trusted.pem")
        authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(certificate)
        bundle.write_bytes(Path(certifi.where()).read_bytes() + authority.cert_pem.bytes())
        with Server(certificate) as server:
            yield Bench(quick, pythons, certificate, bundle, server)


def show(results: Iterable[Result]) -> None:
    """Print results as they come."""
    for result in results:
        if result.values:
            low, mid, high = min(result.values), median(result.values), max(result.values)
            numbers = f"{low:8.3g} {mid:8.3g} {high:8.3g} {result.unit}"
        else:
            numbers = "       -        -        -"
        target = "" if result.target is None else f"target {result.target:g}"
        verdict = result.verdict.replace("*", "")
        print(
            f"{result.question:42} {result.against:20} {numbers:32} {target:13} {verdict:13}"
            f" {result.note}",
            flush=True,
        )


def arguments(description: str | None) -> argparse.Namespace:
    """Return what was given on the command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument(
        "--environments",
        type=Path,
        default=ROOT / ".nox" / "bench" / "tmp",
        help="the folder of the clients' environments, made where missing",
    )
    return parser.parse_args()


def main(measured: Callable[[Bench], Iterable[Result]], description: str | None) -> None:
    """Answer the questions of one script."""
    given = arguments(description)
    with prepared(given.environments.resolve(), quick=given.quick) as bench:
        show(measured(bench))
