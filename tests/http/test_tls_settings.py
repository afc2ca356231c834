"""TLS settings: the certificate authorities that are trusted."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import certifi
import pytest

from root._http.failures import broken_exchange
from root._http.messages import Origin
from root._http.tls import _ssl_context, shared_ssl_context, trusted_authorities
from root.errors import ConfigurationError, RequestInfo


@pytest.fixture(autouse=True)
def default_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


def test_a_missing_file_of_certificates(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The error for a missing SSL_CERT_FILE names it, and is not a network failure."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))

    with pytest.raises(ConfigurationError, match=r"none\.pem.*SSL_CERT_FILE") as error:
        shared_ssl_context()

    request = RequestInfo("GET", "https://api.example/")
    assert broken_exchange(error.value, request, Origin("https", "api.example", None)) is None


def test_a_missing_directory_of_certificates(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The error for a missing SSL_CERT_DIR names it; of several directories one is enough."""
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    with pytest.raises(ConfigurationError, match=r"SSL_CERT_DIR.*none"):
        shared_ssl_context()

    monkeypatch.setenv("SSL_CERT_DIR", os.pathsep.join([str(tmp_path / "none"), str(tmp_path)]))
    assert shared_ssl_context().verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", None])
def test_authorities_that_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str | None
) -> None:
    """The error for a missing file names what selects it."""
    missing = str(tmp_path / "missing.pem")
    if variable:
        monkeypatch.setenv(variable, missing)
    else:
        monkeypatch.setattr(certifi, "where", lambda: missing)
        _ssl_context.cache_clear()

    with pytest.raises(ConfigurationError, match=r"missing\.pem") as error:
        shared_ssl_context()

    assert f"the value of {variable or 'certifi.where()'} (No such file" in str(error.value)
    assert ("SSL_CERT" in str(error.value)) is (variable is not None)


def test_tls_settings_are_created_once() -> None:
    """All connections share the TLS settings, which verify certificates and host names."""
    context = shared_ssl_context()

    assert shared_ssl_context() is context
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


@pytest.mark.parametrize(
    ("variables", "files", "source"),
    [
        ({}, certifi.where(), None),
        ({"SSL_CERT_FILE": "a.pem"}, "a.pem", "environment variable SSL_CERT_FILE"),
        ({"SSL_CERT_DIR": "certs"}, "certs", "environment variable SSL_CERT_DIR"),
        (
            {"SSL_CERT_FILE": "a.pem", "SSL_CERT_DIR": "certs"},
            "a.pem and certs",
            "environment variable SSL_CERT_FILE, environment variable SSL_CERT_DIR",
        ),
    ],
    ids=["certifi", "file", "directory", "both"],
)
def test_the_source_of_the_authorities(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], files: str, source: str | None
) -> None:
    """The files of the trusted authorities are named, and the variables that select them."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert trusted_authorities() == (files, source)
