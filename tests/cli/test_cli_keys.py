"""API keys of profiles: their storage in the keyring or in files."""

from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keyring
import keyring.backends.fail
import pytest

from root.emulator import Server
from tests.cli.conftest import INVALID_KEY, KEY, FakeKeyring, Run, all_text, read_settings

DEFAULT_URL = "https://api.app.rootsignals.ai"


def test_key_in_the_keyring(run: Run, fake_keyring: FakeKeyring, home: Path) -> None:
    """If there is a keyring, the key is stored in it and in no file."""
    done = run("config", "set", "prod", "--base-url", "http://prod", "--api-key", "-", stdin=KEY)

    assert done.code == 0
    assert "Warning" not in done.err
    assert fake_keyring.passwords == {("root-signals", "prod"): f"{KEY}\nhttp://prod"}
    assert KEY not in all_text(home)
    shown = read_settings(run, "--profile", "prod")
    assert shown["api_key"][1] == "profile prod, keyring"
    assert shown["base_url"] == ("http://prod", "profile prod")


@pytest.mark.skipif(sys.platform == "win32", reason="file modes require POSIX")
def test_key_in_a_file(run: Run, home: Path) -> None:
    """Without a keyring, the key is stored in a private file, and a warning is printed."""
    done = run("config", "set", "prod", "--api-key", "-", stdin=f"{KEY}\n")

    assert done.code == 0
    assert "Warning: The key is stored in a file" in done.err
    (key_file,) = (path for path in home.rglob("*") if path.is_file() and KEY in path.read_text())
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert read_settings(run, "--profile", "prod")["api_key"][1] == "profile prod, file"


@pytest.mark.parametrize("backend", ["nope.Bad", "keyring.Bad", "Bad"])
def test_broken_backend(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    """A keyring backend that cannot be loaded is ignored."""
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", backend)

    done = run("config", "set", "prod", "--api-key", "-", stdin=KEY)

    assert done.code == 0
    assert "Warning: The key is stored in a file" in done.err


def test_locked_keyring(run: Run, fake_keyring: FakeKeyring) -> None:
    """With a locked keyring, a new key is stored in a file, and a stored one cannot be read."""
    run("config", "set", "prod", "--api-key", "-", stdin=KEY)
    fake_keyring.locked = True

    done = run("--profile", "prod", "models", "list")
    assert done.code == 78
    assert "is missing from the keyring or cannot be read" in done.err

    warnings = run("config", "set", "prod", "--api-key", "-", stdin=KEY).err
    assert "in a file" in warnings
    assert "remains in the keyring" in warnings


def test_key_moves_to_the_keyring(run: Run, fake_keyring: FakeKeyring, home: Path) -> None:
    """A key that is stored again is moved from its file to an unlocked keyring."""
    fake_keyring.locked = True
    run("config", "set", "prod", "--api-key", "-", stdin=KEY)
    assert KEY in all_text(home)
    fake_keyring.locked = False

    run("config", "set", "prod", "--api-key", "-", stdin=KEY)

    assert KEY not in all_text(home)
    assert fake_keyring.passwords == {("root-signals", "prod"): f"{KEY}\n{DEFAULT_URL}"}


@pytest.mark.parametrize("problem", ["locked", "gone"])
def test_remove_without_the_keyring(
    run: Run, fake_keyring: FakeKeyring, monkeypatch: pytest.MonkeyPatch, problem: str
) -> None:
    """A profile is removed without its keyring, with a warning that the key remains."""
    run("config", "set", "a", "--api-key", "-", stdin=KEY)
    if problem == "locked":
        fake_keyring.locked = True
    else:
        fail = keyring.backends.fail.Keyring()  # type: ignore[no-untyped-call]
        monkeypatch.setattr(keyring.core, "_keyring_backend", fail)

    done = run("config", "remove", "a")

    assert done.code == 0
    assert "Warning: The key remains in the keyring" in done.err
    assert read_settings(run)["profiles"][0] == "none"


def test_remove_with_a_missing_key(run: Run, fake_keyring: FakeKeyring) -> None:
    """A profile is removed even if its key was deleted from the keyring."""
    run("config", "set", "a", "--api-key", "-", stdin=KEY)
    fake_keyring.passwords.clear()

    done = run("config", "remove", "a")

    assert (done.code, "Warning" in done.err) == (0, False)


@pytest.mark.parametrize("key_store", ["keyring", "file"])
def test_remove(run: Run, fake_keyring: FakeKeyring, home: Path, key_store: str) -> None:
    """A profile is removed with its key, and is no longer the default."""
    fake_keyring.locked = key_store == "file"
    run("config", "set", "a", "--api-key", "-", stdin=KEY)
    run("config", "use", "a")
    fake_keyring.locked = False

    assert run("config", "remove", "a").code == 0

    assert not fake_keyring.passwords
    assert KEY not in all_text(home)
    assert read_settings(run)["profiles"][0] == "none"


def test_invalid_key_is_not_stored(run: Run, fake_keyring: FakeKeyring, home: Path) -> None:
    """An invalid key is rejected, and the stored one is unchanged."""
    run("config", "set", "a", "--api-key", "-", stdin=KEY)
    before = all_text(home)

    done = run("config", "set", "a", "--api-key", "-", stdin=INVALID_KEY)

    assert (done.code, INVALID_KEY in done.err) == (78, False)
    assert fake_keyring.passwords == {("root-signals", "a"): f"{KEY}\n{DEFAULT_URL}"}
    assert all_text(home) == before


@pytest.mark.parametrize("key_store", ["keyring", "file"])
@pytest.mark.parametrize("change", ["edited", "removed", "set"])
def test_key_belongs_to_its_url(
    run: Run, fake_keyring: FakeKeyring, home: Path, emulator: Server, key_store: str, change: str
) -> None:
    """If the base URL of a profile is changed, its key is not sent there."""
    fake_keyring.locked = key_store == "file"
    run("config", "set", "a", "--base-url", "http://a", "--api-key", "-", stdin=emulator.api_key)
    fake_keyring.locked = False
    if change == "set":
        warnings = run("config", "set", "a", "--base-url", emulator.url).err
        assert f"is for http://a, and is not used for {emulator.url}." in warnings
    else:
        (config,) = home.rglob("config.toml")
        url = f'base_url = "{emulator.url}"' if change == "edited" else ""
        config.write_text(config.read_text().replace('base_url = "http://a"', url))

    done = run("--profile", "a", "models", "list")

    assert done.code == 78
    assert "was not stored for the base URL in the configuration file" in done.err
    assert "config set a --api-key -` stores the key for this URL" in done.err
    assert not emulator.requests
    run("config", "set", "a", "--base-url", emulator.url, "--api-key", "-", stdin=emulator.api_key)
    assert run("--profile", "a", "models", "list").code == 0


def test_key_of_another_program(run: Run, fake_keyring: FakeKeyring, emulator: Server) -> None:
    """An entry of the keyring without a base URL is not sent."""
    run("config", "set", "a", "--base-url", emulator.url, "--api-key", "-", stdin=KEY)
    fake_keyring.passwords["root-signals", "a"] = emulator.api_key

    assert run("--profile", "a", "models", "list").code == 78
    assert not emulator.requests


LIMITED = """
import resource, sys
from root.cli import main

resource.setrlimit(resource.RLIMIT_DATA, (2**28, 2**28))
sys.exit(main(["--api-key-file", "/dev/zero", "models", "list"]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no /dev/zero")
def test_endless_key_file() -> None:
    """A key file is read up to 8 KiB."""
    done = subprocess.run([sys.executable, "-c", LIMITED], capture_output=True, text=True)

    assert done.returncode == 78, done.stderr
    assert "The key file '/dev/zero' is larger than 8 KiB." in done.stderr


@contextmanager
def full_disk() -> Iterator[None]:
    """Limit the size of files to a few bytes."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits require POSIX")
def test_full_disk(run: Run, home: Path) -> None:
    """If writing fails halfway, all files are unchanged, and no part of a key is left."""
    run("config", "set", "a", "--base-url", "http://a", "--api-key", "-", stdin=KEY)
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}

    with full_disk():
        key = run("config", "set", "a", "--api-key", "-", stdin="another-key-of-the-same-service")
        config = run("config", "use", "a")

    assert (key.code, "keys/a cannot be changed: File too large." in key.err) == (78, True)
    assert (config.code, "config.toml cannot be changed: File" in config.err) == (78, True)
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before


def test_failed_key_changes_the_url(run: Run, home: Path) -> None:
    """If a key cannot be stored, the old key is not used with the new base URL."""
    run("config", "set", "a", "--base-url", "http://a", "--api-key", "-", stdin=KEY)
    (key_file,) = home.rglob("keys/a")
    key_file.unlink()
    key_file.mkdir()

    done = run("config", "set", "a", "--base-url", "http://b", "--api-key", "-", stdin=KEY)

    assert (done.code, "keys/a cannot be changed" in done.err) == (78, True)
    shown = read_settings(run, "--profile", "a")
    assert (shown["base_url"][0], shown["api_key"][0]) == ("http://b", "none")


# An audit hook cannot be removed, so it runs in its own process.
WATCHED = """
import sys
from pathlib import Path
from root.cli import main

def watch(event, arguments):
    if event in ("open", "os.chmod", "os.rename"):
        files = (path for path in home.rglob("*") if path.is_file())
        seen.update(path for path in files if path.stat().st_mode & 0o077)

home, seen = Path(sys.argv[1]), set()
# Python 3.15 imports what this needs when it is first called.
watch("open", ())
sys.addaudithook(watch)
code = main(sys.argv[2:])
watch("open", ())
sys.exit(f"others can read: {seen}" if seen else code)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="file modes require POSIX")
def test_key_files_are_always_private(home: Path) -> None:
    """While a key is stored, no file is readable by others at any time."""
    done = subprocess.run(
        [
            *(sys.executable, "-c", WATCHED, str(home)),
            *("config", "set", "a", "--base-url", "http://a", "--api-key", "-"),
        ],
        input=KEY,
        capture_output=True,
        text=True,
        umask=0o022,
    )

    assert (done.returncode, "others can read" in done.stderr) == (0, False), done.stderr
    assert KEY in all_text(home)


def test_endless_input(run: Run, at_emulator: Server, tmp_path: Path) -> None:
    """A key without an end, and a file of models without one, are errors."""
    models = tmp_path / "models.yaml"
    models.write_text("#" * (17 * 1024 * 1024))

    key = run("models", "create", "a", "--key", "-", stdin="x" * 20_000)
    file = run("models", "apply", str(models), "--yes")

    assert key.code != 0
    assert "more than a key" in key.err
    assert file.code != 0
    assert "more than 16 MiB" in file.out + file.err
