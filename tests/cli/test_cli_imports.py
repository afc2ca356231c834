"""The command line imports public names of the SDK only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from importlib.util import resolve_name
from pathlib import Path

import pytest

import root.cli

FOLDER = Path(root.cli.__file__).parent
FILES = sorted(FOLDER.rglob("*.py"))


def imported_names(file: Path) -> Iterator[tuple[str, str]]:
    """Return the module and the name of each import of the SDK in a file."""
    package = ".".join(("root.cli", *file.relative_to(FOLDER).parts[:-1]))
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), package)
            names = [(module, one.name) for one in node.names]
        elif isinstance(node, ast.Import):
            names = [(one.name, "*") for one in node.names]
        else:
            continue
        for module, name in names:
            top, _, rest = module.partition(".")
            if top == "root" and rest.partition(".")[0] != "cli":
                yield module, name


def is_public(module: str, name: str) -> bool:
    """Return whether a name of a module is public: in `__all__`, without private modules.

    The modules of a package are public as well, and so is the `main` of `python -m`.
    """
    # Texts on terminals are made safe in one way, which users do not need.
    if (module, name) == ("root._secrets.redact", "printable"):
        return True
    parts = [*module.split("."), name]
    if any(part.startswith("_") and not part.endswith("__") for part in parts):
        return False
    if (parts[-2], name) == ("__main__", "main"):
        return True
    loaded = import_module(module)
    if name in getattr(loaded, "__all__", ()):
        return True
    path = Path(str(loaded.__file__))
    return path.name == "__init__.py" and path.with_name(f"{name}.py").exists()


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(FOLDER)))
def test_imports_are_public(file: Path) -> None:
    """A module of the command line imports only public names of the SDK."""
    assert [one for one in imported_names(file) if not is_public(*one)] == []


def test_imports_are_found() -> None:
    """The imports of the command line are found."""
    found = {module for file in FILES for module, _ in imported_names(file)}

    assert {"root", "root.checks", "root.config", "root.errors", "root.models"} <= found
