"""Projects: every method against the emulator, and what it sends."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
import respx

from root import AsyncRootSignals, BadRequestError, InvalidRequestError, NotFoundError
from root.projects import Project

PROJECT = {"id": "9b2f", "name": "a"}
URL = "http://api.test/v1/projects/"


async def test_create_and_retrieve(client: AsyncRootSignals) -> None:
    """A created project has its settings, an owner and a time, and can be retrieved."""
    created = await client.projects.create(name="Support", description="Answers to customers")

    assert (created.name, created.description) == ("Support", "Answers to customers")
    assert created.is_default is False
    assert created.owner
    assert created.created_at is not None
    assert abs(datetime.now(UTC) - created.created_at) < timedelta(days=1)
    assert created.meta.status_code == 201
    assert await client.projects.retrieve(created.id) == created


async def test_list(client: AsyncRootSignals) -> None:
    """A listing has all projects, among them the default one, on as many pages as needed."""
    names = {f"Project {number}" for number in range(5)}
    for name in names:
        await client.projects.create(name=name)

    listed = [project async for project in client.projects.list(page_size=2, limit=None)]

    assert {project.name for project in listed} == names | {"Default"}
    assert [project.name for project in listed if project.is_default] == ["Default"]
    assert len([project async for project in client.projects.list(limit=3)]) == 3


async def test_listing_continues(client: AsyncRootSignals) -> None:
    """A listing continues from the cursor of an earlier one."""
    for number in range(3):
        await client.projects.create(name=f"Project {number}")
    listing = client.projects.list(page_size=2, limit=2)
    first = [project.id async for project in listing]

    rest = [project.id async for project in client.projects.list(cursor=listing.cursor)]

    assert len({*first, *rest}) == 4


async def test_frame_of_a_listing(client: AsyncRootSignals) -> None:
    """A listing becomes a frame with the fields of a project as its columns."""
    pytest.importorskip("polars")

    frame = await client.projects.list().to_polars()

    assert frame.columns == ["id", "name", "description", "is_default", "created_at", "owner"]
    assert frame["name"].to_list() == ["Default"]


async def test_update(client: AsyncRootSignals) -> None:
    """An update changes what is given, and omitted fields keep their values."""
    created = await client.projects.create(name="a", description="b")

    updated = await client.projects.update(created.id, name="c")

    assert (updated.name, updated.description) == ("c", "b")
    assert (await client.projects.retrieve(created.id)).name == "c"


async def test_default_project(client: AsyncRootSignals) -> None:
    """A new default project takes the place of the other one, and the mark cannot be cleared."""
    created = await client.projects.create(name="a", is_default=True)

    defaults = [one.name async for one in client.projects.list() if one.is_default]

    assert defaults == ["a"]
    with pytest.raises(BadRequestError):
        await client.projects.update(created.id, is_default=False)


async def test_delete(client: AsyncRootSignals) -> None:
    """A deleted project does not exist any more."""
    created = await client.projects.create(name="a")

    await client.projects.delete(created.id)

    with pytest.raises(NotFoundError):
        await client.projects.retrieve(created.id)


async def test_duplicate_name(client: AsyncRootSignals) -> None:
    """The service refuses a name that another project has."""
    await client.projects.create(name="a")

    with pytest.raises(BadRequestError):
        await client.projects.create(name="a")


async def test_bodies(mocked: AsyncRootSignals, respx_mock: respx.MockRouter) -> None:
    """A body has the fields that were given, and no others."""
    create = respx_mock.post(URL).respond(201, json=PROJECT)
    update = respx_mock.patch(f"{URL}9b2f/").respond(json=PROJECT)

    await mocked.projects.create(name="a", is_default=False)
    await mocked.projects.update("9b2f", description="")

    assert json.loads(create.calls.last.request.content) == {"name": "a", "is_default": False}
    assert json.loads(update.calls.last.request.content) == {"description": ""}


async def test_invalid_arguments(mocked: AsyncRootSignals) -> None:
    """What the service would reject is refused before anything is sent."""
    with pytest.raises(InvalidRequestError, match="name"):
        await mocked.projects.create(name="")
    with pytest.raises(InvalidRequestError, match="name"):
        await mocked.projects.update("9b2f", name="a" * 513)
    with pytest.raises(InvalidRequestError, match="at least one of name, description, is_default"):
        await mocked.projects.update("9b2f")
    with pytest.raises(InvalidRequestError, match="project ID"):
        await mocked.projects.retrieve("")


async def test_newer_fields(mocked: AsyncRootSignals, respx_mock: respx.MockRouter) -> None:
    """Fields that are newer than this release are attributes."""
    respx_mock.get(f"{URL}9b2f/").respond(json=PROJECT | {"color": "red"})

    project = await mocked.projects.retrieve("9b2f")

    assert isinstance(project, Project)
    assert project.to_dict() == PROJECT | {"color": "red"}
