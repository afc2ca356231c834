"""The models of the old SDK's generated code: this package's classes by their old names.

Each is also in a module of its own: `evaluator.Evaluator`. They are imported on first use.
"""

from __future__ import annotations

from ..._names import CLASSES, add_modules

__all__ = sorted(CLASSES)  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = add_modules(__name__)


def __dir__() -> list[str]:
    return sorted(CLASSES)
