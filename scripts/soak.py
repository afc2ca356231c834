"""Load the client from threads, tasks and forked children for a while, with faults, and count.

`nox -s soak` runs it for 60 seconds, `nox -s soak -- --seconds 600` for longer. The emulator
answers, behind a proxy that breaks some of the exchanges. At the end every update that was
confirmed must be there, and no socket, task, thread or memory may be left over; the figures are
printed, and the exit status is 1 if something is wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import faulthandler
import gc
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

from root import AsyncRootSignals, NotFoundError, RootSignals, RootSignalsError
from root.emulator import serve

FAULTS = ("reset before", "close before", "reset after", "cut", "garbage", "502", "429", "slow")
"""What the proxy can do to an exchange; `before` means that the service never hears of it."""

_THREADS = 6
_TASKS = 12
_MODELS = 4
_CHILDREN_EVERY = 2.0
_MOST_GROWTH = 6 * 1024 * 1024
_CHANCE_OF_FAULT = 0.1


class FaultyProxy:
    """Stands between a client and a server and breaks the exchanges that it is told to break.

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
        try:
            while True:
                request = await _message(reader)
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
                answer = await _message(service[0])
                if fault == "reset after":
                    _reset(writer)
                    return
                if fault == "cut":
                    writer.write(answer[: len(answer) // 2])
                    return
                if fault == "garbage":
                    writer.write(b"\x00\xff not HTTP\r\n\r\n")
                    return
                if fault == "502":
                    answer = (
                        b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n"
                        b"Content-Length: 13\r\n\r\n<html></html>"
                    )
                if fault == "slow":
                    await asyncio.sleep(0.05)
                writer.write(answer)
        except (OSError, asyncio.IncompleteReadError):
            # The other side is gone.
            return
        finally:
            for end in (writer, service and service[1]):
                if end is not None:
                    end.close()
            self._writers.discard(writer)
            self.open -= 1


async def _message(reader: asyncio.StreamReader) -> bytes:
    """Read one request or answer; all that occur here have a length or no body."""
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return head + await reader.readexactly(int(line[15:]))
    return head


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Ledger:
    """What one worker knows of the models that are its own: what each may be by now."""

    def __init__(self) -> None:
        self.models: dict[str, set[int | None]] = {}
        """By id, the values that `max_token_count` may have."""
        self.wrong: list[str] = []

    def note(self, model_id: str, value: int, error: RootSignalsError | None) -> None:
        """Note an update and what came of it."""
        if error is None:
            self.models[model_id] = {value}
        elif error.may_have_been_processed:
            self.models[model_id].add(value)

    def look(self, model_id: str, value: int | None) -> None:
        """Compare with what the service says."""
        if value not in self.models[model_id]:
            self.wrong.append(f"{model_id} is {value}, not one of {self.models[model_id]}")
        else:
            # What is seen once is settled: nothing of ours is on its way any more.
            self.models[model_id] = {value}


class Soak:
    """The load and what it came to."""

    def __init__(self, url: str, key: str, seconds: float, seed: int) -> None:
        self.client = RootSignals(key, base_url=url, max_connections=8, timeout=5, max_retries=3)
        self.counts: Counter[str] = Counter()
        self.ledgers: list[Ledger] = []
        self.trouble: list[str] = []
        self.memory: list[int] = []
        self._url = url
        self._key = key
        self._until = time.monotonic() + seconds
        self._warm = time.monotonic() + seconds / 3
        self._seed = seed

    def run(self) -> None:
        """Load the client until the time is up."""
        # A child that is forked while another thread imports a module hangs at Python's import
        # lock, whoever the module belongs to; so everything is imported before the first fork.
        for _ in self.client.models.list(limit=1):
            asyncio.run(self.client.models.averify(model="warm-up"))
        workers = [
            threading.Thread(target=self._guarded, args=(self._blocking, number))
            for number in range(_THREADS)
        ]
        workers.append(threading.Thread(target=self._guarded, args=(self._loops, _THREADS)))
        for worker in workers:
            worker.start()
        with _forker(self.client, self.trouble) as fork:
            while time.monotonic() < self._until:
                fork()
                self.counts["forks"] += 1
                time.sleep(min(_CHILDREN_EVERY, max(0, self._until - time.monotonic())))
                if time.monotonic() > self._warm:
                    gc.collect()
                    self.memory.append(_resident())
        for worker in workers:
            worker.join(60)
            if worker.is_alive():
                self.trouble.append("a worker did not come to its end")

    def _guarded(self, work: Callable[[int], None], number: int) -> None:
        try:
            work(number)
        except Exception as exc:  # noqa: BLE001 - it is told at the end.
            self.trouble.append(f"{type(exc).__name__}: {exc}")

    def _blocking(self, number: int) -> None:
        chance = random.Random(self._seed + number)
        ledger = self._ledger()
        models = self.client.models
        while time.monotonic() < self._until:
            try:
                kind = self._kind(chance, ledger)
                if kind == "create":
                    ledger.models[models.create(name=f"w{number}", max_token_count=0)] = {0}
                elif kind == "list":
                    _check_listing(ledger, [model.id for model in models.list(limit=250)])
                else:
                    model_id = chance.choice(list(ledger.models))
                    if kind == "retrieve":
                        ledger.look(model_id, models.retrieve(model_id).max_token_count)
                    elif kind == "delete":
                        models.delete(model_id)
                        del ledger.models[model_id]
                    else:
                        value, failed = chance.randrange(1, 10**9), None
                        try:
                            models.update(model_id, max_token_count=value)
                        except RootSignalsError as error:
                            failed = error
                        ledger.note(model_id, value, failed)
                        if failed is not None:
                            raise failed
                self.counts[kind] += 1
            except RootSignalsError as error:
                self._note(kind, error, ledger)

    def _loops(self, number: int) -> None:
        """Run one event loop after the other, each with many tasks."""
        while time.monotonic() < self._until:
            left = asyncio.run(self._tasks(number))
            self.counts["loops"] += 1
            if left:
                self.trouble.append(f"{left} tasks were left in a loop")

    async def _tasks(self, number: int) -> int:
        until = min(self._until, time.monotonic() + 1)
        native = AsyncRootSignals(
            self._key,
            base_url=self._url,
            max_connections=4,
            timeout=5,
            max_retries=3,
        )
        async with native, asyncio.TaskGroup() as group:
            for task in range(_TASKS):
                client = native if task % 2 else None
                group.create_task(self._task(client, until, self._seed + number * 100 + task))
        return len(asyncio.all_tasks()) - 1

    async def _task(self, client: AsyncRootSignals | None, until: float, seed: int) -> None:
        chance = random.Random(seed + self.counts["loops"] * 1000)
        models = client.models if client is not None else self.client.models._async_models
        try:
            model_id = await models.create(name="task", max_token_count=0)
        except RootSignalsError as error:
            self._note("acreate", error, None)
            return
        possible: set[int | None] = {0}
        while time.monotonic() < until:
            value = chance.randrange(1, 10**9)
            try:
                if chance.random() < 0.3:
                    # Cancelled somewhere: the update is made, or it is not.
                    possible.add(value)
                    async with asyncio.timeout(chance.random() * 0.02):
                        await models.update(model_id, max_token_count=value)
                else:
                    await models.update(model_id, max_token_count=value)
                possible = {value}
                self.counts["aupdate"] += 1
            except RootSignalsError as error:
                if error.may_have_been_processed:
                    possible.add(value)
                self._note("aupdate", error, None)
            except TimeoutError:
                self.counts["cancelled"] += 1
            with contextlib.suppress(RootSignalsError):
                found = (await models.retrieve(model_id)).max_token_count
                if found not in possible:
                    self.trouble.append(f"a task's update was lost: {found}, not {possible}")
        with contextlib.suppress(RootSignalsError):
            await models.delete(model_id)

    def _ledger(self) -> Ledger:
        ledger = Ledger()
        self.ledgers.append(ledger)
        return ledger

    def _kind(self, chance: random.Random, ledger: Ledger) -> str:
        if len(ledger.models) < _MODELS:
            return "create"
        return chance.choices(["update", "retrieve", "list", "delete"], weights=[6, 6, 1, 1])[0]

    def _note(self, kind: str, error: RootSignalsError, ledger: Ledger | None) -> None:
        self.counts[f"{kind} failed"] += 1
        if isinstance(error, NotFoundError) and ledger is not None:
            # A deletion without a clear answer was done after all, or else this is trouble.
            gone = [model_id for model_id in ledger.models if model_id in str(error)]
            for model_id in gone:
                del ledger.models[model_id]
                self.counts["gone"] += 1


def _check_listing(ledger: Ledger, ids: list[str]) -> None:
    if len(ids) != len(set(ids)):
        ledger.wrong.append("a listing has a model twice")


@contextlib.contextmanager
def _forker(client: RootSignals, trouble: list[str]) -> Iterator[Callable[[], None]]:
    """Fork children that use the client, and wait for them at the end."""
    children: list[int] = []

    def fork() -> None:
        pid = os.fork()
        if not pid:
            status = 1
            try:
                # A child that hangs ends by itself and says where.
                faulthandler.dump_traceback_later(10, exit=True)
                with contextlib.suppress(RootSignalsError):
                    model_id = client.models.create(name="child")
                    client.models.delete(model_id)
                with contextlib.suppress(RootSignalsError):
                    asyncio.run(client.models.alist(limit=1).__anext__())
                status = 0
            finally:
                os._exit(status)
        children.append(pid)

    try:
        yield fork
    finally:
        for pid in children:
            status = os.waitpid(pid, 0)[1]
            if status:
                trouble.append(f"a forked child ended with status {status}")


def _resident() -> int:
    """Return how much memory this process takes, in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _sockets() -> int:
    count = 0
    for path in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            count += str(path.readlink()).startswith("socket:")
    return count


def main() -> int:
    """Soak, print the figures, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="how long (60)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the random numbers")
    arguments = parser.parse_args()
    print(f"Seed {arguments.seed}, {arguments.seconds:g} s")
    chance = random.Random(arguments.seed)
    with serve() as server:
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
                soak.trouble.append(f"{proxy.open} connections were left open")
        with RootSignals(key, base_url=server.url) as direct:
            checked = 0
            for ledger in soak.ledgers:
                soak.trouble += ledger.wrong
                for model_id, possible in ledger.models.items():
                    checked += 1
                    try:
                        found = direct.models.retrieve(model_id).max_token_count
                    except NotFoundError:
                        # A deletion that failed may have been done.
                        if not soak.counts["delete failed"]:
                            soak.trouble.append(f"{model_id} is lost")
                        continue
                    if found not in possible:
                        soak.trouble.append(f"{model_id} is {found}, not one of {possible}")
        gc.collect()
        until = time.monotonic() + 5
        while (threading.active_count(), _sockets()) != (threads, sockets):
            if time.monotonic() > until:
                soak.trouble.append(
                    f"threads: {threads}, then {threading.active_count()};"
                    f" sockets: {sockets}, then {_sockets()}"
                )
                break
            time.sleep(0.02)
    growth = soak.memory[-1] - soak.memory[0] if len(soak.memory) > 1 else 0
    if growth > _MOST_GROWTH:
        soak.trouble.append(f"memory grew by {growth / 2**20:.1f} MiB after warm-up")
    for name, count in sorted(soak.counts.items()):
        print(f"{name:>20} {count}")
    for name, count in sorted(proxy.faults.items()):
        print(f"{'fault: ' + name:>20} {count}")
    print(f"{'checked at the end':>20} {checked}")
    print(f"{'memory growth':>20} {growth / 2**20:.1f} MiB of {_resident() / 2**20:.0f} MiB")
    for line in soak.trouble[:20]:
        print("WRONG:", line)
    print("Something is wrong." if soak.trouble else "All is well.")
    return 1 if soak.trouble else 0


if __name__ == "__main__":
    sys.exit(main())
