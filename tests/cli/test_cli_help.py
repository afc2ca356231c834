"""The help of every command, as it stands in the files of tests/cli/help.

A change of the help is looked at and then taken over: `python -m tests.cli.test_cli_help`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run

HELP = Path(__file__).parent / "help"

COMMANDS = [
    (),
    ("models",),
    *(
        ("models", name)
        for name in (
            *("list", "get", "create", "ensure", "update", "replace", "delete", "verify"),
            *("export", "schema", "apply"),
        )
    ),
    ("doctor",),
    ("config",),
    *(("config", name) for name in ("set", "use", "remove", "show")),
]


def shown(command: tuple[str, ...]) -> str:
    """Return a command's help as a terminal of 80 columns shows it."""
    return subprocess.run(
        [sys.executable, "-m", "root", *command, "--help"],
        capture_output=True,
        check=True,
        env={**os.environ, "COLUMNS": "80", "LC_ALL": "C.UTF-8"},
        text=True,
    ).stdout


def file_of(command: tuple[str, ...]) -> Path:
    """Return the file with a command's help."""
    return HELP / f"{'-'.join(('root-signals', *command))}.txt"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command) or "all")
def test_help(command: tuple[str, ...]) -> None:
    """A command's help is as it was."""
    assert shown(command) == file_of(command).read_text(encoding="utf-8")


@pytest.mark.parametrize("group", [(), ("models",), ("config",)], ids=" ".join)
def test_summaries_are_whole(group: tuple[str, ...]) -> None:
    """A list of commands cuts no sentence off."""
    assert "..." not in shown(group).partition("Commands:\n")[2]


def test_short_help(run: Run) -> None:
    """-h is short for --help."""
    assert run("models", "list", "-h") == run("models", "list", "--help")


@pytest.mark.parametrize("group", [(), ("models",), ("config",)], ids=" ".join)
def test_every_command_is_here(group: tuple[str, ...]) -> None:
    """No command is without a file of its help, but for the emulator, whose help is argparse's."""
    _, _, listed = shown(group).partition("Commands:\n")
    names = {line[2:].split()[0] for line in listed.splitlines() if re.match("  [a-z]", line)}

    assert names - {"emulator"} == {
        command[-1] for command in COMMANDS if command and command[:-1] == group
    }


if __name__ == "__main__":
    HELP.mkdir(exist_ok=True)
    for one in COMMANDS:
        file_of(one).write_text(shown(one), encoding="utf-8")
