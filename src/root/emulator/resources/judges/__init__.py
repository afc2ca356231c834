"""Judges: several evaluators that run together."""

from __future__ import annotations

from root.emulator.resources.judges.batches import BatchExecutions, StoredBatchExecution
from root.emulator.resources.judges.judges import Judges
from root.emulator.resources.judges.stored import StoredJudge

__all__ = ["BatchExecutions", "Judges", "StoredBatchExecution", "StoredJudge"]
