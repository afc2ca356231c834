"""The generator of the async twins on the blocking client, on small trees of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from generate_sync import main

SOURCE = '''\
"""Things."""

from typing import overload


class AsyncThings:
    """Things."""

    async def create(self, name: str, *, key: str | None = None) -> str:
        """Create a thing, as `client.things.create("a")` does.

        Args:
            name: Its name.
            key: Its key.
        """
        key = as_secret(key)
        return await self._create(name, key)

    def list(self, *, limit: int = 100) -> AsyncPager:
        """Return things."""
        return self._list(limit)

    @overload
    async def find(self, name: str) -> str: ...
    @overload
    async def find(self, name: None = None) -> None: ...
    async def find(self, name: str | None = None) -> str | None:
        """Find a thing."""
        return name

    async def _create(self, name: str, key: str | None) -> str:
        return name
'''

HEAD = '''\
"""Things, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from ._accessor import Accessor, twin
from ._secrets.secret import as_secret

if TYPE_CHECKING:
    from ._async.pager import AsyncPager
    from ._async.things import AsyncThings
    from ._twins import TwinSender


class Things:
    """Things."""

    # Generated twins of AsyncThings in _async/things.py. Do not edit.
'''

TWINS = '''
    def __init__(self, client: TwinSender) -> None:
        super().__init__(client)
        self._whole = client

    _async: Accessor[AsyncThings] = Accessor("root._async.things", "AsyncThings", twin)

    async def acreate(self, name: str, *, key: str | None = None) -> str:
        """Create a thing, as `client.things.acreate("a")` does.

        Args:
            name: Its name.
            key: Its key.
        """
        key = as_secret(key)
        return await self._async.create(name, key=key)

    def alist(self, *, limit: int = 100) -> AsyncPager:
        """Return things."""
        return self._async.list(limit=limit)

    @overload
    async def afind(self, name: str) -> str: ...

    @overload
    async def afind(self, name: None = None) -> None: ...

    async def afind(self, name: str | None = None) -> str | None:
        """Find a thing."""
        return await self._async.find(name)
'''


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a project with an async source and a public module without its twins."""
    source = tmp_path / "src" / "root" / "_async" / "things.py"
    source.parent.mkdir(parents=True)
    source.write_text(SOURCE, encoding="utf-8")
    module = tmp_path / "src" / "root" / "things.py"
    module.write_text(HEAD, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\nline-length = 100\n", encoding="utf-8")
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    """Replace a part of a file that is in it."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_twins_are_written_below_the_line(tree: Path) -> None:
    """Each public method has a twin with its signature, overloads and docstring, and no other."""
    assert main(["--root", str(tree)]) == 0

    assert (tree / "src/root/things.py").read_text(encoding="utf-8") == HEAD + TWINS


def test_a_second_run_writes_nothing(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is up to date stays as it is."""
    main(["--root", str(tree)])
    capsys.readouterr()

    assert main(["--root", str(tree)]) == 0
    assert main(["--root", str(tree), "--check"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("name: Its name.", "name: Any name.", id="docstring"),
        pytest.param("limit: int = 100", "limit: int = 50", id="default"),
        pytest.param("async def find", "async def seek", id="name"),
        pytest.param("        key = as_secret(key)\n", "", id="secret"),
    ],
)
def test_a_stale_twin_fails_the_check(tree: Path, old: str, new: str) -> None:
    """A change of the source alone is found."""
    main(["--root", str(tree)])

    change(tree / "src/root/_async/things.py", old, new)

    assert main(["--root", str(tree), "--check"]) == 1


def test_an_edited_twin_fails_the_check(tree: Path) -> None:
    """A change of a twin alone is found."""
    main(["--root", str(tree)])

    change(tree / "src/root/things.py", "self._async.find(name)", "self._async.find(None)")

    assert main(["--root", str(tree), "--check"]) == 1


@pytest.mark.parametrize(
    ("method", "problem"),
    [
        pytest.param("async def create(self) -> str: ...", "'create'", id="twice"),
        pytest.param("async def acreate(self) -> str: ...", "'create'", id="a twin's name"),
        pytest.param(
            "async def any(self, **more: str) -> str: ...",
            "things.py:34: any has no twin: it has *args or **kwargs",
            id="kwargs",
        ),
        pytest.param(
            "@property\n    def size(self) -> int: ...",
            "things.py:35: size has no twin: it is decorated with property",
            id="property",
        ),
        pytest.param(
            "@staticmethod\n    async def parse(text: str) -> str: ...",
            "things.py:35: parse has no twin: it is decorated with staticmethod",
            id="static",
        ),
        pytest.param(
            "async def stream(self) -> AsyncIterator[int]:\n        yield 1",
            "things.py:34: stream has no twin: it is a generator",
            id="generator",
        ),
        pytest.param("async def any(self) -> str: return (", "things.py:34: '('", id="syntax"),
    ],
)
def test_what_has_no_twin_is_refused(
    tree: Path, method: str, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be called in the same way is an error with its line, and nothing is written."""
    with (tree / "src/root/_async/things.py").open("a", encoding="utf-8") as source:
        source.write(f"\n    {method}\n")

    assert main(["--root", str(tree)]) == 1

    assert problem in capsys.readouterr().err
    assert (tree / "src/root/things.py").read_text(encoding="utf-8") == HEAD


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        pytest.param("Generated", "generated", "is not of the form", id="case"),
        pytest.param(" Do not edit.", "", "is not of the form", id="end"),
        pytest.param("AsyncThings", "AsyncThing", "there is no class AsyncThing,", id="class"),
        pytest.param("_async/things", "_async/thing", "there is no file", id="file"),
        pytest.param(" in ", "[Thing] in ", "AsyncThings has 0 type variables", id="types"),
        pytest.param(" in ", " (lists) in ", "AsyncThings has no method lists", id="method"),
    ],
)
def test_a_wrong_line_is_refused(
    tree: Path, old: str, new: str, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line with a typing error, or without its source, is an error, and nothing is written."""
    test = tree / "tests" / "_async" / "test_things.py"
    test.parent.mkdir(parents=True)
    test.write_text("async def test_a(client: AsyncRootSignals) -> None: ...\n", encoding="utf-8")
    change(tree / "src/root/things.py", old, new)

    assert main(["--root", str(tree)]) == 1

    error = capsys.readouterr().err
    assert problem in error
    assert "things.py" in error
    assert not (tree / "tests" / "_twins").exists()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("from ._secrets.secret import as_secret\n", "", id="missing"),
        pytest.param(
            "from ._secrets.secret import as_secret\n\nif TYPE_CHECKING:\n",
            "\nif TYPE_CHECKING:\n    from ._secrets.secret import as_secret\n",
            id="for type checkers only",
        ),
    ],
)
@pytest.mark.parametrize("option", [[], ["--check"]])
def test_a_missing_import_is_refused(
    tree: Path, option: list[str], old: str, new: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name that twins use and the public module does not import is an error that has the name."""
    change(tree / "src/root/things.py", old, new)
    before = (tree / "src/root/things.py").read_text(encoding="utf-8")

    assert main(["--root", str(tree), *option]) == 1

    assert "as_secret`" in capsys.readouterr().err
    assert (tree / "src/root/things.py").read_text(encoding="utf-8") == before


def test_some_methods_of_a_class(tree: Path) -> None:
    """With names in brackets, only these have twins, and the constructor is left alone."""
    change(tree / "src/root/things.py", "AsyncThings in", "AsyncThings (list) in")

    assert main(["--root", str(tree)]) == 0

    text = (tree / "src/root/things.py").read_text(encoding="utf-8")
    assert [line.strip() for line in text.splitlines() if "def " in line] == [
        "def alist(self, *, limit: int = 100) -> AsyncPager:"
    ]


def test_tests_have_twins(tree: Path) -> None:
    """A test of the async client is rewritten for the twins of the blocking one."""
    test = tree / "tests" / "_async" / "test_things.py"
    test.parent.mkdir(parents=True)
    test.write_text(
        "async def test_a(client: AsyncRootSignals) -> None:\n"
        "    await client.things.create('a')\n",
        encoding="utf-8",
    )

    assert main(["--root", str(tree)]) == 0

    twin = (tree / "tests/_twins/test_things.py").read_text(encoding="utf-8")
    assert "async def test_a(client: RootSignals) -> None:" in twin
    assert 'await client.things.acreate("a")' in twin
