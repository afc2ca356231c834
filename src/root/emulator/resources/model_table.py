"""The database table of models."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, TypeAlias

from root.emulator.cursors import Ordering, SortKey
from root.emulator.keys import Account
from root.emulator.resources.catalogue import Catalogue, model_id
from root.emulator.serializers import Value

PUBLIC = ""
"""The organization of the catalogue's models; all other organizations have a name."""

Visibility: TypeAlias = Literal["PUBLIC", "PUBLIC_UNLISTED", "PRIVATE"]
"""Who can read a model: everybody, everybody who knows its ID, or its organization."""

# The API documents no default for this field.
DEFAULT_MAX_OUTPUT_TOKEN_COUNT = 2048

# A model's default_key is not stored: it is never returned, and the emulator calls no provider.
MODEL_SCHEMA = """
CREATE TABLE models (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    organization TEXT NOT NULL,
    email TEXT NOT NULL,
    full_name TEXT NOT NULL,
    visibility TEXT NOT NULL,
    name TEXT NOT NULL,
    model TEXT NOT NULL,
    max_output_token_count INTEGER NOT NULL,
    max_token_count INTEGER,
    url TEXT
);
CREATE INDEX models_by_age ON models (organization, position);
CREATE INDEX models_by_name ON models (organization, name, position);
CREATE INDEX public_by_age ON models (position) WHERE visibility = 'PUBLIC';
CREATE INDEX public_by_name ON models (name, position) WHERE visibility = 'PUBLIC';
"""


class ModelRow(NamedTuple):
    """A row of the table."""

    position: int
    id: str
    organization: str
    email: str
    full_name: str
    visibility: Visibility
    name: str
    model: str
    max_output_token_count: int
    max_token_count: int | None
    url: str | None


_COLUMNS = ", ".join(ModelRow._fields)
# The position is assigned by SQLite.
_INSERTED = ", ".join(ModelRow._fields[1:])
_PLACEHOLDERS = ", ".join("?" * len(ModelRow._fields[1:]))

_CATALOGUE_OWNER = ("catalogue@emulator.invalid", "Model catalogue")


class ModelTable:
    """The models of all organizations and of the catalogue."""

    def __init__(self, connection: sqlite3.Connection, new_id: Callable[[str], str]) -> None:
        """Create the table's interface.

        Args:
            connection: The database.
            new_id: Returns a new ID for a row of the given table.
        """
        self._connection = connection
        self._new_id = new_id

    def load_catalogue(self, catalogue: Catalogue) -> None:
        """Replace the public models."""
        self._connection.execute("DELETE FROM models WHERE organization = ?", (PUBLIC,))
        # With negative positions the catalogue is older than all other models, and "newest first"
        # is its own order.
        self._connection.executemany(
            f"INSERT INTO models ({_COLUMNS}) VALUES (?, {_PLACEHOLDERS})",
            (
                ModelRow(
                    *(-number, model_id(name), PUBLIC, *_CATALOGUE_OWNER, "PUBLIC", name, name),
                    *(DEFAULT_MAX_OUTPUT_TOKEN_COUNT, window, None),
                )
                for number, (name, window) in enumerate(catalogue.models.items(), start=1)
            ),
        )

    def add(
        self, owner: Account, values: Mapping[str, Value], visibility: Visibility = "PRIVATE"
    ) -> ModelRow:
        """Insert a model and return it."""
        fields = (
            *(self._new_id("models"), owner.organization, owner.email, owner.full_name, visibility),
            *with_defaults(values).values(),
        )
        inserted = self._connection.execute(
            f"INSERT INTO models ({_INSERTED}) VALUES ({_PLACEHOLDERS})", fields
        )
        return ModelRow._make((inserted.lastrowid, *fields))

    def get(self, organization: str, id_: str) -> ModelRow | None:
        """Return a model that an organization can read."""
        found = self._connection.execute(
            f"SELECT {_COLUMNS} FROM models"
            " WHERE id = ? AND (organization = ? OR visibility != 'PRIVATE')",
            (id_, organization),
        ).fetchone()
        return None if found is None else ModelRow(*found)

    def has_name(self, organization: str, name: object) -> bool:
        """Return whether an organization has a model of this name."""
        found = self._connection.execute(
            "SELECT 1 FROM models WHERE organization = ? AND name = ? LIMIT 1",
            (organization, name),
        ).fetchone()
        return found is not None

    def has_known_model(self, organization: str, model: str) -> bool:
        """Return whether an organization can read a model with this name or underlying model."""
        found = self._connection.execute(
            "SELECT 1 FROM models WHERE (organization = ? OR visibility != 'PRIVATE')"
            " AND (name = ? OR model = ?) LIMIT 1",
            (organization, model, model),
        ).fetchone()
        return found is not None

    def list_created(self, offset: int, limit: int) -> list[ModelRow]:
        """Return models without the catalogue's, in order of creation."""
        found = self._connection.execute(
            f"SELECT {_COLUMNS} FROM models WHERE organization != ?"
            " ORDER BY position LIMIT ? OFFSET ?",
            (PUBLIC, limit, offset),
        )
        return [ModelRow(*row) for row in found]

    def count_created(self) -> int:
        """Return the number of models without the catalogue's."""
        found = self._connection.execute(
            "SELECT count(*) FROM models WHERE organization != ?", (PUBLIC,)
        )
        return int(found.fetchone()[0])

    def update(self, row: ModelRow, values: Mapping[str, Value]) -> ModelRow:
        """Set the given fields of a model and return the new row."""
        stored = {name: value for name, value in values.items() if name in ModelRow._fields}
        if stored:
            assignments = ", ".join(f"{name} = ?" for name in stored)
            self._connection.execute(
                f"UPDATE models SET {assignments} WHERE id = ?", (*stored.values(), row.id)
            )
        return ModelRow._make(stored.get(name, value) for name, value in row._asdict().items())

    def delete(self, row: ModelRow) -> None:
        """Delete a model."""
        self._connection.execute("DELETE FROM models WHERE id = ?", (row.id,))

    def wipe(self) -> None:
        """Delete all models except the catalogue's."""
        self._connection.execute("DELETE FROM models WHERE organization != ?", (PUBLIC,))

    def fetch_page(
        self,
        organization: str,
        ordering: Ordering,
        edge: SortKey | None,
        *,
        backwards: bool = False,
        limit: int,
    ) -> list[ModelRow]:
        """Return the rows beyond a sort key, which is excluded."""
        columns = ("name", "position") if ordering.by_name else ("position",)
        descending = ordering.descending != backwards
        condition = ""
        if edge is not None:
            placeholders = ", ".join("?" * len(edge))
            operator = "<" if descending else ">"
            condition = f"AND ({', '.join(columns)}) {operator} ({placeholders})"
        sorting = ", ".join(f"{column} {'DESC' if descending else 'ASC'}" for column in columns)
        # Two queries that each use an index, then merged: with OR, SQLite would read the rows of
        # other organizations too, or sort the whole list.
        own, public = (
            f"SELECT * FROM (SELECT {_COLUMNS} FROM models WHERE {owned} {condition}"
            f" ORDER BY {sorting} LIMIT ?)"
            for owned in ("organization = ?", "visibility = 'PUBLIC' AND organization != ?")
        )
        arguments = (organization, *(edge or ()), limit)
        found = self._connection.execute(
            f"{own} UNION ALL {public} ORDER BY {sorting} LIMIT ?", (*arguments, *arguments, limit)
        )
        return [ModelRow(*row) for row in found]


def with_defaults(values: Mapping[str, Value]) -> dict[str, Value]:
    """Return the values of all stored fields of a request, with defaults for omitted ones."""
    return {
        "name": values["name"],
        "model": values.get("model", values["name"]),
        "max_output_token_count": values.get(
            "max_output_token_count", DEFAULT_MAX_OUTPUT_TOKEN_COUNT
        ),
        "max_token_count": values.get("max_token_count"),
        "url": values.get("url"),
    }
