"""What `ROOTSIGNALS_OFFLINE` asks for: nothing leaves this machine.

It is looked after where a connection is opened. So it costs calls nothing, and a test that puts
something else in the network's place is left alone.
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

    from ._http import Address

__all__ = [
    "OFFLINE",
    "asked_by",
    "check_connection",
    "check_transport",
    "guarded",
    "new_refused",
    "refused",
    "take_refused",
]

OFFLINE = "ROOTSIGNALS_OFFLINE"

_log = logging.getLogger("root.client")

guarded = False
"""Whether tests ask for the same, which set it here.

The variable is for child processes, and tests may well empty the environment.
"""


def new_refused() -> deque[str]:
    """Return what has room for that which is refused, and where it was asked for."""
    return deque(maxlen=100)


# Tests rely on neither the error nor the log: the code under test may swallow the one, and whoever
# tests may silence the other.
refused = new_refused()
"""What was refused; a test within another puts its own in this place until it ends."""


def take_refused() -> str:
    """Return what was refused since this was last asked, in words; nothing for nothing."""
    told = [f"  {refused.popleft()}" for _ in range(len(refused))]
    if not told:
        return ""
    return "\n".join(["The real service was asked for, which tests do not reach:", *told])


def asked_by() -> str | None:
    """Return what asks that nothing leaves this machine, or None if nothing does."""
    if os.environ.get(OFFLINE):
        return f"environment variable {OFFLINE}"
    return "a test's guard" if guarded else None


def check_connection(address: Address, host: str) -> None:
    """Refuse a connection that leads away from this machine, if that is asked for.

    Args:
        address: Where the service is.
        host: What is connected to: the service's host, or a proxy's.

    Raises:
        ConfigurationError: It does.
    """
    if asked_by() and not (_is_loopback(address.host) and _is_loopback(host)):
        _refuse(address)


def check_transport(client: httpx.Client | httpx.AsyncClient, address: Address) -> None:
    """Refuse an http client of the user's that may reach the network, if that is asked for.

    Only of httpx's own stand-ins for it is it known that they do not.

    Raises:
        ConfigurationError: It may.
    """
    if not asked_by() or _is_loopback(address.host):
        return
    # Who has a client has imported it.
    import httpx

    # httpx does not show which of a client's transports is for which URL, so without this private
    # method nothing is known, and the client is refused.
    find = getattr(client, "_transport_for_url", None)
    transport = find and find(httpx.URL(address.origin))
    if not isinstance(transport, (httpx.MockTransport, httpx.ASGITransport, httpx.WSGITransport)):
        _refuse(address, " An http client for tests has an httpx.MockTransport.")


def _refuse(address: Address, hint: str = "") -> None:
    # Imported late: the pytest plugin imports this module, but not for what it raises.
    from .errors import ConfigurationError

    url = address.origin + address.path
    refused.append(url + _place())
    _log.error("Nothing is sent to %s: %s is set.", url, OFFLINE)
    raise ConfigurationError(
        f"Nothing is sent to {url}: the environment variable {OFFLINE}, or a test's guard,"
        " allows this machine alone. Unset it if this is to be sent. In a test use the pytest"
        " fixture root_emulator, or mark the test"
        f" @pytest.mark.root_real_service.{hint}"
    )


def _place() -> str:
    """Return where the user's code stands that uses the SDK, in words.

    Nothing is said of it in a thread or a task of ours, on whose stack it is not.
    """
    for frame, line in traceback.walk_stack(None):
        file = frame.f_code.co_filename
        package = frame.f_globals.get("__name__", "").partition(".")[0]
        # Scripts that start pytest, and what pytest-xdist starts its workers with, have no .py.
        is_library = (
            package == "root"
            or package in sys.stdlib_module_names
            or re.search(r"[/\\](site|dist)-packages[/\\]", file)
            or not file.endswith(".py")
        )
        if not is_library:
            return f", asked for at {file}:{line}"
    return ""


def _is_loopback(host: str) -> bool:
    from ipaddress import ip_address

    try:
        return ip_address(host).is_loopback
    except ValueError:
        # Names that never leave the machine (RFC 6761, 6.3).
        return host == "localhost" or host.endswith(".localhost")
