"""The reference of the documentation site: a page for each public module, from its `__all__`.

mkdocstrings writes what is between the lines with `:::` from signatures and docstrings. A name that
is public in several modules is described in the first of them, and the others refer to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import griffe
from site_extension import Attributes

SOURCE = Path(__file__).parent.parent / "src"

# The order of the reference; a module that is not listed follows.
ORDER = (
    *("client", "evaluators", "judges", "objectives", "models", "projects", "datasets"),
    *("execution_logs", "errors", "registry", "progress", "checks", "config", "testing"),
    *("pytest_plugin", "emulator", "cli", "skills", "utils", "generated"),
)

# Methods that all objects of responses have; they are described with `root.models.Model`.
OF_ALL_OBJECTS = {
    *("from_dict", "from_json", "model_config", "model_dump", "model_dump_json"),
    *("to_dict", "to_json", "to_str"),
}
WITH_ALL_METHODS = "root.models.Model"

# Classes of which only the client creates objects, besides resources.
NOT_CONSTRUCTED = {
    *("AsyncPager", "AsyncPlan", "Page", "Pager", "Plan", "ResponseMeta", "Server", "Settings"),
    *("AsyncStream", "Stream"),
}

INDEX = """\
The headings are import paths: `root.models.Model` is `from root.models import Model`. The names on
this page can be imported from `root` itself. Names that begin with an underscore are private.

Objects of responses share the methods of [`Model`][root.models.Model], such as
[`to_dict`][root.models.Model.to_dict], which are described only there.
"""


@cache
def load() -> griffe.Module:
    """Return the package, read from its source."""
    package = griffe.load(
        "root",
        search_paths=[SOURCE],
        extensions=griffe.load_extensions(Attributes),
        allow_inspection=False,
    )
    assert isinstance(package, griffe.Module)
    return package


def public_modules(package: griffe.Module) -> list[str]:
    """Return the names of the public modules, in the order of the reference."""
    found = {
        name
        for name, member in package.members.items()
        if not name.startswith("_") and not member.is_alias and member.is_module
    }
    return [*(name for name in ORDER if name in found), *sorted(found - set(ORDER))]


@cache
def reference() -> dict[str, str]:
    """Return the Markdown of each page by its name; `index` is the page of `root` itself."""
    package = load()
    described: dict[str, str] = {}
    pages = {}
    for name in public_modules(package):
        module = package[name]
        assert isinstance(module, griffe.Module)
        pages[name] = "\n".join(_module(module, described))
    pages["index"] = "\n".join(_module(package, described, INDEX))
    return pages


def _module(
    module: griffe.Module, described: dict[str, str], introduction: str = ""
) -> Iterator[str]:
    yield f"---\ntitle: {module.path}\n---\n"
    yield from _entry(module.path, heading_level="1", members="false")
    yield introduction
    elsewhere = []
    for name in sorted(_exports(module), key=lambda name: _rank(module, name)):
        path = f"{module.path}.{name}"
        known = described.setdefault(target(module[name]).canonical_path, path)
        if known != path:
            elsewhere.append((path, known))
        else:
            yield from _described(module, name)
    if elsewhere:
        yield "## Names of other modules\n"
        yield from (
            f'- <span id="{path}"></span>`{path}` is [`{known}`][{known}]'
            for path, known in sorted(elsewhere)
        )


def _exports(module: griffe.Module) -> list[str]:
    """Return the public names of a module; those of fixtures have no `__all__`."""
    if module.exports is not None:
        return [str(name) for name in module.exports]
    return [
        name
        for name, member in module.members.items()
        if isinstance(member, griffe.Function) and not name.startswith(("_", "pytest_"))
    ]


def _rank(module: griffe.Module, name: str) -> tuple[bool, bool, bool, str]:
    """Place the resource of the module first, and a class before its async twin."""
    blocking = name.removeprefix("Async")
    is_other = blocking.lower() != module.name.replace("_", "")
    return is_other, not _is_resource(module, blocking), name != blocking, name


def _is_resource(module: griffe.Module, name: str) -> bool:
    it = target(module[name]) if name in module.members else None
    return isinstance(it, griffe.Class) and "_async" in it.members


def _described(module: griffe.Module, name: str) -> Iterator[str]:
    path = f"{module.path}.{name}"
    it = target(module[name])
    if not isinstance(it, griffe.Class):
        yield from _entry(path)
        return
    blocking = name.removeprefix("Async")
    is_resource = _is_resource(module, blocking)
    options = {
        "merge_init_into_class": str(not (is_resource or name in NOT_CONSTRUCTED)).lower(),
        "show_bases": str(module.name == "errors").lower(),
    }
    if is_resource and name != blocking:
        yield from _entry(path, members="false", inherited_members="false", **options)
        yield f"Its methods are those of [`{blocking}`][{module.path}.{blocking}], without twins.\n"
        return
    members = _members(it, path)
    # The evaluators of the service are attributes, and many.
    members.sort(key=lambda name: is_resource and not it.all_members[name].is_function)
    twins = [name for name in members if is_resource and _is_twin(it, name)]
    shown = [name for name in members if name not in twins]
    if shown:
        yield from _entry(path, members=str(shown), **options)
    else:
        yield from _entry(path, members="false", inherited_members="false", **options)
    if twins:
        yield f"Twins: {', '.join(f'`{name}`' for name in twins)}.\n"


def _members(it: griffe.Class, path: str) -> list[str]:
    """Return the members that have an entry: those that nothing else describes."""
    sections = it.docstring.parse("google") if it.docstring else []
    listed = {
        attribute.name
        for section in sections
        if isinstance(section, griffe.DocstringSectionAttributes)
        for attribute in section.value
    }
    return [
        name
        for name, member in it.all_members.items()
        if not name.startswith("_")
        and name not in listed
        and (path == WITH_ALL_METHODS or name not in OF_ALL_OBJECTS)
        and not _is_of_base(it, target(member))
    ]


def _is_of_base(it: griffe.Class, member: griffe.Object) -> bool:
    """Return whether an error has this member from another error of the reference."""
    owner = member.parent
    return it.module.name == "errors" and owner is not None and owner.path != it.path


def _is_twin(it: griffe.Class, name: str) -> bool:
    return name.startswith("a") and name[1:].rstrip("_") in it.all_members


def _entry(path: str, heading_level: str = "2", **options: str) -> Iterator[str]:
    yield f"::: {path}"
    yield "    options:"
    for name, value in {"heading_level": heading_level, **options}.items():
        yield f"      {name}: {value}"
    yield ""


def target(it: griffe.Object | griffe.Alias) -> griffe.Object:
    """Return what a name stands for."""
    return it.final_target if isinstance(it, griffe.Alias) else it


def as_text(page: str) -> str:
    """Return a page of the reference with signatures and docstrings in place of the `:::` lines."""
    package = load()

    def expand(match: re.Match[str]) -> str:
        path, options = match.groups()
        it = target(package[path.partition(".")[2]]) if "." in path else package
        members = re.findall(r"'(\w+)'", options)
        return "\n".join([*_text(it, path), *_texts_of(it, path, members)])

    return re.sub(r"^::: (\S+)\n    options:\n((?:      .*\n)*)", expand, page, flags=re.MULTILINE)


def _text(it: griffe.Object, path: str, level: int = 2) -> Iterator[str]:
    yield f"{'#' * level} {path}\n"
    if isinstance(it, griffe.Function):
        kind = "async def" if "async" in it.labels else "def"
        yield f"```python\n{kind} {it.signature()}\n```\n"
    elif isinstance(it, griffe.Attribute) and it.annotation is not None:
        yield f"Type: `{it.annotation}`\n"
    if it.docstring:
        yield f"{it.docstring.value}\n"


def _texts_of(it: griffe.Object, path: str, members: list[str]) -> Iterator[str]:
    for name in members:
        member = target(it.all_members[name])
        if isinstance(member, griffe.Attribute) and not member.docstring:
            yield f"- `{name}`: `{member.annotation}`"
        else:
            yield from _text(member, f"{path}.{name}", level=3)
    yield ""
