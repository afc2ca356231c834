"""Completion in a real bash, zsh and fish, installed as documented."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from root.emulator import Server

from .terminal import Shell

pytestmark = pytest.mark.shells

UNSAFE_NAMES = [
    r"zz\$(touch evil)",
    "zz$(touch evil)",
    "zz`touch evil`",
    r"zz\`touch evil\`",
    # The only names that begin so: a shell inserts them if they are offered.
    "qq';touch evil;'",
    'rr";touch evil;"',
    "zz;touch evil",
    "zz\ntouch evil\n",
    "zz[/x]",
]

# What a shell writes when it begins to read keys: it switches bracketed paste on.
EDITING = "\x1b[?2004h"

START, END, CLEAR = "\x01", "\x05", "\x15"


@pytest.fixture(params=["bash", "zsh", "fish"])
def shell(request: pytest.FixtureRequest, tmp_path: Path, home: Path) -> str:
    """The name of a shell in which completion is installed."""
    name: str = request.param
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed: `apt-get install {name}`, then `nox -s shells`")
    command = tmp_path / "bin" / "root-signals"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m root "$@"\n')
    command.chmod(0o755)
    subprocess.run(
        [command, "--install-completion", name],
        check=True,
        capture_output=True,
        env={
            **os.environ,
            "HOME": str(home),
            "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}",
            "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1",
        },
    )
    return name


@contextmanager
def started(shell: str, tmp_path: Path, home: Path) -> Iterator[Shell]:
    """Start a shell in an empty folder."""
    work = tmp_path / "work"
    work.mkdir()
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    with Shell(shell, "-i", HOME=str(home), PATH=path, ZDOTDIR=str(home)) as terminal:
        # A quoted word is shown unquoted only when the command is executed.
        terminal.enter(f"cd {work}; echo rea'dy'\r")
        terminal.wait_for(EDITING, after="ready")
        # The first time, zsh only loads the script.
        terminal.enter(f"root-signals config us\t{CLEAR}")
        yield terminal


def completed(terminal: Shell, line: str, tmp_path: Path, *, quote: str = "") -> str:
    """Return the words of a line after the tabulator key was pressed at its end.

    The quote closes the last word then.
    """
    file = tmp_path / "line"
    # The shell handles the other keys when the completion has ended.
    terminal.enter(f"{line}\t{quote}")
    terminal.enter(f"{END} > {file}; echo writte'n'{START}echo \r")
    terminal.wait_for("written")
    return file.read_text().strip()


def test_safe_name(at_emulator: Server, shell: str, tmp_path: Path, home: Path) -> None:
    """A name that is safe is inserted."""
    at_emulator.add_model(name="my-own/model:8b")

    with started(shell, tmp_path, home) as terminal:
        line = completed(terminal, "root-signals models get my-o", tmp_path)

    assert line == "root-signals models get my-own/model:8b"


@pytest.mark.parametrize(("quote", "word"), [("", "zz"), ("'", "qq"), ('"', "rr")])
def test_unsafe_names(
    at_emulator: Server, shell: str, tmp_path: Path, home: Path, quote: str, word: str
) -> None:
    """A name that is special in a shell is not inserted, and nothing in it is executed."""
    for name in UNSAFE_NAMES:
        at_emulator.add_model(name=name)

    with started(shell, tmp_path, home) as terminal:
        line = completed(terminal, f"root-signals models get {quote}{word}", tmp_path, quote=quote)

    assert line == f"root-signals models get {word}"
    assert not list((tmp_path / "work").iterdir())


def test_id_of_an_unsafe_name(at_emulator: Server, shell: str, tmp_path: Path, home: Path) -> None:
    """A model is completed by its ID whatever its name is."""
    model = at_emulator.add_model(name="[/x]$(touch evil)'\"\n")

    with started(shell, tmp_path, home) as terminal:
        line = completed(terminal, f"root-signals models get {model.id[:8]}", tmp_path)

    assert line == f"root-signals models get {model.id}"
    assert not list((tmp_path / "work").iterdir())
