"""What a resource declares of its table, and the statements that create it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from operator import attrgetter
from typing import TypeAlias

from root.emulator.fields import BooleanField, Fields
from root.emulator.json_fields import JsonField
from root.emulator.rows import Row

__all__ = ["COMMON", "SERVICE", "Getter", "TableSpec", "quoted"]


SERVICE = ""
"""The organization of objects that the service provides; all other organizations have a name."""


# Those of every resource. The position is assigned by SQLite.
COMMON = {
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
        if clashes := sorted(COMMON.keys() & self.fields):
            raise TypeError(f"{self.name}: every table has the columns {', '.join(clashes)}.")
        used = {*self.sorted_by, *self.filtered_by, *self.looked_up_by}
        if unknown := sorted(used - self.fields.keys()):
            raise TypeError(f"{self.name}: {', '.join(unknown)} are not stored fields.")
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
        columns = COMMON | {
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
