"""What goes wrong on the command line: exit codes, sentences, and what stays unsaid."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import root.cli.identity
from root import RootSignals
from root.cli.errors import EXIT_CODES
from root.emulator import Server
from tests.cli.conftest import Run

TOP = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        *((400, 5), (401, 3), (403, 3), (404, 4), (405, 1), (409, 5), (422, 5), (429, 7)),
        *((500, 8), (503, 8)),
    ],
)
def test_code_for_a_status(run: Run, at_emulator: Server, status: int, code: int) -> None:
    """An error status has the exit code of its kind, and is told in a line and a hint."""
    # So long is not waited for.
    at_emulator.fail_next(status=status, method="POST", headers={"Retry-After": "3600"})

    done = run("models", "create", "a")

    assert (done.code, done.out) == (code, "")
    assert f"answered {status}" in done.err
    assert len(done.err.splitlines()) <= 2
    assert "\x1b" not in done.err
    assert code in EXIT_CODES


def test_hint_where_the_api_is_not(run: Run, at_emulator: Server) -> None:
    """Where no model is missing, but the whole API, `doctor` is named."""
    done = run("models", "list", "--base-url", f"{at_emulator.url}/elsewhere")

    assert done.code == 4
    assert "doctor" in done.err
    assert "doctor" not in run("models", "get", "no-such").err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("models", "list", "--base-url", "http://127.0.0.1:1"), 6),
        (("models", "list", "--base-url", "ftp://x"), 78),
        (("models", "create", "a", "--max-output-token-count", "5"), 64),
        (("models", "create", "a", "--max-token-count", "many"), 64),
        (("models", "lst"), 64),
        (("models", "list", "--no-such"), 64),
        (("models", "list", "--output", "xml"), 64),
        (("models", "apply", "no-such-file.yaml"), 64),
        (("models",), 64),
        ((), 64),
        (("--help",), 0),
        (("--version",), 0),
        (("emulator", "--help"), 0),
        (("emulator", "--no-such"), 64),
        (("emulator", "--host", "0.0.0.0"), 1),
    ],
)
def test_code_for_a_command_line(
    run: Run, at_emulator: Server, arguments: tuple[str, ...], code: int
) -> None:
    """What cannot be done has the exit code of its kind, and no traceback."""
    done = run(*arguments)

    assert done.code == code, done.err
    assert "Traceback" not in done.err
    assert "unexpected" not in done.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("list", "--limit", "x"), "Invalid value for '--limit': a whole number is needed."),
        (("list", "--limit", "-1"), "Invalid value for '--limit': it is less than 0"),
        (("list", "-o", "xml"), "'xml' is not one of 'table', 'json', 'jsonl', 'csv', 'yaml'."),
        (("list", "--visibility", "privte"), "not one of 'public', 'public_unlisted', 'private'."),
        (("list", "--sort", "url"), "'url' is not one of 'name', 'provider', 'visibility',"),
    ],
)
def test_values_that_cannot_be(
    run: Run, at_emulator: Server, arguments: tuple[str, ...], told: str
) -> None:
    """An option whose value cannot be is refused, with what can be where that is a few."""
    done = run("models", *arguments)

    assert (done.code, len(at_emulator.requests)) == (64, 0)
    assert told in done.err
    assert "Value error" not in done.err


def test_no_key(run: Run) -> None:
    """Where there is no key, the hint says how the command line keeps one."""
    done = run("models", "list")

    assert done.code == 78
    assert "root-signals config set NAME --api-key -" in done.err
    assert "--api-key-file" in done.err
    assert "RootSignals(" not in done.err


@pytest.mark.parametrize("option", ["--profile", "--base-url", "--api-key-file"])
@pytest.mark.parametrize("before", [True, False])
def test_empty_option(run: Run, at_emulator: Server, option: str, before: bool) -> None:
    """An option that a script has left empty sends nothing to another service."""
    command = ("models", "list")

    done = run(option, "", *command) if before else run(*command, option, "")

    assert (done.code, len(at_emulator.requests)) == (64, 0)
    assert f"{option} is empty." in done.err


def test_base_url_that_cannot_be(run: Run, at_emulator: Server) -> None:
    """Where the address is nonsense, no hint speaks of keys."""
    done = run("models", "list", "--base-url", "nonsense")

    assert (done.code, "key" in done.err) == (78, False)


def test_debug(run: Run, at_emulator: Server) -> None:
    """A traceback comes with --debug only, and has no key."""
    key = "sk-the-key-of-the-provider"
    shown = {}
    for options in ((), ("--debug",)):
        at_emulator.fail_next(status=400, body={"default_key": [f"{key} is bad"]}, method="POST")
        done = run("models", "create", "a", "--key", "-", *options, stdin=key)
        shown[options] = done.err
        assert key not in done.out + done.err
        assert at_emulator.api_key not in done.out + done.err

    assert "Traceback" not in shown[()]
    assert "Traceback" in shown[("--debug",)]


def test_key_in_a_wrong_place(run: Run, home: Path) -> None:
    """A key that is given where none belongs is refused, and not repeated."""
    key = "sk-the-key-of-somebody"
    for misplaced in ((key,), ("--api-key", key), (f"--api-key={key}",)):
        done = run("config", "set", "prod", *misplaced, "--debug")

        assert done.code == 64
        assert key not in done.out + done.err
        assert not list(home.rglob("*.toml"))


def test_mistake_of_ours(run: Run, at_emulator: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that nobody thought of is one sentence, too, without what it holds."""

    def fail(*_: object, **__: object) -> str:
        raise RuntimeError("sk-secret")

    monkeypatch.setattr(root.cli.identity, "find", fail)

    done = run("models", "get", "a")

    assert done.code == 1
    assert "sk-secret" not in done.err
    assert "--debug" in done.err


def test_verbose(run: Run, at_emulator: Server) -> None:
    """A line for each request comes with --verbose only."""
    assert run("models", "list").err.count("GET") == 0

    assert "GET /v1/models/ 200" in run("models", "list", "--verbose").err


def test_api_key_file(run: Run, emulator: Server, tmp_path: Path) -> None:
    """The key may be in a file, with white space around it."""
    (tmp_path / "key").write_text(f" {emulator.api_key}\n\n")

    done = run("models", "list", "--base-url", emulator.url, "--api-key-file", "key")

    assert done.code == 0


def test_doctor(run: Run, at_emulator: Server) -> None:
    """What the client checks is printed, with the exit code that tells whether all is well."""
    good = run("doctor")
    bad = run("doctor", "--base-url", "http://127.0.0.1:1", "-o", "table")

    assert good.code == 0
    assert [one["name"] for one in json.loads(good.out)] == [
        check.name for check in RootSignals().check().checks
    ]
    assert bad.code == 1
    assert "FAILED tcp" in bad.out
    assert "http://127.0.0.1:1 (--base-url)" in bad.out


def test_doctor_without_a_key(run: Run, emulator: Server) -> None:
    """Also without a key it is found out how far a request comes."""
    done = run("doctor", "--base-url", emulator.url)

    checks = {one["name"]: one["ok"] for one in json.loads(done.out)}
    assert done.code == 1
    assert (checks["settings"], checks["tcp"]) == (False, True)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes die otherwise there")
@pytest.mark.parametrize("form", ["json", "jsonl", "csv", "table"])
def test_dead_pipe(at_emulator: Server, form: str) -> None:
    """Where nobody reads on, it ends without a word."""
    for number in range(300):
        at_emulator.add_model(name=f"vllm/{number}", url="http://gpu/" + 500 * "x")
    ours, theirs = os.pipe()
    os.close(ours)

    done = subprocess.run(
        [sys.executable, "-m", "root", "models", "list", "--all", "-o", form],
        stdout=theirs,
        stderr=subprocess.PIPE,
        text=True,
    )

    os.close(theirs)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.skipif(sys.platform == "win32", reason="pipes die otherwise there")
def test_help_that_nobody_reads() -> None:
    """Help, too, ends without a word where nobody reads it."""
    ours, theirs = os.pipe()
    os.close(ours)

    done = subprocess.run(
        [sys.executable, "-m", "root", "--help"], stdout=theirs, stderr=subprocess.PIPE, text=True
    )

    os.close(theirs)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such shell")
@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("models list >&-", 0),
        ("models list <&-", 0),
        ("models create a --key - <&-", 64),
        ("models get no-such 2>&-", 4),
    ],
)
def test_closed_streams(at_emulator: Server, command: str, code: int) -> None:
    """A standard stream that is closed is one that says nothing and takes everything."""
    done = subprocess.run(
        ["sh", "-c", f'"$0" -m root {command}', sys.executable], capture_output=True, text=True
    )

    assert (done.returncode, "unexpected" in done.stderr) == (code, False)


@pytest.mark.parametrize("package", ["typer", "rich", "yaml", "platformdirs", "tomlkit"])
def test_missing_extra(package: str) -> None:
    """Where a package of the extra is missing, one line names the extra."""
    program = f"""
import importlib.util, sys
find = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name == {package!r} else find(name)
from root.cli import main
sys.exit(main(["--help"]))
"""

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert 'pip install "root-sdk[cli]"' in done.stderr
    assert package in done.stderr


def test_codes_are_documented(run: Run) -> None:
    """The exit codes stand in docs/cli.md and in the help as they are."""
    document = (TOP / "docs" / "cli.md").read_text(encoding="utf-8")
    shown = run("--help").out

    for code, meaning in EXIT_CODES.items():
        assert f"| {code} | {meaning} |" in document
        assert f"{code}  {meaning}" in shown


def test_emulator(tmp_path: Path) -> None:
    """The emulator is served until it is interrupted, and says where it is."""
    with subprocess.Popen(
        [sys.executable, "-m", "root", "emulator", "--port", "0", "--db", "models.sqlite3"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    ) as process:
        assert process.stdout is not None
        assert "emulator is at http://127.0.0.1:" in process.stdout.readline()
        process.terminate()
        assert process.wait(60) == 0

    assert (tmp_path / "models.sqlite3").exists()
