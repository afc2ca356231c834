"""Output formats, with arbitrary text from the service."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from contextlib import redirect_stdout

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from root._secrets.redact import printable
from root.cli.output import Format, write
from root.emulator import Server

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def written(text: str, format: Format) -> str:
    buffer = io.StringIO()
    with redirect_stdout(buffer):
        write([{"name": text}], ("name",), format, color=True)
    return buffer.getvalue()


@given(TEXTS)
def test_cells_of_csv(text: str) -> None:
    """A cell contains its text, with a quote in front of what a spreadsheet takes for a formula."""
    _, row = csv.reader(io.StringIO(written(text, "csv"), newline=""))

    assert "".join(row) in (text, f"'{text}")
    assert not "".join(row).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@pytest.mark.parametrize("before", ["", " ", "\t", "\r", "\n", "\xa0", "\0", "\ufeff", "\u200b"])
@pytest.mark.parametrize("sign", "=+-@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b")
@pytest.mark.parametrize("place", ["cell", "header", "name of an object"])
def test_csv_has_no_formulas(before: str, sign: str, place: str) -> None:
    """A formula gets a quote in front of it, also as the name of a new field in the header."""
    formula = f"{before}{sign}HYPERLINK()"
    buffer = io.StringIO()
    with redirect_stdout(buffer):
        if place == "header":
            write([{formula: "value"}], None, "csv", color=False)
        elif place == "cell":
            write([{"name": formula}], None, "csv", color=False)
        else:
            write([{"name": {"name": formula}}], None, "csv", color=False)

    cells = [cell for row in csv.reader(io.StringIO(buffer.getvalue(), newline="")) for cell in row]
    assert f"'{formula}" in cells
    assert formula not in cells


@pytest.mark.parametrize(("value", "cell"), [(-1, "-1"), (-1.5, "-1.5"), ("a=b", "a=b"), ("", "")])
def test_csv_values(value: str | float, cell: str) -> None:
    """Numbers and other texts are unchanged."""
    buffer = io.StringIO()
    with redirect_stdout(buffer):
        write([{"name": value, "other": "x"}], None, "csv", color=False)

    assert buffer.getvalue() == f"name,other\n{cell},x\n"


@given(st.text())
def test_json_is_yaml(text: str) -> None:
    """JSON output is printable, and reads as the same data in JSON and in YAML."""
    output = written(text, "json")

    assert json.loads(output) == yaml.safe_load(output) == [{"name": text}]
    assert not any(unicodedata.category(one) in ("Cc", "Cs") for one in output.replace("\n", ""))


@given(TEXTS)
def test_tables_are_printable(text: str) -> None:
    """A table contains only printable characters."""
    assert all(line.isprintable() for line in written(text, "table").split("\n"))


def test_tables_in_a_pipe_are_not_folded() -> None:
    """In a pipe, a row of a table is one line, however wide."""
    lines = written("wide " * 100, "table").splitlines()

    assert sum("wide" in line for line in lines) == 1


def test_tables_in_a_pipe() -> None:
    """In a pipe, a table has a line for each row, below each other, and nothing at their ends."""
    buffer = io.StringIO()
    records = [{"id": "1", "name": "模型", "url": None}, {"id": "22", "name": "a b", "url": None}]
    with redirect_stdout(buffer):
        write(records, ("id", "name", "url"), "table", color=True)

    assert buffer.getvalue() == "id   name   url\n1    模型\n22   a b\n"


def test_markdown() -> None:
    """A table in Markdown has all columns, and a line for each row."""
    buffer = io.StringIO()
    with redirect_stdout(buffer):
        write([{"id": 1, "name": "a"}, {"id": 2}], ("id", "name"), "markdown", color=True)

    assert buffer.getvalue() == "| id | name |\n| --- | --- |\n| 1 | a |\n| 2 |  |\n"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("a|b", r"a\|b"),
        ("*a* _b_ `c` ~d~ $e$", r"\*a\* \_b\_ \`c\` \~d\~ \$e\$"),
        ("[a](b)", r"\[a\](b)"),
        ("<img src=x> &amp;", "&lt;img src=x&gt; &amp;amp;"),
        ("one\r\ntwo\nthree\n", "one<br>two<br>three"),
        ("back\\|slash", "back\\\\\\|slash"),
        ("red\x1b[31m", r"red\\x1b\[31m"),
    ],
)
def test_cells_of_markdown(text: str, cell: str) -> None:
    """Text from the service neither formats the page nor ends its cell."""
    assert written(text, "markdown").splitlines()[2] == f"| {cell} |"


@given(TEXTS)
def test_markdown_is_one_line_for_each_row(text: str) -> None:
    """A row is one printable line, whatever its cells have."""
    lines = written(text, "markdown").removesuffix("\n").split("\n")

    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)


@given(TEXTS)
def test_printable(text: str) -> None:
    """Printable text is unchanged, and other characters are escaped."""
    shown = printable(text)

    assert shown.isprintable()
    assert shown == text or not text.isprintable()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest.mark.parametrize(
    ("command", "read"),
    [
        (("list", "-o", "json"), json.loads),
        (("list",), bytes.decode),
        (("export",), yaml.safe_load),
    ],
    ids=["json", "table", "export"],
)
def test_pipes_are_utf_8(
    at_emulator: Server, encoding: str, command: tuple[str, ...], read: Callable[[bytes], object]
) -> None:
    """Output that is not for a terminal is UTF-8, whatever encoding the environment sets."""
    at_emulator.add_model(name="modèle-模型")

    done = subprocess.run(
        [sys.executable, "-m", "root", "models", *command],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )

    assert "modèle-模型" in str(read(done.stdout))


@pytest.mark.parametrize("format", ["json", "jsonl", "yaml"])
def test_files_are_printable(format: Format) -> None:
    """Output for files is printable if the format has escapes: it may be displayed later."""
    name = "a\x1b[2J\x9b\u202eb\u2028\u200bé"

    text = written(name, format)

    assert text.replace("\n", "").isprintable()
    assert "\\u202e" in text.lower()
