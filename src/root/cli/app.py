"""The program: its commands put together, and what becomes of what they raise."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import Abort, TyperException

from ..errors import RootSignalsError
from . import config, doctor, emulator, models
from .completion import whole_words
from .errors import (
    DEAD_PIPE,
    EXIT_CODES,
    FAILED,
    INTERRUPTED,
    USAGE,
    CommandError,
    DeadPipe,
    exit_code,
    hint,
)
from .output import printable
from .session import Group, common, show_help

__all__ = ["app", "run"]

_CODES = "\n".join(f"{code:>4}  {meaning}" for code, meaning in EXIT_CODES.items())

# What Typer says in the words of pydantic, with which it reads options.
_WORDS = {
    "Value error, ": "",
    "Input should be a valid integer, unable to parse string as an integer": (
        "a whole number is needed."
    ),
    "Input should be a valid number, unable to parse string as a number": "a number is needed.",
    "Input should be greater than or equal to": "it is less than",
}

app: typer.Typer = typer.Typer(
    name="root-signals",
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=f"\b\nExit codes:\n{_CODES}",
    # Plain help loads no rich, which takes as long as all the rest; and locals may hold keys.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(models.app, name="models")
app.add_typer(config.app, name="config")
app.command()(doctor.doctor)
# Its arguments are read by the emulator itself, --help too.
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
    """Manage the models of Root Signals (now Scorable) that evaluations run on.

    Options may stand before and after the command.
    """
    if version:
        from .. import __version__

        typer.echo(f"root-signals {__version__}")
        raise typer.Exit
    show_help(context)


def run(arguments: list[str]) -> int:
    """Run a command and return its exit code; whatever goes wrong is told here."""
    _open_streams()
    try:
        with whole_words():
            code = app(arguments, prog_name="root-signals", standalone_mode=False)
        sys.stdout.flush()
    except (Abort, KeyboardInterrupt):
        return INTERRUPTED
    except (DeadPipe, BrokenPipeError):
        return _dead_pipe()
    except SystemExit as error:
        # So Typer ends where its help is not read.
        if isinstance(error.__context__, BrokenPipeError):
            return _dead_pipe()
        raise
    except TyperException as error:
        context = getattr(error, "ctx", None)
        path = context.command_path if context else "root-signals"
        text = error.format_message()
        if text.startswith("Got unexpected extra argument"):
            # Which one is not said: it may be a key that belongs into stdin.
            text = "There are more arguments than it takes."
        for theirs, ours in _WORDS.items():
            text = text.replace(theirs, ours)
        _tell(error, text, f"`{path} --help` shows how it is used.", arguments)
        return USAGE
    except (RootSignalsError, CommandError) as error:
        _tell(error, str(error), hint(error), arguments)
        return exit_code(error)
    except OSError as error:
        _tell(error, f"{error.strerror or error}.", None, arguments)
        return FAILED
    except Exception as error:  # noqa: BLE001
        # No text of an unknown error is shown: nobody knows what it holds.
        text = f"Something unexpected went wrong: {type(error).__name__}."
        _tell(error, text, "This is a fault of root-signals; --debug shows where.", arguments)
        return FAILED
    return code if isinstance(code, int) else 0


def _open_streams() -> None:
    """Open the standard streams that are closed, to nowhere, and write files and pipes in UTF-8."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    stdout = sys.stdout
    if not stdout.isatty() and isinstance(stdout, io.TextIOWrapper):
        # JSON and files of models are that by definition, whatever the locale is.
        stdout.reconfigure(encoding="utf-8")


def _dead_pipe() -> int:
    # Else the interpreter complains when it flushes at its end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return DEAD_PIPE


def _tell(error: Exception, text: str, advice: str | None, arguments: Sequence[str]) -> None:
    """Print an error: one red sentence, a hint, and for those who ask a traceback."""
    # Looked for in the arguments, since these may be what cannot be read; then, where in Typer that
    # came out says nothing.
    if "--debug" in arguments and not isinstance(error, TyperException):
        import traceback

        # Without locals, which may hold keys.
        typer.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    # Typer leaves colours away where there is no terminal.
    color = False if plain or "--no-color" in arguments else None
    lines = "\n".join(printable(line) for line in text.strip().splitlines())
    typer.echo(typer.style(lines, fg=typer.colors.RED), err=True, color=color)
    if advice:
        typer.echo(f"Hint: {advice}", err=True)
