"""The endpoints of judges."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from root.emulator import Server

from .conftest import UNKNOWN, connect

LIST = "/v1/judges/"
LOGS = "/v1/execution-logs/"
RELEVANCE = "bd789257-f458-4e9e-8ce9-fa6e86dc3fb9"
FAITHFULNESS = "901794f9-634c-4852-9e41-7c558f1ff1ab"
POLITENESS = "2856903a-e48c-4548-b3fe-520fd88c4f25"

PAIR = {"request": "Where is my order?", "response": "Your order is on its way."}


def create(client: httpx.Client, *evaluators: str, **fields: object) -> dict[str, Any]:
    """Create a judge with some evaluators, and return it as the API does."""
    references = [{"id": id_} for id_ in evaluators]
    body = {"name": "Support", "intent": "Judge support", "evaluator_references": references}
    response = client.post(LIST, json={**body, **fields})
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()
    return created


def create_evaluator(client: httpx.Client, name: str = "Own") -> dict[str, Any]:
    """Create an evaluator."""
    objective = client.post("/v1/objectives/", json={"intent": "x"}).json()["id"]
    body = {"name": name, "scoring_criteria": "Is {{response}} good?", "objective_id": objective}
    created: dict[str, Any] = client.post("/v1/evaluators/", json=body).json()
    return created


def run(client: httpx.Client, judge: dict[str, Any], **fields: object) -> dict[str, Any]:
    """Run a judge."""
    response = client.post(f"{LIST}{judge['id']}/execute/", json={**PAIR, **fields})
    assert response.status_code == 200, response.text
    result: dict[str, Any] = response.json()
    return result


def test_create(client: httpx.Client) -> None:
    """A judge shows its evaluators, and the inputs that they need together."""
    judge = create(client, RELEVANCE, FAITHFULNESS, stage="first", visibility="public")

    assert [one["name"] for one in judge["evaluators"]] == ["Relevance", "Faithfulness"]
    assert judge["evaluators"][0]["is_root_evaluator"] is True
    assert set(judge["inputs"]) == {"request", "response", "contexts"}
    assert (judge["stage"], judge["visibility"], judge["files"]) == ("first", "public", [])
    assert judge["objective"]["intent"] == judge["intent"] == "Judge support"
    assert client.get(f"{LIST}{judge['id']}/").json() == judge
    (listed,) = client.get(LIST).json()["results"]
    assert listed == {name: judge[name] for name in listed}


@pytest.mark.parametrize(
    ("sent", "status", "visibility"),
    [
        ({}, "unlisted", "private"),
        ({"status": "listed"}, "unlisted", "private"),
        ({"status": "public"}, "public", "public"),
        ({"visibility": "private", "status": "public"}, "unlisted", "private"),
    ],
)
def test_visibility(
    client: httpx.Client, sent: dict[str, str], status: str, visibility: str
) -> None:
    """Older clients send the visibility as a status."""
    judge = create(client, **sent)

    assert (judge["status"], judge["visibility"]) == (status, visibility)
    changed = client.patch(f"{LIST}{judge['id']}/", json={"visibility": "public"}).json()
    assert changed["visibility"] == "public"
    replaced = client.put(f"{LIST}{judge['id']}/", json={"name": "abc", "intent": "x"}).json()
    assert (replaced["visibility"], replaced["evaluators"]) == ("private", [])


@pytest.mark.parametrize(
    "references",
    [[{"id": UNKNOWN}], [{"id": RELEVANCE, "version_id": UNKNOWN}]],
    ids=["evaluator", "version"],
)
def test_unknown_evaluators(client: httpx.Client, references: list[dict[str, str]]) -> None:
    """The evaluators of a judge must exist."""
    body = {"name": "abc", "intent": "x", "evaluator_references": references}

    response = client.post(LIST, json=body)

    assert response.status_code == 400
    text = f'Invalid pk "{UNKNOWN}" - object does not exist.'
    assert response.json() == {"evaluator_references": [text]}


def test_run(client: httpx.Client) -> None:
    """A run has one result for each evaluator, a log of its own, and one for each evaluator."""
    judge = create(client, RELEVANCE, FAITHFULNESS)

    result = run(client, judge, contexts=["The order is on its way."], tags=["t"], user_id="u")

    results = result["evaluator_results"]
    assert [one["evaluator_id"] for one in results] == [RELEVANCE, FAITHFULNESS]
    assert all(0 <= one["score"] <= 1 for one in results)
    assert run(client, judge, contexts=["The order is on its way."])["evaluator_results"] == results
    log = client.get(f"{LOGS}{result['execution_log_id']}/").json()
    assert (log["execution_type"], log["executed_item_id"]) == ("judge", judge["id"])
    assert log["score"] == pytest.approx(sum(one["score"] for one in results) / 2, abs=1e-4)
    assert [one["result"] for one in log["evaluator_results"]] == [one["score"] for one in results]
    assert (log["tags"], log["user_id"]) == (["t"], "u")
    logs = client.get(LOGS, params={"user_id": "u"}).json()["results"]
    assert [one["parent_execution_log_id"] for one in logs] == [log["id"], log["id"], None]
    assert [one["executed_item_name"] for one in logs] == ["Faithfulness", "Relevance", "Support"]


def test_missing_inputs(client: httpx.Client) -> None:
    """An evaluator whose inputs are missing has no score, and the others have one."""
    judge = create(client, RELEVANCE, FAITHFULNESS)

    result = run(client, judge)

    first, second = result["evaluator_results"]
    assert isinstance(first["score"], float)
    assert (second["score"], second["confidence"]) == (None, None)
    assert "contexts is missing" in second["justification"]
    logs = client.get(LOGS).json()["results"]
    assert [one["score"] for one in logs] == [None, first["score"], first["score"]]


def test_a_judge_without_evaluators(client: httpx.Client) -> None:
    """A judge without evaluators has no results and no score."""
    result = run(client, create(client))

    assert result["evaluator_results"] == []
    assert client.get(f"{LOGS}{result['execution_log_id']}/").json()["score"] is None


def test_nothing_to_evaluate(client: httpx.Client) -> None:
    """A run without a request, a response and turns is refused, and leaves no logs."""
    judge = create(client, RELEVANCE)

    response = client.post(f"{LIST}{judge['id']}/execute/", json={})

    assert response.status_code == 400
    assert client.get(LOGS).json()["results"] == []


def test_run_by_name(client: httpx.Client) -> None:
    """A judge runs by its exact name."""
    create(client, POLITENESS)
    path = f"{LIST}execute/by-name/"

    found = client.post(path, params={"name": "Support"}, json=PAIR)

    assert [one["evaluator_name"] for one in found.json()["evaluator_results"]] == ["Politeness"]
    assert client.post(path, params={"name": "support"}, json=PAIR).status_code == 404
    assert client.post(path, json=PAIR).status_code == 400


def test_versions(client: httpx.Client) -> None:
    """A run may name a former version of the judge."""
    judge = create(client, RELEVANCE)
    changed = client.patch(
        f"{LIST}{judge['id']}/", json={"evaluator_references": [{"id": POLITENESS}]}
    ).json()

    assert changed["version_id"] != judge["version_id"]
    former = run(client, judge, judge_version_id=judge["version_id"])
    newest = run(client, judge)
    assert [one["evaluator_name"] for one in former["evaluator_results"]] == ["Relevance"]
    assert [one["evaluator_name"] for one in newest["evaluator_results"]] == ["Politeness"]
    log = client.get(f"{LOGS}{former['execution_log_id']}/").json()
    assert log["executed_item_version_id"] == judge["version_id"]


def test_versions_of_evaluators(client: httpx.Client) -> None:
    """A judge follows an evaluator, or refers to one version of it."""
    evaluator = create_evaluator(client)
    pinned = {"id": evaluator["id"], "version_id": evaluator["version_id"]}
    following = create(client, evaluator["id"])
    fixed = create(client, name="Fixed", evaluator_references=[pinned])
    client.patch(f"/v1/evaluators/{evaluator['id']}/", json={"name": "Changed"})

    names = [
        [one["evaluator_name"] for one in run(client, judge)["evaluator_results"]]
        for judge in (following, fixed)
    ]

    assert names == [["Changed"], ["Own"]]
    client.delete(f"/v1/evaluators/{evaluator['id']}/")
    assert client.get(f"{LIST}{following['id']}/").json()["evaluators"] == []
    assert run(client, fixed)["evaluator_results"] == []


def test_lists(server: Server, client: httpx.Client) -> None:
    """Lists are searched and filtered, and have public judges of others on request."""
    create(client, name="First", intent="Ärger")
    second = create(client, RELEVANCE, name="Second")
    with connect(server, server.add_key()) as other:
        other_judge = create(other, name="Public of another", visibility="public")

    def names(**query: object) -> list[str]:
        response = client.get(LIST, params={key: str(value) for key, value in query.items()})
        assert response.status_code == 200, response.text
        return [one["name"] for one in response.json()["results"]]

    assert names() == ["Second", "First"]
    assert names(search="äRG") == names(name="First") == ["First"]
    assert names(ordering="name") == ["First", "Second"]
    assert names(is_preset=True) == names(featured=True) == []
    assert names(is_preset=False, intent_evaluability_score_gte=1) == ["Second", "First"]
    assert names(intent_evaluability_score_gte=1.5) == []
    assert names(include_public=True)[0] == "Public of another"
    since = "2020-01-01T00:00:00Z"
    assert names(executed_at_gte=since) == []
    run(client, second)
    assert names(executed_at_gte=since) == ["Second"]
    assert names(executed_at_gte="2999-01-01T00:00:00Z") == []
    assert client.get(f"{LIST}{other_judge['id']}/").json()["project_id"] is None


def test_other_organizations(server: Server, client: httpx.Client) -> None:
    """Others can run a public judge, not change it, and cannot find a private one."""
    public = create(client, RELEVANCE, visibility="public")
    private = create(client, RELEVANCE)

    with connect(server, server.add_key()) as other:
        assert len(run(other, public)["evaluator_results"]) == 1
        assert other.patch(f"{LIST}{public['id']}/", json={"name": "abc"}).status_code == 403
        assert other.delete(f"{LIST}{public['id']}/").status_code == 403
        assert other.get(f"{LIST}{private['id']}/").status_code == 404
        assert other.post(f"{LIST}{private['id']}/execute/", json=PAIR).status_code == 404
        assert len(other.get(LOGS).json()["results"]) == 2
    assert client.get(LOGS).json()["results"] == []


INTENT = "Evaluate whether a chat bot is polite and follows the policy documents."


def generate(client: httpx.Client, **fields: object) -> dict[str, Any]:
    """Generate a judge."""
    body = {"intent": INTENT, "visibility": "private", "strict": False, **fields}
    response = client.post(f"{LIST}generate/", json=body)
    assert response.status_code == 201, response.text
    generated: dict[str, Any] = response.json()
    return generated


def evaluators_of(client: httpx.Client, generated: dict[str, Any]) -> list[str]:
    """Return the names of the evaluators of a generated judge."""
    judge = client.get(f"{LIST}{generated['judge_id']}/").json()
    assert judge["version_id"] == generated["judge_version_id"]
    return [one["name"] for one in judge["evaluators"]]


def test_generate(client: httpx.Client) -> None:
    """The words of an intent choose evaluators of the service; one is made for the intent."""
    generated = generate(client)

    assert generated["error_code"] is None
    name = "Evaluate whether a chat bot is"
    own = f"{name}: intent"
    assert evaluators_of(client, generated) == ["Politeness", "Relevance", "Helpfulness", own]
    judge = client.get(f"{LIST}{generated['judge_id']}/").json()
    assert (judge["name"], judge["intent"], judge["visibility"]) == (name, INTENT, "private")
    assert len(run(client, judge)["evaluator_results"]) == 4
    aware = generate(client, enable_context_aware_evaluators=True, name="Aware")
    assert {"Faithfulness", "Compliance-preview"} < {*evaluators_of(client, aware)}


def test_generate_anew(client: httpx.Client) -> None:
    """A judge is replaced by its ID, or by its name unless that is not wanted."""
    first = generate(client)

    again = generate(client)
    anew = generate(client, judge_id=first["judge_id"], intent="Is it short? Be brief.")
    other = generate(client, overwrite=False)

    assert first["judge_id"] == again["judge_id"] == anew["judge_id"] != other["judge_id"]
    assert anew["judge_version_id"] != first["judge_version_id"]
    assert "Conciseness" in evaluators_of(client, anew)
    unknown = {"intent": INTENT, "visibility": "private", "judge_id": UNKNOWN}
    assert client.post(f"{LIST}generate/", json=unknown).status_code == 404


@pytest.mark.parametrize("visibility", ["public", "global"])
def test_generate_public(client: httpx.Client, visibility: str) -> None:
    """Older clients send another word for a public judge."""
    generated = generate(client, visibility=visibility)

    judge = client.get(f"{LIST}{generated['judge_id']}/").json()
    assert judge["visibility"] == "public"


def test_generation_errors(client: httpx.Client) -> None:
    """Markers in the intent, and a strict generation, have the error codes."""
    stages = generate(client, intent=f"{INTENT} [multiple stages]")
    chosen = generate(client, intent=f"{INTENT} [multiple stages]", stage=stages["stages"][0])
    missing = generate(client, intent=f"{INTENT} [missing context]")
    (field,) = missing["missing_context_from_system_goal"]
    known = generate(
        client,
        intent=f"{INTENT} [missing context]",
        judge_id=missing["judge_id"],
        extra_contexts={field["form_field_name"]: "formal"},
    )
    thin = generate(client, strict=True)

    assert stages["error_code"] == "multiple_stages"
    assert (chosen["error_code"], chosen["stages"]) == (None, None)
    assert missing["error_code"] is None
    assert known["missing_context_from_system_goal"] is None
    assert thin["error_code"] == "insufficient_intent"
    assert evaluators_of(client, thin) == []


def test_python_objects(server: Server) -> None:
    """Python code sees the created judges."""
    server.wipe()
    with connect(server, server.api_key) as client:
        judge = create(client, RELEVANCE)

    (stored,) = server.judges

    assert (stored.id, stored.name, stored.visibility) == (judge["id"], "Support", "PRIVATE")
    assert stored.evaluator_references == [{"id": RELEVANCE, "version_id": None}]
