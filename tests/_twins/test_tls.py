# Generated from tests/_async/test_tls.py by scripts/generate_sync.py. Do not edit.
"""TLS: trusted authorities, host names, expiry, and client certificates."""

from __future__ import annotations

import copy
import pickle
import shutil
import ssl
import subprocess
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import trustme
import truststore
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from root import APIConnectionError, ConfigurationError, RootSignals

from ..scripted_server import ESTABLISHED, ScriptedServer, responds, response_bytes, tunnels

KEY = "key-of-the-tests"
MODEL = {"id": "9b2f", "name": "a"}


def serving(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """Return the TLS settings of a server with a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def connect(server: ScriptedServer, context: ssl.SSLContext | None, host: str = "") -> RootSignals:
    """A client that makes one attempt."""
    url = server.url.replace("127.0.0.1", host) if host else server.url
    return RootSignals(KEY, base_url=url, max_retries=0, timeout=5, ssl_context=context)


async def test_a_context(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    """A context of the client decides which authorities it and its copies trust."""
    with ScriptedServer(
        [responds(201, MODEL)], tls=serving(authority.issue_cert("127.0.0.1"))
    ) as server:
        async with connect(server, trusting) as client:
            assert await client.models.acreate(name="a") == "9b2f"
            for other in (
                client.with_options(timeout=3),
                copy.copy(client),
                copy.deepcopy(client),
            ):
                assert await other.models.acreate(name="a") == "9b2f"
        assert len(server.requests) == 4
        assert server.connections == 1


async def test_a_context_instead_of_the_environment(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A context of the client takes precedence over SSL_CERT_FILE."""
    nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with (
        ScriptedServer(
            [responds(201, MODEL)], tls=serving(authority.issue_cert("127.0.0.1"))
        ) as server,
        authority.cert_pem.tempfile() as path,
    ):
        monkeypatch.setenv("SSL_CERT_FILE", path)
        async with connect(server, nobody) as client:
            with pytest.raises(APIConnectionError, match="not trusted"):
                await client.models.acreate(name="a")
        assert not server.requests


def name_in_a_directory(path: Path) -> str:
    """Return the name by which OpenSSL finds a certificate in a directory."""
    command = ["openssl", "x509", "-hash", "-noout", "-in", str(path)]
    return f"{subprocess.check_output(command, text=True).strip()}.0"


async def test_a_directory_of_authorities(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The authorities in the directory of SSL_CERT_DIR are trusted, and no others."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl, which names the files in such a directory")
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with (
        ScriptedServer(
            [responds(201, MODEL)], tls=serving(authority.issue_cert("127.0.0.1"))
        ) as server,
        ScriptedServer([responds(201, MODEL)], tls=serving(of_a_stranger(authority))) as strange,
    ):
        async with connect(server, None) as client:
            with pytest.raises(APIConnectionError, match="not trusted"):
                await client.models.acreate(name="a")
        (tmp_path / "ca.pem").rename(tmp_path / name_in_a_directory(tmp_path / "ca.pem"))
        async with connect(server, None) as client:
            assert await client.models.acreate(name="a") == "9b2f"
        async with connect(strange, None) as client:
            with pytest.raises(APIConnectionError, match="not trusted"):
                await client.models.acreate(name="a")


async def test_two_contexts(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    """A context applies to its client only."""
    with ScriptedServer(
        [responds(201, MODEL)], tls=serving(authority.issue_cert("127.0.0.1"))
    ) as server:
        async with connect(server, trusting) as client, connect(server, None) as other:
            await client.models.acreate(name="a")
            with pytest.raises(APIConnectionError, match="not trusted"):
                await other.models.acreate(name="a")
        assert len(server.requests) == 1


async def test_a_context_behind_a_proxy(
    authority: trustme.CA, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A context of the client applies over a proxy, too."""
    with ScriptedServer(
        [responds(201, MODEL)], tls=serving(authority.issue_cert("127.0.0.1"))
    ) as server:
        with ScriptedServer([tunnels(server.authority)]) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            async with connect(server, trusting) as client:
                assert await client.models.acreate(name="a") == "9b2f"
            async with connect(server, None) as client:
                expected = r"not trusted.*SSL_CERT_FILE"
                with pytest.raises(APIConnectionError, match=expected) as error:
                    await client.models.acreate(name="a")
                assert "proxy" not in str(error.value)
            assert len(proxy.requests) == 2
        assert len(server.requests) == 1
    assert not error.value.may_have_been_processed


FORGED = response_bytes(201, MODEL | {"id": "forged"})
ACCEPTS_WITH_LINES = ESTABLISHED[:-2] + b"X: %s\r\n\r\n" % (b"x" * (2048 - len(ESTABLISHED) - 5))


@pytest.mark.parametrize(
    "accepts",
    [
        pytest.param(ESTABLISHED + FORGED, id="at once"),
        pytest.param(ACCEPTS_WITH_LINES + b"HTTP/1.1 100 \r\n\r\n" * 500 + FORGED, id="lines"),
        pytest.param(ESTABLISHED.ljust(65536, b"x") + FORGED, id="large"),
    ],
)
async def test_bytes_before_the_handshake(
    authority: trustme.CA,
    trusting: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
    accepts: bytes,
) -> None:
    """What a proxy sends before the TLS handshake is not taken for a response of the service."""
    with (
        ScriptedServer(
            [responds(201, MODEL)], tls=serving(authority.issue_cert("127.0.0.1"))
        ) as server,
        ScriptedServer([tunnels(server.authority, accepts)]) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        async with connect(server, trusting) as client:
            # The rest of it may arrive in place of the handshake.
            with suppress(APIConnectionError):
                assert await client.models.acreate(name="a") == "9b2f"


async def test_the_trust_store_of_the_system(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With truststore's context, the authorities of the system are trusted."""
    with ScriptedServer(
        [responds(201, MODEL)], tls=serving(authority.issue_cert("127.0.0.1"))
    ) as server:
        async with connect(server, truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as client:
            with pytest.raises(APIConnectionError, match="not trusted"):
                await client.models.acreate(name="a")
        with authority.cert_pem.tempfile() as path:
            # On Linux OpenSSL finds the authorities of the system there.
            monkeypatch.setenv("SSL_CERT_FILE", path)
            async with connect(server, truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as client:
                assert await client.models.acreate(name="a") == "9b2f"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_client_certificate(
    authority: trustme.CA, trusting: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    """A server that requires a client certificate receives that of the context."""
    settings = serving(authority.issue_cert("127.0.0.1"))
    settings.verify_mode = ssl.CERT_REQUIRED
    settings.maximum_version = version
    authority.configure_trust(settings)
    mine = authority.issue_cert("me@client.test")
    with mine.private_key_and_cert_chain_pem.tempfile() as path:
        trusting.load_cert_chain(path)
    with ScriptedServer([responds(201, MODEL)], tls=settings) as server:
        async with connect(server, trusting) as client:
            assert await client.models.acreate(name="a") == "9b2f"
        assert len(server.requests) == 1


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("shown", ["none", "a stranger's"])
async def test_no_client_certificate(
    authority: trustme.CA, trusting: ssl.SSLContext, version: ssl.TLSVersion, shown: str
) -> None:
    """Without a required client certificate nothing is processed, and nothing is retried."""
    settings = serving(authority.issue_cert("127.0.0.1"))
    settings.verify_mode = ssl.CERT_REQUIRED
    settings.maximum_version = version
    authority.configure_trust(settings)
    if shown != "none":
        of_a_stranger(authority).configure_cert(trusting)
    with ScriptedServer([responds(201, MODEL)], tls=settings) as server:
        async with connect(server, trusting).with_options(max_retries=3) as client:
            with pytest.raises(APIConnectionError, match="require a client certificate") as error:
                await client.models.acreate(name="a")
        assert not server.requests
    assert len(error.value.attempts) == 1
    assert not error.value.may_have_been_processed
    assert "not trusted" not in str(error.value)
    # The base URL is right, and so is its scheme.
    assert "http:// or https://" not in str(error.value)


def other_name(authority: trustme.CA) -> trustme.LeafCert:
    return authority.issue_cert("other.test")


def expired(authority: trustme.CA) -> trustme.LeafCert:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    return authority.issue_cert(
        "127.0.0.1", not_before=yesterday - timedelta(days=9), not_after=yesterday
    )


def not_yet_valid(authority: trustme.CA) -> trustme.LeafCert:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    return authority.issue_cert(
        "127.0.0.1", not_before=tomorrow, not_after=tomorrow + timedelta(days=9)
    )


def of_a_stranger(_: trustme.CA) -> trustme.LeafCert:
    return trustme.CA().issue_cert("127.0.0.1")


@pytest.mark.parametrize(
    ("issue", "why", "advice"),
    [
        (
            other_name,
            "(?i)IP address mismatch",
            "for other host names than 127.0.0.1: check the base URL",
        ),
        (
            expired,
            "expired",
            "the clock of this machine; if it is right, the operator of the server",
        ),
        (not_yet_valid, "not yet valid", "the clock of this machine: it seems to be slow"),
        (of_a_stranger, "(?i)unable to get local issuer|self-signed", "SSL_CERT_FILE"),
    ],
    ids=["another name", "expired", "not yet valid", "a stranger's"],
)
async def test_untrusted_certificates(
    authority: trustme.CA,
    trusting: ssl.SSLContext,
    issue: Callable[[trustme.CA], trustme.LeafCert],
    why: str,
    advice: str,
) -> None:
    """The error has the reason and what to do; it is not retried, and nothing is sent."""
    with ScriptedServer([responds(201, MODEL)], tls=serving(issue(authority))) as server:
        async with connect(server, trusting).with_options(max_retries=3) as client:
            with pytest.raises(APIConnectionError, match=why) as error:
                await client.models.acreate(name="a")
        assert not server.requests
    assert "the certificate of 127.0.0.1 is not trusted" in str(error.value)
    assert advice in str(error.value)
    # The certificate of a company's authority does not help with the others.
    assert ("SSL_CERT_FILE" in str(error.value)) == (issue is of_a_stranger)
    assert "refused" not in str(error.value)
    assert len(error.value.attempts) == 1
    assert not error.value.may_have_been_processed


async def test_a_name_that_does_not_match(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    """A certificate for another host name than the base URL's is not trusted."""
    with ScriptedServer(
        [responds(201, MODEL)], tls=serving(authority.issue_cert("api.test"))
    ) as server:
        async with connect(server, trusting, "localhost") as client:
            with pytest.raises(
                APIConnectionError, match=r"localhost is not trusted.*(?i:mismatch)"
            ):
                await client.models.acreate(name="a")


async def test_what_to_do(authority: trustme.CA) -> None:
    """The error names the ways to trust a company's CA: SSL_CERT_FILE and ssl_context."""
    with ScriptedServer(
        [responds(201, MODEL)], tls=serving(authority.issue_cert("127.0.0.1"))
    ) as server:
        async with connect(server, None) as client:
            with pytest.raises(APIConnectionError, match=r"CA.*SSL_CERT_FILE") as error:
                await client.models.acreate(name="a")
    assert "ssl_context" in str(error.value)


async def test_no_connection(trusting: ssl.SSLContext) -> None:
    """The error for a refused connection is not about certificates."""
    with ScriptedServer([]) as gone:
        url = gone.url.replace("http://", "https://")
    async with RootSignals(KEY, base_url=url, max_retries=0, ssl_context=trusting) as client:
        with pytest.raises(APIConnectionError, match="refused the connection") as error:
            await client.models.acreate(name="a")
    assert "certificate" not in str(error.value)


def self_signed() -> tuple[bytes, bytes]:
    """Return a self-signed certificate and its private key, both as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM), private


def not_strict(path: Path) -> tuple[bytes, bytes]:
    """Write the certificate of a CA, whose certificates lack the extensions that RFC 5280 requires.

    Returns:
        A certificate for 127.0.0.1 and its private key, both as PEM.
    """
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        for name in ("Example Ltd CA", "127.0.0.1")
    ]
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    extensions = (x509.BasicConstraints(ca=True, path_length=None), address)
    certificates = [
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(names[0])
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(extension, critical=False)
        .sign(keys[0], hashes.SHA256())
        .public_bytes(Encoding.PEM)
        for name, key, extension in zip(names, keys, extensions, strict=True)
    ]
    path.write_bytes(certificates[0])
    private = keys[1].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificates[1], private


async def test_strict_checks(tmp_path: Path) -> None:
    """A company's CA that fails Python's strict checks has advice that helps."""
    authorities, server_file = tmp_path / "ca.pem", tmp_path / "server.pem"
    server_file.write_bytes(b"".join(not_strict(authorities)))
    settings = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    settings.load_cert_chain(server_file)
    # As Python 3.13 creates it by default.
    context = ssl.create_default_context(cafile=str(authorities))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with ScriptedServer([responds(201, MODEL)], tls=settings) as server:
        async with connect(server, context) as client:
            with pytest.raises(APIConnectionError, match="RFC 5280") as error:
                await client.models.acreate(name="a")
        assert "SSL_CERT_FILE" not in str(error.value)
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        async with connect(server, context) as client:
            assert await client.models.acreate(name="a") == "9b2f"


async def test_a_self_signed_certificate(tmp_path: Path) -> None:
    """The error names a self-signed certificate, and SSL_CERT_FILE can make it trusted."""
    certificate, private = self_signed()
    path = tmp_path / "server.pem"
    path.write_bytes(certificate + private)
    settings = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    settings.load_cert_chain(path)
    with ScriptedServer([responds(201, MODEL)], tls=settings) as server:
        async with connect(server, None) as client:
            with pytest.raises(APIConnectionError, match=r"not trusted \(self-signed certificate"):
                await client.models.acreate(name="a")
        context = ssl.create_default_context(cadata=certificate.decode())
        async with connect(server, context) as client:
            assert await client.models.acreate(name="a") == "9b2f"


async def test_pickle(trusting: ssl.SSLContext) -> None:
    """A client with a context cannot be pickled, and the error names the reason."""
    async with RootSignals(KEY, ssl_context=trusting) as client:
        with pytest.raises(ConfigurationError, match="cannot be pickled"):
            pickle.dumps(client)


@pytest.mark.parametrize("context", [True, "ca.pem"], ids=repr)
async def test_an_invalid_context(context: object) -> None:
    """Another object than an ssl.SSLContext is refused when the client is created."""
    with pytest.raises(ConfigurationError, match="ssl_context"):
        RootSignals(KEY, ssl_context=context)  # type: ignore[arg-type]
