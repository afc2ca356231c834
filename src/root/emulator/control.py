"""The operations that control the emulator, shared by Python and the control API."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import TypeVar, get_args

from root.emulator.fault_queue import FaultQueue
from root.emulator.history import Connections, History
from root.emulator.keys import KeyRegistry
from root.emulator.problems import Problem
from root.emulator.resource import AnyResource, Resource
from root.emulator.resources.evaluators.presets import similar_preset
from root.emulator.rows import Visibility
from root.emulator.scoring import FixedScore, FixedScores
from root.emulator.serializers import validate
from root.emulator.settings import check_type
from root.emulator.store import Store

__all__ = ["Control"]

S = TypeVar("S")


class Control:
    """The state of the emulator; used in the server's thread only.

    Attributes:
        keys: The accepted API keys.
        faults: The active faults.
        history: The history of requests.
        connections: Statistics of connections.
        fixed_scores: The scores that evaluators have in place of computed ones.
    """

    def __init__(
        self,
        store: Store,
        keys: KeyRegistry,
        faults: FaultQueue,
        history: History,
        connections: Connections,
        fixed_scores: FixedScores,
        api_key: str,
    ) -> None:
        """Create the operations.

        Args:
            store: The database.
            keys: The accepted API keys.
            faults: The active faults.
            history: The history of requests.
            connections: Statistics of connections.
            fixed_scores: The scores that evaluators have in place of computed ones.
            api_key: The key that is kept by `wipe`.
        """
        self._store = store
        self.keys = keys
        self.faults = faults
        self.history = history
        self.connections = connections
        self.fixed_scores = fixed_scores
        self._api_key = api_key

    async def list_created(
        self, resource: Resource[S], offset: int = 0, limit: int = -1
    ) -> tuple[S, ...]:
        """Return created objects, without the initial ones, in order of creation.

        Args:
            resource: The resource.
            offset: How many of them to omit.
            limit: The maximum number of them, or -1 for all.
        """
        table = resource.table(self._store)

        def work() -> tuple[S, ...]:
            return tuple(map(resource.to_stored, table.list_created(offset, limit)))

        return await self._store.in_thread(work, writes=False)

    async def count_created(self, resource: AnyResource) -> int:
        """Return the number of created objects, without the initial ones."""
        count = resource.table(self._store).count_created
        return await self._store.in_thread(count, writes=False)

    async def add(
        self,
        resource: Resource[S],
        values: Mapping[str, object],
        visibility: Visibility,
        key: str | None,
    ) -> S:
        """Store an object as if a key had created it; its name may exist already.

        Raises:
            ValueError: The API would reject the values, or the key is unknown.
        """
        account = self.keys.get(key or self._api_key)
        noun = resource.noun
        unknown = sorted(set(values) - set(resource.fields))
        if unknown:
            raise ValueError(f"Unknown fields of a {noun}: {', '.join(unknown)}.")
        if visibility not in get_args(Visibility):
            raise ValueError(f"visibility must be one of {', '.join(get_args(Visibility))}.")
        if visibility != "PRIVATE" and not resource.has_public:
            raise ValueError(f"A {noun} is always private.")
        try:
            validated = validate(dict(values), resource.fields)
        except Problem as problem:
            raise ValueError(f"The API would reject these values: {problem.body}") from None
        row = await self._store.in_turn(
            lambda: resource.add(self._store, account, validated, visibility)
        )
        return resource.to_stored(row)

    async def set_score(self, score: FixedScore) -> None:
        """Set the score of an evaluator.

        Raises:
            TypeError: A value has the wrong type.
            ValueError: A value is invalid, or the name misspells that of an evaluator of the
                service.
        """
        check_type("evaluator", score.evaluator, (str,), "a name or an ID")
        check_type("score", score.score, (int, float, NoneType), "a number from 0 to 1, or None")
        check_type("justification", score.justification, (str, NoneType), "a string or None")
        check_type("pattern", score.pattern, (str, NoneType), "a string or None")
        name = score.evaluator
        similar = similar_preset(name)
        if similar is not None:
            find = self._store.tables["evaluators"].find_anywhere
            if await self._store.in_thread(lambda: find("name", name), writes=False) is None:
                raise ValueError(
                    f"No evaluator has the name {name!r}. Did you mean {similar!r}? To set the"
                    " score of a new evaluator with this name, create it first."
                )
        self.fixed_scores.add(score)

    async def wipe(self) -> None:
        """Restore the initial state: no created objects, no requests, initial faults, one key."""

        def reset() -> None:
            self.keys.reset(self._api_key)
            self.faults.reset()
            self.history.clear()
            self.connections.reset()
            self.fixed_scores.clear()

        await self._store.in_thread(self._store.wipe, then=reset)
