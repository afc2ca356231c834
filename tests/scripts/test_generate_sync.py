"""Tests of scripts/generate_sync.py on small source trees."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from generate_twins import TwinError

from generate_sync import main, make_twin, sync_name, translate_prose

SOURCE = '''\
"""A client."""

from collections.abc import AsyncIterator

from root._async.models import AsyncModels
from root._concurrency.waiting import async_sleep


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

from root._concurrency.waiting import sleep
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
    """A project with one source and its current twin."""
    for path, text in ((ASYNC, SOURCE), (SYNC, TWIN), (PYPROJECT, SETTINGS)):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def run(tree: Path) -> Run:
    """Run the script on the project and return its exit code."""
    return lambda *arguments: main(["--root", str(tree), *arguments])


def twin_of(source: str) -> str:
    """Return the twin of a source without its header."""
    twin = make_twin(source, source_path="source.py", twin=Path("/nowhere/source.py"))
    return twin.partition("\n")[2]


def test_check_passes_for_current_twins(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """The check passes for a current twin and prints nothing."""
    assert run("--check") == 0
    assert capsys.readouterr() == ("", "")


def test_check_fails_on_stale_twin(
    run: Run, tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The check fails for a stale twin and prints the difference."""
    stale = TWIN.replace("sleep(1)", "sleep(2)")
    (tree / SYNC).write_text(stale, encoding="utf-8")

    assert run("--check") == 1

    assert "-            sleep(2)\n+            sleep(1)\n" in capsys.readouterr().out
    assert (tree / SYNC).read_text(encoding="utf-8") == stale


def test_check_fails_on_missing_twin(run: Run, tree: Path) -> None:
    """The check fails for a source without a twin and does not write the twin."""
    (tree / SYNC).unlink()

    assert run("--check") == 1

    assert not (tree / SYNC).exists()


@pytest.mark.parametrize("text", [TWIN, ""], ids=["full", "empty"])
def test_check_fails_on_orphan(
    run: Run, tree: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    """The check fails for a twin without a source, and prints its path without deleting it."""
    orphan = tree / "src/root/_sync/orphan.py"
    orphan.write_text(text, encoding="utf-8")

    assert run("--check") == 1

    assert "src/root/_sync/orphan.py has no source" in capsys.readouterr().out
    assert orphan.exists()


@pytest.mark.parametrize("arguments", [[], ["--check"]], ids=["plain", "check"])
def test_leftover_await_is_rejected(
    run: Run, tree: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """Prose that is not true for the twin is rejected with its line, and nothing is written."""
    (tree / ASYNC).write_text(SOURCE + "\n# Callers await it.\n", encoding="utf-8")

    assert run(*arguments) == 1

    assert "src/root/_async/client.py:19: 'await' is not true" in capsys.readouterr().err
    assert (tree / SYNC).read_text(encoding="utf-8") == TWIN


def test_run_rewrites_stale_and_missing_twins(run: Run, tree: Path) -> None:
    """A run without --check writes stale and missing twins, also in tests/."""
    (tree / SYNC).write_text("stale\n", encoding="utf-8")
    (tree / "tests/_async/deep").mkdir(parents=True)
    (tree / "tests/_async/deep/test_x.py").write_text("async def test_x(): ...\n")

    assert run() == 0

    assert (tree / SYNC).read_text(encoding="utf-8") == TWIN
    assert "def test_x" in (tree / "tests/_sync/deep/test_x.py").read_text(encoding="utf-8")
    assert run("--check") == 0


def test_run_deletes_orphans(run: Run, tree: Path) -> None:
    """A run without --check deletes a twin without a source, and no other file."""
    orphan = tree / "src/root/_sync/orphan.py"
    orphan.write_text(TWIN, encoding="utf-8")

    assert run() == 0

    assert not orphan.exists()
    assert (tree / ASYNC).read_text(encoding="utf-8") == SOURCE
    assert (tree / SYNC).read_text(encoding="utf-8") == TWIN


def test_second_run_writes_nothing(run: Run, tree: Path) -> None:
    """A second run writes no file."""
    run()
    before = (tree / SYNC).stat().st_mtime_ns

    assert run() == 0

    assert (tree / SYNC).stat().st_mtime_ns == before


def test_tree_without_sources_is_rejected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder without sources is an error."""
    assert main(["--root", str(tmp_path), "--check"]) == 1
    assert "has no async sources" in capsys.readouterr().err


def test_project_settings_are_used(run: Run, tree: Path) -> None:
    """Twins are formatted with the settings of their project."""
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
    """Each name has one name in the twin, which is not renamed again."""
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
        ("Callers await the response.", "Callers await the response."),
    ],
)
def test_translate_prose(prose: str, expected: str) -> None:
    """Comments and strings get sync names, and their code examples lose async keywords."""
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
    """An f-string is translated as a whole, with the same result on every Python version."""
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
    """Code loses async keywords and gets sync names and sorted imports."""
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
def test_leftovers_are_rejected(code: str, word: str) -> None:
    """A word about async that remains in the twin is rejected and printed."""
    with pytest.raises(TwinError, match=f"'{word}'"):
        twin_of(f"{code}\n")


def test_colliding_arguments_are_rejected() -> None:
    """Two arguments that get the same name are rejected, because the twin does not parse."""
    with pytest.raises(TwinError, match="does not parse"):
        twin_of("def f(http_client, async_http_client): ...\n")


def test_all_problems_are_reported(
    run: Run, tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The problems of all sources are reported together."""
    for name in ("a.py", "b.py"):
        (tree / ASYNC).with_name(name).write_text("# async\n", encoding="utf-8")

    assert run() == 1

    errors = capsys.readouterr().err
    assert "_async/a.py:1:" in errors
    assert "_async/b.py:1:" in errors


def test_missing_source_folder_keeps_twins(tmp_path: Path) -> None:
    """Twins are not deleted if the folder of their sources is missing."""
    twin = tmp_path / "src/root/_sync/a.py"
    twin.parent.mkdir(parents=True)
    twin.write_text("A = 1\n", encoding="utf-8")

    assert main(["--root", str(tmp_path)]) == 1
    assert twin.exists()
