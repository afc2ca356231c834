"""Texts from outside: redaction of secrets, and escaping of what controls a terminal."""

from __future__ import annotations

import html
import json
import signal
from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from root._secrets.redact import printable, redact, redactor
from root._secrets.secret import Secret

SECRET = "sk-0123456789abcdef"


@pytest.mark.parametrize("order", [1, -1], ids=["short first", "long first"])
def test_a_secret_within_a_secret(order: int) -> None:
    """If a secret begins with another one, neither leaves a rest."""
    secrets = [SECRET[:10], SECRET][::order]

    assert redact(f"a {SECRET} b {SECRET[:10]} c", secrets) == "a [redacted] b [redacted] c"


def test_overlapping_secrets() -> None:
    """Of two secrets that overlap in the text, neither leaves a rest."""
    assert redact("a 12345678 b", ["123456", "345678"]) == "a [redacted] b"


@pytest.mark.parametrize(
    ("text", "secrets", "redacted"),
    [
        pytest.param("nothing here", [SECRET], "nothing here", id="absent"),
        pytest.param(f"{SECRET}{SECRET}", [SECRET], "[redacted][redacted]", id="twice"),
        pytest.param("a b", [], "a b", id="no secrets"),
        pytest.param("a b", [""], "a b", id="empty secret"),
        pytest.param("the key", ["key"], "the key", id="three characters are a word"),
        pytest.param("x 1234", ["1234"], "x [redacted]", id="four characters"),
        pytest.param("&lt;a&amp;b", ["<a&b"], "[redacted]", id="escaped in HTML"),
        pytest.param("k=%2Fa%3Db", ["/a=b"], "k=[redacted]", id="escaped in a URL"),
        pytest.param(f"a {SECRET.upper()} b", [SECRET], "a [redacted] b", id="in capitals"),
        pytest.param("k=%c3%a4bcd", ["äbcd"], "k=[redacted]", id="escapes in lower case"),
        pytest.param(r"\u00E4bcd", ["äbcd"], "[redacted]", id="escapes in upper case"),
        pytest.param("a  key of mine  b", [" key of mine "], "a [redacted] b", id="white space"),
        pytest.param("a key of mine b", [" key of mine "], "a[redacted]b", id="with one blank"),
        pytest.param("a:key of mine.", [" key of mine "], "a:[redacted].", id="stripped"),
    ],
)
def test_redact(text: str, secrets: list[str], redacted: str) -> None:
    """Secrets of four characters and more are replaced in a text, and nothing else."""
    assert redact(text, secrets) == redacted


@given(
    secret=st.text(st.characters(exclude_characters="[]redact"), min_size=8),
    before=st.text(),
    after=st.text(),
)
def test_a_redacted_text_has_no_secret(secret: str, before: str, after: str) -> None:
    """A secret is redacted, whatever precedes and follows it."""
    redacted = redact(before + secret + after, [secret])

    assert secret not in redacted
    assert "[redacted]" in redacted


# Ways to escape a secret as a whole.
ESCAPES: dict[str, Callable[[str], str]] = {
    "none": str,
    "JSON": lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1],
    "JSON in ASCII": lambda secret: json.dumps(secret)[1:-1],
    "repr": lambda secret: repr(secret)[1:-1],
    "URL": lambda secret: quote(secret, safe=""),
    "URL path": quote,
    "form": quote_plus,
    "HTML": html.escape,
    "HTML by numbers": lambda secret: (
        html.escape(secret, quote=False).replace("'", "&#39;").replace('"', "&#34;")
    ),
    "HTML text": lambda secret: html.escape(secret, quote=False),
}
# Includes the characters that have a meaning in one of them.
SPECIAL = "abux0123456789\\\"'/%&#;<>+- \n\t\x01äÄß€\U0001f600Σİ"

escapes = pytest.mark.parametrize("escape", ESCAPES.values(), ids=ESCAPES)


@escapes
@given(secret=st.text(SPECIAL, min_size=4).map("sk-k".__add__))
@example(secret=SECRET)
def test_an_escaped_secret(escape: Callable[[str], str], secret: str) -> None:
    """A secret is redacted in each escaped form, and nothing around it is."""
    assert redact(f"<p>{escape(secret)}</p>", [secret]) == "<p>[redacted]</p>"


@escapes
@given(secret=st.text(SPECIAL).map("sk-k".__add__), data=st.data())
def test_a_truncated_secret(escape: Callable[[str], str], secret: str, data: st.DataObject) -> None:
    """Wherever the end of a text truncates a secret, also within an escape, nothing is left."""
    text = escape(secret)
    end = data.draw(st.integers(4, len(text)))

    assert redact(f"Not good: {text[:end]}", [secret]) == "Not good: [redacted]"


def test_a_secret_that_is_truncated_within_a_character() -> None:
    """A secret is redacted if the end of the body truncates a character of it."""
    body = "Not good: pässwörter".encode()[:-5]

    text = body.decode("utf-8", "replace")

    assert text.endswith("\ufffd")
    assert redact(text, ["pässwörter"]) == "Not good: [redacted]"


@escapes
@given(
    secrets=st.lists(st.text(SPECIAL) | st.text(min_size=1), max_size=3),
    texts=st.lists(st.text(SPECIAL), max_size=3),
)
def test_one_redactor_for_many_texts(
    escape: Callable[[str], str], secrets: list[str], texts: list[str]
) -> None:
    """A redactor has the same result for each text as `redact`, whatever it redacted before."""
    redacted = redactor(secrets)

    for text in [escape(part) for part in texts + secrets]:
        assert redacted(text) == redact(text, secrets)


def test_a_secret_whose_repr_hides_it() -> None:
    """A secret of the class that hides values is redacted like any other string."""
    secret = Secret("sk-'k\"\n1")

    for escape in ESCAPES.values():
        assert redact(f"<p>{escape(str(secret))}</p>", [secret]) == "<p>[redacted]</p>"


@pytest.fixture
def promptly() -> Iterator[None]:
    """End a test that would take minutes, if the system can."""
    if hasattr(signal, "alarm"):
        signal.alarm(60)
    yield
    if hasattr(signal, "alarm"):
        signal.alarm(0)


@pytest.mark.usefixtures("promptly")
@pytest.mark.parametrize(
    "secret",
    [
        pytest.param(SECRET, id="plain"),
        pytest.param("k" * 40 + "x", id="one character"),
        pytest.param("k" * 9_000 + "x", id="long"),
        pytest.param("\\" * 8, id="backslashes"),
        pytest.param("\\" * 40 + "x", id="backslashes and one"),
        pytest.param("%" * 8, id="percent signs"),
        pytest.param("&#" * 4, id="entities"),
        pytest.param("0" * 8, id="zeros"),
        pytest.param("pässwörter", id="umlauts"),
        pytest.param("ä" * 20, id="all umlauts"),
        pytest.param('a%41\\u0041&lt;"', id="escapes"),
    ],
)
@pytest.mark.parametrize(
    "piece",
    [
        *("\\", "\\a", "\\u", "\\u0041", "\\u005c", "\\\\\\u00", "\\x", "%", "%41", "%5C", "&"),
        *("&#", "&#0", "&#65;", "&#92;", "&lt;", "k", "kx", "0", "ä", "\ufffd", "a\ufffd", "Ã"),
        *("\\u0041\\a%41&#65;\ufffd", SECRET, SECRET[:-1], SECRET[:5]),
    ],
    ids=ascii,
)
def test_a_long_text(piece: str, secret: str) -> None:
    """The time is linear in the length of the text, whatever it consists of."""
    redacted = redact(f"{piece * (200_000 // len(piece))} {secret} ", [secret])

    assert redacted.endswith("[redacted] ")


@pytest.mark.usefixtures("promptly")
@pytest.mark.parametrize("secret", ["k" * 9_000 + "x", "k" * 4_000 + "ä" * 4_000], ids=ascii)
@pytest.mark.parametrize("end", [1, 5_000])
def test_a_long_text_that_truncates_a_long_secret(secret: str, end: int) -> None:
    """The search for a truncated secret is fast as well."""
    redacted = redact(f"{'k' * 200_000} {secret[:-end]}", [secret])

    assert redacted.endswith(" [redacted]")


@pytest.mark.usefixtures("promptly")
def test_a_long_number() -> None:
    """An HTML entity of 200,000 digits takes no longer than other text."""
    text = f"&#{'0' * 200_000}115;k-0123456789abcdef {SECRET}."

    assert redact(text, [SECRET]) == text.replace(SECRET, "[redacted]")


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain, é, 漢字, 👍 and \\n", "plain, é, 漢字, 👍 and \\n"),
        pytest.param("\x00\x07\b\t\n\r", r"\x00\x07\x08\t\n\r", id="C0"),
        pytest.param("\x1b]0;title\x07", r"\x1b]0;title\x07", id="escape"),
        pytest.param("\x7f\x85\x9b31m", r"\x7f\x85\x9b31m", id="C1"),
        pytest.param("\u2028\u2029", r"\u2028\u2029", id="separators of lines and paragraphs"),
        pytest.param(
            "\u061c\u200e\u202a\u202e\u2066\u2069",
            r"\u061c\u200e\u202a\u202e\u2066\u2069",
            id="bidi",
        ),
        pytest.param("\u200b\ufeff\U000e0041", r"\u200b\ufeff\U000e0041", id="invisible"),
        pytest.param("\ud800", r"\ud800", id="surrogate"),
    ],
)
def test_printable(text: str, escaped: str) -> None:
    """What controls a terminal or is invisible is escaped, once only, and all else is kept."""
    assert printable(text) == escaped
    assert printable(escaped) == escaped


def test_printable_with_line_breaks() -> None:
    """Line breaks can be kept, but no other separators of lines."""
    assert printable("a\nb\r\u2028c", keep="\n") == "a\nb\\r\\u2028c"
