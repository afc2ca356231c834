"""Secrets, taken out of a text in whatever way they are written there.

The time it takes grows with the text's length and no faster, whatever stands there: a server may
say what it likes, and a deadline cannot break off what Python computes. So the text is read as it
stands and with its escapes taken for what they mean, and both are searched for plain strings.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator

__all__ = ["SHORTEST_SECRET", "scrub", "scrubber"]

SHORTEST_SECRET = 4
"""Characters of the shortest secret that is looked for.

A shorter one is a word that may stand anywhere; replacing it would garble the text and tell what
it was.
"""

# How a character may be escaped, in lower case. Any number of backslashes: some put JSON into a
# string of JSON. All of them or none, or a run of them would be gone through from each of them.
_BACKSLASHES = r"(?<!\\)\\++(?:u([0-9a-f]{4})|x([0-9a-f]{2}))"
_PERCENT = r"%([0-9a-f]{2})"
_ENTITY = r"&(?:#0*(?P<decimal>[0-9]{1,7})|#x0*([0-9a-f]{1,6})|(?P<name>amp|apos|gt|lt|quot));"
_ESCAPES = f"{_BACKSLASHES}|{_PERCENT}|{_ENTITY}"
_NO_ESCAPES = "(?!)"
_NAMES = {"amp": "&", "apos": "'", "gt": ">", "lt": "<", "quot": '"'}

_PYTHON = str.maketrans("\n\r\t", "nrt")
_JSON = _PYTHON | str.maketrans("\b\f", "bf")

# Of the last characters of a text, an escape that is cut off.
_LONGEST_ESCAPE = 12
_CUT_OFF = r"(?:\\(?:u[0-9a-f]{0,3}|x[0-9a-f]?)?|%[0-9a-f]?|&(?:#x?[0-9a-f]{0,9}|[a-z]{0,4}))\Z"

# What may stand anywhere and is left out: in JSON a backslash may escape each character, and
# bytes that are not UTF-8 are read as any number of the other.
_NOTHING = r"\\++|\ufffd++"


def scrub(text: str, secrets: Iterable[str]) -> str:
    """Return the text without the secrets, in whatever way they are written.

    Each character may stand for itself or be escaped, as in JSON, HTML, a URL or a repr. At the
    end of the text a secret may be cut off.
    """
    parts: list[str] = []
    done = 0
    for start, end in sorted(_places(_folded(text), _forms(secrets))):
        # A secret may be part of another, and one place may be found in several ways.
        if start >= done:
            parts += [text[done:start], "[redacted]"]
        done = max(done, end)
    return "".join([*parts, text[done:]])


def scrubber(secrets: Iterable[str]) -> Callable[[str], str]:
    """Return what `scrub` is for these secrets, made for millions of short texts.

    Nearly all of them hold not even the beginning of a secret, and one look is enough for that.
    """
    secrets = tuple(secrets)
    forms = _forms(secrets)
    written = {_bare(one) for form in forms for one in _written(form, "\ufffd")}
    beginnings = {one[:SHORTEST_SECRET] for one in written if len(one) >= SHORTEST_SECRET}
    # A secret that is nearly all backslashes is looked for in another way.
    enough = all(len(_bare(form)) >= SHORTEST_SECRET for form in forms)

    def begins_in(text: str) -> bool:
        read = _folded(_bare(text))
        return any(one in read for one in beginnings)

    def scrubbed(text: str) -> str:
        if len(text) < SHORTEST_SECRET:
            return text
        plain = _folded(text)
        if enough and not begins_in(plain) and not begins_in(re.sub(_ESCAPES, _meaning, plain)):
            return text
        return scrub(text, secrets)

    return scrubbed


def _forms(secrets: Iterable[str]) -> set[str]:
    forms = {form for secret in secrets for form in (secret, secret.strip())}
    return {form for form in forms if len(form) >= SHORTEST_SECRET}


def _places(text: str, forms: set[str]) -> Iterator[tuple[int, int]]:
    """Return where a text holds secrets: from where to where."""
    bare: set[str] = set()
    whole: set[str] = set()
    for form in forms:
        found = {_bare(one) for one in _written(form, text)}
        bare |= {one for one in found if len(one) >= SHORTEST_SECRET}
        # Of a secret that is all backslashes nothing would be left to look for.
        if len(_bare(form)) < SHORTEST_SECRET:
            whole |= {_folded(form), _folded(form.replace("\\", "\\\\"))}
    for escapes in (_NO_ESCAPES, _ESCAPES):
        # A reading that changes nothing would find nothing new.
        if escapes is _NO_ESCAPES or re.search(escapes, text):
            if bare:
                yield from _found(text, bare, escapes, f"{escapes}|{_NOTHING}")
            if whole:
                yield from _found(text, whole, escapes, escapes)


def _written(form: str, text: str) -> set[str]:
    """Return the ways to write a secret, its characters as they are or escaped."""
    # As a form has a blank, and as Python and JSON have a line break, but for the backslash.
    ways = {form, form.replace(" ", "+")}
    if not form.isprintable():
        ways |= {form.translate(_PYTHON), form.translate(_JSON)}
    if not form.isascii():
        # Escaped as the bytes of UTF-8, or this taken for Latin-1; as the units of UTF-16, as in
        # JSON; and Latin-1 taken for UTF-8.
        in_bytes = {way.encode("utf-8", "surrogatepass").decode("latin-1") for way in ways}
        in_units = {_in_units(way) for way in ways}
        ascii_only = {way.encode("ascii", "ignore").decode() for way in ways}
        ways |= in_bytes | in_units | (ascii_only if "\ufffd" in text else set())
    ways = {_folded(way) for way in ways}
    # What looks like an escape in it is read like one.
    return ways | {_folded(re.sub(_ESCAPES, _meaning, way)) for way in ways}


def _in_units(text: str) -> str:
    return "".join(
        one
        if (code := ord(one)) < 0x10000
        else chr(0xD7C0 + (code >> 10)) + chr(0xDC00 + (code & 0x3FF))
        for one in text
    )


def _folded(text: str) -> str:
    """Return the text in lower case, each character by itself and as one."""
    return text.replace("\u0130", "i").replace("\u03a3", "\u03c3").lower()


def _bare(text: str) -> str:
    """Return the text without what may stand anywhere."""
    return text.replace("\\", "").replace("\ufffd", "")


def _found(
    text: str, wanted: Iterable[str], escapes: str, changes: str
) -> Iterator[tuple[int, int]]:
    """Return where what is wanted stands in a text, and where its end cuts some of it off.

    Args:
        text: The text, in lower case.
        wanted: What to look for.
        escapes: What is read as the character that it stands for.
        changes: This, and what is left out if anything is.
    """
    read = re.sub(escapes, _meaning, text)
    cut_off = re.search(_CUT_OFF, text[-_LONGEST_ESCAPE:])
    rest = cut_off.group() if cut_off else ""
    if changes is not escapes:
        read, rest = _bare(read), _bare(rest)
    read = _folded(read)
    places: list[tuple[int, int]] = []
    for one in wanted:
        at = read.find(one)
        while at >= 0:
            places.append((at, at + len(one)))
            at = read.find(one, at + len(one))
        for end in {len(read), len(read) - len(rest)}:
            at = _beginning(one, read, end)
            if at < end:
                places.append((at, len(read)))
    if not places:
        return
    # Where in what was read each change stands, and how far the text is ahead from there.
    spots: list[int] = []
    ahead = [0]
    for change in re.finditer(changes, text):
        meaning = _meaning(change)
        if changes is not escapes:
            meaning = _bare(meaning)
        spots.append(change.start() - ahead[-1])
        ahead.append(change.end() - spots[-1] - len(meaning))
    for start, end in places:
        # What is left out before a secret belongs to it: a backslash alone would not be JSON.
        yield (
            start + ahead[bisect_left(spots, start)],
            end + ahead[bisect_left(spots, end)] if end < len(read) else len(text),
        )


def _beginning(wanted: str, read: str, end: int) -> int:
    """Return where that beginning of what is wanted stands which the end cuts off, or the end."""
    at = max(0, end - len(wanted))
    while (at := read.find(wanted[:SHORTEST_SECRET], at, end)) >= 0:
        if wanted.startswith(read[at:end]):
            return at
        at += 1
    return end


def _meaning(escape: re.Match[str]) -> str:
    """Return the character that an escape stands for, or nothing."""
    if escape.lastindex is None:
        return ""
    written = escape[escape.lastindex]
    if escape.lastgroup == "name":
        return _NAMES[written]
    code = int(written, 10 if escape.lastgroup == "decimal" else 16)
    return chr(code) if code <= sys.maxunicode else ""
