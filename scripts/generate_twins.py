"""The third face of the client: async twins on the blocking client, from the async sources.

A public module such as `src/root/models.py` ends with a class whose methods are the twins of an
async class: `acreate` for `create`, with the same signature, overloads, types and docstring. This
module writes the part of the file below its marker. It also writes `tests/_twins/` from
`tests/_async/`, so that the tests run on this face too.

Used by generate_sync.py.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

__all__ = ["TEST_TWINS", "TwinError", "find_modules", "make_test_twins", "make_twins"]

# With names in brackets, only those methods have twins, and the class has its own constructor.
MARKER = re.compile(
    r"^    # Generated twins of (?P<name>\w+)(?:\[(?P<types>[\w, ]+)\])?"
    r"(?: \((?P<methods>[\w, ]+)\))? in(?: |\n    # )(?P<source>\S+)\."
    r" Do not edit\.\n",
    re.MULTILINE,
)

# A line that is meant as one, but may have a typing error.
LIKE_MARKER = re.compile(r"^ *#.*\bgenerated twins?\b.*", re.IGNORECASE | re.MULTILINE)

TESTS = "tests/_async"
TEST_TWINS = "tests/_twins"

Method = ast.FunctionDef | ast.AsyncFunctionDef

_CONSTRUCTOR = """
    def __init__(self, client: TwinSender) -> None:
        super().__init__(client)
        self._whole = client

    _async: Accessor[{full}] = Accessor("root.{module}", "{name}", twin)
"""


class TwinError(Exception):
    """A source has no valid twin; the message has the reason, and the file and line if known."""


def find_modules(root: Path) -> list[Path]:
    """Return the public modules that have twins, or a line that is meant to say so."""
    modules = sorted((root / "src" / "root").glob("*.py"))
    return [path for path in modules if LIKE_MARKER.search(path.read_text(encoding="utf-8"))]


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
        _check_markers(path, text)
        parts: list[str] = []
        position = 0
        for found in MARKER.finditer(text):
            place = f"{path}:{_line(text, found)}"
            body = "".join(_twins_of(root / "src" / "root", found, place))
            parts += [text[position : found.end()], body]
            # The next class begins where a line is not indented.
            following = re.compile(r"^\S", re.MULTILINE).search(text, found.end())
            position = len(text) if following is None else following.start()
        modules[path] = run_ruff("".join([*parts, text[position:]]), path)
    return modules


def _line(text: str, found: re.Match[str]) -> int:
    return text.count("\n", 0, found.start()) + 1


def _check_markers(path: Path, text: str) -> None:
    """Refuse a line that looks like a marker, but is none: its class would have no twins."""
    starts = {found.start() for found in MARKER.finditer(text)}
    for found in LIKE_MARKER.finditer(text):
        if found.start() not in starts:
            raise TwinError(
                f"{path}:{_line(text, found)}: {found[0].strip()!r} is not of the form"
                " '# Generated twins of AsyncThings in _async/resources/things.py. Do not edit.'"
            )


def _twins_of(folder: Path, marker: re.Match[str], place: str) -> Iterator[str]:
    """Yield the text of the constructor and of each twin of a class.

    Args:
        folder: The folder of the package.
        marker: The line above them: the name of the async class and its module, the classes that
            stand for its type variables, and, if not all methods have twins, those that have.
        place: The file and the number of that line.
    """
    name = marker["name"]
    only = marker["methods"].split(", ") if marker["methods"] else None
    source = folder / marker["source"]
    if not source.is_file():
        raise TwinError(f"{place}: there is no file {source}.")
    type_names = marker["types"].split(", ") if marker["types"] else []
    variables = _variables_of(source, name)
    if len(variables) != len(type_names):
        raise TwinError(f"{place}: {name} has {len(variables)} type variables.")
    types = dict(zip(variables, type_names, strict=True))
    found = [
        (method, {variable: types.get(one, one) for variable, one in own.items()}, path)
        for method, own, path in _methods_of(source, name)
        if (_has_twin(method) if only is None else method.name in only)
    ]
    methods = [method for method, _, _ in found]
    missing = {*(only or ())} - {method.name for method in methods}
    if missing:
        raise TwinError(f"{place}: {name} has no method {', '.join(sorted(missing))}.")
    for method, _, path in found:
        _check_method(method, path)
    _check_names(methods, source)
    if only is None:
        module = ".".join(source.with_suffix("").parts[-len(Path(marker["source"]).parts) :])
        full = f"{name}[{marker['types']}]" if marker["types"] else name
        yield _CONSTRUCTOR.format(name=name, full=full, module=module)
    for method, own, _ in found:
        yield "\n" + _twin(method, types | own)
    for alias, method_name in _aliases_of(source, name):
        if only is None:
            yield f"\n    {_twin_name(alias)} = {_twin_name(method_name)}\n"


def _methods_of(source: Path, name: str) -> Iterator[tuple[Method, dict[str, str], Path]]:
    """Yield the methods of a class, and of its bases in the same folder or in resource.py.

    With each one, there is what stands for the type variables of its own class, and its file.
    """
    paths = (source, *sorted(source.parent.glob("*.py")), *_shared_modules(source))
    classes = {
        node.name: (node, path)
        for path in paths
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    }
    for base in (ast.Name(name), *classes[name][0].bases):
        one, _, arguments = ast.unparse(base).removesuffix("]").partition("[")
        if one not in classes:
            continue
        node, path = classes[one]
        types = {}
        if arguments:
            types = dict(zip(_variables_of(path, one), arguments.split(", "), strict=True))
        for method in node.body:
            if isinstance(method, Method) and "abstractmethod" not in _decorators(method):
                yield method, types, path


def _shared_modules(source: Path) -> list[Path]:
    """Return the module with the base classes of all resources."""
    modules = [folder / "resource.py" for folder in source.parents if folder.name == "_async"]
    return [path for path in modules if path.exists() and path != source]


def _has_twin(method: Method) -> bool:
    """Return whether a public method is awaited, or returns what is iterated asynchronously.

    The others make no calls: they are the same on all faces.
    """
    if method.name.startswith("_"):
        return False
    returned = "" if method.returns is None else ast.unparse(method.returns)
    return (
        isinstance(method, ast.AsyncFunctionDef)
        or "Async" in returned
        or bool({"property", "cached_property"} & {*_decorators(method)})
    )


def _class_of(source: Path, name: str) -> ast.ClassDef:
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return node
    raise TwinError(f"{source}: there is no class {name}, which has twins.")


def _variables_of(source: Path, name: str) -> list[str]:
    """Return the names of the type variables of a class."""
    for base in _class_of(source, name).bases:
        if isinstance(base, ast.Subscript) and ast.unparse(base.value) == "Generic":
            return ast.unparse(base.slice).strip("()").split(", ")
    return []


def _aliases_of(source: Path, name: str) -> Iterator[tuple[str, str]]:
    """Yield the second names of methods, and the methods: `retrieve = get`."""
    for node in _class_of(source, name).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
            (target,) = node.targets
            if isinstance(target, ast.Name) and not target.id.startswith("_"):
                yield target.id, node.value.id


def _check_method(method: Method, source: Path) -> None:
    """Refuse a method whose twin would not do the same."""
    reason = None
    if {*_decorators(method)} - {"overload"}:
        reason = f"is decorated with {', '.join(_decorators(method))}"
    elif method.args.vararg or method.args.kwarg:
        reason = "has *args or **kwargs, so its signature is unclear"
    elif any(isinstance(node, ast.Yield) for node in ast.walk(method)):
        reason = "is a generator, which cannot be awaited"
    if reason:
        raise TwinError(f"{source}:{method.lineno}: {method.name} has no twin: it {reason}.")


def _check_names(methods: list[Method], source: Path) -> None:
    """Refuse two methods of one name, with their twins."""
    names = [method.name for method in methods if not _is_overload(method)]
    for name in names:
        if names.count(name) > 1 or f"a{name}" in names:
            raise TwinError(f"{source}: there would be two methods with the name of {name!r}.")


def _twin_name(name: str) -> str:
    """Return the name of a twin; a keyword gets an underscore: `await_` for `wait`."""
    twin = f"a{name}"
    return f"{twin}_" if keyword.iskeyword(twin) else twin


def _decorators(method: Method) -> list[str]:
    return [ast.unparse(one) for one in method.decorator_list]


def _is_overload(method: Method) -> bool:
    return "overload" in _decorators(method)


def _twin(method: Method, types: Mapping[str, str]) -> str:
    """Return the text of a twin, with these types in place of type variables."""
    decorators = [f"@{one}" for one in _decorators(method)]
    is_async = isinstance(method, ast.AsyncFunctionDef)
    returns = f" -> {ast.unparse(method.returns)}" if method.returns else ""
    signature = f"({ast.unparse(method.args)}){returns}"
    for variable, type_name in types.items():
        signature = re.sub(rf"\b{variable}\b", type_name, signature)
    head = f"{'async ' if is_async else ''}def {_twin_name(method.name)}{signature}:"
    if _is_overload(method):
        return _indented([*decorators, f"{head} ..."])
    docstring = ast.get_docstring(method, clean=False)
    if docstring:
        # In its examples, the method is called by its own name.
        name = _twin_name(method.name)
        docstring = re.sub(rf"(?<=\.){method.name}(?=\()", name, docstring)
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
    (re.compile(r"(?<=[\w)\]])\.(check|request|run|send)\("), r".a\1("),
    # The evaluators of the service are called by themselves.
    (re.compile(r"(\.evaluators\.[A-Z]\w+)\("), r"\1.arun("),
    (re.compile(r"\basync def send\(self"), "async def asend(self"),
    (re.compile(r"\bhttp_client(?==)"), "async_http_client"),
    (re.compile(r"\._(transport|closed)\b"), r"._async._\1"),
)


def _twin_names(root: Path, modules: list[Path]) -> Iterator[str]:
    """Yield the names of the methods that have twins, and their second names."""
    for path in modules:
        for marker in MARKER.finditer(path.read_text(encoding="utf-8")):
            source = root / "src" / "root" / marker["source"]
            for method, _, _ in _methods_of(source, marker["name"]):
                if _has_twin(method):
                    yield method.name
            for alias, _ in _aliases_of(source, marker["name"]):
                yield alias


def make_test_twins(root: Path, run_ruff: Callable[[str, Path], str]) -> dict[Path, str]:
    """Return the path and the text of each test module of the async client, for the twins."""
    modules: dict[Path, str] = {}
    modules_with_twins = find_modules(root)
    resources = "|".join(path.stem for path in modules_with_twins)
    # Also those of a part of a resource: `client.evaluators.versions.list`.
    method = re.compile(rf"(\.(?:{resources})\.(?:[a-z]\w*\.)?)([a-z]\w*)")
    twins = {*_twin_names(root, modules_with_twins)}

    def rename(found: re.Match[str]) -> str:
        prefix, name = found.groups()
        return f"{prefix}{_twin_name(name) if name in twins else name}"

    for source in sorted((root / TESTS).rglob("*.py")):
        text = source.read_text(encoding="utf-8")
        text = method.sub(rename, text)
        for pattern, replacement in _RENAMED:
            text = pattern.sub(replacement, text)
        path = source.relative_to(root).as_posix()
        header = f"# Generated from {path} by scripts/generate_sync.py. Do not edit.\n"
        twin = root / TEST_TWINS / source.relative_to(root / TESTS)
        modules[twin] = run_ruff(header + text, twin)
    return modules
