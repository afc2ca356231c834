"""What goes wrong on the command line: exit codes by kind, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from .. import errors

__all__ = [
    "CONFIGURATION",
    "DEAD_PIPE",
    "DIFFERS",
    "EXIT_CODES",
    "FAILED",
    "INTERRUPTED",
    "NOT_FOUND",
    "PARTIAL",
    "USAGE",
    "CommandError",
    "DeadPipe",
    "common_code",
    "exit_code",
    "hint",
]

FAILED: Final = 1
DIFFERS: Final = 2
NOT_FOUND: Final = 4
REFUSED: Final = 5
PARTIAL: Final = 9
# As in sysexits.h: 2, which others use for it, tells that a file of models differs.
USAGE: Final = 64
CONFIGURATION: Final = 78
# As shells have it: 128 and the number of the signal.
INTERRUPTED: Final = 130
DEAD_PIPE: Final = 141

EXIT_CODES: Final = {
    0: "Done.",
    FAILED: "Failed: whatever has no code of its own; a check that found something wrong.",
    DIFFERS: "apply --check: the file and the service differ.",
    3: "The API key is missing at the service, unknown, or may not do this (401, 403).",
    NOT_FOUND: "There is no such thing (404).",
    REFUSED: "The service refused what was sent (400, 409, 422).",
    6: "No answer: not reached, or not in time.",
    7: "Too many requests (429).",
    8: "The service failed (5xx), or answered what it should not.",
    PARTIAL: "Done in part; what was done is printed.",
    USAGE: (
        "The command line or a file of models is not as it should be, or a name stands for"
        " several; nothing was changed."
    ),
    CONFIGURATION: "There is no API key, or a setting cannot be right.",
    INTERRUPTED: "Interrupted with Ctrl-C; during changes it says what may have been made.",
    DEAD_PIPE: "Nobody reads the output any more.",
}
"""What each exit code means."""

# The first that fits.
_KINDS: tuple[tuple[tuple[type[Exception], ...], int], ...] = (
    ((errors.AuthenticationError, errors.PermissionDeniedError), 3),
    ((errors.NotFoundError,), NOT_FOUND),
    ((errors.BadRequestError, errors.ConflictError), 5),
    ((errors.APIConnectionError,), 6),
    ((errors.RateLimitError,), 7),
    ((errors.ServerError, errors.APIResponseError, errors.PaginationError), 8),
    ((errors.ApplyError, errors.BulkError), PARTIAL),
    ((errors.InvalidRequestError, errors.RegistryError), USAGE),
    ((errors.ConfigurationError,), CONFIGURATION),
)

_HINTS = {
    3: "`root-signals config show` says where the key comes from.",
    NOT_FOUND: "`root-signals models list --all` shows what there is.",
    6: "`root-signals doctor` finds out how far a request gets.",
    8: "`root-signals doctor` finds out how far a request gets.",
}


class CommandError(Exception):
    """What was asked cannot be done, in one sentence.

    Args:
        text: The sentence.
        hint: What to do; if left out, what is to be done about errors of this kind.
        code: The exit code.
    """

    def __init__(self, text: str, hint: str | None = None, *, code: int = USAGE) -> None:
        super().__init__(text)
        self.hint: str | None = hint if hint is not None else _HINTS.get(code)
        self.code = code


class DeadPipe(Exception):
    """Nobody reads the output any more."""


def exit_code(error: Exception) -> int:
    """Return the exit code for an error."""
    if isinstance(error, CommandError):
        return error.code
    reason = _reason(error)
    if reason is not None:
        return exit_code(reason)
    return next((code for kinds, code in _KINDS if isinstance(error, kinds)), FAILED)


def common_code(failed: Iterable[Exception]) -> int:
    """Return the exit code for several errors: that of their kind if they have one in common."""
    codes = {exit_code(error) for error in failed}
    return codes.pop() if len(codes) == 1 else FAILED


def hint(error: Exception) -> str | None:
    """Return what to do about an error, where its text does not say it."""
    if isinstance(error, CommandError):
        return error.hint
    if isinstance(error, errors.ApplyError):
        return _rest(error)
    if isinstance(error, errors.NotFoundError) and _is_about_all(error):
        # It is no model that is missing, but the API.
        return _HINTS[6]
    return _HINTS.get(exit_code(error))


def _is_about_all(error: errors.NotFoundError) -> bool:
    return error.request is not None and error.request.url.partition("?")[0].endswith("/models/")


def _rest(error: errors.ApplyError) -> str:
    """Return how the rest of a plan is done."""
    if any(exit_code(why) == REFUSED for _, why in error.failed):
        return "Correct what was refused, and run it again."
    advice = _HINTS.get(common_code(why for _, why in error.failed), "")
    return f"{advice} The same command does the rest.".strip()


def _reason(error: Exception) -> errors.RootSignalsError | None:
    """Return why a plan was not applied at all, if nothing of it can have been done."""
    if not isinstance(error, errors.ApplyError) or error.done or error.may_have_been_processed:
        return None
    return error.failed[0][1] if error.failed else None
