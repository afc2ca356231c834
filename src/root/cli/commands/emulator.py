"""`root-signals emulator`: the same as `python -m root.emulator`."""

from __future__ import annotations

import typer

from ..errors import FAILED, USAGE, CommandError

__all__ = ["emulator"]


def emulator(context: typer.Context) -> None:
    """Serve the API on this machine; --help lists the options."""
    try:
        from ...emulator.__main__ import main
    except ImportError as error:
        raise CommandError(str(error), code=FAILED) from error
    try:
        code = main(context.args, program="root-signals emulator")
    except SystemExit as error:
        # argparse has already printed the error.
        code = USAGE if error.code else 0
    raise typer.Exit(code)
