"""The dashboard at `/`, which shows requests and resources and manages faults."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib import resources

from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

__all__ = ["Dashboard"]


class Dashboard:
    """The page, as an ASGI application; its script reads all data from the control API."""

    def __init__(self) -> None:
        """Read the page."""
        content = resources.files("root.emulator").joinpath("dashboard.html").read_text("utf-8")
        self._page = Response(
            content,
            headers={
                "Content-Security-Policy": _content_security_policy(content),
                "Cache-Control": "no-cache",
                "Cross-Origin-Opener-Policy": "same-origin",
                "Cross-Origin-Resource-Policy": "same-origin",
                "Referrer-Policy": "no-referrer",
                "X-Content-Type-Options": "nosniff",
            },
            media_type="text/html",
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Return the page; for HEAD, uvicorn removes the body."""
        response = self._page
        if scope["method"] not in ("GET", "HEAD"):
            text = "This is the dashboard of the emulator. The API is in /openapi.json.\n"
            response = PlainTextResponse(text, 405, {"Allow": "GET, HEAD"})
        await response(scope, receive, send)


def _content_security_policy(page: str) -> str:
    """Return a policy that permits the page's own script and style, and nothing else."""
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
