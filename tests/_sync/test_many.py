# Generated from tests/_async/test_many.py by scripts/generate_sync.py. Do not edit.
"""Many calls at once: their order, their bound, their errors, and how they stop."""

from __future__ import annotations

import json
import pickle
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from root import (
    BadRequestError,
    BulkError,
    InvalidRequestError,
    NotFoundError,
    RateLimitError,
    RootSignals,
    RootSignalsError,
)
from root.emulator import Server
from root.errors import NOT_STARTED
from root.models import ModelSettings, Progress

from ..wire import Step, Wire, says

SECRET = "sk-secret-of-the-test"


def named(*names: str) -> list[ModelSettings]:
    return [{"name": name} for name in names]


def refusing(*names: str) -> Callable[[bytes], Step]:
    """A service that creates models, whose ids are their names, but for these."""

    def choose(request: bytes) -> Step:
        name = json.loads(request.partition(b"\r\n\r\n")[2])["name"]
        if name in names:
            return says(400, {"name": [f"{SECRET} will not do."]})
        return says(201, {"id": name, "name": name})

    return choose


def test_create_and_delete_many(client: RootSignals) -> None:
    """The ids come in the order of the settings, and what they name can be deleted at once."""
    names = [f"many/{number}" for number in range(50)]

    ids = client.models.create_many(named(*names))

    assert [(client.models.retrieve(model_id)).name for model_id in ids] == names
    assert client.models.delete_many(ids, concurrency=50) == [None] * 50
    with pytest.raises(NotFoundError):
        client.models.retrieve(ids[-1])


def test_verify_many(client: RootSignals) -> None:
    """Configurations that work and such that do not come in order, and neither is an error."""
    client.models.create(name="many/for-verify")

    good, bad = client.models.verify_many(
        [{"model": "many/for-verify"}, {"model": "no-such-model", "api_key": SECRET}]
    )

    assert good.success
    assert not bad.success
    assert bad.model == "no-such-model"


def test_nothing_at_all(mocked: RootSignals) -> None:
    """Of nothing comes nothing, and nothing is sent."""
    assert mocked.models.create_many([]) == []


@pytest.mark.parametrize("concurrency", [1, 7])
def test_concurrency(concurrency: int) -> None:
    """So many calls are under way at the service at once, as many as may be, and no more."""
    number = 6 * concurrency
    # Nobody is answered before so many are there.
    together = threading.Barrier(concurrency, timeout=10)
    lock = threading.Lock()
    at_once = most = 0

    def choose(request: bytes) -> Step:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        together.wait()
        # Before the answer: after it, the next call may come at any time.
        with lock:
            at_once -= 1
        return says(201, {"id": "9b2f", "name": "a"})

    with Wire([], choose=choose) as wire:
        with RootSignals("key", base_url=wire.url) as client:
            client.models.create_many(named("a") * number, concurrency=concurrency)

    assert len(wire.requests) == number
    assert most == concurrency


def test_collect() -> None:
    """Collected errors stand where the results would, and all calls are made."""
    with Wire([], choose=refusing("b")) as wire:
        with RootSignals("key", base_url=wire.url) as client:
            first, error, last = client.models.create_many(named("a", "b", "c"), errors="collect")

    assert (first, last) == ("a", "c")
    assert isinstance(error, BadRequestError)


def test_raise() -> None:
    """After a failure nothing is started, and the error says what came of each call."""
    with Wire([], choose=refusing("c")) as wire:
        with RootSignals("key", base_url=wire.url) as client:
            settings = named("a", "b", "c", "d", "e")
            with pytest.raises(BulkError) as caught:
                client.models.create_many(settings, concurrency=1)

    error = caught.value
    assert error.results[:2] == ("a", "b")
    assert isinstance(error.results[2], BadRequestError)
    assert error.results[3:] == (NOT_STARTED, NOT_STARTED)
    assert (error.succeeded, error.failed, error.not_started) == (2, 1, 2)
    assert "2 of 5 calls succeeded, 1 failed, 2 were not started" in str(error)
    assert "at position 2 (from 0)" in str(error)
    assert error.__cause__ is error.results[2]
    assert not error.may_have_been_processed
    assert len(wire.requests) == 3


def test_what_is_under_way_finishes() -> None:
    """A call that is under way when another one fails comes to its end."""
    failed = threading.Event()

    def choose(request: bytes) -> Step:
        if b'"bad"' in request:
            return says(400, {})
        # Until the failure has been told.
        assert failed.wait(10)
        return says(201, {"id": "good", "name": "good"})

    def watch(progress: Progress) -> None:
        failed.set()

    with Wire([], choose=choose) as wire:
        with RootSignals("key", base_url=wire.url) as client:
            settings = named("good", "bad", "later")
            with pytest.raises(BulkError) as caught:
                client.models.create_many(settings, concurrency=2, on_progress=watch)

    assert caught.value.results[0] == "good"
    assert caught.value.results[2] is NOT_STARTED


def too_fast(*names: str, then: Step | None = None) -> Callable[[bytes], Step]:
    """A service that refuses these three times, as often as a call is made, for being too fast."""
    left = dict.fromkeys(names, 3)
    others = refusing()
    # All of them are under way before the first one is refused.
    together = threading.Barrier(len(names), timeout=10)

    def choose(request: bytes) -> Step:
        name = json.loads(request.partition(b"\r\n\r\n")[2])["name"]
        if left.get(name) == 3:
            together.wait()
        if left.get(name):
            left[name] -= 1
            return says(429, {"detail": "Request was throttled."})
        return then if then and name in names else others(request)

    return choose


@pytest.mark.usefixtures("waits")
def test_too_fast() -> None:
    """Calls that are refused for being too fast are made one by one in the end."""
    names = [f"vllm/{number}" for number in range(20)]
    with Wire([], choose=too_fast(*names[:6])) as wire:
        with RootSignals("key", base_url=wire.url) as client:
            assert client.models.create_many(named(*names), concurrency=6) == names

    # Six at once were refused three times; of those that came later none was repeated.
    assert len(wire.requests) == 20 + 6 * 3


@pytest.mark.usefixtures("waits")
def test_no_longer_too_fast() -> None:
    """After calls were refused for being too fast, no two of the others are under way at once."""
    refusing_two = too_fast("a", "b")
    lock = threading.Lock()
    under_way: list[bytes] = []
    together = threading.Event()

    def choose(request: bytes) -> Step:
        answering = refusing_two(request)
        if b'"a"' in request or b'"b"' in request:
            return answering

        def step(sock: socket.socket) -> bool:
            with lock:
                under_way.append(request)
                if len(under_way) > 1:
                    together.set()
            # Time for another one to come.
            together.wait(0.1)
            with lock:
                under_way.remove(request)
            return answering(sock)

        return step

    with Wire([], choose=choose) as wire:
        with RootSignals("key", base_url=wire.url) as client:
            settings = named("a", "b", "c", "d", "e")
            assert client.models.create_many(settings, concurrency=2) == list("abcde")

    assert not together.is_set()


@pytest.mark.usefixtures("waits")
def test_still_too_fast() -> None:
    """What is refused even alone has failed, and what waits for its turn is not started."""
    with Wire([], choose=too_fast("a", "b", then=says(429))) as wire:
        with RootSignals("key", base_url=wire.url) as client:
            with pytest.raises(BulkError, match="0 of 2 calls succeeded, 1 failed") as caught:
                client.models.create_many(named("a", "b"), concurrency=2)

    assert isinstance(caught.value.__cause__, RateLimitError)
    assert len(wire.requests) == 9


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("retries", [0, 2])
def test_too_fast_and_never_repeated(retries: int) -> None:
    """What is not to be repeated is not: a verification, which costs money, and without retries."""
    with Wire([], choose=lambda _: says(429)) as wire:
        with RootSignals("key", base_url=wire.url, max_retries=retries) as client:
            (error,) = client.models.verify_many([{"model": "a"}], errors="collect")
            if not retries:
                client.models.create_many(named("a"), errors="collect")

    assert isinstance(error, RateLimitError)
    assert len(wire.requests) == (1 if retries else 2)


def test_an_ambiguous_failure() -> None:
    """Where a call may have done its work in spite of its error, the whole error says so."""
    with Wire([says(502, {})]) as wire:
        with RootSignals("key", base_url=wire.url) as client:
            with pytest.raises(BulkError) as caught:
                client.models.create_many(named("a"))

    assert caught.value.may_have_been_processed


def test_the_error_pickles_and_hides_keys() -> None:
    """The error travels with all its results, and shows no key, even one that is echoed."""
    settings: list[ModelSettings] = [{"name": "a"}, {"name": "b", "default_key": SECRET}]
    with Wire([], choose=refusing("b")) as wire:
        with RootSignals("key", base_url=wire.url) as client:
            with pytest.raises(BulkError) as caught:
                client.models.create_many(settings, concurrency=1)

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
        ([{"name": "a"}, {"name": ""}], "At position 1 (from 0): name"),
        ([{"name": "a"}, {"model": "b"}], "At position 1 (from 0): name: Field required"),
        ([{}], "At position 0 (from 0): name: Field required"),
        ([{"name": "a", "nme": 1}], "nme: Extra inputs"),
        ([{"name": "a", "schema": 1}], "schema: Extra inputs"),
        ([{"name": "a", "max_token_count": "5"}], "max_token_count"),
        (["a"], "a dict, not str"),
        ([None], "a dict, not NoneType"),
        ([{7: "a"}], "names of settings"),
        ([{"name": "a", "\ud800": 1}], "names of settings"),
        ({"name": "a"}, "Give a list"),
        ("a", "Give a list"),
        (None, "Give a list"),
        (5, "Give a list"),
    ],
)
def test_settings_are_checked_first(mocked: RootSignals, settings: Any, words: str) -> None:
    """Whatever cannot be right is refused before anything is sent, by position and field."""
    for check in (mocked.models.create_many, mocked.models.plan):
        with pytest.raises(InvalidRequestError) as error:
            check(settings)

        assert words in str(error.value)
        assert error.value.__cause__ is None


def test_configurations_are_checked_first(mocked: RootSignals) -> None:
    """What is no list of configurations is refused, and an empty one lacks a field."""
    nothing: Any = None
    empty: Any = [{}]
    with pytest.raises(InvalidRequestError, match="Give a list"):
        mocked.models.verify_many(nothing)
    with pytest.raises(InvalidRequestError, match="model: Field required"):
        mocked.models.verify_many(empty)


def test_no_value_shows(mocked: RootSignals) -> None:
    """A key that cannot be sent is not shown."""
    settings: Any = [{"name": "a", "default_key": [SECRET]}]
    with pytest.raises(InvalidRequestError, match="default_key") as error:
        mocked.models.create_many(settings)

    assert SECRET not in str(error.value)


def test_ids_are_checked_first(mocked: RootSignals) -> None:
    """What is no id is refused before anything is deleted, and a lone id is no list of ids."""
    with pytest.raises(InvalidRequestError, match=r"At position 1 \(from 0\)"):
        mocked.models.delete_many(["9b2f", ".."])
    nothing: Any = None
    for ids in ("9b2f", nothing):
        with pytest.raises(InvalidRequestError, match="Give a list"):
            mocked.models.delete_many(ids)


@pytest.mark.parametrize("concurrency", [0, -1, True, 1.5, None])
def test_no_concurrency(mocked: RootSignals, concurrency: Any) -> None:
    """What is no number of calls is refused."""
    with pytest.raises(InvalidRequestError, match="concurrency is a whole number"):
        mocked.models.delete_many(["a"], concurrency=concurrency)


def test_no_such_way_with_errors(mocked: RootSignals) -> None:
    """Errors are raised or collected, and nothing else."""
    errors: Any = "ignore"
    with pytest.raises(InvalidRequestError, match='"raise" or "collect"'):
        mocked.models.delete_many(["a"], errors=errors)


def test_progress() -> None:
    """Each call is told of when it has ended, one at a time, with its position."""
    told: list[Progress] = []
    with Wire([], choose=refusing("b")) as wire:
        with RootSignals("key", base_url=wire.url) as client:
            client.models.create_many(
                named("a", "b", "c"), errors="collect", concurrency=1, on_progress=told.append
            )

    assert told == [Progress(1, 3, 0, 0), Progress(2, 3, 1, 1), Progress(3, 3, 1, 2)]


def test_progress_is_told_where_it_was_asked_for(client: RootSignals) -> None:
    """The caller's own thread is told, so what it does there needs no lock."""
    threads: set[int] = set()
    settings = named("a", "b", "c")

    ids = client.models.create_many(
        settings, on_progress=lambda _: threads.add(threading.get_ident())
    )

    assert threads == {threading.get_ident()}
    client.models.delete_many(ids)


@pytest.mark.parametrize("kind", [ZeroDivisionError, RootSignalsError])
def test_a_fault_in_on_progress(kind: type[Exception]) -> None:
    """What on_progress raises comes out as it is, and ends the work."""

    def fails(progress: Progress) -> None:
        raise kind("mine")

    with Wire([], choose=refusing()) as wire:
        with RootSignals("key", base_url=wire.url) as client:
            with pytest.raises(kind, match="mine"):
                client.models.create_many(named("a") * 1000, concurrency=2, on_progress=fails)

    assert len(wire.requests) < 1000


def test_fewer_connections_than_calls(emulator: Server) -> None:
    """A client with fewer connections than calls at once makes them all the same."""
    with RootSignals(emulator.api_key, base_url=emulator.url, max_connections=2) as client:
        ids = client.models.create_many(named("a", "b", "c", "d", "e"), concurrency=5)
        client.models.delete_many(ids, concurrency=5)
    assert len(set(ids)) == 5
