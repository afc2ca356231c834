"""Older and newer servers: the clients send what each requires, and read what it returns."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, get_args

import pytest

from root import AsyncRootSignals, NotFoundError
from root.emulator import Generation, Server, serve
from root.evaluators import Eval
from root.judges import EvaluatorReference

CRITERIA = "Is {{response}} kind?"


@pytest.fixture(scope="module", params=get_args(Generation))
def generation(request: pytest.FixtureRequest) -> Iterator[Server]:
    """An emulator for each generation of the service."""
    found: Generation = request.param
    with serve(generation=found) as server:
        yield server


@pytest.fixture
async def caller(generation: Server) -> AsyncIterator[AsyncRootSignals]:
    async with AsyncRootSignals(api_key=generation.add_key(), base_url=generation.url) as client:
        yield client


async def test_evaluators(caller: AsyncRootSignals) -> None:
    """An evaluator has its text and its visibility by both names, in every response."""
    created = await caller.evaluators.create(CRITERIA, name="kind", intent="Be kind.")
    got = await caller.evaluators.get(created.id)
    updated = await caller.evaluators.update(created.id, name="kinder")
    named = await caller.evaluators.get_by_name("kinder")
    listed = [one async for one in caller.evaluators.list(name="kinder")]
    versions = (await caller.evaluators.versions.list(created.id)).results

    assert len(listed) == 1
    assert len(versions) == 2
    for one in (created, got, updated, named, *versions):
        assert one.scoring_criteria == one.prompt == CRITERIA
        assert (one.visibility, one.status) == ("private", "unlisted")
        assert one.objective is not None
        assert one.objective.intent == "Be kind."
    assert listed[0].scoring_criteria == listed[0].prompt == CRITERIA
    assert (listed[0].visibility, listed[0].status) == ("private", "unlisted")


async def test_runs(caller: AsyncRootSignals) -> None:
    """An execution has a score and a log, by ID, by name and of the service."""
    created = await caller.evaluators.create(CRITERIA, name="kind", intent="Be kind.")
    results = [
        await created.run(response="Yes."),
        await caller.evaluators.run(created.id, response="Yes."),
        await caller.evaluators.run_by_name("kind", response="Yes."),
        await caller.evaluators.Relevance("Yes.", "May I?"),
    ]

    for result in results:
        assert result.score is not None
        assert result.evaluator_name in ("kind", "Relevance")


async def test_execution_logs(caller: AsyncRootSignals) -> None:
    """A log contains what was evaluated, by both names."""
    result = await caller.evaluators.run_by_name("Clarity", response="Yes.", tags=["a"])

    log = await caller.execution_logs.get(execution_result=result)
    listed = [one async for one in caller.execution_logs.list(tags=["a"])]

    assert log.score == listed[0].score == result.score
    assert log.scoring_criteria == log.prompt_template == ""
    assert (log.executed_item_name, log.tags) == ("Clarity", ["a"])


async def test_objectives(caller: AsyncRootSignals) -> None:
    """An objective is the same when created, changed and listed."""
    created = await caller.objectives.create(intent="Be kind.")
    changed = await caller.objectives.update(created.id, intent="Be very kind.")
    got = await caller.objectives.get(created.id)
    listed = [one async for one in caller.objectives.list()]

    assert changed.intent == got.intent == listed[0].intent == "Be very kind."


async def test_data_sets(caller: AsyncRootSignals) -> None:
    """A data set is read when created, retrieved and listed."""
    created = await caller.datasets.create(name="replies")
    got = await caller.datasets.get(created.id)
    listed = [one async for one in caller.datasets.list()]

    assert created.name == got.name == listed[0].name == "replies"


REFERENCES: list[EvaluatorReference | dict[str, str]] = [
    EvaluatorReference(id=Eval.Clarity.value),
    {"id": Eval.Relevance.value},
]


async def make_judge(caller: AsyncRootSignals, name: str) -> Any:
    """Create a judge of two evaluators of the service."""
    return await caller.judges.create(name=name, intent="Be kind.", evaluator_references=REFERENCES)


async def test_judges(caller: AsyncRootSignals) -> None:
    """A judge has its intent and its visibility by both names, in every response."""
    created = await make_judge(caller, "kindness")
    got = await caller.judges.get(created.id)
    updated = await caller.judges.update(created.id, name="all kindness")
    named = await caller.judges.get_by_name("all kindness")
    replaced = await caller.judges.replace(
        created.id, name="kindness", intent="Be kind.", evaluator_references=REFERENCES
    )
    copied = await caller.judges.duplicate(created.id)
    listed = [one async for one in caller.judges.list(name="kindness")]

    for one in (created, got, updated, named, replaced, copied, listed[0]):
        assert one.intent == "Be kind."
        assert (one.visibility, one.status) == ("private", "unlisted")
        assert [each.name for each in one.evaluators or []] == ["Clarity", "Relevance"]
    for one in (created, got, updated, named, replaced, copied):
        assert one.objective is not None
        assert one.objective.intent == "Be kind."
    await caller.judges.delete(created.id)
    with pytest.raises(NotFoundError):
        await caller.judges.get(created.id)


async def test_runs_of_judges(caller: AsyncRootSignals) -> None:
    """A run of a judge has a result for each evaluator, by ID, by name and on the judge."""
    created = await make_judge(caller, "runner")
    results = [
        await created.run(response="Yes.", request="May I?"),
        await caller.judges.run(created.id, response="Yes.", request="May I?", tags=["a"]),
        await caller.judges.run_by_name("runner", response="Yes.", request="May I?"),
    ]

    for result in results:
        names = [one.evaluator_name for one in result.evaluator_results]
        assert names == ["Clarity", "Relevance"]
        assert all(0 <= one.require_score() <= 1 for one in result.evaluator_results)


async def test_generated_judges(caller: AsyncRootSignals) -> None:
    """A generated judge can be retrieved and run, however its visibility is called."""
    for visibility in ("private", "unlisted", "public"):
        generated = await caller.judges.generate(
            intent="Polite answers to customers of a shop", visibility=visibility
        )
        assert generated.judge_id
        judge = await caller.judges.get(generated.judge_id)
        assert judge.evaluators
        assert (await judge.run(response="Yes.", request="May I?")).evaluator_results


async def test_refinements(caller: AsyncRootSignals) -> None:
    """A response is refined, at once, and as a stream even if the server has none."""
    created = await make_judge(caller, "refiner")

    result = await caller.judges.refine(created.id, request="Why?", response="Because.")
    events = await caller.judges.refine(
        created.id, request="Why?", response="Because.", stream=True
    )
    *_, last = [event async for event in events]

    assert result.original_response == "Because."
    assert last.improved_response == result.improved_response
    for results in (result.evaluator_results, result.original_evaluator_results):
        assert [one.evaluator_name for one in results or []] == ["Clarity", "Relevance"]


async def test_batches(caller: AsyncRootSignals) -> None:
    """A batch of a judge is created, waited for and listed."""
    created = await make_judge(caller, "batches")

    batch = await caller.judges.batches.create(created.id, [{"response": "a"}, {"response": "b"}])
    done = await caller.judges.batches.wait(batch.id)
    listed = [one.id async for one in caller.judges.batches.list(judge_id=created.id)]

    assert done.status == "completed"
    assert [len(item.evaluator_results or []) for item in done.items] == [2, 2]
    assert listed == [batch.id]
