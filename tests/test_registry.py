"""Files of models: what they may hold, what is told of those that are wrong, and their schema."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import make_schema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from root import InvalidRequestError, RegistryError, RootSignals, registry
from root.emulator import Server
from root.models import ModelSettings

SECRET = "sk-secret-of-the-test"

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file of models, and return its path."""

    def write(text: str) -> Path:
        path = tmp_path / "models.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def problems(path: Path, **environment: str) -> list[str]:
    """Return what is wrong with a file, without its path, having looked for the secret in it."""
    with pytest.raises(RegistryError) as error:
        registry.read(path, environment=environment)
    assert SECRET not in str(error.value) + repr(vars(error.value))
    assert str(error.value) == "\n".join(error.value.problems)
    assert all(problem.startswith(f"{path}:") for problem in error.value.problems)
    return [problem.removeprefix(f"{path}:").strip() for problem in error.value.problems]


def test_read(write: Write) -> None:
    """A file holds a list of entries, each with a name and what else there is to say."""
    path = write(
        "# Ours\n"
        "models:\n"
        "  - name: ollama/llama3\n"
        "    model: 'llama3:8b'\n"
        "    url: http://gpu-7:11434\n"
        "    max_output_token_count: 1_000\n"
        "  - {name: azure/gpt-4o, max_token_count: null, url: ~}\n"
    )

    assert registry.read(path) == [
        {
            "name": "ollama/llama3",
            "model": "llama3:8b",
            "url": "http://gpu-7:11434",
            "max_output_token_count": 1000,
        },
        {"name": "azure/gpt-4o", "max_token_count": None, "url": None},
    ]


@pytest.mark.parametrize("indent", [None, 2, "\t"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_json(write: Write, indent: int | str | None, ascii_only: bool) -> None:
    """A JSON file is read as well, however it is indented and escaped."""
    models = [{"name": 'a\\ud83d"\t/😀', "url": "http://a\\n", "max_token_count": 0}]
    path = write(json.dumps({"models": models}, indent=indent, ensure_ascii=ascii_only))

    assert registry.read(path) == models


def test_no_models(write: Write) -> None:
    """An empty list is no mistake."""
    assert registry.read(write("models: []")) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${KEY}", SECRET),
        ("a-${KEY}-${_b2}", f"a-{SECRET}-two"),
        ("$$", "$"),
        ("$${KEY}", "${KEY}"),
        ("$$$${KEY}", "$${KEY}"),
        ("$$${KEY}", f"${SECRET}"),
        ("pa$word$", "pa$word$"),
        ("$KEY {KEY}", "$KEY {KEY}"),
    ],
)
def test_variables(write: Write, text: str, value: str) -> None:
    """A variable is replaced wherever it stands in a string, and $$ is a dollar sign."""
    path = write(f"models:\n  - name: a\n    default_key: '{text}'\n    model: '{text}'")

    (settings,) = registry.read(path, environment={"KEY": SECRET, "_b2": "two"})

    assert settings == {"name": "a", "default_key": value, "model": value}


def test_a_value_is_no_variable_again(write: Write) -> None:
    """What a variable holds is taken as it is."""
    (settings,) = registry.read(write("models: [{name: '${A}'}]"), environment={"A": "${B}$$"})
    assert settings["name"] == "${B}$$"


def test_the_environment(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables are those of the process, unless others are given."""
    monkeypatch.setenv("NAME_OF_THE_TEST", "a")
    path = write("models: [{name: '${NAME_OF_THE_TEST}'}]")

    assert registry.read(path) == [{"name": "a"}]
    assert problems(path) == [
        "1: entry 1: name: the environment variable NAME_OF_THE_TEST is not set, or is empty."
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("${UNSET}", "the environment variable UNSET is not set, or is empty"),
        ("${EMPTY}", "the environment variable EMPTY is not set, or is empty"),
        ("${}", "a variable is written ${NAME}, and a dollar sign $$"),
        (f"${{{SECRET}}}", "a variable is written"),
        ("${KEY", "a variable is written"),
        ("${1}", "a variable is written"),
    ],
)
def test_variables_that_are_not_there(write: Write, text: str, problem: str) -> None:
    """A variable without a value is an error that names it, and never an empty string."""
    path = write(f"models:\n  - name: a\n    default_key: '{text}'")

    (told,) = problems(path, KEY=SECRET, EMPTY="")

    assert told.startswith(f"3: entry 1: default_key: {problem}")


def test_a_key_in_a_file(tmp_path: Path) -> None:
    """A key is read from a file, whose path starts where the file of models is."""
    (tmp_path / "team" / "keys").mkdir(parents=True)
    (tmp_path / "team" / "keys" / "a").write_text(f"{SECRET}\n", encoding="utf-8")
    path = tmp_path / "team" / "models.yaml"
    path.write_text("models: [{name: a, default_key_file: '${WHERE}/a'}]", encoding="utf-8")

    assert registry.read(path, environment={"WHERE": "keys"}) == [
        {"name": "a", "default_key": SECRET}
    ]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (f"default_key_file: {SECRET}", "the file cannot be read: No such file or directory"),
        ("default_key_file: .", "the file cannot be read: Is a directory"),
        ("default_key_file: empty", "the file is empty"),
        ("default_key_file: binary", "there can be no such file, or it is not UTF-8"),
        ('default_key_file: "a\\0b"', "there can be no such file, or it is not UTF-8"),
        ("default_key_file: ''", "String should have at least 1 character"),
        ("default_key_file: 5", "a string is needed: put the value in quotes"),
        ("default_key_file: null", "it cannot be null: leave it out"),
        (f"default_key: {SECRET}, default_key_file: empty", "give this or default_key, not both"),
        ("default_key_file: '${NO}'", "the environment variable NO is not set, or is empty"),
    ],
)
def test_keys_that_are_not_there(write: Write, tmp_path: Path, fields: str, problem: str) -> None:
    """A key that cannot be read from its file is told without the file's name, maybe a key."""
    (tmp_path / "empty").write_bytes(b" \n")
    (tmp_path / "binary").write_bytes(b"\xff")

    assert problems(write(f"models:\n- {{name: a, {fields}}}")) == [
        f"2: entry 1: default_key_file: {problem}."
    ]


def test_all_problems_at_once(write: Write) -> None:
    """Every problem is told, with file, line and entry, from top to bottom."""
    path = write(
        f"{SECRET}: 5\n"
        "models:\n"
        "  - name: a\n"
        "    url: on\n"
        "    max_output_token_count: 100\n"
        "    max_token_count: '5'\n"
        "  - model: null\n"
        "    nme: x\n"
        "  - name: b\n"
        f"    default_key: [{SECRET}]\n"
        "    name: c\n"
        f"  - {SECRET}\n"
        "  -\n"
        "    name: a\n"
        f"    default_key: !secret {SECRET}\n"
        "  - name: 2024-01-01\n"
    ).rename("models.yaml")
    path.write_text(path.read_text().replace(f"{SECRET}: 5\n", "other: 5\n"))

    assert problems(path) == [
        "1: other: there is no such field here, only `models`.",
        "4: entry 1: url: a string is needed: put the value in quotes.",
        "5: entry 1: max_output_token_count: Input should be greater than or equal to 800.",
        "6: entry 1: max_token_count: a whole number is needed, in digits and without quotes.",
        "7: entry 2: name: it is missing.",
        "7: entry 2: model: it cannot be null: leave it out.",
        "8: entry 2: nme: there is no such field.",
        "10: entry 3: default_key: a string is needed: put the value in quotes.",
        "11: entry 3: name: the field stands twice.",
        "12: entry 4: fields with names are needed (`name: value`).",
        "14: entry 5: name: the name stands twice, first in line 3.",
        "15: entry 5: default_key: a string is needed: put the value in quotes.",
        "16: entry 6: name: a string is needed: put the value in quotes.",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "a list under `models:` is missing."),
        ("# nothing\n", "a list under `models:` is missing."),
        ("\n{}", "2: a list under `models:` is missing."),
        ("- name: a", "1: fields with names are needed (`name: value`)."),
        (SECRET, "1: fields with names are needed (`name: value`)."),
        ("models:", "1: models: a list is needed ([] for none)."),
        (f"models:\n  {SECRET}", "2: models: a list is needed ([] for none)."),
        ("models: !!set {a}", "1: models: a list is needed ([] for none)."),
        ("models: []\nmodels: []", "2: models: the field stands twice."),
        ("models: [{name: a, 5: b}]", "1: entry 1: the name of a field is a plain string."),
        ("models: [{name: a, [x]: b}]", "1: entry 1: the name of a field is a plain string."),
        ('models: [{name: a, "\\ud800": b}]', "1: entry 1: the name of a field is a plain string."),
        ('models: [{name: "\\ud800"}]', "1: entry 1: name: Input should be a valid string"),
        ('models: ["\\UFFFFFFFF"]', "this is no YAML: it holds characters"),
        ("models: [{name: a, <<: {url: b}}]", "1: entry 1: <<: there is no such field."),
        ("models: [!x {name: a}]", "1: entry 1: fields with names are needed (`name: value`)."),
        ("models: [{name: a}, {name: ' a '}]", "1: entry 2: name: the name stands twice, first"),
        ("models: [{name: 0x10}]", "1: entry 1: name: a string is needed"),
        ("models: [{name: a, max_token_count: 0x10}]", "1: entry 1: max_token_count: a whole"),
        ("models: [{name: a, max_token_count: 1:30}]", "1: entry 1: max_token_count: a whole"),
        ("models: [{name: a, max_token_count: 1.5}]", "1: entry 1: max_token_count: a whole"),
        ("models: [{name: a, max_token_count: true}]", "1: entry 1: max_token_count: a whole"),
        ("models: [{name: a, max_token_count: .inf}]", "1: entry 1: max_token_count: a whole"),
        (f"a: b\n  {SECRET}: c", "2: this is no YAML: mapping values are not allowed"),
        (f"models:\n  - name: *{SECRET}", "2: this is no YAML: found undefined alias"),
        (f'models: ["{SECRET}', "1: this is no YAML: found unexpected end of stream"),
        ("models: []\n---\nmodels: []", "2: this is no YAML: expected a single document"),
        ("models:\n  - name: a\n\tmodel: b", "3: this is no YAML: a tab stands where only spaces"),
        ("models:\n- name:", "2: entry 1: name: it cannot be null: give one."),
        ("models: [{name: '  '}]", "1: entry 1: name: it is empty but for white space."),
        ("models: [\x00]", "this is no YAML"),
        ("[" * 5000 + "]" * 5000, "it is nested too deeply."),
    ],
)
def test_no_file_of_models(write: Write, text: str, told: str) -> None:
    """Whatever is wrong with a file, it is told with its line, and without its content."""
    (problem,) = problems(write(text))
    assert problem.startswith(told)


def test_no_such_file(tmp_path: Path) -> None:
    """A file that cannot be read is an error of ours, too."""
    assert problems(tmp_path / "none.yaml") == ["it cannot be read: No such file or directory."]
    assert problems(tmp_path) == ["it cannot be read: Is a directory."]
    (tmp_path / "latin").write_bytes(b"models: [{name: \xe4}]")
    assert problems(tmp_path / "latin") == ["it is not UTF-8."]


def test_a_byte_order_mark(tmp_path: Path) -> None:
    """A file that begins with a mark, as some Windows programs write it, is read."""
    path = tmp_path / "models.yaml"
    path.write_text("models: [{name: ä}]", encoding="utf-8-sig")
    assert registry.read(path) == [{"name": "ä"}]


# Writing.

strings = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
entries = st.fixed_dictionaries(
    # Of a name of nothing but white space the service would keep nothing.
    {"name": strings.filter(str.strip)},
    optional={
        "model": strings,
        "max_output_token_count": st.integers(800, 2**40),
        "max_token_count": st.none() | st.integers(0, 2**31 - 1),
        "url": st.none() | strings,
    },
)


@given(models=st.lists(entries, unique_by=lambda entry: str(entry["name"]).strip()))
def test_what_is_written_is_read(
    models: list[ModelSettings], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A file that was written holds what it was given, whatever the strings hold."""
    path = tmp_path_factory.mktemp("registry") / "models.yaml"
    registry.write(models, path)
    assert registry.read(path, environment={}) == models


def test_what_a_file_looks_like(tmp_path: Path) -> None:
    """A file has a head that speaks of keys, none of which it holds, and of its schema."""
    models: list[ModelSettings] = [
        {"url": "http://a$b", "name": "on", "default_key": SECRET, "max_token_count": 5}
    ]
    text = registry.dump(models, schema="./registry.schema.json")

    assert text == (
        "# yaml-language-server: $schema=./registry.schema.json\n"
        "# Models for the Root Signals API. Keys cannot be read back, so none stands here: where"
        " a model\n"
        "# needs one, add `default_key: ${NAME}` (an environment variable) or `default_key_file:"
        " path`.\n"
        "models:\n"
        "- name: 'on'\n"
        "  max_token_count: 5\n"
        "  url: http://a$$b\n"
    )
    registry.write(models, tmp_path / "a.yaml", schema="./registry.schema.json")
    assert (tmp_path / "a.yaml").read_text(encoding="utf-8") == text
    assert registry.dump([]).endswith("models: []\n")
    assert "$schema" not in registry.dump([])


def test_what_cannot_be_written(tmp_path: Path) -> None:
    """A field that there is not is refused, and a folder that is not there is told."""
    with pytest.raises(InvalidRequestError, match="'nme'"):
        registry.dump([{"nme": "a"}])  # type: ignore[typeddict-item, typeddict-unknown-key]
    with pytest.raises(RegistryError, match="it cannot be written: No such file"):
        registry.write([], tmp_path / "none" / "models.yaml")


def test_what_is_there_is_lost_only_for_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that cannot be written to its end stays as it was, and nothing lies beside it."""
    path = tmp_path / "models.yaml"
    registry.write([{"name": "a"}], path)
    before = path.read_text(encoding="utf-8")
    real = Path.write_text

    def half(path: Path, text: str, **options: str) -> int:
        real(path, text[: len(text) // 2], **options)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(RegistryError, match="No space left on device"):
        registry.write([{"name": "b"}], path)

    assert path.read_text(encoding="utf-8") == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither.")
def test_links_and_modes_stay(tmp_path: Path) -> None:
    """What is written goes where a link leads, and whoever could read the file still can."""
    (tmp_path / "real.yaml").touch(0o640)
    (tmp_path / "link.yaml").symlink_to("real.yaml")

    registry.write([{"name": "a"}], tmp_path / "link.yaml")

    assert (tmp_path / "link.yaml").is_symlink()
    assert (tmp_path / "real.yaml").stat().st_mode & 0o777 == 0o640
    assert registry.read(tmp_path / "real.yaml") == [{"name": "a"}]


def test_to_a_file_and_back(emulator: Server, tmp_path: Path) -> None:
    """What the service has, written to a file and read, is no change; a change of it is one."""
    path = tmp_path / "models.yaml"
    with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        client.models.create_many([{"name": "a$b", "url": "http://a"}, {"name": "on"}])
        registry.write(client.models.export(), path)

        assert not client.models.plan(registry.read(path), prune=True)

        path.write_text(path.read_text(encoding="utf-8").replace("http://a", "http://b"))
        plan = client.models.plan(registry.read(path), prune=True)
        assert [change.name for change in plan.changes if change.action == "update"] == ["a$b"]


# The schema.


def test_the_schema_is_up_to_date() -> None:
    """The schema that is shipped is the one of the classes: run scripts/make_schema.py."""
    assert make_schema.PATH.read_text(encoding="utf-8") == make_schema.text()


def test_the_schema_is_one() -> None:
    """The schema is a valid one."""
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
def test_schema_and_reader_agree(write: Write, text: str, valid: bool) -> None:
    """An editor that goes by the schema says of a file what `read` says."""
    assert agrees(yaml.safe_load(text)) is valid
    assert is_read(write(text)) is valid


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
def test_schema_and_reader_agree_on_anything(
    models: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever an entry holds, the schema and `read` are of one mind."""
    path = tmp_path_factory.mktemp("registry") / "models.json"
    path.write_text(json.dumps({"models": models}), encoding="utf-8")
    assert is_read(path) is agrees({"models": models})


def agrees(content: object) -> bool:
    return jsonschema.Draft202012Validator(registry.schema()).is_valid(content)


def is_read(path: Path) -> bool:
    try:
        registry.read(path, environment={"HOME_OF_THE_TEST": "a"})
    except RegistryError:
        return False
    return True


# Whatever a file holds.

PIECES = [
    *"{}[]:,-?&*!|>'\"%@`#\n\t \\$~=<\x00\x85\u2028\ufeff",
    *("models", "name", "a", "url: b", "${A}", "$$", "<<", "---", "...", "!!int", "!!str", "&x"),
    *("*x", "\\ud83d", "\\ude00", "\\UFFFFFFFF", "\\xzz", "1:30", "0x", "1e999", "9" * 5000),
    *("\n  - ", "\n    ", "models:\n  - name: a\n    ", '{"models": [{"name": "a'),
]


@given(
    content=st.binary(max_size=30)
    | st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=20).map(
        lambda pieces: "".join(pieces).encode("utf-8", "surrogatepass")
    )
)
def test_any_file(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever a file holds, it is read, or refused with an error of ours."""
    path = tmp_path_factory.mktemp("registry") / "models.yaml"
    path.write_bytes(content)
    is_read(path)
