"""The records that the logger `rootsignals` gets of calls."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..errors import RootSignalsError
    from .messages import Origin

__all__ = ["CallLog", "fields"]

# Python's root logger is named `root`.
_logger = logging.getLogger("rootsignals")

_FIELDS = (
    *("event", "method", "path", "base_url", "attempts", "elapsed", "status", "request_id"),
    *("error", "reason", "wait"),
)


def fields(event: str, **known: object) -> dict[str, object]:
    """Return the attributes of a record, all of which exist: a format may contain any of them."""
    values = {**known, "event": event}
    return {f"rootsignals_{name}": values.get(name) for name in _FIELDS}


class CallLog:
    """Writes the records of one call at one moment.

    Args:
        method: The method.
        path: The path below the base URL.
        origin: Where the API is.
        attempts: The number of attempts up to now.
        elapsed: Seconds since the start of the call.
    """

    def __init__(
        self, method: str, path: str, origin: Origin, *, attempts: int, elapsed: float
    ) -> None:
        self._call = f"{method} {path}"
        self._known: dict[str, object] = {
            "method": method,
            "path": path,
            "base_url": origin.url + origin.path,
            "attempts": attempts,
            "elapsed": elapsed,
        }
        self._attempts = attempts
        self._milliseconds = elapsed * 1000

    def request(self) -> None:
        """Record that an attempt begins."""
        _logger.debug(
            "%s is sent to %s (attempt %d)",
            self._call,
            self._known["base_url"],
            self._attempts,
            extra=fields("request", **self._known),
        )

    def response(self, status: int, request_id: str | None) -> None:
        """Record that the call succeeded."""
        _logger.info(
            "%s %d %.0f ms",
            self._call,
            status,
            self._milliseconds,
            extra=fields("response", **self._known, status=status, request_id=request_id),
        )

    def retry(
        self, error: RootSignalsError, status: int | None, cause: str | None, wait: float
    ) -> None:
        """Record that an attempt failed, and that another one follows."""
        reason = cause or f"status {status}"
        _logger.info(
            "%s is retried in %.2f s: %s",
            self._call,
            wait,
            reason,
            extra=fields("retry", **self._known, **_described(error, status, reason), wait=wait),
        )

    def failure(self, error: RootSignalsError, status: int | None, cause: str | None) -> None:
        """Record that the call failed."""
        reason = cause or (f"status {status}" if status else "it was not sent again")
        known = _described(error, status, reason)
        _logger.warning(
            "%s failed after %d %s, %.0f ms: %s (%s)%s",
            self._call,
            self._attempts,
            "attempt" if self._attempts == 1 else "attempts",
            self._milliseconds,
            reason,
            known["error"],
            f", request ID {error.request_id}" if error.request_id else "",
            extra=fields("failure", **self._known, **known),
        )


def _described(error: RootSignalsError, status: int | None, reason: str) -> dict[str, object]:
    return {
        "error": type(error).__name__,
        "request_id": error.request_id,
        "status": status,
        "reason": reason,
    }
