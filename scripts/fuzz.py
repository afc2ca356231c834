"""Test the emulator against its OpenAPI document with schemathesis.

Arguments, such as `--seed 1` or `--max-examples 1000`, are passed to schemathesis.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias
from urllib.parse import urlencode
from uuid import UUID, uuid4

import httpx
import schemathesis
from schemathesis.cli import schemathesis as command
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
    use_after_free,
)

from root.emulator import Server, serve

# Errors for requests that match the schema, which depend on what exists.
EXPECTED_ERRORS = (
    # Names are unique.
    "must make a unique set",
    "A project with this name exists already.",
    "An evaluator with this name exists already.",
    # The default project and projects with objects are permanent.
    "The default project cannot be",
    "The project cannot be deleted while things belong to it.",
)

# Less than the 64 KiB that request line and headers can have.
MAX_QUERY = 60_000

Existing: TypeAlias = Mapping[str, Callable[[], object]]
"""Returns something that exists, by the name of the field that refers to it."""

FILES = "multipart/form-data"

PRESET = "bd789257-f458-4e9e-8ce9-fa6e86dc3fb9"

DOCUMENT = """\
name: {name}
objective: {{intent: Be kind.}}
scoring_criteria: Is {{{{{{{{response}}}}}}}} kind?
"""


def find_existing(server: Server) -> Existing:
    """Create what requests refer to; the project and the log cannot be deleted."""
    client = httpx.Client(
        base_url=f"{server.url}/v1/", headers={"Authorization": f"Api-Key {server.api_key}"}
    )
    project = client.post("projects/", json={"name": "Permanent"}).json()["id"]
    run = {"response": "Yes.", "project_id": project}
    log = client.post(f"evaluators/execute/{PRESET}/", json=run).json()["execution_log_id"]
    evaluator = client.get(f"evaluators/{PRESET}/").json()
    rows = {"file": ("rows.csv", "1,Yes.\n0,No.\n")}
    return {
        "project_id": lambda: project,
        "log_ids": lambda: log,
        # In references to evaluators.
        "id": lambda: evaluator["id"],
        "version_id": lambda: evaluator["version_id"],
        "objective_id": lambda: evaluator["objective"]["id"],
        "objective_version_id": lambda: evaluator["objective"]["version_id"],
        **dict.fromkeys(
            ("test_dataset_id", "demonstration_dataset_id", "dataset"),
            lambda: client.post("datasets/", files=rows).json()["id"],
        ),
        "models": lambda: "gpt-4o",
        "yaml": lambda: DOCUMENT.format(name=uuid4().hex),
    }


def refer(value: Any, existing: Existing, name: str = "") -> Any:
    """Return a value of a body that refers to what exists, where it refers to anything.

    Schemathesis makes up IDs, and the error for one of them would hide all others.

    Args:
        value: The value.
        existing: What exists.
        name: The name of the field that the value is in.
    """
    if isinstance(value, dict):
        referred = {key: refer(item, existing, key) for key, item in value.items()}
        if is_id(referred.get("objective_version_id")) and not referred.get("objective_id"):
            # It is a version of this one.
            referred["objective_id"] = existing["objective_id"]()
        return referred
    if isinstance(value, list):
        if name == "file_ids" and all(is_id(item) for item in value):
            # The emulator knows no files.
            return []
        return [refer(item, existing, name) for item in value]
    is_reference = is_text(value) if name in ("models", "yaml") else is_id(value)
    return existing[name]() if is_reference and name in existing else value


def is_text(value: object) -> bool:
    """Return whether a value is accepted as a text."""
    if isinstance(value, str):
        return bool(value.strip()) and "\0" not in value
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_id(value: object) -> bool:
    """Return whether a value is a UUID."""
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False


@schemathesis.hook
def filter_query(_: schemathesis.HookContext, query: dict[str, Any] | None) -> bool:
    """Return whether a query fits in a URL; uvicorn refuses longer ones, and no schema can."""
    return len(urlencode(query or {}, doseq=True)) < MAX_QUERY


@schemathesis.check
def good_data_acceptance(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> bool | None:
    """Check that valid data is accepted, except where it conflicts with existing objects."""
    text = response.content.decode(errors="replace")
    if any(error in text for error in EXPECTED_ERRORS):
        return None
    # Schemathesis considers a body with a file invalid once it is changed, so these are not.
    if case.media_type == FILES and "object does not exist." in text:
        return None
    # What inputs an evaluator needs depends on its criteria.
    if case.path.startswith("/v1/evaluators/execute/") and "is required." in text:
        return None
    return positive_data_acceptance(ctx, response, case)


@schemathesis.check
def bad_data_rejection(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> bool | None:
    """Check that invalid data is refused."""
    # For the same reason as above.
    data = case.meta and case.meta.phase.data
    if case.media_type == FILES and data and data.description == "positive test case":
        return None
    return negative_data_rejection(ctx, response, case)


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
        existing = find_existing(server)

        @schemathesis.hook
        def before_call(
            _: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]
        ) -> None:
            if isinstance(case.body, dict) and case.media_type != FILES:
                case.body = refer(case.body, existing)

        key = f"Authorization: Api-Key {server.api_key}"
        replaced = "positive_data_acceptance,negative_data_rejection,use_after_free"
        command.main(
            [
                "run",
                f"{server.url}/openapi.json",
                "--header",
                key,
                "--exclude-checks",
                replaced,
                *sys.argv[1:],
            ]
        )


if __name__ == "__main__":
    main()
