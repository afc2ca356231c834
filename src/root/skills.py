"""Evaluators, by the names that they have in the old SDK's module. See `root.evaluators`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeAlias

from ._accessor import lazy
from .evaluators import (
    CalibrateBatchParameters,
    CalibrateBatchResult,
    Evaluator,
    EvaluatorCalibrationOutput,
    EvaluatorDemonstration,
    EvaluatorExecutionResult,
    EvaluatorListOutput,
    Evaluators,
    InputVariable,
    ModelParams,
    ReferenceVariable,
)
from .evaluators import CalibrateBatchParameters as ACalibrateBatchParameters
from .evaluators import CalibrateBatchResult as ACalibrateBatchResult
from .evaluators import Evaluator as AEvaluator
from .evaluators import EvaluatorVersions as Versions
from .evaluators import InputVariable as InputVariableRequest
from .evaluators import PresetEvaluator as PresetEvaluatorRunner

if TYPE_CHECKING:
    from .evaluators import AsyncPresetEvaluator as APresetEvaluatorRunner

__all__ = [
    "ACalibrateBatchParameters",
    "ACalibrateBatchResult",
    "AEvaluator",
    "APresetEvaluatorRunner",
    "CalibrateBatchParameters",
    "CalibrateBatchResult",
    "Evaluator",
    "EvaluatorCalibrationOutput",
    "EvaluatorDemonstration",
    "EvaluatorExecutionResult",
    "EvaluatorListOutput",
    "Evaluators",
    "InputVariable",
    "InputVariableRequest",
    "ModelName",
    "ModelParams",
    "PresetEvaluatorRunner",
    "ReferenceVariable",
    "Versions",
]

ModelName: TypeAlias = Literal["root"] | str
"""The name of a model."""

if not TYPE_CHECKING:
    _lazy: Callable[[str], object] = lazy(
        globals(), {"._async.resources.evaluators.runner": ("AsyncPresetEvaluator",)}
    )

    def __getattr__(name: str) -> object:
        return _lazy("AsyncPresetEvaluator" if name == "APresetEvaluatorRunner" else name)
