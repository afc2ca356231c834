"""What is printed, whatever a service says."""

from __future__ import annotations

import csv
import io
from contextlib import redirect_stdout

from hypothesis import given
from hypothesis import strategies as st

from root.cli.output import Form, printable, write

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
