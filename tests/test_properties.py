"""Random calls with faults compared with a dict, and random listings."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

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

from root import NotFoundError, RootSignals, RootSignalsError
from root.emulator import Server, serve
from root.evaluators import EvaluatorExecutionResult
from root.judges import JudgeRectifierEvent
from root.models import Model
from tests.blocking_facade import KINDS, BlockingFacade

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


# Without those that take a timeout each.
QUICK_FAULTS = [fault for fault in FAULTS if fault != "hang"]


fault_lists = st.lists(st.sampled_from([*QUICK_FAULTS, None]), max_size=4)


tag_lists = st.lists(st.sampled_from("abc"), unique=True, max_size=3)


# Of a judge with one evaluator: two runs, each with the log of the evaluator.
MAX_LOGS_OF_REFINEMENT = 4


Fields = dict[str, Any]


class Faults:
    """Holds the faults of the next exchanges through the proxy."""

    def __init__(self) -> None:
        self.next: list[str | None] = []

    def __call__(self) -> str | None:
        return self.next.pop(0) if self.next else None


def fields_of(model: Model) -> Fields:
    return {name: getattr(model, name) for name in FIELDS}


class Service(RuleBasedStateMachine):
    """A client behind a faulty network, and a dict of what the service must contain."""

    kind: type[RootSignals | BlockingFacade]
    proxy: FaultyProxy
    faults: Faults
    server: Server

    ids = Bundle("ids")
    logs = Bundle("logs")

    @initialize()
    def begin(self) -> None:
        key = self.server.add_key()
        self.faults.next = []
        self.client = self.kind(key, base_url=self.proxy.url, timeout=60)
        self.direct = RootSignals(key, base_url=self.server.url)
        self.known: dict[str, Fields] = {}
        self.evaluator_id = self.direct.evaluators.Relevance.id
        judge = self.direct.judges.create(
            name="judge", intent="a", evaluator_references=[{"id": self.evaluator_id}]
        )
        self.judge_id = judge.id
        # The tags of each log, and the file of each data set.
        self.tags: dict[str, list[str]] = {}
        self.files: dict[str, bytes] = {}

    def teardown(self) -> None:
        self.faults.next = []
        for client in (getattr(self, "client", None), getattr(self, "direct", None)):
            if client is not None:
                client.close()

    def attempt(self, call: Callable[[], object], script: list[str | None]) -> bool | None:
        """Return whether a call succeeded; None if it failed and may have been processed."""
        self.faults.next = list(script)
        try:
            call()
        except RootSignalsError as error:
            return None if error.may_have_been_processed else False
        finally:
            self.faults.next = []
        return True

    def read_all(self) -> dict[str, Fields]:
        """Return what the service contains, read without faults."""
        found: dict[str, Fields] = {}
        for model in self.direct.models.list(limit=None, page_size=50):
            if model.visibility == "PUBLIC":
                break
            found[model.id] = fields_of(self.direct.models.retrieve(model.id))
        return found

    @rule(target=ids, name=names, fields=changes, script=fault_lists)
    def create(self, name: str, fields: Fields, script: list[str | None]) -> str:
        created: list[str] = []
        succeeded = self.attempt(
            lambda: created.append(self.client.models.create(name=name, **fields)), script
        )
        expected = {**DEFAULTS, "name": name, "model": name, **fields}
        new = {id_: model for id_, model in self.read_all().items() if id_ not in self.known}
        # Never twice, and with the fields that were sent.
        assert len(new) in ({True: {1}, False: {0}, None: {0, 1}}[succeeded])
        assert all(model == expected for model in new.values())
        assert succeeded is not True or created == list(new)
        self.known |= new
        return next(iter(new), "00000000-0000-0000-0000-000000000000")

    def change(self, model_id: str, succeeded: bool | None, new: Fields) -> None:
        """Check what the service has made of a change."""
        if model_id not in self.known:
            assert succeeded is False or succeeded is None
            return
        found = fields_of(self.direct.models.retrieve(model_id))
        old = self.known[model_id]
        assert found in {True: [new], False: [old], None: [old, new]}[succeeded]
        self.known[model_id] = found

    @rule(model_id=ids, fields=patches, script=fault_lists)
    def update(self, model_id: str, fields: Fields, script: list[str | None]) -> None:
        succeeded = self.attempt(lambda: self.client.models.update(model_id, **fields), script)
        self.change(model_id, succeeded, self.known.get(model_id, {}) | fields)

    @rule(model_id=ids, name=names, fields=changes, script=fault_lists)
    def replace(self, model_id: str, name: str, fields: Fields, script: list[str | None]) -> None:
        succeeded = self.attempt(
            lambda: self.client.models.replace(model_id, name=name, **fields), script
        )
        self.change(model_id, succeeded, {**DEFAULTS, "name": name, "model": name, **fields})

    @rule(model_id=consumes(ids), script=fault_lists)
    def delete(self, model_id: str, script: list[str | None]) -> None:
        succeeded = self.attempt(lambda: self.client.models.delete(model_id), script)
        is_there = model_id in self.read_all()
        if model_id in self.known:
            assert is_there in {True: [False], False: [True], None: [True, False]}[succeeded]
            if not is_there:
                del self.known[model_id]
        else:
            assert not is_there

    @rule(model_id=ids, script=fault_lists)
    def retrieve(self, model_id: str, script: list[str | None]) -> None:
        found: list[Model] = []
        succeeded = self.attempt(
            lambda: found.append(self.client.models.retrieve(model_id)), script
        )
        # Reading changes nothing, so it cannot have been processed.
        assert succeeded is not None
        for model in found:
            assert fields_of(model) == self.known[model_id]

    @rule(page_size=st.integers(1, 5), prefetch=st.booleans(), script=fault_lists)
    def list_models(self, page_size: int, prefetch: bool, script: list[str | None]) -> None:
        limit = len(self.known) or 1
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
                # An error has the cursor to continue from.
                cursor = error.cursor
        self.faults.next = []
        if self.known:
            assert found == list(reversed(self.known))

    def new_logs(self) -> dict[str, list[str]]:
        """Return the tags of the logs that are not known, read without faults."""
        logs = self.direct.execution_logs.list(limit=None)
        return {log.id: list(log.tags or []) for log in logs if log.id not in self.tags}

    @rule(target=logs, text=names, tags=tag_lists, script=fault_lists)
    def run(self, text: str, tags: list[str], script: list[str | None]) -> str:
        results: list[EvaluatorExecutionResult] = []
        succeeded = self.attempt(
            lambda: results.append(
                self.client.evaluators.run(self.evaluator_id, response=text, tags=tags)
            ),
            script,
        )
        new = self.new_logs()
        # Never paid twice.
        assert len(new) in {True: {1}, False: {0}, None: {0, 1}}[succeeded]
        assert all(found == tags for found in new.values())
        assert [result.execution_log_id for result in results] == (list(new) if succeeded else [])
        self.tags |= new
        return next(iter(new), "00000000-0000-0000-0000-000000000000")

    @rule(log_id=logs, tags=tag_lists, script=fault_lists)
    def set_tags(self, log_id: str, tags: list[str], script: list[str | None]) -> None:
        succeeded = self.attempt(
            lambda: self.client.execution_logs.set_tags([log_id], tags=tags), script
        )
        if log_id in self.tags:
            found = list(self.direct.execution_logs.get(log_id).tags or [])
            old = self.tags[log_id]
            assert found in {True: [tags], False: [old], None: [old, tags]}[succeeded]
            self.tags[log_id] = found

    @rule(text=names, script=fault_lists)
    def refine(self, text: str, script: list[str | None]) -> None:
        events: list[JudgeRectifierEvent] = []

        def call() -> None:
            stream = self.client.judges.refine(self.judge_id, response=text, stream=True)
            try:
                events.extend(stream)
            finally:
                stream.close()

        succeeded = self.attempt(call, script)
        new = self.new_logs()
        # A judge is run for the original and once for the refined response.
        assert len(new) <= (0 if succeeded is False else MAX_LOGS_OF_REFINEMENT)
        assert succeeded is not True or events[-1].improved_response is not None
        assert all(event.original_response == text for event in events)
        self.tags |= new

    @rule(content=st.binary(max_size=300), script=fault_lists)
    def upload(self, content: bytes, script: list[str | None]) -> None:
        created: list[str] = []
        succeeded = self.attempt(
            lambda: created.append(self.client.datasets.create(file=io.BytesIO(content)).id),
            script,
        )
        ids = [found.id for found in self.direct.datasets.list(limit=None)]
        new = [id_ for id_ in ids if id_ not in self.files]
        # Never twice, and whole.
        assert len(new) in {True: {1}, False: {0}, None: {0, 1}}[succeeded]
        assert all(self.direct.datasets.download(id_) == content for id_ in new)
        assert created == (new if succeeded else [])
        self.files |= dict.fromkeys(new, content)

    @invariant()
    def contains_everything(self) -> None:
        if hasattr(self, "known"):
            assert self.read_all() == self.known


@pytest.mark.parametrize(
    "examples",
    [pytest.param(6, id="6 examples"), pytest.param(25, id="25 examples", marks=pytest.mark.slow)],
)
@pytest.mark.parametrize("kind", KINDS)
def test_calls_and_faults(kind: str, examples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """After any calls and faults, the service contains what the client has reported."""
    monkeypatch.setattr("root._sync.transport.sleep", lambda _: None)
    monkeypatch.setattr("root._async.transport.async_sleep", lambda _: asyncio.sleep(0))
    faults = Faults()
    with serve() as server, FaultyProxy(server.port, faults) as proxy:
        Service.kind = KINDS[kind]
        Service.server, Service.proxy, Service.faults = server, proxy, faults
        run_state_machine_as_test(
            Service,
            settings=settings(max_examples=examples, stateful_step_count=12),
        )
        # A few examples need not have all of them.
        assert set(proxy.faults) - {"none"}
        assert examples < 25 or set(QUICK_FAULTS) <= set(proxy.faults)


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
    """A listing during changes has each unchanged object once, in order, up to its limit."""
    server = servers[style]
    with RootSignals(server.add_key(), base_url=server.url) as client:
        # These sort after the names of the catalogue: in descending order, they come first.
        ids = [client.models.create(name=f"~{n:03}") for n in range(number)]
        unchanged = {id_: f"~{n:03}" for n, id_ in enumerate(ids)}
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
                    unchanged.pop(ids[which], None)
                elif ids[which] in unchanged:
                    client.models.update(ids[which], max_token_count=which)
    assert len(found) == len(set(found))
    assert len(found) == limit or limit > number
    expected = list(reversed(unchanged))
    listed = [id_ for id_ in found if id_ in unchanged]
    # All of them in their order, up to the limit.
    assert listed == expected[: len(listed)]
    assert len(listed) == len(expected) or len(found) == limit
