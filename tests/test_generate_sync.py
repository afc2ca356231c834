"""The generator of the sync twins, on small trees of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from generate_sync import RefusedError, main, make_twin, sync_name, translate_prose

SOURCE = '''\
"""A client."""

from collections.abc import AsyncIterator

from root._async.models import AsyncModels
from root._concurrency import async_sleep


class AsyncClient:
    """A client."""

    async def items(self, models: AsyncModels) -> AsyncIterator[str]:
        """Yield the items."""
        async with self.pool:
            await async_sleep(1)
        async for item in models.list():
            yield item
'''

TWIN = '''\
# Generated from src/root/_async/client.py by scripts/generate_sync.py. Do not edit.
"""A client."""

from collections.abc import Iterator

from root._concurrency import sleep
from root._sync.models import Models


class Client:
    """A client."""

    def items(self, models: Models) -> Iterator[str]:
        """Yield the items."""
        with self.pool:
            sleep(1)
        for item in models.list():
            yield item
'''

SETTINGS = """\
[tool.ruff]
line-length = 100
lint.isort.known-first-party = ["root"]
"""

PYPROJECT = Path("pyproject.toml")
ASYNC = Path("src/root/_async/client.py")
SYNC = Path("src/root/_sync/client.py")

Run = Callable[..., int]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A project with one source and its fresh twin."""
    for path, text in ((ASYNC, SOURCE), (SYNC, TWIN), (PYPROJECT, SETTINGS)):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def run(tree: Path) -> Run:
    """The script, run on that project; its exit code."""
    return lambda *arguments: main(["--root", str(tree), *arguments])


def twin_of(source: str) -> str:
    """Return the twin of a source without its header."""
    twin = make_twin(source, source_path="source.py", twin=Path("/nowhere/source.py"))
    return twin.partition("\n")[2]


def test_check_passes_fresh_twins(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """A fresh twin passes the check without a word."""
    assert run("--check") == 0
    assert capsys.readouterr() == ("", "")


def test_check_fails_on_stale_twin(
    run: Run, tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A twin that says something else fails the check, which shows the difference."""
    stale = TWIN.replace("sleep(1)", "sleep(2)")
    (tree / SYNC).write_text(stale, encoding="utf-8")

    assert run("--check") == 1

    assert "-            sleep(2)\n+            sleep(1)\n" in capsys.readouterr().out
    assert (tree / SYNC).read_text(encoding="utf-8") == stale


def test_check_fails_on_missing_twin(run: Run, tree: Path) -> None:
    """A source without a twin fails the check, which does not write one."""
    (tree / SYNC).unlink()

    assert run("--check") == 1

    assert not (tree / SYNC).exists()


@pytest.mark.parametrize("text", [TWIN, ""], ids=["full", "empty"])
def test_check_fails_on_orphan(
    run: Run, tree: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    """A twin without a source fails the check, which names it and leaves it."""
    orphan = tree / "src/root/_sync/orphan.py"
    orphan.write_text(text, encoding="utf-8")

    assert run("--check") == 1

    assert "src/root/_sync/orphan.py has no source" in capsys.readouterr().out
    assert orphan.exists()


@pytest.mark.parametrize("arguments", [[], ["--check"]], ids=["plain", "check"])
def test_leftover_await_is_refused(
    run: Run, tree: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """A text that is not true of the twin is refused with its line, and nothing is written."""
    (tree / ASYNC).write_text(SOURCE + "\n# Callers await it.\n", encoding="utf-8")

    assert run(*arguments) == 1

    assert "src/root/_async/client.py:19: 'await' is not true" in capsys.readouterr().err
    assert (tree / SYNC).read_text(encoding="utf-8") == TWIN


def test_plain_run_rewrites_stale_and_missing_twins(run: Run, tree: Path) -> None:
    """The plain run writes what the check then passes, in the folders of the tests too."""
    (tree / SYNC).write_text("stale\n", encoding="utf-8")
    (tree / "tests/_async/deep").mkdir(parents=True)
    (tree / "tests/_async/deep/test_x.py").write_text("async def test_x(): ...\n")

    assert run() == 0

    assert (tree / SYNC).read_text(encoding="utf-8") == TWIN
    assert "def test_x" in (tree / "tests/_sync/deep/test_x.py").read_text(encoding="utf-8")
    assert run("--check") == 0


def test_plain_run_deletes_orphans(run: Run, tree: Path) -> None:
    """The plain run deletes a twin without a source, and nothing else."""
    orphan = tree / "src/root/_sync/orphan.py"
    orphan.write_text(TWIN, encoding="utf-8")

    assert run() == 0

    assert not orphan.exists()
    assert (tree / ASYNC).read_text(encoding="utf-8") == SOURCE
    assert (tree / SYNC).read_text(encoding="utf-8") == TWIN


def test_second_run_writes_nothing(run: Run, tree: Path) -> None:
    """A run after a run touches no file."""
    run()
    before = (tree / SYNC).stat().st_mtime_ns

    assert run() == 0

    assert (tree / SYNC).stat().st_mtime_ns == before


def test_tree_without_sources_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder without any source is a mistake, not a project whose twins are all fresh."""
    assert main(["--root", str(tmp_path), "--check"]) == 1
    assert "holds no async source" in capsys.readouterr().err


def test_project_settings_are_used(run: Run, tree: Path) -> None:
    """Twins are formatted by the settings of the project they belong to."""
    (tree / PYPROJECT).write_text(SETTINGS.replace("100", "40"), encoding="utf-8")

    assert run() == 0

    assert "self, models: Models\n" in (tree / SYNC).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("AsyncRootSignals", "RootSignals"),
        ("_AsyncPool", "_Pool"),
        ("async_sleep", "sleep"),
        ("_async_lock", "_lock"),
        ("_async", "_sync"),
        ("aclose", "close"),
        ("_aclose", "_close"),
        ("__aenter__", "__enter__"),
        ("__anext__", "__next__"),
        ("anext", "next"),
        ("asynccontextmanager", "contextmanager"),
        ("AbstractAsyncContextManager", "AbstractContextManager"),
        ("AsyncExitStack", "ExitStack"),
        ("AsyncHTTPConnection", "HTTPConnection"),
        ("AsyncNetworkStream", "NetworkStream"),
        ("AsyncByteStream", "SyncByteStream"),
        ("handle_async_request", "handle_request"),
        ("StopAsyncIteration", "StopIteration"),
        ("Model", "Model"),
        ("asyncio", "asyncio"),
    ],
)
def test_sync_name(name: str, expected: str) -> None:
    """Each name has one name in the twin, and keeps it when renamed again."""
    assert sync_name(name) == expected
    assert sync_name(expected) == expected


@pytest.mark.parametrize(
    ("prose", "expected"),
    [
        ("await client.models.retrieve(1)", "client.models.retrieve(1)"),
        ("async with AsyncRootSignals() as client:", "with RootSignals() as client:"),
        ("async for model in client.models.list():", "for model in client.models.list():"),
        ("    async def f(): ...", "    def f(): ..."),
        ("Use `async with`, then `aclose()`.", "Use `with`, then `close()`."),
        ("Use it in an `async with` block.", "Use it in a `with` block."),
        ('"root._async.client.async_sleep"', '"root._sync.client.sleep"'),
        (r'"\naclose"', r'"\nclose"'),
        ("Callers await the answer.", "Callers await the answer."),
    ],
)
def test_translate_prose(prose: str, expected: str) -> None:
    """Comments and strings get sync names and lose the keywords of code they show."""
    assert translate_prose(prose) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('f"{AsyncModels.name} {{AsyncModels}}"', 'f"{Models.name} {{Models}}"'),
        ('f"{await fetch(1)!r:>{self.async_width}}"', 'f"{fetch(1)!r:>{self.width}}"'),
        ("f\"a {f'{async_sleep} b'} c\"", "f\"a {f'{sleep} b'} c\""),
        ('"a" f"{x}" "AsyncModels"', '"a" f"{x}" "Models"'),
        ('rf"\\w{AsyncModels}"', 'rf"\\w{Models}"'),
        ('f"""\n{AsyncModels}\n"""', 'f"""\n{Models}\n"""'),
    ],
)
def test_f_strings(code: str, expected: str) -> None:
    """An f-string is translated as a whole, the same on every Python."""
    expected = twin_of(f"x = {expected}\n")  # formatted by the same ruff

    assert twin_of(f"x = {code}\n") == expected
    assert "async" not in expected.lower()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("x = [y async for y in z]", "x = [y for y in z]"),
        ("x: Callable[[], Awaitable[list[int]]]", "x: Callable[[], list[int]]"),
        ("x: Callable[[], str | Awaitable[str]]", "x: Callable[[], str]"),
        ("async with AsyncLock() as a, b():\n    pass", "with Lock() as a, b():\n    pass"),
        (
            "from a import AsyncZ, B, Y\n\nprint(B, AsyncZ, Y)",
            "from a import B, Y, Z\n\nprint(B, Z, Y)",
        ),
        ("from a import Awaitable, B\n\nx: Awaitable[B]", "from a import B\n\nx: B"),
        ('__all__ = ["AsyncB", "A"]', '__all__ = ["A", "B"]'),
        ("def f(run_async: bool): ...", "def f(run_async: bool): ..."),
    ],
)
def test_code(code: str, expected: str) -> None:
    """Code loses its keywords, has the names of the twin, and imports in order."""
    assert twin_of(f"{code}\n") == f"{expected}\n"


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("import asyncio\n\nasyncio.run()", "asyncio"),
        ("import trio\n\ntrio.run()", "trio"),
        ("import anyio\n\nanyio.run()", "anyio"),
        ("@pytest.mark.asyncio\nasync def test(): ...", "asyncio"),
        ("x = is_async()", "is_async"),
        ("x = isinstance(y, Awaitable)", "Awaitable"),
        ("x = inspect.iscoroutine(y)", "iscoroutine"),
        ("def test_async_client(): ...", "test_async_client"),
        ("x = f'{(await y).z}'", "await"),
        ('"""An asynchronous client."""', "asynchronous"),
        ("# The async client.", "async"),
        ("x = 'awaited'", "awaited"),
        ("class X:\n    def __await__(self): ...", "__await__"),
    ],
)
def test_leftovers_are_refused(code: str, word: str) -> None:
    """Whatever still speaks of async in the twin is named and refused."""
    with pytest.raises(RefusedError, match=f"'{word}'"):
        twin_of(f"{code}\n")


def test_colliding_arguments_are_refused() -> None:
    """Two arguments that become one are refused: the twin would not parse."""
    with pytest.raises(RefusedError, match="does not parse"):
        twin_of("def f(http_client, async_http_client): ...\n")


def test_every_problem_is_told_at_once(
    run: Run, tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All sources are read before anything is refused."""
    for name in ("a.py", "b.py"):
        (tree / ASYNC).with_name(name).write_text("# async\n", encoding="utf-8")

    assert run() == 1

    errors = capsys.readouterr().err
    assert "_async/a.py:1:" in errors
    assert "_async/b.py:1:" in errors


def test_twins_whose_sources_are_gone(tmp_path: Path) -> None:
    """Twins are not all deleted because the folder of their sources is not where it was."""
    twin = tmp_path / "src/root/_sync/a.py"
    twin.parent.mkdir(parents=True)
    twin.write_text("A = 1\n", encoding="utf-8")

    assert main(["--root", str(tmp_path)]) == 1
    assert twin.exists()
