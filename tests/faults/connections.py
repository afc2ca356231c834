"""Faults of connections, and of HTTP."""

from __future__ import annotations

from functools import partial

from root import APIConnectionError, APITimeoutError

from ..scripted_server import closes, resets, sends, sends_and_resets
from .calls import SHORT, content, response, right
from .cells import (
    IGNORED,
    RESULT,
    all_of,
    ambiguous,
    in_body,
    not_sent,
    streamed,
    stuck,
    unreadable,
)
from .scenes import closed_port, full, no_tls, on_ipv6, unread, untrusted
from .scripts import CHUNKED, Fault, changes, does, drips, hangs, hangs_after, to_body, to_head

SECTIONS: dict[str, list[Fault]] = {
    "No connection": [
        Fault(
            "the base URL has an IPv6 address",
            lambda _, call: sends(right(call), then_close=False),
            all_of(RESULT),
            on_ipv6,
        ),
        Fault(
            "the connection is refused",
            does(closes),
            not_sent(APIConnectionError),
            closed_port,
            may_be_done=False,
        ),
        Fault(
            "the connection is not accepted",
            does(closes),
            not_sent(APITimeoutError),
            full,
            SHORT,
            may_be_done=False,
        ),
        Fault(
            "the certificate is not trusted",
            does(closes),
            not_sent(APIConnectionError, 1),
            untrusted,
            may_be_done=False,
        ),
        Fault(
            "the connection is closed in the TLS handshake",
            does(closes),
            not_sent(APIConnectionError),
            no_tls,
            may_be_done=False,
        ),
        Fault(
            "the connection is reset in the TLS handshake",
            does(resets),
            not_sent(APIConnectionError),
            no_tls,
            may_be_done=False,
        ),
        Fault(
            "the TLS handshake does not end",
            hangs,
            not_sent(APITimeoutError),
            no_tls,
            SHORT,
            may_be_done=False,
        ),
        Fault(
            "the server does not use TLS",
            does(sends(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
            not_sent(APIConnectionError),
            no_tls,
            may_be_done=False,
        ),
    ],
    "An incomplete request": [
        Fault(
            "the service does not read the request",
            does(closes),
            stuck(APITimeoutError),
            unread,
            SHORT,
        ),
        Fault(
            "the service does not read the request, and sends bytes",
            does(closes),
            stuck(APITimeoutError),
            partial(unread, sends_meanwhile=b"H"),
            SHORT,
        ),
        Fault(
            "the service reads the request too slowly",
            does(closes),
            stuck(APITimeoutError),
            partial(unread, read_size=4096),
            SHORT,
        ),
    ],
    "An incomplete response": [
        Fault(
            "the connection is closed without a response",
            does(closes),
            ambiguous(APIConnectionError),
        ),
        Fault(
            "the connection is reset without a response",
            does(resets),
            ambiguous(APIConnectionError),
        ),
        Fault(
            "the connection is closed within the head",
            changes(to_head),
            ambiguous(APIConnectionError),
        ),
        Fault(
            "the connection is reset within the head",
            lambda _, call: sends_and_resets(to_head(right(call))),
            ambiguous(APIConnectionError),
        ),
        Fault(
            "the connection is closed within the body",
            lambda _, call: sends(to_body(response(200, content(call)))),
            in_body(APIConnectionError),
        ),
        Fault(
            "the connection is reset within the body",
            lambda _, call: sends_and_resets(to_body(response(200, content(call)))),
            in_body(APIConnectionError),
        ),
        Fault(
            "the connection is closed within a chunk",
            does(sends(CHUNKED + b"ffff\r\n{")),
            in_body(APIConnectionError),
        ),
        Fault(
            "the connection is reset after the response",
            lambda _, call: sends_and_resets(right(call)),
            all_of(RESULT),
        ),
        Fault("no response arrives", hangs, ambiguous(APITimeoutError), timeout=SHORT),
        Fault(
            "the head does not end",
            hangs_after(to_head),
            ambiguous(APITimeoutError),
            timeout=SHORT,
        ),
        Fault(
            "the body does not end",
            hangs_after(to_body),
            in_body(APITimeoutError),
            timeout=SHORT,
        ),
        Fault(
            "the response arrives byte by byte, too slowly",
            drips(0.02),
            ambiguous(APITimeoutError),
            timeout=SHORT,
        ),
        Fault(
            "the body arrives byte by byte, too slowly",
            drips(0.05, lambda whole: len(to_body(whole)) - 10),
            ambiguous(APITimeoutError) | streamed(RESULT),
            timeout=SHORT,
        ),
        Fault("the response arrives byte by byte, in time", drips(0.0002), all_of(RESULT)),
        Fault(
            "interim responses (103) precede the response",
            changes(lambda whole: b"HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n" * 3 + whole),
            all_of(RESULT),
        ),
    ],
    "Invalid HTTP": [
        Fault(
            "bytes that are not HTTP",
            does(sends(b"\x00\x01garbage\r\n\r\n")),
            ambiguous(APIConnectionError),
        ),
        Fault(
            "more bytes than Content-Length",
            lambda _, call: sends(
                response(200, content(call), length=len(content(call)) - 5), then_close=False
            ),
            unreadable(**IGNORED),
        ),
        Fault(
            "a negative Content-Length",
            lambda _, call: sends(response(200, content(call), length=-5)),
            ambiguous(APIConnectionError),
        ),
        Fault(
            "two different values of Content-Length",
            lambda _, call: sends(response(200, content(call), "Content-Length: 1")),
            ambiguous(APIConnectionError),
        ),
        Fault(
            "a chunk without a size",
            does(sends(CHUNKED + b"many\r\n{}\r\n0\r\n\r\n")),
            in_body(APIConnectionError),
        ),
        Fault(
            "a head without end",
            does(sends(b"HTTP/1.1 200 Scripted\r\n" + b"X-More: yes\r\n" * 20_000)),
            ambiguous(APIConnectionError),
        ),
    ],
}
"""The faults by title."""
