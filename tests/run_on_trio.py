"""Run the tests of the async client on trio, by anyio's pytest plugin. `nox -s forward` runs it."""

from __future__ import annotations

import sys

import pytest


class Backend:
    """The backend that anyio's plugin runs the tests on."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        return "trio"


class OnTrio:
    """A plugin that has anyio's plugin run the tests on trio, and not on asyncio, too."""

    def pytest_configure(self, config: pytest.Config) -> None:
        """Replace the fixture of anyio's plugin, which is loaded by now."""
        config.pluginmanager.register(Backend())


if __name__ == "__main__":
    sys.exit(
        pytest.main(
            [
                *("-p", "no:asyncio", "-o", "anyio_mode=auto", "-o", "strict=false"),
                # The settings of the plugin that is disabled.
                *("-W", "ignore:Unknown config option"),
                # httpx's and httpcore's, where reading stops at the size limit or the timeout.
                *("-W", "ignore:Async generator 'httpcore:ResourceWarning"),
                *("-W", "ignore:Async generator 'httpx:ResourceWarning"),
                # Of clients that tests do not close, such as those of copies.
                *("-W", "ignore:Async generator 'root._concurrency:ResourceWarning"),
                # trio has no tasks outside of nurseries, so no page is requested ahead of time.
                *("--deselect", "tests/_async/test_pager.py::test_prefetch"),
                *sys.argv[1:],
            ],
            plugins=[OnTrio()],
        )
    )
