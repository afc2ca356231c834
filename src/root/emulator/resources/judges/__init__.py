"""Judges: several evaluators that run together."""

from __future__ import annotations

from root.emulator.resources.judges.batches import BatchExecutions, StoredBatchExecution
from root.emulator.resources.judges.declaration import Judges, StoredJudge

__all__ = ["BatchExecutions", "Judges", "StoredBatchExecution", "StoredJudge"]
