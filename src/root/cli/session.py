"""One run of a command: its client, its output, and its questions to the user."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from .._secrets.redact import printable
from . import output
from .errors import CommandError
from .keys import Key
from .output import Format
from .settings import Settings, resolve

if TYPE_CHECKING:
    from .. import RootSignals
    from ..errors import ConfigurationError, JSONValue
    from ..models import Progress

__all__ = ["Session"]


# Longer keys are longer than a header may be on most servers.
_MAX_KEY = 8192


class Session:
    """One run of a command.

    Args:
        profile: The name of the profile to use.
        base_url: The base URL of the service.
        api_key_file: The file that contains the API key.
        output: The output format; if None, a table.
        quiet: Whether to print only results and errors.
        verbose: Whether to print one line for each request.
        debug: Whether to print the debug log.
        no_color: Whether to disable colors.

    Attributes:
        service: The base URL of the service, with the profile if one is used; empty until a
            client is created.
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
        self.service: str = ""
        if self._verbose:
            _log_to_stderr(debug=debug)

    @property
    def format(self) -> Format:
        """The output format: text for people, in a pipe too, unless another one is requested."""
        return self.output or "table"

    def client(self) -> RootSignals:
        """Return a client configured by the options, the profile and the environment.

        Raises:
            ConfigurationError: A setting is invalid.
            CommandError: There is no API key, the profile does not exist, or a file cannot be
                read.
        """
        settings = self._settings()
        client = settings.client()
        self.service = client.base_url
        if settings.profile is not None:
            self.service += f" (profile {settings.profile})"
        if settings.bypassed is not None:
            self.warn(
                "The API key is from the file .env of this folder, not from profile"
                f" {settings.bypassed}."
            )
        return client

    def settings_and_client(
        self,
    ) -> tuple[Settings, RootSignals, ConfigurationError | CommandError | None]:
        """Return the settings, a client, and why the client has no API key if it has none.

        Raises:
            ConfigurationError: A setting other than the API key is invalid.
            CommandError: The profile does not exist, or the configuration file cannot be read.
        """
        from .. import RootSignals
        from ..config import no_key
        from ..errors import ConfigurationError

        settings = self._settings()
        try:
            return settings, settings.client(), None
        except (ConfigurationError, CommandError) as error:
            # An error that does not concern the key is raised again here.
            return settings, RootSignals(no_key, base_url=settings.base_url), error

    def _settings(self) -> Settings:
        return resolve(profile=self.profile, base_url=self.base_url, api_key_file=self.api_key_file)

    def show(
        self, records: Iterable[Mapping[str, JSONValue]], columns: Sequence[str] | None = None
    ) -> None:
        """Print records in the output format.

        Args:
            records: The records.
            columns: The columns of a table or of CSV; the fields of the first record if omitted.
        """
        hidden = output.write(records, columns, self.format, color=self._color)
        if hidden:
            self.info(f"Hidden columns: {', '.join(hidden)}; use --output json to print them.")

    def show_one(self, record: Mapping[str, JSONValue]) -> None:
        """Print a single record in the output format."""
        output.write_one(record, self.format, color=self._color)

    def write(
        self, text: str, *, styles: Mapping[str, str] | None = None, is_result: bool = True
    ) -> None:
        """Print text to stdout.

        Args:
            text: The text.
            styles: The color of lines on a terminal, by the beginning of the line.
            is_result: Whether the text is the result of the command; otherwise it is printed to
                stderr.
        """
        stream = sys.stdout if is_result else sys.stderr
        output.write_text(text, styles or {}, color=self._color, stream=stream)

    def info(self, text: str) -> None:
        """Print a message to stderr, except with --quiet."""
        if not self.quiet:
            typer.echo(printable(text), err=True)

    def warn(self, text: str) -> None:
        """Print a warning to stderr."""
        typer.echo(f"Warning: {printable(text)}", err=True)

    def confirm(self, question: str, *, yes: bool) -> None:
        """Ask for confirmation, unless `yes` is true.

        Raises:
            CommandError: The user declines, or there is no terminal to ask on.
        """
        if yes:
            return
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise CommandError(
                "Nothing was changed: confirmation requires a terminal.",
                "Use --yes to skip the confirmation.",
            )
        if not typer.confirm(printable(question), err=True):
            raise CommandError("Nothing was changed.", code=1)

    def secret(self, option: str, value: str | None, prompt: str) -> str | None:
        """Read a secret from stdin; on a terminal, prompt for it without echo.

        Args:
            option: The name of the option that requests the secret.
            value: The value of the option: None or `-`.
            prompt: The prompt.

        Returns:
            The secret, or None if the option was not used.

        Raises:
            CommandError: The option has another value, or stdin is empty.
        """
        if value is None:
            return None
        if value != "-":
            # The value is not printed, because it may be the key.
            raise CommandError(
                f"{option} accepts only '-': process lists and shell histories show arguments.",
                f"Use `{option} -` and pipe the key to stdin, or enter it at the prompt.",
            )
        if sys.stdin.isatty():
            from getpass import getpass

            text = getpass(f"{prompt} (input is hidden): ", stream=sys.stderr)
        else:
            text = sys.stdin.readline(_MAX_KEY + 1)
        if not text.strip():
            raise CommandError(f"{option} -: no key was entered, or stdin is empty.")
        if len(text) > _MAX_KEY:
            raise CommandError(f"{option} -: stdin has more than a key: no line break in 8 KiB.")
        return Key(text.strip())

    @contextmanager
    def interrupt_warning(self, text: str) -> Generator[None]:
        """Print a warning if the block is interrupted with Ctrl-C.

        Args:
            text: What may have happened, as a sentence.
        """
        try:
            yield
        except KeyboardInterrupt:
            self.warn(f"Interrupted. {text}")
            raise

    @contextmanager
    def progress(
        self, title: str, *, makes_changes: bool = False
    ) -> Generator[Callable[[Progress], None]]:
        """Show a progress bar on a terminal.

        Args:
            title: The title of the bar.
            makes_changes: Whether the work changes models; then Ctrl-C prints a warning with the
                number of changes.

        Returns:
            A function to call with the progress.
        """
        changed = 0

        def on_progress(progress: Progress) -> None:
            nonlocal changed
            changed = progress.done - progress.failed
            update(progress)

        with self._bar(title) as update:
            try:
                yield on_progress
            except KeyboardInterrupt:
                if makes_changes:
                    self.warn(
                        f"Interrupted. Changes made: {changed}; changes in progress may also have"
                        " been made."
                    )
                raise

    @contextmanager
    def _bar(self, title: str) -> Generator[Callable[[Progress], None]]:
        # Log lines would break up the bar, and show the progress themselves.
        if self.quiet or self._verbose or not sys.stderr.isatty():
            yield lambda _: None
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        console = Console(stderr=True, no_color=None if self._color else True)
        with Bar(*columns, console=console, transient=True) as bar:
            task = bar.add_task(title, total=None)
            yield lambda now: bar.update(task, completed=now.done, total=now.total)


def _log_to_stderr(*, debug: bool) -> None:
    import logging

    class Formatter(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return printable(super().format(record))

    handler = logging.StreamHandler()
    handler.setFormatter(Formatter("%(message)s"))
    logger = logging.getLogger("rootsignals")
    logger.handlers = [handler]
    logger.setLevel(logging.DEBUG if debug else logging.INFO)
