"""pytest's entry point of the SDK: it loads `root.pytest_plugin` if `root` is the SDK's package.

pytest imports this module for every project in the environment, and in some of them `root` is a
module of the project. Where that can be seen at the start, this module does nothing. Elsewhere, as
beside tests that are found later, `import root` imports what it would import without the plugin. It
never imports such a module itself.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

import pytest

__all__ = ["pytest_addoption"]

_OURS = Path(__file__).with_name("root") / "__init__.py"


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Load the plugin, which adds its own settings."""
    config = pluginmanager.get_plugin("pytestconfig")
    assert isinstance(config, pytest.Config)
    if not _finds_ours(_import_path(config)):
        return
    was_imported = "root" in sys.modules
    pluginmanager.import_plugin("root.pytest_plugin")
    if not was_imported and "root" in sys.modules:
        # Before the finders of pytest, which would import the package a second time.
        sys.meta_path.insert(0, _Aside())


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


class _Aside:
    """Sets the package aside until it is imported, so that another module `root` is found first.

    A finder and a loader, which gives the package back with its state, such as that of the guard.
    """

    def __init__(self) -> None:
        names = [name for name in sys.modules if name == "root" or name.startswith("root.")]
        self._modules = {name: sys.modules.pop(name) for name in names}
        self._spec = self._modules["root"].__spec__

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find the package, unless the path has another module of this name now."""
        if name != "root":
            return None
        spec = PathFinder.find_spec(name)
        if spec is not None and not _is_ours(spec.origin):
            return None
        found = ModuleSpec(name, self, origin=str(_OURS), is_package=True)  # type: ignore[arg-type]
        found.submodule_search_locations = [str(_OURS.parent)]
        return found

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the package."""
        return self._modules["root"]

    def exec_module(self, module: ModuleType) -> None:
        """Give its modules back."""
        module.__spec__ = self._spec
        sys.modules.update(self._modules)
        if self in sys.meta_path:
            sys.meta_path.remove(self)


def _finds_ours(path: Sequence[str]) -> bool:
    """Return whether `import root` imports the package beside this module."""
    if loaded := sys.modules.get("root"):
        return _is_ours(getattr(loaded, "__file__", None))
    spec = PathFinder.find_spec("root", path)
    return spec is not None and _is_ours(spec.origin)


def _is_ours(origin: str | None) -> bool:
    return origin is not None and Path(origin).resolve() == _OURS.resolve()
