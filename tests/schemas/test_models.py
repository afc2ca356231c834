"""Models and verifications as they are parsed from responses."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from root.errors import VerificationError
from root.models import Model, ModelVerification, Owner, Provider

from .examples import DETAILS, LISTED, parse_model


def test_details() -> None:
    """A retrieved model has its details, and None for the fields of listings."""
    model = parse_model(**DETAILS)

    assert model.id == "7c9e6679-7425-40de-944b-e07fc1f90ae7"
    assert model.name == "ollama/llama3"
    assert model.model == "ollama/llama3"
    assert model.max_output_token_count == 800
    assert model.max_token_count is None
    assert model.url == "http://gpu-7:11434"
    assert (model.owner, model.provider, model.visibility) == (None, None, None)


def test_listed_model() -> None:
    """A listed model has an owner, a provider and a visibility."""
    model = parse_model(**LISTED)

    assert model.owner == Owner(email="ada@example.org", full_name="Ada Lovelace")
    assert model.provider is not None
    assert str(model.provider) == "OpenAI"
    assert model.provider.id == "p-1"
    assert model.provider.logo_light == "https://cdn.example/light.svg"
    assert model.provider.logo_dark is None
    assert model.provider.is_gdpr_compliant is True
    assert model.visibility == "PUBLIC"
    assert (model.model, model.url, model.max_token_count) == (None, None, None)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="only id and name"),
        pytest.param({"provider": None, "owner": None, "visibility": None}, id="nulls"),
        pytest.param({"provider": {"id": "p", "name": "P"}}, id="minimal provider"),
        pytest.param({"owner": {}}, id="empty owner"),
        pytest.param({"max_token_count": 2**63}, id="many tokens"),
        pytest.param({"name": ""}, id="empty name"),
        pytest.param({"name": "n" * 5000}, id="long name"),
        pytest.param({"url": "no url"}, id="invalid URL"),
        pytest.param({"max_output_token_count": 1}, id="few tokens"),
    ],
)
def test_lenient_parsing(fields: dict[str, object]) -> None:
    """Only the ID and the name are required, and the limits of requests do not apply."""
    model = parse_model(**{"id": "a", "name": "b", **fields})

    assert model.model_dump(exclude_unset=True) == {"id": "a", "name": "b", **fields}


@pytest.mark.parametrize(
    "visibility", ["PUBLIC", "PUBLIC_UNLISTED", "PRIVATE", "TEAM", "public", ""]
)
def test_visibility(visibility: str) -> None:
    """An unknown visibility is kept as a string."""
    assert parse_model(**{**LISTED, "visibility": visibility}).visibility == visibility


def test_numeric_ids() -> None:
    """An ID that is a number becomes a string."""
    assert parse_model(id=17, name="a").id == "17"
    assert parse_model(id="a", name="b", provider={"id": 3, "name": "P"}).provider == Provider(
        id="3", name="P"
    )


@pytest.mark.parametrize(
    "fields",
    [{}, {"id": "a"}, {"name": "b"}, {"id": None, "name": "b"}, {"id": "a", "name": ["b"]}],
    ids=str,
)
def test_invalid_models(fields: dict[str, object]) -> None:
    """An object without an ID or a name is not a model."""
    with pytest.raises(ValidationError):
        parse_model(**fields)


def test_write_only_fields() -> None:
    """Responses never have the fields that are secret in requests."""
    assert parse_model(**DETAILS).__facts__.write_only == {"default_key"}
    assert ModelVerification.__facts__.write_only == {"default_key", "api_key"}


def test_successful_verification() -> None:
    """The verification of a configuration that works raises no error."""
    ModelVerification(success=True, response="Hello").raise_for_failure()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"model": "gpt-4o", "error": "Wrong key."},
            "The configuration of gpt-4o does not work: Wrong key.",
        ),
        ({"error": "Wrong key."}, "The configuration of the model does not work: Wrong key."),
        ({}, "The configuration of the model does not work: the service gives no reason"),
    ],
    ids=["model and reason", "reason", "nothing"],
)
def test_failed_verification(fields: dict[str, str], message: str) -> None:
    """The verification of a configuration that does not work raises an error with the reason."""
    verification = ModelVerification.model_validate({"success": False, **fields})

    with pytest.raises(VerificationError) as error:
        verification.raise_for_failure()

    assert str(error.value) == message
    assert error.value.detail == fields.get("error")


def test_dumps_have_what_was_sent() -> None:
    """A dump has no fields that the server did not send, in nested objects neither."""
    sent = {"id": "9b2f", "name": "a", "owner": {"email": "a@b.example"}, "novel": None}
    model = Model.model_validate(sent)

    assert model.model_dump() == sent
    assert json.loads(model.model_dump_json()) == sent
    assert model.model_dump(exclude_unset=False)["visibility"] is None
