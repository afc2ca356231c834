"""Faults of the bodies of responses."""

from __future__ import annotations

import gzip

from root import APIResponseError

from ..scripted_server import sends
from .calls import MAX_BYTES, content, response
from .cells import COMPRESSED, IGNORED, NO_EVENTS, RESULT, all_of, ambiguous, unreadable, unusable
from .scripts import BOMB, HTML, HTML_TYPE, Fault, adds, changes_body, has_number, responds

SECTIONS: dict[str, list[Fault]] = {
    "Too large, or compressed wrongly": [
        Fault(
            "larger than `max_response_bytes`",
            responds(200, b" " * (MAX_BYTES + 1)),
            unusable(),
        ),
        Fault(
            "larger than `max_response_bytes` when decompressed",
            responds(200, BOMB, "Content-Encoding: gzip"),
            unusable() | COMPRESSED,
        ),
        Fault(
            "not compressed as the header claims",
            changes_body(lambda body: body, "Content-Encoding: gzip"),
            ambiguous(APIResponseError),
        ),
        Fault(
            "compressed twice",
            changes_body(
                lambda body: gzip.compress(gzip.compress(body)), "Content-Encoding: gzip, gzip"
            ),
            all_of(RESULT) | COMPRESSED,
        ),
        Fault(
            "an invalid Content-Encoding (`utf-8`)",
            changes_body(lambda body: body, "Content-Encoding: utf-8"),
            all_of(RESULT),
        ),
        Fault(
            "compressed, and truncated",
            changes_body(lambda body: gzip.compress(body)[:-9], "Content-Encoding: gzip"),
            ambiguous(APIResponseError),
        ),
        Fault(
            "compressed in a way that the request did not accept",
            changes_body(lambda body: body, "Content-Encoding: br"),
            ambiguous(APIResponseError),
        ),
    ],
    "An unexpected body": [
        Fault("a web page with status 200", responds(200, HTML, HTML_TYPE), unreadable()),
        Fault("an empty body", responds(200, b""), unreadable(**IGNORED)),
        Fault("a body of white space", responds(200, b"\r\n"), unreadable(**IGNORED)),
        Fault(
            "UTF-16 with a byte order mark",
            changes_body(lambda body: body.decode().encode("utf-16")),
            all_of(RESULT, **NO_EVENTS),
        ),
        Fault(
            "half of a character (a lone surrogate)",
            adds(rb'"note": "cut \ud83d"'),
            all_of(RESULT),
        ),
        Fault(
            "truncated JSON",
            changes_body(lambda body: body[:-3]),
            unreadable(**IGNORED),
        ),
        Fault(
            "a charset other than UTF-8",
            changes_body(
                lambda body: body.replace(b'"a"', '"ä"'.encode("latin-1")),
                "Content-Type: application/json; charset=latin-1",
            ),
            unreadable(**IGNORED),
        ),
        Fault(
            "JSON nested 100,000 levels deep",
            responds(200, b"[" * 100_000 + b"]" * 100_000),
            unreadable(**IGNORED),
        ),
        Fault(
            "NaN as a number",
            has_number(b"NaN"),
            unusable(**IGNORED, verify=RESULT, create_file=RESULT),
        ),
        Fault(
            "a number of 400 digits",
            adds(b'"max_token_count": ' + b"9" * 400),
            all_of(RESULT),
        ),
        Fault(
            "a number out of range (1e999)",
            has_number(b"1e999"),
            unusable(**IGNORED, verify=RESULT, create_file=RESULT),
        ),
        Fault(
            "the same key twice (the last one counts)",
            adds(b'"id": "other", "name": "other"'),
            all_of(RESULT),
        ),
        Fault(
            "the response of another endpoint",
            lambda _, call: sends(
                response(200, content("retrieve" if call in ("list", "verify") else "list")),
                then_close=False,
            ),
            unusable(**IGNORED),
        ),
        Fault("null", responds(200, b"null"), unusable(**IGNORED)),
    ],
}
"""The faults by title."""
