"""Deadlines around several calls: as a block, and as an argument."""

from __future__ import annotations

import pickle
import socket
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

import root
from root import (
    APITimeoutError,
    AsyncRootSignals,
    AsyncStream,
    BulkError,
    ConfigurationError,
    InvalidRequestError,
    Operation,
    RateLimitError,
)
from root.emulator import Server

from ..scripted_server import ScriptedServer, Step, responds, response_bytes

KEY = "k" * 20
PATH = "/v1/models/"
MODEL = {"id": "9b2f", "name": "a"}
IN_TIME = r"deadline of 0\.2 s"

Work = Callable[[AsyncRootSignals], Awaitable[object]]


def connect(server: ScriptedServer, **settings: Any) -> AsyncRootSignals:
    return AsyncRootSignals(KEY, base_url=server.url, timeout=60, max_retries=0, **settings)


def page(server: ScriptedServer) -> dict[str, object]:
    """A page that another one follows."""
    return {"results": [MODEL], "next": f"{server.url}{PATH}?cursor=b"}


async def listing(client: AsyncRootSignals) -> object:
    return [model async for model in client.models.list()]


CALLS: dict[str, Work] = {
    "retrieve": lambda client: client.models.retrieve("a"),
    "create": lambda client: client.models.create(name="a"),
    "list": listing,
    "request": lambda client: client.request("GET", PATH),
    "send": lambda client: client.send(Operation("GET", PATH, object)),
    "ensure": lambda client: client.models.ensure(name="a"),
    "plan": lambda client: client.models.plan([{"name": "a"}]),
    "export": lambda client: client.models.export(),
    "projects": lambda client: client.projects.delete("a"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_block(call: Work) -> None:
    """A block bounds each call in it, whatever the client's own limits are."""
    with ScriptedServer([]) as server:
        server.steps.append(server.hangs)
        async with connect(server, deadline=60) as client, root.deadline(0.2):
            with pytest.raises(APITimeoutError, match=IN_TIME) as error:
                await call(client)
    assert len(error.value.attempts) == 1


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_over(call: Work) -> None:
    """When it is over, nothing is sent, and the error has no attempts."""
    keys: list[str] = []

    def key() -> str:
        keys.append(KEY)
        return KEY

    with ScriptedServer([responds(200, MODEL)]) as server:
        async with AsyncRootSignals(key, base_url=server.url) as client, root.deadline(0):
            with pytest.raises(APITimeoutError, match="was not sent: the deadline") as error:
                await call(client)
    assert not server.requests
    assert not keys
    assert error.value.attempts == ()
    assert not error.value.may_have_been_processed
    assert error.value.request is not None


def blocking_key() -> str:
    threading.Event().wait(0.1)
    return KEY


async def key_that_blocks_the_loop() -> str:
    return blocking_key()


@pytest.mark.parametrize("key", [blocking_key, key_that_blocks_the_loop])
async def test_a_key_function_that_blocks(key: Callable[[], Any]) -> None:
    """An `api_key` function that blocks until the deadline is over is named as the cause."""
    with ScriptedServer([responds(200, MODEL)]) as server:
        async with AsyncRootSignals(key, base_url=server.url, deadline=0.1) as client:
            with pytest.raises(APITimeoutError) as error:
                await client.models.retrieve("a")
        assert not server.requests
    assert "the api_key function did not return in time (deadline of 0.1 s)" in str(error.value)
    assert not error.value.may_have_been_processed


@pytest.mark.parametrize(("outer", "inner"), [(0.2, 60), (60, 0.2), (0.2, None), (None, 0.2)])
async def test_nested_blocks(outer: float | None, inner: float | None) -> None:
    """Of nested blocks, the one that ends first applies."""
    with ScriptedServer([]) as server:
        server.steps.append(server.hangs)
        async with connect(server) as client, root.deadline(outer), root.deadline(inner):
            with pytest.raises(APITimeoutError, match=IN_TIME):
                await client.models.retrieve("a")


async def test_after_a_block(client: AsyncRootSignals) -> None:
    """After a block, the outer one applies again, also if the block ended with an exception."""
    async with root.deadline(60):
        with pytest.raises(APITimeoutError):
            async with root.deadline(0):
                await client.models.list().to_dicts()
        await client.models.list().to_dicts()
    await client.models.list().to_dicts()


async def test_the_same_object_twice(client: AsyncRootSignals) -> None:
    """A deadline may be entered again, also within itself."""
    over = root.deadline(0)
    async with over:
        async with over:
            pass
        with pytest.raises(APITimeoutError):
            await client.models.list().to_dicts()
    await client.models.list().to_dicts()


async def test_blocks_that_end_in_another_order(client: AsyncRootSignals) -> None:
    """A block that ends before one that began in it takes only itself away."""
    first, second = AsyncExitStack(), AsyncExitStack()
    await first.enter_async_context(root.deadline(0))
    await second.enter_async_context(root.deadline(60))
    await first.aclose()
    await client.models.list().to_dicts()
    await second.aclose()

    await first.enter_async_context(root.deadline(60))
    await second.enter_async_context(root.deadline(0))
    await first.aclose()
    with pytest.raises(APITimeoutError):
        await client.models.list().to_dicts()
    await second.aclose()
    await client.models.list().to_dicts()


async def test_the_clients_own_limits() -> None:
    """The client's own timeout and deadline apply in a block, too."""
    with ScriptedServer([]) as server:
        server.steps.append(server.hangs)
        async with connect(server) as client, root.deadline(60):
            with pytest.raises(APITimeoutError, match=IN_TIME):
                await client.with_options(deadline=0.2).models.retrieve("a")
            with pytest.raises(APITimeoutError, match=r"timeout of 0\.2 s"):
                await client.with_options(timeout=0.2).models.retrieve("a")
            with pytest.raises(APITimeoutError, match=IN_TIME):
                await client.request("GET", PATH, deadline=0.2)
            with pytest.raises(APITimeoutError, match=IN_TIME):
                await client.models.retrieve("a", _request_timeout=0.2)


@pytest.mark.parametrize("wider", [60, None])
async def test_nothing_extends_a_block(wider: float | None) -> None:
    """No argument extends the time of a block."""
    with ScriptedServer([]) as server:
        server.steps.append(server.hangs)
        async with connect(server) as client:
            async with root.deadline(0.2):
                with pytest.raises(APITimeoutError, match=IN_TIME):
                    await client.with_options(deadline=wider).models.retrieve("a")
            async with root.deadline(0.2):
                with pytest.raises(APITimeoutError, match=IN_TIME):
                    await client.request("GET", PATH, deadline=wider)
            async with root.deadline(0.2):
                with pytest.raises(APITimeoutError, match=IN_TIME):
                    await client.models.retrieve("a", _request_timeout=wider)


async def test_request_timeout_only_shortens() -> None:
    """`_request_timeout` does not extend the client's deadline."""
    with ScriptedServer([]) as server:
        server.steps.append(server.hangs)
        async with connect(server, deadline=0.2) as client:
            with pytest.raises(APITimeoutError, match=IN_TIME):
                await client.models.retrieve("a", _request_timeout=60)


async def test_no_time_for_a_retry(client: AsyncRootSignals, emulator: Server) -> None:
    """A retry that would begin after the end of the block is not waited for."""
    emulator.fail_next(status=429, headers={"Retry-After": "30"})
    async with root.deadline(20):
        with pytest.raises(RateLimitError, match="The deadline of 20 s leaves no time"):
            await client.models.list().to_dicts()


async def test_bulk() -> None:
    """A block bounds a bulk call as a whole: what has not been sent when it is over is not."""
    with ScriptedServer([]) as server:
        server.steps.append(server.hangs)
        settings: list[dict[str, object]] = [{"name": str(number)} for number in range(20)]
        async with connect(server) as client, root.deadline(0.2):
            with pytest.raises(BulkError, match=IN_TIME):
                await client.models.create_many(settings, concurrency=4)
            errors = await client.models.create_many(settings, errors="collect")
    assert len(server.requests) == 4
    assert all(isinstance(one, APITimeoutError) and one.attempts == () for one in errors)


async def test_plan(client: AsyncRootSignals, emulator: Server) -> None:
    """A plan is bound by the block in which it is applied."""
    async with root.deadline(60):
        plan = await client.models.plan([{"name": "a"}])
    async with root.deadline(0):
        with pytest.raises(root.ApplyError, match="was not sent: the deadline"):
            await plan.apply()
    assert not emulator.models


async def test_listing_that_leaves_its_block() -> None:
    """A listing is bound by the block in which it is read, page by page."""
    with ScriptedServer([]) as server:
        server.steps += [responds(200, page(server)), responds(200, {"results": [MODEL]})]
        async with connect(server) as client:
            async with root.deadline(0):
                pager = client.models.list()
            assert (await anext(pager)).id == "9b2f"
            async with root.deadline(0):
                with pytest.raises(APITimeoutError, match="was not sent") as error:
                    await anext(pager)
            assert error.value.cursor == "b"
            assert (await anext(pager)).id == "9b2f"


async def test_prefetching_that_leaves_its_block() -> None:
    """The block in which a page was requested ahead of time does not bound it."""
    is_over = threading.Event()

    def late(sock: socket.socket) -> bool:
        is_over.wait(60)
        return responds(200, {"results": [MODEL]})(sock)

    def choose(request: bytes) -> Step:
        if b"cursor=b" in request:
            return late
        return server.hangs if b"/models/a/" in request else responds(200, page(server))

    with ScriptedServer([], choose=choose) as server:
        async with connect(server) as client:
            pager = client.models.list(prefetch=True)
            async with root.deadline(0.2):
                await anext(pager)
                with pytest.raises(APITimeoutError, match=IN_TIME):
                    await client.models.retrieve("a")
            is_over.set()
            assert (await anext(pager)).id == "9b2f"
    assert len(server.requests) == 3


async def test_waiting_for_a_page_that_was_prefetched() -> None:
    """A page that was requested before the block is waited for within it."""
    with ScriptedServer([]) as server:
        server.steps += [responds(200, page(server)), server.hangs]
        async with connect(server) as client:
            pager = client.models.list(prefetch=True)
            await anext(pager)
            async with root.deadline(0.2):
                with pytest.raises(APITimeoutError, match=IN_TIME) as error:
                    await anext(pager)
            assert error.value.cursor == "b"
            await pager.aclose()


async def test_stream() -> None:
    """A stream is bound by the block in which it is requested."""
    with ScriptedServer([]) as server:
        server.steps.append(server.drips(response_bytes(200, {"a": "x" * 5000}), 200))
        async with connect(server) as client:
            async with root.deadline(0.2):
                response = await client.request("GET", PATH, schema=AsyncStream)
            with pytest.raises(APITimeoutError, match=IN_TIME):
                async for _ in response.value:
                    pass


# As an argument


async def test_with_options() -> None:
    """A deadline that is passed to `with_options` bounds all calls of the copy together."""
    with ScriptedServer([]) as server:
        server.steps.append(server.hangs)
        async with connect(server, deadline=60) as client:
            bound = client.with_options(deadline=root.deadline(0.2))
            with pytest.raises(APITimeoutError, match=IN_TIME):
                await bound.models.retrieve("a")
            with pytest.raises(APITimeoutError, match="was not sent") as error:
                await bound.models.retrieve("a")
            assert error.value.attempts == ()
            with pytest.raises(BulkError, match="was not sent"):
                await bound.models.create_many([{"name": "a"}])
    assert len(server.requests) == 1


@pytest.mark.parametrize("deadline", [60, None, root.deadline(60)], ids=["s", "none", "object"])
async def test_options_of_a_bound_client(deadline: float | root.Deadline | None) -> None:
    """The deadline of a client can be shortened, and not be removed."""
    with ScriptedServer([responds(200, MODEL)]) as server:
        async with connect(server, deadline=root.deadline(0)) as client:
            with pytest.raises(APITimeoutError, match="was not sent"):
                await client.with_options(deadline=deadline).models.retrieve("a")
        async with connect(server, deadline=root.deadline(60)) as client:
            await client.models.retrieve("a")
            with pytest.raises(APITimeoutError, match="was not sent"):
                await client.with_options(deadline=root.deadline(0)).models.retrieve("a")


async def test_the_seconds_of_a_client_beside_its_deadline() -> None:
    """With a deadline for all calls, the seconds for each call remain."""
    with ScriptedServer([]) as server:
        server.steps.append(server.hangs)
        async with connect(server, deadline=0.2) as client:
            bound = client.with_options(deadline=root.deadline(60))
            with pytest.raises(APITimeoutError, match=IN_TIME):
                await bound.models.retrieve("a")
            settings = {one.name: one.value for one in bound.config.explain()}
    assert settings["deadline"] == "0.2 s, and 60 s for all calls"


ARGUMENTS: dict[str, Callable[[AsyncRootSignals, root.Deadline], Awaitable[object]]] = {
    "_request_timeout": lambda client, bound: client.models.retrieve("a", _request_timeout=bound),
    "request": lambda client, bound: client.request("GET", PATH, deadline=bound),
    "send": lambda client, bound: client.send(Operation("GET", PATH, object, deadline=bound)),
}


@pytest.mark.parametrize("call", ARGUMENTS.values(), ids=ARGUMENTS)
async def test_argument_of_a_call(
    call: Callable[[AsyncRootSignals, root.Deadline], Awaitable[object]],
) -> None:
    """A call accepts a deadline where it accepts seconds."""
    with ScriptedServer([responds(200, MODEL)]) as server:
        async with connect(server) as client:
            await call(client, root.deadline(60))
            with pytest.raises(APITimeoutError, match="was not sent"):
                await call(client, root.deadline(0))
    assert len(server.requests) == 1


Bounded = Callable[[AsyncRootSignals, "float | root.Deadline"], Awaitable[object]]

METHODS: dict[str, Bounded] = {
    "create": lambda c, time: c.models.create(name="a", _request_timeout=time),
    "retrieve": lambda c, time: c.models.retrieve("a", _request_timeout=time),
    "update": lambda c, time: c.models.update("a", name="b", _request_timeout=time),
    "replace": lambda c, time: c.models.replace("a", name="b", _request_timeout=time),
    "delete": lambda c, time: c.models.delete("a", _request_timeout=time),
    "verify": lambda c, time: c.models.verify(model="a", _request_timeout=time),
    "list": lambda c, time: c.models.list(_request_timeout=time).to_dicts(),
    "create_many": lambda c, time: c.models.create_many([{"name": "a"}], _request_timeout=time),
    "verify_many": lambda c, time: c.models.verify_many([{"model": "a"}], _request_timeout=time),
    "delete_many": lambda c, time: c.models.delete_many(["a"], _request_timeout=time),
    "ensure": lambda c, time: c.models.ensure(name="a", _request_timeout=time),
    "plan": lambda c, time: c.models.plan([{"name": "a"}], _request_timeout=time),
    "export": lambda c, time: c.models.export(_request_timeout=time),
    "projects.create": lambda c, time: c.projects.create(name="a", _request_timeout=time),
    "projects.retrieve": lambda c, time: c.projects.retrieve("a", _request_timeout=time),
    "projects.update": lambda c, time: c.projects.update("a", name="b", _request_timeout=time),
    "projects.delete": lambda c, time: c.projects.delete("a", _request_timeout=time),
    "projects.list": lambda c, time: c.projects.list(_request_timeout=time).to_dicts(),
}


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
async def test_request_timeout_of_each_method(method: Bounded) -> None:
    """Each method has `_request_timeout`, in seconds or as a deadline, which only shortens."""
    with ScriptedServer([]) as server:
        server.steps.append(server.hangs)
        async with connect(server) as client:
            with pytest.raises((APITimeoutError, BulkError), match=IN_TIME):
                await method(client, 0.2)
            sent = len(server.requests)
            with pytest.raises((APITimeoutError, BulkError), match="was not sent"):
                await method(client, root.deadline(0))
            async with root.deadline(0):
                with pytest.raises((APITimeoutError, BulkError), match="was not sent"):
                    await method(client, 60)
            with pytest.raises(InvalidRequestError, match="_request_timeout must be"):
                await method(client, 0)
    # On a busy machine, the time is over before the server has read the request.
    assert len(server.requests) == sent <= 1


async def test_request_timeout_of_apply(client: AsyncRootSignals, emulator: Server) -> None:
    """`_request_timeout` of `apply` bounds all its changes, and an invalid one applies nothing."""
    plan = await client.models.plan([{"name": "a"}])
    with pytest.raises(InvalidRequestError, match="_request_timeout must be"):
        await plan.apply(_request_timeout=0)
    with pytest.raises(root.ApplyError, match="was not sent: the deadline"):
        await plan.apply(_request_timeout=root.deadline(0))
    assert not emulator.models


# Generators


async def test_a_suspended_generator(client: AsyncRootSignals) -> None:
    """A block of a generator does not bound its caller, which runs while it is suspended."""

    async def numbers() -> AsyncGenerator[int]:
        async with root.deadline(0), root.deadline(60):
            yield 1
            yield 2
        yield 3

    generator = numbers()
    assert await anext(generator) == 1
    await client.models.list().to_dicts()
    await client.models.create_many([{"name": "a"}])
    assert await anext(generator) == 2
    await client.models.list().to_dicts()
    assert await anext(generator) == 3
    await client.models.list().to_dicts()
    await generator.aclose()


async def test_calls_in_a_generator(client: AsyncRootSignals) -> None:
    """A block of a generator bounds what the generator calls, and ends with it."""

    async def models() -> AsyncIterator[object]:
        async with root.deadline(0):
            yield None
            with pytest.raises(APITimeoutError):
                await client.models.list().to_dicts()
            with pytest.raises(BulkError):
                await client.models.create_many([{"name": "a"}])
            yield None
        yield await client.models.list(limit=1).to_dicts()

    assert [one async for one in models()][:2] == [None, None]


async def test_a_context_manager_that_is_a_generator(client: AsyncRootSignals) -> None:
    """The block of a context manager that is written as a generator bounds the caller's block."""

    @asynccontextmanager
    async def bounded() -> AsyncIterator[None]:
        async with root.deadline(0):
            yield

    async with bounded():
        with pytest.raises(APITimeoutError):
            await client.models.list().to_dicts()
    await client.models.list().to_dicts()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(bounded())
        with pytest.raises(APITimeoutError):
            await client.models.list().to_dicts()
    await client.models.list().to_dicts()


# The object


async def test_remaining() -> None:
    """A deadline knows the seconds that remain."""
    assert 0 < root.deadline(60).remaining() <= 60
    assert root.deadline(0).remaining() == root.deadline(-5).remaining() == 0
    assert root.deadline(None).remaining() == float("inf")
    assert repr(root.deadline(0)) == "<Deadline: 0 of 0 s remain>"
    assert repr(root.deadline(None)) == "<Deadline: no limit>"


@pytest.mark.parametrize("seconds", [True, False, float("nan"), "5"])
def test_invalid_seconds(seconds: Any) -> None:
    """What is not a number of seconds is refused."""
    with pytest.raises(ConfigurationError, match="deadline must be"):
        root.deadline(seconds)


@pytest.mark.parametrize("value", [0, "5", True])
async def test_invalid_argument(client: AsyncRootSignals, value: Any) -> None:
    """An argument that is neither seconds nor a deadline is refused before anything is sent."""
    with pytest.raises(InvalidRequestError, match="_request_timeout must be"):
        await client.models.retrieve("a", _request_timeout=value)
    with pytest.raises(ConfigurationError, match="deadline must be"):
        client.with_options(deadline=value)


async def test_pickle() -> None:
    """A deadline that is pickled, alone or with a client, has as much time left as before."""
    for seconds in (60.0, 0.0, None):
        bound = root.deadline(seconds)
        copied: root.Deadline = pickle.loads(pickle.dumps(bound))
        assert copied.seconds == seconds
        assert copied.until == pytest.approx(bound.until, abs=30)
    with ScriptedServer([responds(200, MODEL)]) as server:
        client = connect(server, deadline=root.deadline(0))
        async with pickle.loads(pickle.dumps(client)) as copy:
            with pytest.raises(APITimeoutError, match="was not sent"):
                await copy.models.retrieve("a")
        await client.aclose()
