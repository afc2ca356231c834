# Generated from tests/_async/test_generations.py by scripts/generate_sync.py. Do not edit.
"""Older and newer servers: the clients send what each requires, and read what it returns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest

from root import NotFoundError, RootSignals
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
def caller(generation: Server) -> Iterator[RootSignals]:
    with RootSignals(api_key=generation.add_key(), base_url=generation.url) as client:
        yield client


def test_evaluators(caller: RootSignals) -> None:
    """An evaluator has its text and its visibility by both names, in every response."""
    created = caller.evaluators.create(CRITERIA, name="kind", intent="Be kind.")
    got = caller.evaluators.get(created.id)
    updated = caller.evaluators.update(created.id, name="kinder")
    named = caller.evaluators.get_by_name("kinder")
    listed = [one for one in caller.evaluators.list(name="kinder")]
    versions = (caller.evaluators.versions.list(created.id)).results

    assert len(listed) == 1
    assert len(versions) == 2
    for one in (created, got, updated, named, *versions):
        assert one.scoring_criteria == one.prompt == CRITERIA
        assert (one.visibility, one.status) == ("private", "unlisted")
        assert one.objective is not None
        assert one.objective.intent == "Be kind."
    assert listed[0].scoring_criteria == listed[0].prompt == CRITERIA
    assert (listed[0].visibility, listed[0].status) == ("private", "unlisted")


def test_runs(caller: RootSignals) -> None:
    """An execution has a score and a log, by ID, by name and of the service."""
    created = caller.evaluators.create(CRITERIA, name="kind", intent="Be kind.")
    results = [
        created.run(response="Yes."),
        caller.evaluators.run(created.id, response="Yes."),
        caller.evaluators.run_by_name("kind", response="Yes."),
        caller.evaluators.Relevance("Yes.", "May I?"),
    ]

    for result in results:
        assert result.score is not None
        assert result.evaluator_name in ("kind", "Relevance")


def test_execution_logs(caller: RootSignals) -> None:
    """A log contains what was evaluated, by both names."""
    result = caller.evaluators.run_by_name("Clarity", response="Yes.", tags=["a"])

    log = caller.execution_logs.get(execution_result=result)
    listed = [one for one in caller.execution_logs.list(tags=["a"])]

    assert log.score == listed[0].score == result.score
    assert log.scoring_criteria == log.prompt_template == ""
    assert (log.executed_item_name, log.tags) == ("Clarity", ["a"])


def test_objectives(caller: RootSignals) -> None:
    """An objective is the same when created, changed and listed."""
    created = caller.objectives.create(intent="Be kind.")
    changed = caller.objectives.update(created.id, intent="Be very kind.")
    got = caller.objectives.get(created.id)
    listed = [one for one in caller.objectives.list()]

    assert changed.intent == got.intent == listed[0].intent == "Be very kind."


def test_data_sets(caller: RootSignals) -> None:
    """A data set is read when created, retrieved and listed."""
    created = caller.datasets.create(name="replies")
    got = caller.datasets.get(created.id)
    listed = [one for one in caller.datasets.list()]

    assert created.name == got.name == listed[0].name == "replies"


REFERENCES: list[EvaluatorReference | dict[str, str]] = [
    EvaluatorReference(id=Eval.Clarity.value),
    {"id": Eval.Relevance.value},
]


def make_judge(caller: RootSignals, name: str) -> Any:
    """Create a judge of two evaluators of the service."""
    return caller.judges.create(name=name, intent="Be kind.", evaluator_references=REFERENCES)


def test_judges(caller: RootSignals) -> None:
    """A judge has its intent and its visibility by both names, in every response."""
    created = make_judge(caller, "kindness")
    got = caller.judges.get(created.id)
    updated = caller.judges.update(created.id, name="all kindness")
    named = caller.judges.get_by_name("all kindness")
    replaced = caller.judges.replace(
        created.id, name="kindness", intent="Be kind.", evaluator_references=REFERENCES
    )
    copied = caller.judges.duplicate(created.id)
    listed = [one for one in caller.judges.list(name="kindness")]

    for one in (created, got, updated, named, replaced, copied, listed[0]):
        assert one.intent == "Be kind."
        assert (one.visibility, one.status) == ("private", "unlisted")
        assert [each.name for each in one.evaluators or []] == ["Clarity", "Relevance"]
    for one in (created, got, updated, named, replaced, copied):
        assert one.objective is not None
        assert one.objective.intent == "Be kind."
    caller.judges.delete(created.id)
    with pytest.raises(NotFoundError):
        caller.judges.get(created.id)


def test_runs_of_judges(caller: RootSignals) -> None:
    """A run of a judge has a result for each evaluator, by ID, by name and on the judge."""
    created = make_judge(caller, "runner")
    results = [
        created.run(response="Yes.", request="May I?"),
        caller.judges.run(created.id, response="Yes.", request="May I?", tags=["a"]),
        caller.judges.run_by_name("runner", response="Yes.", request="May I?"),
    ]

    for result in results:
        names = [one.evaluator_name for one in result.evaluator_results]
        assert names == ["Clarity", "Relevance"]
        assert all(0 <= one.require_score() <= 1 for one in result.evaluator_results)


def test_generated_judges(caller: RootSignals) -> None:
    """A generated judge can be retrieved and run, however its visibility is called."""
    for visibility in ("private", "unlisted", "public"):
        generated = caller.judges.generate(
            intent="Polite answers to customers of a shop", visibility=visibility
        )
        assert generated.judge_id
        judge = caller.judges.get(generated.judge_id)
        assert judge.evaluators
        assert (judge.run(response="Yes.", request="May I?")).evaluator_results


def test_refinements(caller: RootSignals) -> None:
    """A response is refined, at once, and as a stream even if the server has none."""
    created = make_judge(caller, "refiner")

    result = caller.judges.refine(created.id, request="Why?", response="Because.")
    events = caller.judges.refine(created.id, request="Why?", response="Because.", stream=True)
    *_, last = [event for event in events]

    assert result.original_response == "Because."
    assert last.improved_response == result.improved_response
    for results in (result.evaluator_results, result.original_evaluator_results):
        assert [one.evaluator_name for one in results or []] == ["Clarity", "Relevance"]


def test_batches(caller: RootSignals) -> None:
    """A batch of a judge is created, waited for and listed."""
    created = make_judge(caller, "batches")

    batch = caller.judges.batches.create(created.id, [{"response": "a"}, {"response": "b"}])
    done = caller.judges.batches.wait(batch.id)
    listed = [one.id for one in caller.judges.batches.list(judge_id=created.id)]

    assert done.status == "completed"
    assert [len(item.evaluator_results or []) for item in done.items] == [2, 2]
    assert listed == [batch.id]
