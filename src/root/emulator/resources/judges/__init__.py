"""Judges: several evaluators that run together."""

from __future__ import annotations

from root.emulator.resources.judges.declaration import Judges, StoredJudge

__all__ = ["Judges", "StoredJudge"]
