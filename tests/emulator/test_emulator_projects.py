"""The endpoints of projects."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from root.emulator import Fault, Server, StoredProject, serve

from .conftest import UNKNOWN, connect

LIST = "/v1/projects/"


def create(client: httpx.Client, **fields: object) -> dict[str, object]:
    """Create a project, and return it as the API does."""
    response = client.post(LIST, json={"name": "a", **fields})
    assert response.status_code == 201, response.text
    project: dict[str, object] = response.json()
    return project


def list_all(client: httpx.Client) -> list[dict[str, object]]:
    """Return the projects of the first page."""
    results: list[dict[str, object]] = client.get(LIST).json()["results"]
    return results


def defaults(client: httpx.Client) -> list[object]:
    """Return the names of the default projects."""
    return [project["name"] for project in list_all(client) if project["is_default"]]


def test_initial_project(client: httpx.Client) -> None:
    """An organization starts with a default project."""
    (project,) = list_all(client)

    assert (project["name"], project["description"]) == ("Default", "")
    assert project["is_default"] is True
    assert client.get(f"{LIST}{project['id']}/").json() == project


def test_create_returns_the_project(client: httpx.Client) -> None:
    """Creation returns all fields of the project."""
    before = datetime.now(UTC)

    project = create(client, name=" Support ", description="Answers", id=UNKNOWN, color="red")

    assert project.keys() == {"id", "name", "description", "is_default", "created_at", "owner"}
    assert project["id"] != UNKNOWN
    assert (project["name"], project["description"]) == ("Support", "Answers")
    assert project["is_default"] is False
    assert str(project["created_at"]).endswith("Z")
    assert before <= datetime.fromisoformat(str(project["created_at"])) <= datetime.now(UTC)
    assert str(UUID(str(project["owner"]))) == project["owner"]


def test_create_with_defaults(client: httpx.Client) -> None:
    """Only the name is required."""
    project = create(client, name="x")

    assert (project["description"], project["is_default"]) == ("", False)


def test_retrieve(client: httpx.Client) -> None:
    """Retrieval returns the created project, for every format of its id."""
    project = create(client)
    id_ = UUID(str(project["id"]))

    for form in (str(id_), id_.hex, str(id_).upper()):
        assert client.get(f"{LIST}{form}/").json() == project


def test_update_changes_given_fields(client: httpx.Client) -> None:
    """PATCH keeps omitted fields."""
    project = create(client, description="x")
    path = f"{LIST}{project['id']}/"

    assert client.patch(path, json={"name": "b"}).json() == {**project, "name": "b"}
    assert client.patch(path, json={}).json() == {**project, "name": "b"}
    changed = client.patch(path, json={"name": "b", "description": ""}).json()
    assert changed == client.get(path).json() == {**project, "name": "b", "description": ""}


def test_put_is_not_allowed(client: httpx.Client) -> None:
    """The API has no PUT for projects."""
    response = client.put(f"{LIST}{create(client)['id']}/", json={"name": "b"})

    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, PATCH, DELETE, HEAD, OPTIONS"


def test_delete(client: httpx.Client) -> None:
    """A deleted project is not found, and its name can be used again."""
    path = f"{LIST}{create(client)['id']}/"

    assert client.delete(path).status_code == 204
    for method in ("GET", "PATCH", "DELETE"):
        assert client.request(method, path).status_code == 404
    assert create(client)


def test_create_default_project(client: httpx.Client) -> None:
    """A new default project replaces the former one."""
    create(client, name="new", is_default=True)

    assert defaults(client) == ["new"]


def test_update_default_project(client: httpx.Client) -> None:
    """A project that becomes the default replaces the former one."""
    path = f"{LIST}{create(client, name='x')['id']}/"

    for _ in range(2):
        assert client.patch(path, json={"is_default": True}).json()["is_default"] is True
        assert defaults(client) == ["x"]


def test_default_project_cannot_be_unset(client: httpx.Client) -> None:
    """Unsetting the default project is rejected, and nothing is changed."""
    (project,) = list_all(client)
    path = f"{LIST}{project['id']}/"

    response = client.patch(path, json={"name": "x", "is_default": False})

    assert response.status_code == 400
    assert response.json() == {
        "detail": "The default project cannot be unset. Make another project the default."
    }
    assert client.get(path).json() == project


def test_default_project_cannot_be_deleted(client: httpx.Client) -> None:
    """The default project can be deleted once another one is the default."""
    (initial,) = list_all(client)
    path = f"{LIST}{initial['id']}/"
    refused = client.delete(path)
    create(client, name="new", is_default=True)

    assert refused.status_code == 400
    assert refused.json() == {"detail": "The default project cannot be deleted."}
    assert client.delete(path).status_code == 204
    assert [project["name"] for project in list_all(client)] == ["new"]


def test_names_are_unique(client: httpx.Client) -> None:
    """A name that exists in the organization is rejected, except the project's current one."""
    create(client, name="x")
    path = f"{LIST}{create(client, name='y')['id']}/"

    for response in (
        client.post(LIST, json={"name": "x", "is_default": True}),
        client.post(LIST, json={"name": "Default"}),
        client.patch(path, json={"name": "x"}),
    ):
        assert response.status_code == 400
        assert response.json() == {"detail": "A project with this name exists already."}
    assert client.patch(path, json={"name": "y"}).status_code == 200
    assert create(client, name="X")
    assert defaults(client) == ["Default"]


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({}, {"name": ["This field is required."]}),
        ({"name": ""}, {"name": ["This field may not be blank."]}),
        (
            {"name": "x" * 513, "description": None, "is_default": "perhaps"},
            {
                "name": ["Ensure this field has no more than 512 characters."],
                "description": ["This field may not be null."],
                "is_default": ["Must be a valid boolean."],
            },
        ),
        ({"name": "x", "is_default": {}}, {"is_default": ["Must be a valid boolean."]}),
        ({"name": "x", "is_default": None}, {"is_default": ["This field may not be null."]}),
    ],
)
def test_invalid_fields(
    client: httpx.Client, fields: dict[str, object], errors: dict[str, list[str]]
) -> None:
    """The response has the errors of each invalid field."""
    response = client.post(LIST, json=fields)

    assert (response.status_code, response.json()) == (400, errors)


@pytest.mark.parametrize(
    ("value", "is_default"),
    [("true", True), ("YES", True), ("on", True), (1.0, True), ("OFF", False), (0, False)],
)
def test_lenient_booleans(client: httpx.Client, value: object, is_default: bool) -> None:
    """Values that Django REST Framework reads as booleans are accepted."""
    assert create(client, is_default=value)["is_default"] is is_default


@pytest.mark.parametrize(
    ("id_", "text"), [(UNKNOWN, "No Project matches the given query."), ("x", "Not found.")]
)
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_unknown_ids(client: httpx.Client, method: str, id_: str, text: str) -> None:
    """An invalid or unknown id gets 404, and the body is not parsed."""
    response = client.request(method, f"{LIST}{id_}/", content=b"{")

    assert (response.status_code, response.json()) == (404, {"detail": text})


def test_pages(client: httpx.Client) -> None:
    """The list is paged by cursor, newest first, whatever the ordering."""
    names = ["Default", *(str(create(client, name=f"x{number}")["name"]) for number in range(4))]
    pages: list[list[str]] = []
    url = f"{LIST}?page_size=2&ordering=name"
    while url:
        page = client.get(url).json()
        pages.append([project["name"] for project in page["results"]])
        url = page["next"]
    previous = client.get(page["previous"]).json()

    assert [len(one) for one in pages] == [2, 2, 1]
    assert [name for one in pages for name in one] == names[::-1]
    assert [project["name"] for project in previous["results"]] == pages[1]
    assert client.get(LIST, params={"cursor": "x"}).json() == {"detail": "Invalid cursor"}


def test_options(client: httpx.Client) -> None:
    """OPTIONS describes the fields of the list, and no action for one project."""
    fields = client.options(LIST).json()["actions"]["POST"]

    assert fields["name"]["max_length"] == 512
    assert fields["is_default"] == {
        "type": "boolean",
        "required": False,
        "read_only": False,
        "label": "Is default",
    }
    assert fields["created_at"]["read_only"]
    assert "actions" not in client.options(f"{LIST}{UNKNOWN}/").json()


def test_organizations_are_separate(server: Server, client: httpx.Client) -> None:
    """Keys of other organizations have other projects, and the same names are permitted."""
    project = create(client)
    path = f"{LIST}{project['id']}/"
    with connect(server, server.add_key()) as other:
        statuses = [other.request(one, path).status_code for one in ("GET", "PATCH", "DELETE")]

        assert statuses == [404] * 3
        assert [one["name"] for one in list_all(other)] == ["Default"]
        assert create(other, is_default=True)
    assert client.get(path).json() == project
    assert defaults(client) == ["Default"]


def test_keys_share_projects_of_organization(server: Server) -> None:
    """Keys of one organization can read and change the same projects; the owner is the creator."""
    keys = [server.add_key(organization="shared", email=f"{one}@example.com") for one in "ab"]
    with connect(server, keys[0]) as first, connect(server, keys[1]) as second:
        project = create(first)
        changed = second.patch(f"{LIST}{project['id']}/", json={"name": "b"}).json()

        assert changed == {**project, "name": "b"}
        assert create(second, name="c")["owner"] != project["owner"]


def test_read_only_key(server: Server) -> None:
    """A read-only key can read projects and not change them."""
    with connect(server, server.add_key(state="read-only")) as client:
        assert client.get(LIST).status_code == 200
        assert client.post(LIST, json={"name": "x"}).status_code == 403


def test_stored_projects(emulator: Server) -> None:
    """The server has the created projects of all keys, without initial ones, until a wipe."""
    key = emulator.add_key()
    with connect(emulator, emulator.api_key) as client, connect(emulator, key) as other:
        list_all(client)
        project = create(client, name="a", description="d", is_default=True)
        create(other, name="b")

        first, second = emulator.projects
        assert first == StoredProject(
            id=str(project["id"]),
            name="a",
            description="d",
            is_default=True,
            created_at=datetime.fromisoformat(str(project["created_at"])),
            organization="main",
            owner="main@emulator.invalid",
        )
        assert second.name == "b"

        emulator.wipe()
        assert emulator.projects == ()
        assert [one["name"] for one in list_all(client)] == ["Default"]


def test_faults_and_requests(emulator: Server) -> None:
    """Faults apply to projects, and their requests are recorded."""
    emulator.add_fault(Fault(status=503, times=1, path="/v1/projects/*"))
    with connect(emulator, emulator.api_key) as client:
        assert client.post(LIST, json={"name": "x"}).status_code == 503
        assert emulator.projects == ()
        create(client, name="x")

    assert [request.json for request in emulator.requests] == [{"name": "x"}] * 2
    emulator.assert_no_unexpected_requests()


def test_projects_survive_a_restart(tmp_path: Path) -> None:
    """Projects in a file survive a restart, with a changed default project."""
    db = tmp_path / "emulator.sqlite3"
    with serve(db=db, api_key="k") as server, connect(server, "k") as client:
        create(client, name="x", is_default=True)
        (initial,) = (one for one in list_all(client) if not one["is_default"])
        client.delete(f"{LIST}{initial['id']}/")
        before = list_all(client)
    with serve(db=db, api_key="k") as server, connect(server, "k") as client:
        assert list_all(client) == before
        assert [project.name for project in server.projects] == ["x"]


def test_ids_do_not_change_models() -> None:
    """With a seed, ids of models are the same whether initial projects are read or not."""
    ids: list[str] = []
    for reads_projects in (False, True):
        with serve(seed=5) as server, connect(server, server.api_key) as client:
            if reads_projects:
                list_all(client)
            ids.append(client.post("/v1/models/", json={"name": "x"}).json()["id"])

    assert ids[0] == ids[1]
