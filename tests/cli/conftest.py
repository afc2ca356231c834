"""Fixtures that run the command line in this process, isolated from the user's profiles."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keyring
import keyring.backend
import keyring.backends.fail
import keyring.errors
import pytest

from root.cli import main
from root.emulator import Server

KEY = "a-key-that-must-not-be-printed"

INVALID_KEY = "key-of-staging\N{HORIZONTAL ELLIPSIS}"


class FakeKeyring(keyring.backend.KeyringBackend):
    """A keyring in memory; `locked` makes it reject every access."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.passwords: dict[tuple[str, str], str] = {}
        self.locked = False

    def _unlocked(self) -> dict[tuple[str, str], str]:
        if self.locked:
            raise keyring.errors.KeyringLocked
        return self.passwords

    def get_password(self, service: str, username: str) -> str | None:
        return self._unlocked().get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._unlocked()[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self._unlocked().pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError


@dataclass(frozen=True)
class Result:
    """The result of a command."""

    code: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home directory, and no keyring."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(keyring.core, "_keyring_backend", keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    return home


@pytest.fixture
def fake_keyring(monkeypatch: pytest.MonkeyPatch) -> FakeKeyring:
    """A keyring instead of none."""
    fake = FakeKeyring()
    monkeypatch.setattr(keyring.core, "_keyring_backend", fake)
    return fake


@pytest.fixture
def at_emulator(emulator: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """An emulator that the environment variables point to."""
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", emulator.api_key)
    monkeypatch.setenv("ROOTSIGNALS_API_URL", emulator.url)
    return emulator


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """A function that runs `root-signals` with arguments and text on stdin."""

    def run(*arguments: str, stdin: str = "") -> Result:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        logger = logging.getLogger("rootsignals")
        handlers, level = logger.handlers, logger.level
        try:
            code = main(arguments)
        finally:
            # A real run ends with its process and leaves no handlers behind.
            logger.handlers, logger.level = handlers, level
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run


def read_settings(run: Run, *arguments: str) -> dict[str, tuple[str, str]]:
    """Return the value and the source of each setting that `config show` prints."""
    done = run("config", "show", "-o", "jsonl", *arguments)
    assert done.code == 0
    assert KEY not in done.out + done.err
    rows = [json.loads(line) for line in done.out.splitlines()]
    return {row["name"]: (row["value"], row["source"]) for row in rows}


def all_text(folder: Path) -> str:
    """Return the content of all files in a directory."""
    return "".join(path.read_text() for path in folder.rglob("*") if path.is_file())
