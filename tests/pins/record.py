"""A file that holds what was observed once, and the difference to what is observed now."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Record:
    """A recorded text.

    Attributes:
        name: The name of the file in tests/pins/data.
        command: The module that rewrites it: `python -m <command>`.
    """

    name: str
    command: str

    @property
    def path(self) -> Path:
        return DATA / self.name

    def read(self) -> str:
        """Return the recorded text."""
        return self.path.read_text(encoding="utf-8")

    def write(self, text: str) -> None:
        """Replace the recorded text."""
        DATA.mkdir(exist_ok=True)
        self.path.write_text(text, encoding="utf-8", newline="\n")

    def assert_same(self, text: str, source: str = "") -> None:
        """Fail with a diff if the text is not the recorded one.

        Args:
            text: What is observed.
            source: Where it is observed, if there are several such places.
        """
        recorded = self.read()
        if text != recorded:
            raise AssertionError(self.explain(recorded, text, source))

    def explain(self, recorded: str, text: str, source: str = "") -> str:
        """Return the difference, and how to rewrite the record if it is intended."""
        diff = difflib.unified_diff(
            recorded.splitlines(),
            text.splitlines(),
            "recorded",
            f"now: {source}" if source else "now",
            lineterm="",
            n=2,
        )
        return "\n".join(
            [
                f"This differs from tests/pins/data/{self.name}:",
                *diff,
                f"If it is intended: python -m {self.command}",
            ]
        )


def as_json(content: object, levels: int) -> str:
    """Return a JSON text of which a diff can be read.

    Args:
        content: What to write.
        levels: The levels that are written on lines of their own; what is deeper is on one line.
    """
    return f"{_as_json(content, levels, '')}\n"


def _as_json(content: object, levels: int, indent: str) -> str:
    deeper = f"{indent} "
    if levels and isinstance(content, dict) and content:
        items = [
            f"{deeper}{json.dumps(name, ensure_ascii=False)}: {_as_json(value, levels - 1, deeper)}"
            for name, value in content.items()
        ]
        return "{\n" + ",\n".join(items) + f"\n{indent}}}"
    if levels and isinstance(content, list) and content:
        items = [f"{deeper}{_as_json(value, levels - 1, deeper)}" for value in content]
        return "[\n" + ",\n".join(items) + f"\n{indent}]"
    return json.dumps(content, ensure_ascii=False)
