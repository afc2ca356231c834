"""Shell completion in bash, which splits words at the characters : = and @."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Generator
from contextlib import contextmanager, redirect_stdout
from io import StringIO

__all__ = ["bash_words_joined"]


@contextmanager
def bash_words_joined() -> Generator[None]:
    """Join the words that bash has split, and print completions as bash inserts them.

    Typer reads the words from the environment and prints the completions. For shells other than
    bash this does nothing.
    """
    if os.environ.get("_ROOT_SIGNALS_COMPLETE") != "complete_bash":
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
        is_quoted = joined[-1].startswith(("'", '"'))
        for line in output.getvalue().splitlines():
            word = line if is_quoted else re.sub(r"([^\w@%+=:,./-])", r"\\\1", line)
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
