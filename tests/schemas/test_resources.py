"""The operations that resources make: paths with IDs, and the queries of listings."""

from __future__ import annotations

from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from root._http.operation import Operation, Response
from root._sync.resource import Resource
from root._sync.resources.models import Models
from root.errors import InvalidRequestError
from tests.items import Parcel

T = TypeVar("T")


class NotSentError(Exception):
    """The recorder sends nothing."""


class Recorder:
    """A sender that records operations and sends none."""

    base_url = "http://api.test"

    def __init__(self) -> None:
        self.operations: list[Operation[Any]] = []

    def send(self, operation: Operation[T]) -> Response[T]:
        self.operations.append(operation)
        raise NotSentError


class Parcels(Resource):
    """A resource of the tests."""

    _collection = "/v1/parcels/"
    _item_type = Parcel

    def retrieve(self, parcel_id: str | UUID) -> Parcel:
        return self._send(Operation("GET", self._path(parcel_id), Parcel))

    def open(self, parcel_id: str | UUID) -> None:
        self._send(Operation("POST", self._path(parcel_id, "open/"), type(None)))


def path_of(object_id: Any) -> str:
    """Return the path of the request for an ID."""
    recorder = Recorder()
    with pytest.raises(NotSentError):
        Parcels(recorder).retrieve(object_id)
    (operation,) = recorder.operations
    return operation.path


@pytest.mark.parametrize(
    ("object_id", "path"),
    [
        ("abc", "/v1/parcels/abc/"),
        (
            UUID("7c9e6679-7425-40de-944b-e07fc1f90ae7"),
            "/v1/parcels/7c9e6679-7425-40de-944b-e07fc1f90ae7/",
        ),
        ("a/b", "/v1/parcels/a%2Fb/"),
        ("../../admin", "/v1/parcels/..%2F..%2Fadmin/"),
        ("...", "/v1/parcels/.../"),
        (" ", "/v1/parcels/%20/"),
        ("a?b=c#d", "/v1/parcels/a%3Fb%3Dc%23d/"),
        ("%2e%2e", "/v1/parcels/%252e%252e/"),
        ("a\r\nb", "/v1/parcels/a%0D%0Ab/"),
        ("a\\b", "/v1/parcels/a%5Cb/"),
        ("é", "/v1/parcels/%C3%A9/"),
        ("open", "/v1/parcels/open/"),
        ("\x00", "/v1/parcels/%00/"),
    ],
)
def test_paths(object_id: str | UUID, path: str) -> None:
    """An ID is one percent-encoded segment of the path."""
    assert path_of(object_id) == path


def test_path_of_an_action() -> None:
    """The path of an action on an object follows its ID."""
    recorder = Recorder()

    with pytest.raises(NotSentError):
        Parcels(recorder).open("a/b")

    assert recorder.operations[0].path == "/v1/parcels/a%2Fb/open/"


def test_path_of_a_model() -> None:
    """The path of models is `/v1/models/`."""
    recorder = Recorder()

    with pytest.raises(NotSentError):
        Models(recorder).retrieve("a/b")

    assert recorder.operations[0].path == "/v1/models/a%2Fb/"


@pytest.mark.parametrize(
    ("object_id", "problem"),
    [
        ("", "'' is not a valid entry ID"),
        (".", "'.' is not a valid entry ID"),
        ("..", "'..' is not a valid entry ID"),
        (None, "The entry ID must be a string or a UUID, not NoneType"),
        (5, "The entry ID must be a string or a UUID, not int"),
        (b"abc", "The entry ID must be a string or a UUID, not bytes"),
        (True, "The entry ID must be a string or a UUID, not bool"),
        (["abc"], "The entry ID must be a string or a UUID, not list"),
        ("\ud800", "The entry ID contains characters that UTF-8 cannot encode"),
    ],
)
def test_invalid_ids(object_id: Any, problem: str) -> None:
    """An ID that would change the path, or is not a string or UUID, is refused."""
    recorder = Recorder()

    with pytest.raises(InvalidRequestError) as error:
        Parcels(recorder).retrieve(object_id)

    assert str(error.value).startswith(f"Nothing was sent. {problem}")
    assert recorder.operations == []


@given(object_id=st.text(min_size=1).filter(lambda object_id: object_id not in (".", "..")))
def test_any_id(object_id: str) -> None:
    """Every other string is one segment, which decodes to the same string."""
    path = path_of(object_id)

    parts = urlsplit(f"https://api.example{path}")
    assert parts.path == path
    assert not parts.query + parts.fragment
    assert path.isascii()
    assert path.isprintable()
    empty, version, parcels, segment, end = parts.path.split("/")
    assert (empty, version, parcels, end) == ("", "v1", "parcels", "")
    assert unquote(segment) == object_id


@pytest.mark.parametrize(
    ("capable_of", "expected"),
    [
        (None, {}),
        ([], {}),
        (["chat"], {"capable_of": "chat"}),
        (["chat", "json"], {"capable_of": "chat,json"}),
    ],
)
def test_filter_of_models(capable_of: list[str] | None, expected: dict[str, str]) -> None:
    """Capabilities are one parameter, separated by commas."""
    recorder = Recorder()

    with pytest.raises(NotSentError):
        next(Models(recorder).list(capable_of=capable_of, limit=None))

    assert recorder.operations[0].query == {"page_size": "100", **expected}
