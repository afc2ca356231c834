"""Redirects: which ones are followed."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from .._secrets.redact import redact
from .messages import Origin, RawResponse, Request
from .retry import is_safe

__all__ = ["MAX_REDIRECTS", "redirect_note", "redirected"]

MAX_REDIRECTS = 5
"""Maximum number of requests of one attempt; the response to the last one is used as it is."""


def redirected(request: Request, response: RawResponse) -> Request | None:
    """Return the request that follows a redirect, or None if it must not be followed.

    Only requests that can be repeated safely follow one, and only to the same server: the key never
    goes to another host, nor from https to http. From http, https is followed on the same port and
    on its default port, since a host may serve others on its other ports.
    """
    if not (is_safe(request.method) or request.method == "DELETE") or (
        response.status not in (301, 302, 303, 307, 308)
    ):
        return None
    location = response.header(b"location")
    if not location or (response.status == 303 and not is_safe(request.method)):
        return None
    try:
        url = urljoin(request.url, location)
        target_origin = Origin.from_url(url)
        parts = urlsplit(url)
    except ValueError:
        return None
    origin = request.origin
    is_upgrade = (origin.scheme, target_origin.scheme) == ("http", "https") and (
        target_origin.port in (None, origin.port)
    )
    if target_origin.host != origin.host or not (is_upgrade or target_origin.url == origin.url):
        return None
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not target.isascii() or not target.isprintable() or " " in target:
        return None
    if request.body is not None and request.body.is_spent:
        return None
    headers = [
        (name, target_origin.authority.encode("ascii") if name == b"Host" else value)
        for name, value in request.headers
    ]
    return Request(
        request.method,
        target_origin,
        target,
        headers,
        request.body,
        max_bytes=request.max_bytes,
        is_streamed=request.is_streamed,
    )


def redirect_note(response: RawResponse, secrets: tuple[str, ...]) -> str | None:
    """Return a note on a redirect that is not followed."""
    location = response.header(b"location")
    if not 300 <= response.status < 400 or location is None:
        return None
    return (
        f"It redirects to {redact(location, secrets)[:200]!r}, which is not followed: redirects"
        " are followed for GET, HEAD and DELETE only, not to another host or port, not from https"
        " to http, and not in circles. Check the base URL."
    )
