"""Plans: the changes that bring models to the desired state, and their application."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TypeAlias

from .._changes import ApplyResult
from .._concurrency.bulk import BulkState, OnProgress, Progress, check_concurrency
from .._config.deadlines import Deadline, limited
from .._plans.comparison import (
    COMPARED,
    Comparison,
    Desired,
    Step,
    apply_result,
    by_name,
    deleted_meanwhile,
    deletion,
    diff,
    export_settings,
    has_details,
    parse_desired,
    parse_model,
    settle,
)
from .._schemas.models import Model, ModelSettings
from .._schemas.requests import Body
from ..errors import (
    NOT_STARTED,
    APIStatusError,
    BadRequestError,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    NotStarted,
    RootSignalsError,
)
from .bulk import call_range

if TYPE_CHECKING:
    from .pager import AsyncPager

__all__ = ["AsyncPlan", "ensure_model", "export_models", "make_plan"]

# Responses to the creation of a model whose name exists.
_REFUSALS = (BadRequestError, ConflictError)

Save: TypeAlias = Callable[[Body, str | None], Awaitable[Model]]
"""Creates a model, or updates the one with this ID."""


class AsyncModelStore(Protocol):
    """The methods of the models that plans need."""

    def list(self, *, limit: int | None) -> AsyncPager[Model]:
        """Return an iterator over models."""
        ...

    async def retrieve(self, model_id: str) -> Model:
        """Retrieve a model by its ID."""
        ...

    async def delete(self, model_id: str) -> None:
        """Delete a model."""
        ...


class AsyncPlan(Comparison):
    """The changes that bring models to the desired state. Nothing has been changed yet.

    Use `changes`, or print the plan to read it; `bool(plan)` is whether there is anything to
    change. It shows no key.

    Attributes:
        changes: The change of each model: first those to create, in the order of the desired
            models, then those to update and to delete, and those that are unchanged.
    """

    def __init__(
        self, models: AsyncModelStore, save: Save, steps: Iterable[Step], *, rotate_keys: bool
    ) -> None:
        super().__init__(steps, rotate_keys=rotate_keys)
        self._models = models
        self._save = save
        self._applied = threading.Lock()
        # The creations that were refused, by name.
        self._refused: dict[str, APIStatusError] = {}

    async def apply(
        self,
        concurrency: int = 8,
        on_progress: Callable[[Progress], None] | None = None,
        *,
        _request_timeout: float | Deadline | None = None,
    ) -> ApplyResult:
        """Create, update and delete models, in this order. A plan is applied once.

        If the service refuses a change of one model (400, 404, 409, 422), the others are still
        created and updated. After any other failure no more changes are started, and those in
        progress end. Nothing is deleted after a failure. A new plan then contains the rest. A model
        that has been deleted meanwhile counts as deleted, and one that somebody else has created
        meanwhile, with the desired settings, counts as created.

        Args:
            concurrency: Maximum number of concurrent calls.
            on_progress: Called for each change that was made or failed; its `position` is the
                position in `changes`. An exception in it ends the work.
            _request_timeout: Seconds for all of it, or a `root.Deadline`.

        Raises:
            ApplyError: A change failed; it lists what was done, what failed and what was not
                started.
            InvalidRequestError: The plan was applied before, whatever the result.
        """
        state: BulkState[str | None] = BulkState(
            len(self._steps),
            concurrency,
            "raise",
            on_progress,
            tolerated=(BadRequestError, NotFoundError, ConflictError),
        )
        limit = limited(_request_timeout)
        # Never released: of two threads, one applies the plan.
        if not self._applied.acquire(blocking=False):
            raise InvalidRequestError(
                "This plan was applied before. Create a new one, which contains what is left."
            )
        steps, self._steps = self._steps, []
        changes = [step.change for step in steps]
        actions = [change.action for change in changes]
        start = 0
        for action in ("create", "update", "delete"):
            end = start + actions.count(action)
            if state.stopped or (action == "delete" and state.failed):
                break
            with limit:
                await call_range(self._make, steps, range(start, end), state)
                if self._refused:
                    await self._settle(steps, concurrency, state)
            start = end
        return apply_result(changes, state)

    async def _make(self, step: Step) -> str | NotStarted | None:
        if step.change.action == "create":
            try:
                return (await self._save(_body(step), None)).id
            except _REFUSALS as error:
                # Settled when all creations have ended: one listing is enough for all of them.
                self._refused[step.change.name] = error
                return NOT_STARTED
        if step.change.action == "delete":
            # If it was deleted meanwhile, this is the desired state.
            with suppress(NotFoundError):
                await self._models.delete(step.change.model_id or "")
            return None
        try:
            return (await self._save(_body(step), step.change.model_id)).id
        except NotFoundError as error:
            raise deleted_meanwhile(error) from error

    async def _settle(
        self, steps: Sequence[Step], concurrency: int, state: BulkState[str | None]
    ) -> None:
        """Record the outcomes of refused creations; somebody else may have made the same ones."""
        refused, self._refused = self._refused, {}
        created: dict[str, Model] = {}
        if not state.stopped:
            desired = [step.desired for step in steps if step.change.name in refused]
            # If it fails, the refusals are the outcome.
            with suppress(RootSignalsError):
                created = await _find(
                    self._models, [one for one in desired if one is not None], concurrency
                )
        for position, step in enumerate(steps):
            refusal = refused.get(step.change.name)
            if refusal is None:
                continue
            model = step.desired and created.get(step.desired.name)
            outcome = settle(step.desired, model, refusal) if step.desired and model else refusal
            state.record((position, outcome))


async def make_plan(
    models: AsyncModelStore,
    save: Save,
    desired: Iterable[Mapping[str, object]],
    *,
    prune: bool,
    rotate_keys: bool,
    concurrency: int,
    on_progress: OnProgress | None,
) -> AsyncPlan:
    """Compare desired models with existing ones."""
    check_concurrency(concurrency)
    parsed = parse_desired(desired)
    own = by_name(await _list(models), None if prune else parsed)
    pairs = [(one, own.pop(one.name, None)) for one in parsed]
    incomplete = [
        model for one, model in pairs if model is not None and not has_details(model, one.fields)
    ]
    details = await _details(models, incomplete, concurrency, on_progress)
    steps = [
        diff(one, model and details.get(model.id, model), rotate_keys=rotate_keys)
        for one, model in pairs
    ]
    if prune:
        steps += [deletion(model) for model in own.values()]
    return AsyncPlan(models, save, steps, rotate_keys=rotate_keys)


async def _find(
    models: AsyncModelStore, desired: Sequence[Desired], concurrency: int
) -> dict[str, Model]:
    """Return the existing models with the names of desired ones, with their details, by name."""
    own = by_name(await _list(models), desired)
    found = [own[one.name] for one in desired if one.name in own]
    incomplete = [model for model in found if not has_details(model, COMPARED)]
    details = await _details(models, incomplete, concurrency, None)
    complete = [details.get(model.id, model) for model in found]
    return {model.name: model for model in complete if model is not None}


async def ensure_model(
    models: AsyncModelStore, save: Save, settings: Mapping[str, object]
) -> Model:
    """Create a model, or update what differs, or leave it unchanged; return it."""
    desired = parse_model(settings)
    # It is returned, so all of its details are needed.
    model = (await _find(models, [desired], 1)).get(desired.name)
    step = diff(desired, model, rotate_keys=False)
    if model is None:
        try:
            return await save(_body(step), None)
        except _REFUSALS:
            # Somebody else may have created it meanwhile.
            with suppress(RootSignalsError):
                model = (await _find(models, [desired], 1)).get(desired.name)
            if model is None:
                raise
        step = diff(desired, model, rotate_keys=False)
    if step.change.action == "unchanged":
        return model
    try:
        return await save(_body(step), step.change.model_id)
    except NotFoundError:
        # It was deleted meanwhile.
        step = diff(desired, None, rotate_keys=False)
    return await save(_body(step), None)


async def export_models(
    models: AsyncModelStore, concurrency: int, on_progress: OnProgress | None
) -> list[ModelSettings]:
    """Return the settings of the caller's own models."""
    check_concurrency(concurrency)
    own = list(by_name(await _list(models), None).values())
    incomplete = [model for model in own if not has_details(model, COMPARED)]
    details = await _details(models, incomplete, concurrency, on_progress)
    found = [details.get(model.id, model) for model in own]
    return [export_settings(model) for model in found if model is not None]


async def _list(models: AsyncModelStore) -> list[Model]:
    return [model async for model in models.list(limit=None)]


async def _retrieve(models: AsyncModelStore, model: Model) -> Model | None:
    """Return a model with its details, or None if it was deleted meanwhile."""
    try:
        return await models.retrieve(model.id)
    except NotFoundError:
        return None


async def _details(
    models: AsyncModelStore,
    listed: Sequence[Model],
    concurrency: int,
    on_progress: OnProgress | None,
) -> dict[str, Model | None]:
    """Return models with their details, by ID; None for those that were deleted meanwhile."""
    state: BulkState[Model | None] = BulkState(len(listed), concurrency, "raise", on_progress)

    async def retrieve(model: Model) -> Model | None:
        return await _retrieve(models, model)

    await call_range(retrieve, listed, range(len(listed)), state)
    error = state.first_error()
    if error is not None:
        raise error
    return {
        model.id: outcome
        for model, outcome in zip(listed, state.outcomes, strict=True)
        if outcome is None or isinstance(outcome, Model)
    }


def _body(step: Step) -> Body:
    assert step.body is not None
    return step.body
