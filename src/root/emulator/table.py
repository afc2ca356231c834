"""A table of the database, derived from what its resource declares.

It has an index for each way to list it with up to two filters.
"""

from __future__ import annotations

import json
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from operator import attrgetter
from typing import Any, TypeAlias, cast

from root.emulator.cursors import Ordering, SortKey
from root.emulator.fields import BooleanField, Fields, Value
from root.emulator.filters import Condition
from root.emulator.json_fields import JsonField
from root.emulator.keys import Account
from root.emulator.rows import Row, Visibility

__all__ = ["SERVICE", "Getter", "Table", "TableSpec"]

SERVICE = ""
"""The organization of objects that the service provides; all other organizations have a name."""

# Those of every resource. The position is assigned by SQLite.
_COMMON = {
    "position": "INTEGER PRIMARY KEY AUTOINCREMENT",
    "id": "TEXT NOT NULL UNIQUE",
    "organization": "TEXT NOT NULL",
    "email": "TEXT NOT NULL",
    "full_name": "TEXT NOT NULL",
    "created_at": "TEXT NOT NULL",
    "visibility": "TEXT NOT NULL",
    "is_initial": "INTEGER NOT NULL",
}


Getter: TypeAlias = Callable[[Row], object]
"""Returns a value of an object."""


@dataclass(frozen=True)
class TableSpec:
    """What a resource declares of its table.

    Attributes:
        name: The name of the table.
        fields: The stored fields.
        sorted_by: Fields that lists are sorted by, apart from the age of objects. None of them may
            be null.
        filtered_by: Fields that lists are filtered by.
        looked_up_by: Fields that single objects are found by.
        has_public: Whether an object may be readable for other organizations.
    """

    name: str
    fields: Fields
    sorted_by: tuple[str, ...] = ()
    filtered_by: tuple[str, ...] = ()
    looked_up_by: tuple[str, ...] = ()
    has_public: bool = False

    def __post_init__(self) -> None:
        """Check what is declared.

        Raises:
            TypeError: It could not work.
        """
        if clashes := sorted(_COMMON.keys() & self.fields):
            raise TypeError(f"{self.name}: every table has the columns {', '.join(clashes)}.")
        used = {*self.sorted_by, *self.filtered_by, *self.looked_up_by}
        if unknown := sorted(used - self.fields.keys()):
            raise TypeError(f"{self.name}: {', '.join(unknown)} are no stored fields.")
        for name, field in self.fields.items():
            if name in self.sorted_by and field.nullable:
                raise TypeError(
                    f"{self.name}: lists cannot be sorted by {name}, which may be null."
                )

    def getter(self, name: str) -> Getter:
        """Return the getter of a column."""
        get: Getter = attrgetter(name)
        if isinstance(self.fields.get(name), BooleanField):
            return lambda row: bool(get(row))
        return get

    @property
    def json_fields(self) -> frozenset[str]:
        """The fields whose columns hold JSON."""
        return frozenset(
            name for name, field in self.fields.items() if isinstance(field, JsonField)
        )

    def statements(self) -> list[str]:
        """Return the statements that create the table."""
        columns = _COMMON | {
            name: field.column if field.nullable else f"{field.column} NOT NULL"
            for name, field in self.fields.items()
        }
        definitions = ", ".join(
            f"{quoted(name)} {definition}" for name, definition in columns.items()
        )
        lists: list[tuple[str, ...]] = []
        # With the index of one filter, rows that another one excludes would be read. More than two
        # would take too many indexes.
        pairs = combinations(self.filtered_by, 2)
        for filters in ((), *((name,) for name in self.filtered_by), *pairs):
            for order in (("position",), *((name, "position") for name in self.sorted_by)):
                lists.append((*filters, *order))
        # The index of a list that is sorted by a field finds single objects, too.
        own = [*lists, *((name,) for name in self.looked_up_by if name not in self.sorted_by)]
        indexes = [(("organization", *columns), "") for columns in own]
        indexes.append((("position",), "WHERE is_initial"))
        if self.has_public:
            indexes += [(columns, "WHERE visibility = 'PUBLIC'") for columns in lists]
            looked_up = ((name,) for name in self.looked_up_by)
            indexes += [(columns, "WHERE visibility != 'PRIVATE'") for columns in looked_up]
        return [
            f"CREATE TABLE {quoted(self.name)} ({definitions})",
            *(
                f"CREATE INDEX {self.name}_{number}"
                f" ON {quoted(self.name)} ({', '.join(map(quoted, columns))}) {condition}"
                for number, (columns, condition) in enumerate(indexes)
            ),
        ]


def quoted(name: str) -> str:
    """Return a name as an identifier of SQL, which it may be a keyword of."""
    return f'"{name}"'


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
        self.fields = tuple(spec.fields)
        self._json_fields = spec.json_fields
        self._columns = (*list(_COMMON)[1:], *self.fields)
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
        several in one place, it is the newest.
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
    names = [*_COMMON, *spec.fields]
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
