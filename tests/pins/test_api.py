"""The public API: every public name, with its signature, bases, fields and defaults.

The record has one line for each of them. A line that is not there any more, because the name was
removed or its signature changed, fails the test; a new name does not. To record a change:
`python -m tests.pins.test_api`.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import typing
from collections.abc import Callable, Iterator
from pathlib import Path

import griffe

import root
from root import AsyncRootSignals, RootSignals
from root._accessor import Accessor
from root._schemas.presets import Eval, Preset

from .record import Record

API = Record("api.txt", "tests.pins.test_api")
METHODS = Record("methods.txt", "tests.pins.test_api")

RESOURCES = sorted(name for name, it in vars(RootSignals).items() if isinstance(it, Accessor))

# A name that is public in several modules is described in the first of them.
MODULES = (
    *("client", *RESOURCES, "errors", "config", "checks", "registry", "progress"),
    *("testing", "emulator", "skills", "utils", ""),
)

# Classes that have twins of async methods.
WITH_TWINS = {getattr(RootSignals, name).__name__ for name in RESOURCES}

# Made by the client, never by a user.
NOT_CONSTRUCTED = {
    *(f"{prefix}{name}" for name in WITH_TWINS for prefix in ("", "Async")),
    *("Pager", "AsyncPager", "Plan", "AsyncPlan", "Settings", "Page", "ResponseMeta", "Server"),
}

# How objects are copied, pickled and printed is held by tests of its own, and `of` makes what the
# emulator has from what it has stored.
UNRECORDED = {
    "of",
    *("__copy__", "__deepcopy__", "__getstate__", "__setstate__", "__reduce__"),
    *("__repr__", "__str__", "__slots__", "__all__", "__post_init__", "__annotations__"),
}


def describe() -> str:
    """Return a line for every public name of every public module."""
    package = griffe.load(
        "root", search_paths=[Path(root.__file__).parent.parent], allow_inspection=False
    )
    assert isinstance(package, griffe.Module)
    described: dict[str, str] = {}
    lines: list[str] = []
    for name in MODULES:
        module = package[name] if name else package
        path = f"root.{name}".rstrip(".")
        for public in sorted(map(str, module.exports or ())):
            lines += _describe(_target(module[public]), f"{path}.{public}", described)
    return "\n".join(lines) + "\n"


def _describe(
    it: griffe.Object | griffe.Alias, path: str, described: dict[str, str]
) -> Iterator[str]:
    known = described.setdefault(it.canonical_path, path)
    if known != path:
        yield f"{path} is {known}"
    elif it.is_module:
        yield f"{path} is a module"
    elif isinstance(it, griffe.Class):
        yield from _class(it, path)
    elif isinstance(it, griffe.Function):
        yield from _function(it, path)
    else:
        assert isinstance(it, griffe.Attribute)
        yield _attribute(it, path)


def _class(it: griffe.Class, path: str) -> Iterator[str]:
    bases = sorted(_bases(it))
    for decorator in it.decorators:
        if "dataclass" in str(decorator.value):
            bases.append(f"@{_text(decorator.value)}")
    bases += [f"{name}={_text(value)}" for name, value in it.keywords.items()]
    yield f"{path}: class({', '.join(bases)})"
    members = it.all_members
    for name in sorted(members):
        if not _is_recorded(it, name) or _is_twin(it, name):
            continue
        member = _target(members[name])
        if _is_of_public_base(it, member):
            continue
        if isinstance(member, griffe.Function):
            yield from _function(member, f"{path}.{name}")
        elif isinstance(member, griffe.Attribute):
            yield _attribute(member, f"{path}.{name}")


def _is_recorded(it: griffe.Class, name: str) -> bool:
    if name == "__init__":
        return it.name not in NOT_CONSTRUCTED
    if name.startswith("__") and name.endswith("__"):
        return name not in UNRECORDED
    return name == "_repr_html_" or not (name.startswith("_") or name in UNRECORDED)


def _is_twin(it: griffe.Class, name: str) -> bool:
    """Return whether this is described by its run-time signature instead."""
    return it.name in WITH_TWINS and name.startswith("a") and name[1:] in it.all_members


def _is_of_public_base(it: griffe.Class, member: griffe.Object) -> bool:
    """Return whether a member is described with the public error that it is inherited from."""
    owner = member.parent
    return owner is not None and owner is not it and owner.name in root.errors.__all__


def _bases(it: griffe.Class) -> set[str]:
    """Return the bases that are public or from another package, in place of private ones."""
    found: set[str] = set()
    for base in it.bases:
        expression = base if isinstance(base, griffe.Expr) else None
        path = expression.canonical_path if expression is not None else str(base)
        resolved = it.modules_collection.get_member(path) if path.startswith("root.") else None
        resolved = resolved and _target(resolved)
        if not isinstance(resolved, griffe.Class):
            found.add(_text(base))
        elif resolved.name in root.errors.__all__:
            found.add(resolved.name)
        else:
            found |= _bases(resolved)
    # What every class is.
    return found - {"object"}


def _function(it: griffe.Function, path: str) -> Iterator[str]:
    for overload in it.overloads or ():
        yield f"{path} overload{_signature(overload)}"
    yield f"{path}{_signature(it)}"


def _signature(it: griffe.Function) -> str:
    shown: list[str] = []
    kind = None
    for parameter in it.parameters:
        if parameter.kind is griffe.ParameterKind.keyword_only and kind not in (
            griffe.ParameterKind.keyword_only,
            griffe.ParameterKind.var_positional,
        ):
            shown.append("*")
        kind = parameter.kind
        stars = (
            {
                griffe.ParameterKind.var_positional: "*",
                griffe.ParameterKind.var_keyword: "**",
            }.get(kind, "")
            if kind
            else ""
        )
        text = f"{stars}{parameter.name}"
        if kind is griffe.ParameterKind.positional_only and not stars:
            text += "/"
        if parameter.annotation is not None:
            text += f": {_text(parameter.annotation)}"
        if parameter.default is not None and not stars:
            text += f" = {_default(parameter.default, it)}"
        shown.append(text)
    labels = sorted({"classmethod", "staticmethod", "async", "property", "cached"} & it.labels)
    ends = f" [{', '.join(labels)}]" if labels else ""
    return f"({', '.join(shown)}) -> {_text(it.returns)}{ends}"


def _default(value: str | griffe.Expr, it: griffe.Function) -> str:
    """Return a default; of a constant that has no public name, its value."""
    path = value.canonical_path if isinstance(value, griffe.ExprName) else ""
    if path.startswith("root.") and not path.endswith(".NOT_GIVEN"):
        constant = _target(it.modules_collection.get_member(path))
        if isinstance(constant, griffe.Attribute):
            return _text(constant.value)
    return _text(value)


def _attribute(it: griffe.Attribute, path: str) -> str:
    text = path
    if it.annotation is not None:
        text += f": {_text(it.annotation)}"
    if "property" in it.labels:
        text += " [property, settable]" if "writable" in it.labels else " [property]"
    elif it.value is not None and not _is_of_instance(it):
        text += f" = {_text(it.value)}"
    return text


def _is_of_instance(it: griffe.Attribute) -> bool:
    """Return whether this is what `__init__` sets, and not a default."""
    if "instance-attribute" not in it.labels:
        return False
    if "class-attribute" not in it.labels:
        return True
    # The path of a parameter.
    return isinstance(it.value, griffe.Expr) and bool(
        re.search(r"\w\(\w+\)$", it.value.canonical_path)
    )


# Texts that a reader sees, and not what a name is.
_PROSE = re.compile(r"(,\s*)?\bdescription=('(\\.|[^'])*'|\"(\\.|[^\"])*\")")


def _text(expression: str | griffe.Expr | None) -> str:
    """Return an annotation or default, with the names that things have where they are defined."""
    if expression is None:
        return "None"
    if isinstance(expression, str):
        return expression
    parts = []
    for part in expression.iterate(flat=True):
        if isinstance(part, griffe.ExprName):
            parts.append(part.canonical_path.rpartition(".")[2])
        else:
            parts.append(str(part))
    return _PROSE.sub("", " ".join("".join(parts).split()))


def _target(it: griffe.Object | griffe.Alias) -> griffe.Object:
    return it.final_target if isinstance(it, griffe.Alias) else it


# What a mock, a debugger or an editor sees at run time.


def describe_methods() -> str:
    """Return the run-time signatures of the clients, and of their resources on three faces."""
    lines: list[str] = []
    for client in (RootSignals, AsyncRootSignals):
        lines += _runtime(client, client.__name__)
        for name in dir(client):
            method = inspect.getattr_static(client, name)
            if inspect.isfunction(method) and not name.startswith("_"):
                lines += _runtime(method, f"{client.__name__}.{name}")
    for resource in RESOURCES:
        blocking, asynchronous = getattr(RootSignals, resource), getattr(AsyncRootSignals, resource)
        for name in dir(asynchronous):
            # All evaluators of the service have the same signature, that of `run`.
            if name.startswith("_") or name in Eval.__members__:
                continue
            for owner, method, path in (
                (blocking, name, "RootSignals"),
                (blocking, f"a{name}", "RootSignals"),
                (asynchronous, name, "AsyncRootSignals"),
            ):
                # One that is not there is a line that is lost.
                found = getattr(owner, method, None)
                if callable(found) and not isinstance(found, Preset):
                    lines += _runtime(getattr(owner, method), f"{path}.{resource}.{method}")
    return "\n".join(lines) + "\n"


def _runtime(function: Callable[..., object], path: str) -> Iterator[str]:
    mark = "async " if inspect.iscoroutinefunction(function) else ""
    if inspect.isfunction(function):
        for overload in typing.get_overloads(function):
            yield f"{path}: overload {mark}{_runtime_signature(overload)}"
    yield f"{path}: {mark}{_runtime_signature(function)}"


class _Bare(str):
    """An annotation that is shown without quotes."""

    def __repr__(self) -> str:
        # Annotations have the names of the module that they are written in.
        return re.sub(r"\bList\[", "list[", self)


def _runtime_signature(function: Callable[..., object]) -> str:
    signature = inspect.signature(function)
    bare = [
        one.replace(annotation=_Bare(one.annotation)) if isinstance(one.annotation, str) else one
        for one in signature.parameters.values()
    ]
    signature = signature.replace(parameters=bare)
    if isinstance(signature.return_annotation, str):
        signature = signature.replace(return_annotation=_Bare(signature.return_annotation))
    return str(signature)


def lost(record: Record, text: str) -> list[str]:
    """Return the recorded lines that are not true any more."""
    there = set(text.splitlines())
    return [line for line in record.read().splitlines() if line not in there]


def assert_nothing_is_lost(record: Record, text: str) -> None:
    """Fail with a diff if a recorded line is not true any more."""
    assert not lost(record, text), record.explain(record.read(), text)


def test_public_names() -> None:
    """No public name is removed, and none has another signature, base, field or default."""
    assert_nothing_is_lost(API, describe())


def test_methods_at_run_time() -> None:
    """Every method has the recorded signature at run time, blocking, as a twin and async."""
    assert_nothing_is_lost(METHODS, describe_methods())


def test_every_public_module_is_recorded() -> None:
    """The record has all public modules, except for those of programs and of generated code."""
    found = {module.name for module in pkgutil.iter_modules(root.__path__)}
    others = {"cli", "pytest_plugin", "generated"}

    assert {name for name in found if not name.startswith("_")} - others == {*MODULES} - {""}


def test_every_name_can_be_loaded() -> None:
    """Every public name is there at run time, and not for type checkers alone."""
    for name in MODULES:
        module = importlib.import_module(f"root.{name}".rstrip("."))
        for public in module.__all__:
            assert getattr(module, public) is not None


if __name__ == "__main__":
    API.write(describe())
    METHODS.write(describe_methods())
