"""The answers to a request that cannot be served, in Django REST Framework's words."""

from __future__ import annotations

import math
from collections.abc import Mapping


class Problem(Exception):
    """Ends a request with an error status and a JSON body."""

    def __init__(
        self, status: int, body: Mapping[str, object], headers: Mapping[str, str] | None = None
    ) -> None:
        """Keep what the response will say."""
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.headers: Mapping[str, str] = headers or {}
        said = body.get("detail")
        self.reason: str | None = said if isinstance(said, str) else None


class Unexpected(Problem):
    """A problem of who wrote the client: the API has no such thing, or the key may not do it.

    What the API does not say of a key, `reason` tells whoever runs the emulator.
    """

    def __init__(
        self,
        status: int,
        text: str,
        reason: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Keep what the response will say, and what is the matter if that is something else."""
        super().__init__(status, {"detail": text}, headers)
        if reason is not None:
            self.reason: str | None = reason


def detail(status: int, text: str, headers: Mapping[str, str] | None = None) -> Problem:
    """Return a problem that is about the request as a whole."""
    return Problem(status, {"detail": text}, headers)


def not_authenticated() -> Problem:
    """Return the answer to a request with no key."""
    text = "Authentication credentials were not provided."
    reason = "there is no key in the form `Authorization: Api-Key <key>`"
    return Unexpected(401, text, reason, {"WWW-Authenticate": "Api-Key"})


_DENIED = "You do not have permission to perform this action."


def key_denied(reason: str) -> Problem:
    """Return the answer to a key that may not do this, or is none."""
    return Unexpected(403, _DENIED, reason)


def permission_denied() -> Problem:
    """Return the answer to changing what is not one's own."""
    return detail(403, _DENIED)


def throttled_text(wait: float | None) -> str:
    """Return what is said to who asks too often."""
    text = "Request was throttled."
    if wait is None:
        return text
    seconds = math.ceil(wait)
    return f"{text} Expected available in {seconds} second{'' if seconds == 1 else 's'}."


def throttled(wait: float) -> Problem:
    """Return the answer to a key that asks too often."""
    return detail(429, throttled_text(wait), {"Retry-After": str(math.ceil(wait))})


def not_unique() -> Problem:
    """Return the answer to a name that the organisation has already."""
    text = "The fields organization, name must make a unique set."
    return Problem(400, {"non_field_errors": [text]})


def method_not_allowed(method: str) -> Problem:
    """Return the answer to a method that the path does not have."""
    return Unexpected(405, f'Method "{method}" not allowed.')


def not_acceptable() -> Problem:
    """Return the answer to a client that does not take JSON."""
    return Unexpected(406, "Could not satisfy the request Accept header.")


def unsupported_media_type(sent: str) -> Problem:
    """Return the answer to a body that is not announced as JSON."""
    return Unexpected(415, f'Unsupported media type "{sent}" in request.')
