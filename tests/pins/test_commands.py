"""The command line: what each command prints for programs, and its exit code.

Messages for a person are not recorded, only whether there are any. Help has records of its own in
tests/cli/help. To record a change: `python -m tests.pins.test_commands`.
"""

from __future__ import annotations

import io
import json
import logging
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any
from unittest import mock

import keyring
import keyring.backends.fail

from root.cli import main
from root.emulator import Server, serve

from .record import Record, as_json

COMMANDS = Record("commands.json", "tests.pins.test_commands")

KEY = "key-of-the-pins-0123456789"

FILE = """\
models:
- {name: azure/gpt-4o, url: "https://azure.example", max_token_count: 4096}
- {name: new/model}
"""

Command = tuple[str, ...]


@contextmanager
def place() -> Iterator[Path]:
    """Make a folder that is the working directory and the home, with no settings around it."""
    before = Path.cwd()
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ROOTSIGNALS_", "SCORABLE_", "SSL_CERT_"))
        and not name.lower().endswith("_proxy")
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.dict(os.environ, kept, clear=True),
        mock.patch.object(keyring.core, "_keyring_backend", _no_keyring()),
    ):
        os.environ.update(HOME=folder, XDG_CONFIG_HOME=f"{folder}/config", COLUMNS="80")
        os.chdir(folder)
        try:
            yield Path(folder)
        finally:
            os.chdir(before)


def _no_keyring() -> keyring.backends.fail.Keyring:
    return keyring.backends.fail.Keyring()  # type: ignore[no-untyped-call]


def run(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
    """Run a command in this process; return its exit code and what it prints."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    logger = logging.getLogger("rootsignals")
    handlers, level = logger.handlers, logger.level
    try:
        with (
            redirect_stdout(out),
            redirect_stderr(err),
            mock.patch("sys.stdin", io.StringIO(stdin)),
        ):
            code = main(arguments)
    finally:
        logger.handlers, logger.level = handlers, level
    texts = []
    for stream in (out, err):
        stream.flush()
        assert isinstance(stream.buffer, io.BytesIO)
        texts.append(stream.buffer.getvalue().decode())
    return code, texts[0], texts[1]


MODELS: list[Command] = [
    ("models", "list", "--all", "--name", "no-such*"),
    ("models", "create", "azure/gpt-4o"),
    (
        *("models", "create", "ollama/llama3", "--model", "llama3", "--url", "http://gpu-7:11434"),
        *("--max-token-count", "8192", "--max-output-token-count", "900", "--key", "-"),
    ),
    ("models", "create", "azure/gpt-4o"),
    ("models", "create", "a" * 101),
    ("models", "create", "a", "--max-output-token-count", "5"),
    ("models", "create"),
    ("models", "create", "a", "-o", "yaml"),
    ("models", "get", "ollama/llama3"),
    ("models", "get", "ollama/llama3", "-o", "json"),
    ("models", "get", "ollama/llama3", "-o", "jsonl"),
    ("models", "get", "ollama/llama3", "-o", "csv"),
    ("models", "get", "ollama/llama3", "-o", "yaml"),
    ("models", "get", "ollama/llama3", "-o", "table"),
    ("models", "get", "no-such"),
    ("models", "list", "--visibility", "private", "--all"),
    ("models", "list", "--visibility", "private", "--all", "-o", "jsonl"),
    ("models", "list", "--visibility", "private", "--all", "-o", "csv"),
    ("models", "list", "--visibility", "private", "--all", "-o", "yaml"),
    ("models", "list", "--visibility", "private", "--all", "-o", "markdown"),
    ("models", "list", "--visibility", "private", "--sort", "-name", "-o", "table"),
    ("models", "list", "--visibility", "private", "--all", "--quiet"),
    ("models", "list", "--limit", "2", "--name", "*gpt-4o", "--sort", "name"),
    ("models", "list", "--limit", "0"),
    ("models", "list", "--provider", "no-such"),
    ("models", "list", "--limit", "many"),
    ("models", "update", "azure/gpt-4o", "--url", "http://old", "--max-token-count", "1000"),
    ("models", "update", "azure/gpt-4o", "--clear-url", "--clear-max-token-count", "--clear-key"),
    ("models", "update", "azure/gpt-4o", "--url", "http://old", "--clear-url"),
    ("models", "update", "azure/gpt-4o"),
    ("models", "update", "no-such", "--url", "http://old"),
    ("models", "replace", "a", "--name", "b", "--max-token-count", "1000"),
    ("models", "replace", "b"),
    ("models", "ensure", "b", "--max-token-count", "1000"),
    ("models", "ensure", "b", "--url", "http://gpu-8:11434"),
    ("models", "ensure", "c", "--key", "-"),
    ("models", "ensure", "c", "--key", "-"),
    ("models", "verify", "azure/gpt-4o"),
    ("models", "verify", "no/such-model"),
    ("models", "verify", "azure/gpt-4o", "no/such-model"),
    ("models", "export"),
    ("models", "export", "-o", "json"),
    ("models", "schema"),
    ("models", "apply", "models.yaml", "--check"),
    ("models", "apply", "models.yaml", "--dry-run"),
    ("models", "apply", "models.yaml", "--dry-run", "--prune"),
    ("models", "apply", "models.yaml", "--dry-run", "--prune", "-o", "csv"),
    ("models", "apply", "models.yaml", "--dry-run", "--prune", "-o", "markdown"),
    ("models", "apply", "models.yaml"),
    ("models", "apply", "models.yaml", "--yes"),
    ("models", "apply", "models.yaml", "--yes"),
    ("models", "apply", "models.yaml", "--check"),
    ("models", "apply", "broken.yaml", "--yes"),
    ("models", "apply", "no-such.yaml", "--yes"),
    ("models", "delete", "c"),
    ("models", "delete", "c", "--yes"),
    ("models", "delete", "c", "--yes"),
    ("models", "delete", "b", "new/model", "--yes"),
    ("models", "lst"),
    ("models",),
    ("models", "list", "--no-such"),
    ("models", "list", "--base-url", "http://127.0.0.1:1"),
    ("models", "list", "--base-url", "ftp://x"),
    ("models", "list", "--api-key-file", "wrong-key"),
    ("models", "list", "--api-key-file", "no-such"),
    ("models", "list", "--profile", "no-such"),
    ("--version",),
    (),
]

CONFIG: list[Command] = [
    ("config", "show"),
    ("config", "set", "work", "--base-url", "https://api.example", "--api-key", "-"),
    ("config", "show"),
    ("config", "show", "--profile", "work"),
    ("config", "show", "--profile", "work", "-o", "jsonl"),
    ("config", "show", "--profile", "work", "-o", "csv"),
    ("config", "use", "work"),
    ("config", "show"),
    ("config", "use", "no-such"),
    ("config", "set", "home", "--base-url", "ftp://x"),
    ("config", "set", "a/b"),
    ("config", "remove", "work"),
    ("config", "remove", "work"),
    ("config", "show", "--profile", "work"),
    ("config",),
    ("models", "list"),
]

STATUSES = (400, 401, 403, 404, 405, 409, 422, 429, 500, 502, 503)


def observe() -> dict[str, Any]:
    """Return what every command prints, and its exit code."""
    seen: dict[str, Any] = {}
    with serve(api_key=KEY) as server:
        with place() as folder:
            seen["config"] = [observed(command, server, folder) for command in CONFIG]
        with place() as folder:
            os.environ.update(ROOTSIGNALS_API_KEY=KEY, ROOTSIGNALS_API_URL=server.url)
            (folder / "models.yaml").write_text(FILE)
            (folder / "broken.yaml").write_text("models:\n- {name: 7}\n- {size: 1}\n")
            (folder / "wrong-key").write_text("another-key-0123456789")
            seen["models"] = [observed(command, server, folder) for command in MODELS]
            seen["doctor"] = doctor()
            seen["statuses"] = {status: _code_for(status, server) for status in STATUSES}
    # As a file has it.
    read: dict[str, Any] = json.loads(json.dumps(seen))
    return read


def observed(command: Command, server: Server, folder: Path) -> dict[str, Any]:
    """Run a command, in JSON unless it has a format; return what is the same every time."""
    has_format = "-o" in command or command in (("models", "export"), ("models", "schema"))
    format = () if has_format or len(command) < 2 else ("-o", "json")
    stdin = "sk-of-the-provider\n" if "-" in command else ""
    code, out, err = run(*command, *format, stdin=stdin)
    assert KEY not in out + err
    assert "Traceback" not in err
    out = out.replace(server.url, "URL").replace(str(folder), "FOLDER")
    out = re.sub(r"authorities of [^\",]+", "authorities of a file", out)
    ids: dict[str, str] = {}
    out = re.sub(
        r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b",
        lambda found: ids.setdefault(found[0], f"ID{len(ids) + 1}"),
        out,
    )
    return {
        "command": " ".join(command),
        "code": code,
        # Help, versions and tables are for a person.
        "out": "..." if out and (len(command) < 2 or "table" in command) else _parsed(out),
        "has_messages": bool(err),
    }


def _parsed(out: str) -> Any:
    if out[:1] in ("{", "["):
        with suppress(ValueError):
            return _without_sentences(json.loads(out))
    return [line for line in out.splitlines() if not line.startswith("#")]


def _without_sentences(content: Any) -> Any:
    if isinstance(content, dict):
        return {
            name: "..."
            if name in ("description", "error", "response") and isinstance(value, str)
            else _without_sentences(value)
            for name, value in content.items()
        }
    if isinstance(content, list):
        return [_without_sentences(value) for value in content]
    return content


def doctor() -> list[dict[str, Any]]:
    """Return what `doctor` prints where all is well, without its sentences."""
    code, out, err = run("doctor", "-o", "json")
    assert (code, err) == (0, "")
    return [
        {
            name: value if name in ("name", "ok") else type(value).__name__
            for name, value in check.items()
        }
        for check in json.loads(out)
    ]


def _code_for(status: int, server: Server) -> int:
    server.fail_next(status=status, method="POST", headers={"Retry-After": "3600"})
    code, out, _ = run("models", "create", f"model/{status}")
    server.clear_faults()
    assert not out
    return code


def test_commands() -> None:
    """Every command prints what is recorded, and ends with the recorded exit code."""
    COMMANDS.assert_same(as_json(observe(), 2))


if __name__ == "__main__":
    COMMANDS.write(as_json(observe(), 2))
