"""The changes of a plan, and the result of applying it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from ._display.html import Mark

__all__ = [
    "FUTURE",
    "PAST",
    "Action",
    "ApplyResult",
    "Change",
    "FieldChange",
    "Redacted",
    "Value",
    "count_actions",
    "mark",
]

Action: TypeAlias = Literal["create", "update", "delete", "unchanged"]

Value: TypeAlias = str | int | None

_SIGNS: dict[Action, str] = {"create": "+", "update": "~", "delete": "-"}
_TONES: dict[Action, Literal["good", "bad"]] = {"create": "good", "delete": "bad"}

FUTURE: dict[Action, str] = {
    "create": "to create",
    "update": "to update",
    "delete": "to delete",
    "unchanged": "unchanged",
}
PAST: dict[Action, str] = {"create": "created", "update": "updated", "delete": "deleted"}


class Redacted(str):
    """A word that takes the place of a secret."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field of a model that changes.

    Attributes:
        field: The name of the field.
        before: Its current value. A key cannot be read back, so it is None for `default_key`.
        after: Its new value, with `${NAME}` in place of variables if it is from a file. A key is
            only described as "set", "rotated" or "cleared", with its source in parentheses if it is
            from a file, and `***` replaces a user name and password in a URL.
    """

    field: str
    before: str | int | None
    after: str | int | None

    def __str__(self) -> str:
        if isinstance(self.after, Redacted):
            return f"{self.field}: {self.after}"
        if self.before is None and self.after is not None:
            return f"{self.field}: {_as_json(self.after)}"
        return f"{self.field}: {_as_json(self.before)} -> {_as_json(self.after)}"


@dataclass(frozen=True, slots=True)
class Change:
    """The change of one model.

    Attributes:
        action: What is done with it.
        name: Its name, with `${NAME}` in place of variables if it is from a file.
        model_id: Its ID, or None until it is created.
        fields: The fields that are set or changed.
    """

    action: Literal["create", "update", "delete", "unchanged"]
    name: str
    model_id: str | None
    fields: tuple[FieldChange, ...] = ()

    def __str__(self) -> str:
        """Return it as in a plan: a sign and the name, and the fields below it."""
        name = self.name if self.name.isprintable() else _as_json(self.name)
        lines = [f"{_SIGNS.get(self.action, '=')} {name}"]
        return "\n".join(lines + [f"    {change}" for change in self.fields])


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """The result of applying a plan.

    Attributes:
        done: The changes that were made, in the order of the plan, with the IDs of the models
            that were created.
    """

    done: tuple[Change, ...]

    def __str__(self) -> str:
        return f"{count_actions(self.done, PAST)}."

    def _repr_html_(self) -> str:
        from ._display.html import table

        return table(
            type(self).__name__,
            [(mark(change.action, PAST), change.name, change.model_id) for change in self.done],
            columns=("", "name", "id"),
            caption=str(self),
        )


def count_actions(changes: Sequence[Change], words: Mapping[Action, str]) -> str:
    """Return the number of changes of each action, in words."""
    actions = [change.action for change in changes]
    return ", ".join(f"{actions.count(action)} {word}" for action, word in words.items())


def mark(action: Action, words: Mapping[Action, str]) -> Mark:
    """Return the word for an action, colored."""
    from ._display.html import Mark

    return Mark(words[action], _TONES.get(action, "plain"))


def _as_json(value: Value) -> str:
    # JSON escapes characters that would move a terminal's cursor or change its colors.
    if value is None:
        return "none"
    if isinstance(value, str) and not value.isprintable():
        return json.dumps(value)
    return json.dumps(value, ensure_ascii=False)
