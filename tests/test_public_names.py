"""Public names of the package, and signatures that code for the old SDK relies on."""

from __future__ import annotations

import inspect
import pkgutil
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest

import root
import root.client
import root.models
from root._accessor import Accessor
from root.models import AsyncModels, AsyncPager, Model, Models, Pager
from root.projects import AsyncProjects, Projects
from tests.concurrency.helpers import run_program

RESOURCES = [name for name, it in vars(root.RootSignals).items() if isinstance(it, Accessor)]

MODULES = sorted(
    [
        *("checks", "cli", "client", "config", "emulator", "errors", "generated", "progress"),
        *("pytest_plugin", "registry", "skills", "testing", "utils", *RESOURCES),
    ]
)
"""The public modules, all of which are attributes of the package."""

REQUIRED = inspect.Parameter.empty

CREATE = {
    "name": (str, REQUIRED),
    "model": (str | None, None),
    "default_key": (str | None, None),
    "max_output_token_count": (int | None, None),
    "max_token_count": (int | None, None),
    "url": (str | None, None),
    "_request_timeout": (float | root.Deadline | None, None),
}
LIST = {"capable_of": (list[str] | None, None), "limit": (int | None, 100)}


@pytest.mark.parametrize(
    ("method", "keywords", "returns"),
    [
        ("create", CREATE, str),
        ("acreate", CREATE, str),
        ("list", LIST, Pager[Model]),
        ("alist", LIST, AsyncPager[Model]),
        ("delete", {"_request_timeout": (float | root.Deadline | None, None)}, type(None)),
        ("adelete", {"_request_timeout": (float | root.Deadline | None, None)}, type(None)),
    ],
)
def test_signatures_of_the_old_sdk(method: str, keywords: dict[str, Any], returns: object) -> None:
    """The six methods of the old SDK have its names, keywords, defaults and return types."""
    function = getattr(Models, method)
    parameters = dict(inspect.signature(function).parameters)
    hints = get_type_hints(function)

    del parameters["self"]
    if method.endswith("delete"):
        assert parameters.pop("model_id").kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    if method.endswith("list"):
        # Parameters that the old SDK does not have come last.
        later: dict[str, object] = {
            "page_size": None,
            "ordering": None,
            "cursor": None,
            "prefetch": False,
        }
        later |= {"details": False, "concurrency": 8}
        later["_request_timeout"] = None
        assert list(parameters) == [*keywords, *later]
        assert {name: parameters.pop(name).default for name in later} == later
    assert list(parameters) == list(keywords)
    assert {p.kind for p in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}
    for name, (hint, default) in keywords.items():
        assert parameters[name].default is default, name
        assert hints[name] == hint, name
    assert hints["return"] == returns


def test_listings_are_iterators() -> None:
    """A listing is an iterator, as in the old SDK."""
    assert issubclass(Pager, Iterator)
    assert issubclass(AsyncPager, AsyncIterator)


@pytest.mark.parametrize(
    "name",
    [
        *("create", "list", "retrieve", "update", "replace", "delete", "verify"),
        *("create_many", "verify_many", "delete_many", "plan", "ensure", "export"),
    ],
)
def test_twins(name: str) -> None:
    """Each method has a twin with the same signature and docstring."""
    blocking, twin = getattr(Models, name), getattr(Models, f"a{name}")
    native = getattr(AsyncModels, name)

    assert list(inspect.signature(blocking).parameters) == list(inspect.signature(twin).parameters)
    assert inspect.signature(twin) == inspect.signature(native)
    assert twin.__doc__ == blocking.__doc__ == native.__doc__
    assert twin.__doc__


def test_twins_are_coroutine_functions() -> None:
    """Tools recognize which methods are coroutine functions."""
    assert inspect.iscoroutinefunction(Models.acreate)
    assert not inspect.iscoroutinefunction(Models.alist)
    assert not inspect.iscoroutinefunction(Models.create)


def test_all_names() -> None:
    """Every name in `__all__` is importable, and no other."""
    for name in root.__all__:
        assert getattr(root, name) is not None
    assert set(root.__all__) <= set(dir(root))
    assert root.RootSignals is root.client.RootSignals
    assert root.Model is root.models.Model
    with pytest.raises(AttributeError, match="nonsense"):
        _ = root.nonsense


# Names in signatures that are those of Python, httpx and pydantic, or of type parameters.
FOREIGN = {
    *("AsyncClient", "Awaitable", "BinaryIO", "Callable", "Client"),
    *("HttpxTimeout", "JSONValue", "Mapping", "None", "PathLike", "SSLContext", "Self", "T", "V"),
}


@pytest.mark.parametrize(
    "function",
    [
        *(root.Operation, root.Response, root.RootSignals, root.AsyncRootSignals),
        *(root.RootSignals.send, root.RootSignals.request, root.RootSignals.with_options),
    ],
    ids=lambda function: function.__qualname__,
)
def test_names_in_signatures(function: Any) -> None:
    """The names in the signatures of calls can be imported from `root`."""
    text = str(inspect.signature(function)).replace("httpx.Timeout", "HttpxTimeout")
    annotations = re.sub(r"NOT_GIVEN: '.*?'|=.*?[,)]", "", text)
    assert set(re.findall(r"\b[A-Z]\w*", annotations)) <= FOREIGN | set(root.__all__)


def test_names_of_modules() -> None:
    """A name that is public in `root.models`, too, is the same object in `root`."""
    shared = set(root.__all__) & set(root.models.__all__)
    assert {"NOT_GIVEN", "AsyncPager", "Page", "Pager", "Progress", "ResponseMeta"} <= shared
    assert all(getattr(root, name) is getattr(root.models, name) for name in shared)


@pytest.mark.parametrize("resource", [Models, AsyncModels, Projects, AsyncProjects])
def test_all_methods_have_a_request_timeout(resource: type[object]) -> None:
    """Each method of a resource has `_request_timeout`."""
    methods = inspect.getmembers(resource, inspect.isfunction)
    without = [
        name
        for name, method in methods
        if not name.startswith("_")
        and "_request_timeout" not in inspect.signature(method).parameters
    ]
    assert not without


def test_client_arguments() -> None:
    """The client has its documented arguments and defaults."""
    assert [
        (parameter.name, parameter.default)
        for parameter in inspect.signature(root.RootSignals).parameters.values()
    ] == [
        ("api_key", None),
        ("base_url", None),
        ("timeout", 30.0),
        ("deadline", None),
        ("max_retries", 2),
        ("max_connections", 100),
        ("max_response_bytes", None),
        ("default_headers", None),
        ("ssl_context", None),
        ("http_client", None),
        ("async_http_client", None),
        ("run_async", False),
    ]
    assert root.RootSignals("k", run_async=True).run_async


def test_import_is_fast() -> None:
    """Importing and creating a client imports neither pydantic nor httpx."""
    code = (
        "import sys; from root import AsyncRootSignals, RootSignals; RootSignals('k');"
        "print({'pydantic', 'httpx', 'httpcore', 'anyio', 'asyncio', 'yaml',"
        " 'root.config', 'root.checks'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_plans_are_imported_lazily() -> None:
    """The modules of plans are imported with the names of plans."""
    code = (
        "import sys, root.models; print('root._plans.comparison' in sys.modules);"
        "from root.models import *; print('root._plans.comparison' in sys.modules, Plan, AsyncPlan)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "False"
    assert done.stdout.split("\n")[1].startswith("True <class")
    with pytest.raises(AttributeError, match="nonsense"):
        _ = root.models.nonsense


def test_registry_without_its_extra() -> None:
    """Without PyYAML the client works, and the error of `root.registry` names the extra."""
    code = (
        "import sys; sys.modules['yaml'] = None\n"
        "from root import RootSignals; RootSignals('k').models\n"
        "try:\n    from root import registry\n"
        "except ImportError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 'pip install ".[cli]"' in done.stdout


def test_public_modules() -> None:
    """All public modules are resources, or listed here."""
    found = [module.name for module in pkgutil.iter_modules(root.__path__)]
    assert sorted(name for name in found if not name.startswith("_")) == MODULES


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("first", ["import root", "from root import RootSignals, errors"])
def test_modules_are_attributes(name: str, first: str) -> None:
    """A module is an attribute after `import root` alone, and after an import of names."""
    program = f"{first}; import root; print(root.{name}.__name__)"
    assert run_program(program) == f"root.{name}\n"


def test_type_checkers_know_the_modules() -> None:
    """Each module that programs import is an attribute for type checkers, too."""
    source = Path(root.__file__).read_text(encoding="utf-8")

    known = re.findall(r"^    from \. import (\w+) as \1$", source, re.MULTILINE)

    assert known == [name for name in MODULES if name not in ("cli", "pytest_plugin")]
