"""Evaluators: every method against the emulator, and what it sends."""

from __future__ import annotations

import copy
import json
import pickle
from typing import TypeVar, cast

import pytest
import respx

from root import (
    APIConnectionError,
    AsyncRootSignals,
    BadRequestError,
    BulkError,
    InvalidRequestError,
    NotFoundError,
    Operation,
    Response,
    RootSignalsError,
)
from root.emulator import Fault, Server
from root.evaluators import (
    CalibrateBatchParameters,
    EvaluatorDemonstration,
    Evaluators,
    InputVariable,
    ReferenceVariable,
    Turn,
)

T = TypeVar("T")

URL = "http://api.test/v1/evaluators/"
CRITERIA = "Is {{response}} friendly?"
RELEVANCE = Evaluators.Eval.Relevance.value

# What servers of each generation return of the same evaluator.
OLD = {"id": "e1", "name": "a", "prompt": CRITERIA, "status": "unlisted", "skill_type": "managed"}
NEW = {"id": "e1", "name": "a", "scoring_criteria": CRITERIA, "visibility": "private"}
RESULT = {"score": 0.5, "justification": "x", "evaluator_name": "a", "execution_log_id": "l1"}

LOOP: list[object] = []
LOOP.append(LOOP)


class Recording(AsyncRootSignals):
    """A client that records what is sent through it."""

    operations: list[Operation[object]]

    async def send(self, operation: Operation[T]) -> Response[T]:
        self.operations.append(cast("Operation[object]", operation))
        return await super().send(operation)


async def test_evaluators_of_the_service(client: AsyncRootSignals) -> None:
    """An evaluator of the service is called with the response first, or with names."""
    by_position = await client.evaluators.Relevance("Return it in 30 days.", "Can I return it?")
    by_name = await client.evaluators.Relevance(
        request="Can I return it?", response="Return it in 30 days."
    )

    assert by_position.score == by_name.score
    assert by_position.evaluator_name == "Relevance"
    assert by_position.justification
    assert by_position.execution_log_id != by_name.execution_log_id


async def test_ids_of_evaluators_of_the_service(client: AsyncRootSignals) -> None:
    """A member of `Eval` is an ID wherever one is expected, also in an object that is sent."""
    clarity = Evaluators.Eval.Clarity

    result = await client.evaluators.run(clarity, response="a")
    judge = await client.judges.create(
        name="One", intent="a", evaluator_references=[{"id": clarity}]
    )

    assert result.evaluator_name == "Clarity"
    assert judge.evaluators is not None
    assert [one.id for one in judge.evaluators] == [clarity.value]


async def test_names_of_evaluators_of_the_service(client: AsyncRootSignals) -> None:
    """They have a name, and one that does not exist is an AttributeError with a suggestion."""
    assert client.evaluators.Safety_for_Children.__name__ == "Safety_for_Children"
    assert client.evaluators.Relevance.id == RELEVANCE
    assert not hasattr(client.evaluators, "Anything")
    with pytest.raises(AttributeError, match="Did you mean 'Relevance'"):
        _ = client.evaluators.Relevanc  # type: ignore[attr-defined]  # pyright: ignore


async def test_runs(client: AsyncRootSignals, emulator: Server) -> None:
    """Equal input has an equal score, by ID and by name, and each run has its log."""
    arguments = {"request": "May I?", "response": "Yes.", "tags": ["t"], "session_id": "s"}

    by_id = await client.evaluators.run(RELEVANCE, **arguments)  # type: ignore[arg-type]
    by_name = await client.evaluators.run_by_name("Relevance", **arguments)  # type: ignore[arg-type]

    assert by_id.score == by_name.score
    assert {log.id for log in emulator.execution_logs} == {
        by_id.execution_log_id,
        by_name.execution_log_id,
    }
    with pytest.raises(NotFoundError):
        await client.evaluators.run_by_name("No such evaluator", response="a")


async def test_an_evaluator_runs_its_own_version(
    client: AsyncRootSignals, emulator: Server
) -> None:
    """The object runs the version that was loaded, and the ID runs the latest one."""
    first = await client.evaluators.create(CRITERIA, name="Friendly", intent="Friendliness")
    second = await client.evaluators.update(first.id, predicate="Is {{response}} kind?")

    await first.run("Hello!")
    await client.evaluators.run(first.id, response="Hello!")

    assert first.version_id != second.version_id
    newest, oldest = emulator.execution_logs[-1], emulator.execution_logs[-2]
    assert (oldest.executed_item_version_id, newest.executed_item_version_id) == (
        first.version_id,
        second.version_id,
    )
    page = await client.evaluators.versions.list(first.id)
    assert [one.version_id for one in page.results] == [second.version_id, first.version_id]
    assert (await page.results[1].run("Hello!")).score is not None
    older = await client.evaluators.get(first.id, version_id=first.version_id)
    assert older.scoring_criteria == CRITERIA


async def test_copies_have_no_client(client: AsyncRootSignals) -> None:
    """A copy and what is unpickled hold no client and no key, and can be bound again."""
    evaluator = await client.evaluators.create(CRITERIA, name="Friendly", intent="Friendliness")
    pickled = pickle.dumps(evaluator)
    copies = [copy.copy(evaluator), copy.deepcopy(evaluator), pickle.loads(pickled)]

    assert b"rs-emulator" not in pickled
    for one in copies:
        assert one == evaluator
        with pytest.raises(InvalidRequestError, match=r"pass it to client\.evaluators\.bind"):
            await one.run("Hello!")
        assert (await client.evaluators.bind(one).run("Hello!")).score is not None
    with pytest.raises(
        InvalidRequestError, match=r"^Nothing was sent\. Only evaluators can be bound, not str"
    ):
        client.evaluators.bind("e1")  # type: ignore[arg-type]  # pyright: ignore


async def test_what_is_pickled_with_its_client(client: AsyncRootSignals, emulator: Server) -> None:
    """An evaluator of the service, a resource and a listing have the client, also unpickled."""
    preset = client.evaluators.Clarity
    pickled = [pickle.dumps(one) for one in (preset, client.evaluators, client.evaluators.list())]

    assert all(emulator.api_key.encode() in one for one in pickled)
    assert (await pickle.loads(pickle.dumps(preset)).run("Hello!")).score is not None


async def test_create_update_replace_delete(client: AsyncRootSignals) -> None:
    """An evaluator can be created, changed as a whole or in part, and deleted."""
    created = await client.evaluators.create(
        CRITERIA,
        name="Friendly",
        intent="Friendliness",
        evaluator_demonstrations=[EvaluatorDemonstration(response="Hi!", score=0.9)],
    )
    updated = await client.evaluators.update(created.id, name="Kind", change_note="renamed")
    assert updated.objective is not None
    replaced = await client.evaluators.replace(
        created.id, name="Warm", scoring_criteria=CRITERIA, objective_id=updated.objective.id
    )

    assert (created.scoring_criteria, created.prompt) == (CRITERIA, CRITERIA)
    assert (updated.name, updated.change_note) == ("Kind", "renamed")
    assert updated.objective.intent == "Friendliness"
    assert replaced.name == "Warm"
    assert (await created.run("Hi!")).score == 0.9
    await client.evaluators.delete(created.id)
    with pytest.raises(NotFoundError):
        await client.evaluators.retrieve(created.id)


async def test_listings(client: AsyncRootSignals) -> None:
    """Listings have those of the service, too, and filters and names find some of them."""
    created = await client.evaluators.create(CRITERIA, name="Friendly", intent="Friendliness")

    listed = [one async for one in client.evaluators.list(limit=None, page_size=20)]
    found = [one.name async for one in client.evaluators.list("friend")]
    of_service = [one async for one in client.evaluators.list(only_root_evaluators=True)]

    assert len(listed) == len(of_service) + 1
    assert found == ["Friendly"]
    assert (await client.evaluators.get_by_name("Friendly")).id == created.id
    with pytest.raises(InvalidRequestError, match="no evaluator with the name 'Friendlier'"):
        await client.evaluators.get_by_name("Friendlier")


@pytest.mark.parametrize("name", ["", " ", None, 5])
async def test_what_is_no_name(mocked: AsyncRootSignals, name: str) -> None:
    """A look-up by a name that is not set takes no object whatever."""
    with pytest.raises(InvalidRequestError, match="name must be a string that is not empty"):
        await mocked.evaluators.get_by_name(name)
    with pytest.raises(InvalidRequestError, match="name must be a string that is not empty"):
        await mocked.evaluators.run_by_name(name, response="a")


async def test_several_with_a_name(client: AsyncRootSignals) -> None:
    """If several evaluators have a name, a warning has the ID of the one that is used."""
    own = await client.evaluators.create(CRITERIA, name="Clarity", intent="Clarity")

    with pytest.warns(UserWarning, match=f"Several evaluators .* 'Clarity'.* {own.id}") as caught:
        found = await client.evaluators.get_by_name("Clarity")

    assert found.id == own.id
    # In the line that makes the call.
    assert caught[0].filename == __file__


async def test_attributes_as_names(client: AsyncRootSignals) -> None:
    """On the emulator, all look-ups by name take the attribute of an evaluator of the service."""
    name = "Safety_for_Children"

    found = await client.evaluators.get_by_name(name)

    assert found.name == "Safety for Children"
    assert (await client.evaluators.run_by_name(name, response="Hi!")).evaluator_name == found.name
    own = await client.evaluators.create(CRITERIA, name=name, intent="a")
    assert (await client.evaluators.get_by_name(name)).id == own.id
    assert (await client.evaluators.get_by_name(found.name)).id == found.id


async def test_overwrite(client: AsyncRootSignals) -> None:
    """An evaluator of the same name is refused, or replaced as a new version."""
    first = await client.evaluators.create(CRITERIA, name="Friendly", intent="a")

    with pytest.raises(BadRequestError):
        await client.evaluators.create(CRITERIA, name="Friendly", intent="a")
    second = await client.evaluators.create(
        "Is {{response}} kind?", name="Friendly", intent="a", overwrite=True
    )

    assert second.id == first.id
    assert second.version_id != first.version_id


async def test_copies_of_the_service(client: AsyncRootSignals) -> None:
    """An evaluator can be duplicated, exported and imported."""
    copied = await client.evaluators.duplicate(RELEVANCE)
    created = await client.evaluators.create(CRITERIA, name="Friendly", intent="Friendliness")
    document = await client.evaluators.export_yaml(created.id)
    imported = await client.evaluators.import_yaml(document, overwrite=True)

    assert copied.id != RELEVANCE
    assert "Friendliness" in document
    assert imported.scoring_criteria == CRITERIA
    assert (await imported.run("Hi!")).score is not None


# The objective of a new evaluator.


async def test_an_objective_is_made(client: AsyncRootSignals, emulator: Server) -> None:
    """An objective is made for the evaluator, unless there is one."""
    objective = await client.objectives.create(intent="Friendliness")
    own = await client.evaluators.create(CRITERIA, name="One", objective_id=objective.id)
    other = await client.evaluators.create(CRITERIA, name="Two")

    assert own.objective is not None
    assert other.objective is not None
    assert (own.objective.id, other.objective.intent) == (objective.id, "Two")
    with pytest.raises(InvalidRequestError, match="either `intent`"):
        await client.evaluators.create(CRITERIA, name="x", intent="a", objective_id="b")


async def test_the_objective_of_a_refused_evaluator_is_deleted(
    client: AsyncRootSignals, emulator: Server
) -> None:
    """Nothing remains of an evaluator that the service refused, or that was never sent."""
    with pytest.raises(BadRequestError):
        await client.evaluators.create("No variable", name="Friendly", intent="a")
    for arguments in ({"predicate": ""}, {"name": "x"}, {"model": 5}):
        with pytest.raises(InvalidRequestError, match="Nothing was sent"):
            await client.evaluators.create(**({"predicate": CRITERIA, "name": "ab"} | arguments))  # pyright: ignore

    assert not emulator.objectives
    assert not emulator.evaluators


async def test_the_objective_remains_if_it_is_unclear(
    client: AsyncRootSignals, emulator: Server
) -> None:
    """If the evaluator may exist, its objective remains, and the error has its ID."""
    emulator.add_fault(Fault(method="POST", path="/v1/evaluators/", reset="after"))

    with pytest.raises(APIConnectionError) as error:
        await client.evaluators.create(CRITERIA, name="Friendly", intent="a")

    (objective,) = emulator.objectives
    assert objective.id in str(error.value)
    assert error.value.may_have_been_processed


async def test_the_objective_is_gone_already(client: AsyncRootSignals, emulator: Server) -> None:
    """If somebody else deletes the objective of a refused evaluator, the error does not name it."""
    emulator.add_fault(Fault(method="DELETE", path="/v1/objectives/*", status=404))

    with pytest.raises(BadRequestError) as error:
        await client.evaluators.create("No variable", name="Friendly", intent="a")

    assert "remains" not in str(error.value)


# What is sent.

REFERENCE = {"name": "docs", "dataset": "d1"}

CREATIONS = [
    pytest.param({}, {}, id="nothing"),
    pytest.param({"model": "m", "fallback_models": ["n"]}, {"models": ["m", "n"]}, id="models"),
    pytest.param({"fallback_models": []}, {}, id="no models"),
    pytest.param(
        {"input_variables": [InputVariable(name="tone"), {"name": "x"}]},
        {"input_variables": [{"name": "tone"}, {"name": "x"}]},
        id="variables",
    ),
    pytest.param(
        {"reference_variables": [ReferenceVariable(name="docs", dataset_id="d1"), REFERENCE]},
        {"reference_variables": [REFERENCE, REFERENCE]},
        id="references",
    ),
    pytest.param(
        {"evaluator_demonstrations": [EvaluatorDemonstration(response="r", score=1)]},
        {"evaluator_demonstrations": [{"response": "r", "score": 1.0}]},
        id="demonstrations",
    ),
    pytest.param({"overwrite": True, "behavior": "fast"}, None, id="others"),
]


@pytest.mark.parametrize(("arguments", "sent"), CREATIONS)
async def test_bodies_of_creations(
    mocked: AsyncRootSignals,
    respx_mock: respx.MockRouter,
    arguments: dict[str, object],
    sent: dict[str, object] | None,
) -> None:
    """The text is sent under both names, with what was given and nothing else."""
    create = respx_mock.post(URL).respond(201, json=NEW)

    await mocked.evaluators.create(CRITERIA, name="ab", objective_id="o1", **arguments)  # type: ignore[arg-type]

    assert json.loads(create.calls.last.request.content) == {
        "name": "ab",
        "objective_id": "o1",
        "scoring_criteria": CRITERIA,
        "prompt": CRITERIA,
        **(arguments if sent is None else sent),
    }


EXECUTIONS: list[tuple[dict[str, object], dict[str, object]]] = [
    ({"response": "a"}, {"response": "a"}),
    (
        {"response": "a", "request": "b", "contexts": ("c",), "tags": ["t"], "variables": {}},
        {"response": "a", "request": "b", "contexts": ["c"], "tags": ["t"], "variables": {}},
    ),
    (
        {"turns": [Turn(role="user", content="a"), {"role": "assistant", "content": None}]},
        {"turns": [{"role": "user", "content": "a"}, {"role": "assistant", "content": None}]},
    ),
    (
        {"response": "a", "functions": [{"type": "function"}], "file_ids": [], "user_id": "u"},
        {"response": "a", "functions": [{"type": "function"}], "file_ids": [], "user_id": "u"},
    ),
    (
        {"response": "a", "evaluator_version_id": "v"},
        {"response": "a", "evaluator_version_id": "v"},
    ),
]


@pytest.mark.parametrize(("arguments", "sent"), EXECUTIONS)
async def test_bodies_of_executions(
    mocked: AsyncRootSignals,
    respx_mock: respx.MockRouter,
    arguments: dict[str, object],
    sent: dict[str, object],
) -> None:
    """An execution sends what was given, and no null that was not."""
    run = respx_mock.post(f"{URL}execute/e1/").respond(json=RESULT)
    by_name = respx_mock.post(f"{URL}execute/by-name/", params={"name": "a b"}).respond(json=RESULT)

    await mocked.evaluators.run("e1", **arguments)  # type: ignore[arg-type]
    await mocked.evaluators.run_by_name("a b", **arguments)  # type: ignore[arg-type]

    assert json.loads(run.calls.last.request.content) == sent
    assert json.loads(by_name.calls.last.request.content) == sent


async def test_bodies_of_updates(mocked: AsyncRootSignals, respx_mock: respx.MockRouter) -> None:
    """Omitted fields are not sent, lists can be emptied, and a data set can be removed."""
    update = respx_mock.patch(f"{URL}e1/").respond(json=NEW)

    await mocked.evaluators.update("e1", name="ab", demonstration_dataset_id=None)
    named = json.loads(update.calls.last.request.content)
    await mocked.evaluators.update("e1", evaluator_demonstrations=[], fallback_models=[])
    emptied = json.loads(update.calls.last.request.content)

    assert named == {"name": "ab", "demonstration_dataset_id": None}
    # The main model remains.
    assert emptied == {"evaluator_demonstrations": []}
    with pytest.raises(InvalidRequestError, match="fallback_models must be a list"):
        await mocked.evaluators.update("e1", fallback_models="gpt-4o")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "nothing to evaluate"),
        ({"response": ""}, "nothing to evaluate"),
        ({"response": "a", "turns": []}, "either `turns`, or"),
        ({"turns": []}, "nothing to evaluate"),
        ({"response": 5}, "response must be a string"),
        ({"response": "a", "tags": [""]}, r"tags\.0 must not be empty"),
        ({"response": "a", "contexts": [5]}, r"contexts\.0 must be a string"),
        ({"response": "a", "user_id": "x" * 256}, "user_id must have at most 255"),
        ({"response": "\ud83d"}, "response contains characters that UTF-8 cannot encode"),
        ({"response": "a", "tools": [{"a": object()}]}, "tools contains an object that JSON"),
        ({"response": "a", "tools": [{"a": LOOP}]}, "contains itself, or is nested too deeply"),
    ],
)
async def test_invalid_executions(
    mocked: AsyncRootSignals, arguments: dict[str, object], message: str
) -> None:
    """What the service would refuse is refused before anything is sent."""
    with pytest.raises(InvalidRequestError, match=message):
        await mocked.evaluators.run("e1", **arguments)  # type: ignore[arg-type]


async def test_update_of_nothing(client: AsyncRootSignals) -> None:
    """An update without fields returns the evaluator, and makes no version."""
    created = await client.evaluators.create(CRITERIA, name="Friendly", intent="a")

    assert (await client.evaluators.update(created.id)).version_id == created.version_id


async def test_two_names_of_the_text(mocked: AsyncRootSignals) -> None:
    """The old and the new name of the text are the same setting."""
    with pytest.raises(InvalidRequestError, match="two names of one setting"):
        await mocked.evaluators.update("e1", predicate="a", scoring_criteria="b")


# What comes back.


@pytest.mark.parametrize("returned", [OLD, NEW, OLD | NEW], ids=["old", "new", "both"])
async def test_generations(
    mocked: AsyncRootSignals, respx_mock: respx.MockRouter, returned: dict[str, object]
) -> None:
    """Old and new names of a field can be read, and a dump is what the server sent."""
    respx_mock.get(f"{URL}e1/").respond(json=returned | {"models": ["m"], "novel": [1]})

    evaluator = await mocked.evaluators.get("e1")

    assert (evaluator.prompt, evaluator.scoring_criteria) == (CRITERIA, CRITERIA)
    assert (evaluator.status, evaluator.visibility) == ("unlisted", "private")
    assert evaluator.to_dict() == returned | {"models": ["m"], "novel": [1]}


async def test_no_score(mocked: AsyncRootSignals, respx_mock: respx.MockRouter) -> None:
    """A missing score is None, and a number only if it exists."""
    respx_mock.post(f"{URL}execute/e1/").respond(json=RESULT | {"score": None})

    result = await mocked.evaluators.run("e1", response="a")

    assert result.score is None
    with pytest.raises(RootSignalsError, match=r"The evaluator a gave no score\. x"):
        result.require_score()
    with pytest.raises(RootSignalsError):
        float(result)


# Calls that cost money.


async def test_a_run_is_sent_once(client: AsyncRootSignals, emulator: Server) -> None:
    """After an unclear outcome it is not sent again, and the error warns that it may cost money."""
    emulator.add_fault(Fault(path="/v1/evaluators/*", reset="after"))

    with pytest.raises(APIConnectionError, match="may have processed it and charged for it"):
        await client.evaluators.run(RELEVANCE, response="a")

    assert len(emulator.requests) == 1


async def test_a_refused_run_is_repeated(client: AsyncRootSignals, emulator: Server) -> None:
    """After a refusal it is sent again."""
    emulator.fail_next(status=429, headers={"Retry-After": "0"})

    assert (await client.evaluators.run(RELEVANCE, response="a")).score is not None
    assert len(emulator.requests) == 2


async def test_timeouts_of_runs(emulator: Server) -> None:
    """An attempt may take 120 seconds, and longer if the caller waits longer."""
    async with Recording(emulator.api_key, base_url=emulator.url) as client:
        client.operations = []
        await client.evaluators.run(RELEVANCE, response="a")
        await client.evaluators.Relevance("a", _request_timeout=600)
        await client.evaluators.calibrate_existing(RELEVANCE, test_data=[["0.5", "a"]])

    assert [one.slow_timeout for one in client.operations] == [120, 600, 900]
    assert all(one.costs_money for one in client.operations)


@pytest.mark.parametrize(
    ("timeout", "seconds"), [(5.0, 5.0), (30.0, 120.0), (60.0, 120.0), (300.0, 300.0)]
)
async def test_timeouts_of_the_client(
    mocked: AsyncRootSignals, respx_mock: respx.MockRouter, timeout: float, seconds: float
) -> None:
    """A longer timeout of the client than the default never shortens a run."""
    run = respx_mock.post(f"{URL}execute/e1/").respond(json=RESULT)

    await mocked.with_options(timeout=timeout).evaluators.run("e1", response="a")

    assert run.calls.last.request.extensions["timeout"]["read"] == pytest.approx(seconds, rel=0.1)


# Calibration.

ROWS = [["0.9", "Hello!", "Greet me"], ["0.1", "Go away!", "Greet me"]]


async def test_calibration(client: AsyncRootSignals) -> None:
    """A calibration has a result with the expected score for each row."""
    created = await client.evaluators.create(CRITERIA, name="Friendly", intent="Friendliness")

    stored = await client.evaluators.calibrate_existing(created.id, test_data=ROWS)
    unstored = await client.evaluators.calibrate(
        name="Friendly", test_data=ROWS, prompt=CRITERIA, model="gpt-4o"
    )

    assert [row.result.expected_score for row in stored] == [0.9, 0.1]
    assert len(unstored) == 2
    assert all(row.result.score is not None for row in (*stored, *unstored))
    with pytest.raises(InvalidRequestError, match="either `test_data` or `test_dataset_id`"):
        await client.evaluators.calibrate_existing(created.id)


async def test_calibrate_batch(client: AsyncRootSignals) -> None:
    """Several evaluators are compared by model and by text; one that fails loses no results."""
    definitions = [
        CalibrateBatchParameters(name="One", prompt=CRITERIA, model="gpt-4o"),
        CalibrateBatchParameters(name="Two", prompt="Is {{response}} kind?", model="gpt-4o"),
    ]

    result = await client.evaluators.calibrate_batch(
        evaluator_definitions=definitions, test_data=ROWS, parallel_requests=2
    )
    # As in the old SDK.
    with pytest.raises(ValueError, match=r"the model 'no/such-model' and the text 'Is") as error:
        await client.evaluators.calibrate_batch(
            evaluator_definitions=[
                definitions[0],
                CalibrateBatchParameters(name="Bad", prompt=CRITERIA, model="no/such-model"),
            ],
            test_data=ROWS,
        )

    assert len(result.results) == 4
    assert result.mae_errors_prompt.keys() == {CRITERIA, "Is {{response}} kind?"}
    assert result.rms_errors_model.keys() == {"gpt-4o"}
    assert isinstance(error.value, BulkError)
    assert error.value.succeeded == 1
    assert isinstance(error.value.__cause__, BadRequestError)
    with pytest.raises(InvalidRequestError, match="parallel_requests must be"):
        await client.evaluators.calibrate_batch(
            evaluator_definitions=definitions, test_data=ROWS, parallel_requests=0
        )
