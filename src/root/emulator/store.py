"""The models, in SQLite: in memory, or in a file that survives a restart."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from random import Random
from typing import Literal, NamedTuple, TypeAlias
from uuid import UUID, uuid4

from root.emulator.cursors import Order, Place
from root.emulator.keys import Account
from root.emulator.resources.catalogue import Catalogue, model_id
from root.emulator.serializers import Value

PUBLIC = ""
"""The organisation of the catalogue's models. The others have names."""

Visibility: TypeAlias = Literal["PUBLIC", "PUBLIC_UNLISTED", "PRIVATE"]
"""Who sees a model: everybody, everybody who knows its id, or its organisation."""

# What the service takes where a request says nothing. The API gives no number for it.
MAX_OUTPUT_TOKEN_COUNT = 2048

# Written into a file's header, to know our files from those of others and of other versions.
_SCHEMA_VERSION = 2

# A model's default_key is not here: it never leaves the service again, and calls nothing.
_SCHEMA = """
CREATE TABLE models (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    organisation TEXT NOT NULL,
    email TEXT NOT NULL,
    full_name TEXT NOT NULL,
    visibility TEXT NOT NULL,
    name TEXT NOT NULL,
    model TEXT NOT NULL,
    max_output_token_count INTEGER NOT NULL,
    max_token_count INTEGER,
    url TEXT
);
CREATE INDEX models_by_age ON models (organisation, position);
CREATE INDEX models_by_name ON models (organisation, name, position);
CREATE INDEX public_by_age ON models (position) WHERE visibility = 'PUBLIC';
CREATE INDEX public_by_name ON models (name, position) WHERE visibility = 'PUBLIC';
CREATE TABLE catalogue (digest TEXT NOT NULL);
"""


class Row(NamedTuple):
    """A stored model."""

    position: int
    id: str
    organisation: str
    email: str
    full_name: str
    visibility: Visibility
    name: str
    model: str
    max_output_token_count: int
    max_token_count: int | None
    url: str | None


_COLUMNS = ", ".join(Row._fields)
_INSERTED = ", ".join(Row._fields[1:])
_MARKS = ", ".join("?" * len(Row._fields[1:]))

_CATALOGUE_OWNER = ("catalogue@emulator.invalid", "Model catalogue")


class Store:
    """One connection to the database; every method that writes has committed when it returns."""

    def __init__(
        self,
        db: str | os.PathLike[str] | None,
        catalogue: Catalogue,
        seed: int | None = None,
    ) -> None:
        """Open the database and bring its catalogue up to date.

        Args:
            db: The file, or None for memory.
            catalogue: The public models.
            seed: What the ids of new models are made from; None is chance.

        Raises:
            ValueError: The file is a database, but none of the emulator's.
            sqlite3.Error: The file cannot be opened or is no database.
        """
        # The connection is opened in one thread and used in the server's. No statement leaves a
        # transaction open: isolation_level=None has SQLite commit each one by itself.
        self._connection = sqlite3.connect(
            ":memory:" if db is None else db, check_same_thread=False, isolation_level=None
        )
        self._seed = seed
        self._begin_chance()
        try:
            self._prepare(db, catalogue)
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self, db: str | os.PathLike[str] | None, catalogue: Catalogue) -> None:
        run = self._connection.execute
        tables = int(run("SELECT count(*) FROM sqlite_master").fetchone()[0])
        version = int(run("PRAGMA user_version").fetchone()[0])
        if version != _SCHEMA_VERSION and (version or tables):
            raise ValueError(
                f"The database {db} was not made by this version of the emulator; choose another"
                " file."
            )
        # WAL takes a write in one append. With NORMAL a commit is in the operating system's
        # hands, which outlives a killed process; only a power cut could take it back, and
        # waiting for the disk at every write would cost milliseconds.
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = NORMAL")
        # Servers that start on one file at the same time must not both fill it. What fails in
        # between is undone when the connection is closed.
        run("BEGIN IMMEDIATE")
        if not int(run("PRAGMA user_version").fetchone()[0]):
            # Not executescript(), which would commit before it begins.
            for statement in _SCHEMA.split(";"):
                run(statement)
            run(f"PRAGMA user_version = {_SCHEMA_VERSION}")
        if run("SELECT digest FROM catalogue").fetchone() != (catalogue.digest,):
            self._fill(catalogue)
        run("COMMIT")

    def _fill(self, catalogue: Catalogue) -> None:
        run = self._connection.execute
        run("DELETE FROM models WHERE organisation = ?", (PUBLIC,))
        # Below zero the catalogue is older than every model that anyone creates, and newest
        # first is its own order.
        self._connection.executemany(
            f"INSERT INTO models ({_COLUMNS}) VALUES (?, {_MARKS})",
            (
                Row(
                    *(-number, model_id(name), PUBLIC, *_CATALOGUE_OWNER, "PUBLIC", name, name),
                    *(MAX_OUTPUT_TOKEN_COUNT, window, None),
                )
                for number, (name, window) in enumerate(catalogue.models.items(), start=1)
            ),
        )
        run("DELETE FROM catalogue")
        run("INSERT INTO catalogue VALUES (?)", (catalogue.digest,))

    def _begin_chance(self) -> None:
        self._chance = None if self._seed is None else Random(self._seed)

    def _new_id(self) -> str:
        if self._chance is None:
            return str(uuid4())
        while True:
            id_ = str(UUID(int=self._chance.getrandbits(128), version=4))
            # A file has the ids of an earlier run, which began with the same seed.
            if not self._connection.execute("SELECT 1 FROM models WHERE id = ?", (id_,)).fetchone():
                return id_

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def add(
        self, owner: Account, values: Mapping[str, Value], visibility: Visibility = "PRIVATE"
    ) -> Row:
        """Store a new model and return it."""
        fields = (
            *(self._new_id(), owner.organisation, owner.email, owner.full_name, visibility),
            *complete(values).values(),
        )
        inserted = self._connection.execute(
            f"INSERT INTO models ({_INSERTED}) VALUES ({_MARKS})", fields
        )
        return Row._make((inserted.lastrowid, *fields))

    def get(self, organisation: str, id_: str) -> Row | None:
        """Return a model that an organisation may see."""
        found = self._connection.execute(
            f"SELECT {_COLUMNS} FROM models"
            " WHERE id = ? AND (organisation = ? OR visibility != 'PRIVATE')",
            (id_, organisation),
        ).fetchone()
        return None if found is None else Row(*found)

    def has_name(self, organisation: str, name: object) -> bool:
        """Say whether an organisation has a model of this name."""
        found = self._connection.execute(
            "SELECT 1 FROM models WHERE organisation = ? AND name = ? LIMIT 1",
            (organisation, name),
        ).fetchone()
        return found is not None

    def created(self, offset: int, most: int) -> list[Row]:
        """Return so many models but the catalogue's, in the order of their creation."""
        found = self._connection.execute(
            f"SELECT {_COLUMNS} FROM models WHERE organisation != ?"
            " ORDER BY position LIMIT ? OFFSET ?",
            (PUBLIC, most, offset),
        )
        return [Row(*row) for row in found]

    def count_created(self) -> int:
        """Return how many models there are but the catalogue's."""
        found = self._connection.execute(
            "SELECT count(*) FROM models WHERE organisation != ?", (PUBLIC,)
        )
        return int(found.fetchone()[0])

    def wipe(self) -> None:
        """Delete all models but the catalogue's, and have chance begin where it began."""
        self._begin_chance()
        self._connection.execute("DELETE FROM models WHERE organisation != ?", (PUBLIC,))

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

    def knows(self, organisation: str, model: str) -> bool:
        """Say whether a model that an organisation sees goes by this name."""
        found = self._connection.execute(
            "SELECT 1 FROM models WHERE (organisation = ? OR visibility != 'PRIVATE')"
            " AND (name = ? OR model = ?) LIMIT 1",
            (organisation, model, model),
        ).fetchone()
        return found is not None

    def page(
        self,
        organisation: str,
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
        # Two questions, each answered along an index, then merged: with an OR the other
        # organisations' rows would be walked through too, or the whole list sorted.
        own, public = (
            f"SELECT * FROM (SELECT {_COLUMNS} FROM models WHERE {whose} {beyond}"
            f" ORDER BY {sorting} LIMIT ?)"
            for whose in ("organisation = ?", "visibility = 'PUBLIC' AND organisation != ?")
        )
        some = (organisation, *(place or ()), limit)
        found = self._connection.execute(
            f"{own} UNION ALL {public} ORDER BY {sorting} LIMIT ?", (*some, *some, limit)
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
