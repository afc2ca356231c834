"""X.509 certificates (RFC 5280) as a server shows them: whose they are and until when.

The standard library takes only a verified certificate apart, and only the first of a chain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

__all__ = ["Certificate", "read_certificate"]

_SEQUENCE, _OID, _UTC_TIME, _GENERALIZED_TIME, _VERSION = 0x30, 0x06, 0x17, 0x18, 0xA0
_BMP_STRING = 0x1E

# The parts of a name that tell people something (RFC 5280, A.1), as their bytes in DER.
_ATTRIBUTES = {b"\x55\x04\x03": "CN", b"\x55\x04\x0a": "O", b"\x55\x04\x0b": "OU"}


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate.

    Attributes:
        subject: Whose it is.
        issuer: Who signed it.
        not_before: When it begins to be valid.
        not_after: When it ends to be valid.
    """

    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime


def read_certificate(der: bytes) -> Certificate:
    """Return what a certificate says.

    Raises:
        ValueError: It is none.
    """
    _, whole, _ = _element(der, 0)
    _, signed, _ = _element(whole, 0)
    fields = list(_elements(signed))
    if fields and fields[0][0] == _VERSION:
        del fields[0]
    # Serial number, algorithm, issuer, validity, subject, and more.
    if len(fields) < 5:
        raise ValueError("A certificate has more fields than this.")
    not_before, not_after = (_time(tag, content) for tag, content in _elements(fields[3][1]))
    return Certificate(_name(fields[4][1]), _name(fields[2][1]), not_before, not_after)


def _element(der: bytes, at: int) -> tuple[int, bytes, int]:
    """Return the tag and the content of the element that begins here, and where the next does."""
    if at + 2 > len(der):
        raise ValueError("An element is cut off.")
    tag, length = der[at], der[at + 1]
    at += 2
    if length >= 0x80:
        # The length of the length, and then the length.
        digits = length & 0x7F
        length = int.from_bytes(der[at : at + digits], "big")
        at += digits
    if at + length > len(der):
        raise ValueError("An element is cut off.")
    return tag, der[at : at + length], at + length


def _elements(der: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(der):
        tag, content, at = _element(der, at)
        yield tag, content


def _name(der: bytes) -> str:
    parts: list[str] = []
    others = 0
    for _, several in _elements(der):
        for _, pair in _elements(several):
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
        # Two digits stand for 1950 to 2049 (RFC 5280, 4.1.2.5.1).
        text = ("19" if text[:2] >= "50" else "20") + text
    elif tag != _GENERALIZED_TIME:
        raise ValueError("This is no time.")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
