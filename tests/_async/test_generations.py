"""Older and newer servers: the clients send what each requires, and read what it returns."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import get_args

import pytest

from root import AsyncRootSignals
from root.emulator import Generation, Server, serve

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
    """A log has what was evaluated, by both names."""
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
