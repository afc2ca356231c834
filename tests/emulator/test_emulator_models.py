"""What the seven endpoints answer to requests that are right."""

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


def test_create_answers_with_the_model(client: httpx.Client) -> None:
    """A new model is answered with all that was said of it but its key."""
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


def test_create_fills_in_what_is_left_out(client: httpx.Client) -> None:
    """A name alone is enough: it names the underlying model, and the rest has defaults."""
    model = create(client, name="ollama/llama3")

    assert model == {
        "id": model["id"],
        "name": "ollama/llama3",
        "model": "ollama/llama3",
        "max_output_token_count": 2048,
        "max_token_count": None,
        "url": None,
    }


def test_create_passes_over_what_it_does_not_know(client: httpx.Client) -> None:
    """A field that is none, and an id, which is not the client's to choose, change nothing."""
    model = create(client, id="mine", colour="red")

    assert model["id"] != "mine"
    assert "colour" not in model


def test_retrieve_answers_what_create_did(client: httpx.Client) -> None:
    """A model is there to be read once it is created."""
    model = create(client, url="http://gpu-7:11434")

    assert client.get(f"/v1/models/{model['id']}/").json() == model


@pytest.mark.parametrize("form", ["{}", "{{{}}}", "urn:uuid:{}"])
def test_retrieve_takes_a_uuid_in_any_form(client: httpx.Client, form: str) -> None:
    """An id may be written in each of the ways that a UUID may."""
    model = create(client)

    for id_ in (str(model["id"]), str(model["id"]).upper(), str(model["id"]).replace("-", "")):
        assert client.get(f"/v1/models/{form.format(id_)}/").json() == model


def test_update_changes_what_is_given(client: httpx.Client) -> None:
    """PATCH leaves alone what it does not name, the underlying model too when the name changes."""
    model = create(client, url="http://gpu-7:11434", max_token_count=4096)

    response = client.patch(f"/v1/models/{model['id']}/", json={"name": "ours", "url": None})

    assert response.status_code == 200
    assert response.json() == {**model, "name": "ours", "url": None}
    assert client.get(f"/v1/models/{model['id']}/").json() == response.json()


@pytest.mark.parametrize("body", [{}, {"default_key": "sk-secret"}, {"default_key": None}])
def test_update_of_nothing_visible(client: httpx.Client, body: dict[str, object]) -> None:
    """PATCH with nothing, or with the key alone, answers with the model as it was."""
    model = create(client)

    response = client.patch(f"/v1/models/{model['id']}/", json=body)

    assert response.status_code == 200
    assert response.json() == model


def test_replace_resets_what_is_left_out(client: httpx.Client) -> None:
    """PUT sets back to its default whatever it does not name."""
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


def test_delete_leaves_nothing(client: httpx.Client) -> None:
    """A deleted model is gone, and says so when it is deleted again."""
    path = f"/v1/models/{create(client)['id']}/"

    response = client.delete(path)

    assert (response.status_code, response.content) == (204, b"")
    assert client.get(path).status_code == 404
    assert client.delete(path).status_code == 404


def test_list_shows_owner_provider_and_visibility(client: httpx.Client) -> None:
    """The list has a shape of its own, and a provider where the name tells it."""
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


def test_private_models_are_their_keys_own(server: Server, client: httpx.Client) -> None:
    """Another key neither lists nor finds, changes or deletes a private model."""
    path = f"/v1/models/{create(client)['id']}/"

    with connect(server, server.add_key()) as other:
        first = other.get("/v1/models/", params={"page_size": 1}).json()["results"][0]
        answers = [
            other.get(path),
            other.patch(path, json={"name": "x"}),
            other.put(path, json={"name": "x"}),
            other.delete(path),
        ]

    assert first["visibility"] == "PUBLIC"
    assert [answer.status_code for answer in answers] == [404] * 4
    assert client.get(path).status_code == 200


def test_public_models_are_everybodys_to_read(client: httpx.Client) -> None:
    """A model of the catalogue is found by its id and shows its context window."""
    model = client.get(public_model(client)).json()

    assert "/" in model["name"]
    assert model["model"] == model["name"]
    assert model["max_token_count"] > 1000


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_public_models_are_nobodys_to_change(client: httpx.Client, method: str) -> None:
    """Changing or deleting a model of the catalogue is not permitted, whatever the body."""
    path = public_model(client)

    response = client.request(method, path, json={"name": 7 * ["x"]})

    assert response.status_code == 403
    assert response.json() == {"detail": "You do not have permission to perform this action."}
    assert client.get(path).status_code == 200


def test_catalogue_is_the_same_everywhere(client: httpx.Client) -> None:
    """Two emulators give public models and providers the same ids."""
    with serve() as server, connect(server, server.api_key) as other:
        assert (
            client.get("/v1/models/").json()["results"]
            == other.get("/v1/models/").json()["results"]
        )


@pytest.mark.parametrize("name", [PUBLIC, "ours", "ollama/llama3"])
def test_verify_knows_public_and_own_models(client: httpx.Client, name: str) -> None:
    """Verification succeeds for a public model, and for one's own by either name."""
    create(client, name="ours", model="ollama/llama3")

    response = client.post("/v1/models/verify/", json={"model": name, "api_key": "sk-secret"})

    assert response.status_code == 200
    verification = response.json()
    assert verification.pop("response")
    usage = verification.pop("usage")
    assert usage["prompt_tokens"] + usage["completion_tokens"] == usage["total_tokens"]
    assert verification == {"success": True, "model": name}


def test_verify_of_an_unknown_model_fails(client: httpx.Client) -> None:
    """Verification of what is not known, or another key's, is an answer and no error status."""
    response = client.post("/v1/models/verify/", json={"model": "ours"})

    assert response.status_code == 200
    verification = response.json()
    assert '"ours"' in verification.pop("error")
    assert verification == {"success": False, "model": "ours"}
