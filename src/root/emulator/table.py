"""A table of the database, derived from what its resource declares.

It has an index for each way to list it with up to two filters.
"""

from __future__ import annotations

import json
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from root.emulator.cursors import Ordering, SortKey
from root.emulator.fields import Value
from root.emulator.filters import Condition
from root.emulator.keys import Account
from root.emulator.rows import Row, Visibility
from root.emulator.table_spec import COMMON, SERVICE, TableSpec, quoted

__all__ = [
    "Table",
]


class Table:
    """The objects of one resource, of all organizations.

    Attributes:
        fields: The names of the stored fields.
    """

    def __init__(
        self, connection: sqlite3.Connection, spec: TableSpec, new_id: Callable[[], str]
    ) -> None:
        """Create the table's interface.

        Args:
            connection: The database.
            spec: What the resource declares.
            new_id: Returns a new ID.
        """
        self._connection = connection
        self._new_id = new_id
        self._table = quoted(spec.name)
        self._has_public = spec.has_public
        self.fields: tuple[str, ...] = tuple(spec.fields)
        self._json_fields = spec.json_fields
        self._columns = (*list(COMMON)[1:], *self.fields)
        placeholders = ", ".join("?" * len(self._columns))
        self._insertion = (
            f"INSERT INTO {self._table} ({', '.join(map(quoted, self._columns))})"
            f" VALUES ({placeholders})"
        )
        self._to_row = _row_factory(spec)
        self._own = "organization = ?"
        if spec.has_public:
            self._own = "(organization = ? OR visibility != 'PRIVATE')"

    def insert(
        self,
        owner: Account,
        values: Mapping[str, Value],
        visibility: Visibility = "PRIVATE",
        *,
        initial_id: str | None = None,
    ) -> Row:
        """Insert an object and return it.

        Args:
            owner: The account that it belongs to.
            values: The values of all stored fields.
            visibility: Who can read it.
            initial_id: The ID of an object that is there from the start.
        """
        id_ = self._new_id() if initial_id is None else initial_id
        common = (
            *(id_, owner.organization, owner.email, owner.full_name),
            *(datetime.now(UTC).isoformat(), visibility, initial_id is not None),
        )
        stored = (*common, *self._stored(values))
        inserted = self._connection.execute(self._insertion, stored)
        return self._to_row((inserted.lastrowid, *stored))

    def get(self, organization: str, id_: str) -> Row | None:
        """Return an object that an organization can read."""
        return self._first(
            f"SELECT * FROM {self._table} WHERE id = ? AND {self._own}", id_, organization
        )

    def find(self, organization: str, field: str, value: Value) -> Row | None:
        """Return an object of an organization by the value of a field."""
        return self._first(
            f"SELECT * FROM {self._table} WHERE {quoted(field)} = ? AND organization = ? LIMIT 1",
            *(value, organization),
        )

    def find_readable(self, organization: str, field: str, value: Value) -> Row | None:
        """Return an object that an organization can read by the value of a field."""
        condition = f"{quoted(field)} = ? AND visibility != 'PRIVATE'"
        query = f"SELECT * FROM {self._table} WHERE {condition} LIMIT 1"
        found = self.find(organization, field, value)
        return self._first(query, value) if found is None and self._has_public else found

    def find_nearest(self, organization: str, field: str, value: Value) -> Row | None:
        """Return an object that an organization can read by the value of a field.

        Its own objects precede those of the service, which precede public ones of others. Of
        several with the same precedence, the newest is returned.
        """
        return self._first(
            f"SELECT * FROM {self._table} WHERE {quoted(field)} = ?"
            " AND (organization = ? OR visibility != 'PRIVATE')"
            " ORDER BY organization = ? DESC, organization = ? DESC, position DESC LIMIT 1",
            *(value, organization, organization, SERVICE),
        )

    def find_anywhere(self, field: str, value: Value) -> Row | None:
        """Return an object of any organization by the value of a field."""
        query = f"SELECT * FROM {self._table} WHERE {quoted(field)} = ? LIMIT 1"
        return self._first(query, value)

    def update(self, row: Row, values: Mapping[str, Value]) -> Row:
        """Set the given fields of an object and return it."""
        if not values:
            return row
        assignments = ", ".join(f"{quoted(name)} = ?" for name in values)
        stored = [self._encoded(name, value) for name, value in values.items()]
        self._connection.execute(
            f"UPDATE {self._table} SET {assignments} WHERE id = ?", (*stored, row.id)
        )
        return cast("Row", cast("Any", row)._replace(**values))

    def update_where(self, organization: str, field: str, old: Value, new: Value) -> None:
        """Set a field of the objects of an organization that have a certain value of it."""
        column = quoted(field)
        self._connection.execute(
            f"UPDATE {self._table} SET {column} = ? WHERE organization = ? AND {column} = ?",
            (new, organization, old),
        )

    def find_all(self, organization: str, field: str, value: Value) -> list[Row]:
        """Return the objects of an organization with a value of a field, the newest first."""
        return self._all(
            f"SELECT * FROM {self._table} WHERE organization = ? AND {quoted(field)} = ?"
            " ORDER BY position DESC",
            (organization, value),
        )

    def delete(self, row: Row) -> None:
        """Delete an object."""
        self._connection.execute(f"DELETE FROM {self._table} WHERE id = ?", (row.id,))

    def fetch_page(
        self,
        organization: str,
        ordering: Ordering,
        edge: SortKey | None,
        *,
        filters: Mapping[str, Value] | None = None,
        conditions: Sequence[Condition] = (),
        others: str | None = "visibility = 'PUBLIC'",
        backwards: bool = False,
        limit: int,
    ) -> list[Row]:
        """Return the objects that an organization lists, beyond a sort key, which is excluded.

        Args:
            organization: The organization.
            ordering: The order of the list.
            edge: The sort key.
            filters: The values that columns must have.
            conditions: Other conditions.
            others: The condition of objects of others in the list, if there are public objects.
            backwards: Whether to go backwards from the sort key.
            limit: The maximum number of objects.
        """
        columns = (*((quoted(ordering.field),) if ordering.field else ()), "position")
        descending = ordering.descending != backwards
        where = [f"{quoted(name)} = ?" for name in filters or ()]
        where += [condition for condition, _ in conditions]
        if edge is not None:
            operator = "<" if descending else ">"
            placeholders = ", ".join("?" * len(edge))
            where.append(f"({', '.join(columns)}) {operator} ({placeholders})")
        sorting = ", ".join(f"{column} {'DESC' if descending else 'ASC'}" for column in columns)
        values = [value for _, values in conditions for value in values]
        arguments = (organization, *(filters or {}).values(), *values, *(edge or ()), limit)

        def select(columns: str, owned: str) -> str:
            all_ = " AND ".join([owned, *where])
            return f"SELECT {columns} FROM {self._table} WHERE {all_} ORDER BY {sorting} LIMIT ?"

        if not self._has_public or others is None:
            return self._all(select("*", "organization = ?"), arguments)
        # Two queries that each use an index, then merged: with OR, SQLite would read the rows of
        # other organizations too, or sort the whole list. What is merged is small.
        own = select(", ".join(columns), "organization = ?")
        public = select(", ".join(columns), others)
        merged = f"SELECT * FROM ({own}) UNION SELECT * FROM ({public})"
        return self._all(
            f"SELECT * FROM {self._table} WHERE position IN"
            f" (SELECT position FROM ({merged} ORDER BY {sorting} LIMIT ?)) ORDER BY {sorting}",
            (*arguments, *arguments[1:], limit),
        )

    def list_values(self, organization: str, field: str, prefix: str, limit: int) -> list[str]:
        """Return the different texts in a field that start with a prefix, and are not empty."""
        column = quoted(field)
        found = self._connection.execute(
            f"SELECT DISTINCT {column} FROM {self._table} WHERE organization = ?"
            f" AND {column} != '' AND substr({column}, 1, ?) = ? ORDER BY {column} LIMIT ?",
            (organization, len(prefix), prefix, limit),
        )
        return [str(value) for (value,) in found]

    def list_created(self, offset: int, limit: int) -> list[Row]:
        """Return objects of all organizations in order of creation, without the initial ones."""
        return self._all(
            f"SELECT * FROM {self._table} WHERE NOT is_initial ORDER BY position LIMIT ? OFFSET ?",
            (limit, offset),
        )

    def count_created(self) -> int:
        """Return the number of objects without the initial ones."""
        # Not with a condition, which no index serves.
        count = f"SELECT count(*) FROM {self._table}"
        query = f"SELECT ({count}) - ({count} WHERE is_initial)"
        return int(self._connection.execute(query).fetchone()[0])

    def wipe(self) -> None:
        """Delete all objects except those of the service."""
        self._connection.execute(f"DELETE FROM {self._table} WHERE organization != ?", (SERVICE,))

    def replace_service_objects(
        self, owner: Account, objects: Iterable[tuple[str, Mapping[str, Value]]]
    ) -> None:
        """Replace the public objects of the service.

        Args:
            owner: What they show as their owner.
            objects: Their IDs and values.
        """
        self._connection.execute(f"DELETE FROM {self._table} WHERE organization = ?", (SERVICE,))
        placeholders = ", ".join("?" * (len(self._columns) + 1))
        created_at = datetime.now(UTC).isoformat()
        # With negative positions they are older than all others, and "newest first" is their own
        # order.
        self._connection.executemany(
            f"INSERT INTO {self._table} (position, {', '.join(map(quoted, self._columns))})"
            f" VALUES ({placeholders})",
            (
                (
                    *(-number, id_, SERVICE, owner.email, owner.full_name, created_at, "PUBLIC", 1),
                    *self._stored(values),
                )
                for number, (id_, values) in enumerate(objects, start=1)
            ),
        )

    def _stored(self, values: Mapping[str, Value]) -> list[Value]:
        """Return the values of the columns of fields."""
        return [self._encoded(name, values[name]) for name in self.fields]

    def _encoded(self, name: str, value: Value) -> Value:
        """Return a value as in the database."""
        if name in self._json_fields and value is not None:
            return json.dumps(value)
        return value

    def _first(self, query: str, *arguments: Value) -> Row | None:
        found = self._connection.execute(query, arguments).fetchone()
        return None if found is None else self._to_row(found)

    def _all(self, query: str, arguments: Iterable[Value]) -> list[Row]:
        return [*map(self._to_row, self._connection.execute(query, tuple(arguments)))]


def _row_factory(spec: TableSpec) -> Callable[[Iterable[Value]], Row]:
    """Return what makes a named tuple of the columns of a table."""
    # For type checkers, the fields of a named tuple must be known.
    make_type = cast("Callable[[str, list[str]], Any]", namedtuple)
    names = [*COMMON, *spec.fields]
    make: Callable[[Iterable[Value]], Row] = make_type("Row", names)._make
    if not spec.json_fields:
        return make
    is_json = [name in spec.json_fields for name in names]

    def decode(values: Iterable[Value]) -> Row:
        return make(
            json.loads(value) if json_ and isinstance(value, str) else value
            for value, json_ in zip(values, is_json, strict=True)
        )

    return decode
