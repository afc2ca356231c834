"""What can go wrong between a client and the service, and what each call comes to then.

The one place for it: the tests play every fault for every call, and

    python -m tests.faults

writes docs/faults.md from it.
"""

from __future__ import annotations

import gzip
import json
import socket
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import TypeVar

import anyio
import pytest
import trustme

from root import (
    APIConnectionError,
    APIResponseError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RootSignalsError,
    ServerError,
)

from .wire import Step, Wire, closes, raw, resets, then_resets, tunnels

T = TypeVar("T")

DOCUMENT = Path(__file__).parent.parent / "docs" / "faults.md"

METHODS = ("retrieve", "list", "replace", "delete", "create", "update", "verify")

MODEL = {"id": "9b2f", "name": "a"}
PAGE = {"next": None, "previous": None, "results": [MODEL]}
VERIFICATION = {"success": True, "model": "a"}
RIGHT: dict[str, object] = {
    "retrieve": "9b2f",
    "list": ["9b2f"],
    "replace": "9b2f",
    "delete": None,
    "create": "9b2f",
    "update": "9b2f",
    "verify": True,
}
"""What each call comes to when nothing is wrong: an id, a list of them, a success."""

MOST_BYTES = 2**20
"""The cap on answers while faults are played."""

SHORT = 0.2
"""Seconds that an attempt may take where the fault is that nothing comes."""


def content(method: str) -> bytes:
    """Return the body of the right answer, or for `delete` one that it has no use for."""
    shape = {"list": PAGE, "verify": VERIFICATION}.get(method, MODEL)
    return json.dumps(shape).encode()


def right(method: str) -> bytes:
    """Return the right answer."""
    if method == "delete":
        return b"HTTP/1.1 204 No Content\r\n\r\n"
    return said(201 if method == "create" else 200, content(method))


def said(status: int, body: bytes, *lines: str, length: int | None = None) -> bytes:
    """Return an answer with this body, and a Content-Length that need not be true."""
    length = len(body) if length is None else length
    head = "".join(f"{line}\r\n" for line in (*lines, f"Content-Length: {length}"))
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + body


# What a call comes to.


@dataclass(frozen=True)
class Cell:
    """What one call comes to under one fault that lasts, if it may be tried again once.

    Attributes:
        error: The class of the error, or None for the right result.
        tries: How often it was tried.
        arrived: How many requests arrived at the service.
        maybe: Whether the error says that the service may have done it.
    """

    error: type[RootSignalsError] | None
    tries: int = 1
    arrived: int = 1
    maybe: bool = False

    def __str__(self) -> str:
        if self.error is None:
            return "the right result"
        said = [f"`{self.error.__name__}`"]
        said += ["tried again"] if self.again else []
        said += ["**may have happened**"] if self.maybe else []
        return ", ".join(said)

    @property
    def again(self) -> bool:
        """Whether it was tried again, not merely redirected."""
        return self.tries > 1


Cells = dict[str, Cell]
READS = ("retrieve", "list")
REPEATABLE = (*READS, "replace", "delete")


def all_of(cell: Cell, **others: Cell) -> Cells:
    """Return a row that is the same for all calls but some."""
    return dict.fromkeys(METHODS, cell) | others


def not_sent(error: type[RootSignalsError], tries: int = 2) -> Cells:
    """Return the row of a fault that lets no request out."""
    return all_of(Cell(error, tries, 0))


def stuck(error: type[RootSignalsError]) -> Cells:
    """Return the row of a fault that does not let the whole request out."""
    return {method: replace(cell, arrived=0) for method, cell in unclear(error).items()}


def refused(error: type[RootSignalsError]) -> Cells:
    """Return the row of a fault by which the service says that it did nothing."""
    return all_of(Cell(error, 2, 2), verify=Cell(error))


def unclear(error: type[RootSignalsError], **others: Cell) -> Cells:
    """Return the row of a fault that leaves open what was done."""
    row = {
        method: Cell(error, *((2, 2) if method in REPEATABLE else (1, 1)), method not in READS)
        for method in METHODS
    }
    return row | others


def unusable(**others: Cell) -> Cells:
    """Return the row of an answer that would be the same again."""
    return {
        method: Cell(APIResponseError, maybe=method not in READS) for method in METHODS
    } | others


RESULT = Cell(None)


# Where a fault takes place.


@dataclass
class Scene:
    """What is there while a fault is played.

    Attributes:
        server: Where requests are to arrive.
        other: A server that none may go to.
        url: The base URL.
        environment: Environment variables to set.
        headers: Headers to send.
        proxy: The proxy, where there is one.
    """

    server: Wire
    other: Wire
    url: str
    environment: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    proxy: Wire | None = None

    def arrived(self, method: str) -> int:
        """Return how many requests of a call have arrived."""
        return sum(called(request) == method for request in list(self.server.requests))


def called(request: bytes) -> str:
    """Return which call a request belongs to, as its header says."""
    for line in request.partition(b"\r\n\r\n")[0].split(b"\r\n"):
        name, _, value = line.partition(b": ")
        if name.lower() == b"x-call":
            return value.decode()
    return ""


Script = Callable[[Scene, str], Step]
Choice = Callable[[Scene, bytes], Step]
Setting = Callable[[Choice], "Iterator[Scene]"]


@cache
def authority() -> trustme.CA:
    """Return a certificate authority."""
    return trustme.CA()


@cache
def secure() -> ssl.SSLContext:
    """Return a server's settings, with a certificate of the authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert("127.0.0.1").configure_cert(context)
    return context


def plain(choose: Choice) -> Iterator[Scene]:
    """Play on a server of HTTP."""
    with Wire([]) as server, Wire([raw(right("retrieve"))]) as other:
        scene = Scene(server, other, server.url)
        server.choose = partial(choose, scene)
        yield scene


def on_ipv6(choose: Choice) -> Iterator[Scene]:
    """Play on a server that has an address of IPv6 alone."""
    if not has_ipv6():
        pytest.skip("this machine has no ::1")
    with Wire([], host="::1") as server, Wire([raw(right("retrieve"))]) as other:
        scene = Scene(server, other, server.url)
        server.choose = partial(choose, scene)
        yield scene


def tls(choose: Choice) -> Iterator[Scene]:
    """Play on a server of HTTPS whose certificate is trusted."""
    for scene in untrusted(choose):
        with authority().cert_pem.tempfile() as path:
            scene.environment["SSL_CERT_FILE"] = path
            yield scene


def untrusted(choose: Choice) -> Iterator[Scene]:
    """Play on a server of HTTPS whose certificate nobody trusts."""
    with Wire([], tls=secure()) as server, Wire([raw(right("retrieve"))]) as other:
        scene = Scene(server, other, server.url)
        server.choose = partial(choose, scene)
        yield scene


def no_tls(choose: Choice) -> Iterator[Scene]:
    """Play on a server of HTTP that is spoken to in HTTPS."""
    for scene in plain(choose):
        scene.url = scene.url.replace("http://", "https://")
        yield scene


def nobody(choose: Choice) -> Iterator[Scene]:
    """Play where no server is."""
    with Wire([]) as gone:
        url = gone.url
    for scene in plain(choose):
        scene.url = url
        yield scene


def full(choose: Choice) -> Iterator[Scene]:
    """Play on a port that takes no connection, and does not say so."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        # The queue is as long as the system makes it at least: one or two.
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        for scene in plain(choose):
            scene.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            yield scene


def deaf(choose: Choice, takes: int = 0, says_meanwhile: bytes = b"") -> Iterator[Scene]:
    """Play on a server that reads nothing, or little, of a large request."""
    for scene in plain(choose):
        with Wire([], takes=takes, says_meanwhile=says_meanwhile) as server:
            scene.url = server.url
            # More than the system takes on the way.
            scene.headers["X-More"] = "x" * 4_000_000
            yield scene


def proxied(choose: Choice) -> Iterator[Scene]:
    """Play on a proxy for HTTP, which stands for the service."""
    for scene in plain(choose):
        scene.environment["HTTP_PROXY"] = scene.url
        scene.proxy = scene.server
        scene.url = "http://api.test"
        yield scene


def tunnelled(choose: Choice) -> Iterator[Scene]:
    """Play on a proxy for HTTPS, with the service behind it."""
    for scene in tls(lambda _, request: raw(right(called(request)), then_close=False)):
        with Wire([]) as proxy:
            scene.environment["HTTPS_PROXY"] = proxy.url
            scene.proxy = proxy
            proxy.choose = partial(choose, scene)
            yield scene


def untrusted_tunnel(choose: Choice) -> Iterator[Scene]:
    """Play on a proxy for HTTPS, with a service behind it whose certificate nobody trusts."""
    for scene in tunnelled(choose):
        del scene.environment["SSL_CERT_FILE"]
        yield scene


def no_proxy(choose: Choice) -> Iterator[Scene]:
    """Play where the proxy is not there."""
    for scene in plain(choose):
        with Wire([]) as proxy:
            scene.environment["HTTP_PROXY"] = proxy.url
        yield scene


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        name: What it is, for users.
        script: What the server does with a request of a call.
        cells: What each call comes to while it lasts.
        setting: Where it is played.
        timeout: Seconds that an attempt may take.
        done: Whether the service may have done what was asked when the fault strikes.
    """

    name: str
    script: Script
    cells: Cells
    setting: Setting = plain
    timeout: float = 5.0
    done: bool = True

    def __str__(self) -> str:
        return self.name

    @contextmanager
    def staged(self, times: int | None = None) -> Iterator[Scene]:
        """Set it up, for every request or for so many of each call."""
        met: Counter[str] = Counter()

        def choose(scene: Scene, request: bytes) -> Step:
            method = called(request)
            met[method] += 1
            if times is not None and met[method] > times:
                return raw(right(method), then_close=False)
            return self.script(scene, method)

        yield from self.setting(choose)


# The scripts.


def says(status: int, body: bytes, *lines: str) -> Script:
    """Give the same answer to every call."""
    return lambda _, method: raw(said(status, body, *lines), then_close=False)


def does(step: Step) -> Script:
    """Do the same at every call."""
    return lambda _, method: step


def spoils(spoil: Callable[[bytes], bytes], *, then_close: bool = True) -> Script:
    """Make something else of the right answer."""
    return lambda _, method: raw(spoil(right(method)), then_close=then_close)


def spoils_body(spoil: Callable[[bytes], bytes], *lines: str) -> Script:
    """Make something else of the right answer's body."""
    return lambda _, method: raw(said(200, spoil(content(method)), *lines), then_close=False)


def adds(fields: bytes) -> Script:
    """Add to the model in the answer, before what is there."""
    return spoils_body(lambda body: body.replace(b'{"id"', b"{" + fields + b', "id"'))


def hangs(_scene: Scene, _method: str) -> Step:
    """Say nothing."""
    return _scene.server.hangs


def hangs_after(part: Callable[[bytes], bytes]) -> Script:
    """Say a part of the right answer and no more."""

    def script(scene: Scene, method: str) -> Step:
        def step(sock: socket.socket) -> bool:
            sock.sendall(part(said(200, content(method))))
            return scene.server.hangs(sock)

        return step

    return script


def drips(seconds: float, part: Callable[[bytes], int] = lambda _: 0) -> Script:
    """Say a part of the right answer at once, and the rest byte by byte."""

    def script(scene: Scene, method: str) -> Step:
        # A head so long that it alone takes longer than any bound.
        whole = said(200, content(method), f"X-More: {'x' * 300}")
        return scene.server.drips(whole, part(whole), seconds)

    return script


def hangs_as_proxy(scene: Scene, _: str) -> Step:
    assert scene.proxy is not None
    return scene.proxy.hangs


def redirects(to: Callable[[Scene], str], status: int = 302) -> Script:
    return lambda scene, _: raw(
        said(status, b"", f"Location: {to(scene)}/v1/models/9b2f/"), then_close=False
    )


def to_head(whole: bytes) -> bytes:
    return whole[:20]


def to_body(whole: bytes) -> bytes:
    return whole[: whole.index(b"\r\n\r\n") + 14]


HTML = b"<html><h1>Bad Gateway</h1></html>"
IN_HTML = "Content-Type: text/html"
IN_CHUNKS = b"HTTP/1.1 200 Said\r\nTransfer-Encoding: chunked\r\n\r\n"
BOMB = gzip.compress(b" " * (MOST_BYTES * 5))
THROTTLED = b'{"detail": "Request was throttled. Expected available in 3 seconds."}'
# A server's clock that is hours off, either way: what counts is the time between the two.
AHEAD = (
    "Date: Fri, 01 Jan 2100 05:00:00 GMT",
    "Retry-After: Fri, 01 Jan 2100 05:00:03 GMT",
)
BEHIND = (
    "Date: Thu, 01 Jan 2015 05:00:00 GMT",
    "Retry-After: Thu, 01 Jan 2015 05:00:03 GMT",
)

REDIRECTED = all_of(Cell(APIStatusError))

SECTIONS: dict[str, list[Fault]] = {
    "No connection": [
        Fault(
            "the base URL is an address of IPv6",
            lambda _, method: raw(right(method), then_close=False),
            all_of(RESULT),
            on_ipv6,
        ),
        Fault(
            "nothing listens there",
            does(closes),
            not_sent(APIConnectionError),
            nobody,
            done=False,
        ),
        Fault(
            "nothing answers to the connection",
            does(closes),
            not_sent(APITimeoutError),
            full,
            SHORT,
            done=False,
        ),
        Fault(
            "the certificate is not trusted",
            does(closes),
            not_sent(APIConnectionError, 1),
            untrusted,
            done=False,
        ),
        Fault(
            "the TLS handshake is closed",
            does(closes),
            not_sent(APIConnectionError),
            no_tls,
            done=False,
        ),
        Fault(
            "the TLS handshake is reset",
            does(resets),
            not_sent(APIConnectionError),
            no_tls,
            done=False,
        ),
        Fault(
            "the TLS handshake hangs",
            hangs,
            not_sent(APITimeoutError),
            no_tls,
            SHORT,
            done=False,
        ),
        Fault(
            "TLS is spoken to a server without it",
            does(raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
            not_sent(APIConnectionError),
            no_tls,
            done=False,
        ),
    ],
    "No whole request": [
        Fault(
            "the service does not read what it is sent",
            does(closes),
            stuck(APITimeoutError),
            deaf,
            SHORT,
        ),
        Fault(
            "the service does not read, but sends byte after byte",
            does(closes),
            stuck(APITimeoutError),
            partial(deaf, says_meanwhile=b"H"),
            SHORT,
        ),
        Fault(
            "the service reads too slowly",
            does(closes),
            stuck(APITimeoutError),
            partial(deaf, takes=4096),
            SHORT,
        ),
    ],
    "No whole answer": [
        Fault("closed without an answer", does(closes), unclear(APIConnectionError)),
        Fault("reset without an answer", does(resets), unclear(APIConnectionError)),
        Fault(
            "closed within the head of the answer",
            spoils(to_head),
            unclear(APIConnectionError),
        ),
        Fault(
            "reset within the head of the answer",
            lambda _, method: then_resets(to_head(right(method))),
            unclear(APIConnectionError),
        ),
        Fault(
            "closed within the body: less than Content-Length says",
            lambda _, method: raw(to_body(said(200, content(method)))),
            unclear(APIResponseError),
        ),
        Fault(
            "reset within the body",
            lambda _, method: then_resets(to_body(said(200, content(method)))),
            unclear(APIResponseError),
        ),
        Fault(
            "closed within a chunk",
            does(raw(IN_CHUNKS + b"ffff\r\n{")),
            unclear(APIResponseError),
        ),
        Fault(
            "reset after the answer",
            lambda _, method: then_resets(right(method)),
            all_of(RESULT),
        ),
        Fault("no answer comes", hangs, unclear(APITimeoutError), timeout=SHORT),
        Fault(
            "the head of the answer does not end",
            hangs_after(to_head),
            unclear(APITimeoutError),
            timeout=SHORT,
        ),
        Fault(
            "the body of the answer does not end",
            hangs_after(to_body),
            unclear(APITimeoutError),
            timeout=SHORT,
        ),
        Fault(
            "the answer comes byte by byte, too slowly",
            drips(0.02),
            unclear(APITimeoutError),
            timeout=SHORT,
        ),
        Fault(
            "its body comes byte by byte, too slowly",
            drips(0.02, lambda whole: len(to_body(whole)) - 10),
            unclear(APITimeoutError),
            timeout=SHORT,
        ),
        Fault("the answer comes byte by byte, in time", drips(0.0002), all_of(RESULT)),
        Fault(
            "the answer comes after others that say it will come (103)",
            spoils(lambda whole: b"HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n" * 3 + whole),
            all_of(RESULT),
        ),
    ],
    "No HTTP": [
        Fault("garbage", does(raw(b"\x00\x01garbage\r\n\r\n")), unclear(APIConnectionError)),
        Fault(
            "more than Content-Length says",
            lambda _, method: raw(
                said(200, content(method), length=len(content(method)) - 5), then_close=False
            ),
            unclear(APIResponseError),
        ),
        Fault(
            "a negative Content-Length",
            lambda _, method: raw(said(200, content(method), length=-5)),
            unclear(APIConnectionError),
        ),
        Fault(
            "two Content-Lengths that differ",
            lambda _, method: raw(said(200, content(method), "Content-Length: 1")),
            unclear(APIConnectionError),
        ),
        Fault(
            "a chunk without a size",
            does(raw(IN_CHUNKS + b"many\r\n{}\r\n0\r\n\r\n")),
            unclear(APIResponseError),
        ),
        Fault(
            "a head without end",
            does(raw(b"HTTP/1.1 200 Said\r\n" + b"X-More: yes\r\n" * 20_000)),
            unclear(APIConnectionError),
        ),
    ],
    "Too much, or packed wrongly": [
        Fault(
            "an answer larger than the cap (64 MiB)",
            says(200, b" " * (MOST_BYTES + 1)),
            unusable(),
        ),
        Fault(
            "a small one that unpacks to more than the cap",
            says(200, BOMB, "Content-Encoding: gzip"),
            unusable(),
        ),
        Fault(
            "not packed as it says",
            spoils_body(lambda body: body, "Content-Encoding: gzip"),
            unclear(APIResponseError),
        ),
        Fault(
            "packed twice, as nobody asked",
            spoils_body(
                lambda body: gzip.compress(gzip.compress(body)), "Content-Encoding: gzip, gzip"
            ),
            unclear(APIResponseError),
        ),
        Fault(
            "packed, and cut off",
            spoils_body(lambda body: gzip.compress(body)[:-9], "Content-Encoding: gzip"),
            unclear(APIResponseError),
        ),
        Fault(
            "packed as nobody asked",
            spoils_body(lambda body: body, "Content-Encoding: br"),
            unclear(APIResponseError),
        ),
    ],
    "A body that is none of the API's": [
        Fault("a web page with status 200", says(200, HTML, IN_HTML), unclear(APIResponseError)),
        Fault("an empty body", says(200, b""), unclear(APIResponseError, delete=RESULT)),
        Fault(
            "JSON that is cut off",
            spoils_body(lambda body: body[:-3]),
            unclear(APIResponseError),
        ),
        Fault(
            "another charset than UTF-8",
            spoils_body(
                lambda body: body.replace(b'"a"', '"ä"'.encode("latin-1")),
                "Content-Type: application/json; charset=latin-1",
            ),
            unclear(APIResponseError),
        ),
        Fault(
            "JSON nested 100,000 levels deep",
            says(200, b"[" * 100_000 + b"]" * 100_000),
            unclear(APIResponseError),
        ),
        Fault(
            "NaN for a number",
            adds(b'"max_token_count": NaN'),
            unusable(delete=RESULT, verify=RESULT),
        ),
        Fault(
            "a number of 400 digits",
            adds(b'"max_token_count": ' + b"9" * 400),
            all_of(RESULT),
        ),
        Fault(
            "a number beyond all bounds",
            adds(b'"max_token_count": 1e999'),
            unusable(delete=RESULT, verify=RESULT),
        ),
        Fault(
            "the same key twice (the last one counts)",
            adds(b'"id": "other", "name": "other"'),
            all_of(RESULT),
        ),
        Fault(
            "the answer of another endpoint",
            lambda _, method: raw(
                said(200, content("retrieve" if method in ("list", "verify") else "list")),
                then_close=False,
            ),
            unusable(delete=RESULT),
        ),
        Fault("null", says(200, b"null"), unusable(delete=RESULT)),
    ],
    "Refusals and failures": [
        Fault("400", says(400, b'{"name": ["No."]}'), all_of(Cell(BadRequestError)), done=False),
        Fault(
            "401", says(401, b'{"detail": "No."}'), all_of(Cell(AuthenticationError)), done=False
        ),
        Fault(
            "403", says(403, b'{"detail": "No."}'), all_of(Cell(PermissionDeniedError)), done=False
        ),
        Fault("404", says(404, b'{"detail": "No."}'), all_of(Cell(NotFoundError)), done=False),
        Fault(
            "429 with Retry-After",
            says(429, THROTTLED, "Retry-After: 3"),
            refused(RateLimitError),
            done=False,
        ),
        Fault(
            "429 with Retry-After by a clock that is years ahead",
            says(429, THROTTLED, *AHEAD),
            refused(RateLimitError),
            done=False,
        ),
        Fault(
            "503 with Retry-After by a clock that is years behind",
            says(503, HTML, IN_HTML, *BEHIND),
            refused(ServerError),
            done=False,
        ),
        Fault(
            "429 with an hour to wait",
            says(429, THROTTLED, "Retry-After: 3600"),
            all_of(Cell(RateLimitError)),
            done=False,
        ),
        Fault("500", says(500, b"{}"), unclear(ServerError)),
        Fault("502 with a web page", says(502, HTML, IN_HTML), unclear(ServerError)),
        Fault("503 without Retry-After", says(503, HTML, IN_HTML), unclear(ServerError)),
        Fault("504 with an empty body", says(504, b""), unclear(ServerError)),
    ],
    "Redirects": [
        Fault(
            "in circles",
            redirects(lambda scene: scene.url),
            REDIRECTED
            | {method: Cell(APIStatusError, 1, 5) for method in ("retrieve", "list", "delete")},
            done=False,
        ),
        Fault(
            "to another host",
            redirects(lambda scene: scene.other.url.replace("127.0.0.1", "localhost")),
            REDIRECTED,
            done=False,
        ),
        Fault(
            "to another port", redirects(lambda scene: scene.other.url, 307), REDIRECTED, done=False
        ),
        Fault(
            "from https to http",
            redirects(lambda scene: scene.other.url, 308),
            REDIRECTED,
            tls,
            done=False,
        ),
        Fault(
            "to nowhere",
            lambda _, method: raw(said(302, b""), then_close=False),
            REDIRECTED,
            done=False,
        ),
    ],
    "Proxies": [
        Fault(
            "HTTP over a proxy",
            lambda _, method: raw(right(method), then_close=False),
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
            "the certificate of the service behind it is not trusted",
            lambda scene, _: tunnels(scene.server.authority),
            not_sent(APIConnectionError, 1),
            untrusted_tunnel,
            done=False,
        ),
        Fault(
            "the proxy is not there",
            does(closes),
            not_sent(APIConnectionError),
            no_proxy,
            done=False,
        ),
        Fault(
            "the proxy refuses (407)",
            says(407, HTML, IN_HTML),
            all_of(Cell(APIStatusError)),
            proxied,
            done=False,
        ),
        Fault(
            "the proxy refuses (403)",
            says(403, HTML, IN_HTML),
            all_of(Cell(PermissionDeniedError)),
            proxied,
            done=False,
        ),
        Fault(
            "the proxy finds no service (502)",
            says(502, HTML, IN_HTML),
            unclear(ServerError),
            proxied,
        ),
        Fault("the proxy closes", does(closes), unclear(APIConnectionError), proxied),
        Fault("the proxy hangs", hangs_as_proxy, unclear(APITimeoutError), proxied, SHORT),
        Fault(
            "the proxy lets bytes through one by one, too slowly",
            drips(0.02),
            unclear(APITimeoutError),
            proxied,
            SHORT,
        ),
        Fault(
            "the answer is larger than the cap, over a proxy",
            says(200, BOMB, "Content-Encoding: gzip"),
            unusable(),
            proxied,
        ),
        Fault(
            "the proxy refuses HTTPS (407)",
            says(407, HTML, IN_HTML, "Proxy-Authenticate: Basic"),
            not_sent(APIConnectionError),
            tunnelled,
            done=False,
        ),
        Fault(
            "the proxy refuses HTTPS (403)",
            says(403, HTML, IN_HTML),
            not_sent(APIConnectionError),
            tunnelled,
            done=False,
        ),
        Fault(
            "the proxy closes instead of connecting",
            does(closes),
            not_sent(APIConnectionError),
            tunnelled,
            done=False,
        ),
        Fault(
            "the proxy hangs instead of connecting",
            hangs_as_proxy,
            not_sent(APITimeoutError),
            tunnelled,
            SHORT,
            done=False,
        ),
    ],
}

FAULTS = [fault for faults in SECTIONS.values() for fault in faults]


def has_ipv6() -> bool:
    """Return whether this machine has ::1."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


# The same for both sides, as a pair.


def together(work: Callable[[str], T], names: Iterable[str]) -> dict[str, T]:
    """Do the work for all names at once, and return what it came to."""
    names = list(names)
    with ThreadPoolExecutor(len(names)) as threads:
        return dict(zip(names, threads.map(work, names), strict=True))


async def async_together(work: Callable[[str], Awaitable[T]], names: Iterable[str]) -> dict[str, T]:
    """Do the work for all names at once, and return what it came to."""
    done: dict[str, T] = {}

    async def do(name: str) -> None:
        done[name] = await work(name)

    async with anyio.create_task_group() as tasks:
        for name in names:
            tasks.start_soon(do, name)
    return done


# The document.

INTRODUCTION = """\
# What you may rely on when something breaks

Every fault below is played to every call, blocking and async, over real sockets, each time the
tests run; this page is written from the same table. Whatever happens, within the bounds that
you set a call ends in the right result or in one of the errors of `root.errors`.

- **Tried again** means up to `max_retries` times, with a growing wait between, and within the
  `deadline`; the error comes if the fault lasts. If it passes, you get the right result and
  notice nothing.
- **May have happened** stands for `error.may_have_been_processed`: the service got the request,
  and nothing tells whether it did what was asked. Look before you repeat it. Where it does not
  stand, an error says that nothing was changed.
- **Nothing is created twice.** `create` and `update` are tried again only where the service
  cannot have got the request or says that it did not act on it, and `verify`, which costs
  money, only where it cannot have got it.
- Your API key goes to the host of the base URL, and to no other, whatever a redirect says.

This is the table for a fault that lasts.
"""

OVER_HTTPX = {
    "the service reads too slowly": "in blocking code a large request may take longer",
    "the answer comes byte by byte, too slowly": "in blocking code the head of an answer may drip",
    "the proxy lets bytes through one by one, too slowly": "the same",
    "more than Content-Length says": "it is an `APIConnectionError`",
    "the proxy closes instead of connecting": "**may have happened** stands there, to be safe",
    "the proxy hangs instead of connecting": "the same",
}
"""What is different over an http client of the user's, by fault."""

HTTPX = """\
## Over an http client of yours

The same is played over httpx clients that are given as `http_client`. There httpx decides some
of it, and these are different:
"""

COLUMNS = {
    "`retrieve`, `list`": READS,
    "`replace`, `delete`": ("replace", "delete"),
    "`create`, `update`": ("create", "update"),
    "`verify`": ("verify",),
}


def document() -> str:
    """Return the text of docs/faults.md."""
    parts = [INTRODUCTION]
    for title, faults in SECTIONS.items():
        lines = [
            f"## {title}\n",
            f"| | {' | '.join(COLUMNS)} |",
            f"|---{'|---' * len(COLUMNS)}|",
        ]
        for fault in faults:
            cells = [shown(fault, methods) for methods in COLUMNS.values()]
            lines.append(f"| {' | '.join([fault.name, *cells])} |")
        parts.append("\n".join(lines) + "\n")
    parts.append(HTTPX)
    parts.append("\n".join(f"- {name}: {what}" for name, what in OVER_HTTPX.items()) + "\n")
    return "\n".join(parts)


def shown(fault: Fault, methods: tuple[str, ...]) -> str:
    """Return what some calls come to: once, if it is the same for all."""
    texts = {method: str(fault.cells[method]) for method in methods}
    if len(set(texts.values())) == 1:
        return texts[methods[0]]
    return "; ".join(f"`{method}`: {text}" for method, text in texts.items())


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8", newline="\n")
