"""API keys, organizations, visibility, permissions and rate limits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace
from uuid import uuid4

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from root.emulator import Server
from root.emulator.application import CONNECTION, Application
from root.emulator.endpoint import Service, endpoints
from root.emulator.fault_queue import FaultQueue
from root.emulator.history import History
from root.emulator.keys import KeyRegistry
from root.emulator.pagination import Paginator

from .conftest import UNKNOWN, connect, open_models
from .test_emulator_models import PUBLIC, create

LIST = "/v1/models/"
DENIED = {"detail": "You do not have permission to perform this action."}
NOT_UNIQUE = {"non_field_errors": ["The fields organization, name must make a unique set."]}


@pytest.fixture
def server(emulator: Server) -> Server:
    """Return the emulator that is wiped, since all tests see public models."""
    return emulator


class Timed:
    """The service with a clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.keys = KeyRegistry(lambda: self.now)
        self.store, models = open_models()
        service = Service(self.store, self.keys, Paginator("absolute", 1))
        history = History(self.keys.all, ())
        application = Application(
            endpoints(models, service), FaultQueue(None), history, self.keys, {}
        )
        # Without a server there are no connections to count.
        connection = SimpleNamespace(count=lambda: None)

        async def connected(scope: Scope, receive: Receive, send: Send) -> None:
            await application({**scope, CONNECTION: connection}, receive, send)

        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(connected), base_url="http://emulator"
        )

    async def send(self, key: str, method: str = "GET", path: str = LIST) -> httpx.Response:
        return await self.client.request(method, path, headers={"Authorization": f"Api-Key {key}"})

    async def send_at(self, times: list[float], key: str) -> list[int]:
        """Send requests at these times in seconds, and return the statuses of the responses."""
        statuses: list[int] = []
        for time in times:
            self.now = 1000.0 + time
            statuses.append((await self.send(key)).status_code)
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
async def test_rate_limit(
    timed: Timed, limit: str, times: list[float], statuses: list[int]
) -> None:
    """In any period there are at most as many responses as the limit; rejections do not count."""
    key = timed.keys.add(None, rate_limit=limit)

    assert await timed.send_at(times, key) == statuses


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
async def test_retry_after_of_throttled_request(
    timed: Timed, after: float, seconds: str, text: str
) -> None:
    """A throttled response has the seconds until the next permitted request, rounded up."""
    key = timed.keys.add(None, rate_limit="1/minute")
    await timed.send(key)
    timed.now += after

    response = await timed.send(key)

    assert response.status_code == 429
    assert response.headers["Retry-After"] == seconds
    assert response.headers["Allow"] == "GET, POST, HEAD, OPTIONS"
    assert response.json() == {"detail": f"Request was throttled. Expected available in {text}."}


async def test_retry_after_counts_from_oldest_request(timed: Timed) -> None:
    """The next request is permitted once the oldest one has left the period."""
    key = timed.keys.add(None, rate_limit="2/minute")
    assert await timed.send_at([0, 30], key) == [200, 200]
    timed.now = 1040.0

    response = await timed.send(key)

    assert (response.status_code, response.headers["Retry-After"]) == (429, "20")


async def test_rate_limits_are_per_key(timed: Timed) -> None:
    """Keys are limited separately, also within an organization."""
    keys = [timed.keys.add(None, organization="ours", rate_limit="1/day") for _ in range(2)]

    statuses = [(await timed.send(key)).status_code for key in (*keys, *keys)]

    assert statuses == [200, 200, 429, 429]


async def test_every_authenticated_request_counts(timed: Timed) -> None:
    """OPTIONS, 404 and 405 count towards the rate limit."""
    key = timed.keys.add(None, rate_limit="3/day")
    requests = [("OPTIONS", LIST), ("GET", f"{LIST}{uuid4()}/"), ("TRACE", LIST), ("HEAD", LIST)]

    statuses = [(await timed.send(key, *one)).status_code for one in requests]

    assert statuses == [200, 404, 405, 429]


async def test_denied_requests_do_not_count(timed: Timed) -> None:
    """Permissions are checked before the rate limit, and denied requests do not count."""
    key = timed.keys.add(None, rate_limit="1/day", state="read-only")

    statuses = [
        (await timed.send(*one)).status_code
        for one in [(key, "POST"), (key, "BREW"), (key,), (key,), (key, "POST"), ("wrong",)]
    ]

    assert statuses == [403, 403, 200, 429, 403, 401]


async def test_rate_limit_is_checked_before_method(timed: Timed) -> None:
    """A throttled request gets 429 also for an unsupported method."""
    key = timed.keys.add(None, rate_limit="1/day")

    statuses = [(await timed.send(key, "TRACE")).status_code for _ in range(2)]

    assert statuses == [405, 429]


async def test_rate_limit_can_be_changed(timed: Timed) -> None:
    """A raised limit permits more requests at once, and an empty one removes the limit."""
    key = timed.keys.add(None, rate_limit="1/day")
    assert await timed.send_at([0, 1], key) == [200, 429]

    timed.keys.change(key, state=None, rate_limit="2/day")
    assert await timed.send_at([2, 3], key) == [200, 429]
    timed.keys.change(key, state=None, rate_limit="")
    assert await timed.send_at([4, 5], key) == [200, 200]


@pytest.mark.parametrize(
    "limit",
    ["", "10", "0/second", "-1/s", "1/week", "1.5/s", "1 / s", "x/s", "1/month", "1/sx", "1/days"],
)
def test_invalid_rate_limits(server: Server, limit: str) -> None:
    """An invalid rate limit is rejected with examples of valid ones."""
    with pytest.raises(ValueError, match="10/second"):
        server.add_key(rate_limit=limit)


def test_revoked_key(server: Server) -> None:
    """A revoked key gets the same response as an unknown one, until it is active again."""
    key = server.add_key()
    with connect(server, key) as client, connect(server, "unknown") as stranger:
        server.change_key(key, state="revoked")
        refused, unknown = client.get(LIST), stranger.get(LIST)
        server.change_key(key, state="active")
        after = client.get(LIST)

    assert refused.status_code == unknown.status_code == 401
    assert refused.json() == unknown.json()
    assert after.status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_read_only_key_can_read(server: Server, method: str) -> None:
    """A read-only key can read everything."""
    path = f"{LIST}{server.add_model(name=uuid4().hex).id}/"
    with connect(server, server.add_key(organization="main", state="read-only")) as client:
        assert client.request(method, LIST).status_code == 200
        assert client.request(method, path).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"])
def test_read_only_key_cannot_write(server: Server, method: str) -> None:
    """A read-only key gets 403 for every writing method, before its body is parsed."""
    model = server.add_model(name=uuid4().hex)
    with connect(server, server.add_key(organization="main", state="read-only")) as client:
        for path in (LIST, f"{LIST}{model.id}/", f"{LIST}verify/"):
            response = client.request(method, path, content=b"{")

            assert response.status_code == 403
            assert response.json() == DENIED
    assert model in server.models


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"state": "asleep"}, "active, read-only, revoked"),
        ({"organization": " "}, "organization must not be blank"),
        ({"email": ""}, "email must not be blank"),
    ],
)
def test_invalid_key_arguments(server: Server, arguments: dict[str, str], reason: str) -> None:
    """An unknown state and blank values are rejected."""
    with pytest.raises(ValueError, match=reason):
        server.add_key(**arguments)  # type: ignore[arg-type]  # the subject of the test


@pytest.mark.parametrize(
    ("argument", "value"),
    [("organization", 5), ("email", 5), ("full_name", None), ("rate_limit", 5)],
)
def test_key_arguments_of_wrong_type(server: Server, argument: str, value: object) -> None:
    """A wrong type is rejected when the key is added, not at its first request."""
    with pytest.raises(TypeError, match=f"^{argument} must be a string, not {value}\\.$"):
        server.add_key(**{argument: value})  # type: ignore[arg-type]  # the subject of the test


def test_change_of_unknown_key(server: Server) -> None:
    """Changing an unknown key raises an error that does not repeat the key."""
    with pytest.raises(ValueError, match=r"^Unknown API key\. Add the key first\.$"):
        server.change_key("unknown", state="revoked")


def test_keys_share_models_of_organization(server: Server) -> None:
    """Keys of one organization can read and change the same models."""
    organization = uuid4().hex
    one, other = (server.add_key(organization=organization) for _ in range(2))
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


def test_owner_is_creator(server: Server) -> None:
    """The list shows the user who created a model, not the one who changed it."""
    organization = uuid4().hex
    one = server.add_key(organization=organization, email="a@example.com", full_name="A")
    other = server.add_key(organization=organization, email="b@example.com", full_name="B")
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
    """Others see public models in the list and unlisted ones by id; the owner sees all."""
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
def test_public_models_of_others(
    server: Server, client: httpx.Client, method: str, visibility: str
) -> None:
    """A public model can be changed by its organization only, and deleted by nobody."""
    key = server.add_key()
    model = server.add_model(name="x", visibility=visibility, api_key=key)  # type: ignore[arg-type]
    path = f"{LIST}{model.id}/"

    refused = client.request(method, path, content=b"{")

    assert refused.status_code == 403
    assert refused.json() == DENIED
    assert model in server.models
    with connect(server, key) as own:
        response = own.request(method, path, json={"name": "y"})
    assert response.status_code == (403 if method == "DELETE" else 200)
    assert (response.json() == DENIED) is (method == "DELETE")
    assert model.id in [one.id for one in server.models]


@pytest.mark.parametrize("ordering", ["name", "-name", "created_at", "-created_at"])
def test_own_public_models_are_listed_once(server: Server, ordering: str) -> None:
    """An own public model appears once in the list, in every ordering."""
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
    """A name that exists in the organization is rejected, for new and for existing models."""
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
def test_model_can_keep_its_name(client: httpx.Client, method: str) -> None:
    """A change may repeat the current name of the model."""
    model = create(client, name="kept")

    response = client.request(method, f"{LIST}{model['id']}/", json={"name": "kept", "url": "u"})

    assert response.json() == {**model, "url": "u"}


def test_duplicate_can_keep_its_name(server: Server) -> None:
    """A model with a duplicate name, which no request can create, can still be changed."""
    key = server.add_key()
    server.add_model(name="x", api_key=key)
    path = f"{LIST}{server.add_model(name='x', api_key=key).id}/"
    with connect(server, key) as client:
        assert client.patch(path, json={"name": "x", "url": "u"}).status_code == 200
        assert client.patch(path, json={"name": "y"}).status_code == 200
        assert client.patch(path, json={"name": "x"}).json() == NOT_UNIQUE


def test_names_are_compared_exactly(client: httpx.Client) -> None:
    """Names that differ in case or accents are different; field errors take precedence."""
    for name in ("é", "e", "E", "e\u0301"):
        create(client, name=name)

    response = client.post(LIST, json={"name": "e", "max_token_count": -1})

    assert set(response.json()) == {"max_token_count"}


def test_names_are_unique_per_organization(server: Server, client: httpx.Client) -> None:
    """Names of other organizations, public models and deleted models can be used."""
    with connect(server, server.add_key()) as other:
        create(other, name="x")
    model = create(client, name="x")
    create(client, name=PUBLIC)

    client.delete(f"{LIST}{model['id']}/")

    create(client, name="x")


@pytest.mark.parametrize("headers", [{"If-None-Match": "*"}, {"If-Modified-Since": "0"}])
def test_responses_have_no_validators(client: httpx.Client, headers: dict[str, str]) -> None:
    """Responses have no validators, so a conditional request gets the full response."""
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
def test_vary_accept(client: httpx.Client, method: str, path: str) -> None:
    """Every response has `Vary: Accept` and the allowed methods."""
    response = client.request(method, path)

    assert response.headers["Vary"] == "Accept"
    assert "OPTIONS" in response.headers["Allow"].split(", ")


@pytest.mark.parametrize(
    "path", [LIST, f"{LIST}?cursor=no", f"{LIST}{UNKNOWN}/", "/nowhere", "/v1/models"]
)
def test_head_has_the_headers_of_get(client: httpx.Client, path: str) -> None:
    """HEAD returns the headers of GET without a body, also for errors."""
    head, get = client.head(path), client.get(path)

    assert head.content == b""
    assert head.status_code == get.status_code
    for response in (head, get):
        for name in ("date", "x-request-id"):
            del response.headers[name]
    assert head.headers == get.headers


def test_options_needs_no_model(client: httpx.Client) -> None:
    """OPTIONS succeeds for an unknown model, as in Django REST Framework."""
    response = client.options(f"{LIST}{uuid4()}/")

    assert response.status_code == 200
    assert response.json()["name"] == "Model Instance"
    assert response.headers["Allow"] == "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"
