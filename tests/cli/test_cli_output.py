"""What is printed, whatever a service says."""

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

from root.cli.output import Form, printable, write
from root.emulator import Server

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def written(text: str, form: Form) -> str:
    page = io.StringIO()
    with redirect_stdout(page):
        write([{"name": text}], ("name",), form, color=True)
    return page.getvalue()


@given(TEXTS)
def test_cells_of_csv(text: str) -> None:
    """A cell holds its text, behind a quote where a spreadsheet would take it for a formula."""
    _, row = csv.reader(io.StringIO(written(text, "csv"), newline=""))

    assert "".join(row) in (text, f"'{text}")
    assert not "".join(row).startswith(("=", "+", "-", "@", "\t", "\r"))


@given(st.text())
def test_json_is_yaml(text: str) -> None:
    """What is written as JSON is what there is, read as JSON and as YAML, and can be printed."""
    page = written(text, "json")

    assert json.loads(page) == yaml.safe_load(page) == [{"name": text}]
    assert not any(unicodedata.category(one) in ("Cc", "Cs") for one in page.replace("\n", ""))


@given(TEXTS)
def test_tables_are_printable(text: str) -> None:
    """Nothing in a table moves a terminal's cursor."""
    assert all(line.isprintable() for line in written(text, "table").split("\n"))


def test_tables_in_a_pipe_are_not_folded() -> None:
    """What a program reads has a line for each row, however wide."""
    lines = written("wide " * 100, "table").splitlines()

    assert sum("wide" in line for line in lines) == 1


@given(TEXTS)
def test_printable(text: str) -> None:
    """Text that can be printed stays as it is, and what cannot is escaped."""
    shown = printable(text)

    assert shown.isprintable()
    assert shown == text or not text.isprintable()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest.mark.parametrize(("command", "read"), [("list", json.loads), ("export", yaml.safe_load)])
def test_pipes_take_utf_8(
    at_emulator: Server, encoding: str, command: str, read: Callable[[bytes], object]
) -> None:
    """What is not a terminal gets UTF-8, whatever the environment says of encodings."""
    at_emulator.add_model(name="modèle-模型")

    done = subprocess.run(
        [sys.executable, "-m", "root", "models", command],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )

    assert "modèle-模型" in str(read(done.stdout))
