"""Objectives: every method against the emulator, and what it sends."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, cast
from uuid import UUID

import httpx
import pytest
import respx

from root import AsyncRootSignals, BadRequestError, InvalidRequestError, NotFoundError
from root.emulator import Fault, Server
from root.objectives import Objective, ObjectiveList

URL = "http://api.test/v1/objectives/"
ID = "9b2f0c1e-3d64-4f0e-8f7e-2f1f7f3f9f10"
OTHER_ID = "0c1e9b2f-3d64-4f0e-8f7e-2f1f7f3f9f10"
PAGE = {"next": "abc", "previous": None, "results": [{"id": ID, "intent": "a"}]}


async def test_create_and_get(client: AsyncRootSignals) -> None:
    """A created objective is complete, and can be retrieved by both names of the method."""
    data_set = await client.datasets.create(name="Examples", type="test")

    created = await client.objectives.create(intent="Is it polite?", test_dataset_id=data_set.id)

    assert (created.intent, created.test_dataset_id) == ("Is it polite?", data_set.id)
    assert created.version_id
    assert created.created_at is not None
    assert created.owner
    assert await client.objectives.get(created.id) == created
    assert await client.objectives.retrieve(created.id) == created


async def test_created_and_not_read(client: AsyncRootSignals, emulator: Server) -> None:
    """If a new objective cannot be read, the error has its ID, so that it is not made again."""
    emulator.add_fault(Fault(method="GET", path="/v1/objectives/*", status=400))

    with pytest.raises(BadRequestError) as error:
        await client.objectives.create(intent="a")

    (created,) = emulator.objectives
    assert f"The objective exists: its ID is {created.id}." in str(error.value)
    assert error.value.may_have_been_processed


@pytest.mark.parametrize("older", [{}, {"status": "listed", "validators": [], "test_set": [["a"]]}])
async def test_fields_of_older_servers(
    mocked: AsyncRootSignals, respx_mock: respx.MockRouter, older: dict[str, object]
) -> None:
    """What only older servers have is None for others."""
    respx_mock.get(f"{URL}{ID}/").respond(json={"id": ID, **older})

    found = await mocked.objectives.get(ID)

    names = ("status", "validators", "test_set")
    assert [getattr(found, name) for name in names] == [older.get(name) for name in names]


async def test_list(client: AsyncRootSignals) -> None:
    """A listing has the objectives, on as many pages as needed, and filters select among them."""
    for number in range(4):
        await client.objectives.create(intent=f"Intent {number}")

    listed = [one.intent async for one in client.objectives.list(page_size=3, limit=None)]

    assert {f"Intent {number}" for number in range(4)} <= set(listed)
    assert [one.intent async for one in client.objectives.list(intent="Intent 2")] == ["Intent 2"]
    assert [one.intent async for one in client.objectives.list(search="nt 3")] == ["Intent 3"]
    assert len([one async for one in client.objectives.list(limit=3)]) == 3


async def test_update(client: AsyncRootSignals) -> None:
    """An update makes a version with what is given, and the ID stays."""
    created = await client.objectives.create(intent="a")

    updated = await client.objectives.update(created.id, intent="b")

    assert (updated.id, updated.intent) == (created.id, "b")
    assert updated.version_id != created.version_id
    assert (await client.objectives.get(created.id)).intent == "b"


async def test_replace(client: AsyncRootSignals) -> None:
    """All settings are replaced in a new version, or in another objective."""
    created = await client.objectives.create(intent="a")

    replaced = await client.objectives.replace(created.id, intent="b")
    other = await client.objectives.replace(created.id, intent="c", force_create=True)

    assert (replaced.id, replaced.intent) == (created.id, "b")
    assert (other.id != created.id, other.intent) == (True, "c")


async def test_versions(client: AsyncRootSignals) -> None:
    """The versions of an objective are listed by the page, the newest first."""
    created = await client.objectives.create(intent="a")
    updated = await client.objectives.update(created.id, intent="b")
    await client.objectives.update(created.id, intent="c")

    page = await client.objectives.versions.list(created.id, page_size=2)
    rest = await client.objectives.versions.list(created.id, cursor=page.next)

    assert [one.intent for one in (*page.results, *rest.results)] == ["c", "b", "a"]
    assert page.results[1].version_id == updated.version_id


async def test_delete(client: AsyncRootSignals) -> None:
    """A deleted objective does not exist any more."""
    created = await client.objectives.create(intent="a")

    await client.objectives.delete(created.id)

    with pytest.raises(NotFoundError):
        await client.objectives.get(created.id)


Call = Callable[[AsyncRootSignals], Awaitable[object]]

# The method, the target and the JSON body of each request of each call.
REQUESTS: dict[str, tuple[Call, list[tuple[str, str, object]]]] = {
    "create": (
        lambda one: one.objectives.create(intent="a"),
        [("POST", "", {"intent": "a"}), ("GET", f"{ID}/", None)],
    ),
    "create, nothing": (
        lambda one: one.objectives.create(),
        [("POST", "", {}), ("GET", f"{ID}/", None)],
    ),
    "create, all fields": (
        lambda one: one.objectives.create(
            intent="a", test_dataset_id=UUID(ID), project_id=OTHER_ID
        ),
        [
            ("POST", "", {"intent": "a", "test_dataset_id": ID, "project_id": OTHER_ID}),
            ("GET", f"{ID}/", None),
        ],
    ),
    "get": (lambda one: one.objectives.get(UUID(ID)), [("GET", f"{ID}/", None)]),
    "retrieve": (lambda one: one.objectives.retrieve("a/b"), [("GET", "a%2Fb/", None)]),
    "update": (
        lambda one: one.objectives.update(ID, intent="b"),
        [("PATCH", f"{ID}/", {"intent": "b"})],
    ),
    "update, all fields": (
        lambda one: one.objectives.update(
            ID, intent="b", test_dataset_id=ID, project_id=UUID(OTHER_ID)
        ),
        [("PATCH", f"{ID}/", {"intent": "b", "test_dataset_id": ID, "project_id": OTHER_ID})],
    ),
    "replace": (
        lambda one: one.objectives.replace(ID, intent="b"),
        [("PUT", f"{ID}/", {"intent": "b"})],
    ),
    "replace, all fields": (
        lambda one: one.objectives.replace(
            ID, intent="b", test_dataset_id=ID, force_create=True, project_id=OTHER_ID
        ),
        [
            (
                "PUT",
                f"{ID}/",
                {
                    "intent": "b",
                    "test_dataset_id": ID,
                    "force_create": True,
                    "project_id": OTHER_ID,
                },
            )
        ],
    ),
    "delete": (lambda one: one.objectives.delete(ID), [("DELETE", f"{ID}/", None)]),
    "versions": (
        lambda one: one.objectives.versions.list(ID),
        [("GET", f"versions/{ID}/", None)],
    ),
    "versions, a page": (
        lambda one: one.objectives.versions.list(UUID(ID), cursor="abc", page_size=5),
        [("GET", f"versions/{ID}/?cursor=abc&page_size=5", None)],
    ),
}


@pytest.mark.parametrize("name", REQUESTS)
async def test_requests(mocked: AsyncRootSignals, respx_mock: respx.MockRouter, name: str) -> None:
    """Each method sends what the API defines, and no field that was not given."""
    call, expected = REQUESTS[name]
    respx_mock.route(path__regex="/versions/").respond(json=PAGE)
    respx_mock.route().respond(json={"id": ID})

    await call(mocked)

    made = cast("list[respx.models.Call]", respx_mock.calls)
    assert [sent(one.request) for one in made] == expected


def sent(request: httpx.Request) -> tuple[str, str, object]:
    """Return the method, the target below the collection and the JSON body of a request."""
    body = json.loads(request.content) if request.content else None
    return request.method, str(request.url).removeprefix(URL), body


@pytest.mark.parametrize(
    ("arguments", "query"),
    [
        ({}, {}),
        ({"intent": "a", "search": "b"}, {"intent": "a", "search": "b"}),
        (
            {"project_id": UUID(ID), "include_public": True, "ordering": "-created_at"},
            {"project_id": ID, "include_public": "true", "ordering": "-created_at"},
        ),
        ({"include_public": False, "limit": 7}, {"page_size": "7"}),
    ],
)
async def test_queries(
    mocked: AsyncRootSignals,
    respx_mock: respx.MockRouter,
    arguments: dict[str, Any],
    query: dict[str, str],
) -> None:
    """A listing sends the filters that were given, and no others."""
    route = respx_mock.get(URL).respond(json={**PAGE, "next": None})

    assert [one.id async for one in mocked.objectives.list(**arguments)] == [ID]

    assert dict(route.calls.last.request.url.params) == {"page_size": "100", **query}


# Calls that are wrong, and what their errors have.
INVALID: dict[str, tuple[Callable[[Any], Awaitable[object]], str]] = {
    "no intent": (lambda one: one.objectives.create(intent=""), "intent must not be empty"),
    "long intent": (
        lambda one: one.objectives.create(intent="a" * 100_001),
        "at most 100000 characters",
    ),
    "a number": (lambda one: one.objectives.update(ID, intent=5), "intent must be a string"),
    "no ID": (lambda one: one.objectives.get(""), "objective ID"),
    "no ID of versions": (lambda one: one.objectives.versions.list(""), "objective ID"),
}


@pytest.mark.parametrize("name", INVALID)
async def test_invalid_arguments(mocked: AsyncRootSignals, name: str) -> None:
    """What the service would reject is refused before anything is sent."""
    call, message = INVALID[name]

    with pytest.raises(InvalidRequestError, match=message):
        await call(mocked)


async def test_a_replacement_is_sent_once(
    mocked: AsyncRootSignals, respx_mock: respx.MockRouter, waits: list[float]
) -> None:
    """A replacement makes a version each time, so it is not sent again after an unclear outcome."""
    route = respx_mock.put(f"{URL}{ID}/").respond(502)

    with pytest.raises(Exception, match="502"):
        await mocked.objectives.replace(ID, intent="a")

    assert (route.call_count, waits) == (1, [])


def test_fields_of_all_servers() -> None:
    """Fields that only some servers have, and null, are kept."""
    sent: dict[str, object] = {"id": ID, "intent": None, "validators": [], "status": "unlisted"}

    for kind in (Objective, ObjectiveList):
        assert kind.model_validate(sent).to_dict() == sent
