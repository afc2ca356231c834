"""Exit codes and hints of errors on the command line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from .. import errors

__all__ = [
    "BELOW_MINIMUM",
    "BROKEN_OUTPUT",
    "CONFIGURATION",
    "DIFFERS",
    "EXIT_CODES",
    "FAILED",
    "INTERRUPTED",
    "NOT_FOUND",
    "PARTIAL",
    "USAGE",
    "BrokenOutput",
    "CommandError",
    "common_code",
    "exit_code",
    "hint",
]

FAILED: Final = 1
DIFFERS: Final = 2
UNAUTHORIZED: Final = 3
NOT_FOUND: Final = 4
REJECTED: Final = 5
NO_RESPONSE: Final = 6
RATE_LIMITED: Final = 7
SERVICE_FAILED: Final = 8
PARTIAL: Final = 9
BELOW_MINIMUM: Final = 10
# From sysexits.h. Other programs use 2, which means here that a models file differs.
USAGE: Final = 64
CONFIGURATION: Final = 78
# The convention of shells: 128 plus the number of the signal.
INTERRUPTED: Final = 130
BROKEN_OUTPUT: Final = 141

EXIT_CODES: Final = {
    0: "Success.",
    FAILED: "Failure without an exit code of its own, or a failed check.",
    DIFFERS: "apply --check: the file and the service differ.",
    UNAUTHORIZED: "The service rejected the API key, or the key lacks permission (401, 403).",
    NOT_FOUND: "Not found (404).",
    REJECTED: "The service rejected the request (400, 409, 422).",
    NO_RESPONSE: "No response: the service was not reached, or did not respond in time.",
    RATE_LIMITED: "Too many requests (429).",
    SERVICE_FAILED: "The service failed (5xx), or sent an invalid response.",
    PARTIAL: "Partial success; the completed changes are printed.",
    BELOW_MINIMUM: "run --min-score: a score is lower, or there is none.",
    USAGE: "Invalid command line or models file, or an ambiguous name; nothing was changed.",
    CONFIGURATION: "No API key, or an invalid setting.",
    INTERRUPTED: "Interrupted with Ctrl-C; a warning describes changes that may have been made.",
    BROKEN_OUTPUT: "The reader of the output has closed it (broken pipe).",
}
"""The meaning of each exit code."""

# The first match applies.
_CODES: tuple[tuple[tuple[type[Exception], ...], int], ...] = (
    ((errors.AuthenticationError, errors.PermissionDeniedError), UNAUTHORIZED),
    ((errors.NotFoundError,), NOT_FOUND),
    ((errors.BadRequestError, errors.ConflictError), REJECTED),
    ((errors.APIConnectionError,), NO_RESPONSE),
    ((errors.RateLimitError,), RATE_LIMITED),
    ((errors.ServerError, errors.APIResponseError, errors.PaginationError), SERVICE_FAILED),
    ((errors.ApplyError, errors.BulkError), PARTIAL),
    ((errors.InvalidRequestError, errors.RegistryError), USAGE),
    ((errors.ConfigurationError,), CONFIGURATION),
)

_RUN_DOCTOR = "`root-signals doctor` checks the connection step by step."

_HINTS = {
    UNAUTHORIZED: "`root-signals config show` shows where the API key comes from.",
    NOT_FOUND: "`root-signals models list --all` lists the available models.",
    NO_RESPONSE: _RUN_DOCTOR,
    SERVICE_FAILED: _RUN_DOCTOR,
}


# The group of commands for each path of the API, and the word for its objects.
_GROUPS = {
    "evaluators": ("evaluators", "evaluators"),
    "judges": ("judges", "judges"),
    "objectives": ("objectives", "objectives"),
    "datasets": ("datasets", "data sets"),
    "execution-logs": ("logs", "logs"),
}


class CommandError(Exception):
    """A command cannot be executed.

    Args:
        text: What failed, in one sentence.
        hint: What to do; the hint for the exit code if omitted.
        code: The exit code.
    """

    def __init__(self, text: str, hint: str | None = None, *, code: int = USAGE) -> None:
        super().__init__(text)
        self.hint: str | None = hint if hint is not None else _HINTS.get(code)
        self.code = code


class BrokenOutput(Exception):
    """The reader of the output has closed it."""


def exit_code(error: Exception) -> int:
    """Return the exit code for an error."""
    if isinstance(error, CommandError):
        return error.code
    if isinstance(error, errors.ApplyError) and error.failed and not _may_have_changes(error):
        # Nothing was applied, so the exit code is that of the first failure.
        return exit_code(error.failed[0][1])
    return next((code for kinds, code in _CODES if isinstance(error, kinds)), FAILED)


def common_code(failures: Iterable[Exception]) -> int:
    """Return the exit code that several errors have in common, or else the general one."""
    codes = {exit_code(error) for error in failures}
    return codes.pop() if len(codes) == 1 else FAILED


def hint(error: Exception) -> str | None:
    """Return what to do about an error, unless its message already explains it."""
    if isinstance(error, CommandError):
        return error.hint
    if isinstance(error, errors.ApplyError):
        return _apply_hint(error)
    if isinstance(error, errors.NotFoundError):
        return _not_found_hint(error)
    return _HINTS.get(exit_code(error))


def _may_have_changes(error: errors.ApplyError) -> bool:
    return bool(error.done) or error.may_have_been_processed


def _not_found_hint(error: errors.NotFoundError) -> str:
    path = "" if error.request is None else error.request.url.partition("?")[0]
    if path.endswith(("/models/", *(f"/v1/{collection}/" for collection in _GROUPS))):
        # The API itself was not found, rather than an object.
        return _RUN_DOCTOR
    for collection, (group, objects) in _GROUPS.items():
        if f"/v1/{collection}/" in path:
            return f"`root-signals {group} list --all` lists the available {objects}."
    return _HINTS[NOT_FOUND]


def _apply_hint(error: errors.ApplyError) -> str:
    """Return how to apply the remaining changes of a plan."""
    reasons = [reason for _, reason in error.failed]
    # A conflict is with what somebody else changed meanwhile, so a new plan may have none.
    if any(isinstance(reason, errors.BadRequestError) for reason in reasons):
        return "Correct the rejected models and run the command again."
    advice = _HINTS.get(common_code(reasons), "")
    return f"{advice} Run the command again to apply the remaining changes.".strip()
