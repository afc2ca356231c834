"""Run the tests on httpx2, httpx's continuation, which takes httpx's and httpcore's place.

It is a program and no plugin, since the alias must be there before pytest's plugins, respx among
them, import httpx. `nox -s forward` runs it.
"""

from __future__ import annotations

import sys

import httpx2

httpx2.alias_httpx()

import pytest  # noqa: E402 - as above.

if __name__ == "__main__":
    sys.exit(pytest.main(["-W", "ignore:Module already imported", *sys.argv[1:]]))
