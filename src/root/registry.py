"""Files of models: a team's models in YAML or JSON, to keep in git and to apply.

```python
from root import RootSignals, registry

client = RootSignals()
registry.write(client.models.export(), "models.yaml")
plan = client.models.plan(registry.read("models.yaml"))
print(plan)
```

A file has a list under `models:`, and each entry a `name` and any of the other arguments of
`create`. In every string `${NAME}` stands for an environment variable, and `$$` for a dollar sign.
`default_key_file` names a file that holds the key, from the folder of the file of models.

`registry.schema.json` beside this module is a JSON Schema of it, for editors.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from shutil import copymode
from typing import Annotated, ClassVar, Protocol, TypeAlias, cast
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from ._schemas import ModelRequest, ModelSettings
from .errors import InvalidRequestError, RegistryError

try:
    import yaml
except ImportError as _missing:
    raise ImportError(
        "Files of models need the package 'pyyaml', which the extra brings: "
        'pip install "root-sdk[cli]"'
    ) from _missing

__all__ = ["dump", "read", "schema", "write"]

_HEAD = """\
# Models for the Root Signals API. Keys cannot be read back, so none stands here: where a model
# needs one, add `default_key: ${NAME}` (an environment variable) or `default_key_file: path`.
"""

_TAG = "tag:yaml.org,2002:"

# `$$` is a dollar sign, `${NAME}` a variable, and any other `${` a slip of the pen.
_VARIABLE = re.compile(r"\$(?:(\$)|\{([A-Za-z_][A-Za-z0-9_]*)\}|\{)")

# What JSON may write and YAML 1.1 does not know. Whatever else is escaped is matched first, so that
# the backslash of a backslash begins nothing.
_ESCAPED_PAIR = re.compile(r"\\u(d[89ab]..)\\u(d[c-f]..)|\\.", re.IGNORECASE)

# What the file says in words of the file's own; pydantic has good ones for the rest.
_WORDS = {
    "extra_forbidden": "there is no such field",
    "missing": "it is missing",
    "string_type": "a string is needed: put the value in quotes",
    "int_type": "a whole number is needed, in digits and without quotes",
}


class _Entry(ModelRequest):
    """A model."""

    default_key_file: Annotated[
        str,
        Field(
            min_length=1,
            description="A file that holds the API key for the model's provider; a relative path"
            " starts in the folder of this file.",
        ),
    ] = ""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        json_schema_extra={
            "not": {"required": ["default_key", "default_key_file"]},
            # White space alone, which the service takes away, is no name.
            "allOf": [{"properties": {"name": {"pattern": r"\S"}}}],
        }
    )


class _File(BaseModel):
    """Models of a team. In strings, ${NAME} stands for an environment variable, $$ for a $."""

    models: Annotated[list[_Entry], Field(description="The models; no two have the same name.")]
    place: Annotated[
        str, Field(alias="$schema", description="Where this schema is, for editors of JSON.")
    ] = ""

    model_config: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="forbid")


def read(
    path: str | os.PathLike[str], *, environment: Mapping[str, str] | None = None
) -> list[ModelSettings]:
    """Return the models that a file describes, for `plan`, `create_many` and the like.

    Args:
        path: The file, YAML or JSON.
        environment: Where `${NAME}` is looked up; `os.environ` if left out.

    Raises:
        RegistryError: The file cannot be read or is not as it should be. It tells all problems
            at once, with file, line and entry, and shows no value.
    """
    reader = _Reader(Path(path), os.environ if environment is None else environment)
    try:
        return reader.models()
    except RecursionError:
        reader.complain("it is nested too deeply")
    raise _error(reader.problems)


def dump(models: Iterable[ModelSettings], *, schema: str | None = None) -> str:
    """Return the text of a file that describes these models.

    Keys are left out, and the text says so at its head.

    Args:
        models: The models, as `export` returns them.
        schema: Where the JSON Schema is, as a path from the file's folder or a URL. Editors with
            the YAML language server then complete and check the file.

    Raises:
        InvalidRequestError: A model has a field that there is not.
    """
    fields = [name for name in ModelRequest.model_fields if name != "default_key"]
    entries: list[dict[str, str | int | None]] = []
    for model in models:
        given = cast("Mapping[str, str | int | None]", model)
        unknown = given.keys() - ModelRequest.model_fields
        if unknown:
            raise InvalidRequestError(f"Models have no field {sorted(unknown)[0]!r}.")
        entry = {name: given[name] for name in fields if name in given}
        entries.append(
            {
                name: value.replace("$", "$$") if isinstance(value, str) else value
                for name, value in entry.items()
            }
        )
    content = yaml.dump(
        {"models": entries},
        Dumper=_Dumper,
        allow_unicode=True,
        sort_keys=False,
        width=float("inf"),
    )
    place = f"# yaml-language-server: $schema={schema}\n" if schema is not None else ""
    return f"{place}{_HEAD}{content}"


def write(
    models: Iterable[ModelSettings],
    path: str | os.PathLike[str],
    *,
    schema: str | None = None,
) -> None:
    """Write what `dump` returns to a file, in place of what it held.

    If it cannot be written as a whole, as on a full disk, the file is as it was.

    Args:
        models: The models, as `export` returns them.
        path: The file.
        schema: Where the JSON Schema is, as a path from the file's folder or a URL.

    Raises:
        RegistryError: The file cannot be written.
        InvalidRequestError: A model has a field that there is not.
    """
    text = dump(models, schema=schema)
    try:
        _put(Path(path).resolve(), text)
    except OSError as exc:
        raise _error([f"{path}: it cannot be written: {exc.strerror}."]) from exc


def _put(path: Path, text: str) -> None:
    """Write a text beside a file, and then put it in the file's place."""
    if path.exists() and not path.is_file():
        # A pipe or a terminal has nothing to lose.
        path.write_text(text, encoding="utf-8", newline="\n")
        return
    beside = path.with_name(f".{uuid4().hex}.tmp")
    try:
        beside.write_text(text, encoding="utf-8", newline="\n")
        with suppress(FileNotFoundError):
            copymode(path, beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def schema() -> dict[str, JsonValue]:
    """Return a JSON Schema of such a file, as in `registry.schema.json`.

    Two things a schema cannot say: that names are unique, and that variables and files are there.
    """
    plain = cast("dict[str, JsonValue]", _without(_File.model_json_schema(), "title", "default"))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Models of Root Signals",
    } | plain


class _Dumper(yaml.SafeDumper):
    """Writes models."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    # PyYAML takes some of Unicode's line breaks for text, and folds them when it reads them.
    style = None if text.isprintable() else '"'
    return dumper.represent_scalar(f"{_TAG}str", text, style=style)  # pyright: ignore[reportUnknownMemberType]


_Dumper.add_representer(str, _text)


def _without(part: JsonValue, *names: str) -> JsonValue:
    # The defaults say that a field was left out, which no file can write.
    if isinstance(part, dict):
        return {
            name: _without(value, *names)
            for name, value in part.items()
            if name not in names or isinstance(value, dict)
        }
    return [_without(value, *names) for value in part] if isinstance(part, list) else part


def _error(problems: Iterable[str]) -> RegistryError:
    told = tuple(problems)
    error = RegistryError("\n".join(told))
    error.problems = told
    return error


class _Node(Protocol):
    """A part of a YAML file, and where it stands."""

    tag: str
    start_mark: yaml.Mark
    value: object


_Fields: TypeAlias = "dict[str, tuple[_Node, _Node]]"


class _Reader:
    """Reads one file and takes down all that is wrong with it."""

    def __init__(self, path: Path, environment: Mapping[str, str]) -> None:
        self._path = path
        self._environment = environment
        self._problems: list[tuple[int, str]] = []
        self._names: dict[str, tuple[int, str]] = {}

    @property
    def problems(self) -> list[str]:
        """All that is wrong, from top to bottom."""
        return [text for _, text in sorted(self._problems, key=lambda problem: problem[0])]

    def complain(self, text: str, line: int = 0, *place: str) -> None:
        """Note what is wrong, in which line (from 1), entry and field."""
        where = f"{self._path}:{line}" if line else f"{self._path}"
        self._problems.append((line, ": ".join([where, *place, text]) + "."))

    def models(self) -> list[ModelSettings]:
        """Return what the file describes.

        Raises:
            RegistryError: Something is wrong.
        """
        settings = [
            self._settings(fields, _line(node), f"entry {number}")
            for number, node in enumerate(self._entries(), start=1)
            if (fields := self._fields(node, f"entry {number}")) is not None
        ]
        if self._problems:
            raise _error(self.problems)
        return settings

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
                    self.complain(_WORDS["string_type"], _line(value), name)
            elif name != "models":
                self.complain("there is no such field here, only `models`", _line(key), name)
        if "models" not in fields:
            self.complain("a list under `models:` is missing", _line(node))
            return
        models = fields["models"][1]
        if not isinstance(models, yaml.SequenceNode) or models.tag != f"{_TAG}seq":
            self.complain("a list is needed ([] for none)", _line(models), "models")
            return
        yield from models.value

    def _document(self) -> _Node | None:
        try:
            text = self._path.read_text(encoding="utf-8-sig")
        except OSError as exc:
            self.complain(f"it cannot be read: {exc.strerror}")
            return None
        except UnicodeDecodeError:
            self.complain("it is not UTF-8")
            return None
        if text.lstrip().startswith("{"):
            # JSON, most likely. A tab within its strings is escaped.
            text = _ESCAPED_PAIR.sub(_joined, text).replace("\t", " ")
        try:
            # Not by libyaml: it is faster (0.03 s for 1,000 models, this takes 0.3), but a file
            # that is nested too deeply ends the process.
            node = cast("_Node | None", yaml.compose(text, yaml.SafeLoader))
        except yaml.MarkedYAMLError as exc:
            mark = exc.problem_mark or exc.context_mark
            said = exc.problem or ""
            if said.startswith("but "):
                said = f"{exc.context}, {said}"
            # What it quotes of the file may be a key.
            said = re.sub(r"(['\"]).*\1", "(it is not shown)", said, flags=re.DOTALL)
            if mark and mark.buffer and mark.buffer[mark.pointer : mark.pointer + 1] == "\t":
                said = "a tab stands where only spaces may"
            self.complain(f"this is no YAML: {said}", mark.line + 1 if mark else 0)
            return None
        except (yaml.YAMLError, ValueError, OverflowError):
            # The last two come from escapes of characters that there are not.
            self.complain("this is no YAML: it holds characters that YAML does not allow")
            return None
        if node is None:
            self.complain("a list under `models:` is missing")
        return node

    def _fields(self, node: _Node, *place: str) -> _Fields | None:
        """Return the keys and values of a mapping by name, or None if it is none."""
        if not isinstance(node, yaml.MappingNode) or node.tag != f"{_TAG}map":
            self.complain("fields with names are needed (`name: value`)", _line(node), *place)
            return None
        fields: _Fields = {}
        for key, value in cast("list[tuple[_Node, _Node]]", node.value):
            if (
                not isinstance(key, yaml.ScalarNode)
                or key.tag not in (f"{_TAG}str", f"{_TAG}merge")
                # It is shown, and a surrogate cannot be.
                or not key.value.isprintable()
            ):
                self.complain("the name of a field is a plain string", _line(key), *place)
            elif key.value in fields:
                self.complain("the field stands twice", _line(key), *place, key.value)
            else:
                fields[key.value] = key, value
        return fields

    def _settings(self, fields: _Fields, start: int, place: str) -> ModelSettings:
        """Return what an entry says, which holds only where nothing was complained of."""
        given: dict[str, object] = {}
        for name, (_, value) in fields.items():
            content = _content(value)
            if isinstance(content, str):
                content = self._filled_in(content, _line(value), place, name)
            given[name] = content
        # What cannot be filled in has been complained of, and is not looked at any further.
        unfilled = {name for name, content in given.items() if content is _UNFILLED}
        for name in unfilled:
            del given[name]
        try:
            _Entry.model_validate(given)
        except ValidationError as exc:
            for problem in exc.errors(include_url=False, include_input=False):
                name = str(problem["loc"][0])
                if name not in unfilled:
                    line = _line(fields[name][0]) if name in fields else start
                    text = _WORDS.get(problem["type"]) or problem["msg"]
                    if name in _Entry.model_fields and given.get(name, ...) is None:
                        required = _Entry.model_fields[name].is_required()
                        text = f"it cannot be null: {'give one' if required else 'leave it out'}"
                    self.complain(text, line, place, name)
        self._take_key(given, fields, place)
        own_name = given.get("name")
        if isinstance(own_name, str):
            # Without the white space around it, which the service takes away.
            line = _line(fields["name"][0])
            if own_name and not own_name.strip():
                self.complain("it is empty but for white space", line, place, "name")
            first = self._names.setdefault(own_name.strip(), (line, place))
            if first != (line, place):
                text = f"the name stands twice, first in line {first[0]}"
                self.complain(text, line, place, "name")
        return cast("ModelSettings", given)

    def _filled_in(self, text: str, line: int, *place: str) -> object:
        """Return the text with its variables filled in."""
        whole = True

        def value(match: re.Match[str]) -> str:
            nonlocal whole
            dollar, name = match.groups()
            if dollar:
                return "$"
            if name and self._environment.get(name):
                return self._environment[name]
            whole = False
            self.complain(
                f"the environment variable {name} is not set, or is empty"
                if name
                else "a variable is written ${NAME}, and a dollar sign $$",
                line,
                *place,
            )
            return ""

        filled = _VARIABLE.sub(value, text)
        return filled if whole else _UNFILLED

    def _take_key(self, given: dict[str, object], fields: _Fields, place: str) -> None:
        """Put the key that a file holds in the place of the file's name."""
        if "default_key_file" not in fields:
            return
        name = given.pop("default_key_file", None)
        where = (_line(fields["default_key_file"][0]), place, "default_key_file")
        if "default_key" in fields:
            self.complain("give this or default_key, not both", *where)
        elif isinstance(name, str) and name:
            try:
                # The name is not shown: it may be a key, given by mistake.
                key = (self._path.parent / name).read_text(encoding="utf-8").strip()
            except OSError as exc:
                self.complain(f"the file cannot be read: {exc.strerror}", *where)
            except ValueError:
                self.complain("there can be no such file, or it is not UTF-8", *where)
            else:
                given["default_key"] = key
                if not key:
                    self.complain("the file is empty", *where)


_UNFILLED = object()


def _line(node: _Node) -> int:
    return node.start_mark.line + 1


def _content(node: _Node) -> object:
    """Return a string, a whole number or None; anything else is no value of a field."""
    if not isinstance(node, yaml.ScalarNode):
        return _OTHER
    text = cast("str", node.value)
    tag = node.tag.removeprefix(_TAG)
    if tag == "str":
        return text
    if tag == "null":
        return None
    try:
        number = float(text) if tag == "float" else int(text) if tag == "int" else None
    except ValueError:
        # YAML 1.1 also reads 0x10 and 1:30 as numbers, which nobody means.
        return _OTHER
    # To a JSON Schema, 1000.0 is a whole number.
    if isinstance(number, float) and number.is_integer():
        return int(number)
    return _OTHER if number is None else number


_OTHER = object()


def _joined(match: re.Match[str]) -> str:
    high, low = match.groups()
    if high is None:
        return match[0]
    pair = chr(int(high, 16)) + chr(int(low, 16))
    return pair.encode("utf-16", "surrogatepass").decode("utf-16")
