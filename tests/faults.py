"""Faults between a client and the service, and the outcome of each call under each of them.

The only place for this: the tests play every fault for every call, and

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

from .scripted_server import (
    ScriptedServer,
    Step,
    closes,
    resets,
    sends,
    sends_and_resets,
    tunnels,
)

T = TypeVar("T")

DOCUMENT = Path(__file__).parent.parent / "docs" / "faults.md"

CALLS = {
    "retrieve": "`retrieve`",
    "list": "`list`",
    "replace": "`replace`",
    "delete": "`delete`",
    "create": "`create`",
    "update": "`update`",
    "verify": "`verify`",
    "run": "`evaluators.run`",
    "create_file": "`datasets.create(file=...)`",
    "set_tags": "`execution_logs.set_tags`",
    "harmless_post": "another harmless POST",
    "unsafe_put": "a PUT that is not idempotent",
    "upload": "an upload (PUT) of a file",
    "upload_once": "an upload (PUT) of a file that can be read once",
    "download": "a streamed response",
    "streamed_post": "a streamed response to a POST",
    "refine": "`judges.refine(stream=True)`",
}
"""The calls, with their names in the document."""

STREAMED = ("download", "streamed_post", "refine")
UPLOADS = ("upload", "upload_once", "create_file")

FILE = bytes(range(1, 251)) * 80
"""The content of an uploaded file."""

MODEL = {"id": "9b2f", "name": "a"}
PAGE = {"next": None, "previous": None, "results": [MODEL]}
VERIFICATION = {"success": True, "model": "a"}
EXECUTION = {"evaluator_name": "a", "score": 0.5, "execution_log_id": "9b2f"}
REFINEMENT = {"improved_response": "a", "evaluator_results": [{"score": 0.5}]}
RESULTS: dict[str, object] = dict.fromkeys(CALLS, "9b2f") | {
    "list": ["9b2f"],
    "delete": None,
    "set_tags": None,
    "verify": True,
    **dict.fromkeys(STREAMED, "read to its end"),
}
"""The result of each call without a fault: an ID, a list of them, a success."""

MAX_BYTES = 2**20
"""The maximum size of a response while faults are played."""

SHORT = 0.4
"""Seconds for an attempt if the fault is that nothing arrives."""


def content(call: str) -> bytes:
    """Return the body of the right response, a superfluous one if there is none."""
    if call == "refine":
        return b"data: %s\n\n" % json.dumps(REFINEMENT).encode()
    shape = {"list": PAGE, "verify": VERIFICATION, "run": EXECUTION}.get(call, MODEL)
    return json.dumps(shape).encode()


def right(call: str) -> bytes:
    """Return the right response."""
    if call in IGNORED:
        return b"HTTP/1.1 204 No Content\r\n\r\n"
    return response(201 if call in ("create", "create_file") else 200, content(call))


def response(status: int, body: bytes, *lines: str, length: int | None = None) -> bytes:
    """Return a response with this body, and a Content-Length that may be wrong."""
    length = len(body) if length is None else length
    head = "".join(f"{line}\r\n" for line in (*lines, f"Content-Length: {length}"))
    return f"HTTP/1.1 {status} Scripted\r\n{head}\r\n".encode() + body


# The outcomes of calls.


@dataclass(frozen=True)
class Cell:
    """The outcome of one call under one fault that lasts, with one retry allowed.

    Attributes:
        error: The class of the error, or None for the result.
        attempts: Number of attempts.
        arrived: Number of requests that arrived at the service.
        is_ambiguous: Whether the error reports that the service may have processed the request.
    """

    error: type[RootSignalsError] | None
    attempts: int = 1
    arrived: int = 1
    is_ambiguous: bool = False

    def __str__(self) -> str:
        if self.error is None:
            return "the result"
        parts = [f"`{self.error.__name__}`"]
        parts += ["retried"] if self.attempts > 1 else []
        parts += ["**may have been processed**"] if self.is_ambiguous else []
        return ", ".join(parts)


Cells = dict[str, Cell]
READS = ("retrieve", "list", "download")
IDEMPOTENT = (*READS, "replace", "delete", "set_tags", "harmless_post", "upload")
SENT_ONCE = ("upload_once",)


def all_of(cell: Cell, **others: Cell) -> Cells:
    """Return a row with the same outcome for all calls but some."""
    return dict.fromkeys(CALLS, cell) | others


def not_sent(error: type[RootSignalsError], attempts: int = 2) -> Cells:
    """Return the row of a fault that lets no request through."""
    return all_of(Cell(error, attempts, 0))


def stuck(error: type[RootSignalsError]) -> Cells:
    """Return the row of a fault in the middle of a request, before its body."""
    row = {call: replace(cell, arrived=0) for call, cell in ambiguous(error).items()}
    # Nothing was read of the file.
    return row | {"upload_once": row["upload"]}


def refused(error: type[RootSignalsError]) -> Cells:
    """Return the row of a response that reports that nothing was done."""
    return all_of(Cell(error, 2, 2), **dict.fromkeys(SENT_ONCE, Cell(error)))


def ambiguous(error: type[RootSignalsError], **others: Cell) -> Cells:
    """Return the row of a fault that leaves open what was done."""
    row = {
        call: Cell(error, *((2, 2) if call in IDEMPOTENT else (1, 1)), call not in READS)
        for call in CALLS
    }
    return row | others


def streamed(download: Cell, post: Cell | None = None, refine: Cell | None = None) -> Cells:
    """Return the cells of streamed responses, which differ where the body is concerned."""
    is_ambiguous = download.error is not None
    post = post or replace(download, is_ambiguous=is_ambiguous)
    return {"download": download, "streamed_post": post, "refine": refine or post}


def in_body(stream: type[RootSignalsError]) -> Cells:
    """Return the row of a fault within the body of the response.

    Args:
        stream: The error of a streamed response, which has begun by then, so it is not retried.
    """
    error = APITimeoutError if stream is APITimeoutError else APIResponseError
    return ambiguous(error) | streamed(Cell(stream))


def unusable(**others: Cell) -> Cells:
    """Return the row of a response that would be the same again."""
    row = {call: Cell(APIResponseError, is_ambiguous=call not in READS) for call in CALLS}
    return row | streamed(RESULT, refine=row["refine"]) | others


def unreadable(**others: Cell) -> Cells:
    """Return the row of a body that cannot be read, which a stream leaves to its user."""
    row = ambiguous(APIResponseError)
    return row | streamed(RESULT, refine=row["refine"]) | others


RESULT = Cell(None)

IGNORED = {"delete": RESULT, "set_tags": RESULT}
"""The cells of the calls that ignore the body of the response."""

NO_EVENTS = {"refine": Cell(APIResponseError, is_ambiguous=True)}
"""The cell of a body that the calls can read and that is no events."""

COMPRESSED = {call: ambiguous(APIResponseError)[call] for call in STREAMED}
"""The cells of streams that are compressed, which their requests do not accept."""


# The places of faults.


@dataclass
class Scene:
    """The servers of a fault.

    Attributes:
        server: The service.
        other: A server that no request may reach.
        url: The base URL.
        environment: Environment variables to set.
        headers: Headers to send.
        proxy: The proxy, if there is one.
    """

    server: ScriptedServer
    other: ScriptedServer
    url: str
    environment: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    proxy: ScriptedServer | None = None

    def arrived(self, call: str) -> list[bytes]:
        """Return the requests of a call that have arrived."""
        return [request for request in list(self.server.requests) if called(request) == call]


def called(request: bytes) -> str:
    """Return the call of a request, which is in a header."""
    for line in request.partition(b"\r\n\r\n")[0].split(b"\r\n"):
        name, _, value = line.partition(b": ")
        if name.lower() == b"x-call":
            return value.decode()
    return ""


def body_of(request: bytes) -> bytes:
    """Return the body of a request, which may be chunked."""
    head, _, body = request.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" not in head.lower():
        return body
    content = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        content, body = content + body[: int(size, 16)], body[int(size, 16) + 2 :]
    return content


Script = Callable[[Scene, str], Step]
Choice = Callable[[Scene, bytes], Step]
Setting = Callable[[Choice], "Iterator[Scene]"]


@cache
def authority() -> trustme.CA:
    """Return a certificate authority."""
    return trustme.CA()


@cache
def secure() -> ssl.SSLContext:
    """Return the TLS settings of a server with a certificate of the authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert("127.0.0.1").configure_cert(context)
    return context


def plain(choose: Choice) -> Iterator[Scene]:
    """Play on an HTTP server."""
    with ScriptedServer([]) as server, ScriptedServer([sends(right("retrieve"))]) as other:
        scene = Scene(server, other, server.url)
        server.choose = partial(choose, scene)
        yield scene


def on_ipv6(choose: Choice) -> Iterator[Scene]:
    """Play on an HTTP server with an IPv6 address."""
    if not has_ipv6():
        pytest.skip("this machine has no ::1")
    with (
        ScriptedServer([], host="::1") as server,
        ScriptedServer([sends(right("retrieve"))]) as other,
    ):
        scene = Scene(server, other, server.url)
        server.choose = partial(choose, scene)
        yield scene


def tls(choose: Choice) -> Iterator[Scene]:
    """Play on an HTTPS server with a certificate that is trusted."""
    for scene in untrusted(choose):
        with authority().cert_pem.tempfile() as path:
            scene.environment["SSL_CERT_FILE"] = path
            yield scene


def untrusted(choose: Choice) -> Iterator[Scene]:
    """Play on an HTTPS server with a certificate that is not trusted."""
    with (
        ScriptedServer([], tls=secure()) as server,
        ScriptedServer([sends(right("retrieve"))]) as other,
    ):
        scene = Scene(server, other, server.url)
        server.choose = partial(choose, scene)
        yield scene


def no_tls(choose: Choice) -> Iterator[Scene]:
    """Play on an HTTP server, with a base URL of HTTPS."""
    for scene in plain(choose):
        scene.url = scene.url.replace("http://", "https://")
        yield scene


def closed_port(choose: Choice) -> Iterator[Scene]:
    """Play without a server."""
    with ScriptedServer([]) as gone:
        url = gone.url
    for scene in plain(choose):
        scene.url = url
        yield scene


def full(choose: Choice) -> Iterator[Scene]:
    """Play on a port that does not accept the connection."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        # The system makes the queue one or two longer.
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        for scene in plain(choose):
            scene.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            yield scene


def unread(choose: Choice, read_size: int = 0, sends_meanwhile: bytes = b"") -> Iterator[Scene]:
    """Play on a server that reads nothing, or little, of a large request."""
    for scene in plain(choose):
        with ScriptedServer([], read_size=read_size, sends_meanwhile=sends_meanwhile) as server:
            scene.url = server.url
            # More than the buffers of the system.
            scene.headers["X-More"] = "x" * 4_000_000
            yield scene


def proxied(choose: Choice) -> Iterator[Scene]:
    """Play on an HTTP proxy, which acts as the service."""
    for scene in plain(choose):
        scene.environment["HTTP_PROXY"] = scene.url
        scene.proxy = scene.server
        scene.url = "http://api.test"
        yield scene


def tunnelled(choose: Choice) -> Iterator[Scene]:
    """Play on a proxy for HTTPS, with a service behind it."""
    for scene in tls(lambda _, request: sends(right(called(request)), then_close=False)):
        with ScriptedServer([]) as proxy:
            scene.environment["HTTPS_PROXY"] = proxy.url
            scene.proxy = proxy
            proxy.choose = partial(choose, scene)
            yield scene


def untrusted_tunnel(choose: Choice) -> Iterator[Scene]:
    """Play on a proxy for HTTPS, with a service behind it whose certificate is not trusted."""
    for scene in tunnelled(choose):
        del scene.environment["SSL_CERT_FILE"]
        yield scene


def no_proxy(choose: Choice) -> Iterator[Scene]:
    """Play without the proxy."""
    for scene in plain(choose):
        with ScriptedServer([]) as proxy:
            scene.environment["HTTP_PROXY"] = proxy.url
        yield scene


@dataclass(frozen=True)
class Fault:
    """A fault.

    Attributes:
        name: Its name in the document.
        script: Returns the step of the server for a request of a call.
        cells: The outcome of each call while it lasts.
        setting: Starts the servers.
        timeout: Seconds for an attempt.
        may_be_done: Whether the service may have processed a request by then.
    """

    name: str
    script: Script
    cells: Cells
    setting: Setting = plain
    timeout: float = 5.0
    may_be_done: bool = True

    def __str__(self) -> str:
        return self.name

    @contextmanager
    def staged(self, times: int | None = None) -> Iterator[Scene]:
        """Play it, for all requests or for a number of them of each call."""
        met: Counter[str] = Counter()

        def choose(scene: Scene, request: bytes) -> Step:
            call = called(request)
            met[call] += 1
            if times is not None and met[call] > times:
                return sends(right(call), then_close=False)
            return self.script(scene, call)

        yield from self.setting(choose)


# The scripts.


def responds(status: int, body: bytes, *lines: str) -> Script:
    """Send the same response to every call."""
    return lambda _, call: sends(response(status, body, *lines), then_close=False)


def does(step: Step) -> Script:
    """Do the same for every call."""
    return lambda _, call: step


def changes(change: Callable[[bytes], bytes], *, then_close: bool = True) -> Script:
    """Change the right response."""
    return lambda _, call: sends(change(right(call)), then_close=then_close)


def changes_body(change: Callable[[bytes], bytes], *lines: str) -> Script:
    """Change the body of the right response."""
    return lambda _, call: sends(response(200, change(content(call)), *lines), then_close=False)


def adds(fields: bytes) -> Script:
    """Add fields to the model in the response, before the others."""
    return changes_body(lambda body: body.replace(b'{"id"', b"{" + fields + b', "id"'))


def has_number(number: bytes) -> Script:
    """Have a number in the model, or be the score, in the response."""
    field = b'"max_token_count": ' + number
    return changes_body(
        lambda body: body.replace(b'{"id"', b"{" + field + b', "id"').replace(b"0.5", number)
    )


def hangs(scene: Scene, _: str) -> Step:
    """Send nothing."""
    return scene.server.hangs


def hangs_after(part: Callable[[bytes], bytes]) -> Script:
    """Send a part of the right response and no more."""

    def script(scene: Scene, call: str) -> Step:
        def step(sock: socket.socket) -> bool:
            sock.sendall(part(response(200, content(call))))
            return scene.server.hangs(sock)

        return step

    return script


def drips(seconds: float, part: Callable[[bytes], int] = lambda _: 0) -> Script:
    """Send a part of the right response, and the rest byte by byte."""

    def script(scene: Scene, call: str) -> Step:
        # The head alone takes longer than the timeout.
        whole = response(200, content(call), f"X-More: {'x' * 300}")
        return scene.server.drips(whole, part(whole), seconds)

    return script


def hangs_as_proxy(scene: Scene, _: str) -> Step:
    assert scene.proxy is not None
    return scene.proxy.hangs


def redirects(to: Callable[[Scene], str], status: int = 302) -> Script:
    return lambda scene, _: sends(
        response(status, b"", f"Location: {to(scene)}/v1/models/9b2f/"), then_close=False
    )


def to_head(whole: bytes) -> bytes:
    return whole[:20]


def to_body(whole: bytes) -> bytes:
    return whole[: whole.index(b"\r\n\r\n") + 14]


HTML = b"<html><h1>Bad Gateway</h1></html>"
HTML_TYPE = "Content-Type: text/html"
CHUNKED = b"HTTP/1.1 200 Scripted\r\nTransfer-Encoding: chunked\r\n\r\n"
BOMB = gzip.compress(b" " * (MAX_BYTES * 5))
THROTTLED = b'{"detail": "Request was throttled. Expected available in 3 seconds."}'
# Dates of a server's clock that is wrong: only the difference between the two is used.
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
            "a Content-Encoding that is none (`utf-8`)",
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

FAULTS = [fault for faults in SECTIONS.values() for fault in faults]


def has_ipv6() -> bool:
    """Return whether this machine has ::1."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


# A pair: blocking code has threads where async code has tasks.


def together(work: Callable[[str], T], names: Iterable[str]) -> dict[str, T]:
    """Do the work for all names concurrently, and return the results by name."""
    names = list(names)
    with ThreadPoolExecutor(len(names)) as threads:
        return dict(zip(names, threads.map(work, names), strict=True))


async def async_together(work: Callable[[str], Awaitable[T]], names: Iterable[str]) -> dict[str, T]:
    """Do the work for all names concurrently, and return the results by name."""
    results: dict[str, T] = {}

    async def do(name: str) -> None:
        results[name] = await work(name)

    async with anyio.create_task_group() as tasks:
        for name in names:
            tasks.start_soon(do, name)
    return results


# The document.

INTRODUCTION = """\
# Faults, and the outcome of each call

Each time the tests run, every fault below is played to every call, blocking and async, over real
sockets; this page is generated from the same table. Within its timeouts, a call ends with the
result or with one of the errors of `root.errors`.

- **Retried** means up to `max_retries` times, with growing waits and within the `deadline`. The
  error is raised if the fault lasts; if it passes, the call returns its result.
- **May have been processed** is `error.may_have_been_processed`: the service received the request,
  and it is unknown whether it processed it. Check before you repeat the call. Any other error
  reports that nothing was changed.
- **Nothing is created or paid twice.** `create`, `update`, `verify` and `evaluators.run`, which
  cost money, and other calls that are not idempotent are retried only if the service did not
  receive the request or refused to process it. So is a PUT of an object with versions, of which
  each PUT makes one.
- **A file is read again for each attempt.** One that cannot be read twice, such as a pipe, is not
  sent again after a part of it was read.
- **A streamed response** is retried until its head has arrived. A fault in its body is raised
  where the body is read. The `timeout` then applies to each piece, and the body, whatever its size
  and content, is left to you. That of a refinement is read as events, and one that has none is an
  error.
- The API key is sent to the host of the base URL and to no other, whatever a redirect requests.

The tables show the outcome of a fault that lasts.
"""

OVER_HTTPX = {
    "the service reads the request too slowly": "in blocking code a large request may take longer",
    "the response arrives byte by byte, too slowly": "in blocking code the head may take longer",
    "the response arrives byte by byte over a proxy, too slowly": "the same",
    "more bytes than Content-Length": "the error is an `APIConnectionError`",
    "the proxy closes the connection instead of opening a tunnel": (
        "the error has **may have been processed**, to be safe"
    ),
    "the proxy sends nothing instead of opening a tunnel": "the same",
}
"""The differences over an HTTP client of the user's, by fault."""

HTTPX = """\
## Over an HTTP client of yours

The same faults are played over httpx clients that are passed as `http_client`. There, httpx
decides some of the outcomes, which are different:
"""

COLUMNS = (
    ("retrieve", "list"),
    ("replace", "delete", "set_tags", "harmless_post", "upload"),
    ("create", "update", "verify", "run", "create_file", "unsafe_put"),
    ("upload_once",),
    ("download",),
    ("streamed_post", "refine"),
)


def document() -> str:
    """Return the text of docs/faults.md."""
    parts = [INTRODUCTION]
    for title, faults in SECTIONS.items():
        names = [", ".join(CALLS[call] for call in calls) for calls in COLUMNS]
        lines = [f"## {title}\n", f"| | {' | '.join(names)} |", f"|---{'|---' * len(COLUMNS)}|"]
        for fault in faults:
            cells = [shown(fault, calls) for calls in COLUMNS]
            lines.append(f"| {' | '.join([fault.name, *cells])} |")
        parts.append("\n".join(lines) + "\n")
    parts.append(HTTPX)
    parts.append("\n".join(f"- {name}: {text}" for name, text in OVER_HTTPX.items()) + "\n")
    return "\n".join(parts)


def shown(fault: Fault, calls: tuple[str, ...]) -> str:
    """Return the outcome of some calls: once, if it is the same for most of them."""
    texts = [str(fault.cells[call]) for call in calls]
    usual = max(texts, key=texts.count)
    others = [
        f"{CALLS[call]}: {text}" for call, text in zip(calls, texts, strict=True) if text != usual
    ]
    return "; ".join([usual, *others])


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8", newline="\n")
