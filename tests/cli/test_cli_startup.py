"""What the command line loads before it is needed: nothing that takes long."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from root.emulator import Server

# What takes longest to load.
HEAVY = {
    *("httpx", "httpcore", "pydantic", "rich", "yaml", "platformdirs", "keyring"),
    *("starlette", "uvicorn", "asyncio", "ssl", "logging", "tomllib", "tomlkit", "tempfile"),
}

PROGRAM = """
import sys
# Measuring coverage loads some, too.
before = set(sys.modules)
from root.cli import main
main(sys.argv[1:])
import json
print(json.dumps([name.partition(".")[0] for name in sys.modules.keys() - before]), file=sys.stderr)
"""


def loaded(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True
    )
    return {name for name in json.loads(done.stderr) if name in HEAVY}


@pytest.mark.parametrize(
    "command", ["", "models", "models list", "models apply", "config", "config set", "doctor"]
)
def test_help_loads_nothing_heavy(command: str) -> None:
    """Help loads neither the client nor what draws tables, nor what Typer reads options with."""
    assert loaded(*command.split(), "--help") == set()


def test_json_loads_no_rich(at_emulator: Server) -> None:
    """What draws tables is loaded for tables only, and what reads profiles for profiles."""
    unneeded = {"rich", "yaml", "keyring", "platformdirs", "tomllib", "tomlkit"}

    assert loaded("models", "list", "--quiet") & unneeded == set()


def test_reading_profiles_writes_none(at_emulator: Server) -> None:
    """What changes the config file is loaded for changes only."""
    assert "tomlkit" not in loaded("config", "show", "--quiet")


def test_import_loads_nothing() -> None:
    """Importing the command line loads none of its extra."""
    program = "import sys, root.cli; assert 'typer' not in sys.modules"

    subprocess.run([sys.executable, "-c", program], check=True)
