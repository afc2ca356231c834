"""Comparison of desired and existing models: the requests that follow, and how plans read."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from root._changes import Change, FieldChange
from root._concurrency.bulk import BulkState
from root._plans.comparison import (
    Comparison,
    Desired,
    Step,
    apply_result,
    by_name,
    deletion,
    diff,
    export_settings,
    has_details,
    parse_desired,
)
from root.errors import (
    APIConnectionError,
    ApplyError,
    InvalidRequestError,
    RootSignalsError,
    ServerError,
)
from root.models import Model, ModelSettings

SECRET = "sk-secret-of-the-test"


def model(name: str = "a", **fields: Any) -> Model:
    """Return an existing private model."""
    return Model.model_validate(
        {"id": f"id-{name}", "name": name, "visibility": "PRIVATE"} | fields
    )


def desire(**fields: Any) -> Desired:
    """Return a desired model with the name of the existing one."""
    (one,) = parse_desired([{"name": "a", **fields}])
    return one


def sent(step: Step) -> Any:
    """Return the JSON that a step sends, or None."""
    if step.body is None:
        return None
    (content,) = step.body.parts
    assert isinstance(content, bytes)
    return json.loads(content)


EXISTING: dict[str, Any] = {
    "model": "m",
    "max_output_token_count": 900,
    "max_token_count": 5,
    "url": "http://a",
}


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ({}, None),
        ({"model": "m", "url": "http://a"}, None),
        ({"model": None, "max_output_token_count": None}, None),
        ({"model": "other"}, {"model": "other"}),
        ({"url": None}, {"url": None}),
        ({"max_token_count": None}, {"max_token_count": None}),
        ({"max_token_count": 5}, None),
        ({"max_token_count": 0}, {"max_token_count": 0}),
        ({"url": "", "model": "m"}, {"url": ""}),
        ({"url": " http://a\n"}, None),
        ({"max_output_token_count": 800}, {"max_output_token_count": 800}),
        ({"default_key": SECRET}, None),
        ({"default_key": None}, None),
        ({"default_key": SECRET, "url": "http://b"}, {"url": "http://b"}),
    ],
)
def test_comparison(fields: dict[str, Any], body: object) -> None:
    """Fields that are given and differ are sent; omitted fields and the key are not."""
    step = diff(desire(**fields), model(**EXISTING), rotate_keys=False)

    assert sent(step) == body
    assert step.change.action == ("unchanged" if body is None else "update")
    assert step.change.model_id == "id-a"


@pytest.mark.parametrize(
    ("fields", "body", "word"),
    [
        ({"default_key": SECRET}, {"default_key": SECRET}, "rotated"),
        ({"default_key": None}, {"default_key": None}, "cleared"),
    ],
)
def test_rotate_keys(fields: dict[str, Any], body: object, word: str) -> None:
    """With `rotate_keys` a key is sent although it cannot be compared; None clears it."""
    step = diff(desire(**fields), model(**EXISTING), rotate_keys=True)

    assert sent(step) == body
    assert step.change.fields == (FieldChange("default_key", None, word),)


def test_rotate_keys_without_a_key() -> None:
    """With `rotate_keys`, a desired model without a key keeps its key."""
    assert sent(diff(desire(model="m"), model(**EXISTING), rotate_keys=True)) is None


def test_creation() -> None:
    """A new model is sent with the given fields, except for those that are None."""
    one = desire(model=None, url=None, default_key=SECRET, max_token_count=0)

    step = diff(one, None, rotate_keys=False)

    assert sent(step) == {"name": "a", "default_key": SECRET, "max_token_count": 0}
    assert step.body is not None
    assert step.body.secrets == (SECRET,)
    assert step.change == Change(
        "create",
        "a",
        None,
        (FieldChange("default_key", None, "set"), FieldChange("max_token_count", None, 0)),
    )


def test_missing_field_of_a_response() -> None:
    """A field that a response does not contain counts as None."""
    step = diff(desire(url="http://a", max_token_count=None), model(), rotate_keys=False)
    assert step.change.fields == (FieldChange("url", None, "http://a"),)


@pytest.mark.parametrize(
    ("desired", "problem"),
    [
        ([{"name": "a"}, {"name": "a"}], "occurs twice, at the positions 0 and 1"),
        ([{"name": "a"}, {"name": " a "}], "occurs twice"),
        ([{"name": "a"}, {"name": " "}], r"At position 1 \(from 0\): name"),
        ([{"name": "a", "url": 5}], "url"),
        ([{"name": "a", "nme": "b"}], "nme"),
        ([{"model": "a"}], "name"),
        (["a"], "a dict, not str"),
        ({"name": "a"}, "Pass a list"),
    ],
)
def test_invalid_desired_models(desired: Any, problem: str) -> None:
    """An invalid desired model is refused with its position and field."""
    with pytest.raises(InvalidRequestError, match=problem):
        parse_desired(desired)


def test_own_models() -> None:
    """Private models are the caller's own; without a visibility, all are."""
    listed = [
        model("private"),
        model("public", visibility="PUBLIC"),
        model("unlisted", visibility="PUBLIC_UNLISTED"),
        model("new", visibility="ORGANIZATION"),
        model("unknown", visibility=None),
    ]
    assert set(by_name(listed, None)) == {"private", "unknown"}


def test_model_that_is_listed_twice() -> None:
    """A model that moved to the next page between two requests counts once."""
    assert by_name([model("a"), model("a")], None) == {"a": model("a")}


def test_ambiguous_names() -> None:
    """A name of two models is an error only if the name is needed."""
    twice = [model("b", id="1"), model("b", id="2")]

    assert "b" in by_name(twice, [desire()])
    with pytest.raises(InvalidRequestError, match=r"'b': 1 and 2"):
        by_name(twice, parse_desired([{"name": "b"}]))
    with pytest.raises(InvalidRequestError, match="'b'"):
        by_name(twice, None)
    public = model("b", id="3", visibility="PUBLIC")
    assert by_name([twice[0], public], None) == {"b": twice[0]}


def test_deletion_requires_a_visibility() -> None:
    """A model is not deleted unless it is known to be private."""
    assert deletion(model("a")).change == Change("delete", "a", "id-a")
    with pytest.raises(InvalidRequestError, match="does not return whether"):
        deletion(model("a", visibility=None))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (["name", "default_key"], True),
        (["name", "model"], True),
        (["name", "url"], False),
    ],
)
def test_listed_models_with_details(fields: list[str], expected: bool) -> None:
    """A listed model has details if it contains every compared field that is given."""
    assert has_details(model(model="m"), fields) is expected


def test_text_of_a_plan() -> None:
    """The text of a plan has each change, their numbers, and a note on keys."""
    new, same, changed = parse_desired(
        [
            {"name": "new", "model": "gpt-4o", "default_key": SECRET},
            {"name": "same"},
            {
                "name": "changed\x1b[31m",
                "url": "http://b",
                "max_token_count": None,
                "default_key": SECRET,
            },
        ]
    )
    existing = model("changed\x1b[31m", id="9b2f", url='http://"a', max_token_count=5)
    plan = Comparison(
        [
            diff(same, model("same"), rotate_keys=False),
            deletion(model("old")),
            diff(changed, existing, rotate_keys=False),
            diff(new, None, rotate_keys=False),
        ],
        rotate_keys=False,
    )

    assert str(plan) == (
        "+ new\n"
        '    model: "gpt-4o"\n'
        "    default_key: set\n"
        '~ "changed\\u001b[31m"\n'
        '    url: "http://\\"a" -> "http://b"\n'
        "    max_token_count: 5 -> none\n"
        "- old\n"
        "1 to create, 1 to update, 1 to delete, 1 unchanged.\n"
        "Keys of existing models are not compared, because they cannot be read back; they are sent"
        " only with rotate_keys (--rotate-keys)."
    )
    assert repr(plan) == "<Comparison: 1 to create, 1 to update, 1 to delete, 1 unchanged>"
    assert [change.action for change in plan.changes] == [
        "create",
        "update",
        "delete",
        "unchanged",
    ]
    assert plan
    assert not plan.is_empty


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("https://user:s3cret@gw.test/v1?a=b@c", "https://***@gw.test/v1?a=b@c"),
        ("https://t0ken@gw.test", "https://***@gw.test"),
        ("https://a:b@c@gw.test:8/x", "https://***@gw.test:8/x"),
        ("https://gw.test/user@x", "https://gw.test/user@x"),
        ("https://gw.test?user@x", "https://gw.test?user@x"),
    ],
)
def test_passwords_in_urls(url: str, masked: str) -> None:
    """A plan masks the user name and password of a URL, before and after the change."""
    new = diff(desire(url=url), None, rotate_keys=False)
    cleared = diff(desire(url=None), model(**(EXISTING | {"url": url})), rotate_keys=False)

    assert [one.after for one in new.change.fields] == [masked]
    assert [one.before for one in cleared.change.fields] == [masked]
    assert sent(new) == {"name": "a", "url": url}


def test_empty_plan() -> None:
    """A plan without changes is empty, and false."""
    plan = Comparison([diff(desire(), model(), rotate_keys=True)], rotate_keys=True)

    assert plan.is_empty
    assert not plan
    assert str(plan) == "0 to create, 0 to update, 0 to delete, 1 unchanged."


@pytest.mark.parametrize(
    ("fields", "exists", "rotate_keys", "note"),
    [
        ({}, True, False, ""),
        ({}, True, True, ""),
        ({"url": "http://b"}, True, False, ""),
        ({"default_key": SECRET}, False, False, ""),
        ({"default_key": SECRET}, True, False, "they are sent only with rotate_keys"),
        ({"default_key": SECRET}, True, True, "those that are given are sent"),
    ],
)
def test_note_on_keys(fields: dict[str, str], exists: bool, rotate_keys: bool, note: str) -> None:
    """A plan has a note on keys only if a key is given for an existing model."""
    step = diff(desire(**fields), model() if exists else None, rotate_keys=rotate_keys)
    plan = Comparison([step], rotate_keys=rotate_keys)

    for text in (str(plan), plan._repr_html_()):
        assert ("Keys of existing models" in text) == bool(note)
        assert note in text


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_plans_cannot_be_copied(duplicate: Callable[[object], object]) -> None:
    """A plan, which contains keys, cannot be pickled or copied; its changes can."""
    one = desire(default_key=SECRET)
    plan = Comparison([diff(one, None, rotate_keys=False)], rotate_keys=False)

    with pytest.raises(InvalidRequestError, match="cannot be pickled or copied"):
        duplicate(plan)
    assert duplicate(plan.changes)
    shown = str(plan) + repr(plan) + repr(vars(plan)) + repr(one) + repr(pickle.dumps(plan.changes))
    assert SECRET not in shown


def state_of(*outcomes: str | RootSignalsError) -> BulkState[str | None]:
    """Return the state of at least three calls, of which the first ones have ended."""
    state: BulkState[str | None] = BulkState(max(3, len(outcomes)), 8, "raise", None)
    for position, outcome in enumerate(outcomes):
        state.record((position, outcome))
    return state


CHANGES = [Change("create", "new", None), Change("update", "b", "2"), Change("delete", "c", "3")]


def test_result() -> None:
    """The result has the IDs of models that were created."""
    result = apply_result(CHANGES, state_of("1", "2", ""))

    assert result.done == (Change("create", "new", "1"), *CHANGES[1:])
    assert str(result) == "1 created, 1 updated, 1 deleted."


@pytest.mark.parametrize(
    ("is_unclear", "beginning"), [(False, "Nothing was"), (True, "The plan was")]
)
def test_first_change_failed(is_unclear: bool, beginning: str) -> None:
    """The error reports that nothing was applied only if the failed change was not made."""
    failure = ServerError("It broke off.")
    failure.may_have_been_processed = is_unclear
    with pytest.raises(ApplyError, match=rf"^{beginning} applied") as caught:
        apply_result(CHANGES, state_of(failure))

    assert caught.value.not_started == tuple(CHANGES[1:])


def test_partial_result() -> None:
    """The error has the changes that were made, that failed and why, and that did not start."""
    failure = ServerError("It broke off.")
    failure.may_have_been_processed = True
    with pytest.raises(ApplyError) as caught:
        apply_result(CHANGES, state_of("1", failure))

    error = caught.value
    assert error.done == (Change("create", "new", "1"),)
    assert error.failed == ((CHANGES[1], failure),)
    assert error.not_started == (CHANGES[2],)
    assert error.may_have_been_processed
    assert error.__cause__ is failure
    assert str(error) == (
        "The plan was applied in part: 1 created, 0 updated, 0 deleted, 1 failed, 1 not started."
        " Create a new plan and apply it for the rest. Failures: update 'b' (it may have been"
        " done): It broke off."
    )
    other = pickle.loads(pickle.dumps(error))
    assert (other.done, other.not_started) == (error.done, error.not_started)
    assert other.failed[0][0] == CHANGES[1]
    assert str(other.failed[0][1]) == "It broke off."


def test_many_failures() -> None:
    """The message has the first three of many failures."""
    with pytest.raises(ApplyError) as caught:
        apply_result(
            CHANGES * 2, state_of(*(ServerError(f"Fault {number}.") for number in range(6)))
        )

    assert "Fault 2. And 3 more; see `.failed`." in str(caught.value)
    assert len(caught.value.failed) == 6


def test_certain_failure() -> None:
    """A change that was certainly not made is not described as possibly done."""
    with pytest.raises(ApplyError) as caught:
        apply_result(CHANGES, state_of(APIConnectionError("Refused.")))
    assert "create 'new': Refused." in str(caught.value)
    assert not caught.value.may_have_been_processed


@pytest.mark.parametrize(
    ("fields", "settings"),
    [
        ({}, {"name": "a"}),
        (EXISTING, {"name": "a", **EXISTING}),
        (EXISTING | {"url": None, "max_token_count": 0, "extra": 1}, None),
    ],
)
def test_export(fields: dict[str, Any], settings: object) -> None:
    """Exported settings have the names of `create`, and a plan of them is empty."""
    exported = export_settings(model(**fields))

    if settings is not None:
        assert exported == settings
    (one,) = parse_desired([exported])
    assert sent(diff(one, model(**fields), rotate_keys=False)) is None


names = st.sampled_from("abcdef")
details = st.fixed_dictionaries(
    {},
    optional={
        "model": st.sampled_from(["m", "n", " m "]),
        "max_output_token_count": st.integers(800, 802),
        "max_token_count": st.none() | st.integers(0, 2),
        "url": st.none() | st.sampled_from(["", "http://a", "http://b "]),
    },
)
keys = st.fixed_dictionaries({}, optional={"default_key": st.none() | st.just(SECRET)})


@given(
    desired=st.dictionaries(names, st.tuples(details, keys)),
    existing=st.dictionaries(names, details),
    prune=st.booleans(),
)
def test_applied_plan_reaches_the_desired_models(
    desired: dict[str, tuple[dict[str, Any], dict[str, Any]]],
    existing: dict[str, dict[str, Any]],
    prune: bool,
) -> None:
    """An applied plan sets the given fields as desired, and changes nothing else."""
    entries: Any = [{"name": name, **one, **key} for name, (one, key) in desired.items()]
    service = {name: {"id": name, "name": name, **one} for name, one in existing.items()}
    before = copy.deepcopy(service)

    for step in steps(entries, service, prune):
        apply(step, service)

    for one in parse_desired(entries):
        fields = {n: v for n, v in one.fields.items() if n != "default_key"}
        after = Model.model_validate(service[one.name]).model_dump(exclude_unset=False)
        assert {name: after[name] for name in fields} == fields
        for name in before.get(one.name, {}).keys() - fields.keys():
            assert service[one.name][name] == before[one.name][name]
    for name in before.keys() - desired.keys():
        assert service.get(name) == (None if prune else before[name])
    assert all(step.change.action == "unchanged" for step in steps(entries, service, prune))


def steps(entries: list[ModelSettings], service: dict[str, Any], prune: bool) -> list[Step]:
    """Return the steps of a plan for the models of a service."""
    own = by_name([model(**one) for one in service.values()], None)
    planned = [
        diff(one, own.pop(one.name, None), rotate_keys=False) for one in parse_desired(entries)
    ]
    return planned + [deletion(one) for one in own.values() if prune]


def apply(step: Step, service: dict[str, Any]) -> None:
    """Change the models as the service does."""
    change = step.change
    if change.action == "delete":
        del service[change.name]
    elif step.body is not None:
        fields = sent(step)
        fields.pop("default_key", None)
        service.setdefault(change.name, {"id": change.name}).update(fields)
