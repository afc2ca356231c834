"""Faults with a proxy."""

from __future__ import annotations

from root import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    PermissionDeniedError,
    ServerError,
)

from ..scripted_server import closes, sends, tunnels
from .calls import SHORT, right
from .cells import COMPRESSED, RESULT, Cell, all_of, ambiguous, not_sent, unusable
from .scenes import no_proxy, proxied, tunnelled, untrusted_tunnel
from .scripts import BOMB, HTML, HTML_TYPE, Fault, does, drips, hangs_as_proxy, responds

SECTIONS: dict[str, list[Fault]] = {
    "Proxies": [
        Fault(
            "HTTP over a proxy",
            lambda _, call: sends(right(call), then_close=False),
            all_of(RESULT),
            proxied,
        ),
        Fault(
            "HTTPS over a proxy",
            lambda scene, _: tunnels(scene.server.authority),
            all_of(RESULT),
            tunnelled,
        ),
        Fault(
            "the certificate of a service behind a proxy is not trusted",
            lambda scene, _: tunnels(scene.server.authority),
            not_sent(APIConnectionError, 1),
            untrusted_tunnel,
            may_be_done=False,
        ),
        Fault(
            "the proxy refuses the connection",
            does(closes),
            not_sent(APIConnectionError),
            no_proxy,
            may_be_done=False,
        ),
        Fault(
            "the proxy refuses (407)",
            responds(407, HTML, HTML_TYPE),
            all_of(Cell(APIStatusError)),
            proxied,
            may_be_done=False,
        ),
        Fault(
            "the proxy refuses (403)",
            responds(403, HTML, HTML_TYPE),
            all_of(Cell(PermissionDeniedError)),
            proxied,
            may_be_done=False,
        ),
        Fault(
            "the proxy cannot reach the service (502)",
            responds(502, HTML, HTML_TYPE),
            ambiguous(ServerError),
            proxied,
        ),
        Fault(
            "the proxy closes the connection", does(closes), ambiguous(APIConnectionError), proxied
        ),
        Fault(
            "the proxy sends nothing", hangs_as_proxy, ambiguous(APITimeoutError), proxied, SHORT
        ),
        Fault(
            "the response arrives byte by byte over a proxy, too slowly",
            drips(0.02),
            ambiguous(APITimeoutError),
            proxied,
            SHORT,
        ),
        Fault(
            "larger than `max_response_bytes`, over a proxy",
            responds(200, BOMB, "Content-Encoding: gzip"),
            unusable() | COMPRESSED,
            proxied,
        ),
        Fault(
            "the proxy refuses a tunnel (407)",
            responds(407, HTML, HTML_TYPE, "Proxy-Authenticate: Basic"),
            not_sent(APIConnectionError),
            tunnelled,
            may_be_done=False,
        ),
        Fault(
            "the proxy refuses a tunnel (403)",
            responds(403, HTML, HTML_TYPE),
            not_sent(APIConnectionError),
            tunnelled,
            may_be_done=False,
        ),
        Fault(
            "the proxy closes the connection instead of opening a tunnel",
            does(closes),
            not_sent(APIConnectionError),
            tunnelled,
            may_be_done=False,
        ),
        Fault(
            "the proxy sends nothing instead of opening a tunnel",
            hangs_as_proxy,
            not_sent(APITimeoutError),
            tunnelled,
            SHORT,
            may_be_done=False,
        ),
    ],
}
"""The faults by title."""
