"""A parser for the subject, the issuer and the validity of X.509 certificates (RFC 5280).

The standard library parses only a verified certificate, and only the first one of a chain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

__all__ = ["Certificate", "read_certificate"]


_SEQUENCE, _OID, _UTC_TIME, _GENERALIZED_TIME, _VERSION = 0x30, 0x06, 0x17, 0x18, 0xA0

_BMP_STRING = 0x1E

# The attributes of a name that people recognize (RFC 5280, A.1), by their identifier in DER.
_ATTRIBUTES = {b"\x55\x04\x03": "CN", b"\x55\x04\x0a": "O", b"\x55\x04\x0b": "OU"}


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate.

    Attributes:
        subject: The name of its owner.
        issuer: The name of the authority that signed it.
        not_before: The beginning of its validity.
        not_after: The end of its validity.
    """

    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime


def read_certificate(der: bytes) -> Certificate:
    """Parse a certificate in DER.

    Raises:
        ValueError: It is not a certificate.
    """
    _, certificate, _ = _element(der, 0)
    _, signed, _ = _element(certificate, 0)
    fields = list(_elements(signed))
    if fields and fields[0][0] == _VERSION:
        del fields[0]
    # Serial number, algorithm, issuer, validity, subject, and others.
    if len(fields) < 5:
        raise ValueError("The certificate has too few fields.")
    not_before, not_after = (_time(tag, content) for tag, content in _elements(fields[3][1]))
    return Certificate(_name(fields[4][1]), _name(fields[2][1]), not_before, not_after)


def _element(der: bytes, at: int) -> tuple[int, bytes, int]:
    """Return the tag and the content of the element at a position, and the end of the element."""
    if at + 2 > len(der):
        raise ValueError("The element is truncated.")
    tag, length = der[at], der[at + 1]
    at += 2
    if length >= 0x80:
        # The number of bytes of the length, followed by the length.
        digits = length & 0x7F
        length = int.from_bytes(der[at : at + digits], "big")
        at += digits
    if at + length > len(der):
        raise ValueError("The element is truncated.")
    return tag, der[at : at + length], at + length


def _elements(der: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(der):
        tag, content, at = _element(der, at)
        yield tag, content


def _name(der: bytes) -> str:
    parts: list[str] = []
    others = 0
    for _, attributes in _elements(der):
        for _, pair in _elements(attributes):
            (tag, kind), (text_tag, text) = list(_elements(pair))[:2]
            if tag == _OID and kind in _ATTRIBUTES:
                encoding = "utf-16-be" if text_tag == _BMP_STRING else "utf-8"
                parts.append(f"{_ATTRIBUTES[kind]}={text.decode(encoding, 'replace')}")
            else:
                others += 1
    return " / ".join(reversed(parts)) or ("a name without CN, O and OU" if others else "no name")


def _time(tag: int, content: bytes) -> datetime:
    text = content.decode("ascii")
    if tag == _UTC_TIME:
        # Years of two digits are 1950 to 2049 (RFC 5280, 4.1.2.5.1).
        text = ("19" if text[:2] >= "50" else "20") + text
    elif tag != _GENERALIZED_TIME:
        raise ValueError("The element is not a time.")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
