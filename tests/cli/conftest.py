"""The command line in this process, against the emulator and with no profile of anybody's."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keyring
import keyring.backends.fail
import pytest

from root.cli import main
from root.emulator import Server


@dataclass(frozen=True)
class Done:
    """What came of a command."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without profiles, and no keyring."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(keyring.core, "_keyring_backend", keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    return home


@pytest.fixture
def at_emulator(emulator: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """An emulator that the environment names."""
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", emulator.api_key)
    monkeypatch.setenv("ROOTSIGNALS_API_URL", emulator.url)
    return emulator


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `root-signals` with these arguments, and this on stdin."""

    def run(*arguments: str, stdin: str = "") -> Done:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        logger = logging.getLogger("root.client")
        handlers, level = logger.handlers, logger.level
        try:
            code = main(arguments)
        finally:
            # A process of its own leaves nothing behind.
            logger.handlers, logger.level = handlers, level
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return run
