"""How the package is installed: beside the old one, or without metadata."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import root
from root.emulator import Server
from tests.concurrency.helpers import run_program

_CREATE = """
import warnings

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import root
    for make in (root.RootSignals, root.AsyncRootSignals):
        for _ in range(2):
            make("rs-0123456789-abcdefgh-wxyz")
import root.checks

versions = root.checks.without_client("x").checks[0]
print(root.__file__)
print([(one.category.__name__, one.filename) for one in caught])
print(versions.mark, versions.advice)
"""


def _run(folder: Path, program: str) -> list[str]:
    """Run a program with the package in a folder of its own, and return the lines of its output."""
    (folder / "root").symlink_to(Path(root.__file__).parent)
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()


@pytest.mark.parametrize("name", ["root_signals-1.6.5.dist-info", "root_signals-1.5.egg-info"])
def test_old_package_beside_this_one(tmp_path: Path, name: str) -> None:
    """The first client warns of the old package beside ours, and a check shows it."""
    (tmp_path / name).mkdir()

    file, warnings, versions = _run(tmp_path, _CREATE)

    assert file == str(tmp_path / "root" / "__init__.py")
    assert warnings == "[('RuntimeWarning', '<string>')]"
    assert versions.startswith("warn The package root-signals is installed beside root-sdk")
    assert "pip install --force-reinstall --no-deps ." in versions


_OLD_NAMES = """
import warnings

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import root.generated.openapi_client.exceptions
    from root.generated.openapi_client.models.evaluator import Evaluator
    root.RootSignals("rs-0123456789-abcdefgh-wxyz")

print([(one.category.__name__, one.filename) for one in caught])
print(caught[0].message)
"""


def test_old_names_beside_the_old_package(tmp_path: Path) -> None:
    """The first import of a name of generated code warns of the old package, too."""
    (tmp_path / "root_signals-1.6.5.dist-info").mkdir()

    warnings, message = _run(tmp_path, _OLD_NAMES)

    assert warnings == "[('RuntimeWarning', '<string>')]"
    assert message.startswith("The package root-signals is installed beside root-sdk")


def test_no_old_package(tmp_path: Path) -> None:
    """Other packages beside ours do not cause a warning."""
    for name in ("root_sdk-2.0.0.dist-info", "root_signals_extra-1.dist-info", "root_signals"):
        (tmp_path / name).mkdir()

    assert _run(tmp_path, _CREATE)[1:] == ["[]", "ok None"]


def test_without_metadata(emulator: Server) -> None:
    """Calls, checks, the emulator and the command need no metadata of packages."""
    emulator.add_model(name="a")

    printed = run_program(_WITHOUT_METADATA, emulator.url, emulator.api_key)

    user_agent = emulator.requests[0].headers["user-agent"]
    assert user_agent.startswith(f"root-sdk/{root.__version__} ")
    assert user_agent.endswith("httpx/unknown")
    assert "True\n1\nUsage: " in printed


_WITHOUT_METADATA = """
import asyncio, importlib.metadata, sys
importlib.metadata.MetadataPathFinder.find_distributions = lambda *_, **__: iter(())
import root.emulator
from root import RootSignals
from root.cli import main

url, key = sys.argv[1:]
with RootSignals(key, base_url=url) as client:
    created = asyncio.run(client.models.acreate(name="b"))
    client.models.delete(created)
    print(client.check().ok)
with root.emulator.serve() as server, RootSignals(server.api_key, base_url=server.url) as client:
    client.models.create(name="a")
    print(len(server.models))
sys.argv[1:] = ["--help"]
main()
"""
