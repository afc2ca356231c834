"""Test the emulator against its OpenAPI document with schemathesis.

Arguments, such as `--seed 1` or `--max-examples 1000`, are passed to schemathesis.
"""

from __future__ import annotations

import sys
from typing import Any

import schemathesis
from schemathesis.cli import schemathesis as command
from schemathesis.specs.openapi.checks import positive_data_acceptance, use_after_free

from root.emulator import serve

# Errors for requests that match the schema: names are unique, and the default project is permanent.
EXPECTED_ERRORS = (
    "must make a unique set",
    "A project with this name exists already.",
    "The default project cannot be",
)


@schemathesis.check
def good_data_acceptance(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> bool | None:
    """Check that valid data is accepted, except where it conflicts with existing objects."""
    if any(text in response.text for text in EXPECTED_ERRORS):
        return None
    return positive_data_acceptance(ctx, response, case)


@schemathesis.check
def use_after_deletion(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> bool | None:
    """Check that a deleted object is not found, except by OPTIONS, which looks up no object."""
    if case.method == "OPTIONS":
        return None
    return use_after_free(ctx, response, case)


def main() -> None:
    """Run schemathesis against a new emulator and exit with its exit code."""
    with serve() as server:
        key = f"Authorization: Api-Key {server.api_key}"
        replaced_checks = ["--exclude-checks", "positive_data_acceptance,use_after_free"]
        command.main(
            ["run", f"{server.url}/openapi.json", "--header", key, *replaced_checks, *sys.argv[1:]]
        )


if __name__ == "__main__":
    main()
