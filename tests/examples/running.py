"""Run the examples as processes, as users do."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from root.emulator import Server
from tests.concurrency.helpers import HANG

EXAMPLES = Path(__file__).parents[2] / "examples"


def environment(emulator: Server, **variables: str) -> dict[str, str]:
    """Return an environment in which clients use the emulator."""
    return {
        **os.environ,
        "ROOTSIGNALS_API_KEY": emulator.api_key,
        "ROOTSIGNALS_API_URL": emulator.url,
        **variables,
    }


@contextmanager
def serving(*arguments: str, emulator: Server, **variables: str) -> Iterator[str]:
    """Run the module of a server, such as uvicorn, on a free port, and return its URL."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", *arguments],
        cwd=EXAMPLES,
        env=environment(emulator, **variables),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    output = ""
    try:
        for line in process.stderr:
            output += line
            if match := re.search(r"(?:running on|Listening at:) (http://\S+)", line):
                yield match[1]
                break
        else:
            raise AssertionError(output)
    finally:
        process.terminate()
        try:
            output += process.communicate(timeout=HANG)[1]
        finally:
            process.kill()
    assert "Traceback" not in output, output
