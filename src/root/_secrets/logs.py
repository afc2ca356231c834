"""Redaction of what httpcore, httpx and h2 log during our calls.

At DEBUG level, httpcore logs the head of each response, and what it could not parse. A server or
a proxy may echo the API key there, or send characters that control a terminal.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar

from .redact import printable, redact

__all__ = ["active_secrets", "install_log_filter"]

active_secrets: ContextVar[tuple[str, ...]] = ContextVar("root_active_secrets", default=())
"""The secrets of the current call."""


class _Redaction(logging.Filter):
    """Redacts the secrets of the current call in log records, and escapes control characters."""

    def filter(self, record: logging.LogRecord) -> bool:
        secrets = active_secrets.get()
        if secrets:
            message = record.getMessage()
            redacted = printable(redact(message, secrets))
            if redacted != message:
                record.msg, record.args = redacted, None
        return True


_filter = _Redaction()


def install_log_filter() -> None:
    """Add the filter to the loggers that exist; idempotent.

    A filter of a logger does not apply to the loggers below it, so each one gets the filter.
    """
    for name in list(logging.root.manager.loggerDict):
        # httpcore2 and httpx2 are the successors. h2 and hpack serve an HTTP/2 client of the
        # user's.
        if name.partition(".")[0] in ("httpcore", "httpcore2", "httpx", "httpx2", "h2", "hpack"):
            logging.getLogger(name).addFilter(_filter)
