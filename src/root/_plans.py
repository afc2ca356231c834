"""What would have to change for the models to be as desired: the comparison, without I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, NoReturn, TypeAlias, cast

from ._bulk import Tally
from ._schemas import (
    Body,
    Model,
    ModelPatch,
    ModelRequest,
    ModelSettings,
    each_checked,
    request_body,
    settings_body,
)
from .errors import ApplyError, InvalidRequestError, NotStarted, RootSignalsError

if TYPE_CHECKING:
    from ._html import Mark

__all__ = [
    "COMPARED",
    "Action",
    "ApplyResult",
    "Change",
    "Comparison",
    "FieldChange",
    "Step",
    "Wanted",
    "by_name",
    "counted",
    "deletion",
    "export_of",
    "is_told_by",
    "result_of",
    "step_towards",
    "wanted_of",
]

Action: TypeAlias = Literal["create", "update", "delete", "unchanged"]

Value: TypeAlias = str | int | None

_MARKS: dict[Action, str] = {"create": "+", "update": "~", "delete": "-"}
_FUTURE: dict[Action, str] = {
    "create": "to create",
    "update": "to update",
    "delete": "to delete",
    "unchanged": "unchanged",
}
_TONES: dict[Action, Literal["good", "bad"]] = {"create": "good", "delete": "bad"}
_PAST: dict[Action, str] = {"create": "created", "update": "updated", "delete": "deleted"}

COMPARED = ("model", "max_output_token_count", "max_token_count", "url")
"""The fields that can be read back, but for the name."""

# More would make an error nobody reads.
_MOST_REASONS = 3

# A name and password, or a token, for the server that a URL leads to (RFC 3986, 3.2.1).
_USER = re.compile(r"(?<=://)[^/?#\s]*@")

# For these None clears; for the others the API has no null.
_NULLABLE = ("default_key", "max_token_count", "url")

_KEYS_STAY = (
    "Keys of models that exist are not compared, for they cannot be read back; they are sent only"
    " with rotate_keys (--rotate-keys)."
)
_KEYS_ROTATE = (
    "Keys of models that exist are not compared, for they cannot be read back; with rotate_keys"
    " (--rotate-keys), as here, those that are given are sent."
)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field of a model that changes.

    Attributes:
        field: Its name.
        before: Its value now. A key cannot be read back, so for `default_key` this is None.
        after: Its value then. Of a key it is only said that it is "set", "rotated" or "cleared",
            and `***` stands for a user name and password in a URL.
    """

    field: str
    before: str | int | None
    after: str | int | None

    def __str__(self) -> str:
        if self.field == "default_key":
            return f"default_key: {self.after}"
        if self.before is None and self.after is not None:
            return f"{self.field}: {_shown(self.after)}"
        return f"{self.field}: {_shown(self.before)} -> {_shown(self.after)}"


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one model.

    Attributes:
        action: What is done with it.
        name: Its name.
        model_id: Its id; None as long as it is not created.
        fields: The fields that are set or changed.
    """

    action: Literal["create", "update", "delete", "unchanged"]
    name: str
    model_id: str | None
    fields: tuple[FieldChange, ...] = ()

    def __str__(self) -> str:
        """Return it as it stands in a plan: a mark and the name, and below it the fields."""
        name = self.name if self.name.isprintable() else _shown(self.name)
        lines = [f"{_MARKS.get(self.action, '=')} {name}"]
        return "\n".join(lines + [f"    {change}" for change in self.fields])


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """What came of applying a plan.

    Attributes:
        done: The changes that were made, in the order of the plan, with the ids of the models
            that they made.
    """

    done: tuple[Change, ...]

    def __str__(self) -> str:
        return f"{counted(self.done, _PAST)}."

    def _repr_html_(self) -> str:
        from ._html import table

        return table(
            type(self).__name__,
            [(_marked(change.action, _PAST), change.name, change.model_id) for change in self.done],
            columns=("", "name", "id"),
            told=str(self),
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """A model as it should be: its fields, checked, as far as they were given."""

    name: str
    fields: Mapping[str, Value] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Step:
    """A change, and the body of the request that makes it."""

    change: Change
    body: Body | None = None


class Comparison:
    """What a plan says, whoever applies it.

    Attributes:
        changes: What becomes of each model: first those to create, in the order in which they
            are desired, then those to update, to delete, and those that stay as they are.
    """

    def __init__(self, steps: Iterable[Step], *, rotate_keys: bool) -> None:
        order: tuple[Action, ...] = ("create", "update", "delete", "unchanged")
        ordered = sorted(steps, key=lambda step: order.index(step.change.action))
        self.changes: tuple[Change, ...] = tuple(step.change for step in ordered)
        self._steps: list[Step] = [step for step in ordered if step.change.action != "unchanged"]
        self._rotates_keys = rotate_keys

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to change."""
        return all(change.action == "unchanged" for change in self.changes)

    def __bool__(self) -> bool:
        return not self.is_empty

    def __str__(self) -> str:
        lines = [str(change) for change in self.changes if change.action != "unchanged"]
        lines.append(f"{self._summary()}.")
        lines.append(_KEYS_ROTATE if self._rotates_keys else _KEYS_STAY)
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self._summary()}>"

    def _repr_html_(self) -> str:
        from ._html import table

        return table(
            type(self).__name__,
            [
                (_marked(change.action, _FUTURE), change.name, "\n".join(map(str, change.fields)))
                # What is lost comes first, for a table that is long is cut.
                for action in ("delete", "update", "create")
                for change in self.changes
                if change.action == action
            ],
            columns=("", "name", "fields"),
            told=f"{self._summary()}. {_KEYS_ROTATE if self._rotates_keys else _KEYS_STAY}",
        )

    def _summary(self) -> str:
        return counted(self.changes, _FUTURE)

    def __reduce__(self) -> NoReturn:
        raise InvalidRequestError(
            "A plan can be neither pickled nor copied: it holds keys, and is applied once."
            " Make one where it is needed. Its `changes` can be pickled."
        )


def counted(changes: Sequence[Change], words: Mapping[Action, str]) -> str:
    """Return how many changes there are of each action."""
    actions = [change.action for change in changes]
    return ", ".join(f"{actions.count(action)} {word}" for action, word in words.items())


def wanted_of(desired: Iterable[ModelSettings]) -> list[Wanted]:
    """Return the models that are desired, checked.

    Raises:
        InvalidRequestError: An entry breaks a limit, or a name stands twice; the text names the
            position.
    """
    wanted = each_checked(desired, _wanted)
    positions: dict[str, int] = {}
    for position, one in enumerate(wanted):
        first = positions.setdefault(one.name, position)
        if first != position:
            raise InvalidRequestError(
                f"Nothing was sent. The name {one.name!r} stands twice, at the positions {first}"
                f" and {position} (from 0). Names tell models apart here: give each its own."
            )
    return wanted


def _wanted(settings: ModelSettings) -> Wanted:
    if isinstance(settings, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        # As the service does (Django REST Framework's CharField); else what it stores would
        # differ from what is desired for ever.
        trimmed = {
            name: value.strip() if isinstance(value, str) and name != "default_key" else value
            for name, value in cast("Mapping[str, object]", settings).items()
            if value is not None or name in _NULLABLE
        }
        settings = cast("ModelSettings", trimmed)
    # What None stands for was decided above: it is no omission here.
    settings_body(ModelRequest, settings, ...)
    return Wanted(settings["name"], cast("Mapping[str, Value]", settings))


def by_name(listed: Iterable[Model], concerned: Iterable[Wanted] | None) -> dict[str, Model]:
    """Return the caller's own private models by name.

    Older servers do not tell the visibility; what they list counts as the caller's own.

    Args:
        listed: What the service lists, in which a model may come twice if another one was
            created meanwhile.
        concerned: What the names are needed for, or None for all.

    Raises:
        InvalidRequestError: A name that is needed stands twice.
    """
    own = {model.id: model for model in listed if model.visibility in ("PRIVATE", None)}
    names = None if concerned is None else {one.name for one in concerned}
    found: dict[str, Model] = {}
    for model in own.values():
        other = found.setdefault(model.name, model)
        if other is not model and (names is None or model.name in names):
            raise InvalidRequestError(
                f"Nothing was changed. Two models of yours have the name {model.name!r}, and it"
                f" cannot be told which one is meant. Rename or delete one: {other.id} or"
                f" {model.id}."
            )
    return found


def is_told_by(model: Model, fields: Iterable[str]) -> bool:
    """Say whether a listed model has all of these fields that are compared.

    Recent servers list no details (contract.md, Shapes), older ones do.
    """
    return all(name in model.model_fields_set for name in fields if name in COMPARED)


def step_towards(wanted: Wanted, model: Model | None, *, rotate_keys: bool) -> Step:
    """Return what makes a model as it should be.

    Args:
        wanted: How it should be.
        model: What there is by this name, or None.
        rotate_keys: Whether to send the key even so.
    """
    if model is None:
        return _creation(wanted)
    fields: dict[str, Value] = {}
    changes: list[FieldChange] = []
    for name, value in wanted.fields.items():
        before = cast("Value", getattr(model, name)) if name in COMPARED else None
        if name in COMPARED and value != before:
            changes.append(FieldChange(name, _masked(before), _masked(value)))
        elif name == "default_key" and rotate_keys:
            changes.append(FieldChange(name, None, "cleared" if value is None else "rotated"))
        else:
            continue
        fields[name] = value
    if not fields:
        return Step(Change("unchanged", wanted.name, model.id))
    body = request_body(ModelPatch, ..., **fields)
    return Step(Change("update", wanted.name, model.id, tuple(changes)), body)


def _creation(wanted: Wanted) -> Step:
    # There is nothing to clear.
    fields = {name: value for name, value in wanted.fields.items() if value is not None}
    changes = tuple(
        FieldChange(name, None, "set" if name == "default_key" else _masked(value))
        for name, value in fields.items()
        if name != "name"
    )
    body = request_body(ModelRequest, ..., **fields)
    return Step(Change("create", wanted.name, None, changes), body)


def deletion(model: Model) -> Step:
    """Return what prunes a model that nobody desires.

    Raises:
        InvalidRequestError: The service does not say whether it is private.
    """
    if model.visibility is None:
        raise InvalidRequestError(
            f"Nothing was changed. This service does not say whether {model.name!r} ({model.id})"
            " is private, so it cannot be pruned safely. Delete it by its id, or leave out prune."
        )
    return Step(Change("delete", model.name, model.id))


def result_of(changes: Sequence[Change], tally: Tally[str | None]) -> ApplyResult:
    """Return what came of a plan's changes; a result is the model's id.

    Raises:
        ApplyError: Some were not made.
    """
    done: list[Change] = []
    failed: list[tuple[Change, RootSignalsError]] = []
    not_started: list[Change] = []
    for change, outcome in zip(changes, tally.outcomes, strict=True):
        if isinstance(outcome, RootSignalsError):
            failed.append((change, outcome))
        elif isinstance(outcome, NotStarted):
            not_started.append(change)
        else:
            done.append(replace(change, model_id=outcome or change.model_id))
    if not failed:
        return ApplyResult(tuple(done))
    reasons = [
        f"{change.action} {change.name!r}"
        f"{' (it may have been done all the same)' if error.may_have_been_processed else ''}:"
        f" {error}"
        for change, error in failed[:_MOST_REASONS]
    ]
    if failed[_MOST_REASONS:]:
        reasons.append(f"And {len(failed) - _MOST_REASONS} more, as `.failed` has them.")
    unsure = any(one.may_have_been_processed for _, one in failed)
    made = f"The plan was applied in part: {counted(done, _PAST)}, "
    error = ApplyError(
        f"{made if done or unsure else 'Nothing was applied: '}{len(failed)} failed,"
        f" {len(not_started)} not started. Make a new plan and apply it, to do the rest."
        f" What failed: {' '.join(reasons)}"
    )
    error.done = tuple(done)
    error.failed = tuple(failed)
    error.not_started = tuple(not_started)
    error.may_have_been_processed = unsure
    raise error from failed[0][1]


def export_of(model: Model) -> ModelSettings:
    """Return a model's settings, without what is not set."""
    settings: ModelSettings = {"name": model.name}
    if model.model is not None:
        settings["model"] = model.model
    if model.max_output_token_count is not None:
        settings["max_output_token_count"] = model.max_output_token_count
    if model.max_token_count is not None:
        settings["max_token_count"] = model.max_token_count
    if model.url is not None:
        settings["url"] = model.url
    return settings


def _marked(action: Action, words: Mapping[Action, str]) -> Mark:
    from ._html import Mark

    return Mark(words[action], _TONES.get(action, "plain"))


def _masked(value: Value) -> Value:
    return _USER.sub("***@", value) if isinstance(value, str) else value


def _shown(value: Value) -> str:
    # As in JSON, in which no character moves the cursor or colours a terminal.
    if value is None:
        return "none"
    if isinstance(value, str) and not value.isprintable():
        return json.dumps(value)
    return json.dumps(value, ensure_ascii=False)
