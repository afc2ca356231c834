"""The public models that every key sees, and the providers that serve models."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, TypeAlias, TypedDict
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

# Made once at random: ids are derived from names under it, so they are the same on every
# machine, after every restart and in every later catalogue.
_NAMESPACE = UUID("6a1c3f0e-52c6-4d5b-9f0b-0d6c3e4b7a21")


class Provider(TypedDict):
    """A provider as the list shows it."""

    id: str
    name: str


@dataclass(frozen=True)
class Catalogue:
    """The public models; scripts/make_catalogue.py writes those that come with the package."""

    digest: str
    """Changes whenever the file does."""
    providers: Mapping[str, Provider]
    """By the prefix of their models' names: `azure` in `azure/gpt-4o`."""
    models: Mapping[str, int]
    """Context windows by model name, in alphabetical order."""

    def provider_of(self, model: str) -> Provider | None:
        """Return who serves a model, going by the prefix of its name."""
        return self.providers.get(model.partition("/")[0])


def model_id(name: str) -> str:
    """Return the id of a public model, the same for ever."""
    return str(uuid5(_NAMESPACE, f"model/{name}"))


def load(path: str | os.PathLike[str] | None = None) -> Catalogue:
    """Read the catalogue that comes with the package, or one of yours in the same form.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no catalogue.
    """
    if path is None:
        content = resources.files("root.emulator.resources").joinpath("catalogue.json").read_bytes()
    else:
        content = Path(path).read_bytes()
    try:
        data = _File.model_validate_json(content, strict=True)
    except ValidationError as exc:
        wrong = exc.errors(include_url=False)[0]
        place = ".".join(map(str, wrong["loc"])) or "the whole"
        raise ValueError(f"{path} is no catalogue of models: {place}: {wrong['msg']}") from exc
    return Catalogue(
        digest=hashlib.sha256(content).hexdigest(),
        providers={
            prefix: {"id": str(uuid5(_NAMESPACE, f"provider/{prefix}")), "name": name}
            for prefix, name in data.providers.items()
        },
        models=data.models,
    )


_Label: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
# What the API takes for a model's `name` and `max_token_count`.
_Name: TypeAlias = Annotated[_Label, Field(max_length=100)]
_Window: TypeAlias = Annotated[int, Field(ge=1, le=2**31 - 1)]


class _File(BaseModel):
    """Providers' names by the prefix of their models' names, and context windows by model.

    The rest says where they come from, to whoever reads the file.
    """

    model_config = ConfigDict(extra="forbid")

    origin: str = ""
    licence: str = ""
    providers: dict[str, _Label]
    models: dict[_Name, _Window]
