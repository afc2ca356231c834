"""Completion in bash, which breaks words at : = and @, and names may hold these."""

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
        stays = whole[-1].removesuffix(_replaced(words))
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


def _replaced(words: list[str]) -> str:
    """Return what bash replaces of a word: what stands after its last break, with an @ there."""
    before, last = words[-2:]
    if _breaks(last):
        before, last = last, ""
    return f"@{last}" if _breaks(before) and before.endswith("@") else last


def _breaks(word: str) -> bool:
    return bool(word) and not word.strip(":=@")
