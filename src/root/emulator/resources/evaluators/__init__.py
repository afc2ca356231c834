"""Evaluators: those of organizations, and those of the service."""

from __future__ import annotations

from root.emulator.resources.evaluators.evaluators import Evaluators
from root.emulator.resources.evaluators.stored import StoredEvaluator

__all__ = ["Evaluators", "StoredEvaluator"]
