"""Judges: every method against the emulator, and what it sends."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
import respx

from root import (
    AsyncRootSignals,
    BadRequestError,
    InvalidRequestError,
    NotFoundError,
    ServerError,
)
from root.emulator import Server
from root.evaluators import Eval
from root.judges import EvaluatorReference, Turn

URL = "http://api.test/v1/judges/"
ID = "9b2f"
CLARITY, RELEVANCE = Eval.Clarity.value, Eval.Relevance.value

# As newer servers return a judge, as older ones do, and as a listing shows it.
NEWER: dict[str, Any] = {
    "_meta": {},
    "created_at": "2026-11-26T12:00:00Z",
    "evaluators": [
        {
            "id": CLARITY,
            "name": "Clarity",
            "objective": {"intent": "Is it clear?"},
            "is_root_evaluator": True,
            "model": "RootJudge",
            "version_id": "7c1d",
        }
    ],
    "files": [{"url": "https://files.test/a.pdf", "name": "a.pdf", "id": "31aa"}],
    "id": ID,
    "inputs": {"response": {"type": "string"}},
    "intent": "Are answers polite?",
    "name": "Support",
    "project_id": None,
    "stage": "First response",
    "version_id": "55f0",
    "visibility": "private",
}
OLDER: dict[str, Any] = {
    name: value
    for name, value in NEWER.items()
    if name not in ("intent", "visibility", "project_id")
} | {"objective": {"id": "77aa", "intent": "Are answers polite?"}, "status": "unlisted"}
RESULT: dict[str, Any] = {"evaluator_results": []}


def calls(client: AsyncRootSignals) -> dict[str, Callable[..., Any]]:
    """Return the methods by name."""
    return {
        "create": client.judges.create,
        "update": client.judges.update,
        "replace": client.judges.replace,
        "run": client.judges.run,
        "run_by_name": client.judges.run_by_name,
        "generate": client.judges.generate,
        "refine": client.judges.refine,
        "duplicate": client.judges.duplicate,
        "invite": client.judges.invite,
        "claim": client.judges.claim,
        "synthetic_data": client.judges.synthetic_data,
        "delete": client.judges.delete,
    }


async def make(client: AsyncRootSignals, name: str = "Support") -> Any:
    """Create a judge of two evaluators of the service."""
    return await client.judges.create(
        name=name,
        intent="Are answers polite?",
        evaluator_references=[EvaluatorReference(id=CLARITY), {"id": RELEVANCE}],
    )


async def test_create_and_get(client: AsyncRootSignals) -> None:
    """A created judge has its settings, and can be retrieved."""
    created = await make(client)

    assert (created.name, created.intent) == ("Support", "Are answers polite?")
    assert [one.name for one in created.evaluators or []] == ["Clarity", "Relevance"]
    assert (created.visibility, created.status) == ("private", "unlisted")
    assert created.meta.status_code == 201
    assert await client.judges.get(created.id) == created
    assert await client.judges.retrieve(UUID(created.id)) == created


async def test_list(client: AsyncRootSignals) -> None:
    """A listing has all judges, on as many pages as needed, and can be filtered."""
    for number in range(3):
        await make(client, f"Judge {number}")

    listed = [judge.name async for judge in client.judges.list(page_size=2, ordering="name")]
    found = [judge.name async for judge in client.judges.list(search_term="Judge 1")]
    named = [judge.name async for judge in client.judges.list(name="Judge 2")]

    assert listed == ["Judge 0", "Judge 1", "Judge 2"]
    assert (found, named) == (["Judge 1"], ["Judge 2"])


async def test_get_by_name(client: AsyncRootSignals) -> None:
    """A judge is found by its exact name."""
    created = await make(client)

    assert await client.judges.get_by_name("Support") == created
    with pytest.raises(InvalidRequestError, match="'Suppor'"):
        await client.judges.get_by_name("Suppor")
    with pytest.raises(InvalidRequestError, match="name must be a string that is not empty"):
        await client.judges.get_by_name("")


async def test_evaluators_of_another_judge(client: AsyncRootSignals) -> None:
    """The evaluators of a judge, and an evaluator, can be passed as they are returned."""
    first = await make(client)
    evaluator = await client.evaluators.get(CLARITY)

    second = await client.judges.create(
        name="Two", intent="a", evaluator_references=first.evaluators
    )  # pyright: ignore[reportArgumentType]
    third = await client.judges.create(name="Three", intent="a", evaluator_references=[evaluator])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]

    assert second.evaluators == first.evaluators
    assert [one.version_id for one in third.evaluators or []] == [evaluator.version_id]


async def test_update_and_replace(client: AsyncRootSignals) -> None:
    """An update changes what is given, a replacement everything; both make a version."""
    created = await make(client)

    updated = await client.judges.update(created.id, name="Other", evaluator_references=[])
    replaced = await client.judges.replace(created.id, name="Third", intent="Is it short?")

    assert (updated.name, updated.intent, updated.evaluators) == ("Other", created.intent, [])
    assert (replaced.name, replaced.intent) == ("Third", "Is it short?")
    assert len({created.version_id, updated.version_id, replaced.version_id}) == 3


async def test_delete(client: AsyncRootSignals) -> None:
    """A deleted judge does not exist any more."""
    created = await make(client)

    await client.judges.delete(created.id)

    with pytest.raises(NotFoundError):
        await client.judges.get(created.id)


async def test_run(client: AsyncRootSignals) -> None:
    """A judge runs by its ID and by its name, and returns a result for each evaluator."""
    created = await make(client)

    result = await client.judges.run(created.id, request="Why?", response="Because.", tags=["a"])
    by_name = await client.judges.run_by_name("Support", request="Why?", response="Because.")

    assert {one.evaluator_name for one in result.evaluator_results} == {"Clarity", "Relevance"}
    assert all(0 <= float(one) <= 1 for one in result.evaluator_results)
    assert result.execution_log_id
    assert by_name.evaluator_results == result.evaluator_results


async def test_judges_act(client: AsyncRootSignals) -> None:
    """A judge runs itself, whichever method returned it."""
    created = judge = await make(client)
    scores = (await judge.run(response="Because.")).evaluator_results
    judges = [
        await client.judges.get(created.id),
        await client.judges.get_by_name("Support"),
        await client.judges.update(created.id, stage="a"),
        *[one async for one in client.judges.list()],
        *[one async for page in client.judges.list().pages() for one in page.items],
        client.judges.bind(copy.copy(created)),
    ]

    for judge in judges:
        assert (await judge.run(response="Because.")).evaluator_results == scores


async def test_a_copy_has_no_client(client: AsyncRootSignals) -> None:
    """A copied or pickled judge holds no client, and its error explains how to get one."""
    created = await make(client)

    for judge in (copy.copy(created), copy.deepcopy(created), pickle.loads(pickle.dumps(created))):
        assert judge == created
        with pytest.raises(InvalidRequestError, match=r"client\.judges\.bind\(\)"):
            await judge.run(response="Because.")


async def test_beta(client: AsyncRootSignals) -> None:
    """Older code finds the judges under `beta`."""
    assert client.beta.judges is client.judges


async def test_generate(client: AsyncRootSignals) -> None:
    """A judge is generated from an intent, and can run."""
    generated = await client.judges.generate(intent="Polite answers to customers of a shop")
    judge = await client.judges.get(generated.judge_id)

    assert generated.error_code is None
    assert judge.version_id == generated.judge_version_id
    assert (await judge.run(response="Because.")).evaluator_results


@pytest.mark.parametrize(
    ("fields", "intent", "objective", "visibility", "status"),
    [
        (NEWER, "Are answers polite?", None, "private", "unlisted"),
        (OLDER, "Are answers polite?", "77aa", "private", "unlisted"),
        (OLDER | {"status": "listed"}, "Are answers polite?", "77aa", "private", "listed"),
        (NEWER | {"visibility": "public"}, "Are answers polite?", None, "public", "public"),
        (NEWER | {"visibility": "team"}, "Are answers polite?", None, "team", "team"),
        ({"id": ID, "name": "a"}, None, None, None, None),
    ],
)
async def test_generations(
    mocked: AsyncRootSignals,
    respx_mock: respx.MockRouter,
    fields: dict[str, Any],
    intent: str | None,
    objective: str | None,
    visibility: str | None,
    status: str | None,
) -> None:
    """Old and new names of a field are readable whatever the server sends, and in no dump."""
    respx_mock.get(f"{URL}{ID}/").respond(json=fields)

    judge = await mocked.judges.get(ID)

    assert (judge.intent, judge.objective.intent, judge.objective.id) == (
        intent,
        intent,
        objective,
    )
    assert (judge.visibility, judge.status) == (visibility, status)
    assert judge.to_dict() == fields


RUN: dict[str, Any] = {"request": "Why?", "response": "Because."}
TURNS: list[dict[str, Any]] = [{"role": "user", "content": "Hi"}]

# The method, its arguments, and what it sends: method, path and body.
WIRE: list[tuple[str, dict[str, Any], str, dict[str, Any] | None]] = [
    (
        "create",
        {"name": "abc", "intent": "a"},
        "POST ",
        {"name": "abc", "intent": "a", "visibility": "private", "status": "unlisted"},
    ),
    (
        "create",
        {
            "name": "abc",
            "intent": "a",
            "status": "listed",
            "stage": "b",
            "evaluator_references": [
                EvaluatorReference(id="1", version_id=None),
                {"id": "2", "version_id": "3"},
            ],
            "file_id": UUID(int=1),
        },
        "POST ",
        {
            "name": "abc",
            "intent": "a",
            "evaluator_references": [{"id": "1"}, {"id": "2", "version_id": "3"}],
            "stage": "b",
            "visibility": "private",
            "status": "listed",
            "file_id": str(UUID(int=1)),
        },
    ),
    (
        "create",
        {"name": "abc", "intent": "a", "visibility": "public"},
        "POST ",
        {"name": "abc", "intent": "a", "visibility": "public", "status": "public"},
    ),
    ("update", {"judge_id": ID, "name": "abc"}, f"PATCH {ID}/", {"name": "abc"}),
    ("update", {"judge_id": ID, "file_id": None}, f"PATCH {ID}/", {"file_id": None}),
    (
        "update",
        {"judge_id": ID, "evaluator_references": [], "visibility": "private"},
        f"PATCH {ID}/",
        {"evaluator_references": [], "visibility": "private", "status": "unlisted"},
    ),
    (
        "replace",
        {"judge_id": ID, "name": "abc", "intent": "a"},
        f"PUT {ID}/",
        {"name": "abc", "intent": "a", "visibility": "private", "status": "unlisted"},
    ),
    ("run", {"judge_id": ID, **RUN}, f"POST {ID}/execute/", RUN),
    (
        "run",
        {"judge_id": ID, "turns": TURNS, "judge_version_id": "1", "file_ids": [UUID(int=1)]},
        f"POST {ID}/execute/",
        {"turns": TURNS, "judge_version_id": "1", "file_ids": [str(UUID(int=1))]},
    ),
    (
        "run",
        {"judge_id": ID, "turns": [Turn(role="user", content="Hi")], "contexts": ("a",)},
        f"POST {ID}/execute/",
        {"turns": TURNS, "contexts": ["a"]},
    ),
    ("run_by_name", {"name": "a b", **RUN}, "POST execute/by-name/?name=a+b", RUN),
    (
        "generate",
        {"intent": "a" * 10},
        "POST generate/",
        {"intent": "a" * 10, "visibility": "private", "strict": False, "overwrite": False},
    ),
    (
        "generate",
        {
            "intent": "a" * 10,
            "visibility": "unlisted",
            "extra_contexts": {"Tone": None},
            "overwrite": True,
            "generating_model_params": {"seed": 1},
        },
        "POST generate/",
        {
            "intent": "a" * 10,
            "visibility": "private",
            "extra_contexts": {"Tone": None},
            "strict": False,
            "overwrite": True,
            "generating_model_params": {"seed": 1},
        },
    ),
    ("refine", {"judge_id": ID, **RUN}, f"POST {ID}/refine/", RUN),
    (
        "refine",
        {"judge_id": ID, **RUN, "max_iterations": 2, "threshold": 1},
        f"POST {ID}/refine/",
        RUN | {"max_iterations": 2, "threshold": 1.0},
    ),
    ("duplicate", {"judge_id": ID}, f"POST {ID}/duplicate/", {}),
    (
        "duplicate",
        {"judge_id": ID, "project_id": "1"},
        f"POST {ID}/duplicate/",
        {"project_id": "1"},
    ),
    (
        "invite",
        {"judge_id": ID, "emails": ("a@b.test",), "judge_url": "https://c.test/"},
        f"POST {ID}/invite/",
        {"emails": ["a@b.test"], "judge_url": "https://c.test/"},
    ),
    ("claim", {"claim_token": "1"}, "POST claim/", {"claim_token": "1"}),
    ("claim", {"claim_token": UUID(int=1)}, "POST claim/", {"claim_token": str(UUID(int=1))}),
    ("synthetic_data", {"judge_id": ID}, f"GET {ID}/synthetic-data/", None),
    ("delete", {"judge_id": ID}, f"DELETE {ID}/", None),
]


@pytest.mark.parametrize(("method", "arguments", "target", "body"), WIRE)
async def test_requests(
    mocked: AsyncRootSignals,
    respx_mock: respx.MockRouter,
    method: str,
    arguments: dict[str, Any],
    target: str,
    body: dict[str, Any] | None,
) -> None:
    """A request has the fields that were given, some by two names, and no others."""
    verb, _, path = target.partition(" ")
    content: dict[str, Any] = {**NEWER, **RESULT, "judge_id": ID, "status": "ready"}
    content["improved_response"] = "b"
    route = respx_mock.route(method=verb, url=f"{URL}{path}").respond(json=content)
    await calls(mocked)[method](**arguments)

    sent = route.calls.last.request.content
    assert (json.loads(sent) if sent else None) == body


async def test_filters(mocked: AsyncRootSignals, respx_mock: respx.MockRouter) -> None:
    """A listing sends the filters that were given."""
    route = respx_mock.get(URL).respond(json={"results": []})

    async for _ in mocked.judges.list(
        project_id="1",
        include_public=True,
        is_preset=False,
        featured=True,
        executed_at_gte="2026-11-26T00:00:00Z",
        intent_evaluability_score_gte=0.5,
        page_size=5,
    ):
        pass

    assert dict(route.calls.last.request.url.params) == {
        "page_size": "5",
        "project_id": "1",
        "include_public": "true",
        "is_preset": "false",
        "featured": "true",
        "executed_at_gte": "2026-11-26T00:00:00Z",
        "intent_evaluability_score_gte": "0.5",
    }


async def test_invalid_arguments(mocked: AsyncRootSignals) -> None:
    """What the service would reject is refused before anything is sent."""
    with pytest.raises(InvalidRequestError, match="name must have at least 3"):
        await mocked.judges.create(name="ab", intent="a")
    with pytest.raises(InvalidRequestError, match="two names of one setting"):
        await mocked.judges.create(name="abc", intent="a", visibility="private", status="public")
    with pytest.raises(InvalidRequestError, match="intent must have at least 10"):
        await mocked.judges.generate(intent="short")
    with pytest.raises(InvalidRequestError, match="nothing to evaluate"):
        await mocked.judges.run(ID)
    with pytest.raises(InvalidRequestError, match="judge ID"):
        await mocked.judges.run("", response="a")
    with pytest.raises(InvalidRequestError, match=r"evaluator_references\.0"):
        await mocked.judges.create(name="abc", intent="a", evaluator_references=[CLARITY])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    misspelt = {"id": CLARITY, "version": "1"}
    with pytest.raises(InvalidRequestError, match=r"references\.0\.version is not a setting"):
        await mocked.judges.create(name="abc", intent="a", evaluator_references=[misspelt])
    with pytest.raises(InvalidRequestError, match=r"references\.0\.version is not a setting"):
        await mocked.judges.update(ID, evaluator_references=[misspelt])
    with pytest.raises(ValueError, match="version"):
        EvaluatorReference(id=CLARITY, version="1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize(
    ("method", "arguments", "seconds"),
    [
        ("run", {"judge_id": ID, **RUN}, 120.0),
        ("run_by_name", {"name": "a", **RUN}, 120.0),
        ("generate", {"intent": "a" * 10}, 300.0),
        ("refine", {"judge_id": ID, **RUN}, 900.0),
    ],
)
async def test_calls_that_cost_money(
    mocked: AsyncRootSignals,
    respx_mock: respx.MockRouter,
    method: str,
    arguments: dict[str, Any],
    seconds: float,
) -> None:
    """They have long timeouts, and are not sent again after an unclear outcome."""
    route = respx_mock.post(url__startswith=URL).respond(502)

    with pytest.raises(ServerError, match="charged for it") as error:
        await calls(mocked)[method](**arguments)

    assert (route.call_count, error.value.may_have_been_processed) == (1, True)
    assert route.calls.last.request.extensions["timeout"]["read"] == pytest.approx(seconds, abs=1)


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ({}, "openai"),
        ({"judge_id": UUID(int=1)}, f"{UUID(int=1)}/openai"),
        ({"judge_id": "a/b", "refine": True}, "a%2Fb/refine/openai"),
    ],
)
async def test_openai_base_url(
    mocked: AsyncRootSignals, arguments: dict[str, Any], path: str
) -> None:
    """The base URL for OpenAI's client is that of all judges, of one, or of its refinements."""
    assert mocked.judges.openai_base_url(**arguments) == URL + path


async def test_openai_base_url_without_a_judge(mocked: AsyncRootSignals) -> None:
    """Only a certain judge refines."""
    with pytest.raises(InvalidRequestError, match=r"^Nothing was sent\. refine=True requires"):
        mocked.judges.openai_base_url(refine=True)


async def test_claim_token_is_not_shown(
    mocked: AsyncRootSignals, respx_mock: respx.MockRouter
) -> None:
    """The token of a generated judge is readable, and in no repr and no error."""
    token = "0b8e3e0c-9f0a-4d55-b6c4-1f8d2a7c9e11"
    respx_mock.post(f"{URL}generate/").respond(201, json={"judge_id": ID, "claim_token": token})
    respx_mock.post(f"{URL}claim/").respond(400, json={"detail": f"{token} is spent."})

    generated = await mocked.judges.generate(intent="a" * 10)
    with pytest.raises(BadRequestError) as error:
        await mocked.judges.claim(token)

    assert generated.claim_token == token
    assert token not in f"{generated!r} {error.value} {error.value.detail}"


async def test_refine(client: AsyncRootSignals, emulator: Server) -> None:
    """A response is improved, with the results before and after, at once or in two events."""
    emulator.set_score("Clarity", 0.2)
    created = await make(client)

    result = await client.judges.refine(created.id, request="Why?", response="Because.")
    events = await client.judges.refine(
        created.id, request="Why?", response="Because.", stream=True
    )
    first, last = [event async for event in events]

    assert result.original_response == "Because."
    assert result.improved_response not in (None, "Because.")
    assert result.execution_log_id
    assert first.original_evaluator_results == result.original_evaluator_results
    assert first.improved_response is None
    assert last.improved_response == result.improved_response
    assert last.evaluator_results == result.evaluator_results


async def test_batch(client: AsyncRootSignals) -> None:
    """A batch runs in the background; it is listed, retrieved and waited for by its ID."""
    created = await make(client)

    batch = await client.judges.batches.create(created.id, [{"response": "a"}, {"response": "b"}])
    done = await client.judges.batches.wait(batch.id)

    assert done.status == "completed"
    assert [len(item.evaluator_results or []) for item in done.items] == [2, 2]
    assert [one.id async for one in client.judges.batches.list(judge_id=created.id)] == [batch.id]
    assert await client.judges.batches.get(batch.id) == done


async def test_duplicate(client: AsyncRootSignals) -> None:
    """A copy has the same evaluators, and an ID of its own."""
    created = await make(client)

    copied = await client.judges.duplicate(created.id)

    assert copied.id != created.id
    assert copied.evaluators == created.evaluators


async def test_claim(client: AsyncRootSignals) -> None:
    """A token that is unknown is refused."""
    with pytest.raises(NotFoundError):
        await client.judges.claim(str(UUID(int=1)))


async def test_invite(client: AsyncRootSignals) -> None:
    """Others are invited by e-mail; an address that is none is refused by the service."""
    created = await make(client)

    await client.judges.invite(created.id, emails=["a@b.test"], judge_url="https://c.test/")
    with pytest.raises(BadRequestError):
        await client.judges.invite(created.id, emails=["a"], judge_url="https://c.test/")


async def test_synthetic_data(client: AsyncRootSignals) -> None:
    """The samples of a generated judge are pending until they are ready."""
    generated = await client.judges.generate(intent="Polite answers to customers of a shop")

    first = await client.judges.synthetic_data(generated.judge_id)
    second = await client.judges.synthetic_data(generated.judge_id)

    assert (first.status, second.status) == ("pending", "ready")
    assert {one.quality for one in second.samples or []} == {"high", "low"}


async def test_copied_listings(client: AsyncRootSignals) -> None:
    """What a copied or unpickled listing returns can run."""
    await make(client)
    listing = client.judges.list()

    for copied in (copy.copy(listing), copy.deepcopy(listing), pickle.loads(pickle.dumps(listing))):
        async for judge in copied:
            assert (await judge.run(response="Because.")).evaluator_results
