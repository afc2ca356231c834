"""Offline mode: with `ROOTSIGNALS_OFFLINE`, no connection leaves this machine.

It is checked when a connection is opened. So it costs calls nothing, and does not affect a test
that replaces the network.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import traceback
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

    from .messages import Origin

__all__ = [
    "OFFLINE",
    "blocked",
    "check_connection",
    "check_transport",
    "new_blocked_log",
    "offline_advice",
    "offline_reason",
    "pop_blocked",
    "test_guard_active",
]

OFFLINE = "ROOTSIGNALS_OFFLINE"

_TEST_ADVICE = (
    "Use the emulator (the pytest fixture root_emulator, or root.testing.emulator), or mark the"
    " test @pytest.mark.root_real_service."
)

_logger = logging.getLogger("rootsignals")

test_guard_active = False
"""Whether tests have switched offline mode on, by setting this.

The environment variable is for child processes, and tests may empty the environment.
"""


def new_blocked_log() -> deque[str]:
    """Return a log of blocked connections and the places in the code that caused them."""
    return deque(maxlen=100)


# Tests rely on neither the error nor the logger: the code under test may suppress the one, and the
# test run may disable the other.
blocked = new_blocked_log()
"""The connections that were blocked. A nested test uses a log of its own until it ends."""


def pop_blocked() -> str:
    """Return a message on the connections that were blocked since the last call, or ''."""
    lines = [f"  {blocked.popleft()}" for _ in range(len(blocked))]
    if not lines:
        return ""
    return "\n".join(["A test tried to connect to the real service:", *lines])


def offline_reason() -> str | None:
    """Return what switches offline mode on, or None if it is off."""
    if os.environ.get(OFFLINE):
        return f"environment variable {OFFLINE}"
    return "a test's guard" if test_guard_active else None


def check_connection(origin: Origin, host: str) -> None:
    """Block a connection to another machine in offline mode.

    Args:
        origin: Where the service is.
        host: The host to connect to: the service's, or a proxy's.

    Raises:
        ConfigurationError: The connection is blocked.
    """
    if offline_reason() and not (_is_loopback(origin.host) and _is_loopback(host)):
        _block(origin)


def check_transport(client: httpx.Client | httpx.AsyncClient, origin: Origin) -> None:
    """Block the user's HTTP client if it may use the network in offline mode.

    Only httpx's own mock transports are known not to use it.

    Raises:
        ConfigurationError: The client is blocked.
    """
    if not offline_reason() or _is_loopback(origin.host):
        return
    # A user who has an httpx client has imported httpx.
    import httpx

    # httpx has no public way to find the transport for a URL. Without this private method, the
    # client is blocked.
    find = getattr(client, "_transport_for_url", None)
    transport = find and find(httpx.URL(origin.url))
    if not isinstance(transport, (httpx.MockTransport, httpx.ASGITransport, httpx.WSGITransport)):
        _block(origin, " For tests, give an HTTP client an httpx.MockTransport.")


def _block(origin: Origin, hint: str = "") -> None:
    # Imported late: the pytest plugin imports this module in every project.
    from .._secrets.redact import printable
    from ..errors import ConfigurationError
    from .logs import fields

    url = origin.url + origin.path
    blocked.append(printable(url + _caller()))
    # Like any other call that fails. The error may be suppressed, and is enough if it is not.
    _logger.warning(
        "Nothing is sent to %s: offline mode is on.", url, extra=fields("offline", base_url=url)
    )
    reason = "a test's guard" if test_guard_active else f"the environment variable {OFFLINE}"
    raise ConfigurationError(
        f"Nothing is sent to {url}: {reason} allows connections to this machine only."
        f" {offline_advice()}{hint}"
    )


def offline_advice() -> str:
    """Return what to do about offline mode."""
    return _TEST_ADVICE if test_guard_active else f"Unset {OFFLINE} to connect."


def _caller() -> str:
    """Return the place in the user's code that uses the SDK, if it is on the stack.

    The user's code is not on the stack of the SDK's own threads and tasks.
    """
    for frame, line in traceback.walk_stack(None):
        file = frame.f_code.co_filename
        package = frame.f_globals.get("__name__", "").partition(".")[0]
        # Scripts that start pytest, and pytest-xdist's workers, have no .py.
        is_library = (
            package == "root"
            or package in sys.stdlib_module_names
            or re.search(r"[/\\](site|dist)-packages[/\\]", file)
            or not file.endswith(".py")
        )
        if not is_library:
            return f", called from {file}:{line}"
    return ""


def _is_loopback(host: str) -> bool:
    from ipaddress import ip_address

    try:
        return ip_address(host).is_loopback
    except ValueError:
        # Names that never leave the machine (RFC 6761, 6.3).
        return host == "localhost" or host.endswith(".localhost")
