"""The catalogue of public models and their providers."""

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

# A random UUID. IDs are derived from names in this namespace, so they are the same on every
# machine, after every restart and in every later catalogue.
_NAMESPACE = UUID("6a1c3f0e-52c6-4d5b-9f0b-0d6c3e4b7a21")


class Provider(TypedDict):
    """A provider as it appears in the list of models."""

    id: str
    name: str


@dataclass(frozen=True)
class Catalogue:
    """The public models; scripts/make_catalogue.py generates the default catalogue.

    Attributes:
        digest: A digest of the file's content.
        providers: Providers by the prefix of model names, such as `azure` in `azure/gpt-4o`.
        models: Context windows by model name, in alphabetical order.
    """

    digest: str
    providers: Mapping[str, Provider]
    models: Mapping[str, int]

    def provider_of(self, model: str) -> Provider | None:
        """Return the provider of a model, identified by the prefix of its name."""
        return self.providers.get(model.partition("/")[0])


def model_id(name: str) -> str:
    """Return the permanent ID of a public model."""
    return str(uuid5(_NAMESPACE, f"model/{name}"))


def load_catalogue(path: str | os.PathLike[str] | None = None) -> Catalogue:
    """Read a catalogue, by default the one included in the package.

    Raises:
        OSError: The file cannot be read.
        ValueError: The file is not a valid catalogue.
    """
    if path is None:
        content = resources.files("root.emulator.resources").joinpath("catalogue.json").read_bytes()
    else:
        content = Path(path).read_bytes()
    try:
        data = _CatalogueFile.model_validate_json(content, strict=True)
    except ValidationError as exc:
        error = exc.errors(include_url=False)[0]
        location = ".".join(map(str, error["loc"])) or "the file"
        raise ValueError(
            f"{path} is not a valid catalogue of models: {location}: {error['msg']}"
        ) from exc
    return Catalogue(
        digest=hashlib.sha256(content).hexdigest(),
        providers={
            prefix: {"id": str(uuid5(_NAMESPACE, f"provider/{prefix}")), "name": name}
            for prefix, name in data.providers.items()
        },
        models=data.models,
    )


_Label: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
# The limits of `name` and `max_token_count` in the API.
_Name: TypeAlias = Annotated[_Label, Field(max_length=100)]
_Window: TypeAlias = Annotated[int, Field(ge=1, le=2**31 - 1)]


class _CatalogueFile(BaseModel):
    """The format of a catalogue file; `origin` and `licence` are for readers of the file."""

    model_config = ConfigDict(extra="forbid")

    origin: str = ""
    licence: str = ""
    providers: dict[str, _Label]
    models: dict[_Name, _Window]
