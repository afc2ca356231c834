"""Parsing of certificates, compared with those that the package cryptography creates."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from root._doctor.certificates import read_certificate

KEY = ec.generate_private_key(ec.SECP256R1())
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def attribute(oid: x509.ObjectIdentifier, text: str) -> x509.NameAttribute[str]:
    return x509.NameAttribute(oid, text)


def certificate(
    subject: list[x509.NameAttribute[str]], *, until: datetime = NOW, names: int = 1
) -> bytes:
    """Return a certificate in DER; with many names it is long."""
    alternatives = [x509.IPAddress(ip_address(number)) for number in range(names)]
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name(subject))
        .issuer_name(x509.Name([attribute(NameOID.COMMON_NAME, "The CA")]))
        .public_key(KEY.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - timedelta(days=365))
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .sign(KEY, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )


DER = certificate([attribute(NameOID.COMMON_NAME, "api.test")])


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ([attribute(NameOID.COMMON_NAME, "api.test")], "CN=api.test"),
        (
            [
                attribute(NameOID.COUNTRY_NAME, "FI"),
                attribute(NameOID.ORGANIZATION_NAME, "Ä Oy"),
                attribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "IT"),
                attribute(NameOID.COMMON_NAME, "api.test"),
            ],
            "CN=api.test / OU=IT / O=Ä Oy",
        ),
        ([attribute(NameOID.COUNTRY_NAME, "FI")], "a name without CN, O and OU"),
        ([], "no name"),
    ],
    ids=["common name", "several attributes", "only a country", "empty"],
)
def test_names(subject: list[x509.NameAttribute[str]], expected: str) -> None:
    """Of a name, the attributes that people recognize are parsed."""
    found = read_certificate(certificate(subject))

    assert found.subject == expected
    assert found.issuer == "CN=The CA"


def test_utf_16_name() -> None:
    """A name in UTF-16, as Windows used to write it, is parsed."""
    modern = certificate([attribute(NameOID.COMMON_NAME, "ä")])
    old = modern.replace(b"\x0c\x02\xc3\xa4", b"\x1e\x02\x00\xe4")

    assert old != modern
    assert read_certificate(old).subject == "CN=ä"


@pytest.mark.parametrize("year", [1951, 1999, 2000, 2049, 2050, 9999])
def test_times(year: int) -> None:
    """Both forms of time are parsed, before and after 1950 and 2050."""
    until = NOW.replace(year=year)
    found = read_certificate(certificate([], until=until))

    assert (found.not_before, found.not_after) == (until - timedelta(days=365), until)


@pytest.mark.parametrize("names", [1, 20, 200, 20000])
def test_lengths(names: int) -> None:
    """Lengths are parsed in each of their forms."""
    assert read_certificate(certificate([], names=names)).not_after == NOW


@given(der=st.binary())
def test_any_bytes(der: bytes) -> None:
    """Bytes that are not a certificate raise ValueError and nothing else."""
    with suppress(ValueError):
        read_certificate(der)
        pytest.fail("It was parsed.")


@given(at=st.integers(0, len(DER) - 1), byte=st.integers(0, 255), end=st.integers(0, len(DER)))
def test_damaged_certificates(at: int, byte: int, end: int) -> None:
    """A certificate with a wrong byte or a missing end is parsed, or raises ValueError."""
    for der in (DER[:at] + bytes([byte]) + DER[at + 1 :], DER[:end]):
        with suppress(ValueError):
            read_certificate(der)
