"""Reading of files of models: valid files, variables, key files, and every problem."""

from __future__ import annotations

import copy
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from root import RegistryError, registry
from root.models import ModelSettings

from .files import SECRET, is_readable, problems

Write = Callable[[str], Path]

OUTSIDE = (
    "the file must be in the folder of this file, unless another one is allowed with key_folder"
    " (--key-folder)"
)

ONE_LINE = "must contain a key: one line of printable ASCII characters"


def test_yaml(write: Write) -> None:
    """A YAML file has a list of entries, each with a name and any other fields."""
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
    """A JSON file is read, whatever its indentation and escapes."""
    models = [{"name": 'a\\ud83d"\t/😀', "url": "http://a\\n", "max_token_count": 0}]
    path = write(json.dumps({"models": models}, indent=indent, ensure_ascii=ascii_only))

    assert registry.read(path) == models


def test_empty_list(write: Write) -> None:
    """An empty list is valid."""
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
    """Variables are expanded in every string, and $$ is a dollar sign."""
    path = write(f"models:\n  - name: a\n    default_key: '{text}'\n    model: '{text}'")

    (settings,) = registry.read(path, environment={"KEY": SECRET, "_b2": "two"})

    assert settings == {"name": "a", "default_key": value, "model": value}


def test_values_of_variables_are_not_expanded(write: Write) -> None:
    """The value of a variable is used unchanged."""
    (settings,) = registry.read(write("models: [{name: '${A}'}]"), environment={"A": "${B}$$"})
    assert settings["name"] == "${B}$$"


def test_default_environment(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables are those of the process unless `environment` is passed."""
    monkeypatch.setenv("NAME_OF_THE_TEST", "a")
    path = write("models: [{name: '${NAME_OF_THE_TEST}'}]")

    assert registry.read(path) == [{"name": "a"}]
    assert problems(path) == [
        "1: entry 1: name: the environment variable NAME_OF_THE_TEST is not set or is empty."
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("${UNSET}", "the environment variable UNSET is not set or is empty"),
        ("${EMPTY}", "the environment variable EMPTY is not set or is empty"),
        ("${}", "write a variable as ${NAME}, and a dollar sign as $$"),
        (f"${{{SECRET}}}", "write a variable as ${NAME}"),
        ("${KEY", "write a variable as ${NAME}"),
        ("${1}", "write a variable as ${NAME}"),
    ],
)
def test_invalid_variables(write: Write, text: str, problem: str) -> None:
    """A variable without a value is an error with its name, and not an empty string."""
    path = write(f"models:\n  - name: a\n    default_key: '{text}'")

    (found,) = problems(path, KEY=SECRET, EMPTY="")

    assert found.startswith(f"3: entry 1: default_key: {problem}")


def test_key_file(tmp_path: Path) -> None:
    """A key is read from a file whose path is relative to the file of models."""
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
        ("default_key_file: .", "must be a regular file"),
        ("default_key_file: pipe", "must be a regular file"),
        ("default_key_file: loop", "the path is invalid, or the file is not UTF-8"),
        ("default_key_file: large", "the file is larger than 8 KiB"),
        ("default_key_file: lines", f"the file {ONE_LINE}"),
        ("default_key_file: accents", f"the file {ONE_LINE}"),
        ("default_key_file: link", OUTSIDE),
        ("default_key_file: folder/secret", OUTSIDE),
        ("default_key_file: ../secret", OUTSIDE),
        ("default_key_file: /etc/passwd", OUTSIDE),
        ("default_key_file: /proc/self/environ", OUTSIDE),
        ("default_key_file: /dev/zero", OUTSIDE),
        ("default_key_file: empty", "the file is empty"),
        ("default_key_file: binary", "the path is invalid, or the file is not UTF-8"),
        ('default_key_file: "a\\0b"', "the path is invalid, or the file is not UTF-8"),
        ("default_key_file: ''", "must not be empty"),
        ("default_key_file: 5", "must be a string; put the value in quotes"),
        ("default_key_file: null", "must not be null; omit it"),
        (
            f"default_key: {SECRET}, default_key_file: empty",
            "use either this or default_key, not both",
        ),
        ("default_key_file: '${NO}'", "the environment variable NO is not set or is empty"),
    ],
)
def test_invalid_key_files(write: Write, tmp_path: Path, fields: str, problem: str) -> None:
    """A problem with a key file is reported without its path, which may be a key by mistake."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "empty").write_bytes(b" \n")
    (own / "binary").write_bytes(b"\xff")
    (own / "large").write_bytes(b"k" * 8193)
    (own / "lines").write_text(f"{SECRET}\n{SECRET}")
    (own / "accents").write_text("schl\xfcssel", encoding="utf-8")
    (tmp_path / "secret").write_text(SECRET)
    (own / "link").symlink_to(tmp_path / "secret")
    (own / "folder").symlink_to(tmp_path)
    (own / "loop").symlink_to("loop")
    os.mkfifo(own / "pipe")
    path = write(f"models:\n- {{name: a, {fields}}}").rename(own / "models.yaml")

    (found,) = problems(path)

    # The reason for a link to itself depends on the version of Python.
    if fields.endswith("loop"):
        found = found.replace("the file cannot be read: Too many levels of symbolic links", problem)
    assert found == f"2: entry 1: default_key_file: {problem}."


@pytest.mark.parametrize("allowed", ["keys", ".", "/", "own"])
def test_key_folder(tmp_path: Path, allowed: str) -> None:
    """Key files may be in another folder if it is allowed."""
    for folder in ("own", "keys"):
        (tmp_path / folder).mkdir()
    (tmp_path / "keys" / "a").write_bytes(b"\xef\xbb\xbf" + SECRET.encode() + b"\r\n")
    path = tmp_path / "own" / "models.yaml"
    path.write_text("models: [{name: a, default_key_file: ../keys/a}]")

    def read() -> list[ModelSettings]:
        return registry.read(path, key_folder=tmp_path / allowed)

    if allowed == "own":
        with pytest.raises(RegistryError, match=r"unless another one is allowed"):
            read()
    else:
        assert read() == [{"name": "a", "default_key": SECRET}]


def test_linked_file(tmp_path: Path) -> None:
    """A file of models and its key file may be links within their folder, as in Kubernetes."""
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data" / "key").write_text(SECRET)
    (tmp_path / "..data" / "models.yaml").write_text("models: [{name: a, default_key_file: key}]")
    for name in ("key", "models.yaml"):
        (tmp_path / name).symlink_to(f"..data/{name}")

    assert registry.read(tmp_path / "models.yaml") == [{"name": "a", "default_key": SECRET}]


def test_values_are_not_shown(tmp_path: Path) -> None:
    """Where a value is shown, as in a traceback, its source is shown instead."""
    (tmp_path / "key").write_text(SECRET)
    path = tmp_path / "models.yaml"
    path.write_text(
        "models:\n"
        "- {name: '${A}', url: 'http://${A}', default_key: '${A}-${B}-${A}'}\n"
        f"- {{name: b, default_key: {SECRET}}}\n"
        "- {name: c, default_key_file: '${KEY}'}\n"
    )

    read = registry.read(path, environment={"A": SECRET, "B": SECRET, "KEY": "key"})

    assert [repr(one) for one in read] == [
        "{'name': '${A}', 'url': 'http://${A}', 'default_key': '${A} and ${B}'}",
        f"{{'name': 'b', 'default_key': '{path}:3'}}",
        "{'name': 'c', 'default_key': '${KEY}'}",
    ]
    assert pickle.loads(pickle.dumps(read)) == read
    assert repr(copy.deepcopy(read)) == repr(read)


def test_all_problems(write: Write) -> None:
    """Every problem is reported with its file, line and entry, in the order of the lines."""
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
        "1: other: unknown field; only `models` is allowed here.",
        "4: entry 1: url: must be a string; put the value in quotes.",
        "5: entry 1: max_output_token_count: must be at least 800.",
        "6: entry 1: max_token_count: must be an integer, in digits and without quotes.",
        "7: entry 2: name: the field is required.",
        "7: entry 2: model: must not be null; omit it.",
        "8: entry 2: nme: unknown field.",
        "10: entry 3: default_key: must be a string; put the value in quotes.",
        "11: entry 3: name: the field occurs twice.",
        "12: entry 4: must be a mapping of fields (`name: value`).",
        "14: entry 5: name: the name occurs twice, first in line 3.",
        "15: entry 5: default_key: must be a string; put the value in quotes.",
        "16: entry 6: name: must be a string; put the value in quotes.",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "a list under `models:` is required."),
        ("# nothing\n", "a list under `models:` is required."),
        ("\n{}", "2: a list under `models:` is required."),
        ("- name: a", "1: must be a mapping of fields (`name: value`)."),
        (SECRET, "1: must be a mapping of fields (`name: value`)."),
        ("models:", "1: models: must be a list ([] if it is empty)."),
        (f"models:\n  {SECRET}", "2: models: must be a list ([] if it is empty)."),
        ("models: !!set {a}", "1: models: must be a list ([] if it is empty)."),
        ("models: []\nmodels: []", "2: models: the field occurs twice."),
        ("models: [{name: a, 5: b}]", "1: entry 1: the name of a field must be a plain string."),
        ("models: [{name: a, [x]: b}]", "1: entry 1: the name of a field must be a plain string."),
        (
            'models: [{name: a, "\\ud800": b}]',
            "1: entry 1: the name of a field must be a plain string.",
        ),
        (
            'models: [{name: "\\ud800"}]',
            "1: entry 1: name: contains characters that UTF-8 cannot encode",
        ),
        ('models: ["\\UFFFFFFFF"]', "invalid YAML: the file contains characters"),
        ("models: [{name: a, <<: {url: b}}]", "1: entry 1: <<: unknown field."),
        ("models: [!x {name: a}]", "1: entry 1: must be a mapping of fields (`name: value`)."),
        ("models: [{name: a}, {name: ' a '}]", "1: entry 2: name: the name occurs twice, first"),
        ("models: [{name: 0x10}]", "1: entry 1: name: must be a string"),
        (
            "models: [{name: a, max_token_count: 0x10}]",
            "1: entry 1: max_token_count: must be an integer",
        ),
        (
            "models: [{name: a, max_token_count: 1:30}]",
            "1: entry 1: max_token_count: must be an integer",
        ),
        (
            "models: [{name: a, max_token_count: 1.5}]",
            "1: entry 1: max_token_count: must be an integer",
        ),
        (
            "models: [{name: a, max_token_count: true}]",
            "1: entry 1: max_token_count: must be an integer",
        ),
        (
            "models: [{name: a, max_token_count: .inf}]",
            "1: entry 1: max_token_count: must be an integer",
        ),
        (f"a: b\n  {SECRET}: c", "2: invalid YAML: mapping values are not allowed"),
        (f"models:\n  - name: *{SECRET}", "2: invalid YAML: found undefined alias"),
        (f'models: ["{SECRET}', "1: invalid YAML: found unexpected end of stream"),
        ("models: []\n---\nmodels: []", "2: invalid YAML: expected a single document"),
        ("models:\n  - name: a\n\tmodel: b", "3: invalid YAML: a tab is not allowed here"),
        ("models:\n- name:", "2: entry 1: name: must not be null; enter a value."),
        ("models: [{name: '  '}]", "1: entry 1: name: must not be only whitespace."),
        ("models: [\x00]", "invalid YAML"),
        ("[" * 5000 + "]" * 5000, "the file is nested too deeply."),
    ],
)
def test_invalid_files(write: Write, text: str, problem: str) -> None:
    """A problem is reported with its line, and without content of the file."""
    (found,) = problems(write(text))

    assert found.startswith(problem)


def test_unreadable_files(tmp_path: Path) -> None:
    """A file that cannot be read is a `RegistryError`."""
    (tmp_path / "latin").write_bytes(b"models: [{name: \xe4}]")

    assert problems(tmp_path / "none.yaml") == [
        "the file cannot be read: No such file or directory."
    ]
    assert problems(tmp_path) == ["the file cannot be read: Is a directory."]
    assert problems(tmp_path / "latin") == ["the file is not UTF-8."]


def test_byte_order_mark(tmp_path: Path) -> None:
    """A file with a byte order mark, which some Windows programs write, is read."""
    path = tmp_path / "models.yaml"
    path.write_text("models: [{name: ä}]", encoding="utf-8-sig")
    assert registry.read(path) == [{"name": "ä"}]


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
    """Any file is either read or raises a `RegistryError`."""
    path = tmp_path_factory.mktemp("registry") / "models.yaml"
    path.write_bytes(content)
    is_readable(path)


def test_problems_do_not_control_the_terminal(tmp_path: Path) -> None:
    """Control characters in the path of a file are escaped, and a problem is one line."""
    path = tmp_path / "a\x1b[2J\nmodels.yaml"

    with pytest.raises(RegistryError) as error:
        registry.read(path)

    assert (
        str(error.value)
        == rf"{tmp_path}/a\x1b[2J\nmodels.yaml: the file cannot be read: No such file or directory."
    )
    assert error.value.problems == (str(error.value),)
