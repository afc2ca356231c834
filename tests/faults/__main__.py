"""Writes docs/faults.md."""

from __future__ import annotations

from .document import DOCUMENT, document

if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8", newline="\n")
