"""What every command shares: the common options, and what they make of a client and of output."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias, get_args

import typer
from typer.core import TyperGroup

from . import output, profiles
from .errors import USAGE, CommandError, DeadPipe

if TYPE_CHECKING:
    from .. import RootSignals
    from ..errors import ConfigurationError, JSONValue
    from ..models import Progress

__all__ = ["Concurrency", "Group", "Session", "Yes", "command", "common", "show_help"]

Format: TypeAlias = Literal["table", "json", "jsonl", "csv", "yaml"]

Yes: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Concurrency: TypeAlias = Annotated[
    int, typer.Option(metavar="N", min=1, help="How many calls to make at once.")
]


def _common(
    *,
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="A profile of `config set`.",
            autocompletion=profiles.complete,
        ),
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Where the service is.")
    ] = None,
    api_key_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file that holds the API key.")
    ] = None,
    output: Annotated[
        Format | None,
        typer.Option(
            "--output",
            "-o",
            metavar="|".join(get_args(Format)),
            help="The form of the output; a table on a terminal, else JSON, if left out.",
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print results and errors only.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Print a line for each request.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Print all that is logged, and tracebacks.")
    ] = False,
    no_color: Annotated[
        bool, typer.Option("--no-color", help="Print without colours, as NO_COLOR does.")
    ] = False,
) -> None:
    """Declare the options that every command has."""


_COMMON = tuple(inspect.signature(_common, eval_str=True).parameters.values())


def common(function: Callable[..., None]) -> Callable[..., None]:
    """Let a group of commands take the common options, too, and keep them in its context.

    Args:
        function: The group's own function; its first argument is the context.
    """

    @wraps(function)
    def extended(context: typer.Context, **given: object) -> None:
        own = {option.name: given.pop(option.name) for option in _COMMON}
        for name in ("profile", "base_url", "api_key_file"):
            # An empty path is the folder one is in, which is no file either.
            if own[name] in ("", Path()):
                raise CommandError(
                    f"--{name.replace('_', '-')} is empty.",
                    "Is a variable not set? Leave the option out if you mean what is usual.",
                )
        # What was said before the command holds where nothing is said after it.
        earlier: Mapping[str, object] = context.obj or {}
        context.obj = {name: own[name] or earlier.get(name, own[name]) for name in own}
        function(context, **given)

    # A command's first argument is its session instead.
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    parameters = [one.replace(kind=one.KEYWORD_ONLY) for one in (context, *own, *_COMMON)]
    # Typer reads both.
    extended.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    extended.__annotations__ = {one.name: one.annotation for one in parameters}
    return extended


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the common options; its first argument is the `Session` they make."""

    @common
    @wraps(function)
    def in_session(context: typer.Context, **given: object) -> None:
        session = Session(**context.obj)
        try:
            function(session, **given)
            sys.stdout.flush()
        except BrokenPipeError as error:
            # Typer would make an exit code of its own of it.
            raise DeadPipe from error

    return in_session


class Group(TyperGroup):
    """A group that reads no options where none stands before the command.

    Typer reads them with pydantic, and loading that takes as long as all the rest of a help.
    """

    # Typer's own context is what comes, though its base class is what Typer declares.
    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        """Take the arguments apart."""
        if not args or args[0].startswith("-"):
            return super().parse_args(ctx, args)
        ctx.params = {one.name: one.default for one in self.params if one.expose_value}
        return TyperGroup(name=self.name, add_help_option=False).parse_args(ctx, args)


def show_help(context: typer.Context) -> None:
    """Print the help of a group whose command was left out."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(USAGE)


class Session:
    """One run of a command: its client, what it prints, and what it asks.

    Args:
        profile: The name of a profile, if one was asked for.
        base_url: Where the service is, if that was said.
        api_key_file: The file that holds the API key, if there is one.
        output: The form of the output, if one was asked for.
        quiet: Whether to print results only.
        verbose: Whether to print a line for each request.
        debug: Whether to print all that is logged.
        no_color: Whether to print without colours.

    Attributes:
        where: The address of the service, and the profile if there is one; empty without a client.
    """

    def __init__(
        self,
        *,
        profile: str | None,
        base_url: str | None,
        api_key_file: Path | None,
        output: Format | None,
        quiet: bool,
        verbose: bool,
        debug: bool,
        no_color: bool,
    ) -> None:
        self.output: Format | None = output
        self.profile = profile
        self.base_url = base_url
        self.api_key_file = api_key_file
        self.quiet: bool = quiet
        self._verbose = verbose or debug
        self._color = not no_color
        self.where: str = ""
        if self._verbose:
            _log(debug=debug)

    @property
    def format(self) -> Format:
        """The form of the output."""
        if self.output is not None:
            return self.output
        return "table" if sys.stdout.isatty() else "json"

    def client(self) -> RootSignals:
        """Return a client made of the options, the environment and the profile.

        Raises:
            ConfigurationError: There is no API key, or a setting cannot be right.
            CommandError: There is no such profile, or a file cannot be read.
        """
        settings = self._settings()
        client = settings.client()
        self.where = client.base_url
        if settings.profile is not None:
            self.where += f" (profile {settings.profile})"
        return client

    def settings_and_client(
        self,
    ) -> tuple[profiles.Settings, RootSignals, ConfigurationError | CommandError | None]:
        """Return also a client that lacks a key, and why it does, to commands that tell it.

        Raises:
            ConfigurationError: A setting other than the key cannot be right.
            CommandError: There is no such profile, or the config file cannot be read.
        """
        from .. import RootSignals
        from ..config import no_key
        from ..errors import ConfigurationError

        settings = self._settings()
        try:
            return settings, settings.client(), None
        except (ConfigurationError, CommandError) as error:
            # What is not about the key is raised again by this.
            return settings, RootSignals(no_key, base_url=settings.base_url), error

    def _settings(self) -> profiles.Settings:
        return profiles.resolve(
            profile=self.profile, base_url=self.base_url, api_key_file=self.api_key_file
        )

    def show(
        self, records: Iterable[Mapping[str, JSONValue]], columns: Sequence[str] | None = None
    ) -> None:
        """Print records in the form that was asked for.

        Args:
            records: What there is to print.
            columns: What stands in a table or in CSV; the fields of the first record if left out.
        """
        left_out = output.write(records, columns, self.format, color=self._color)
        if left_out:
            self.say(f"No room for {', '.join(left_out)}; --output json shows them.")

    def show_one(self, record: Mapping[str, JSONValue]) -> None:
        """Print a single record."""
        output.write_one(record, self.format, color=self._color)

    def write(self, text: str, *, styles: Mapping[str, str] | None = None) -> None:
        """Print text; a line that begins with a key of `styles` has its colour on a terminal."""
        output.write_text(text, styles or {}, color=self._color)

    def say(self, text: str) -> None:
        """Tell the person who waits, on stderr."""
        if not self.quiet:
            typer.echo(output.printable(text), err=True)

    def warn(self, text: str) -> None:
        """Tell what must be known, on stderr."""
        typer.echo(f"Warning: {output.printable(text)}", err=True)

    def confirm(self, question: str, *, yes: bool) -> None:
        """Ask, and go on only if the answer is yes.

        Raises:
            CommandError: The answer is no, or there is no terminal to ask on.
        """
        if yes:
            return
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise CommandError(
                "Nothing was changed: there is no terminal to ask on.",
                "--yes says that you mean it.",
            )
        if not typer.confirm(output.printable(question), err=True):
            raise CommandError("Nothing was changed.", code=1)

    def secret(self, option: str, value: str | None, what: str) -> str | None:
        """Return a secret from stdin, or ask for it on a terminal without showing it.

        Args:
            option: The option that asks for it.
            value: What it says: None or `-`.
            what: What to ask for.

        Raises:
            CommandError: The option holds something else, or there is nothing to read.
        """
        if value is None:
            return None
        if value != "-":
            # The value is not shown: it may be the key.
            raise CommandError(
                f"{option} takes only - : process lists and shell histories show arguments.",
                f"Pipe the key in, or type it when asked: {option} -",
            )
        if sys.stdin.isatty():
            from getpass import getpass

            found = getpass(f"{what} (it is not shown): ", stream=sys.stderr)
        else:
            found = sys.stdin.readline()
        if not found.strip():
            raise CommandError(f"{option} - : nothing came from stdin.")
        return found.strip()

    @contextmanager
    def changing(self, told: str) -> Generator[None]:
        """Say on an interrupt what may have happened all the same."""
        try:
            yield
        except KeyboardInterrupt:
            self.warn(f"Interrupted. {told} all the same.")
            raise

    @contextmanager
    def progress(
        self, what: str, *, changes: bool = False
    ) -> Generator[Callable[[Progress], None]]:
        """Show a bar while something long goes on, where there is a terminal to show it on.

        Args:
            what: What goes on.
            changes: Whether it changes something; then an interrupt says how far it came.
        """
        made = 0

        def seen(progress: Progress) -> None:
            nonlocal made
            made = progress.done - progress.failed
            move(progress)

        with self._bar(what) as move:
            try:
                yield seen
            except KeyboardInterrupt:
                if changes:
                    self.warn(f"Interrupted. Changes made: {made}; those under way may be, too.")
                raise

    @contextmanager
    def _bar(self, what: str) -> Generator[Callable[[Progress], None]]:
        # The lines of a log would stand in the middle of a bar, and tell as much.
        if self.quiet or self._verbose or not sys.stderr.isatty():
            yield lambda _: None
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        console = Console(stderr=True, no_color=None if self._color else True)
        with Bar(*columns, console=console, transient=True) as bar:
            task = bar.add_task(what, total=None)
            yield lambda done: bar.update(task, completed=done.done, total=done.total)


def _log(*, debug: bool) -> None:
    import logging

    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger("root.client")
    logger.handlers = [handler]
    logger.setLevel(logging.DEBUG if debug else logging.INFO)
