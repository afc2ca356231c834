"""The third face of the client: async twins on the blocking client, from the async sources.

A public module such as `src/root/models.py` ends with a class whose methods are the twins of an
async class: `acreate` for `create`, with the same signature, overloads, types and docstring. This
module writes the part of the file below its marker. It also writes `tests/_twins/` from
`tests/_async/`, so that the tests run on this face too.

Used by generate_sync.py.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

__all__ = ["TEST_TWINS", "TwinError", "find_modules", "make_test_twins", "make_twins"]

# With names in brackets, only those methods have twins, and the class has its own constructor.
MARKER = re.compile(
    r"^    # Generated twins of (?P<name>\w+)(?: \((?P<methods>[\w, ]+)\))? in (?P<source>\S+)\."
    r" Do not edit\.\n",
    re.MULTILINE,
)

TESTS = "tests/_async"
TEST_TWINS = "tests/_twins"

Method = ast.FunctionDef | ast.AsyncFunctionDef

_CONSTRUCTOR = """
    def __init__(self, client: TwinSender) -> None:
        super().__init__(client)
        self._whole = client

    _async: TwinAccessor[{name}] = TwinAccessor("root.{module}", "{name}")
"""


class TwinError(Exception):
    """A source has no valid twin; the message has the reason, and the line if there is one."""


def find_modules(root: Path) -> list[Path]:
    """Return the public modules that have twins."""
    modules = sorted((root / "src" / "root").glob("*.py"))
    return [path for path in modules if MARKER.search(path.read_text(encoding="utf-8"))]


def make_twins(root: Path, run_ruff: Callable[[str, Path], str]) -> dict[Path, str]:
    """Return the path and the text of each public module that has twins.

    Args:
        root: The project's folder.
        run_ruff: Formats the text of a module.

    Raises:
        TwinError: A class cannot have twins.
    """
    modules: dict[Path, str] = {}
    for path in find_modules(root):
        text = path.read_text(encoding="utf-8")
        found = MARKER.search(text)
        assert found is not None
        only = found["methods"].split(", ") if found["methods"] else None
        body = "".join(_twins_of(root / "src" / "root", found["source"], found["name"], only))
        modules[path] = run_ruff(text[: found.end()] + body, path)
    return modules


def _twins_of(folder: Path, place: str, name: str, only: list[str] | None) -> Iterator[str]:
    """Yield the text of the constructor and of each twin of a class.

    Args:
        folder: The folder of the package.
        place: The path of the module with the async class, in that folder.
        name: The name of the class.
        only: The methods that have twins, or None for all of them and a constructor.
    """
    source = folder / place
    methods = [
        method
        for method in _methods_of(source, name)
        if (not method.name.startswith("_") if only is None else method.name in only)
    ]
    for method in methods:
        if {"property", "cached_property"} & {*_decorators(method)}:
            raise TwinError(f"{source}: {method.name} is a property, which has no twin.")
    _check_names(methods, source)
    if only is None:
        module = ".".join(source.with_suffix("").parts[-len(Path(place).parts) :])
        yield _CONSTRUCTOR.format(name=name, module=module)
    for method in methods:
        yield "\n" + _twin(method)


def _methods_of(source: Path, name: str) -> Iterator[Method]:
    """Yield the methods of a class and of its bases in modules of the same folder."""
    classes = {
        node.name: node
        for path in (source, *sorted(source.parent.glob("*.py")))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    }
    if name not in classes:
        raise TwinError(f"{source}: there is no class {name}.")
    names = [name, *(base.id for base in classes[name].bases if isinstance(base, ast.Name))]
    for one in names:
        for node in classes[one].body if one in classes else ():
            if isinstance(node, Method) and "abstractmethod" not in _decorators(node):
                yield node


def _check_names(methods: list[Method], source: Path) -> None:
    """Refuse two methods of one name, with their twins."""
    names = [method.name for method in methods if not _is_overload(method)]
    for name in names:
        if names.count(name) > 1 or f"a{name}" in names:
            raise TwinError(f"{source}: there would be two methods with the name of {name!r}.")


def _decorators(method: Method) -> list[str]:
    return [ast.unparse(one) for one in method.decorator_list]


def _is_overload(method: Method) -> bool:
    return "overload" in _decorators(method)


def _twin(method: Method) -> str:
    """Return the text of a twin."""
    decorators = [f"@{one}" for one in _decorators(method)]
    is_async = isinstance(method, ast.AsyncFunctionDef)
    returns = f" -> {ast.unparse(method.returns)}" if method.returns else ""
    head = f"{'async ' if is_async else ''}def a{method.name}({ast.unparse(method.args)}){returns}:"
    if _is_overload(method):
        return _indented([*decorators, f"{head} ..."])
    docstring = ast.get_docstring(method, clean=False)
    if docstring:
        # In its examples, the method is called by its own name.
        docstring = re.sub(rf"(?<=\.){method.name}(?=\()", f"a{method.name}", docstring)
    lines = [*decorators, head]
    if docstring:
        lines.append(f'    """{docstring.replace(chr(10) + "    ", chr(10))}"""')
    # Arguments with secrets are hidden here too: this frame holds them as well.
    for statement in filter(_hides_argument, method.body):
        # Public modules are in the folder of the package.
        lines.append(f"    {re.sub(r'^from [.]+', 'from .', ast.unparse(statement))}")
    call = f"self._async.{method.name}({', '.join(_arguments(method.args))})"
    lines.append(f"    return {'await ' if is_async else ''}{call}")
    return _indented(lines)


def _hides_argument(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Assign)
        and isinstance(statement.value, ast.Call)
        and isinstance(statement.value.func, ast.Name)
        and statement.value.func.id in ("as_secret", "hidden")
    ) or (isinstance(statement, ast.ImportFrom) and statement.module == "_secrets.secret")


def _arguments(arguments: ast.arguments) -> Iterator[str]:
    """Yield the arguments of the call that a twin makes."""
    if arguments.vararg or arguments.kwarg:
        raise TwinError("A method with *args or **kwargs has no twin: its signature is unclear.")
    for argument in (*arguments.posonlyargs, *arguments.args)[1:]:
        yield argument.arg
    for argument in arguments.kwonlyargs:
        yield f"{argument.arg}={argument.arg}"


def _indented(lines: list[str]) -> str:
    return "".join(f"    {line}\n" for line in "\n".join(lines).split("\n"))


# Tests.

# A call that none of these matches, such as one by `getattr`, would be one of the blocking method:
# tests/one_face.py makes it fail.
_RENAMED = (
    (re.compile(r"\bAsyncRootSignals\b"), "RootSignals"),
    (re.compile(r"(?<=[\w)])\.(check|request|send)\("), r".a\1("),
    (re.compile(r"\basync def send\(self"), "async def asend(self"),
    (re.compile(r"\bhttp_client(?==)"), "async_http_client"),
    (re.compile(r"\._(transport|closed)\b"), r"._async._\1"),
)


def make_test_twins(root: Path, run_ruff: Callable[[str, Path], str]) -> dict[Path, str]:
    """Return the path and the text of each test module of the async client, for the twins."""
    modules: dict[Path, str] = {}
    resources = "|".join(path.stem for path in find_modules(root))
    method = re.compile(rf"\.({resources})\.([a-z]\w*)")
    for source in sorted((root / TESTS).rglob("*.py")):
        text = source.read_text(encoding="utf-8")
        for pattern, replacement in ((method, r".\1.a\2"), *_RENAMED):
            text = pattern.sub(replacement, text)
        path = source.relative_to(root).as_posix()
        header = f"# Generated from {path} by scripts/generate_sync.py. Do not edit.\n"
        twin = root / TEST_TWINS / source.relative_to(root / TESTS)
        modules[twin] = run_ruff(header + text, twin)
    return modules
