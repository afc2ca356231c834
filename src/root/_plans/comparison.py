"""Plans: compares desired models with existing ones, without I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NoReturn, TypeVar, cast

from .._changes import (
    FUTURE,
    PAST,
    Action,
    ApplyResult,
    Change,
    FieldChange,
    Redacted,
    Value,
    count_actions,
    mark,
)
from .._concurrency.bulk import BulkState
from .._schemas.models import Model, ModelPatch, ModelRequest, ModelSettings
from .._schemas.requests import Body, json_body, settings_of, validate_each
from .._secrets.secret import Sourced, source_of
from ..errors import (
    APIStatusError,
    ApplyError,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    NotStarted,
    RootSignalsError,
)

__all__ = [
    "COMPARED",
    "Comparison",
    "Desired",
    "Step",
    "apply_result",
    "by_name",
    "deleted_meanwhile",
    "deletion",
    "diff",
    "export_settings",
    "has_details",
    "parse_desired",
    "parse_model",
    "settle",
]

E = TypeVar("E", bound=APIStatusError)

_SECRETS = ModelRequest.sensitive_fields()

_PLAIN = ModelRequest.plain_fields()

COMPARED = tuple(
    name for name in ModelRequest.model_fields if name != "name" and name not in _SECRETS
)
"""The fields that can be read back, except for the name."""

# A longer message is not read.
_MAX_REASONS = 3

# A user name and password, or a token, in a URL (RFC 3986, 3.2.1).
_USER_INFO = re.compile(r"(?<=://)[^/?#\s]*@")

_KEYS_KEPT = (
    "Keys of existing models are not compared, because they cannot be read back; they are sent"
    " only with rotate_keys (--rotate-keys)."
)
_KEYS_ROTATED = (
    "Keys of existing models are not compared, because they cannot be read back; with rotate_keys"
    " (--rotate-keys), as in this plan, those that are given are sent."
)


@dataclass(frozen=True, slots=True)
class Desired:
    """A desired model: its fields, validated, as far as they were given."""

    name: str
    fields: Mapping[str, Value] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Step:
    """A change, and the body of the request that makes it.

    Attributes:
        desired: What can be compared of a model that is created.
        has_key: Whether a key was given for an existing model.
    """

    change: Change
    body: Body | None = None
    desired: Desired | None = None
    has_key: bool = False


class Comparison:
    """The changes of a plan, however it is applied.

    Attributes:
        changes: The change of each model: first those to create, in the order of the desired
            models, then those to update and to delete, and those that are unchanged.
    """

    def __init__(self, steps: Iterable[Step], *, rotate_keys: bool) -> None:
        order: tuple[Action, ...] = ("create", "update", "delete", "unchanged")
        ordered = sorted(steps, key=lambda step: order.index(step.change.action))
        self.changes: tuple[Change, ...] = tuple(step.change for step in ordered)
        self._has_keys = any(step.has_key for step in ordered)
        self._steps: list[Step] = [step for step in ordered if step.change.action != "unchanged"]
        self._rotate_keys = rotate_keys

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to change."""
        return all(change.action == "unchanged" for change in self.changes)

    def __bool__(self) -> bool:
        return not self.is_empty

    def __str__(self) -> str:
        lines = [str(change) for change in self.changes if change.action != "unchanged"]
        lines.append(f"{self._summary()}.")
        return "\n".join([*lines, *self._key_note()])

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self._summary()}>"

    def _repr_html_(self) -> str:
        from .._display.html import table

        return table(
            type(self).__name__,
            [
                (mark(change.action, FUTURE), change.name, "\n".join(map(str, change.fields)))
                # Deletions come first, because a long table is truncated.
                for action in ("delete", "update", "create")
                for change in self.changes
                if change.action == action
            ],
            columns=("", "name", "fields"),
            caption=" ".join([f"{self._summary()}.", *self._key_note()]),
        )

    def _summary(self) -> str:
        return count_actions(self.changes, FUTURE)

    def _key_note(self) -> tuple[str, ...]:
        """Return a note if a key was given for an existing model."""
        if not self._has_keys:
            return ()
        return (_KEYS_ROTATED if self._rotate_keys else _KEYS_KEPT,)

    def __reduce__(self) -> NoReturn:
        raise InvalidRequestError(
            "A plan cannot be pickled or copied: it contains keys, and is applied once."
            " Create one where it is needed. Its `changes` can be pickled."
        )


def parse_desired(desired: Iterable[Mapping[str, object]]) -> list[Desired]:
    """Return the desired models, validated.

    Raises:
        InvalidRequestError: An entry is invalid, or a name occurs twice; the message has the
            position.
    """
    parsed = validate_each(desired, parse_model)
    positions: dict[str, int] = {}
    for position, one in enumerate(parsed):
        first = positions.setdefault(one.name, position)
        if first != position:
            raise InvalidRequestError(
                f"Nothing was sent. The name {one.name!r} occurs twice, at the positions {first}"
                f" and {position} (from 0). Models are identified by name: make each unique."
            )
    return parsed


def parse_model(settings: Mapping[str, object]) -> Desired:
    """Return a desired model, validated.

    Raises:
        InvalidRequestError: A setting is invalid.
    """
    # As the service does it (Django REST Framework's CharField), or what it stores would differ
    # from the desired value forever.
    given = {
        name: value.strip() if isinstance(value, str) and name in _PLAIN else value
        for name, value in settings_of(ModelRequest, settings).items()
        if value is not None or name in ModelRequest.nullable_fields()
    }
    # None has been handled above: here it is not an omission.
    json_body(ModelRequest, ..., **given)
    fields = cast("Mapping[str, Value]", given)
    return Desired(cast("str", fields["name"]), fields)


def by_name(listed: Iterable[Model], desired: Iterable[Desired] | None) -> dict[str, Model]:
    """Return the caller's own private models by name.

    Older servers do not return the visibility; all models that they list count as the caller's.

    Args:
        listed: The models that the service lists. A model may be listed twice if another one is
            created meanwhile.
        desired: The models whose names are needed, or None for all names.

    Raises:
        InvalidRequestError: Several models have a name that is needed.
    """
    own = {model.id: model for model in listed if model.visibility in ("PRIVATE", None)}
    names = None if desired is None else {one.name for one in desired}
    found: dict[str, Model] = {}
    for model in own.values():
        other = found.setdefault(model.name, model)
        if other is not model and (names is None or model.name in names):
            raise InvalidRequestError(
                f"Nothing was changed. Two of your models have the name {model.name!r}:"
                f" {other.id} and {model.id}. Rename or delete one."
            )
    return found


def has_details(model: Model, fields: Iterable[str]) -> bool:
    """Return whether a listed model has those of these fields that are compared.

    Recent servers list no details, older ones do.
    """
    return all(name in model.model_fields_set for name in fields if name in COMPARED)


def diff(desired: Desired, model: Model | None, *, rotate_keys: bool) -> Step:
    """Return the step that brings a model to the desired state.

    Args:
        desired: The desired model.
        model: The existing model of this name, or None.
        rotate_keys: Whether to send the key although it cannot be compared.
    """
    if model is None:
        return _creation(desired)
    fields: dict[str, Value] = {}
    changes: list[FieldChange] = []
    for name, value in desired.fields.items():
        before = cast("Value", getattr(model, name)) if name in COMPARED else None
        if name in COMPARED and value != before:
            changes.append(FieldChange(name, _masked(before), _masked(source_of(value))))
        elif name in _SECRETS and rotate_keys:
            word = "cleared" if value is None else "rotated"
            changes.append(FieldChange(name, None, _redacted(word, value)))
        else:
            continue
        fields[name] = value
    has_key = not _SECRETS.isdisjoint(desired.fields)
    if not fields:
        return Step(Change("unchanged", source_of(desired.name), model.id), has_key=has_key)
    body = json_body(ModelPatch, ..., **fields)
    change = Change("update", source_of(desired.name), model.id, tuple(changes))
    return Step(change, body, has_key=has_key)


def _creation(desired: Desired) -> Step:
    # There is nothing to clear.
    fields = {name: value for name, value in desired.fields.items() if value is not None}
    changes = tuple(
        FieldChange(name, None, _shown(name, value))
        for name, value in fields.items()
        if name != "name"
    )
    body = json_body(ModelRequest, ..., **fields)
    comparable = {name: value for name, value in desired.fields.items() if name not in _SECRETS}
    change = Change("create", source_of(desired.name), None, changes)
    return Step(change, body, Desired(desired.name, comparable))


def settle(desired: Desired, model: Model, refusal: APIStatusError) -> str | ConflictError:
    """Return the outcome of a creation that was refused, since the model was created meanwhile.

    Args:
        desired: The desired model.
        model: The model that somebody else created, with its details.
        refusal: The response to the creation.

    Returns:
        The ID of the model if it has the desired settings, or else an error with the difference.
    """
    step = diff(desired, model, rotate_keys=False)
    if step.change.action == "unchanged":
        return model.id
    fields = ", ".join(change.field for change in step.change.fields)
    return _restated(
        ConflictError,
        f"Somebody else created a model of this name meanwhile, with another {fields}. A new plan"
        " updates it.",
        refusal,
    )


def deleted_meanwhile(refusal: NotFoundError) -> NotFoundError:
    """Return the error of an update of a model that does not exist any more."""
    return _restated(
        NotFoundError,
        "The model was deleted since the plan was made. Create a new plan, which creates it.",
        refusal,
    )


def _restated(kind: type[E], message: str, refusal: APIStatusError) -> E:
    """Return an error with another message, whose cause is the response of the service."""
    error = kind(
        message,
        request=refusal.request,
        status_code=refusal.status_code,
        detail=refusal.detail,
        body=refusal.data,
        request_id=refusal.request_id,
        attempts=refusal.attempts,
        elapsed=refusal.elapsed,
    )
    error.__cause__ = refusal
    return error


def deletion(model: Model) -> Step:
    """Return the step that deletes a model that is not desired.

    Raises:
        InvalidRequestError: The service does not return whether it is private.
    """
    if model.visibility is None:
        raise InvalidRequestError(
            f"Nothing was changed. This service does not return whether {model.name!r}"
            f" ({model.id}) is private, so it cannot be deleted safely. Delete it by its ID, or"
            " omit prune."
        )
    return Step(Change("delete", model.name, model.id))


def apply_result(changes: Sequence[Change], state: BulkState[str | None]) -> ApplyResult:
    """Return the result of applying changes; the outcome of a call is the model's ID.

    Raises:
        ApplyError: Some changes were not made.
    """
    done: list[Change] = []
    failed: list[tuple[Change, RootSignalsError]] = []
    not_started: list[Change] = []
    for change, outcome in zip(changes, state.outcomes, strict=True):
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
        f"{' (it may have been done)' if error.may_have_been_processed else ''}: {error}"
        for change, error in failed[:_MAX_REASONS]
    ]
    if failed[_MAX_REASONS:]:
        reasons.append(f"And {len(failed) - _MAX_REASONS} more; see `.failed`.")
    is_unclear = any(one.may_have_been_processed for _, one in failed)
    made = f"The plan was applied in part: {count_actions(done, PAST)}, "
    raise ApplyError(
        f"{made if done or is_unclear else 'Nothing was applied: '}{len(failed)} failed,"
        f" {len(not_started)} not started. Create a new plan and apply it for the rest."
        f" Failures: {' '.join(reasons)}",
        done=tuple(done),
        failed=tuple(failed),
        not_started=tuple(not_started),
        may_have_been_processed=is_unclear,
    ) from failed[0][1]


def export_settings(model: Model) -> ModelSettings:
    """Return the settings of a model that have a value."""
    values = {name: getattr(model, name) for name in ("name", *COMPARED)}
    return cast(
        "ModelSettings", {name: value for name, value in values.items() if value is not None}
    )


def _shown(name: str, value: Value) -> Value:
    """Return how a plan shows the value of a new model."""
    return _redacted("set", value) if name in _SECRETS else _masked(source_of(value))


def _redacted(word: str, key: Value) -> Redacted:
    """Return a word in place of a key, with the source of the key if it has one."""
    if not isinstance(key, Sourced):
        return Redacted(word)
    source = key.source
    return Redacted(f"{word} ({source if source.isprintable() else ascii(source)})")


def _masked(value: Value) -> Value:
    return _USER_INFO.sub("***@", value) if isinstance(value, str) else value
