"""Run the tests on httpx2, the continuation of httpx, in place of httpx and httpcore.

A program and not a plugin, since the alias must exist before pytest's plugins (respx is one) import
httpx. `nox -s forward` runs it.
"""

from __future__ import annotations

import sys

import httpx2

httpx2.alias_httpx()

import pytest  # noqa: E402 - as above.

if __name__ == "__main__":
    sys.exit(pytest.main(["-W", "ignore:Module already imported", *sys.argv[1:]]))
