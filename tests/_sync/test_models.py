# Generated from tests/_async/test_models.py by scripts/generate_sync.py. Do not edit.
"""Models: what each method sends, and what it returns."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any
from uuid import UUID, uuid4

import pytest
import respx

from root import (
    APIResponseError,
    BadRequestError,
    InvalidRequestError,
    Model,
    NotFoundError,
    PermissionDeniedError,
    RootSignals,
    VerificationError,
)
from root.emulator import Server

MODEL = {"id": "9b2f", "name": "ollama/llama3"}


def test_create_and_retrieve(client: RootSignals) -> None:
    """A model that was created is there, with all that was said of it but its key."""
    model_id = client.models.create(
        name="ollama/llama3",
        model="llama3:8b",
        default_key="sk-secret-of-the-test",
        max_output_token_count=800,
        max_token_count=0,
        url="http://gpu-7:11434",
    )

    model = client.models.retrieve(model_id)

    assert model == Model(
        id=model_id,
        name="ollama/llama3",
        model="llama3:8b",
        max_output_token_count=800,
        max_token_count=0,
        url="http://gpu-7:11434",
    )


def test_create_sends_what_was_given(mocked: RootSignals, respx_mock: respx.MockRouter) -> None:
    """The body holds what was given and nothing else."""
    route = respx_mock.post("http://api.test/v1/models/").respond(201, json=MODEL)

    assert mocked.models.create(name="ollama/llama3", max_token_count=0) == "9b2f"

    assert json.loads(route.calls.last.request.content) == {
        "name": "ollama/llama3",
        "max_token_count": 0,
    }


def test_headers(mocked: RootSignals, respx_mock: respx.MockRouter) -> None:
    """A request says who asks, with what, and what for."""
    route = respx_mock.post("http://api.test/v1/models/").respond(201, json=MODEL)
    mocked.models.create(name="a")

    headers = route.calls.last.request.headers

    assert headers["authorization"] == "Api-Key key-of-the-tests"
    assert headers["host"] == "api.test"
    assert headers["accept"] == "application/json"
    assert headers["content-type"] == "application/json"
    assert headers["content-length"] == str(len(route.calls.last.request.content))
    assert headers["user-agent"].startswith("root-sdk/")
    assert f"httpx/{version('httpx')}" in headers["user-agent"]
    assert "Python/3" in headers["user-agent"]


@pytest.mark.parametrize(
    ("arguments", "field", "limit"),
    [
        ({"name": ""}, "name", "1"),
        ({"name": "x" * 101}, "name", "100"),
        ({"name": 7}, "name", "string"),
        ({"name": "a", "model": ""}, "model", "1"),
        ({"name": "a", "default_key": ""}, "default_key", "1"),
        ({"name": "a", "max_output_token_count": 799}, "max_output_token_count", "800"),
        ({"name": "a", "max_output_token_count": True}, "max_output_token_count", "integer"),
        ({"name": "a", "max_token_count": -1}, "max_token_count", "0"),
        ({"name": "a", "max_token_count": 2**31}, "max_token_count", "2147483647"),
        ({"name": "a", "url": "x" * 1025}, "url", "1024"),
    ],
)
def test_limits(
    mocked: RootSignals,
    respx_mock: respx.MockRouter,
    arguments: dict[str, Any],
    field: str,
    limit: str,
) -> None:
    """What the API would refuse is refused before anything is sent, by field and limit."""
    with pytest.raises(InvalidRequestError) as error:
        mocked.models.create(**arguments)

    assert field in str(error.value)
    assert limit in str(error.value)
    assert not respx_mock.calls


def test_a_key_of_the_wrong_type_is_not_shown(mocked: RootSignals) -> None:
    """A default_key that cannot be sent does not show in the error either."""
    arguments: dict[str, Any] = {"name": "a", "default_key": ["sk-secret-of-the-test"]}
    with pytest.raises(InvalidRequestError) as error:
        mocked.models.create(**arguments)

    assert "sk-secret" not in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__context__ is None


def test_server_complaints(mocked: RootSignals, respx_mock: respx.MockRouter) -> None:
    """The service's own complaints come by field, and without the key that it echoes."""
    respx_mock.post("http://api.test/v1/models/").respond(
        400, json={"default_key": ["'sk-secret-of-the-test' is unknown."], "url": ["Bad."]}
    )

    with pytest.raises(BadRequestError) as error:
        mocked.models.create(name="a", default_key="sk-secret-of-the-test")

    assert error.value.fields == {"default_key": ["'[redacted]' is unknown."], "url": ["Bad."]}
    assert "sk-secret" not in repr(error.value.__dict__) + str(error.value)


def test_default_key_is_never_kept(mocked: RootSignals, respx_mock: respx.MockRouter) -> None:
    """A server that answers with the write-only key does not get it into a model."""
    respx_mock.get("http://api.test/v1/models/9b2f/").respond(
        json=MODEL | {"default_key": "sk-secret-of-the-test", "new_field": 1}
    )

    model = mocked.models.retrieve("9b2f")

    assert "sk-secret" not in repr(model) + model.model_dump_json()
    assert model.model_dump()["new_field"] == 1


def test_meta(client: RootSignals) -> None:
    """What came from a response tells how, which is no part of what it is."""
    model_id = client.models.create(name="a")
    model = client.models.retrieve(model_id)

    assert model.meta.status_code == 200
    assert model.meta.request_id
    assert model.meta.headers["Content-Type"] == "application/json"
    assert len(model.meta.attempts) == 1
    assert model.meta.elapsed > 0
    assert model == client.models.retrieve(model_id)
    assert "meta" not in model.model_dump()
    assert "meta" not in repr(model)


def test_uuid(client: RootSignals) -> None:
    """A model id may be a UUID object."""
    model_id = client.models.create(name="a")
    assert (client.models.retrieve(UUID(model_id))).id == model_id


@pytest.mark.parametrize("model_id", ["", ".", "..", 7, None])
def test_no_id(mocked: RootSignals, model_id: Any) -> None:
    """What is no id is refused, lest it become another path."""
    for method in (mocked.models.retrieve, mocked.models.delete):
        with pytest.raises(InvalidRequestError):
            method(model_id)


@pytest.mark.parametrize(
    ("model_id", "segment"),
    [("a/../b", "a%2F..%2Fb"), ("a?b#c", "a%3Fb%23c"), ("%2e", "%252e"), ("ä b", "%C3%A4%20b")],
)
def test_an_id_is_one_segment(
    mocked: RootSignals, respx_mock: respx.MockRouter, model_id: str, segment: str
) -> None:
    """Whatever an id holds, it stays one segment of the path."""
    route = respx_mock.get(url__startswith="http://api.test/").respond(json=MODEL)

    mocked.models.retrieve(model_id)

    assert route.calls.last.request.url.raw_path == f"/v1/models/{segment}/".encode()


def test_update(client: RootSignals) -> None:
    """What is left out stays, and None clears."""
    model_id = client.models.create(name="a", url="http://a", max_token_count=5)

    model = client.models.update(model_id, name="b", url=None)

    assert (model.name, model.url, model.max_token_count) == ("b", None, 5)
    assert (client.models.retrieve(model_id)).name == "b"


def test_update_of_nothing(mocked: RootSignals) -> None:
    """An update that changes nothing is a mistake, and is told as one."""
    with pytest.raises(InvalidRequestError, match="at least one of name, model"):
        mocked.models.update("9b2f")


@pytest.mark.parametrize("field", ["name", "model", "max_output_token_count"])
def test_what_cannot_be_cleared(mocked: RootSignals, field: str) -> None:
    """A field that is never null cannot be cleared."""
    arguments: dict[str, Any] = {field: None}
    with pytest.raises(InvalidRequestError, match=f"{field} cannot be None"):
        mocked.models.update("9b2f", **arguments)


def test_replace(client: RootSignals) -> None:
    """What a replacement leaves out goes back to its default."""
    model_id = client.models.create(name="a", url="http://a", max_token_count=5)

    model = client.models.replace(model_id, name="b", url="http://b")

    assert (model.id, model.name, model.url) == (model_id, "b", "http://b")
    assert model.max_token_count is None


def test_delete(client: RootSignals) -> None:
    """A deleted model is gone, and deleting it again says so."""
    model_id = client.models.create(name="a")

    assert client.models.delete(model_id) is None  # type: ignore[func-returns-value]

    with pytest.raises(NotFoundError):
        client.models.retrieve(model_id)
    with pytest.raises(NotFoundError):
        client.models.delete(model_id)


def test_retrieve_unknown_model(client: RootSignals) -> None:
    """Asking for a model that is not there says so."""
    with pytest.raises(NotFoundError) as error:
        client.models.retrieve(uuid4())

    assert error.value.status_code == 404
    assert error.value.request is not None
    assert error.value.request.method == "GET"
    assert error.value.request_id
    assert error.value.elapsed
    assert not error.value.may_have_been_processed


def test_public_models_are_not_yours(client: RootSignals) -> None:
    """A public model can be looked at but not deleted."""
    public = next(client.models.list(limit=1, ordering="created_at"))

    assert (client.models.retrieve(public.id)).name == public.name
    with pytest.raises(PermissionDeniedError):
        client.models.delete(public.id)


def test_wrong_key(emulator: Server) -> None:
    """A key that the service does not know is told without showing it."""
    with RootSignals(api_key="not-a-real-key-1234", base_url=emulator.url) as client:
        with pytest.raises(PermissionDeniedError) as error:
            client.models.retrieve("a")

    assert "not-a-real-key" not in str(error.value) + repr(error.value.__dict__)


def test_verify(client: RootSignals) -> None:
    """A configuration that works has an answer, one that does not has an error."""
    client.models.create(name="ollama/for-verify")

    good = client.models.verify(model="ollama/for-verify", max_output_token_count=800)
    bad = client.models.verify(model="no-such-model", api_key="sk-secret-of-the-test")

    assert good.success
    assert good.response
    assert good.usage
    good.raise_for_failure()
    assert not bad.success
    with pytest.raises(VerificationError, match="no-such-model") as error:
        bad.raise_for_failure()
    assert error.value.detail == bad.error


def test_verify_hides_the_key(mocked: RootSignals, respx_mock: respx.MockRouter) -> None:
    """A provider's message that quotes the key arrives without it."""
    respx_mock.post("http://api.test/v1/models/verify/").respond(
        json={"success": False, "model": "m", "error": "Bad key sk-secret-of-the-test."}
    )

    verification = mocked.models.verify(model="m", api_key="sk-secret-of-the-test")

    assert verification.error == "Bad key [redacted]."


def test_verify_may_take_longer(mocked: RootSignals, respx_mock: respx.MockRouter) -> None:
    """A verification waits for two minutes, unless the client has a timeout of its own."""
    route = respx_mock.post("http://api.test/v1/models/verify/").respond(
        json={"success": True, "model": "m"}
    )
    mocked.models.verify(model="m")
    assert route.calls.last.request.extensions["timeout"]["read"] == 120
    mocked.with_options(timeout=5).models.verify(model="m")
    assert route.calls.last.request.extensions["timeout"]["read"] == 5


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "is empty"),
        (b"<html>Log in</html>", "web page"),
        (b'{"id": "9b2f", "na', "is no JSON"),
        (b"[]", "shape"),
        (b'{"name": "a"}', "id"),
        (b"[" * 100_000, "no JSON"),
        (b'{"id": "9b2f", "name": "a", "max_token_count": NaN}', ""),
    ],
)
def test_unusable_answers(
    mocked: RootSignals,
    respx_mock: respx.MockRouter,
    waits: list[float],
    body: bytes,
    problem: str,
) -> None:
    """An answer that is not what the API says is an error of ours that shows where it came from."""
    respx_mock.post("http://api.test/v1/models/").respond(201, content=body)

    with pytest.raises(APIResponseError) as error:
        mocked.models.create(name="a")

    assert problem in str(error.value)
    assert "POST http://api.test/v1/models/" in str(error.value)
    assert "201" in str(error.value)
    assert error.value.may_have_been_processed
    assert not waits


def test_capable_of_is_one_parameter(mocked: RootSignals, respx_mock: respx.MockRouter) -> None:
    """A list of capabilities goes out joined by commas."""
    route = respx_mock.get("http://api.test/v1/models/").respond(
        json={"next": None, "previous": None, "results": []}
    )

    assert [m for m in mocked.models.list(capable_of=["json", "tools"])] == []

    assert route.calls.last.request.url.params["capable_of"] == "json,tools"


def test_old_items(client: RootSignals) -> None:
    """Items have the methods that items of the old SDK have."""
    client.models.create(name="a")
    model = next(client.models.list())

    assert model.to_dict()["name"] == "a"
    assert json.loads(model.to_json()) == model.to_dict()
    assert "'name': 'a'" in model.to_str()
