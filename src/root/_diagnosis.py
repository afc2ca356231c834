"""What `client.check()` makes of what it finds: facts in, a check out."""

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

from .__about__ import __version__
from ._certificates import read_certificate
from ._config import SET_KEY
from ._failures import broken_exchange, not_trusted
from ._redaction import scrub
from .checks import Check
from .errors import RequestInfo, RootSignalsError, excerpt, from_response

if TYPE_CHECKING:
    from ._http import Address, Answer
    from .config import Setting

__all__ = [
    "SERVICE",
    "WAY",
    "authentication",
    "broken",
    "clock",
    "connected",
    "found",
    "keyless",
    "not_found",
    "proxied",
    "secured",
    "skipped",
    "timed",
    "told_settings",
    "tunnelled",
    "unanswered",
    "unsecured",
    "untrusted",
    "versions",
]

WAY = ("proxy", "dns", "tcp", "tunnel", "tls")
"""The checks of the way to the service."""

SERVICE = ("clock", "authentication", "request")
"""The checks of the service, which need a way to it."""

# Beyond this, certificates may seem not yet valid or expired, and waits end at the wrong time.
_MOST_DIFFERENCE = 60.0

_MOST_ADDRESSES = 8

# Certificates of 90 days are usually renewed long before this.
_SOON = timedelta(days=14)

_CHECK_URL = "Check the base URL, and any proxy or login page in between."


def versions() -> Check:
    """Tell what is at work."""
    parts = [
        f"root {__version__}",
        f"Python {platform.python_version()}",
        *(f"{name} {_version(name)}" for name in ("httpx", "httpcore", "pydantic")),
        f"{platform.system()} {platform.release()} {platform.machine()}",
        ssl.OPENSSL_VERSION,
    ]
    return _check("versions", True, ", ".join(parts))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        # Programs that are packed into one file may leave it out.
        return "of unknown version"


def told_settings(key: Setting, base_url: Setting, offline: Setting) -> Check:
    """Tell where key and base URL come from, and whether this machine alone may be reached."""
    rest = str(base_url) if offline.value == "no" else f"{base_url}; {offline}"
    if key.source == "nowhere":
        return _check("settings", False, f"no API key was found; {rest}", SET_KEY)
    return _check("settings", True, f"{key}; {rest}")


def proxied(proxy: Setting, problem: str | None) -> Check:
    """Tell which proxy is used."""
    if problem is not None:
        return _check("proxy", False, f"{proxy.value} ({proxy.source})", problem)
    if proxy.value == "none":
        why = "" if proxy.source == "default" else f" ({proxy.source})"
        return _check("proxy", None, f"none is used{why}")
    return _check("proxy", True, f"{proxy.value} ({proxy.source})")


def found(host: str, addresses: Sequence[str], seconds: float) -> Check:
    """Tell which addresses a host name has."""
    if list(addresses) == [host]:
        return _check("dns", None, f"{host} is an address, not a name")
    more = len(addresses) - _MOST_ADDRESSES
    told = ", ".join(addresses[:_MOST_ADDRESSES]) + (f" and {more} more" if more > 0 else "")
    return _check("dns", True, f"{host} is at {told} ({_ms(seconds)})", seconds=seconds)


def not_found(host: str, exc: Exception, whose: str) -> Check:
    """Tell why a host name has no address."""
    return _check(
        "dns",
        False,
        f"the host name {host} could not be resolved ({_reason(exc)})",
        f"Check {whose}, the network, a VPN if one is needed, and the system's DNS servers.",
    )


def connected(
    failures: Sequence[tuple[str, Exception]],
    reached: str | None,
    seconds: float,
    proxy: str | None,
    host: str,
) -> Check:
    """Tell which of a host's addresses takes connections.

    Args:
        failures: The addresses that failed, and how.
        reached: The one that did not, if any.
        seconds: How long it took.
        proxy: The proxy whose addresses these are, or None if they are the service's.
        host: The service's host.
    """
    told = "; ".join(f"{place}: {_reason(exc)}" for place, exc in failures)
    if reached is None:
        told = told or "there is no address to connect to"
        advice = (
            "Check host and port, that the service runs there, the firewall, and whether a proxy"
            " is needed (HTTPS_PROXY)."
        )
        if proxy is not None:
            told = f"the proxy {proxy} was not reached ({told})"
            advice = (
                "Check host and port of the proxy in the environment, that it runs, and the"
                f" firewall; or except {host} in NO_PROXY if no proxy is needed."
            )
        return _check("tcp", False, told, advice, seconds)
    before = f", after {told}" if told else ""
    return _check("tcp", True, f"connected to {reached} ({_ms(seconds)}){before}", seconds=seconds)


def tunnelled(
    head: bytes, authority: str, proxy: str, secrets: Iterable[str], seconds: float
) -> Check:
    """Tell what a proxy answered when it was asked for a tunnel.

    Args:
        head: The head of its answer, or as much of it as there is.
        authority: Where the tunnel should lead.
        proxy: The proxy.
        secrets: What must not show.
        seconds: How long it took.
    """
    line = scrub(head.partition(b"\r\n")[0].decode("latin-1"), secrets)
    status = re.fullmatch(r"HTTP/1\.[01] (\d{3})(?: .*)?", line)
    if status is None:
        said = f"answered {excerpt(line)!r}" if line else "hung up without an answer"
        return _check(
            "tunnel",
            False,
            f"{proxy} {said}",
            "This seems to be no HTTP proxy: check host, port and http:// or https:// of the one"
            " that the environment names.",
            seconds,
        )
    if status[1].startswith("2"):
        told = f"{proxy} leads to {authority} ({_ms(seconds)})"
        return _check("tunnel", True, told, seconds=seconds)
    advice = f"Ask who runs the proxy to let {authority} pass, or except it in NO_PROXY."
    if status[1] == "407":
        advice = "Put user name and password into the proxy's URL: http://user:password@host:port."
    told = f"{proxy} refused the way to {authority} ({excerpt(line)})"
    return _check("tunnel", False, told, advice, seconds)


def unanswered(proxy: str, exc: Exception) -> Check:
    """Tell why a proxy that was asked for a tunnel did not answer."""
    return _check(
        "tunnel",
        False,
        f"{proxy} gave no answer ({_reason(exc)})",
        "Check the proxy, and whether its URL should start with http:// or https://.",
    )


def secured(
    protocol: str, cipher: str, chain: Sequence[bytes], trust: str, now: datetime, seconds: float
) -> Check:
    """Tell how a connection is encrypted and whose certificates were trusted."""
    told = f"{protocol} with {cipher} ({_ms(seconds)}); {_chain(chain, now)}; trusting {trust}"
    return _check("tls", True, told, _soon_over(chain, now), seconds)


def untrusted(
    name: str,
    exc: ssl.SSLCertVerificationError,
    host: str,
    chain: Sequence[bytes],
    trust: str,
    now: datetime,
) -> Check:
    """Tell why a certificate is not trusted, and what the server shows."""
    told, advice = not_trusted(exc, host)
    return _check(name, False, f"{told}; {_chain(chain, now)}; trusting {trust}", advice)


def unsecured(name: str, exc: Exception, host: str) -> Check:
    """Tell why there is no encrypted connection."""
    return _check(
        name,
        False,
        f"no TLS connection could be made with {host} ({_reason(exc)})",
        "Check whether the URL should start with http:// or https://, and the port. If the server"
        " wants a client certificate, give one in Python: an ssl_context that has it.",
    )


def clock(date: str | None, started: float, ended: float) -> Check:
    """Tell how far the clock of this machine is from the service's.

    Args:
        date: The Date header of an answer, in whole seconds (RFC 9110, 6.6.1).
        started: When the request was sent, in seconds since 1970 by the clock of this machine.
        ended: When the answer was there.
    """
    try:
        there = parsedate_to_datetime(date or "")
    except ValueError:
        return _check("clock", None, "the answer has no Date that can be read")
    if there.tzinfo is None:
        there = there.replace(tzinfo=UTC)
    # A Date is cut off, not rounded, so on average it is half a second ago.
    difference = (started + ended) / 2 - (there.timestamp() + 0.5)
    certainty = 1 + max(ended - started, 0)
    ahead = "ahead of" if difference > 0 else "behind"
    told = f"{_duration(abs(difference))} {ahead} the service's, give or take {certainty:.1f} s"
    if abs(difference) <= certainty:
        told = f"that of the service, give or take {certainty:.1f} s"
    if abs(difference) <= _MOST_DIFFERENCE:
        return _check("clock", True, told)
    return _check(
        "clock",
        False,
        told,
        "Set the clock of this machine, best by NTP: certificates and waits depend on it.",
    )


def authentication(answer: Answer, url: str, key: Setting, secrets: Iterable[str]) -> Check:
    """Tell whether the service accepts the key.

    Args:
        answer: What it answered when it was asked for one model.
        url: What it was asked.
        key: The key as it may be shown.
        secrets: What must not show.
    """
    secrets = tuple(secrets)
    status = answer.status
    kind = scrub(answer.header(b"content-type") or "no content type", secrets)
    if 200 <= status < 300:
        if _is_page(answer.content):
            return _check("authentication", True, f"the key {key.value} is accepted ({status})")
        told = f"the answer is not the API's ({status}, {excerpt(kind)})"
        return _check("authentication", False, told, _CHECK_URL)
    detail = from_response(RequestInfo("GET", url), status, answer.content, secrets=secrets).detail
    said = f"{status}: {detail}" if detail else f"{status}, {excerpt(kind)}"
    is_json = "json" in kind
    if status == 401:
        told = f"the key {key.value} was refused ({said})"
        advice = f"Check the key, or get a new one; it comes from: {key.source}."
    elif status == 403 and is_json:
        told = f"the key {key.value} is unknown, or may not list models ({said})"
        advice = f"Check the key and what it may do; it comes from: {key.source}."
    elif status == 404:
        told = f"there is no {url} ({said})"
        advice = _CHECK_URL
    elif status == 429:
        told = f"the service has had too many requests, and said nothing of the key ({said})"
        advice = "Wait a while, and check again."
    elif status >= 500:
        told = f"the service, or a proxy in front of it, failed ({said})"
        advice = "Try again later; if it lasts, report it to the service."
    elif 300 <= status < 400:
        where = scrub(answer.header(b"location") or "nowhere", secrets)
        told = f"the service leads elsewhere ({status} to {excerpt(where)})"
        advice = _CHECK_URL
    else:
        told = f"the request was refused, probably by something in between ({said})"
        advice = _CHECK_URL
    return _check("authentication", False, told, advice)


def keyless(problem: str | None) -> Check:
    """Tell that there is no key to be checked, or why its function gave none."""
    if problem is None:
        return skipped("authentication", "settings")
    advice = "Mend the function that was given as api_key."
    return _check("authentication", False, problem, advice)


def broken(exc: Exception, url: str, address: Address, secrets: Iterable[str]) -> tuple[str, str]:
    """Return what broke an exchange, and what to do."""
    if isinstance(exc, RootSignalsError):
        return _clean(str(exc)), "Mend it, and check again."
    request = RequestInfo("GET", url)
    failure = broken_exchange(exc, request, address, secrets=secrets)
    if failure is None:
        # An http client of the user's can raise anything, and its words can hold anything.
        return f"{type(exc).__name__} was raised", "Look into the http client that was given."
    error, _, cause = failure
    head, advice = f"{request} failed: {cause}.", str(error)
    return _clean(cause), _clean(
        advice.removeprefix(head).strip() if head in advice else _CHECK_URL
    )


def timed(seconds: Sequence[float]) -> Check:
    """Tell how long a request takes."""
    best = min(seconds)
    times = ", ".join(_ms(each) for each in seconds)
    return _check("request", True, f"{_ms(best)}, the best of {times}", seconds=best)


def skipped(name: str, because: str) -> Check:
    """Tell that something was not looked at, since what it needs failed."""
    return _check(name, None, f"not looked at, since {because} failed")


def _check(
    name: str, ok: bool | None, told: str, advice: str | None = None, seconds: float | None = None
) -> Check:
    return Check(name, ok, _clean(told), advice and _clean(advice), seconds)


def _clean(text: str) -> str:
    """Return the text on one line: a stranger's may hold what moves a terminal's cursor."""
    return "".join(char if char.isprintable() else " " for char in text)


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
        return "no answer in time"
    if isinstance(exc, ConnectionRefusedError):
        return "refused the connection"
    reason: object = getattr(exc, "reason", None) or getattr(exc, "strerror", None)
    return str(reason or str(exc) or type(exc).__name__)


def _chain(chain: Sequence[bytes], now: datetime) -> str:
    """Return a chain of certificates, the server's own first."""
    try:
        certificates = [read_certificate(der) for der in chain]
    except ValueError:
        return "its certificates cannot be read"
    if not certificates:
        return "its certificates could not be seen"
    told: list[str] = []
    for certificate in certificates:
        days = (certificate.not_after - now).days
        left = f"{days} {'day' if days == 1 else 'days'} left" if days >= 0 else "over"
        told.append(f"{certificate.subject} until {certificate.not_after:%Y-%m-%d} ({left})")
    last = certificates[-1]
    told.append("itself" if last.issuer == last.subject else last.issuer)
    return "certificate of " + ", issued by ".join(told)


def _soon_over(chain: Sequence[bytes], now: datetime) -> str | None:
    """Return what to do if one of these certificates is over soon."""
    with suppress(ValueError):
        for certificate in map(read_certificate, chain):
            # Those that are made for a few days are renewed in the last third of them.
            usual = (certificate.not_after - certificate.not_before) / 3
            if certificate.not_after - now < min(_SOON, usual):
                return (
                    f"The certificate of {certificate.subject} is over soon: whoever runs the"
                    " server has to renew it."
                )
    return None


def _is_page(content: bytes) -> bool:
    try:
        page: object = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(page, dict) and "results" in page
