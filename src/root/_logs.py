"""What httpcore, httpx and h2 log of our calls, without the secrets that an answer may echo.

At DEBUG httpcore writes down the head of each answer, and what it could not read of one. It knows
of no secrets, and a server or a proxy may well quote what it was sent.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar

from ._redaction import scrub

__all__ = ["hidden", "scrub_logs"]

hidden: ContextVar[tuple[str, ...]] = ContextVar("root_hidden", default=())
"""The secrets of the call that is being made."""


class _Scrubbing(logging.Filter):
    """Takes the secrets of the call that is being made out of what is logged in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        secrets = hidden.get()
        if secrets:
            said = record.getMessage()
            clean = scrub(said, secrets)
            if clean != said:
                record.msg, record.args = clean, None
        return True


_scrubbing = _Scrubbing()


def scrub_logs() -> None:
    """See to the loggers there are; a filter holds for one logger and not for those below it.

    Doing so again changes nothing.
    """
    for name in list(logging.root.manager.loggerDict):
        # The 2 is that of their continuation. The last two speak HTTP/2 for an http client.
        if name.partition(".")[0] in ("httpcore", "httpcore2", "httpx", "httpx2", "h2", "hpack"):
            logging.getLogger(name).addFilter(_scrubbing)
