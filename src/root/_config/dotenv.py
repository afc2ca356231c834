"""A parser for dotenv files that follows the rules of python-dotenv."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from .._secrets.secret import Secret
from ..errors import ConfigurationError

__all__ = ["Line", "read_dotenv"]


class Line(NamedTuple):
    """The value of a variable, and the number of the line that defines it."""

    value: str
    number: int


# White space within a line.
_BLANKS = r"[^\S\r\n]*"

_START = re.compile(r"\s*(?:export[^\S\r\n]+)?")

_NAME = re.compile(rf"(?:'(?P<quoted>[^']+)'|(?P<plain>[^=#\s]+)){_BLANKS}")

_EQUALS = re.compile(rf"=(?P<blanks>{_BLANKS})")

# Quoted values may span lines, and a backslash escapes the quotation mark after it.
_VALUES = {
    "'": re.compile(r"'((?:\\.|[^'\\])*)'", re.DOTALL),
    '"': re.compile(r'"((?:\\.|[^"\\])*)"', re.DOTALL),
}

_LINE = re.compile(r"[^\r\n]*")

_END = re.compile(rf"{_BLANKS}(?:#[^\r\n]*)?{_BLANKS}(?:\r\n|\n|\r|\Z)")

_REST = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)?")

_SINGLE_ESCAPE = re.compile(r"\\([\\'])")

_DOUBLE_ESCAPE = re.compile(r"\\([\\'\"abfnrtv])")

_ESCAPES = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True))

_VARIABLE = re.compile(r"\$\{(?P<name>[^}:]*)(?::-(?P<default>[^}]*))?\}")


def read_dotenv(path: Path) -> dict[str, Line]:
    """Return the variables in a dotenv file by name, or none if there is no file.

    Raises:
        ConfigurationError: The file exists and cannot be read.
    """
    try:
        # Editors on Windows begin files with a byte order mark.
        text = path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as exc:
        raise ConfigurationError(
            f"The file {path.absolute()} cannot be read: {type(exc).__name__}."
            " Correct it, or pass the API key in another way."
        ) from None
    values: dict[str, str | None] = {}
    numbers: dict[str, int] = {}
    position = 0
    number = 1
    while position < len(text):
        before, position = position, _match(_START, text, position).end()
        # All line breaks have been converted to "\n" when the file was read.
        number += text.count("\n", before, position)
        before = position
        name, value, position = _parse_assignment(text, position)
        if name is not None:
            values[name] = None if value is None else _expand(value, values)
            numbers[name] = number
        number += text.count("\n", before, position)
    return {
        name: Line(Secret(value), numbers[name])
        for name, value in values.items()
        if value is not None
    }


def _expand(value: str, values: Mapping[str, str | None]) -> str:
    """Return a value with `${...}` replaced. The environment takes precedence over the file."""

    def replacement(variable: re.Match[str]) -> str:
        name = variable["name"]
        return os.environ.get(name, values.get(name, variable["default"])) or ""

    return _VARIABLE.sub(replacement, value)


def _parse_assignment(text: str, position: int) -> tuple[str | None, str | None, int]:
    """Parse the assignment at a position.

    Returns:
        The name, or None if there is no valid assignment, in which case the line is skipped; the
        value, or None if there is no equals sign; and the position of what follows.
    """
    named = _NAME.match(text, position)
    if named is None:
        return None, None, _match(_REST, text, position).end()
    value: str | None = None
    position = named.end()
    if equals := _EQUALS.match(text, position):
        position = equals.end()
        quote = text[position : position + 1]
        if equals["blanks"] and quote == "#":
            value = ""
        elif quote in _VALUES:
            quoted = _VALUES[quote].match(text, position)
            if quoted is None:
                return None, None, _match(_REST, text, position).end()
            position = quoted.end()
            value = _unescape(quote, quoted[1])
        else:
            line = _match(_LINE, text, position)
            position = line.end()
            value = re.sub(r"\s+#.*", "", line[0]).rstrip()
    end = _END.match(text, position)
    if end is None:
        return None, None, _match(_REST, text, position).end()
    return named["quoted"] or named["plain"], value, end.end()


def _unescape(quote: str, value: str) -> str:
    if quote == "'":
        return _SINGLE_ESCAPE.sub(r"\1", value)
    return _DOUBLE_ESCAPE.sub(lambda escape: _ESCAPES.get(escape[1], escape[1]), value)


def _match(pattern: re.Pattern[str], text: str, position: int) -> re.Match[str]:
    """Return the match of a pattern that matches at every position."""
    match = pattern.match(text, position)
    assert match is not None
    return match
