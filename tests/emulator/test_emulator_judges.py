"""The endpoints of judges."""

from __future__ import annotations

import json
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


def refine(client: httpx.Client, judge: dict[str, Any], **fields: object) -> dict[str, Any]:
    """Refine a response."""
    response = client.post(f"{LIST}{judge['id']}/refine/", json={**PAIR, **fields})
    assert response.status_code == 200, response.text
    result: dict[str, Any] = response.json()
    return result


def test_refine(client: httpx.Client) -> None:
    """A refined response has scores that rise up to the threshold, and logs of its own."""
    judge = create(client, RELEVANCE)

    result = refine(client, judge, max_iterations=2)

    (before,), (after,) = result["original_evaluator_results"], result["evaluator_results"]
    assert before["score"] < 0.8
    assert after["score"] == pytest.approx(min(before["score"] + 0.2, 0.8))
    assert result["original_response"] == PAIR["response"]
    assert result["improved_response"].startswith(PAIR["response"])
    assert result["improved_response"] != PAIR["response"]
    log = client.get(f"{LOGS}{result['execution_log_id']}/").json()
    assert log["score"] == after["score"]
    assert len(client.get(LOGS).json()["results"]) == 4


@pytest.mark.parametrize(
    "fields", [{"threshold": 0.1}, {"max_iterations": 0}, {"min_improvement": 0.5}]
)
def test_nothing_to_refine(client: httpx.Client, fields: dict[str, float]) -> None:
    """A response that is good enough, or cannot be improved enough, is unchanged."""
    result = refine(client, create(client, RELEVANCE), **fields)

    assert result["improved_response"] == result["original_response"]
    assert result["evaluator_results"] == result["original_evaluator_results"]


def events(response: httpx.Response) -> list[Any]:
    """Return the data of server-sent events."""
    assert response.headers["Content-Type"].startswith("text/event-stream")
    blocks = response.text.split("\n\n")
    assert blocks.pop() == ""
    data = [block.rpartition("data: ")[2] for block in blocks]
    return [text if text == "[DONE]" else json.loads(text) for text in data]


def test_refine_as_a_stream(client: httpx.Client) -> None:
    """A stream begins with the original results, and ends with the improved response."""
    judge = create(client, RELEVANCE)
    path, body = f"{LIST}{judge['id']}/refine/", {**PAIR, "stream": True}

    first, last = events(client.post(path, json=body, headers={"Accept": "text/event-stream"}))

    assert set(first) == {"original_response", "original_evaluator_results"}
    assert last | {"execution_log_id": ""} == refine(client, judge) | {"execution_log_id": ""}


def test_batch(client: httpx.Client) -> None:
    """A batch advances with each poll; an item without texts fails, and the batch is partial."""
    judge = create(client, RELEVANCE)
    inputs = [PAIR, {}, {"response": "x", "contexts": ["y"]}]

    begun = client.post(
        f"{LIST}{judge['id']}/batch-execute/", json={"inputs": inputs, "tags": ["batch"]}
    )

    assert begun.status_code == 202
    url = begun.json()["status_url"]
    (listed,) = client.get(f"{LIST}batch-executions/").json()["results"]
    assert (listed["status"], "items" in listed) == ("pending", False)
    first, second, third = (client.get(url).json() for _ in range(3))
    assert first["batch_execution_id"] == begun.json()["batch_execution_id"]
    assert (first["status"], first["completed_count"]) == ("processing", 0)
    assert first["judge"] == {name: judge[name] for name in ("id", "name", "version_id")}
    assert (second["status"], second["completed_count"], second["failed_count"]) == (
        "partial",
        2,
        1,
    )
    assert third == second
    assert [item["status"] for item in second["items"]] == ["completed", "failed", "completed"]
    assert [item["index"] for item in second["items"]] == [0, 1, 2]
    assert second["items"][1]["error_message"] == "Give turns, or a request or a response."
    assert second["items"][2]["input"] == {"request": "", "response": "x", "contexts": ["y"]}
    for item in (second["items"][0], second["items"][2]):
        log = client.get(f"{LOGS}{item['execution_log_id']}/").json()
        assert (log["execution_type"], log["tags"]) == ("judge", ["batch"])
        assert item["error_message"] == ""
    found = client.get(f"{LIST}batch-executions/", params={"status": "pending"}).json()
    assert found["results"] == []


@pytest.mark.parametrize(
    ("inputs", "errors"),
    [
        ([], ["This list may not be empty."]),
        ([PAIR] * 101, ["Ensure this field has no more than 100 elements."]),
    ],
    ids=["none", "too many"],
)
def test_refused_batches(
    client: httpx.Client, inputs: list[dict[str, str]], errors: list[str]
) -> None:
    """A batch has 1 to 100 inputs; errors are problem details."""
    judge = create(client)

    response = client.post(f"{LIST}{judge['id']}/batch-execute/", json={"inputs": inputs})

    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json() == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "The request is invalid.",
        "errors": {"inputs": errors},
    }
    unknown = client.post(f"{LIST}{UNKNOWN}/batch-execute/", json={"inputs": [PAIR]})
    assert unknown.json()["detail"] == "No Judge matches the given query."


def test_batch_of_a_deleted_judge(client: httpx.Client) -> None:
    """A batch whose judge was deleted fails."""
    judge = create(client)
    begun = client.post(f"{LIST}{judge['id']}/batch-execute/", json={"inputs": [PAIR]}).json()
    client.delete(f"{LIST}{judge['id']}/")

    client.get(begun["status_url"])

    assert client.get(begun["status_url"]).json()["status"] == "failed"


def test_duplicate(server: Server, client: httpx.Client) -> None:
    """A copy belongs to who makes it, with the evaluators that they can read."""
    own = create_evaluator(client)["id"]
    judge = create(client, RELEVANCE, own, visibility="public")

    copy = client.post(f"{LIST}{judge['id']}/duplicate/").json()
    with connect(server, server.add_key()) as other:
        theirs = other.post(f"{LIST}{judge['id']}/duplicate/")
        assert other.get(f"{LIST}{theirs.json()['id']}/").status_code == 200

    assert (copy["name"], copy["visibility"]) == ("Support (copy)", "private")
    assert copy["evaluators"] == judge["evaluators"]
    assert theirs.status_code == 201
    assert [one["name"] for one in theirs.json()["evaluators"]] == ["Relevance"]


def test_claim(server: Server, client: httpx.Client) -> None:
    """A generated judge is claimed once, and then belongs to the other organization."""
    generated = generate(client)
    token = {"claim_token": generated["claim_token"]}

    with connect(server, server.add_key()) as other:
        claimed = other.post(f"{LIST}claim/", json=token)
        assert claimed.status_code == 200, claimed.text
        judge = claimed.json()
        assert len(run(other, judge)["evaluator_results"]) == len(judge["evaluators"]) == 4
        assert other.post(f"{LIST}claim/", json=token).status_code == 404
    assert client.get(f"{LIST}{judge['id']}/").status_code == 404


def test_invite(client: httpx.Client) -> None:
    """Up to ten addresses are invited."""
    path = f"{LIST}{create(client)['id']}/invite/"
    url = "https://example.com/judge"

    def status(*emails: str) -> int:
        return client.post(path, json={"emails": emails, "judge_url": url}).status_code

    assert status("ada@example.com") == 200
    assert status() == status("ada") == status(*["a@example.com"] * 11) == 400


def test_synthetic_data(client: httpx.Client) -> None:
    """The samples of a generated judge are ready after a while; others have none."""
    generated = f"{LIST}{generate(client)['judge_id']}/synthetic-data/"
    created = f"{LIST}{create(client)['id']}/synthetic-data/"

    first, second = (client.get(generated).json() for _ in range(2))

    assert (first["status"], first["samples"]) == ("pending", [])
    assert second["status"] == "ready"
    assert [one["quality"] for one in second["samples"]] == ["high", "low"]
    assert client.get(created).json()["status"] == "not_generated"


CHAT = {"model": "gpt", "messages": [{"role": "user", "content": "Hello there"}]}


@pytest.mark.parametrize("scheme", ["Bearer", "Api-Key"])
@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("prefix", ["/v1", ""])
def test_chat_completions(
    server: Server, client: httpx.Client, scheme: str, slash: str, prefix: str
) -> None:
    """A chat completion has the results of the judge in its metadata."""
    judge = create(client, RELEVANCE)
    key = client.headers["Authorization"].partition(" ")[2]
    path = f"{prefix}/judges/{judge['id']}/openai/chat/completions{slash}"

    response = client.post(path, json=CHAT, headers={"Authorization": f"{scheme} {key}"})

    completion = response.json()
    assert completion["choices"][0]["message"]["content"] == "You said: Hello there"
    assert completion["usage"] == {"prompt_tokens": 2, "completion_tokens": 4, "total_tokens": 6}
    (result,) = json.loads(completion["metadata"]["evaluator_results"])
    assert result["evaluator_id"] == RELEVANCE
    logs = client.get(LOGS, params={"execution_type": "proxy"}).json()["results"]
    assert [log["executed_item_id"] for log in logs] == [judge["id"]]
    bearer = client.get(LIST, headers={"Authorization": f"Bearer {key}"})
    assert bearer.status_code == 401


def test_named_judges(client: httpx.Client) -> None:
    """Without an ID in the path, the model is the judge, by ID or by name."""
    judge = create(client, RELEVANCE)
    path = f"{LIST}openai/chat/completions"

    statuses = [
        client.post(path, json={**CHAT, "model": model}).status_code
        for model in (judge["id"], "Support", "gpt")
    ]

    assert statuses == [200, 200, 404]


def test_metadata(client: httpx.Client) -> None:
    """The results are omitted on request, and if the judge runs later."""
    path = f"{LIST}{create(client, RELEVANCE)['id']}/openai/chat/completions"

    for query in ({"rs_metadata": "false"}, {"async_judge": "true"}):
        assert "metadata" not in client.post(path, json=CHAT, params=query).json()
    assert client.post(path, json={**CHAT, "messages": []}).status_code == 400


def test_streamed_chat(client: httpx.Client) -> None:
    """A streamed chat completion has chunks, the results in the last one, and an end."""
    path = f"{LIST}{create(client, RELEVANCE)['id']}/openai/chat/completions"

    *chunks, last, end = events(client.post(path, json={**CHAT, "stream": True}))

    deltas = [chunk["choices"][0]["delta"]["content"] for chunk in chunks]
    assert "".join(deltas) == "You said: Hello there"
    assert last["choices"][0]["finish_reason"] == "stop"
    assert "evaluator_results" in last["metadata"]
    assert end == "[DONE]"


def test_responses(client: httpx.Client) -> None:
    """A response of the Responses API has a text, and as a stream its parts."""
    path = f"{LIST}{create(client, RELEVANCE)['id']}/openai/responses"

    plain = client.post(path, json={"model": "gpt", "input": "Hi"}).json()
    parts = [{"type": "input_text", "text": "H"}, {"type": "input_text", "text": "i"}]
    body = {"model": "gpt", "input": [{"role": "user", "content": parts}], "stream": True}
    streamed = events(client.post(path, json=body))

    assert plain["output"][0]["content"][0]["text"] == "You said: Hi"
    assert [event["sequence_number"] for event in streamed] == [*range(len(streamed))]
    deltas = [one["delta"] for one in streamed if one["type"] == "response.output_text.delta"]
    assert "".join(deltas) == "You said: Hi"
    last = streamed[-1]["response"]
    assert last["metadata"] == plain["metadata"]


def test_refined_completions(client: httpx.Client) -> None:
    """A refined completion has the improved text."""
    base = f"{LIST}{create(client, FAITHFULNESS, RELEVANCE)['id']}/refine/openai"

    chat = client.post(
        f"{base}/chat/completions", json={"model": "gpt", "messages": CHAT["messages"]}
    )
    plain = client.post(f"{base}/responses", json={"model": "gpt", "input": "zzz Hello"})

    assert chat.status_code == plain.status_code == 200
    assert chat.json()["choices"][0]["message"]["content"].startswith("You said: Hello there")
    assert plain.json()["output"][0]["content"][0]["text"].startswith("You said: zzz Hello")


@pytest.mark.parametrize("name", ["J", "J1"])
def test_short_names_of_generated_judges(client: httpx.Client, name: str) -> None:
    """A generated judge has the given name, even one that is too short for a created judge."""
    id_ = generate(client, name=name)["judge_id"]

    assert client.get(f"{LIST}{id_}/").json()["name"] == name
    listed = client.get(LIST, params={"name": name}).json()["results"]
    assert [one["id"] for one in listed] == [id_]
    assert generate(client, name=name, overwrite=True)["judge_id"] == id_


@pytest.mark.parametrize("path", [LIST, "/v1/evaluators/", "/v1/objectives/"])
@pytest.mark.parametrize("length", [1, 2, 2000])
def test_filters_of_any_length(client: httpx.Client, path: str, length: int) -> None:
    """A filter may have a text that no object can have, and lists nothing then."""
    name = "intent" if "objectives" in path else "name"
    response = client.get(path, params={name: "x" * length})

    assert (response.status_code, response.json()["results"]) == (200, [])
