"""The faces of a resource: what tools see of async twins is what they see of the originals."""

from __future__ import annotations

import asyncio
import inspect
import pickle
import pydoc
import re
from collections.abc import Callable
from typing import Any, get_overloads, get_type_hints
from unittest.mock import AsyncMock, create_autospec

import pytest

from root import AsyncRootSignals, RootSignals
from root._accessor import Accessor
from root._http.operation import Operation, Response
from root.emulator import Server, serve
from root.evaluators import Eval
from root.models import Model, Models

RESOURCES = [name for name, value in vars(RootSignals).items() if isinstance(value, Accessor)]


def public_methods(kind: type[object]) -> dict[str, Callable[..., Any]]:
    """Return the public methods of a class by name."""
    return {
        name: method
        for name, method in inspect.getmembers_static(kind, inspect.isfunction)
        if not name.startswith("_")
    }


def makes_calls(method: Callable[..., Any]) -> bool:
    """Return whether an async method is awaited, or returns what is iterated asynchronously."""
    returned = inspect.signature(method).return_annotation
    return inspect.iscoroutinefunction(method) or "Async" in str(returned)


def with_types(method: Callable[..., Any], face: Any) -> str:
    """Return a signature in which the class of what is retrieved stands for type variables."""
    kind = getattr(face, "_acting", face._item_type)
    return re.sub(r"\b[A-Z]\b", kind.__name__, str(inspect.signature(method)))


METHODS = [
    pytest.param(resource, name, id=f"{resource}.{name}")
    for resource in RESOURCES
    for name, method in public_methods(getattr(AsyncRootSignals, resource)).items()
    if makes_calls(method)
]


def test_there_are_resources() -> None:
    """The list of resources comes from the class."""
    assert {"models", "projects"} <= set(RESOURCES)


@pytest.mark.parametrize(("resource", "name"), METHODS)
def test_a_twin_looks_like_its_original(resource: str, name: str) -> None:
    """Signature, overloads, docstring and kind of function agree."""
    original = getattr(getattr(AsyncRootSignals, resource), name)
    twin = getattr(getattr(RootSignals, resource), f"a{name}")

    assert with_types(twin, getattr(RootSignals, resource)) == with_types(
        original, getattr(RootSignals, resource)
    )
    assert inspect.iscoroutinefunction(twin) == inspect.iscoroutinefunction(original)
    assert inspect.getdoc(twin) == inspect.getdoc(original)
    assert len(get_overloads(twin)) == len(get_overloads(original))
    assert twin.__qualname__ == f"{getattr(RootSignals, resource).__name__}.a{original.__name__}"
    assert twin.__module__ == f"root.{resource}"


@pytest.mark.parametrize(("resource", "name"), METHODS)
def test_a_blocking_method_has_the_same_arguments(resource: str, name: str) -> None:
    """The blocking method takes what its async original takes."""
    original = inspect.signature(getattr(getattr(AsyncRootSignals, resource), name))
    blocking = inspect.signature(getattr(getattr(RootSignals, resource), name))

    assert blocking.parameters.keys() == original.parameters.keys()
    for one, other in zip(blocking.parameters.values(), original.parameters.values(), strict=True):
        assert (one.kind, one.default) == (other.kind, other.default)


@pytest.mark.parametrize("name", ["acreate", "aretrieve", "acreate_many", "averify"])
def test_types_of_a_twin_can_be_resolved(name: str) -> None:
    """The annotations are names of the module that the twin is in."""
    hints = get_type_hints(getattr(Models, name))

    assert hints.keys() == inspect.signature(getattr(Models, name)).parameters.keys() - {"self"} | {
        "return"
    }


@pytest.mark.parametrize("resource", RESOURCES)
def test_the_class_has_the_class_of_the_resource(resource: str) -> None:
    """On the client's class, an accessor returns the resource's class, as help and mocks need."""
    assert isinstance(getattr(RootSignals, resource), type)
    assert isinstance(getattr(AsyncRootSignals, resource), type)
    assert "alist(" in pydoc.plain(pydoc.render_doc(getattr(RootSignals, resource)))


CLIENTS = [RootSignals, AsyncRootSignals]


@pytest.mark.parametrize("client", CLIENTS)
def test_autospec(client: type[RootSignals] | type[AsyncRootSignals]) -> None:
    """A mock made from the class has the resources, and refuses arguments that do not exist."""
    mock = create_autospec(client, instance=True)

    mock.models.list(limit=5)

    with pytest.raises(TypeError, match="limits"):
        mock.models.list(limits=5)
    with pytest.raises(AttributeError):
        mock.models.lists()
    with pytest.raises(AttributeError):
        _ = mock.modles


@pytest.mark.parametrize("client", CLIENTS)
def test_autospec_of_beta(client: type[RootSignals] | type[AsyncRootSignals]) -> None:
    """In a mock, `beta` has the resources of the client, too, and refuses the same arguments."""
    mock = create_autospec(client, instance=True)

    with pytest.raises(TypeError, match="nope"):
        mock.beta.judges.list(nope=1)
    with pytest.raises(AttributeError):
        _ = mock.beta.jugdes


CALLABLES = [
    *[(client, "", name) for client in CLIENTS for name in public_methods(client)],
    *[
        (client, resource, name)
        for client in CLIENTS
        for resource in RESOURCES
        for name in public_methods(getattr(client, resource))
    ],
]


@pytest.mark.parametrize(("client", "resource", "name"), CALLABLES)
def test_a_mock_refuses_misspelt_arguments(
    client: type[RootSignals] | type[AsyncRootSignals], resource: str, name: str
) -> None:
    """In a mock, each method of client and resources takes its own arguments and no others."""
    mock = create_autospec(client, instance=True)
    method = getattr(getattr(mock, resource) if resource else mock, name)
    required = {
        parameter.name: "value"
        for parameter in inspect.signature(method).parameters.values()
        if parameter.default is parameter.empty
    }

    result = method(**required)

    with pytest.raises(TypeError, match="misspelt"):
        method(**required, misspelt=1)
    assert inspect.isawaitable(result) == isinstance(method, AsyncMock)
    if inspect.iscoroutine(result):
        result.close()


def test_a_mocked_twin_is_awaited() -> None:
    """In a mock, a twin is a coroutine function too."""
    mock = create_autospec(RootSignals, instance=True)

    assert isinstance(mock.models.acreate, AsyncMock)
    assert not isinstance(mock.models.create, AsyncMock)


async def test_mocked_presets() -> None:
    """In a mock, an evaluator of the service has the signature and the methods of a real one."""
    mock = create_autospec(AsyncRootSignals, instance=True)
    mock.evaluators.Clarity.return_value.score = 0.5
    blocking = create_autospec(RootSignals, instance=True)
    blocking.evaluators.Clarity.return_value.score = 0.5

    assert (await mock.evaluators.Clarity("Yes.")).score == 0.5
    await mock.evaluators.Clarity.run(response="Yes.")
    assert blocking.evaluators.Clarity("Yes.").score == 0.5
    assert not inspect.isawaitable(blocking.evaluators.Clarity.run("Yes."))
    await blocking.evaluators.Clarity.arun("Yes.")
    for each in (mock, blocking):
        with pytest.raises(TypeError, match="misspelt"):
            each.evaluators.Clarity(misspelt="Yes.")
        with pytest.raises(AttributeError):
            each.evaluators.Clarity.runs("Yes.")


async def test_presets_of_a_class() -> None:
    """Without a client, an evaluator of the service has its ID, and a call of it fails."""
    blocking: Any = RootSignals.evaluators
    native: Any = AsyncRootSignals.evaluators

    assert blocking.Clarity.id == native.Clarity.id == Eval.Clarity.value
    for call in (blocking.Clarity, blocking.Clarity.run):
        with pytest.raises(TypeError, match=r"Call client\.evaluators\.Clarity\(\.\.\.\)"):
            call("Yes.")
    for call in (native.Clarity, native.Clarity.run, blocking.Clarity.arun):
        with pytest.raises(TypeError, match=r"Call client\.evaluators\.Clarity\(\.\.\.\)"):
            await call("Yes.")


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("preset", Eval)
def test_help_on_presets(client: type[RootSignals] | type[AsyncRootSignals], preset: Eval) -> None:
    """`help` shows the signature of an evaluator of the service, and what is usually given."""
    runner: Any = getattr(client(api_key="k").evaluators, preset.name)

    text = pydoc.plain(pydoc.render_doc(runner))

    assert f"{preset.name}(response: str | None = None, request: str | None = None," in text
    assert "Usually given: `" in text
    assert "An evaluator of the service: call it" in text
    assert (type(runner).__doc__ or "").startswith("An evaluator of the service")


def test_a_resource_is_created_once(emulator: Server) -> None:
    """A resource is created on first use and kept, and a copy of the client has its own."""
    with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        assert "models" not in vars(client)
        assert client.models is client.models
        assert client.with_options(timeout=5).models is not client.models


class Recording(RootSignals):
    """A client that records its calls, as a user may write it."""

    def __init__(self, server: Server) -> None:
        super().__init__(server.api_key, base_url=server.url)
        self.calls: list[str] = []

    def send(self, operation: Operation[Any]) -> Response[Any]:
        self.calls.append(f"{operation.method} {operation.path}")
        return super().send(operation)

    async def asend(self, operation: Operation[Any]) -> Response[Any]:
        self.calls.append(f"async {operation.method} {operation.path}")
        return await super().asend(operation)


def test_an_override_of_send_sees_every_call(emulator: Server) -> None:
    """Single calls, bulk calls, pages and plans go through `send`, and twins through `asend`."""
    with Recording(emulator) as client:
        client.models.create(name="a")
        client.models.create_many([{"name": "b"}, {"name": "c"}])
        sum(1 for _ in client.models.list(page_size=1, limit=2))
        client.models.plan([{"name": "d"}]).apply()
        client.request("GET", "/v1/projects/")
        blocking = list(client.calls)

        async def twins() -> None:
            await client.models.acreate(name="e")
            await client.models.acreate_many([{"name": "f"}])
            assert [model async for model in client.models.alist(page_size=1, limit=2)]
            await (await client.models.aplan([{"name": "g"}])).apply()
            await client.arequest("GET", "/v1/projects/")
            await client.aclose()

        asyncio.run(twins())
        twin_calls = client.calls[len(blocking) :]

    assert blocking.count("POST /v1/models/") == 4
    assert blocking.count("GET /v1/models/") >= 3
    assert "GET /v1/projects/" in blocking
    assert not [call for call in blocking if call.startswith("async ")]
    assert twin_calls.count("async POST /v1/models/") == 3
    assert twin_calls.count("async GET /v1/models/") >= 3
    assert "async GET /v1/projects/" in twin_calls


def test_what_a_twin_returns_belongs_to_the_client(emulator: Server) -> None:
    """A listing of a twin continues through the same client, also after it was pickled."""
    with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        client.models.create_many([{"name": f"own/{number}"} for number in range(4)])

        async def listed() -> tuple[list[Model], list[Model]]:
            listing = client.models.alist(page_size=2, limit=4)
            first = [await anext(listing), await anext(listing)]
            copy = pickle.loads(pickle.dumps(listing))
            rest = [model async for model in copy]
            await client.aclose()
            return first, rest

        first, rest = asyncio.run(listed())

    assert len({model.id for model in first + rest}) == 4


async def test_objects_of_another_face() -> None:
    """What one kind of client returned can be bound to another kind, whose methods it has then."""
    with serve() as server:
        blocking = RootSignals(server.api_key, base_url=server.url)
        evaluator = blocking.evaluators.create("{{response}}", name="Friendly")
        async with AsyncRootSignals(server.api_key, base_url=server.url) as client:
            moved = client.evaluators.bind(evaluator)
            assert (await moved.run("a")).score is not None
            assert moved.to_dict() == evaluator.to_dict()
            back = blocking.evaluators.bind(moved)
            assert back.run("a").score is not None
            assert (await back.arun("a")).score is not None
        blocking.close()


async def test_evaluators_of_the_service_for_old_code() -> None:
    """With run_async, an evaluator of the service is awaited, by itself or by `arun`."""
    with serve() as server:
        client = RootSignals(server.api_key, base_url=server.url, run_async=True)
        awaited = await client.evaluators.Clarity("a")  # type: ignore[misc]  # pyright: ignore
        assert (await client.evaluators.Clarity.arun("a")).score == awaited.score
        await client.aclose()
