"""Helpers for tests of files of models."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from root import RegistryError, registry

SECRET = "sk-secret-of-the-test"

VARIABLES = {"HOME_OF_THE_TEST": "a"}


def problems(path: Path, **environment: str) -> list[str]:
    """Return the problems of a file without its path; none of them contains the secret."""
    with pytest.raises(RegistryError) as error:
        registry.read(path, environment=environment)
    assert SECRET not in str(error.value) + repr(vars(error.value))
    assert str(error.value) == "\n".join(error.value.problems)
    assert all(problem.startswith(f"{path}:") for problem in error.value.problems)
    return [problem.removeprefix(f"{path}:").strip() for problem in error.value.problems]


def is_readable(path: Path) -> bool:
    """Return whether a file is read without an error."""
    try:
        registry.read(path, environment=VARIABLES)
    except RegistryError:
        return False
    return True


def is_valid(content: object) -> bool:
    """Return whether the content of a file is valid by the JSON Schema."""
    return jsonschema.Draft202012Validator(registry.schema()).is_valid(content)
