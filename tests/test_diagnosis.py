"""What a check makes of what it finds, as tables."""

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
from root import _diagnosis as diagnosis
from root._http import Answer
from root.checks import Check, Report
from root.config import Setting
from root.emulator import Server

KEY = Setting("api_key", "sha256:00000000", "environment variable ROOTSIGNALS_API_KEY")
URL = "https://api.test/v1/models/?page_size=1"
SECRET = "s3cret-0123456789"

NOON = 1_800_000_000.0

JSON = b"application/json"
HTML = b"text/html; charset=utf-8"


def answer(status: int, body: bytes, kind: bytes = JSON, **headers: str) -> Answer:
    lines = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Answer(status, [(b"Content-Type", kind), *lines], body)


def detail(text: str) -> bytes:
    return json.dumps({"detail": text}).encode()


@pytest.mark.parametrize(
    ("given", "ok", "told", "advice"),
    [
        (answer(200, b'{"results": []}'), True, "is accepted (200)", None),
        (answer(200, b"<html>", HTML), False, "not the API's (200, text/html", "base URL"),
        (answer(200, b"[]"), False, "not the API's", "base URL"),
        (answer(200, b"[" * 100_000), False, "not the API's", "base URL"),
        (answer(204, b""), False, "not the API's", "base URL"),
        (answer(401, detail("No.")), False, "was refused (401: No.)", "ROOTSIGNALS_API_KEY"),
        (answer(403, detail("No.")), False, "may not list models (403: No.)", "ROOTSIGNALS"),
        (answer(403, b"<html>", HTML), False, "something in between (403, text", "in between"),
        (answer(404, detail("No.")), False, f"there is no {URL} (404: No.)", "base URL"),
        (answer(407, b""), False, "something in between (407", "in between"),
        (answer(429, detail("Wait.")), False, "too many requests", "Wait a while"),
        (answer(500, b"<html>", HTML), False, "failed (500, text/html", "later"),
        (answer(503, detail("No.")), False, "failed (503: No.)", "later"),
        (answer(302, b"", location="https://b.test/"), False, "(302 to https://b", "base URL"),
        (answer(302, b""), False, "(302 to nowhere)", "base URL"),
        (answer(401, detail(f"{SECRET}?")), False, "(401: [redacted]?)", "ROOTSIGNALS_API_KEY"),
        (answer(401, b"", SECRET.encode()), False, "(401, [redacted])", "ROOTSIGNALS_API_KEY"),
        (answer(302, b"", location=f"/{SECRET}"), False, "(302 to /[redacted])", "base URL"),
        (answer(401, detail("\x1b[2J\nNo")), False, "(401:  [2J No)", "ROOTSIGNALS_API_KEY"),
    ],
)
def test_authentication(given: Answer, ok: bool, told: str, advice: str | None) -> None:
    """What an answer says of the key, on one line and without a secret that it echoes."""
    check = diagnosis.authentication(given, URL, KEY, [SECRET])

    assert check.ok is ok
    assert told in check.told
    assert (advice or "") in (check.advice or "")
    assert (check.advice is None) is ok
    assert check.told.isprintable()
    assert SECRET not in repr(check)


@pytest.mark.parametrize(
    ("date", "ok", "told"),
    [
        (formatdate(NOON, usegmt=True), True, "that of the service, give or take 2.0 s"),
        (
            formatdate(NOON - 60, usegmt=True),
            True,
            "60 s ahead of the service's, give or take 2.0 s",
        ),
        (formatdate(NOON - 62, usegmt=True), False, "62 s ahead of"),
        (formatdate(NOON + 60, usegmt=True), True, "60 s behind"),
        (formatdate(NOON + 62, usegmt=True), False, "62 s behind"),
        (formatdate(NOON - 119, usegmt=True), False, "119 s ahead of"),
        (formatdate(NOON - 121, usegmt=True), False, "2 minutes ahead of"),
        (formatdate(NOON - 7100, usegmt=True), False, "118 minutes ahead of"),
        (formatdate(NOON + 7300, usegmt=True), False, "2 hours behind"),
        (formatdate(NOON + 34_560_000, usegmt=True), False, "400 days behind"),
        (formatdate(NOON), True, "that of"),
        ("Fri, 15 Jan 2027 10:00:00 +0200", True, "that of"),
        (None, None, "no Date"),
        ("yesterday", None, "no Date"),
        ("Fri, 99 Jan 2027 08:00:00 GMT", None, "no Date"),
    ],
)
def test_clock(date: str | None, ok: bool | None, told: str) -> None:
    """More than a minute is red; what is known is as exact as the round trip allows."""
    check = diagnosis.clock(date, NOON, NOON + 1)

    assert check.ok is ok
    assert told in check.told


@given(date=st.text())
def test_any_date(date: str) -> None:
    """Whatever stands in Date, there is a check."""
    assert diagnosis.clock(date, NOON, NOON + 1).name == "clock"


@pytest.mark.parametrize(
    ("addresses", "ok", "told"),
    [
        (["192.0.2.1", "2001:db8::1"], True, "a.test is at 192.0.2.1, 2001:db8::1 (20 ms)"),
        (["a.test"], None, "an address, not a name"),
        ([f"192.0.2.{n}" for n in range(10)], True, "192.0.2.7 and 2 more"),
    ],
)
def test_addresses(addresses: list[str], ok: bool | None, told: str) -> None:
    """Addresses are told, many of them in part."""
    check = diagnosis.found("a.test", addresses, 0.02)

    assert check.ok is ok
    assert told in check.told


@pytest.mark.parametrize(
    ("exc", "told"),
    [
        (TimeoutError(), "no answer in time"),
        (ConnectionRefusedError(111, "Connection refused"), "refused the connection"),
        (OSError(113, "No route to host"), "No route to host"),
        (ssl.SSLError(1, "[SSL: WRONG] no"), "[SSL: WRONG] no"),
        (OSError(), "OSError"),
    ],
)
def test_connections_that_fail(exc: OSError, told: str) -> None:
    """Each address that fails is told with the reason."""
    check = diagnosis.connected(
        [("192.0.2.1:443", exc), ("[::1]:443", exc)], None, 1.0, None, "api.test"
    )

    assert not check.ok
    assert check.told == f"192.0.2.1:443: {told}; [::1]:443: {told}"


@pytest.mark.parametrize("head", [b"HTTP/1.1 200\r\n", b"HTTP/1.0 201 Yes\r\nX: y\r\n\r\n"])
def test_tunnels(head: bytes) -> None:
    """Every status in the 200s opens a tunnel."""
    assert diagnosis.tunnelled(head, "api.test:443", "http://proxy", [], 0.1).ok


@given(head=st.binary())
def test_any_proxy(head: bytes) -> None:
    """Whatever a proxy says is told on one line, without what must not show."""
    check = diagnosis.tunnelled(head + SECRET.encode(), "api.test:443", "proxy", [SECRET], 0.1)

    assert not check.ok
    assert str(check).isprintable()
    assert SECRET not in str(check)


def test_a_report() -> None:
    """A report is well if nothing is red, and what was not looked at is not."""
    good, none, bad = Check("a", True, "A"), Check("b", None, "B"), Check("c", False, "C", "Do.")
    soon = Check("d", True, "D", "Do.")

    assert Report((good, none, soon)).ok
    assert not Report((good, none, bad)).ok
    assert str(Report((good, none, bad, soon))).splitlines() == [
        "ok     a               A",
        "-      b               B",
        "FAILED c               C. Do.",
        "warn   d               D. Do.",
    ]


async def never() -> str:
    """Give no key, ever."""
    await asyncio.Event().wait()
    return ""


def test_an_async_function_that_hangs(emulator: Server) -> None:
    """A key that does not come in time is told, and the rest is looked at without it."""

    async def checked() -> Report:
        async with AsyncRootSignals(never, base_url=emulator.url) as client:
            return await client.check(timeout=0.2)

    report = asyncio.run(checked())

    assert [(check.name, check.told) for check in report.checks if check.ok is False] == [
        ("authentication", "the api_key function gave no key within 0.2 s")
    ]


def test_an_async_function_that_cannot_be_waited_for(emulator: Server) -> None:
    """A blocking check says that it cannot wait for an async function."""
    with RootSignals(never, base_url=emulator.url) as client:  # type: ignore[arg-type]
        report = client.check()

    (red,) = (check for check in report.checks if check.ok is False)
    assert red.name == "authentication"
    assert "which only AsyncRootSignals" in red.told


def test_both_halves(emulator: Server) -> None:
    """The twin of a check is the same check."""
    with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        blocking, twin = client.check(), asyncio.run(client.acheck())

    assert blocking.ok
    assert twin.ok
    assert [check.name for check in blocking.checks] == [check.name for check in twin.checks]


def test_a_package_without_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a program was packed without it, a version is unknown and no failure."""
    monkeypatch.setattr(diagnosis, "version", raising)

    assert "httpx of unknown version" in diagnosis.versions().told


def raising(package: str) -> str:
    raise PackageNotFoundError(package)


@pytest.mark.parametrize(
    ("chain", "told"),
    [([], "could not be seen"), ([b"\x30\x00"], "cannot be read"), ([b"?"], "cannot be read")],
)
def test_certificates_that_tell_nothing(chain: list[bytes], told: str) -> None:
    """Certificates that cannot be shown keep nothing else from being told."""
    now = datetime.now(UTC)
    check = diagnosis.secured("TLSv1.3", "AES", chain, "the authorities of a file", now, 0.1)

    assert check.told == (
        f"TLSv1.3 with AES (100 ms); its certificates {told}; trusting the authorities of a file"
    )
