"""`client.check()`: each step passed, failed with advice, or skipped."""

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

from ..scripted_server import ScriptedServer, Step, closes, responds, sends, tunnels
from .test_tls import expired, not_yet_valid, of_a_stranger, other_name, serving

KEY = "key-0123456789-of-the-tests"
PASSWORD = "password-of-the-proxy"
PAGE: dict[str, object] = {"next": None, "previous": None, "results": []}

NAMES = [
    *("versions", "settings", "proxy", "dns", "tcp", "tunnel", "tls"),
    *("clock", "authentication", "request"),
]

SHORT = 0.2
"""Seconds for a step if the fault is that nothing arrives."""


def by_name(report: Report) -> dict[str, Check]:
    """Return the checks of a report, which are always the same, with advice if one failed."""
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
    """Return the names of the checks that failed."""
    return [name for name, check in checks.items() if check.ok is False]


def skipped(checks: dict[str, Check], because: str) -> list[str]:
    """Return the names of the checks that were skipped because another one failed."""
    detail = f"skipped, because {because} failed"
    return [name for name, check in checks.items() if check.detail == detail and check.ok is None]


async def test_a_working_client(client: AsyncRootSignals, emulator: Server) -> None:
    """With a working client no check fails, and each has details."""
    report = await client.check()

    checks = by_name(report)
    assert report.ok
    assert [name for name, check in checks.items() if check.ok] == [
        *("versions", "settings", "tcp", "clock", "authentication", "request")
    ]
    assert f"Python {platform.python_version()}," in checks["versions"].detail
    assert emulator.url in checks["settings"].detail
    assert f"connected to 127.0.0.1:{emulator.port}" in checks["tcp"].detail
    assert "accepted (200)" in checks["authentication"].detail
    assert (checks["request"].seconds or 0) > 0


async def test_the_text(client: AsyncRootSignals) -> None:
    """The text of a report has a line for each check, and a report can be pickled."""
    report = await client.check()

    lines = str(report).splitlines()
    assert [line.split()[1] for line in lines] == NAMES
    assert lines[0].startswith("ok ")
    assert pickle.loads(pickle.dumps(report)) == report


async def test_it_only_reads() -> None:
    """A check makes four small GET requests and nothing else."""
    with ScriptedServer([responds(200, PAGE)]) as server:
        await checked(f"{server.url}/below")

    lines = [request.partition(b"\r\n")[0] for request in server.requests]
    assert lines == [b"GET /below/v1/models/?page_size=1 HTTP/1.1"] * 4


# The key


async def test_no_key(emulator: Server) -> None:
    """Without a key everything else is checked, and the advice is how to set one."""
    async with AsyncRootSignals(no_key, base_url=emulator.url) as client:
        checks = by_name(await client.check())

    assert failed(checks) == ["settings"]
    assert "ROOTSIGNALS_API_KEY" in (checks["settings"].advice or "")
    assert skipped(checks, "settings") == ["authentication", "request"]
    assert checks["clock"].ok


async def test_a_key_function(emulator: Server) -> None:
    """The key of a function is used, and shown by its fingerprint."""
    async with AsyncRootSignals(lambda: emulator.api_key, base_url=emulator.url) as client:
        report = await client.check()

    assert report.ok
    assert emulator.api_key not in str(report)
    assert "the key sha256:" in by_name(report)["authentication"].detail
    assert "from a function" in by_name(report)["settings"].detail


@pytest.mark.parametrize("wrong", [ValueError(KEY), KEY + "\n" + KEY, None], ids=repr)
async def test_a_failing_key_function(emulator: Server, wrong: object) -> None:
    """If the function for the key fails, the check fails, without showing a value."""

    def key() -> str:
        if isinstance(wrong, Exception):
            raise wrong
        return wrong  # type: ignore[return-value]

    async with AsyncRootSignals(key, base_url=emulator.url) as client:
        checks = by_name(await client.check())

    assert failed(checks) == ["authentication"]
    assert "api_key function" in checks["authentication"].detail
    assert skipped(checks, "authentication") == ["request"]


async def test_a_refused_key() -> None:
    """A refused key is shown by its fingerprint, with its source."""
    step = responds(401, {"detail": f"No such key: {KEY}"})
    with ScriptedServer([step]) as server:
        checks = await checked(server.url)

    assert failed(checks) == ["authentication"]
    assert "sha256:" in checks["authentication"].detail
    assert "No such key: [redacted]" in checks["authentication"].detail
    assert "argument" in (checks["authentication"].advice or "")


# The connection


async def test_a_refused_connection() -> None:
    """If the connection is refused, what depends on it is skipped."""
    with ScriptedServer([]) as gone:
        pass
    checks = await checked(gone.url)

    assert failed(checks) == ["tcp"]
    assert "refused" in checks["tcp"].detail
    assert skipped(checks, "tcp") == ["tunnel", "tls", "clock", "authentication", "request"]


async def test_an_unknown_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check of an unknown host name has the error of the resolver."""

    def getaddrinfo(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    checks = await checked("https://nowhere.test")

    assert failed(checks) == ["dns"]
    assert "nowhere.test could not be resolved (Name or service not known)" in checks["dns"].detail
    assert len(skipped(checks, "dns")) == 6


async def test_a_hanging_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check does not wait for a resolver longer than the timeout."""
    ended = threading.Event()
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: ended.wait())
    try:
        checks = await checked("https://nowhere.test", timeout=SHORT)
    finally:
        ended.set()

    assert failed(checks) == ["dns"]
    assert "timed out" in checks["dns"].detail


async def test_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """In offline mode nothing is resolved and no connection is opened."""
    monkeypatch.setenv("ROOTSIGNALS_OFFLINE", "1")
    monkeypatch.setattr(socket, "getaddrinfo", None)
    checks = await checked("https://api.test")
    assert failed(checks) == ["dns"]
    detail = "; offline: yes (environment variable ROOTSIGNALS_OFFLINE)"
    assert checks["settings"].detail.endswith(detail)
    assert "ROOTSIGNALS_OFFLINE" in str(checks["dns"].advice)
    assert checks["tcp"].ok is None


async def test_several_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses are tried in turn; the details have those that failed, too."""
    with ScriptedServer([]) as gone:
        pass
    with ScriptedServer([responds(200, PAGE)]) as server:
        found = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
            for port in (gone.port, server.port)
        ]
        with monkeypatch.context() as patch:
            patch.setattr("socket.getaddrinfo", lambda *_, **__: found)
            checks = await checked(f"http://api.test:{server.port}")

    assert checks["dns"].detail.startswith("api.test is at 127.0.0.1 (")
    assert f"connected to 127.0.0.1:{server.port}" in checks["tcp"].detail
    assert f"after 127.0.0.1:{gone.port}: refused the connection" in checks["tcp"].detail


async def test_ipv6() -> None:
    """An IPv6 address is written as in a URL."""
    with ScriptedServer([responds(200, PAGE)], host="::1") as server:
        checks = await checked(server.url)

    assert not failed(checks)
    assert f"connected to [::1]:{server.port}" in checks["tcp"].detail


# TLS


async def test_tls(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    """The details of a TLS connection are protocol, cipher, certificates and authorities."""
    with ScriptedServer(
        [responds(200, PAGE)], tls=serving(authority.issue_cert("127.0.0.1"))
    ) as server:
        checks = await checked(server.url, context=trusting)

    assert not failed(checks)
    detail = checks["tls"].detail
    assert detail.startswith("TLSv1.3 with TLS_")
    assert "certificate of OU=Testing cert #" in detail
    assert "issued by OU=Testing CA #" in detail
    assert "days left)" in detail
    assert "trusting ssl.SSLContext (argument)" in detail


async def test_authorities_of_a_file(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The authorities of SSL_CERT_FILE are named as the source of trust."""
    with (
        ScriptedServer(
            [responds(200, PAGE)], tls=serving(authority.issue_cert("127.0.0.1"))
        ) as server,
        authority.cert_pem.tempfile() as path,
    ):
        monkeypatch.setenv("SSL_CERT_FILE", path)
        checks = await checked(server.url)

    assert not failed(checks)
    assert f"authorities of {path}" in checks["tls"].detail
    assert "environment variable SSL_CERT_FILE" in checks["tls"].detail


async def test_a_missing_file_of_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the file in SSL_CERT_FILE cannot be read, the check fails with its name."""
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file.pem")
    with ScriptedServer([]) as server:
        checks = await checked(server.url.replace("http:", "https:"))

    assert failed(checks) == ["tls"]
    assert "/no/such/file.pem" in (checks["tls"].advice or "")


@pytest.mark.parametrize(
    ("issue", "why", "advice"),
    [
        (other_name, "mismatch", "check the base URL"),
        (expired, "expired", "has to renew its certificate"),
        (not_yet_valid, "not yet valid", "seems to be slow"),
        (of_a_stranger, "unable to get local issuer", "SSL_CERT_FILE"),
    ],
    ids=["another name", "expired", "not yet valid", "a stranger's"],
)
async def test_untrusted_certificates(
    authority: trustme.CA,
    trusting: ssl.SSLContext,
    issue: Callable[[trustme.CA], trustme.LeafCert],
    why: str,
    advice: str,
) -> None:
    """A certificate that is not trusted is described, and nothing is sent to its server."""
    with ScriptedServer([responds(200, PAGE)], tls=serving(issue(authority))) as server:
        checks = await checked(server.url, context=trusting)
        assert not server.requests

    assert failed(checks) == ["tls"]
    assert why in checks["tls"].detail
    assert "certificate of OU=Testing cert #" in checks["tls"].detail
    assert ("(expired)" in checks["tls"].detail) == (why == "expired")
    assert advice in (checks["tls"].advice or "")
    assert skipped(checks, "tls") == ["clock", "authentication", "request"]


@pytest.mark.parametrize(
    ("lived", "left", "detail", "warns"),
    [
        (80, 1, "(1 day left)", True),
        (80, 13, "(13 days left)", True),
        (80, 14, "(14 days left)", False),
        (3, 3, "(3 days left)", False),
        (5, 1, "(1 day left)", True),
    ],
)
async def test_an_expiring_certificate(
    authority: trustme.CA, trusting: ssl.SSLContext, lived: int, left: int, detail: str, warns: bool
) -> None:
    """A trusted certificate that should have been renewed by now causes a warning."""
    now = datetime.now(UTC)
    ends = now + timedelta(days=left, hours=1)
    issued = authority.issue_cert(
        "127.0.0.1", not_before=now - timedelta(days=lived), not_after=ends
    )
    with ScriptedServer([responds(200, PAGE)], tls=serving(issued)) as server:
        async with AsyncRootSignals(KEY, base_url=server.url, ssl_context=trusting) as client:
            report = await client.check(timeout=5)

    (tls,) = (check for check in report.checks if check.name == "tls")
    assert report.ok
    assert detail in tls.detail
    assert ("has to renew it" in (tls.advice or "")) is warns
    assert str(tls).startswith("warn " if warns else "ok ")


async def test_a_server_without_tls(trusting: ssl.SSLContext) -> None:
    """The advice for a server without TLS is about the scheme of the URL."""
    with ScriptedServer([sends(b"HTTP/1.1 400 Bad Request\r\n\r\n")]) as server:
        checks = await checked(server.url.replace("http:", "https:"), context=trusting)

    assert failed(checks) == ["tls"]
    assert "http:// or https://" in (checks["tls"].advice or "")


async def test_a_hanging_handshake(trusting: ssl.SSLContext) -> None:
    """The check does not wait for a handshake longer than the timeout."""
    with ScriptedServer([], read_size=0) as server:
        url = server.url.replace("http:", "https:")
        checks = await checked(url, context=trusting, timeout=SHORT)

    assert failed(checks) == ["tls"]
    assert "timed out" in checks["tls"].detail


# The proxy


async def test_a_proxy(
    authority: trustme.CA, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a proxy, the connection to the proxy is checked, and then its tunnel."""
    with (
        ScriptedServer(
            [responds(200, PAGE)], tls=serving(authority.issue_cert("127.0.0.1"))
        ) as server,
        ScriptedServer([tunnels(server.authority)]) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("://", f"://me:{PASSWORD}@"))
        checks = await checked(server.url, context=trusting)

    assert not failed(checks)
    assert checks["proxy"].detail == f"{proxy.url} (environment variable HTTPS_PROXY)"
    assert f"connected to {proxy.authority}" in checks["tcp"].detail
    assert f"{proxy.url} opened a tunnel to {server.authority}" in checks["tunnel"].detail
    assert checks["tls"].detail.startswith("TLSv1.3")
    assert b"Proxy-Authorization: Basic " in proxy.requests[0]
    assert KEY.encode() not in b"".join(proxy.requests)


async def test_a_proxy_without_a_tunnel(monkeypatch: pytest.MonkeyPatch) -> None:
    """A base URL with http:// needs no tunnel through the proxy."""
    with ScriptedServer([responds(200, PAGE)]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        checks = await checked("http://api.test")

    assert not failed(checks)
    assert checks["tunnel"].ok is None
    assert checks["authentication"].ok


async def test_an_untrusted_certificate_behind_a_proxy(
    authority: trustme.CA, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The certificate of the service is described behind a proxy, too."""
    with (
        ScriptedServer([responds(200, PAGE)], tls=serving(expired(authority))) as server,
        ScriptedServer([tunnels(server.authority)]) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        checks = await checked(server.url, context=trusting)
        assert not server.requests

    assert failed(checks) == ["tls"]
    assert "certificate of OU=Testing cert #" in checks["tls"].detail


async def test_an_untrusted_proxy(
    authority: trustme.CA, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy with TLS must be trusted, and its certificate is described."""
    with ScriptedServer([closes], tls=serving(expired(authority))) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("://", f"://me:{PASSWORD}@"))
        checks = await checked("https://api.test", context=trusting)
        assert not proxy.requests

    assert failed(checks) == ["tunnel"]
    assert "expired" in checks["tunnel"].detail
    assert "certificate of OU=Testing cert #" in checks["tunnel"].detail


async def test_tls_within_tls(
    authority: trustme.CA, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy with TLS has a tunnel for TLS."""
    proxy_tls = serving(authority.issue_cert("127.0.0.1"))
    with (
        ScriptedServer(
            [responds(200, PAGE)], tls=serving(authority.issue_cert("127.0.0.1"))
        ) as server,
        ScriptedServer([tunnels(server.authority)], tls=proxy_tls) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        checks = await checked(server.url, context=trusting)

    assert not failed(checks)
    assert [checks[name].ok for name in ("proxy", "tcp", "tunnel", "tls")] == [True] * 4


@pytest.mark.parametrize(
    ("step", "detail", "advice"),
    [
        (sends(b"HTTP/1.1 407 Who are you?\r\n\r\n"), "407 Who are you?", "user name and password"),
        (sends(b"HTTP/1.1 403 Forbidden\r\n\r\n"), "403 Forbidden", "NO_PROXY"),
        (sends(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "SSH-2.0", "not an HTTP proxy"),
        (closes, "closed the connection without a response", "not an HTTP proxy"),
    ],
    ids=["407", "403", "no proxy", "closed"],
)
async def test_a_refusing_proxy(
    step: Step, detail: str, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The details for a proxy that refuses a tunnel have its response."""
    with ScriptedServer([step]) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("://", f"://me:{PASSWORD}@"))
        checks = await checked("https://api.test")

    assert failed(checks) == ["tunnel"]
    assert detail in checks["tunnel"].detail
    assert advice in (checks["tunnel"].advice or "")
    assert skipped(checks, "tunnel") == ["tls", "clock", "authentication", "request"]


async def test_a_hanging_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check does not wait for a proxy longer than the timeout."""
    with ScriptedServer([], read_size=0) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        checks = await checked("https://api.test", timeout=SHORT)

    assert failed(checks) == ["tunnel"]
    assert "did not respond (timed out)" in checks["tunnel"].detail


async def test_a_proxy_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the proxy cannot be reached, the advice is about the proxy, not the service."""
    with ScriptedServer([]) as gone:
        pass
    monkeypatch.setenv("HTTPS_PROXY", gone.url.replace("://", f"://me:{PASSWORD}@"))
    tcp = (await checked("https://api.test"))["tcp"]

    assert tcp.detail.startswith(f"the proxy {gone.url} was not reached (")
    assert "refused the connection" in tcp.detail
    assert "proxy in the environment" in (tcp.advice or "")
    assert "add api.test to NO_PROXY" in (tcp.advice or "")
    assert "service" not in (tcp.advice or "")


async def test_an_invalid_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check of an invalid proxy names the environment variable."""
    monkeypatch.setenv("ALL_PROXY", f"socks5://me:{PASSWORD}@proxy.test")
    checks = await checked("https://api.test")

    assert failed(checks) == ["proxy"]
    assert "environment variable ALL_PROXY" in checks["proxy"].detail
    assert len(skipped(checks, "proxy")) == 7


# The service


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_wrong_clock(hours: int) -> None:
    """The check fails if the clock is an hour off."""
    date = format_datetime(datetime.now(UTC) + timedelta(hours=hours), usegmt=True)
    with ScriptedServer([responds(200, PAGE, Date=date)]) as server:
        checks = await checked(server.url)

    assert failed(checks) == ["clock"]
    assert ("ahead of" if hours < 0 else "behind") in checks["clock"].detail


async def test_a_web_page() -> None:
    """A web page instead of the API's response fails the check."""
    page = b"<html>Sign in"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(page)
    with ScriptedServer([sends(head + page, then_close=False)]) as server:
        checks = await checked(server.url)

    assert failed(checks) == ["authentication"]
    assert "text/html" in checks["authentication"].detail


@pytest.mark.parametrize(
    ("step", "why"),
    [(closes, "was lost"), (sends(b"nonsense\r\n\r\n"), "does not speak HTTP")],
    ids=["closed", "nonsense"],
)
async def test_a_broken_exchange(step: Step, why: str) -> None:
    """The details of a broken exchange have its cause."""
    with ScriptedServer([step]) as server:
        checks = await checked(server.url)

    assert failed(checks) == ["authentication"]
    assert why in checks["authentication"].detail
    assert skipped(checks, "authentication") == ["clock", "request"]


async def test_no_response() -> None:
    """The check does not wait for a response longer than the timeout."""
    with ScriptedServer([]) as server:
        server.steps = [server.hangs]
        checks = await checked(server.url, timeout=SHORT)

    assert failed(checks) == ["authentication"]
    assert "did not arrive in time" in checks["authentication"].detail


async def test_a_later_disconnect() -> None:
    """A service that responds once and no more fails the timed requests."""
    with ScriptedServer([responds(200, PAGE), closes]) as server:
        checks = await checked(server.url)

    assert failed(checks) == ["request"]


@pytest.mark.parametrize("status", [302, 403, 404, 429, 503])
async def test_a_refused_request(status: int) -> None:
    """A request that is refused is neither timed nor made again."""
    with ScriptedServer([responds(status, {"detail": "No."})]) as server:
        checks = await checked(server.url)

    assert failed(checks) == ["authentication"]
    assert skipped(checks, "authentication") == ["request"]
    assert len(server.requests) == 1


async def test_a_later_refusal() -> None:
    """A service that refuses the second request fails the timed requests."""
    with ScriptedServer([responds(200, PAGE), responds(503, {"detail": "Full."})]) as server:
        checks = await checked(server.url)

    assert failed(checks) == ["request"]
    assert "(503: Full.)" in checks["request"].detail
    assert "later" in (checks["request"].advice or "")


async def test_a_redirect() -> None:
    """A redirect on the same host is followed, as by a call."""
    moved = responds(307, None, Location="/elsewhere/")
    with ScriptedServer([moved, responds(200, PAGE)]) as server:
        checks = await checked(server.url)

    assert not failed(checks)
    assert b"GET /elsewhere/ " in server.requests[1]


# The user's own HTTP client


async def test_an_http_client() -> None:
    """With the user's own HTTP client, only the service is checked."""

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
        assert "HTTP client" in checks[name].detail
    assert checks["authentication"].ok
    assert checks["request"].ok


async def test_a_failing_http_client() -> None:
    """An exception of an HTTP client is named by its class, without its message."""

    def handle(_: httpx.Request) -> httpx.Response:
        raise LookupError(KEY)

    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(handle)) as own,
        AsyncRootSignals(KEY, base_url="https://api.test", http_client=own) as client,
    ):
        checks = by_name(await client.check())

    assert failed(checks) == ["authentication"]
    assert checks["authentication"].detail == "LookupError was raised"


# Misuse


async def test_a_closed_client() -> None:
    """A closed client is not checked."""
    client = AsyncRootSignals(KEY)
    await client.aclose()

    with pytest.raises(InvalidRequestError, match="closed"):
        await client.check()


@pytest.mark.parametrize("timeout", [0, -1, "5"], ids=repr)
async def test_an_invalid_timeout(timeout: float) -> None:
    """A timeout that is not a number of seconds is refused."""
    async with AsyncRootSignals(KEY) as client:
        with pytest.raises(InvalidRequestError, match="timeout must be"):
            await client.check(timeout=timeout)
