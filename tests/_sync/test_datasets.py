# Generated from tests/_async/test_datasets.py by scripts/generate_sync.py. Do not edit.
"""Data sets: every method against the emulator, and what it sends."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import respx

from root import InvalidRequestError, NotFoundError, RootSignals
from root.datasets import DataSetList

from ..schemas.files import Pipe

URL = "http://api.test/v1/datasets/"
ID = "9b2f0c1e-3d64-4f0e-8f7e-2f1f7f3f9f10"
ROWS = b"a,b\r\n1,2\r\n"
DATA_SET = {"id": ID, "name": "a"}


def test_create_from_a_path(client: RootSignals, tmp_path: Path) -> None:
    """A data set has the file at a path and its name, and can be retrieved and downloaded."""
    path = tmp_path / "Größe 1.csv"
    path.write_bytes(ROWS)

    created = client.datasets.create(path=str(path), has_header=True)

    assert (created.name, created.type, created.has_header) == (path.name, "reference", True)
    assert created.meta.status_code == 201
    assert client.datasets.download(created.id) == ROWS
    data_set = client.datasets.get(created.id)
    assert (data_set.id, data_set.name) == (created.id, path.name)
    assert data_set.created_at is not None
    assert client.datasets.retrieve(created.id) == data_set


def test_create_from_a_file_object(client: RootSignals, tmp_path: Path) -> None:
    """A data set can be created from an open file, from where it is, and the file stays open."""
    path = tmp_path / "rows.csv"
    path.write_bytes(b"skipped" + ROWS)
    with path.open("rb") as file:
        file.seek(7)

        created = client.datasets.create(name="Rows", file=file, type="test")

        assert not file.closed
    assert (created.name, created.type) == ("Rows", "test")
    assert client.datasets.download(created.id) == ROWS


@pytest.mark.parametrize(
    "kind", [bytes, bytearray, io.BytesIO, Pipe], ids=["bytes", "bytearray", "file", "pipe"]
)
def test_create_from_content(client: RootSignals, kind: Callable[[bytes], bytes]) -> None:
    """A data set can be created from bytes, and from a stream that can be read only once."""
    created = client.datasets.create(file=kind(ROWS))

    assert created.name == "data.csv"
    assert client.datasets.download(created.id) == ROWS


def test_create_from_a_url(client: RootSignals) -> None:
    """A data set can be created from a URL."""
    created = client.datasets.create(name="a", url="https://files.example/rows.csv")

    assert (created.name, created.url) == ("a", "https://files.example/rows.csv")


def test_empty_data_set(client: RootSignals) -> None:
    """Without a file, a data set has none to download."""
    created = client.datasets.create(name="Empty")

    assert created.name == "Empty"
    with pytest.raises(NotFoundError):
        client.datasets.download(created.id)


def test_list(client: RootSignals) -> None:
    """A listing has the data sets, on as many pages as needed, and filters select among them."""
    for number in range(4):
        client.datasets.create(name=f"Rows {number}", type="test" if number else "reference")

    listed = [one.name for one in client.datasets.list(page_size=2, limit=None)]

    assert listed == ["Rows 3", "Rows 2", "Rows 1", "Rows 0"]
    assert [one.name for one in client.datasets.list("rows 2")] == ["Rows 2"]
    assert [one.name for one in client.datasets.list(type="reference")] == ["Rows 0"]
    assert len([one for one in client.datasets.list(limit=3)]) == 3


def test_delete(client: RootSignals) -> None:
    """A deleted data set does not exist any more."""
    created = client.datasets.create(name="a")

    client.datasets.delete(created.id)

    with pytest.raises(NotFoundError):
        client.datasets.get(created.id)


Call = Callable[[RootSignals], object]

# The method, the target and the JSON body of the request of each call.
REQUESTS: dict[str, tuple[Call, str, str, object]] = {
    "create": (lambda one: one.datasets.create(), "POST", "", {"type": "reference"}),
    "create, empty": (
        lambda one: one.datasets.create(name="a", type="test", tags=[], has_header=False),
        "POST",
        "",
        {"name": "a", "type": "test"},
    ),
    "create, URL": (
        lambda one: one.datasets.create(
            name="a", url="https://f/x", tags=(UUID(ID),), has_header=True, project_id=UUID(ID)
        ),
        "POST",
        "",
        {
            "name": "a",
            "url": "https://f/x",
            "type": "reference",
            "tags": [ID],
            "has_header": True,
            "project_id": ID,
        },
    ),
    "get": (lambda one: one.datasets.get(UUID(ID)), "GET", f"{ID}/", None),
    "retrieve": (lambda one: one.datasets.retrieve("a/b"), "GET", "a%2Fb/", None),
    "download": (lambda one: one.datasets.download(ID), "GET", f"{ID}/?download=true", None),
    "delete": (lambda one: one.datasets.delete(ID), "DELETE", f"{ID}/", None),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_requests(mocked: RootSignals, respx_mock: respx.MockRouter, name: str) -> None:
    """Each method sends what the API defines."""
    call, method, target, body = REQUESTS[name]
    route = respx_mock.route().respond(json=DATA_SET)

    call(mocked)

    request = route.calls.last.request
    assert (request.method, str(request.url)) == (method, URL + target)
    assert (json.loads(request.content) if request.content else None) == body


def parts_of(request: httpx.Request) -> list[tuple[str, str | None, str | None, bytes]]:
    """Return the parts of a form: name, name of the file, media type and content."""
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    message = BytesParser(EmailMessage, policy=HTTP).parsebytes(head + request.content)
    parts: list[tuple[str, str | None, str | None, bytes]] = []
    for part in message.iter_parts():
        disposition = part["Content-Disposition"].params
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        parts.append(
            (disposition["name"], disposition.get("filename"), part["Content-Type"], content)
        )
    return parts


def test_form(mocked: RootSignals, respx_mock: respx.MockRouter, tmp_path: Path) -> None:
    """A file is sent in a form, below the fields that were given."""
    path = tmp_path / "rows.csv"
    path.write_bytes(ROWS)
    route = respx_mock.post(URL).respond(201, json=DATA_SET)

    mocked.datasets.create(path=path)
    bare = parts_of(route.calls.last.request)
    mocked.datasets.create(
        name="a", path=path, type="test", tags=[ID, "b"], has_header=True, project_id=ID
    )

    file = ("file", "rows.csv", "text/csv", ROWS)
    assert bare == [("type", None, None, b"reference"), file]
    assert parts_of(route.calls.last.request) == [
        ("name", None, None, b"a"),
        ("type", None, None, b"test"),
        ("tags", None, None, ID.encode()),
        ("tags", None, None, b"b"),
        ("has_header", None, None, b"true"),
        ("project_id", None, None, ID.encode()),
        file,
    ]


class Named(io.BytesIO):
    """A file object with a name."""

    def __init__(self, name: object) -> None:
        super().__init__(b"x")
        self.name = name


@pytest.mark.parametrize(
    ("file_name", "name", "expected"),
    [
        ("/tmp/rows.JSONL", "a", ("rows.JSONL", "application/jsonl")),
        ("/tmp/rows.parquet", None, ("rows.parquet", "application/octet-stream")),
        (3, None, ("data.csv", "text/csv")),
        (None, "Rows of v1.2", ("data.csv", "text/csv")),
        (None, "rows.json", ("rows.json", "application/json")),
        (None, "rows.tsv", ("rows.tsv", "text/tab-separated-values")),
    ],
)
def test_name_and_media_type_of_a_file(
    mocked: RootSignals,
    respx_mock: respx.MockRouter,
    file_name: object,
    name: str | None,
    expected: tuple[str, str],
) -> None:
    """The file has its own name or the name of the data set, and the media type of its suffix."""
    route = respx_mock.post(URL).respond(201, json=DATA_SET)

    file = b"x" if file_name is None else Named(file_name)
    mocked.datasets.create(name=name, file=file)

    assert parts_of(route.calls.last.request)[-1] == ("file", *expected, b"x")


# Calls that are wrong, and what their errors have.
INVALID: dict[str, tuple[Callable[[Any], object], str]] = {
    "path and file": (
        lambda one: one.datasets.create(path="a", file=b""),
        "at most one of path, file and url",
    ),
    "file and URL": (
        lambda one: one.datasets.create(file=b"", url="a"),
        "at most one of path, file and url",
    ),
    "no such file": (lambda one: one.datasets.create(path="missing.csv"), "cannot be read"),
    "folder": (lambda one: one.datasets.create(path="."), "is a directory. Pass a file"),
    "text": (
        lambda one: one.datasets.create(file="a,b"),
        "must be bytes or a binary file object",
    ),
    "text file": (lambda one: one.datasets.create(file=io.StringIO("a")), "must be binary"),
    "number": (lambda one: one.datasets.create(file=3), "binary file object, not int"),
    "no name": (lambda one: one.datasets.create(name=""), "name must not be empty"),
    "file, no name": (
        lambda one: one.datasets.create(name="", file=b""),
        "name must not be empty",
    ),
    "tags": (lambda one: one.datasets.create(name="a", tags="b"), "tags"),
    "no ID": (lambda one: one.datasets.get(""), "data set ID"),
}


@pytest.mark.parametrize("name", INVALID)
def test_invalid_arguments(mocked: RootSignals, name: str) -> None:
    """What the service would reject is refused before anything is sent."""
    call, message = INVALID[name]

    with pytest.raises(InvalidRequestError, match=message):
        call(mocked)


def test_fields_of_all_servers() -> None:
    """Unknown values and fields are kept, one with the name of our metadata included."""
    sent = {"id": ID, "status": "private", "type": "new", "_meta": {"a": 1}, "new": 1}

    data_set = DataSetList.model_validate(sent)

    assert (data_set.status, data_set.type, data_set.name) == ("private", "new", None)
    assert data_set.to_dict() == sent
