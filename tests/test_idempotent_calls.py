"""Which calls are sent again after an ambiguous failure, as docs/errors.md has it."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest

from root import Operation, RootSignals

from .methods import ARGUMENTS, call, methods, outcome

KEY = "key-of-the-tests"
PAGE = (Path(__file__).parents[1] / "docs" / "errors.md").read_text(encoding="utf-8")

# The methods that the page has as exceptions to the rule of their HTTP method.
HARMLESS_POSTS, UNSAFE_PUTS = (
    re.findall(
        r"`(\w+\.\w+)`", PAGE[PAGE.index(f"\n- {start}") :].split("\n- ")[1].split("\n\n")[0]
    )
    for start in ("Idempotent are", "Other calls are")
)


class NotSentError(Exception):
    """The operation is known, and is not sent."""


class Recorder(RootSignals):
    """A client that records the operation of a call instead of sending it."""

    operation: Operation[Any]

    def send(self, operation: Operation[Any]) -> NoReturn:
        """Record the operation."""
        self.operation = operation
        raise NotSentError


def test_exceptions_are_read_from_the_page() -> None:
    """The page names calls whose HTTP method does not decide."""
    assert HARMLESS_POSTS == ["execution_logs.set_tags", "evaluators.import_yaml"]
    assert UNSAFE_PUTS == ["evaluators.replace", "judges.replace", "objectives.replace"]


@pytest.mark.parametrize(
    "path",
    [path for path in methods(RootSignals) if not path[-1].startswith("a")],
    ids=".".join,
)
async def test_page_is_true(path: tuple[str, ...]) -> None:
    """A call is idempotent if its HTTP method is, except for those that the page names."""
    client = Recorder(KEY)
    # Bulk calls and plans raise errors of their own.
    with suppress(Exception):
        await outcome(call(client, path, **ARGUMENTS, overwrite=path[-1] == "import_yaml"))
    operation = client.operation
    by_method = operation.method in ("GET", "PUT", "DELETE")
    name = ".".join(path)
    expected = by_method if name not in (*HARMLESS_POSTS, *UNSAFE_PUTS) else not by_method
    actual = by_method if operation.is_idempotent is None else operation.is_idempotent
    assert actual is expected
