"""Durability and speed of a database in a file."""

from __future__ import annotations

import http.client
import json
import os
import random
import sqlite3
import stat
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

from root.emulator import Fault, Server, serve
from root.emulator.cursors import Ordering, SortKey
from root.emulator.keys import Account
from root.emulator.resources import declared
from root.emulator.resources.catalogue import load_catalogue
from root.emulator.resources.models import Models
from root.emulator.rows import Row
from root.emulator.store import Store

from .conftest import connect, open_models
from .evaluation import run

KEY = "k"

State: TypeAlias = int | None
"""The token limits of a model, or None for a deleted one."""


@dataclass
class Writer:
    """Creates, changes and deletes models over one connection, until the connection is closed.

    Each write sets both token limits of a model to the same number; if they differ, a write was
    stored by half.
    """

    name: str
    acknowledged: dict[str, State] = field(default_factory=dict)
    pending: tuple[str, State] | None = None

    def write(self, url: str, seed: int, on_response: Callable[[], object]) -> None:
        """Write until the server is killed, and call `on_response` after every response."""
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
                self.pending = (id_, state)
                # Names are unique in an organization.
                name = f"{self.name} {uuid4()}"
                response = exchange(connection, method, id_, {"name": name, **limits})
                self.acknowledged[id_ or str(response["id"])] = state
                self.pending = None
                on_response()

    def check(self, found: dict[str, State]) -> None:
        """Check that each acknowledged write is stored, and accept a pending one."""
        id_, state = self.pending or ("", None)
        if id_ and found.get(id_) == state:
            self.acknowledged[id_] = state
        elif self.pending and not id_:
            # The pending model may have been created; its id is unknown.
            new = [model for model in found if model not in self.acknowledged]
            assert [found[model] for model in new] in ([], [state])
            self.acknowledged |= dict.fromkeys(new, state)
        self.pending = None
        alive = {id_: state for id_, state in self.acknowledged.items() if state is not None}
        assert found == alive


def exchange(
    connection: http.client.HTTPConnection,
    method: str,
    id_: str,
    body: object = None,
    path: str = "/v1/models/",
) -> dict[str, object]:
    headers = {"Authorization": f"Api-Key {KEY}", "Content-Type": "application/json"}
    path = f"{path}{id_}/" if id_ else path
    connection.request(method, path, json.dumps(body) if body else None, headers)
    response = connection.getresponse()
    content = response.read()
    assert response.status < 300, content
    return cast("dict[str, object]", json.loads(content or b"{}"))


# `python -m root.emulator`, which kills itself after a number of steps of SQLite, or before it
# inserts the last of a number of projects.
PROGRAM = """
import os, signal, sqlite3, sys
from root.emulator.__main__ import main

connect, left, inserts = sqlite3.connect, int(sys.argv.pop(1)), int(sys.argv.pop(1))

def step():
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

def trace(statement):
    global inserts
    inserts -= statement.startswith('INSERT INTO "projects"')
    if not inserts:
        os.kill(os.getpid(), signal.SIGKILL)

def counting(*args, **named):
    connection = connect(*args, **named)
    if left:
        connection.set_progress_handler(step, 1)
    if inserts:
        connection.set_trace_callback(trace)
    return connection

sqlite3.connect = counting
main()
"""


@contextmanager
def emulator(db: Path, steps: int = 0, projects: int = 0) -> Generator[str, None, None]:
    """Run the emulator as a program, killed as requested, or with the block."""
    with subprocess.Popen(
        [
            *(sys.executable, "-c", PROGRAM, str(steps), str(projects)),
            *("--port", "0", "--db", str(db)),
        ],
        env={**os.environ, "ROOT_EMULATOR_API_KEY": KEY},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout
            # The first line is "The Root Signals emulator is at URL".
            yield process.stdout.readline().split()[-1]
        finally:
            process.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL.")
@pytest.mark.parametrize("in_sqlite", [False, True], ids=["anywhere", "in SQLite"])
def test_every_acknowledged_write_survives_a_kill(in_sqlite: bool, tmp_path: Path) -> None:
    """After a kill during concurrent writes, each acknowledged write is stored as a whole."""
    db = tmp_path / "models.sqlite3"
    writers = [Writer(f"writer-{number}") for number in range(4)]
    chosen = random.Random(7)
    with emulator(db):
        pass  # Loading the catalogue into a new file takes steps too.
    for seed in range(6):
        responses = threading.Semaphore(0)
        with emulator(db, chosen.randrange(5000, 15_000) if in_sqlite else 0) as url:
            threads = [
                threading.Thread(target=writer.write, args=(url, seed, responses.release))
                for writer in writers
            ]
            for thread in threads:
                thread.start()
            # At the last of these responses, the other writers have pending requests.
            for _ in range(0 if in_sqlite else chosen.randrange(20, 200)):
                assert responses.acquire(timeout=10)
            for thread in threads if in_sqlite else ():
                thread.join(timeout=30)
                assert not thread.is_alive()
        for thread in threads:
            thread.join()

        with emulator(db) as url:
            for writer in writers:
                writer.check(dict(stored(url, writer.name)))
    assert sum(len(writer.acknowledged) for writer in writers) > 50
    with closing(sqlite3.connect(db)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL.")
def test_a_request_that_writes_twice_is_stored_as_a_whole(tmp_path: Path) -> None:
    """If the emulator is killed between two writes of a request, neither is stored."""
    db = tmp_path / "projects.sqlite3"
    # The initial project is the first one, and the fourth one is not inserted.
    with emulator(db, projects=4) as url:
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        with closing(connection), suppress(OSError, http.client.HTTPException):
            for name in "abc":
                body = {"name": name, "is_default": True}
                exchange(connection, "POST", "", body, path="/v1/projects/")

    with closing(sqlite3.connect(db)) as stored_projects:
        rows = stored_projects.execute("SELECT name, is_default FROM projects ORDER BY position")
        assert rows.fetchall() == [("Default", 0), ("a", 0), ("b", 1)]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL.")
def test_a_refused_file_is_not_changed(tmp_path: Path) -> None:
    """A file of another version stays as it is, with the log of a process that was killed."""
    db = tmp_path / "old.sqlite3"
    program = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode = WAL")
connection.execute("CREATE TABLE models (x)")
connection.execute("CREATE TABLE catalogue (x)")
connection.execute("PRAGMA user_version = 3")
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", program, str(db)], check=False)
    files = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert files["old.sqlite3-wal"]

    with pytest.raises(ValueError, match="another version of the emulator"), serve(db=db):
        pass

    for name in ("old.sqlite3", "old.sqlite3-wal"):
        assert (tmp_path / name).read_bytes() == files[name]


def test_two_servers_on_one_file(tmp_path: Path) -> None:
    """While one server writes, another one reads and writes, and waits in between."""
    db = tmp_path / "models.sqlite3"
    with serve(db=db) as one, serve(db=db) as other, ThreadPoolExecutor(2) as threads:

        def use(server: Server) -> set[int]:
            statuses: set[int] = set()
            for _ in range(60):
                key = server.add_key()
                headers = {"Authorization": f"Api-Key {key}"}
                with closing(http.client.HTTPConnection(server.host, server.port)) as connection:
                    for method, path in (("GET", "/v1/projects/"), ("POST", "/v1/models/")):
                        body = json.dumps({"name": "x"}) if method == "POST" else None
                        content = {"Content-Type": "application/json"} if body else {}
                        connection.request(method, path, body, {**headers, **content})
                        response = connection.getresponse()
                        response.read()
                        statuses.add(response.status)
            return statuses

        assert list(threads.map(use, (one, other))) == [{200, 201}] * 2


def test_database_is_in_wal_mode(tmp_path: Path) -> None:
    """A file uses a write-ahead log, without which a kill could corrupt it."""
    db = tmp_path / "models.sqlite3"
    with serve(db=db), closing(sqlite3.connect(db)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_concurrent_start_on_one_file(tmp_path: Path) -> None:
    """Of several servers that start on an empty file, one initialises it and the others wait."""
    db, public = tmp_path / "models.sqlite3", (*load_catalogue().models, "RootJudge")
    together = threading.Barrier(8)
    # SQLite does not wait for a lock while it changes this mode.
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")

    def start(_: int) -> int:
        together.wait()
        store, models = open_models(db)
        with closing(store):
            table = models.table(store)
            return len(table.fetch_page("someone", Ordering(), None, limit=len(public) + 1))

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(start, range(8))) == [len(public)] * 8


def stored(url: str, name: str) -> Iterator[tuple[str, State]]:
    """Yield the stored models whose name starts with a prefix, each one retrieved by its id."""
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


@pytest.mark.parametrize("ordering", [Ordering(), Ordering("name", descending=False)])
def test_deep_pages_are_cheap(ordering: Ordering, monkeypatch: pytest.MonkeyPatch) -> None:
    """With 10,000 models in pages of 100, no page takes SQLite more steps than the second one."""
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
    edge: SortKey | None = None
    account = Account("someone", "someone@example.com", "Someone")
    store, models = open_models()
    with closing(store):
        table = models.table(store)
        for number in range(10_000):
            models.add(store, account, {"name": f"model-{number:05}"}, "PRIVATE")
        (connection,) = connections
        connection.set_progress_handler(step, 1)
        rows: list[Row] = []
        for _ in range(100):
            steps = 0
            page = table.fetch_page("someone", ordering, edge, limit=100)
            taken.append(steps)
            rows += page
            edge = ordering.key(page[-1])

    assert len({row.id for row in rows}) == 10_000
    # The first page has no cursor, which saves some steps. A later one may take a few more to
    # detect the end of one of the two parts of the list.
    assert taken[0] < max(taken[1:]) < 1.01 * min(taken[1:])


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such permissions")
@pytest.mark.parametrize("is_link", [False, True], ids=["file", "link"])
def test_other_users_cannot_read_a_new_file(tmp_path: Path, is_link: bool) -> None:
    """A new database, and the files beside it, can be read by their owner only."""
    db = tmp_path / "models.sqlite3"
    if is_link:
        (tmp_path / "elsewhere").mkdir()
        db.symlink_to(tmp_path / "elsewhere" / "models.sqlite3")
    before = os.umask(0)
    try:
        with serve(db=db) as server:
            server.add_model(name="x")
            files = [one for one in tmp_path.rglob("*") if one.is_file() and not one.is_symlink()]
            modes = {stat.S_IMODE(one.stat().st_mode) for one in files}
    finally:
        os.umask(before)

    assert len(files) == 3
    assert modes == {0o600}


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such permissions")
def test_permissions_of_an_existing_file(tmp_path: Path) -> None:
    """The owner of a file decides who can read it."""
    db = tmp_path / "models.sqlite3"
    with serve(db=db):
        pass
    db.chmod(0o640)

    with serve(db=db) as server:
        server.add_model(name="x")
        assert stat.S_IMODE(db.stat().st_mode) == 0o640


@pytest.mark.parametrize("rows", [1, 50])
def test_seed_of_an_earlier_run(tmp_path: Path, rows: int) -> None:
    """With the seed of an earlier run, a new ID takes the same steps, however many IDs exist."""
    db = tmp_path / "models.sqlite3"
    with serve(db=db, seed=5) as server:
        first = [server.add_model(name=f"{number}").id for number in range(rows)]

    resource = Models(load_catalogue())
    steps: list[str] = []
    with closing(
        Store(db, (spec for one in declared(load_catalogue()) for spec in one.specs), 5)
    ) as store:
        store._connection.set_trace_callback(steps.append)  # pyright: ignore[reportPrivateUsage]
        with store.transaction():
            account = Account("main", "x@example.com", "X")
            later = [resource.add(store, account, {"name": "later"}, "PRIVATE").id for _ in "ab"]

    assert len({*first, *later}) == rows + 2
    assert len(steps) == 8


def test_seeds_of_a_file(tmp_path: Path) -> None:
    """Each seed of a file has IDs of its own, also one that needs more than 64 bits."""
    ids: set[str] = set()
    for seed in (1, 2, 1, -1, 2**70, 2**70):
        with serve(db=tmp_path / "models.sqlite3", seed=seed) as server:
            ids.add(server.add_model(name="x").id)

    assert len(ids) == 6


def test_restart_with_a_file(tmp_path: Path) -> None:
    """A restart keeps resources; keys, faults, scores and requests are kept in memory only."""
    emulator = serve(db=tmp_path / "models.sqlite3")
    with emulator as server:
        server.add_model(name="x")
        server.set_score("Relevance", 0.1)
        server.add_fault(Fault(status=503, path="/v1/projects/"))
        added = server.add_key()
        with connect(server, added) as client:
            run(client)

    with emulator as server:
        with connect(server, server.api_key) as client:
            assert run(client)["score"] != 0.1
        with connect(server, added) as client:
            assert client.get("/v1/models/").status_code == 401
        assert [model.name for model in server.models] == ["x"]
        assert len(server.execution_logs) == 2
        assert server.faults == ()
        assert len(server.requests) == 2
