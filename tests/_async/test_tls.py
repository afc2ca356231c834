"""TLS: whom to trust, by which name, until when, and who the client is."""

from __future__ import annotations

import copy
import pickle
import shutil
import ssl
import subprocess
from collections.abc import Callable
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

from root import APIConnectionError, AsyncRootSignals, ConfigurationError

from ..wire import Wire, says, tunnels

KEY = "key-of-the-tests"
MODEL = {"id": "9b2f", "name": "a"}


def serving(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """Return a server's settings with a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def connect(wire: Wire, context: ssl.SSLContext | None, host: str = "") -> AsyncRootSignals:
    """A client that tries a call once."""
    url = wire.url.replace("127.0.0.1", host) if host else wire.url
    return AsyncRootSignals(KEY, base_url=url, max_retries=0, timeout=5, ssl_context=context)


async def test_a_context(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    """Whom a context given to the client trusts is trusted, by its copies as well."""
    with Wire([says(201, MODEL)], tls=serving(authority.issue_cert("127.0.0.1"))) as wire:
        async with connect(wire, trusting) as client:
            assert await client.models.create(name="a") == "9b2f"
            for other in (
                client.with_options(timeout=3),
                copy.copy(client),
                copy.deepcopy(client),
            ):
                assert await other.models.create(name="a") == "9b2f"
        assert len(wire.requests) == 4
        assert wire.connections == 1


async def test_a_context_instead_of_the_environment(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A context given to the client holds, whatever SSL_CERT_FILE says."""
    nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with (
        Wire([says(201, MODEL)], tls=serving(authority.issue_cert("127.0.0.1"))) as wire,
        authority.cert_pem.tempfile() as path,
    ):
        monkeypatch.setenv("SSL_CERT_FILE", path)
        async with connect(wire, nobody) as client:
            with pytest.raises(APIConnectionError, match="not trusted"):
                await client.models.create(name="a")
        assert not wire.requests


def name_in_a_directory(path: Path) -> str:
    """Return the name by which OpenSSL finds a certificate in a directory."""
    command = ["openssl", "x509", "-hash", "-noout", "-in", str(path)]
    return f"{subprocess.check_output(command, text=True).strip()}.0"


async def test_a_directory_of_authorities(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whoever is in the directory that SSL_CERT_DIR names is trusted, and nobody else."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl, which names the files in such a directory")
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with (
        Wire([says(201, MODEL)], tls=serving(authority.issue_cert("127.0.0.1"))) as wire,
        Wire([says(201, MODEL)], tls=serving(of_a_stranger(authority))) as strange,
    ):
        async with connect(wire, None) as client:
            with pytest.raises(APIConnectionError, match="not trusted"):
                await client.models.create(name="a")
        (tmp_path / "ca.pem").rename(tmp_path / name_in_a_directory(tmp_path / "ca.pem"))
        async with connect(wire, None) as client:
            assert await client.models.create(name="a") == "9b2f"
        async with connect(strange, None) as client:
            with pytest.raises(APIConnectionError, match="not trusted"):
                await client.models.create(name="a")


async def test_clients_with_contexts_of_their_own(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    """A context holds for the client that it was given to, and for no other."""
    with Wire([says(201, MODEL)], tls=serving(authority.issue_cert("127.0.0.1"))) as wire:
        async with connect(wire, trusting) as client, connect(wire, None) as other:
            await client.models.create(name="a")
            with pytest.raises(APIConnectionError, match="not trusted"):
                await other.models.create(name="a")
        assert len(wire.requests) == 1


async def test_a_context_behind_a_proxy(
    authority: trustme.CA, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A context given to the client holds over a proxy, too."""
    with Wire([says(201, MODEL)], tls=serving(authority.issue_cert("127.0.0.1"))) as wire:
        with Wire([tunnels(wire.authority)]) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            async with connect(wire, trusting) as client:
                assert await client.models.create(name="a") == "9b2f"
            async with connect(wire, None) as client:
                expected = r"not trusted.*SSL_CERT_FILE"
                with pytest.raises(APIConnectionError, match=expected) as error:
                    await client.models.create(name="a")
                assert "proxy" not in str(error.value)
            assert len(proxy.requests) == 2
        assert len(wire.requests) == 1
    assert not error.value.may_have_been_processed


async def test_the_trust_store_of_the_system(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With truststore's context, who is trusted is what the system says."""
    with Wire([says(201, MODEL)], tls=serving(authority.issue_cert("127.0.0.1"))) as wire:
        async with connect(wire, truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as client:
            with pytest.raises(APIConnectionError, match="not trusted"):
                await client.models.create(name="a")
        with authority.cert_pem.tempfile() as path:
            # On Linux this is where OpenSSL looks for what the system trusts.
            monkeypatch.setenv("SSL_CERT_FILE", path)
            async with connect(wire, truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as client:
                assert await client.models.create(name="a") == "9b2f"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_client_certificate(
    authority: trustme.CA, trusting: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    """A server that wants to know who the client is sees the context's certificate."""
    settings = serving(authority.issue_cert("127.0.0.1"))
    settings.verify_mode = ssl.CERT_REQUIRED
    settings.maximum_version = version
    authority.configure_trust(settings)
    mine = authority.issue_cert("me@client.test")
    with mine.private_key_and_cert_chain_pem.tempfile() as path:
        trusting.load_cert_chain(path)
    with Wire([says(201, MODEL)], tls=settings) as wire:
        async with connect(wire, trusting) as client:
            assert await client.models.create(name="a") == "9b2f"
        assert len(wire.requests) == 1


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("shown", ["none", "a stranger's"])
async def test_no_client_certificate(
    authority: trustme.CA, trusting: ssl.SSLContext, version: ssl.TLSVersion, shown: str
) -> None:
    """Without the certificate that a server wants, nothing was done, and nothing is tried again."""
    settings = serving(authority.issue_cert("127.0.0.1"))
    settings.verify_mode = ssl.CERT_REQUIRED
    settings.maximum_version = version
    authority.configure_trust(settings)
    if shown != "none":
        of_a_stranger(authority).configure_cert(trusting)
    with Wire([says(201, MODEL)], tls=settings) as wire:
        async with connect(wire, trusting).with_options(max_retries=3) as client:
            with pytest.raises(APIConnectionError, match="want a client certificate") as error:
                await client.models.create(name="a")
        assert not wire.requests
    assert len(error.value.attempts) == 1
    assert not error.value.may_have_been_processed
    assert "not trusted" not in str(error.value)
    # The base URL is right: this is no question of http:// or https://.
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
        (other_name, "(?i)IP address mismatch", "not known as 127.0.0.1: check the base URL"),
        (expired, "expired", "the clock of this machine; if it is right, whoever runs the server"),
        (not_yet_valid, "not yet valid", "the clock of this machine: it seems to be behind"),
        (of_a_stranger, "(?i)unable to get local issuer|self-signed", "SSL_CERT_FILE"),
    ],
    ids=["another name", "expired", "not yet valid", "a stranger's"],
)
async def test_certificates_that_are_not_trusted(
    authority: trustme.CA,
    trusting: ssl.SSLContext,
    issue: Callable[[trustme.CA], trustme.LeafCert],
    why: str,
    advice: str,
) -> None:
    """Why a certificate is not trusted is told with what to do, at once, and nothing is sent."""
    with Wire([says(201, MODEL)], tls=serving(issue(authority))) as wire:
        async with connect(wire, trusting).with_options(max_retries=3) as client:
            with pytest.raises(APIConnectionError, match=why) as error:
                await client.models.create(name="a")
        assert not wire.requests
    assert "the certificate of 127.0.0.1 is not trusted" in str(error.value)
    assert advice in str(error.value)
    # A certificate of a company's would be no cure for the others.
    assert ("SSL_CERT_FILE" in str(error.value)) == (issue is of_a_stranger)
    assert "refused" not in str(error.value)
    assert len(error.value.attempts) == 1
    assert not error.value.may_have_been_processed


async def test_a_name_that_does_not_match(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    """A certificate for another host name than the base URL's is not trusted."""
    with Wire([says(201, MODEL)], tls=serving(authority.issue_cert("api.test"))) as wire:
        async with connect(wire, trusting, "localhost") as client:
            with pytest.raises(
                APIConnectionError, match=r"localhost is not trusted.*(?i:mismatch)"
            ):
                await client.models.create(name="a")


async def test_what_to_do(authority: trustme.CA) -> None:
    """The error says how to trust a company's CA: by SSL_CERT_FILE or by ssl_context."""
    with Wire([says(201, MODEL)], tls=serving(authority.issue_cert("127.0.0.1"))) as wire:
        async with connect(wire, None) as client:
            with pytest.raises(APIConnectionError, match=r"CA.*SSL_CERT_FILE") as error:
                await client.models.create(name="a")
    assert "ssl_context" in str(error.value)


async def test_no_connection_is_something_else(trusting: ssl.SSLContext) -> None:
    """Where nobody listens, the error speaks of the connection and not of certificates."""
    with Wire([]) as gone:
        url = gone.url.replace("http://", "https://")
    async with AsyncRootSignals(KEY, base_url=url, max_retries=0, ssl_context=trusting) as client:
        with pytest.raises(APIConnectionError, match="refused the connection") as error:
            await client.models.create(name="a")
    assert "certificate" not in str(error.value)


def self_signed() -> tuple[bytes, bytes]:
    """Return a certificate that no authority signed, and its private key, both as PEM."""
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


async def test_a_self_signed_certificate(tmp_path: Path) -> None:
    """A certificate that nobody else signed is told as that, and trusted by whoever names it."""
    certificate, private = self_signed()
    path = tmp_path / "server.pem"
    path.write_bytes(certificate + private)
    settings = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    settings.load_cert_chain(path)
    with Wire([says(201, MODEL)], tls=settings) as wire:
        async with connect(wire, None) as client:
            with pytest.raises(APIConnectionError, match=r"not trusted \(self-signed certificate"):
                await client.models.create(name="a")
        context = ssl.create_default_context(cadata=certificate.decode())
        async with connect(wire, context) as client:
            assert await client.models.create(name="a") == "9b2f"


async def test_pickle(trusting: ssl.SSLContext) -> None:
    """A client with a context cannot be pickled, and says why."""
    async with AsyncRootSignals(KEY, ssl_context=trusting) as client:
        with pytest.raises(ConfigurationError, match="cannot be pickled"):
            pickle.dumps(client)


@pytest.mark.parametrize("context", [True, "ca.pem"], ids=repr)
async def test_what_is_no_context(context: object) -> None:
    """What is no ssl.SSLContext is refused when the client is made."""
    with pytest.raises(ConfigurationError, match="ssl_context"):
        AsyncRootSignals(KEY, ssl_context=context)  # type: ignore[arg-type]
