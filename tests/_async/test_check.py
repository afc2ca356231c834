"""`client.check()`: each step green, red with advice, or not looked at, whatever is out there."""

from __future__ import annotations

import pickle
import platform
import socket
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
import trustme

from root import AsyncRootSignals, InvalidRequestError
from root.checks import Check, Report
from root.config import no_key
from root.emulator import Server

from ..wire import Step, Wire, closes, raw, says, tunnels
from .test_tls import expired, not_yet_valid, of_a_stranger, other_name, serving

KEY = "key-0123456789-of-the-tests"
PASSWORD = "password-of-the-proxy"
PAGE: dict[str, object] = {"next": None, "previous": None, "results": []}

NAMES = [
    *("versions", "settings", "proxy", "dns", "tcp", "tunnel", "tls"),
    *("clock", "authentication", "request"),
]

SHORT = 0.2
"""Seconds for a step where the fault is that nothing comes."""


def by_name(report: Report) -> dict[str, Check]:
    """Return the checks of a report, which are always the same ones, with advice where red."""
    assert [check.name for check in report.checks] == NAMES
    for check in report.checks:
        assert (check.advice is not None) == (check.ok is False), check
    assert KEY not in str(report) + repr(report)
    assert PASSWORD not in str(report) + repr(report)
    return {check.name: check for check in report.checks}


async def checked(
    url: str, *, timeout: float = 5, context: ssl.SSLContext | None = None
) -> dict[str, Check]:
    """Check a client of this service."""
    async with AsyncRootSignals(KEY, base_url=url, ssl_context=context) as client:
        return by_name(await client.check(timeout=timeout))


def failed(checks: dict[str, Check]) -> list[str]:
    """Return the names of what is red."""
    return [name for name, check in checks.items() if check.ok is False]


def skipped(checks: dict[str, Check], because: str) -> list[str]:
    """Return the names of what was not looked at because of something else."""
    told = f"not looked at, since {because} failed"
    return [name for name, check in checks.items() if check.told == told and check.ok is None]


async def test_all_is_well(client: AsyncRootSignals, emulator: Server) -> None:
    """Where nothing is wrong, nothing is red, and each step tells what it found."""
    report = await client.check()

    checks = by_name(report)
    assert report.ok
    assert [name for name, check in checks.items() if check.ok] == [
        *("versions", "settings", "tcp", "clock", "authentication", "request")
    ]
    assert f"Python {platform.python_version()}," in checks["versions"].told
    assert emulator.url in checks["settings"].told
    assert f"connected to 127.0.0.1:{emulator.port}" in checks["tcp"].told
    assert "accepted (200)" in checks["authentication"].told
    assert (checks["request"].seconds or 0) > 0


async def test_the_text(client: AsyncRootSignals) -> None:
    """As text a report is one line for each check, and it pickles."""
    report = await client.check()

    lines = str(report).splitlines()
    assert [line.split()[1] for line in lines] == NAMES
    assert lines[0].startswith("ok ")
    assert pickle.loads(pickle.dumps(report)) == report


async def test_it_only_reads() -> None:
    """A check makes four small GET requests and nothing else."""
    with Wire([says(200, PAGE)]) as wire:
        await checked(f"{wire.url}/below")

    lines = [request.partition(b"\r\n")[0] for request in wire.requests]
    assert lines == [b"GET /below/v1/models/?page_size=1 HTTP/1.1"] * 4


# The key


async def test_no_key(emulator: Server) -> None:
    """Without any key the check goes as far as it can and says how to give one."""
    async with AsyncRootSignals(no_key, base_url=emulator.url) as client:
        checks = by_name(await client.check())

    assert failed(checks) == ["settings"]
    assert "ROOTSIGNALS_API_KEY" in (checks["settings"].advice or "")
    assert skipped(checks, "settings") == ["authentication", "request"]
    assert checks["clock"].ok


async def test_a_function_gives_the_key(emulator: Server) -> None:
    """A key that comes from a function is asked for, accepted, and told by its fingerprint."""
    async with AsyncRootSignals(lambda: emulator.api_key, base_url=emulator.url) as client:
        report = await client.check()

    assert report.ok
    assert emulator.api_key not in str(report)
    assert "the key sha256:" in by_name(report)["authentication"].told
    assert "from a function" in by_name(report)["settings"].told


@pytest.mark.parametrize("wrong", [ValueError(KEY), KEY + "\n" + KEY, None], ids=repr)
async def test_a_function_gives_no_key(emulator: Server, wrong: object) -> None:
    """Where the function that should give the key does not, that is red and told without it."""

    def key() -> str:
        if isinstance(wrong, Exception):
            raise wrong
        return wrong  # type: ignore[return-value]

    async with AsyncRootSignals(key, base_url=emulator.url) as client:
        checks = by_name(await client.check())

    assert failed(checks) == ["authentication"]
    assert "api_key function" in checks["authentication"].told
    assert skipped(checks, "authentication") == ["request"]


async def test_a_key_that_is_refused() -> None:
    """A key that is refused is told by its fingerprint, with where it comes from."""
    step = says(401, {"detail": f"No such key: {KEY}"})
    with Wire([step]) as wire:
        checks = await checked(wire.url)

    assert failed(checks) == ["authentication"]
    assert "sha256:" in checks["authentication"].told
    assert "No such key: [redacted]" in checks["authentication"].told
    assert "argument" in (checks["authentication"].advice or "")


# The way


async def test_nobody_listens() -> None:
    """A refused connection is red, and what needs it is not looked at."""
    with Wire([]) as gone:
        pass
    checks = await checked(gone.url)

    assert failed(checks) == ["tcp"]
    assert "refused" in checks["tcp"].told
    assert skipped(checks, "tcp") == ["tunnel", "tls", "clock", "authentication", "request"]


async def test_a_host_that_has_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host name that cannot be resolved is told with the resolver's words."""

    def getaddrinfo(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    checks = await checked("https://nowhere.test")

    assert failed(checks) == ["dns"]
    assert "nowhere.test could not be resolved (Name or service not known)" in checks["dns"].told
    assert len(skipped(checks, "dns")) == 6


async def test_a_resolver_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver that does not come back is not waited for."""
    ended = threading.Event()
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: ended.wait())
    try:
        checks = await checked("https://nowhere.test", timeout=SHORT)
    finally:
        ended.set()

    assert failed(checks) == ["dns"]
    assert "no answer in time" in checks["dns"].told


async def test_this_machine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing may leave the machine, a check looks up and connects to nothing."""
    monkeypatch.setenv("ROOTSIGNALS_OFFLINE", "1")
    monkeypatch.setattr(socket, "getaddrinfo", None)
    checks = await checked("https://api.test")
    assert failed(checks) == ["dns"]
    told = "; offline: yes (environment variable ROOTSIGNALS_OFFLINE)"
    assert checks["settings"].told.endswith(told)
    assert "ROOTSIGNALS_OFFLINE" in str(checks["dns"].advice)
    assert checks["tcp"].ok is None


async def test_several_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses are tried in turn, and those that fail are told beside the one that does not."""
    with Wire([]) as gone:
        pass
    with Wire([says(200, PAGE)]) as wire:
        found = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
            for port in (gone.port, wire.port)
        ]
        with monkeypatch.context() as patch:
            patch.setattr("socket.getaddrinfo", lambda *_, **__: found)
            checks = await checked(f"http://api.test:{wire.port}")

    assert checks["dns"].told.startswith("api.test is at 127.0.0.1 (")
    assert f"connected to 127.0.0.1:{wire.port}" in checks["tcp"].told
    assert f"after 127.0.0.1:{gone.port}: refused the connection" in checks["tcp"].told


async def test_ipv6() -> None:
    """An IPv6 address is written as URLs write it."""
    with Wire([says(200, PAGE)], host="::1") as wire:
        checks = await checked(wire.url)

    assert not failed(checks)
    assert f"connected to [::1]:{wire.port}" in checks["tcp"].told


# TLS


async def test_tls(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    """An encrypted connection is told with protocol, cipher, chain and whom the client trusts."""
    with Wire([says(200, PAGE)], tls=serving(authority.issue_cert("127.0.0.1"))) as wire:
        checks = await checked(wire.url, context=trusting)

    assert not failed(checks)
    told = checks["tls"].told
    assert told.startswith("TLSv1.3 with TLS_")
    assert "certificate of OU=Testing cert #" in told
    assert "issued by OU=Testing CA #" in told
    assert "days left)" in told
    assert "trusting ssl.SSLContext (argument)" in told


async def test_the_authorities_of_a_file(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whom SSL_CERT_FILE names is told as where the trust comes from."""
    with (
        Wire([says(200, PAGE)], tls=serving(authority.issue_cert("127.0.0.1"))) as wire,
        authority.cert_pem.tempfile() as path,
    ):
        monkeypatch.setenv("SSL_CERT_FILE", path)
        checks = await checked(wire.url)

    assert not failed(checks)
    assert f"authorities of {path}" in checks["tls"].told
    assert "environment variable SSL_CERT_FILE" in checks["tls"].told


async def test_a_file_of_authorities_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in SSL_CERT_FILE that cannot be read is red, with its name."""
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file.pem")
    with Wire([]) as wire:
        checks = await checked(wire.url.replace("http:", "https:"))

    assert failed(checks) == ["tls"]
    assert "/no/such/file.pem" in (checks["tls"].advice or "")


@pytest.mark.parametrize(
    ("issue", "why", "advice"),
    [
        (other_name, "mismatch", "check the base URL"),
        (expired, "expired", "has to renew its certificate"),
        (not_yet_valid, "not yet valid", "seems to be behind"),
        (of_a_stranger, "unable to get local issuer", "SSL_CERT_FILE"),
    ],
    ids=["another name", "expired", "not yet valid", "a stranger's"],
)
async def test_certificates_that_are_not_trusted(
    authority: trustme.CA,
    trusting: ssl.SSLContext,
    issue: Callable[[trustme.CA], trustme.LeafCert],
    why: str,
    advice: str,
) -> None:
    """A certificate that is not trusted is shown all the same, and nothing is sent to its owner."""
    with Wire([says(200, PAGE)], tls=serving(issue(authority))) as wire:
        checks = await checked(wire.url, context=trusting)
        assert not wire.requests

    assert failed(checks) == ["tls"]
    assert why in checks["tls"].told
    assert "certificate of OU=Testing cert #" in checks["tls"].told
    assert ("(over)" in checks["tls"].told) == (why == "expired")
    assert advice in (checks["tls"].advice or "")
    assert skipped(checks, "tls") == ["clock", "authentication", "request"]


@pytest.mark.parametrize(
    ("lived", "left", "told", "warns"),
    [
        (80, 1, "(1 day left)", True),
        (80, 13, "(13 days left)", True),
        (80, 14, "(14 days left)", False),
        (3, 3, "(3 days left)", False),
        (5, 1, "(1 day left)", True),
    ],
)
async def test_a_certificate_that_is_over_soon(
    authority: trustme.CA, trusting: ssl.SSLContext, lived: int, left: int, told: str, warns: bool
) -> None:
    """A certificate that is trusted, but should have been renewed by now, is told beforehand."""
    now = datetime.now(UTC)
    ends = now + timedelta(days=left, hours=1)
    issued = authority.issue_cert(
        "127.0.0.1", not_before=now - timedelta(days=lived), not_after=ends
    )
    with Wire([says(200, PAGE)], tls=serving(issued)) as wire:
        async with AsyncRootSignals(KEY, base_url=wire.url, ssl_context=trusting) as client:
            report = await client.check(timeout=5)

    (tls,) = (check for check in report.checks if check.name == "tls")
    assert report.ok
    assert told in tls.told
    assert ("has to renew it" in (tls.advice or "")) is warns
    assert str(tls).startswith("warn " if warns else "ok ")


async def test_no_tls_there(trusting: ssl.SSLContext) -> None:
    """A server that does not speak TLS is told as that."""
    with Wire([raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")]) as wire:
        checks = await checked(wire.url.replace("http:", "https:"), context=trusting)

    assert failed(checks) == ["tls"]
    assert "http:// or https://" in (checks["tls"].advice or "")


async def test_a_handshake_that_hangs(trusting: ssl.SSLContext) -> None:
    """A handshake that is not answered is not waited for."""
    with Wire([], takes=0) as wire:
        url = wire.url.replace("http:", "https:")
        checks = await checked(url, context=trusting, timeout=SHORT)

    assert failed(checks) == ["tls"]
    assert "no answer in time" in checks["tls"].told


# The proxy


async def test_a_proxy(
    authority: trustme.CA, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through a proxy the way leads to the proxy, then through its tunnel to the service."""
    with (
        Wire([says(200, PAGE)], tls=serving(authority.issue_cert("127.0.0.1"))) as wire,
        Wire([tunnels(wire.authority)]) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("://", f"://me:{PASSWORD}@"))
        checks = await checked(wire.url, context=trusting)

    assert not failed(checks)
    assert checks["proxy"].told == f"{proxy.url} (environment variable HTTPS_PROXY)"
    assert f"connected to {proxy.authority}" in checks["tcp"].told
    assert f"{proxy.url} leads to {wire.authority}" in checks["tunnel"].told
    assert checks["tls"].told.startswith("TLSv1.3")
    assert b"Proxy-Authorization: Basic " in proxy.requests[0]
    assert KEY.encode() not in b"".join(proxy.requests)


async def test_a_proxy_without_a_tunnel(monkeypatch: pytest.MonkeyPatch) -> None:
    """A base URL with http:// takes no tunnel through the proxy."""
    with Wire([says(200, PAGE)]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        checks = await checked("http://api.test")

    assert not failed(checks)
    assert checks["tunnel"].ok is None
    assert checks["authentication"].ok


async def test_an_untrusted_certificate_behind_a_proxy(
    authority: trustme.CA, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The certificate that the service shows is shown through the proxy, too."""
    with (
        Wire([says(200, PAGE)], tls=serving(expired(authority))) as wire,
        Wire([tunnels(wire.authority)]) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        checks = await checked(wire.url, context=trusting)
        assert not wire.requests

    assert failed(checks) == ["tls"]
    assert "certificate of OU=Testing cert #" in checks["tls"].told


async def test_an_untrusted_proxy(
    authority: trustme.CA, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that is spoken to over TLS has to be trusted, and shows its own certificate."""
    with Wire([closes], tls=serving(expired(authority))) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("://", f"://me:{PASSWORD}@"))
        checks = await checked("https://api.test", context=trusting)
        assert not proxy.requests

    assert failed(checks) == ["tunnel"]
    assert "expired" in checks["tunnel"].told
    assert "certificate of OU=Testing cert #" in checks["tunnel"].told


async def test_tls_within_tls(
    authority: trustme.CA, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that is spoken to over TLS lets TLS through."""
    proxy_tls = serving(authority.issue_cert("127.0.0.1"))
    with (
        Wire([says(200, PAGE)], tls=serving(authority.issue_cert("127.0.0.1"))) as wire,
        Wire([tunnels(wire.authority)], tls=proxy_tls) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        checks = await checked(wire.url, context=trusting)

    assert not failed(checks)
    assert [checks[name].ok for name in ("proxy", "tcp", "tunnel", "tls")] == [True] * 4


@pytest.mark.parametrize(
    ("step", "told", "advice"),
    [
        (raw(b"HTTP/1.1 407 Who are you?\r\n\r\n"), "407 Who are you?", "user name and password"),
        (raw(b"HTTP/1.1 403 Forbidden\r\n\r\n"), "403 Forbidden", "NO_PROXY"),
        (raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "SSH-2.0", "no HTTP proxy"),
        (closes, "hung up without an answer", "no HTTP proxy"),
    ],
    ids=["407", "403", "no proxy", "closed"],
)
async def test_a_proxy_that_refuses(
    step: Step, told: str, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that does not let through is told with its own words."""
    with Wire([step]) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("://", f"://me:{PASSWORD}@"))
        checks = await checked("https://api.test")

    assert failed(checks) == ["tunnel"]
    assert told in checks["tunnel"].told
    assert advice in (checks["tunnel"].advice or "")
    assert skipped(checks, "tunnel") == ["tls", "clock", "authentication", "request"]


async def test_a_proxy_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that does not answer is not waited for."""
    with Wire([], takes=0) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        checks = await checked("https://api.test", timeout=SHORT)

    assert failed(checks) == ["tunnel"]
    assert "gave no answer (no answer in time)" in checks["tunnel"].told


async def test_a_proxy_where_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that is not reached is what the advice is about, not the service."""
    with Wire([]) as gone:
        pass
    monkeypatch.setenv("HTTPS_PROXY", gone.url.replace("://", f"://me:{PASSWORD}@"))
    tcp = (await checked("https://api.test"))["tcp"]

    assert tcp.told.startswith(f"the proxy {gone.url} was not reached (")
    assert "refused the connection" in tcp.told
    assert "proxy in the environment" in (tcp.advice or "")
    assert "except api.test in NO_PROXY" in (tcp.advice or "")
    assert "service" not in (tcp.advice or "")


async def test_a_proxy_that_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that cannot be used is told with the variable that names it."""
    monkeypatch.setenv("ALL_PROXY", f"socks5://me:{PASSWORD}@proxy.test")
    checks = await checked("https://api.test")

    assert failed(checks) == ["proxy"]
    assert "environment variable ALL_PROXY" in checks["proxy"].told
    assert len(skipped(checks, "proxy")) == 7


# The service


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_clock_that_is_wrong(hours: int) -> None:
    """A clock that is an hour off is red."""
    date = format_datetime(datetime.now(UTC) + timedelta(hours=hours), usegmt=True)
    with Wire([says(200, PAGE, Date=date)]) as wire:
        checks = await checked(wire.url)

    assert failed(checks) == ["clock"]
    assert ("ahead of" if hours < 0 else "behind") in checks["clock"].told


async def test_a_web_page() -> None:
    """A web page in place of the API's answer is no success."""
    page = b"<html>Sign in"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(page)
    with Wire([raw(head + page, then_close=False)]) as wire:
        checks = await checked(wire.url)

    assert failed(checks) == ["authentication"]
    assert "text/html" in checks["authentication"].told


@pytest.mark.parametrize(
    ("step", "why"),
    [(closes, "broke off"), (raw(b"nonsense\r\n\r\n"), "is no HTTP")],
    ids=["closed", "nonsense"],
)
async def test_an_exchange_that_breaks_off(step: Step, why: str) -> None:
    """An exchange that breaks off is told with its cause."""
    with Wire([step]) as wire:
        checks = await checked(wire.url)

    assert failed(checks) == ["authentication"]
    assert why in checks["authentication"].told
    assert skipped(checks, "authentication") == ["clock", "request"]


async def test_an_answer_that_does_not_come() -> None:
    """An answer that does not come is not waited for."""
    with Wire([]) as wire:
        wire.steps = [wire.hangs]
        checks = await checked(wire.url, timeout=SHORT)

    assert failed(checks) == ["authentication"]
    assert "did not come in time" in checks["authentication"].told


async def test_a_service_that_breaks_off_later() -> None:
    """A service that answers once and no more is told by the timed requests."""
    with Wire([says(200, PAGE), closes]) as wire:
        checks = await checked(wire.url)

    assert failed(checks) == ["request"]


@pytest.mark.parametrize("status", [302, 403, 404, 429, 503])
async def test_a_request_that_is_refused(status: int) -> None:
    """A request that is refused is not timed, nor made again."""
    with Wire([says(status, {"detail": "No."})]) as wire:
        checks = await checked(wire.url)

    assert failed(checks) == ["authentication"]
    assert skipped(checks, "authentication") == ["request"]
    assert len(wire.requests) == 1


async def test_a_service_that_refuses_later() -> None:
    """A service that takes one request and refuses the next is told by the timed ones."""
    with Wire([says(200, PAGE), says(503, {"detail": "Full."})]) as wire:
        checks = await checked(wire.url)

    assert failed(checks) == ["request"]
    assert "(503: Full.)" in checks["request"].told
    assert "later" in (checks["request"].advice or "")


async def test_a_redirect() -> None:
    """A redirect within the host is followed, as a call follows it."""
    moved = says(307, None, Location="/elsewhere/")
    with Wire([moved, says(200, PAGE)]) as wire:
        checks = await checked(wire.url)

    assert not failed(checks)
    assert b"GET /elsewhere/ " in wire.requests[1]


# A client of the user's


async def test_an_http_client_of_the_users() -> None:
    """Over an http client of the user's, its own way is left alone and the service checked."""

    def handle(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == f"Api-Key {KEY}"
        return httpx.Response(200, json=PAGE)

    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(handle)) as own,
        AsyncRootSignals(KEY, base_url="https://api.test", http_client=own) as client,
    ):
        checks = by_name(await client.check())

    assert not failed(checks)
    for name in ("proxy", "dns", "tcp", "tunnel", "tls"):
        assert checks[name].ok is None
        assert "http client" in checks[name].told
    assert checks["authentication"].ok
    assert checks["request"].ok


async def test_an_http_client_that_raises() -> None:
    """Whatever an http client of the user's raises is told, without its words."""

    def handle(_: httpx.Request) -> httpx.Response:
        raise LookupError(KEY)

    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(handle)) as own,
        AsyncRootSignals(KEY, base_url="https://api.test", http_client=own) as client,
    ):
        checks = by_name(await client.check())

    assert failed(checks) == ["authentication"]
    assert checks["authentication"].told == "LookupError was raised"


# Mistakes


async def test_a_closed_client() -> None:
    """A client that is closed is not checked."""
    client = AsyncRootSignals(KEY)
    await client.aclose()

    with pytest.raises(InvalidRequestError, match="closed"):
        await client.check()


@pytest.mark.parametrize("timeout", [0, -1, "5"], ids=repr)
async def test_a_timeout_that_cannot_be(timeout: float) -> None:
    """A bound that is no number of seconds is refused."""
    async with AsyncRootSignals(KEY) as client:
        with pytest.raises(InvalidRequestError, match="timeout must be"):
            await client.check(timeout=timeout)
