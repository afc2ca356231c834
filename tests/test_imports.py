"""The layers of the package: which modules import which, imports for type checkers included."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import root

SOURCE = Path(root.__file__).parent


def module_name(path: Path) -> str:
    """Return the dotted name of a module."""
    name = ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts)
    return name.removesuffix(".__init__")


PYTEST = SOURCE.with_name("root_sdk_pytest.py")

MODULES = {module_name(path): path for path in [*SOURCE.rglob("*.py"), PYTEST]}


# A resource has modules of the same name for its methods, for its objects and for its public names.
RESOURCES = sorted(
    name
    for module in MODULES
    for package, _, name in (module.rpartition("."),)
    if package == "root._async.resources" and f"root.{name}" in MODULES
)

# Each layer imports only itself and those above it in this list. Its members are packages or
# modules.
LAYERS = (
    ("root.__about__", "root._attributes", "root._forks", "root._display", "root._secrets"),
    ("root._changes",),
    ("root.errors",),
    ("root._config",),
    ("root._schemas", "root._concurrency"),
    ("root._http",),
    ("root._accessor", "root._plans"),
    ("root.config",),
    ("root._doctor",),
    ("root._async", "root._sync"),
    ("root._twins",),
    ("root.checks", "root.registry", "root.progress", *(f"root.{name}" for name in RESOURCES)),
    ("root.client",),
    # By the names of the old SDK.
    ("root.generated", "root.skills", "root.utils"),
    ("root",),
)

# Programs and helpers beside the layers, each with its own rule below.
OTHERS = (
    *("root.cli", "root.emulator", "root.testing", "root.pytest_plugin", "root.__main__"),
    "root_sdk_pytest",
)

# Packages that import at most these of our modules.
ALONE = {
    "root._display": {"root.__about__", "root._secrets.redact"},
    "root._secrets": set[str](),
    "root._forks": set[str](),
    "root.emulator": set[str](),
}


def is_within(module: str, package: str) -> bool:
    """Return whether a module is a package or in it."""
    return module == package or module.startswith(f"{package}.")


def imports(module: str) -> Iterator[str]:
    """Yield those of our modules that a module imports, anywhere in it."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if is_within(alias.name, "root"))
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parent, *([node.module] if node.module else [])])
            if is_within(base, "root"):
                for alias in node.names:
                    name = f"{base}.{alias.name}"
                    yield name if name in MODULES else base


GRAPH = {module: set(imports(module)) - {module} for module in MODULES}


def layer_of(module: str) -> int | None:
    """Return the number of a module's layer, or None for what is beside the layers."""
    if any(is_within(module, other) for other in OTHERS):
        return None
    layers = [
        (len(name), number)
        for number, names in enumerate(LAYERS)
        for name in names
        if is_within(module, name)
    ]
    return max(layers)[1]


def test_there_is_no_circle() -> None:
    """No module imports itself by way of others, imports for type checkers included."""
    try:
        tuple(TopologicalSorter(GRAPH).static_order())
    except CycleError as error:
        pytest.fail(f"These import each other: {' -> '.join(error.args[1])}", pytrace=False)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_point_down(module: str) -> None:
    """A module imports only modules of its own layer and of those below it."""
    layer = layer_of(module)
    if layer is None or module == "root":
        return
    wrong = [
        other for other in GRAPH[module] if (found := layer_of(other)) is None or found > layer
    ]

    assert not wrong


@pytest.mark.parametrize("package", ALONE)
def test_what_imports_nothing_of_ours(package: str) -> None:
    """The lowest layer and the emulator, which must not share errors with the SDK, stand alone."""
    wrong = {
        (module, other)
        for module in MODULES
        if is_within(module, package)
        for other in GRAPH[module] - ALONE[package]
        if not is_within(other, package)
    }

    assert not wrong


def test_resources_do_not_know_the_client() -> None:
    """A resource knows of the client only that it sends operations."""
    wrong = {
        (module, other)
        for module in MODULES
        if is_within(module, "root._async.resources")
        for other in GRAPH[module]
        if other.rpartition(".")[2] in ("client", "transport", "pool", "connection")
    }

    assert not wrong


# An evaluator contains its objective.
EMBEDDED = {("root._schemas.evaluators", "root._schemas.objectives")}


def test_resources_do_not_know_each_other() -> None:
    """A resource can be added or taken away without a change in another one."""
    wrong = {
        (module, other)
        for package in ("root._async.resources", "root._schemas", "root")
        for name in RESOURCES
        for module in (f"{package}.{name}",)
        for other in GRAPH[module]
        if other in {f"{package}.{another}" for another in RESOURCES}
    }

    assert len(RESOURCES) > 1
    assert wrong <= EMBEDDED


def test_the_entry_point_of_pytest_imports_nothing_of_ours() -> None:
    """pytest can load it in projects where `root` is another module."""
    assert not list(imports("root_sdk_pytest"))


def test_every_module_has_a_layer() -> None:
    """The list above names every module there is."""
    top = {".".join(module.split(".")[:2]) for module in MODULES} - {"root"}
    named = {name for names in LAYERS for name in names} | set(OTHERS)

    assert top <= named


def test_the_map_has_every_module() -> None:
    """The map in CONTRIBUTING.md has what is listed above, with the lowest layer last.

    What is beside the layers comes after them.
    """
    text = Path(__file__).parents[1].joinpath("CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)

    def row_of(module: str) -> int:
        name = re.compile(rf"`{module.rpartition('.')[2]}(/|\.py)`")
        (row,) = [number for number, row in enumerate(rows) if name.search(row)]
        return row

    # The map has one of them, "and the other resources".
    resources = {f"root.{name}" for name in RESOURCES} - {"root.evaluators"}
    modules = [name for names in LAYERS[:-1] for name in names if name not in resources]
    found = [row_of(name) for name in modules]

    assert found == sorted(found, reverse=True)
    assert min(row_of(name) for name in OTHERS) > found[0]
