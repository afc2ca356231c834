"""Killed at any moment, and filled with many models: what a database in a file promises."""

from __future__ import annotations

import http.client
import json
import random
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias, cast
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from root.emulator import serve
from root.emulator.cursors import Order, Place
from root.emulator.keys import Account
from root.emulator.resources import catalogue
from root.emulator.store import Row, Store

KEY = "k"

State: TypeAlias = int | None
"""The token limits that a model is known to have; None for one that was deleted."""


@dataclass
class Writer:
    """Creates, changes and deletes models of its own over one connection, until it breaks.

    Each write sets both token limits of a model to one number: were they ever to differ, a
    write would have been half done.
    """

    name: str
    acknowledged: dict[str, State] = field(default_factory=dict)
    under_way: tuple[str, State] | None = None

    def write(self, url: str, seed: int, told: Callable[[], object]) -> None:
        """Write until the server is gone, and call `told` at every answer."""
        chosen = random.Random(f"{self.name} {seed}")
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        with closing(connection), suppress(OSError, http.client.HTTPException):
            while True:
                alive = [id_ for id_, state in self.acknowledged.items() if state is not None]
                number = chosen.randrange(800, 1_000_000)
                limits = {"max_output_token_count": number, "max_token_count": number}
                method = chosen.choice(("POST", "PATCH", "PUT", "DELETE")) if alive else "POST"
                id_ = "" if method == "POST" else chosen.choice(alive)
                state = None if method == "DELETE" else number
                self.under_way = (id_, state)
                # No two models of an organisation may have one name.
                name = f"{self.name} {uuid4()}"
                answer = exchange(connection, method, id_, {"name": name, **limits})
                self.acknowledged[id_ or str(answer["id"])] = state
                self.under_way = None
                told()

    def check(self, found: dict[str, State]) -> None:
        """See that everything acknowledged is there, and take what else may have come about."""
        id_, state = self.under_way or ("", None)
        if id_ and found.get(id_) == state:
            self.acknowledged[id_] = state
        elif self.under_way and not id_:
            # What was under way may have been created; its id never came back.
            new = [model for model in found if model not in self.acknowledged]
            assert [found[model] for model in new] in ([], [state])
            self.acknowledged |= dict.fromkeys(new, state)
        self.under_way = None
        alive = {id_: state for id_, state in self.acknowledged.items() if state is not None}
        assert found == alive


def exchange(
    connection: http.client.HTTPConnection, method: str, id_: str, body: object = None
) -> dict[str, object]:
    headers = {"Authorization": f"Api-Key {KEY}", "Content-Type": "application/json"}
    path = f"/v1/models/{id_}/" if id_ else "/v1/models/"
    connection.request(method, path, json.dumps(body) if body else None, headers)
    response = connection.getresponse()
    content = response.read()
    assert response.status < 300, content
    return cast("dict[str, object]", json.loads(content or b"{}"))


# `python -m root.emulator`, which kills itself where SQLite has taken so many steps.
PROGRAM = """
import os, signal, sqlite3, sys
from root.emulator.__main__ import main

connect, left = sqlite3.connect, int(sys.argv.pop(1))

def step():
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

def counting(*args, **named):
    connection = connect(*args, **named)
    connection.set_progress_handler(step, 1)
    return connection

sqlite3.connect = counting
main()
"""


@contextmanager
def emulator(db: Path, steps: int = 0) -> Generator[str, None, None]:
    """Run the emulator as a program, which is killed after so many steps or with the block."""
    with subprocess.Popen(
        [
            *(sys.executable, "-c", PROGRAM, str(steps)),
            *("--port", "0", "--api-key", KEY, "--db", str(db)),
        ],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout
            # "The Root Signals emulator is at URL"
            yield process.stdout.readline().split()[-1]
        finally:
            process.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL.")
@pytest.mark.parametrize("in_sqlite", [False, True], ids=["anywhere", "in SQLite"])
def test_every_acknowledged_write_survives_a_kill(in_sqlite: bool, tmp_path: Path) -> None:
    """Killed while several clients write, it has each write that it answered, and none half."""
    db = tmp_path / "models.sqlite3"
    writers = [Writer(f"writer-{number}") for number in range(4)]
    chosen = random.Random(7)
    with emulator(db):
        pass  # A new file is filled with the catalogue, which takes steps of its own.
    for seed in range(6):
        answers = threading.Semaphore(0)
        with emulator(db, chosen.randrange(500, 5000) if in_sqlite else 0) as url:
            threads = [
                threading.Thread(target=writer.write, args=(url, seed, answers.release))
                for writer in writers
            ]
            for thread in threads:
                thread.start()
            # The writers are in the middle of something when the last of these is answered.
            for _ in range(0 if in_sqlite else chosen.randrange(20, 200)):
                assert answers.acquire(timeout=10)
            for thread in threads if in_sqlite else ():
                thread.join(timeout=30)
                assert not thread.is_alive()
        for thread in threads:
            thread.join()

        with emulator(db) as url:
            for writer in writers:
                writer.check(dict(kept(url, writer.name)))
    assert sum(len(writer.acknowledged) for writer in writers) > 50
    with closing(sqlite3.connect(db)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_file_is_in_write_ahead_mode(tmp_path: Path) -> None:
    """A file keeps a journal, without which a kill could leave it broken."""
    db = tmp_path / "models.sqlite3"
    with serve(db=db), closing(sqlite3.connect(db)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_several_start_on_one_file(tmp_path: Path) -> None:
    """Of several that start on an empty file at once, one fills it and the others wait."""
    db, public, together = tmp_path / "models.sqlite3", catalogue.load(), threading.Barrier(8)
    # For the change to this mode SQLite does not wait.
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")

    def start(_: int) -> int:
        together.wait()
        with closing(Store(db, public)) as store:
            return len(store.page("someone", Order(), None, limit=len(public.models) + 1))

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(start, range(8))) == [len(public.models)] * 8


def kept(url: str, name: str) -> Iterator[tuple[str, State]]:
    """Yield the models of a name that the emulator has, each asked for by itself."""
    with closing(http.client.HTTPConnection(urlsplit(url).netloc)) as connection:
        for id_ in listed(connection, name):
            model = exchange(connection, "GET", id_)
            assert model["max_output_token_count"] == model["max_token_count"]
            yield id_, cast("int", model["max_token_count"])


def listed(connection: http.client.HTTPConnection, name: str) -> list[str]:
    ids: list[str] = []
    target = "/v1/models/?page_size=100"
    while target:
        connection.request("GET", target, headers={"Authorization": f"Api-Key {KEY}"})
        page = json.loads(connection.getresponse().read())
        ids += [model["id"] for model in page["results"] if model["name"].startswith(name)]
        following = urlsplit(page["next"] or "")
        target = following.query and f"{following.path}?{following.query}"
    return ids


@pytest.mark.parametrize("order", [Order(), Order(by_name=True, descending=False)])
def test_depth_costs_nothing(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 10,000 models in pages of 100, none takes SQLite more steps than the second."""
    connections: list[sqlite3.Connection] = []

    def connect(*args: object, **named: object) -> sqlite3.Connection:
        connections.append(sqlite3.Connection(*args, **named))  # type: ignore[arg-type]
        return connections[-1]

    monkeypatch.setattr(sqlite3, "connect", connect)
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1

    taken: list[int] = []
    place: Place | None = None
    account = Account("someone", "someone@example.com", "Someone")
    with closing(Store(None, catalogue.load())) as store:
        for number in range(10_000):
            store.add(account, {"name": f"model-{number:05}"})
        (connection,) = connections
        connection.set_progress_handler(step, 1)
        rows: list[Row] = []
        for _ in range(100):
            steps = 0
            page = store.page("someone", order, place, limit=100)
            taken.append(steps)
            rows += page
            place = (page[-1].name, page[-1].position) if order.by_name else (page[-1].position,)

    assert len({row.id for row in rows}) == 10_000
    # The first page has no place to start from, which saves it some. A later one may differ by
    # the few steps that it takes to see that one of the two parts of the list has ended.
    assert taken[0] < max(taken[1:]) < 1.01 * min(taken[1:])
