"""A dotenv file, read by python-dotenv's rules."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ._secrets import Secret
from .errors import ConfigurationError

__all__ = ["Line", "read_dotenv"]


class Line(NamedTuple):
    """What a name stands for, and the number of the line on which it does so."""

    value: str
    number: int


# Blanks that do not end the line.
_BLANKS = r"[^\S\r\n]*"
_START = re.compile(r"\s*(?:export[^\S\r\n]+)?")
_NAME = re.compile(rf"(?:'(?P<quoted>[^']+)'|(?P<plain>[^=#\s]+)){_BLANKS}")
_EQUALS = re.compile(rf"=(?P<blanks>{_BLANKS})")
# Quoted values may span lines, and a backslash keeps the quote after it from ending them.
_VALUES = {
    "'": re.compile(r"'((?:\\.|[^'\\])*)'", re.DOTALL),
    '"': re.compile(r'"((?:\\.|[^"\\])*)"', re.DOTALL),
}
_LINE = re.compile(r"[^\r\n]*")
_END = re.compile(rf"{_BLANKS}(?:#[^\r\n]*)?{_BLANKS}(?:\r\n|\n|\r|\Z)")
_REST = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)?")

_SINGLE_ESCAPE = re.compile(r"\\([\\'])")
_DOUBLE_ESCAPE = re.compile(r"\\([\\'\"abfnrtv])")
_MEANING = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True))
_VARIABLE = re.compile(r"\$\{(?P<name>[^}:]*)(?::-(?P<default>[^}]*))?\}")


def read_dotenv(path: Path) -> dict[str, Line]:
    """Return the values in a dotenv file by name, or none if there is no such file.

    Raises:
        ConfigurationError: There is one, but it cannot be read.
    """
    try:
        # Editors on Windows put a byte order mark in front.
        text = path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as exc:
        raise ConfigurationError(
            f"The file {path.absolute()} cannot be read: {type(exc).__name__}."
            " Mend it, or pass the API key another way."
        ) from None
    values: dict[str, str | None] = {}
    numbers: dict[str, int] = {}
    at = 0
    number = 1
    while at < len(text):
        before, at = at, _matched(_START, text, at).end()
        # Reading the file has made every line break this one.
        number += text.count("\n", before, at)
        before = at
        name, value, at = _assignment(text, at)
        if name is not None:
            values[name] = None if value is None else _expanded(value, values)
            numbers[name] = number
        number += text.count("\n", before, at)
    return {
        name: Line(Secret(value), numbers[name])
        for name, value in values.items()
        if value is not None
    }


def _expanded(value: str, values: Mapping[str, str | None]) -> str:
    """Return a value with `${...}` replaced; the environment comes before the file here, too."""

    def meaning(found: re.Match[str]) -> str:
        name = found["name"]
        return os.environ.get(name, values.get(name, found["default"])) or ""

    return _VARIABLE.sub(meaning, value)


def _assignment(text: str, at: int) -> tuple[str | None, str | None, int]:
    """Return the name and the value that begin here, and where what follows them does.

    There is no value where there is no equals sign, and no name where there is no assignment:
    then the rest of the line is passed over.
    """
    named = _NAME.match(text, at)
    if named is None:
        return None, None, _matched(_REST, text, at).end()
    value: str | None = None
    at = named.end()
    if equals := _EQUALS.match(text, at):
        at = equals.end()
        quote = text[at : at + 1]
        if equals["blanks"] and quote == "#":
            value = ""
        elif quote in _VALUES:
            quoted = _VALUES[quote].match(text, at)
            if quoted is None:
                return None, None, _matched(_REST, text, at).end()
            at = quoted.end()
            value = _unescaped(quote, quoted[1])
        else:
            line = _matched(_LINE, text, at)
            at = line.end()
            value = re.sub(r"\s+#.*", "", line[0]).rstrip()
    end = _END.match(text, at)
    if end is None:
        return None, None, _matched(_REST, text, at).end()
    return named["quoted"] or named["plain"], value, end.end()


def _unescaped(quote: str, value: str) -> str:
    if quote == "'":
        return _SINGLE_ESCAPE.sub(r"\1", value)
    return _DOUBLE_ESCAPE.sub(lambda found: _MEANING.get(found[1], found[1]), value)


def _matched(pattern: re.Pattern[str], text: str, at: int) -> re.Match[str]:
    """Return a match of a pattern that matches anywhere, if only nothing."""
    found = pattern.match(text, at)
    assert found is not None
    return found
