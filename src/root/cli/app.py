"""The program: its commands, and the handling of their errors."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import Abort, TyperException

from .._secrets.redact import printable
from ..errors import RootSignalsError
from .commands import config, doctor, emulator, models
from .commands.datasets import DATASETS
from .commands.evaluators import EVALUATORS
from .commands.judges import JUDGES
from .commands.logs import LOGS
from .commands.objectives import OBJECTIVES
from .completion import completion_adapted
from .errors import (
    BROKEN_OUTPUT,
    EXIT_CODES,
    FAILED,
    INTERRUPTED,
    USAGE,
    BrokenOutput,
    CommandError,
    exit_code,
    hint,
)
from .files import has_home, no_home
from .options import Group, common, show_help

__all__ = ["app", "run"]

_CODES = "\n".join(f"{code:>4}  {meaning}" for code, meaning in EXIT_CODES.items())

# Typer parses options with pydantic and prints pydantic's messages.
_MESSAGES = {
    "Value error, ": "",
    "Input should be a valid integer, unable to parse string as an integer": "must be an integer.",
    "Input should be a valid number, unable to parse string as a number": "must be a number.",
    "Input should be greater than or equal to": "must be at least",
}
_NO_TIME = re.compile(r"Input should be a valid datetime.*")

app: typer.Typer = typer.Typer(
    name="root-signals",
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=f"\b\nExit codes:\n{_CODES}",
    # Without markup, help does not import rich, which takes as long as everything else.
    rich_markup_mode=None,
    # Typer's tracebacks show local variables, which may contain keys.
    pretty_exceptions_enable=False,
)
app.add_typer(models.app, name="models")
for _resource in (EVALUATORS, JUDGES, OBJECTIVES, DATASETS, LOGS):
    app.add_typer(_resource.app(), name=_resource.name)
app.add_typer(config.app, name="config")
app.command()(doctor.doctor)
# The emulator parses its own arguments, including --help.
app.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)(emulator.emulator)


@app.callback(invoke_without_command=True)
@common
def root_signals(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Run evaluators of Root Signals (now Scorable), and manage what they need.

    Common options may be placed before or after the command.
    """
    if version:
        from .. import __version__

        typer.echo(f"root-signals {__version__}")
        raise typer.Exit
    show_help(context)


def run(arguments: list[str]) -> int:
    """Run a command, print its error if it fails, and return the exit code."""
    _prepare_streams()
    try:
        with completion_adapted():
            code = app(arguments, prog_name="root-signals", standalone_mode=False)
        sys.stdout.flush()
    except (Abort, KeyboardInterrupt):
        return INTERRUPTED
    except (BrokenOutput, BrokenPipeError):
        return _broken_output()
    except SystemExit as error:
        # Typer exits this way if the reader of its help closes the pipe.
        if isinstance(error.__context__, BrokenPipeError):
            return _broken_output()
        raise
    except TyperException as error:
        context = getattr(error, "ctx", None)
        path = context.command_path if context else "root-signals"
        text = error.format_message()
        if text.startswith("Got unexpected extra argument"):
            # The argument is not printed, because it may be a key that was meant for stdin.
            text = "Too many arguments."
        for theirs, ours in _MESSAGES.items():
            text = text.replace(theirs, ours)
        text = _NO_TIME.sub("must be a time, such as 2026-01-31T08:00.", text)
        _print_error(error, text, f"Run `{path} --help` for the usage.", arguments)
        return USAGE
    except (RootSignalsError, CommandError) as error:
        _print_error(error, str(error), hint(error), arguments)
        return exit_code(error)
    except OSError as error:
        _print_error(error, f"{error.strerror or error}.", None, arguments)
        return FAILED
    except Exception as error:  # noqa: BLE001
        if isinstance(error, RuntimeError) and not has_home():
            missing = no_home()
            _print_error(error, str(missing), missing.hint, arguments)
            return exit_code(missing)
        # The message of an unknown error is not printed, because it may contain a secret.
        _print_error(
            error,
            f"Unexpected error: {type(error).__name__}.",
            "This is a bug in root-signals; --debug prints a traceback.",
            arguments,
        )
        return FAILED
    return code if isinstance(code, int) else 0


def _prepare_streams() -> None:
    """Replace closed standard streams by the null device, and write files and pipes in UTF-8."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    stdout = sys.stdout
    if not stdout.isatty() and isinstance(stdout, io.TextIOWrapper):
        # JSON and models files are UTF-8 by definition, whatever the locale is.
        stdout.reconfigure(encoding="utf-8")


def _broken_output() -> int:
    # The interpreter flushes stdout at exit, and would report the broken pipe.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_OUTPUT


def _print_error(error: Exception, text: str, advice: str | None, arguments: Sequence[str]) -> None:
    """Print an error in red and a hint; with --debug, also a traceback."""
    # The options may not have been parsed, so they are looked up in the arguments. A traceback
    # into Typer does not help to correct an argument.
    if "--debug" in arguments and not isinstance(error, TyperException):
        import traceback

        # Without local variables, which may contain keys.
        text_of_error = "".join(traceback.format_exception(error))
        typer.echo(printable(text_of_error, keep="\n"), err=True, nl=False)
    is_plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    # With None, Typer prints colors on a terminal only.
    color = False if is_plain or "--no-color" in arguments else None
    lines = printable(text.strip(), keep="\n")
    typer.echo(typer.style(lines, fg=typer.colors.RED), err=True, color=color)
    if advice:
        typer.echo(f"Hint: {printable(advice)}", err=True)
