"""The precedence of options, profiles and the environment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from root.emulator import Server
from tests.cli.conftest import INVALID_KEY, KEY, Run, read_settings


def test_use_profile(run: Run, emulator: Server) -> None:
    """The default profile is used if the environment defines nothing."""
    run(
        *("config", "set", "local", "--base-url", emulator.url, "--api-key", "-"),
        stdin=emulator.api_key,
    )
    assert run("models", "list").code == 78

    run("config", "use", "local")

    assert run("models", "list").code == 0
    assert read_settings(run)["profile"] == ("local", "config use")


def test_environment_overrides_the_default_profile(run: Run, at_emulator: Server) -> None:
    """Settings from the environment and from the default profile are not mixed."""
    run("config", "set", "other", "--base-url", "http://other", "--api-key", "-", stdin=KEY)
    run("config", "use", "other")

    shown = read_settings(run)

    assert shown["base_url"] == (at_emulator.url, "environment variable ROOTSIGNALS_API_URL")
    assert shown["api_key"][1] == "environment variable ROOTSIGNALS_API_KEY"
    assert shown["profile"] == ("none", "")
    assert read_settings(run, "--profile", "other")["api_key"][1] == "profile other, file"


def test_profile_without_a_key(run: Run, at_emulator: Server) -> None:
    """The key from the environment is not sent to the service of a profile without a key."""
    run("config", "set", "staging", "--base-url", at_emulator.url)

    done = run("--profile", "staging", "models", "list")
    checks = json.loads(run("--profile", "staging", "doctor", "-o", "json").out)

    assert done.code == 78
    assert not any("authorization" in one.headers for one in at_emulator.requests)
    assert "Profile 'staging' has no key." in done.err
    assert "config set staging --api-key -" in done.err
    assert read_settings(run, "--profile", "staging")["api_key"][0] == "none"
    assert {one["name"]: one["ok"] for one in checks}["tcp"]


DOTENV = "ROOTSIGNALS_API_KEY=the-key-of-somebody-else\n"


def test_default_profile_overrides_dotenv(run: Run, emulator: Server) -> None:
    """The default profile takes precedence over the `.env` of a cloned repository."""
    run(
        *("config", "set", "mine", "--base-url", emulator.url, "--api-key", "-"),
        stdin=emulator.api_key,
    )
    run("config", "use", "mine")
    Path(".env").write_text(DOTENV)

    done = run("models", "create", "azure/gpt-4o", "--key", "-", stdin="the-key-of-the-provider")

    assert (done.code, ".env" in done.err) == (0, False), done.err
    assert [model.name for model in emulator.models] == ["azure/gpt-4o"]
    assert read_settings(run)["api_key"][1] == "profile mine, file"


def test_dotenv_without_a_profile(run: Run, emulator: Server) -> None:
    """Without a profile, the key in `.env` is used."""
    Path(".env").write_text(f"ROOTSIGNALS_API_KEY={emulator.api_key}\n")

    done = run("--base-url", emulator.url, "models", "list")

    assert (done.code, ".env" in done.err) == (0, False)


@pytest.mark.parametrize("options", [(), ("--profile", "mine")], ids=["default", "option"])
@pytest.mark.parametrize("is_empty", [True, False])
def test_dotenv_instead_of_a_profile(
    run: Run,
    emulator: Server,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    is_empty: bool,
) -> None:
    """If the key in `.env` is used although there is a profile, a warning announces it."""
    if is_empty:
        run("config", "set", "mine")
    else:
        run("config", "set", "mine", "--base-url", "http://mine", "--api-key", "-", stdin=KEY)
    run("config", "use", "mine")
    monkeypatch.setenv("ROOTSIGNALS_API_URL", emulator.url)
    Path(".env").write_text(f"ROOTSIGNALS_API_KEY={emulator.api_key}\n")

    done = run("--quiet", "--base-url", emulator.url, *options, "models", "list")

    is_used = is_empty or not options
    assert ("from the file .env of this folder, not from profile mine." in done.err) == is_used
    assert done.code == (0 if is_used else 3)


def test_profiles_need_not_be_readable_for_a_warning(
    run: Run, emulator: Server, monkeypatch: pytest.MonkeyPatch, broken_folder: Path
) -> None:
    """With the URL in the environment and the key in `.env`, no profile is needed."""
    monkeypatch.setenv("ROOTSIGNALS_API_URL", emulator.url)
    Path(".env").write_text(f"ROOTSIGNALS_API_KEY={emulator.api_key}\n")

    assert run("models", "list").code == 0


@pytest.mark.parametrize("dotenv", [None, f"ROOTSIGNALS_API_KEY={INVALID_KEY}\n".encode(), b"\xff"])
def test_invalid_key_overrides_the_default_profile(
    run: Run, emulator: Server, monkeypatch: pytest.MonkeyPatch, dotenv: bytes | None
) -> None:
    """An invalid key in the environment is an error, in `.env` only without a default profile."""
    run(
        *("config", "set", "other", "--base-url", emulator.url, "--api-key", "-"),
        stdin=emulator.api_key,
    )
    if dotenv is None:
        run("config", "use", "other")
        monkeypatch.setenv("ROOTSIGNALS_API_KEY", "schl\xfcssel")
        message = "The environment variable ROOTSIGNALS_API_KEY contains"
    else:
        Path(".env").write_bytes(dotenv)
        message = "ROOTSIGNALS_API_KEY in .env contains" if len(dotenv) > 1 else "cannot be read"

    done = run("models", "create", "azure/gpt-4o")

    assert (done.code, message in done.err) == (78, True)
    assert not emulator.requests
    assert message in run("config", "show").err
    assert ("Use --profile other" in run("config", "use", "other").err) == (dotenv is None)
    assert run("--profile", "other", "models", "list").code == 0
    assert run("models", "list").code == (78 if dotenv is None else 0)


@pytest.mark.parametrize("dotenv", ["", "ROOTSIGNALS_API_KEY=\n", "ANOTHER=1\n"])
def test_empty_environment(
    run: Run, emulator: Server, monkeypatch: pytest.MonkeyPatch, dotenv: str
) -> None:
    """With empty variables and a `.env` without a key, the default profile is used."""
    run(
        *("config", "set", "other", "--base-url", emulator.url, "--api-key", "-"),
        stdin=emulator.api_key,
    )
    run("config", "use", "other")
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", " ")
    monkeypatch.setenv("ROOTSIGNALS_API_URL", "")
    Path(".env").write_text(dotenv)

    assert run("models", "list").code == 0


@pytest.fixture
def broken_folder(home: Path) -> Path:
    """A configuration directory that can be neither read nor written."""
    folder = home / ".config"
    folder.write_text("")
    return folder


def test_environment_needs_no_profiles(run: Run, at_emulator: Server, broken_folder: Path) -> None:
    """If the environment has settings, the configuration file need not be readable."""
    assert run("models", "list").code == 0
    assert run("doctor").code == 0
    shown = run("config", "show", "-o", "csv")
    assert (shown.code, "config.toml cannot be read" in shown.err) == (0, True)
    assert "profiles,unknown," in shown.out


def test_options_need_no_profiles(run: Run, emulator: Server, broken_folder: Path) -> None:
    """If options define URL and key, the configuration file need not be readable."""
    Path("key").write_text(emulator.api_key)

    done = run("--base-url", emulator.url, "--api-key-file", "key", "models", "list")

    assert done.code == 0


@pytest.mark.parametrize("arguments", [("--profile", "a"), ("--base-url", "http://a"), ()])
def test_unreadable_profiles(run: Run, broken_folder: Path, arguments: tuple[str, ...]) -> None:
    """If a profile may be used, an unreadable configuration file is an error."""
    done = run(*arguments, "models", "list")

    assert done.code == 78
    assert "config.toml cannot be read: Not a directory." in done.err


def test_options_override_profiles(run: Run, at_emulator: Server, tmp_path: Path) -> None:
    """Options take precedence over the profile and the environment."""
    run("config", "set", "other", "--base-url", "http://other", "--api-key", "-", stdin=KEY)
    (tmp_path / "key").write_text("a-key-of-a-file-of-its-own\n")

    shown = read_settings(
        run, "--profile", "other", "--base-url", "http://third", "--api-key-file", "key"
    )

    assert shown["base_url"] == ("http://third", "--base-url")
    assert shown["api_key"][1] == "--api-key-file key"


def test_key_is_stored_with_its_url(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key is stored with its base URL, which the environment does not override later."""
    run("config", "set", "prod", "--api-key", "-", stdin=KEY)
    monkeypatch.setenv("ROOTSIGNALS_API_URL", "http://another-service")

    shown = read_settings(run, "--profile", "prod")

    assert shown["base_url"] == ("https://api.app.rootsignals.ai", "profile prod")


@pytest.mark.parametrize("variable", ["SCORABLE_API_KEY", "SCORABLE_API_URL"])
def test_scorable_overrides_the_default_profile(
    run: Run, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """The variables of Scorable take precedence over the default profile, like our own."""
    run("config", "set", "other", "--base-url", "http://other", "--api-key", "-", stdin=KEY)
    monkeypatch.setenv(variable, "http://somewhere-else")

    assert "Use --profile other" in run("config", "use", "other").err
    assert read_settings(run)["profile"] == ("none", "")
    assert read_settings(run, "--profile", "other")["base_url"] == ("http://other", "profile other")


def test_scorable(run: Run, emulator: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of Scorable is sent to its base URL, and a warning about `.env` is not printed."""
    run("config", "set", "other", "--base-url", "http://other", "--api-key", "-", stdin=KEY)
    run("config", "use", "other")
    monkeypatch.setenv("SCORABLE_API_KEY", emulator.api_key)
    monkeypatch.setenv("SCORABLE_API_URL", emulator.url)
    monkeypatch.setenv("ROOTSIGNALS_API_URL", "http://another-service")

    done = run("models", "list")
    shown = read_settings(run)

    assert (done.code, "Warning" in done.err) == (0, False)
    assert shown["api_key"][1] == "environment variable SCORABLE_API_KEY"
    assert shown["base_url"] == (emulator.url, "environment variable SCORABLE_API_URL")
    _, settings, *_ = json.loads(run("doctor", "-o", "json").out)
    for source in ("SCORABLE_API_KEY", "SCORABLE_API_URL"):
        assert f"environment variable {source}" in settings["detail"]


def test_scorable_in_dotenv(run: Run, emulator: Server) -> None:
    """The key and the base URL in `.env` are used together, and a warning announces the key."""
    run("config", "set", "empty")
    run("config", "use", "empty")
    Path(".env").write_text(
        f"SCORABLE_API_KEY={emulator.api_key}\nSCORABLE_API_URL={emulator.url}\n"
    )

    done = run("models", "list")

    assert done.code == 0
    assert "The API key is from the file .env of this folder, not from profile empty." in done.err


def test_invalid_key_of_scorable(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an invalid key of Scorable, its host is the one that is shown."""
    monkeypatch.setenv("SCORABLE_API_KEY", INVALID_KEY)

    done = run("config", "show", "-o", "csv")

    assert "environment variable SCORABLE_API_KEY contains" in done.err
    assert "base_url,https://api.scorable.ai,default for SCORABLE_API_KEY" in done.out
    assert run("models", "list").code == 78


def test_key_file_beside_scorable(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is passed is not for the host of Scorable."""
    Path("key").write_text("a-key-of-a-file-of-its-own\n")
    monkeypatch.setenv("SCORABLE_API_KEY", "a-key-of-scorable")
    monkeypatch.setenv("SCORABLE_API_URL", "http://scorable")

    shown = read_settings(run, "--api-key-file", "key")

    assert shown["base_url"] == ("https://api.app.rootsignals.ai", "default")
