"""Errors on the command line: exit codes, messages and hints, without secrets."""

from __future__ import annotations

import json
import logging
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
def test_exit_code_of_a_status(run: Run, at_emulator: Server, status: int, code: int) -> None:
    """An error status has its own exit code, and is printed as one line and a hint."""
    # The client does not wait this long, so it does not retry.
    at_emulator.fail_next(status=status, method="POST", headers={"Retry-After": "3600"})

    done = run("models", "create", "a")

    assert (done.code, done.out) == (code, "")
    assert f"returned {status}" in done.err
    assert len(done.err.splitlines()) <= 2
    assert "\x1b" not in done.err
    assert code in EXIT_CODES


def test_hint_for_a_wrong_base_url(run: Run, at_emulator: Server) -> None:
    """If the API itself is not found, rather than a model, the hint names `doctor`."""
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
def test_exit_code_of_a_command_line(
    run: Run, at_emulator: Server, arguments: tuple[str, ...], code: int
) -> None:
    """A command that cannot be executed has its exit code, and prints no traceback."""
    done = run(*arguments)

    assert done.code == code, done.err
    assert "Traceback" not in done.err
    assert "Unexpected" not in done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("list", "--limit", "x"), "Invalid value for '--limit': must be an integer."),
        (("list", "--limit", "-1"), "Invalid value for '--limit': must be at least 0"),
        (
            ("list", "-o", "xml"),
            "'xml' is not one of 'table', 'json', 'jsonl', 'csv', 'yaml', 'markdown'.",
        ),
        (("list", "--visibility", "privte"), "not one of 'public', 'public_unlisted', 'private'."),
        (("list", "--sort", "url"), "'url' is not one of 'name', 'provider', 'visibility',"),
    ],
)
def test_invalid_values(
    run: Run, at_emulator: Server, arguments: tuple[str, ...], message: str
) -> None:
    """An invalid value of an option is rejected before anything is sent; choices are listed."""
    done = run("models", *arguments)

    assert (done.code, len(at_emulator.requests)) == (64, 0)
    assert message in done.err
    assert "Value error" not in done.err


@pytest.mark.parametrize("value", ["nonsense", "2026-13-01", "2026-01-01T99:00", "5x"])
def test_invalid_times(run: Run, at_emulator: Server, value: str) -> None:
    """A value that is not a time is refused, with an example of one."""
    done = run("logs", "list", "--date-from", value)

    assert done.code == 64
    first, *_ = done.err.splitlines()
    assert first == "Invalid value for '--date-from': must be a time, such as 2026-01-31T08:00."


def test_missing_key(run: Run) -> None:
    """If there is no key, the hint explains how to set one on the command line."""
    done = run("models", "list")

    assert done.code == 78
    assert "root-signals config set NAME --api-key -" in done.err
    assert "--api-key-file" in done.err
    assert "RootSignals(" not in done.err


@pytest.mark.parametrize("option", ["--profile", "--base-url", "--api-key-file"])
@pytest.mark.parametrize("before", [True, False])
def test_empty_option(run: Run, at_emulator: Server, option: str, before: bool) -> None:
    """An empty option is rejected, and does not select another service."""
    command = ("models", "list")

    done = run(option, "", *command) if before else run(*command, option, "")

    assert (done.code, len(at_emulator.requests)) == (64, 0)
    assert f"{option} is empty." in done.err


def test_invalid_base_url(run: Run, at_emulator: Server) -> None:
    """The error about an invalid base URL does not mention keys."""
    done = run("models", "list", "--base-url", "nonsense")

    assert (done.code, "key" in done.err) == (78, False)


def test_debug(run: Run, at_emulator: Server) -> None:
    """A traceback is printed with --debug only, and contains no key."""
    key = "sk-the-key-of-the-provider"
    output = {}
    for options in ((), ("--debug",)):
        at_emulator.fail_next(status=400, body={"default_key": [f"{key} is bad"]}, method="POST")
        done = run("models", "create", "a", "--key", "-", *options, stdin=key)
        output[options] = done.err
        assert key not in done.out + done.err
        assert at_emulator.api_key not in done.out + done.err

    assert "Traceback" not in output[()]
    assert "Traceback" in output[("--debug",)]


def test_key_as_argument(run: Run, home: Path) -> None:
    """A key on the command line is rejected, and not printed."""
    key = "sk-the-key-of-somebody"
    for misplaced in ((key,), ("--api-key", key), (f"--api-key={key}",)):
        done = run("config", "set", "prod", *misplaced, "--debug")

        assert done.code == 64
        assert key not in done.out + done.err
        assert not list(home.rglob("*.toml"))


def test_unexpected_error(run: Run, at_emulator: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected error is printed without its message, which may contain a secret."""

    def fail(*_: object, **__: object) -> str:
        raise RuntimeError("sk-secret")

    monkeypatch.setattr(root.cli.identity, "find", fail)

    done = run("models", "get", "a")

    assert done.code == 1
    assert "sk-secret" not in done.err
    assert "--debug" in done.err


def test_verbose(run: Run, at_emulator: Server) -> None:
    """One line for each request is printed with --verbose only."""
    assert run("models", "list").err.count("GET") == 0

    assert "GET /v1/models/ 200" in run("models", "list", "--verbose").err


def test_api_key_file(run: Run, emulator: Server, tmp_path: Path) -> None:
    """The key may be in a file, with surrounding white space."""
    (tmp_path / "key").write_text(f" {emulator.api_key}\n\n")

    done = run("models", "list", "--base-url", emulator.url, "--api-key-file", "key")

    assert done.code == 0


def test_doctor(run: Run, at_emulator: Server) -> None:
    """The checks of the client are printed, and the exit code is 1 if one fails."""
    good = run("doctor", "-o", "json")
    bad = run("doctor", "--base-url", "http://127.0.0.1:1")

    assert good.code == 0
    assert [one["name"] for one in json.loads(good.out)] == [
        check.name for check in RootSignals().check().checks
    ]
    assert bad.code == 1
    assert "FAILED tcp" in bad.out
    assert "http://127.0.0.1:1 (--base-url)" in bad.out


def test_doctor_without_a_key(run: Run, emulator: Server) -> None:
    """Without a key, the connection is checked nevertheless."""
    done = run("doctor", "--base-url", emulator.url, "-o", "json")

    checks = {one["name"]: one["ok"] for one in json.loads(done.out)}
    assert done.code == 1
    assert (checks["settings"], checks["tcp"]) == (False, True)


@pytest.mark.skipif(sys.platform == "win32", reason="broken pipes are different there")
@pytest.mark.parametrize("format", ["json", "jsonl", "csv", "table"])
def test_broken_pipe(at_emulator: Server, format: str) -> None:
    """If the reader closes the pipe, the command ends without a message."""
    for number in range(300):
        at_emulator.add_model(name=f"vllm/{number}", url="http://gpu/" + 500 * "x")
    reader, writer = os.pipe()
    os.close(reader)

    done = subprocess.run(
        [sys.executable, "-m", "root", "models", "list", "--all", "-o", format],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )

    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.skipif(sys.platform == "win32", reason="broken pipes are different there")
def test_broken_pipe_of_help() -> None:
    """If the reader of help closes the pipe, the command ends without a message, too."""
    reader, writer = os.pipe()
    os.close(reader)

    done = subprocess.run(
        [sys.executable, "-m", "root", "--help"], stdout=writer, stderr=subprocess.PIPE, text=True
    )

    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.skipif(sys.platform == "win32", reason="it requires a POSIX shell")
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
    """A closed standard stream is treated as the null device."""
    done = subprocess.run(
        ["sh", "-c", f'"$0" -m root {command}', sys.executable], capture_output=True, text=True
    )

    assert (done.returncode, "Unexpected" in done.stderr) == (code, False)


@pytest.mark.parametrize("package", ["typer", "rich", "yaml", "platformdirs", "tomlkit"])
def test_missing_extra(package: str) -> None:
    """If a package of the extra is missing, one line names the package and the extra."""
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
    assert 'pip install ".[cli]"' in done.stderr
    assert package in done.stderr


def test_codes_are_documented(run: Run) -> None:
    """The exit codes are documented in docs/cli.md and in the help."""
    document = (TOP / "docs" / "cli.md").read_text(encoding="utf-8")
    help_text = run("--help").out

    for code, meaning in EXIT_CODES.items():
        assert f"| {code} | {meaning} |" in document
        assert f"{code}  {meaning}" in help_text


def test_emulator(tmp_path: Path) -> None:
    """The emulator prints its URL, and runs until it is terminated."""
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


def test_offline_mode_is_explained_once() -> None:
    """The error has the variable and what to do about it, and nothing about tests."""
    done = subprocess.run(
        [sys.executable, "-m", "root", "models", "list"],
        capture_output=True,
        env={**os.environ, "ROOTSIGNALS_OFFLINE": "1", "ROOTSIGNALS_API_KEY": "key"},
        text=True,
    )

    assert done.returncode == 78
    assert done.stderr.count("Nothing is sent") == 1
    assert done.stderr.count("Unset ROOTSIGNALS_OFFLINE to connect.") == 1
    assert "test" not in done.stderr


def test_offline_mode_in_a_check(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check explains offline mode once, and what to do about it."""
    monkeypatch.setenv("ROOTSIGNALS_OFFLINE", "1")
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", "key")

    checks = {check["name"]: check for check in json.loads(run("doctor", "-o", "json").out)}

    assert checks["dns"]["detail"] == "only connections to this machine are allowed"
    assert checks["dns"]["advice"] == "Unset ROOTSIGNALS_OFFLINE to connect."


EVIL = "\x1b]0;title\x07\x9b31m\u202e\nError: forged"


def test_responses_do_not_control_the_terminal(run: Run, at_emulator: Server) -> None:
    """Control characters of a response are escaped in an error, a traceback and the debug log."""
    at_emulator.fail_next(status=404, body={"detail": EVIL})

    done = run("models", "get", "a", "--debug")

    assert r"\x1b]0;title\x07\x9b31m\u202e" in done.err
    assert "Traceback" in done.err
    assert done.err.replace("\n", "").isprintable()
    assert "\nError: forged" not in done.err


def test_log_does_not_control_the_terminal(
    run: Run, at_emulator: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control characters in the debug log are escaped."""

    def find(*_: object, **__: object) -> str:
        logging.getLogger("rootsignals").debug("found %s", EVIL)
        return "0" * 8

    monkeypatch.setattr(root.cli.identity, "find", find)

    done = run("models", "get", "a", "--debug")

    assert r"found \x1b]0;title\x07\x9b31m\u202e\nError: forged" in done.err


def test_profiles_do_not_control_the_terminal(run: Run, home: Path) -> None:
    """Control characters in the names of profiles are escaped in an error and its hint."""
    file = home / ".config" / "root-signals" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(f"[profiles.{json.dumps(EVIL)}]\nkey = 'file'\n")

    done = run("models", "list", "--profile", "\x1b[2J", "--debug")

    assert done.code == 78
    assert done.err.replace("\n", "").isprintable()
    assert "\nError: forged" not in done.err
