"""The endpoints of execution logs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import httpx
import pytest

from root.emulator import Server

from .conftest import UNKNOWN, connect
from .evaluation import LOGS, RELEVANCE, checked, create_evaluator, results, run


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with checked(server, server.add_key()) as client:
        yield client


def test_details(client: httpx.Client) -> None:
    """A log contains the input and the result, and exists at once."""
    created = create_evaluator(client, scoring_criteria="{{request}} {{ response }} {{tone}}")
    body = {
        "request": "Hi",
        "response": "Hello",
        "contexts": ["c"],
        "expected_output": "e",
        "variables": {"tone": "kind"},
        "tags": ["a"],
        "user_id": "u",
        "session_id": "s",
        "system_prompt": "p",
    }

    result = run(client, created["id"], **body)
    log = client.get(f"{LOGS}{result['execution_log_id']}/").json()

    for name in ("tags", "user_id", "session_id", "system_prompt"):
        assert log[name] == body[name]
    assert log["evaluation_context"] == {"contexts": ["c"], "expected_output": "e"}
    assert log["variables"] == {
        "request": "Hi",
        "response": "Hello",
        "expected_output": "e",
        "tone": "kind",
    }
    assert (log["score"], log["justification"]) == (result["score"], result["justification"])
    assert log["executed_item_id"] == created["id"]
    assert log["executed_item_version_id"] == created["version_id"]
    assert log["rendered_prompt"] == "Hi Hello kind"
    assert log["prompt_template"] == log["scoring_criteria"] == created["scoring_criteria"]
    assert client.get(f"{LOGS}{UNKNOWN}/").status_code == 404


def test_included_fields(client: httpx.Client) -> None:
    """Three fields are null in lists unless they are included, and previews are cut."""
    run(client, request="x" * 600, response="y")

    (log,) = results(client, LOGS)
    (full,) = results(client, LOGS, include="llm_output,variables, evaluation_context")

    names = ("llm_output", "variables", "evaluation_context")
    assert [log[name] for name in names] == [None] * 3
    assert None not in [full[name] for name in names]
    assert (len(log["request_preview"]), log["response_preview"]) == (500, "y")


def test_filters(client: httpx.Client) -> None:
    """All filters can be combined."""
    own = create_evaluator(client, name="Kindness")
    run(client, request="a b c d", response="a", tags=["x", "y"], session_id="s1", user_id="u1")
    run(client, request="a b c d", response="a b c", tags=["z"], user_id="u2")
    run(client, own["id"], response="Thanks!", session_id="s2")
    newest, middle, oldest = results(client, LOGS)

    def found(**query: object) -> list[object]:
        position = {one["id"]: n for n, one in enumerate((oldest, middle, newest), start=1)}
        return [position[one["id"]] for one in results(client, LOGS, **query)]

    assert found(tags="x") == [1]
    assert found(tags="y,z") == [2, 1]
    assert found(session_id="s1") == [1]
    assert found(user_id="u2") == [2]
    assert found(has_session_id=True) == [3, 1]
    assert found(has_session_id=False) == [2]
    assert found(executed_item_id=RELEVANCE) == [2, 1]
    assert found(search="KIND") == found(search=own["id"][:9]) == [3]
    assert found(execution_type="evaluator", min_score=0.25, max_score=0.25) == [1]
    assert found(unique_skills=True) == [3, 2]
    assert found(date_from=middle["created_at"]) == [3, 2]
    assert found(date_to=middle["created_at"]) == [2, 1]
    moved = datetime.fromisoformat(newest["created_at"]) + timedelta(hours=2)
    assert found(date_to=moved.isoformat(), tags="x", user_id="u1") == [1]
    assert found(project_id=own["project_id"]) == [3, 2, 1]
    assert found(ordering="executed_item_name") == [3, 1, 2]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tag", "x"),
        ("date_from", "yesterday"),
        ("min_score", "high"),
        ("executed_item_id", "x"),
        ("execution_type", "x"),
        ("has_session_id", "x"),
    ],
)
def test_refused_parameters(client: httpx.Client, name: str, value: str) -> None:
    """An unknown parameter is refused, and so is an invalid value."""
    response = client.get(LOGS, params={name: value})

    assert (response.status_code, set(response.json())) == (400, {name})


def test_scores_that_are_null(emulator: Server) -> None:
    """Bounds of scores leave null scores out."""
    emulator.set_score("Relevance", None)
    with checked(emulator, emulator.api_key) as client:
        run(client)

        assert results(client, LOGS, max_score=1) == results(client, LOGS, min_score=0) == []
        assert results(client, LOGS)[0]["score"] is None


def test_ids_of_sessions_and_users(client: httpx.Client) -> None:
    """The IDs of sessions and users are unique, sorted, at most 30, and found by prefix."""
    for number in range(32):
        run(client, response="x", session_id=f"s{number:02}", user_id="u")
    run(client, response="x")

    sessions = client.get(f"{LOGS}session-ids/").json()
    assert sessions == [f"s{number:02}" for number in range(30)]
    assert client.get(f"{LOGS}session-ids/", params={"starts_with": "s3"}).json() == ["s30", "s31"]
    assert client.get(f"{LOGS}user-ids/").json() == ["u"]


def test_set_tags(client: httpx.Client) -> None:
    """The tags of several logs are replaced together, or not at all."""
    ids = [run(client, response="x", tags=["old"])["execution_log_id"] for _ in range(2)]
    path = f"{LOGS}set-tags/"

    refused = client.post(path, json={"log_ids": [*ids, UNKNOWN], "tags": ["new"]})
    assert (refused.status_code, set(refused.json())) == (400, {"log_ids"})
    assert len(results(client, LOGS, tags="old")) == 2
    assert client.post(path, json={"log_ids": ids, "tags": ["new"]}).status_code == 204
    assert [log["tags"] for log in results(client, LOGS)] == [["new"], ["new"]]
    assert client.post(path, json={"log_ids": ids[:1]}).status_code == 204
    assert len(results(client, LOGS, tags="new")) == 1
    invalid: list[dict[str, object]] = [
        {"log_ids": []},
        {"log_ids": ids, "tags": ["x"] * 16},
        {"tags": []},
    ]
    for body in invalid:
        assert client.post(path, json=body).status_code == 400


def test_logs_are_read_only(server: Server) -> None:
    """Logs cannot be created, changed or deleted."""
    with connect(server, server.add_key()) as client:
        path = f"{LOGS}{run(client)['execution_log_id']}/"

        for method, url in (("POST", LOGS), ("PATCH", path), ("DELETE", path)):
            assert client.request(method, url, json={}).status_code == 405


def test_organizations_are_separate(server: Server, client: httpx.Client) -> None:
    """Logs are those of the organization that ran the evaluator."""
    log = run(client, response="x", session_id="s", tags=["t"])["execution_log_id"]
    with checked(server, server.add_key()) as other:
        assert results(other, LOGS) == []
        assert other.get(f"{LOGS}{log}/").status_code == 404
        assert other.get(f"{LOGS}session-ids/").json() == []
        assert other.post(f"{LOGS}set-tags/", json={"log_ids": [log]}).status_code == 400
