"""Files of models in YAML or JSON, to keep under version control and to apply.

```python
from root import RootSignals, registry

client = RootSignals()
registry.write(client.models.export(), "models.yaml")
plan = client.models.plan(registry.read("models.yaml"))
print(plan)
```

A file has a list under `models:`; each entry has a `name` and any of the other arguments of
`create`. In every string, `${NAME}` is replaced by the environment variable and `$$` by `$`.
`default_key_file` is the path of a file that contains the key, in the folder of the file of models.

`registry.schema.json` in the folder of this module is a JSON Schema of such files, for editors.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from shutil import copymode
from types import NoneType
from typing import Annotated, ClassVar, cast
from uuid import uuid4

try:
    import yaml
except ImportError as _missing:
    from .__about__ import install_advice

    raise ImportError(
        f"Files of models require the package 'pyyaml'. {install_advice('cli')}"
    ) from _missing
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from ._plans.file_reader import (
    KEY_FIELD,
    KEY_FILE_FIELD,
    YAML_TAG,
    Entry,
    FileReader,
    registry_error,
)
from ._schemas.models import ModelRequest, ModelSettings
from .errors import InvalidRequestError

__all__ = ["dump", "read", "schema", "write"]


_HEAD = f"""\
# Models for the Root Signals API. Keys cannot be read back, so this file has none. If a model
# needs one, add `{KEY_FIELD}: ${{NAME}}` (an environment variable) or `{KEY_FILE_FIELD}: path`.
"""


class _File(BaseModel):
    """Models. In strings, ${NAME} is replaced by an environment variable, and $$ by $."""

    models: Annotated[list[Entry], Field(description="The models; names are unique.")]
    schema_location: Annotated[
        str, Field(alias="$schema", description="The path or URL of this schema, for JSON editors.")
    ] = ""

    model_config: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="forbid")


def read(
    path: str | os.PathLike[str],
    *,
    environment: Mapping[str, str] | None = None,
    key_folder: str | os.PathLike[str] | None = None,
) -> list[ModelSettings]:
    """Return the models of a file, for `plan`, `create_many` and similar methods.

    The author of the file decides which variables and key files are sent to the service, and where
    the models are. A plan shows the names of the variables and key files: read it before you apply
    it.

    Args:
        path: The file, YAML or JSON.
        environment: The values of variables; `os.environ` if omitted.
        key_folder: The folder that contains the key files, itself or in subfolders; the folder of
            the file if omitted.

    Raises:
        RegistryError: The file cannot be read or is invalid. `.problems` lists all problems, each
            with its file, line and entry, and without values of the file.
    """
    reader = FileReader(
        Path(path),
        os.environ if environment is None else environment,
        Path(path).parent if key_folder is None else Path(key_folder),
    )
    try:
        return reader.models()
    except RecursionError:
        reader.report("the file is nested too deeply")
    raise registry_error(reader.problems)


def dump(
    models: Iterable[ModelSettings | Mapping[str, object]], *, schema: str | None = None
) -> str:
    """Return the text of a file of these models.

    Keys are omitted; a comment at the top of the file explains it.

    Args:
        models: The models, as `export` returns them.
        schema: The URL of the JSON Schema, or its path relative to the folder of the file.
            Editors with the YAML language server then complete and validate the file.

    Raises:
        InvalidRequestError: A model has an unknown field, or a value of a wrong type.
    """
    fields = [name for name in ModelRequest.model_fields if name != KEY_FIELD]
    entries: list[dict[str, str | int | None]] = []
    for model in models:
        unknown = model.keys() - ModelRequest.model_fields
        if unknown:
            raise InvalidRequestError(
                f"The settings of a model have an unknown field: {sorted(unknown)[0]!r}."
            )
        for name, value in model.items():
            if not isinstance(value, (str, int, NoneType)):
                raise InvalidRequestError(
                    f"The field {name!r} of a model must be a string, an integer or None, not"
                    f" {type(value).__name__}."
                )
        given = cast("Mapping[str, str | int | None]", model)
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
    modeline = f"# yaml-language-server: $schema={schema}\n" if schema is not None else ""
    return f"{modeline}{_HEAD}{_escaped(content)}"


def write(
    models: Iterable[ModelSettings | Mapping[str, object]],
    path: str | os.PathLike[str],
    *,
    schema: str | None = None,
) -> None:
    """Write a file of these models, with the text that `dump` returns.

    An existing file is replaced only after the new one is complete: if writing fails, as on a full
    disk, it is unchanged.

    Args:
        models: The models, as `export` returns them.
        path: The file.
        schema: The URL of the JSON Schema, or its path relative to the folder of the file.

    Raises:
        RegistryError: The file cannot be written.
        InvalidRequestError: A model has an unknown field, or a value of a wrong type.
    """
    text = dump(models, schema=schema)
    try:
        _replace(Path(path).resolve(), text)
    except OSError as exc:
        raise registry_error([f"{path}: the file cannot be written: {exc.strerror}."]) from exc


def _replace(path: Path, text: str) -> None:
    """Write a temporary file in the same folder, and rename it."""
    if path.exists() and not path.is_file():
        # A pipe or a terminal cannot be renamed to.
        path.write_text(text, encoding="utf-8", newline="\n")
        return
    temporary = path.with_name(f".{uuid4().hex}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        with suppress(FileNotFoundError):
            copymode(path, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def schema() -> dict[str, JsonValue]:
    """Return the JSON Schema of such files, which `registry.schema.json` contains.

    A schema cannot require that names are unique, and that variables and key files exist; `read`
    checks this.
    """
    # The defaults of the fields mean that a field was omitted; a file cannot contain them.
    schema = cast("dict[str, JsonValue]", _without(_File.model_json_schema(), "title", "default"))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Models of Root Signals",
    } | schema


def _escaped(text: str) -> str:
    """Return YAML in which characters that are not printable are escaped.

    PyYAML does not escape all of them, such as those that reverse the direction of text.
    """
    if text.replace("\n", "").isprintable():
        return text
    return "".join(
        one if one.isprintable() or one == "\n" else f"\\U{ord(one):08x}" for one in text
    )


class _Dumper(yaml.SafeDumper):
    """Writes strings in quotes if they contain characters that are not printable."""


def _represent_str(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    # PyYAML writes some of Unicode's line breaks unquoted, and folds them when it reads them.
    style = None if text.isprintable() else '"'
    return dumper.represent_scalar(f"{YAML_TAG}str", text, style=style)  # pyright: ignore[reportUnknownMemberType]


_Dumper.add_representer(str, _represent_str)


def _without(part: JsonValue, *names: str) -> JsonValue:
    """Return a JSON Schema without these keywords."""
    if isinstance(part, dict):
        return {
            name: _without(value, *names)
            for name, value in part.items()
            if name not in names or isinstance(value, dict)
        }
    return [_without(value, *names) for value in part] if isinstance(part, list) else part
