"""The pytest plugin, in separate runs of pytest."""

from __future__ import annotations

import json
import os
import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from textwrap import indent

import pytest

from root.emulator import Server
from tests.scripted_server import ScriptedServer, responds

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent.parent

Run = Callable[..., pytest.RunResult]
"""Runs pytest on a test file, with arguments, and with or without the plugin."""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pytest find the plugin as in an installation, whether the package is installed or not."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = tmp_path / "root_sdk-0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: root-sdk\nVersion: 0\n")
    entries = project["entry-points"]["pytest11"].items()
    lines = ["[pytest11]", *(f"{name} = {module}" for name, module in entries)]
    (info / "entry_points.txt").write_text("\n".join(lines))
    paths = [str(tmp_path), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))


@pytest.fixture
def run(installed: None, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    # Other plugins take a second to load, and would load modules that ours is tested not to load.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(test: str, *arguments: str, plugin: bool = True) -> pytest.RunResult:
        pytester.makepyfile(test)
        loaded = ("-p", "root-sdk") if plugin else ()
        return pytester.runpytest_subprocess("-W", "error", *loaded, *arguments)

    return run


FIXTURES = """
import asyncio
import os

from root import AsyncRootSignals, RootSignals

def test_emulator(root_emulator):
    with RootSignals() as client:
        client.models.create(name="a")
    assert [model.name for model in root_emulator.models] == ["a"]
    root_emulator.fail_next(status=500)

def test_emulator_again(root_emulator):
    assert not (root_emulator.models or root_emulator.requests or root_emulator.faults)

def test_client(root_client, root_emulator):
    assert type(root_client) is RootSignals
    assert root_client.base_url == root_emulator.url
    root_client.models.create(name="a")

def test_client_in_async_code(root_client):
    asyncio.run(root_client.models.acreate(name="a"))

def test_async_client(async_root_client, root_emulator):
    assert type(async_root_client) is AsyncRootSignals
    asyncio.run(async_root_client.models.create(name="a"))
    assert len(root_emulator.models) == 1

clients = []

def test_clients_are_stored(root_client, async_root_client):
    clients.extend([root_client, async_root_client])

def test_clients_are_closed():
    assert all("closed" in str(failure(client)) for client in clients)

def failure(client):
    try:
        asyncio.run(client.models.create(name="a"))
    except ValueError as error:
        return error

def test_environment_is_restored():
    assert "ROOTSIGNALS_API_KEY" not in os.environ
    assert "ROOTSIGNALS_API_URL" not in os.environ
    assert os.environ["SCORABLE_API_KEY"] == "mine"

def test_scorable(root_emulator):
    assert not any(name.startswith("SCORABLE_") for name in os.environ)
"""


def test_fixtures(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fixtures are a wiped emulator for each test, and clients of it that are closed."""
    monkeypatch.setenv("SCORABLE_API_KEY", "mine")
    monkeypatch.setenv("SCORABLE_API_URL", "http://mine.test")
    run(FIXTURES).assert_outcomes(passed=9)


def test_xdist(run: Run) -> None:
    """Each worker of pytest-xdist has an emulator of its own."""
    test = """
    import pytest

    @pytest.mark.parametrize("number", range(10))
    def test_alone(root_client, root_emulator, number):
        for i in range(5):
            root_client.models.create(name=f"{i}")
        assert len(root_emulator.models) == len(root_emulator.requests) == 5
    """
    run(test, "-p", "xdist", "-n", "2").assert_outcomes(passed=10)


def test_session(run: Run) -> None:
    """The emulator of the session accepts options, and is available to fixtures of wider scopes."""
    test = """
    import pytest
    from root import RootSignals

    @pytest.fixture(scope="session")
    def root_emulator_options():
        return {"page_size_cap": 2}

    @pytest.fixture(scope="module")
    def client(root_emulator_session):
        with RootSignals(root_emulator_session.api_key, base_url=root_emulator_session.url) as it:
            for name in "abc":
                it.models.create(name=name)
            yield it

    def test_not_wiped(client, root_emulator_session):
        assert len(root_emulator_session.models) == 3

    def test_options(client):
        assert [len(page) for page in client.models.list(limit=4).pages()] == [2, 2]

    def test_the_same(client, root_emulator, root_emulator_session):
        assert root_emulator is root_emulator_session
        assert not root_emulator.models
    """
    run(test).assert_outcomes(passed=3)


def test_faults_of_the_session(run: Run) -> None:
    """Faults in the options apply to every test."""
    test = """
    import pytest
    from root.emulator import Fault

    @pytest.fixture(scope="session")
    def root_emulator_options():
        return {"faults": [Fault(status=500, times=1, method="GET")]}

    @pytest.mark.parametrize("number", range(2))
    def test_it(root_client, root_emulator, number):
        root_client.models.retrieve(root_client.models.create(name="a"))
        assert [one.status for one in root_emulator.requests] == [201, 500, 200]
    """
    run(test).assert_outcomes(passed=2)


ASYNC = """
import gc
import pytest

@pytest.mark.{mark}
async def test_first(async_root_client, root_emulator):
    await async_root_client.models.create(name="a")
    assert len(root_emulator.models) == 1

@pytest.mark.{mark}
async def test_second(async_root_client, root_client):
    await async_root_client.models.create(name="a")
    await root_client.models.acreate(name="b")
    assert [model.name async for model in async_root_client.models.list(limit=2)]

def test_nothing_is_left():
    gc.collect()
"""


# Without this setting, pytest-asyncio warns.
ASYNCIO = ["-p", "asyncio", "-o", "asyncio_default_fixture_loop_scope=function"]


@pytest.mark.parametrize(
    ("mark", "arguments", "passed"),
    [
        ("filterwarnings", [*ASYNCIO, "-o", "asyncio_mode=auto"], 3),
        ("asyncio", [*ASYNCIO, "-o", "asyncio_mode=strict"], 3),
        ("asyncio(loop_scope='session')", ASYNCIO, 3),
        ("anyio", ["-p", "anyio"], 5),
    ],
    ids=["asyncio-auto", "asyncio-strict", "asyncio-session", "anyio"],
)
def test_async_plugins(run: Run, mark: str, arguments: list[str], passed: int) -> None:
    """The async client works with each async plugin, and leaves no socket open.

    The plugin of anyio runs each test on asyncio and on trio.
    """
    run(ASYNC.format(mark=mark), *arguments).assert_outcomes(passed=passed)


# Code under test that suppresses the error, like code that must not fail.
SUPPRESSING = """
import contextlib
import logging
import threading
import unittest

import pytest
from root import RootSignals

def call():
    with contextlib.suppress(Exception), RootSignals("the-key-that-is-secret") as client:
        client.models.create(name="a")

def test_before():
    pass
"""


@pytest.mark.parametrize(
    ("test", "outcomes"),
    [
        ("def test_it():\n    call()", {"passed": 2, "failed": 1}),
        (
            "def test_it():\n"
            "    thread = threading.Thread(target=call)\n"
            "    thread.start()\n"
            "    thread.join()",
            {"passed": 2, "failed": 1},
        ),
        (
            "@pytest.fixture\ndef before():\n    call()\n\ndef test_it(before):\n    pass",
            {"passed": 2, "errors": 1},
        ),
        (
            "@pytest.fixture\ndef after():\n    yield\n    call()\n\ndef test_it(after):\n    pass",
            {"passed": 3, "errors": 1},
        ),
        (
            "class TestIt(unittest.TestCase):\n    def test_it(self):\n        call()",
            {"passed": 2, "failed": 1},
        ),
        (
            "def test_it():\n    logging.disable(logging.CRITICAL)\n    call()",
            {"passed": 2, "failed": 1},
        ),
        (
            "import os\n"
            "from unittest.mock import patch\n"
            "def test_it():\n"
            "    with patch.dict(os.environ, clear=True):\n"
            "        call()",
            {"passed": 2, "failed": 1},
        ),
        (
            "def test_it():\n    call()\n    raise RuntimeError('of another kind')",
            {"passed": 2, "failed": 1},
        ),
        ("call()", {"errors": 1}),
        ("call()\nraise RuntimeError('of another kind')", {"errors": 1}),
    ],
    ids=[
        *("call", "thread", "setup", "teardown", "unittest", "silenced", "cleared"),
        *("other-error", "import", "import-other-error"),
    ],
)
def test_guard(run: Run, test: str, outcomes: dict[str, int]) -> None:
    """A test that calls the real service fails, even if the code suppresses the error."""
    result = run(f"{SUPPRESSING}\n{test}\n\ndef test_after():\n    pass")

    result.assert_outcomes(**outcomes)
    result.stdout.fnmatch_lines(
        [
            "A test tried to connect to the real service:",
            "  https://api.app.rootsignals.ai, called from *test_guard.py:11",
            "Use the fixture root_emulator, or mark the test @pytest.mark.root_real_service.",
        ]
    )
    assert "the-key-that-is-secret" not in result.stdout.str()


def test_guard_at_import(run: Run, pytester: pytest.Pytester) -> None:
    """A call when a file is imported is an error of that file, and not of the first test."""
    pytester.makepyfile(test_a="def test_it(): pass", test_b=f"{SUPPRESSING}\ncall()")
    result = run("def test_it(): pass", "--continue-on-collection-errors")

    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["ERROR test_b.py*"])


OUTLIVING_THREAD = """
import contextlib
import threading

from root import RootSignals

ended = threading.Event()

def call():
    ended.wait()
    with contextlib.suppress(Exception), RootSignals("k") as client:
        client.models.create(name="a")

thread = threading.Thread(target=call)

def pytest_runtest_logfinish():
    # In the controlling process of xdist, the thread is not started.
    if thread.ident:
        ended.set()
        thread.join()
"""


@pytest.mark.parametrize("arguments", [[], ["-p", "xdist", "-n", "1"]], ids=["alone", "xdist"])
def test_guard_after_the_last_test(
    run: Run, pytester: pytest.Pytester, arguments: list[str]
) -> None:
    """If a thread that outlives the last test calls the real service, the run fails."""
    pytester.makeconftest(OUTLIVING_THREAD)
    result = run("from conftest import thread\ndef test_it(): thread.start()", *arguments)

    assert result.ret
    result.stdout.fnmatch_lines(["*A test tried to connect to the real service:*"])


OUTLIVING_PYTEST = """
import threading

from root import RootSignals

def call():
    # The interpreter is shutting down then, after the end of pytest.
    threading.main_thread().join()
    with RootSignals("k", base_url="http://api.test", max_retries=0) as client:
        client.models.create(name="a")

def test_it():
    threading.Thread(target=call).start()
"""


def test_guard_after_the_run(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that outlives even pytest cannot connect to the real service."""
    with ScriptedServer([responds(201, {"id": "9b2f", "name": "a"})]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        result = run(OUTLIVING_PYTEST)

    result.assert_outcomes(passed=1)
    assert proxy.requests == []
    result.stderr.fnmatch_lines(["*ConfigurationError: Nothing is sent to http://api.test*"])


SUPPRESSED_CALL = """
import contextlib
from root import RootSignals

with contextlib.suppress(Exception):
    RootSignals("k", base_url="http://api.test", max_retries=0).models.create(name="a")
"""


@pytest.mark.parametrize("more", ["", "raise RuntimeError('of another kind')"])
def test_guard_at_the_first_conftest(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, more: str
) -> None:
    """If the first conftest.py calls the real service, the call is blocked and the run ends."""
    pytester.makeconftest(SUPPRESSED_CALL + more)
    with ScriptedServer([responds(201, {"id": "9b2f", "name": "a"})]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        result = run("def test_it(): pass")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert proxy.requests == []
    result.stderr.fnmatch_lines(
        [
            "*A test tried to connect to the real service:",
            "*  http://api.test, called from *conftest.py:5",
        ]
    )


def test_guard_before_the_first_conftest(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call of a plugin just before the first conftest.py is blocked."""
    pytester.syspathinsert()
    call = indent(SUPPRESSED_CALL, "    ")
    pytester.makepyfile(
        other=f"import pytest\n\n@pytest.hookimpl(wrapper=True)\n"
        f"def pytest_load_initial_conftests():\n{call}\n    return (yield)\n"
    )
    with ScriptedServer([responds(201, {"id": "9b2f", "name": "a"})]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        result = run("def test_it(): pass", "-p", "other")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert proxy.requests == []


def test_guard_at_another_conftest(run: Run, pytester: pytest.Pytester) -> None:
    """A conftest.py in a subdirectory that calls the real service is an error."""
    folder = pytester.mkdir("further")
    (folder / "conftest.py").write_text(SUPPRESSED_CALL)
    (folder / "test_down.py").write_text("def test_it(): pass")
    result = run("def test_it(): pass")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["  http://api.test, called from *conftest.py:6"])


def test_plugin_loaded_by_conftest(run: Run, pytester: pytest.Pytester) -> None:
    """If a conftest.py loads the plugin, it guards the tests."""
    pytester.makeconftest("pytest_plugins = ['root.pytest_plugin']")
    test = SUPPRESSED_CALL.replace("with", "def test_it():\n  with").replace(
        "    Root", "      Root"
    )

    run(test, plugin=False).assert_outcomes(failed=1)


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_guard_and_an_emulator_without_the_fixture(run: Run, *, first: bool) -> None:
    """A blocked call is reported even if the test also uses `root.testing.emulator`."""
    call = "with root.testing.emulator(): pass"
    calls = ["call()", call] if first else [call, "call()"]
    test = "\n    ".join(["import root.testing\ndef test_it():", *calls])

    run(f"{SUPPRESSING}\n{test}").assert_outcomes(passed=1, failed=1)


def test_guard_reports_once(run: Run) -> None:
    """If the test raises the error of a blocked call, that is its only failure."""
    test = """
    from root import RootSignals

    def test_it():
        RootSignals("k").models.create(name="a")
    """
    result = run(test)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *ConfigurationError: Nothing is sent to https://*"])


def test_child_process(run: Run) -> None:
    """The real service is blocked in child processes, too."""
    test = """
    import subprocess, sys

    def test_it():
        code = "from root import RootSignals; RootSignals('k').models.create(name='a')"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert "ROOTSIGNALS_OFFLINE" in done.stderr
    """
    run(test).assert_outcomes(passed=1)


CALLING = """
import pytest
from root import ConfigurationError, RootSignals

def call():
    with RootSignals("k", base_url="http://api.test") as client:
        return client.models.retrieve("a")

{mark}
def test_it({fixture}):
    assert call().id == "9b2f"
"""


@pytest.mark.parametrize(
    ("mark", "fixture", "arguments"),
    [
        ("@pytest.mark.root_real_service", "", ["--strict-markers"]),
        ("@pytest.mark.root_real_service", "root_emulator", []),
        ("", "", ["-o", "root_allow_real_service=true"]),
    ],
    ids=["mark", "mark-and-fixture", "setting"],
)
def test_allowed(
    run: Run, monkeypatch: pytest.MonkeyPatch, mark: str, fixture: str, arguments: list[str]
) -> None:
    """The marker and the setting each allow the real service."""
    with ScriptedServer([responds(200, {"id": "9b2f", "name": "a"})]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        run(CALLING.format(mark=mark, fixture=fixture), *arguments).assert_outcomes(passed=1)

    assert len(proxy.requests) == 1


@pytest.mark.parametrize("name", ["root-sdk", "root.pytest_plugin"])
def test_allowed_without_the_plugin(
    installed: None, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """`-p no:` disables the plugin by the name of its entry point, or of its module."""
    pytester.makepyfile(CALLING.format(mark="", fixture=""))
    with ScriptedServer([responds(200, {"id": "9b2f", "name": "a"})]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        pytester.runpytest_subprocess("-p", f"no:{name}").assert_outcomes(passed=1)

    assert len(proxy.requests) == 1


def test_allowed_by_the_environment(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the variable is set and empty, the plugin leaves it so."""
    monkeypatch.setenv("ROOTSIGNALS_OFFLINE", "")
    with ScriptedServer([responds(200, {"id": "9b2f", "name": "a"})]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        run(CALLING.format(mark="", fixture="")).assert_outcomes(passed=1)

    assert len(proxy.requests) == 1


def test_allowed_for_one_test(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The marker applies to its test only."""
    mark = "@pytest.mark.root_real_service"
    test = CALLING.format(mark=mark, fixture="") + "\ndef test_next():\n    call()\n"
    with ScriptedServer([responds(200, {"id": "9b2f", "name": "a"})]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        run(test).assert_outcomes(passed=1, failed=1)


@pytest.mark.parametrize(
    "host",
    ["", "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start();"],
    ids=["alone", "with-a-thread"],
)
def test_environment_of_the_run(installed: None, pytester: pytest.Pytester, host: str) -> None:
    """pytest finds the plugin by itself, and the environment is restored after the run.

    That also applies if another thread is running already, as in a notebook.
    """
    pytester.makepyfile("import os\ndef test_it(): assert os.environ['ROOTSIGNALS_OFFLINE']")
    code = (
        f"{host}import os, pytest; assert pytest.main([]) == 0;"
        "assert 'ROOTSIGNALS_OFFLINE' not in os.environ"
    )
    result = pytester.run(sys.executable, "-c", code)

    result.assert_outcomes(passed=1)
    assert result.ret == 0


def test_missing_extra(run: Run, pytester: pytest.Pytester) -> None:
    """Without the extra, the error of a fixture has the command to install it."""
    pytester.makeconftest("import sys; sys.modules['uvicorn'] = None")
    result = run("def test_it(root_emulator): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(['E *pip install ".[[]emulator]"'])


def test_other_projects(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a project that does not use the fixtures, the plugin loads six small modules."""
    test = """
    import json, os, sys

    def test_it(pytestconfig):
        if pytestconfig.pluginmanager.hasplugin("root.pytest_plugin"):
            # What the plugin has loaded is set aside until then.
            assert "root" not in sys.modules
            import root
        with open(os.environ["LOADED"], "w") as file:
            json.dump(sorted(sys.modules), file)
    """
    file = tmp_path / "loaded.json"
    monkeypatch.setenv("LOADED", str(file))

    def loaded(*, plugin: bool) -> set[str]:
        run(test, plugin=plugin).assert_outcomes(passed=1)
        return set(json.loads(file.read_bytes()))

    assert loaded(plugin=True) - loaded(plugin=False) == {
        "root",
        "root._http",
        "root._http.offline",
        "root.pytest_plugin",
        "root_sdk_pytest",
    }


DOCUMENTED = [
    pytest.param(match[1], id=f"{document.name}:{number}")
    for document in (ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md")))
    for number, match in enumerate(
        re.finditer(
            r"^```python\n(.*?)^```",
            document.read_text(encoding="utf-8"),
            re.DOTALL | re.MULTILINE,
        )
    )
    if "def test_" in match[1]
]


@pytest.mark.docs
@pytest.mark.parametrize("block", DOCUMENTED)
def test_documented_tests(
    run: Run, block: str, emulator: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests in the documentation pass."""
    # For tests that call the service.
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", emulator.api_key)
    monkeypatch.setenv("ROOTSIGNALS_API_URL", emulator.url)

    result = run(block, *ASYNCIO, "-o", "asyncio_mode=auto")

    assert result.parseoutcomes().keys() == {"passed"}


def test_documented_tests_are_found() -> None:
    """The tests in the documentation are found."""
    assert len(DOCUMENTED) >= 5
