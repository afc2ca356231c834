"""The JSON Schema of files of models, and its agreement with the reader."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import make_schema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from root import registry

from .files import is_readable, is_valid


def test_schema_is_up_to_date() -> None:
    """The packaged schema is that of the classes; if not, run scripts/make_schema.py."""
    assert make_schema.PATH.read_text(encoding="utf-8") == make_schema.text()


def test_schema_is_valid() -> None:
    """The schema is valid by its own specification."""
    jsonschema.Draft202012Validator.check_schema(registry.schema())


VALID = [
    "models: []",
    "models: [{name: a}]",
    "models: [{name: a, model: b, url: '', max_token_count: 0, max_output_token_count: 800}]",
    "models: [{name: a, url: null, max_token_count: null, default_key: null}]",
    "models: [{name: a, default_key: k}, {name: b, max_token_count: 1000.0}]",
    "models: [{name: '${HOME_OF_THE_TEST}'}]",
    '{"$schema": "./registry.schema.json", "models": []}',
]
INVALID = [
    "",
    "[]",
    "{}",
    "models: {}",
    "models: null",
    "models: [a]",
    "models: [{}]",
    "models: [{name: ''}]",
    f"models: [{{name: {'x' * 101}}}]",
    "models: [{name: 5}]",
    "models: [{name: null}]",
    "models: [{name: true}]",
    "models: [{name: [a]}]",
    "models: [{name: a, nme: b}]",
    "models: [{name: a, model: ''}]",
    "models: [{name: a, model: null}]",
    "models: [{name: a, default_key: ''}]",
    "models: [{name: a, default_key_file: null}]",
    "models: [{name: a, default_key: k, default_key_file: f}]",
    "models: [{name: a, max_output_token_count: 799}]",
    "models: [{name: a, max_output_token_count: null}]",
    "models: [{name: a, max_output_token_count: '900'}]",
    "models: [{name: a, max_token_count: -1}]",
    "models: [{name: a, max_token_count: 2147483648}]",
    "models: [{name: a, max_token_count: 1.5}]",
    f"models: [{{name: a, url: {'x' * 1025}}}]",
    "models: []\nother: 1",
    '{"$schema": null, "models": []}',
]


@pytest.mark.parametrize(
    ("text", "valid"), [(text, True) for text in VALID] + [(text, False) for text in INVALID]
)
def test_schema_and_reader_agree_on_examples(
    write: Callable[[str], Path], text: str, valid: bool
) -> None:
    """The schema accepts the files that `read` accepts."""
    assert is_valid(yaml.safe_load(text)) is valid
    assert is_readable(write(text)) is valid


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 2**31),
    st.sampled_from([799.5, 1000.0]),
    st.sampled_from(["", "a", "1", "on", "null", "x" * 101, "x" * 1025]),
    st.lists(st.just("a"), max_size=1),
)
fields = ["model", "default_key", "max_output_token_count", "max_token_count", "url", "nme"]


@given(
    models=st.lists(
        st.dictionaries(st.sampled_from(fields), values, max_size=3).flatmap(
            lambda entry: values.map(lambda name: {**entry, "name": name})
        ),
        max_size=1,
    )
)
def test_schema_and_reader_agree_on_any_entry(
    models: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The schema and `read` agree, whatever an entry contains."""
    path = tmp_path_factory.mktemp("registry") / "models.json"
    path.write_text(json.dumps({"models": models}), encoding="utf-8")
    assert is_readable(path) is is_valid({"models": models})
