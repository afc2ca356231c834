"""The command line in a real terminal: tables, colours, questions, Ctrl-C and bars."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from root.emulator import Server

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are those of POSIX", allow_module_level=True)

from tests.cli.conftest import Run
from tests.cli.terminal import Terminal

RED = "\x1b[31m"


def test_table(at_emulator: Server) -> None:
    """On a terminal, a listing is a table, with ids in one piece."""
    model = at_emulator.add_model(name="mine")

    with Terminal("models", "list", "--limit", "3") as terminal:
        assert terminal.end() == 0

    assert model.id in terminal.shown
    assert "visibility" in terminal.shown
    assert "There are more than these 3" in terminal.shown
    assert "{" not in terminal.shown


@pytest.mark.parametrize("kind", ["xterm-256color", "dumb"])
@pytest.mark.parametrize(
    ("width", "left_out"),
    [
        (40, "visibility, owner"),
        (60, "visibility, owner"),
        (80, "visibility, owner"),
        (100, "owner"),
        (120, ""),
        (200, ""),
    ],
)
def test_width(at_emulator: Server, width: int, left_out: str, kind: str) -> None:
    """However narrow a terminal is, ids and names are whole; what has no room is named."""
    model = at_emulator.add_model(name="my-own/model-with-a-name-of-36-chars")

    command = ("models", "list", "--visibility", "private", "--no-color")
    with Terminal(*command, COLUMNS=str(width), TERM=kind) as terminal:
        assert terminal.end() == 0

    plain = re.sub(r"\x1b\[\d*m", "", terminal.shown)
    shown, _, told = plain.partition("No room for ")
    assert told.partition(";")[0] == left_out
    assert all(len(line) <= max(width, len(f"name: {model.name}")) for line in shown.split("\r\n"))
    columns = {
        "id": model.id,
        "name": model.name,
        "visibility": "PRIVATE",
        "owner": "main@emulator.invalid",
    }
    for column in left_out.split(", ") if left_out else ():
        del columns[column]
    words = set(shown.replace("─", " ").replace(":", " ").split())
    assert words == {*columns, *columns.values()}


@pytest.mark.parametrize("width", [40, 120])
def test_width_of_one(at_emulator: Server, width: int) -> None:
    """A single model has a line for each field, and an id that fits is not broken."""
    model = at_emulator.add_model(name="mine")

    with Terminal("models", "get", "mine", COLUMNS=str(width)) as terminal:
        assert terminal.end() == 0

    assert re.match(rf"id: +{model.id}\r\nname: +mine\r\n", terminal.shown)
    assert ("id: " + model.id in terminal.shown) is (width == 40)


def test_long_names(at_emulator: Server) -> None:
    """A name that is longer than the terminal is folded, with nothing cut."""
    name = "-".join(f"part{number}" for number in range(14))
    model = at_emulator.add_model(name=name)

    with Terminal("models", "list", "--visibility", "private", COLUMNS="100") as terminal:
        assert terminal.end() == 0

    first, second = terminal.shown.split("\r\n")[3:5]
    assert name == first.split()[1] + second.strip()
    assert first.split() == [model.id, first.split()[1], "PRIVATE"]


def test_a_terminal_without_utf_8(at_emulator: Server) -> None:
    """What a terminal's encoding does not know is escaped."""
    at_emulator.add_model(name="modèle")
    command = ("models", "list", "--visibility", "private", "-o", "json")

    with Terminal(*command, PYTHONIOENCODING="ascii") as terminal:
        assert terminal.end() == 0

    assert r"mod\xe8le" in terminal.shown


def test_a_question_that_nobody_sees(at_emulator: Server) -> None:
    """Where questions go to a file, nobody is asked."""
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


@pytest.mark.parametrize("form", ["json", "jsonl", "csv", "yaml"])
def test_names_move_no_cursor(at_emulator: Server, form: str) -> None:
    """In no form does what a model is called colour a terminal or move its cursor."""
    at_emulator.add_model(name="a\x1b[31m\x9b31mred")

    with Terminal("models", "list", "--visibility", "private", "-o", form) as terminal:
        assert terminal.end() == 0

    assert "red" in terminal.shown
    assert "\x1b" not in terminal.shown
    assert "\x9b" not in terminal.shown


@pytest.mark.parametrize("color", [True, False])
@pytest.mark.parametrize("way", ["option", "variable", "dumb terminal"])
def test_colours(at_emulator: Server, color: bool, way: str) -> None:
    """Errors and checks have colours on a terminal, unless --no-color, NO_COLOR or TERM says no."""
    options = ("--no-color",) if way == "option" and not color else ()
    variables = {"variable": {"NO_COLOR": "1"}, "dumb terminal": {"TERM": "dumb"}}
    environment = {} if color else variables.get(way, {})

    with Terminal("models", "get", "no-such", *options, **environment) as terminal:
        assert terminal.end() == 4
    assert (RED in terminal.shown) is color
    assert "Hint:" in terminal.shown

    with Terminal("doctor", *options, **environment) as terminal:
        assert terminal.end() == 0
    assert ("\x1b[32mok" in terminal.shown) is color
    assert "authentication" in terminal.shown


def test_hidden_key(at_emulator: Server) -> None:
    """A key that is typed does not show, and arrives."""
    with Terminal("models", "create", "azure/gpt-4o", "--key", "-") as terminal:
        terminal.wait_for("The provider's API key (it is not shown): ")
        terminal.enter("sk-typed-by-hand\n")
        assert terminal.end() == 0

    assert "sk-typed-by-hand" not in terminal.shown
    assert at_emulator.models[0].id in terminal.shown
    assert at_emulator.requests[-1].json == {"name": "azure/gpt-4o", "default_key": "[masked]"}


@pytest.mark.parametrize(
    ("answer", "code"),
    # Python sees a Ctrl-C that comes just before it waits for a line only with the line.
    [("y\n", 0), ("n\n", 1), ("\n", 1), ("\x03\n", 130)],
)
def test_question(at_emulator: Server, answer: str, code: int) -> None:
    """A deletion is asked about, and only yes means yes."""
    model = at_emulator.add_model(name="mine")

    with Terminal("models", "delete", "mine") as terminal:
        terminal.wait_for(f"Delete mine ({model.id}) at {at_emulator.url}? [y/N]")
        terminal.enter(answer)
        assert terminal.end() == code

    assert len(at_emulator.models) == (0 if code == 0 else 1)
    assert "Traceback" not in terminal.shown


def test_plan_is_shown_and_asked_about(at_emulator: Server, tmp_path: Path) -> None:
    """The plan is shown before the question."""
    (tmp_path / "models.yaml").write_text("models:\n- name: a\n")

    with Terminal("models", "apply", "models.yaml", "--no-color") as terminal:
        terminal.wait_for(f"Apply this plan to {at_emulator.url}? [y/N]")
        assert f"Compared with the models at {at_emulator.url}." in terminal.shown
        assert "+ a" in terminal.shown
        assert not at_emulator.models
        terminal.enter("y\n")
        assert terminal.end() == 0

    assert "1 created, 0 updated, 0 deleted." in terminal.shown


def test_question_names_the_profile(run: Run, emulator: Server) -> None:
    """Who is asked is told also which profile it is about."""
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
    """Ctrl-C ends a call that hangs, quietly."""
    at_emulator.fail_next(delay=3600)

    with Terminal("models", "list", "--verbose") as terminal:
        terminal.wait_until(lambda: bool(at_emulator.requests))
        terminal.enter("\x03")
        assert terminal.end() == 130

    assert terminal.shown.replace("^C", "").strip() == ""
    at_emulator.clear_faults()


@pytest.mark.parametrize(
    ("method", "command", "told"),
    [
        ("POST", ("create", "a"), "made"),
        ("POST", ("ensure", "a"), "made or changed"),
        ("PATCH", ("update", "b", "--clear-url"), "changed"),
        ("PUT", ("replace", "b", "--name", "c"), "changed"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_interrupted_change(
    at_emulator: Server, method: str, command: tuple[str, ...], told: str
) -> None:
    """Ctrl-C while a model is made or changed tells that it may have been."""
    at_emulator.add_model(name="b")
    at_emulator.fail_next(method=method, delay=60)

    with Terminal("models", *command) as terminal:
        terminal.wait_until(lambda: method in [one.method for one in at_emulator.requests])
        terminal.enter("\x03")
        assert terminal.end() == 130

    assert f"Interrupted. The model may have been {told} all the same." in terminal.shown
    at_emulator.clear_faults()


def test_interrupted_changes(at_emulator: Server, tmp_path: Path) -> None:
    """Ctrl-C in the middle of a plan tells how far it came."""
    at_emulator.add_model(name="old")
    at_emulator.fail_next(method="DELETE", delay=60)
    (tmp_path / "models.yaml").write_text("models:\n- name: a\n- name: b\n")

    with Terminal("models", "apply", "models.yaml", "--prune", "--yes") as terminal:
        terminal.wait_for("2/3")
        terminal.enter("\x03")
        assert terminal.end() == 130

    assert "Interrupted. Changes made: 2; those under way may be, too." in terminal.shown
    assert "Traceback" not in terminal.shown
    at_emulator.clear_faults()


def test_a_thousand_models(at_emulator: Server, tmp_path: Path) -> None:
    """A thousand models are applied in one run, under a bar that fills."""
    lines = "".join(f"- name: vllm/{number}\n" for number in range(1000))
    (tmp_path / "models.yaml").write_text(f"models:\n{lines}")

    with Terminal("models", "apply", "models.yaml", "--yes", "--no-color") as terminal:
        assert terminal.end() == 0

    assert len(at_emulator.models) == 1000
    assert "Applying" in terminal.shown
    assert "1000/1000" in terminal.shown
    assert "1000 created, 0 updated, 0 deleted." in terminal.shown


def test_bars_go_away(at_emulator: Server, tmp_path: Path) -> None:
    """What shows how far it is leaves nothing behind."""
    (tmp_path / "models.yaml").write_text("models: []\n")

    with Terminal("models", "apply", "models.yaml") as terminal:
        assert terminal.end() == 0

    _, bar, after = terminal.shown.rpartition("Comparing")
    assert bar
    # So a terminal is told to erase the line.
    assert "\x1b[2K" in after
    assert "0 to create" in after


def test_no_bar_beside_a_log(at_emulator: Server) -> None:
    """With --verbose there is a line for each request, and no bar among them."""
    at_emulator.add_model(name="mine")

    with Terminal("models", "delete", "mine", "--yes", "--verbose") as terminal:
        assert terminal.end() == 0

    assert "DELETE /v1/models/" in terminal.shown
    assert "Deleting" not in terminal.shown


def test_no_bar_when_quiet(at_emulator: Server) -> None:
    """With --quiet a terminal shows results only."""
    at_emulator.add_model(name="mine")

    with Terminal("models", "delete", "mine", "--yes", "--quiet") as terminal:
        assert terminal.end() == 0

    assert terminal.shown == ""
