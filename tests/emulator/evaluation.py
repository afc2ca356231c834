"""What the tests of evaluators, objectives and execution logs share."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx

from root.emulator import Server
from tests.conformance import check_response

from .conftest import connect

OBJECTIVES = "/v1/objectives/"
EVALUATORS = "/v1/evaluators/"
LOGS = "/v1/execution-logs/"

RELEVANCE = "bd789257-f458-4e9e-8ce9-fa6e86dc3fb9"


def checked(server: Server, key: str) -> httpx.Client:
    """Return a client whose responses must be as the OpenAPI document describes them."""
    client = connect(server, key)
    client.event_hooks = {"response": [_check]}
    return client


def _check(response: httpx.Response) -> None:
    response.read()
    # The checker parses JSON only.
    if not response.headers.get("Content-Type", "").startswith("text/yaml"):
        check_response(response)


def create_objective(client: httpx.Client, **fields: object) -> str:
    """Create an objective, and return its ID."""
    response = client.post(OBJECTIVES, json={"intent": "Be kind.", **fields})
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


def create_evaluator(client: httpx.Client, **fields: object) -> dict[str, Any]:
    """Create an evaluator, and its objective unless one is given."""
    body = {"name": uuid4().hex, "scoring_criteria": "Is {{response}} kind?", **fields}
    body.setdefault("objective_id", create_objective(client))
    response = client.post(EVALUATORS, json=body)
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()
    return created


def run(client: httpx.Client, evaluator: str = RELEVANCE, **body: object) -> dict[str, Any]:
    """Run an evaluator."""
    body = body or {"response": "Yes."}
    response = client.post(f"{EVALUATORS}execute/{evaluator}/", json=body)
    assert response.status_code == 200, response.text
    result: dict[str, Any] = response.json()
    return result


def results(client: httpx.Client, path: str, **query: object) -> list[dict[str, Any]]:
    """Return the objects of the first page of a list."""
    response = client.get(path, params={name: str(value) for name, value in query.items()})
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["results"]
    return found
