"""Programs as the documentation of the old SDK has them, unchanged, against the emulator."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pydantic
import pytest

from root import APIConnectionError, InvalidRequestError, RootSignals
from root.emulator import Server
from root.generated.openapi_client.exceptions import (
    ApiException,
    BadRequestException,
    ForbiddenException,
    NotFoundException,
    OpenApiException,
    ServiceException,
    UnauthorizedException,
)
from root.generated.openapi_client.models import (
    EvaluatorDemonstrationsRequest,
    EvaluatorExecutionFunctionParameterPropertyRequest,
    EvaluatorExecutionFunctionParameterRequest,
    EvaluatorExecutionFunctionParameterTypeEnum,
    EvaluatorExecutionFunctionRequest,
    EvaluatorExecutionFunctionsRequest,
    EvaluatorExecutionFunctionsTypeEnum,
    InputVariableRequest,
    ModelParamsRequest,
    ReferenceVariableRequest,
)
from root.skills import (
    CalibrateBatchParameters,
    EvaluatorDemonstration,
    Evaluators,
    InputVariable,
    ModelParams,
    ReferenceVariable,
)

REQUEST = "What is the refund policy?"
RESPONSE = "You can return the item within 30 days of purchase."
CONTEXTS = ["Customers may return items within 30 days of purchase.", "Refunds take 5 days."]
PREDICATE = "Is {{response}} friendly?"


@pytest.fixture(autouse=True)
def environment(emulator: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs find the emulator as they find the service."""
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", emulator.api_key)
    monkeypatch.setenv("ROOTSIGNALS_API_URL", emulator.url)


@pytest.fixture
def client() -> Iterator[Any]:
    # Old programs pass what type checkers do not accept today, such as pairs of timeouts.
    with RootSignals() as client:
        yield client


@pytest.fixture
def aclient() -> Any:
    # Old programs neither close a client nor use it in a block.
    return RootSignals(run_async=True)


def test_preset_with_a_response(client: Any) -> None:
    """A preset is called with the response alone, by position or by name."""
    result = client.evaluators.Clarity(RESPONSE)
    again = client.evaluators.Clarity(response=RESPONSE)

    assert 0 <= result.score == again.score <= 1
    assert result.justification
    assert result.evaluator_name == "Clarity"
    assert result.execution_log_id
    assert json.loads(json.dumps(result.model_dump()))["score"] == result.score


def test_preset_with_contexts(client: Any) -> None:
    """A preset takes response, request and contexts by position or by name."""
    one = client.evaluators.Faithfulness(RESPONSE, REQUEST, CONTEXTS)
    other = client.evaluators.Faithfulness(
        request=REQUEST, response=RESPONSE, contexts=CONTEXTS, _request_timeout=(5, 60)
    )

    assert one.score == other.score


def test_presets_by_name(client: Any) -> None:
    """An evaluator of the service can be run by its name, and by its ID."""
    named = client.evaluators.run_by_name(name="Helpfulness", request=REQUEST, response=RESPONSE)
    by_id = client.evaluators.run(
        Evaluators.Eval.Helpfulness.value, request=REQUEST, response=RESPONSE, _request_timeout=60
    )

    assert named.score == by_id.score
    assert client.evaluators.get_by_name("Helpfulness").id == Evaluators.Eval.Helpfulness.value


def test_presets_in_threads(client: Any) -> None:
    """Presets run in a pool of threads, and are keyed by `__name__`."""
    presets = [client.evaluators.Relevance, client.evaluators.Clarity, client.evaluators.Precision]
    with ThreadPoolExecutor() as pool:
        futures = {
            preset.__name__: pool.submit(preset, response=RESPONSE, request=REQUEST)
            for preset in presets
        }
        scores = {name: future.result().score for name, future in futures.items()}

    assert set(scores) == {"Relevance", "Clarity", "Precision"}
    assert all(0 <= score <= 1 for score in scores.values())


def test_unknown_presets(client: Any) -> None:
    """`hasattr` distinguishes presets from other names."""
    assert hasattr(client.evaluators, "Relevance")
    assert not hasattr(client.evaluators, "Relevanz")


async def test_presets_in_asyncio(aclient: Any) -> None:
    """Presets are awaited, alone and together, and results are known by `evaluator_name`."""
    single = await aclient.evaluators.Relevance(response=RESPONSE, request=REQUEST)
    results = await asyncio.gather(
        aclient.evaluators.Relevance(RESPONSE, REQUEST),
        aclient.evaluators.Truthfulness(response=RESPONSE, request=REQUEST, contexts=CONTEXTS),
    )

    scores = {result.evaluator_name: result.score for result in results}
    assert scores["Relevance"] == single.score
    assert set(scores) == {"Relevance", "Truthfulness"}
    assert (await aclient.evaluators.arun_by_name("Clarity", response=RESPONSE)).score is not None


def test_create_and_run(client: Any) -> None:
    """An evaluator is created from its text, and runs."""
    evaluator = client.evaluators.create(
        predicate=PREDICATE,
        name="Friendliness",
        intent="To be friendly",
        model="gpt-4o",
        fallback_models=["gpt-4o-mini"],
    )

    result = evaluator.run(response=RESPONSE, request=REQUEST)

    assert result.evaluator_name == "Friendliness"
    assert evaluator.run(RESPONSE, REQUEST, None, None, None, None, ["a"]).score == result.score
    assert (evaluator.prompt, evaluator.objective.intent) == (PREDICATE, "To be friendly")
    assert evaluator.models == ["gpt-4o", "gpt-4o-mini"]
    assert evaluator.status == "unlisted"
    assert [found.id for found in client.evaluators.list("Friend")] == [evaluator.id]
    assert client.evaluators.list(name="Friendliness").__next__().id == evaluator.id
    assert client.evaluators.get(evaluator.id).version_id == evaluator.version_id
    assert client.evaluators.versions.list(evaluator.id).results[0].id == evaluator.id
    assert client.evaluators.delete(evaluator.id) is None


async def test_create_and_run_in_asyncio(aclient: Any) -> None:
    """The same with a client for asyncio."""
    evaluator = await aclient.evaluators.acreate(PREDICATE, name="Friendliness", intent="Friendly")

    result = await evaluator.arun(response=RESPONSE)

    assert result.evaluator_name == "Friendliness"
    assert [found.id async for found in aclient.evaluators.alist("Friend")] == [evaluator.id]
    assert (await aclient.evaluators.aget(evaluator.id)).prompt == PREDICATE
    assert (await aclient.evaluators.versions.alist(evaluator.id)).results[0].id == evaluator.id
    await aclient.evaluators.aupdate(evaluator.id, name="Kindness", change_note="renamed")
    assert (await aclient.evaluators.aget_by_name("Kindness")).id == evaluator.id
    await aclient.evaluators.adelete(evaluator.id)


def test_model_of_ones_own(client: Any) -> None:
    """A model is created, and an evaluator that uses it."""
    name = "custom/my-llama"
    model_id = client.models.create(name=name, url="https://llm.example/v1", default_key="sk-0123")
    evaluator = client.evaluators.create(predicate=PREDICATE, name="Own model", model=name)

    assert isinstance(model_id, str)
    assert evaluator.models == [name]


FUNCTIONS = [
    EvaluatorExecutionFunctionsRequest(
        type=EvaluatorExecutionFunctionsTypeEnum.FUNCTION,
        function=EvaluatorExecutionFunctionRequest(
            name="get_weather",
            description="The weather in a city",
            parameters=EvaluatorExecutionFunctionParameterRequest(
                type=EvaluatorExecutionFunctionParameterTypeEnum.OBJECT,
                properties={
                    "city": EvaluatorExecutionFunctionParameterPropertyRequest(type="string")
                },
                required=["city"],
            ),
        ),
    )
]


def test_functions(client: Any, emulator: Server) -> None:
    """Functions are passed as objects of the generated classes."""
    client.evaluators.JSON_Property_Completeness(response="{}", functions=FUNCTIONS)

    sent = cast("dict[str, Any]", emulator.requests[-1].json)
    assert sent["functions"] == [
        {
            "type": "function",
            "function": {
                "name": "get_weather",
                "description": "The weather in a city",
                "parameters": {
                    "type": "object",
                    "properties": {"city": {"type": "string"}},
                    "required": ["city"],
                },
            },
        }
    ]


@pytest.mark.parametrize("generated", [False, True], ids=["skills", "generated"])
def test_parts_of_an_evaluator(client: Any, emulator: Server, generated: bool) -> None:
    """Variables, parameters and examples are of `root.skills`, or generated."""
    dataset = client.datasets.create(name="Ranks", type="reference")
    parts: dict[str, Any] = (
        {
            "input_variables": [InputVariableRequest(name="tone")],
            "reference_variables": [ReferenceVariableRequest(name="ranks", dataset=dataset.id)],
            "model_params": ModelParamsRequest(temperature=0.5),
            "evaluator_demonstrations": [EvaluatorDemonstrationsRequest(response="Hi", score=1)],
        }
        if generated
        else {
            "input_variables": [InputVariable(name="tone")],
            "reference_variables": [ReferenceVariable(name="ranks", dataset_id=dataset.id)],
            "model_params": ModelParams(temperature=0.5),
            "evaluator_demonstrations": [EvaluatorDemonstration(response="Hi", score=1.0)],
        }
    )

    evaluator = client.evaluators.create(
        "Is {{response}} {{tone}}, by {{ranks}}?", name="Parts", **parts
    )

    sent = cast("dict[str, Any]", emulator.requests[-1].json)
    assert sent["input_variables"] == [{"name": "tone"}]
    assert sent["reference_variables"] == [{"name": "ranks", "dataset": dataset.id}]
    assert sent["model_params"] == {"temperature": 0.5}
    # The value of the other one is in the data set.
    assert [one.name for one in evaluator.input_variables] == ["tone"]
    (example,) = evaluator.evaluator_demonstrations
    assert (example.response, example.score) == ("Hi", 1.0)
    assert evaluator.run(RESPONSE, variables={"tone": "kind", "ranks": "Private"}).score is not None
    # What was read is sent again.
    client.evaluators.update(
        evaluator.id,
        evaluator_demonstrations=[*evaluator.evaluator_demonstrations, example],
    )
    assert len(client.evaluators.get(evaluator.id).evaluator_demonstrations) == 2


def test_tags_and_logs(client: Any) -> None:
    """A tagged run is found in the logs, by its result and by its tag."""
    result = client.evaluators.Relevance(
        response=RESPONSE, request=REQUEST, contexts=CONTEXTS, tags=["my-tag"]
    )

    log = client.execution_logs.get(execution_result=result)
    assert log.id == result.execution_log_id
    assert client.execution_logs.get(log_id=log.id).score == result.score
    (found,) = client.execution_logs.list(tags=["my-tag"], include=["evaluation_context"])
    assert (found.id, found.evaluation_context.contexts) == (log.id, CONTEXTS)
    assert next(client.execution_logs.list(limit=10)).id == log.id
    with pytest.raises(ValueError, match="log_id"):
        client.execution_logs.get()


async def test_tags_and_logs_in_asyncio(aclient: Any) -> None:
    """The same with a client for asyncio."""
    result = await aclient.evaluators.Relevance(RESPONSE, REQUEST, tags=["my-tag"])

    log = await aclient.execution_logs.aget(execution_result=result)
    found = [one.id async for one in aclient.execution_logs.alist(tags=["my-tag"], limit=10)]
    assert found == [log.id]


TEST_DATA = [["0.1", "Go away."], ["0.9", "You are welcome."]]


def test_calibration(client: Any) -> None:
    """An evaluator is calibrated, and gets examples."""
    evaluator = client.evaluators.create(predicate=PREDICATE, name="Friendliness")
    before = client.evaluators.calibrate_existing(evaluator_id=evaluator.id, test_data=TEST_DATA)
    client.evaluators.update(
        evaluator_id=evaluator.id,
        evaluator_demonstrations=[
            EvaluatorDemonstration(request="Bye", response="Go away.", score=0.1)
        ],
    )

    after = client.evaluators.calibrate_existing(evaluator.id, test_data=TEST_DATA)

    assert [row.result.expected_score for row in before] == [0.1, 0.9]
    assert after[0].result.score is not None
    new = client.evaluators.calibrate(
        name="New", test_data=TEST_DATA, prompt=PREDICATE, model="gpt-4o"
    )
    assert new[0].result.expected_score == 0.1
    with pytest.raises(ValueError, match="test_data"):
        client.evaluators.calibrate_existing(evaluator.id)


def test_calibration_of_several(client: Any) -> None:
    """Several evaluators are calibrated, and their errors are keyed by model and by text."""
    result = client.evaluators.calibrate_batch(
        evaluator_definitions=[
            CalibrateBatchParameters("one", PREDICATE, "gpt-4o"),
            CalibrateBatchParameters("two", PREDICATE, "gpt-4o-mini"),
        ],
        test_data=TEST_DATA,
        parallel_requests=2,
    )

    assert len(result.results) == 4
    assert set(result.rms_errors_model) == set(result.mae_errors_model) == {"gpt-4o", "gpt-4o-mini"}
    assert set(result.rms_errors_prompt) == set(result.mae_errors_prompt) == {PREDICATE}


async def test_calibration_in_asyncio(aclient: Any) -> None:
    """The same with a client for asyncio."""
    rows = await aclient.evaluators.acalibrate(
        name="New", test_data=TEST_DATA, prompt=PREDICATE, model="gpt-4o"
    )

    assert len(rows) == 2


def test_objectives(client: Any) -> None:
    """Objectives are created, listed, changed and deleted."""
    objective = client.objectives.create(intent="To be friendly")

    assert client.objectives.get(objective.id).intent == "To be friendly"
    assert [one.id for one in client.objectives.list(intent="To be friendly")] == [objective.id]
    assert client.objectives.update(objective.id, intent="To be kind").intent == "To be kind"
    assert len(client.objectives.versions.list(objective.id).results) == 2
    evaluator = client.evaluators.create(PREDICATE, name="Kind", objective_id=objective.id)
    assert evaluator.objective.id == objective.id
    client.evaluators.delete(evaluator.id)
    client.objectives.delete(objective.id)


async def test_objectives_in_asyncio(aclient: Any) -> None:
    """The same with a client for asyncio."""
    objective = await aclient.objectives.acreate(intent="To be friendly")

    assert [one.id async for one in aclient.objectives.alist(limit=1)] == [objective.id]
    assert (await aclient.objectives.aget(objective.id)).id == objective.id
    await aclient.objectives.adelete(objective.id)


def test_datasets(client: Any, tmp_path: Path) -> None:
    """A data set is created from a file, listed and deleted."""
    path = tmp_path / "ranks.csv"
    path.write_text("Private\nColonel\n")

    dataset = client.datasets.create(name="Ranks", path=str(path), type="reference")

    assert client.datasets.get(dataset.id).name == "Ranks"
    assert dataset.type == "reference"
    assert [one.id for one in client.datasets.list("Ranks")] == [dataset.id]
    client.datasets.delete(dataset.id)


def test_generated_judge(client: Any) -> None:
    """A judge is generated, retrieved and run."""
    intent = "I am building a chatbot that answers questions about refunds."
    definition = client.judges.generate(intent=intent, stage="response", visibility="unlisted")

    judge = client.judges.get(definition.judge_id)
    response = client.judges.run(judge_id=judge.id, response=RESPONSE, request=REQUEST)

    assert response.evaluator_results
    for result in response.evaluator_results:
        assert result.evaluator_name
        assert 0 <= result.score <= 1
    assert judge.run(response=RESPONSE, request=REQUEST).evaluator_results
    assert client.judges.run_by_name(judge.name, response=RESPONSE).evaluator_results
    assert client.beta.judges.get(judge.id).id == judge.id


def test_judge_of_presets(client: Any) -> None:
    """A judge is made of evaluators of the service, by the generated class."""
    # Type checkers know only the package of the models.
    from root.generated.openapi_client.models.evaluator_reference_request import (
        EvaluatorReferenceRequest,
    )

    judge = client.judges.create(
        name="Support judge",
        intent="To be helpful and clear",
        evaluator_references=[
            EvaluatorReferenceRequest(id=Evaluators.Eval.Truthfulness.value),
            EvaluatorReferenceRequest(id=Evaluators.Eval.Clarity.value, version_id=None),
        ],
        stage="production",
        status="unlisted",
    )

    results = judge.run(response=RESPONSE, request=REQUEST, contexts=CONTEXTS, tags=["a"])
    assert {one.evaluator_name for one in results.evaluator_results} == {"Truthfulness", "Clarity"}
    assert judge.id in [one.id for one in client.judges.list(limit=10)]
    client.judges.update(judge.id, name="Renamed judge")
    client.judges.delete(judge.id)


async def test_judges_in_asyncio(aclient: Any) -> None:
    """The same with a client for asyncio."""
    definition = await aclient.judges.agenerate(intent="Answers questions about our refunds.")
    judge = await aclient.judges.aget(definition.judge_id)

    assert (await judge.arun(response=RESPONSE)).evaluator_results
    assert (await aclient.judges.arun(judge.id, response=RESPONSE)).evaluator_results


ERRORS = {
    400: BadRequestException,
    401: UnauthorizedException,
    403: ForbiddenException,
    404: NotFoundException,
    500: ServiceException,
}


@pytest.mark.parametrize("status", ERRORS)
def test_errors(client: Any, emulator: Server, status: int) -> None:
    """Old `except` clauses catch the errors, which have the old attributes."""
    emulator.fail_next(9, status=status, body={"detail": f"No, {emulator.api_key}"})

    with pytest.raises(ApiException) as caught:
        client.evaluators.get("00000000-0000-4000-8000-000000000000", _request_timeout=60)

    error = caught.value
    assert type(error) is ERRORS[status]
    assert isinstance(error, OpenApiException)
    assert error.status == status
    assert error.reason
    assert json.loads(error.body or "")["detail"] == "No, [redacted]"
    assert error.headers["content-type"].startswith("application/")


def test_error_headers(client: Any, emulator: Server) -> None:
    """A key that the server echoes in a header is redacted, in copies too."""
    emulator.fail_next(status=404, headers={"X-Echo": f"key {emulator.api_key}"})

    with pytest.raises(ApiException) as caught:
        client.objectives.get("00000000-0000-4000-8000-000000000000")

    assert caught.value.headers["x-echo"] == "key [redacted]"


def test_pairs_of_timeouts(client: Any) -> None:
    """A pair of timeouts, for connecting and reading, bounds the whole call together."""
    assert client.evaluators.Clarity(RESPONSE, _request_timeout=(5, None)).score is not None
    assert list(client.execution_logs.list(_request_timeout=(5, 60)))
    with pytest.raises(TimeoutError):
        client.objectives.create(intent="To be friendly", _request_timeout=(1e-9, 1e-9))
    with pytest.raises(ValueError, match="greater than 0"):
        client.evaluators.Clarity(RESPONSE, _request_timeout=(0, 60))


def test_nothing_to_evaluate(client: Any) -> None:
    """The checks of the old SDK are ValueErrors."""
    with pytest.raises(ValueError, match="nothing to evaluate"):
        client.evaluators.Relevance()
    with pytest.raises(ValueError, match="no evaluator"):
        client.evaluators.get_by_name("Nonexistent")


CLAUSES: dict[str, tuple[Callable[[Any], object], type[Exception], type[Exception]]] = {
    "connection": (
        lambda _: RootSignals(base_url="http://127.0.0.1:1", max_retries=0).objectives.get("1"),
        OSError,
        APIConnectionError,
    ),
    "argument": (
        lambda client: client.evaluators.run(5, response="x"),
        pydantic.ValidationError,
        InvalidRequestError,
    ),
    "file": (
        lambda client: client.datasets.create(path="nope.csv"),
        FileNotFoundError,
        InvalidRequestError,
    ),
}


@pytest.mark.parametrize("what", CLAUSES)
def test_clauses_that_must_be_changed(client: Any, what: str) -> None:
    """Errors of other packages, which passed through the old SDK, have the classes of the page."""
    call, old, new = CLAUSES[what]
    with pytest.raises(new) as caught:
        call(client)

    assert not isinstance(caught.value, old)
    page = (Path(__file__).parents[2] / "docs" / "migration.md").read_text(encoding="utf-8")
    (row,) = re.findall(rf"^\| (?:the|an?) {what}.*", page, re.MULTILINE)
    assert f"`except {old.__name__}`" in row.replace("pydantic.", "")
    assert f"`except {new.__name__}`" in row


def test_objects_as_data(client: Any) -> None:
    """Objects become plain data and text, and are made of them."""
    evaluator = client.evaluators.create(PREDICATE, name="Friendliness")
    kind = type(evaluator)

    for again in (kind.from_dict(evaluator.to_dict()), kind.from_json(evaluator.to_json())):
        assert (again.id, again.prompt) == (evaluator.id, PREDICATE)
    assert json.loads(evaluator.to_json()) == evaluator.to_dict()
    assert evaluator.id in evaluator.to_str()
    assert json.loads(evaluator.model_dump_json())["id"] == evaluator.id
