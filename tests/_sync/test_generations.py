# Generated from tests/_async/test_generations.py by scripts/generate_sync.py. Do not edit.
"""Older and newer servers: the clients send what each requires, and read what it returns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

import pytest

from root import RootSignals
from root.emulator import Generation, Server, serve

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
    """A log has what was evaluated, by both names."""
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
