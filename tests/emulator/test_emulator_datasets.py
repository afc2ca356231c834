"""The endpoints of data sets, and forms."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from root.emulator import Server, StoredDataSet, serve
from root.emulator.forms import parse_form
from root.emulator.problems import Problem

from .conftest import UNKNOWN, connect

LIST = "/v1/datasets/"
TAG = "0b8d6c7e-3f0a-4a57-9d0c-6a9f5b1f3c11"


def create(client: httpx.Client, **fields: object) -> dict[str, object]:
    """Create a data set from JSON, and return it as the API does."""
    response = client.post(LIST, json=fields)
    assert response.status_code == 201, response.text
    created: dict[str, object] = response.json()
    return created


def names(client: httpx.Client, **query: object) -> list[object]:
    """Return the names of the data sets of the first page."""
    response = client.get(LIST, params={name: str(value) for name, value in query.items()})
    assert response.status_code == 200, response.text
    return [one["name"] for one in response.json()["results"]]


def test_create_from_json(client: httpx.Client) -> None:
    """A data set is created from JSON, empty or with a URL."""
    project = client.get("/v1/projects/").json()["results"][0]["id"]

    empty = create(client, name=" a ")
    linked = create(client, url="https://example.com/x.csv", type="test", tags=[TAG])

    assert empty == {
        "id": empty["id"],
        "name": "a",
        "file": None,
        "type": "reference",
        "url": None,
        "tags": [],
        "owner": empty["owner"],
        "has_header": False,
        "project_id": project,
    }
    assert str(UUID(str(empty["id"]))) == empty["id"]
    assert (linked["name"], linked["url"]) == (None, "https://example.com/x.csv")
    assert (linked["type"], linked["tags"]) == ("test", [TAG])


def test_create_from_a_form(client: httpx.Client) -> None:
    """In a form, a list is a field that repeats, and an empty text is null."""
    fields = {"name": "é", "type": "test", "has_header": "true", "tags": [TAG, TAG]}

    created = client.post(LIST, data={**fields, "project_id": "", "url": ""})

    assert created.status_code == 201, created.text
    found = created.json()
    assert (found["name"], found["type"], found["has_header"]) == ("é", "test", True)
    assert found["tags"] == [TAG, TAG]
    assert found["project_id"] is not None


@pytest.mark.parametrize(
    "content",
    [b"a,b\r\n1,2\r\n", b"\r\n--x\r\n\0\xff\r\n--x--", b"\n", b"x" * 2_000_000],
    ids=["csv", "binary", "line break", "large"],
)
def test_files_are_kept_byte_by_byte(client: httpx.Client, content: bytes) -> None:
    """The file of a multipart form is returned as it was sent."""
    created = client.post(
        LIST, data={"has_header": "on"}, files={"file": ("é (1).csv", content, "text/csv")}
    ).json()

    assert created["name"] == "é (1).csv"
    assert created["has_header"] is True
    path = f"{LIST}{created['id']}/"
    assert created["file"] == f"{str(client.base_url).rstrip('/')}{path}?download=true"
    downloaded = client.get(created["file"], headers={"Accept": "text/csv"})
    assert downloaded.content == content
    assert downloaded.headers["Content-Type"] == "text/csv; charset=utf-8"
    disposition = downloaded.headers["Content-Disposition"]
    assert disposition == "attachment; filename*=UTF-8''%C3%A9%20%281%29.csv"
    assert "file" not in client.get(path, params={"download": "no"}).json()


def test_download_without_a_file(client: httpx.Client) -> None:
    """A data set without a file cannot be downloaded."""
    created = create(client, name="a")

    response = client.get(f"{LIST}{created['id']}/", params={"download": True})

    assert response.status_code == 404
    assert response.json() == {"detail": "The data set has no file."}


def test_retrieve_and_list(client: httpx.Client) -> None:
    """A data set is the same in lists."""
    created = create(client, name="a")

    retrieved = client.get(f"{LIST}{created['id']}/").json()

    assert (retrieved["status"], retrieved["_meta"]) == ("private", {})
    assert client.get(LIST).json()["results"] == [retrieved]


def test_filters(client: httpx.Client) -> None:
    """Lists are searched by name, and filtered by type and project."""
    project = client.post("/v1/projects/", json={"name": "p"}).json()["id"]
    create(client, name="Ärger 100%")
    create(client, name="other", type="test", project_id=project)
    create(client)

    assert names(client) == [None, "other", "Ärger 100%"]
    assert names(client, search="äRG") == ["Ärger 100%"]
    assert names(client, search="%") == ["Ärger 100%"]
    assert names(client, search="") == [None, "other", "Ärger 100%"]
    assert names(client, type="test") == names(client, project_id=project) == ["other"]
    assert names(client, type="test", search="Ärger") == []
    assert client.get(LIST, params={"type": "x"}).status_code == 400


def test_projects_with_data_sets(client: httpx.Client) -> None:
    """A project must exist, and is not deleted while data sets belong to it."""
    project = client.post("/v1/projects/", json={"name": "p"}).json()["id"]
    created = create(client, project_id=project)

    unknown = client.post(LIST, json={"project_id": UNKNOWN})

    assert unknown.status_code == 400
    assert client.delete(f"/v1/projects/{project}/").status_code == 400
    assert client.delete(f"{LIST}{created['id']}/").status_code == 204
    assert client.delete(f"/v1/projects/{project}/").status_code == 204


def test_delete(client: httpx.Client) -> None:
    """A deleted data set is gone, with its file."""
    created = client.post(LIST, files={"file": ("a.csv", b"x")}).json()
    path = f"{LIST}{created['id']}/"

    assert client.delete(path).status_code == 204

    assert client.get(path).status_code == 404
    assert client.get(path, params={"download": True}).status_code == 404
    assert client.delete(path).status_code == 404


def test_there_are_no_updates(client: httpx.Client) -> None:
    """A data set cannot be changed."""
    path = f"{LIST}{create(client)['id']}/"

    assert client.put(path, json={}).status_code == 405
    assert client.patch(path, json={"name": "b"}).status_code == 405


def test_other_organizations(server: Server, client: httpx.Client) -> None:
    """Other organizations find neither a data set nor its file."""
    created = client.post(LIST, files={"file": ("a.csv", b"x")}).json()

    with connect(server, server.add_key()) as stranger:
        assert stranger.get(f"{LIST}{created['id']}/?download=true").status_code == 404
        assert stranger.delete(f"{LIST}{created['id']}/").status_code == 404
        assert names(stranger) == []


@pytest.mark.parametrize(
    ("name", "size", "errors"),
    [
        ("a.csv", 0, ["The submitted file is empty."]),
        ("/tmp/", 1, ["No filename could be determined."]),
        ("a.csv", 20 * 1024 * 1024 + 1, ["Ensure this file has no more than 20971520 bytes."]),
    ],
)
def test_invalid_files(client: httpx.Client, name: str, size: int, errors: list[str]) -> None:
    """A file needs a name, and a content within the limit."""
    response = client.post(LIST, files={"file": (name, b"x" * size)})

    assert response.status_code == 400
    assert response.json() == {"file": errors}
    assert names(client) == []


def test_a_text_is_no_file(client: httpx.Client) -> None:
    """A file is neither JSON nor the text of a field."""
    responses = [client.post(LIST, json={"file": "x"}), client.post(LIST, data={"file": "x"})]

    assert [response.status_code for response in responses] == [400, 400]
    assert list(responses[0].json()) == list(responses[1].json()) == ["file"]


def test_forms_are_declared(client: httpx.Client) -> None:
    """What is not declared to accept forms refuses them."""
    assert client.post("/v1/models/", data={"name": "x"}).status_code == 415
    assert client.options("/v1/models/").json()["parses"] == ["application/json"]
    assert client.options(LIST).json()["parses"] == [
        "application/json",
        "multipart/form-data",
        "application/x-www-form-urlencoded",
    ]


def part(name: str, content: str, **parameters: str) -> bytes:
    disposition = "".join(f'; {key}="{value}"' for key, value in parameters.items())
    header = f'Content-Disposition: form-data; name="{name}"{disposition}'
    return f"--b\r\n{header}\r\n\r\n{content}\r\n".encode()


@pytest.mark.parametrize(
    ("boundary", "content"),
    [
        ("", part("name", "x") + b"--b--"),
        ("x" * 71, part("name", "x") + b"--b--"),
        ("b", b""),
        ("b", b"nothing"),
        ("b", part("name", "x")),
        ("b", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--"),
        ("b", b"--b\r\n\r\nx\r\n--b--"),
        ("b", b"--b\r\nno header\r\n--b--"),
        ("b", part("x" * 9000, "x") + b"--b--"),
        ("b", part("name", "x") * 1001 + b"--b--"),
        ("b", part("file", "x", filename="a") * 101 + b"--b--"),
    ],
    ids=[
        *("no boundary", "long boundary", "empty", "no part", "no end", "no name", "no headers"),
        *("no content", "long headers", "many fields", "many files"),
    ],
)
def test_malformed_forms(boundary: str, content: bytes) -> None:
    """A form that is malformed, or has too many parts, is refused."""
    with pytest.raises(Problem) as caught:
        parse_form(content, f"multipart/form-data; boundary={boundary}")

    assert caught.value.status == 400


def test_too_many_fields(client: httpx.Client) -> None:
    """A form has a maximum number of fields."""
    response = client.post(LIST, data={"tags": [TAG] * 1001})

    assert response.status_code == 400
    assert "1000 fields" in response.json()["detail"]


def test_file_names_and_preambles() -> None:
    """The last part of a path is the name; text around the parts is ignored."""
    content = (
        b"preamble\r\n"
        + part("file", "1", filename=r"C:\\x\\a.csv")
        + part("file", "2", filename="../b.csv")
        + part("text", "3")
        + b"--b--\r\nepilogue"
    )

    form = parse_form(content, "multipart/form-data; boundary=b")

    assert [getattr(one, "name", None) for one in form["file"]] == ["a.csv", "b.csv"]
    assert form["text"] == ["3"]


@given(st.lists(st.binary(), min_size=1, max_size=4))
def test_forms_of_httpx(contents: list[bytes]) -> None:
    """Whatever httpx encodes is parsed to the same bytes."""
    files = [("file", ("name.csv", content)) for content in contents]
    request = httpx.Request("POST", "http://x/", files=files)

    form = parse_form(request.read(), request.headers["Content-Type"])

    assert [getattr(one, "content", None) for one in form["file"]] == contents


def test_python_objects(tmp_path: Path) -> None:
    """Python code sees the created data sets, also after a restart."""
    db = tmp_path / "emulator.sqlite3"
    with serve(db=db, api_key="an-api-key") as server, connect(server, server.api_key) as client:
        created = client.post(LIST, files={"file": ("a.csv", b"1")}).json()
        (stored,) = server.datasets
    path = f"{LIST}{created['id']}/?download=true"
    with serve(db=db, api_key="an-api-key") as server, connect(server, server.api_key) as client:
        assert server.datasets == (stored,)
        assert client.get(path).content == b"1"
        server.wipe()
        assert not server.datasets
        assert client.get(path).status_code == 404

    assert isinstance(stored, StoredDataSet)
    assert (stored.name, stored.file_name, stored.url) == ("a.csv", "a.csv", None)
    assert (stored.organization, stored.tags, stored.has_header) == ("main", [], False)
