"""The places of faults: servers, and proxies before them."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache, partial

import pytest
import trustme

from ..scripted_server import ScriptedServer, Step, sends
from .calls import right


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


def has_ipv6() -> bool:
    """Return whether this machine has ::1."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True
