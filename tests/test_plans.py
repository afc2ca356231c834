"""Plans, the pure part: what is compared with what, what is sent for it, and what is shown."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from root._bulk import Tally
from root._plans import (
    Change,
    Comparison,
    FieldChange,
    Step,
    Wanted,
    by_name,
    deletion,
    export_of,
    is_told_by,
    result_of,
    step_towards,
    wanted_of,
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
    return Model.model_validate(
        {"id": f"id-{name}", "name": name, "visibility": "PRIVATE"} | fields
    )


def wanted(**fields: Any) -> Wanted:
    (one,) = wanted_of([{"name": "a", **fields}])  # type: ignore[typeddict-item]
    return one


def sent(step: Step) -> object:
    return None if step.body is None else json.loads(step.body.content)


THERE: dict[str, Any] = {
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
def test_what_is_compared(fields: dict[str, Any], body: object) -> None:
    """What is given and differs is sent; what is left out, and the key, is not."""
    step = step_towards(wanted(**fields), model(**THERE), rotate_keys=False)

    assert sent(step) == body
    assert step.change.action == ("unchanged" if body is None else "update")
    assert step.change.model_id == "id-a"


@pytest.mark.parametrize(
    ("fields", "body", "shown"),
    [
        ({"default_key": SECRET}, {"default_key": SECRET}, "rotated"),
        ({"default_key": None}, {"default_key": None}, "cleared"),
    ],
)
def test_keys_are_rotated_if_asked(fields: dict[str, Any], body: object, shown: str) -> None:
    """With rotate_keys a key is sent though it may be the same; None clears it."""
    step = step_towards(wanted(**fields), model(**THERE), rotate_keys=True)

    assert sent(step) == body
    assert step.change.fields == (FieldChange("default_key", None, shown),)


def test_without_a_key_nothing_is_rotated() -> None:
    """With rotate_keys, an entry without a key leaves the key alone."""
    assert sent(step_towards(wanted(model="m"), model(**THERE), rotate_keys=True)) is None


def test_creation() -> None:
    """A new model is sent with all that is given, and without what None would clear."""
    one = wanted(model=None, url=None, default_key=SECRET, max_token_count=0)

    step = step_towards(one, None, rotate_keys=False)

    assert sent(step) == {"name": "a", "default_key": SECRET, "max_token_count": 0}
    assert step.body is not None
    assert step.body.secrets == (SECRET,)
    assert step.change == Change(
        "create",
        "a",
        None,
        (FieldChange("default_key", None, "set"), FieldChange("max_token_count", None, 0)),
    )


def test_a_field_that_the_service_does_not_tell() -> None:
    """A field that is not in an answer counts as not set."""
    step = step_towards(wanted(url="http://a", max_token_count=None), model(), rotate_keys=False)
    assert step.change.fields == (FieldChange("url", None, "http://a"),)


@pytest.mark.parametrize(
    ("desired", "words"),
    [
        ([{"name": "a"}, {"name": "a"}], "stands twice, at the positions 0 and 1"),
        ([{"name": "a"}, {"name": " a "}], "stands twice"),
        ([{"name": "a"}, {"name": " "}], r"At position 1 \(from 0\): name"),
        ([{"name": "a", "url": 5}], "url"),
        ([{"name": "a", "nme": "b"}], "nme"),
        ([{"model": "a"}], "name"),
        (["a"], "a dict, not str"),
        ({"name": "a"}, "Give a list"),
    ],
)
def test_what_cannot_be_desired(desired: Any, words: str) -> None:
    """What cannot be right is refused by position and field."""
    with pytest.raises(InvalidRequestError, match=words):
        wanted_of(desired)


def test_whose_models_count() -> None:
    """Only private models are one's own; where the service does not say, all are."""
    listed = [
        model("private"),
        model("public", visibility="PUBLIC"),
        model("unlisted", visibility="PUBLIC_UNLISTED"),
        model("new", visibility="ORGANISATION"),
        model("untold", visibility=None),
    ]
    assert set(by_name(listed, None)) == {"private", "untold"}


def test_a_model_that_is_listed_twice() -> None:
    """A model that moved to the next page while it was asked for is no second one."""
    assert by_name([model("a"), model("a")], None) == {"a": model("a")}


def test_names_that_stand_twice() -> None:
    """A name that two models have is an error where it matters, and only there."""
    twice = [model("b", id="1"), model("b", id="2")]

    assert "b" in by_name(twice, [wanted()])
    with pytest.raises(InvalidRequestError, match=r"'b'.*1 or 2"):
        by_name(twice, wanted_of([{"name": "b"}]))
    with pytest.raises(InvalidRequestError, match="'b'"):
        by_name(twice, None)
    public = model("b", id="3", visibility="PUBLIC")
    assert by_name([twice[0], public], None) == {"b": twice[0]}


def test_pruning_is_no_guess() -> None:
    """A model of which it is not known that it is private is not pruned."""
    assert deletion(model("a")).change == Change("delete", "a", "id-a")
    with pytest.raises(InvalidRequestError, match="does not say whether"):
        deletion(model("a", visibility=None))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (["name", "default_key"], True),
        (["name", "model"], True),
        (["name", "url"], False),
    ],
)
def test_what_a_listing_tells(fields: list[str], told: bool) -> None:
    """A listed model tells what it has, which need not be retrieved."""
    assert is_told_by(model(model="m"), fields) is told


def test_how_a_plan_reads() -> None:
    """A plan reads as what is added, changed and deleted, how much, and what of keys."""
    new, same, changed = wanted_of(
        [
            {"name": "new", "model": "gpt-4o", "default_key": SECRET},
            {"name": "same"},
            {"name": "changed\x1b[31m", "url": "http://b", "max_token_count": None},
        ]
    )
    there = model("changed\x1b[31m", id="9b2f", url='http://"a', max_token_count=5)
    plan = Comparison(
        [
            step_towards(same, model("same"), rotate_keys=False),
            deletion(model("old")),
            step_towards(changed, there, rotate_keys=False),
            step_towards(new, None, rotate_keys=False),
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
        "Keys of models that exist are not compared, for they cannot be read back; they are sent"
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
    ("url", "shown"),
    [
        ("https://user:s3cret@gw.test/v1?a=b@c", "https://***@gw.test/v1?a=b@c"),
        ("https://t0ken@gw.test", "https://***@gw.test"),
        ("https://a:b@c@gw.test:8/x", "https://***@gw.test:8/x"),
        ("https://gw.test/user@x", "https://gw.test/user@x"),
        ("https://gw.test?user@x", "https://gw.test?user@x"),
    ],
)
def test_passwords_in_urls(url: str, shown: str) -> None:
    """A name and password in a URL show in no plan, neither as they are nor as they were."""
    new = step_towards(wanted(url=url), None, rotate_keys=False)
    cleared = step_towards(wanted(url=None), model(**(THERE | {"url": url})), rotate_keys=False)

    assert [one.after for one in new.change.fields] == [shown]
    assert [one.before for one in cleared.change.fields] == [shown]
    assert sent(new) == {"name": "a", "url": url}


def test_an_empty_plan() -> None:
    """A plan that changes nothing is empty, and says so."""
    plan = Comparison([step_towards(wanted(), model(), rotate_keys=True)], rotate_keys=True)

    assert plan.is_empty
    assert not plan
    assert str(plan).startswith("0 to create, 0 to update, 0 to delete, 1 unchanged.\n")
    assert "those that are given are sent" in str(plan)


@pytest.mark.parametrize("way", [pickle.dumps, copy.copy, copy.deepcopy])
def test_plans_stay_where_they_are(way: Callable[[object], object]) -> None:
    """A plan, which holds keys, is neither pickled nor copied; what it says is."""
    one = wanted(default_key=SECRET)
    plan = Comparison([step_towards(one, None, rotate_keys=False)], rotate_keys=False)

    with pytest.raises(InvalidRequestError, match="neither pickled nor copied"):
        way(plan)
    assert way(plan.changes)
    shown = str(plan) + repr(plan) + repr(vars(plan)) + repr(one) + repr(pickle.dumps(plan.changes))
    assert SECRET not in shown


def tally_of(*outcomes: str | RootSignalsError) -> Tally[str | None]:
    tally: Tally[str | None] = Tally(max(3, len(outcomes)), 8, "raise", None)
    for position, outcome in enumerate(outcomes):
        tally.note((position, outcome))
    return tally


CHANGES = [Change("create", "new", None), Change("update", "b", "2"), Change("delete", "c", "3")]


def test_what_came_of_it() -> None:
    """What was created has its id now."""
    result = result_of(CHANGES, tally_of("1", "2", ""))

    assert result.done == (Change("create", "new", "1"), *CHANGES[1:])
    assert str(result) == "1 created, 1 updated, 1 deleted."


@pytest.mark.parametrize(("unsure", "told"), [(False, "Nothing was"), (True, "The plan was")])
def test_what_came_of_nothing(unsure: bool, told: str) -> None:
    """Nothing was applied only if the change that failed cannot have been made."""
    failure = ServerError("It broke off.")
    failure.may_have_been_processed = unsure
    with pytest.raises(ApplyError, match=rf"^{told} applied") as caught:
        result_of(CHANGES, tally_of(failure))

    assert caught.value.not_started == tuple(CHANGES[1:])


def test_what_came_of_half_of_it() -> None:
    """What was done, what failed and why, and what was not started, is told exactly."""
    failure = ServerError("It broke off.")
    failure.may_have_been_processed = True
    with pytest.raises(ApplyError) as caught:
        result_of(CHANGES, tally_of("1", failure))

    error = caught.value
    assert error.done == (Change("create", "new", "1"),)
    assert error.failed == ((CHANGES[1], failure),)
    assert error.not_started == (CHANGES[2],)
    assert error.may_have_been_processed
    assert error.__cause__ is failure
    assert str(error) == (
        "The plan was applied in part: 1 created, 0 updated, 0 deleted, 1 failed, 1 not started."
        " Make a new plan and apply it, to do the rest. What failed: update 'b' (it may have been"
        " done all the same): It broke off."
    )
    other = pickle.loads(pickle.dumps(error))
    assert (other.done, other.not_started) == (error.done, error.not_started)
    assert other.failed[0][0] == CHANGES[1]
    assert str(other.failed[0][1]) == "It broke off."


def test_many_failures() -> None:
    """Of many failures the text has three."""
    with pytest.raises(ApplyError) as caught:
        result_of(CHANGES * 2, tally_of(*(ServerError(f"Fault {number}.") for number in range(6))))

    assert "Fault 2. And 3 more, as `.failed` has them." in str(caught.value)
    assert len(caught.value.failed) == 6


def test_a_clear_failure() -> None:
    """A change that was certainly not made is not said to be perhaps."""
    with pytest.raises(ApplyError) as caught:
        result_of(CHANGES, tally_of(APIConnectionError("Refused.")))
    assert "create 'new': Refused." in str(caught.value)
    assert not caught.value.may_have_been_processed


@pytest.mark.parametrize(
    ("fields", "settings"),
    [
        ({}, {"name": "a"}),
        (THERE, {"name": "a", **THERE}),
        (THERE | {"url": None, "max_token_count": 0, "extra": 1}, None),
    ],
)
def test_export(fields: dict[str, Any], settings: object) -> None:
    """What is set is exported, in the names of `create`; it is no change to what is there."""
    exported = export_of(model(**fields))

    if settings is not None:
        assert exported == settings
    (one,) = wanted_of([exported])
    assert sent(step_towards(one, model(**fields), rotate_keys=False)) is None


# All at once: whatever is desired and whatever is there.

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
    there=st.dictionaries(names, details),
    prune=st.booleans(),
)
def test_a_plan_leads_there(
    desired: dict[str, tuple[dict[str, Any], dict[str, Any]]],
    there: dict[str, dict[str, Any]],
    prune: bool,
) -> None:
    """After a plan is done, all that is given holds, nothing else changed, and nothing is left."""
    entries: Any = [{"name": name, **one, **key} for name, (one, key) in desired.items()]
    service = {name: {"id": name, "name": name, **one} for name, one in there.items()}
    before = copy.deepcopy(service)

    for step in steps(entries, service, prune):
        do(step, service)

    for one in wanted_of(entries):
        fields = {n: v for n, v in one.fields.items() if n != "default_key"}
        after = Model.model_validate(service[one.name]).model_dump()
        assert {name: after[name] for name in fields} == fields
        for name in before.get(one.name, {}).keys() - fields.keys():
            assert service[one.name][name] == before[one.name][name]
    for name in before.keys() - desired.keys():
        assert service.get(name) == (None if prune else before[name])
    assert all(step.change.action == "unchanged" for step in steps(entries, service, prune))


def steps(entries: list[ModelSettings], service: dict[str, Any], prune: bool) -> list[Step]:
    own = by_name([model(**one) for one in service.values()], None)
    planned = [
        step_towards(one, own.pop(one.name, None), rotate_keys=False) for one in wanted_of(entries)
    ]
    return planned + [deletion(one) for one in own.values() if prune]


def do(step: Step, service: dict[str, Any]) -> None:
    """Do as the service does."""
    change = step.change
    if change.action == "delete":
        del service[change.name]
    elif step.body is not None:
        fields = json.loads(step.body.content)
        fields.pop("default_key", None)
        service.setdefault(change.name, {"id": change.name}).update(fields)
