# Generated from tests/_async/test_plans.py by scripts/generate_sync.py. Do not edit.
"""Plans: what they request and change."""

from __future__ import annotations

import json
import threading
from collections import Counter
from typing import Any

import httpx
import pytest
import respx

from root import (
    APIConnectionError,
    ApplyError,
    BadRequestError,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    RootSignals,
)
from root.emulator import Fault, Server
from root.models import Change, FieldChange, ModelSettings, Progress

from ..scripted_server import ScriptedServer, Step, responds

SECRET = "sk-secret-of-the-test"
LIST = "http://api.test/v1/models/"


def counted(emulator: Server) -> dict[str, int]:
    """Return the number of requests of each method."""
    return Counter(
        "LIST" if (request.method, request.path) == ("GET", "/v1/models/") else request.method
        for request in emulator.requests
    )


def current(emulator: Server) -> dict[str, tuple[str | None, int | None]]:
    """Return URL and token count of each model by name."""
    return {model.name: (model.url, model.max_token_count) for model in emulator.models}


def page(*models: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, json={"next": None, "previous": None, "results": models})


@pytest.mark.slow
async def test_a_thousand_models(client: RootSignals, emulator: Server) -> None:
    """A thousand models are created, updated and pruned with the necessary requests only."""
    desired: list[ModelSettings] = [
        {"name": f"model/{number}", "url": f"http://gpu-{number}"} for number in range(1000)
    ]
    plan = await client.models.aplan(desired)
    expected = {"LIST": counted(emulator)["LIST"]}
    assert counted(emulator) == expected

    result = await plan.apply()

    expected["POST"] = 1000
    assert counted(emulator) == expected
    assert str(result) == "1000 created, 0 updated, 0 deleted."
    assert [change.name for change in result.done] == [one["name"] for one in desired]

    kept = desired[100:]
    for settings in kept[:300]:
        settings["max_token_count"] = 4096
    plan = await client.models.aplan(kept, prune=True)
    expected |= {"LIST": counted(emulator)["LIST"], "GET": 900}
    assert counted(emulator) == expected
    assert "0 to create, 300 to update, 100 to delete, 600 unchanged" in repr(plan)

    await plan.apply(concurrency=16)

    assert counted(emulator) == expected | {"PATCH": 300, "DELETE": 100}
    assert current(emulator) == {
        settings["name"]: (settings.get("url"), settings.get("max_token_count"))
        for settings in kept
    }
    assert not await client.models.aplan(kept, prune=True)


async def test_create_and_update(client: RootSignals, emulator: Server) -> None:
    """A plan has the differences, changes nothing by itself, and makes its changes."""
    await client.models.acreate(name="b", url="http://b", max_token_count=5)
    await client.models.acreate(name="c", url="http://c")
    desired: list[ModelSettings] = [
        {"name": "a", "default_key": SECRET},
        {"name": "b", "url": None, "max_token_count": 6},
        {"name": "c", "url": "http://c", "default_key": SECRET},
    ]

    plan = await client.models.aplan(desired)

    assert [(change.action, change.name) for change in plan.changes] == [
        ("create", "a"),
        ("update", "b"),
        ("unchanged", "c"),
    ]
    assert plan.changes[1].fields == (
        FieldChange("url", "http://b", None),
        FieldChange("max_token_count", 5, 6),
    )
    assert set(current(emulator)) == {"b", "c"}

    result = await plan.apply()

    assert current(emulator) == {"a": (None, None), "b": (None, 6), "c": ("http://c", None)}
    created = result.done[0].model_id
    assert created is not None
    assert (await client.models.aretrieve(created)).name == "a"
    assert (await client.models.aplan(desired)).is_empty


async def test_prune(client: RootSignals, emulator: Server) -> None:
    """Only with prune are undesired models deleted, and never public ones."""
    emulator.add_model(name="old")
    emulator.add_model(name="for all", visibility="PUBLIC")
    emulator.add_model(name="for friends", visibility="PUBLIC_UNLISTED")

    assert not await client.models.aplan([])
    plan = await client.models.aplan([], prune=True)
    assert [(change.action, change.name) for change in plan.changes] == [("delete", "old")]
    await plan.apply()

    assert set(current(emulator)) == {"for all", "for friends"}


async def test_a_public_name(client: RootSignals, emulator: Server) -> None:
    """A model with the name of a public one is created as a private one."""
    public = await anext(client.models.alist(limit=1, ordering="created_at"))
    assert public.visibility == "PUBLIC"

    plan = await client.models.aplan([{"name": public.name}])

    assert [change.action for change in plan.changes] == ["create"]
    await plan.apply()
    assert set(current(emulator)) == {public.name}


async def test_duplicate_names(client: RootSignals, emulator: Server) -> None:
    """Two models of one name are an error if the name is concerned; nothing is changed."""
    for _ in range(2):
        emulator.add_model(name="twice")

    with pytest.raises(InvalidRequestError, match="'twice'"):
        await client.models.aplan([{"name": "twice"}])
    with pytest.raises(InvalidRequestError, match="'twice'"):
        await client.models.aplan([{"name": "a"}], prune=True)
    with pytest.raises(InvalidRequestError, match="'twice'"):
        await client.models.aensure(name="twice")
    with pytest.raises(InvalidRequestError, match="'twice'"):
        await client.models.aexport()
    assert await client.models.aplan([{"name": "a"}])


async def test_ensure_of_an_invalid_model(mocked: RootSignals) -> None:
    """The error for the only model has no position."""
    with pytest.raises(InvalidRequestError, match=r"^Nothing was sent\. name must not be empty\.$"):
        await mocked.models.aensure(name="")


async def test_duplicate_desired_names(mocked: RootSignals) -> None:
    """A name that is desired twice is refused before anything is requested."""
    with pytest.raises(InvalidRequestError, match="occurs twice"):
        await mocked.models.aplan([{"name": "a"}, {"name": "a"}])


async def test_rotate_keys(mocked: RootSignals, respx_mock: respx.MockRouter) -> None:
    """The key of an existing model is sent with rotate_keys only, and never shown."""
    listed = {"id": "9b2f", "name": "a", "visibility": "PRIVATE"}
    respx_mock.get(LIST).mock(side_effect=lambda _: page(listed))
    route = respx_mock.patch(f"{LIST}9b2f/").respond(json=listed)
    desired: list[ModelSettings] = [{"name": "a", "default_key": SECRET}]

    assert not await mocked.models.aplan(desired)
    plan = await mocked.models.aplan(desired, rotate_keys=True)
    result = await plan.apply()

    assert json.loads(route.calls.last.request.content) == {"default_key": SECRET}
    assert plan.changes[0].fields == (FieldChange("default_key", None, "rotated"),)
    assert SECRET not in str(plan) + repr(plan) + repr(vars(plan)) + repr(result)


async def test_a_listing_with_details(mocked: RootSignals, respx_mock: respx.MockRouter) -> None:
    """If the listing has the details, as on older servers, nothing is retrieved."""
    listed = {"id": "9b2f", "name": "a", "model": "m", "url": "http://a", "max_token_count": None}
    respx_mock.get(LIST).mock(side_effect=lambda _: page(listed | {"max_output_token_count": 900}))

    plan = await mocked.models.aplan([{"name": "a", "url": "http://b"}])

    assert plan.changes == (
        Change("update", "a", "9b2f", (FieldChange("url", "http://a", "http://b"),)),
    )
    assert await mocked.models.aexport() == [
        {"name": "a", "model": "m", "max_output_token_count": 900, "url": "http://a"}
    ]
    assert (await mocked.models.aensure(name="a", model="m")).id == "9b2f"
    with pytest.raises(InvalidRequestError, match="does not return whether"):
        await mocked.models.aplan([], prune=True)
    assert len(respx_mock.calls) == 4


async def test_nothing_to_compare(mocked: RootSignals, respx_mock: respx.MockRouter) -> None:
    """An entry with only a name needs no details."""
    respx_mock.get(LIST).mock(
        side_effect=lambda _: page({"id": "9b2f", "name": "a", "visibility": "PRIVATE"})
    )
    assert not await mocked.models.aplan([{"name": "a"}])
    assert len(respx_mock.calls) == 1


async def test_concurrency() -> None:
    """The concurrency limits how many models are retrieved, in a plan and in an export."""
    together = threading.Barrier(3, timeout=10)
    lock = threading.Lock()
    at_once = most = 0
    models = [{"id": str(n), "name": str(n), "visibility": "PRIVATE"} for n in range(12)]

    def choose(request: bytes) -> Step:
        nonlocal at_once, most
        if b"?page_size" in request:
            return responds(200, {"next": None, "previous": None, "results": models})
        with lock:
            at_once += 1
            most = max(most, at_once)
        together.wait()
        with lock:
            at_once -= 1
        model_id = request.split()[1].split(b"/")[3].decode()
        return responds(200, {"id": model_id, "name": model_id, "model": "m"})

    with ScriptedServer([], choose=choose) as server:
        async with RootSignals("key", base_url=server.url) as client:
            desired: list[ModelSettings] = [{"name": str(n), "model": "m"} for n in range(12)]
            assert not await client.models.aplan(desired, concurrency=3)
            assert len(await client.models.aexport(concurrency=3)) == 12
    assert most == 3


async def test_a_model_that_disappears(client: RootSignals, emulator: Server) -> None:
    """A model that is deleted after it was listed is treated as deleted."""
    gone, stays = emulator.add_model(name="a"), emulator.add_model(name="b")
    fault = Fault(status=404, method="GET", path=f"/v1/models/{gone.id}/")

    emulator.add_fault(fault)
    plan = await client.models.aplan([{"name": one, "model": one} for one in ("a", "b")])
    exported = await client.models.aexport()

    assert [(change.action, change.name) for change in plan.changes] == [
        ("create", "a"),
        ("unchanged", "b"),
    ]
    assert [settings["name"] for settings in exported] == [stays.name]


async def test_ensure_of_a_model_that_disappears(
    mocked: RootSignals, respx_mock: respx.MockRouter
) -> None:
    """A model that is deleted meanwhile is created."""
    respx_mock.get(LIST).mock(
        side_effect=lambda _: page({"id": "9b2f", "name": "a", "visibility": "PRIVATE"})
    )
    respx_mock.get(f"{LIST}9b2f/").respond(404, json={"detail": "Not found."})
    respx_mock.post(LIST).respond(201, json={"id": "7c1d", "name": "a"})

    assert (await mocked.models.aensure(name="a")).id == "7c1d"


async def test_ensure_of_a_model_that_is_deleted_before_its_update(
    mocked: RootSignals, respx_mock: respx.MockRouter
) -> None:
    """A model that is deleted between its comparison and its update is created."""
    model = {"id": "9b2f", "name": "a", "model": "x", "visibility": "PRIVATE"}
    respx_mock.get(LIST).mock(side_effect=lambda _: page(model))
    respx_mock.get(f"{LIST}9b2f/").respond(200, json=model)
    respx_mock.patch(f"{LIST}9b2f/").respond(404, json={"detail": "Not found."})
    created = respx_mock.post(LIST).respond(201, json={"id": "7c1d", "name": "a"})

    assert (await mocked.models.aensure(name="a", model="y", default_key="k")).id == "7c1d"
    assert json.loads(created.calls.last.request.content) == {
        "name": "a",
        "model": "y",
        "default_key": "k",
    }


async def test_an_update_of_a_model_that_was_deleted(client: RootSignals, emulator: Server) -> None:
    """A model that was deleted since the plan was made is named as such; a new plan creates it."""
    desired: list[ModelSettings] = [{"name": "a", "model": "y"}]
    model = emulator.add_model(name="a", model="x")
    plan = await client.models.aplan(desired)
    await client.models.adelete(model.id)

    with pytest.raises(ApplyError, match="deleted since the plan was made") as error:
        await plan.apply()

    ((_, failure),) = error.value.failed
    assert isinstance(failure, NotFoundError)
    assert "Check the ID" not in str(error.value)
    assert "Create a new plan" in str(failure)
    assert failure.status_code == 404
    assert failure.request is not None
    plan = await client.models.aplan(desired)
    assert str(await plan.apply()).startswith("1 created")


@pytest.mark.parametrize(
    ("method", "done", "left"),
    [
        ("POST", ["create"], "1 to create, 2 to update, 2 to delete, 1 unchanged"),
        (
            "PATCH",
            ["create", "create", "update"],
            "0 to create, 1 to update, 2 to delete, 3 unchanged",
        ),
        (
            "DELETE",
            ["create", "create", "update", "update", "delete"],
            "0 to create, 0 to update, 1 to delete, 4 unchanged",
        ),
    ],
)
async def test_a_failure(
    client: RootSignals, emulator: Server, method: str, done: list[str], left: str
) -> None:
    """The error lists what was done and what was not, and a new plan does the rest."""
    for name in ("changed/1", "changed/2", "old/1", "old/2"):
        emulator.add_model(name=name)
    desired: list[ModelSettings] = [
        {"name": "new/1", "default_key": SECRET},
        {"name": "new/2", "default_key": SECRET},
        {"name": "changed/1", "url": "http://b"},
        {"name": "changed/2", "url": "http://b"},
    ]
    plan = await client.models.aplan(desired, prune=True)
    # The service quotes the request.
    quoted = SECRET if method == "POST" else "something"
    fail_second(emulator, method, status=403, body={"detail": f"Not with {quoted}."})
    with pytest.raises(ApplyError) as caught:
        await plan.apply(concurrency=1)

    error = caught.value
    assert [change.action for change in error.done] == done
    ((change, reason),) = error.failed
    assert change == plan.changes[len(done)]
    assert isinstance(reason, PermissionDeniedError)
    assert error.not_started == plan.changes[len(done) + 1 :]
    assert SECRET not in str(error) + repr(vars(error))
    with pytest.raises(InvalidRequestError, match="was applied before"):
        await plan.apply()

    again = await client.models.aplan(desired, prune=True)
    assert left in repr(again)
    await again.apply()
    assert current(emulator) == {
        "new/1": (None, None),
        "new/2": (None, None),
        "changed/1": ("http://b", None),
        "changed/2": ("http://b", None),
    }


@pytest.mark.parametrize("status", [400, 404, 409, 422])
async def test_a_refusal(client: RootSignals, emulator: Server, status: int) -> None:
    """A refused change does not prevent other changes, except deletions."""
    for name in ("changed/1", "changed/2", "old"):
        emulator.add_model(name=name)
    desired: list[ModelSettings] = [
        {"name": "new/1"},
        {"name": "new/2"},
        {"name": "changed/1", "url": "http://b"},
        {"name": "changed/2", "url": "http://b"},
    ]
    plan = await client.models.aplan(desired, prune=True)
    for method in ("POST", "PATCH"):
        emulator.fail_next(method=method, status=status)
    with pytest.raises(ApplyError, match="1 created, 1 updated, 0 deleted, 2 failed, 1 not st"):
        await plan.apply(concurrency=1)

    assert current(emulator) == {
        "changed/1": (None, None),
        "changed/2": ("http://b", None),
        "old": (None, None),
        "new/2": (None, None),
    }


async def test_an_ambiguous_creation(client: RootSignals, emulator: Server) -> None:
    """A model whose creation was interrupted may exist, and a new plan finds it."""
    desired: list[ModelSettings] = [{"name": "a"}, {"name": "b"}, {"name": "c"}]
    plan = await client.models.aplan(desired)
    fail_second(emulator, "POST", reset="after")
    with pytest.raises(ApplyError, match=r"\(it may have been done\)") as caught:
        await plan.apply(concurrency=1)

    assert caught.value.may_have_been_processed
    ((change, reason),) = caught.value.failed
    assert change.name == "b"
    assert isinstance(reason, APIConnectionError)
    again = await client.models.aplan(desired)
    assert [(one.action, one.name) for one in again.changes] == [
        ("create", "c"),
        ("unchanged", "a"),
        ("unchanged", "b"),
    ]
    await again.apply()
    assert set(current(emulator)) == {"a", "b", "c"}


async def test_two_plans_of_the_same_models(client: RootSignals, emulator: Server) -> None:
    """A model that another plan has created meanwhile as desired counts as created."""
    emulator.add_model(name="changed")
    emulator.add_model(name="old")
    desired: list[ModelSettings] = [
        {"name": "new/1", "url": "http://a", "default_key": SECRET},
        {"name": "new/2"},
        {"name": "changed", "url": "http://b"},
    ]
    plans = [await client.models.aplan(desired, prune=True) for _ in range(2)]
    seen: list[Progress] = []

    first = await plans[0].apply()
    before = counted(emulator)
    second = await plans[1].apply(on_progress=seen.append)

    assert str(first) == str(second) == "2 created, 1 updated, 1 deleted."
    assert first == second
    assert current(emulator) == {
        "new/1": ("http://a", None),
        "new/2": (None, None),
        "changed": ("http://b", None),
    }
    # However many were refused, the models are listed once.
    listed = counted(emulator)["LIST"] - before["LIST"]
    assert listed == before["LIST"] / 2
    assert [(one.done, one.failed) for one in seen] == [(1, 0), (2, 0), (3, 0), (4, 0)]


async def test_two_plans_of_different_models(client: RootSignals, emulator: Server) -> None:
    """A model that somebody else has created with other settings is not changed unseen."""
    desired: list[ModelSettings] = [{"name": "new", "url": "http://a", "max_token_count": 5}]
    plan = await client.models.aplan(desired)
    model = emulator.add_model(name="new", url="http://b")

    with pytest.raises(ApplyError, match="Somebody else created a model of this name") as caught:
        await plan.apply()

    ((change, reason),) = caught.value.failed
    assert change.name == "new"
    assert isinstance(reason, ConflictError)
    assert isinstance(reason.__cause__, BadRequestError)
    assert "with another url, max_token_count. A new plan updates it." in str(reason)
    assert reason.status_code == 400
    assert "Correct" not in str(caught.value)
    assert current(emulator) == {"new": ("http://b", None)}
    await (await client.models.aplan(desired)).apply()
    assert [one.id for one in emulator.models] == [model.id]
    assert current(emulator) == {"new": ("http://a", 5)}


async def test_a_refusal_that_cannot_be_explained(client: RootSignals, emulator: Server) -> None:
    """If it cannot be found out whether somebody else was faster, the refusal is the error."""
    plan = await client.models.aplan([{"name": "new"}])
    emulator.add_model(name="new")
    emulator.fail_next(status=403, method="GET")

    with pytest.raises(ApplyError) as caught:
        await plan.apply()

    assert isinstance(caught.value.failed[0][1], BadRequestError)


@pytest.mark.parametrize("url", ["http://a", "http://b"])
async def test_ensure_at_the_same_moment(
    mocked: RootSignals, respx_mock: respx.MockRouter, url: str
) -> None:
    """A model that somebody else creates meanwhile is returned, or updated if it differs."""
    other = {"id": "9b2f", "name": "a", "model": "a", "url": url, "visibility": "PRIVATE"}
    details = other | {"max_token_count": None, "max_output_token_count": 2048}
    respx_mock.get(LIST).mock(side_effect=[page(), page(other)])
    respx_mock.get(f"{LIST}9b2f/").respond(200, json=details)
    refused = respx_mock.post(LIST).respond(400, json={"non_field_errors": ["It exists."]})
    changed = respx_mock.patch(f"{LIST}9b2f/").respond(200, json=details | {"url": "http://a"})

    model = await mocked.models.aensure(name="a", url="http://a", default_key=SECRET)

    assert (model.id, model.url) == ("9b2f", "http://a")
    assert refused.call_count == 1
    assert changed.call_count == (url != "http://a")


async def test_ensure_of_what_is_refused(client: RootSignals, emulator: Server) -> None:
    """A refusal for another reason is raised."""
    emulator.fail_next(status=400, method="POST", body={"url": ["Not this one."]})

    with pytest.raises(BadRequestError, match="Not this one"):
        await client.models.aensure(name="a", url="http://a")


def fail_second(emulator: Server, method: str, **fault: Any) -> None:
    """Let the second of the next requests of a method fail."""
    # A fault without an effect is used by the first one.
    emulator.add_fault(Fault(method=method, times=1))
    emulator.fail_next(method=method, **fault)


async def test_a_plan_is_applied_once(client: RootSignals, emulator: Server) -> None:
    """A plan that was applied cannot be applied again, even if it was empty."""
    for desired in ([{"name": "a"}], [{"name": "a"}]):
        plan = await client.models.aplan(desired)
        await plan.apply()
        with pytest.raises(InvalidRequestError, match="was applied before"):
            await plan.apply()
    assert set(current(emulator)) == {"a"}


async def test_invalid_arguments_of_apply(client: RootSignals) -> None:
    """A plan can be applied after invalid arguments were refused."""
    plan = await client.models.aplan([{"name": "a"}])
    with pytest.raises(InvalidRequestError, match="concurrency"):
        await plan.apply(concurrency=0)
    assert len((await plan.apply()).done) == 1


async def test_invalid_concurrency(mocked: RootSignals) -> None:
    """An invalid concurrency is refused before anything is requested."""
    with pytest.raises(InvalidRequestError, match="concurrency"):
        await mocked.models.aplan([], concurrency=0)
    with pytest.raises(InvalidRequestError, match="concurrency"):
        await mocked.models.aexport(concurrency=0)


async def test_progress(client: RootSignals) -> None:
    """The progress is reported for each change, with its position."""
    await client.models.acreate(name="old")
    reported: list[Progress] = []
    plan = await client.models.aplan([{"name": "a"}, {"name": "b"}], prune=True)

    await plan.apply(concurrency=1, on_progress=reported.append)

    assert reported == [Progress(1, 3, 0, 0), Progress(2, 3, 0, 1), Progress(3, 3, 0, 2)]


async def test_progress_of_retrieving(client: RootSignals) -> None:
    """A plan and an export report the progress of retrieving models."""
    settings: list[ModelSettings] = [{"name": "a", "url": "http://a"}, {"name": "b", "model": "m"}]
    await client.models.acreate_many(settings)
    compared: list[Progress] = []
    read: list[Progress] = []

    await client.models.aplan(settings, concurrency=1, on_progress=compared.append)
    await client.models.aexport(concurrency=1, on_progress=read.append)

    assert compared == read == [Progress(1, 2, 0, 0), Progress(2, 2, 0, 1)]


async def test_pruning_a_deleted_model(client: RootSignals, emulator: Server) -> None:
    """A model that is deleted before the plan does it counts as deleted."""
    for name in ("a", "b"):
        await client.models.acreate(name=name)
    plan = await client.models.aplan([], prune=True)
    await client.models.adelete(plan.changes[0].model_id or "")

    result = await plan.apply(concurrency=1)

    assert result.done == plan.changes
    assert current(emulator) == {}


async def test_ensure(client: RootSignals, emulator: Server) -> None:
    """A model is created, unchanged, or updated if it differs, and returned."""
    created = await client.models.aensure(name="a", url="http://a", default_key=SECRET)
    same = await client.models.aensure(name="a", url="http://a", default_key="sk-another-one")
    assert (counted(emulator)["POST"], "PATCH" in counted(emulator)) == (1, False)
    changed = await client.models.aensure(name="a", max_token_count=5)
    cleared = await client.models.aensure(name="a", url=None, max_token_count=5)

    assert created.id == same.id == changed.id == cleared.id
    assert same == created
    assert (changed.url, changed.max_token_count) == ("http://a", 5)
    assert (cleared.url, cleared.max_token_count) == (None, 5)
    assert (counted(emulator)["POST"], counted(emulator)["PATCH"]) == (1, 2)


async def test_export_and_back(client: RootSignals) -> None:
    """An export has the current settings, and a plan of it is empty."""
    settings: list[ModelSettings] = [
        {"name": "a", "url": "http://a", "max_token_count": 0, "max_output_token_count": 900},
        {"name": "b", "model": "gpt-4o"},
    ]
    await client.models.acreate_many(settings)

    exported = await client.models.aexport()

    assert {one["name"] for one in exported} == {"a", "b"}
    (first,) = (one for one in exported if one["name"] == "a")
    assert settings[0].items() <= first.items()
    assert not await client.models.aplan(exported, prune=True)
