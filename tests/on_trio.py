"""Run the tests of the async client on trio, by anyio's pytest plugin. `nox -s forward` runs it."""

from __future__ import annotations

import sys

import pytest


class OnTrio:
    """A plugin that says where anyio's plugin is to run tests."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        return "trio"


if __name__ == "__main__":
    sys.exit(
        pytest.main(
            [
                *("-p", "no:asyncio", "-o", "anyio_mode=auto", "-o", "strict=false"),
                # The settings of the plugin that is left out.
                *("-W", "ignore:Unknown config option"),
                # Theirs, over an httpx client, where reading stops at the cap or in time.
                *("-W", "ignore:Async generator 'httpcore:ResourceWarning"),
                *("-W", "ignore:Async generator 'httpx:ResourceWarning"),
                # Without tasks outside of nurseries there is nothing to fetch a page in.
                *("--deselect", "tests/_async/test_pager.py::test_prefetch"),
                *(sys.argv[1:] or ["tests/_async"]),
            ],
            plugins=[OnTrio()],
        )
    )
