"""The database: SQLite in memory, or in a file that survives a restart."""

from __future__ import annotations

import os
import sqlite3
from random import Random
from uuid import UUID, uuid4

from root.emulator.resources.catalogue import Catalogue
from root.emulator.resources.model_table import MODEL_SCHEMA, ModelTable
from root.emulator.resources.project_table import PROJECT_SCHEMA, ProjectTable

# Written into the header of a file, to recognise the files of this version of the emulator.
_SCHEMA_VERSION = 3

_SCHEMA = f"""
{MODEL_SCHEMA}
{PROJECT_SCHEMA}
CREATE TABLE catalogue (digest TEXT NOT NULL);
"""


class Store:
    """A connection to the database; each write is committed before its method returns.

    Attributes:
        models: The table of models.
        projects: The table of projects.
    """

    def __init__(
        self,
        db: str | os.PathLike[str] | None,
        catalogue: Catalogue,
        seed: int | None = None,
    ) -> None:
        """Open the database and update its catalogue.

        Args:
            db: The file, or None for a database in memory.
            catalogue: The public models.
            seed: The seed of new IDs; random IDs if None.

        Raises:
            ValueError: The file is a database of another program or version.
            sqlite3.Error: The file cannot be opened or is not a database.
        """
        # The connection is opened in one thread and used in the server's thread. With
        # isolation_level=None SQLite commits each statement by itself.
        self._connection = sqlite3.connect(
            ":memory:" if db is None else db, check_same_thread=False, isolation_level=None
        )
        self._seed = seed
        self._seed_ids()
        self.models: ModelTable = ModelTable(self._connection, self._new_id)
        self.projects: ProjectTable = ProjectTable(self._connection, self._new_id)
        try:
            self._prepare(db, catalogue)
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def wipe(self) -> None:
        """Delete all rows except the catalogue's, and restart the sequence of seeded IDs."""
        self._seed_ids()
        self.models.wipe()
        self.projects.wipe()

    def _prepare(self, db: str | os.PathLike[str] | None, catalogue: Catalogue) -> None:
        execute = self._connection.execute
        tables = {name for (name,) in execute("SELECT name FROM sqlite_master")}
        version = int(execute("PRAGMA user_version").fetchone()[0])
        if version != _SCHEMA_VERSION and (version or tables):
            is_ours = {"catalogue", "models"} <= tables
            creator = "another version of the emulator" if is_ours else "another program"
            raise ValueError(
                f"The database {db} was created by {creator}, and was not changed. Choose another"
                " file."
            )
        # In WAL mode a write is one append. With synchronous=NORMAL a committed write survives a
        # killed process, but not a power failure; waiting for the disk at every write would take
        # milliseconds.
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = NORMAL")
        # Servers that start on the same file at the same time must not both initialise it. After
        # an error the transaction is rolled back when the connection is closed.
        execute("BEGIN IMMEDIATE")
        if not int(execute("PRAGMA user_version").fetchone()[0]):
            # executescript() would commit the transaction first.
            for statement in _SCHEMA.split(";"):
                execute(statement)
            execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
        if execute("SELECT digest FROM catalogue").fetchone() != (catalogue.digest,):
            self._load_catalogue(catalogue)
        execute("COMMIT")

    def _load_catalogue(self, catalogue: Catalogue) -> None:
        self.models.load_catalogue(catalogue)
        self._connection.execute("DELETE FROM catalogue")
        self._connection.execute("INSERT INTO catalogue VALUES (?)", (catalogue.digest,))

    def _seed_ids(self) -> None:
        self._random = None if self._seed is None else Random(self._seed)

    def _new_id(self, table: str) -> str:
        if self._random is None:
            return str(uuid4())
        while True:
            id_ = str(UUID(int=self._random.getrandbits(128), version=4))
            # A file may have the IDs of an earlier run with the same seed.
            query = f"SELECT 1 FROM {table} WHERE id = ?"
            if not self._connection.execute(query, (id_,)).fetchone():
                return id_
