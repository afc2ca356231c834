"""`root-signals config`: profiles, where keys are kept, and which setting counts."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

import keyring
import keyring.backend
import keyring.backends.fail
import keyring.errors
import pytest

from root.emulator import Server
from tests.cli.conftest import Run

KEY = "a-key-that-must-not-show"


class FakeKeyring(keyring.backend.KeyringBackend):
    """A keyring in memory."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def _unlocked(self) -> dict[tuple[str, str], str]:
        if self.locked:
            raise keyring.errors.KeyringLocked
        return self.kept

    def get_password(self, service: str, username: str) -> str | None:
        return self._unlocked().get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._unlocked()[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self._unlocked().pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError


@pytest.fixture
def fake_keyring(monkeypatch: pytest.MonkeyPatch) -> FakeKeyring:
    fake = FakeKeyring()
    monkeypatch.setattr(keyring.core, "_keyring_backend", fake)
    return fake


def settings(run: Run, *arguments: str) -> dict[str, tuple[str, str]]:
    done = run("config", "show", "-o", "jsonl", *arguments)
    assert done.code == 0
    assert KEY not in done.out + done.err
    rows = [json.loads(line) for line in done.out.splitlines()]
    return {row["name"]: (row["value"], row["source"]) for row in rows}


def everything_in(folder: Path) -> str:
    return "".join(path.read_text() for path in folder.rglob("*") if path.is_file())


def test_key_in_the_keyring(run: Run, fake_keyring: FakeKeyring, home: Path) -> None:
    """Where there is a keyring, the key is in it and in no file."""
    done = run("config", "set", "prod", "--base-url", "http://prod", "--api-key", "-", stdin=KEY)

    assert done.code == 0
    assert "Warning" not in done.err
    assert fake_keyring.kept == {("root-signals", "prod"): KEY}
    assert KEY not in everything_in(home)
    shown = settings(run, "--profile", "prod")
    assert shown["api_key"][1] == "profile prod, keyring"
    assert shown["base_url"] == ("http://prod", "profile prod")


@pytest.mark.skipif(sys.platform == "win32", reason="modes of files are those of POSIX")
def test_key_in_a_file(run: Run, home: Path) -> None:
    """Where there is no keyring, the key is in a file of one's own, with a warning."""
    done = run("config", "set", "prod", "--api-key", "-", stdin=f"{KEY}\n")

    assert done.code == 0
    assert "Warning: The key is in a file" in done.err
    (holder,) = (path for path in home.rglob("*") if path.is_file() and KEY in path.read_text())
    assert stat.S_IMODE(holder.stat().st_mode) == 0o600
    assert settings(run, "--profile", "prod")["api_key"][1] == "profile prod, file"


@pytest.mark.parametrize("backend", ["nope.Bad", "keyring.Bad", "Bad"])
def test_keyring_that_cannot_load(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    """A keyring that cannot load is no keyring."""
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", backend)

    done = run("config", "set", "prod", "--api-key", "-", stdin=KEY)

    assert done.code == 0
    assert "Warning: The key is in a file" in done.err


def test_locked_keyring(run: Run, fake_keyring: FakeKeyring) -> None:
    """A keyring that refuses is passed over to keep a key, and told of when it holds one."""
    run("config", "set", "prod", "--api-key", "-", stdin=KEY)
    fake_keyring.locked = True

    done = run("--profile", "prod", "models", "list")
    assert done.code == 78
    assert "is not in the keyring any more" in done.err

    anew = run("config", "set", "prod", "--api-key", "-", stdin=KEY).err
    assert "in a file" in anew
    assert "stays in the keyring" in anew


def test_key_moves_into_the_keyring(run: Run, fake_keyring: FakeKeyring, home: Path) -> None:
    """A key that was in a file is in the keyring only, once that opens."""
    fake_keyring.locked = True
    run("config", "set", "prod", "--api-key", "-", stdin=KEY)
    assert KEY in everything_in(home)
    fake_keyring.locked = False

    run("config", "set", "prod", "--api-key", "-", stdin=KEY)

    assert KEY not in everything_in(home)
    assert fake_keyring.kept == {("root-signals", "prod"): KEY}


@pytest.mark.parametrize("trouble", ["locked", "gone"])
def test_remove_without_the_keyring(
    run: Run, fake_keyring: FakeKeyring, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    """A profile goes also where its keyring is closed or gone; that the key stays, is told."""
    run("config", "set", "a", "--api-key", "-", stdin=KEY)
    if trouble == "locked":
        fake_keyring.locked = True
    else:
        fail = keyring.backends.fail.Keyring()  # type: ignore[no-untyped-call]
        monkeypatch.setattr(keyring.core, "_keyring_backend", fail)

    done = run("config", "remove", "a")

    assert done.code == 0
    assert "Warning: The key stays in the keyring" in done.err
    assert settings(run)["profiles"][0] == "none"


def test_remove_of_a_key_that_is_gone(run: Run, fake_keyring: FakeKeyring) -> None:
    """A key that somebody has deleted from the keyring stops nothing."""
    run("config", "set", "a", "--api-key", "-", stdin=KEY)
    fake_keyring.kept.clear()

    done = run("config", "remove", "a")

    assert (done.code, "Warning" in done.err) == (0, False)


def test_use_profile(run: Run, emulator: Server) -> None:
    """A profile in use makes the client, with no environment at all."""
    run(
        *("config", "set", "local", "--base-url", emulator.url, "--api-key", "-"),
        stdin=emulator.api_key,
    )
    assert run("models", "list").code == 78

    run("config", "use", "local")

    assert run("models", "list").code == 0
    assert settings(run)["profile"] == ("local", "config use")


@pytest.mark.parametrize("speaks", ["URL", "KEY", ""])
def test_use_in_vain(run: Run, monkeypatch: pytest.MonkeyPatch, speaks: str) -> None:
    """Whoever uses a profile where the environment goes before it, is told so."""
    run("config", "set", "two")
    if speaks:
        monkeypatch.setenv(f"ROOTSIGNALS_API_{speaks}", "http://somewhere-else")

    done = run("config", "use", "two")

    assert done.code == 0
    assert ("--profile two goes before" in done.err) is bool(speaks)


def test_set_says_where(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key belongs to the address that the environment names, and it is said which."""
    monkeypatch.setenv("ROOTSIGNALS_API_URL", "http://of-the-environment")

    done = run("config", "set", "prod", "--api-key", "-", stdin=KEY)

    assert "Profile prod is kept for http://of-the-environment." in done.err


def test_environment_goes_before_the_profile_in_use(run: Run, at_emulator: Server) -> None:
    """Where the environment speaks, no key goes to a profile's service, nor the other way."""
    run("config", "set", "other", "--base-url", "http://other", "--api-key", "-", stdin=KEY)
    run("config", "use", "other")

    shown = settings(run)

    assert shown["base_url"] == (at_emulator.url, "environment variable ROOTSIGNALS_API_URL")
    assert shown["api_key"][1] == "environment variable ROOTSIGNALS_API_KEY"
    assert shown["profile"] == ("none", "")
    assert settings(run, "--profile", "other")["api_key"][1] == "profile other, file"


def test_profile_without_a_key(run: Run, at_emulator: Server) -> None:
    """The environment's key does not go to the service of a profile that has no key."""
    run("config", "set", "staging", "--base-url", at_emulator.url)

    done = run("--profile", "staging", "models", "list")
    checks = json.loads(run("--profile", "staging", "doctor").out)

    assert done.code == 78
    assert not any("authorization" in one.headers for one in at_emulator.requests)
    assert "The profile 'staging' has no key." in done.err
    assert "config set staging --api-key -" in done.err
    assert settings(run, "--profile", "staging")["api_key"][0] == "none"
    assert {one["name"]: one["ok"] for one in checks}["tcp"]


def test_dotenv_goes_before_the_profile_in_use(run: Run, tmp_path: Path) -> None:
    """A key in `.env` goes to no profile's service either."""
    run("config", "set", "other", "--base-url", "http://other", "--api-key", "-", stdin=KEY)
    run("config", "use", "other")
    (tmp_path / ".env").write_text("ROOTSIGNALS_API_KEY=another-key-for-another-service\n")

    shown = settings(run)

    assert shown["api_key"][1].endswith(".env, line 1")
    assert shown["base_url"][1] == "default"


BROKEN_KEY = "key-of-staging\N{HORIZONTAL ELLIPSIS}"


@pytest.mark.parametrize(
    ("variable", "dotenv", "told"),
    [
        ("schl\xfcssel", None, "The environment variable ROOTSIGNALS_API_KEY holds"),
        (None, f"ROOTSIGNALS_API_KEY={BROKEN_KEY}\n".encode(), "ROOTSIGNALS_API_KEY in .env holds"),
        (None, f"ROOTSIGNALS_API_KEY={KEY}\n".encode("utf-16"), ".env cannot be read"),
    ],
    ids=["environment", ".env", "UTF-16"],
)
def test_broken_key_goes_before_the_profile_in_use(
    run: Run,
    emulator: Server,
    monkeypatch: pytest.MonkeyPatch,
    variable: str | None,
    dotenv: bytes | None,
    told: str,
) -> None:
    """A key that cannot be right is told of, and nothing goes to the profile's service instead."""
    run(
        *("config", "set", "other", "--base-url", emulator.url, "--api-key", "-"),
        stdin=emulator.api_key,
    )
    run("config", "use", "other")
    if variable is not None:
        monkeypatch.setenv("ROOTSIGNALS_API_KEY", variable)
    if dotenv is not None:
        Path(".env").write_bytes(dotenv)

    done = run("models", "create", "azure/gpt-4o")

    assert (done.code, told in done.err) == (78, True)
    assert not emulator.requests
    assert told in run("config", "show").err
    assert "--profile other goes before both" in run("config", "use", "other").err
    assert run("--profile", "other", "models", "list").code == 0


@pytest.mark.parametrize("nothing", ["", "ROOTSIGNALS_API_KEY=\n", "ANOTHER=1\n"])
def test_nothing_in_the_environment(
    run: Run, emulator: Server, monkeypatch: pytest.MonkeyPatch, nothing: str
) -> None:
    """Empty variables and a `.env` without a key say nothing: the profile in use counts."""
    run(
        *("config", "set", "other", "--base-url", emulator.url, "--api-key", "-"),
        stdin=emulator.api_key,
    )
    run("config", "use", "other")
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", " ")
    monkeypatch.setenv("ROOTSIGNALS_API_URL", "")
    Path(".env").write_text(nothing)

    assert run("models", "list").code == 0


@pytest.fixture
def no_folder(home: Path) -> Path:
    """A config folder that can be neither read nor written, as that of another user."""
    folder = home / ".config"
    folder.write_text("")
    return folder


def test_config_that_nobody_needs(run: Run, at_emulator: Server, no_folder: Path) -> None:
    """Where the environment speaks, a config folder that cannot be read stops nothing."""
    assert run("models", "list").code == 0
    assert run("doctor").code == 0
    shown = run("config", "show", "-o", "csv")
    assert (shown.code, "config.toml cannot be read" in shown.err) == (0, True)
    assert "profiles,unknown," in shown.out


def test_options_need_no_config(run: Run, emulator: Server, no_folder: Path) -> None:
    """Where options name service and key, a config folder that cannot be read stops nothing."""
    Path("key").write_text(emulator.api_key)

    done = run("--base-url", emulator.url, "--api-key-file", "key", "models", "list")

    assert done.code == 0


@pytest.mark.parametrize("arguments", [("--profile", "a"), ("--base-url", "http://a"), ()])
def test_config_that_is_needed(run: Run, no_folder: Path, arguments: tuple[str, ...]) -> None:
    """Where a profile may be meant, a config folder that cannot be read is named."""
    done = run(*arguments, "models", "list")

    assert done.code == 78
    assert "config.toml cannot be read: Not a directory." in done.err


def test_options_go_before_all(run: Run, at_emulator: Server, tmp_path: Path) -> None:
    """What an option says counts more than profile and environment."""
    run("config", "set", "other", "--base-url", "http://other", "--api-key", "-", stdin=KEY)
    (tmp_path / "key").write_text("a-key-of-a-file-of-its-own\n")

    shown = settings(
        run, "--profile", "other", "--base-url", "http://third", "--api-key-file", "key"
    )

    assert shown["base_url"] == ("http://third", "--base-url")
    assert shown["api_key"][1] == "--api-key-file key"


def test_set_keeps_the_rest(run: Run, tmp_path: Path) -> None:
    """What is not said of a profile stays as it was."""
    (tmp_path / "key").write_text(KEY)
    run("config", "set", "a", "--api-key-file", "key")
    run("config", "set", "a", "--base-url", "http://a/")

    shown = settings(run, "--profile", "a")

    assert shown["base_url"] == ("http://a", "profile a")
    assert shown["api_key"][1] == "profile a, file"


def test_key_stays_with_its_service(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key is kept for the address that it was given for, whatever the environment says later."""
    run("config", "set", "prod", "--api-key", "-", stdin=KEY)
    monkeypatch.setenv("ROOTSIGNALS_API_URL", "http://another-service")

    shown = settings(run, "--profile", "prod")

    assert shown["base_url"] == ("https://api.app.rootsignals.ai", "profile prod")


@pytest.mark.parametrize("kept_in", ["keyring", "file"])
def test_remove(run: Run, fake_keyring: FakeKeyring, home: Path, kept_in: str) -> None:
    """A profile goes with its key, and is in use no more."""
    fake_keyring.locked = kept_in == "file"
    run("config", "set", "a", "--api-key", "-", stdin=KEY)
    run("config", "use", "a")
    fake_keyring.locked = False

    assert run("config", "remove", "a").code == 0

    assert not fake_keyring.kept
    assert KEY not in everything_in(home)
    assert settings(run)["profiles"][0] == "none"


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("set", "a/b"), 64, "letters, digits"),
        (("set", "a", "--base-url", "nonsense"), 78, "must start with http"),
        (("set", "a", "--api-key", "-"), 64, "nothing came"),
        (("set", "a", "--api-key", "-", "--api-key-file", "x"), 64, "exclude each other"),
        (("set", "a", "--api-key-file", "no-such-file"), 78, "cannot be read"),
        (("use", "no-such"), 78, "no profile 'no-such'"),
        (("remove", "no-such"), 78, "no profile 'no-such'"),
    ],
)
def test_refusals(run: Run, home: Path, arguments: tuple[str, ...], code: int, told: str) -> None:
    """What cannot be is refused, and nothing is written."""
    done = run("config", *arguments)

    assert (done.code, told in done.err) == (code, True)
    assert not everything_in(home)


@pytest.mark.parametrize(
    "content",
    ["no toml", "profile = 1", "profiles = 1", "[profiles]\na = 1", "[profiles.a]\nkey = 'x'"],
)
def test_odd_config_file(run: Run, home: Path, content: str) -> None:
    """A config file that cannot be understood is named."""
    run("config", "set", "a")
    (file,) = home.rglob("config.toml")
    file.write_text(content)

    done = run("models", "list")

    assert (done.code, "config.toml" in done.err) == (78, True)


def test_show_without_a_key(run: Run) -> None:
    """Also where there is no key, the settings are shown, and a warning says what is missing."""
    done = run("config", "show")

    assert done.code == 0
    assert "No API key was found" in done.err
    assert "https://api.app.rootsignals.ai" in done.out
