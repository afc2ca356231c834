"""The code in README.md and docs passes type checkers, and what is misspelt does not."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .blocks import BLOCKS, tutorial

pytestmark = pytest.mark.docs


def run_mypy(folder: Path) -> list[str]:
    """Return the errors that mypy finds in the modules of a folder."""
    pytest.importorskip("mypy")
    arguments = ["--check-untyped-defs", "--cache-dir", ".mypy", "--config-file", ""]
    return _errors(folder, "mypy", *arguments, *[path.name for path in folder.glob("*.py")])


def run_pyright(folder: Path) -> list[str]:
    """Return the errors that pyright finds in the modules of a folder."""
    pytest.importorskip("pyright")
    return _errors(folder, "pyright", "--pythonpath", sys.executable, ".")


def _errors(folder: Path, checker: str, *arguments: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", checker, *arguments],
        capture_output=True,
        cwd=folder,
        text=True,
    )
    assert done.returncode in (0, 1), done.stderr
    return re.findall(r"\w+\.py:\d+.* error: .*", done.stdout)


CHECKERS = pytest.mark.parametrize("check", [run_mypy, run_pyright])


@CHECKERS
def test_code_blocks_pass_type_checkers(check: Callable[[Path], list[str]], tmp_path: Path) -> None:
    """What the documentation shows has no type errors in a user's program."""
    for place, block in BLOCKS.items():
        name = re.sub(r"\W", "_", place).lower()
        (tmp_path / f"{name}.py").write_text(block, encoding="utf-8")
    # Of the two, editors of notebooks run pyright.
    if check is run_pyright:
        (tmp_path / "tutorial.py").write_text(tutorial(), encoding="utf-8")

    assert check(tmp_path) == []


WRONG = """
from collections.abc import Mapping
from root import RootSignals
from root.models import ModelSettings, VerifySettings

client = RootSignals()
client.models.create(nme="a")
settings: list[ModelSettings] = [{"nme": "a"}]
one: VerifySettings = {"model": "a", "url": 5}
client.models.create_many({"name": "a"})
client.models.plan([5])
client.models.verify_many(["a"])
"""


@CHECKERS
def test_mistakes_do_not_pass(check: Callable[[Path], list[str]], tmp_path: Path) -> None:
    """Misspelt arguments, wrong keys in literals, and values that are not settings are errors."""
    (tmp_path / "wrong.py").write_text(WRONG, encoding="utf-8")

    errors = check(tmp_path)

    assert {int(error.split(":")[1]) for error in errors} == {7, 8, 9, 10, 11, 12}
