"""Copies of evaluators, their export and import as YAML, and their calibration."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
import yaml

from root.emulator import Server

from .conftest import UNKNOWN, connect
from .evaluation import (
    EVALUATORS,
    LOGS,
    RELEVANCE,
    checked,
    create_evaluator,
    create_objective,
    results,
    run,
)

IMPORT = f"{EVALUATORS}import-yaml/"


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with checked(server, server.add_key()) as client:
        yield client


def test_duplicate(client: httpx.Client) -> None:
    """A copy has a name and an ID of its own, and one version."""
    original = create_evaluator(client, name="Kindness", models=["gpt-4o"], change_note="n")
    path = f"{EVALUATORS}duplicate/{original['id']}/"

    copies = [client.post(path, json={}).json() for _ in range(2)]

    assert [copy["name"] for copy in copies] == ["Kindness (copy)", "Kindness (copy 2)"]
    assert {copy["scoring_criteria"] for copy in copies} == {original["scoring_criteria"]}
    assert copies[0]["models"] == ["gpt-4o"]
    assert copies[0]["change_note"] is None
    assert len(results(client, f"{EVALUATORS}versions/{copies[0]['id']}/")) == 1
    project = client.post("/v1/projects/", json={"name": "p"}).json()["id"]
    assert client.post(path, json={"project_id": project}).json()["project_id"] == project
    assert client.post(path, json={"project_id": UNKNOWN}).status_code == 400


def test_duplicate_of_the_service(client: httpx.Client) -> None:
    """A copy of an evaluator of the service scores like it, and belongs to the organization."""
    copy = client.post(f"{EVALUATORS}duplicate/{RELEVANCE}/").json()
    body = {"request": "a b c d", "response": "a b"}

    assert (copy["is_root_evaluator"], copy["visibility"]) == (False, "private")
    assert copy["project_id"] is not None
    assert run(client, copy["id"], **body)["score"] == run(client, **body)["score"] == 0.5
    changed = client.patch(
        f"{EVALUATORS}{copy['id']}/", json={"scoring_criteria": "{{response}}", "name": "Mine"}
    )
    assert changed.json()["name"] == "Mine"
    assert "hash" in run(client, copy["id"], **body)["justification"]


def test_export_and_import(server: Server, client: httpx.Client) -> None:
    """An exported evaluator can be imported, also into another organization."""
    original = create_evaluator(
        client,
        name="Kindness",
        objective_id=create_objective(client, intent="Be kind.\nAlways: yes"),
        behavior="fast",
        evaluator_demonstrations=[{"response": "Ä: x", "score": 0.5}],
    )
    exported = client.get(f"{EVALUATORS}export/{original['id']}/")
    compared = ("name", "scoring_criteria", "models", "behavior", "inputs")
    with checked(server, server.add_key()) as other:
        imported = other.post(IMPORT, json={"yaml": exported.text})

        assert exported.headers["Content-Type"].startswith("text/yaml")
        assert imported.status_code == 201
        copy = imported.json()
        assert {name: copy[name] for name in compared} == {
            name: original[name] for name in compared
        }
        assert copy["evaluator_demonstrations"] == original["evaluator_demonstrations"]
        assert copy["objective"]["intent"] == original["objective"]["intent"]
        assert other.get(f"{EVALUATORS}export/{copy['id']}/").text == exported.text
    accepted = client.get(f"{EVALUATORS}export/{original['id']}/", headers={"Accept": "text/yaml"})
    assert accepted.status_code == 200


def test_import_overwrites(client: httpx.Client) -> None:
    """An import replaces an evaluator on request only, and keeps its calibration examples."""
    document = {
        "name": "Kindness",
        "objective": {"intent": "Be kind."},
        "scoring_criteria": "Is {{response}} kind?",
        "calibration": [{"response": "Thanks!", "score": 1.0}],
    }
    first = client.post(IMPORT, json={"yaml": yaml.safe_dump(document)}).json()

    refused = client.post(IMPORT, json={"yaml": yaml.safe_dump(document)})
    again = client.post(IMPORT, json={"yaml": yaml.safe_dump(document), "overwrite": True})

    assert (refused.status_code, set(refused.json())) == (400, {"name"})
    assert again.json() == first
    exported = yaml.safe_load(client.get(f"{EVALUATORS}export/{first['id']}/").text)
    assert exported["calibration"] == document["calibration"]


@pytest.mark.parametrize(
    "document", ["a: [", "- x", "1", "name: x1", "name: x1\nscoring_criteria: {{response}}"]
)
def test_invalid_yaml(client: httpx.Client, document: str) -> None:
    """A document that is not an evaluator is refused, and nothing is created."""
    response = client.post(IMPORT, json={"yaml": document})

    assert (response.status_code, set(response.json())) == (400, {"yaml"})
    assert len(results(client, EVALUATORS)) == 44


def test_calibrate(client: httpx.Client) -> None:
    """A calibration runs the evaluator on each row, and writes logs of tests."""
    shown = [{"response": "Thanks!", "score": 0.9}]
    created = create_evaluator(client, evaluator_demonstrations=shown)
    data = [["0.8", "Thanks!"], ["0.1", "No.", "Why?"], ["1", "x"]]
    # The path has no slash, and is found with one.
    path = f"{EVALUATORS}calibrate/{created['id']}"

    first, second = client.post(
        path, json={"test_data": data, "dataset_range": {"start": 0, "end": 1}}
    ).json()

    assert [one["row_number"] for one in (first, second)] == [0, 1]
    assert first["result"]["expected_score"] == 0.8
    assert first["result"]["score"] == 0.9
    assert second["variables"] == {"request": "Why?", "response": "No."}
    log = client.get(f"{LOGS}{first['result']['execution_log_id']}/").json()
    assert (log["execution_type"], log["score"]) == ("test", 0.9)
    assert first["result"]["rendered_prompt"] == "Is Thanks! kind?"


def test_calibrate_with_a_slash(server: Server) -> None:
    """The path of a calibration is found with a slash, too."""
    with connect(server, server.add_key()) as client:
        path = f"{EVALUATORS}calibrate/{RELEVANCE}/"
        assert client.post(path, json={"test_data": [["1", "x"]]}).status_code == 200


def test_calibrate_a_draft(client: httpx.Client) -> None:
    """An evaluator that is not saved can be calibrated."""
    body = {"name": "Draft", "prompt": "Is {{response}} kind?", "test_data": [["0.5", "x"]]}

    (found,) = client.post(f"{EVALUATORS}calibrate/", json=body).json()

    log = client.get(f"{LOGS}{found['result']['execution_log_id']}/").json()
    assert (log["executed_item_id"], log["executed_item_name"]) == (None, "Draft")
    assert log["scoring_criteria"] == body["prompt"]


def upload(client: httpx.Client, content: str, **fields: str) -> str:
    """Create a data set from a file, and return its ID."""
    files = {"file": ("a.csv", content)}
    request = client.build_request("POST", "/v1/datasets/", data=fields, files=files)
    # The form is checked against the OpenAPI document, too.
    request.read()
    response = client.send(request)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


@pytest.mark.parametrize(("header", "has_header"), [("", "false"), ("score,response\n", "true")])
def test_calibrate_with_a_data_set(client: httpx.Client, header: str, has_header: str) -> None:
    """The rows of a calibration may be those of the file of a data set."""
    content = f'\ufeff{header}0.8,"Thanks, all!"\n\n0.1,No.,Why?\n1,x,\n'
    dataset = upload(client, content, has_header=has_header)
    body = {"test_dataset_id": dataset, "dataset_range": {"start": 0, "end": 1}}

    found = client.post(f"{EVALUATORS}calibrate/{RELEVANCE}", json=body).json()

    assert [one["result"]["expected_score"] for one in found] == [0.8, 0.1]
    assert [one["variables"] for one in found] == [
        {"response": "Thanks, all!"},
        {"request": "Why?", "response": "No."},
    ]
    draft = {"prompt": "Is {{response}} kind?", "test_dataset_id": dataset}
    assert len(client.post(f"{EVALUATORS}calibrate/", json=draft).json()) == 3


@pytest.mark.parametrize("content", ["", "x,y\n", "0.5\n", "2,x\n", "0.5," + 200_000 * "x"])
def test_refused_data_sets(client: httpx.Client, content: str) -> None:
    """A data set whose file has no rows with a score is refused, and one of others is unknown."""
    if content:
        dataset = upload(client, content)
    else:
        dataset = str(client.post("/v1/datasets/", json={"name": "a"}).json()["id"])
    path = f"{EVALUATORS}calibrate/{RELEVANCE}"

    response = client.post(path, json={"test_dataset_id": dataset})

    assert (response.status_code, set(response.json())) == (400, {"test_dataset_id"})


def test_data_sets_of_others(server: Server, client: httpx.Client) -> None:
    """The data set of another organization is unknown."""
    dataset = upload(client, "1,x\n")
    with checked(server, server.add_key()) as stranger:
        response = stranger.post(
            f"{EVALUATORS}calibrate/{RELEVANCE}", json={"test_dataset_id": dataset}
        )

    assert response.json() == {
        "test_dataset_id": [f'Invalid pk "{dataset}" - object does not exist.']
    }


def test_demonstrations_of_a_data_set(client: httpx.Client) -> None:
    """The rows of the file of a data set are demonstrations, and those without a score are not."""
    created = create_evaluator(client)
    dataset = upload(client, "score,response,request\n0.12,Never!\n0.34,Yes.,May I?\n")
    path = f"{EVALUATORS}{created['id']}/"
    client.patch(path, json={"demonstration_dataset_id": dataset})

    assert run(client, created["id"], response="Never!")["score"] == 0.12
    assert run(client, created["id"], response="Yes.", request="May I?")["score"] == 0.34
    assert run(client, created["id"], response="Yes.")["score"] >= 0.5
    client.patch(path, json={"demonstration_dataset_id": None})
    assert run(client, created["id"], response="Never!")["score"] >= 0.5


def test_unknown_files(client: httpx.Client) -> None:
    """Files that were not uploaded are refused."""
    judge = {"name": "judge", "intent": "x", "evaluator_references": [{"id": RELEVANCE}]}
    judge_id = client.post("/v1/judges/", json=judge).json()["id"]

    for path in (f"{EVALUATORS}execute/{RELEVANCE}/", f"/v1/judges/{judge_id}/execute/"):
        response = client.post(path, json={"response": "Yes.", "file_ids": [UNKNOWN]})

        assert response.status_code == 400
        assert response.json() == {"file_ids": [f'Invalid pk "{UNKNOWN}" - object does not exist.']}
    assert results(client, LOGS) == []


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({}, "non_field_errors"),
        ({"test_data": [["1", "x"]], "test_dataset_id": UNKNOWN}, "non_field_errors"),
        ({"test_dataset_id": UNKNOWN}, "test_dataset_id"),
        ({"test_data": [["1", "x"], ["high", "x"]]}, "test_data"),
        ({"test_data": [["1.5", "x"]]}, "test_data"),
        ({"test_data": [["nan", "x"]]}, "test_data"),
        ({"test_data": [["1"]]}, "test_data"),
    ],
)
def test_refused_calibration(client: httpx.Client, body: dict[str, object], name: str) -> None:
    """Rows that are missing or wrong are refused, and no log is written."""
    response = client.post(f"{EVALUATORS}calibrate/{RELEVANCE}", json=body)

    assert (response.status_code, set(response.json())) == (400, {name})
    assert results(client, LOGS) == []
