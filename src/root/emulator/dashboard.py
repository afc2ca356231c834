"""The page at `/`, on which a person sees what happens, and has things go wrong."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib import resources

from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

__all__ = ["Page"]


class Page:
    """The page, as an ASGI application; all it shows it asks of the API for control."""

    def __init__(self) -> None:
        """Read the page."""
        content = resources.files("root.emulator").joinpath("dashboard.html").read_text("utf-8")
        self._page = Response(
            content,
            headers={
                "Content-Security-Policy": _policy(content),
                "Cache-Control": "no-cache",
                "Cross-Origin-Opener-Policy": "same-origin",
                "Cross-Origin-Resource-Policy": "same-origin",
                "Referrer-Policy": "no-referrer",
                "X-Content-Type-Options": "nosniff",
            },
            media_type="text/html",
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the page; uvicorn drops it where the head alone is asked for."""
        response = self._page
        if scope["method"] not in ("GET", "HEAD"):
            text = "The API is at /v1/models/; this is a page to look at.\n"
            response = PlainTextResponse(text, 405, {"Allow": "GET, HEAD"})
        await response(scope, receive, send)


def _policy(page: str) -> str:
    """Return the policy by which a browser runs what stands in the page, and nothing else."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {_hash(page, 'script')}",
            f"style-src {_hash(page, 'style')}",
            "connect-src 'self'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        ]
    )


def _hash(page: str, tag: str) -> str:
    _, content, _ = re.split(f"</?{tag}>", page)
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
