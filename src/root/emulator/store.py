"""The models, in SQLite: in memory, or in a file that survives a restart."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from typing import NamedTuple
from uuid import uuid4

from root.emulator.bodies import Value
from root.emulator.catalogue import Catalogue, model_id
from root.emulator.pages import Order, Place

PUBLIC = ""
"""The owner of the catalogue's models. Other owners are hashes of keys."""

# What the service takes where a request says nothing. The API gives no number for it.
MAX_OUTPUT_TOKEN_COUNT = 2048

# Written into a file's header, to know our files from those of others and of later versions.
_SCHEMA_VERSION = 1

# A model's default_key is not here: it never leaves the service again, and calls nothing.
_SCHEMA = """
CREATE TABLE models (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    model TEXT NOT NULL,
    max_output_token_count INTEGER NOT NULL,
    max_token_count INTEGER,
    url TEXT
);
CREATE INDEX models_by_age ON models (owner, position);
CREATE INDEX models_by_name ON models (owner, name, position);
CREATE TABLE catalogue (digest TEXT NOT NULL);
"""

_COLUMNS = "position, id, owner, name, model, max_output_token_count, max_token_count, url"


class Row(NamedTuple):
    """A stored model."""

    position: int
    id: str
    owner: str
    name: str
    model: str
    max_output_token_count: int
    max_token_count: int | None
    url: str | None


class Store:
    """One connection to the database; every method that writes has committed when it returns."""

    def __init__(self, db: str | os.PathLike[str] | None, catalogue: Catalogue) -> None:
        """Open the database and bring its catalogue up to date.

        Raises:
            ValueError: The file is a database, but none of the emulator's.
            sqlite3.Error: The file cannot be opened or is no database.
        """
        # The connection is opened in one thread and used in the server's. No statement leaves a
        # transaction open: isolation_level=None has SQLite commit each one by itself.
        self._connection = sqlite3.connect(
            ":memory:" if db is None else db, check_same_thread=False, isolation_level=None
        )
        try:
            self._prepare(catalogue)
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self, catalogue: Catalogue) -> None:
        run = self._connection.execute
        tables = int(run("SELECT count(*) FROM sqlite_master").fetchone()[0])
        version = int(run("PRAGMA user_version").fetchone()[0])
        if version != _SCHEMA_VERSION and (version or tables):
            raise ValueError(
                "this database was not made by this version of the emulator; choose another file"
            )
        # WAL takes a write in one append. With NORMAL a commit is in the operating system's
        # hands, which outlives a killed process; only a power cut could take it back, and
        # waiting for the disk at every write would cost milliseconds.
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = NORMAL")
        # Servers that start on one file at the same time must not both fill it.
        run("BEGIN IMMEDIATE")
        try:
            if not int(run("PRAGMA user_version").fetchone()[0]):
                # Not executescript(), which would commit before it begins.
                for statement in _SCHEMA.split(";"):
                    run(statement)
                run(f"PRAGMA user_version = {_SCHEMA_VERSION}")
            if run("SELECT digest FROM catalogue").fetchone() != (catalogue.digest,):
                self._fill(catalogue)
            run("COMMIT")
        except BaseException:
            run("ROLLBACK")
            raise

    def _fill(self, catalogue: Catalogue) -> None:
        run = self._connection.execute
        run("DELETE FROM models WHERE owner = ?", (PUBLIC,))
        # Below zero the catalogue is older than every model that anyone creates, and newest
        # first is its own order.
        self._connection.executemany(
            f"INSERT INTO models ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
            (
                (-number, model_id(name), PUBLIC, name, name, MAX_OUTPUT_TOKEN_COUNT, window)
                for number, (name, window) in enumerate(catalogue.models.items(), start=1)
            ),
        )
        run("DELETE FROM catalogue")
        run("INSERT INTO catalogue VALUES (?)", (catalogue.digest,))

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def add(self, owner: str, values: Mapping[str, Value]) -> Row:
        """Store a new model and return it."""
        fields = (str(uuid4()), owner, *complete(values).values())
        inserted = self._connection.execute(
            "INSERT INTO models (id, owner, name, model, max_output_token_count,"
            " max_token_count, url) VALUES (?, ?, ?, ?, ?, ?, ?)",
            fields,
        )
        return Row._make((inserted.lastrowid, *fields))

    def get(self, owner: str, id_: str) -> Row | None:
        """Return a model of this owner or of the catalogue."""
        found = self._connection.execute(
            f"SELECT {_COLUMNS} FROM models WHERE id = ? AND owner IN (?, ?)", (id_, owner, PUBLIC)
        ).fetchone()
        return None if found is None else Row(*found)

    def change(self, row: Row, values: Mapping[str, Value]) -> Row:
        """Set the given fields of a model and return it as it is then."""
        kept = {name: value for name, value in values.items() if name in Row._fields}
        if kept:
            assignments = ", ".join(f"{name} = ?" for name in kept)
            self._connection.execute(
                f"UPDATE models SET {assignments} WHERE id = ?", (*kept.values(), row.id)
            )
        return Row._make(kept.get(name, value) for name, value in row._asdict().items())

    def remove(self, row: Row) -> None:
        """Delete a model."""
        self._connection.execute("DELETE FROM models WHERE id = ?", (row.id,))

    def knows(self, owner: str, model: str) -> bool:
        """Say whether a model of this owner or of the catalogue goes by this name."""
        found = self._connection.execute(
            "SELECT 1 FROM models WHERE owner IN (?, ?) AND (name = ? OR model = ?) LIMIT 1",
            (owner, PUBLIC, model, model),
        ).fetchone()
        return found is not None

    def page(
        self,
        owner: str,
        order: Order,
        place: Place | None,
        *,
        backwards: bool = False,
        limit: int,
    ) -> list[Row]:
        """Return the next rows from a place on, which is itself left out."""
        columns = ("name", "position") if order.by_name else ("position",)
        falling = order.descending != backwards
        beyond = ""
        if place is not None:
            marks = ", ".join("?" * len(place))
            beyond = f"AND ({', '.join(columns)}) {'<' if falling else '>'} ({marks})"
        sorting = ", ".join(f"{column} {'DESC' if falling else 'ASC'}" for column in columns)
        # One question per owner, each answered along an index, then merged: with an OR the
        # other keys' rows would be walked through too, or the whole list sorted.
        part = (
            f"SELECT * FROM (SELECT {_COLUMNS} FROM models WHERE owner = ? {beyond}"
            f" ORDER BY {sorting} LIMIT ?)"
        )
        found = self._connection.execute(
            f"{part} UNION ALL {part} ORDER BY {sorting} LIMIT ?",
            (owner, *(place or ()), limit, PUBLIC, *(place or ()), limit, limit),
        )
        return [Row(*row) for row in found]


def complete(values: Mapping[str, Value]) -> dict[str, Value]:
    """Return all stored fields of a request, with the service's own where it says nothing."""
    return {
        "name": values["name"],
        "model": values.get("model", values["name"]),
        "max_output_token_count": values.get("max_output_token_count", MAX_OUTPUT_TOKEN_COUNT),
        "max_token_count": values.get("max_token_count"),
        "url": values.get("url"),
    }
