"""Start and stop of the emulator, in a block and as a command, and its files."""

from __future__ import annotations

import asyncio
import errno
import http.client
import importlib
import io
import logging
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from root.emulator import Fault, NextStyle, Server, __main__, serve
from root.emulator.cursors import Ordering
from root.emulator.fault_queue import FaultQueue
from root.emulator.rows import Row
from root.emulator.table import Table
from tests.concurrency.helpers import HANG, run_program

from .conftest import connect, open_models
from .test_emulator_models import create


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate()]


def test_stops_after_the_block() -> None:
    """After the block the thread has ended and the port is free."""
    before = threads()
    with serve() as server:
        assert httpx.get(server.url).status_code == 200

    assert threads() == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port))


def test_stops_after_an_error() -> None:
    """An error in the block stops the emulator and is raised."""
    before = threads()
    with pytest.raises(KeyError), serve():
        raise KeyError

    assert threads() == before


def test_a_thread_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the block waits for a limited time, and warns if the thread still runs."""
    monkeypatch.setattr("root.emulator.running._STOP_SECONDS", 0.1)
    started, release = threading.Event(), threading.Event()

    def remove(queue: FaultQueue, number: int) -> None:
        started.set()
        release.wait(HANG)

    monkeypatch.setattr(FaultQueue, "remove", remove)
    before = set(threading.enumerate())
    with pytest.warns(RuntimeWarning, match="did not stop in time"), serve() as server:  # noqa: PT031
        threading.Thread(target=server.remove_fault, args=(1,)).start()
        assert started.wait(HANG)
    release.set()
    for thread in set(threading.enumerate()) - before:
        thread.join(HANG)


def test_frozen_clock() -> None:
    """A process ends whose clock is frozen for a while, or at the end of the emulator."""
    assert run_program(FROZEN) == "delayed\nended\nended\nlimited\n"


FROZEN = """
import sys
sys.modules["uvloop"] = None  # Its timers are not frozen.
from freezegun import freeze_time
import httpx
from root.emulator import Fault, serve

def models(server):
    headers = {"Authorization": f"Api-Key {server.api_key}"}
    return httpx.get(f"{server.url}/v1/models/", headers=headers).status_code

with serve() as server:
    with freeze_time("2024-05-01"):
        server.fail_next(delay=0.3)
        assert models(server) == 200
        print("delayed")
print("ended")
with freeze_time("2024-05-01"):
    with serve() as server:
        assert models(server) == 200
print("ended")
with serve() as server:
    server.change_key(server.api_key, rate_limit="1/second")
    with freeze_time("2024-05-01"):
        assert models(server) == 200
    while models(server) == 429:
        pass
print("limited")
"""


def start_and_stop() -> tuple[float, float]:
    """Return the seconds that the emulator takes to start, and to stop with open connections."""
    start = time.perf_counter()
    with serve() as server:
        up = time.perf_counter() - start
        idle = http.client.HTTPConnection(server.host, server.port)
        idle.request("GET", "/")
        idle.getresponse().read()
        silent = socket.create_connection((server.host, server.port))
        half = socket.create_connection((server.host, server.port))
        half.sendall(b"GET /v1/mod")
        start = time.perf_counter()
    down = time.perf_counter() - start
    idle.close()
    silent.close()
    half.close()
    return up, down


def test_fast_start_and_stop() -> None:
    """The emulator starts and stops quickly, also with open connections."""
    # On a busy machine some take longer, but hardly all.
    assert any(max(start_and_stop()) < 1 for _ in range(20))


def test_event_loops_of_the_process(server: Server) -> None:
    """A running emulator does not change the kind of event loop that the process has."""
    loop = asyncio.new_event_loop()
    loop.close()

    assert type(loop).__module__.startswith("asyncio.")


def test_several_emulators() -> None:
    """Several emulators in a process have separate ports, keys and models."""
    with serve() as one, serve() as other:
        assert one.port != other.port
        assert one.api_key != other.api_key
        with connect(one, one.api_key) as client:
            path = f"/v1/models/{create(client)['id']}/"
        with connect(other, other.api_key) as client:
            assert client.get(path).status_code == 404
        with connect(other, one.api_key) as client:
            assert client.get(path).status_code == 401


def test_server_attributes(server: Server) -> None:
    """A server has its address and base URL, and its repr excludes the key."""
    assert server.url == f"http://{server.host}:{server.port}"
    assert re.fullmatch(r"rs-emulator-[0-9a-f]{32}", server.api_key)
    assert repr(server) == f"<root.emulator.Server {server.url}>"


def test_given_api_key() -> None:
    """The key can be given, and others added."""
    with serve(api_key="chosen") as server:
        assert server.api_key == "chosen"
        assert server.add_key("another") == "another"
        for key in ("chosen", "another"):
            with connect(server, key) as client:
                assert client.get("/v1/models/").status_code == 200


@pytest.mark.parametrize("key", ["", " ", "a b", "a\n", "ключ"])
def test_invalid_api_key(server: Server, key: str) -> None:
    """A key that is invalid in a header is rejected."""
    with pytest.raises(ValueError, match="at least one character"):
        server.add_key(key)
    with pytest.raises(ValueError, match="at least one character"), serve(api_key=key):
        pass


def test_ipv6() -> None:
    """The emulator can listen on IPv6, with a matching URL."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with serve(host="::1") as server:
        assert server.url == f"http://[::1]:{server.port}"
        assert httpx.get(server.url).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.invalid", ""])
def test_remote_host_requires_permission(host: str) -> None:
    """An address that other machines can connect to requires `allow_remote`."""
    with pytest.raises(ValueError, match="allow_remote=True"), serve(host=host):
        pass


def test_remote_host() -> None:
    """With permission it can listen on all addresses, and its URL is local."""
    with serve(host="0.0.0.0", allow_remote=True) as server:
        assert server.host == "0.0.0.0"
        assert server.url == f"http://127.0.0.1:{server.port}"
        assert httpx.get(server.url).status_code == 200


def test_localhost() -> None:
    """The host can be `localhost`."""
    with serve(host="localhost") as server:
        assert httpx.get(server.url).status_code == 200


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.invalid"])
def test_host_of_another_machine(host: str) -> None:
    """An address of another machine, or an unknown name, is an OSError with one reason."""
    message = rf"^Cannot listen on {re.escape(host)}, port 0: [A-Z][^(]+\.$"
    with pytest.raises(OSError, match=message), serve(host=host, allow_remote=True):
        pass


def test_port_in_use(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """A port in use is an OSError with the reason, and is not logged."""
    with pytest.raises(OSError) as error, serve(port=server.port):  # noqa: PT011 - checked below
        pass

    assert error.value.errno == errno.EADDRINUSE
    assert str(error.value) == (
        f"Cannot listen on 127.0.0.1, port {server.port}: The port is in use; 0 selects a free one."
    )
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"host": None}, "host must be a string, not None."),
        ({"port": "8000"}, "port must be an integer, not '8000'."),
        ({"port": True}, "port must be an integer, not True."),
        ({"page_size_cap": 2.5}, "page_size_cap must be an integer, not 2.5."),
        ({"seed": "x"}, "seed must be an integer or None, not 'x'."),
        ({"api_key": 1}, "A key must be a string, not int."),
        ({"faults": [{"status": 500}]}, "Expected a Fault such as Fault"),
        (
            {"faults": Fault(times=1)},
            "faults must be a list of Fault, or the path of a JSON file, not",
        ),
        ({"db": 5}, "db must be the path of a file, or None, not 5."),
        ({"catalogue": 0}, "catalogue must be the path of a JSON file, or None, not 0."),
    ],
)
def test_arguments_of_wrong_type(arguments: dict[str, Any], message: str) -> None:
    """An argument of the wrong type is rejected with an explanation."""
    with pytest.raises(TypeError) as error, serve(**arguments):
        pass

    assert message in str(error.value)


def test_fault_of_wrong_type(server: Server) -> None:
    """A fault of the wrong type is rejected when it is added, not at the next request."""
    fault: Any = {"status": 500}
    with pytest.raises(TypeError, match="not dict"):
        server.add_fault(fault)


def test_invalid_arguments() -> None:
    """Invalid arguments are rejected."""
    unknown: NextStyle = "other"  # type: ignore[assignment]  # pyright: ignore
    with pytest.raises(ValueError, match="absolute, relative, cursor"), serve(next_style=unknown):
        pass
    with pytest.raises(ValueError, match="page_size_cap"), serve(page_size_cap=0):
        pass
    for db in ("", ":memory:"):
        with pytest.raises(ValueError, match="keep resources in memory"), serve(db=db):
            pass
    with (
        pytest.raises(ValueError, match="control_key and api_key are the same"),
        serve(api_key="the-one", control_key="the-one"),
    ):
        pass


def test_a_file_survives_a_restart(tmp_path: Path) -> None:
    """Models in a file survive a restart, and the catalogue is loaded once."""
    db = tmp_path / "models.sqlite3"
    with serve(db=db, api_key="a") as server, connect(server, "a") as client:
        model = create(client)
        names = [m["name"] for m in client.get("/v1/models/?page_size=100").json()["results"]]

    with serve(db=db, api_key="a") as server, connect(server, "a") as client:
        assert client.get(f"/v1/models/{model['id']}/").json() == model
        again = [m["name"] for m in client.get("/v1/models/?page_size=100").json()["results"]]
        with connect(server, server.add_key("b")) as other:
            assert other.get(f"/v1/models/{model['id']}/").status_code == 404

    assert again == names
    assert {file.name for file in tmp_path.iterdir()} == {"models.sqlite3"}


def test_a_file_has_no_secrets(tmp_path: Path) -> None:
    """A file contains neither the API key nor a model's key."""
    with serve(db=tmp_path / "x", api_key="api-key-secret") as server:
        with connect(server, server.api_key) as client:
            create(client, default_key="default-key-secret")
        written = b"".join(file.read_bytes() for file in tmp_path.iterdir())

    assert b"ollama/llama3" in written
    assert b"secret" not in written


def test_a_new_catalogue_replaces_the_old(tmp_path: Path) -> None:
    """A file with an older catalogue gets the new one, and keeps its created models."""
    db = tmp_path / "x"
    with serve(db=db, api_key="a") as server, connect(server, "a") as client:
        create(client, name="ours")
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("UPDATE service_objects SET digest = 'old'")
        connection.execute("UPDATE models SET name = 'old' WHERE organization = ''")
        connection.commit()

    with serve(db=db, api_key="a") as server, connect(server, "a") as client:
        names = [m["name"] for m in client.get("/v1/models/").json()["results"]]

    assert names[0] == "ours"
    assert "old" not in names


CATALOGUE = """{
  "providers": {"acme": "Acme"},
  "models": {"acme/one": 1000, "acme/two": 2000}
}"""


def test_custom_catalogue(tmp_path: Path) -> None:
    """The public models and their providers can be given."""
    path = tmp_path / "catalogue.json"
    path.write_text(CATALOGUE)
    with serve(catalogue=path) as server, connect(server, server.api_key) as client:
        listed = client.get("/v1/models/").json()["results"]
        one = client.get(f"/v1/models/{listed[0]['id']}/").json()

    assert [model["name"] for model in listed] == ["acme/one", "acme/two", "RootJudge"]
    assert listed[0]["provider"]["name"] == "Acme"
    assert one["max_token_count"] == 1000


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "the file: Invalid JSON"),
        ("{}", "providers: Field required"),
        ('{"providers": {}, "models": {"a": "b"}}', "models.a: Input should be a valid integer"),
        ('{"providers": {}, "models": {"a": 0}}', "models.a: Input should be greater than or"),
        ('{"providers": {}, "models": {" ": 1}}', "String should have at least 1 character"),
        ('{"providers": {}, "models": {"a": "1"}}', "models.a: Input should be a valid integer"),
        ('{"providers": {}, "models": {"a": 3000000000}}', "models.a: Input should be less than"),
        ('{"providers": {}, "models": {"a": 1%s}}' % ("0" * 30), "models.a: Input should be less"),
        ('{"providers": {}, "models": {"%s": 1}}' % ("a" * 101), "at most 100 characters"),
        ('{"providers": {}, "models": {}, "modles": {}}', "modles: Extra inputs are not permitted"),
        ('{"providers": {"a": ""}, "models": {}}', "providers.a: String should have at least 1"),
    ],
)
def test_invalid_catalogue(tmp_path: Path, content: str, reason: str) -> None:
    """An invalid catalogue is rejected with its name and the error."""
    path = tmp_path / "catalogue.json"
    path.write_text(content)

    invalid = pytest.raises(ValueError, match=r"catalogue\.json is not a valid catalogue")
    with invalid as error, serve(catalogue=path):
        pass

    assert reason in str(error.value)


def test_seed_of_ids(tmp_path: Path) -> None:
    """The same seed gives the same ids, and no duplicates within a file."""

    def ids(db: Path | None, key: str = "k") -> list[str]:
        with serve(seed=5, db=db, api_key=key) as server, connect(server, key) as client:
            return [str(create(client, name=f"{db}-{key}-{_}")["id"]) for _ in range(3)]

    first = ids(tmp_path / "x")
    again = ids(tmp_path / "x", "another")
    assert ids(None) == first
    assert len({*first, *again}) == 6
    assert all(re.fullmatch(r"[0-9a-f-]{14}4[0-9a-f-]{21}", id_) for id_ in first)


def test_wipe_restarts_the_seed() -> None:
    """After a wipe, the sequence of ids restarts."""
    with serve(seed=5) as server, connect(server, server.api_key) as client:
        first = create(client)["id"]
        server.wipe()

        assert create(client)["id"] == first


@pytest.mark.parametrize(
    ("version", "table"),
    [(1, "catalogue"), (2, "catalogue"), (3, "catalogue"), (99, "service_objects")],
)
def test_database_of_another_version(tmp_path: Path, version: int, table: str) -> None:
    """A database of another version of the emulator is rejected by its name, and not changed."""
    db = tmp_path / "x"
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("CREATE TABLE models (x)")
        connection.execute(f"CREATE TABLE {table} (digest)")
        connection.execute(f"PRAGMA user_version = {version}")
    before = db.read_bytes()

    message = (
        f"The database {db} was created by another version of the emulator, and was not changed."
        " Choose another file."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"), serve(db=db):
        pass

    assert db.read_bytes() == before


def test_another_programs_database(tmp_path: Path) -> None:
    """A database of another program is rejected by its name, and not changed."""
    db = tmp_path / "x"
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    before = db.read_bytes()

    with (
        pytest.raises(ValueError, match=f"{re.escape(str(db))} was created by another program"),
        serve(db=db),
    ):
        pass

    assert db.read_bytes() == before


@pytest.mark.parametrize("text", ["milk", "a shopping list" * 100], ids=["short", "long"])
def test_file_is_not_a_database(tmp_path: Path, text: str) -> None:
    """A file that is not a database is rejected by its name, and not changed."""
    db = tmp_path / "x"
    db.write_text(text)

    message = f"The file {db} is not a database, and was not changed. Choose another file."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"), serve(db=db):
        pass

    assert db.read_text() == text
    assert [*tmp_path.iterdir()] == [db]


def test_directory_in_place_of_a_database(tmp_path: Path) -> None:
    """A directory is rejected by its name."""
    message = f"The database {tmp_path} is a directory. Choose a file."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"), serve(db=tmp_path):
        pass

    assert not [*tmp_path.iterdir()]


def test_database_in_a_missing_folder(tmp_path: Path) -> None:
    """A file that cannot be created is named in the error, with advice."""
    db = tmp_path / "no" / "x"
    message = (
        f"The database {db} cannot be opened: unable to open database file. Choose a file that can"
        " be written, in a folder that exists."
    )
    with pytest.raises(sqlite3.OperationalError, match=f"^{re.escape(message)}$"), serve(db=db):
        pass


def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the file cannot be written, the error has the reason."""

    class Small(sqlite3.Connection):
        def __init__(self, *args: Any, **named: Any) -> None:
            super().__init__(*args, **named)
            self.execute("PRAGMA max_page_count = 10")

    monkeypatch.setattr(sqlite3, "connect", Small)
    with pytest.raises(sqlite3.OperationalError, match="is full"), serve(db=tmp_path / "x"):
        pass


def test_failed_initialisation_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an error during initialisation the file is empty, and the next start can use it."""

    def fail(self: Table, *_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(Table, "replace_service_objects", fail)
        with pytest.raises(MemoryError), serve(db=tmp_path / "x"):
            pass

    with serve(db=tmp_path / "x") as server:
        assert httpx.get(server.url).status_code == 200


def test_internal_error(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """An internal error is logged and returned as 500 in HTML, and the emulator continues."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("inside")

    with serve() as server, connect(server, server.api_key) as client:
        with monkeypatch.context() as patch:
            patch.setattr(Table, "fetch_page", fail)
            response = client.get("/v1/models/")
        after = client.get("/v1/models/")

    assert response.status_code == 500
    assert response.headers["Content-Type"].startswith("text/html")
    assert response.headers["X-Request-Id"]
    assert "RuntimeError: inside" in caplog.text
    assert after.status_code == 200


def test_no_access_log(caplog: pytest.LogCaptureFixture) -> None:
    """Requests are not logged, and uvicorn's loggers are not changed."""
    caplog.set_level(0)
    access_log = logging.getLogger("uvicorn.access")
    with serve() as server, connect(server, server.api_key) as client:
        client.get("/v1/models/")

    assert "uvicorn.access" not in {record.name for record in caplog.records}
    assert access_log.propagate
    assert not access_log.disabled
    assert logging.getLogger("uvicorn.error").filters == []


def test_whole_tables_do_not_hold_up_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a table is listed, the API waits for the database, and everything else continues."""
    begun, may_end = threading.Event(), threading.Event()
    original = Table.list_created

    def slow(self: Table, offset: int, limit: int) -> list[Row]:
        begun.set()
        assert may_end.wait(timeout=30)
        return original(self, offset, limit)

    monkeypatch.setattr(Table, "list_created", slow)
    with (
        serve() as server,
        connect(server, server.api_key) as client,
        ThreadPoolExecutor(2) as threads,
    ):
        listing = threads.submit(lambda: server.models)
        try:
            assert begun.wait(timeout=30)
            creating = threads.submit(client.post, "/v1/models/", json={"name": "x"})
            assert httpx.get(server.url).status_code == 200
            while not server.requests:
                time.sleep(0.01)
            assert not creating.done()
        finally:
            may_end.set()
        assert listing.result() == ()
        assert creating.result().status_code == 201
        assert [model.name for model in server.models] == ["x"]


def test_nothing_outlives_a_wipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that arrives during a wipe is handled after it, with the keys that are left."""
    begun, may_end = threading.Event(), threading.Event()
    original = Table.wipe

    def slow(self: Table) -> None:
        begun.set()
        assert may_end.wait(timeout=30)
        original(self)

    monkeypatch.setattr(Table, "wipe", slow)
    with serve() as server, ThreadPoolExecutor(2) as threads:
        with connect(server, server.add_key()) as client:
            wiping = threads.submit(server.wipe)
            try:
                assert begun.wait(timeout=30)
                creating = threads.submit(client.post, "/v1/models/", json={"name": "x"})
                while not server.requests:
                    time.sleep(0.01)
            finally:
                may_end.set()
            wiping.result()
            assert creating.result().status_code == 401
        assert server.models == ()


def test_calls_during_shutdown_of_tables() -> None:
    """A list that is read while the emulator stops is complete, or an error is raised."""

    def read(server: Server, begun: threading.Event) -> str:
        try:
            while True:
                assert server.models == ()
                begun.set()
        except ValueError as exc:
            return str(exc)

    with ThreadPoolExecutor(1) as threads:
        for _ in range(10):
            begun = threading.Event()
            with serve() as server:
                reading = threads.submit(read, server, begun)
                assert begun.wait(timeout=30)
            assert "The emulator has stopped" in reading.result()


def test_pages_use_indexes() -> None:
    """Each page is read with an index, without sorting or scanning the list."""
    store, models = open_models()
    with closing(store):
        table = models.table(store)
        statements: list[str] = []
        connection = store._connection  # pyright: ignore[reportPrivateUsage]
        connection.set_trace_callback(statements.append)
        table.fetch_page("someone", Ordering(), (-50,), limit=10)
        table.fetch_page("someone", Ordering("name"), ("m", 5), limit=10)
        connection.set_trace_callback(None)
        plans = [
            row[3]
            for statement in statements
            for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")
        ]

    # Each page has two parts of at most its size, which are merged.
    of_models = [plan.partition(" (")[0] for plan in plans if " models " in plan]
    assert len([plan for plan in of_models if "INDEX" in plan]) == 4
    assert len([plan for plan in of_models if "PRIMARY KEY" in plan]) == 2
    assert all(plan.startswith("SEARCH models USING") for plan in of_models)


@contextmanager
def command(*arguments: str) -> Generator[tuple[subprocess.Popen[str], httpx.Client], None, None]:
    """Run the command, and return its process and a client once it has printed its URL."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "root.emulator", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout
            for line in process.stdout:
                if found := re.search(r"ROOTSIGNALS_API_URL=(\S+) ROOTSIGNALS_API_KEY=(\S+)", line):
                    headers = {"Authorization": f"Api-Key {found[2]}"}
                    with httpx.Client(base_url=found[1], headers=headers) as client:
                        yield process, client
                    break
            else:
                _, err = process.communicate()
                pytest.fail(f"The command did not start: {err}")
        finally:
            process.kill()


SLOW = [
    (Fault(delay=600), b"GET /v1/models/ HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    (Fault(drip=600), b"GET /v1/models/ HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    (Fault(drip=0.001), b"GET /v1/models/ HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50),
    (Fault(times=1), b"POST /v1/models/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{"),
    (Fault(times=1), b"GET /v1/mod"),
]
"""Requests that do not finish, because of a fault or an incomplete request."""


@pytest.mark.parametrize(("fault", "request_"), SLOW)
def test_shutdown_cancels_requests(
    fault: Fault, request_: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Requests in progress are cancelled at the end, and nothing is logged."""
    with serve(faults=[fault]) as server:
        connection = socket.create_connection((server.host, server.port))
        connection.sendall(request_)
        while request_.endswith(b"\r\n") and not server.requests:
            pass

    with connection, suppress(ConnectionResetError):
        while connection.recv(65536):
            pass
    # uvicorn would log that it had to cancel a request.
    assert not caplog.records


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_command_stops_during_requests(number: signal.Signals, tmp_path: Path) -> None:
    """The command exits with 0 also while requests are in progress."""
    faults = tmp_path / "faults.json"
    faults.write_text('[{"delay": 600, "method": "GET"}, {"drip": 600, "method": "POST"}]')
    with command("--faults", str(faults)) as (process, client):
        address = (client.base_url.host, client.base_url.port)
        late, slow, half = (socket.create_connection(address) for _ in range(3))
        late.sendall(SLOW[0][1])
        slow.sendall(b"POST" + SLOW[0][1][3:])
        half.sendall(SLOW[-1][1])
        # The drip has started: its header section was received.
        assert slow.recv(12) == b"HTTP/1.1 401"
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
    for connection in (late, slow, half):
        connection.close()

    assert process.returncode == 0
    assert out.endswith("The emulator has stopped.\n")
    assert err == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_command_stops_on_signals(number: signal.Signals) -> None:
    """The command exits with 0 on SIGINT and SIGTERM."""
    with command() as (process, client):
        assert client.get("/v1/models/").status_code == 200
        process.send_signal(number)
        out, err = process.communicate(timeout=10)

    assert process.returncode == 0
    assert out.endswith("The emulator has stopped.\n")
    assert err == ""


class Terminal(io.StringIO):
    """A terminal whose user presses Ctrl-C when the introduction is printed."""

    def flush(self) -> None:
        if "stopped" not in self.getvalue():
            signal.raise_signal(signal.SIGINT)


@pytest.mark.skipif(sys.platform == "win32", reason="broken pipes are different on Windows")
def test_command_without_reader() -> None:
    """The command continues when its output is closed, and exits with 0."""
    with command() as (process, client):
        assert process.stdout
        process.stdout.close()
        assert client.get("/v1/models/").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.stderr
        assert process.stderr.read() == ""
        assert process.wait() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="broken pipes are different on Windows")
def test_command_with_closed_output(tmp_path: Path) -> None:
    """The command works also if its output is closed from the start."""
    port = socket.create_server(("127.0.0.1", 0))
    reader, writer = os.pipe()
    os.close(reader)
    number = port.getsockname()[1]
    port.close()
    with subprocess.Popen(
        [sys.executable, "-m", "root.emulator", "--port", str(number)],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        os.close(writer)
        try:
            while process.poll() is None:
                with suppress(httpx.ConnectError):
                    assert httpx.get(f"http://127.0.0.1:{number}/openapi.json").status_code == 200
                    process.send_signal(signal.SIGTERM)
                    break
            _, err = process.communicate(timeout=10)
        finally:
            process.kill()

    assert (process.returncode, err) == (0, "")


def test_command_introduction(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The command prints URL, key, environment and an example, and restores signal handlers."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    before = signal.getsignal(signal.SIGINT)
    db = str(tmp_path / "models.sqlite3")

    monkeypatch.setenv("ROOT_EMULATOR_API_KEY", "it's")

    code = __main__.main(["--port", "0", "--db", db])

    printed = terminal.getvalue()
    assert code == 0
    assert signal.getsignal(signal.SIGINT) is before
    assert re.search(r"emulator is at http://127\.0\.0\.1:\d+\n", printed)
    assert "API key: it's\n" in printed
    assert "ROOTSIGNALS_API_KEY='it'\"'\"'s'\n" in printed
    example = "printf %s 'Authorization: Api-Key it'\"'\"'s' | curl -H @- 'http://127.0.0.1:"
    assert example in printed
    assert f"Resources are stored in {db}.\n" in printed


@pytest.mark.parametrize(
    ("arguments", "note"),
    [
        ([], ""),
        (
            ["--host", "0.0.0.0", "--allow-remote"],
            "It listens on 0.0.0.0, port {port}, and accepts other machines.\n",
        ),
    ],
    ids=["this machine", "all"],
)
def test_command_with_remote_host(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], note: str
) -> None:
    """If other machines can connect, the command prints the address that it listens on."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)

    assert __main__.main(["--port", "0", *arguments]) == 0

    first, rest = terminal.getvalue().split("\n", 1)
    port = first.rpartition(":")[2]
    assert first == f"The Root Signals emulator is at http://127.0.0.1:{port}"
    assert rest.startswith(note.format(port=port) + "API key: ")


def test_command_options(tmp_path: Path) -> None:
    """The command passes its options to `serve`."""
    catalogue = tmp_path / "catalogue.json"
    catalogue.write_text(CATALOGUE)
    faults = tmp_path / "faults.json"
    faults.write_text('[{"status": 418, "times": 1}]')
    arguments = (
        *("--catalogue", str(catalogue), "--faults", str(faults), "--seed", "1"),
        *("--control-key-file", str(tmp_path / "key"), "--next-style", "cursor"),
    )
    (tmp_path / "key").write_text("c/k\n")
    with command(*arguments) as (process, client):
        assert process.stdout
        rest = [process.stdout.readline() for _ in range(7)]
        assert f"{str(client.base_url).rstrip('/')}/#c%2Fk\n" in rest
        control = {"Authorization": "Emulator-Key c/k"}
        assert client.get("/_emulator/state", headers=control).json()["faults"] == 1
        assert client.get("/v1/models/").status_code == 418
        page = client.get("/v1/models/?page_size=1").json()
        assert page["results"][0]["name"] == "acme/one"
        assert not page["next"].startswith(("/", "http"))
        by_command = create(client)["id"]

    with serve(seed=1) as server, connect(server, server.api_key) as client:
        assert create(client)["id"] == by_command


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--host", "0.0.0.0"], "--allow-remote"),
        (["--db", f"{os.sep}nowhere{os.sep}at{os.sep}all"], "unable to open database file"),
        (["--api-key-file", os.devnull], "at least one character"),
        (["--api-key-file", __file__], f"{__file__} has more than 4096 bytes"),
        (["--control-key-file", "nowhere.txt"], "nowhere.txt"),
        (["--catalogue", "nowhere.json"], "nowhere.json"),
        (["--faults", "nowhere.json"], "nowhere.json"),
    ],
)
def test_command_cannot_start(
    capsys: pytest.CaptureFixture[str], arguments: list[str], reason: str
) -> None:
    """A failure is printed in one line to standard error, with exit code 1."""
    assert __main__.main(["--port", "0", *arguments]) == 1

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("The emulator cannot start: ")
    assert reason in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("option", ["--api-key", "--control-key"])
@pytest.mark.parametrize("has_equals", [True, False])
def test_key_on_the_command_line(
    capsys: pytest.CaptureFixture[str], option: str, has_equals: bool
) -> None:
    """A key that other users could see is refused, with the safe options, and not printed."""
    arguments = [f"{option}=secret-key"] if has_equals else [option, "secret-key"]
    with pytest.raises(SystemExit) as exit_:
        __main__.main(arguments)

    out, err = capsys.readouterr()
    assert exit_.value.code == 2
    assert f"Use {option}-file FILE or the variable ROOT_EMULATOR_" in err
    assert "secret" not in out + err


@pytest.mark.skipif(sys.platform != "linux", reason="the list of processes is read from /proc")
def test_keys_in_the_list_of_processes(tmp_path: Path) -> None:
    """The arguments of the command, which other users can read, have none of its keys."""
    (tmp_path / "api").write_text("api-key-of-a-file")
    (tmp_path / "control").write_text("control-key-of-a-file\n")
    files = ("--api-key-file", str(tmp_path / "api"), "--control-key-file")
    with command(*files, str(tmp_path / "control")) as (process, client):
        assert client.headers["Authorization"] == "Api-Key api-key-of-a-file"
        assert client.get("/v1/models/").status_code == 200
        for name in ("cmdline", "comm"):
            assert b"key-of-a-file" not in Path(f"/proc/{process.pid}/{name}").read_bytes()


def test_keys_of_files_and_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file takes precedence over a variable, and an empty variable is ignored."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("ROOT_EMULATOR_API_KEY", "of-the-variable")
    monkeypatch.setenv("ROOT_EMULATOR_CONTROL_KEY", "")
    (tmp_path / "key").write_text("of-the-file")

    assert __main__.main(["--port", "0", "--api-key-file", str(tmp_path / "key")]) == 0

    assert "API key: of-the-file\n" in terminal.getvalue()
    assert re.search(r"/#rs-emulator-[0-9a-f]{32}\n", terminal.getvalue())


@pytest.mark.parametrize("package", ["starlette", "uvicorn", "yaml"])
def test_missing_extra(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """Without its packages, the import fails with the command to install them."""
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, "root.emulator")

    with pytest.raises(ImportError, match=re.escape('pip install ".[emulator]"')):
        importlib.import_module("root.emulator")


def test_command_with_missing_extra(tmp_path: Path) -> None:
    """Without its packages, the command prints one line and exits with 1."""
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['uvicorn'] = None")
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run(
        [sys.executable, "-m", "root.emulator"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert 'pip install ".[emulator]"' in line


def test_invalid_port() -> None:
    """A port out of range is rejected."""
    with pytest.raises(ValueError, match="from 0 to 65535"), serve(port=99999):
        pass


def test_command_does_not_control_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters in the name of a file are escaped in an error."""
    assert __main__.main(["--port", "0", "--db", "/nowhere/\x1b[2J\nThe emulator is ready."]) == 1

    (line,) = capsys.readouterr().err.split("\n")[:-1]
    assert line.isprintable()
