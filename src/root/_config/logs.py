"""`ROOTSIGNALS_LOG`: the log on stderr, for programs that do not configure logging."""

from __future__ import annotations

import logging
import sys

from .._forks import import_lock
from .._secrets.redact import printable
from ..errors import ConfigurationError

__all__ = ["log_to_stderr"]

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "warn": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
}

_logger = logging.getLogger("rootsignals")


class _Formatter(logging.Formatter):
    """Escapes what controls a terminal or forges lines; tracebacks keep their line breaks."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return printable(super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record), keep="\n")


class _Handler(logging.Handler):
    """Writes to stderr as long as the program has no handler of its own."""

    def emit(self, record: logging.LogRecord) -> None:
        # Looked up for each record: a program may configure logging after it has created a client.
        if _has_handler(self):
            return
        try:
            # Not stored: a program may replace it, or have none.
            if sys.stderr is not None:
                sys.stderr.write(f"{self.format(record)}\n")
                sys.stderr.flush()
        except Exception:  # noqa: BLE001
            self.handleError(record)


def _has_handler(ours: logging.Handler) -> bool:
    """Return whether the program handles the records of the logger."""
    logger: logging.Logger | None = _logger
    while logger is not None:
        for handler in logger.handlers:
            if handler is not ours and not isinstance(handler, logging.NullHandler):
                return True
        logger = logger.parent if logger.propagate else None
    return False


def log_to_stderr(variable: str, value: str) -> None:
    """Write the log to stderr; idempotent.

    A level that the program has set is kept.

    Args:
        variable: The name of the environment variable.
        value: Its value: the lowest level that is written.

    Raises:
        ConfigurationError: There is no such level.
    """
    level = _LEVELS.get(value.lower())
    if level is None:
        raise ConfigurationError(
            f"The environment variable {variable} must be debug, info, warning, error or critical,"
            f" not {value!r}. Correct or unset it."
        )
    # Clients may be created in several threads.
    with import_lock:
        if any(isinstance(handler, _Handler) for handler in _logger.handlers):
            return
        handler = _Handler()
        handler.setFormatter(_Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        _logger.addHandler(handler)
        if _logger.level == logging.NOTSET:
            _logger.setLevel(level)
