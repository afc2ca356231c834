"""The bar that shows how far some work has come."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from root import RootSignals
from root.emulator import Server
from root.models import Progress


def test_bar(emulator: Server, capsys: pytest.CaptureFixture[str]) -> None:
    """The bar tells of each call, and ends its line; the output stream is left alone."""
    pytest.importorskip("tqdm")
    from root.progress import bar

    with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        client.models.create_many([{"name": f"m{n}"} for n in range(12)], on_progress=bar("Making"))

    drawn = capsys.readouterr()
    assert drawn.out == ""
    assert drawn.err.endswith("\n")
    last = drawn.err.rstrip().rpartition("\r")[2]
    assert last.startswith("Making: 100%")
    assert "12/12" in last
    assert "failed" not in last


def test_failures(capsys: pytest.CaptureFixture[str]) -> None:
    """The bar says how many calls failed."""
    pytest.importorskip("tqdm")
    from root.progress import bar

    on_progress = bar("Making")
    on_progress(Progress(done=1, total=3, failed=0, position=2))
    on_progress(Progress(done=2, total=3, failed=1, position=0))
    on_progress(Progress(done=3, total=3, failed=1, position=1))

    assert "3/3" in (last := capsys.readouterr().err.rstrip().rpartition("\r")[2])
    assert "1 failed" in last


def test_a_terminal() -> None:
    """In a terminal the bar is one line that is drawn again and again."""
    pytest.importorskip("tqdm")
    program = """
from root.models import Progress
from root.progress import bar

on_progress = bar("Making")
for number in range(30):
    on_progress(Progress(number + 1, 30, 0, number))
print("done")
"""
    termios = pytest.importorskip("termios")
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    with os.fdopen(ours, "rb") as terminal:
        subprocess.run([sys.executable, "-c", program], stdout=theirs, stderr=theirs, check=True)
        os.close(theirs)
        text = os.read(terminal.fileno(), 65536).decode()

    *_, bar, said = text.split("\r\n")[:-1]
    assert said == "done"
    assert bar.rpartition("\r")[2].startswith("Making: 100%")


def test_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where tqdm is missing, the error names the extra."""
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.delitem(sys.modules, "root.progress", raising=False)

    with pytest.raises(ImportError, match=r'pip install "root-sdk\[tqdm\]"'):
        import root.progress  # noqa: F401
