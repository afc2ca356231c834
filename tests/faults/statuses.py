"""Error statuses, and redirects."""

from __future__ import annotations

from root import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)

from ..scripted_server import sends
from .calls import response
from .cells import READS, Cell, all_of, ambiguous, refused
from .scenes import tls
from .scripts import (
    AHEAD,
    BEHIND,
    HTML,
    HTML_TYPE,
    REDIRECTED,
    THROTTLED,
    Fault,
    redirects,
    responds,
)

SECTIONS: dict[str, list[Fault]] = {
    "Error statuses": [
        Fault(
            "400",
            responds(400, b'{"name": ["No."]}'),
            all_of(Cell(BadRequestError)),
            may_be_done=False,
        ),
        Fault(
            "401",
            responds(401, b'{"detail": "No."}'),
            all_of(Cell(AuthenticationError)),
            may_be_done=False,
        ),
        Fault(
            "403",
            responds(403, b'{"detail": "No."}'),
            all_of(Cell(PermissionDeniedError)),
            may_be_done=False,
        ),
        Fault(
            "404",
            responds(404, b'{"detail": "No."}'),
            all_of(Cell(NotFoundError)),
            may_be_done=False,
        ),
        Fault(
            "429 with Retry-After",
            responds(429, THROTTLED, "Retry-After: 3"),
            refused(RateLimitError),
            may_be_done=False,
        ),
        Fault(
            "429 with a date in Retry-After, of a clock that is years fast",
            responds(429, THROTTLED, *AHEAD),
            refused(RateLimitError),
            may_be_done=False,
        ),
        Fault(
            "503 with a date in Retry-After, of a clock that is years slow",
            responds(503, HTML, HTML_TYPE, *BEHIND),
            refused(ServerError),
            may_be_done=False,
        ),
        Fault(
            "429 with an hour in Retry-After",
            responds(429, THROTTLED, "Retry-After: 3600"),
            all_of(Cell(RateLimitError)),
            may_be_done=False,
        ),
        Fault(
            "421 (on another connection)",
            responds(421, b""),
            refused(APIStatusError),
            may_be_done=False,
        ),
        Fault("425", responds(425, b""), refused(APIStatusError), may_be_done=False),
        Fault(
            "521, 523, 525 or 526 of Cloudflare, which did not reach the service",
            responds(521, HTML, HTML_TYPE, "Server: cloudflare"),
            refused(ServerError),
            may_be_done=False,
        ),
        Fault(
            "another 5xx of Cloudflare (524)",
            responds(524, HTML, HTML_TYPE, "Server: cloudflare"),
            ambiguous(ServerError),
        ),
        Fault("a 5xx that a proxy made up (599)", responds(599, b""), ambiguous(ServerError)),
        Fault("501", responds(501, b""), all_of(Cell(ServerError)), may_be_done=False),
        Fault("500", responds(500, b"{}"), ambiguous(ServerError)),
        Fault("502 with a web page", responds(502, HTML, HTML_TYPE), ambiguous(ServerError)),
        Fault("503 without Retry-After", responds(503, HTML, HTML_TYPE), ambiguous(ServerError)),
        Fault("504 with an empty body", responds(504, b""), ambiguous(ServerError)),
    ],
    "Redirects": [
        Fault(
            "to the same URL, endlessly",
            redirects(lambda scene: scene.url),
            REDIRECTED | {call: Cell(APIStatusError, 1, 5) for call in (*READS, "delete")},
            may_be_done=False,
        ),
        Fault(
            "to another host",
            redirects(lambda scene: scene.other.url.replace("127.0.0.1", "localhost")),
            REDIRECTED,
            may_be_done=False,
        ),
        Fault(
            "to another port",
            redirects(lambda scene: scene.other.url, 307),
            REDIRECTED,
            may_be_done=False,
        ),
        Fault(
            "from https to http",
            redirects(lambda scene: scene.other.url, 308),
            REDIRECTED,
            tls,
            may_be_done=False,
        ),
        Fault(
            "without a Location",
            lambda _, call: sends(response(302, b""), then_close=False),
            REDIRECTED,
            may_be_done=False,
        ),
    ],
}
"""The faults by title."""
