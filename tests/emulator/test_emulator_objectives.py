"""The endpoints of objectives."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from root.emulator import Server

from .conftest import UNKNOWN
from .evaluation import OBJECTIVES, checked, create_objective, results


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with checked(server, server.add_key()) as client:
        yield client


def test_create_returns_the_id_only(client: httpx.Client) -> None:
    """Creation returns the ID, and nothing is required."""
    created = client.post(OBJECTIVES)

    assert set(created.json()) == {"id"}
    objective = client.get(f"{OBJECTIVES}{created.json()['id']}/").json()
    assert objective["intent"] == ""
    # Older clients require them.
    assert (objective["status"], objective["validators"]) == ("unlisted", [])


def test_versions(client: httpx.Client) -> None:
    """A change makes a version, and a PATCH that changes nothing makes none."""
    id_ = create_objective(client, intent="old")
    path = f"{OBJECTIVES}{id_}/"

    for intent in ("old", "new"):
        assert client.patch(path, json={"intent": intent}).json()["intent"] == intent

    versions = results(client, f"{OBJECTIVES}versions/{id_}/")
    assert [one["intent"] for one in versions] == ["new", "old"]
    assert {one["id"] for one in versions} == {id_}
    assert versions[0]["version_id"] == client.get(path).json()["version_id"]


def test_put(client: httpx.Client) -> None:
    """PUT changes an objective, or makes another one with `force_create`."""
    dataset = client.post("/v1/datasets/", json={"name": "a"}).json()["id"]
    id_ = create_objective(client, intent="old", test_dataset_id=dataset)
    path = f"{OBJECTIVES}{id_}/"

    changed = client.put(path, json={"intent": "new"}).json()
    other = client.put(path, json={"intent": "other", "force_create": True}).json()

    assert (changed["id"], changed["test_dataset_id"]) == (id_, None)
    assert other["id"] != id_
    assert client.get(path).json()["intent"] == "new"


def test_filters(client: httpx.Client) -> None:
    """Lists are filtered by intent, text and project, and include those of others on request."""
    create_objective(client, intent="Be kind.")
    project = client.post("/v1/projects/", json={"name": "p"}).json()["id"]
    create_objective(client, intent="Be brief.", project_id=project)

    def intents(**query: object) -> list[str]:
        return [one["intent"] for one in results(client, OBJECTIVES, **query)]

    assert intents() == ["Be brief.", "Be kind."]
    assert intents(ordering="-intent") == ["Be kind.", "Be brief."]
    assert intents(intent="Be kind.") == ["Be kind."]
    assert intents(search="KIND") == ["Be kind."]
    assert intents(project_id=project) == ["Be brief."]
    assert len(intents(include_public=True)) >= 46


def test_pages(client: httpx.Client) -> None:
    """Pages of two lead to all five objectives."""
    created = [create_objective(client, intent=str(number)) for number in range(5)]
    found: list[str] = []
    url = f"{OBJECTIVES}?page_size=2"
    while url:
        page = client.get(url).json()
        found += [one["id"] for one in page["results"]]
        url = page["next"]

    assert found == created[::-1]


def test_project_with_objectives_cannot_be_deleted(client: httpx.Client) -> None:
    """A project is deleted only after what is in it."""
    project = client.post("/v1/projects/", json={"name": "p"}).json()["id"]
    id_ = create_objective(client, project_id=project)
    path = f"/v1/projects/{project}/"

    assert client.delete(path).status_code == 400
    client.delete(f"{OBJECTIVES}{id_}/")
    assert client.delete(path).status_code == 204


def test_unknown_data_set(client: httpx.Client) -> None:
    """The data set of an objective must exist, but may be deleted later."""
    unknown = {"test_dataset_id": UNKNOWN}
    dataset = client.post("/v1/datasets/", json={"name": "a"}).json()["id"]
    known = {"intent": "Kind.", "test_dataset_id": dataset}
    path = f"/v1/objectives/{client.post('/v1/objectives/', json=known).json()['id']}/"

    for method, url in (("POST", "/v1/objectives/"), ("PATCH", path), ("PUT", path)):
        response = client.request(method, url, json=unknown)
        assert (response.status_code, set(response.json())) == (400, {"test_dataset_id"})
    client.delete(f"/v1/datasets/{dataset}/")
    assert client.patch(path, json={**known, "intent": "Polite."}).status_code == 200
