"""Models: what each method sends and returns."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any
from uuid import UUID, uuid4

import pytest
import respx

from root import (
    APIResponseError,
    AsyncRootSignals,
    AuthenticationError,
    BadRequestError,
    InvalidRequestError,
    Model,
    NotFoundError,
    PermissionDeniedError,
    VerificationError,
)
from root.emulator import Server

MODEL = {"id": "9b2f", "name": "ollama/llama3"}


async def test_create_and_retrieve(client: AsyncRootSignals) -> None:
    """A created model has all settings but the key."""
    model_id = await client.models.create(
        name="ollama/llama3",
        model="llama3:8b",
        default_key="sk-secret-of-the-test",
        max_output_token_count=800,
        max_token_count=0,
        url="http://gpu-7:11434",
    )

    model = await client.models.retrieve(model_id)

    assert model == Model(
        id=model_id,
        name="ollama/llama3",
        model="llama3:8b",
        max_output_token_count=800,
        max_token_count=0,
        url="http://gpu-7:11434",
    )


async def test_create_sends_given_fields(
    mocked: AsyncRootSignals, respx_mock: respx.MockRouter
) -> None:
    """The body has the given fields and nothing else."""
    route = respx_mock.post("http://api.test/v1/models/").respond(201, json=MODEL)

    assert await mocked.models.create(name="ollama/llama3", max_token_count=0) == "9b2f"

    assert json.loads(route.calls.last.request.content) == {
        "name": "ollama/llama3",
        "max_token_count": 0,
    }


async def test_headers(mocked: AsyncRootSignals, respx_mock: respx.MockRouter) -> None:
    """The headers of a request identify the client."""
    route = respx_mock.post("http://api.test/v1/models/").respond(201, json=MODEL)
    await mocked.models.create(name="a")

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
        ({"name": ""}, "name", "not be empty"),
        ({"name": "x" * 101}, "name", "100"),
        ({"name": 7}, "name", "string"),
        ({"name": "a", "model": ""}, "model", "not be empty"),
        ({"name": "a", "default_key": ""}, "default_key", "not be empty"),
        ({"name": "a", "max_output_token_count": 799}, "max_output_token_count", "800"),
        ({"name": "a", "max_output_token_count": True}, "max_output_token_count", "integer"),
        ({"name": "a", "max_token_count": -1}, "max_token_count", "0"),
        ({"name": "a", "max_token_count": 2**31}, "max_token_count", "2147483647"),
        ({"name": "a", "url": "x" * 1025}, "url", "1024"),
    ],
)
async def test_limits(
    mocked: AsyncRootSignals,
    respx_mock: respx.MockRouter,
    arguments: dict[str, Any],
    field: str,
    limit: str,
) -> None:
    """Invalid values are refused before anything is sent, with field and limit."""
    with pytest.raises(InvalidRequestError) as error:
        await mocked.models.create(**arguments)

    assert field in str(error.value)
    assert limit in str(error.value)
    assert not respx_mock.calls


async def test_a_key_of_the_wrong_type_is_not_shown(mocked: AsyncRootSignals) -> None:
    """A default_key of a wrong type is not in the error."""
    arguments: dict[str, Any] = {"name": "a", "default_key": ["sk-secret-of-the-test"]}
    with pytest.raises(InvalidRequestError) as error:
        await mocked.models.create(**arguments)

    assert "sk-secret" not in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__context__ is None


async def test_errors_of_fields(mocked: AsyncRootSignals, respx_mock: respx.MockRouter) -> None:
    """The errors of the service are listed by field, without a key that it echoes."""
    respx_mock.post("http://api.test/v1/models/").respond(
        400, json={"default_key": ["'sk-secret-of-the-test' is unknown."], "url": ["Bad."]}
    )

    with pytest.raises(BadRequestError) as error:
        await mocked.models.create(name="a", default_key="sk-secret-of-the-test")

    assert error.value.fields == {"default_key": ["'[redacted]' is unknown."], "url": ["Bad."]}
    assert "sk-secret" not in repr(error.value.__dict__) + str(error.value)


async def test_default_key_is_never_kept(
    mocked: AsyncRootSignals, respx_mock: respx.MockRouter
) -> None:
    """A write-only key in a response does not become a part of a model."""
    respx_mock.get("http://api.test/v1/models/9b2f/").respond(
        json=MODEL | {"default_key": "sk-secret-of-the-test", "new_field": 1}
    )

    model = await mocked.models.retrieve("9b2f")

    assert "sk-secret" not in repr(model) + model.model_dump_json()
    assert model.model_dump()["new_field"] == 1


async def test_meta(client: AsyncRootSignals) -> None:
    """The metadata of a response is not a part of the value."""
    model_id = await client.models.create(name="a")
    model = await client.models.retrieve(model_id)

    assert model.meta.status_code == 200
    assert model.meta.request_id
    assert model.meta.headers["Content-Type"] == "application/json"
    assert len(model.meta.attempts) == 1
    assert model.meta.elapsed > 0
    assert model == await client.models.retrieve(model_id)
    assert "meta" not in model.model_dump()
    assert "meta" not in repr(model)


async def test_uuid(client: AsyncRootSignals) -> None:
    """A model ID may be a UUID object."""
    model_id = await client.models.create(name="a")
    assert (await client.models.retrieve(UUID(model_id))).id == model_id


@pytest.mark.parametrize("model_id", ["", ".", "..", 7, None])
async def test_invalid_ids(mocked: AsyncRootSignals, model_id: Any) -> None:
    """An invalid ID is refused, since it would change the path."""
    for method in (mocked.models.retrieve, mocked.models.delete):
        with pytest.raises(InvalidRequestError):
            await method(model_id)


@pytest.mark.parametrize(
    ("model_id", "segment"),
    [("a/../b", "a%2F..%2Fb"), ("a?b#c", "a%3Fb%23c"), ("%2e", "%252e"), ("ä b", "%C3%A4%20b")],
)
async def test_an_id_is_one_segment(
    mocked: AsyncRootSignals, respx_mock: respx.MockRouter, model_id: str, segment: str
) -> None:
    """An ID is one segment of the path, whatever it contains."""
    route = respx_mock.get(url__startswith="http://api.test/").respond(json=MODEL)

    await mocked.models.retrieve(model_id)

    assert route.calls.last.request.url.raw_path == f"/v1/models/{segment}/".encode()


async def test_update(client: AsyncRootSignals) -> None:
    """Omitted fields keep their values, and None clears."""
    model_id = await client.models.create(name="a", url="http://a", max_token_count=5)

    model = await client.models.update(model_id, name="b", url=None)

    assert (model.name, model.url, model.max_token_count) == ("b", None, 5)
    assert (await client.models.retrieve(model_id)).name == "b"


async def test_empty_update(mocked: AsyncRootSignals) -> None:
    """An update without fields is refused."""
    with pytest.raises(InvalidRequestError, match="at least one of name, model"):
        await mocked.models.update("9b2f")


@pytest.mark.parametrize("field", ["name", "model", "max_output_token_count"])
async def test_not_nullable(mocked: AsyncRootSignals, field: str) -> None:
    """A field that cannot be null cannot be cleared."""
    arguments: dict[str, Any] = {field: None}
    with pytest.raises(InvalidRequestError, match=f"{field} cannot be None"):
        await mocked.models.update("9b2f", **arguments)


async def test_replace(client: AsyncRootSignals) -> None:
    """Fields that a replacement omits get their defaults."""
    model_id = await client.models.create(name="a", url="http://a", max_token_count=5)

    model = await client.models.replace(model_id, name="b", url="http://b")

    assert (model.id, model.name, model.url) == (model_id, "b", "http://b")
    assert model.max_token_count is None


async def test_delete(client: AsyncRootSignals) -> None:
    """A deleted model does not exist, and cannot be deleted again."""
    model_id = await client.models.create(name="a")

    assert await client.models.delete(model_id) is None  # type: ignore[func-returns-value]

    with pytest.raises(NotFoundError):
        await client.models.retrieve(model_id)
    with pytest.raises(NotFoundError):
        await client.models.delete(model_id)


async def test_retrieve_unknown_model(client: AsyncRootSignals) -> None:
    """Retrieving an unknown model is an error."""
    with pytest.raises(NotFoundError) as error:
        await client.models.retrieve(uuid4())

    assert error.value.status_code == 404
    assert error.value.request is not None
    assert error.value.request.method == "GET"
    assert error.value.request_id
    assert error.value.elapsed
    assert not error.value.may_have_been_processed


async def test_public_models(client: AsyncRootSignals) -> None:
    """A public model can be retrieved but not deleted."""
    public = await anext(client.models.list(limit=1, ordering="created_at"))

    assert (await client.models.retrieve(public.id)).name == public.name
    with pytest.raises(PermissionDeniedError):
        await client.models.delete(public.id)


async def test_wrong_key(emulator: Server) -> None:
    """The error for a wrong key does not contain the key."""
    async with AsyncRootSignals(api_key="not-a-real-key-1234", base_url=emulator.url) as client:
        with pytest.raises(AuthenticationError) as error:
            await client.models.retrieve("a")

    assert "not-a-real-key" not in str(error.value) + repr(error.value.__dict__)


async def test_verify(client: AsyncRootSignals) -> None:
    """A configuration that works has a response, another one has an error."""
    await client.models.create(name="ollama/for-verify")

    good = await client.models.verify(model="ollama/for-verify", max_output_token_count=800)
    bad = await client.models.verify(model="no-such-model", api_key="sk-secret-of-the-test")

    assert good.success
    assert good.response
    assert good.usage
    good.raise_for_failure()
    assert not bad.success
    with pytest.raises(VerificationError, match="no-such-model") as error:
        bad.raise_for_failure()
    assert error.value.detail == bad.error


async def test_verify_hides_the_key(mocked: AsyncRootSignals, respx_mock: respx.MockRouter) -> None:
    """A provider's message that quotes the key is redacted."""
    respx_mock.post("http://api.test/v1/models/verify/").respond(
        json={"success": False, "model": "m", "error": "Bad key sk-secret-of-the-test."}
    )

    verification = await mocked.models.verify(model="m", api_key="sk-secret-of-the-test")

    assert verification.error == "Bad key [redacted]."


async def test_verify_timeout(mocked: AsyncRootSignals, respx_mock: respx.MockRouter) -> None:
    """A verification has two minutes, unless the client has a timeout."""
    route = respx_mock.post("http://api.test/v1/models/verify/").respond(
        json={"success": True, "model": "m"}
    )
    await mocked.models.verify(model="m")
    assert route.calls.last.request.extensions["timeout"]["read"] == 120
    await mocked.with_options(timeout=5).models.verify(model="m")
    assert route.calls.last.request.extensions["timeout"]["read"] == 5


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "is empty"),
        (b"<html>Log in</html>", "web page"),
        (b'{"id": "9b2f", "na', "is not JSON"),
        (b"[]", "shape"),
        (b'{"name": "a"}', "id"),
        (b"[" * 100_000, "is not JSON"),
        (b'{"id": "9b2f", "name": "a", "max_token_count": NaN}', ""),
    ],
)
async def test_unusable_responses(
    mocked: AsyncRootSignals,
    respx_mock: respx.MockRouter,
    waits: list[float],
    body: bytes,
    problem: str,
) -> None:
    """The error for an unexpected response contains the request and the status."""
    respx_mock.post("http://api.test/v1/models/").respond(201, content=body)

    with pytest.raises(APIResponseError) as error:
        await mocked.models.create(name="a")

    assert problem in str(error.value)
    assert "POST http://api.test/v1/models/" in str(error.value)
    assert "201" in str(error.value)
    assert error.value.may_have_been_processed
    assert not waits


async def test_capable_of_is_one_parameter(
    mocked: AsyncRootSignals, respx_mock: respx.MockRouter
) -> None:
    """Capabilities are sent as one parameter, separated by commas."""
    route = respx_mock.get("http://api.test/v1/models/").respond(
        json={"next": None, "previous": None, "results": []}
    )

    assert [m async for m in mocked.models.list(capable_of=["json", "tools"])] == []

    assert route.calls.last.request.url.params["capable_of"] == "json,tools"


async def test_old_items(client: AsyncRootSignals) -> None:
    """Items have the methods of the old SDK's items."""
    await client.models.create(name="a")
    model = await anext(client.models.list())

    assert model.to_dict()["name"] == "a"
    assert json.loads(model.to_json()) == model.to_dict()
    assert "'name': 'a'" in model.to_str()
