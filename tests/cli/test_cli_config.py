"""`root-signals config`: profiles in the configuration file."""

from __future__ import annotations

import json
import shlex
import tomllib
from pathlib import Path

import pytest

from root.emulator import Server
from tests.cli.conftest import INVALID_KEY, KEY, FakeKeyring, Run, all_text, read_settings


@pytest.mark.parametrize("variable", ["URL", "KEY", ""])
def test_use_is_overridden(run: Run, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """A warning is printed if the environment takes precedence over the new default profile."""
    run("config", "set", "two")
    if variable:
        monkeypatch.setenv(f"ROOTSIGNALS_API_{variable}", "http://somewhere-else")

    done = run("config", "use", "two")

    assert done.code == 0
    assert ("Use --profile two" in done.err) is bool(variable)


def test_set_prints_the_url(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key is stored with the base URL from the environment, which is printed."""
    monkeypatch.setenv("ROOTSIGNALS_API_URL", "http://of-the-environment")

    done = run("config", "set", "prod", "--api-key", "-", stdin=KEY)

    assert "Profile prod is stored for http://of-the-environment." in done.err


def test_set_keeps_other_values(run: Run, tmp_path: Path) -> None:
    """Omitted values of a profile are unchanged."""
    (tmp_path / "key").write_text(KEY)
    run("config", "set", "a", "--base-url", "http://a/")
    run("config", "set", "a", "--api-key-file", "key")
    run("config", "set", "a")

    shown = read_settings(run, "--profile", "a")

    assert shown["base_url"] == ("http://a", "profile a")
    assert shown["api_key"][1] == "profile a, file"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("set", "a/b"), 64, "letters, digits"),
        (("set", "a", "--api-key-file", "broken"), 78, "not allowed in an HTTP header"),
        (("set", "a", "--api-key-file", "empty"), 78, "is empty"),
        (("set", "a", "--base-url", "nonsense"), 78, "must start with http"),
        (("set", "a", "--api-key", "-"), 64, "stdin is empty"),
        (("set", "a", "--api-key", "-", "--api-key-file", "x"), 64, "cannot be combined"),
        (("set", "a", "--api-key-file", "no-such-file"), 78, "cannot be read"),
        (("use", "no-such"), 78, "Profile 'no-such' does not exist"),
        (("remove", "no-such"), 78, "Profile 'no-such' does not exist"),
    ],
)
def test_invalid_arguments(
    run: Run, home: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    """Invalid arguments are rejected, and nothing is written."""
    Path("broken").write_text(INVALID_KEY, encoding="utf-8")
    Path("empty").write_text("\n")

    done = run("config", *arguments)

    assert (done.code, message in done.err) == (code, True)
    assert not all_text(home)


# A file written by hand, with names that require quotes, and with unrelated content.
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
    """A configuration file written by hand."""
    file = home / ".config" / "root-signals" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(WRITTEN)
    return file


def test_set_keeps_the_file(run: Run, written: Path) -> None:
    """Adding a profile changes nothing else in the configuration file."""
    assert run("config", "set", "new", "--base-url", "http://new").code == 0

    added = '\n[profiles.new]\nbase_url = "http://new"\n'
    assert written.read_text().replace(added, "", 1).split() == WRITTEN.split()
    assert read_settings(run, "--profile", "new")["base_url"][0] == "http://new"
    assert read_settings(run, "--profile", "my prod")["base_url"][0] == "http://mine"


def test_use_keeps_the_file(run: Run, written: Path) -> None:
    """Changing the default profile changes nothing else in the configuration file."""
    assert run("config", "use", "my prod").code == 0

    assert written.read_text() == WRITTEN.replace("'eu.prod'  #", '"my prod"  #')


def test_change_keeps_the_file(run: Run, written: Path) -> None:
    """Changing a profile keeps its comments and its unrelated content."""
    written.write_text(WRITTEN.replace('"eu.prod"', "eu"))

    assert run("config", "set", "eu", "--base-url", "http://eu2").code == 0

    wanted = WRITTEN.replace('"eu.prod"', "eu").replace("'http://eu'", '"http://eu2"')
    assert written.read_text() == wanted


def test_remove_keeps_the_file(run: Run, written: Path) -> None:
    """Removing a profile keeps the others, unrelated content and comments."""
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
def test_unsupported_layout(
    run: Run, fake_keyring: FakeKeyring, written: Path, content: str
) -> None:
    """A change that would corrupt the file is rejected, and no key is stored."""
    written.write_text(content)

    done = run("config", "set", "c", "--api-key", "-", stdin=KEY)

    assert (done.code, "cannot be changed in its current layout" in done.err) == (78, True)
    assert written.read_text() == content
    assert not fake_keyring.passwords


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_remove_the_last_profile(run: Run, written: Path, order: str) -> None:
    """Profiles can be removed one by one, until none is left."""
    written.write_text("[profiles.a]\n[profiles.b]\nbase_url = 'http://b'\n")

    for name in order:
        assert run("config", "remove", name).code == 0

    assert read_settings(run)["profiles"][0] == "none"


def test_unwritable_folder(run: Run, home: Path) -> None:
    """The error about a configuration file that cannot be written names the file."""
    folder = home / ".config"
    # A dangling link: not even root can create the directory.
    folder.symlink_to(home / "nowhere" / "else")

    done = run("config", "set", "a", "--base-url", "http://a")

    assert done.code == 78
    assert f"{folder}/root-signals/config.toml cannot be changed: File exists." in done.err


@pytest.mark.parametrize(
    "content",
    ["no toml", "profile = 1", "profiles = 1", "[profiles]\na = 1", "[profiles.a]\nkey = 'x'"],
)
def test_invalid_config_file(run: Run, home: Path, content: str) -> None:
    """The error about an invalid configuration file names the file."""
    run("config", "set", "a")
    (file,) = home.rglob("config.toml")
    file.write_text(content)

    done = run("models", "list")

    assert (done.code, "config.toml" in done.err) == (78, True)


@pytest.mark.parametrize(
    "name",
    [
        "../../../secret.txt",
        "/etc/passwd",
        "a/b",
        "..",
        ".",
        "",
        "a.",
        "a ",
        "a\\b",
        "a\n",
        "$(id)",
    ],
)
def test_invalid_names_in_the_file(
    run: Run, written: Path, tmp_path: Path, emulator: Server, name: str
) -> None:
    """A name that is also a path is an error: no file is sent as a key, and none is deleted."""
    secret = tmp_path / "secret.txt"
    secret.write_text("the-secret-of-another-program")
    path = f"../../../../{secret.name}" if name.startswith("..") else name
    written.write_text(
        f"[profiles.{json.dumps(path)}]\nbase_url = '{emulator.url}'\nkey = 'file'\n"
    )

    for command in (("models", "list"), ("config", "remove", path)):
        done = run("--profile", path, *command)
        assert done.code == (78 if path else 64)
        assert not path or "has a profile with the invalid name" in done.err

    assert secret.exists()
    assert not emulator.requests


@pytest.mark.parametrize("name", ["a", "eu.prod", "my prod", "_", "A_1-b-", "x" * 64])
def test_valid_names(run: Run, home: Path, name: str) -> None:
    """Names may have dots and spaces in between."""
    done = run("config", "set", name, "--base-url", "http://a", "--api-key", "-", stdin=KEY)

    assert done.code == 0
    assert f"`root-signals config use {shlex.quote(name)}`" in done.err
    assert read_settings(run, "--profile", name)["base_url"] == ("http://a", f"profile {name}")
    assert [path.name for path in home.rglob("keys/*")] == [name]


def test_show_without_a_key(run: Run) -> None:
    """Without a key, the settings are printed, with a warning."""
    done = run("config", "show")

    assert done.code == 0
    assert "No API key was found" in done.err
    assert "https://api.app.rootsignals.ai" in done.out


@pytest.fixture
def no_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without HOME and without an entry in the list of users."""
    pwd = pytest.importorskip("pwd")

    def missing(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", missing)
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("XDG_CONFIG_HOME")


@pytest.mark.usefixtures("no_home")
def test_environment_without_a_home(run: Run, at_emulator: Server) -> None:
    """Without a home directory, commands use the environment."""
    at_emulator.add_model(name="mine")

    assert "mine" in run("models", "list").out
    assert run("doctor").code == 0
    shown = run("config", "show")
    assert (shown.code, shown.err) == (0, "")
    assert "no home directory" in shown.out


@pytest.mark.usefixtures("no_home")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("models", "list"), "No API key was found"),
        (("config", "set", "a", "--base-url", "http://a.test"), "Nothing can be stored"),
        (("--install-completion",), "Nothing can be stored"),
        (("--profile", "a", "models", "list"), "Profile 'a' does not exist"),
    ],
)
def test_commands_without_a_home(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    """Without a home directory, there are no profiles, and the error explains what to do."""
    monkeypatch.chdir(tmp_path)
    # The tests may be started from a shell without completion.
    monkeypatch.setattr("shellingham.detect_shell", lambda *_: ("bash", "/bin/bash"))

    done = run(*arguments)

    assert (done.code, message in done.err) == (78, True), done.err
    assert not Path("~").exists()


def test_path_with_a_tilde(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path that platformdirs could not expand is none."""
    monkeypatch.setattr("platformdirs.user_config_path", lambda *_, **__: Path("~/.config/a"))

    assert "Nothing can be stored" in run("config", "set", "a", "--base-url", "http://a.test").err
