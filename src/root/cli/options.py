"""Options that commands share, and the decorators that add them."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Annotated, TypeAlias, get_args

import typer
from typer.core import TyperGroup

from . import profiles
from .errors import USAGE, BrokenOutput, CommandError
from .output import Format
from .session import Session

__all__ = ["Concurrency", "Group", "Yes", "command", "common", "show_help"]

Yes: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
Concurrency: TypeAlias = Annotated[
    int, typer.Option(metavar="N", min=1, help="Maximum number of concurrent calls.")
]


def _common(
    *,
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Profile to use, see `config set`.",
            autocompletion=profiles.complete,
        ),
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Base URL of the service.")
    ] = None,
    api_key_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File that contains the API key.")
    ] = None,
    output: Annotated[
        Format | None,
        typer.Option(
            "--output",
            "-o",
            metavar="|".join(get_args(Format)),
            help="Output format. Default: table, on a terminal and in a pipe.",
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print only results and errors.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Print one line for each request.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Print the debug log and tracebacks.")
    ] = False,
    no_color: Annotated[
        bool, typer.Option("--no-color", help="Disable colors, as NO_COLOR does.")
    ] = False,
) -> None:
    """Declare the options of every command."""


_COMMON = tuple(inspect.signature(_common, eval_str=True).parameters.values())


def common(function: Callable[..., None]) -> Callable[..., None]:
    """Add the common options to the callback of a group, and store their values in its context.

    Args:
        function: The callback. Its first parameter is the context.
    """

    @wraps(function)
    def extended(context: typer.Context, **values: object) -> None:
        own = {option.name: values.pop(option.name) for option in _COMMON}
        for name in ("profile", "base_url", "api_key_file"):
            # Typer parses an empty path as the current directory, which is not a key file either.
            if own[name] in ("", Path()):
                raise CommandError(
                    f"--{name.replace('_', '-')} is empty.",
                    "Check whether a variable is unset, or omit the option to use the default.",
                )
        # Options after a command take precedence over options before it.
        outer: Mapping[str, object] = context.obj or {}
        context.obj = {name: own[name] or outer.get(name, own[name]) for name in own}
        function(context, **values)

    # The first parameter is the context, or a session if `command` is applied.
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    parameters = [one.replace(kind=one.KEYWORD_ONLY) for one in (context, *own, *_COMMON)]
    # Typer reads both.
    extended.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    extended.__annotations__ = {one.name: one.annotation for one in parameters}
    return extended


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Add the common options to a command. Its first parameter is a `Session` made from them."""

    @common
    @wraps(function)
    def in_session(context: typer.Context, **values: object) -> None:
        session = Session(**context.obj)
        try:
            function(session, **values)
            sys.stdout.flush()
        except BrokenPipeError as error:
            # Typer would exit with a code of its own.
            raise BrokenOutput from error

    return in_session


class Group(TyperGroup):
    """A group that skips parsing its options if none precede the command.

    Typer parses options with pydantic, whose import doubles the duration of `--help`.
    """

    # The argument is Typer's context, though the base class declares another type.
    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        """Parse the arguments of the group."""
        if not args or args[0].startswith("-"):
            return super().parse_args(ctx, args)
        ctx.params = {one.name: one.default for one in self.params if one.expose_value}
        return TyperGroup(name=self.name, add_help_option=False).parse_args(ctx, args)


def show_help(context: typer.Context) -> None:
    """Print the help of a group that was called without a command, and exit."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(USAGE)
