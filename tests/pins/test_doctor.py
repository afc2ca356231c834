"""What the connection check finds where the service's certificate is not trusted."""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trustme

from root.checks import Report

from ..scripted_server import ScriptedServer, responds
from .faces import FACES, TWINS, Face, run
from .test_commands import place
from .test_commands import run as run_command

KEY = "key-of-the-tests"

Issue = Callable[[trustme.CA], trustme.LeafCert]


def untrusted(_: trustme.CA) -> trustme.LeafCert:
    return trustme.CA().issue_cert("127.0.0.1")


def expired(authority: trustme.CA) -> trustme.LeafCert:
    now = datetime.now(UTC)
    return authority.issue_cert(
        "127.0.0.1", not_before=now - timedelta(days=9), not_after=now - timedelta(days=2)
    )


def wrong_name(authority: trustme.CA) -> trustme.LeafCert:
    return authority.issue_cert("api.example")


CERTIFICATES = pytest.mark.parametrize(
    ("issue", "reason", "remedy"),
    [
        # The reason is OpenSSL's.
        (untrusted, "unable to get local issuer certificate", "SSL_CERT_FILE"),
        (expired, "certificate has expired", "renew"),
        (wrong_name, "mismatch", "base URL"),
    ],
    ids=["untrusted", "expired", "wrong name"],
)

CHECKS = [
    ("versions", True),
    ("settings", True),
    ("proxy", None),
    ("dns", None),
    ("tcp", True),
    ("tunnel", None),
    ("tls", False),
    ("clock", None),
    ("authentication", None),
    ("request", None),
]
"""Each check, and whether it is as it should be; None where nothing was looked at."""


def serving(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@CERTIFICATES
@pytest.mark.parametrize("face", FACES)
def test_check(
    face: str,
    issue: Issue,
    reason: str,
    remedy: str,
    authority: trustme.CA,
    trusting: ssl.SSLContext,
) -> None:
    """The check of TLS fails with the reason and the remedy, and no request is sent."""

    async def check(face: Face) -> Report:
        client: Any = face.client
        report: Report = await face.result(
            client.acheck() if face.name == TWINS else client.check()
        )
        return report

    with ScriptedServer([responds(200, {})], tls=serving(issue(authority))) as server:
        report = run(face, check, KEY, base_url=server.url, ssl_context=trusting)
        assert not server.requests

    assert [(check.name, check.ok) for check in report.checks] == CHECKS
    assert not report.ok
    (tls,) = (check for check in report.checks if check.name == "tls")
    assert tls.mark == "FAILED"
    assert reason in str(tls)
    assert remedy in (tls.advice or "")


@CERTIFICATES
def test_doctor(issue: Issue, reason: str, remedy: str, authority: trustme.CA) -> None:
    """`doctor` prints the same checks, and ends with 1."""
    with (
        authority.cert_pem.tempfile() as path,
        ScriptedServer([responds(200, {})], tls=serving(issue(authority))) as server,
        place(),
    ):
        os.environ.update(ROOTSIGNALS_API_KEY=KEY, SSL_CERT_FILE=path)
        code, out, _ = run_command("doctor", "-o", "json", "--base-url", server.url)
        assert not server.requests

    checks = json.loads(out)
    assert code == 1
    assert [(check["name"], check["ok"]) for check in checks] == CHECKS
    (tls,) = (check for check in checks if check["name"] == "tls")
    assert reason in json.dumps(tls)
    assert remedy in tls["advice"]
