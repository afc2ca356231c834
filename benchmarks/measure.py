"""The measurement: one server, a worker process for each client, and interleaved rounds.

Absolute numbers depend on the machine and on its load. All clients of a question are therefore
measured in one run: in each round, every client makes its calls, and a ratio is computed from
two results of the same round.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from benchmarks.environments import ROOT, environment_of, prepare
from benchmarks.peers import OURS

__all__ = [
    "Bench",
    "Process",
    "Result",
    "Round",
    "Worker",
    "compare",
    "format_seconds",
    "interleave",
    "main",
    "options",
    "running",
    "show",
]


@dataclass
class Result:
    """The result for one question.

    Attributes:
        question: What is measured.
        against: The peer that the ratio refers to, or the client that the number belongs to.
        values: One value per round, usually a ratio of ours to the peer's; empty if nothing
            could be measured.
        target: The highest acceptable median, if there is a target.
        unit: The unit; empty for a ratio.
        wall: The same ratios in wall-clock time, where `values` are CPU time.
        note: Further numbers, or the reason why there are no values.
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
    """The cost of one call in one round.

    Attributes:
        cpu: CPU seconds of the measured process.
        wall: Seconds of wall-clock time.
        connections: Connections that the server accepted.
    """

    cpu: float
    wall: float
    connections: float = 0.0


class Process:
    """A program that exchanges lines of JSON over its standard input and output."""

    def __init__(self, *command: str, environment: Mapping[str, str] | None = None) -> None:
        self._command = " ".join(command)
        # Open as long as the program, which ends in close().
        self._stderr = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
        )

    def receive(self) -> Any:
        """Return the next object that the program writes.

        Raises:
            RuntimeError: The program has ended.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._stderr.seek(0)
            reason = (self._stderr.read().splitlines() or ["no error message"])[-1]
            raise RuntimeError(f"{self._command} ended unexpectedly: {reason}")
        return json.loads(line)

    def request(self, **message: object) -> Any:
        """Write an object and return the one that the program writes in response."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        return self.receive()

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
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._stderr.close()

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

    def __init__(self, certificate: Path) -> None:
        super().__init__(sys.executable, "-m", "benchmarks.server", str(certificate))
        origins: dict[str, str] = self.receive()
        self.http, self.https = origins["http"], origins["https"]
        # Kept open, so that asking for the number does not change it.
        self._control = http.client.HTTPConnection(urlsplit(self.http).netloc)

    def connections(self) -> int:
        """Return the number of connections that the server has accepted."""
        self._control.request("GET", "/_stats")
        count: int = json.load(self._control.getresponse())["connections"]
        return count


@dataclass(frozen=True)
class Bench:
    """What the scripts share.

    Attributes:
        quick: Whether a rough result is sufficient.
        pythons: The Python of each environment.
        variables: Environment variables for the clients.
        server: The server that the clients call.
    """

    quick: bool
    pythons: Mapping[str, Path]
    variables: Mapping[str, str]
    server: Server

    def has(self, peer: str) -> bool:
        """Return whether a peer is installed."""
        return environment_of(peer) in self.pythons

    def python(self, peer: str) -> str:
        """Return the Python that a peer is installed for."""
        return str(self.pythons[environment_of(peer)])


class Worker(Process):
    """A client of `peers.py` in a process of its own."""

    def __init__(self, bench: Bench, peer: str, url: str) -> None:
        super().__init__(
            *(bench.python(peer), "-m", "benchmarks.worker", peer, url),
            environment=bench.variables,
        )

    def round(self, call: str, calls: int, concurrency: int = 1, **arguments: object) -> Round:
        """Make a number of calls and return the cost of one."""
        return Round(
            **self.request(call=call, calls=calls, concurrency=concurrency, arguments=arguments)
        )


def compare(
    bench: Bench,
    question: str,
    call: str,
    targets: Mapping[str, float | None],
    *,
    url: str,
    concurrency: int = 1,
    **arguments: object,
) -> list[Result]:
    """Return the ratio of our CPU time per call to each peer's.

    Args:
        bench: What the scripts share.
        question: What is measured.
        call: The method of a peer to call.
        targets: The peers, each with the highest acceptable ratio.
        url: The base URL of the server.
        concurrency: The number of calls that are made at the same time.
        arguments: The arguments of the call.
    """
    with ExitStack() as stack:
        workers = {
            peer: stack.enter_context(Worker(bench, peer, url))
            for peer in (OURS, *targets)
            if bench.has(peer)
        }
        rounds = interleave(
            bench,
            workers,
            call,
            # Long enough for the resolution of the clock.
            seconds=0.05 if bench.quick else 0.2,
            count=4 if bench.quick else 11,
            concurrency=concurrency,
            **arguments,
        )
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
                note=f"{median_cpu(ours)} / {median_cpu(theirs)}{connections_note(ours, theirs)}",
            )
        )
    return results


def interleave(
    bench: Bench,
    workers: Mapping[str, Worker],
    call: str,
    *,
    seconds: float,
    count: int,
    concurrency: int = 1,
    **arguments: object,
) -> dict[str, list[Round]]:
    """Return `count` rounds of each worker; in each, every worker makes its calls once.

    A worker that fails is reported and left out. A round takes about `seconds`.
    """
    calls: dict[str, int] = {}
    for peer, worker in workers.items():
        try:
            # The first calls import modules, open connections and fill caches.
            worker.round(call, concurrency, concurrency, **arguments)
            one = worker.round(call, concurrency, concurrency, **arguments).wall
            calls[peer] = min(max(round(seconds / (one * concurrency)), 1), 2000) * concurrency
            worker.round(call, calls[peer], concurrency, **arguments)
        except RuntimeError as exc:
            print(f"{peer} is left out: {exc}", file=sys.stderr)
            calls.pop(peer, None)
    results: dict[str, list[Round]] = {peer: [] for peer in calls}
    order = list(calls)
    for _ in range(count):
        for peer in order:
            before = bench.server.connections()
            done = workers[peer].round(call, calls[peer], concurrency, **arguments)
            opened = (bench.server.connections() - before) / calls[peer]
            results[peer].append(Round(done.cpu, done.wall, opened))
        # No peer always follows the same one.
        order.append(order.pop(0))
    return results


def median_cpu(rounds: Iterable[Round]) -> str:
    """Return the median of the CPU time per call as text."""
    return format_seconds(median(round.cpu for round in rounds))


def format_seconds(seconds: float) -> str:
    """Return a duration with a readable unit."""
    if seconds < 0.01:
        return f"{seconds * 1e6:.0f} us"
    return f"{seconds * 1e3:.0f} ms"


def connections_note(ours: list[Round], theirs: list[Round]) -> str:
    """Return the number of new connections per call, if there were any."""
    opened = [median(round.connections for round in rounds) for rounds in (ours, theirs)]
    return f", {opened[0]:.2g} / {opened[1]:.2g} new connections per call" if any(opened) else ""


@contextmanager
def running(pythons: Mapping[str, Path], *, quick: bool) -> Iterator[Bench]:
    """Create a certificate and run the server."""
    import certifi
    import trustme

    with tempfile.TemporaryDirectory() as name:
        authority = trustme.CA()
        certificate, bundle = Path(name, "server.pem"), Path(name, "trusted.pem")
        authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(certificate)
        # Loading the usual authorities is part of what a client does.
        bundle.write_bytes(Path(certifi.where()).read_bytes() + authority.cert_pem.bytes())
        # No proxy of the user's environment comes between the clients and the server.
        variables = {"SSL_CERT_FILE": str(bundle), "no_proxy": "*", "NO_PROXY": "*"}
        with Server(certificate) as server:
            yield Bench(quick, pythons, variables, server)


def show(results: Iterable[Result]) -> None:
    """Print each result as soon as it is there."""
    for result in results:
        if result.values:
            low, mid, high = min(result.values), median(result.values), max(result.values)
            numbers = f"{low:8.3g} {mid:8.3g} {high:8.3g} {result.unit}"
        else:
            numbers = "       -        -        -"
        target = "" if result.target is None else f"target {result.target:g}"
        verdict = result.verdict.replace("*", "")
        print(
            f"{result.question:36} {result.against:17} {numbers:30} {target:12} {verdict:13}"
            f" {result.note}",
            flush=True,
        )


def options(description: str | None) -> argparse.ArgumentParser:
    """Return the options that all scripts have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument(
        "--environments",
        type=Path,
        default=ROOT / ".nox" / "bench" / "tmp",
        help="the folder with the clients' environments, which are created if missing",
    )
    return parser


def main(measure: Callable[[Bench], Iterable[Result]], description: str | None) -> None:
    """Run one script."""
    given = options(description).parse_args()
    with running(prepare(given.environments.resolve()), quick=given.quick) as bench:
        show(measure(bench))
