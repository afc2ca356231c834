"""The checks of `client.check()`, in their order."""

from __future__ import annotations

from dataclasses import replace
from time import time
from typing import TYPE_CHECKING

from .._concurrency.waiting import KeyTimeoutError, async_resolved, monotonic
from .._concurrency.workers import async_in_thread
from .._config.config import no_key
from .._config.validation import check_key
from .._doctor import findings
from .._doctor.probe import ConnectionProbe, look_up
from .._doctor.report import Check, Report
from .._http.messages import Origin, Request
from .._http.offline import check_connection, offline_advice
from .._http.proxies import proxy_for
from .._secrets.logs import active_secrets
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from .._config.config import Config
    from .._http.messages import RawResponse
    from .._http.proxies import Proxy
    from ..config import Setting, Settings
    from .transport import AsyncTransport

__all__ = ["check"]

_TARGET = "/v1/models/?page_size=1"

_TIMED_REQUESTS = 3


async def check(
    config: Config, settings: Settings, transport: AsyncTransport, timeout: float
) -> Report:
    """Run all checks; the arguments are the parts of the client."""
    explained = {setting.name: setting for setting in settings.explain()}
    checks = [
        findings.versions(),
        findings.settings(explained["api_key"], explained["base_url"], explained["offline"]),
    ]
    if transport.http_client is None:
        connection = await _connection(config, explained, timeout)
    else:
        detail = "left to the HTTP client that was passed"
        connection = [Check(name, None, detail) for name in findings.CONNECTION]
    failed = [step.name for step in connection if step.ok is False]
    if failed:
        service = [findings.skipped(name, failed[0]) for name in findings.SERVICE]
    else:
        service = await _service(config, explained["api_key"], transport, timeout)
    return Report((*checks, *connection, *service))


async def _connection(config: Config, explained: dict[str, Setting], timeout: float) -> list[Check]:
    """Check the connection to the service."""
    origin = Origin.from_url(config.base_url)
    proxy: Proxy | None = None
    problem: str | None = None
    try:
        proxy = proxy_for(origin)
    except ConfigurationError as exc:
        problem = str(exc)
    checks = [findings.proxy(explained["proxy"], problem)]
    if problem is not None:
        return checks + [findings.skipped(name, "proxy") for name in findings.CONNECTION[1:]]
    first = origin if proxy is None else proxy.origin
    try:
        check_connection(origin, first.host)
    except ConfigurationError:
        detail = "only connections to this machine are allowed"
        checks.append(Check("dns", False, detail, offline_advice()))
        return checks + [findings.skipped(name, "dns") for name in findings.CONNECTION[2:]]
    started = monotonic()
    try:
        addresses = await async_in_thread(lambda: look_up(first), timeout)
    except (OSError, UnicodeError) as exc:
        source = "the base URL" if proxy is None else "the proxy in the environment"
        checks.append(findings.unresolved(first.host, exc, source))
        return checks + [findings.skipped(name, "dns") for name in findings.CONNECTION[2:]]
    hosts = list(dict.fromkeys(address.host for address in addresses))
    checks.append(findings.resolved(first.host, hosts, monotonic() - started))
    trust = explained["ssl_context"]
    probe = ConnectionProbe(
        origin, proxy, addresses, config.ssl_context, f"{trust.value} ({trust.source})", timeout
    )
    # It keeps its timeouts itself.
    return checks + await async_in_thread(probe.run, None)


async def _service(
    config: Config, explained: Setting, transport: AsyncTransport, timeout: float
) -> list[Check]:
    """Check the responses of the service."""
    origin = Origin.from_url(config.base_url)
    key, problem = await _key(config, timeout)
    headers = list(config.headers)
    if key is not None:
        headers.append((b"Authorization", b"Api-Key " + key.encode("ascii")))
    request = Request("GET", origin, origin.path + _TARGET, headers)
    secrets = (*(() if key is None else (key,)), *config.default_headers.values())
    started = time()
    try:
        response = await _respond(request, transport, timeout, secrets)
    except Exception as exc:  # noqa: BLE001 - it is what the check is for.
        return [
            findings.skipped("clock", "authentication"),
            findings.broken_request("authentication", exc, request.url, origin, secrets),
            findings.skipped("request", "authentication"),
        ]
    clock = findings.clock(response.header(b"date"), started, time())
    if key is None:
        failed = "settings" if problem is None else "authentication"
        return [clock, findings.no_key(problem), findings.skipped("request", failed)]
    # The result of a function is known only now.
    shown = replace(explained, value=replace(config, api_key=key).fingerprint)
    accepted = findings.authentication(response, request.url, shown, secrets)
    if not accepted.ok:
        # A rejected request may take less time than a call.
        return [clock, accepted, findings.skipped("request", "authentication")]
    times: list[float] = []
    try:
        for _ in range(_TIMED_REQUESTS):
            before = monotonic()
            response = await _respond(request, transport, timeout, secrets)
            times.append(monotonic() - before)
            again = findings.authentication(response, request.url, shown, secrets)
            if not again.ok:
                return [clock, accepted, replace(again, name="request")]
    except Exception as exc:  # noqa: BLE001 - as above.
        broken = findings.broken_request("request", exc, request.url, origin, secrets)
        return [clock, accepted, broken]
    return [clock, accepted, findings.request_times(times)]


async def _key(config: Config, timeout: float) -> tuple[str | None, str | None]:
    """Return the key, or what is wrong with the function that returns it."""
    key = config.api_key
    if key is no_key:
        return None, None
    if not callable(key):
        return key, None
    try:
        returned = await async_resolved(key(), timeout)
        return check_key(returned, "The return value of the api_key function"), None
    except KeyTimeoutError:
        return None, f"the api_key function returned no key within {timeout:g} s"
    except ConfigurationError as exc:
        return None, str(exc)
    except Exception as exc:  # noqa: BLE001 - the user's function can raise anything.
        # Not its message, which may contain a secret.
        return None, f"the api_key function raised {type(exc).__name__}"


async def _respond(
    request: Request, transport: AsyncTransport, timeout: float, secrets: tuple[str, ...]
) -> RawResponse:
    """Return the response to a request, and follow redirects as a call does."""
    secrets_before = active_secrets.get()
    active_secrets.set(secrets)
    try:
        return await transport.follow(request, timeout, monotonic() + timeout)
    finally:
        # Not by its token, as in a call.
        active_secrets.set(secrets_before)
