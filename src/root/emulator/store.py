"""The database: SQLite in memory, or in a file that survives a restart."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sqlite3
import time
import zlib
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar
from uuid import UUID, uuid4

from root.emulator.fields import Value
from root.emulator.keys import Account
from root.emulator.table import Table
from root.emulator.table_spec import TableSpec

__all__ = ["Store", "named"]

T = TypeVar("T")

# Seconds between attempts to begin a transaction while another process is writing.
_POLL_INTERVAL = 0.005


class Files:
    """The contents of files, apart from the objects that they belong to, so that lists are fast."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Create the interface.

        Args:
            connection: The database.
        """
        self._execute = connection.execute

    def put(self, id_: str, content: bytes) -> None:
        """Store a content by the ID of the object that it belongs to."""
        self._execute("INSERT OR REPLACE INTO file_contents VALUES (?, ?)", (id_, content))

    def get(self, id_: str) -> bytes | None:
        """Return a content."""
        query = "SELECT content FROM file_contents WHERE id = ?"
        found: tuple[bytes] | None = self._execute(query, (id_,)).fetchone()
        return None if found is None else found[0]

    def delete(self, id_: str) -> None:
        """Delete a content, if it exists."""
        self._execute("DELETE FROM file_contents WHERE id = ?", (id_,))

    def wipe(self) -> None:
        """Delete all contents."""
        self._execute("DELETE FROM file_contents")


class Store:
    """A connection to the database.

    Statements run in the event loop itself, within transactions: each takes some fifty
    microseconds, and a round trip to a thread would take longer. What reads or writes whole tables
    runs in a thread instead, while requests of the API wait for it and the event loop does not.

    Attributes:
        tables: The tables by name.
        files: The contents of files.
    """

    def __init__(
        self, db: str | os.PathLike[str] | None, specs: Iterable[TableSpec], seed: int | None = None
    ) -> None:
        """Open the database, and create its tables if it is new.

        Args:
            db: The file, or None for a database in memory.
            specs: The tables.
            seed: The seed of new IDs; random IDs if None.

        Raises:
            ValueError: The file is a database of another program or version.
            sqlite3.Error: The file cannot be opened or is not a database.
        """
        specs = tuple(specs)
        if db is not None:
            _check_version(db, _version(specs))
            _create_private(db)
        # With isolation_level=None, only the transactions below are begun.
        self._connection = sqlite3.connect(
            ":memory:" if db is None else db, check_same_thread=False, isolation_level=None
        )
        # SQLite's own lower() knows ASCII only.
        self._connection.create_function("casefold", 1, _casefold, deterministic=True)
        self._seed = seed
        self.tables: Mapping[str, Table] = {
            spec.name: Table(self._connection, spec, self._new_id) for spec in specs
        }
        self.files: Files = Files(self._connection)
        self._lock = asyncio.Lock()
        self._executor = ThreadPoolExecutor(1, "root-emulator-database")
        try:
            self._prepare(specs)
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the database."""
        self._executor.shutdown()
        self._connection.close()

    @contextmanager
    def transaction(self, *, writes: bool = True) -> Generator[None]:
        """Make the statements of the block take effect together, or not at all."""
        while not self._begin(writes=writes):
            time.sleep(_POLL_INTERVAL)
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    async def in_turn(self, work: Callable[[], T], *, writes: bool = True) -> T:
        """Run some work in the event loop as one transaction, when nothing else uses the database.

        Args:
            work: The work.
            writes: Whether it may write.
        """
        async with self._lock:
            # SQLite cannot wait for another process without blocking the event loop.
            while not self._begin(writes=writes):  # noqa: ASYNC110
                await asyncio.sleep(_POLL_INTERVAL)
            try:
                result = work()
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
            return result

    async def in_thread(
        self,
        work: Callable[[], T],
        *,
        writes: bool = True,
        then: Callable[[], object] = lambda: None,
    ) -> T:
        """Run some work on whole tables in a thread, as one transaction.

        Args:
            work: The work.
            writes: Whether it may write.
            then: Called in the event loop before anything else can use the database.
        """

        def transact() -> T:
            with self.transaction(writes=writes):
                return work()

        async def run() -> T:
            async with self._lock:
                loop = asyncio.get_running_loop()
                result = await loop.run_in_executor(self._executor, transact)
                then()
                return result

        # If the caller is cancelled, the lock is held until the thread has ended.
        return await asyncio.shield(asyncio.ensure_future(run()))

    def _begin(self, *, writes: bool) -> bool:
        """Begin a transaction, unless another process is writing."""
        try:
            # A transaction that reads first could not write later.
            self._connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            return False
        return True

    def wipe(self) -> None:
        """Delete all objects except those of the service, and restart the seeded IDs."""
        self._connection.execute("DELETE FROM seeds")
        for table in self.tables.values():
            table.wipe()
        self.files.wipe()

    def provide(
        self, table: str, owner: Account, objects: Mapping[str, Mapping[str, Value]]
    ) -> None:
        """Store the objects of the service in a table, by their ID, in place of its former ones."""
        digest = hashlib.sha256(repr(objects).encode()).hexdigest()
        with self.transaction():
            execute = self._connection.execute
            found = execute("SELECT digest FROM service_objects WHERE name = ?", (table,))
            if found.fetchall() == [(digest,)]:
                return
            self.tables[table].replace_service_objects(owner, objects.items())
            execute("INSERT OR REPLACE INTO service_objects VALUES (?, ?)", (table, digest))

    def _prepare(self, specs: Iterable[TableSpec]) -> None:
        execute = self._connection.execute
        # In WAL mode a write is one append. With synchronous=NORMAL a committed write survives a
        # killed process, but not a power failure; waiting for the disk at every write would take
        # milliseconds.
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = NORMAL")
        # SQLite would wait in the event loop.
        execute("PRAGMA busy_timeout = 0")
        # Servers that start on the same file at the same time must not both initialise it. After
        # an error the transaction is rolled back when the connection is closed.
        with self.transaction():
            if not int(execute("PRAGMA user_version").fetchone()[0]):
                # executescript() would commit the transaction first.
                for statement in _statements(specs):
                    execute(statement)
                execute(f"PRAGMA user_version = {_version(specs)}")

    def _new_id(self) -> str:
        if self._seed is None:
            return str(uuid4())
        # A file may have the IDs of an earlier run with the same seed, or of another process, so it
        # has their number, too.
        # As text: a seed may have more than 64 bits.
        seed = (str(self._seed),)
        execute = self._connection.execute
        execute(
            "INSERT INTO seeds VALUES (?, 1) ON CONFLICT (seed) DO UPDATE SET ids = ids + 1", seed
        )
        (number,) = execute("SELECT ids FROM seeds WHERE seed = ?", seed).fetchone()
        digest = hashlib.sha256(f"{self._seed}/{number}".encode()).digest()
        return str(UUID(bytes=digest[:16], version=4))


@contextmanager
def named(db: str | os.PathLike[str] | None) -> Generator[None]:
    """Name the file in the errors of SQLite, which do not.

    Raises:
        ValueError: The file is a directory, or not a database.
        sqlite3.Error: The file cannot be opened.
    """
    try:
        yield
    except sqlite3.Error as exc:
        if db is None:
            raise
        if Path(db).is_dir():
            raise ValueError(f"The database {db} is a directory. Choose a file.") from exc
        if exc.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            raise ValueError(
                f"The file {db} is not a database, and was not changed. Choose another file."
            ) from exc
        raise sqlite3.OperationalError(
            f"The database {db} cannot be opened: {exc}. Choose a file that can be written, in a"
            " folder that exists."
        ) from exc


def _casefold(text: str | None) -> str:
    return (text or "").casefold()


def _statements(specs: Iterable[TableSpec]) -> list[str]:
    """Return the statements that create the database."""
    return [
        *(statement for spec in specs for statement in spec.statements()),
        "CREATE TABLE service_objects (name TEXT PRIMARY KEY, digest TEXT NOT NULL)",
        "CREATE TABLE seeds (seed TEXT PRIMARY KEY, ids INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE TABLE file_contents (id TEXT PRIMARY KEY, content BLOB NOT NULL)",
    ]


def _version(specs: Iterable[TableSpec]) -> int:
    """Return a number that differs with the tables; the header of a file has it."""
    return zlib.crc32("\n".join(_statements(specs)).encode()) >> 1 or 1


def _create_private(db: str | os.PathLike[str]) -> None:
    """Create a file that only its owner can read, unless it exists.

    SQLite would create one that other users can read. The files beside it, with its last writes,
    have the permissions of the database.
    """
    # Without the target of a symbolic link, the link itself would exist.
    path = os.path.realpath(db)
    # SQLite's message is better if the file cannot be created.
    with suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _check_version(db: str | os.PathLike[str], expected: int) -> None:
    """Check that a file was created with these tables, or is new.

    Raises:
        ValueError: It is a database of another program or version.
        sqlite3.Error: It is not a database.
    """
    path = Path(db)
    if not path.exists():
        return
    # SQLite would merge the log of a process that was killed into a file that it may write to.
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version != expected and (version or tables):
        is_ours = "models" in tables and bool({"catalogue", "service_objects"} & tables)
        creator = "another version of the emulator" if is_ours else "another program"
        raise ValueError(
            f"The database {db} was created by {creator}, and was not changed. Choose another file."
        )
