"""Shell completion: the words that are safe to offer, and the words that bash has split."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Generator
from contextlib import contextmanager, redirect_stdout
from io import StringIO

__all__ = ["completion_adapted", "is_offerable", "offered_description"]

# Without white space and characters that are special in any shell, quoted or not: zsh evaluates
# the completions that Typer prints. Nor is a word offered that could be an option.
_OFFERABLE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./:@=+-]{0,199}")

# The width of descriptions, which Typer wraps: fish would offer what follows a line break.
_UNLIMITED = "100000"


def is_offerable(word: str) -> bool:
    """Return whether every shell inserts a word as it is, wherever it comes from."""
    return _OFFERABLE.fullmatch(word) is not None


def offered_description(text: str) -> str:
    """Return the description of a completion: a text in which `_` replaces special characters."""
    return re.sub(r"[^A-Za-z0-9_./:@=+ -]", "_", text[:200])


@contextmanager
def completion_adapted() -> Generator[None]:
    """Adapt completion by Typer, which reads the words from the environment, to each shell.

    The words that bash has split at the characters : = and @ are joined, and completions are
    printed as bash inserts them. If a command is executed, this does nothing.
    """
    shell = os.environ.get("_ROOT_SIGNALS_COMPLETE")
    if shell is not None:
        os.environ["COLUMNS"] = _UNLIMITED
    if shell != "complete_bash":
        yield
        return
    words = os.environ["COMP_WORDS"].split("\n")[: int(os.environ["COMP_CWORD"]) + 1]
    joined = _join(words)
    os.environ["COMP_WORDS"] = "\n".join(joined)
    os.environ["COMP_CWORD"] = str(len(joined) - 1)
    output = StringIO()
    try:
        with redirect_stdout(output):
            yield
    finally:
        kept = joined[-1].removesuffix(_replaced_part(words))
        for word in output.getvalue().splitlines():
            sys.stdout.write(f"{word.removeprefix(kept)}\n")


def _join(words: list[str]) -> list[str]:
    joined: list[str] = []
    previous = ""
    for word in words:
        if joined and (_is_break(word) or _is_break(previous)):
            joined[-1] += word
        else:
            joined.append(word)
        previous = word
    return joined


def _replaced_part(words: list[str]) -> str:
    """Return the part of the last word that bash replaces: all after its last break.

    If the break is an @, bash replaces it as well.
    """
    previous, last = words[-2:]
    if _is_break(last):
        previous, last = last, ""
    return f"@{last}" if _is_break(previous) and previous.endswith("@") else last


def _is_break(word: str) -> bool:
    return bool(word) and not word.strip(":=@")
