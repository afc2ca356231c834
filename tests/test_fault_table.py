"""The table of faults holds together, and docs/faults.md tells what it says."""

from __future__ import annotations

import pytest

from .faults import (
    DOCUMENT,
    FAULTS,
    METHODS,
    OVER_HTTPX,
    READS,
    REPEATABLE,
    Fault,
    document,
)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_every_cell_is_filled(fault: Fault) -> None:
    """Every fault has a cell for every call."""
    assert set(fault.cells) == set(METHODS)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_errors_are_honest(fault: Fault) -> None:
    """An error says that the service may have changed something exactly where it may have."""
    for method, cell in fault.cells.items():
        assert cell.maybe == (cell.error is not None and fault.done and method not in READS)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_nothing_is_done_twice(fault: Fault) -> None:
    """What must not be done twice arrives twice only if it was not done the first time."""
    for method, cell in fault.cells.items():
        assert cell.arrived < 2 or method in REPEATABLE or not fault.done
    assert fault.cells["verify"].arrived < 2


def test_what_is_different_over_httpx() -> None:
    """Every exception is one from the table."""
    assert OVER_HTTPX.keys() <= {fault.name for fault in FAULTS}


@pytest.mark.skipif(not DOCUMENT.parent.exists(), reason="docs/ is not there")
def test_document() -> None:
    """docs/faults.md is written from the table: run `python -m tests.faults`."""
    assert DOCUMENT.read_text(encoding="utf-8") == document()
