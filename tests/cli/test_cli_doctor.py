"""`root-signals doctor`: a problem is a failed check, with advice for the command line."""

from __future__ import annotations

import json
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from root.emulator import Server

from ..scripted_server import ScriptedServer, responds
from .conftest import Run

KEY = "key-0123456789-of-the-tests"

CLIENT_CHECKS = ["proxy", "dns", "tcp", "tunnel", "tls", "clock", "authentication", "request"]


def failed_checks(run: Run, *arguments: str) -> dict[str, dict[str, Any]]:
    """Return the checks that `doctor` prints if one of them fails."""
    done = run("doctor", "-o", "json", *arguments)
    assert (done.code, done.err) == (1, "")
    assert KEY not in done.out
    return {one["name"]: one for one in json.loads(done.out)}


@pytest.mark.parametrize(
    ("content", "arguments", "detail", "advice"),
    [
        (
            "no toml",
            (),
            "config.toml cannot be read: it is not valid TOML",
            "Correct or delete it.",
        ),
        ("profile = 1", (), "config.toml has an invalid structure", "Correct or delete it."),
        ("", ("--profile", "no-such"), "Profile 'no-such' does not exist", "config set NAME"),
        ("", ("--base-url", "ftp://x"), "cannot be used", "'ftp://x' must start with http"),
    ],
    ids=["no TOML", "odd", "no profile", "no URL"],
)
def test_invalid_settings(
    run: Run, home: Path, content: str, arguments: tuple[str, ...], detail: str, advice: str
) -> None:
    """If the settings do not define a service, the settings check fails and nothing is sent."""
    run("config", "set", "a")
    (file,) = home.rglob("config.toml")
    file.write_text(content)

    checks = failed_checks(run, *arguments)

    assert checks["versions"]["ok"]
    assert checks["settings"]["ok"] is False
    assert detail in checks["settings"]["detail"]
    assert advice in checks["settings"]["advice"]
    assert [checks[name]["detail"] for name in CLIENT_CHECKS] == [
        "skipped, because settings failed"
    ] * len(CLIENT_CHECKS)


def test_invalid_settings_have_the_same_checks(run: Run, at_emulator: Server) -> None:
    """If the settings do not define a service, the checks and the versions are the usual ones."""
    usual = {one["name"]: one for one in json.loads(run("doctor", "-o", "json").out)}

    checks = failed_checks(run, "--base-url", "ftp://x")

    assert list(checks) == list(usual)
    assert checks["versions"] == usual["versions"]


@pytest.mark.parametrize(
    ("arguments", "detail", "advice"),
    [
        ((), "No API key was found; base_url: ", "--api-key-file"),
        (("--profile", "lost"), "is missing from the file", "config set lost --api-key -"),
        (("--profile", "bare"), "Profile 'bare' has no key; base_url: ", "config set bare"),
        (("--api-key-file", "no-such"), "cannot be used; base_url: ", "'no-such' cannot be read"),
    ],
    ids=["none", "lost", "none in the profile", "no file"],
)
def test_missing_key(
    run: Run, emulator: Server, home: Path, arguments: tuple[str, ...], detail: str, advice: str
) -> None:
    """Without a key, the connection is checked, and the advice is for the command line."""
    for name in ("lost", "bare"):
        run("config", "set", name, "--base-url", emulator.url)
    run("config", "set", "lost", "--api-key", "-", stdin=KEY)
    (key_file,) = home.rglob("keys/lost")
    key_file.write_text("")

    address = () if "--profile" in arguments else ("--base-url", emulator.url)
    checks = failed_checks(run, *arguments, *address)

    assert checks["settings"]["ok"] is False
    assert detail in checks["settings"]["detail"]
    assert emulator.url in checks["settings"]["detail"]
    assert advice in checks["settings"]["advice"]
    assert "RootSignals(" not in checks["settings"]["advice"]
    assert checks["tcp"]["ok"]
    assert checks["clock"]["ok"]


@pytest.mark.parametrize("key", [KEY, ""], ids=["key", "no key"])
def test_offline(run: Run, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """The settings check reports that only this machine may be reached."""
    monkeypatch.setenv("ROOTSIGNALS_OFFLINE", "1")
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", key)

    detail = failed_checks(run)["settings"]["detail"]

    assert detail.endswith("; offline: yes (environment variable ROOTSIGNALS_OFFLINE)")


def test_rejected_key(run: Run, emulator: Server) -> None:
    """The advice about a rejected key names its source on the command line."""
    run("config", "set", "old", "--base-url", emulator.url, "--api-key", "-", stdin=KEY)

    authentication = failed_checks(run, "--profile", "old")["authentication"]

    assert authentication["advice"].endswith("it comes from: profile old, file.")


def test_untrusted_certificate(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The advice about an untrusted certificate is applicable on the command line."""
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", KEY)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with ScriptedServer([responds(200, {})], tls=context) as server:
        tls = failed_checks(run, "--base-url", server.url)["tls"]

    assert "name the file in SSL_CERT_FILE, or add it" in tls["advice"]
