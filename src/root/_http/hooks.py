"""Whether a tool has hooked httpx: tracing, recording and mocking tools replace its methods.

Calls go over connections of our own, which such a tool does not see. Where httpx is hooked, they go
through httpx too.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from types import FunctionType, ModuleType

from .._config import TRANSPORT
from .._forks import import_lock

__all__ = ["is_hooked"]

# Tools that hook httpx when it is imported, which calls would not do otherwise.
_LATE_TOOLS = ("ddtrace", "newrelic")

# The attributes as long as no tool has replaced them.
_originals: tuple[object, ...] = ()


def is_hooked() -> bool:
    """Return whether a tool has replaced classes or methods of httpx, at this moment."""
    global _originals
    httpx = sys.modules.get("httpx") or _imported_for_tools()
    if httpx is None:
        return False
    try:
        if not all(isinstance(one, type) for one in (httpx.Client, httpx.AsyncClient)):
            # A test of something else has replaced them by mocks.
            return False
        found = (
            httpx.Client,
            httpx.Client.send,
            httpx.Client._send_single_request,
            httpx.Client._transport_for_url,
            httpx.AsyncClient,
            httpx.AsyncClient.send,
            httpx.AsyncClient._send_single_request,
            httpx.AsyncClient._transport_for_url,
            httpx.HTTPTransport,
            httpx.HTTPTransport.handle_request,
            httpx.AsyncHTTPTransport,
            httpx.AsyncHTTPTransport.handle_async_request,
        )
    except AttributeError:
        # Another thread is importing it, or it is something else of this name.
        return False
    # Equal tuples of identical objects: this is all that a call costs.
    if found == _originals:
        return False
    if all(_is_original(httpx, one) for one in found):
        _originals = found
        return False
    return os.environ.get(TRANSPORT, "").strip() != "direct"


def _imported_for_tools() -> ModuleType | None:
    """Return httpx, imported for a tool that waits for that, or None."""
    if sys.modules.keys().isdisjoint(_LATE_TOOLS):
        return None
    with import_lock:
        return import_module("httpx")


def _is_original(httpx: ModuleType, found: object) -> bool:
    if isinstance(found, type):
        return found.__module__.partition(".")[0] == httpx.__name__
    # A wrapper may have the name of what it wraps, but not its module's globals.
    return (
        type(found) is FunctionType
        and str(found.__globals__.get("__name__")).partition(".")[0] == httpx.__name__
        and not hasattr(found, "__wrapped__")
    )
