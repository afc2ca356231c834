"""What follows from the declaration of a resource, for one that the API does not have."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import product
from types import SimpleNamespace
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from root.emulator.actions import Action, ActionMethod
from root.emulator.application import CONNECTION, Application
from root.emulator.calls import Call
from root.emulator.cursors import Ordering
from root.emulator.endpoint import Service, endpoints
from root.emulator.fault_queue import FaultQueue
from root.emulator.fields import BooleanField, Fields, StringField, Value
from root.emulator.history import History
from root.emulator.keys import Account, KeyRegistry
from root.emulator.number_fields import IntegerField
from root.emulator.openapi import describe
from root.emulator.outputs import ID, Output
from root.emulator.pagination import Paginator
from root.emulator.problems import detail_problem
from root.emulator.resource import Resource
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
    actions = (
        Action(
            "POST",
            "count-words",
            handler="count",
            summary="Count words",
            result="The number.",
            schema={"type": "object"},
            fields={"text": StringField(required=True)},
        ),
        Action(
            "POST",
            "{id}/duplicate",
            handler="duplicate",
            summary="Duplicate a note",
            result="The copy.",
            schema={"type": "object"},
            status=201,
            fields={"title": StringField(max_length=20)},
        ),
        Action(
            "GET",
            "{id}/duplicate",
            handler="list_copies",
            summary="List the copies of a note",
            result="Their titles.",
            schema={"type": "object"},
            parameters={"priority": IntegerField(minimum=0), "q": StringField(required=True)},
        ),
        Action(
            "PUT",
            "priority/{id}",
            handler="prioritize",
            summary="Set the priority of a note",
            result="The note.",
            schema={"type": "object"},
            fields={"priority": IntegerField(minimum=0, required=True)},
            parameters={"title": StringField()},
        ),
        Action(
            "DELETE",
            "priority/{id}",
            handler="reset_priority",
            summary="Reset the priority of a note",
            result="The priority was reset.",
            schema=None,
            status=204,
        ),
        Action(
            "POST",
            "{id}/share",
            handler="share",
            summary="Share a note",
            result="The copy.",
            schema={"type": "object"},
            status=201,
            has_slash=False,
        ),
    )

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

    def duplicate(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        copied = {name: getattr(row, name) for name in self.spec.fields}
        copy = self.table(call.store).insert(call.account, {**copied, **values})
        return JSONResponse(self.serialize(copy), 201)

    def share(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        return self.duplicate(call, row, values)

    def list_copies(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        return JSONResponse({"of": row.title, **values})

    def prioritize(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        return JSONResponse(self.serialize(self.table(call.store).update(row, values)))

    def reset_priority(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        self.table(call.store).update(row, {"priority": 0})
        return Response(status_code=204)


class PublicFieldNotes(FieldNotes):
    """Notes that other organizations may read."""

    has_public = True


class Notes:
    """A service that has nothing but notes."""

    def __init__(self, resource: FieldNotes) -> None:
        self.resource = resource
        self.store = Store(None, [self.resource.spec])
        keys = KeyRegistry(lambda: 0.0)
        self.key = keys.add(None)
        self.account = keys.get(self.key)
        service = Service(self.store, keys, Paginator("relative", 3))
        application = Application(
            endpoints(self.resource, service), FaultQueue(None), History(keys.all, ()), keys, {}
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
    notes = Notes(FieldNotes())
    async with notes.client:
        yield notes
    notes.store.close()


@pytest.fixture
async def public_notes() -> AsyncIterator[Notes]:
    notes = Notes(PublicFieldNotes())
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


@pytest.mark.parametrize(
    "filters", [{}, {"place": "here"}, {"is_done": True}, {"is_done": True, "place": "here"}]
)
@pytest.mark.parametrize("field", [None, "priority", "title"])
async def test_lists_use_indexes(
    notes: Notes, field: str | None, filters: dict[str, Value]
) -> None:
    """Each one and two filters in each order are read from an index, without sorting."""
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


@pytest.mark.parametrize("field", [None, "priority", "title"])
async def test_public_lists_use_indexes(public_notes: Notes, field: str | None) -> None:
    """So are the lists with public objects; only what was found of both is sorted."""
    notes = public_notes
    connection = notes.store._connection  # pyright: ignore[reportPrivateUsage]
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    notes.resource.table(notes.store).fetch_page(
        "someone", Ordering(field), None, filters={"is_done": True, "place": "here"}, limit=10
    )
    connection.set_trace_callback(None)

    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statements[0]}")]
    reads = [step for step in plan if "place=?" in step]
    assert len(reads) == 2
    assert all("is_done=?" in step and "USING" in step for step in reads)
    assert not any(step.startswith("SCAN field_notes") for step in plan)


async def test_a_refused_request_changes_nothing(notes: Notes) -> None:
    """What a request wrote before it was refused is undone."""
    first = await notes.create(priority=5)

    refused = await notes.client.post(NOTES, json={"title": "refused"})

    assert refused.status_code == 400
    assert [one["priority"] for one in await notes.list_all()] == [5]
    await notes.create()
    assert (await notes.client.get(f"{NOTES}{first['id']}/")).json()["priority"] == 4


async def test_actions(notes: Notes) -> None:
    """An action has its own path, which is not an ID, and its own fields."""
    path = f"{NOTES}count-words/"

    counted = await notes.client.post(path, json={"text": "one two"})
    invalid = await notes.client.post(path, json={})

    assert counted.json() == {"words": 2}
    assert invalid.json() == {"text": ["This field is required."]}
    described = (await notes.client.options(path)).json()
    assert described["name"] == "Count Words"
    assert described["actions"]["POST"]["text"]["required"] is True


async def test_actions_on_an_object(notes: Notes) -> None:
    """An action on an object receives it, and the values of body and query."""
    created = await notes.create(title="old", priority=3)
    path = f"{NOTES}{created['id']}/duplicate/"

    copy = await notes.client.post(path, json={"title": "new"})
    plain = await notes.client.post(path)
    copies = await notes.client.get(path, params={"q": "x", "priority": ""})
    changed = await notes.client.put(
        f"{NOTES}priority/{created['id']}/", params={"title": "changed"}, json={"priority": "5"}
    )
    reset = await notes.client.delete(f"{NOTES}priority/{created['id']}/")

    assert copy.status_code == plain.status_code == 201
    assert copy.json() == {**created, "id": copy.json()["id"], "title": "new"}
    assert plain.json() == {**created, "id": plain.json()["id"]}
    assert copies.json() == {"of": "old", "q": "x"}
    assert changed.json() == {**created, "title": "changed", "length": 7, "priority": 5}
    assert (reset.status_code, reset.content) == (204, b"")
    head = await notes.client.head(path, params={"q": "x"})
    assert head.status_code == 200
    assert head.headers["Allow"] == "POST, GET, HEAD, OPTIONS"


@pytest.mark.parametrize("prefix", ["/v1", ""])
async def test_paths(notes: Notes, prefix: str) -> None:
    """The prefix is optional, and both forms of a path that is declared without a final slash."""
    base = f"{prefix}{NOTES.removeprefix('/v1')}"
    post, get = notes.client.post, notes.client.get

    first, *_ = [(await post(base, json={"title": "x"})).json() for _ in range(4)]

    here = f"{base}{first['id']}/"
    assert (await get(here)).json() == first
    assert (await post(f"{base}count-words/", json={"text": "a b"})).json() == {"words": 2}
    assert (await post(f"{here}duplicate/")).status_code == 201
    assert (await post(f"{here}duplicate")).status_code == 301
    assert (await post(f"{here}share")).status_code == 201
    assert (await post(f"{here}share/")).status_code == 201
    assert (await post(f"{here}share//")).status_code == 404
    page = (await get(base)).json()
    assert page["next"].startswith(f"{base}?cursor=")
    assert len((await get(page["next"])).json()["results"]) == 3
    assert (await get(base.removesuffix("/"))).headers["Location"] == base
    assert (await get(f"/v1{base}" if prefix else f"/v2{base}")).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("POST", "{id}/duplicate/", 400, {"title": ["This field may not be blank."]}),
        ("GET", "{id}/duplicate/?priority=-1", 400, None),
        ("DELETE", "{id}/duplicate/", 405, {"detail": 'Method "DELETE" not allowed.'}),
        ("POST", "x/duplicate/", 404, {"detail": "Not found."}),
        ("PUT", f"priority/{UUID(int=0)}/", 404, None),
        ("PUT", "priority/{id}/", 400, {"priority": ["This field is required."]}),
    ],
)
async def test_refused_actions_on_an_object(
    notes: Notes, method: str, path: str, status: int, body: object
) -> None:
    """An unknown object is looked for first, then body and query are validated."""
    created = await notes.create()

    response = await notes.client.request(
        method, NOTES + path.format(**created), json={"title": ""}
    )

    assert response.status_code == status
    if body is not None:
        assert response.json() == body
    if "?" in path:
        assert list(response.json()) == ["priority", "q"]


async def test_actions_on_objects_of_others(public_notes: Notes) -> None:
    """PUT and DELETE require an own object; GET and POST one that the organization can read."""
    notes = public_notes
    other = Account("other", "other@example.com", "Other")
    add = notes.resource.add
    public = add(notes.store, other, {"title": "public"}, "PUBLIC").id
    private = add(notes.store, other, {"title": "private"}, "PRIVATE").id
    own = (await notes.create())["id"]

    statuses = [
        [
            (await notes.client.post(f"{NOTES}{one}/duplicate/")).status_code,
            (await notes.client.get(f"{NOTES}{one}/duplicate/?q=x")).status_code,
            (await notes.client.put(f"{NOTES}priority/{one}/", json={"priority": 1})).status_code,
            (await notes.client.delete(f"{NOTES}priority/{one}/")).status_code,
        ]
        for one in (own, public, private)
    ]

    assert statuses == [[201, 200, 200, 204], [201, 200, 403, 403], [404, 404, 404, 404]]
    described = [
        (await notes.client.options(f"{NOTES}priority/{one}/")).json()
        for one in (own, public, private)
    ]
    assert described[0]["actions"] == {
        "PUT": {
            "priority": {
                "type": "integer",
                "required": True,
                "read_only": False,
                "label": "Priority",
                "min_value": 0,
                "max_value": 2147483647,
            }
        }
    }
    assert "actions" not in described[1]
    assert "actions" not in described[2]


async def test_options_of_actions_on_objects(notes: Notes) -> None:
    """Responses to OPTIONS have the fields of a POST, whatever the object is."""
    described = (await notes.client.options(f"{NOTES}x/duplicate/")).json()

    assert described["name"] == "Duplicate"
    assert list(described["actions"]) == ["POST"]
    assert described["actions"]["POST"]["title"]["max_length"] == 20


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
    assert list(paths) == [
        NOTES,
        *(f"{NOTES}{path}/" for path in ("count-words", "priority/{id}", "{id}/duplicate")),
        f"{NOTES}{{id}}/share",
        f"{NOTES}{{id}}/",
    ]
    text = str(paths[NOTES])
    assert all(f"'name': '{name}'" in text for name in ("ordering", "place", "is_done"))
    assert "'-priority'" in text
    assert "'400'" in str(paths[NOTES]["get"])  # type: ignore[index, call-overload]  # pyright: ignore[reportIndexIssue, reportArgumentType, reportCallIssue, reportOptionalSubscript]
    components = str(describe([FieldNotes()], page_size_cap=7)["components"])
    assert "at most 7" in components
    assert "'operationId': 'listFieldNotes'" in text


def test_document_of_actions() -> None:
    """The OpenAPI document has the status, body, query and refusals of each action."""
    # Parsed again, since the types of parts of JSON are of no interest here.
    paths = json.loads(json.dumps(describe([FieldNotes()])["paths"]))
    copies, priority = (paths[NOTES + path] for path in ("{id}/duplicate/", "priority/{id}/"))
    post, get = copies["post"], copies["get"]

    names = [copies[method]["operationId"] for method in ("post", "get", "head", "options")]
    assert names == [
        "duplicateFieldNote",
        "listCopiesFieldNote",
        "headListCopiesFieldNote",
        "describeDuplicateFieldNote",
    ]
    assert list(post["responses"]) == ["201", "400", "401", "403", "404", "406", "415", "429"]
    assert post["requestBody"]["required"] is False
    assert list(get["responses"]) == ["200", "400", "401", "404", "406", "429"]
    assert [(one["name"], one["required"]) for one in get["parameters"]] == [
        ("priority", False),
        ("q", True),
    ]
    assert "requestBody" not in get
    assert priority["put"]["requestBody"]["required"] is True
    assert "content" not in priority["delete"]["responses"]["204"]


@given(st.integers(-1200, 1200), st.integers(0, 1200), st.integers(-12_000, 12_000))
def test_patterns_of_integers(minimum: int, size: int, number: int) -> None:
    """The pattern of an integer field matches exactly the numbers that are accepted."""
    field = IntegerField(minimum=minimum, maximum=minimum + size)
    pattern = str(field.request_schema()["pattern"])

    for text in (f"{number}", f" {number}.0", f"{number:06}"):
        accepted = minimum <= number <= minimum + size
        assert (re.search(pattern, text) is not None) is accepted


TEXT = {"text": StringField()}


def action(
    method: ActionMethod,
    path: str,
    handler: str = "find",
    fields: Fields | None = None,
    parameters: Fields | None = None,
) -> Action:
    """Return an action."""
    return Action(
        *(method, path, handler, "", "", None), fields=fields or {}, parameters=parameters or {}
    )


@pytest.mark.parametrize(
    ("declared", "problem"),
    [
        ({"sorted_by": ("rank",)}, "lists cannot be sorted by rank, which may be null"),
        ({"filtered_by": ("nowhere",)}, "nowhere are not stored fields"),
        ({"shown": ("id", "secret")}, "secret can be neither stored nor computed"),
        ({"shown": ("title",)}, "an object must show its id"),
        ({"fields": {"created_at": StringField()}}, "every table has the columns created_at"),
        ({"actions": (action("POST", "{id}"),)}, "must have a path such as"),
        ({"actions": (action("POST", "{id}/x/{id}"),)}, "must have a path such as"),
        ({"actions": (action("POST", "/x/"),)}, "must have a path such as"),
        ({"actions": (action("POST", "x"), action("POST", "x"))}, "POST x is declared twice"),
        ({"actions": (action("DELETE", "x", fields=TEXT),)}, "DELETE x cannot have a body"),
        ({"actions": (action("PUT", "x", fields=TEXT, parameters=TEXT),)}, "has text both in"),
        ({"actions": (action("PUT", "x", handler="run"),)}, "PUT x needs the method run"),
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
