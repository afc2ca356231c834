"""pytest's entry point of the SDK: it loads `root.pytest_plugin` if `root` is the SDK's package.

pytest imports this module for every project in the environment, and in some of them `root` is a
module of the project. Then this module does nothing, and it never imports such a module itself. It
cannot know of folders that a conftest.py adds to the path: there, `-p no:root-sdk` helps.
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

    pytest adds the folder of a conftest.py or of tests without `__init__.py` only later, and before
    pytest 8.4 those of the setting `pythonpath`, too. All are put before the others.
    """
    paths = [Path(argument.partition("::")[0]) for argument in config.invocation_params.args]
    given = [config.invocation_params.dir / path for path in paths]
    usual = [config.rootpath / name for name in (*config.getini("testpaths"), "tests", "test")]
    folders = [path if path.is_dir() else path.parent for path in (*given, *usual) if path.exists()]
    tests = [folder for folder in folders if not (folder / "__init__.py").exists()]
    known = (config.rootpath, *tests, *config.getini("pythonpath"))
    return [*map(str, known), *sys.path]


def _finds_ours(path: Sequence[str]) -> bool:
    """Return whether `import root` imports the package beside this module."""
    if loaded := sys.modules.get("root"):
        origin: str | None = getattr(loaded, "__file__", None)
    else:
        spec = PathFinder.find_spec("root", path)
        origin = spec.origin if spec else None
    return origin is not None and Path(origin).resolve() == _OURS.resolve()
