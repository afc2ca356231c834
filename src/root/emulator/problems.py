"""Error responses of the API, in the words of Django REST Framework."""

from __future__ import annotations

import math
from collections.abc import Mapping
from http import HTTPStatus


class Problem(Exception):
    """An error response: a status and a JSON body.

    Attributes:
        status: The status code.
        body: The JSON body.
        headers: Additional headers.
        reason: A description for the history of requests, or None.
    """

    def __init__(
        self, status: int, body: Mapping[str, object], headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.headers: Mapping[str, str] = headers or {}
        detail = body.get("detail")
        self.reason: str | None = detail if isinstance(detail, str) else None


class UnexpectedRequest(Problem):
    """The response to a request that a correct client does not send.

    The API has no such endpoint, method or format, or the key lacks the permission. `reason` may
    have details for the user of the emulator that the response omits.
    """

    def __init__(
        self,
        status: int,
        text: str,
        reason: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, {"detail": text}, headers)
        if reason is not None:
            self.reason: str | None = reason


def detail_problem(status: int, text: str, headers: Mapping[str, str] | None = None) -> Problem:
    """Return a problem that concerns the request as a whole."""
    return Problem(status, {"detail": text}, headers)


_CHALLENGE = {"WWW-Authenticate": "Api-Key"}


def not_authenticated() -> Problem:
    """Return the response to a request without a key."""
    text = "Authentication credentials were not provided."
    reason = "no key in the format `Authorization: Api-Key <key>`"
    return UnexpectedRequest(401, text, reason, _CHALLENGE)


def authentication_failed() -> Problem:
    """Return the response to a request with an invalid key."""
    text = "Incorrect authentication credentials."
    reason = "the key is unknown or revoked"
    return UnexpectedRequest(401, text, reason, _CHALLENGE)


_DENIED = "You do not have permission to perform this action."


def key_denied(reason: str) -> Problem:
    """Return the response to a key that lacks the permission."""
    return UnexpectedRequest(403, _DENIED, reason)


def permission_denied() -> Problem:
    """Return the response to a change of another organization's resource."""
    return detail_problem(403, _DENIED)


def throttled_detail(seconds: float | None) -> str:
    """Return the text of a response to a throttled request."""
    text = "Request was throttled."
    if seconds is None:
        return text
    rounded = math.ceil(seconds)
    return f"{text} Expected available in {rounded} second{'' if rounded == 1 else 's'}."


def throttled(seconds: float) -> Problem:
    """Return the response to a request above the rate limit."""
    retry_after = str(math.ceil(seconds))
    return detail_problem(429, throttled_detail(seconds), {"Retry-After": retry_after})


def method_not_allowed(method: str) -> Problem:
    """Return the response to a method that the endpoint does not have."""
    return UnexpectedRequest(405, f'Method "{method}" not allowed.')


def not_acceptable() -> Problem:
    """Return the response to a client that does not accept JSON."""
    return UnexpectedRequest(406, "Could not satisfy the request Accept header.")


def unsupported_media_type(media_type: str) -> Problem:
    """Return the response to a body whose media type is not JSON."""
    return UnexpectedRequest(415, f'Unsupported media type "{media_type}" in request.')


def problem_details(problem: Problem) -> dict[str, object]:
    """Return the body of an error response as problem details (RFC 9457)."""
    title = HTTPStatus(problem.status).phrase
    details: dict[str, object] = {
        "type": "about:blank",
        "title": title,
        "status": problem.status,
        "detail": problem.body.get("detail", "The request is invalid."),
    }
    if "detail" not in problem.body:
        details["errors"] = problem.body
    return details
