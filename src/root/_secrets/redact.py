"""Texts from outside, as they may be shown: without secrets and without control characters.

A secret is found as it is, and as it is written in JSON, URLs, forms, HTML and Python's repr. The
search is linear in the length of the text, since a deadline cannot interrupt it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote, quote_plus

__all__ = ["MIN_SECRET", "printable", "redact", "redactor"]

MIN_SECRET = 4
"""Length of the shortest secret that is searched for, in characters.

A shorter one is a word that may occur anywhere. Replacing it would garble the text, and reveal it.
"""

_REDACTED = "[redacted]"

_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})

# What a truncated character of a body decodes to.
_REPLACEMENT = "\ufffd"


def printable(text: str, *, keep: str = "") -> str:
    """Return a text that cannot control a terminal: some characters are escaped as in a repr.

    They are the control characters (C0, C1, escape), line and paragraph separators, controls of the
    direction of text, and others that are invisible.

    Args:
        text: The text.
        keep: Characters that are not escaped, such as line breaks between parts that are printable.
    """
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() or one in keep else one.encode("unicode_escape").decode()
        for one in text
    )


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return the text without the secrets, in whichever form they are written.

    At the end of the text, a secret may be truncated.
    """
    return redactor(secrets)(text)


def redactor(secrets: Iterable[str], *, may_be_truncated: bool = True) -> Callable[[str], str]:
    """Return the function that redacts these secrets, for many texts.

    Args:
        secrets: The secrets.
        may_be_truncated: Whether a secret at the end of a text may be truncated.
    """
    forms = {form for secret in secrets for form in _forms(secret)}
    # Nearly all texts do not even contain the beginning of a secret.
    beginnings = {form[:MIN_SECRET] for form in forms}

    def redacted(text: str) -> str:
        if len(text) < MIN_SECRET:
            return text
        folded = _fold(text)
        if not any(beginning in folded for beginning in beginnings):
            return text
        parts: list[str] = []
        done = 0
        for start, end in sorted(_find(folded, forms, may_be_truncated=may_be_truncated)):
            # A secret may be a part of another one, and its forms may be equal.
            if start >= done:
                parts += [text[done:start], _REDACTED]
            done = max(done, end)
        return "".join([*parts, text[done:]])

    return redacted


def _forms(secret: str) -> Iterator[str]:
    """Yield the forms of a secret, in lower case."""
    # Django REST Framework strips strings, so a secret may be echoed without its white space.
    for plain in {secret, secret.strip()}:
        if len(plain) < MIN_SECRET:
            continue
        text = plain.translate(_HTML)
        encodable = plain.encode("utf-8", "replace")
        for form in (
            plain,
            json.dumps(plain)[1:-1],
            json.dumps(plain, ensure_ascii=False)[1:-1],
            quote(encodable, safe=""),
            quote(encodable),
            quote_plus(encodable),
            text,
            text.replace("'", "&#x27;").replace('"', "&quot;"),
            text.replace("'", "&#39;").replace('"', "&#34;"),
            # Not repr(plain): a secret may be a string whose repr hides it.
            str.__repr__(plain)[1:-1],
        ):
            yield _fold(form)


def _fold(text: str) -> str:
    """Return the text in lower case, with each character in its place."""
    # The two characters whose lower case is longer, or depends on what follows.
    return text.replace("\u0130", "i").replace("\u03a3", "\u03c3").lower()


def _find(text: str, forms: Iterable[str], *, may_be_truncated: bool) -> Iterator[tuple[int, int]]:
    """Yield the start and the end of each form in a text, and of one that its end truncates."""
    end = len(text.rstrip(_REPLACEMENT))
    for form in forms:
        start = text.find(form)
        while start >= 0:
            yield start, start + len(form)
            start = text.find(form, start + len(form))
        if not may_be_truncated:
            continue
        for length in range(min(len(form) - 1, end), MIN_SECRET - 1, -1):
            if text.startswith(form[:length], end - length):
                yield end - length, len(text)
                break
