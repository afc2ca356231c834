"""Run the command line with `python -m root`."""

from __future__ import annotations

import sys

from root.cli import main

if __name__ == "__main__":
    sys.exit(main())
