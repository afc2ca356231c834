"""The modules and names of the old SDK that programs import."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import root
import root.skills
import root.utils
from root import errors
from root._schemas.models import ModelRequest, VerifyRequest
from root._schemas.requests import RequestModel
from root.generated import _names
from root.generated.openapi_client import exceptions
from tests.concurrency.helpers import run_program

PACKAGES = ["root.generated.openapi_client", "root.generated.openapi_aclient"]

SKILLS = [
    *("Evaluators", "Versions", "Evaluator", "AEvaluator", "PresetEvaluatorRunner"),
    *("APresetEvaluatorRunner", "EvaluatorDemonstration", "InputVariable", "ReferenceVariable"),
    *("ModelParams", "CalibrateBatchParameters", "ACalibrateBatchParameters"),
    *("CalibrateBatchResult", "ACalibrateBatchResult", "ModelName"),
]

OURS = {
    "OpenApiException": errors.RootSignalsError,
    "ApiException": errors.APIStatusError,
    "BadRequestException": errors.BadRequestError,
    "UnauthorizedException": errors.AuthenticationError,
    "ForbiddenException": errors.PermissionDeniedError,
    "NotFoundException": errors.NotFoundError,
    "ServiceException": errors.ServerError,
    "ApiValueError": errors.InvalidRequestError,
}

BUILT_IN = {"ApiTypeError": TypeError, "ApiAttributeError": AttributeError, "ApiKeyError": KeyError}


@pytest.mark.parametrize("name", SKILLS)
def test_skills(name: str) -> None:
    """`root.skills` has the names of the old SDK's module."""
    assert getattr(root.skills, name) is not None
    assert name in root.skills.__all__


@pytest.mark.parametrize(
    ("name", "facts"),
    [("ModelRequest", ModelRequest), ("ModelTestRequestRequest", VerifyRequest)],
)
def test_a_repr_hides_secrets(name: str, facts: type[RequestModel]) -> None:
    """What is secret in a request is secret in the object by the name of the old SDK, too."""
    kind = getattr(importlib.import_module(f"{PACKAGES[0]}.models"), name)

    text = repr(kind(**{field: f"the {field}" for field in facts.model_fields}))

    secrets = facts.sensitive_fields()
    assert secrets
    assert {field for field in facts.model_fields if f"the {field}" not in text} == secrets


def test_unknown_skill() -> None:
    """Other names are an AttributeError."""
    module: Any = root.skills
    with pytest.raises(AttributeError, match=r"'root\.skills' has no attribute 'nonsense'"):
        _ = module.nonsense


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("module", sorted(_names.MODULES))
def test_models(package: str, module: str) -> None:
    """Each class is in its module, in the package of models, and in the package above."""
    name = "ID" if module == "id" else module.title().replace("_", "")
    own_module, own_name = _names.MODULES[module]
    expected = getattr(importlib.import_module(own_module), own_name)

    found = importlib.import_module(f"{package}.models.{module}")
    assert getattr(found, name) is expected
    assert getattr(importlib.import_module(f"{package}.models"), name) is expected
    assert getattr(importlib.import_module(f"{package}.models"), module) is found
    assert getattr(importlib.import_module(package), name) is expected


def imports_of(stub: Path) -> dict[str, tuple[str | None, str]]:
    """Return the module and the name of what a stub imports, by the name that it has there."""
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in ast.parse(stub.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_type_checkers_know_the_models(package: str) -> None:
    """The stub of a package of models has the names that the package has."""
    models = importlib.import_module(f"{package}.models")
    assert models.__file__
    imports = imports_of(Path(models.__file__).with_suffix(".pyi"))

    assert imports == {name: _names.MODULES[old] for name, old in _names.CLASSES.items()}
    assert set(_names.CLASSES) == set(dir(models))


# Arguments and results of the methods that this package has.
STUBS = {
    "data_set_create",
    "data_set_list",
    "evaluator",
    "evaluator_calibration_output",
    "evaluator_calibration_result",
    "evaluator_demonstrations_request",
    "evaluator_execution_function_parameter_property_request",
    "evaluator_execution_function_parameter_request",
    "evaluator_execution_function_parameter_type_enum",
    "evaluator_execution_function_request",
    "evaluator_execution_functions_request",
    "evaluator_execution_functions_type_enum",
    "evaluator_execution_result",
    "evaluator_list_output",
    "evaluator_reference",
    "evaluator_reference_request",
    "evaluator_result",
    "execution_log_details",
    "execution_log_list",
    "input_variable_request",
    "judge",
    "judge_execution_response",
    "judge_generator_response",
    "judge_list",
    "model_list",
    "model_params_request",
    "objective",
    "objective_list",
    "reference_variable_request",
}


@pytest.mark.parametrize("package", PACKAGES)
def test_type_checkers_know_modules_of_models(package: str) -> None:
    """The modules of arguments and results have stubs with the class of the module."""
    models = importlib.import_module(f"{package}.models")
    assert models.__file__
    stubs = {one.stem: one for one in Path(models.__file__).parent.glob("*.pyi")}
    del stubs["__init__"]

    assert set(stubs) == STUBS
    for module, stub in stubs.items():
        assert imports_of(stub) == {module.title().replace("_", ""): _names.MODULES[module]}


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("part", ["", ".models", ".models.evaluator"])
def test_unknown_names(package: str, part: str) -> None:
    """Other names are an AttributeError."""
    module = importlib.import_module(package + part)
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = module.nonsense


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("name", [*OURS, *BUILT_IN])
def test_exceptions(package: str, name: str) -> None:
    """The errors are this package's errors by another name."""
    found = getattr(importlib.import_module(f"{package}.exceptions"), name)

    if name in OURS:
        assert found is OURS[name]
    else:
        error: Any = found("It went wrong.", ["a", 0])
        assert issubclass(found, errors.RootSignalsError)
        assert issubclass(found, BUILT_IN[name])
        assert error.path_to_item == ["a", 0]
        assert error.args == ("It went wrong. at ['a'][0]",)


@pytest.mark.parametrize("package", PACKAGES)
def test_exceptions_of_the_package(package: str) -> None:
    """The package has the base classes, too."""
    module = importlib.import_module(package)
    assert module.ApiException is exceptions.ApiException
    assert module.OpenApiException is exceptions.OpenApiException


def test_clients() -> None:
    """`ApiClient` is a client."""
    from root.generated import openapi_aclient, openapi_client
    from root.generated.openapi_client.api_client import ApiClient

    assert openapi_client.ApiClient is ApiClient is root.RootSignals
    # Its resources have the async methods that old code calls.
    assert openapi_aclient.ApiClient is root.RootSignals


def test_all_files_are_modules() -> None:
    """Each file of the package can be imported."""
    for found in pkgutil.walk_packages(root.generated.__path__, "root.generated."):
        importlib.import_module(found.name)


def test_nothing_is_loaded_early() -> None:
    """A client, its resources, and names of the old SDK load no more than they need."""
    program = """
import sys, root
client = root.RootSignals("k")
client.models, client.evaluators
print(any(name.startswith(("root.generated", "root.skills", "root.utils")) for name in sys.modules))
import root.generated.openapi_client.exceptions
import root.generated.openapi_aclient.models.evaluator_list_output as module
print("root.execution_logs" in sys.modules)
import root.generated.openapi_client.models.execution_log_list as module
print(module.ExecutionLogList.__name__, "root.execution_logs" in sys.modules)
"""
    assert run_program(program).split("\n")[:3] == ["False", "False", "ExecutionLogList True"]


def page(items: list[int], following: str | None) -> Any:
    """Return a page as the helpers of the old SDK take it."""
    return SimpleNamespace(results=items, next=following)


PAGES = {None: page([1, 2], "b"), "b": page([3, 4], "c"), "c": page([], "d")}


@pytest.mark.parametrize(
    ("limit", "items", "requests"),
    [
        (0, [], []),
        (1, [1], [(1, None)]),
        (3, [1, 2, 3], [(3, None), (1, "b")]),
        (9, [1, 2, 3, 4], [(9, None), (7, "b"), (5, "c")]),
    ],
)
async def test_pages(limit: int, items: list[int], requests: list[tuple[int, str | None]]) -> None:
    """The helpers for listings yield items, or parts of pages, as in the old SDK."""
    asked: list[tuple[int, str | None]] = []

    def listing(*, page_size: int, cursor: str | None) -> Any:
        asked.append((page_size, cursor))
        return PAGES[cursor]

    async def alisting(*, page_size: int, cursor: str | None) -> Any:
        return listing(page_size=page_size, cursor=cursor)

    assert list(root.utils.iterate_cursor_list(listing, limit=limit)) == items
    assert asked == requests
    asked.clear()

    parts = [part async for part in root.utils.aiterate_cursor_list(alisting, limit=limit)]
    assert [item for part in parts for item in part] == items
    assert asked == requests
