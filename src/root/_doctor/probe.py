"""The connection to the service, probed step by step: TCP, proxy tunnel and TLS.

httpcore reports only how a connection attempt ended. The probe uses blocking sockets of its own and
reports each step. It sends no data of the user, except for the credentials of the proxy.
"""

from __future__ import annotations

import socket
import ssl
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar, cast

from .._concurrency.waiting import monotonic
from .._http.messages import Origin
from .._http.proxies import Proxy
from .._http.tls import shared_ssl_context
from ..errors import ConfigurationError
from . import findings
from .report import Check

__all__ = ["Address", "ConnectionProbe", "look_up"]


T = TypeVar("T")

_DEFAULT_PORTS = {"http": 80, "https": 443}

# `_ssl.ENCODING_DER`, which is private.
_DER = 2

# Enough for the head of any proxy's response.
_MAX_HEAD = 64 * 1024


@dataclass(frozen=True, slots=True)
class Address:
    """An address of a host, as sockets take it."""

    family: int
    sockaddr: tuple[Any, ...]

    @property
    def host(self) -> str:
        """The IP address."""
        return str(self.sockaddr[0])

    @property
    def authority(self) -> str:
        """The IP address with the port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.sockaddr[1]}"


def look_up(origin: Origin) -> list[Address]:
    """Return the addresses of a host in the system's order. The lookup has no timeout.

    Raises:
        OSError: The host name cannot be resolved.
    """
    found = socket.getaddrinfo(origin.host, _port(origin), type=socket.SOCK_STREAM)
    return [Address(family, sockaddr) for family, _, _, _, sockaddr in found]


@dataclass(frozen=True, slots=True)
class ConnectionProbe:
    """Probes the connection to the service.

    Attributes:
        origin: Where the service is.
        proxy: The proxy, if one is used.
        addresses: The addresses of the proxy, or else of the service.
        ssl_context: The user's own TLS settings.
        trust: The certificate authorities that these trust, in words.
        timeout: Seconds for each step.
    """

    origin: Origin
    proxy: Proxy | None
    addresses: list[Address]
    ssl_context: ssl.SSLContext | None
    trust: str
    timeout: float

    def run(self) -> list[Check]:
        """Connect, open a tunnel through the proxy, and encrypt; return a check for each."""
        tcp, sock = self._connect()
        if sock is None:
            return [tcp, findings.skipped("tunnel", "tcp"), findings.skipped("tls", "tcp")]
        with sock:
            tunnel, stream = self._open_tunnel(_PlainStream(sock))
            if stream is None:
                return [tcp, tunnel, findings.skipped("tls", "tunnel")]
            if self.origin.scheme == "http":
                detail = "a base URL with http:// is not encrypted"
                return [tcp, tunnel, Check("tls", None, detail)]
            tls, _ = self._encrypt("tls", stream, self.origin)
            return [tcp, tunnel, tls]

    def _connect(self) -> tuple[Check, socket.socket | None]:
        """Connect to the first address that accepts; the addresses share the timeout."""
        started = monotonic()
        until = started + self.timeout
        failures: list[tuple[str, Exception]] = []
        connected: str | None = None
        sock: socket.socket | None = None
        for index, address in enumerate(self.addresses):
            share = (until - monotonic()) / (len(self.addresses) - index)
            try:
                sock = _open_socket(address, max(share, 0.001))
            except OSError as exc:
                failures.append((address.authority, exc))
            else:
                connected = address.authority
                break
        proxy = None if self.proxy is None else self.proxy.origin.url
        seconds = monotonic() - started
        return findings.connected(failures, connected, seconds, proxy, self.origin.host), sock

    def _open_tunnel(self, stream: _Stream) -> tuple[Check, _Stream | None]:
        if self.proxy is None:
            return Check("tunnel", None, "no proxy is used"), stream
        proxy = self.proxy.origin
        if proxy.scheme == "https":
            tls, tls_stream = self._encrypt("tunnel", stream, proxy)
            if tls_stream is None:
                return tls, None
            stream = tls_stream
        if self.origin.scheme == "http":
            return Check("tunnel", None, "a base URL with http:// needs none"), stream
        started = monotonic()
        stream.set_timeout(self.timeout)
        try:
            head, secrets = _request_tunnel(stream, self.origin, self.proxy)
        except OSError as exc:
            return findings.tunnel_failed(proxy.url, exc), None
        check = findings.proxy_tunnel(
            head, _authority(self.origin), proxy.url, secrets, monotonic() - started
        )
        return check, stream if check.ok else None

    def _encrypt(
        self, name: str, stream: _Stream, origin: Origin
    ) -> tuple[Check, _TLSStream | None]:
        """Do a TLS handshake, and report it as the check of this name."""
        started = monotonic()
        stream.set_timeout(self.timeout)
        try:
            tls = _TLSStream(stream, self.ssl_context or shared_ssl_context(), origin.host)
            tls.do_handshake()
        except ssl.SSLCertVerificationError as exc:
            chain = self._untrusted_chain(name)
            now = datetime.now(UTC)
            return findings.untrusted(name, exc, origin.host, chain, self.trust, now), None
        except ConfigurationError as exc:
            detail = "the certificate authorities to trust cannot be loaded"
            return Check(name, False, detail, str(exc)), None
        except (OSError, ValueError) as exc:
            return findings.insecure(name, exc, origin.authority), None
        protocol, cipher = tls.parameters()
        check = findings.secured(
            protocol,
            cipher,
            tls.peer_chain(),
            self.trust,
            datetime.now(UTC),
            monotonic() - started,
        )
        return check, tls

    def _untrusted_chain(self, name: str) -> list[bytes]:
        """Return the certificates of a server that is not trusted, without sending it any data."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        _, sock = self._connect()
        if sock is None:
            return []
        with sock, suppress(OSError, ValueError):
            stream: _Stream | None = _PlainStream(sock)
            host = self.origin.host
            if name == "tls":
                _, stream = self._open_tunnel(_PlainStream(sock))
            elif self.proxy is not None:
                host = self.proxy.origin.host
            if stream is not None:
                stream.set_timeout(self.timeout)
                tls = _TLSStream(stream, context, host)
                tls.do_handshake()
                return tls.peer_chain()
        return []


class _Stream(Protocol):
    def set_timeout(self, seconds: float) -> None: ...
    def send(self, data: bytes) -> None: ...
    def receive(self) -> bytes: ...


class _PlainStream:
    """A socket with one timeout for everything until the next call of `set_timeout`."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._until = 0.0

    def set_timeout(self, seconds: float) -> None:
        self._until = monotonic() + seconds

    def send(self, data: bytes) -> None:
        self._sock.settimeout(self._remaining())
        self._sock.sendall(data)

    def receive(self) -> bytes:
        self._sock.settimeout(self._remaining())
        return self._sock.recv(65536)

    def _remaining(self) -> float:
        remaining = self._until - monotonic()
        if remaining <= 0:
            raise TimeoutError
        return remaining


class _TLSStream:
    """TLS over any stream: with an HTTPS proxy, it runs within another TLS connection."""

    def __init__(self, stream: _Stream, context: ssl.SSLContext, host: str) -> None:
        self._stream = stream
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    def set_timeout(self, seconds: float) -> None:
        self._stream.set_timeout(seconds)

    def do_handshake(self) -> None:
        self._run(self._tls.do_handshake)

    def send(self, data: bytes) -> None:
        self._run(lambda: self._tls.write(data))

    def receive(self) -> bytes:
        try:
            return self._run(lambda: self._tls.read(65536))
        except ssl.SSLZeroReturnError:
            return b""

    def parameters(self) -> tuple[str, str]:
        """Return the protocol and the cipher."""
        cipher = self._tls.cipher()
        return self._tls.version() or "TLS", cipher[0] if cipher else "no cipher"

    def peer_chain(self) -> list[bytes]:
        """Return the certificates of the server, its own first."""
        # Public since Python 3.13. Before, it is a method of a private attribute, which truststore
        # uses, too.
        is_public = hasattr(self._tls, "get_verified_chain")
        source = cast("Any", self._tls if is_public else getattr(self._tls, "_sslobj", None))
        try:
            chain: list[Any] = source.get_verified_chain() or source.get_unverified_chain() or []
            return [one if isinstance(one, bytes) else one.public_bytes(_DER) for one in chain]
        except AttributeError:
            own = self._tls.getpeercert(binary_form=True)
            return [own] if own else []

    def _run(self, operation: Callable[[], T]) -> T:
        """Run an operation of TLS, and exchange the bytes that it needs."""
        while True:
            try:
                result = operation()
            except ssl.SSLWantReadError:
                self._flush()
                data = self._stream.receive()
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            except ssl.SSLError:
                # The server gets the TLS alert with the reason.
                with suppress(OSError):
                    self._flush()
                raise
            else:
                self._flush()
                return result

    def _flush(self) -> None:
        if data := self._outgoing.read():
            self._stream.send(data)


def _open_socket(address: Address, timeout: float) -> socket.socket:
    sock = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout)
        sock.connect(address.sockaddr)
    except BaseException:
        sock.close()
        raise
    return sock


def _request_tunnel(stream: _Stream, origin: Origin, proxy: Proxy) -> tuple[bytes, tuple[str, ...]]:
    """Ask a proxy for a tunnel; return the head of its response, and what to redact in it."""
    authority = _authority(origin)
    request = f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n"
    secrets: tuple[str, ...] = ()
    if proxy.auth is not None:
        basic = b64encode(":".join(proxy.auth).encode()).decode()
        request += f"Proxy-Authorization: Basic {basic}\r\n"
        secrets = (*proxy.auth, basic)
    stream.send(f"{request}\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head and len(head) < _MAX_HEAD and (data := stream.receive()):
        head += data
    return head, secrets


def _port(origin: Origin) -> int:
    return origin.port or _DEFAULT_PORTS[origin.scheme]


def _authority(origin: Origin) -> str:
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    return f"{host}:{_port(origin)}"
