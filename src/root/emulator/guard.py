"""Refusal of requests that web pages of others make a browser send, before they have any effect."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from ipaddress import ip_address

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["Guard"]

_HOST = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::\d*)?")

_logger = logging.getLogger("rootsignals.emulator")


class Guard:
    """An ASGI application that passes on all requests but those of other web pages.

    Refused requests are neither recorded nor counted, faults do not apply, and no body is read.
    """

    def __init__(self, application: ASGIApp, host: str | None, pages: Collection[str]) -> None:
        """Create the application.

        Args:
            application: The application that it protects.
            host: The host name of the emulator besides those of loopback addresses, or None to
                accept every name.
            pages: Paths that other web pages may link to.
        """
        self._application = application
        self._host = None if host is None else _normalized(host)
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request, or refuse it."""
        # The first header of a name counts.
        raw: list[tuple[bytes, bytes]] = scope["headers"]
        headers = dict(reversed(raw))
        host = headers.get(b"host", b"").decode("latin-1")
        application = self._application
        if self._host is not None and not _is_own_host(host, self._host):
            application = _refusal(
                400,
                "The Host header of this request is not a name of this machine. To accept every"
                " name, pass allow_remote=True (on the command line --allow-remote).",
            )
        elif _is_foreign(headers, host) and not self._is_page(scope):
            application = _refusal(
                403, "This request comes from another web page. The emulator refuses those."
            )
        if application is not self._application:
            _logger.debug("Refused %s %s of another web page", scope["method"], scope["path"])
        await application(scope, receive, send)

    def _is_page(self, scope: Scope) -> bool:
        return scope["method"] in ("GET", "HEAD") and scope["path"] in self._pages


@lru_cache
def _is_own_host(header: str, host: str) -> bool:
    """Return whether a header names this machine.

    A page whose own name was made to resolve to this machine (DNS rebinding) is of the same
    origin for a browser. It needs a name for that; an address always is the server's own.

    Args:
        header: The header.
        host: The host name of the emulator besides those of loopback addresses.
    """
    found = _HOST.fullmatch(header.strip())
    if found is None:
        return False
    name = _normalized(found[1].strip("[]"))
    # Browsers always send a host.
    return name in ("", "localhost", host) or (name.endswith(".localhost") or _is_address(name))


def _is_foreign(headers: Mapping[bytes, bytes], host: str) -> bool:
    """Return whether a browser sent a request for a page of another origin."""
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        # Pages cannot set this header. Browsers omit it if the host is neither a loopback address
        # nor reached with TLS. A page of another port has the value same-site.
        return site not in (b"same-origin", b"none")
    origin = headers.get(b"origin")
    return origin is not None and origin.decode("latin-1").lower() not in (
        f"{scheme}://{host}".lower() for scheme in ("http", "https")
    )


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _normalized(name: str) -> str:
    return name.lower().rstrip(".")


def _refusal(status: int, text: str) -> ASGIApp:
    return JSONResponse({"detail": text}, status)
