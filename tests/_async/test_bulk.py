"""Bulk methods: order, concurrency, errors, and how they stop."""

from __future__ import annotations

import json
import pickle
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from root import (
    AsyncRootSignals,
    BadRequestError,
    BulkError,
    InvalidRequestError,
    NotFoundError,
    RateLimitError,
    RootSignalsError,
)
from root.emulator import Server
from root.errors import NOT_STARTED
from root.models import ModelSettings, Progress

from ..scripted_server import ScriptedServer, Step, responds

SECRET = "sk-secret-of-the-test"


def named(*names: str) -> list[ModelSettings]:
    return [{"name": name} for name in names]


def refusing(*names: str) -> Callable[[bytes], Step]:
    """A service that creates models with their names as IDs, except for these."""

    def choose(request: bytes) -> Step:
        name = json.loads(request.partition(b"\r\n\r\n")[2])["name"]
        if name in names:
            return responds(400, {"name": [f"{SECRET} is not accepted."]})
        return responds(201, {"id": name, "name": name})

    return choose


async def test_create_and_delete_many(client: AsyncRootSignals) -> None:
    """The IDs are in the order of the settings, and the models can be deleted together."""
    names = [f"many/{number}" for number in range(50)]

    ids = await client.models.create_many(named(*names))

    assert [(await client.models.retrieve(model_id)).name for model_id in ids] == names
    assert await client.models.delete_many(ids, concurrency=50) == [None] * 50
    with pytest.raises(NotFoundError):
        await client.models.retrieve(ids[-1])


async def test_verify_many(client: AsyncRootSignals) -> None:
    """Configurations that work and others are results in order, and neither is an error."""
    await client.models.create(name="many/for-verify")

    good, bad = await client.models.verify_many(
        [{"model": "many/for-verify"}, {"model": "no-such-model", "api_key": SECRET}]
    )

    assert good.success
    assert not bad.success
    assert bad.model == "no-such-model"


async def test_nothing(mocked: AsyncRootSignals) -> None:
    """Without items, the result is empty and nothing is sent."""
    assert await mocked.models.create_many([]) == []


@pytest.mark.parametrize("concurrency", [1, 7])
async def test_concurrency(concurrency: int) -> None:
    """The number of concurrent calls reaches the limit, and never exceeds it."""
    number = 6 * concurrency
    # There is no response before this number of requests has arrived.
    together = threading.Barrier(concurrency, timeout=10)
    lock = threading.Lock()
    running = most = 0

    def choose(request: bytes) -> Step:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait()
        # Before the response: after it, the next call may arrive at any time.
        with lock:
            running -= 1
        return responds(201, {"id": "9b2f", "name": "a"})

    with ScriptedServer([], choose=choose) as server:
        async with AsyncRootSignals("key", base_url=server.url) as client:
            await client.models.create_many(named("a") * number, concurrency=concurrency)

    assert len(server.requests) == number
    assert most == concurrency


async def test_collect() -> None:
    """Collected errors take the place of results, and all calls are made."""
    with ScriptedServer([], choose=refusing("b")) as server:
        async with AsyncRootSignals("key", base_url=server.url) as client:
            first, error, last = await client.models.create_many(
                named("a", "b", "c"), errors="collect"
            )

    assert (first, last) == ("a", "c")
    assert isinstance(error, BadRequestError)


async def test_raise() -> None:
    """After a failure nothing is started, and the error has the outcome of each call."""
    with ScriptedServer([], choose=refusing("c")) as server:
        async with AsyncRootSignals("key", base_url=server.url) as client:
            settings = named("a", "b", "c", "d", "e")
            with pytest.raises(BulkError) as caught:
                await client.models.create_many(settings, concurrency=1)

    error = caught.value
    assert error.results[:2] == ("a", "b")
    assert isinstance(error.results[2], BadRequestError)
    assert error.results[3:] == (NOT_STARTED, NOT_STARTED)
    assert (error.succeeded, error.failed, error.not_started) == (2, 1, 2)
    assert "2 of 5 calls succeeded, 1 failed and 2 were not started" in str(error)
    assert "at position 2 (from 0)" in str(error)
    assert error.__cause__ is error.results[2]
    assert not error.may_have_been_processed
    assert len(server.requests) == 3


async def test_calls_in_progress_finish() -> None:
    """A call that is in progress when another one fails is finished."""
    failed = threading.Event()

    def choose(request: bytes) -> Step:
        if b'"bad"' in request:
            return responds(400, {})
        # Until the failure has been reported.
        assert failed.wait(10)
        return responds(201, {"id": "good", "name": "good"})

    def watch(progress: Progress) -> None:
        failed.set()

    with ScriptedServer([], choose=choose) as server:
        async with AsyncRootSignals("key", base_url=server.url) as client:
            settings = named("good", "bad", "later")
            with pytest.raises(BulkError) as caught:
                await client.models.create_many(settings, concurrency=2, on_progress=watch)

    assert caught.value.results[0] == "good"
    assert caught.value.results[2] is NOT_STARTED


def throttling(*names: str, then: Step | None = None) -> Callable[[bytes], Step]:
    """A service that responds 429 to all three attempts of these."""
    left = dict.fromkeys(names, 3)
    others = refusing()
    # All of them are in progress before the first one is throttled.
    together = threading.Barrier(len(names), timeout=10)

    def choose(request: bytes) -> Step:
        name = json.loads(request.partition(b"\r\n\r\n")[2])["name"]
        if left.get(name) == 3:
            together.wait()
        if left.get(name):
            left[name] -= 1
            return responds(429, {"detail": "Request was throttled."})
        return then if then and name in names else others(request)

    return choose


@pytest.mark.usefixtures("waits")
async def test_throttled() -> None:
    """Calls that were throttled are made one by one in the end."""
    names = [f"vllm/{number}" for number in range(20)]
    with ScriptedServer([], choose=throttling(*names[:6])) as server:
        async with AsyncRootSignals("key", base_url=server.url) as client:
            assert await client.models.create_many(named(*names), concurrency=6) == names

    # Six together were throttled three times; none of the later ones was.
    assert len(server.requests) == 20 + 6 * 3


@pytest.mark.usefixtures("waits")
async def test_one_by_one() -> None:
    """After calls were throttled, the others are made one by one."""
    refusing_two = throttling("a", "b")
    lock = threading.Lock()
    in_progress: list[bytes] = []
    together = threading.Event()

    def choose(request: bytes) -> Step:
        respond = refusing_two(request)
        if b'"a"' in request or b'"b"' in request:
            return respond

        def step(sock: socket.socket) -> bool:
            with lock:
                in_progress.append(request)
                if len(in_progress) > 1:
                    together.set()
            # Time for another one to arrive.
            together.wait(0.1)
            with lock:
                in_progress.remove(request)
            return respond(sock)

        return step

    with ScriptedServer([], choose=choose) as server:
        async with AsyncRootSignals("key", base_url=server.url) as client:
            settings = named("a", "b", "c", "d", "e")
            assert await client.models.create_many(settings, concurrency=2) == list("abcde")

    assert not together.is_set()


@pytest.mark.usefixtures("waits")
async def test_throttled_again() -> None:
    """A call that is throttled even alone fails, and those that wait are not started."""
    with ScriptedServer([], choose=throttling("a", "b", then=responds(429))) as server:
        async with AsyncRootSignals("key", base_url=server.url) as client:
            with pytest.raises(BulkError, match="0 of 2 calls succeeded, 1 failed") as caught:
                await client.models.create_many(named("a", "b"), concurrency=2)

    assert isinstance(caught.value.__cause__, RateLimitError)
    assert len(server.requests) == 9


@pytest.mark.usefixtures("waits")
async def test_throttled_and_not_retried() -> None:
    """Without retries, a call that is throttled is not made again."""
    with ScriptedServer([], choose=lambda _: responds(429)) as server:
        async with AsyncRootSignals("key", base_url=server.url, max_retries=0) as client:
            (error,) = await client.models.verify_many([{"model": "a"}], errors="collect")

    assert isinstance(error, RateLimitError)
    assert len(server.requests) == 1


async def test_an_ambiguous_failure() -> None:
    """If a call that failed may have been processed, the whole error reports that."""
    with ScriptedServer([responds(502, {})]) as server:
        async with AsyncRootSignals("key", base_url=server.url) as client:
            with pytest.raises(BulkError) as caught:
                await client.models.create_many(named("a"))

    assert caught.value.may_have_been_processed


async def test_the_error_has_no_keys() -> None:
    """The error can be pickled with its results, and has no key, even one that is echoed."""
    settings: list[ModelSettings] = [{"name": "a"}, {"name": "b", "default_key": SECRET}]
    with ScriptedServer([], choose=refusing("b")) as server:
        async with AsyncRootSignals("key", base_url=server.url) as client:
            with pytest.raises(BulkError) as caught:
                await client.models.create_many(settings, concurrency=1)

    pickled = pickle.dumps(caught.value)
    other = pickle.loads(pickled)

    assert SECRET.encode() not in pickled
    assert SECRET not in str(caught.value) + repr(vars(caught.value))
    assert "[redacted]" in str(caught.value)
    assert other.results[0] == "a"
    assert isinstance(other.results[1], BadRequestError)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ([{"name": "a"}, {"name": ""}], "At position 1 (from 0): name must not be empty."),
        ([{"name": "a"}, {"model": "b"}], "At position 1 (from 0): name is required."),
        ([{}], "At position 0 (from 0): name is required."),
        ([{"name": "a", "nme": 1}], "nme is not a setting."),
        ([{"name": "a", "schema": 1}], "schema is not a setting."),
        ([{"name": "a", "max_token_count": "5"}], "max_token_count must be an integer."),
        ([{"name": "a", "max_token_count": -1}], "max_token_count must be at least 0."),
        ([{"name": "a" * 101}], "name must have at most 100 characters."),
        (
            [{"nme": "a"}, {"name": "b"}, {"name": "c", "url": 5}],
            "At position 0 (from 0): name is required. nme is not a setting."
            " At position 2 (from 0): url must be a string.",
        ),
        ([{}] * 11, "At position 9 (from 0): name is required. 1 more is invalid."),
        ([{}] * 12, "At position 9 (from 0): name is required. 2 more are invalid."),
        (["a"], "a dict, not str"),
        ([None], "a dict, not NoneType"),
        ([{7: "a"}], "names of settings"),
        ([{"name": "a", "\ud800": 1}], "names of settings"),
        ({"name": "a"}, "Pass a list"),
        ("a", "Pass a list"),
        (None, "Pass a list"),
        (5, "Pass a list"),
    ],
)
async def test_settings_are_validated_first(
    mocked: AsyncRootSignals, settings: Any, words: str
) -> None:
    """Invalid settings are refused before anything is sent, with position and field."""
    for check in (mocked.models.create_many, mocked.models.plan):
        with pytest.raises(InvalidRequestError) as error:
            await check(settings)

        assert words in str(error.value)
        assert error.value.__cause__ is None


async def test_configurations_are_validated_first(mocked: AsyncRootSignals) -> None:
    """Configurations must be a list, and have the required fields."""
    nothing: Any = None
    empty: Any = [{}]
    with pytest.raises(InvalidRequestError, match="Pass a list"):
        await mocked.models.verify_many(nothing)
    with pytest.raises(InvalidRequestError, match="model is required"):
        await mocked.models.verify_many(empty)


async def test_no_values_in_errors(mocked: AsyncRootSignals) -> None:
    """A key of a wrong type is not in the error."""
    settings: Any = [{"name": "a", "default_key": [SECRET]}]
    with pytest.raises(InvalidRequestError, match="default_key") as error:
        await mocked.models.create_many(settings)

    assert SECRET not in str(error.value)


async def test_ids_are_validated_first(mocked: AsyncRootSignals) -> None:
    """Invalid IDs are refused before anything is deleted; a single ID is not a list."""
    with pytest.raises(InvalidRequestError, match=r"At position 1 \(from 0\)"):
        await mocked.models.delete_many(["9b2f", ".."])
    nothing: Any = None
    for ids in ("9b2f", nothing):
        with pytest.raises(InvalidRequestError, match="Pass a list"):
            await mocked.models.delete_many(ids)


@pytest.mark.parametrize("concurrency", [0, -1, True, 1.5, None])
async def test_invalid_concurrency(mocked: AsyncRootSignals, concurrency: Any) -> None:
    """A concurrency that is not a number of calls is refused."""
    with pytest.raises(InvalidRequestError, match="concurrency must be an integer"):
        await mocked.models.delete_many(["a"], concurrency=concurrency)


async def test_invalid_errors(mocked: AsyncRootSignals) -> None:
    """Errors can be raised or collected, and nothing else."""
    errors: Any = "ignore"
    with pytest.raises(InvalidRequestError, match='"raise" or "collect"'):
        await mocked.models.delete_many(["a"], errors=errors)


async def test_progress() -> None:
    """The progress is reported for each call that has ended, one at a time, with its position."""
    reported: list[Progress] = []
    with ScriptedServer([], choose=refusing("b")) as server:
        async with AsyncRootSignals("key", base_url=server.url) as client:
            await client.models.create_many(
                named("a", "b", "c"), errors="collect", concurrency=1, on_progress=reported.append
            )

    assert reported == [Progress(1, 3, 0, 0), Progress(2, 3, 1, 1), Progress(3, 3, 1, 2)]


async def test_progress_in_the_calling_thread(client: AsyncRootSignals) -> None:
    """Progress is reported in the calling thread, so that it needs no lock."""
    threads: set[int] = set()
    settings = named("a", "b", "c")

    ids = await client.models.create_many(
        settings, on_progress=lambda _: threads.add(threading.get_ident())
    )

    assert threads == {threading.get_ident()}
    await client.models.delete_many(ids)


@pytest.mark.parametrize("kind", [ZeroDivisionError, RootSignalsError])
async def test_an_error_in_on_progress(kind: type[Exception]) -> None:
    """An exception of on_progress is raised as it is, and ends the work."""

    def fails(progress: Progress) -> None:
        raise kind("mine")

    with ScriptedServer([], choose=refusing()) as server:
        async with AsyncRootSignals("key", base_url=server.url) as client:
            with pytest.raises(kind, match="mine"):
                await client.models.create_many(named("a") * 1000, concurrency=2, on_progress=fails)

    assert len(server.requests) < 1000


async def test_fewer_connections_than_calls(emulator: Server) -> None:
    """A client with fewer connections than concurrent calls makes all of them."""
    async with AsyncRootSignals(
        emulator.api_key, base_url=emulator.url, max_connections=2
    ) as client:
        ids = await client.models.create_many(named("a", "b", "c", "d", "e"), concurrency=5)
        await client.models.delete_many(ids, concurrency=5)
    assert len(set(ids)) == 5
