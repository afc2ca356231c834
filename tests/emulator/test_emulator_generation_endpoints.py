"""Endpoints that only an older or only a newer generation of the service has."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, get_args
from uuid import uuid4

import httpx
import pytest
from openapi_core import OpenAPI

from root.emulator import Generation, Server, openapi, serve
from tests.conformance import check_response

from .conftest import UNKNOWN, connect
from .evaluation import RELEVANCE, create_objective

BATCHES = "/v1/batch-executions/"
RUN = {"request": "May I?", "response": "Yes."}


@cache
def described(generation: Generation) -> OpenAPI:
    """Return the OpenAPI document of a generation, which takes a second or two to read."""
    return OpenAPI.from_dict(openapi(generation))


def conforming(server: Server, generation: Generation) -> Iterator[httpx.Client]:
    """Yield a client whose responses must be as the OpenAPI document describes them."""
    document = described(generation)

    def check(response: httpx.Response) -> None:
        response.read()
        check_response(response, document)

    with connect(server, server.add_key()) as client:
        client.event_hooks = {"response": [check]}
        yield client


@pytest.fixture(scope="module")
def old_server() -> Iterator[Server]:
    with serve(generation="A") as server:
        yield server


@pytest.fixture(scope="module")
def new_server() -> Iterator[Server]:
    with serve(generation="C") as server:
        yield server


@pytest.fixture
def old(old_server: Server) -> Iterator[httpx.Client]:
    yield from conforming(old_server, "A")


@pytest.fixture
def new(new_server: Server) -> Iterator[httpx.Client]:
    yield from conforming(new_server, "C")


def create(client: httpx.Client, path: str, **body: object) -> dict[str, Any]:
    """Create an object, and return it."""
    response = client.post(path, json=body)
    assert response.status_code in (201, 202), response.text
    created: dict[str, Any] = response.json()
    return created


def create_evaluator(client: httpx.Client, **fields: object) -> str:
    """Create an evaluator with the names of all generations, and return its ID."""
    text = "Is {{response}} kind?"
    created = create(
        client,
        "/v1/evaluators/",
        name=uuid4().hex,
        objective_id=create_objective(client),
        **{"prompt": text, "scoring_criteria": text, **fields},
    )
    return str(created["id"])


def create_judge(client: httpx.Client) -> str:
    """Create a judge of an evaluator of the service, and return its ID."""
    body = {"name": "judge", "intent": "Be kind.", "evaluator_references": [{"id": RELEVANCE}]}
    return str(create(client, "/v1/judges/", **body)["id"])


def upload(client: httpx.Client, content: str, **fields: str) -> str:
    """Create a data set from a file, and return its ID."""
    request = client.build_request(
        "POST", "/v1/datasets/", data=fields, files={"file": ("a.csv", content)}
    )
    request.read()
    return str(client.send(request).json()["id"])


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_status_of_evaluators(old: httpx.Client, method: str) -> None:
    """The status of an evaluator is set, is seen later, and makes no version."""
    id_ = create_evaluator(old)
    path = f"/v1/evaluators/status/{id_}/"

    assert old.request(method, path, json={"status": "listed"}).json() == {"status": "listed"}

    assert old.get(f"/v1/evaluators/{id_}/").json()["status"] == "listed"
    assert old.get("/v1/evaluators/").json()["results"][0]["status"] == "listed"
    assert len(old.get(f"/v1/evaluators/versions/{id_}/").json()["results"]) == 1
    old.request(method, path, json={"status": "unlisted"})
    assert old.get(f"/v1/evaluators/{id_}/").json()["status"] == "unlisted"


def test_status_of_data_sets(old: httpx.Client) -> None:
    """The status of a data set is set, and is seen later."""
    id_ = create(old, "/v1/datasets/", name="a")["id"]

    response = old.put(f"/v1/datasets/status/{id_}/", json={"status": "listed"})

    assert response.json() == {"status": "listed"}
    assert old.get(f"/v1/datasets/{id_}/").json()["status"] == "listed"


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize(
    ("id_", "body", "status"),
    [
        (RELEVANCE, {"status": "listed"}, 403),
        (UNKNOWN, {"status": "listed"}, 404),
        (None, {"status": "public"}, 400),
        (None, {}, 400),
    ],
)
def test_refused_status(
    old: httpx.Client, method: str, id_: str | None, body: dict[str, str], status: int
) -> None:
    """A status is one of two, of an evaluator of the organization."""
    path = f"/v1/evaluators/status/{id_ or create_evaluator(old)}/"

    assert old.request(method, path, json=body).status_code == status


def test_rename_a_data_set(new: httpx.Client) -> None:
    """The name of a data set is changed, and nothing else."""
    created = create(new, "/v1/datasets/", name="a", has_header=True)
    path = f"/v1/datasets/{created['id']}/"

    renamed = new.patch(path, json={"name": "b", "tags": [UNKNOWN]}).json()

    assert (renamed["name"], renamed["tags"]) == ("b", [])
    assert new.get(path).json() == renamed
    assert renamed["project_id"] == created["project_id"]
    assert new.patch(path, json={"name": None}).json()["name"] is None
    assert new.patch(path, json={"name": ""}).status_code == 400


def finished(client: httpx.Client, **body: object) -> dict[str, Any]:
    """Start a batch, and return it when it has ended."""
    started = create(client, BATCHES, **body)
    url = started["status_url"]
    assert url.endswith(f"/v1/judges/batch-executions/{started['batch_execution_id']}/")
    assert client.get(url).json()["status"] == "processing"
    ended: dict[str, Any] = client.get(url).json()
    return ended


def test_batch_of_evaluators(new: httpx.Client) -> None:
    """A batch runs evaluators without a judge, in the version that they had at its start."""
    id_ = create_evaluator(new)
    body = {"evaluator_ids": [id_, RELEVANCE], "inputs": [RUN, {"turns": None}], "tags": ["a"]}

    batch = finished(new, **body)

    assert (batch["status"], batch["judge"], batch["dataset"]) == ("partial", None, None)
    assert [one["id"] for one in batch["evaluators"]] == [id_, RELEVANCE]
    assert batch["tags"] == ["a"]
    first, second = batch["items"]
    assert [one["evaluator_id"] for one in first["evaluator_results"]] == [id_, RELEVANCE]
    assert second["error_message"]
    log = new.get(f"/v1/execution-logs/{first['execution_log_id']}/").json()
    assert (log["executed_item_id"], log["tags"]) == (None, ["a"])


def test_batch_of_a_judge(new: httpx.Client) -> None:
    """A batch runs a judge."""
    judge = create_judge(new)

    batch = finished(new, judge_id=judge, inputs=[RUN])

    assert (batch["status"], batch["judge"]["id"]) == ("completed", judge)
    assert batch["evaluators"] == []


@pytest.mark.parametrize(
    ("content", "has_header"),
    [
        ("request,response\nA?,a\nB?,b\nC?,c\nD?,d\n", "true"),
        ("1,a,A?\n1,b,B?\n1,c,C?\n1,d,D?\n", "false"),
    ],
)
def test_batch_of_a_data_set(new: httpx.Client, content: str, has_header: str) -> None:
    """The inputs of a batch may be rows of a data set, both ends of the range included."""
    dataset = upload(new, content, has_header=has_header)
    chosen = {"start": 1, "end": 2}

    batch = finished(new, evaluator_ids=[RELEVANCE], dataset_id=dataset, range=chosen)

    assert [one["input"] for one in batch["items"]] == [
        {"request": "B?", "response": "b"},
        {"request": "C?", "response": "c"},
    ]
    assert (batch["dataset"]["id"], batch["dataset_range"]) == (dataset, chosen)


def test_status_of_samples(new: httpx.Client) -> None:
    """The samples of a generated judge have a status, which is not that of older judges."""
    body = {"intent": "Be polite to everybody.", "visibility": "private", "strict": False}
    path = f"/v1/judges/{create(new, '/v1/judges/generate/', **body)['judge_id']}/synthetic-data/"

    assert [new.get(path).json()["status"] for _ in range(2)] == ["pending", "ready"]


@pytest.mark.parametrize("prefix", ["", "{id}/", "{id}/refine/"])
def test_status_of_responses(new: httpx.Client, prefix: str) -> None:
    """A response in the format of OpenAI has its status."""
    judge = create_judge(new)
    path = f"/v1/judges/{prefix.format(id=judge)}openai/responses"

    response = new.post(path, json={"model": judge, "input": "Hi"}).json()

    assert response["status"] == "completed"


@pytest.mark.parametrize("prefix", ["", "{id}/", "{id}/refine/"])
def test_streamed_completions(old: httpx.Client, prefix: str) -> None:
    """Older servers stream a chat completion, too, though not a refinement."""
    judge = create_judge(old)
    path = f"/v1/judges/{prefix.format(id=judge)}openai/chat/completions"
    body = {"model": judge, "messages": [{"role": "user", "content": "Hi"}], "stream": True}

    streamed = old.post(path, json=body)
    refined = old.post(f"/v1/judges/{judge}/refine/", json={**RUN, "stream": True})

    assert streamed.headers["Content-Type"].startswith("text/event-stream")
    assert streamed.text.endswith("data: [DONE]\n\n")
    assert refined.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({}, "non_field_errors"),
        ({"inputs": [RUN]}, "non_field_errors"),
        ({"evaluator_ids": [RELEVANCE]}, "non_field_errors"),
        (
            {"judge_id": UNKNOWN, "evaluator_ids": [RELEVANCE], "inputs": [RUN]},
            "non_field_errors",
        ),
        ({"judge_id": UNKNOWN, "inputs": [RUN]}, "judge_id"),
        ({"evaluator_ids": [UNKNOWN], "inputs": [RUN]}, "evaluator_ids"),
        ({"evaluator_ids": [RELEVANCE], "dataset_id": UNKNOWN}, "dataset_id"),
        ({"evaluator_ids": [], "inputs": [RUN]}, "evaluator_ids"),
        ({"evaluator_ids": [RELEVANCE], "inputs": 101 * [RUN]}, "inputs"),
    ],
)
def test_refused_batches(new: httpx.Client, body: dict[str, object], name: str) -> None:
    """A batch has a judge or evaluators, and inputs or a data set."""
    response = new.post(BATCHES, json=body)

    assert (response.status_code, set(response.json())) == (400, {name})
    assert new.get("/v1/judges/batch-executions/").json()["results"] == []


def test_batch_of_an_empty_data_set(new: httpx.Client) -> None:
    """A data set without rows in the range is refused."""
    dataset = upload(new, "1,a\n")
    body = {"evaluator_ids": [RELEVANCE], "dataset_id": dataset, "range": {"start": 1, "end": 9}}

    assert new.post(BATCHES, json=body).json().keys() == {"dataset_id"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", BATCHES),
        ("PUT", f"/v1/evaluators/status/{RELEVANCE}/"),
        ("PUT", f"/v1/datasets/status/{UNKNOWN}/"),
        ("PATCH", f"/v1/datasets/{UNKNOWN}/"),
    ],
)
def test_present_servers_lack_them(client: httpx.Client, method: str, path: str) -> None:
    """The present generation has none of them."""
    response = client.request(method, path, json={})

    assert response.status_code == (405 if method == "PATCH" else 404)


LOGS = "/v1/execution-logs/"


def listed(client: httpx.Client, path: str, **query: object) -> set[str]:
    """Return the IDs that a list has."""
    response = client.get(path, params={name: str(value) for name, value in query.items()})
    assert response.status_code == 200, response.text
    return {one["id"] for one in response.json()["results"]}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"judge_id": "{judge}"}, ["batch", "batch part", "run", "run part"]),
        ({"judge_id": RELEVANCE}, []),
        ({"batch_execution_id": "{batch_id}"}, ["batch", "batch part"]),
        ({"parent_execution_log_id": "{run}"}, ["run part"]),
        ({"model": "gpt-4o"}, ["own"]),
        ({"model": "gpt-4"}, []),
        ({"owner_email": "nobody@example.com"}, []),
        ({"min_cost": 0.0, "max_cost": 0.0, "model": "gpt-4o"}, ["own"]),
        ({"min_cost": 0.1}, []),
        ({"max_cost": -0.1}, []),
        ({"execution_type": "internal"}, []),
        ({"execution_type": "judge"}, ["batch", "run"]),
        # The newest of the judge, of the evaluator in it, and of the other one.
        ({"unique_evaluators": "true"}, ["run", "run part", "own"]),
    ],
    ids=str,
)
def test_filters_of_logs(new: httpx.Client, query: dict[str, str], expected: list[str]) -> None:
    """Newer servers list the logs of a judge, a batch, a run, a model, a user and of a cost."""
    evaluator = create_evaluator(new, models=["gpt-4o"])
    own = new.post(f"/v1/evaluators/execute/{evaluator}/", json=RUN).json()["execution_log_id"]
    judge = create_judge(new)
    batch = finished(new, judge_id=judge, inputs=[RUN])
    run = new.post(f"/v1/judges/{judge}/execute/", json=RUN).json()["execution_log_id"]
    logs = {"own": own, "batch": batch["items"][0]["execution_log_id"], "run": run}
    for one in new.get(LOGS).json()["results"]:
        for name in ("batch", "run"):
            if one["parent_execution_log_id"] == logs[name]:
                logs[f"{name} part"] = one["id"]
    known = {"judge": judge, "batch_id": batch["batch_execution_id"], **logs}

    found = listed(new, LOGS, **{k: str(v).format(**known) for k, v in query.items()})

    assert {name for name, id_ in logs.items() if id_ in found} == {*expected}
    assert len(found) == len(expected)


def test_logs_of_a_user(new_server: Server) -> None:
    """The logs of a user are those that have the address of the owner."""
    colleagues = [f"{name}@example.com" for name in ("ada", "ben")]
    ids: dict[str, str] = {}
    for email in colleagues:
        key = new_server.add_key(organization="users", email=email)
        with connect(new_server, key) as client:
            run = client.post(f"/v1/evaluators/execute/{RELEVANCE}/", json=RUN).json()
            ids[email] = run["execution_log_id"]
            found = {one: listed(client, LOGS, owner_email=one) for one in ids}

    assert found == {email: {id_} for email, id_ in ids.items()}


@pytest.mark.parametrize(
    ("path", "name", "generations"),
    [
        *((LOGS, name, "BC") for name in ("session_id", "has_session_id", "project_id")),
        *((LOGS, name, "C") for name in ("judge_id", "model", "min_cost", "unique_evaluators")),
        (LOGS, "unique_skills", "AB"),
        ("/v1/evaluators/", "evaluator_type", "C"),
        ("/v1/evaluators/", "skill_type", "AB"),
        ("/v1/evaluators/", "project_id", "BC"),
        ("/v1/objectives/", "include_public", "BC"),
        ("/v1/datasets/", "type", "AB"),
    ],
)
@pytest.mark.parametrize("generation", get_args(Generation))
def test_filters_of_a_generation(
    path: str, name: str, generations: str, generation: Generation
) -> None:
    """A list has the filters of its generation."""
    document: dict[str, Any] = openapi(generation)
    parameters = document["paths"][path]["get"]["parameters"]

    assert (name in [one.get("name") for one in parameters]) == (generation in generations)


def test_type_of_evaluators(new: httpx.Client) -> None:
    """Newer servers list evaluators by their type, by another name than others."""
    id_ = create_evaluator(new)

    assert id_ in listed(new, "/v1/evaluators/", evaluator_type="managed")
    assert not listed(new, "/v1/evaluators/", evaluator_type="native")


@pytest.mark.parametrize("name", ["judge_id", "model", "unique_evaluators"])
def test_present_servers_refuse_newer_filters(client: httpx.Client, name: str) -> None:
    """Lists of logs refuse the filters that a generation does not have."""
    assert client.get(LOGS, params={name: "a"}).json() == {name: ["Unknown query parameter."]}
