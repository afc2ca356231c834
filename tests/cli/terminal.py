"""A program in a terminal of its own, with somebody who types."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

# The terminal becomes the one that controls the process: Ctrl-C goes there.
_START = """
import fcntl, signal, sys, termios
# Where the tests run in the background, Ctrl-C is ignored, and that is inherited.
signal.signal(signal.SIGINT, signal.default_int_handler)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from root.cli import main
sys.exit(main(sys.argv[1:]))
"""

# Longer than anything takes; it is never waited for where all is well.
_PATIENCE = 60


class Terminal:
    """`root-signals` in a pseudo-terminal of 120 by 40 characters.

    COLUMNS among the environment makes it of another width.

    Attributes:
        shown: All that it has shown.
    """

    def __init__(self, *arguments: str, **environment: str) -> None:
        self._ours, theirs = os.openpty()
        termios.tcsetwinsize(theirs, (40, 120))
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START, *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "TERM": "xterm-256color", **environment},
            start_new_session=True,
        )
        os.close(theirs)
        self.shown = ""

    def wait_for(self, text: str) -> None:
        """Read until this has been shown."""
        while text not in self.shown:
            assert self._read(), f"{text!r} did not come: {self.shown}"

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait for what the program does elsewhere."""
        until = time.monotonic() + _PATIENCE
        while not condition():
            assert time.monotonic() < until, f"it did not come to that: {self.shown}"
            # Not without a rest, which the emulator in this process needs to do its work.
            time.sleep(0.01)

    def enter(self, text: str) -> None:
        """Type this on the keyboard."""
        os.write(self._ours, text.encode())

    def end(self) -> int:
        """Read all there is, and return the exit code."""
        while self._read():
            pass
        return self._process.wait(_PATIENCE)

    def _read(self) -> bool:
        readable, _, _ = select.select([self._ours], [], [], _PATIENCE)
        assert readable, f"nothing more came after: {self.shown}"
        try:
            data = os.read(self._ours, 65536)
        except OSError:
            # So Linux tells that the other side is closed.
            data = b""
        self.shown += data.decode(errors="replace")
        return bool(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Whatever it is doing: a test that failed leaves it behind.
        self._process.kill()
        self._process.wait()
        os.close(self._ours)
