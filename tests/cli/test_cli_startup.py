"""The command line imports slow modules only when they are needed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from root.emulator import Server

# The modules that take longest to import.
HEAVY = {
    *("httpx", "httpcore", "pydantic", "rich", "yaml", "platformdirs", "keyring"),
    *("starlette", "uvicorn", "asyncio", "ssl", "logging", "tomllib", "tomlkit", "tempfile"),
}

PROGRAM = """
import sys
# Coverage measurement imports some of them, too.
before = set(sys.modules)
from root.cli import main
main(sys.argv[1:])
import json
print(json.dumps([name.partition(".")[0] for name in sys.modules.keys() - before]), file=sys.stderr)
"""


def imported(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True
    )
    return {name for name in json.loads(done.stderr) if name in HEAVY}


@pytest.mark.parametrize(
    "command", ["", "models", "models list", "models apply", "config", "config set", "doctor"]
)
def test_help_imports_nothing_heavy(command: str) -> None:
    """Help imports neither httpx nor rich, nor pydantic, with which Typer parses options."""
    assert imported(*command.split(), "--help") == set()


def test_json_imports_no_rich(at_emulator: Server) -> None:
    """rich is imported for tables only, and the modules for profiles only if one may be used."""
    unneeded = {"rich", "yaml", "keyring", "platformdirs", "tomllib", "tomlkit"}

    assert imported("models", "list", "--quiet", "-o", "json") & unneeded == set()


def test_reading_profiles_imports_no_writer(at_emulator: Server) -> None:
    """tomlkit is imported only to change the configuration file."""
    assert "tomlkit" not in imported("config", "show", "--quiet")


def test_import_imports_no_typer() -> None:
    """Importing the command line imports none of the packages of its extra."""
    program = "import sys, root.cli; assert 'typer' not in sys.modules"

    subprocess.run([sys.executable, "-c", program], check=True)
