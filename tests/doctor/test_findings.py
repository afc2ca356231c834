"""The result of each check, as tables of what was observed."""

from __future__ import annotations

import asyncio
import json
import ssl
from datetime import UTC, datetime
from email.utils import formatdate
from importlib.metadata import PackageNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from root import AsyncRootSignals, RootSignals
from root._doctor import findings
from root._http.messages import RawResponse
from root.checks import Check, Report, without_client
from root.config import Setting
from root.emulator import Server

KEY = Setting("api_key", "sha256:00000000", "environment variable ROOTSIGNALS_API_KEY")
URL = "https://api.test/v1/models/?page_size=1"
SECRET = "s3cret-0123456789"

NOON = 1_800_000_000.0

JSON = b"application/json"
HTML = b"text/html; charset=utf-8"


def response(status: int, body: bytes, kind: bytes = JSON, **headers: str) -> RawResponse:
    lines = [(name.encode(), value.encode()) for name, value in headers.items()]
    return RawResponse(status, [(b"Content-Type", kind), *lines], body)


def problem(text: str) -> bytes:
    return json.dumps({"detail": text}).encode()


@pytest.mark.parametrize(
    ("received", "ok", "expected", "advice"),
    [
        (response(200, b'{"results": []}'), True, "is accepted (200)", None),
        (response(200, b"<html>", HTML), False, "not the API's (200, text/html", "base URL"),
        (response(200, b"[]"), False, "not the API's", "base URL"),
        (response(200, b"[" * 100_000), False, "not the API's", "base URL"),
        (response(204, b""), False, "not the API's", "base URL"),
        (response(401, problem("No.")), False, "was rejected (401: No.)", "ROOTSIGNALS_API_KEY"),
        (response(403, problem("No.")), False, "may not list models (403: No.)", "ROOTSIGNALS"),
        (response(403, b"<html>", HTML), False, "something in between (403, text", "in between"),
        (response(404, problem("No.")), False, f"{URL} does not exist (404: No.)", "base URL"),
        (response(407, b""), False, "something in between (407", "in between"),
        (response(429, problem("Wait.")), False, "too many requests", "Wait a while"),
        (response(500, b"<html>", HTML), False, "failed (500, text/html", "later"),
        (response(503, problem("No.")), False, "failed (503: No.)", "later"),
        (response(302, b"", location="https://b.test/"), False, "(302 to https://b", "base URL"),
        (response(302, b""), False, "(302 to nowhere)", "base URL"),
        (response(401, problem(f"{SECRET}?")), False, "(401: [redacted]?)", "ROOTSIGNALS_API_KEY"),
        (response(401, b"", SECRET.encode()), False, "(401, [redacted])", "ROOTSIGNALS_API_KEY"),
        (response(302, b"", location=f"/{SECRET}"), False, "(302 to /[redacted])", "base URL"),
        (response(401, problem("\x1b[2J\nNo")), False, r"(401: \x1b[2J No)", "ROOTSIGNALS_API_KEY"),
    ],
)
def test_authentication(received: RawResponse, ok: bool, expected: str, advice: str | None) -> None:
    """What a response means for the key is on one line, without a secret that it echoes."""
    check = findings.authentication(received, URL, KEY, [SECRET])

    assert check.ok is ok
    assert expected in check.detail
    assert (advice or "") in (check.advice or "")
    assert (check.advice is None) is ok
    assert check.detail.isprintable()
    assert SECRET not in repr(check)


@pytest.mark.parametrize(
    ("date", "ok", "expected"),
    [
        (formatdate(NOON, usegmt=True), True, "agrees with the service's, accurate to 2.0 s"),
        (
            formatdate(NOON - 60, usegmt=True),
            True,
            "60 s ahead of the service's, accurate to 2.0 s",
        ),
        (formatdate(NOON - 62, usegmt=True), False, "62 s ahead of"),
        (formatdate(NOON + 60, usegmt=True), True, "60 s behind"),
        (formatdate(NOON + 62, usegmt=True), False, "62 s behind"),
        (formatdate(NOON - 119, usegmt=True), False, "119 s ahead of"),
        (formatdate(NOON - 121, usegmt=True), False, "2 minutes ahead of"),
        (formatdate(NOON - 7100, usegmt=True), False, "118 minutes ahead of"),
        (formatdate(NOON + 7300, usegmt=True), False, "2 hours behind"),
        (formatdate(NOON + 34_560_000, usegmt=True), False, "400 days behind"),
        (formatdate(NOON), True, "agrees with"),
        ("Fri, 15 Jan 2027 10:00:00 +0200", True, "agrees with"),
        (None, None, "no valid Date"),
        ("yesterday", None, "no valid Date"),
        ("Fri, 99 Jan 2027 08:00:00 GMT", None, "no valid Date"),
    ],
)
def test_clock(date: str | None, ok: bool | None, expected: str) -> None:
    """A difference of more than a minute fails; the accuracy depends on the round trip."""
    check = findings.clock(date, NOON, NOON + 1)

    assert check.ok is ok
    assert expected in check.detail


@given(date=st.text())
def test_any_date(date: str) -> None:
    """Any Date header results in a check."""
    assert findings.clock(date, NOON, NOON + 1).name == "clock"


@pytest.mark.parametrize(
    ("addresses", "ok", "expected"),
    [
        (["192.0.2.1", "2001:db8::1"], True, "a.test is at 192.0.2.1, 2001:db8::1 (20 ms)"),
        (["a.test"], None, "an address, not a name"),
        ([f"192.0.2.{n}" for n in range(10)], True, "192.0.2.7 and 2 more"),
    ],
)
def test_addresses(addresses: list[str], ok: bool | None, expected: str) -> None:
    """The addresses of a host are shown, at most eight of them."""
    check = findings.resolved("a.test", addresses, 0.02)

    assert check.ok is ok
    assert expected in check.detail


@pytest.mark.parametrize(
    ("exc", "expected"),
    [
        (TimeoutError(), "timed out"),
        (ConnectionRefusedError(111, "Connection refused"), "refused the connection"),
        (OSError(113, "No route to host"), "No route to host"),
        (ssl.SSLError(1, "[SSL: WRONG] no"), "[SSL: WRONG] no"),
        (OSError(), "OSError"),
    ],
)
def test_failed_connections(exc: OSError, expected: str) -> None:
    """Each address that failed is shown with the reason."""
    check = findings.connected(
        [("192.0.2.1:443", exc), ("[::1]:443", exc)], None, 1.0, None, "api.test"
    )

    assert not check.ok
    assert check.detail == f"192.0.2.1:443: {expected}; [::1]:443: {expected}"


@pytest.mark.parametrize("head", [b"HTTP/1.1 200\r\n", b"HTTP/1.0 201 Yes\r\nX: y\r\n\r\n"])
def test_tunnel_status(head: bytes) -> None:
    """Every status from 200 to 299 opens a tunnel."""
    assert findings.proxy_tunnel(head, "api.test:443", "http://proxy", [], 0.1).ok


@given(head=st.binary())
def test_any_proxy_response(head: bytes) -> None:
    """Any response of a proxy is shown on one line, with secrets redacted."""
    check = findings.proxy_tunnel(head + SECRET.encode(), "api.test:443", "proxy", [SECRET], 0.1)

    assert not check.ok
    assert str(check).isprintable()
    assert SECRET not in str(check)


def test_report() -> None:
    """A report is fine if no check failed; a skipped check did not fail."""
    passed, skipped = Check("a", True, "A"), Check("b", None, "B")
    failed, warning = Check("c", False, "C", "Do."), Check("d", True, "D", "Do.")

    assert Report((passed, skipped, warning)).ok
    assert not Report((passed, skipped, failed)).ok
    assert str(Report((passed, skipped, failed, warning))).splitlines() == [
        "ok     a               A",
        "-      b               B",
        "FAILED c               C. Do.",
        "warn   d               D. Do.",
    ]


async def never() -> str:
    """Never return a key."""
    await asyncio.Event().wait()
    return ""


def test_key_function_that_hangs(emulator: Server) -> None:
    """A key that is not returned in time is reported, and the rest is checked without it."""

    async def checked() -> Report:
        async with AsyncRootSignals(never, base_url=emulator.url) as client:
            return await client.check(timeout=0.2)

    report = asyncio.run(checked())

    assert [(check.name, check.detail) for check in report.checks if check.ok is False] == [
        ("authentication", "the api_key function returned no key within 0.2 s")
    ]


def test_async_key_function_in_blocking_check(emulator: Server) -> None:
    """A blocking check reports that it cannot await an async function."""
    with RootSignals(never, base_url=emulator.url) as client:  # type: ignore[arg-type]
        report = client.check()

    (failed,) = (check for check in report.checks if check.ok is False)
    assert failed.name == "authentication"
    assert "which only AsyncRootSignals" in failed.detail


def test_twin(emulator: Server) -> None:
    """The twin of a check does the same checks."""
    with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        blocking, twin = client.check(), asyncio.run(client.acheck())

    assert blocking.ok
    assert twin.ok
    assert [check.name for check in blocking.checks] == [check.name for check in twin.checks]


def test_package_without_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    """The version of a package without metadata is unknown, which is not a failure."""
    monkeypatch.setattr(findings, "version", missing)

    assert "httpx of unknown version" in findings.versions().detail


def missing(package: str) -> str:
    raise PackageNotFoundError(package)


@pytest.mark.parametrize(
    ("chain", "expected"),
    [([], "are not available"), ([b"\x30\x00"], "cannot be parsed"), ([b"?"], "cannot be parsed")],
)
def test_certificates_that_cannot_be_shown(chain: list[bytes], expected: str) -> None:
    """Certificates that cannot be parsed do not affect the rest of the check."""
    now = datetime.now(UTC)
    check = findings.secured("TLSv1.3", "AES", chain, "the authorities of a file", now, 0.1)

    assert check.detail == (
        f"TLSv1.3 with AES (100 ms); its certificates {expected};"
        " trusting the authorities of a file"
    )


def test_without_client(emulator: Server) -> None:
    """Without a client, the report has all checks: the settings failed, the rest was skipped."""
    with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        usual = client.check().checks
    checks = without_client("the base URL is invalid", "Correct it.").checks

    assert [check.name for check in checks] == [check.name for check in usual]
    assert checks[0] == usual[0]
    assert checks[1] == Check("settings", False, "the base URL is invalid", "Correct it.")
    assert {check.detail for check in checks[2:]} == {"skipped, because settings failed"}
    assert not Report(checks).ok
