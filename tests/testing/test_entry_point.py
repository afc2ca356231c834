"""pytest's entry point, in projects in which `root` may be another module."""

from __future__ import annotations

import pytest

from .test_pytest_plugin import Run, installed, run

__all__ = ["installed", "run"]

pytest_plugins = ["pytester"]

# Anything that imports the module before the test, or another one instead of it, fails.
OWN = """
import sys

def test_it(pytestconfig):
    assert "root" not in sys.modules
    import root

    assert root.mine
    assert not pytestconfig.pluginmanager.hasplugin("root.pytest_plugin")
"""

OURS = """
import root

def test_it(root_emulator):
    assert root.RootSignals()
"""


@pytest.fixture(params=["root.py", "root/__init__.py"])
def own_root(pytester: pytest.Pytester, request: pytest.FixtureRequest) -> str:
    """A project whose tests import a module `root` of its own."""
    path = pytester.path / str(request.param)
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine = True", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("arguments", [(), ("-p", "no:root-sdk")], ids=["enabled", "disabled"])
def test_own_root_in_the_current_folder(
    installed: None, own_root: str, pytester: pytest.Pytester, arguments: tuple[str, ...]
) -> None:
    """The plugin does nothing if `root` is a module in the folder that pytest is started in."""
    pytester.makepyfile(OWN)

    pytester.runpytest_subprocess(*arguments).assert_outcomes(passed=1)


@pytest.mark.parametrize("setting", ["", "[pytest]\npythonpath = ."], ids=["conftest", "setting"])
def test_own_root_that_pytest_makes_importable(
    run: Run,
    own_root: str,
    setting: str,
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same applies if the folder is on the path only because of conftest.py or a setting."""
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    if setting:
        pytester.makeini(setting)
    else:
        pytester.makeconftest("")

    run(OWN).assert_outcomes(passed=1)


@pytest.mark.parametrize("arguments", [(), ("checks",), ("checks/test_it.py::test_it",)])
def test_own_root_beside_tests(
    installed: None, pytester: pytest.Pytester, arguments: tuple[str, ...]
) -> None:
    """The same applies to a module beside tests, whose folder pytest adds to the path."""
    folder = pytester.mkdir("checks" if arguments else "tests")
    (folder / "root.py").write_text("mine = True", encoding="utf-8")
    (folder / "test_it.py").write_text(OWN, encoding="utf-8")

    pytester.runpytest_subprocess(*arguments).assert_outcomes(passed=1)


LATER = """
def test_it():
    import root

    assert root.mine
"""


@pytest.mark.parametrize("layout", ["beside", "above", "conftest"])
@pytest.mark.parametrize("folder", ["unit", "src"])
def test_own_root_that_is_found_later(
    run: Run, pytester: pytest.Pytester, folder: str, layout: str
) -> None:
    """Tests in any folder import the module beside them, as without the plugin."""
    own = pytester.mkdir(folder)
    (own / "root.py").write_text("mine = True", encoding="utf-8")
    tests = own
    if layout == "above":
        # pytest adds the first folder without __init__.py to the path.
        tests = own / "package"
        tests.mkdir()
        (tests / "__init__.py").touch()
    elif layout == "conftest":
        (own / "conftest.py").write_text("import root; assert root.mine", encoding="utf-8")
    (tests / "test_later.py").write_text(LATER, encoding="utf-8")

    run("def test_other(): pass").assert_outcomes(passed=2)


def test_own_root_of_a_conftest(run: Run, pytester: pytest.Pytester) -> None:
    """The same applies to a folder that a conftest.py adds to the path."""
    folder = pytester.mkdir("lib")
    (folder / "root.py").write_text("mine = True", encoding="utf-8")
    pytester.makeconftest(f"import sys; sys.path.insert(0, {str(folder)!r})")

    run(LATER).assert_outcomes(passed=1)


GUARDED = """
import os
import sys

import pytest

assert "root" not in sys.modules

import root
import root.pytest_plugin
from root._http import offline

def test_guard(monkeypatch, pytestconfig):
    assert pytestconfig.pluginmanager.get_plugin("root.pytest_plugin") is root.pytest_plugin
    for name in [*os.environ]:
        monkeypatch.delenv(name)
    assert offline.offline_reason() == "a test's guard"
    assert root.__spec__.loader is root.__loader__
    assert root.__spec__.submodule_search_locations == root.__path__
"""


def test_the_guard_of_the_sdk_that_is_imported_later(run: Run) -> None:
    """The package that tests import is the one that has the guard."""
    run(GUARDED).assert_outcomes(passed=1)


def test_own_root_that_is_imported_already(run: Run, pytester: pytest.Pytester) -> None:
    """The plugin does nothing if another plugin has imported another module `root`."""
    pytester.makepyfile(other="import sys, types; sys.modules['root'] = types.ModuleType('root')")
    test = "def test_it(pytestconfig): assert not pytestconfig.pluginmanager.hasplugin({!r})"

    result = run(test.format("root.pytest_plugin"), "-p", "other", "-p", "root-sdk", plugin=False)

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("folder", [False, True], ids=["alone", "beside-a-folder"])
def test_root_of_the_sdk(run: Run, pytester: pytest.Pytester, *, folder: bool) -> None:
    """The plugin is loaded where `root` is the SDK, also beside a folder of this name."""
    if folder:
        (pytester.mkdir("root") / "notes.py").touch()

    run(OURS).assert_outcomes(passed=1)


def test_plugin_is_named_twice(run: Run, pytester: pytest.Pytester) -> None:
    """A conftest.py may load the plugin that the entry point has loaded already."""
    pytester.makeconftest("pytest_plugins = ['root.pytest_plugin']")

    run(OURS).assert_outcomes(passed=1)
