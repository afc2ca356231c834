"""The command line in a terminal: tables, colors, confirmation, Ctrl-C and progress bars."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from root.emulator import Server

if sys.platform == "win32":
    pytest.skip("pseudo-terminals require POSIX", allow_module_level=True)

from tests.cli.conftest import Run
from tests.cli.terminal import Terminal

RED = "\x1b[31m"


def test_table(at_emulator: Server) -> None:
    """On a terminal, a listing is a table with unbroken IDs."""
    model = at_emulator.add_model(name="mine")

    with Terminal("models", "list", "--limit", "3") as terminal:
        assert terminal.end() == 0

    assert model.id in terminal.shown
    assert "visibility" in terminal.shown
    assert "Only 3 models are listed" in terminal.shown
    assert "{" not in terminal.shown


@pytest.mark.parametrize("kind", ["xterm-256color", "dumb"])
@pytest.mark.parametrize(
    ("width", "hidden"),
    [
        (40, "visibility, provider, owner"),
        (60, "visibility, provider, owner"),
        (80, "visibility, provider, owner"),
        (100, "provider, owner"),
        # The empty one is hidden before a longer one that is not.
        (120, "provider"),
        (200, ""),
    ],
)
def test_width(at_emulator: Server, width: int, hidden: str, kind: str) -> None:
    """On a narrow terminal, IDs and names are unbroken, and hidden columns are listed."""
    model = at_emulator.add_model(name="my-own/model-with-a-name-of-36-chars")

    command = ("models", "list", "--visibility", "private", "--no-color")
    with Terminal(*command, COLUMNS=str(width), TERM=kind) as terminal:
        assert terminal.end() == 0

    plain = re.sub(r"\x1b\[\d*m", "", terminal.shown)
    shown, _, message = plain.partition("Hidden columns: ")
    assert message.partition(";")[0] == hidden
    assert all(len(line) <= max(width, len(f"name: {model.name}")) for line in shown.split("\r\n"))
    columns = {
        "id": model.id,
        "name": model.name,
        "visibility": "PRIVATE",
        "provider": "",
        "owner": "main@emulator.invalid",
    }
    for column in hidden.split(", ") if hidden else ():
        del columns[column]
    words = set(shown.replace("─", " ").replace(":", " ").split())
    assert words == {*columns, *columns.values()} - {""}


@pytest.mark.parametrize("width", [40, 120])
def test_width_of_one_model(at_emulator: Server, width: int) -> None:
    """A single model has one line for each field, with an unbroken ID."""
    model = at_emulator.add_model(name="mine")

    with Terminal("models", "get", "mine", COLUMNS=str(width)) as terminal:
        assert terminal.end() == 0

    assert re.match(rf"id: +{model.id}\r\nname: +mine\r\n", terminal.shown)
    assert ("id: " + model.id in terminal.shown) is (width == 40)


def test_long_names(at_emulator: Server) -> None:
    """A name that is longer than the terminal is folded, not truncated."""
    name = "-".join(f"part{number}" for number in range(14))
    model = at_emulator.add_model(name=name)

    with Terminal("models", "list", "--visibility", "private", COLUMNS="100") as terminal:
        assert terminal.end() == 0

    first, second = terminal.shown.split("\r\n")[3:5]
    assert name == first.split()[1] + second.strip()
    assert first.split() == [model.id, first.split()[1], "PRIVATE"]


def test_terminal_without_utf_8(at_emulator: Server) -> None:
    """Characters that the encoding of the terminal lacks are escaped."""
    at_emulator.add_model(name="modèle")
    command = ("models", "list", "--visibility", "private", "-o", "json")

    with Terminal(*command, PYTHONIOENCODING="ascii") as terminal:
        assert terminal.end() == 0

    assert r"mod\xe8le" in terminal.shown


def test_confirmation_requires_stderr(at_emulator: Server) -> None:
    """If stderr is not a terminal, confirmation is not possible."""
    at_emulator.add_model(name="mine")

    keyboard, terminal = os.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "root", "models", "delete", "mine"],
        stdin=terminal,
        stdout=terminal,
        stderr=subprocess.DEVNULL,
        timeout=60,
    )
    os.close(keyboard)
    os.close(terminal)

    assert done.returncode == 64
    assert len(at_emulator.models) == 1


@pytest.mark.parametrize("format", ["json", "jsonl", "csv", "yaml"])
def test_names_do_not_control_the_terminal(at_emulator: Server, format: str) -> None:
    """In every format, control characters in the name of a model are escaped."""
    at_emulator.add_model(name="a\x1b[31m\x9b31mred")

    with Terminal("models", "list", "--visibility", "private", "-o", format) as terminal:
        assert terminal.end() == 0

    assert "red" in terminal.shown
    assert "\x1b" not in terminal.shown
    assert "\x9b" not in terminal.shown


@pytest.mark.parametrize("color", [True, False])
@pytest.mark.parametrize("disabled_by", ["option", "variable", "dumb terminal"])
def test_colors(at_emulator: Server, color: bool, disabled_by: str) -> None:
    """Errors and checks are colored, except with --no-color, NO_COLOR or TERM=dumb."""
    options = ("--no-color",) if disabled_by == "option" and not color else ()
    variables = {"variable": {"NO_COLOR": "1"}, "dumb terminal": {"TERM": "dumb"}}
    environment = {} if color else variables.get(disabled_by, {})

    with Terminal("models", "get", "no-such", *options, **environment) as terminal:
        assert terminal.end() == 4
    assert (RED in terminal.shown) is color
    assert "Hint:" in terminal.shown

    with Terminal("doctor", *options, **environment) as terminal:
        assert terminal.end() == 0
    assert ("\x1b[32mok" in terminal.shown) is color
    assert "authentication" in terminal.shown


def test_hidden_key(at_emulator: Server) -> None:
    """A key that is entered at the prompt is sent, but not shown."""
    with Terminal("models", "create", "azure/gpt-4o", "--key", "-") as terminal:
        terminal.wait_for("The provider's API key (input is hidden): ")
        terminal.enter("sk-typed-by-hand\n")
        assert terminal.end() == 0

    assert "sk-typed-by-hand" not in terminal.shown
    assert at_emulator.models[0].id in terminal.shown
    assert at_emulator.requests[-1].json == {"name": "azure/gpt-4o", "default_key": "[masked]"}


@pytest.mark.parametrize(
    ("answer", "code"),
    # If Ctrl-C arrives just before Python waits for input, Python handles it after the line.
    [("y\n", 0), ("n\n", 1), ("\n", 1), ("\x03\n", 130)],
)
def test_confirmation(at_emulator: Server, answer: str, code: int) -> None:
    """A deletion requires confirmation."""
    model = at_emulator.add_model(name="mine")

    with Terminal("models", "delete", "mine") as terminal:
        terminal.wait_for(f"Delete mine ({model.id}) at {at_emulator.url}? [y/N]")
        terminal.enter(answer)
        assert terminal.end() == code

    assert len(at_emulator.models) == (0 if code == 0 else 1)
    assert "Traceback" not in terminal.shown


def test_plan_requires_confirmation(at_emulator: Server, tmp_path: Path) -> None:
    """The plan is shown before the confirmation."""
    (tmp_path / "models.yaml").write_text("models:\n- name: a\n")

    with Terminal("models", "apply", "models.yaml", "--no-color") as terminal:
        terminal.wait_for(f"Apply this plan to {at_emulator.url}? [y/N]")
        assert f"Compared with the models at {at_emulator.url}." in terminal.shown
        assert "+ a" in terminal.shown
        assert not at_emulator.models
        terminal.enter("y\n")
        assert terminal.end() == 0

    assert "1 created, 0 updated, 0 deleted." in terminal.shown


def test_confirmation_names_the_profile(run: Run, emulator: Server) -> None:
    """The question contains the name of the profile."""
    emulator.add_model(name="mine")
    run(
        *("config", "set", "local", "--base-url", emulator.url, "--api-key", "-"),
        stdin=emulator.api_key,
    )

    with Terminal("models", "delete", "mine", "--profile", "local") as terminal:
        terminal.wait_for(f"at {emulator.url} (profile local)? [y/N]")
        terminal.enter("n\n")
        assert terminal.end() == 1


def test_interrupt(at_emulator: Server) -> None:
    """Ctrl-C ends a hanging call without a message."""
    at_emulator.fail_next(delay=3600)

    with Terminal("models", "list", "--verbose") as terminal:
        terminal.wait_until(lambda: bool(at_emulator.requests))
        terminal.enter("\x03")
        assert terminal.end() == 130

    assert terminal.shown.replace("^C", "").strip() == ""
    at_emulator.clear_faults()


@pytest.mark.parametrize(
    ("method", "command", "message"),
    [
        ("POST", ("create", "a"), "created"),
        ("POST", ("ensure", "a"), "created or changed"),
        ("PATCH", ("update", "b", "--clear-url"), "changed"),
        ("PUT", ("replace", "b", "--name", "c"), "changed"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_interrupted_change(
    at_emulator: Server, method: str, command: tuple[str, ...], message: str
) -> None:
    """Ctrl-C during a change prints a warning that it may have been made."""
    at_emulator.add_model(name="b")
    at_emulator.fail_next(method=method, delay=60)

    with Terminal("models", *command) as terminal:
        terminal.wait_until(lambda: method in [one.method for one in at_emulator.requests])
        terminal.enter("\x03")
        assert terminal.end() == 130

    assert f"Interrupted. The model may have been {message}." in terminal.shown
    at_emulator.clear_faults()


def test_interrupted_changes(at_emulator: Server, tmp_path: Path) -> None:
    """Ctrl-C during a plan prints the number of changes."""
    at_emulator.add_model(name="old")
    at_emulator.fail_next(method="DELETE", delay=60)
    (tmp_path / "models.yaml").write_text("models:\n- name: a\n- name: b\n")

    with Terminal("models", "apply", "models.yaml", "--prune", "--yes") as terminal:
        terminal.wait_for("2/3")
        terminal.enter("\x03")
        assert terminal.end() == 130

    assert (
        "Interrupted. Changes made: 2; changes in progress may also have been made."
        in terminal.shown
    )
    assert "Traceback" not in terminal.shown
    at_emulator.clear_faults()


@pytest.mark.slow
def test_a_thousand_models(at_emulator: Server, tmp_path: Path) -> None:
    """A thousand models are applied in one run, with a progress bar."""
    lines = "".join(f"- name: vllm/{number}\n" for number in range(1000))
    (tmp_path / "models.yaml").write_text(f"models:\n{lines}")

    with Terminal("models", "apply", "models.yaml", "--yes", "--no-color") as terminal:
        assert terminal.end() == 0

    assert len(at_emulator.models) == 1000
    assert "Applying" in terminal.shown
    assert "1000/1000" in terminal.shown
    assert "1000 created, 0 updated, 0 deleted." in terminal.shown


def test_bar_is_erased(at_emulator: Server, tmp_path: Path) -> None:
    """A progress bar is erased at its end."""
    (tmp_path / "models.yaml").write_text("models: []\n")

    with Terminal("models", "apply", "models.yaml") as terminal:
        assert terminal.end() == 0

    _, bar, after = terminal.shown.rpartition("Comparing")
    assert bar
    # The control sequence that erases a line.
    assert "\x1b[2K" in after
    assert "0 to create" in after


def test_no_bar_with_verbose(at_emulator: Server) -> None:
    """With --verbose, log lines are printed instead of a progress bar."""
    at_emulator.add_model(name="mine")

    with Terminal("models", "delete", "mine", "--yes", "--verbose") as terminal:
        assert terminal.end() == 0

    assert "DELETE /v1/models/" in terminal.shown
    assert "Deleting" not in terminal.shown


def test_no_bar_with_quiet(at_emulator: Server) -> None:
    """With --quiet, a terminal shows only results."""
    at_emulator.add_model(name="mine")

    with Terminal("models", "delete", "mine", "--yes", "--quiet") as terminal:
        assert terminal.end() == 0

    assert terminal.shown == ""
