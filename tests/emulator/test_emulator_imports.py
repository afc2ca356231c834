"""The imports of the emulator."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

PACKAGE = Path(str(resources.files("root.emulator")))


def imported_modules(path: Path) -> Iterator[str]:
    """Yield the absolute names of the modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # A relative import can reach the SDK from any depth.
            assert node.level == 0, f"{path}: relative import"
            if node.module == "root":
                yield from (f"root.{alias.name}" for alias in node.names)
            else:
                yield str(node.module)


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_no_imports_of_the_sdk(path: Path) -> None:
    """The emulator shares no code with the SDK, so that both cannot have the same error."""
    of_root = {name for name in imported_modules(path) if name.split(".")[0] == "root"}

    assert {name for name in of_root if not f"{name}.".startswith("root.emulator.")} == set()
