"""Local variables of commands that fail contain no key, for all commands that read one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

from root import RegistryError, registry
from root.cli.app import app
from root.emulator import Server
from tests.cli.conftest import Run
from tests.secrets.leaks import KEY, PROVIDER_KEY, assert_hidden, chain_of, local_variables

ENTRY = f"models:\n  - name: a\n    default_key: '{PROVIDER_KEY}'\n"

# The values of required parameters.
VALUES = {"name": "a", "model": "a", "file": "models.yaml"}


def commands(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the arguments of each command that reads a key, and what it reads from stdin."""
    if isinstance(command, TyperGroup):
        for name, inner in command.commands.items():
            yield from commands(inner, (*path, name))
        return
    assert isinstance(command, TyperCommand)
    options = {option: one for one in command.params for option in one.opts}
    needed: list[str] = []
    for one in command.params:
        if one.required:
            needed += [name for name in one.opts[:1] if name.startswith("-")]
            needed.append(VALUES.get(one.name or "", "a"))
    for option in options.keys() & {"--key", "--api-key"}:
        yield (*path, *needed, option, "-"), KEY if option == "--api-key" else PROVIDER_KEY
    if "file" in options or path[-1] == "apply":
        yield (*path, *needed, "--yes"), ""


COMMANDS = list(commands(typer.main.get_command(app)))


@pytest.fixture
def errors(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """The errors that commands end with."""
    found: list[BaseException] = []
    monkeypatch.setattr("root.cli.app._print_error", lambda error, *_: found.append(error))
    return found


def assert_all_hide(errors: list[BaseException]) -> None:
    for error in errors:
        for one in chain_of(error):
            for shown in local_variables(one):
                assert_hidden(shown)


def test_commands_are_found() -> None:
    """Six commands read a key of a provider, one reads the API key, and one reads a file."""
    assert len(COMMANDS) == 7


@pytest.mark.parametrize("source", ["variable", "file", "profile"])
@pytest.mark.parametrize(("arguments", "stdin"), COMMANDS, ids=lambda value: " ".join(value[:2]))
def test_no_key(
    arguments: tuple[str, ...],
    stdin: str,
    source: str,
    run: Run,
    errors: list[BaseException],
    emulator: Server,
    monkeypatch: pytest.MonkeyPatch,
    home: Path,
) -> None:
    """A command that fails shows neither the API key nor a key that it reads."""
    Path("models.yaml").write_text(ENTRY, encoding="utf-8")
    emulator.add_key(KEY)
    options: tuple[str, ...] = ()
    if source == "variable":
        monkeypatch.setenv("ROOTSIGNALS_API_KEY", KEY)
    elif source == "file":
        Path("key").write_text(KEY, encoding="utf-8")
        options = ("--api-key-file", "key")
    else:
        run("config", "set", "work", "--api-key", "-", stdin=KEY)
        options = ("--profile", "work")
    if source == "file" and arguments[0] == "config":
        # Nothing can be stored.
        (home / ".config").write_text("", encoding="utf-8")
    # An invalid URL, no connection, and a response that is an error.
    run(*arguments, *options, "--base-url", "ftp://a", stdin=stdin)
    run(*arguments, *options, "--base-url", "http://127.0.0.1:9", stdin=stdin)
    for verb in ("POST", None):
        emulator.fail_next(99, status=400, method=verb)
        run(*arguments, *options, "--base-url", emulator.url, stdin=stdin)

    assert errors
    assert_all_hide(errors)


@pytest.mark.parametrize("wrong", ["defaultkey", "default_key_file"])
def test_a_file_of_models(wrong: str) -> None:
    """A file that is not valid shows no key of its other entries."""
    text = f"{ENTRY}  - name: b\n    {wrong}: '{PROVIDER_KEY}'\n"
    Path("models.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(RegistryError) as error:
        registry.read("models.yaml")

    assert_all_hide([error.value])
