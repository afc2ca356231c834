"""What follows from the declaration of a resource, for one that the API does not have."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import product
from types import SimpleNamespace

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from root.emulator.application import CONNECTION, Application
from root.emulator.cursors import Ordering
from root.emulator.endpoint import Service, endpoints
from root.emulator.fault_queue import FaultQueue
from root.emulator.fields import BooleanField, IntegerField, StringField, Value
from root.emulator.history import History
from root.emulator.keys import Account, KeyRegistry
from root.emulator.openapi import describe
from root.emulator.pagination import Paginator
from root.emulator.problems import detail_problem
from root.emulator.resource import ID, Action, Call, Output, Resource
from root.emulator.rows import Row
from root.emulator.store import Store

NOTES = "/v1/field-notes/"


@dataclass(frozen=True)
class StoredNote:
    """A note as Python code sees it."""

    id: str
    title: str
    is_done: bool
    owner: str


class FieldNotes(Resource[StoredNote]):
    """Notes, which have everything that a resource can declare."""

    noun = "field note"
    path = NOTES
    stored = StoredNote
    operations = ("list", "create", "retrieve", "update", "delete")
    fields = {  # noqa: RUF012 - it is not changed.
        "title": StringField(required=True, max_length=20),
        "place": StringField(default="", allow_blank=True),
        "priority": IntegerField(minimum=-5, maximum=5, default=0),
        "is_done": BooleanField(),
    }
    shown = ("id", "title", "place", "priority", "is_done", "length")
    listed = ("id", "priority", "is_done")
    sorted_by = ("priority", "title")
    filtered_by = ("place", "is_done")
    looked_up_by = ("title",)
    actions = {  # noqa: RUF012
        "count-words": Action(
            {"text": StringField(required=True)},
            method="count",
            summary="Count words",
            result="The number.",
            schema={"type": "object"},
        )
    }

    def outputs(self) -> dict[str, Output]:
        length = Output({"type": "integer"}, lambda row: len(str(row.title)), "integer")
        return {"id": ID, "length": length}

    def before_save(
        self, store: Store, account: Account, values: Mapping[str, Value], row: Row | None
    ) -> None:
        # A write of other objects, which a refusal must undo.
        self.table(store).update_where(account.organization, "priority", 5, 4)
        if values.get("title") == "refused":
            raise detail_problem(400, "It is refused.")

    def count(self, call: Call, values: Mapping[str, Value]) -> Response:
        return JSONResponse({"words": len(str(values["text"]).split())})


class Notes:
    """A service that has nothing but notes."""

    def __init__(self) -> None:
        self.resource = FieldNotes()
        self.store = Store(None, [self.resource.spec])
        keys = KeyRegistry(lambda: 0.0)
        self.key = keys.add(None)
        self.account = keys.get(self.key)
        service = Service(self.store, keys, Paginator("relative", 3))
        application = Application(
            endpoints(self.resource, service), FaultQueue(None), History(keys.all, ()), {}
        )
        connection = SimpleNamespace(count=lambda: None)

        async def connected(scope: Scope, receive: Receive, send: Send) -> None:
            await application({**scope, CONNECTION: connection}, receive, send)

        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(connected),
            base_url="http://emulator",
            headers={"Authorization": f"Api-Key {self.key}"},
        )

    async def create(self, **values: object) -> dict[str, object]:
        response = await self.client.post(NOTES, json={"title": "x", **values})
        assert response.status_code == 201, response.text
        created: dict[str, object] = response.json()
        return created

    async def list_all(self, **query: str) -> list[dict[str, object]]:
        found: list[dict[str, object]] = []
        url = str(httpx.URL(NOTES, params=query))
        while url:
            page = (await self.client.get(url)).json()
            assert len(page["results"]) <= 3
            found += page["results"]
            url = page["next"]
        return found


@pytest.fixture
async def notes() -> AsyncIterator[Notes]:
    notes = Notes()
    async with notes.client:
        yield notes
    notes.store.close()


async def test_objects_and_lists_show_what_is_declared(notes: Notes) -> None:
    """Responses have the declared fields, with defaults and computed ones."""
    created = await notes.create(title=" note ", color="red")

    assert created == {
        "id": created["id"],
        "title": "note",
        "place": "",
        "priority": 0,
        "is_done": False,
        "length": 4,
    }
    changed = await notes.client.patch(f"{NOTES}{created['id']}/", json={"is_done": "yes"})
    assert changed.json() == {**created, "is_done": True}
    assert await notes.list_all() == [{"id": created["id"], "priority": 0, "is_done": True}]


async def test_undeclared_operations(notes: Notes) -> None:
    """What is not declared is not allowed."""
    created = await notes.create()
    path = f"{NOTES}{created['id']}/"

    refused = await notes.client.put(path, json={"title": "y"})

    assert refused.status_code == 405
    assert refused.headers["Allow"] == "GET, PATCH, DELETE, HEAD, OPTIONS"


@pytest.mark.parametrize("ordering", ["", "priority", "-priority", "title", "-title", "created_at"])
@pytest.mark.parametrize("filters", [{}, {"place": "here"}, {"is_done": "true", "place": "here"}])
async def test_lists_are_filtered_and_sorted(
    notes: Notes, ordering: str, filters: dict[str, str]
) -> None:
    """Every filter works in every order, over all pages, and no object is missed or repeated."""
    created = [
        await notes.create(title=title, place=place, priority=priority, is_done=done)
        for title, place, priority, done in product("ba", ("here", "there"), (4, -5), (True, False))
    ]
    expected = [
        one
        for one in created
        if ("place" not in filters or one["place"] == "here")
        and ("is_done" not in filters or one["is_done"])
    ]
    field = ordering.removeprefix("-")
    if field in ("priority", "title"):
        # Objects of the same value are in order of creation, too.
        expected.sort(key=lambda one: str(one[field]) if field == "title" else one[field])  # type: ignore[arg-type, return-value]  # pyright: ignore[reportArgumentType, reportCallIssue]
    if ordering.startswith("-") or not ordering:
        expected.reverse()

    found = await notes.list_all(ordering=ordering, **filters)

    assert [one["id"] for one in found] == [one["id"] for one in expected]


async def test_invalid_filters(notes: Notes) -> None:
    """An invalid value of a filter is rejected, and an empty one is ignored."""
    response = await notes.client.get(NOTES, params={"is_done": "perhaps"})

    assert response.status_code == 400
    assert response.json() == {"is_done": ["Must be a valid boolean."]}
    assert (await notes.client.get(NOTES, params={"is_done": ""})).status_code == 200


@pytest.mark.parametrize("filters", [{}, {"place": "here"}, {"is_done": True}])
@pytest.mark.parametrize("field", [None, "priority", "title"])
async def test_lists_use_indexes(
    notes: Notes, field: str | None, filters: dict[str, Value]
) -> None:
    """Each filter in each order is read from an index, without sorting."""
    connection = notes.store._connection  # pyright: ignore[reportPrivateUsage]
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    edge = ("x" if field == "title" else 1, 1) if field else (1,)
    notes.resource.table(notes.store).fetch_page(
        "someone", Ordering(field), edge, filters=filters, limit=10
    )
    connection.set_trace_callback(None)

    (plan,) = (row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statements[0]}"))
    assert plan.startswith("SEARCH field_notes USING INDEX")
    assert all(f"{name}=?" in plan for name in filters)


async def test_a_refused_request_changes_nothing(notes: Notes) -> None:
    """What a request wrote before it was refused is undone."""
    first = await notes.create(priority=5)

    refused = await notes.client.post(NOTES, json={"title": "refused"})

    assert refused.status_code == 400
    assert [one["priority"] for one in await notes.list_all()] == [5]
    await notes.create()
    assert (await notes.client.get(f"{NOTES}{first['id']}/")).json()["priority"] == 4


async def test_actions(notes: Notes) -> None:
    """An action has its own path, which is no ID, and its own fields."""
    path = f"{NOTES}count-words/"

    counted = await notes.client.post(path, json={"text": "one two"})
    invalid = await notes.client.post(path, json={})

    assert counted.json() == {"words": 2}
    assert invalid.json() == {"text": ["This field is required."]}
    described = (await notes.client.options(path)).json()
    assert described["name"] == "Count Words"
    assert described["actions"]["POST"]["text"]["required"] is True


async def test_options(notes: Notes) -> None:
    """Responses to OPTIONS have all fields with their limits."""
    described = (await notes.client.options(NOTES)).json()

    assert described["name"] == "FieldNote List"
    fields = described["actions"]["POST"]
    assert list(fields) == ["id", "title", "place", "priority", "is_done", "length"]
    assert fields["priority"] == {
        "type": "integer",
        "required": False,
        "read_only": False,
        "label": "Priority",
        "min_value": -5,
        "max_value": 5,
    }
    assert fields["length"]["read_only"] is True


def test_document() -> None:
    """The OpenAPI document of a resource is valid and has its filters, orderings and actions."""
    document = describe([FieldNotes()])

    OpenAPIV31SpecValidator(document).validate()
    paths = document["paths"]
    assert isinstance(paths, dict)
    assert list(paths) == [NOTES, f"{NOTES}count-words/", f"{NOTES}{{id}}/"]
    text = str(paths[NOTES])
    assert all(f"'name': '{name}'" in text for name in ("ordering", "place", "is_done"))
    assert "'-priority'" in text
    assert "'400'" in str(paths[NOTES]["get"])  # type: ignore[index, call-overload]  # pyright: ignore[reportIndexIssue, reportArgumentType, reportCallIssue, reportOptionalSubscript]
    components = str(describe([FieldNotes()], page_size_cap=7)["components"])
    assert "at most 7" in components
    assert "'operationId': 'listFieldNotes'" in text


@given(st.integers(-1200, 1200), st.integers(0, 1200), st.integers(-12_000, 12_000))
def test_patterns_of_integers(minimum: int, size: int, number: int) -> None:
    """The pattern of an integer field matches exactly the numbers that are accepted."""
    field = IntegerField(minimum=minimum, maximum=minimum + size)
    pattern = str(field.request_schema()["pattern"])

    for text in (f"{number}", f" {number}.0", f"{number:06}"):
        accepted = minimum <= number <= minimum + size
        assert (re.search(pattern, text) is not None) is accepted


@pytest.mark.parametrize(
    ("declared", "problem"),
    [
        ({"sorted_by": ("rank",)}, "lists cannot be sorted by rank, which may be null"),
        ({"filtered_by": ("nowhere",)}, "nowhere are no stored fields"),
        ({"shown": ("id", "secret")}, "secret can be neither stored nor computed"),
        ({"shown": ("title",)}, "an object must show its id"),
        ({"fields": {"created_at": StringField()}}, "every table has the columns created_at"),
    ],
)
def test_declarations_are_checked(declared: dict[str, object], problem: str) -> None:
    """What could not work is refused when the resource is created."""
    fields = {
        "title": StringField(required=True),
        "rank": IntegerField(minimum=0, nullable=True),
        "secret": StringField(is_secret=True),
    }
    common = {
        "noun": "note",
        "path": "/v1/notes/",
        "stored": StoredNote,
        "operations": ("list",),
        "fields": fields,
        "shown": ("id", "title"),
    }
    kind = type("Notes", (Resource,), {**common, **declared})

    with pytest.raises(TypeError, match=problem):
        kind()


async def test_names_that_are_keywords_of_sql() -> None:
    """A field or a resource may be called like a keyword of SQL."""

    @dataclass(frozen=True)
    class StoredOrder:
        id: str
        group: str

    class Orders(Resource[StoredOrder]):
        noun = "order"
        path = "/v1/order/"
        stored = StoredOrder
        operations = ("list", "create")
        fields = {"group": StringField(default="", allow_blank=True)}  # noqa: RUF012
        shown = ("id", "group")
        sorted_by = ("group",)
        filtered_by = ("group",)
        looked_up_by = ("group",)
        has_public = True

    resource = Orders()
    account = Account("one", "one@example.com", "One")
    with closing(Store(None, [resource.spec])) as store:
        for group in ("a", "b"):
            resource.add(store, account, {"group": group}, "PUBLIC")
        table = resource.table(store)
        found = table.fetch_page("one", Ordering("group"), None, filters={"group": "b"}, limit=5)
        listed = table.fetch_page("other", Ordering("group"), None, limit=5)
        assert [resource.to_stored(row).group for row in found] == ["b"]
        assert [resource.to_stored(row).group for row in listed] == ["b", "a"]
        assert table.find_readable("other", "group", "a") is not None
        assert table.count_created() == 2


def test_python_objects(notes: Notes) -> None:
    """Python code sees the declared class."""
    resource = notes.resource
    row = resource.add(notes.store, notes.account, {"title": "x", "is_done": True}, "PRIVATE")

    assert resource.to_stored(row) == StoredNote(row.id, "x", True, notes.account.email)
