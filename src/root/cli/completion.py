"""Completion in bash, which takes a colon for the end of a word, and names may hold one."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Generator
from contextlib import contextmanager, redirect_stdout
from io import StringIO

__all__ = ["whole_words"]


@contextmanager
def whole_words() -> Generator[None]:
    """Let what completes for bash see whole words, and bash see what it can insert."""
    if os.environ.get("_ROOT_SIGNALS_COMPLETE") != "complete_bash":
        yield
        return
    words = os.environ["COMP_WORDS"].split("\n")[: int(os.environ["COMP_CWORD"]) + 1]
    whole = _joined(words)
    os.environ["COMP_WORDS"] = "\n".join(whole)
    os.environ["COMP_CWORD"] = str(len(whole) - 1)
    found = StringIO()
    try:
        with redirect_stdout(found):
            yield
    finally:
        # Of a word that was broken, bash replaces what stands after the last colon.
        stays = whole[-1].removesuffix("" if _breaks(words[-1]) else words[-1])
        quoted = whole[-1].startswith(("'", '"'))
        for line in found.getvalue().splitlines():
            word = line if quoted else re.sub(r"([^\w@%+=:,./-])", r"\\\1", line)
            sys.stdout.write(f"{word.removeprefix(stays)}\n")


def _joined(words: list[str]) -> list[str]:
    whole: list[str] = []
    before = ""
    for word in words:
        if whole and (_breaks(word) or _breaks(before)):
            whole[-1] += word
        else:
            whole.append(word)
        before = word
    return whole


def _breaks(word: str) -> bool:
    return bool(word) and not word.strip(":")
