"""pytest's entry point of the SDK: it loads `root.pytest_plugin` if `root` is the SDK's package.

pytest imports this module for every project in the environment, and in some of them `root` is a
module of the project. Then this module does nothing, and it never imports such a module itself.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import PathFinder
from pathlib import Path

import pytest

__all__ = ["pytest_addoption"]

_OURS = Path(__file__).with_name("root") / "__init__.py"


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Load the plugin, which adds its own settings."""
    config = pluginmanager.get_plugin("pytestconfig")
    assert isinstance(config, pytest.Config)
    if _finds_ours(_import_path(config)):
        pluginmanager.import_plugin("root.pytest_plugin")


def _import_path(config: pytest.Config) -> list[str]:
    """Return where the tests will import modules from.

    A conftest.py at the top of a project adds that folder only later, and pytest before 8.4 adds
    those of the setting `pythonpath` later, too. Both are put before all others.
    """
    return [str(config.rootpath), *map(str, config.getini("pythonpath")), *sys.path]


def _finds_ours(path: Sequence[str]) -> bool:
    """Return whether `import root` imports the package beside this module."""
    if loaded := sys.modules.get("root"):
        origin: str | None = getattr(loaded, "__file__", None)
    else:
        spec = PathFinder.find_spec("root", path)
        origin = spec.origin if spec else None
    return origin is not None and Path(origin).resolve() == _OURS.resolve()
