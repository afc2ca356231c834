"""The result of each check of `client.check()`, from what was observed.

The functions are named for what was observed, and return a `Check`. None of them does any I/O.
"""

from __future__ import annotations

import json
import platform
import re
import ssl
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from ..__about__ import __version__, old_package_advice
from .._config.config import SET_KEY
from .._http.failures import broken_exchange, tls_advice, untrusted_certificate
from .._http.status_errors import excerpt, status_error
from .._secrets.redact import printable, redact
from ..errors import RequestInfo, RootSignalsError
from .certificates import read_certificate
from .report import Check

if TYPE_CHECKING:
    from .._http.messages import Origin, RawResponse
    from ..config import Setting

__all__ = [
    "CONNECTION",
    "SERVICE",
    "authentication",
    "broken_request",
    "clock",
    "connected",
    "insecure",
    "invalid_settings",
    "no_key",
    "proxy",
    "proxy_tunnel",
    "request_times",
    "resolved",
    "secured",
    "settings",
    "skipped",
    "tunnel_failed",
    "unresolved",
    "untrusted",
    "versions",
]


CONNECTION = ("proxy", "dns", "tcp", "tunnel", "tls")
"""The checks of the connection to the service."""

SERVICE = ("clock", "authentication", "request")
"""The checks of the service, which need a connection to it."""

# With a greater difference, certificates may seem expired or not yet valid, and the time in a
# Retry-After is misjudged.
_MAX_CLOCK_DIFFERENCE = 60.0

_MAX_ADDRESSES = 8

# Certificates of 90 days are usually renewed 30 days before they expire.
_SOON = timedelta(days=14)

_CHECK_URL = "Check the base URL, and any proxy or login page in between."


def versions() -> Check:
    """Report the versions of the packages, of Python and of the system.

    The package `root-signals` beside this one is a warning.
    """
    parts = [
        f"root {__version__}",
        f"Python {platform.python_version()}",
        *(f"{name} {_version(name)}" for name in ("httpx", "httpcore", "pydantic")),
        f"{platform.system()} {platform.release()} {platform.machine()}",
        ssl.OPENSSL_VERSION,
    ]
    return _check("versions", True, ", ".join(parts), old_package_advice())


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        # Programs that are bundled into one file may lack the metadata.
        return "of unknown version"


def settings(key: Setting, base_url: Setting, offline: Setting) -> Check:
    """Report the API key, the base URL and offline mode, each with its source."""
    rest = str(base_url) if offline.value == "no" else f"{base_url}; {offline}"
    if key.source == "nowhere":
        return _check("settings", False, f"no API key was found; {rest}", SET_KEY)
    return _check("settings", True, f"{key}; {rest}")


def invalid_settings(problem: str, advice: str | None) -> Check:
    """Report settings with which no client can be created."""
    return _check("settings", False, problem, advice)


def proxy(proxy: Setting, problem: str | None) -> Check:
    """Report the proxy, and why it cannot be used, if it cannot."""
    if problem is not None:
        return _check("proxy", False, f"{proxy.value} ({proxy.source})", problem)
    if proxy.value == "none":
        source = "" if proxy.source == "default" else f" ({proxy.source})"
        return _check("proxy", None, f"none is used{source}")
    return _check("proxy", True, f"{proxy.value} ({proxy.source})")


def resolved(host: str, addresses: Sequence[str], seconds: float) -> Check:
    """Report the addresses of a host name."""
    if list(addresses) == [host]:
        return _check("dns", None, f"{host} is an address, not a name")
    more = len(addresses) - _MAX_ADDRESSES
    shown = ", ".join(addresses[:_MAX_ADDRESSES]) + (f" and {more} more" if more > 0 else "")
    return _check("dns", True, f"{host} is at {shown} ({_ms(seconds)})", seconds=seconds)


def unresolved(host: str, exc: Exception, source: str) -> Check:
    """Report a host name that could not be resolved; `source` is where it was given."""
    return _check(
        "dns",
        False,
        f"the host name {host} could not be resolved ({_reason(exc)})",
        f"Check {source}, the network, the VPN if one is required, and the DNS servers of this"
        " machine.",
    )


def connected(
    failures: Sequence[tuple[str, Exception]],
    address: str | None,
    seconds: float,
    proxy: str | None,
    host: str,
) -> Check:
    """Report which address of a host accepted a connection.

    Args:
        failures: The addresses that failed, each with the exception.
        address: The one that accepted a connection, if any.
        seconds: How long it took.
        proxy: The proxy whose addresses these are, or None if they are the service's.
        host: The service's host.
    """
    failed = "; ".join(f"{failure}: {_reason(exc)}" for failure, exc in failures)
    if address is None:
        detail = failed or "there is no address to connect to"
        advice = (
            "Check the host and the port, that the service is running there, the firewall, and"
            " whether a proxy is required (HTTPS_PROXY)."
        )
        if proxy is not None:
            detail = f"the proxy {proxy} was not reached ({detail})"
            advice = (
                "Check the host and the port of the proxy in the environment, that it is running,"
                f" and the firewall. If no proxy is required, add {host} to NO_PROXY."
            )
        return _check("tcp", False, detail, advice, seconds)
    after = f", after {failed}" if failed else ""
    return _check("tcp", True, f"connected to {address} ({_ms(seconds)}){after}", seconds=seconds)


def proxy_tunnel(
    head: bytes, authority: str, proxy: str, secrets: Iterable[str], seconds: float
) -> Check:
    """Report the response of a proxy to a CONNECT request.

    Args:
        head: The head of the response, which may be incomplete.
        authority: Where the tunnel should lead.
        proxy: The proxy.
        secrets: What to redact in the response.
        seconds: How long it took.
    """
    line = redact(head.partition(b"\r\n")[0].decode("latin-1"), secrets)
    status = re.fullmatch(r"HTTP/1\.[01] (\d{3})(?: .*)?", line)
    if status is None:
        reaction = (
            f"responded {excerpt(line)!r}" if line else "closed the connection without a response"
        )
        return _check(
            "tunnel",
            False,
            f"{proxy} {reaction}",
            "It is probably not an HTTP proxy: check the host, the port and http:// or https:// of"
            " the proxy in the environment.",
            seconds,
        )
    if status[1].startswith("2"):
        detail = f"{proxy} opened a tunnel to {authority} ({_ms(seconds)})"
        return _check("tunnel", True, detail, seconds=seconds)
    advice = (
        f"Ask the operator of the proxy to allow connections to {authority}, or add the host to"
        " NO_PROXY."
    )
    if status[1] == "407":
        advice = (
            "Put the user name and password into the proxy's URL: http://user:password@host:port."
        )
    detail = f"{proxy} refused a tunnel to {authority} ({excerpt(line)})"
    return _check("tunnel", False, detail, advice, seconds)


def tunnel_failed(proxy: str, exc: Exception) -> Check:
    """Report a proxy that did not respond to a CONNECT request."""
    return _check(
        "tunnel",
        False,
        f"{proxy} did not respond ({_reason(exc)})",
        "Check the proxy, and whether its URL should start with http:// or https://.",
    )


def secured(
    protocol: str, cipher: str, chain: Sequence[bytes], trust: str, now: datetime, seconds: float
) -> Check:
    """Report the encryption of a connection, and the certificates that were trusted."""
    detail = f"{protocol} with {cipher} ({_ms(seconds)}); {_chain(chain, now)}; trusting {trust}"
    return _check("tls", True, detail, _expiring(chain, now), seconds)


def untrusted(
    name: str,
    exc: ssl.SSLCertVerificationError,
    host: str,
    chain: Sequence[bytes],
    trust: str,
    now: datetime,
) -> Check:
    """Report why a certificate is not trusted, with the certificates of the server."""
    detail, advice = untrusted_certificate(exc, host)
    return _check(name, False, f"{detail}; {_chain(chain, now)}; trusting {trust}", advice)


def insecure(name: str, exc: Exception, host: str) -> Check:
    """Report a TLS handshake that failed for another reason than the certificate."""
    advice = "Check the port, and whether the URL should start with http:// or https://."
    if isinstance(exc, ssl.SSLError):
        advice = tls_advice(exc)
    detail = f"no TLS connection with {host} could be established ({_reason(exc)})"
    return _check(name, False, detail, advice)


def clock(date: str | None, started: float, ended: float) -> Check:
    """Report how much the clock of this machine differs from the service's.

    Args:
        date: The Date header of a response, in whole seconds (RFC 9110, 6.6.1).
        started: When the request was sent, in seconds since 1970 by the clock of this machine.
        ended: When the response had arrived.
    """
    try:
        there = parsedate_to_datetime(date or "")
    except ValueError:
        return _check("clock", None, "the response has no valid Date header")
    if there.tzinfo is None:
        there = there.replace(tzinfo=UTC)
    # A Date is truncated, not rounded, so it is half a second early on average.
    difference = (started + ended) / 2 - (there.timestamp() + 0.5)
    accuracy = 1 + max(ended - started, 0)
    if abs(difference) <= accuracy:
        detail = f"agrees with the service's, accurate to {accuracy:.1f} s"
    else:
        direction = "ahead of" if difference > 0 else "behind"
        detail = (
            f"{_duration(abs(difference))} {direction} the service's, accurate to {accuracy:.1f} s"
        )
    if abs(difference) <= _MAX_CLOCK_DIFFERENCE:
        return _check("clock", True, detail)
    return _check(
        "clock",
        False,
        detail,
        "Set the clock of this machine, preferably by NTP: certificates and waits depend on it.",
    )


def authentication(response: RawResponse, url: str, key: Setting, secrets: Iterable[str]) -> Check:
    """Report whether the service accepts the key.

    Args:
        response: The response to a request for one model.
        url: The URL of the request.
        key: The key as it may be shown.
        secrets: What to redact in the response.
    """
    secrets = tuple(secrets)
    status = response.status
    media_type = redact(response.header(b"content-type") or "no content type", secrets)
    if 200 <= status < 300:
        if _is_page(response.content):
            return _check("authentication", True, f"the key {key.value} is accepted ({status})")
        detail = f"the response is not the API's ({status}, {excerpt(media_type)})"
        return _check("authentication", False, detail, _CHECK_URL)
    error = status_error(
        RequestInfo("GET", url),
        status,
        response.content,
        content_type=response.header(b"content-type"),
        secrets=secrets,
    )
    shown = f"{status}: {error.detail}" if error.detail else f"{status}, {excerpt(media_type)}"
    is_json = "json" in media_type
    if status == 401:
        detail = f"the key {key.value} was rejected ({shown})"
        advice = f"Check the key, or get a new one; it comes from: {key.source}."
    elif status == 403 and is_json:
        detail = f"the key {key.value} is unknown, or may not list models ({shown})"
        advice = f"Check the key and its permissions; it comes from: {key.source}."
    elif status == 404:
        detail = f"{url} does not exist ({shown})"
        advice = _CHECK_URL
    elif status == 429:
        detail = f"the key was not checked, because there were too many requests ({shown})"
        advice = "Wait a while, and check again."
    elif status >= 500:
        detail = f"the service, or a proxy in front of it, failed ({shown})"
        advice = "Try again later. If it keeps failing, report it to the service."
    elif 300 <= status < 400:
        location = redact(response.header(b"location") or "nowhere", secrets)
        detail = f"the service redirects elsewhere ({status} to {excerpt(location)})"
        advice = _CHECK_URL
    else:
        detail = f"the request was rejected, probably by something in between ({shown})"
        advice = _CHECK_URL
    return _check("authentication", False, detail, advice)


def no_key(problem: str | None) -> Check:
    """Report that there is no key, or, with a problem, why its function returned none."""
    if problem is None:
        return skipped("authentication", "settings")
    advice = "Correct the function that was passed as api_key."
    return _check("authentication", False, problem, advice)


def broken_request(
    name: str, exc: Exception, url: str, origin: Origin, secrets: Iterable[str]
) -> Check:
    """Report a request without a usable response."""
    if isinstance(exc, RootSignalsError):
        return _check(name, False, str(exc), "Correct this, and check again.")
    request = RequestInfo("GET", url)
    failure = broken_exchange(exc, request, origin, secrets=secrets)
    if failure is None:
        # The user's HTTP client can raise anything, and its message can contain anything.
        advice = "Check the HTTP client that was passed."
        return _check(name, False, f"{type(exc).__name__} was raised", advice)
    head, message = f"{request} failed: {failure.cause}.", str(failure.error)
    advice = message.removeprefix(head).strip() if head in message else _CHECK_URL
    return _check(name, False, failure.cause or "", advice)


def request_times(seconds: Sequence[float]) -> Check:
    """Report how long a request takes."""
    best = min(seconds)
    times = ", ".join(_ms(each) for each in seconds)
    return _check("request", True, f"{_ms(best)}, the best of {times}", seconds=best)


def skipped(name: str, failed: str) -> Check:
    """Report a check that was skipped, because one that it depends on failed."""
    return _check(name, None, f"skipped, because {failed} failed")


def _check(
    name: str, ok: bool | None, detail: str, advice: str | None = None, seconds: float | None = None
) -> Check:
    return Check(name, ok, _clean(detail), advice and _clean(advice), seconds)


def _clean(text: str) -> str:
    """Return the text on one line."""
    return printable(text.replace("\n", " "))


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.1f} ms"


def _duration(seconds: float) -> str:
    """Return seconds in the largest unit of which there are at least two."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _reason(exc: Exception) -> str:
    if isinstance(exc, TimeoutError):
        return "timed out"
    if isinstance(exc, ConnectionRefusedError):
        return "refused the connection"
    reason: object = getattr(exc, "reason", None) or getattr(exc, "strerror", None)
    return str(reason or str(exc) or type(exc).__name__)


def _chain(chain: Sequence[bytes], now: datetime) -> str:
    """Return a description of a chain of certificates, the server's own first."""
    try:
        certificates = [read_certificate(der) for der in chain]
    except ValueError:
        return "its certificates cannot be parsed"
    if not certificates:
        return "its certificates are not available"
    parts: list[str] = []
    for certificate in certificates:
        days = (certificate.not_after - now).days
        left = f"{days} {'day' if days == 1 else 'days'} left" if days >= 0 else "expired"
        parts.append(f"{certificate.subject} until {certificate.not_after:%Y-%m-%d} ({left})")
    last = certificates[-1]
    parts.append("itself" if last.issuer == last.subject else last.issuer)
    return "certificate of " + ", issued by ".join(parts)


def _expiring(chain: Sequence[bytes], now: datetime) -> str | None:
    """Return what to do if one of these certificates expires soon."""
    with suppress(ValueError):
        for certificate in map(read_certificate, chain):
            # Certificates with a lifetime of a few days are renewed in its last third.
            usual = (certificate.not_after - certificate.not_before) / 3
            if certificate.not_after - now < min(_SOON, usual):
                return (
                    f"The certificate of {certificate.subject} expires soon: the operator of the"
                    " server has to renew it."
                )
    return None


def _is_page(content: bytes) -> bool:
    try:
        page: object = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(page, dict) and "results" in page
