"""The description of the API: that it is found, right in form, and what the emulator keeps to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from openapi_core.exceptions import OpenAPIError
from openapi_spec_validator import OpenAPIV31SpecValidator

from root.emulator import Server, openapi, serializers
from root.emulator.serializers import Whole
from tests.described import check_answer, check_request

from .conftest import connect
from .test_emulator_models import create

LIST = "/v1/models/"
VERIFY = "/v1/models/verify/"
ONE = "/v1/models/{id}/"

# As it comes out of JSON, which the tests then take apart.
DOCUMENT: dict[str, Any] = openapi()

OPERATIONS = [
    (method, path)
    for path, operations in DOCUMENT["paths"].items()
    for method in operations
    if method != "parameters"
]


def test_it_is_right_in_form() -> None:
    """It is an OpenAPI document of version 3.1."""
    assert DOCUMENT["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(openapi()).validate()


@pytest.mark.parametrize("name", serializers.MODEL)
def test_limits_are_described(name: str) -> None:
    """What a field of a model may be is described as it is checked."""
    field = serializers.MODEL[name]
    asked, shown = (DOCUMENT["components"]["schemas"][one] for one in ("ModelRequest", "Model"))
    schema = asked["properties"][name]
    answered = shown["properties"].get(name, {})

    def fits(value: str) -> bool:
        return re.search(schema["pattern"], value) is not None

    assert (name in asked["required"]) is field.required
    assert ("null" in schema["type"]) is field.nullable
    if isinstance(field, Whole):
        assert (schema["minimum"], schema["maximum"]) == (field.minimum, field.maximum)
        assert answered["minimum"] == field.minimum
        assert fits(str(field.minimum))
        assert not fits(str(field.minimum - 1))
    else:
        assert fits("") is field.may_be_blank
        longest = field.max_length or 5000
        assert fits("x" * longest)
        assert fits("x" * (longest + 1)) is (field.max_length is None)
        assert answered.get("maxLength") == field.max_length


def test_every_field_is_described() -> None:
    """The fields of a model that are described are those that are read."""
    for name in ("ModelRequest", "ModelPatch"):
        assert set(DOCUMENT["components"]["schemas"][name]["properties"]) == set(serializers.MODEL)


def test_it_is_served(server: Server) -> None:
    """Whoever asks gets it, without a key, and the request is not one to the API."""
    before = len(server.requests)

    get, head = (httpx.request(method, f"{server.url}/openapi.json") for method in ("GET", "HEAD"))

    assert get.json() == openapi()
    assert get.headers["Content-Type"] == head.headers["Content-Type"] == "application/json"
    assert httpx.post(f"{server.url}/openapi.json").status_code == 405
    assert len(server.requests) == before


def test_every_method_is_described(client: httpx.Client) -> None:
    """The methods that are described are those that an address allows."""
    client.get(LIST)
    for path, operations in DOCUMENT["paths"].items():
        allowed = client.options(path.format(id=uuid4())).headers["Allow"].split(", ")

        assert {method.lower() for method in allowed} == set(operations) - {"parameters"}


@pytest.fixture
def asked(server: Server) -> Iterator[list[httpx.Response]]:
    """Ask for every answer that there is, at every address and with every method."""
    answers: list[httpx.Response] = []
    key = server.add_key()
    clients = {
        "own": connect(server, key),
        "none": httpx.Client(base_url=server.url),
        "wrong": connect(server, "wrong"),
        "often": connect(server, server.add_key(rate_limit="1/day")),
    }
    try:
        clients["often"].get(LIST)
        for method, path in OPERATIONS:
            model = create(clients["own"], name=uuid4().hex)
            here = path.format(id=model["id"])
            good = (
                {"name": uuid4().hex, "model": "x"} if method in ("post", "put", "patch") else None
            )
            for whose in clients:
                answers.append(clients[whose].request(method, here, json=good))
            own = clients["own"]
            answers += [
                own.request(method, here, headers={"Accept": "text/html"}),
                own.request(method, here.replace(str(model["id"]), str(uuid4())), json=good),
                own.request(method, here.replace(str(model["id"]), "a.b"), json=good),
            ]
            if path == LIST:
                answers.append(own.request(method, here, params={"cursor": "no"}, json=good))
            if good:
                announced = {"Content-Type": "application/json"}
                for body in (b"{", b"[]", b'{"name": "", "model": ""}'):
                    answers.append(own.request(method, here, content=body, headers=announced))
                answers.append(own.request(method, here, content=b"x"))
        answers.append(clients["own"].post(VERIFY, json={"model": "not there"}))
        yield answers
    finally:
        for one in clients.values():
            one.close()


def test_every_answer_is_described(asked: list[httpx.Response]) -> None:
    """What comes is described, and what is described comes."""
    found: set[tuple[str, str, str]] = set()
    for response in asked:
        check_answer(response)
        path = response.request.url.path
        address = path if path in (LIST, VERIFY) else ONE
        found.add((response.request.method.lower(), address, str(response.status_code)))

    assert found == {
        (method, path, status)
        for method, path in OPERATIONS
        for status in DOCUMENT["paths"][path][method]["responses"]
    }


def test_an_unknown_answer_is_noticed(client: httpx.Client) -> None:
    """An answer that is not described does not pass for one that is."""
    response = client.get(LIST)
    page = response.json()
    page["results"][0].pop("owner")
    others = [
        httpx.Response(418, json={"detail": ""}, headers=response.headers),
        httpx.Response(200, json=page, headers={**response.headers, "content-length": "0"}),
    ]

    for other in others:
        other.request = response.request
        with pytest.raises(OpenAPIError):
            check_answer(other)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": 5},
        {"name": "  x  "},
        {"name": f" {'x' * 100} "},
        {"name": "x", "url": " "},
        {"name": "x", "url": None, "max_token_count": None, "default_key": None},
        {"name": "x", "max_output_token_count": "900.0", "max_token_count": "-0"},
        {"name": "x", "max_output_token_count": 2147483647, "max_token_count": 0},
        {"name": "x", "colour": "red"},
    ],
)
def test_leniency_is_described(client: httpx.Client, fields: dict[str, object]) -> None:
    """What is taken, though it is not quite right, is described."""
    request = client.build_request("POST", LIST, json=fields)

    check_request(request)
    assert client.send(request).status_code == 201


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": ""},
        {"name": " "},
        {"name": None},
        {"name": True},
        {"name": "x" * 101},
        {"name": "a\0b"},
        {"name": "x", "model": None},
        {"name": "x", "url": "x" * 1025},
        {"name": "x", "default_key": ""},
        {"name": "x", "max_output_token_count": 799},
        {"name": "x", "max_output_token_count": "799"},
        {"name": "x", "max_token_count": -1},
        {"name": "x", "max_token_count": 2147483648},
        {"name": "x", "max_token_count": 1.5},
    ],
    ids=json.dumps,
)
def test_strictness_is_described(client: httpx.Client, fields: dict[str, object]) -> None:
    """What is refused is described as such."""
    request = client.build_request("POST", LIST, json=fields)

    with pytest.raises(OpenAPIError):
        check_request(request)
    assert client.send(request).status_code == 400
