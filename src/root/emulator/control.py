"""The operations that control the emulator, shared by Python and the control API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from root.emulator.fault_queue import FaultQueue
from root.emulator.history import Connections, History
from root.emulator.keys import Account, KeyRegistry
from root.emulator.problems import Problem
from root.emulator.resources.model_table import Visibility
from root.emulator.resources.models import MODEL_FIELDS, StoredModel
from root.emulator.resources.projects import StoredProject
from root.emulator.serializers import Value, validate
from root.emulator.store import Store

__all__ = ["Control"]


class Control:
    """The state of the emulator; used in the server's thread only.

    Attributes:
        keys: The accepted API keys.
        faults: The active faults.
        history: The history of requests.
        connections: Statistics of connections.
    """

    def __init__(
        self,
        store: Store,
        keys: KeyRegistry,
        faults: FaultQueue,
        history: History,
        connections: Connections,
        api_key: str,
    ) -> None:
        self._store = store
        self.keys = keys
        self.faults = faults
        self.history = history
        self.connections = connections
        self._api_key = api_key

    def models(self) -> tuple[StoredModel, ...]:
        """Return all models except the catalogue's, in order of creation."""
        return self.list_models(0, self.count_models())

    def list_models(self, offset: int, limit: int) -> tuple[StoredModel, ...]:
        """Return a slice of `models()`."""
        return tuple(map(StoredModel.from_row, self._store.models.list_created(offset, limit)))

    def count_models(self) -> int:
        """Return the number of models except the catalogue's."""
        return self._store.models.count_created()

    def add_model(
        self, values: Mapping[str, object], visibility: Visibility, key: str | None
    ) -> StoredModel:
        """Store a model as if a key had created it; its name may exist already.

        Raises:
            ValueError: The API would reject the values, or the key is unknown.
        """
        account: Account = self.keys.get(key or self._api_key)
        unknown = sorted(set(values) - set(MODEL_FIELDS))
        if unknown:
            raise ValueError(f"Unknown fields of a model: {', '.join(unknown)}.")
        if visibility not in get_args(Visibility):
            raise ValueError(f"visibility must be one of {', '.join(get_args(Visibility))}.")
        try:
            validated: dict[str, Value] = validate(dict(values), MODEL_FIELDS)
        except Problem as problem:
            raise ValueError(f"The API would reject these values: {problem.body}") from None
        return StoredModel.from_row(self._store.models.add(account, validated, visibility))

    def projects(self) -> tuple[StoredProject, ...]:
        """Return all projects except the initial ones of organizations, in order of creation."""
        return tuple(map(StoredProject.from_row, self._store.projects.list_created()))

    def wipe(self) -> None:
        """Restore the initial state: no created resources, no requests, initial faults, one key."""
        self._store.wipe()
        self.keys.reset(self._api_key)
        self.faults.reset()
        self.history.clear()
        self.connections.reset()
