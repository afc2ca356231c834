"""Write src/root/registry.schema.json, the JSON Schema of files of models.

Usage: python scripts/make_schema.py
"""

from __future__ import annotations

import json
from pathlib import Path

from root import registry

PATH = Path(registry.__file__).with_name("registry.schema.json")


def text() -> str:
    """Return the content of the file."""
    return json.dumps(registry.schema(), indent=2) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8", newline="\n")
