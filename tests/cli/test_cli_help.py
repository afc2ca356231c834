"""The help of every command, as recorded in tests/cli/help.

To record changes: `python -m tests.cli.test_cli_help`. Review them in the diff.
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
    ("evaluators",),
    *(
        ("evaluators", name)
        for name in ("list", "get", "delete", "run", "create", "update", "export", "import")
    ),
    ("judges",),
    *(
        ("judges", name)
        for name in (
            *("list", "get", "delete", "run", "create", "update"),
            *("generate", "refine", "batch"),
        )
    ),
    ("objectives",),
    *(("objectives", name) for name in ("list", "get", "delete", "create", "update")),
    ("datasets",),
    *(("datasets", name) for name in ("list", "get", "delete", "create", "download")),
    ("logs",),
    *(("logs", name) for name in ("list", "get", "set-tags")),
    ("doctor",),
    ("config",),
    *(("config", name) for name in ("set", "use", "remove", "show")),
]

GROUPS = [
    (),
    *((name,) for name in ("models", "evaluators", "judges", "objectives")),
    *((name,) for name in ("datasets", "logs", "config")),
]


def help_of(command: tuple[str, ...]) -> str:
    """Return the help of a command on a terminal of 80 columns."""
    return subprocess.run(
        [sys.executable, "-m", "root", *command, "--help"],
        capture_output=True,
        check=True,
        env={**os.environ, "COLUMNS": "80", "LC_ALL": "C.UTF-8"},
        text=True,
    ).stdout


def file_of(command: tuple[str, ...]) -> Path:
    """Return the file that records the help of a command."""
    return HELP / f"{'-'.join(('root-signals', *command))}.txt"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command) or "all")
def test_help(command: tuple[str, ...]) -> None:
    """The help of a command is the recorded one."""
    assert help_of(command) == file_of(command).read_text(encoding="utf-8")


@pytest.mark.parametrize("group", GROUPS, ids=" ".join)
def test_summaries_are_complete(group: tuple[str, ...]) -> None:
    """Summaries in a list of commands are not truncated."""
    assert "..." not in help_of(group).partition("Commands:\n")[2]


def test_short_help(run: Run) -> None:
    """-h is the short form of --help."""
    assert run("models", "list", "-h") == run("models", "list", "--help")


@pytest.mark.parametrize("group", GROUPS, ids=" ".join)
def test_every_command_is_recorded(group: tuple[str, ...]) -> None:
    """The help of every command is recorded, except the emulator's, which comes from argparse."""
    _, _, listed = help_of(group).partition("Commands:\n")
    names = {line[2:].split()[0] for line in listed.splitlines() if re.match("  [a-z]", line)}

    assert names - {"emulator"} == {
        command[-1] for command in COMMANDS if command and command[:-1] == group
    }


if __name__ == "__main__":
    HELP.mkdir(exist_ok=True)
    for one in COMMANDS:
        file_of(one).write_text(help_of(one), encoding="utf-8")
