# Generated from src/root/_async/check.py by scripts/generate_sync.py. Do not edit.
"""What the client is made of and how far it gets, step by step."""

from __future__ import annotations

from dataclasses import replace
from time import monotonic, time
from typing import TYPE_CHECKING

from .. import _diagnosis as diagnosis
from .._concurrency import in_thread, value
from .._config import check_key, no_key
from .._failures import KeyTimeoutError
from .._http import MOST_REDIRECTS, Address, Request, proxy_for, redirected
from .._logs import hidden
from .._offline import check_connection
from .._probe import Way, look_up
from ..checks import Check, Report
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from .._config import Config
    from .._http import Answer, Proxy
    from ..config import Setting, Settings
    from .transport import Transport

__all__ = ["check"]

_TARGET = "/v1/models/?page_size=1"

_TIMED_REQUESTS = 3


def check(config: Config, settings: Settings, transport: Transport, timeout: float) -> Report:
    """Look at everything in its order; the arguments are the client's own parts."""
    explained = {setting.name: setting for setting in settings.explain()}
    checks = [
        diagnosis.versions(),
        diagnosis.told_settings(explained["api_key"], explained["base_url"], explained["offline"]),
    ]
    if transport.http_client is None:
        way = _way(config, explained, timeout)
    else:
        told = "left to the http client that was given"
        way = [Check(name, None, told) for name in diagnosis.WAY]
    failed = [step.name for step in way if step.ok is False]
    if failed:
        service = [diagnosis.skipped(name, failed[0]) for name in diagnosis.SERVICE]
    else:
        service = _service(config, explained["api_key"], transport, timeout)
    return Report((*checks, *way, *service))


def _way(config: Config, explained: dict[str, Setting], timeout: float) -> list[Check]:
    """Look at the way to the service."""
    address = Address.of(config.base_url)
    proxy: Proxy | None = None
    problem: str | None = None
    try:
        proxy = proxy_for(address)
    except ConfigurationError as exc:
        problem = str(exc)
    checks = [diagnosis.proxied(explained["proxy"], problem)]
    if problem is not None:
        return checks + [diagnosis.skipped(name, "proxy") for name in diagnosis.WAY[1:]]
    stop = address if proxy is None else proxy.address
    try:
        check_connection(address, stop.host)
    except ConfigurationError as exc:
        checks.append(Check("dns", False, "this machine alone is allowed", str(exc)))
        return checks + [diagnosis.skipped(name, "dns") for name in diagnosis.WAY[2:]]
    started = monotonic()
    try:
        found = in_thread(lambda: look_up(stop), timeout)
    except (OSError, UnicodeError) as exc:
        whose = "the base URL" if proxy is None else "the proxy that the environment names"
        checks.append(diagnosis.not_found(stop.host, exc, whose))
        return checks + [diagnosis.skipped(name, "dns") for name in diagnosis.WAY[2:]]
    places = list(dict.fromkeys(one.host for one in found))
    checks.append(diagnosis.found(stop.host, places, monotonic() - started))
    trust = explained["ssl_context"]
    way = Way(address, proxy, found, config.ssl_context, f"{trust.value} ({trust.source})", timeout)
    # It keeps to its bounds itself.
    return checks + in_thread(way.go, None)


def _service(
    config: Config, explained: Setting, transport: Transport, timeout: float
) -> list[Check]:
    """Look at what the service answers."""
    address = Address.of(config.base_url)
    key, problem = _key(config, timeout)
    headers = list(config.headers)
    if key is not None:
        headers.append((b"Authorization", b"Api-Key " + key.encode("ascii")))
    request = Request("GET", address, address.path + _TARGET, headers)
    secrets = (*(() if key is None else (key,)), *config.default_headers.values())
    started = time()
    try:
        answer = _answer(request, transport, timeout, secrets)
    except Exception as exc:  # noqa: BLE001 - whatever it is, it is what was to be found out.
        told, advice = diagnosis.broken(exc, request.url, address, secrets)
        return [
            diagnosis.skipped("clock", "authentication"),
            Check("authentication", False, told, advice),
            diagnosis.skipped("request", "authentication"),
        ]
    clock = diagnosis.clock(answer.header(b"date"), started, time())
    if key is None:
        failed = "settings" if problem is None else "authentication"
        return [clock, diagnosis.keyless(problem), diagnosis.skipped("request", failed)]
    # What a function gave is known only now.
    shown = replace(explained, value=replace(config, api_key=key).fingerprint)
    accepted = diagnosis.authentication(answer, request.url, shown, secrets)
    if not accepted.ok:
        # How long it takes to be refused tells nothing of how long a call takes.
        return [clock, accepted, diagnosis.skipped("request", "authentication")]
    times: list[float] = []
    try:
        for _ in range(_TIMED_REQUESTS):
            before = monotonic()
            answer = _answer(request, transport, timeout, secrets)
            times.append(monotonic() - before)
            again = diagnosis.authentication(answer, request.url, shown, secrets)
            if not again.ok:
                return [clock, accepted, replace(again, name="request")]
    except Exception as exc:  # noqa: BLE001 - as above.
        told, advice = diagnosis.broken(exc, request.url, address, secrets)
        return [clock, accepted, Check("request", False, told, advice)]
    return [clock, accepted, diagnosis.timed(times)]


def _key(config: Config, timeout: float) -> tuple[str | None, str | None]:
    """Return the key, or what is wrong with the function that should give it."""
    key = config.api_key
    if key is no_key:
        return None, None
    if not callable(key):
        return key, None
    try:
        given = value(key(), timeout)
        return check_key(given, "What the api_key function returns"), None
    except KeyTimeoutError:
        return None, f"the api_key function gave no key within {timeout:g} s"
    except ConfigurationError as exc:
        return None, str(exc)
    except Exception as exc:  # noqa: BLE001 - a function of the user's can raise anything.
        # Not its words, which may hold a secret.
        return None, f"the api_key function raised {type(exc).__name__}"


def _answer(
    request: Request, transport: Transport, timeout: float, secrets: tuple[str, ...]
) -> Answer:
    """Return the answer to a request, and follow it where a call would."""
    until = monotonic() + timeout
    hidden_before = hidden.get()
    hidden.set(secrets)
    try:
        answer = transport.exchange(request, timeout, until)
        for _ in range(MOST_REDIRECTS - 1):
            following = redirected(request, answer)
            if following is None:
                break
            request = following
            answer = transport.exchange(request, timeout, until)
        return answer
    finally:
        # Not by its token, as in a call.
        hidden.set(hidden_before)
