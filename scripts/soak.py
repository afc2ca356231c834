"""Use a client in threads, tasks and forked children for a while, with faults, and check it.

`nox -s soak` runs it for 60 seconds, `nox -s soak -- --seconds 600` for longer. The service is the
emulator, behind a proxy that breaks some of the exchanges. At the end, the service must contain
everything that was confirmed, and nothing that cannot have been created; no two processes may have
used one connection; and no socket, task, thread or memory may be left. The figures are printed, and
the exit status is 1 if there are problems.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import faulthandler
import gc
import importlib
import itertools
import os
import random
import socket
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self
from unittest.mock import patch

from root import (
    AsyncRootSignals,
    BadRequestError,
    Model,
    NotFoundError,
    RootSignals,
    RootSignalsError,
)
from root.emulator import history, serve

FAULTS = (
    *("reset before", "close before", "reset after", "cut", "garbage", "502", "429", "slow"),
    "hang",
)
"""The faults of an exchange; with `before`, the service never receives the request."""

PROCESS = "X-Process"
"""The header by which the proxy knows which process sends a request."""

_THREADS = 6
_TASKS = 12
_MODELS = 4
_CHILDREN_EVERY = 1.0
_MAX_GROWTH = 6 * 1024 * 1024
_CHANCE_OF_FAULT = 0.1
_TIMEOUT = 1.0


class FaultyProxy:
    """A proxy between a client and a server that breaks some of the exchanges.

    Args:
        port: The server's port on this machine.
        choose: Returns the fault of the next exchange, one of `FAULTS`, or None.
    """

    def __init__(self, port: int, choose: Callable[[], str | None]) -> None:
        self._port = port
        self._choose = choose
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._writers: set[asyncio.StreamWriter] = set()
        self.faults: Counter[str] = Counter()
        self.open = 0
        self.processes: Counter[str] = Counter()
        """The number of connections of each process; a key with two names is a shared one."""

    @property
    def url(self) -> str:
        """The base URL for clients."""
        return f"http://127.0.0.1:{self._listening}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(10)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._ended = asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, backlog=1024)
        self._listening = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._ended.wait()
        server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0.05)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self._writers.add(writer)
        service: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        processes: set[str] = set()
        try:
            while True:
                request = await _message(reader)
                processes.add(_header(request, PROCESS))
                fault = self._choose()
                self.faults[fault or "none"] += 1
                if fault in ("reset before", "close before"):
                    if fault == "reset before":
                        _reset(writer)
                    return
                if fault == "429":
                    writer.write(
                        b"HTTP/1.1 429 Slow Down\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"
                    )
                    continue
                if service is None:
                    service = await asyncio.open_connection("127.0.0.1", self._port)
                service[1].write(request)
                response = await _message(service[0])
                if fault == "reset after":
                    _reset(writer)
                    return
                if fault == "hang":
                    # Until the client stops waiting.
                    await reader.read()
                    return
                if fault == "cut":
                    writer.write(response[: len(response) // 2])
                    return
                if fault == "garbage":
                    writer.write(b"\x00\xff not HTTP\r\n\r\n")
                    return
                if fault == "502":
                    response = (
                        b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n"
                        b"Content-Length: 13\r\n\r\n<html></html>"
                    )
                if fault == "slow":
                    await asyncio.sleep(0.05)
                writer.write(response)
        except (OSError, asyncio.IncompleteReadError):
            # The other side has closed the connection.
            return
        finally:
            for end in (writer, service and service[1]):
                if end is not None:
                    end.close()
            self._writers.discard(writer)
            if processes:
                self.processes[" and ".join(sorted(processes))] += 1
            self.open -= 1


async def _message(reader: asyncio.StreamReader) -> bytes:
    """Read one request or response; here, each has a length, chunks, or no body."""
    head = await reader.readuntil(b"\r\n\r\n")
    if _header(head, "Transfer-Encoding"):
        message = head
        while not message.endswith(b"\r\n0\r\n\r\n"):
            message += await reader.readuntil(b"\r\n")
        return message
    return head + await reader.readexactly(int(_header(head, "Content-Length") or 0))


def _header(message: bytes, name: str) -> str:
    """Return the value of a header, or an empty string."""
    for line in message.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n"):
        found, _, value = line.partition(":")
        if found.lower() == name.lower():
            return value.strip()
    return ""


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Ledger:
    """What the service must contain and what it may contain, according to its responses.

    Every name is used once. So one creation cannot create two models unnoticed: the service
    refuses the second request, since the name exists.
    """

    def __init__(self) -> None:
        self.names: dict[str, bool] = {}
        """For each model that may exist, by name, whether it must."""
        self.confirmed: dict[str, int] = {}
        """By ID, the last `max_token_count` that was confirmed."""
        self.unconfirmed: dict[str, set[int]] = {}
        """By ID, those that it may have instead."""
        self.problems: list[str] = []

    @contextlib.contextmanager
    def creating(self, name: str) -> Iterator[None]:
        """Record a creation and its outcome."""
        self.names[name] = False
        try:
            yield
        except BadRequestError as error:
            self.problems.append(f"the creation of {name} was sent twice: {error}")
            raise
        except RootSignalsError as error:
            if not error.may_have_been_processed:
                del self.names[name]
            raise
        self.names[name] = True

    @contextlib.contextmanager
    def deleting(self, name: str) -> Iterator[None]:
        """Record a deletion and its outcome."""
        before = self.names[name]
        self.names[name] = False
        try:
            yield
        except RootSignalsError as error:
            if not error.may_have_been_processed:
                self.names[name] = before
            raise
        del self.names[name]

    @contextlib.contextmanager
    def updating(self, model_id: str, value: int) -> Iterator[None]:
        """Record an update and its outcome."""
        # Without a response it stays possible for ever: the request may still be on its way.
        self.unconfirmed[model_id].add(value)
        try:
            yield
        except RootSignalsError as error:
            if not error.may_have_been_processed:
                self.unconfirmed[model_id].discard(value)
            raise
        self.unconfirmed[model_id].discard(value)
        self.confirmed[model_id] = value

    def created(self, model_id: str) -> None:
        """Record the ID of a model, which only one thread or task updates."""
        self.confirmed[model_id] = 0
        self.unconfirmed[model_id] = set()

    def check_model(self, name: str, model_id: str, model: Model) -> None:
        """Compare with a model that the service returned."""
        if (model.id, model.name) != (model_id, name):
            self.problems.append(f"requested {name}, {model_id}: received {model.name}, {model.id}")
        elif model.max_token_count not in {self.confirmed[model_id], *self.unconfirmed[model_id]}:
            self.problems.append(f"{name} is {model.max_token_count}: an update was lost")

    def check_listing(self, names: list[str]) -> None:
        """Compare with the names of all models."""
        self.problems += [f"{name} exists twice" for name, n in Counter(names).items() if n > 1]
        self.problems += [
            f"{name} exists and was not created" for name in set(names) - self.names.keys()
        ]
        required = {name for name, is_required in self.names.items() if is_required}
        self.problems += [f"{name} is lost" for name in required.difference(names)]


class Soak:
    """The load, and what was observed."""

    def __init__(self, url: str, key: str, seconds: float, seed: int) -> None:
        self.client = RootSignals(
            key,
            base_url=url,
            max_connections=8,
            timeout=_TIMEOUT,
            max_retries=3,
            default_headers={PROCESS: str(os.getpid())},
        )
        self.counts: Counter[str] = Counter()
        self.ledger = Ledger()
        self.problems: list[str] = []
        self.memory: list[int] = []
        self._url = url
        self._key = key
        self._until = time.monotonic() + seconds
        self._warm = time.monotonic() + seconds / 3
        self._seed = seed

    def run(self) -> None:
        """Use the client until the time is over."""
        # A child that is forked while another thread imports a module hangs at Python's import
        # lock, even if the module is not ours; so everything is imported before the first fork.
        with contextlib.suppress(RootSignalsError):
            list(self.client.models.list(limit=1))
        with contextlib.suppress(RootSignalsError):
            asyncio.run(self.client.models.averify(model="warm-up"))
        workers = [
            threading.Thread(target=self._guarded, args=(self._blocking, number))
            for number in range(_THREADS)
        ]
        workers.append(threading.Thread(target=self._guarded, args=(self._loops, _THREADS)))
        for worker in workers:
            worker.start()
        children: list[int] = []
        while time.monotonic() < self._until:
            children.append(self._fork(len(children)))
            self.counts["forks"] += 1
            time.sleep(min(_CHILDREN_EVERY, max(0, self._until - time.monotonic())))
            if time.monotonic() > self._warm:
                gc.collect()
                self.memory.append(_resident())
        for child in children:
            status = os.waitpid(child, 0)[1]
            if status:
                self.problems.append(f"a forked child ended with status {status}")
        until = time.monotonic() + 30
        for worker in workers:
            worker.join(max(0, until - time.monotonic()))
            if worker.is_alive():
                self.problems.append("a worker did not end")

    def _guarded(self, work: Callable[[int], None], number: int) -> None:
        try:
            work(number)
        except Exception as exc:  # noqa: BLE001 - it is reported at the end.
            self.problems.append(f"{type(exc).__name__}: {exc}")

    def _blocking(self, number: int) -> None:
        chance = random.Random(self._seed + number)
        models, ledger = self.client.models, self.ledger
        own: dict[str, str] = {}
        names = (f"thread {number}/{turn}" for turn in itertools.count())
        while time.monotonic() < self._until:
            kind = "create"
            if len(own) >= _MODELS:
                kinds = ["update", "retrieve", "list", "delete"]
                kind = chance.choices(kinds, weights=[6, 6, 1, 1])[0]
            name = next(names) if kind == "create" else chance.choice(list(own))
            try:
                if kind == "create":
                    with ledger.creating(name):
                        own[name] = models.create(name=name, max_token_count=0)
                    ledger.created(own[name])
                elif kind == "list":
                    ids = [model.id for model in models.list(limit=250)]
                    if len(ids) != len(set(ids)):
                        ledger.problems.append("a listing contains a model twice")
                elif kind == "retrieve":
                    ledger.check_model(name, own[name], models.retrieve(own[name]))
                elif kind == "delete":
                    # Not used any more, whatever the outcome.
                    model_id = own.pop(name)
                    with ledger.deleting(name):
                        models.delete(model_id)
                else:
                    value = chance.randrange(1, 10**9)
                    with ledger.updating(own[name], value):
                        models.update(own[name], max_token_count=value)
                self.counts[kind] += 1
            except RootSignalsError as error:
                self._note(kind, error)

    def _loops(self, number: int) -> None:
        """Run one event loop after the other, each with many tasks."""
        while time.monotonic() < self._until:
            left = asyncio.run(self._tasks(number))
            self.counts["loops"] += 1
            if left:
                self.problems.append(f"{left} tasks were left in a loop")

    async def _tasks(self, number: int) -> int:
        until = min(self._until, time.monotonic() + 1)
        native = AsyncRootSignals(
            self._key,
            base_url=self._url,
            max_connections=4,
            timeout=_TIMEOUT,
            max_retries=3,
            default_headers={PROCESS: str(os.getpid())},
        )
        async with native, asyncio.TaskGroup() as group:
            for task in range(_TASKS):
                client = native if task % 2 else None
                group.create_task(self._task(client, until, self._seed + number * 100 + task))
        return len(asyncio.all_tasks()) - 1

    async def _task(self, client: AsyncRootSignals | None, until: float, seed: int) -> None:
        chance = random.Random(seed + self.counts["loops"] * 1000)
        models = client.models if client is not None else self.client._async.models
        ledger = self.ledger
        name = f"task {seed}/{self.counts['loops']}"
        try:
            with ledger.creating(name):
                model_id = await models.create(name=name, max_token_count=0)
        except RootSignalsError as error:
            self._note("acreate", error)
            return
        ledger.created(model_id)
        while time.monotonic() < until:
            value = chance.randrange(1, 10**9)
            # Cancelled somewhere: the update is made, or it is not.
            bound = chance.random() * 0.02 if chance.random() < 0.3 else None
            try:
                with ledger.updating(model_id, value):
                    async with asyncio.timeout(bound):
                        await models.update(model_id, max_token_count=value)
                self.counts["aupdate"] += 1
                ledger.check_model(name, model_id, await models.retrieve(model_id))
                self.counts["aretrieve"] += 1
            except RootSignalsError as error:
                self._note("aupdate", error)
            except TimeoutError:
                self.counts["cancelled"] += 1
        try:
            with ledger.deleting(name):
                await models.delete(model_id)
        except RootSignalsError as error:
            self._note("adelete", error)

    def _note(self, kind: str, error: RootSignalsError) -> None:
        self.counts[f"{kind} failed"] += 1
        if isinstance(error, NotFoundError) and not error.may_have_been_processed:
            self.problems.append(f"a model is missing: {error}")

    def _fork(self, number: int) -> int:
        """Fork a child that uses the client; it exits with 1 if it receives another's response."""
        name = f"child {number}"
        # It deletes the model, which may fail.
        self.ledger.names[name] = False
        pid = os.fork()
        if pid:
            return pid
        status = 2
        try:
            # A child that hangs prints its traceback and ends.
            faulthandler.dump_traceback_later(30, exit=True)
            models = self.client.with_options(default_headers={PROCESS: str(os.getpid())}).models
            status = 0
            with contextlib.suppress(RootSignalsError):
                model_id = models.create(name=name)
                for _ in range(10):
                    for model in (
                        models.retrieve(model_id),
                        asyncio.run(models.aretrieve(model_id)),
                    ):
                        if (model.id, model.name) != (model_id, name):
                            status = 1
                models.delete(model_id)
        finally:
            os._exit(status)


def _resident() -> int:
    """Return the memory of this process, in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _sockets() -> int:
    count = 0
    for path in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            count += str(path.readlink()).startswith("socket:")
    return count


def main() -> int:
    """Run the load, print the figures, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="duration (60)")
    parser.add_argument(
        "--seed", type=int, default=int(time.time()), help="seed of the random numbers"
    )
    parser.add_argument(
        "--hooked", action="store_true", help="hook httpx, so that calls go through it"
    )
    arguments = parser.parse_args()
    if arguments.hooked:
        sys.path.append(str(Path(__file__).parents[1]))
        importlib.import_module("tests.hooked_httpx")
    print(f"Seed {arguments.seed}, {arguments.seconds:g} s")
    chance = random.Random(arguments.seed)
    # The emulator's history of requests would look like a leak until it is full.
    with patch.object(history, "_MAX_REQUESTS", 100), serve() as server:
        threads, sockets = threading.active_count(), _sockets()
        key = server.api_key

        def choose() -> str | None:
            return chance.choice(FAULTS) if chance.random() < _CHANCE_OF_FAULT else None

        with FaultyProxy(server.port, choose) as proxy:
            soak = Soak(proxy.url, key, arguments.seconds, arguments.seed)
            soak.run()
            soak.client.close()
            gc.collect()
            until = time.monotonic() + 5
            while proxy.open and time.monotonic() < until:
                time.sleep(0.01)
            if proxy.open:
                soak.problems.append(f"{proxy.open} connections are left open")
            shared = [processes for processes in proxy.processes if " and " in processes]
            soak.problems += [f"processes {both} used one connection" for both in shared]
        with RootSignals(key, base_url=server.url) as direct:
            found = [
                (model.name, model.id)
                for model in direct.models.list(limit=None)
                if model.visibility != "PUBLIC"
            ]
            soak.ledger.check_listing([name for name, _ in found])
            for name, model_id in found:
                if model_id in soak.ledger.confirmed:
                    soak.ledger.check_model(name, model_id, direct.models.retrieve(model_id))
            soak.problems += soak.ledger.problems
        gc.collect()
        until = time.monotonic() + 5
        while (threading.active_count(), _sockets()) != (threads, sockets):
            if time.monotonic() > until:
                soak.problems.append(
                    f"threads: {threads}, then {threading.active_count()};"
                    f" sockets: {sockets}, then {_sockets()}"
                )
                break
            time.sleep(0.02)
    growth = soak.memory[-1] - soak.memory[0] if len(soak.memory) > 1 else 0
    if growth > _MAX_GROWTH:
        soak.problems.append(f"memory grew by {growth / 2**20:.1f} MiB after warm-up")
    for name, count in sorted(soak.counts.items()):
        print(f"{name:>20} {count}")
    for name, count in sorted(proxy.faults.items()):
        print(f"{'fault: ' + name:>20} {count}")
    print(f"{'processes':>20} {len(proxy.processes)}")
    print(f"{'left at the end':>20} {len(found)}")
    print(f"{'memory growth':>20} {growth / 2**20:.1f} MiB of {_resident() / 2**20:.0f} MiB")
    for line in soak.problems[:20]:
        print("PROBLEM:", line)
    print("There are problems." if soak.problems else "No problems.")
    return 1 if soak.problems else 0


if __name__ == "__main__":
    sys.exit(main())
