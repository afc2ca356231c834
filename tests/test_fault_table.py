"""The table of faults is consistent, and docs/faults.md is generated from it."""

from __future__ import annotations

import pytest

from .faults.calls import CALLS
from .faults.cells import IDEMPOTENT, READS, SENT_ONCE
from .faults.document import DOCUMENT, OVER_HTTPX, document
from .faults.scripts import Fault
from .faults.table import FAULTS


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_all_cells(fault: Fault) -> None:
    """Every fault has an outcome for every call."""
    assert fault.cells.keys() == CALLS.keys()


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_may_have_been_processed(fault: Fault) -> None:
    """An error reports that the service may have changed something exactly if it may have."""
    for call, cell in fault.cells.items():
        is_ambiguous = cell.error is not None and fault.may_be_done and call not in READS
        assert cell.is_ambiguous == is_ambiguous


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_nothing_is_done_twice(fault: Fault) -> None:
    """A request that is not idempotent arrives twice only if it was not processed."""
    for call, cell in fault.cells.items():
        assert cell.arrived < 2 or call in IDEMPOTENT or not fault.may_be_done
        assert cell.arrived < 2 or call not in SENT_ONCE


def test_differences_over_httpx() -> None:
    """Every difference is one of a fault in the table."""
    assert OVER_HTTPX.keys() <= {fault.name for fault in FAULTS}


@pytest.mark.skipif(not DOCUMENT.parent.exists(), reason="docs/ is not there")
def test_document() -> None:
    """docs/faults.md is up to date; `python -m tests.faults` rewrites it."""
    assert DOCUMENT.read_text(encoding="utf-8") == document()
