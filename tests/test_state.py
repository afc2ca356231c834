"""Random calls and faults beside a plain dict, random listings, and answers of every kind."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from soak import FAULTS, FaultyProxy

from root import AsyncRootSignals, NotFoundError, RootSignals, RootSignalsError
from root.emulator import Server, serve
from root.models import AsyncPager, Model, Page

from .wire import Wire

FIELDS = ("name", "model", "max_output_token_count", "max_token_count", "url")
DEFAULTS = {"max_output_token_count": 2048, "max_token_count": None, "url": None}

names = st.text("abcäß /", min_size=1, max_size=8).filter(lambda text: text == text.strip() != "")
changes = st.fixed_dictionaries(
    {},
    optional={
        "model": names,
        "max_output_token_count": st.integers(800, 10_000),
        "max_token_count": st.integers(0, 10_000),
        "url": names,
    },
)
patches = st.fixed_dictionaries(
    {},
    optional={
        "name": names,
        "model": names,
        "max_output_token_count": st.integers(800, 10_000),
        "max_token_count": st.none() | st.integers(0, 10_000),
        "url": st.none() | names,
    },
).filter(bool)
# Without those that would take a time-out each.
QUICK_FAULTS = [fault for fault in FAULTS if fault != "hang"]
breakages = st.lists(st.sampled_from([*QUICK_FAULTS, None]), max_size=4)

Fields = dict[str, Any]


class Faults:
    """Holds what the proxy is to do to the next exchanges."""

    def __init__(self) -> None:
        self.next: list[str | None] = []

    def __call__(self) -> str | None:
        return self.next.pop(0) if self.next else None


def fields_of(model: Model) -> Fields:
    return {name: getattr(model, name) for name in FIELDS}


T = TypeVar("T")


class OnLoop:
    """An async client whose calls are made one by one, each running its event loop to its end."""

    def __init__(self, key: str, **options: Any) -> None:
        self._client = AsyncRootSignals(key, **options)
        self._loop = asyncio.new_event_loop()
        self.models = self

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client.models, name)
        return lambda *arguments, **options: self._loop.run_until_complete(
            method(*arguments, **options)
        )

    def list(self, **options: Any) -> PagerOnLoop:
        return PagerOnLoop(self._client.models.list(**options), self._loop)

    def close(self) -> None:
        self._loop.run_until_complete(self._client.aclose())
        self._loop.close()


class PagerOnLoop:
    """A listing of an async client, read in the same way."""

    def __init__(self, pager: AsyncPager, loop: asyncio.AbstractEventLoop) -> None:
        self._pager = pager
        self._loop = loop

    def __iter__(self) -> Iterator[Model]:
        return self._each(aiter(self._pager))

    def pages(self) -> Iterator[Page]:
        return self._each(aiter(self._pager.pages()))

    def _each(self, found: AsyncIterator[T]) -> Iterator[T]:
        with suppress(StopAsyncIteration):
            while True:
                yield self._loop.run_until_complete(anext(found))


KINDS: dict[str, type[RootSignals | OnLoop]] = {"blocking": RootSignals, "async": OnLoop}


class Service(RuleBasedStateMachine):
    """A client behind a faulty network beside a dict of what the service must hold."""

    kind: type[RootSignals | OnLoop]
    proxy: FaultyProxy
    faults: Faults
    server: Server
    stack: ExitStack

    ids = Bundle("ids")

    @initialize()
    def begin(self) -> None:
        key = self.server.add_key()
        self.faults.next = []
        self.client = self.kind(key, base_url=self.proxy.url, timeout=5)
        self.direct = RootSignals(key, base_url=self.server.url)
        self.held: dict[str, Fields] = {}

    def teardown(self) -> None:
        self.faults.next = []
        for client in (getattr(self, "client", None), getattr(self, "direct", None)):
            if client is not None:
                client.close()

    def attempt(self, call: Callable[[], object], script: list[str | None]) -> bool | None:
        """Return whether a call was done; None if the error says that it may have been."""
        self.faults.next = list(script)
        try:
            call()
        except RootSignalsError as error:
            return None if error.may_have_been_processed else False
        finally:
            self.faults.next = []
        return True

    def own(self) -> dict[str, Fields]:
        """Return what the service holds, seen without faults."""
        found: dict[str, Fields] = {}
        for model in self.direct.models.list(limit=None, page_size=50):
            if model.visibility == "PUBLIC":
                break
            found[model.id] = fields_of(self.direct.models.retrieve(model.id))
        return found

    @rule(target=ids, name=names, fields=changes, script=breakages)
    def create(self, name: str, fields: Fields, script: list[str | None]) -> str:
        made: list[str] = []
        done = self.attempt(
            lambda: made.append(self.client.models.create(name=name, **fields)), script
        )
        expected = {**DEFAULTS, "name": name, "model": name, **fields}
        new = {id_: held for id_, held in self.own().items() if id_ not in self.held}
        # Never twice, and what is there is what was asked for.
        assert len(new) in ({True: {1}, False: {0}, None: {0, 1}}[done])
        assert all(held == expected for held in new.values())
        assert done is not True or made == list(new)
        self.held |= new
        return next(iter(new), "00000000-0000-0000-0000-000000000000")

    def change(self, model_id: str, done: bool | None, new: Fields) -> None:
        """Settle what a change came to."""
        if model_id not in self.held:
            assert done is False or done is None
            return
        found = fields_of(self.direct.models.retrieve(model_id))
        old = self.held[model_id]
        assert found in {True: [new], False: [old], None: [old, new]}[done]
        self.held[model_id] = found

    @rule(model_id=ids, fields=patches, script=breakages)
    def update(self, model_id: str, fields: Fields, script: list[str | None]) -> None:
        done = self.attempt(lambda: self.client.models.update(model_id, **fields), script)
        self.change(model_id, done, self.held.get(model_id, {}) | fields)

    @rule(model_id=ids, name=names, fields=changes, script=breakages)
    def replace(self, model_id: str, name: str, fields: Fields, script: list[str | None]) -> None:
        done = self.attempt(
            lambda: self.client.models.replace(model_id, name=name, **fields), script
        )
        self.change(model_id, done, {**DEFAULTS, "name": name, "model": name, **fields})

    @rule(model_id=consumes(ids), script=breakages)
    def delete(self, model_id: str, script: list[str | None]) -> None:
        done = self.attempt(lambda: self.client.models.delete(model_id), script)
        still_there = model_id in self.own()
        if model_id in self.held:
            assert still_there in {True: [False], False: [True], None: [True, False]}[done]
            if not still_there:
                del self.held[model_id]
        else:
            assert not still_there

    @rule(model_id=ids, script=breakages)
    def retrieve(self, model_id: str, script: list[str | None]) -> None:
        found: list[Model] = []
        done = self.attempt(lambda: found.append(self.client.models.retrieve(model_id)), script)
        # Looking changes nothing, so there is nothing that may have been done.
        assert done is not None
        for model in found:
            assert fields_of(model) == self.held[model_id]

    @rule(page_size=st.integers(1, 5), prefetch=st.booleans(), script=breakages)
    def list(self, page_size: int, prefetch: bool, script: list[str | None]) -> None:
        limit = len(self.held) or 1
        found: list[str] = []
        cursor = None
        self.faults.next = list(script)
        for _ in range(5):
            pager = self.client.models.list(
                limit=limit - len(found), page_size=page_size, cursor=cursor, prefetch=prefetch
            )
            try:
                for page in pager.pages():
                    found += [model.id for model in page]
                break
            except RootSignalsError as error:
                # An error says where to go on.
                cursor = error.cursor
        self.faults.next = []
        if self.held:
            assert found == list(reversed(self.held))

    @invariant()
    def all_is_there(self) -> None:
        if hasattr(self, "held"):
            assert self.own() == self.held


@pytest.mark.parametrize("kind", KINDS)
def test_calls_and_faults(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is called and whatever breaks, the service holds what the client says it does."""
    monkeypatch.setattr("root._sync.transport.sleep", lambda _: None)
    monkeypatch.setattr("root._async.transport.async_sleep", lambda _: asyncio.sleep(0))
    broken = Faults()
    with serve() as server, FaultyProxy(server.port, broken) as proxy:
        Service.kind = KINDS[kind]
        Service.server, Service.proxy, Service.faults = server, proxy, broken
        run_state_machine_as_test(
            Service,
            settings=settings(max_examples=25, stateful_step_count=12),
        )
        assert set(QUICK_FAULTS) <= set(proxy.faults)


@pytest.fixture(scope="module")
def servers() -> Iterator[list[Server]]:
    """Emulators with small pages, one for each form of `next`."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(serve(page_size_cap=7, next_style=style))
            for style in ("absolute", "relative", "cursor")
        ]


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    style=st.integers(0, 2),
    number=st.integers(0, 25),
    limit=st.integers(0, 40),
    page_size=st.none() | st.integers(1, 20),
    ordering=st.sampled_from([None, "-created_at", "-name"]),
    prefetch=st.booleans(),
    changes=st.lists(
        st.tuples(st.sampled_from(["create", "delete", "update"]), st.integers(0, 24)), max_size=12
    ),
)
def test_listings_and_changes(
    servers: list[Server],
    style: int,
    number: int,
    limit: int,
    page_size: int | None,
    ordering: str | None,
    prefetch: bool,
    changes: list[tuple[str, int]],
) -> None:
    """A listing under changes lists what stays exactly once and in order, up to its limit."""
    server = servers[style]
    with RootSignals(server.add_key(), base_url=server.url) as client:
        # These sort after the catalogue's names, so that they are first from behind.
        ids = [client.models.create(name=f"~{n:03}") for n in range(number)]
        stay = {id_: f"~{n:03}" for n, id_ in enumerate(ids)}
        found: list[str] = []
        for model in client.models.list(
            limit=limit, page_size=page_size, ordering=ordering, prefetch=prefetch
        ):
            found.append(model.id)
            if not changes:
                continue
            kind, which = changes.pop()
            if kind == "create":
                client.models.create(name=f"~{which:03} new {len(changes)}")
            elif which < number:
                if kind == "delete":
                    with suppress(NotFoundError):
                        client.models.delete(ids[which])
                    stay.pop(ids[which], None)
                elif ids[which] in stay:
                    client.models.update(ids[which], max_token_count=which)
    assert len(found) == len(set(found))
    assert len(found) == limit or limit > number
    expected = list(reversed(stay))
    listed = [id_ for id_ in found if id_ in stay]
    # All of them in their order, cut where the limit is.
    assert listed == expected[: len(listed)]
    assert len(listed) == len(expected) or len(found) == limit


MODEL: Fields = {
    "id": "9b2f",
    "name": "a",
    "model": "b",
    "max_output_token_count": 2048,
    "max_token_count": None,
    "url": "http://a",
    "owner": {"email": "a@b", "full_name": "A"},
    "provider": {"id": "1", "name": "p", "is_gdpr_compliant": True},
    "visibility": "PUBLIC",
}
PAGE: Fields = {"next": None, "previous": None, "results": [MODEL, MODEL]}
VERIFICATION: Fields = {"success": True, "model": "a", "response": "b", "usage": {"tokens": 1}}

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text()
    | st.sampled_from(["", "http://[", "?cursor=a", "http://127.0.0.1:99999/?cursor=a", "a\nb"])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@st.composite
def disturbed(draw: st.DrawFn) -> bytes:
    """A good answer with something else in a random place."""
    whole: Any = copy.deepcopy(draw(st.sampled_from([MODEL, PAGE, VERIFICATION])))
    for _ in range(draw(st.integers(0, 3))):
        place = whole
        while True:
            keys: list[Any] = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(place[key], (dict, list)) and draw(st.booleans()):
                place = place[key]
                continue
            place[key] = draw(values)
            break
    text = json.dumps(whole, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    return text[: draw(st.sampled_from([len(text), len(text) // 2, len(text) - 1]))]


bodies = (
    st.binary(max_size=200)
    | disturbed()
    | values.map(lambda value: json.dumps(value).encode())
    | st.sampled_from(
        [
            b"",
            b"[" * 100_000,
            b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
            b'{"id": NaN, "name": "a"}',
            b'{"id": "a", "name": "b", "max_token_count": 1e999}',
            b'{"id": "a", "name": "b", "max_token_count": ' + b"9" * 5000 + b"}",
            b'{"id": "a", "id": "b", "name": "c", "name": "d"}',
            b'{"id": "a", "name": "\\ud800"}',
            b'{"detail": "\\ud800"}',
            b'{"detail": {"detail": [[[]]]}}',
            b"\xef\xbb\xbf" + json.dumps(MODEL).encode(),
            json.dumps(MODEL).encode("utf-16"),
            b"<html>" + b"x" * 10_000,
            b'{"next": "?cursor=%ff%00", "results": []}',
            b'{"next": "http://\xe2\x84\x80/?cursor=a", "results": []}',
            b"null",
            b'"text"',
        ]
    )
)
headers = st.sampled_from(
    [
        b"",
        b"Content-Type: application/json; charset=nonsense\r\n",
        b"Content-Type: \xff\r\n",
        b"Content-Encoding: gzip\r\n",
        b"Content-Encoding: br, gzip\r\n",
        b"Retry-After: 99999999999999999999\r\n",
        b"Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\nDate: Mon, 01 Jan 0001 00:00:00 +2359\r\n",
        b"Retry-After: nan\r\nX-Request-Id: \xe4\r\n",
        b"Location: http://[\r\n",
        b"Location: /v1/models/\xe4/\r\n",
    ]
)


def everything(client: RootSignals | OnLoop) -> list[Callable[[], object]]:
    models = client.models
    return [
        lambda: models.create(name="a"),
        lambda: models.retrieve("a"),
        lambda: models.update("a", name="b"),
        lambda: models.replace("a", name="b"),
        lambda: models.delete("a"),
        lambda: models.verify(model="a"),
        lambda: list(models.list(limit=5)),
        lambda: list(models.list(limit=5, prefetch=True).pages()),
    ]


@pytest.fixture(scope="module", params=KINDS)
def talker(request: pytest.FixtureRequest) -> Iterator[tuple[RootSignals | OnLoop, list[bytes]]]:
    """A client, and what its server answers to everything."""
    said = [b""]

    def step(sock: socket.socket) -> bool:
        sock.sendall(said[0])
        return True

    with Wire([step]) as wire:
        kind = KINDS[request.param]
        client = kind("key-of-the-tests", base_url=wire.url, timeout=5, max_retries=0)
        yield client, said
        client.close()


@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(
    body=bodies,
    status=st.sampled_from([200, 200, 200, 201, 204, 206, 299, 301, 304, 400, 404, 429, 500, 503])
    | st.integers(200, 999),
    header=headers,
)
def test_answers_of_every_kind(
    talker: tuple[RootSignals | OnLoop, list[bytes]], body: bytes, status: int, header: bytes
) -> None:
    """Whatever a server answers, it is a result or an error of ours, and both pickle."""
    client, said = talker
    length = b"" if status in (204, 304) else b"Content-Length: %d\r\n" % len(body)
    content = b"" if status in (204, 304) else body
    said[0] = b"HTTP/1.1 %d Said\r\n%s%s\r\n%s" % (status, header, length, content)
    for call in everything(client):
        result = outcome(call)
        returned = pickle.loads(pickle.dumps(result))
        if isinstance(result, RootSignalsError):
            assert "key-of-the-tests" not in f"{result}{result!r}{vars(result)}"
            assert str(returned) == str(result)
            continue
        assert returned == result or "nan" in repr(result).lower()
        for model in result if isinstance(result, list) else [result]:
            if isinstance(model, Model):
                assert type(model.id) is type(model.name) is str


def outcome(call: Callable[[], object]) -> object:
    """Return what a call returns, or the error of ours that it raises."""
    try:
        return call()
    except RootSignalsError as error:
        return error
