"""The code in README.md and docs, which is executed as it is."""

from __future__ import annotations

import subprocess
import sys

import pytest
import trustme

from root.emulator import Server

from .blocks import BLOCKS

pytestmark = pytest.mark.docs


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_code_block(
    block: str, emulator: Server, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each block of Python is a complete program that runs without a warning."""
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", emulator.api_key)
    monkeypatch.setenv("ROOTSIGNALS_API_URL", emulator.url)
    # The files that docs/network.md names.
    authority.cert_pem.write_to_path("company.pem")
    authority.issue_cert("client").private_key_and_cert_chain_pem.write_to_path("client.pem")
    # A progress bar is written to stderr, like warnings.
    monkeypatch.setenv("TQDM_DISABLE", "1")

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", block], capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    assert not done.stderr


def test_code_blocks_are_found() -> None:
    """The blocks are found."""
    assert len(BLOCKS) >= 5
