"""Keys, organisations and visibilities: who sees what, who may do what, and how often."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace
from uuid import uuid4

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from root.emulator import Server
from root.emulator.application import CONNECTION, Application
from root.emulator.faults import Faults
from root.emulator.history import History
from root.emulator.keys import Accounts
from root.emulator.resources import catalogue
from root.emulator.resources.models import Models
from root.emulator.store import Store

from .conftest import UNKNOWN, connect
from .test_emulator_models import PUBLIC, create

LIST = "/v1/models/"
DENIED = {"detail": "You do not have permission to perform this action."}
NOT_UNIQUE = {"non_field_errors": ["The fields organization, name must make a unique set."]}


@pytest.fixture
def server(emulator: Server) -> Server:
    """Return the emulator that is wiped: what is public here would be seen by all tests."""
    return emulator


class Timed:
    """The service, by a clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.accounts = Accounts(lambda: self.now)
        public = catalogue.load()
        self.store = Store(None, public)
        models = Models(self.store, public, next_style="absolute", page_size_cap=1)
        application = Application(
            models, self.accounts, Faults(None), History(self.accounts.keys), {}
        )
        # No server stands before it, whose connections would be counted.
        connection = SimpleNamespace(count=lambda: None)

        async def connected(scope: Scope, receive: Receive, send: Send) -> None:
            await application({**scope, CONNECTION: connection}, receive, send)

        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(connected), base_url="http://emulator"
        )

    async def ask(self, key: str, method: str = "GET", path: str = LIST) -> httpx.Response:
        return await self.client.request(method, path, headers={"Authorization": f"Api-Key {key}"})

    async def ask_at(self, times: list[float], key: str) -> list[int]:
        """Ask at these seconds from the beginning, and return the answers' statuses."""
        statuses: list[int] = []
        for time in times:
            self.now = 1000.0 + time
            statuses.append((await self.ask(key)).status_code)
        return statuses


@pytest.fixture
async def timed() -> AsyncIterator[Timed]:
    timed = Timed()
    async with timed.client:
        yield timed
    timed.store.close()


@pytest.mark.parametrize(
    ("limit", "times", "statuses"),
    [
        ("2/second", [0, 0.5, 0.9, 1.0, 1.4, 1.5], [200, 200, 429, 200, 429, 200]),
        ("2/min", [0, 30, 59, 60, 61, 89, 90], [200, 200, 429, 200, 429, 429, 200]),
        ("1/h", [0, 3599, 3600], [200, 429, 200]),
        ("1/day", [0, 86399, 86400], [200, 429, 200]),
    ],
)
async def test_a_rate_is_kept(
    timed: Timed, limit: str, times: list[float], statuses: list[int]
) -> None:
    """In any span of the period's length there are no more answers; refusals do not count."""
    key = timed.accounts.add(None, rate_limit=limit)

    assert await timed.ask_at(times, key) == statuses


@pytest.mark.parametrize(
    ("after", "seconds", "text"),
    [
        (0.0, "60", "60 seconds"),
        (0.5, "60", "60 seconds"),
        (42.5, "18", "18 seconds"),
        (58.0, "2", "2 seconds"),
        (58.75, "2", "2 seconds"),
        (59.0, "1", "1 second"),
        (59.75, "1", "1 second"),
    ],
)
async def test_a_refusal_says_when(timed: Timed, after: float, seconds: str, text: str) -> None:
    """Who asks too often is told the seconds until the next answer, rounded up."""
    key = timed.accounts.add(None, rate_limit="1/minute")
    await timed.ask(key)
    timed.now += after

    response = await timed.ask(key)

    assert response.status_code == 429
    assert response.headers["Retry-After"] == seconds
    assert response.headers["Allow"] == "GET, POST, HEAD, OPTIONS"
    assert response.json() == {"detail": f"Request was throttled. Expected available in {text}."}


async def test_a_refusal_counts_from_the_oldest(timed: Timed) -> None:
    """With several in a period, the next is answered once the oldest of them is out of it."""
    key = timed.accounts.add(None, rate_limit="2/minute")
    assert await timed.ask_at([0, 30], key) == [200, 200]
    timed.now = 1040.0

    response = await timed.ask(key)

    assert (response.status_code, response.headers["Retry-After"]) == (429, "20")


async def test_each_key_is_counted_by_itself(timed: Timed) -> None:
    """A key that asks too often is in nobody's way, not even in its organisation."""
    keys = [timed.accounts.add(None, organisation="ours", rate_limit="1/day") for _ in range(2)]

    statuses = [(await timed.ask(key)).status_code for key in (*keys, *keys)]

    assert statuses == [200, 200, 429, 429]


async def test_every_request_of_a_known_key_counts(timed: Timed) -> None:
    """OPTIONS, what is not there and a method that is not either are counted like the rest."""
    key = timed.accounts.add(None, rate_limit="3/day")
    asked = [("OPTIONS", LIST), ("GET", f"{LIST}{uuid4()}/"), ("TRACE", LIST), ("HEAD", LIST)]

    statuses = [(await timed.ask(key, *one)).status_code for one in asked]

    assert statuses == [200, 404, 405, 429]


async def test_who_may_not_ask_is_not_counted(timed: Timed) -> None:
    """First it is said that a key is wrong or may only look, then that it asks too often."""
    key = timed.accounts.add(None, rate_limit="1/day", state="read-only")

    statuses = [
        (await timed.ask(*one)).status_code
        for one in [(key, "POST"), (key, "BREW"), (key,), (key,), (key, "POST"), ("wrong",)]
    ]

    assert statuses == [403, 403, 200, 429, 403, 403]


async def test_the_rate_comes_before_the_method(timed: Timed) -> None:
    """That a method is not there is not told to those who ask too often."""
    key = timed.accounts.add(None, rate_limit="1/day")

    statuses = [(await timed.ask(key, "TRACE")).status_code for _ in range(2)]

    assert statuses == [405, 429]


async def test_a_rate_may_change(timed: Timed) -> None:
    """A limit that is raised lets more in at once, one that is ended all."""
    key = timed.accounts.add(None, rate_limit="1/day")
    assert await timed.ask_at([0, 1], key) == [200, 429]

    timed.accounts.change(key, state=None, rate_limit="2/day")
    assert await timed.ask_at([2, 3], key) == [200, 429]
    timed.accounts.change(key, state=None, rate_limit="")
    assert await timed.ask_at([4, 5], key) == [200, 200]


@pytest.mark.parametrize(
    "limit",
    ["", "10", "0/second", "-1/s", "1/week", "1.5/s", "1 / s", "x/s", "1/month", "1/sx", "1/days"],
)
def test_what_is_no_rate(server: Server, limit: str) -> None:
    """A limit that means nothing is refused, with some that do."""
    with pytest.raises(ValueError, match="10/second"):
        server.add_key(rate_limit=limit)


def test_a_revoked_key_is_as_unknown(server: Server) -> None:
    """A key that is revoked is answered like one that never was, until it is active again."""
    key = server.add_key()
    with connect(server, key) as client, connect(server, "unknown") as stranger:
        server.change_key(key, state="revoked")
        refused, unknown = client.get(LIST), stranger.get(LIST)
        server.change_key(key, state="active")
        after = client.get(LIST)

    assert refused.status_code == unknown.status_code == 403
    assert refused.json() == unknown.json() == DENIED
    assert after.status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_read_only_key_may_look(server: Server, method: str) -> None:
    """A key that may only look gets what every other one gets."""
    path = f"{LIST}{server.add_model(name=uuid4().hex).id}/"
    with connect(server, server.add_key(organisation="main", state="read-only")) as client:
        assert client.request(method, LIST).status_code == 200
        assert client.request(method, path).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"])
def test_a_read_only_key_may_not_touch(server: Server, method: str) -> None:
    """A key that may only look changes nothing, whatever it says."""
    model = server.add_model(name=uuid4().hex)
    with connect(server, server.add_key(organisation="main", state="read-only")) as client:
        for path in (LIST, f"{LIST}{model.id}/", f"{LIST}verify/"):
            response = client.request(method, path, content=b"{")

            assert response.status_code == 403
            assert response.json() == DENIED
    assert model in server.models


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"state": "asleep"}, "active, read-only, revoked"),
        ({"organisation": " "}, "organisation is not blank"),
        ({"email": ""}, "email is not blank"),
    ],
)
def test_keys_that_make_no_sense(server: Server, arguments: dict[str, str], reason: str) -> None:
    """A key of an unknown state or of nobody's is refused."""
    with pytest.raises(ValueError, match=reason):
        server.add_key(**arguments)  # type: ignore[arg-type]  # that is what is tried


@pytest.mark.parametrize(
    ("argument", "value"),
    [("organisation", 5), ("email", 5), ("full_name", None), ("rate_limit", 5)],
)
def test_keys_of_another_kind(server: Server, argument: str, value: object) -> None:
    """What is no text is refused where the key is added, and not with its requests."""
    with pytest.raises(TypeError, match=f"^{argument} is text, not {value}\\.$"):
        server.add_key(**{argument: value})  # type: ignore[arg-type]  # that is what is tried


def test_an_unknown_key_cannot_change(server: Server) -> None:
    """Changing a key that is none says what to do first, and does not repeat it."""
    with pytest.raises(ValueError, match=r"^There is no such key here\. It has to be added first"):
        server.change_key("unknown", state="revoked")


def test_keys_of_an_organisation_share(server: Server) -> None:
    """What one key of an organisation creates, another lists, reads, changes and deletes."""
    organisation = uuid4().hex
    one, other = (server.add_key(organisation=organisation) for _ in range(2))
    with connect(server, one) as first, connect(server, other) as second:
        model = create(first)
        path = f"{LIST}{model['id']}/"

        assert second.get(LIST).json()["results"][0]["id"] == model["id"]
        assert second.get(path).json() == model
        assert second.patch(path, json={"url": "u"}).json() == {**model, "url": "u"}
        assert first.get(path).json()["url"] == "u"
        assert second.put(path, json={"name": "n"}).status_code == 200
        assert second.post(f"{LIST}verify/", json={"model": "n"}).json()["success"]
        assert second.delete(path).status_code == 204
        assert first.get(path).status_code == 404


def test_who_created_it_is_shown(server: Server) -> None:
    """In the list is the name of the one whose key created a model, not of who changed it."""
    organisation = uuid4().hex
    one = server.add_key(organisation=organisation, email="a@example.com", full_name="A")
    other = server.add_key(organisation=organisation, email="b@example.com", full_name="B")
    with connect(server, one) as first, connect(server, other) as second:
        path = f"{LIST}{create(first)['id']}/"
        second.patch(path, json={"url": "u"})

        owner = second.get(LIST).json()["results"][0]["owner"]

    assert owner == {"email": "a@example.com", "full_name": "A"}


def listed(client: httpx.Client) -> list[str]:
    """Return the ids of the first page, newest first."""
    return [model["id"] for model in client.get(LIST).json()["results"]]


@pytest.mark.parametrize(
    ("visibility", "in_list", "status"),
    [("PUBLIC", True, 200), ("PUBLIC_UNLISTED", False, 200), ("PRIVATE", False, 404)],
)
def test_visibility(
    server: Server, client: httpx.Client, visibility: str, in_list: bool, status: int
) -> None:
    """Others list what is public and read what is public by its id; its own see all."""
    key = server.add_key()
    model = server.add_model(name="x", visibility=visibility, api_key=key)  # type: ignore[arg-type]
    with connect(server, key) as own:
        shown = own.get(LIST).json()["results"][0]
        assert (shown["id"], shown["visibility"]) == (model.id, visibility)
        assert own.get(f"{LIST}{model.id}/").status_code == 200

    assert (model.id in listed(client)) is in_list
    assert client.get(f"{LIST}{model.id}/").status_code == status


@pytest.mark.parametrize("visibility", ["PUBLIC", "PUBLIC_UNLISTED"])
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_what_others_made_public(
    server: Server, client: httpx.Client, method: str, visibility: str
) -> None:
    """What is public is changed by its organisation alone, and deleted by nobody."""
    key = server.add_key()
    model = server.add_model(name="x", visibility=visibility, api_key=key)  # type: ignore[arg-type]
    path = f"{LIST}{model.id}/"

    refused = client.request(method, path, content=b"{")

    assert refused.status_code == 403
    assert refused.json() == DENIED
    assert model in server.models
    with connect(server, key) as own:
        answer = own.request(method, path, json={"name": "y"})
    assert answer.status_code == (403 if method == "DELETE" else 200)
    assert (answer.json() == DENIED) is (method == "DELETE")
    assert model.id in [one.id for one in server.models]


@pytest.mark.parametrize("ordering", ["name", "-name", "created_at", "-created_at"])
def test_each_public_model_is_listed_once(server: Server, ordering: str) -> None:
    """One's own models that are public stand once in the list, in every order."""
    key = server.add_key()
    ids = {
        server.add_model(name=f"~{number}", visibility="PUBLIC", api_key=key).id
        for number in range(3)
    }
    found: list[str] = []
    with connect(server, key) as client:
        url = f"{LIST}?ordering={ordering}&page_size=50"
        while url:
            page = client.get(url).json()
            found += [model["id"] for model in page["results"]]
            url = page["next"]

    assert ids <= set(found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_names_are_unique(client: httpx.Client, method: str) -> None:
    """A name that the organisation has already is taken, for a new model and for another."""
    create(client, name="taken")
    model = create(client, name="other")
    path = f"{LIST}{model['id']}/"

    for response in (
        client.post(LIST, json={"name": " taken "}),
        client.request(method, path, json={"name": "taken"}),
    ):
        assert response.status_code == 400
        assert response.json() == NOT_UNIQUE
    assert client.get(path).json() == model


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_model_keeps_its_name(client: httpx.Client, method: str) -> None:
    """A model may be told the name that it has."""
    model = create(client, name="kept")

    response = client.request(method, f"{LIST}{model['id']}/", json={"name": "kept", "url": "u"})

    assert response.json() == {**model, "url": "u"}


def test_a_double_keeps_its_name(server: Server) -> None:
    """A model whose name stands twice, which no request could do, can be changed all the same."""
    key = server.add_key()
    server.add_model(name="x", api_key=key)
    path = f"{LIST}{server.add_model(name='x', api_key=key).id}/"
    with connect(server, key) as client:
        assert client.patch(path, json={"name": "x", "url": "u"}).status_code == 200
        assert client.patch(path, json={"name": "y"}).status_code == 200
        assert client.patch(path, json={"name": "x"}).json() == NOT_UNIQUE


def test_names_are_told_apart_exactly(client: httpx.Client) -> None:
    """Other letters, other marks and other cases are other names; wrong fields come first."""
    for name in ("é", "e", "E", "e\u0301"):
        create(client, name=name)

    response = client.post(LIST, json={"name": "e", "max_token_count": -1})

    assert set(response.json()) == {"max_token_count"}


def test_names_are_free_elsewhere(server: Server, client: httpx.Client) -> None:
    """The names of others may be taken, those of public models too, and those of deleted ones."""
    with connect(server, server.add_key()) as other:
        create(other, name="x")
    model = create(client, name="x")
    create(client, name=PUBLIC)

    client.delete(f"{LIST}{model['id']}/")

    create(client, name="x")


@pytest.mark.parametrize("headers", [{"If-None-Match": "*"}, {"If-Modified-Since": "0"}])
def test_no_answer_is_kept(client: httpx.Client, headers: dict[str, str]) -> None:
    """There are no validators, so that a conditional request gets the whole answer."""
    model = create(client)
    path = f"{LIST}{model['id']}/"

    response = client.get(path, headers=headers)

    assert response.status_code == 200
    assert response.json() == model
    for name in ("ETag", "Last-Modified", "Cache-Control", "Expires"):
        assert name not in response.headers
    assert response.headers["Vary"] == "Accept"
    assert client.delete(path, headers={"If-Match": '"x"'}).status_code == 204


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "TRACE"])
@pytest.mark.parametrize("path", [LIST, f"{LIST}verify/", f"{LIST}{UNKNOWN}/"])
def test_every_answer_varies_by_accept(client: httpx.Client, method: str, path: str) -> None:
    """Whatever the answer is, it might be another in another form, and says what there is."""
    response = client.request(method, path)

    assert response.headers["Vary"] == "Accept"
    assert "OPTIONS" in response.headers["Allow"].split(", ")


@pytest.mark.parametrize(
    "path", [LIST, f"{LIST}?cursor=no", f"{LIST}{UNKNOWN}/", "/nowhere", "/v1/models"]
)
def test_head_has_the_headers_of_get(client: httpx.Client, path: str) -> None:
    """HEAD answers as GET does, without a body, to what is wrong too."""
    head, get = client.head(path), client.get(path)

    assert head.content == b""
    assert head.status_code == get.status_code
    for response in (head, get):
        for name in ("date", "x-request-id"):
            del response.headers[name]
    assert head.headers == get.headers


def test_options_needs_no_model(client: httpx.Client) -> None:
    """OPTIONS looks for no model, as Django REST Framework has it."""
    response = client.options(f"{LIST}{uuid4()}/")

    assert response.status_code == 200
    assert response.json()["name"] == "Model Instance"
    assert response.headers["Allow"] == "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"
