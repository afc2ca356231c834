"""`root-signals config`: profiles, where keys are kept, and which setting counts."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
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
        (("set", "a", "--api-key-file", "broken"), 78, "no HTTP header takes"),
        (("set", "a", "--api-key-file", "empty"), 78, "is empty"),
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
    Path("broken").write_text(BROKEN_KEY, encoding="utf-8")
    Path("empty").write_text("\n")

    done = run("config", *arguments)

    assert (done.code, told in done.err) == (code, True)
    assert not everything_in(home)


def test_broken_key_is_not_kept(run: Run, fake_keyring: FakeKeyring, home: Path) -> None:
    """A key that no request could carry is refused before it replaces the one that is kept."""
    run("config", "set", "a", "--api-key", "-", stdin=KEY)
    before = everything_in(home)

    done = run("config", "set", "a", "--api-key", "-", stdin=BROKEN_KEY)

    assert (done.code, BROKEN_KEY in done.err) == (78, False)
    assert fake_keyring.kept == {("root-signals", "a"): KEY}
    assert everything_in(home) == before


# As somebody writes it, with names that need quotes, and with what only they know about.
WRITTEN = """\
# Ours, in the dotfiles.
profile = 'eu.prod'  # the usual one
team = "red"

[profiles."eu.prod"]
base_url = 'http://eu'  # behind the VPN
owner = "ann"

[profiles."my prod"]
base_url = "http://mine"

[profiles."my prod".labels]
stage = "prod"

# The last one.
[other]
list = [ 1,
         2 ]
"""


@pytest.fixture
def written(home: Path) -> Path:
    """A config file that somebody wrote by hand."""
    file = home / ".config" / "root-signals" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(WRITTEN)
    return file


def test_set_keeps_what_is_written(run: Run, written: Path) -> None:
    """Beside the profile that is set, the config file stays as somebody wrote it."""
    assert run("config", "set", "new", "--base-url", "http://new").code == 0

    added = '\n[profiles.new]\nbase_url = "http://new"\n'
    assert written.read_text().replace(added, "", 1).split() == WRITTEN.split()
    assert settings(run, "--profile", "new")["base_url"][0] == "http://new"
    assert settings(run, "--profile", "my prod")["base_url"][0] == "http://mine"


def test_use_keeps_what_is_written(run: Run, written: Path) -> None:
    """Where another profile is used, nothing but its name changes."""
    assert run("config", "use", "my prod").code == 0

    assert written.read_text() == WRITTEN.replace("'eu.prod'  #", '"my prod"  #')


def test_change_keeps_what_is_written(run: Run, written: Path) -> None:
    """Of a profile that is set anew, what else stands in it stays, comments as well."""
    written.write_text(WRITTEN.replace('"eu.prod"', "eu"))

    assert run("config", "set", "eu", "--base-url", "http://eu2").code == 0

    wanted = WRITTEN.replace('"eu.prod"', "eu").replace("'http://eu'", '"http://eu2"')
    assert written.read_text() == wanted


def test_remove_keeps_what_is_written(run: Run, written: Path) -> None:
    """Where a profile is deleted, the others stay."""
    assert run("config", "remove", "eu.prod").code == 0

    assert tomllib.loads(written.read_text()) == {
        "team": "red",
        "profiles": {"my prod": {"base_url": "http://mine", "labels": {"stage": "prod"}}},
        "other": {"list": [1, 2]},
    }
    for comment in ("# Ours, in the dotfiles.", "# The last one."):
        assert comment in written.read_text()


@pytest.mark.parametrize(
    "content",
    [
        "profiles.a.base_url = 'http://a'\nprofiles.b.base_url = 'http://b'\n",
        "[profiles.a]\nbase_url = 'http://a'\n[other]\n[profiles.b]\nbase_url = 'http://b'\n",
    ],
    ids=["dots", "apart"],
)
def test_layout_that_cannot_be_kept(
    run: Run, fake_keyring: FakeKeyring, written: Path, content: str
) -> None:
    """Rather than lose another profile, a change is refused, and no key is kept."""
    written.write_text(content)

    done = run("config", "set", "c", "--api-key", "-", stdin=KEY)

    assert (done.code, "cannot be changed as it is laid out" in done.err) == (78, True)
    assert written.read_text() == content
    assert not fake_keyring.kept


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_last_profile_goes(run: Run, written: Path, order: str) -> None:
    """Profiles can be deleted one by one, until there is none."""
    written.write_text("[profiles.a]\n[profiles.b]\nbase_url = 'http://b'\n")

    for name in order:
        assert run("config", "remove", name).code == 0

    assert settings(run)["profiles"][0] == "none"


def test_folder_that_cannot_be_made(run: Run, home: Path) -> None:
    """A config file that cannot be written is named."""
    folder = home / ".config"
    # It leads nowhere, so even root makes no folder in it.
    folder.symlink_to(home / "nowhere" / "else")

    done = run("config", "set", "a", "--base-url", "http://a")

    assert done.code == 78
    assert f"{folder}/root-signals/config.toml cannot be changed: File exists." in done.err


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file grow beyond a few bytes."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of files are those of POSIX")
def test_full_disk(run: Run, home: Path) -> None:
    """Where writing ends halfway, files are as they were, and no part of a key is left."""
    run("config", "set", "a", "--base-url", "http://a", "--api-key", "-", stdin=KEY)
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}

    with full_disk():
        key = run("config", "set", "a", "--api-key", "-", stdin="another-key-of-the-same-service")
        config = run("config", "use", "a")

    assert (key.code, "keys/a cannot be changed: File too large." in key.err) == (78, True)
    assert (config.code, "config.toml cannot be changed: File" in config.err) == (78, True)
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before


def test_key_goes_to_no_other_address(run: Run, home: Path) -> None:
    """Where a key cannot be kept, the profile's old key does not stand beside the new address."""
    run("config", "set", "a", "--base-url", "http://a", "--api-key", "-", stdin=KEY)
    (holder,) = home.rglob("keys/a")
    holder.unlink()
    holder.mkdir()

    done = run("config", "set", "a", "--base-url", "http://b", "--api-key", "-", stdin=KEY)

    assert (done.code, "keys/a cannot be changed" in done.err) == (78, True)
    shown = settings(run, "--profile", "a")
    assert (shown["base_url"][0], shown["api_key"][0]) == ("http://b", "none")


# An audit hook cannot be taken away again, so it is in a process of its own.
WATCHED = """
import sys
from pathlib import Path
from root.cli import main

def watch(event, arguments):
    if event in ("open", "os.chmod", "os.rename"):
        files = (path for path in home.rglob("*") if path.is_file())
        seen.update(path for path in files if path.stat().st_mode & 0o077)

home, seen = Path(sys.argv[1]), set()
sys.addaudithook(watch)
code = main(sys.argv[2:])
watch("open", ())
sys.exit(f"others can read: {seen}" if seen else code)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="modes of files are those of POSIX")
def test_nobody_else_can_read_a_key(home: Path) -> None:
    """At no moment while a key is kept can others read a file."""
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
    assert KEY in everything_in(home)


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
