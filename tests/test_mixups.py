"""Async code where blocking code is needed, and the other way round: errors name what to use."""

from __future__ import annotations

import contextlib
import inspect
import pydoc
import subprocess
import sys
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Sequence,
)
from pathlib import Path
from typing import Any

import pytest

from root import AsyncRootSignals, AsyncStream, InvalidRequestError, RootSignals, Stream
from root.emulator import Server
from root.evaluators import AsyncEvaluator
from root.models import AsyncPager, Pager

KEY = "key-of-the-tests"


@pytest.fixture
def blocking() -> Any:
    """A blocking client."""
    return RootSignals(KEY, base_url="http://api.test")


@pytest.fixture
def asynchronous() -> Any:
    """An async client."""
    return AsyncRootSignals(KEY, base_url="http://api.test")


async def test_blocking_listing_is_awaited(blocking: Any) -> None:
    """`await` on a blocking listing raises a TypeError that names `for` and `alist`."""
    with pytest.raises(TypeError, match=r"^Pager is blocking: .* with `for`.*models\.alist\(\)"):
        await blocking.models.list()


async def test_async_for_over_a_blocking_listing(blocking: Any) -> None:
    """Python's own error is raised, as docs/async.md has it."""
    with pytest.raises(TypeError, match=r"requires an object with __aiter__ method, got Pager$"):
        async for _ in blocking.models.list():
            pass


STREAMS = {
    "blocking": (lambda one, _: one.request, AsyncStream, "async methods: pass schema=root.Stream"),
    "twin": (lambda one, _: one.arequest, Stream, "blocking methods: pass schema=root.AsyncStream"),
    "async": (lambda _, two: two.request, Stream, "blocking methods: pass schema=root.AsyncStream"),
}


@pytest.mark.parametrize(("method", "schema", "advice"), STREAMS.values(), ids=STREAMS)
async def test_stream_of_the_other_kind(
    blocking: Any, asynchronous: Any, method: Any, schema: type[object], advice: str
) -> None:
    """A stream of the other kind of call is refused, with the name of the right one."""
    message = f"^Nothing was sent. root.{schema.__name__} is the stream of {advice} to this method"
    with pytest.raises(InvalidRequestError, match=message):
        await method(blocking, asynchronous)("GET", "/v1/models/", schema=schema)


def test_blocking_listing_is_not_taken_for_an_async_one(blocking: Any) -> None:
    """Libraries that look for `__aiter__`, as Jinja does, find none."""
    assert not hasattr(blocking.models.list(), "__aiter__")


@pytest.mark.parametrize("use", [list, next, lambda listing: listing[0]])
def test_async_listing_in_blocking_code(asynchronous: Any, use: Callable[[Any], object]) -> None:
    """`for` over an async listing raises a TypeError that names `async for`."""
    with pytest.raises(TypeError, match=r"^AsyncPager is async: iterate over it with `async for`"):
        use(asynchronous.models.list())


async def test_async_listing_is_awaited(asynchronous: Any) -> None:
    """`await` on an async listing raises a TypeError that names `async for` and `to_dicts`."""
    with pytest.raises(TypeError, match=r"with `async for`.*await listing\.to_dicts\(\)"):
        await asynchronous.models.list()


async def test_refinement_of_the_other_kind(emulator: Server) -> None:
    """The errors of a refinement do not mention what only listings have."""
    client = RootSignals(emulator.api_key, base_url=emulator.url)
    judge = client.judges.create(name="Kind", intent="a", evaluator_references=[])
    arguments: Any = {"judge_id": judge.id, "response": "x", "stream": True}
    blocking: Any = client.judges.refine(**arguments)
    asynchronous: Any = await client.judges.arefine(**arguments)

    with blocking, pytest.raises(TypeError, match=r"^Refinement is blocking") as awaited_blocking:
        await blocking
    async with asynchronous:
        with pytest.raises(TypeError, match=r"^AsyncRefinement is async") as iterated:
            list(asynchronous)
        with pytest.raises(TypeError, match=r"^AsyncRefinement cannot be awaited") as awaited:
            await asynchronous

    for error in (awaited_blocking, iterated, awaited):
        assert "list" not in str(error.value)
    await client.aclose()


def test_twin_of_a_listing(blocking: Any) -> None:
    """What `alist` returns is an async listing."""
    with pytest.raises(TypeError, match=r"^AsyncPager is async"):
        list(blocking.models.alist())


def test_listing_with_details(blocking: Any, asynchronous: Any) -> None:
    """Listings with details raise the same errors."""
    with pytest.raises(TypeError, match="is async"):
        list(asynchronous.models.list(details=True))
    with pytest.raises(TypeError, match="is blocking"):
        blocking.models.list(details=True).__await__()


def test_with_block(asynchronous: Any) -> None:
    """`with` on an async client raises a TypeError that names `async with`."""
    with (
        pytest.raises(TypeError, match=r"^AsyncRootSignals is async: use `async with`"),
        asynchronous,
    ):
        pass


async def test_both_blocks_of_a_blocking_client(emulator: Server) -> None:
    """A blocking client has both blocks, since its async methods need to be closed, too."""
    with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        client.projects.create(name="own")
    async with RootSignals(emulator.api_key, base_url=emulator.url) as client:
        assert len([one async for one in client.projects.alist()]) == 2


def test_close(asynchronous: Any) -> None:
    """`close` of an async client raises an AttributeError that names `aclose`."""
    with pytest.raises(AttributeError, match=r"has no 'close': .*await client\.aclose\(\)"):
        asynchronous.close()


@pytest.mark.parametrize(
    ("accessor", "name", "use"),
    [
        ("models", "acreate", "`create(...)` with `await`"),
        ("models", "alist", "`list(...)` with `async for`"),
        ("evaluators", "arun", "`run(...)` with `await`"),
        ("judges", "aretrieve_many", "`retrieve_many(...)` with `await`"),
        ("evaluators.Relevance", "arun", "`run(...)` with `await`"),
        ("evaluators.versions", "alist", "`list(...)` with `await`"),
        ("judges.batches", "await_", "`wait(...)` with `await`"),
        ("", "acheck", "`check(...)` with `await`"),
        ("", "arequest", "`request(...)` with `await`"),
    ],
)
def test_prefix(asynchronous: Any, accessor: str, name: str, use: str) -> None:
    """A method with the prefix `a` does not exist on an async client; the error has the method."""
    item = asynchronous
    for part in filter(None, accessor.split(".")):
        item = getattr(item, part)

    with pytest.raises(AttributeError) as caught:
        getattr(item, name)

    assert f"has no {name!r}" in str(caught.value)
    assert use in str(caught.value)
    assert not hasattr(item, name)


def test_prefix_of_an_object() -> None:
    """The objects of an async client have no methods with the prefix either."""
    evaluator: Any = AsyncEvaluator(id="a", name="a")

    with pytest.raises(AttributeError, match=r"'AsyncEvaluator' has no 'arun'.*`run\(\.\.\.\)`"):
        evaluator.arun()
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = evaluator.nonsense


@pytest.mark.parametrize("accessor", ["models", "evaluators", "judges.batches", ""])
@pytest.mark.parametrize("name", ["nonsense", "a", "anonsense", "a_send", "_acting_class"])
def test_other_attributes(asynchronous: Any, accessor: str, name: str) -> None:
    """Other attributes that do not exist have Python's own error."""
    item = asynchronous
    for part in filter(None, accessor.split(".")):
        item = getattr(item, part)
    kind = type(item).__name__

    with pytest.raises(AttributeError, match=f"^'{kind}' object has no attribute '{name}'"):
        getattr(item, name)


def test_a_blocking_client_has_both_kinds_of_methods(blocking: Any) -> None:
    """Nothing is refused on a blocking client."""
    assert all(hasattr(blocking, name) for name in ("close", "aclose", "check", "acheck"))
    assert all(hasattr(blocking.models, name) for name in ("create", "acreate", "alist"))
    assert hasattr(blocking.evaluators.Relevance, "arun")


def test_checks_of_listings(blocking: Any, asynchronous: Any) -> None:
    """What a listing is to `isinstance` and `inspect` is what it can be used as."""
    listing, async_listing = blocking.models.list(), asynchronous.models.list()

    assert isinstance(listing, Iterable)
    assert isinstance(listing, Iterator)
    assert not isinstance(listing, (AsyncIterable, AsyncIterator))
    assert isinstance(async_listing, AsyncIterable)
    assert isinstance(async_listing, AsyncIterator)
    assert not isinstance(async_listing, (Iterable, Iterator))
    for one in (listing, async_listing):
        assert not isinstance(one, (Awaitable, Sequence))
        assert not inspect.isawaitable(one)


def test_checks_of_the_client(asynchronous: Any) -> None:
    """An async client has no `with` and no `close` to those who look."""
    assert not any(hasattr(asynchronous, name) for name in ("__enter__", "__exit__", "close"))
    assert not isinstance(asynchronous, contextlib.AbstractContextManager)
    with (
        contextlib.ExitStack() as stack,
        pytest.raises(TypeError, match="does not support the context manager protocol"),
    ):
        stack.enter_context(asynchronous)


@pytest.mark.parametrize("kind", [Pager, AsyncPager, AsyncRootSignals])
def test_help(kind: type[object]) -> None:
    """`help` can show the classes."""
    text = pydoc.plain(pydoc.render_doc(kind))

    assert "with_options" in text or "to_pandas" in text


@pytest.mark.parametrize("module", ["root._concurrency.mixups"])
def test_loaded_late(module: str) -> None:
    """What the errors need is loaded when one is raised."""
    program = (
        "import sys; from root import AsyncRootSignals, RootSignals\n"
        f"client = RootSignals({KEY!r}); client.evaluators._async.versions; client.models._async\n"
        f"AsyncRootSignals({KEY!r}).evaluators.versions\n"
        f"assert {module!r} not in sys.modules"
    )

    subprocess.run([sys.executable, "-c", program], check=True)


MISTAKES = [
    "async def f() -> None: await RootSignals().models.list()",
    "async def f() -> None:\n    async for _ in RootSignals().models.list(): pass",
    "list(AsyncRootSignals().models.list())",
    "async def f() -> None: await AsyncRootSignals().models.list()",
    "with AsyncRootSignals(): pass",
    "AsyncRootSignals().close()",
    "AsyncRootSignals().models.acreate(name='a')",
    "AsyncRootSignals().evaluators.arun('a')",
]


@pytest.mark.slow
def test_type_checkers(tmp_path: Path) -> None:
    """Type checkers report each of these mistakes."""
    api = pytest.importorskip("mypy.api")
    program = tmp_path / "mistakes.py"
    lines = "from root import AsyncRootSignals, RootSignals\n"
    for mistake in MISTAKES:
        lines += mistake.replace("def f", f"def f{lines.count('def ')}") + "\n"
    program.write_text(lines)

    report, _, _ = api.run(["--config-file=", "--no-error-summary", str(program)])

    reported = {int(line.split(":")[1]) for line in report.splitlines() if ": error:" in line}
    assert len(reported) == len(MISTAKES), report
