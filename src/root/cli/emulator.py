"""`root-signals emulator`: what `python -m root.emulator` does."""

from __future__ import annotations

import typer

from .errors import FAILED, USAGE, CommandError

__all__ = ["emulator"]


def emulator(context: typer.Context) -> None:
    """Serve the API on this machine; --help tells the arguments."""
    try:
        from ..emulator.__main__ import main
    except ImportError as error:
        raise CommandError(str(error), code=FAILED) from error
    try:
        code = main(context.args, program="root-signals emulator")
    except SystemExit as error:
        # argparse has told what is wrong.
        code = USAGE if error.code else 0
    raise typer.Exit(code)
