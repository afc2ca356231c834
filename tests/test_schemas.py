"""What the API says and accepts: both shapes of a model, limits, and paths."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from root._defaults import NOT_GIVEN
from root._http import ResponseMeta
from root._schemas import (
    Answered,
    Model,
    ModelListAnswer,
    ModelPatch,
    ModelRequest,
    ModelVerification,
    Owner,
    Page,
    Provider,
    VerifyRequest,
    hide_secrets,
    model_path,
    request_body,
    set_meta,
)
from root.errors import Attempt, InvalidRequestError, VerificationError

SECRET = "sk-0123456789abcdef"

# contract.md, Shapes: what create, retrieve and update answer, and what list does.
DETAILS = {
    "id": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
    "name": "ollama/llama3",
    "model": "ollama/llama3",
    "max_output_token_count": 800,
    "max_token_count": None,
    "url": "http://gpu-7:11434",
}
LISTED = {
    "id": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
    "name": "gpt-4o",
    "owner": {"email": "ada@example.org", "full_name": "Ada Lovelace"},
    "provider": {
        "id": "p-1",
        "name": "OpenAI",
        "logo_light": "https://cdn.example/light.svg",
        "is_gdpr_compliant": True,
    },
    "visibility": "PUBLIC",
}

META = ResponseMeta(200, (Attempt(200),), 0.25, [(b"X-Request-Id", b"req-1")])


def parsed(**fields: object) -> Model:
    """Return the model that this JSON says."""
    return Model.model_validate_json(json.dumps(fields))


# Reading


def test_the_details() -> None:
    """A model as retrieve answers it has its details, and None where the list says more."""
    model = parsed(**DETAILS)

    assert model.id == "7c9e6679-7425-40de-944b-e07fc1f90ae7"
    assert model.name == "ollama/llama3"
    assert model.model == "ollama/llama3"
    assert model.max_output_token_count == 800
    assert model.max_token_count is None
    assert model.url == "http://gpu-7:11434"
    assert (model.owner, model.provider, model.visibility) == (None, None, None)


def test_a_model_in_a_list() -> None:
    """A model as list answers it has an owner, a provider and a visibility."""
    model = parsed(**LISTED)

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
        pytest.param({}, id="id and name alone"),
        pytest.param({"provider": None, "owner": None, "visibility": None}, id="nulls"),
        pytest.param({"provider": {"id": "p", "name": "P"}}, id="bare provider"),
        pytest.param({"owner": {}}, id="bare owner"),
        pytest.param({"max_token_count": 2**63}, id="many tokens"),
        pytest.param({"name": ""}, id="empty name"),
        pytest.param({"name": "n" * 5000}, id="long name"),
        pytest.param({"url": "no url"}, id="odd URL"),
        pytest.param({"max_output_token_count": 1}, id="few tokens"),
    ],
)
def test_what_else_a_model_may_say(fields: dict[str, object]) -> None:
    """Only id and name are certain, and no limit of what is sent is asked of what is read."""
    model = parsed(**{"id": "a", "name": "b", **fields})

    assert model.model_dump(exclude_unset=True) == {"id": "a", "name": "b", **fields}


@pytest.mark.parametrize(
    "visibility", ["PUBLIC", "PUBLIC_UNLISTED", "PRIVATE", "TEAM", "public", ""]
)
def test_visibility(visibility: str) -> None:
    """A visibility that came after this release is kept as it is."""
    assert parsed(**{**LISTED, "visibility": visibility}).visibility == visibility


def test_numbers_where_text_belongs() -> None:
    """An id that comes as a number is a string all the same."""
    assert parsed(id=17, name="a").id == "17"
    assert parsed(id="a", name="b", provider={"id": 3, "name": "P"}).provider == Provider(
        id="3", name="P"
    )


def test_unknown_fields_are_kept() -> None:
    """Fields that this release does not know are attributes, at each level."""
    model: Any = parsed(
        **{**LISTED, "size": 7, "tags": ["a"], "owner": {"team": "blue"}},
    )

    assert model.size == 7
    assert model.tags == ["a"]
    assert model.owner.team == "blue"
    assert model.to_dict()["size"] == 7
    assert model.to_dict()["owner"]["team"] == "blue"


@pytest.mark.parametrize(
    "fields",
    [{}, {"id": "a"}, {"name": "b"}, {"id": None, "name": "b"}, {"id": "a", "name": ["b"]}],
    ids=str,
)
def test_what_is_no_model(fields: dict[str, object]) -> None:
    """What has no id or no name is no model."""
    with pytest.raises(ValidationError):
        parsed(**fields)


def test_a_list_may_hold_the_older_shape() -> None:
    """A page is read with models in both shapes, and with fields of its own that are new."""
    page = ModelListAnswer.model_validate_json(
        json.dumps({"next": "c", "previous": None, "results": [LISTED, DETAILS], "count": 2})
    )

    assert page.next == "c"
    assert [model.name for model in page.results] == ["gpt-4o", "ollama/llama3"]


@pytest.mark.parametrize(
    "page", [{}, {"next": None}, {"results": None}, {"results": [{}]}, []], ids=str
)
def test_what_is_no_page(page: object) -> None:
    """What has no results, or results that are no models, is no page."""
    with pytest.raises(ValidationError):
        ModelListAnswer.model_validate_json(json.dumps(page))


OPENAI = {"id": "p-1", "name": "OpenAI", "is_gdpr_compliant": True, "tier": {"a": 1}}
ADA = {"email": "ada@example.org", "full_name": "Ada Lovelace"}


@pytest.mark.parametrize(
    "results",
    [
        pytest.param([], id="none"),
        pytest.param([LISTED, DETAILS, LISTED], id="both shapes"),
        pytest.param(
            [{**LISTED, "id": str(n), "owner": ADA, "provider": OPENAI} for n in range(5)],
            id="all alike",
        ),
        pytest.param(
            [
                {**LISTED, "owner": ADA, "provider": OPENAI},
                {**LISTED, "owner": {**ADA, "full_name": "A. L."}, "provider": OPENAI},
                {**LISTED, "owner": ADA, "provider": {**OPENAI, "name": "Open AI"}},
                {**LISTED, "owner": None, "provider": None},
                {**LISTED, "owner": {}, "provider": {"id": 1, "name": "One"}},
                {**LISTED, "owner": {"team": "blue"}, "provider": {"id": "1", "name": "One"}},
            ],
            id="some alike",
        ),
        pytest.param([{"id": "1", "name": "a", "visibility": "TEAM", "size": 7}], id="unknown"),
    ],
)
def test_a_page_from_json(results: list[dict[str, object]]) -> None:
    """However a page is read from its bytes, each of its models says what its JSON says."""
    content = json.dumps({"next": None, "results": results}).encode()

    page = ModelListAnswer.from_json(content)

    assert page == ModelListAnswer.model_validate_json(content)
    assert [model.model_fields_set for model in page.results] == [set(item) for item in results]
    assert [model.model_dump(exclude_unset=True) for model in page.results] == [
        parsed(**item).model_dump(exclude_unset=True) for item in results
    ]


def test_a_changed_copy_of_a_listed_model() -> None:
    """What models of a page share is not changed by a copy of one of them."""
    results = [{"id": "1", "name": "a"}, {"id": "2", "name": "b"}]
    first, second = ModelListAnswer.from_json(json.dumps({"results": results}).encode()).results

    other = first.model_copy(update={"url": "http://x"})

    assert other.model_dump(exclude_unset=True) == {"id": "1", "name": "a", "url": "http://x"}
    assert second.model_dump(exclude_unset=True) == {"id": "2", "name": "b"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<p>",
        b"[]",
        b"{}",
        b'{"results": {}}',
        b'{"results": [null, 5, "x", []]}',
        b'{"results": [{"id": "1", "name": "a", "owner": 5}]}',
        b'{"results": [{"id": "1", "name": "a", "provider": {}}]}',
        b'{"results": [{"id": "1", "name": "a", "provider": {"id": [], "name": {}}}]}',
        b'{"results": ' + b"[" * 100_000,
    ],
    ids=range(10),
)
def test_bytes_that_are_no_page(content: bytes) -> None:
    """What is no JSON or no page raises what the client knows to read, and nothing else."""
    with pytest.raises(ValueError, match=r".") as error:
        ModelListAnswer.from_json(content)

    assert type(error.value) in (ValueError, ValidationError)


def test_no_default_key_is_kept() -> None:
    """What a client hands out holds no key, wherever a service puts it."""
    model = parsed(**DETAILS, default_key=SECRET, size=7, more=[{"default_key": SECRET}, SECRET])
    hide_secrets(model, [SECRET])

    assert not hasattr(model, "default_key")
    assert SECRET not in repr(model)
    assert SECRET not in model.to_json()
    assert SECRET.encode() not in pickle.dumps(model)
    assert model.to_dict()["size"] == 7


def test_many_texts_without_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts are not read in every way that a secret may be written: millions would take minutes."""
    monkeypatch.setattr("root._redaction._places", None)
    texts = ["", "a", "a text", "100%41", "&lt;a&#62;", "\\u0041", "\\", "\ufffd", "ä", SECRET[:3]]
    model = parsed(**DETAILS, texts=texts)

    hide_secrets(model, [SECRET])

    assert model.to_dict()["texts"] == texts


@pytest.mark.parametrize("name", ["name", "url", "size", "meta"])
def test_models_are_frozen(name: str) -> None:
    """What the service said does not change."""
    model = set_meta(parsed(**DETAILS), META)

    with pytest.raises((ValidationError, AttributeError)):
        setattr(model, name, "x")

    assert model.to_dict() == parsed(**DETAILS).to_dict()
    assert model.meta is META


def test_models_can_be_keys() -> None:
    """Equal models are one key of a dictionary, also in a set."""
    assert len({parsed(**DETAILS), parsed(**DETAILS), parsed(**LISTED)}) == 2


# Meta


def test_without_a_response_there_is_no_meta() -> None:
    """A model that did not come from a response says so."""
    model = parsed(**DETAILS)

    with pytest.raises(AttributeError):
        _ = model.meta
    assert not hasattr(model, "meta")


def test_meta_is_beside_the_fields() -> None:
    """How a model came here takes no part in equality, hash, dump or repr."""
    plain = parsed(**DETAILS)
    model = set_meta(parsed(**DETAILS), META)

    assert model.meta is META
    assert model == plain
    assert hash(model) == hash(plain)
    assert repr(model) == repr(plain)
    assert str(model) == str(plain)
    assert model.model_dump() == plain.model_dump()
    assert model.model_dump_json() == plain.model_dump_json()
    assert "meta" not in model.to_dict()
    assert "req-1" not in repr(model)


def test_a_field_called_meta_is_kept() -> None:
    """A field of that name, should the API have one, is in the data; `.meta` stays ours."""
    model = set_meta(parsed(**DETAILS, meta={"a": 1}), META)

    assert model.meta is META
    assert model.to_dict()["meta"] == {"a": 1}


WAYS: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "model_copy": lambda model: model.model_copy(),
    "deep model_copy": lambda model: model.model_copy(deep=True),
    **{
        f"pickle {protocol}": lambda model, protocol=protocol: pickle.loads(  # type: ignore[misc]
            pickle.dumps(model, protocol)
        )
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(
    "answered",
    [
        parsed(**DETAILS, size=7),
        parsed(**LISTED),
        ModelVerification(success=True, usage={"tokens": 5}),
        ModelListAnswer(results=[parsed(**LISTED)]),
    ],
    ids=["details", "listed", "verification", "page"],
)
def test_meta_travels(way: Callable[[Any], Any], answered: Answered) -> None:
    """A copy is equal and knows how the original came here, or does not where that did not."""
    with_meta = set_meta(answered.model_copy(), META)

    assert way(with_meta) == answered
    assert way(with_meta) is not with_meta
    assert way(with_meta).meta == META
    assert way(answered) == answered
    assert not hasattr(way(answered), "meta")


def test_a_changed_copy() -> None:
    """A copy with another value keeps the rest, and the original stays."""
    model = set_meta(parsed(**DETAILS), META)

    other = model.model_copy(update={"name": "mine"})

    assert (other.name, other.url, other.meta) == ("mine", model.url, META)
    assert model.name == "ollama/llama3"


def test_a_page() -> None:
    """A page is its items, in their order, and shows no more than they do."""
    items = [parsed(**LISTED), parsed(**DETAILS)]
    page = Page(items, "c", META)

    assert list(page) == items
    assert len(page) == 2
    assert page.next_cursor == "c"
    assert page.meta is META
    assert "req-1" not in repr(page)
    assert page == Page(items, "c", ResponseMeta(200, (), 9.0, []))
    assert pickle.loads(pickle.dumps(page)) == page


def test_an_empty_page() -> None:
    """A page without items is empty, and knows where the next one begins."""
    page = Page([], "c", META)

    assert (list(page), len(page), page.next_cursor) == ([], 0, "c")


# As plain data


def test_plain_data() -> None:
    """A model is also a dictionary, a JSON document and readable text, as in the old SDK."""
    model = parsed(**LISTED)

    assert model.to_dict() == LISTED
    assert model.provider is not None
    assert model.provider.to_dict() == LISTED["provider"]
    assert json.loads(model.to_json()) == model.to_dict()
    assert "'name': 'gpt-4o'" in model.to_str()
    assert eval(model.to_str(), {}) == model.to_dict()  # It is a Python literal.


# Verifying


def test_a_model_that_answered() -> None:
    """A configuration that works raises nothing."""
    ModelVerification(success=True, response="Hello").raise_for_failure()


@pytest.mark.parametrize(
    ("fields", "says"),
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
def test_a_model_that_did_not_answer(fields: dict[str, str], says: str) -> None:
    """A configuration that does not work raises an error with the service's reason."""
    verification = ModelVerification.model_validate({"success": False, **fields})

    with pytest.raises(VerificationError) as error:
        verification.raise_for_failure()

    assert str(error.value) == says
    assert error.value.detail == fields.get("error")


# Sending


@pytest.mark.parametrize(
    ("schema", "fields", "body"),
    [
        pytest.param(ModelRequest, {"name": "a"}, {"name": "a"}, id="least"),
        pytest.param(
            ModelRequest,
            {"name": "a", "model": None, "default_key": None, "url": None},
            {"name": "a"},
            id="left out",
        ),
        pytest.param(
            ModelRequest,
            {
                "name": "n" * 100,
                "model": "m",
                "default_key": "k",
                "max_output_token_count": 800,
                "max_token_count": 0,
                "url": "u" * 1024,
            },
            None,
            id="all, at their limits",
        ),
        pytest.param(
            ModelRequest,
            {"name": "ä", "max_output_token_count": 10**30, "max_token_count": 2147483647},
            None,
            id="the other limits",
        ),
        pytest.param(ModelRequest, {"name": "a", "url": ""}, None, id="empty URL"),
        pytest.param(
            VerifyRequest,
            {"model": "m", "api_key": "k", "url": "u", "max_output_token_count": 800},
            None,
            id="verify",
        ),
        pytest.param(VerifyRequest, {"model": "m", "api_key": None}, {"model": "m"}, id="key out"),
    ],
)
def test_what_is_sent(
    schema: type[ModelRequest | VerifyRequest],
    fields: dict[str, object],
    body: dict[str, object] | None,
) -> None:
    """The body holds what was given and nothing else."""
    sent = request_body(schema, None, **fields)

    assert json.loads(sent.content) == (fields if body is None else body)


@pytest.mark.parametrize(
    "fields",
    [
        {"max_token_count": None},
        {"default_key": None, "url": None, "name": "a"},
        {"name": "a", "model": "m", "max_output_token_count": 801},
    ],
    ids=str,
)
def test_what_is_changed(fields: dict[str, object]) -> None:
    """In a change None clears, and what is left out is not sent."""
    rest = dict.fromkeys(
        ("name", "model", "default_key", "max_output_token_count", "max_token_count", "url"),
        NOT_GIVEN,
    )

    sent = request_body(ModelPatch, NOT_GIVEN, **{**rest, **fields})

    assert json.loads(sent.content) == fields


def test_nothing_to_change() -> None:
    """A change of nothing is an error that names what can be changed."""
    with pytest.raises(InvalidRequestError, match="Give at least one of name, url"):
        request_body(ModelPatch, NOT_GIVEN, name=NOT_GIVEN, url=NOT_GIVEN)


@pytest.mark.parametrize(
    ("schema", "fields", "says"),
    [
        (ModelRequest, {"name": ""}, "name: .*at least 1 character"),
        (ModelRequest, {"name": "n" * 101}, "name: .*at most 100 characters"),
        (ModelRequest, {"name": "a", "model": ""}, "model: .*at least 1 character"),
        (ModelRequest, {"name": "a", "default_key": ""}, "default_key: .*at least 1 character"),
        (
            ModelRequest,
            {"name": "a", "max_output_token_count": 799},
            "max_output_token_count: .*greater than or equal to 800",
        ),
        (
            ModelRequest,
            {"name": "a", "max_token_count": -1},
            "max_token_count: .*greater than or equal to 0",
        ),
        (
            ModelRequest,
            {"name": "a", "max_token_count": 2147483648},
            "max_token_count: .*less than or equal to 2147483647",
        ),
        (ModelRequest, {"name": "a", "url": "u" * 1025}, "url: .*at most 1024 characters"),
        (ModelPatch, {"name": ""}, "name: .*at least 1 character"),
        (ModelPatch, {"name": "n" * 101}, "name: .*at most 100 characters"),
        (ModelPatch, {"max_output_token_count": 0}, "max_output_token_count: .*equal to 800"),
        (VerifyRequest, {"model": ""}, "model: .*at least 1 character"),
        (VerifyRequest, {"model": "m", "max_output_token_count": 1}, "count: .*equal to 800"),
        (ModelRequest, {"name": 5}, "name: .*valid string"),
        (ModelRequest, {"name": b"a"}, "name: .*valid string"),
        (ModelRequest, {"name": "\ud800"}, "name: .*string"),
        (ModelRequest, {"name": "a", "max_token_count": True}, "max_token_count: .*valid integer"),
        (ModelRequest, {"name": "a", "max_token_count": "5"}, "max_token_count: .*valid integer"),
        (ModelRequest, {"name": "a", "max_token_count": 5.0}, "max_token_count: .*valid integer"),
        (ModelRequest, {"name": "", "url": 5}, "name: .* url: "),
    ],
)
def test_limits(
    schema: type[ModelRequest | ModelPatch | VerifyRequest], fields: dict[str, object], says: str
) -> None:
    """What breaks a limit is refused before it is sent, by the names of field and limit."""
    with pytest.raises(InvalidRequestError, match=f"^Nothing was sent. .*{says}") as error:
        request_body(schema, None, **fields)

    assert isinstance(error.value, ValueError)
    # pydantic's own error holds what came in.
    assert error.value.__cause__ is None
    assert error.value.__context__ is None


@pytest.mark.parametrize("name", ["name", "model", "max_output_token_count"])
def test_what_cannot_be_cleared(name: str) -> None:
    """A field that cannot be empty cannot be cleared either, and the error says which."""
    with pytest.raises(InvalidRequestError, match=f"{name} cannot be None"):
        request_body(ModelPatch, NOT_GIVEN, **{name: None})


@pytest.mark.parametrize(
    ("schema", "fields", "missing"),
    [
        (ModelRequest, {"name": None, "model": "m"}, "name"),
        (ModelRequest, {"name": None, "max_token_count": 5}, "name"),
        (VerifyRequest, {"model": None, "url": "u"}, "model"),
    ],
    ids=["create", "replace", "verify"],
)
def test_what_must_be_given(
    schema: type[ModelRequest | VerifyRequest], fields: dict[str, object], missing: str
) -> None:
    """None where something must be given is refused by the field's name."""
    with pytest.raises(InvalidRequestError, match=missing):
        request_body(schema, None, **fields)


@pytest.mark.parametrize(
    ("schema", "fields"),
    [
        (ModelRequest, {"name": "a", "default_key": SECRET.encode()}),
        (ModelRequest, {"name": "a", "default_key": [SECRET]}),
        (ModelRequest, {"name": "a", "default_key": {"key": SECRET}}),
        (ModelRequest, {"name": "a", "default_key": {SECRET: SECRET}}),
        (ModelRequest, {"name": "a", "default_key": (SECRET, 1)}),
        (ModelRequest, {"name": "a", "default_key": f"{SECRET}\ud800"}),
        (ModelRequest, {"name": "", "default_key": SECRET}),
        (ModelRequest, {"name": SECRET * 10}),
        (ModelRequest, {"name": "a", "url": SECRET * 100}),
        (ModelRequest, {"name": "a", "max_token_count": SECRET}),
        (ModelPatch, {"default_key": {"key": SECRET}}),
        (VerifyRequest, {"model": "m", "api_key": SECRET.encode()}),
        (VerifyRequest, {"model": "m", "api_key": {SECRET: 1}}),
    ],
)
def test_refusals_show_no_value(
    schema: type[ModelRequest | ModelPatch | VerifyRequest], fields: dict[str, object]
) -> None:
    """A refusal names the field and shows no value: it may be a key in the wrong place."""
    with pytest.raises(InvalidRequestError) as error:
        request_body(schema, None, **fields)

    assert SECRET not in str(error.value)
    assert SECRET not in repr(error.value)
    assert SECRET not in repr(vars(error.value))


@pytest.mark.parametrize(
    "request_schema",
    [
        ModelRequest(name="a", default_key=SECRET),
        ModelPatch(default_key=SECRET),
        VerifyRequest(model="m", api_key=SECRET),
    ],
    ids=lambda schema: type(schema).__name__,
)
def test_what_is_sent_prints_without_its_key(
    request_schema: ModelRequest | ModelPatch | VerifyRequest,
) -> None:
    """What is about to be sent shows no key where it is printed."""
    assert SECRET not in repr(request_schema)
    assert SECRET not in str(request_schema)


# Paths


@pytest.mark.parametrize(
    ("model_id", "path"),
    [
        ("abc", "/v1/models/abc/"),
        (
            UUID("7c9e6679-7425-40de-944b-e07fc1f90ae7"),
            "/v1/models/7c9e6679-7425-40de-944b-e07fc1f90ae7/",
        ),
        ("a/b", "/v1/models/a%2Fb/"),
        ("../../admin", "/v1/models/..%2F..%2Fadmin/"),
        ("...", "/v1/models/.../"),
        (" ", "/v1/models/%20/"),
        ("a?b=c#d", "/v1/models/a%3Fb%3Dc%23d/"),
        ("%2e%2e", "/v1/models/%252e%252e/"),
        ("a\r\nb", "/v1/models/a%0D%0Ab/"),
        ("a\\b", "/v1/models/a%5Cb/"),
        ("é", "/v1/models/%C3%A9/"),
        ("verify", "/v1/models/verify/"),
        ("\x00", "/v1/models/%00/"),
    ],
)
def test_paths(model_id: str | UUID, path: str) -> None:
    """A model's id is one escaped segment of its path."""
    assert model_path(model_id) == path


@pytest.mark.parametrize("model_id", ["", ".", ".."])
def test_ids_that_lead_elsewhere(model_id: str) -> None:
    """An id that would lead to another path is refused, and the error says where ids are."""
    with pytest.raises(InvalidRequestError, match="no model id") as error:
        model_path(model_id)

    assert repr(model_id) in str(error.value)


@pytest.mark.parametrize("model_id", [None, 5, b"abc", True, ["abc"]], ids=repr)
def test_ids_of_other_types(model_id: Any) -> None:
    """An id is a string or a UUID, and what is neither is refused by its type."""
    with pytest.raises(InvalidRequestError, match=f"not {type(model_id).__name__}"):
        model_path(model_id)


def test_an_id_that_utf_8_cannot_write() -> None:
    """An id that no URL can hold is refused."""
    with pytest.raises(InvalidRequestError, match="UTF-8"):
        model_path("\ud800")


@given(model_id=st.text(min_size=1).filter(lambda model_id: model_id not in (".", "..")))
def test_any_id_is_one_segment(model_id: str) -> None:
    """Every other string comes out of the path as it was put into it."""
    path = model_path(model_id)

    parts = urlsplit(f"https://api.example{path}")
    assert parts.path == path
    assert not parts.query + parts.fragment
    assert path.isascii()
    assert path.isprintable()
    empty, version, models, segment, end = parts.path.split("/")
    assert (empty, version, models, end) == ("", "v1", "models", "")
    assert unquote(segment) == model_id
