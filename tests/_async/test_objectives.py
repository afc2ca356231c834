"""Objectives: every method against the emulator, and what it sends."""

from __future__ import annotations

import json

import pytest
import respx

from root import AsyncRootSignals, InvalidRequestError, NotFoundError

URL = "http://api.test/v1/objectives/"
OBJECTIVE = {"id": "o1", "intent": "a"}


async def test_create_and_get(client: AsyncRootSignals) -> None:
    """A created objective is returned as a whole, and can be retrieved by two names."""
    created = await client.objectives.create(intent="Friendliness")

    assert created.intent == "Friendliness"
    assert created.owner is not None
    assert await client.objectives.get(created.id) == created
    assert await client.objectives.retrieve(created.id) == created


async def test_update_makes_a_version(client: AsyncRootSignals) -> None:
    """A change makes a version; the ID stays."""
    created = await client.objectives.create(intent="Friendliness")

    updated = await client.objectives.update(created.id, intent="Kindness")
    replaced = await client.objectives.replace(created.id, intent="Warmth")
    other = await client.objectives.replace(created.id, intent="Else", force_create=True)

    assert created.id == updated.id == replaced.id != other.id
    page = await client.objectives.versions.list(created.id, page_size=2)
    rest = await client.objectives.versions.list(created.id, cursor=page.next)
    assert [one.intent for one in (*page.results, *rest.results)] == [
        *("Warmth", "Kindness", "Friendliness")
    ]


async def test_list(client: AsyncRootSignals) -> None:
    """A listing has all objectives, or those with an intent."""
    for intent in ("Friendliness", "Kindness"):
        await client.objectives.create(intent=intent)

    assert {one.intent async for one in client.objectives.list()} == {"Friendliness", "Kindness"}
    assert [one.intent async for one in client.objectives.list(intent="Kindness")] == ["Kindness"]
    assert [one.intent async for one in client.objectives.list(search="friend")] == ["Friendliness"]


async def test_delete(client: AsyncRootSignals) -> None:
    """A deleted objective does not exist any more."""
    created = await client.objectives.create(intent="a")

    await client.objectives.delete(created.id)

    with pytest.raises(NotFoundError):
        await client.objectives.get(created.id)


async def test_requests(mocked: AsyncRootSignals, respx_mock: respx.MockRouter) -> None:
    """A request has what was given, and nothing else."""
    create = respx_mock.post(URL).respond(201, json={"id": "o1"})
    respx_mock.get(f"{URL}o1/").respond(json=OBJECTIVE)
    update = respx_mock.patch(f"{URL}o1/").respond(json=OBJECTIVE)
    listing = respx_mock.get(URL).respond(json={"results": []})

    await mocked.objectives.create()
    await mocked.objectives.update("o1", test_dataset_id="d1")
    async for _ in mocked.objectives.list(include_public=True, project_id="p1", limit=5):
        pass

    assert json.loads(create.calls.last.request.content) == {}
    assert json.loads(update.calls.last.request.content) == {"test_dataset_id": "d1"}
    assert dict(listing.calls.last.request.url.params) == {
        "page_size": "5",
        "include_public": "true",
        "project_id": "p1",
    }


async def test_invalid_arguments(mocked: AsyncRootSignals) -> None:
    """What the service would reject is refused before anything is sent."""
    with pytest.raises(InvalidRequestError, match="intent must not be empty"):
        await mocked.objectives.create(intent="")
    with pytest.raises(InvalidRequestError, match="at least one of"):
        await mocked.objectives.update("o1")
    with pytest.raises(InvalidRequestError, match="objective ID"):
        await mocked.objectives.get("")
