"""The OpenAPI document, and whether the emulator conforms to it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from jsonschema import Draft202012Validator
from openapi_core.exceptions import OpenAPIError
from openapi_spec_validator import OpenAPIV31SpecValidator

from root.emulator import Server, openapi
from root.emulator.fields import BooleanField, StringField
from root.emulator.forms import FORM_TYPES
from root.emulator.generations import Generation
from root.emulator.number_fields import IntegerField
from root.emulator.resources.models import Models
from root.emulator.resources.projects import Projects
from tests.conformance import check_request, check_response

from .conftest import connect

LIST = "/v1/models/"
VERIFY = "/v1/models/verify/"
PROJECTS = "/v1/projects/"
DATA_SETS = "/v1/datasets/"

# Parsed JSON, whose parts the tests access without types.
DOCUMENT: dict[str, Any] = openapi()

# The tests of other resources check each of their responses.
OPERATIONS = [
    (method, path)
    for path, operations in DOCUMENT["paths"].items()
    for method in operations
    if method != "parameters" and path.startswith((LIST, PROJECTS))
]


def test_document_is_valid() -> None:
    """The document is valid OpenAPI 3.1."""
    assert DOCUMENT["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(openapi()).validate()


FIELDS = {"Model": Models.fields, "Project": Projects.fields}


@pytest.mark.parametrize(
    ("resource", "name"), [(resource, name) for resource in FIELDS for name in FIELDS[resource]]
)
def test_limits_are_described(resource: str, name: str) -> None:
    """The document has the limits of the fields of a resource."""
    field = FIELDS[resource][name]
    schemas = DOCUMENT["components"]["schemas"]
    request, response = schemas[f"{resource}Request"], schemas[resource]
    schema = request["properties"][name]
    returned = response["properties"].get(name, {})

    def fits(value: str) -> bool:
        return re.search(schema["pattern"], value) is not None

    assert (name in request["required"]) is field.required
    if isinstance(field, BooleanField):
        assert returned["type"] == "boolean"
        return
    assert ("null" in schema["type"]) is field.nullable
    if isinstance(field, IntegerField):
        assert (schema["minimum"], schema["maximum"]) == (field.minimum, field.maximum)
        assert returned["minimum"] == field.minimum
        assert fits(str(field.minimum))
        assert not fits(str(field.minimum - 1))
    else:
        assert isinstance(field, StringField)
        assert fits("") is field.allow_blank
        longest = field.max_length or 5000
        assert fits("x" * longest)
        assert fits("x" * (longest + 1)) is (field.max_length is None)
        assert returned.get("maxLength") == field.max_length


def test_every_field_is_described() -> None:
    """The document has exactly the fields that requests are validated by."""
    for resource, fields in FIELDS.items():
        for name in (f"{resource}Request", f"{resource}Patch"):
            assert set(DOCUMENT["components"]["schemas"][name]["properties"]) == set(fields)


def test_document_is_served(server: Server) -> None:
    """The document is served without a key, and such a request is not recorded."""
    before = len(server.requests)

    get, head = (httpx.request(method, f"{server.url}/openapi.json") for method in ("GET", "HEAD"))

    assert get.json() == openapi()
    assert get.headers["Content-Type"] == head.headers["Content-Type"] == "application/json"
    assert httpx.post(f"{server.url}/openapi.json").status_code == 405
    assert len(server.requests) == before


def test_every_method_is_described(client: httpx.Client) -> None:
    """The document has exactly the allowed methods of each path."""
    client.get(LIST)
    for path, operations in DOCUMENT["paths"].items():
        allowed = client.options(path.format(id=uuid4())).headers["Allow"].split(", ")

        assert {method.lower() for method in allowed} == set(operations) - {"parameters"}


@pytest.fixture
def responses(server: Server) -> Iterator[list[httpx.Response]]:
    """Return a response of every kind, for every path and method."""
    found: list[httpx.Response] = []
    key = server.add_key()
    clients = {
        "own": connect(server, key),
        "none": httpx.Client(base_url=server.url),
        "wrong": connect(server, "wrong"),
        "read-only": connect(server, server.add_key(state="read-only")),
        "throttled": connect(server, server.add_key(rate_limit="1/day")),
    }
    try:
        clients["throttled"].get(LIST)
        for method, path in OPERATIONS:
            own = clients["own"]
            collection = LIST
            if path.startswith((PROJECTS, DATA_SETS)):
                collection = f"{'/'.join(path.split('/')[:3])}/"
            id_ = own.post(collection, json={"name": uuid4().hex}).json()["id"]
            here = path.format(id=id_)
            good = (
                {"name": uuid4().hex, "model": "x"} if method in ("post", "put", "patch") else None
            )
            for client in clients.values():
                found.append(client.request(method, here, json=good))
            found += [
                own.request(method, here, headers={"Accept": "text/html"}),
                own.request(method, here.replace(id_, str(uuid4())), json=good),
                own.request(method, here.replace(id_, "a.b"), json=good),
            ]
            if path.startswith(DATA_SETS) and method in ("get", "head"):
                invalid = {"type": "x", "download": "x"}
                found.append(own.request(method, here, params=invalid))
            if path == collection:
                found.append(own.request(method, here, params={"cursor": "no"}, json=good))
            if good:
                content_type = {"Content-Type": "application/json"}
                for body in (b"{", b"[]", b'{"name": "", "model": ""}'):
                    found.append(own.request(method, here, content=body, headers=content_type))
                found.append(own.request(method, here, content=b"x"))
        projects = own.get(PROJECTS).json()["results"]
        (default,) = (one["id"] for one in projects if one["is_default"])
        found.append(own.delete(f"{PROJECTS}{default}/"))
        found.append(clients["own"].post(VERIFY, json={"model": "not there"}))
        yield found
    finally:
        for one in clients.values():
            one.close()


def test_every_response_is_described(responses: list[httpx.Response]) -> None:
    """Every response is described, and every described one of models and projects occurs."""
    found: set[tuple[str, str, str]] = set()
    for response in responses:
        check_response(response)
        path = response.request.url.path
        template = path if path in DOCUMENT["paths"] else re.sub("[^/]+/$", "{id}/", path)
        found.add((response.request.method.lower(), template, str(response.status_code)))

    assert found == {
        (method, path, status)
        for method, path in OPERATIONS
        for status in DOCUMENT["paths"][path][method]["responses"]
    }


def test_undescribed_response_is_detected(client: httpx.Client) -> None:
    """A response that differs from the document fails the check."""
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
            check_response(other)


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
        {"name": "x", "color": "red"},
    ],
)
def test_leniency_is_described(client: httpx.Client, fields: dict[str, object]) -> None:
    """Leniently accepted values are described."""
    request = client.build_request("POST", LIST, json=fields)

    check_request(request)
    assert client.send(request).status_code == 201


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "x", "is_default": True},
        {"name": "x", "is_default": "Yes"},
        {"name": "x", "is_default": 0},
        {"name": f" {'x' * 512} ", "description": " "},
        {"name": 5, "description": 5.5},
    ],
)
def test_leniency_of_projects_is_described(client: httpx.Client, fields: dict[str, object]) -> None:
    """Leniently accepted values of projects are described."""
    request = client.build_request("POST", PROJECTS, json=fields)

    check_request(request)
    assert client.send(request).status_code == 201


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": "x" * 513},
        {"name": "x", "description": None},
        {"name": "x", "description": "a\0b"},
        {"name": "x", "is_default": None},
        {"name": "x", "is_default": 2},
        {"name": "x", "is_default": "maybe"},
        {"name": "x", "is_default": [True]},
    ],
    ids=json.dumps,
)
def test_strictness_of_projects_is_described(
    client: httpx.Client, fields: dict[str, object]
) -> None:
    """Rejected values of projects are not valid by the document."""
    request = client.build_request("POST", PROJECTS, json=fields)

    with pytest.raises(OpenAPIError):
        check_request(request)
    assert client.send(request).status_code == 400


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
    """Rejected values are not valid by the document."""
    request = client.build_request("POST", LIST, json=fields)

    with pytest.raises(OpenAPIError):
        check_request(request)
    assert client.send(request).status_code == 400


JUDGES = "/v1/judges/"
SCHEMAS = DOCUMENT["components"]["schemas"]


@pytest.mark.parametrize("id_", ["", " ", "x", "0" * 31], ids=json.dumps)
def test_strictness_of_ids_is_described(client: httpx.Client, id_: str) -> None:
    """A string that is not a UUID is refused, and does not match the pattern of IDs."""
    pattern = SCHEMAS["JudgeRequest"]["properties"]["file_id"]["pattern"]
    response = client.post(JUDGES, json={"name": "abc", "intent": "x", "file_id": id_})

    assert re.search(pattern, str(uuid4()))
    assert not re.search(pattern, id_)
    assert response.status_code == 400


@pytest.mark.parametrize("text", ["", " ", "\x85"], ids=ascii)
@pytest.mark.parametrize("path", ["/v1/evaluators/", JUDGES])
def test_blank_filters_are_described(client: httpx.Client, path: str, text: str) -> None:
    """A blank filter is ignored, and the document allows it for required fields too."""
    parameters = DOCUMENT["paths"][path]["get"]["parameters"]
    (schema,) = (one["schema"] for one in parameters if one.get("name") == "name")

    assert Draft202012Validator(schema).is_valid(text)
    assert client.get(path, params={"name": text}).json() == client.get(path).json()


@pytest.mark.parametrize("path", ["/v1/evaluators/", "/v1/objectives/", JUDGES])
def test_invalid_parameters_beside_a_project(client: httpx.Client, path: str) -> None:
    """An invalid parameter is refused, also if the list is that of a project and ignores it."""
    query = {"project_id": str(uuid4()), "include_public": "null"}

    assert client.get(path, params=query).json() == {"include_public": ["Must be a valid boolean."]}


@pytest.mark.parametrize(
    ("name", "text", "is_valid"),
    [
        ("project_id", "", True),
        ("name", "", True),
        ("url", "", True),
        ("type", "", True),
        ("draft_id", "", True),
        ("has_header", "", False),
        ("tags", "", False),
        ("project_id", "null", False),
        ("project_id", "x", False),
        ("type", "null", False),
    ],
)
@pytest.mark.parametrize("media_type", FORM_TYPES)
def test_empty_fields_of_forms_are_described(
    client: httpx.Client, media_type: str, name: str, text: str, is_valid: bool
) -> None:
    """An empty field of a form is null or omitted, as documented; a form has no null."""
    content = DOCUMENT["paths"][DATA_SETS]["post"]["requestBody"]["content"]
    schema = content[media_type]["schema"]["properties"][name]
    value = [text] if schema.get("type") == "array" else text
    if media_type == "multipart/form-data":
        response = client.post(DATA_SETS, files={name: (None, text)})
    else:
        response = client.post(DATA_SETS, data={name: text})

    assert Draft202012Validator(schema).is_valid(value) is is_valid
    assert not Draft202012Validator(schema).is_valid(None)
    assert response.status_code == (201 if is_valid else 400)


@pytest.mark.parametrize(
    "address", ["a\0b@example.com", "a\x1cb@example.com", "a b@example.com", "a@b@example.com"]
)
def test_strictness_of_addresses_is_described(client: httpx.Client, address: str) -> None:
    """Rejected e-mail addresses are not valid by the document."""
    judge = client.post(JUDGES, json={"name": "abc", "intent": "x"}).json()["id"]
    body = {"emails": [address], "judge_url": "https://example.com"}
    request = client.build_request("POST", f"{JUDGES}{judge}/invite/", json=body)

    with pytest.raises(OpenAPIError):
        check_request(request)
    assert client.send(request).status_code == 400


@pytest.mark.parametrize("method", ["OPTIONS", "POST"])
def test_problem_details_are_described(server: Server, method: str) -> None:
    """An endpoint with problem details has them for every method."""
    path = f"{JUDGES}{uuid4()}/batch-execute/"

    response = httpx.request(method, f"{server.url}{path}")

    assert response.headers["Content-Type"] == "application/problem+json"
    check_response(response)


RELEVANCE = "bd789257-f458-4e9e-8ce9-fa6e86dc3fb9"
TURNS = [{"role": "user", "content": "Hi"}]
ROWS = [["0.5", "x"]]
CRITERIA = "Is {{response}} kind?"
CHAT = {"model": "gpt"}


@pytest.mark.parametrize(
    ("path", "body", "is_valid"),
    [
        # One of some fields.
        ("judges/{judge}/execute/", {"request": "x"}, True),
        ("judges/{judge}/execute/", {"response": "x", "turns": None}, True),
        ("judges/{judge}/execute/", {"turns": TURNS}, True),
        ("judges/{judge}/execute/", {}, False),
        ("judges/{judge}/execute/", None, False),
        ("judges/{judge}/execute/", {"request": None}, False),
        ("judges/{judge}/execute/", {"request": "x", "turns": TURNS}, False),
        ("judges/{judge}/refine/", {"expected_output": "x"}, False),
        (f"evaluators/execute/{RELEVANCE}/", {"response": "x"}, True),
        (f"evaluators/execute/{RELEVANCE}/", {"contexts": ["x"]}, False),
        (f"evaluators/calibrate/{RELEVANCE}", {"test_data": ROWS}, True),
        (f"evaluators/calibrate/{RELEVANCE}", {"test_data": None}, False),
        (
            f"evaluators/calibrate/{RELEVANCE}",
            {"test_data": ROWS, "test_dataset_id": RELEVANCE},
            False,
        ),
        ("evaluators/calibrate/", {"prompt": CRITERIA, "test_data": ROWS}, True),
        ("evaluators/calibrate/", {"prompt": CRITERIA}, False),
        # Rows of a calibration, also those that are not chosen.
        (f"evaluators/calibrate/{RELEVANCE}", {"test_data": [["1", "x", "y"], [0.5, 5]]}, True),
        (f"evaluators/calibrate/{RELEVANCE}", {"test_data": [["1.5", "x"]]}, False),
        (f"evaluators/calibrate/{RELEVANCE}", {"test_data": [[-1, "x"]]}, False),
        (f"evaluators/calibrate/{RELEVANCE}", {"test_data": [["high", "x"]]}, False),
        (
            f"evaluators/calibrate/{RELEVANCE}",
            {"test_data": [*ROWS, ["high", "x"]], "dataset_range": {"start": 0, "end": 0}},
            False,
        ),
        (f"evaluators/calibrate/{RELEVANCE}", {"test_dataset_id": "x"}, False),
        # A message of the user.
        ("judges/{judge}/openai/chat/completions", {**CHAT, "messages": TURNS}, True),
        ("judges/{judge}/openai/chat/completions", {**CHAT, "messages": []}, False),
        ("judges/{judge}/openai/chat/completions", {**CHAT, "messages": "x"}, False),
        ("judges/{judge}/openai/chat/completions", {**CHAT, "messages": [{"role": "tool"}]}, False),
        ("judges/{judge}/openai/chat/completions", {**CHAT, "messages": [5, *TURNS]}, False),
        ("judges/{judge}/openai/responses", {**CHAT, "input": "x"}, True),
        ("judges/{judge}/openai/responses", {**CHAT, "input": TURNS}, True),
        ("judges/{judge}/openai/responses", {**CHAT, "input": [{}]}, False),
        # Variables in scoring criteria.
        ("evaluators/", {"scoring_criteria": "{{ request }}"}, True),
        ("evaluators/", {"scoring_criteria": "{{{response}}}"}, True),
        ("evaluators/", {"scoring_criteria": "Is it kind?"}, False),
        ("evaluators/", {"scoring_criteria": "{{requests}}"}, False),
        ("evaluators/", {"scoring_criteria": 5}, False),
        # A number for a string, whose length could be too short.
        ("evaluators/", {"name": 5}, False),
        ("judges/", {"name": 5.25}, False),
        # Objects.
        ("judges/{judge}/execute/", {"request": "x", "tools": [{"a": [None]}]}, True),
        ("judges/{judge}/execute/", {"request": "x", "tools": [[]]}, False),
        (
            "judges/{judge}/execute/",
            {"turns": [{"role": "user", "content": "x", "tool_calls": ["x"]}]},
            False,
        ),
    ],
    ids=str,
)
def test_rules_of_bodies_are_described(
    client: httpx.Client, path: str, body: dict[str, object] | None, is_valid: bool
) -> None:
    """Bodies are accepted if they are valid by the document, also by rules for several fields."""
    judge = {"name": "abc", "intent": "x"}
    evaluator = {"name": uuid4().hex, "scoring_criteria": CRITERIA}
    if path == "judges/":
        body = {**judge, **(body or {})}
    elif path == "evaluators/":
        objective = client.post("/v1/objectives/").json()["id"]
        body = {**evaluator, "objective_id": objective, **(body or {})}
    judge_id = client.post(JUDGES, json=judge).json()["id"]
    request = client.build_request("POST", f"/v1/{path.format(judge=judge_id)}", json=body)

    if is_valid:
        check_request(request)
    else:
        with pytest.raises(OpenAPIError):
            check_request(request)
    response = client.send(request)
    assert response.status_code in ((200, 201) if is_valid else (400,)), response.text


@pytest.mark.parametrize(
    ("generation", "path", "body", "is_valid"),
    [
        ("A", "/v1/judges/{id}/execute/", {"request": "x"}, True),
        ("A", "/v1/judges/{id}/execute/", {"turns": TURNS}, False),
        ("C", "/v1/evaluators/calibrate/", {"prompt": CRITERIA, "test_data": ROWS}, False),
        ("C", "/v1/batch-executions/", {"judge_id": RELEVANCE, "dataset_id": RELEVANCE}, True),
        ("C", "/v1/batch-executions/", {"judge_id": RELEVANCE}, False),
        ("C", "/v1/batch-executions/", {"dataset_id": RELEVANCE}, False),
        (
            "C",
            "/v1/batch-executions/",
            {"judge_id": RELEVANCE, "evaluator_ids": [RELEVANCE], "dataset_id": RELEVANCE},
            False,
        ),
    ],
    ids=str,
)
def test_alternatives_of_generations_are_described(
    generation: Generation, path: str, body: dict[str, object], is_valid: bool
) -> None:
    """Alternatives are those of the fields that a generation has."""
    described: dict[str, Any] = openapi(generation)["paths"][path]["post"]["requestBody"]  # type: ignore[index, call-overload, assignment]
    schema = described["content"]["application/json"]["schema"]

    assert described["required"]
    assert Draft202012Validator(schema).is_valid(body) is is_valid
