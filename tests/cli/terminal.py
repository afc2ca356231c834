"""Runs `root-signals` or a shell in a pseudo-terminal."""

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

# Makes the terminal the controlling one of the process, so that Ctrl-C interrupts it.
_START = """
import fcntl, os, signal, sys, termios
# A process started in the background inherits that SIGINT is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
"""
_MAIN = f"""{_START}
from root.cli import main
sys.exit(main(sys.argv[1:]))
"""
_EXECUTE = f"{_START}os.execvp(sys.argv[1], sys.argv[1:])"

# Seconds until a test fails. A test that passes never waits this long.
_TIMEOUT = 60


class Terminal:
    """`root-signals` in a pseudo-terminal of 120 by 40 characters.

    Args:
        arguments: The arguments of the command.
        environment: Environment variables; COLUMNS sets another width.

    Attributes:
        shown: All output so far.
    """

    _program = _MAIN

    def __init__(self, *arguments: str, **environment: str) -> None:
        self._controller, terminal = os.openpty()
        termios.tcsetwinsize(terminal, (40, 120))
        self._process = subprocess.Popen(
            [sys.executable, "-c", self._program, *arguments],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            env={**os.environ, "TERM": "xterm-256color", **environment},
            start_new_session=True,
        )
        os.close(terminal)
        self.shown = ""

    def wait_for(self, text: str, *, after: str = "") -> None:
        """Read until the text has been shown, after another one if there is one."""
        while text not in (self.shown.partition(after)[2] if after else self.shown):
            assert self._read(), f"{text!r} was not shown: {self.shown}"

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition outside the terminal."""
        end = time.monotonic() + _TIMEOUT
        while not condition():
            assert time.monotonic() < end, f"the condition is still false: {self.shown}"
            # Yields to the emulator, which runs in this process.
            time.sleep(0.01)

    def enter(self, text: str) -> None:
        """Type text."""
        os.write(self._controller, text.encode())

    def end(self) -> int:
        """Read the remaining output, and return the exit code."""
        while self._read():
            pass
        return self._process.wait(_TIMEOUT)

    def _read(self) -> bool:
        readable, _, _ = select.select([self._controller], [], [], _TIMEOUT)
        assert readable, f"no more output after: {self.shown}"
        try:
            data = os.read(self._controller, 65536)
        except OSError:
            # Linux reports a closed terminal this way.
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
        # The program may still be running if the test failed.
        self._process.kill()
        self._process.wait()
        os.close(self._controller)


class Shell(Terminal):
    """A shell in a pseudo-terminal; the arguments are its command line."""

    _program = _EXECUTE
