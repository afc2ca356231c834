"""The progress bar."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from root import RootSignals
from root.emulator import Server
from root.models import Progress


def test_bar(emulator: Server, capsys: pytest.CaptureFixture[str]) -> None:
    """The bar counts the calls on the error stream, ends its line, and writes no output."""
    pytest.importorskip("tqdm")
    from root.progress import bar

    with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        client.models.create_many(
            [{"name": f"m{n}"} for n in range(12)], on_progress=bar("Creating")
        )

    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.endswith("\n")
    last = written.err.rstrip().rpartition("\r")[2]
    assert last.startswith("Creating: 100%")
    assert "12/12" in last
    assert "failed" not in last


def test_failures(capsys: pytest.CaptureFixture[str]) -> None:
    """The bar has the number of calls that failed."""
    pytest.importorskip("tqdm")
    from root.progress import bar

    on_progress = bar("Creating")
    on_progress(Progress(done=1, total=3, failed=0, position=2))
    on_progress(Progress(done=2, total=3, failed=1, position=0))
    on_progress(Progress(done=3, total=3, failed=1, position=1))

    assert "3/3" in (last := capsys.readouterr().err.rstrip().rpartition("\r")[2])
    assert "1 failed" in last


def test_terminal() -> None:
    """In a terminal the bar is one line that is rewritten."""
    pytest.importorskip("tqdm")
    program = """
from root.models import Progress
from root.progress import bar

on_progress = bar("Creating")
for number in range(30):
    on_progress(Progress(number + 1, 30, 0, number))
print("done")
"""
    termios = pytest.importorskip("termios")
    controller, device = os.openpty()
    termios.tcsetwinsize(device, (24, 80))
    with os.fdopen(controller, "rb") as terminal:
        subprocess.run([sys.executable, "-c", program], stdout=device, stderr=device, check=True)
        os.close(device)
        text = os.read(terminal.fileno(), 65536).decode()

    *_, bar, last = text.split("\r\n")[:-1]
    assert last == "done"
    assert bar.rpartition("\r")[2].startswith("Creating: 100%")


def test_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without tqdm, the error has the extra that contains it."""
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.delitem(sys.modules, "root.progress", raising=False)

    with pytest.raises(ImportError, match=r'pip install "\.\[tqdm\]"'):
        import root.progress  # noqa: F401
