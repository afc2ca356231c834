# Generated from src/root/_async/plans.py by scripts/generate_sync.py. Do not edit.
"""Plans: what would change for the models to be as desired, and changing it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from .._bulk import OnProgress, Progress, Tally, check_concurrency
from .._plans import (
    COMPARED,
    ApplyResult,
    Comparison,
    Step,
    by_name,
    deletion,
    export_of,
    is_told_by,
    result_of,
    step_towards,
    wanted_of,
)
from .._schemas import Model, ModelSettings, model_path
from ..errors import BadRequestError, ConflictError, InvalidRequestError, NotFoundError
from .bulk import call_range

if TYPE_CHECKING:
    from .client import RootSignals

__all__ = ["Plan", "ensure_model", "export_settings", "make_plan"]

_PATH = "/v1/models/"


class Plan(Comparison):
    """What would change for the models to be as desired; nothing has been changed yet.

    Look at `changes`, or print the plan to read it; `bool(plan)` says whether there is anything
    to change. No key shows in it.

    Attributes:
        changes: What becomes of each model: first those to create, in the order in which they
            are desired, then those to update, to delete, and those that stay as they are.
    """

    def __init__(self, client: RootSignals, steps: Iterable[Step], *, rotate_keys: bool) -> None:
        super().__init__(steps, rotate_keys=rotate_keys)
        self._client = client
        self._applied = threading.Lock()

    def apply(
        self, concurrency: int = 8, on_progress: Callable[[Progress], None] | None = None
    ) -> ApplyResult:
        """Create, update and delete, in this order, as the plan says. A plan is applied once.

        What the service refuses of one model (400, 404, 409, 422) does not keep the others from
        being created and updated; after any other failure nothing more is started, and what is
        under way ends. Nothing is deleted after a failure. A new plan then holds what is left to
        do. A model that is gone already counts as deleted.

        Args:
            concurrency: How many calls to make at once.
            on_progress: Is told of each change that was made or failed; its `position` is the
                place in `changes`. What it raises ends the work.

        Raises:
            ApplyError: A change failed; it says what was done, what failed and what was not
                started.
            InvalidRequestError: The plan was applied before, whatever came of it.
        """
        tally: Tally[str | None] = Tally(
            len(self._steps),
            concurrency,
            "raise",
            on_progress,
            refusals=(BadRequestError, NotFoundError, ConflictError),
        )
        # Never released: of two threads, one applies it.
        if not self._applied.acquire(blocking=False):
            raise InvalidRequestError(
                "This plan was applied before. Make a new one: it says what is left to do."
            )
        steps, self._steps = self._steps, []
        changes = [step.change for step in steps]
        actions = [change.action for change in changes]
        start = 0
        for action in ("create", "update", "delete"):
            end = start + actions.count(action)
            if tally.halted or (action == "delete" and tally.failed):
                break
            call_range(self._make, steps, range(start, end), tally)
            start = end
        return result_of(changes, tally)

    def _make(self, step: Step) -> str | None:
        if step.change.action == "delete":
            # What somebody else has deleted meanwhile is as it should be.
            with suppress(NotFoundError):
                self._client.models.delete(step.change.model_id or "")
            return None
        return (_send(self._client, step)).id


def make_plan(
    client: RootSignals,
    desired: Iterable[ModelSettings],
    *,
    prune: bool,
    rotate_keys: bool,
    concurrency: int,
    on_progress: OnProgress | None,
) -> Plan:
    """Compare what is desired with what is there."""
    check_concurrency(concurrency)
    wanted = wanted_of(desired)
    own = by_name(_listed(client), None if prune else wanted)
    there = [(one, own.pop(one.name, None)) for one in wanted]
    untold = [
        model for one, model in there if model is not None and not is_told_by(model, one.fields)
    ]
    details = _details(client, untold, concurrency, on_progress)
    steps = [
        step_towards(one, model and details.get(model.id, model), rotate_keys=rotate_keys)
        for one, model in there
    ]
    if prune:
        steps += [deletion(model) for model in own.values()]
    return Plan(client, steps, rotate_keys=rotate_keys)


def ensure_model(client: RootSignals, settings: ModelSettings) -> Model:
    """Create a model, or change what differs, or leave it as it is; return it."""
    (wanted,) = wanted_of([settings])
    model = by_name(_listed(client), [wanted]).get(wanted.name)
    # All that there is to tell, since it is returned.
    if model is not None and not is_told_by(model, COMPARED):
        model = _retrieve(client, model)
    step = step_towards(wanted, model, rotate_keys=False)
    if model is not None and step.change.action == "unchanged":
        return model
    return _send(client, step)


def export_settings(
    client: RootSignals, concurrency: int, on_progress: OnProgress | None
) -> list[ModelSettings]:
    """Return the settings of the caller's own models."""
    check_concurrency(concurrency)
    own = list(by_name(_listed(client), None).values())
    untold = [model for model in own if not is_told_by(model, COMPARED)]
    details = _details(client, untold, concurrency, on_progress)
    there = [details.get(model.id, model) for model in own]
    return [export_of(model) for model in there if model is not None]


def _listed(client: RootSignals) -> list[Model]:
    return [model for model in client.models.list(limit=None)]


def _retrieve(client: RootSignals, model: Model) -> Model | None:
    """Return all that there is to tell of a model, or None if it was deleted meanwhile."""
    try:
        return client.models.retrieve(model.id)
    except NotFoundError:
        return None


def _details(
    client: RootSignals,
    models: Sequence[Model],
    concurrency: int,
    on_progress: OnProgress | None,
) -> dict[str, Model | None]:
    """Return models as they are retrieved, by id; None for those that were deleted meanwhile."""
    tally: Tally[Model | None] = Tally(len(models), concurrency, "raise", on_progress)
    call_range(partial(_retrieve, client), models, range(len(models)), tally)
    error = tally.first_error()
    if error is not None:
        raise error
    return {
        model.id: outcome
        for model, outcome in zip(models, tally.outcomes, strict=True)
        if outcome is None or isinstance(outcome, Model)
    }


def _send(client: RootSignals, step: Step) -> Model:
    """Create or update a model."""
    assert step.body is not None
    model_id = step.change.model_id
    method, path = ("POST", _PATH) if model_id is None else ("PATCH", model_path(model_id))
    return client.request(method, path, Model, body=step.body.content, secrets=step.body.secrets)
