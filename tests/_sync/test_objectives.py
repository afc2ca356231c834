# Generated from tests/_async/test_objectives.py by scripts/generate_sync.py. Do not edit.
"""Objectives: every method against the emulator, and what it sends."""

from __future__ import annotations

import json

import pytest
import respx

from root import InvalidRequestError, NotFoundError, RootSignals

URL = "http://api.test/v1/objectives/"
OBJECTIVE = {"id": "o1", "intent": "a"}


def test_create_and_get(client: RootSignals) -> None:
    """A created objective is returned as a whole, and can be retrieved by two names."""
    created = client.objectives.create(intent="Friendliness")

    assert created.intent == "Friendliness"
    assert created.owner is not None
    assert client.objectives.get(created.id) == created
    assert client.objectives.retrieve(created.id) == created


def test_update_makes_a_version(client: RootSignals) -> None:
    """A change makes a version; the ID stays."""
    created = client.objectives.create(intent="Friendliness")

    updated = client.objectives.update(created.id, intent="Kindness")
    replaced = client.objectives.replace(created.id, intent="Warmth")
    other = client.objectives.replace(created.id, intent="Else", force_create=True)

    assert created.id == updated.id == replaced.id != other.id
    page = client.objectives.versions.list(created.id, page_size=2)
    rest = client.objectives.versions.list(created.id, cursor=page.next)
    assert [one.intent for one in (*page.results, *rest.results)] == [
        *("Warmth", "Kindness", "Friendliness")
    ]


def test_list(client: RootSignals) -> None:
    """A listing has all objectives, or those with an intent."""
    for intent in ("Friendliness", "Kindness"):
        client.objectives.create(intent=intent)

    assert {one.intent for one in client.objectives.list()} == {"Friendliness", "Kindness"}
    assert [one.intent for one in client.objectives.list(intent="Kindness")] == ["Kindness"]
    assert [one.intent for one in client.objectives.list(search="friend")] == ["Friendliness"]


def test_delete(client: RootSignals) -> None:
    """A deleted objective does not exist any more."""
    created = client.objectives.create(intent="a")

    client.objectives.delete(created.id)

    with pytest.raises(NotFoundError):
        client.objectives.get(created.id)


def test_requests(mocked: RootSignals, respx_mock: respx.MockRouter) -> None:
    """A request has what was given, and nothing else."""
    create = respx_mock.post(URL).respond(201, json={"id": "o1"})
    respx_mock.get(f"{URL}o1/").respond(json=OBJECTIVE)
    update = respx_mock.patch(f"{URL}o1/").respond(json=OBJECTIVE)
    listing = respx_mock.get(URL).respond(json={"results": []})

    mocked.objectives.create()
    mocked.objectives.update("o1", test_dataset_id="d1")
    for _ in mocked.objectives.list(include_public=True, project_id="p1", limit=5):
        pass

    assert json.loads(create.calls.last.request.content) == {}
    assert json.loads(update.calls.last.request.content) == {"test_dataset_id": "d1"}
    assert dict(listing.calls.last.request.url.params) == {
        "page_size": "5",
        "include_public": "true",
        "project_id": "p1",
    }


def test_invalid_arguments(mocked: RootSignals) -> None:
    """What the service would reject is refused before anything is sent."""
    with pytest.raises(InvalidRequestError, match="intent must not be empty"):
        mocked.objectives.create(intent="")
    with pytest.raises(InvalidRequestError, match="at least one of"):
        mocked.objectives.update("o1")
    with pytest.raises(InvalidRequestError, match="objective ID"):
        mocked.objectives.get("")
