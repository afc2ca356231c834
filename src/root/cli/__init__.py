"""The command line, `root-signals` or `python -m root`; it speaks to the public client only.

Its packages come with the extra `root-sdk[cli]`. Importing this loads none of them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; docs/cli.md lists them.

    Args:
        arguments: The words after the command's name; those of this process if left out.
    """
    from importlib.util import find_spec

    missing = [
        name for name in ("typer", "rich", "yaml", "platformdirs", "tomlkit") if not find_spec(name)
    ]
    if missing:
        sys.stderr.write(
            f"The command line needs the package {missing[0]!r}, which the extra brings:"
            ' pip install "root-sdk[cli]"\n'
        )
        return 1
    from .app import run

    return run(sys.argv[1:] if arguments is None else list(arguments))
