"""The endpoints of evaluators."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest

from root.emulator import Server

from .conftest import UNKNOWN, connect
from .evaluation import (
    EVALUATORS,
    LOGS,
    OBJECTIVES,
    RELEVANCE,
    checked,
    create_evaluator,
    create_objective,
    results,
    run,
)


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with checked(server, server.add_key()) as client:
        yield client


def test_evaluators_of_the_service(client: httpx.Client) -> None:
    """The evaluators of the service are listed from the start, and do not show their criteria."""
    listed = results(client, EVALUATORS)
    relevance = client.get(f"{EVALUATORS}{RELEVANCE}/").json()

    assert len(listed) == 44
    assert listed[0]["name"] == "Faithfulness"
    assert set(listed[0]["inputs"]) == {"request", "response", "contexts"}
    assert {one["scoring_criteria"] for one in listed} == {""}
    assert relevance["is_root_evaluator"] is True
    assert (relevance["visibility"], relevance["project_id"]) == ("public", None)
    assert relevance["objective"]["intent"]


def test_run_by_id_and_by_name(client: httpx.Client) -> None:
    """An evaluator has the same score each time, by its ID and by its names."""
    body = {"request": "Can I return it?", "response": "You can return it within 30 days."}
    names = ("Safety for Children", "Safety_for_Children")
    by_name = [
        client.post(f"{EVALUATORS}execute/by-name/", params={"name": name}, json=body).json()
        for name in ("Relevance", *names)
    ]
    by_id = [run(client, **body) for _ in range(2)]

    assert {one["score"] for one in (*by_id, by_name[0])} == {0.75}
    assert by_name[1]["score"] == by_name[2]["score"]
    assert by_id[0]["evaluator_name"] == "Relevance"
    assert "No LLM was asked." in by_id[0]["justification"]
    missing = client.post(f"{EVALUATORS}execute/by-name/?name=relevance", json=body)
    assert missing.status_code == 404


def test_create(client: httpx.Client) -> None:
    """A new evaluator has the names of older clients for its fields, too."""
    objective = create_objective(client, intent="Be brief.")
    created = create_evaluator(
        client,
        name="Brevity",
        objective_id=objective,
        scoring_criteria="Is {{ response }} brief for {{audience}}, given {{contexts}}?",
        models=["gpt-4o"],
    )

    assert created["prompt"] == created["scoring_criteria"]
    assert (created["status"], created["visibility"]) == ("unlisted", "private")
    assert created["objective"]["intent"] == "Be brief."
    assert created["inputs"] == {
        "response": {"type": "string"},
        "audience": {"type": "string"},
        "contexts": {"type": "array", "items": {"type": "string"}},
    }
    assert [one["name"] for one in created["input_variables"]] == ["audience"]
    assert client.get(f"{EVALUATORS}{created['id']}/").json() == created
    assert results(client, EVALUATORS)[0]["id"] == created["id"]


def test_prompt_is_accepted_for_criteria(client: httpx.Client) -> None:
    """Older clients send the criteria as `prompt`."""
    body = {"name": "x1", "objective_id": create_objective(client), "prompt": "{{request}}"}

    response = client.post(EVALUATORS, json=body)

    assert response.json()["scoring_criteria"] == "{{request}}"


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"objective_id": UNKNOWN}, "objective_id"),
        ({"objective_version_id": UNKNOWN}, "objective_version_id"),
        ({"models": ["no such model"]}, "models"),
        ({"scoring_criteria": "Is it kind?"}, "scoring_criteria"),
        ({"project_id": UNKNOWN}, "project_id"),
        ({"name": "Taken"}, "name"),
        ({"evaluator_demonstrations": [{"response": "x"}]}, "evaluator_demonstrations"),
    ],
)
def test_refused_values(client: httpx.Client, fields: dict[str, object], name: str) -> None:
    """A field that is refused is named, and nothing is created."""
    objective = create_objective(client)
    create_evaluator(client, name="Taken")
    valid = {"name": "Other", "objective_id": objective, "scoring_criteria": "{{response}}"}

    response = client.post(EVALUATORS, json={**valid, **fields})

    assert (response.status_code, set(response.json())) == (400, {name})
    assert len(results(client, EVALUATORS)) == 45


def test_update_makes_a_version(client: httpx.Client) -> None:
    """A change makes a version; the first one stays readable and can be run."""
    first = create_evaluator(client)
    path = f"{EVALUATORS}{first['id']}/"

    unchanged = client.patch(path, json={"name": first["name"]}).json()
    changed = client.patch(
        path, json={"scoring_criteria": "{{request}}", "change_note": "n"}
    ).json()

    assert unchanged == first
    assert changed["id"] == first["id"]
    assert changed["version_id"] != first["version_id"]
    assert first["updated_at"] is None
    assert datetime.fromisoformat(changed["updated_at"]) <= datetime.now(UTC)
    versions = results(client, f"{EVALUATORS}versions/{first['id']}/")
    assert [one["version_id"] for one in versions] == [changed["version_id"], first["version_id"]]
    assert [one["change_note"] for one in versions] == ["n", None]
    read = client.get(path, params={"version_id": first["version_id"]}).json()
    assert read["scoring_criteria"] == first["scoring_criteria"]
    assert client.get(path, params={"version_id": UNKNOWN}).status_code == 404
    run(client, first["id"], response="x", evaluator_version_id=first["version_id"])
    (log,) = results(client, LOGS, executed_item_id=first["id"])
    assert log["executed_item_version_id"] == first["version_id"]


def test_overwrite(client: httpx.Client) -> None:
    """With `overwrite`, the evaluator with the same name keeps its ID and gets a version."""
    first = create_evaluator(client, name="Kindness", change_note="a")
    second = create_evaluator(
        client, name="Kindness", overwrite=True, scoring_criteria="{{request}}"
    )

    assert second["id"] == first["id"]
    assert second["version_id"] != first["version_id"]
    assert second["scoring_criteria"] == "{{request}}"
    assert len(results(client, EVALUATORS, is_root_evaluator=False, name="Kindness")) == 1


def test_replace(client: httpx.Client) -> None:
    """PUT sets omitted fields to their default."""
    first = create_evaluator(client, models=["gpt-4o"], behavior="fast")
    body = {
        "name": first["name"],
        "objective_id": first["objective"]["id"],
        "scoring_criteria": "{{response}}",
    }

    replaced = client.put(f"{EVALUATORS}{first['id']}/", json=body).json()

    assert (replaced["models"], replaced["behavior"]) == ([], "balanced")
    assert replaced["project_id"] == first["project_id"]


def test_delete(client: httpx.Client) -> None:
    """A deleted evaluator is not found, and its logs remain."""
    created = create_evaluator(client)
    log = run(client, created["id"], response="x")["execution_log_id"]

    assert client.delete(f"{EVALUATORS}{created['id']}/").status_code == 204
    assert client.get(f"{EVALUATORS}{created['id']}/").status_code == 404
    assert client.get(f"{LOGS}{log}/").json()["executed_item_name"] == created["name"]


def test_the_objective_follows_its_newest_version(client: httpx.Client) -> None:
    """An evaluator shows the newest version of its objective, unless it has a fixed one."""
    objective = create_objective(client, intent="old")
    version = client.get(f"{OBJECTIVES}{objective}/").json()["version_id"]
    follows = create_evaluator(client, objective_id=objective)
    fixed = create_evaluator(client, objective_id=objective, objective_version_id=version)

    client.patch(f"{OBJECTIVES}{objective}/", json={"intent": "new"})
    client.delete(f"{OBJECTIVES}{objective}/")

    intents = [
        client.get(f"{EVALUATORS}{one['id']}/").json()["objective"]["intent"]
        for one in (follows, fixed)
    ]
    assert intents == ["new", "old"]


def test_filters(client: httpx.Client) -> None:
    """Lists are filtered by name, text, intent, project, owner and origin."""
    objective = create_objective(client, intent="Answer kindly.")
    one = create_evaluator(client, name="One", objective_id=objective)
    project = client.post("/v1/projects/", json={"name": "p"}).json()["id"]
    two = create_evaluator(client, name="Two", project_id=project)

    def names(**query: object) -> list[str]:
        return [found["name"] for found in results(client, EVALUATORS, **query)]

    assert names(name="One") == ["One"]
    assert names(search="KINDLY") == ["One"]
    assert names(search="tWo") == ["Two"]
    assert names(objective__intent="Answer kindly.") == ["One"]
    assert names(project_id=project) == ["Two"]
    assert names(owner__email=one["owner"]["email"]) == ["Two", "One"]
    assert names(owner__first_name="Emulator", ordering="-name") == ["Two", "One"]
    assert names(owner__last_name="nobody") == []
    assert len(names(is_root_evaluator=True)) == 44
    assert names(skill_type="native") == []
    assert two["project_id"] == project
    assert client.get(EVALUATORS, params={"skill_type": "x"}).status_code == 400


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"non_field_errors"}),
        ({"contexts": ["x"]}, {"non_field_errors"}),
        ({"turns": [], "response": "x"}, {"non_field_errors"}),
        ({"response": "x"}, {"tone", "contexts"}),
        ({"request": "x", "contexts": ["x"], "variables": {"tone": "y"}}, {"response"}),
        ({"response": "x", "contexts": [""]}, {"contexts"}),
        ({"turns": [{"role": "system"}]}, {"turns"}),
    ],
)
def test_refused_inputs(client: httpx.Client, body: dict[str, object], errors: set[str]) -> None:
    """What is missing or wrong is named, and no log is written."""
    created = create_evaluator(client, scoring_criteria="{{response}} {{tone}} {{contexts}}")

    response = client.post(f"{EVALUATORS}execute/{created['id']}/", json=body)

    assert (response.status_code, set(response.json())) == (400, errors)
    assert results(client, LOGS) == []


def test_turns(client: httpx.Client) -> None:
    """A conversation can be evaluated, with calls of tools."""
    call = {"id": "1", "type": "function", "function": {"name": "search", "arguments": "{}"}}
    turns = [
        {"role": "user", "content": "Find it."},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "found", "tool_call_id": "1"},
        {"role": "assistant", "content": "Here it is.", "contexts": ["c"]},
    ]
    tools = [{"type": "function", "function": {"name": "search"}}]
    path = f"{EVALUATORS}execute/by-name/?name=Tool_Selection"

    scores = [
        client.post(path, json={"turns": turns, "tools": offered}).json()["score"]
        for offered in (tools, [])
    ]

    assert scores == [1.0, 0.0]
    log = results(client, LOGS)[0]
    assert (log["request_preview"], log["response_preview"]) == ("Find it.", "Here it is.")
    assert len(client.get(f"{LOGS}{log['id']}/").json()["turns"]) == 4


def test_permissions(server: Server, client: httpx.Client) -> None:
    """Private evaluators of others are not found; those of the service cannot be changed."""
    private = create_evaluator(client)
    with checked(server, server.add_key()) as other:
        path = f"{EVALUATORS}{private['id']}/"
        assert other.get(path).status_code == 404
        assert other.patch(path, json={}).status_code == 404
        assert other.post(f"{EVALUATORS}execute/{private['id']}/", json={}).status_code == 404
        assert len(results(other, EVALUATORS, include_public=True)) >= 44
    for response in (
        client.patch(f"{EVALUATORS}{RELEVANCE}/", json={"name": "Mine"}),
        client.delete(f"{EVALUATORS}{RELEVANCE}/"),
    ):
        assert response.status_code == 403
        text = "This evaluator belongs to the service. It cannot be changed or deleted."
        assert response.json() == {"detail": text}


def test_public_evaluators(server: Server, client: httpx.Client) -> None:
    """Others can read and run a public evaluator, list it on request, and not change it."""
    headers = {"Authorization": f"Emulator-Key {server.control_key}"}
    name = f"Public {uuid4().hex}"
    values = {"name": name, "scoring_criteria": "{{response}}"}
    values["objective_id"] = create_objective(client)
    own_key = client.headers["Authorization"].removeprefix("Api-Key ")
    public = httpx.post(
        f"{server.url}/_emulator/evaluators",
        headers=headers,
        json={"values": values, "visibility": "PUBLIC", "key": own_key},
    ).json()
    with checked(server, server.add_key()) as other:
        path = f"{EVALUATORS}{public['id']}/"

        assert results(other, EVALUATORS, name=name) == []
        (listed,) = results(other, EVALUATORS, name=name, include_public=True)
        assert listed["project_id"] is None
        assert other.get(path).json()["visibility"] == "public"
        assert other.patch(path, json={"name": "Mine"}).status_code == 403
        assert run(other, public["id"], response="x")["evaluator_name"] == name


def test_stored_evaluators(emulator: Server) -> None:
    """The server has the created objectives, evaluators and logs until a wipe."""
    with connect(emulator, emulator.api_key) as client:
        created = create_evaluator(client, name="Kindness")
        run(client, created["id"], response="Thanks!", tags=["a"])

        (objective,), (evaluator,) = emulator.objectives, emulator.evaluators
        (log,) = emulator.execution_logs
        assert objective.intent == "Be kind."
        assert evaluator.name == "Kindness"
        assert evaluator.objective_id == objective.id
        assert (log.executed_item_id, log.response, log.tags) == (evaluator.id, "Thanks!", ["a"])

        emulator.wipe()
        assert (emulator.objectives, emulator.evaluators, emulator.execution_logs) == ((), (), ())
        assert len(results(client, EVALUATORS)) == 44


def upload(client: httpx.Client) -> str:
    """Create a data set, and return its ID."""
    created: dict[str, str] = client.post("/v1/datasets/", json={"name": "a"}).json()
    return created["id"]


REFERENCES = [{"name": "docs", "dataset": UNKNOWN}]


@pytest.mark.parametrize(
    "fields", [{"demonstration_dataset_id": UNKNOWN}, {"reference_variables": REFERENCES}], ids=str
)
def test_unknown_data_sets(client: httpx.Client, fields: dict[str, object]) -> None:
    """A data set of an evaluator that is created, changed, replaced or calibrated must exist."""
    (name,) = fields
    created = create_evaluator(client)
    path = f"{EVALUATORS}{created['id']}/"
    body = {
        "name": "Other",
        "scoring_criteria": "Is {{response}} kind?",
        "prompt": "Is {{response}} kind?",
        "objective_id": created["objective"]["id"],
        "test_data": [["1", "Yes."]],
        **fields,
    }

    calls = [("POST", EVALUATORS), ("PATCH", path), ("PUT", path)]
    if name == "reference_variables":
        calls.append(("POST", f"{EVALUATORS}calibrate/"))
    for method, url in calls:
        response = client.request(method, url, json=body)
        assert (response.status_code, set(response.json())) == (400, {name})
        assert "object does not exist" in response.text
    assert client.get(path).json() == created


def test_data_sets_of_an_evaluator(client: httpx.Client) -> None:
    """An evaluator has its data sets, and keeps those that are deleted later."""
    dataset = upload(client)
    references = [{"name": "docs", "dataset": dataset}]
    created = create_evaluator(
        client,
        scoring_criteria="Is {{response}} in {{docs}}?",
        demonstration_dataset_id=dataset,
        reference_variables=references,
    )
    assert created["inputs"].keys() == {"response"}
    (stored,) = created["reference_variables"]
    assert stored | references[0] == stored
    client.delete(f"/v1/datasets/{dataset}/")

    kept = {"demonstration_dataset_id": dataset, "reference_variables": references}
    path = f"{EVALUATORS}{created['id']}/"
    response = client.patch(path, json={"name": "Renamed", **kept})

    assert response.json()["name"] == "Renamed", response.text
