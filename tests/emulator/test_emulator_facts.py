"""What is known of the API, written by hand: the declarations of the emulator must agree.

The OpenAPI document and the emulator's behaviour come from the same declarations, so neither proves
the other. The facts are those of docs/api.md and of the service's published description.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from root.emulator import openapi

DOCUMENT: dict[str, Any] = openapi()

# For each path: the methods, with the statuses of their responses. 401, 406 and 429 are those of
# all of them, and 403 is one of those that write.
ALWAYS = {401, 406, 429}
METHODS: dict[str, dict[str, set[int]]] = {
    "/v1/models/": {"GET": {200, 404}, "POST": {201, 400, 415}},
    "/v1/models/verify/": {"POST": {200, 400, 415}},
    "/v1/models/{id}/": {
        "GET": {200, 404},
        "PUT": {200, 400, 404, 415},
        "PATCH": {200, 400, 404, 415},
        "DELETE": {204, 404},
    },
    "/v1/datasets/": {"GET": {200, 400, 404}, "POST": {201, 400, 415}},
    "/v1/datasets/{id}/": {"GET": {200, 400, 404}, "DELETE": {204, 404}},
    "/v1/projects/": {"GET": {200, 404}, "POST": {201, 400, 415}},
    "/v1/projects/{id}/": {
        "GET": {200, 404},
        "PATCH": {200, 400, 404, 415},
        "DELETE": {204, 400, 404},
    },
    "/v1/objectives/": {"GET": {200, 400, 404}, "POST": {201, 400, 415}},
    "/v1/objectives/versions/{id}/": {"GET": {200, 400, 404}},
    "/v1/objectives/{id}/": {
        "GET": {200, 404},
        "PUT": {200, 400, 404, 415},
        "PATCH": {200, 400, 404, 415},
        "DELETE": {204, 404},
    },
    "/v1/evaluators/": {"GET": {200, 400, 404}, "POST": {201, 400, 415}},
    "/v1/evaluators/calibrate/": {"POST": {200, 400, 415}},
    # Without a slash.
    "/v1/evaluators/calibrate/{id}": {"POST": {200, 400, 404, 415}},
    "/v1/evaluators/duplicate/{id}/": {"POST": {201, 400, 404, 415}},
    "/v1/evaluators/export/{id}/": {"GET": {200, 404}},
    "/v1/evaluators/import-yaml/": {"POST": {201, 400, 415}},
    "/v1/evaluators/execute/by-name/": {"POST": {200, 400, 404, 415}},
    "/v1/evaluators/execute/{id}/": {"POST": {200, 400, 404, 415}},
    "/v1/evaluators/versions/{id}/": {"GET": {200, 400, 404}},
    "/v1/evaluators/{id}/": {
        "GET": {200, 400, 404},
        "PUT": {200, 400, 404, 415},
        "PATCH": {200, 400, 404, 415},
        "DELETE": {204, 404},
    },
    "/v1/execution-logs/": {"GET": {200, 400, 404}},
    "/v1/execution-logs/session-ids/": {"GET": {200, 400}},
    "/v1/execution-logs/user-ids/": {"GET": {200, 400}},
    "/v1/execution-logs/set-tags/": {"POST": {204, 400, 415}},
    "/v1/execution-logs/{id}/": {"GET": {200, 404}},
}

METHODS |= {
    "/v1/judges/": {"GET": {200, 400, 404}, "POST": {201, 400, 415}},
    "/v1/judges/{id}/": {
        "GET": {200, 404},
        "PUT": {200, 400, 404, 415},
        "PATCH": {200, 400, 404, 415},
        "DELETE": {204, 404},
    },
    "/v1/judges/{id}/execute/": {"POST": {200, 400, 404, 415}},
    "/v1/judges/execute/by-name/": {"POST": {200, 400, 404, 415}},
    "/v1/judges/generate/": {"POST": {201, 400, 404, 415}},
    "/v1/judges/{id}/refine/": {"POST": {200, 400, 404, 415}},
    "/v1/judges/{id}/batch-execute/": {"POST": {202, 400, 404, 415}},
    "/v1/judges/batch-executions/": {"GET": {200, 400, 404}},
    "/v1/judges/batch-executions/{id}/": {"GET": {200, 404}},
    "/v1/judges/{id}/duplicate/": {"POST": {201, 400, 404, 415}},
    "/v1/judges/{id}/invite/": {"POST": {200, 400, 404, 415}},
    "/v1/judges/claim/": {"POST": {200, 400, 404, 415}},
    "/v1/judges/{id}/synthetic-data/": {"GET": {200, 404}},
    **{
        f"/v1/judges/{prefix}openai/{path}": {"POST": {200, 400, 404, 415}}
        for prefix in ("", "{id}/", "{id}/refine/")
        for path in ("chat/completions", "responses")
    },
}

QUERIES = {
    "/v1/judges/batch-executions/": {
        *("cursor", "page_size", "judge_id", "project_id", "status", "date_from", "date_to"),
    },
    "/v1/judges/": {
        *("cursor", "page_size", "ordering", "search", "name", "project_id", "include_public"),
        *("is_preset", "featured", "executed_at_gte", "intent_evaluability_score_gte"),
        # Of older servers.
        "is_public",
    },
    "/v1/datasets/": {"cursor", "page_size", "search", "type", "project_id"},
    "/v1/datasets/{id}/": {"download"},
    "/v1/models/": {"cursor", "page_size", "ordering", "capable_of"},
    "/v1/projects/": {"cursor", "page_size"},
    "/v1/objectives/": {
        *("cursor", "page_size", "ordering", "search", "intent", "include_public", "project_id"),
    },
    "/v1/evaluators/": {
        *("cursor", "page_size", "ordering", "search", "name", "include_public", "project_id"),
        *("is_root_evaluator", "skill_type", "objective__intent", "owner__email"),
        *("owner__first_name", "owner__last_name"),
    },
    "/v1/evaluators/{id}/": {"version_id"},
    "/v1/evaluators/versions/{id}/": {"cursor", "page_size"},
    "/v1/objectives/versions/{id}/": {"cursor", "page_size"},
    "/v1/execution-logs/": {
        *("cursor", "page_size", "ordering", "search", "tags", "include", "executed_item_id"),
        *("execution_type", "date_from", "date_to", "min_score", "max_score", "session_id"),
        *("user_id", "has_session_id", "unique_skills", "project_id"),
    },
    "/v1/execution-logs/session-ids/": {"starts_with"},
    "/v1/execution-logs/user-ids/": {"starts_with"},
}


@dataclass(frozen=True)
class Sent:
    """A field of a request body.

    Attributes:
        accepted: Values that are accepted, those at the limits among them.
        rejected: Values that are rejected, those next to the limits among them.
        is_required: Whether it may not be omitted.
    """

    accepted: tuple[object, ...]
    rejected: tuple[object, ...]
    is_required: bool = False


LARGEST = 2147483647

CRITERIA = "Is {{response}} kind?"

SENT: dict[tuple[str, str], dict[str, Sent]] = {
    ("POST", "/v1/objectives/"): {
        "intent": Sent(("x", "x" * 100_000), ("", "x" * 100_001, None)),
        "force_create": Sent((True, False), (None,)),
        "test_dataset_id": Sent((None,), ("x", str(UUID(int=1)))),
        "project_id": Sent((None,), ("x", str(UUID(int=1)))),
    },
    ("POST", "/v1/evaluators/"): {
        "name": Sent(("xy", "x" * 1000), ("x", "x" * 1001, None), is_required=True),
        "objective_id": Sent((), (None, "x", str(UUID(int=1))), is_required=True),
        "objective_version_id": Sent((None,), ("x", str(UUID(int=1)))),
        "scoring_criteria": Sent(
            (CRITERIA, CRITERIA.ljust(500_000, "x")),
            ("", None, CRITERIA.ljust(500_001, "x")),
            is_required=True,
        ),
        "models": Sent(([], ["gpt-4o"]), ([""], "gpt-4o", None)),
        "behavior": Sent(("thorough", "fast", "balanced"), ("slow", None)),
        "input_variables": Sent(([], [{"name": "x" * 1000}]), ([{}], [{"name": ""}], None)),
        "evaluator_demonstrations": Sent(
            (None, [], [{"score": 0}], [{"score": 1, "request": None, "response": "x"}]),
            ([{}], [{"score": 1.1}], [{"score": -0.1}], "x"),
        ),
        "demonstration_dataset_id": Sent((None,), ("x", str(UUID(int=1)))),
        # Older clients send it.
        "reference_variables": Sent(
            ([],), ([{}], [{"dataset": str(UUID(int=1)), "name": "x"}], None)
        ),
        "change_note": Sent((None, "", "x"), ([],)),
        "project_id": Sent((None,), ("x", str(UUID(int=1)))),
        "overwrite": Sent((True, False), (None,)),
    },
    ("POST", "/v1/models/"): {
        "name": Sent(("x", "x" * 100), ("", "x" * 101, None), is_required=True),
        "model": Sent(("x", "x" * 5000), ("", None)),
        "default_key": Sent(("x", None), ("",)),
        "max_output_token_count": Sent((800, LARGEST), (799, None)),
        "max_token_count": Sent((0, LARGEST, None), (-1, LARGEST + 1)),
        "url": Sent(("", "x" * 1024, None), ("x" * 1025,)),
    },
    ("POST", "/v1/models/verify/"): {
        "model": Sent(("x",), ("", None), is_required=True),
        "api_key": Sent(("x", None), ("",)),
        "url": Sent(("x", None), ("",)),
        "max_output_token_count": Sent((800, None), (799,)),
    },
    ("POST", "/v1/datasets/"): {
        "name": Sent(("x", "x" * 5000, None), ("",)),
        "draft_id": Sent((str(uuid4()),), ("x", None)),
        "type": Sent(("reference", "test"), ("training", "", None)),
        "url": Sent(("https://example.com/data.csv?x=1",), ("", "data.csv", None)),
        "tags": Sent(([], [str(uuid4())]), (["x"], "x", None)),
        "has_header": Sent((True, False), (None, "perhaps")),
        "project_id": Sent((None,), ("x", str(uuid4()))),
    },
    ("POST", "/v1/projects/"): {
        "name": Sent(("x", "x" * 512), ("", "x" * 513, None), is_required=True),
        "description": Sent(("", "x" * 5000), (None,)),
        "is_default": Sent((True, False), (None, "perhaps")),
    },
}

# The fields of objects, with their types in JSON.
RETURNED: dict[str, dict[str, type]] = {
    "/v1/datasets/{id}/": {
        "id": str,
        "name": str,
        "type": str,
        "tags": list,
        "owner": dict,
        "created_at": str,
        "status": str,
        "project_id": str,
        "_meta": dict,
    },
    "/v1/models/{id}/": {
        "id": str,
        "name": str,
        "model": str,
        "max_output_token_count": int,
        "max_token_count": int,
        "url": str,
    },
    "/v1/projects/{id}/": {
        "id": str,
        "name": str,
        "description": str,
        "is_default": bool,
        "created_at": str,
        "owner": str,
    },
}

# Those of new objects, if they differ.
CREATED: dict[str, dict[str, type]] = {
    "/v1/datasets/": {
        "id": str,
        "name": str,
        "file": type(None),
        "type": str,
        "url": str,
        "tags": list,
        "owner": dict,
        "has_header": bool,
        "project_id": str,
    },
}

LISTED = {
    "/v1/datasets/": set(RETURNED["/v1/datasets/{id}/"]),
    "/v1/models/": {"id", "name", "owner", "provider", "visibility"},
    "/v1/projects/": set(RETURNED["/v1/projects/{id}/"]),
}


def resolve(value: Any) -> Any:
    """Return a part of the document in place of a reference to it."""
    while isinstance(value, dict) and "$ref" in value:
        part: Any = DOCUMENT
        for name in value["$ref"].removeprefix("#/").split("/"):
            part = part[name]
        value = part
    return value


def of_response(path: str, method: str, status: int) -> dict[str, Any]:
    response = resolve(DOCUMENT["paths"][path][method.lower()]["responses"][str(status)])
    schema: dict[str, Any] = resolve(response["content"]["application/json"]["schema"])
    return schema


def test_paths() -> None:
    """The document has these paths and methods, with these statuses."""
    described = {
        path: {
            method.upper(): {int(status) for status in operation["responses"]}
            for method, operation in operations.items()
            if method not in ("parameters", "head", "options")
        }
        for path, operations in DOCUMENT["paths"].items()
    }

    assert described == {
        path: {
            method: statuses | ALWAYS | (set() if method == "GET" else {403})
            for method, statuses in methods.items()
        }
        for path, methods in METHODS.items()
    }


@pytest.mark.parametrize(("path", "names"), QUERIES.items())
def test_queries(path: str, names: set[str]) -> None:
    """Operations that read have these parameters."""
    described = DOCUMENT["paths"][path]["get"]["parameters"]

    assert {resolve(parameter)["name"] for parameter in described} == names


@pytest.mark.parametrize(
    ("call", "field"), [(call, field) for call, fields in SENT.items() for field in fields]
)
def test_fields_of_requests(client: httpx.Client, call: tuple[str, str], field: str) -> None:
    """The limits of a field are those that are known."""
    method, path = call
    sent = SENT[call][field]

    def status(value: object) -> int:
        required = {name: uuid4().hex for name, other in SENT[call].items() if other.is_required}
        if "objective_id" in required:
            objective = client.post("/v1/objectives/").json()["id"]
            required |= {"objective_id": objective, "scoring_criteria": CRITERIA}
        response = client.request(method, path, json={**required, field: value})
        if response.status_code == 400:
            assert set(response.json()) == {field}
        elif response.status_code == 201:
            client.delete(f"{path}{response.json()['id']}/")
        return response.status_code

    assert {status(value) for value in sent.rejected} == {400}
    assert {status(value) for value in sent.accepted} <= {200, 201}
    body = resolve(
        DOCUMENT["paths"][path][method.lower()]["requestBody"]["content"]["application/json"][
            "schema"
        ]
    )
    assert set(body["properties"]) == set(SENT[call])
    assert (field in body.get("required", [])) is sent.is_required


def test_secrets_are_write_only() -> None:
    """The provider's key is marked as write-only."""
    schemas = DOCUMENT["components"]["schemas"]

    for name in ("ModelRequest", "ModelPatch"):
        written = {
            field
            for field, schema in schemas[name]["properties"].items()
            if schema.get("writeOnly")
        }
        assert written == {"default_key"}


@pytest.mark.parametrize(("path", "types"), RETURNED.items())
def test_fields_of_responses(client: httpx.Client, path: str, types: dict[str, type]) -> None:
    """Objects and lists have these fields, with these types."""
    collection = path.removesuffix("{id}/")
    values = {"name": uuid4().hex, "url": "http://x", "max_token_count": 1}
    created = client.post(collection, json=values).json()
    (listed,) = client.get(collection, params={"page_size": 1}).json()["results"]

    def of_types(found: dict[str, object]) -> dict[str, type]:
        return {name: type(value) for name, value in found.items()}

    retrieved = client.get(f"{collection}{created['id']}/").json()
    assert of_types(created) == CREATED.get(collection, types)
    assert of_types(retrieved) == types
    assert {name: retrieved.get(name, value) for name, value in created.items()} == created
    assert set(listed) == LISTED[collection]
    assert set(of_response(path, "GET", 200)["properties"]) == set(types)
    described = of_response(collection, "POST", 201)["properties"]
    assert set(described) == set(CREATED.get(collection, types))
    page = of_response(collection, "GET", 200)["properties"]
    assert set(page) == {"next", "previous", "results"}
    assert set(resolve(page["results"]["items"])["properties"]) == LISTED[collection]


# The fields of objects and of lists, those that older clients require among them.
FIELDS = {
    "Evaluator": {
        *("change_note", "created_at", "demonstration_dataset_id", "evaluator_demonstrations"),
        *("id", "input_variables", "models", "name", "objective", "owner", "project_id"),
        *("visibility", "updated_at", "updated_by", "version_id", "_meta", "inputs"),
        *("scoring_criteria", "is_root_evaluator", "behavior"),
        *("prompt", "skill_type", "status", "model_params", "reference_variables"),
        "system_message",
    },
    "ListedEvaluator": {
        *("_meta", "created_at", "models", "id", "name", "objective", "owner", "project_id"),
        *("visibility", "updated_at", "updated_by", "version_id", "inputs", "scoring_criteria"),
        *("prompt", "status"),
    },
    "Objective": {
        *("id", "intent", "test_set", "created_at", "owner", "version_id", "test_dataset_id"),
        *("_meta", "status", "validators"),
    },
    "ListedObjective": {
        *("id", "intent", "owner", "created_at", "project_id", "_meta", "status", "validators"),
    },
    "CreatedObjective": {"id"},
    "ExecutionLog": {
        *("cost", "turns", "created_at", "evaluation_context", "evaluator_latencies"),
        *("executed_item_id", "executed_item_name", "executed_item_version_id"),
        *("execution_type", "id", "justification", "llm_output", "model_call_duration", "model"),
        *("owner", "parent_execution_log_id", "scoring_criteria", "score", "session_id"),
        *("system_prompt", "tags", "user_id", "evaluator_results", "variables"),
        *("classification", "confidence"),
        *("chat_id", "prompt_template", "rendered_prompt", "model_params"),
    },
    "ListedExecutionLog": {
        *("cost", "created_at", "evaluation_context", "executed_item_id", "executed_item_name"),
        *("executed_item_version_id", "execution_type", "id", "llm_output", "owner"),
        *("parent_execution_log_id", "project_id", "request_preview", "response_preview"),
        *("score", "session_id", "tags", "user_id", "variables"),
    },
}


@pytest.mark.parametrize(("name", "fields"), FIELDS.items())
def test_fields_of_evaluation(name: str, fields: set[str]) -> None:
    """Evaluators, objectives and logs have these fields, and promise all of them."""
    schema = DOCUMENT["components"]["schemas"][name]

    assert set(schema["properties"]) == set(schema["required"]) == fields


def test_listed_model(client: httpx.Client) -> None:
    """A model in a list has its owner, provider and visibility."""
    models = client.get("/v1/models/").json()["results"]

    for model in models:
        assert set(model["owner"]) == {"email", "full_name"}
        assert model["provider"] is None or {"id", "name"} <= set(model["provider"])
        assert model["visibility"] in ("PUBLIC", "PUBLIC_UNLISTED", "PRIVATE")
    assert models
