"""The command line: `root-signals` or `python -m root`.

It uses the SDK's public names only, and `printable`. The packages it requires come with the extra
`cli`; importing this module loads none of them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    docs/cli.md lists the exit codes.

    Args:
        arguments: The command-line arguments, without the program's name; `sys.argv[1:]` if
            omitted.
    """
    from importlib.util import find_spec

    required = ("typer", "rich", "yaml", "platformdirs", "tomlkit")
    missing = [name for name in required if not find_spec(name)]
    if missing:
        from ..__about__ import install_advice

        sys.stderr.write(
            f"The command line requires the package {missing[0]!r}. {install_advice('cli')}\n"
        )
        return 1
    from .app import run

    return run(sys.argv[1:] if arguments is None else list(arguments))
