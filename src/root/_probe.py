"""The way to the service, gone step by step on sockets of its own: blocking, each step bounded.

What the client itself uses is quick, and tells only how it ended. This is slow, and tells how far
it came. Nothing of the user's is sent but what a proxy needs to let anything pass.
"""

from __future__ import annotations

import socket
import ssl
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Protocol, TypeVar, cast

from . import _diagnosis as diagnosis
from ._http import Address, Proxy, shared_ssl_context
from .checks import Check
from .errors import ConfigurationError

__all__ = ["Found", "Way", "look_up"]

T = TypeVar("T")

_DEFAULT_PORTS = {"http": 80, "https": 443}

# What `_ssl` calls DER.
_DER = 2

# The head of a proxy's answer is short.
_MOST_HEAD = 64 * 1024


@dataclass(frozen=True, slots=True)
class Found:
    """An address of a host, as sockets take it."""

    family: int
    where: tuple[Any, ...]

    @property
    def host(self) -> str:
        """The address itself."""
        return str(self.where[0])

    @property
    def place(self) -> str:
        """The address with the port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.where[1]}"


def look_up(address: Address) -> list[Found]:
    """Return the addresses of a host, in the system's order; this alone cannot be bounded.

    Raises:
        OSError: There is none.
    """
    found = socket.getaddrinfo(address.host, _port(address), type=socket.SOCK_STREAM)
    return [Found(family, where) for family, _, _, _, where in found]


@dataclass(frozen=True, slots=True)
class Way:
    """The way to the service.

    Attributes:
        address: Where the service is.
        proxy: The proxy in between.
        found: The addresses of the first stop.
        ssl_context: The user's own TLS settings.
        trust: Whom these trust, in words.
        timeout: Seconds that each step may take.
    """

    address: Address
    proxy: Proxy | None
    found: list[Found]
    ssl_context: ssl.SSLContext | None
    trust: str
    timeout: float

    def go(self) -> list[Check]:
        """Connect, get through the proxy, and encrypt; return a check for each."""
        tcp, sock = self._connected()
        if sock is None:
            return [tcp, diagnosis.skipped("tunnel", "tcp"), diagnosis.skipped("tls", "tcp")]
        with sock:
            tunnel, stream = self._tunnel(_Plain(sock))
            if stream is None:
                return [tcp, tunnel, diagnosis.skipped("tls", "tunnel")]
            if self.address.scheme == "http":
                told = "a base URL with http:// is not encrypted"
                return [tcp, tunnel, Check("tls", None, told)]
            tls, _ = self._secure("tls", stream, self.address)
            return [tcp, tunnel, tls]

    def _connected(self) -> tuple[Check, socket.socket | None]:
        """Connect to the first address that answers; each has its share of the time."""
        started = monotonic()
        until = started + self.timeout
        failures: list[tuple[str, Exception]] = []
        reached: str | None = None
        sock: socket.socket | None = None
        for index, found in enumerate(self.found):
            share = (until - monotonic()) / (len(self.found) - index)
            try:
                sock = _dialled(found, max(share, 0.001))
            except OSError as exc:
                failures.append((found.place, exc))
            else:
                reached = found.place
                break
        proxy = None if self.proxy is None else self.proxy.address.origin
        seconds = monotonic() - started
        return diagnosis.connected(failures, reached, seconds, proxy, self.address.host), sock

    def _tunnel(self, stream: _Stream) -> tuple[Check, _Stream | None]:
        if self.proxy is None:
            return Check("tunnel", None, "no proxy is used"), stream
        proxy = self.proxy.address
        if proxy.scheme == "https":
            tls, secure = self._secure("tunnel", stream, proxy)
            if secure is None:
                return tls, None
            stream = secure
        if self.address.scheme == "http":
            return Check("tunnel", None, "a base URL with http:// needs none"), stream
        started = monotonic()
        stream.give(self.timeout)
        try:
            head, secrets = _asked_for_tunnel(stream, self.address, self.proxy)
        except OSError as exc:
            return diagnosis.unanswered(proxy.origin, exc), None
        check = diagnosis.tunnelled(
            head, _authority(self.address), proxy.origin, secrets, monotonic() - started
        )
        return check, stream if check.ok else None

    def _secure(self, name: str, stream: _Stream, address: Address) -> tuple[Check, _Secure | None]:
        """Encrypt a stream and see who is at its other end."""
        started = monotonic()
        stream.give(self.timeout)
        try:
            secure = _Secure(stream, self.ssl_context or shared_ssl_context(), address.host)
            secure.shake_hands()
        except ssl.SSLCertVerificationError as exc:
            chain = self._shown(name)
            now = datetime.now(UTC)
            return diagnosis.untrusted(name, exc, address.host, chain, self.trust, now), None
        except ConfigurationError as exc:
            return Check(name, False, "there is nobody to trust", str(exc)), None
        except (OSError, ValueError) as exc:
            return diagnosis.unsecured(name, exc, address.authority), None
        protocol, cipher, chain = secure.described()
        check = diagnosis.secured(
            protocol, cipher, chain, self.trust, datetime.now(UTC), monotonic() - started
        )
        return check, secure

    def _shown(self, name: str) -> list[bytes]:
        """Return the certificates of a server that is not trusted, without sending it anything."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        _, sock = self._connected()
        if sock is None:
            return []
        with sock, suppress(OSError, ValueError):
            stream: _Stream | None = _Plain(sock)
            host = self.address.host
            if name == "tls":
                _, stream = self._tunnel(_Plain(sock))
            elif self.proxy is not None:
                host = self.proxy.address.host
            if stream is not None:
                stream.give(self.timeout)
                secure = _Secure(stream, context, host)
                secure.shake_hands()
                return secure.described()[2]
        return []


class _Stream(Protocol):
    def give(self, seconds: float) -> None: ...
    def send(self, data: bytes) -> None: ...
    def receive(self) -> bytes: ...


class _Plain:
    """A socket, with one bound for all that is done until it is set anew."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._until = 0.0

    def give(self, seconds: float) -> None:
        self._until = monotonic() + seconds

    def send(self, data: bytes) -> None:
        self._sock.settimeout(self._left())
        self._sock.sendall(data)

    def receive(self) -> bytes:
        self._sock.settimeout(self._left())
        return self._sock.recv(65536)

    def _left(self) -> float:
        left = self._until - monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _Secure:
    """TLS over any stream, since a proxy may want it within TLS."""

    def __init__(self, below: _Stream, context: ssl.SSLContext, host: str) -> None:
        self._below = below
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=host)

    def give(self, seconds: float) -> None:
        self._below.give(seconds)

    def shake_hands(self) -> None:
        self._done(self._tls.do_handshake)

    def send(self, data: bytes) -> None:
        self._done(lambda: self._tls.write(data))

    def receive(self) -> bytes:
        try:
            return self._done(lambda: self._tls.read(65536))
        except ssl.SSLZeroReturnError:
            return b""

    def described(self) -> tuple[str, str, list[bytes]]:
        """Return protocol, cipher and the other side's certificates."""
        cipher = self._tls.cipher()
        return self._tls.version() or "TLS", cipher[0] if cipher else "no cipher", self._chain()

    def _chain(self) -> list[bytes]:
        # Public since Python 3.13, and before that there all the same, one level down, where
        # truststore takes it from, too.
        public = hasattr(self._tls, "get_verified_chain")
        source = cast("Any", self._tls if public else getattr(self._tls, "_sslobj", None))
        try:
            chain: list[Any] = source.get_verified_chain() or source.get_unverified_chain() or []
            return [one if isinstance(one, bytes) else one.public_bytes(_DER) for one in chain]
        except AttributeError:
            own = self._tls.getpeercert(binary_form=True)
            return [own] if own else []

    def _done(self, step: Callable[[], T]) -> T:
        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                self._flush()
                data = self._below.receive()
                if data:
                    self._in.write(data)
                else:
                    self._in.write_eof()
            except ssl.SSLError:
                # The other side is told why.
                with suppress(OSError):
                    self._flush()
                raise
            else:
                self._flush()
                return done

    def _flush(self) -> None:
        if data := self._out.read():
            self._below.send(data)


def _dialled(found: Found, timeout: float) -> socket.socket:
    sock = socket.socket(found.family, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout)
        sock.connect(found.where)
    except BaseException:
        sock.close()
        raise
    return sock


def _asked_for_tunnel(
    stream: _Stream, address: Address, proxy: Proxy
) -> tuple[bytes, tuple[str, ...]]:
    """Ask a proxy for a tunnel; return the head of its answer, and what must not show of it."""
    authority = _authority(address)
    request = f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n"
    secrets: tuple[str, ...] = ()
    if proxy.auth is not None:
        basic = b64encode(":".join(proxy.auth).encode()).decode()
        request += f"Proxy-Authorization: Basic {basic}\r\n"
        secrets = (*proxy.auth, basic)
    stream.send(f"{request}\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head and len(head) < _MOST_HEAD and (data := stream.receive()):
        head += data
    return head, secrets


def _port(address: Address) -> int:
    return address.port or _DEFAULT_PORTS[address.scheme]


def _authority(address: Address) -> str:
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{host}:{_port(address)}"
