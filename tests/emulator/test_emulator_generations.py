"""What the emulator serves as an older, as the present and as a newer generation of the service."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, get_args

import httpx
import pytest
import yaml
from openapi_core import OpenAPI

from root.emulator import Generation, Server, openapi, serve
from tests.conformance import check_response

from .conftest import connect
from .evaluation import RELEVANCE, create_objective

CRITERIA = "Is {{response}} kind?"
DOCUMENTS = {one: OpenAPI.from_dict(openapi(one)) for one in get_args(Generation)}


@pytest.fixture(scope="module", params=get_args(Generation))
def generation(request: pytest.FixtureRequest) -> Generation:
    found: Generation = request.param
    return found


@pytest.fixture(scope="module")
def generated(generation: Generation) -> Iterator[Server]:
    with serve(generation=generation) as server:
        yield server


@pytest.fixture
def caller(generated: Server, generation: Generation) -> Iterator[httpx.Client]:
    """A client whose responses must be as the OpenAPI document of the generation describes them."""

    def check(response: httpx.Response) -> None:
        response.read()
        check_response(response, DOCUMENTS[generation])

    with connect(generated, generated.add_key()) as client:
        client.event_hooks = {"response": [check]}
        yield client


def create_evaluator(client: httpx.Client, **fields: object) -> dict[str, Any]:
    """Create an evaluator with the names of all generations."""
    body = {"name": "kind", "prompt": CRITERIA, "scoring_criteria": CRITERIA, **fields}
    body["objective_id"] = create_objective(client)
    response = client.post("/v1/evaluators/", json=body)
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()
    return created


def create_judge(client: httpx.Client) -> dict[str, Any]:
    """Create a judge of an evaluator of the service."""
    body = {"name": "judge", "intent": "Be kind.", "evaluator_references": [{"id": RELEVANCE}]}
    response = client.post("/v1/judges/", json=body)
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()
    return created


# What is called, and for each generation some fields of the response that only others lack.
OLD_CRITERIA = {"prompt", "status", "skill_type", "model_params", "system_message"}
NEW_CRITERIA = {"scoring_criteria", "visibility", "is_root_evaluator", "project_id", "behavior"}
RESPONSES: list[tuple[str, set[str], set[str]]] = [
    # The name of the call, the fields of A that C lacks, and those of C that A lacks.
    ("evaluator", OLD_CRITERIA | {"evaluator_demonstrations"}, NEW_CRITERIA),
    ("listed evaluator", {"prompt", "status"}, {"scoring_criteria", "visibility", "project_id"}),
    ("evaluator version", OLD_CRITERIA, NEW_CRITERIA),
    ("evaluator run", set(), {"confidence"}),
    ("objective of evaluator", {"status", "validators", "test_set"}, set()),
    ("objective", {"status", "validators", "test_set"}, set()),
    ("listed objective", {"status", "validators"}, {"project_id"}),
    ("judge", {"status", "objective"}, {"intent", "visibility", "project_id"}),
    ("listed judge", {"status"}, {"visibility", "project_id"}),
    ("judge run", set(), {"execution_log_id"}),
    ("result of judge", set(), {"confidence"}),
    ("generated judge", set(), {"claim_token", "stages"}),
    ("batch", set(), {"project_id"}),
    ("data set", {"type"}, {"project_id"}),
    ("created data set", {"type", "url"}, {"project_id"}),
    ("log", {"chat_id", "prompt_template", "rendered_prompt"}, {"scoring_criteria", "turns"}),
    ("listed log", set(), {"request_preview", "session_id", "user_id", "project_id"}),
]


def first(response: httpx.Response) -> dict[str, Any]:
    """Return the first object of a page."""
    found: dict[str, Any] = response.json()["results"][0]
    return found


def respond(client: httpx.Client, name: str) -> dict[str, Any]:
    """Return the object of a call, or the part of it."""
    run = {"request": "May I?", "response": "Yes."}
    made: dict[str, Any]
    match name:
        case "evaluator":
            return create_evaluator(client)
        case "objective of evaluator":
            made = create_evaluator(client)["objective"]
        case "evaluator version":
            created = create_evaluator(client)
            return first(client.get(f"/v1/evaluators/versions/{created['id']}/"))
        case "listed evaluator":
            return first(client.get("/v1/evaluators/"))
        case "evaluator run":
            made = client.post(f"/v1/evaluators/execute/{RELEVANCE}/", json=run).json()
        case "objective":
            made = client.get(f"/v1/objectives/{create_objective(client)}/").json()
        case "listed objective":
            create_objective(client)
            return first(client.get("/v1/objectives/"))
        case "judge":
            return create_judge(client)
        case "listed judge":
            create_judge(client)
            return first(client.get("/v1/judges/"))
        case "judge run" | "result of judge":
            path = f"/v1/judges/{create_judge(client)['id']}/execute/"
            made = client.post(path, json=run).json()
            made = made if name == "judge run" else made["evaluator_results"][0]
        case "generated judge":
            body = {"intent": "Be polite to everybody.", "visibility": "public", "strict": False}
            made = client.post("/v1/judges/generate/", json=body).json()
        case "batch":
            path = f"/v1/judges/{create_judge(client)['id']}/batch-execute/"
            batch = client.post(path, json={"inputs": [run]}).json()
            path = f"/v1/judges/batch-executions/{batch['batch_execution_id']}/"
            made = client.get(path).json()
        case "data set":
            client.post("/v1/datasets/", json={"name": "a"})
            return first(client.get("/v1/datasets/"))
        case "created data set":
            made = client.post("/v1/datasets/", json={"name": "a"}).json()
        case _:
            respond(client, "evaluator run")
            listed = first(client.get("/v1/execution-logs/"))
            if name == "listed log":
                return listed
            made = client.get(f"/v1/execution-logs/{listed['id']}/").json()
    return made


@pytest.mark.parametrize(("name", "old", "new"), RESPONSES, ids=[one[0] for one in RESPONSES])
def test_fields_of_responses(
    caller: httpx.Client, generation: Generation, name: str, old: set[str], new: set[str]
) -> None:
    """Responses have the fields of their generation; B has those of older clients besides."""
    fields = respond(caller, name).keys()

    assert (old <= fields) == (generation != "C" or not old)
    assert (new <= fields) == (generation != "A" or not new)
    assert generation != "C" or not old & fields
    assert generation != "A" or not new & fields


@pytest.mark.parametrize(
    ("path", "body", "accepted"),
    [
        ("/v1/evaluators/", {"name": "kind", "prompt": CRITERIA}, "AB"),
        ("/v1/evaluators/", {"name": "kind", "scoring_criteria": CRITERIA}, "BC"),
        ("/v1/evaluators/execute/{id}/", {"turns": [{"role": "user", "content": "Yes."}]}, "BC"),
        ("/v1/evaluators/calibrate/", {"prompt": CRITERIA, "test_data": [["1", "Yes."]]}, "AB"),
    ],
    ids=["prompt", "scoring_criteria", "turns", "test_data"],
)
def test_fields_of_requests(
    caller: httpx.Client,
    generation: Generation,
    path: str,
    body: dict[str, object],
    accepted: str,
) -> None:
    """A generation ignores the fields of others, and requires its own."""
    body["objective_id"] = create_objective(caller)

    response = caller.post(path.replace("{id}", RELEVANCE), json=body)

    assert response.is_success == (generation in accepted), response.text


def test_errors_have_the_names_of_requests(caller: httpx.Client, generation: Generation) -> None:
    """An error names a field as the generation does."""
    response = caller.post("/v1/evaluators/", json={"name": "kind"})

    missing = "prompt" if generation == "A" else "scoring_criteria"
    assert response.json().keys() == {"objective_id", missing}


def test_errors_name_no_ignored_fields(caller: httpx.Client, generation: Generation) -> None:
    """An error does not require a field that the generation ignores, even if it was sent."""
    turns = [{"role": "user", "content": "Yes."}]
    judge = create_judge(caller)["id"]
    draft = {"name": "kind", "prompt": CRITERIA, "test_data": [["1", "Yes."]]}

    runs = [
        caller.post(path, json={"turns": turns if generation == "A" else None})
        for path in (
            f"/v1/evaluators/execute/{RELEVANCE}/",
            "/v1/evaluators/execute/by-name/?name=Relevance",
            f"/v1/judges/{judge}/execute/",
            "/v1/judges/execute/by-name/?name=judge",
            f"/v1/judges/{judge}/refine/",
        )
    ]
    calibrated = caller.post("/v1/evaluators/calibrate/", json=draft)

    text = "Give turns, or a request or a response."
    if generation == "A":
        text = "Give a request or a response."
    assert [run.json() for run in runs] == 5 * [{"non_field_errors": [text]}]
    if generation == "C":
        assert calibrated.json() == {"test_dataset_id": ["This field is required."]}
    else:
        assert calibrated.is_success


def test_exported_documents(
    generated: Server, caller: httpx.Client, generation: Generation
) -> None:
    """A YAML document has the fields of the generation, and can be imported again."""
    created = create_evaluator(caller)

    # The check of responses reads no YAML.
    path = f"{generated.url}/v1/evaluators/export/{created['id']}/"
    text = httpx.get(path, headers={"Authorization": caller.headers["Authorization"]}).text

    document = yaml.safe_load(text)
    assert document["scoring_criteria"] == CRITERIA
    assert ("behavior" in document) == (generation != "A")
    body = {"yaml": text, "overwrite": True}
    imported = caller.post("/v1/evaluators/import-yaml/", json=body)
    assert imported.json()["id"] == created["id"]


def test_status_of_judges(caller: httpx.Client, generation: Generation) -> None:
    """Older servers take the visibility of a judge as its status, and newer ones do not."""
    created = create_judge(caller)

    changed = caller.patch(f"/v1/judges/{created['id']}/", json={"status": "public"}).json()

    shown = changed.get("visibility", changed.get("status"))
    assert shown == ("private" if generation == "C" else "public")


def test_status_of_data_sets(caller: httpx.Client, generation: Generation) -> None:
    """A private data set is unlisted on older servers."""
    assert respond(caller, "data set")["status"] == ("unlisted" if generation == "A" else "private")


@pytest.mark.parametrize(
    ("path", "generations"),
    [
        ("/v1/projects/", "BC"),
        ("/v1/execution-logs/session-ids/", "BC"),
        ("/v1/evaluators/", "ABC"),
    ],
)
def test_endpoints(generated: Server, generation: Generation, path: str, generations: str) -> None:
    """A generation has no endpoints that only others have, and its document neither."""
    with connect(generated, generated.api_key) as client:
        assert client.get(path).is_success == (generation in generations)
    assert (path in openapi(generation)["paths"]) == (generation in generations)  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]


def test_options(caller: httpx.Client, generation: Generation) -> None:
    """The description of an endpoint has the names of the generation."""
    fields = caller.options("/v1/evaluators/").json()["actions"]["POST"].keys()

    assert ("prompt" in fields) == (generation == "A")
    assert ("scoring_criteria" in fields) == (generation != "A")


def test_document_of_the_server(generated: Server, generation: Generation) -> None:
    """A server describes its own generation."""
    assert httpx.get(f"{generated.url}/openapi.json").json() == openapi(generation)


def test_bodies_that_are_no_objects(caller: httpx.Client) -> None:
    """A body that is not an object gets the usual error."""
    for content, status in ((b"[]", 400), (b"{", 400), (b"", 400)):
        response = caller.post(
            "/v1/evaluators/", content=content, headers={"Content-Type": "application/json"}
        )

        assert response.status_code == status


def test_unknown_generation() -> None:
    """There are three generations."""
    unknown: Any = "D"

    with (
        pytest.raises(ValueError, match="generation must be one of A, B, C"),
        serve(generation=unknown),
    ):
        pass


def test_command() -> None:
    """The command takes the generation, too."""
    command = (sys.executable, "-m", "root.emulator", "--port", "0", "--generation", "A")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline().split()[-1]
        document = json.loads(httpx.get(f"{url}/openapi.json").content)
        process.terminate()

    assert document == openapi("A")
