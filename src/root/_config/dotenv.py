"""A parser for dotenv files that follows the rules of python-dotenv."""

from __future__ import annotations

import os
import re
import stat
import sys
import time
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


# The limits keep a hostile file from exhausting memory and time.
_MAX_BYTES = 256 * 1024

_MAX_EXPANDED = 1024 * 1024

# A password manager may ask its user before it writes to a named pipe.
_PIPE_SECONDS = 10

_PIPE_INTERVAL = 0.01

# White space within a line. The quantifiers of the patterns are possessive: without backtracking,
# the time is linear in the size of the file.
_BLANKS = r"[^\S\r\n]*+"

_START = re.compile(r"\s*(?:export[^\S\r\n]+)?")

_NAME = re.compile(rf"(?:'(?P<quoted>[^']+)'|(?P<plain>[^=#\s]+)){_BLANKS}")

_EQUALS = re.compile(rf"=(?P<blanks>{_BLANKS})")

# Quoted values may span lines, and a backslash escapes the quotation mark after it.
_VALUES = {
    "'": re.compile(r"'((?:\\.|[^'\\])*+)'", re.DOTALL),
    '"': re.compile(r'"((?:\\.|[^"\\])*+)"', re.DOTALL),
}

_LINE = re.compile(r"[^\r\n]*")

_COMMENT = re.compile(r"\s#")

_END = re.compile(rf"{_BLANKS}(?:#[^\r\n]*+)?(?:\r\n|\n|\r|\Z)")

_REST = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)?")

_SINGLE_ESCAPE = re.compile(r"\\([\\'])")

_DOUBLE_ESCAPE = re.compile(r"\\([\\'\"abfnrtv])")

_ESCAPES = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True))


class _Refused(Exception):
    """The file is not read. The text completes a sentence that begins with its path."""


def read_dotenv(path: Path) -> dict[str, Line]:
    """Return the variables in a dotenv file by name, or none if there is no file.

    Raises:
        ConfigurationError: The file exists and cannot be read, or it is not safe to use.
    """
    try:
        return _parse(_read(path))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except _Refused as exc:
        problem = str(exc)
    except (OSError, ValueError) as exc:
        problem = f"cannot be read: {type(exc).__name__}"
    # Outside of the except clause: the context of the error would have the content of the file.
    raise ConfigurationError(
        f"The file {path.absolute()} {problem}. Correct it, or pass the API key in another way."
    )


def _read(path: Path) -> str:
    """Return the content of a regular file or a named pipe, or nothing for a directory.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is not UTF-8.
        _Refused: It is not safe to use.
    """
    # Before it is opened: that alone has effects on some devices.
    if not _is_readable(path.stat().st_mode):
        return ""
    # Not blocking: opening a named pipe would wait for a writer.
    flags = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    file = os.open(path, os.O_RDONLY | flags)
    try:
        status = os.fstat(file)
        if not _is_readable(status.st_mode):
            return ""
        _check_owner(path.lstat(), status)
        content = _content(file, is_pipe=stat.S_ISFIFO(status.st_mode))
    finally:
        os.close(file)
    # Editors on Windows begin files with a byte order mark.
    text = content.decode("utf-8-sig")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _is_readable(mode: int) -> bool:
    """Return False for a directory, as some name their virtual environment.

    Raises:
        _Refused: It is a device or a socket.
    """
    if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode) or stat.S_ISDIR(mode)):
        raise _Refused("is neither a regular file nor a named pipe")
    return not stat.S_ISDIR(mode)


def _check_owner(link: os.stat_result, status: os.stat_result) -> None:
    """Check that nobody but the user and root can have written the file.

    Raises:
        _Refused: Somebody else can.
    """
    if sys.platform == "win32":
        return
    user = os.geteuid()
    if not {link.st_uid, status.st_uid} <= {user, 0}:
        raise _Refused("belongs to another user, so that the key in it may be somebody else's")
    if status.st_mode & stat.S_IWOTH or (
        status.st_mode & stat.S_IWGRP and not _is_own_group(status.st_gid, user)
    ):
        raise _Refused("can be changed by other users (chmod go-w forbids it)")


def _is_own_group(group: int, user: int) -> bool:
    """Return whether a group has the user as its only member, as many systems create them.

    There, new files can be written by the group.
    """
    if sys.platform == "win32":
        return False
    import grp
    import pwd

    try:
        name = pwd.getpwuid(user).pw_name
        found = grp.getgrgid(group)
    except KeyError:
        return False
    return found.gr_name == name and set(found.gr_mem) <= {name}


def _content(file: int, *, is_pipe: bool) -> bytes:
    """Return the content of a file, or what is written to a named pipe until it is closed.

    Raises:
        _Refused: It is too large, or nobody writes to the pipe.
    """
    content = bytearray()
    # Not by a clock, which tests may have stopped.
    waits_left = round(_PIPE_SECONDS / _PIPE_INTERVAL)
    while len(content) <= _MAX_BYTES:
        try:
            chunk = os.read(file, _MAX_BYTES)
        except BlockingIOError:
            # A writer has opened the pipe, and has not written yet.
            pass
        else:
            content += chunk
            if chunk:
                continue
            # Before a writer opens the pipe, it looks like one that is closed.
            if content or not is_pipe:
                return bytes(content)
        if not waits_left:
            raise _Refused(
                f"is a named pipe that was not written and closed within {_PIPE_SECONDS} seconds"
            )
        waits_left -= 1
        time.sleep(_PIPE_INTERVAL)
    raise _Refused(f"is larger than {_MAX_BYTES // 1024} KiB")


def _parse(text: str) -> dict[str, Line]:
    values: dict[str, str | None] = {}
    numbers: dict[str, int] = {}
    position = 0
    number = 1
    left = _MAX_EXPANDED
    while position < len(text):
        before, position = position, _match(_START, text, position).end()
        # All line breaks have been converted to "\n" when the file was read.
        number += text.count("\n", before, position)
        before = position
        name, value, position = _parse_assignment(text, position)
        if name is not None:
            values[name] = None if value is None else _expand(value, values, left)
            left -= len(values[name] or "")
            numbers[name] = number
        number += text.count("\n", before, position)
    return {
        name: Line(Secret(value), numbers[name])
        for name, value in values.items()
        if value is not None
    }


def _expand(value: str, values: Mapping[str, str | None], limit: int) -> str:
    """Return a value with `${NAME}` and `${NAME:-default}` replaced.

    The environment takes precedence over the file.

    Raises:
        _Refused: The result is longer than the limit.
    """
    # A variable ends at the first closing brace, so each part ends with at most one.
    *parts, rest = value.split("}")
    expanded: list[str] = []
    for part in parts:
        start = _variable_start(part)
        if start < 0:
            expanded.append(f"{part}}}")
        else:
            name, separator, default = part[start + 2 :].partition(":-")
            found = os.environ.get(name, values.get(name, default if separator else None))
            expanded += part[:start], found or ""
        limit -= len(expanded[-1])
        if limit < 0:
            raise _Refused(f"has variables that expand to more than {_MAX_EXPANDED // 1024} KiB")
    return "".join([*expanded, rest])


def _variable_start(part: str) -> int:
    """Return the position of the variable that ends a part, or -1."""
    start = part.find("${")
    while start >= 0:
        colon = part.find(":", start + 2)
        if colon < 0 or part.startswith(":-", colon):
            break
        # The name of a variable has no colon.
        start = part.find("${", colon)
    return start


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
            value = _COMMENT.split(line[0], 1)[0].rstrip()
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
