"""The API key in a `.env` file, which is parsed as python-dotenv parses it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import example, given, settings
from hypothesis import strategies as st

from root._config.config import API_KEY
from root._config.dotenv import read_dotenv
from root.errors import ConfigurationError, MissingKeyError

from .settings import KEY, resolve_settings, write_dotenv

FILES = {
    "bare": f"{API_KEY}=abc",
    "line break after": f"{API_KEY}=abc\n",
    "export": f"export {API_KEY}=abc",
    "export and tab": f"export\t{API_KEY}=abc",
    "export without a space": f"export{API_KEY}=abc",
    "spaces around the equals sign": f"{API_KEY}  =   abc  ",
    "indented": f"   {API_KEY}=abc",
    "after empty lines": f"\n\n\t\n{API_KEY}=abc",
    "double quotes": f'{API_KEY}="abc"',
    "single quotes": f"{API_KEY}='abc'",
    "quotes inside": f"{API_KEY}=a'b\"c",
    "spaces in quotes": f'{API_KEY}=" abc "',
    "comment": f"{API_KEY}=abc # my key",
    "comment after quotes": f'{API_KEY}="abc"# my key',
    "hash sign inside": f"{API_KEY}=abc#def",
    "hash sign first": f"{API_KEY}=#abc",
    "only a comment": f"{API_KEY}= # my key",
    "hash sign in quotes": f"{API_KEY}='abc # def'",
    "commented out": f"# {API_KEY}=abc",
    "quoted name": f"'{API_KEY}'=abc",
    "equals signs": f"{API_KEY}=abc==",
    "empty": f"{API_KEY}=",
    "empty quotes": f'{API_KEY}=""',
    "only the name": f"{API_KEY}\nOTHER=x",
    "twice": f"{API_KEY}=abc\n{API_KEY}=def",
    "twice, the second empty": f"{API_KEY}=abc\n{API_KEY}=",
    "twice, the second without an equals sign": f"{API_KEY}=abc\n{API_KEY}",
    "longer name": f"{API_KEY}_2=abc\nMY_{API_KEY}=def",
    "lower case": f"{API_KEY.lower()}=abc",
    "other lines": f"A=1\nB='2'\n{API_KEY}=abc\nC=3",
    "Windows line breaks": f"A=1\r\n{API_KEY}=abc\r\nC=3\r\n",
    "old Mac line breaks": f"A=1\r{API_KEY}=abc\rC=3\r",
    "escapes in double quotes": f'{API_KEY}="a\\"b\\\\c\\$d"',
    "escapes in single quotes": f"{API_KEY}='a\\'b\\\\c\\nd'",
    "escapes without quotes": f"{API_KEY}=a\\nb\\'c",
    "text after quotes": f'{API_KEY}="abc" def',
    "unclosed double quote": f'{API_KEY}="abc',
    "unclosed single quote": f"{API_KEY}='abc\nOTHER=x",
    "variable": f"DOTENV_A=abc\n{API_KEY}=x${{DOTENV_A}}y",
    "variable in single quotes": f"DOTENV_A=abc\n{API_KEY}='x${{DOTENV_A}}'",
    "variable defined later": f"{API_KEY}=x${{DOTENV_A}}\nDOTENV_A=abc",
    "variable with a default": f"{API_KEY}=${{DOTENV_A:-abc}}",
    "variable that is set, with a default": f"DOTENV_A=\n{API_KEY}=x${{DOTENV_A:-abc}}",
    "variable without a value": f"DOTENV_A\n{API_KEY}=x${{DOTENV_A:-abc}}",
    "variable without braces": f"DOTENV_A=abc\n{API_KEY}=$DOTENV_A",
    "undefined variable": f"{API_KEY}=x${{DOTENV_A}}",
    "value over two lines": f'OTHER="one\n{API_KEY}=no\ntwo"\n{API_KEY}=abc',
    "text after a value over two lines": f'OTHER="one\n{API_KEY}=no\ntwo" rubbish',
    "invalid line, then the key": f"text\n{API_KEY}=abc",
    "line without a name, then the key": f"=x\n{API_KEY}=abc",
    "unclosed quote, then the key": f"OTHER='abc\n{API_KEY}=abc",
    "unclosed quote, closed by that of the key": f"OTHER='abc\n{API_KEY}='abc'",
    "quoted name over two lines": f"'\n{API_KEY}=abc'def",
    "YAML": f"{API_KEY}: abc",
    "byte order mark": f"\ufeff{API_KEY}=abc",
    "non-ASCII elsewhere": f"NAME=Jürgen\n{API_KEY}=abc",
    "no-break space around": f"{API_KEY}\xa0=\xa0abc\xa0",
}


def key_from_file() -> str:
    """Return the key that a client takes from `.env`, or "" if there is none."""
    try:
        config = resolve_settings(api_key=None)
    except MissingKeyError:
        return ""
    assert isinstance(config.api_key, str)
    return config.api_key


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_same_key_as_python_dotenv(text: str) -> None:
    """The key in `.env` is the one that python-dotenv finds."""
    write_dotenv(text)

    assert key_from_file() == (dotenv_values(".env").get(API_KEY) or "").strip()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (f"{API_KEY}=abc # my key\n", "abc"),
        (f'export {API_KEY}="abc"', "abc"),
        (f"\ufeff{API_KEY}='abc'\r\n", "abc"),
        (f"DOTENV_A=b\n{API_KEY}=a${{DOTENV_A}}${{DOTENV_B:-c}}", "abc"),
    ],
    ids=["comment", "export", "Windows", "variables"],
)
def test_syntax(text: str, key: str) -> None:
    """Quotation marks, `export`, comments, variables and a byte order mark are supported."""
    write_dotenv(text)

    assert key_from_file() == key


def test_variables_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """For variables in `.env`, the environment takes precedence over the file."""
    monkeypatch.setenv("DOTENV_A", "environment")
    write_dotenv(f"DOTENV_A=file\n{API_KEY}=${{DOTENV_A}}")

    assert key_from_file() == "environment"


VALUES = st.one_of(
    st.text("ab'\"\\#$={} -", max_size=6),
    st.lists(
        st.sampled_from(["a", "b", "'", '"', "\\", "\\n", " # c", "#", "${A}", "${A:-b}", "\n"]),
        max_size=5,
    ).map("".join),
)


QUOTED_VALUES = st.tuples(VALUES, st.sampled_from(["{}", "'{}'", '"{}"'])).map(
    lambda pair: pair[1].replace("{}", pair[0])
)


LINES = st.one_of(
    st.tuples(
        st.sampled_from(["", "", " ", "\t", "export ", "export \t", "# "]),
        st.sampled_from([API_KEY, API_KEY, f"'{API_KEY}'", "A", f"{API_KEY}2"]),
        st.sampled_from(["=", "=", " = ", "= ", "\t=", ""]),
        QUOTED_VALUES,
        st.sampled_from(["", "", " ", " # c", "#c", " x"]),
    ).map("".join),
    VALUES,
)


ANY_FILE = st.tuples(st.lists(LINES, max_size=4), st.sampled_from(["\n", "\r\n", "\n\n"])).map(
    lambda parts: parts[1].join(parts[0])
)


@settings(max_examples=500)
@given(text=ANY_FILE)
@example(text=f"{API_KEY}=a\n{API_KEY}")
@example(text=f"'\n{API_KEY}=a'b")
def test_any_file(text: str) -> None:
    """For any content of `.env`, the key is the one that python-dotenv finds."""
    write_dotenv(text)

    line = read_dotenv(Path(".env")).get(API_KEY)
    assert (line.value if line else "") == (dotenv_values(".env").get(API_KEY) or "")


def test_directory() -> None:
    """A directory called `.env`, as some name their virtual environment, is ignored."""
    Path(".env").mkdir()

    with pytest.raises(MissingKeyError):
        resolve_settings(api_key=None)


@pytest.mark.parametrize(
    "content", [b"\xff\xfeA\x00", b"NAME=J\xfcrgen\n"], ids=["UTF-16", "Latin-1"]
)
def test_other_encoding(content: bytes) -> None:
    """The error about a `.env` that is not UTF-8 has its path and the alternatives."""
    write_dotenv(content)

    with pytest.raises(ConfigurationError, match="cannot be read") as error:
        resolve_settings(api_key=None)

    assert str(Path(".env").absolute()) in str(error.value)
    assert "pass the API key in another way" in str(error.value)


def test_missing_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error about a `.env` that cannot be opened has the reason."""

    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    write_dotenv(f"{API_KEY}=abc")
    monkeypatch.setattr(Path, "read_text", refuse)

    with pytest.raises(ConfigurationError, match=r"cannot be read: PermissionError\."):
        resolve_settings(api_key=None)


def test_unreadable_file_is_not_shown() -> None:
    """The error about a `.env` that cannot be read contains nothing of the file."""
    write_dotenv(f"{API_KEY}=secret\xff".encode("latin-1"))

    with pytest.raises(ConfigurationError) as error:
        resolve_settings(api_key=None)

    assert "secret" not in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__


@pytest.mark.parametrize("source", ["argument", "environment"])
def test_file_is_read_only_if_needed(monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    """If the key comes from elsewhere, a `.env` that cannot be read does not matter."""
    write_dotenv(b"\xff")
    if source == "environment":
        monkeypatch.setenv(API_KEY, KEY)

    assert resolve_settings(api_key=KEY if source == "argument" else None).api_key == KEY


def test_environment_is_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading `.env` does not change the environment of the process."""
    write_dotenv(f"{API_KEY}=abc\nDOTENV_A=x")
    before = dict(os.environ)

    resolve_settings(api_key=None)

    assert dict(os.environ) == before
