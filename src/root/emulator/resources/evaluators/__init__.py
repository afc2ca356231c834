"""Evaluators: those of organizations, and those of the service."""

from __future__ import annotations

from root.emulator.resources.evaluators.declaration import Evaluators, StoredEvaluator

__all__ = ["Evaluators", "StoredEvaluator"]
