"""`root-signals doctor`: whatever is wrong is a red line, with what to do on a command line."""

from __future__ import annotations

import json
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from root.emulator import Server

from ..wire import Wire, says
from .conftest import Run

KEY = "key-0123456789-of-the-tests"

LATER = ["proxy", "dns", "tcp", "tunnel", "tls", "clock", "authentication", "request"]


def checked(run: Run, *arguments: str) -> dict[str, dict[str, Any]]:
    """Return what a doctor who finds something wrong prints, and nothing beside it."""
    done = run("doctor", "-o", "json", *arguments)
    assert (done.code, done.err) == (1, "")
    assert KEY not in done.out
    return {one["name"]: one for one in json.loads(done.out)}


@pytest.mark.parametrize(
    ("content", "arguments", "told", "advice"),
    [
        ("no toml", (), "config.toml cannot be read: it is no TOML", "Correct or delete it."),
        ("profile = 1", (), "config.toml is not as", "Correct or delete it."),
        ("", ("--profile", "no-such"), "There is no profile 'no-such'", "config set NAME"),
        ("", ("--base-url", "ftp://x"), "cannot be used", "'ftp://x' must start with http"),
    ],
    ids=["no TOML", "odd", "no profile", "no URL"],
)
def test_settings_that_name_no_service(
    run: Run, home: Path, content: str, arguments: tuple[str, ...], told: str, advice: str
) -> None:
    """Where nobody knows which service is meant, that is told, and nothing is sent anywhere."""
    run("config", "set", "a")
    (file,) = home.rglob("config.toml")
    file.write_text(content)

    checks = checked(run, *arguments)

    assert checks["versions"]["ok"]
    assert checks["settings"]["ok"] is False
    assert told in checks["settings"]["told"]
    assert advice in checks["settings"]["advice"]
    assert [checks[name]["told"] for name in LATER] == [
        "not looked at, since settings failed"
    ] * len(LATER)


@pytest.mark.parametrize(
    ("arguments", "told", "advice"),
    [
        ((), "No API key was found; base_url: ", "--api-key-file"),
        (("--profile", "lost"), "is not in the file any more", "config set lost --api-key -"),
        (("--profile", "bare"), "The profile 'bare' has no key; base_url: ", "config set bare"),
        (("--api-key-file", "no-such"), "cannot be used; base_url: ", "'no-such' cannot be read"),
    ],
    ids=["none", "lost", "none in the profile", "no file"],
)
def test_a_key_that_is_missing(
    run: Run, emulator: Server, home: Path, arguments: tuple[str, ...], told: str, advice: str
) -> None:
    """Without a key it is found out how far a request comes, and said where to put a key here."""
    for name in ("lost", "bare"):
        run("config", "set", name, "--base-url", emulator.url)
    run("config", "set", "lost", "--api-key", "-", stdin=KEY)
    (key_file,) = home.rglob("keys/lost")
    key_file.write_text("")

    address = () if "--profile" in arguments else ("--base-url", emulator.url)
    checks = checked(run, *arguments, *address)

    assert checks["settings"]["ok"] is False
    assert told in checks["settings"]["told"]
    assert emulator.url in checks["settings"]["told"]
    assert advice in checks["settings"]["advice"]
    assert "RootSignals(" not in checks["settings"]["advice"]
    assert checks["tcp"]["ok"]
    assert checks["clock"]["ok"]


@pytest.mark.parametrize("key", [KEY, ""], ids=["key", "no key"])
def test_this_machine_alone(run: Run, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """Where only this machine may be reached, the line of the settings says so."""
    monkeypatch.setenv("ROOTSIGNALS_OFFLINE", "1")
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", key)

    told = checked(run)["settings"]["told"]

    assert told.endswith("; offline: yes (environment variable ROOTSIGNALS_OFFLINE)")


def test_a_key_that_is_refused(run: Run, emulator: Server) -> None:
    """A key that is refused is told with where it comes from, which is no argument here."""
    run("config", "set", "old", "--base-url", emulator.url, "--api-key", "-", stdin=KEY)

    refused = checked(run, "--profile", "old")["authentication"]

    assert refused["advice"].endswith("it comes from: profile old, file.")


def test_a_certificate_of_a_stranger(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to do about a certificate is something that can be done on a command line."""
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", KEY)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with Wire([says(200, {})], tls=context) as wire:
        tls = checked(run, "--base-url", wire.url)["tls"]

    assert "name the file in SSL_CERT_FILE; in Python, ssl_context=" in tls["advice"]
