"""Reads files of models, and collects every problem in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Protocol, TypeAlias, cast

import yaml
from pydantic import ConfigDict, Field, ValidationError

from .._schemas.models import ModelRequest, ModelSettings
from .._schemas.requests import describe_problem
from .._secrets.redact import printable
from .._secrets.secret import Secret, SecretBytes, Sourced, source_of
from ..errors import RegistryError

__all__ = ["KEY_FIELD", "KEY_FILE_FIELD", "YAML_TAG", "Entry", "FileReader", "registry_error"]

YAML_TAG = "tag:yaml.org,2002:"
"""What the tags of YAML's own types begin with."""

(KEY_FIELD,) = ModelRequest.sensitive_fields()
"""The field of an entry that has the key."""

KEY_FILE_FIELD = f"{KEY_FIELD}_file"
"""The field of an entry that has the path of a file that contains the key."""

# `$$` is a dollar sign, `${NAME}` a variable, and any other `${` an error.
_VARIABLE = re.compile(r"\$(?:(\$)|\{([A-Za-z_][A-Za-z0-9_]*)\}|\{)")

# Bytes of a file of models: tens of thousands of them.
_MAX_FILE = 16 * 1024 * 1024

# Longer keys are longer than a header may be on most servers.
_MAX_KEY_FILE = 8192

# As the value of a header, without surrounding white space.
_KEY = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")

# A surrogate pair, which JSON allows and YAML 1.1 does not. Other escapes are matched as a whole,
# so that an escaped backslash does not begin another escape.
_SURROGATE_PAIR = re.compile(r"\\u(d[89ab]..)\\u(d[c-f]..)|\\.", re.IGNORECASE)

# Where the file needs other words than pydantic's.
_MESSAGES = {
    "extra_forbidden": "unknown field",
    "missing": "the field is required",
    "string_type": "must be a string; put the value in quotes",
    "int_type": "must be an integer, in digits and without quotes",
}


class Entry(ModelRequest):
    """A model."""

    default_key_file: Annotated[
        str,
        Field(
            min_length=1,
            description="A file that contains the API key for the model's provider, in the folder"
            " of this file; a relative path is relative to that folder.",
        ),
    ] = ""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        json_schema_extra={
            "not": {"required": [KEY_FIELD, KEY_FILE_FIELD]},
            # The service strips whitespace, so whitespace alone is not a name.
            "allOf": [{"properties": {"name": {"pattern": r"\S"}}}],
        }
    )


def registry_error(problems: Iterable[str]) -> RegistryError:
    """Return an error with these problems."""
    lines = tuple(map(printable, problems))
    return RegistryError("\n".join(lines), problems=lines)


class _Node(Protocol):
    """A node of a YAML document, with its position."""

    tag: str
    start_mark: yaml.Mark
    value: object


_Fields: TypeAlias = "dict[str, tuple[_Node, _Node]]"


class FileReader:
    """Reads one file, and collects every problem in it.

    Args:
        path: The file.
        environment: The values of variables.
        key_folder: The folder that key files have to be in.
    """

    def __init__(self, path: Path, environment: Mapping[str, str], key_folder: Path) -> None:
        self._path = path
        self._environment = environment
        self._key_folder = key_folder
        self._problems: list[tuple[int, str]] = []
        self._names: dict[str, tuple[int, str]] = {}

    @property
    def problems(self) -> list[str]:
        """The problems, in the order of the lines."""
        return [text for _, text in sorted(self._problems, key=lambda problem: problem[0])]

    def report(self, problem: str, line: int = 0, *place: str) -> None:
        """Add a problem.

        Args:
            problem: The problem, without a full stop.
            line: Its line, from 1, or 0 if it concerns the whole file.
            place: The entry and the field.
        """
        where = f"{self._path}:{line}" if line else f"{self._path}"
        self._problems.append((line, ": ".join([where, *place, problem]) + "."))

    def models(self) -> list[ModelSettings]:
        """Return the models of the file.

        Raises:
            RegistryError: The file has a problem.
        """
        settings = [*self._read()]
        if self._problems:
            # Tracebacks may show local variables, and this one contains keys.
            del settings
            raise registry_error(self.problems)
        return settings

    def _read(self) -> Iterator[ModelSettings]:
        """Yield the settings of each entry; they are valid only if no problem was reported."""
        for number, node in enumerate(self._entries(), start=1):
            place = f"entry {number}"
            fields = self._fields(node, place)
            if fields is not None:
                yield self._settings(fields, _line(node), place)

    def _entries(self) -> Iterator[_Node]:
        node = self._document()
        if node is None:
            return
        fields = self._fields(node)
        if fields is None:
            return
        for name, (key, value) in fields.items():
            if name == "$schema":
                if not isinstance(_content(value), str):
                    self.report(_MESSAGES["string_type"], _line(value), name)
            elif name != "models":
                self.report("unknown field; only `models` is allowed here", _line(key), name)
        if "models" not in fields:
            self.report("a list under `models:` is required", _line(node))
            return
        models = fields["models"][1]
        if not isinstance(models, yaml.SequenceNode) or models.tag != f"{YAML_TAG}seq":
            self.report("must be a list ([] if it is empty)", _line(models), "models")
            return
        yield from models.value

    def _document(self) -> _Node | None:
        try:
            with self._path.open("rb") as file:
                content = file.read(_MAX_FILE + 1)
            text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        except OSError as exc:
            self.report(f"the file cannot be read: {exc.strerror}")
            return None
        except UnicodeDecodeError:
            self.report("the file is not UTF-8")
            return None
        if len(content) > _MAX_FILE:
            self.report("the file has more than 16 MiB")
            return None
        if text.lstrip().startswith("{"):
            # Most likely JSON, which may be indented with tabs. Tabs in its strings are escaped.
            text = _SURROGATE_PAIR.sub(_joined, text).replace("\t", " ")
        try:
            # Not with libyaml: it is faster (0.03 s for 1,000 models instead of 0.3), but a file
            # that is nested too deeply crashes the process.
            node = cast("_Node | None", yaml.compose(text, yaml.SafeLoader))
        except yaml.MarkedYAMLError as exc:
            mark = exc.problem_mark or exc.context_mark
            self.report(f"invalid YAML: {_syntax_problem(exc)}", mark.line + 1 if mark else 0)
            return None
        except (yaml.YAMLError, ValueError, OverflowError):
            # PyYAML raises the last two for escapes of characters that do not exist.
            self.report("invalid YAML: the file contains characters that YAML does not allow")
            return None
        if node is None:
            self.report("a list under `models:` is required")
        return node

    def _fields(self, node: _Node, *place: str) -> _Fields | None:
        """Return the keys and values of a mapping by name, or None if it is not a mapping."""
        if not isinstance(node, yaml.MappingNode) or node.tag != f"{YAML_TAG}map":
            self.report("must be a mapping of fields (`name: value`)", _line(node), *place)
            return None
        fields: _Fields = {}
        for key, value in cast("list[tuple[_Node, _Node]]", node.value):
            if (
                not isinstance(key, yaml.ScalarNode)
                or key.tag not in (f"{YAML_TAG}str", f"{YAML_TAG}merge")
                # Messages contain it, and cannot contain a surrogate.
                or not key.value.isprintable()
            ):
                self.report("the name of a field must be a plain string", _line(key), *place)
            elif key.value in fields:
                self.report("the field occurs twice", _line(key), *place, key.value)
            else:
                fields[key.value] = key, value
        return fields

    def _settings(self, fields: _Fields, start: int, place: str) -> ModelSettings:
        """Return the settings of an entry; they are valid only if no problem was reported."""
        given: dict[str, object] = {}
        for name, (_, value) in fields.items():
            content = _content(value)
            if isinstance(content, str):
                content = self._expand(content, _line(value), place, name)
                if name == KEY_FIELD and isinstance(content, str):
                    content = self._with_source(content, _line(value))
            given[name] = content
        # A field with an invalid variable has been reported, and is not validated.
        invalid = {name for name, content in given.items() if content is _INVALID}
        for name in invalid:
            del given[name]
        try:
            Entry.model_validate(given)
        except ValidationError as exc:
            for problem in exc.errors(include_url=False, include_input=False):
                name = str(problem["loc"][0])
                if name not in invalid:
                    line = _line(fields[name][0]) if name in fields else start
                    text = _MESSAGES.get(problem["type"]) or describe_problem(problem)
                    if name in Entry.model_fields and given.get(name, ...) is None:
                        required = Entry.model_fields[name].is_required()
                        text = f"must not be null; {'enter a value' if required else 'omit it'}"
                    self.report(text, line, place, name)
        self._read_key(given, fields, place)
        own_name = given.get("name")
        if isinstance(own_name, str):
            self._check_name(own_name, _line(fields["name"][0]), place)
        return cast("ModelSettings", given)

    def _check_name(self, name: str, line: int, place: str) -> None:
        # The service strips whitespace.
        stripped = name.strip()
        if name and not stripped:
            self.report("must not be only whitespace", line, place, "name")
        first = self._names.setdefault(stripped, (line, place))
        if first != (line, place):
            self.report(f"the name occurs twice, first in line {first[0]}", line, place, "name")

    def _expand(self, text: str, line: int, *place: str) -> object:
        """Return the text with the values of its variables."""
        is_valid = True

        def value(match: re.Match[str]) -> str:
            nonlocal is_valid
            dollar, name = match.groups()
            if dollar:
                return "$"
            if name and self._environment.get(name):
                return self._environment[name]
            is_valid = False
            self.report(
                f"the environment variable {name} is not set or is empty"
                if name
                else "write a variable as ${NAME}, and a dollar sign as $$",
                line,
                *place,
            )
            return ""

        expanded = _VARIABLE.sub(value, text)
        if not is_valid:
            return _INVALID
        return (
            Sourced(expanded, text)
            if any(name for _, name in _VARIABLE.findall(text))
            else expanded
        )

    def _with_source(self, key: str, line: int) -> Sourced:
        """Return a key with its variables as its source, or else its line."""
        written = source_of(key) if isinstance(key, Sourced) else ""
        names = dict.fromkeys(name for _, name in _VARIABLE.findall(written) if name)
        source = " and ".join(f"${{{name}}}" for name in names)
        return Sourced(key, source or f"{self._path}:{line}")

    def _read_key(self, given: dict[str, object], fields: _Fields, place: str) -> None:
        """Replace the path of a key file by the key."""
        if KEY_FILE_FIELD not in fields:
            return
        path = given.pop(KEY_FILE_FIELD, None)
        where = (_line(fields[KEY_FILE_FIELD][0]), place, KEY_FILE_FIELD)
        if KEY_FIELD in fields:
            self.report(f"use either this or {KEY_FIELD}, not both", *where)
        elif isinstance(path, str) and path:
            try:
                key = _key_in(self._path.parent / path, self._key_folder)
            # Messages do not contain the path: by mistake, it may be a key.
            except OSError as exc:
                self.report(f"the file cannot be read: {exc.strerror}", *where)
            except _KeyFileError as exc:
                self.report(str(exc), *where)
            except (ValueError, RuntimeError):
                # Python before 3.13 raises the latter for a link to itself.
                self.report("the path is invalid, or the file is not UTF-8", *where)
            else:
                given[KEY_FIELD] = Sourced(key, source_of(path))


class _KeyFileError(Exception):
    """A file cannot be a key file."""


def _key_in(path: Path, folder: Path) -> Secret:
    """Return the key in a key file.

    Raises:
        OSError: The file cannot be read.
        ValueError: The path is invalid, or the file is not UTF-8.
        _KeyFileError: It is outside of the folder, or contains something else.
    """
    path = path.resolve(strict=True)
    # The author of a file of models decides where the keys are sent.
    if not path.is_relative_to(folder.resolve()):
        raise _KeyFileError(
            "the file must be in the folder of this file, unless another one is allowed with"
            " key_folder (--key-folder)"
        )
    if not path.is_file():
        raise _KeyFileError("must be a regular file")
    with path.open("rb") as file:
        content = SecretBytes(file.read(_MAX_KEY_FILE + 1))
    if len(content) > _MAX_KEY_FILE:
        raise _KeyFileError(f"the file is larger than {_MAX_KEY_FILE // 1024} KiB")
    key = Secret(content.decode("utf-8-sig").strip())
    if not key:
        raise _KeyFileError("the file is empty")
    if not _KEY.fullmatch(key):
        raise _KeyFileError("the file must contain a key: one line of printable ASCII characters")
    return key


# The content of a field with an invalid variable.
_INVALID = object()

# The content of a field that no field accepts.
_OTHER = object()


def _line(node: _Node) -> int:
    return node.start_mark.line + 1


def _content(node: _Node) -> object:
    """Return a string, an integer or None; no field accepts anything else."""
    if not isinstance(node, yaml.ScalarNode):
        return _OTHER
    text = cast("str", node.value)
    tag = node.tag.removeprefix(YAML_TAG)
    if tag == "str":
        return text
    if tag == "null":
        return None
    try:
        number = float(text) if tag == "float" else int(text) if tag == "int" else None
    except ValueError:
        # YAML 1.1 also reads 0x10 and 1:30 as numbers, which is rarely intended.
        return _OTHER
    # In a JSON Schema, 1000.0 is an integer.
    if isinstance(number, float) and number.is_integer():
        return int(number)
    return _OTHER if number is None else number


def _syntax_problem(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    if mark and mark.buffer and mark.buffer[mark.pointer : mark.pointer + 1] == "\t":
        return "a tab is not allowed here; use spaces"
    problem = error.problem or ""
    if problem.startswith("but "):
        problem = f"{error.context}, {problem}"
    # Quotations from the file may contain a key.
    return re.sub(r"(['\"]).*\1", "(not shown)", problem, flags=re.DOTALL)


def _joined(match: re.Match[str]) -> str:
    high, low = match.groups()
    if high is None:
        return match[0]
    pair = chr(int(high, 16)) + chr(int(low, 16))
    return pair.encode("utf-16", "surrogatepass").decode("utf-16")
