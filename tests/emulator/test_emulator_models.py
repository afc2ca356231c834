"""The endpoints of models, with valid requests."""

from __future__ import annotations

from uuid import UUID

import httpx
import pytest

from root.emulator import Server, serve

from .conftest import connect

PUBLIC = "azure/gpt-4o"


def create(client: httpx.Client, **fields: object) -> dict[str, object]:
    response = client.post("/v1/models/", json={"name": "ollama/llama3", **fields})
    assert response.status_code == 201
    model: dict[str, object] = response.json()
    return model


def public_model(client: httpx.Client) -> str:
    for model in client.get("/v1/models/").json()["results"]:
        if model["visibility"] == "PUBLIC":
            return f"/v1/models/{model['id']}/"
    raise AssertionError("there is no public model")


def test_create_returns_the_model(client: httpx.Client) -> None:
    """Creation returns all fields of the model except its key."""
    fields = {
        "name": "ours",
        "model": "ollama/llama3",
        "max_output_token_count": 900,
        "max_token_count": 4096,
        "url": "http://gpu-7:11434",
    }

    model = create(client, default_key="sk-secret", **fields)

    assert UUID(str(model.pop("id"))).version == 4
    assert model == fields


def test_create_with_defaults(client: httpx.Client) -> None:
    """Only the name is required; it is the default of the underlying model."""
    model = create(client, name="ollama/llama3")

    assert model == {
        "id": model["id"],
        "name": "ollama/llama3",
        "model": "ollama/llama3",
        "max_output_token_count": 2048,
        "max_token_count": None,
        "url": None,
    }


def test_create_ignores_unknown_fields(client: httpx.Client) -> None:
    """Unknown fields, and an id, are ignored."""
    model = create(client, id="mine", color="red")

    assert model["id"] != "mine"
    assert "color" not in model


def test_retrieve(client: httpx.Client) -> None:
    """Retrieval returns the created model."""
    model = create(client, url="http://gpu-7:11434")

    assert client.get(f"/v1/models/{model['id']}/").json() == model


@pytest.mark.parametrize("form", ["{}", "{{{}}}", "urn:uuid:{}"])
def test_retrieve_accepts_all_uuid_formats(client: httpx.Client, form: str) -> None:
    """An id can be in any format of a UUID."""
    model = create(client)

    for id_ in (str(model["id"]), str(model["id"]).upper(), str(model["id"]).replace("-", "")):
        assert client.get(f"/v1/models/{form.format(id_)}/").json() == model


def test_update_changes_given_fields(client: httpx.Client) -> None:
    """PATCH keeps omitted fields, also the underlying model when the name changes."""
    model = create(client, url="http://gpu-7:11434", max_token_count=4096)

    response = client.patch(f"/v1/models/{model['id']}/", json={"name": "ours", "url": None})

    assert response.status_code == 200
    assert response.json() == {**model, "name": "ours", "url": None}
    assert client.get(f"/v1/models/{model['id']}/").json() == response.json()


@pytest.mark.parametrize("body", [{}, {"default_key": "sk-secret"}, {"default_key": None}])
def test_update_without_visible_change(client: httpx.Client, body: dict[str, object]) -> None:
    """PATCH with an empty body, or with the key alone, returns the unchanged model."""
    model = create(client)

    response = client.patch(f"/v1/models/{model['id']}/", json=body)

    assert response.status_code == 200
    assert response.json() == model


def test_replace_resets_omitted_fields(client: httpx.Client) -> None:
    """PUT sets omitted fields to their default."""
    model = create(client, model="x", url="u", max_token_count=4096, max_output_token_count=900)

    response = client.put(f"/v1/models/{model['id']}/", json={"name": "ours"})

    assert response.status_code == 200
    assert response.json() == {
        "id": model["id"],
        "name": "ours",
        "model": "ours",
        "max_output_token_count": 2048,
        "max_token_count": None,
        "url": None,
    }


def test_delete(client: httpx.Client) -> None:
    """A deleted model is not found, and deleting it again returns 404."""
    path = f"/v1/models/{create(client)['id']}/"

    response = client.delete(path)

    assert (response.status_code, response.content) == (204, b"")
    assert client.get(path).status_code == 404
    assert client.delete(path).status_code == 404


def test_list_shows_owner_provider_and_visibility(client: httpx.Client) -> None:
    """List items have their own shape, with a provider if the name identifies one."""
    known = create(client, name="ours", model="azure/ours")
    unknown = create(client, name="ollama/llama3")

    listed = client.get("/v1/models/", params={"page_size": 2}).json()["results"]

    assert [model["id"] for model in listed] == [unknown["id"], known["id"]]
    assert listed[0]["provider"] is None
    assert listed[1]["provider"]["name"] == "Microsoft Azure"
    assert UUID(listed[1]["provider"]["id"]).version == 5
    assert set(listed[0]) == {"id", "name", "owner", "provider", "visibility"}
    assert set(listed[0]["owner"]) == {"email", "full_name"}
    assert listed[0]["visibility"] == "PRIVATE"


def test_private_models_are_hidden(server: Server, client: httpx.Client) -> None:
    """Another key cannot list, read, change or delete a private model."""
    path = f"/v1/models/{create(client)['id']}/"

    with connect(server, server.add_key()) as other:
        first = other.get("/v1/models/", params={"page_size": 1}).json()["results"][0]
        responses = [
            other.get(path),
            other.patch(path, json={"name": "x"}),
            other.put(path, json={"name": "x"}),
            other.delete(path),
        ]

    assert first["visibility"] == "PUBLIC"
    assert [response.status_code for response in responses] == [404] * 4
    assert client.get(path).status_code == 200


def test_public_models_are_readable(client: httpx.Client) -> None:
    """A model of the catalogue can be read by its id, with its context window."""
    model = client.get(public_model(client)).json()

    assert "/" in model["name"]
    assert model["model"] == model["name"]
    assert model["max_token_count"] > 1000


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_public_models_are_read_only(client: httpx.Client, method: str) -> None:
    """Changing or deleting a model of the catalogue returns 403, whatever the body."""
    path = public_model(client)

    response = client.request(method, path, json={"name": 7 * ["x"]})

    assert response.status_code == 403
    text = "This model belongs to the service. It cannot be changed or deleted."
    assert response.json() == {"detail": text}
    assert client.get(path).status_code == 200


def test_model_of_the_service(client: httpx.Client) -> None:
    """The list has the model that the service hosts itself."""
    listed = client.get("/v1/models/", params={"ordering": "name"}).json()["results"]
    (found,) = (model for model in listed if model["name"] == "RootJudge")

    assert (found["visibility"], found["provider"]) == ("PUBLIC", None)
    assert client.get(f"/v1/models/{found['id']}/").json()["url"] is None


def test_catalogue_ids_are_stable(client: httpx.Client) -> None:
    """Public models and providers have the same ids in every emulator."""
    with serve() as server, connect(server, server.api_key) as other:
        assert (
            client.get("/v1/models/").json()["results"]
            == other.get("/v1/models/").json()["results"]
        )


@pytest.mark.parametrize("name", [PUBLIC, "ours", "ollama/llama3"])
def test_verify_known_model(client: httpx.Client, name: str) -> None:
    """Verification succeeds for a public model, and for an own one by either name."""
    create(client, name="ours", model="ollama/llama3")

    response = client.post("/v1/models/verify/", json={"model": name, "api_key": "sk-secret"})

    assert response.status_code == 200
    verification = response.json()
    assert verification.pop("response")
    usage = verification.pop("usage")
    assert usage["prompt_tokens"] + usage["completion_tokens"] == usage["total_tokens"]
    assert verification == {"success": True, "model": name}


def test_verify_unknown_model(client: httpx.Client) -> None:
    """Verification of an unknown model, or of another key's, returns a failure with status 200."""
    response = client.post("/v1/models/verify/", json={"model": "ours"})

    assert response.status_code == 200
    verification = response.json()
    assert '"ours"' in verification.pop("error")
    assert verification == {"success": False, "model": "ours"}
