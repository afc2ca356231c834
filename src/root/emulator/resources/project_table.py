"""The database table of projects."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID, uuid5

from root.emulator.cursors import Ordering, SortKey
from root.emulator.keys import Account
from root.emulator.serializers import Value

# A random UUID, for the IDs of initial projects.
_NAMESPACE = UUID("0f0b1c57-8d2e-4f6a-9c41-5b7de1a3c902")

PROJECT_SCHEMA = """
CREATE TABLE projects (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    organization TEXT NOT NULL,
    email TEXT NOT NULL,
    created_at TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    is_default INTEGER NOT NULL
);
CREATE INDEX projects_by_age ON projects (organization, position);
CREATE UNIQUE INDEX projects_by_name ON projects (organization, name);
CREATE UNIQUE INDEX default_projects ON projects (organization) WHERE is_default;
"""


class ProjectRow(NamedTuple):
    """A row of the table; `is_default` is 0 or 1."""

    position: int
    id: str
    organization: str
    email: str
    created_at: str
    name: str
    description: str
    is_default: int


_COLUMNS = ", ".join(ProjectRow._fields)
# The position is assigned by SQLite.
_INSERTED = ", ".join(ProjectRow._fields[1:])
_PLACEHOLDERS = ", ".join("?" * len(ProjectRow._fields[1:]))


class ProjectTable:
    """The projects of all organizations.

    Each organization has exactly one default project. Its initial one is inserted before the first
    access, and has an ID that depends on the organization only.
    """

    def __init__(self, connection: sqlite3.Connection, new_id: Callable[[str], str]) -> None:
        """Create the table's interface.

        Args:
            connection: The database.
            new_id: Returns a new ID for a row of the given table.
        """
        self._connection = connection
        self._new_id = new_id

    def ensure_default(self, owner: Account) -> None:
        """Insert the initial project of an organization that has none."""
        found = self._connection.execute(
            "SELECT 1 FROM projects WHERE organization = ? LIMIT 1", (owner.organization,)
        )
        if found.fetchone() is None:
            values: dict[str, Value] = {"name": "Default", "is_default": True}
            self._insert(_initial_id(owner.organization), owner, values)

    def add(self, owner: Account, values: Mapping[str, Value]) -> ProjectRow:
        """Insert a project and return it; a new default project replaces the former one."""
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            if values.get("is_default"):
                self._unset_default(owner.organization)
            return self._insert(self._new_id("projects"), owner, values)

    def get(self, organization: str, id_: str) -> ProjectRow | None:
        """Return a project of an organization."""
        found = self._connection.execute(
            f"SELECT {_COLUMNS} FROM projects WHERE organization = ? AND id = ?",
            (organization, id_),
        ).fetchone()
        return None if found is None else ProjectRow(*found)

    def has_name(self, organization: str, name: object) -> bool:
        """Return whether an organization has a project of this name."""
        found = self._connection.execute(
            "SELECT 1 FROM projects WHERE organization = ? AND name = ?", (organization, name)
        ).fetchone()
        return found is not None

    def list_created(self) -> list[ProjectRow]:
        """Return all projects in order of creation, without the initial ones."""
        found = self._connection.execute(f"SELECT {_COLUMNS} FROM projects ORDER BY position")
        rows = [ProjectRow(*row) for row in found]
        return [row for row in rows if row.id != _initial_id(row.organization)]

    def update(self, row: ProjectRow, values: Mapping[str, Value]) -> ProjectRow:
        """Set the given fields of a project and return the new row."""
        if not values:
            return row
        assignments = ", ".join(f"{name} = ?" for name in values)
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            if values.get("is_default"):
                self._unset_default(row.organization)
            self._connection.execute(
                f"UPDATE projects SET {assignments} WHERE id = ?", (*values.values(), row.id)
            )
        return ProjectRow._make(values.get(name, value) for name, value in row._asdict().items())

    def delete(self, row: ProjectRow) -> None:
        """Delete a project."""
        self._connection.execute("DELETE FROM projects WHERE id = ?", (row.id,))

    def wipe(self) -> None:
        """Delete all projects."""
        self._connection.execute("DELETE FROM projects")

    def fetch_page(
        self,
        organization: str,
        ordering: Ordering,
        edge: SortKey | None,
        *,
        backwards: bool = False,
        limit: int,
    ) -> list[ProjectRow]:
        """Return the rows beyond a position, which is excluded; the list has no other ordering."""
        descending = ordering.descending != backwards
        condition = "" if edge is None else f"AND position {'<' if descending else '>'} ?"
        found = self._connection.execute(
            f"SELECT {_COLUMNS} FROM projects WHERE organization = ? {condition}"
            f" ORDER BY position {'DESC' if descending else 'ASC'} LIMIT ?",
            (organization, *(edge or ()), limit),
        )
        return [ProjectRow(*row) for row in found]

    def _unset_default(self, organization: str) -> None:
        self._connection.execute(
            "UPDATE projects SET is_default = 0 WHERE organization = ? AND is_default",
            (organization,),
        )

    def _insert(self, id_: str, owner: Account, values: Mapping[str, Value]) -> ProjectRow:
        fields = (
            *(id_, owner.organization, owner.email, datetime.now(UTC).isoformat()),
            *(values["name"], values.get("description", "")),
            int(bool(values.get("is_default"))),
        )
        inserted = self._connection.execute(
            f"INSERT INTO projects ({_INSERTED}) VALUES ({_PLACEHOLDERS})", fields
        )
        return ProjectRow._make((inserted.lastrowid, *fields))


def _initial_id(organization: str) -> str:
    return str(uuid5(_NAMESPACE, organization))
