"""The signatures of the old SDK: names, positional order, defaults."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

import root
from root import RootSignals
from root.judges import Judge
from root.skills import Evaluator, PresetEvaluatorRunner

RUN = (
    "request=None, response=None, contexts=None, functions=None, expected_output=None,"
    " evaluator_version_id=None, variables=None, tags=None, _request_timeout=None"
)
RUN_OBJECT = (
    "response=None, request=None, contexts=None, functions=None, expected_output=None,"
    " variables=None, tags=None, *, _request_timeout=None"
)
RUN_JUDGE = (
    "response, request=None, contexts=None, functions=None, expected_output=None, tags=None,"
    " _request_timeout=None"
)

# Resource and method, and the parameters of the old SDK.
SIGNATURES = {
    "evaluators.run": f"evaluator_id, *, {RUN}",
    "evaluators.run_by_name": f"name, *, {RUN}",
    "evaluators.calibrate_existing": (
        "evaluator_id, *, test_dataset_id=None, test_data=None, _request_timeout=None"
    ),
    "evaluators.calibrate": (
        "*, name, test_dataset_id=None, test_data=None, prompt, model, pii_filter=False,"
        " reference_variables=None, input_variables=None, _request_timeout=None"
    ),
    "evaluators.calibrate_batch": (
        "*, evaluator_definitions, test_dataset_id=None, test_data=None, parallel_requests=1,"
        " _request_timeout=None"
    ),
    "evaluators.get_by_name": "name",
    "evaluators.create": (
        "predicate='', *, name=None, intent=None, model=None, fallback_models=None,"
        " reference_variables=None, input_variables=None, model_params=None,"
        " evaluator_demonstrations=None, objective_id=None, overwrite=False,"
        " _request_timeout=None"
    ),
    "evaluators.update": (
        "evaluator_id, *, change_note=None, fallback_models=None, input_variables=None,"
        " model=None, name=None, predicate=None, reference_variables=None, model_params=None,"
        " evaluator_demonstrations=None, objective_id=None, _request_timeout=None"
    ),
    "evaluators.get": "evaluator_id, *, _request_timeout=None",
    "evaluators.list": ("search_term=None, *, limit=100, name=None, only_root_evaluators=False"),
    "evaluators.delete": "evaluator_id",
    "evaluators.versions.list": "evaluator_id",
    "judges.generate": (
        "*, intent, visibility='unlisted', stage=None, extra_contexts=None, strict=False,"
        " _request_timeout=None"
    ),
    "judges.create": (
        "*, name, intent, evaluator_references=None, stage=None, status='unlisted',"
        " _request_timeout=None"
    ),
    "judges.get": "judge_id, *, _request_timeout=None",
    "judges.delete": "judge_id, *, _request_timeout=None",
    "judges.list": "*, limit=100",
    "judges.update": "judge_id, *, name=None, evaluator_references=None, _request_timeout=None",
    "judges.run": f"judge_id, *, {RUN_JUDGE}",
    "judges.run_by_name": f"name, *, {RUN_JUDGE}",
    "datasets.create": "*, name=None, path=None, type='reference', _request_timeout=None",
    "datasets.get": "dataset_id, *, _request_timeout=None",
    "datasets.list": "search_term=None, *, limit=100, _request_timeout=None",
    "datasets.delete": "dataset_id, *, _request_timeout=None",
    "execution_logs.list": (
        "*, limit=100, search_term=None, tags=None, include=None, _request_timeout=None"
    ),
    "execution_logs.get": "*, log_id=None, execution_result=None, _request_timeout=None",
    "objectives.create": "*, intent=None, test_dataset_id=None, _request_timeout=None",
    "objectives.get": "objective_id, *, _request_timeout=None",
    "objectives.delete": "objective_id, *, _request_timeout=None",
    "objectives.list": "*, intent=None, limit=100",
    "objectives.update": (
        "objective_id, *, intent=None, test_dataset_id=None, _request_timeout=None"
    ),
    "objectives.versions.list": "objective_id",
    "models.list": "*, capable_of=None, limit=100",
    "models.create": (
        "*, name, model=None, default_key=None, max_output_token_count=None,"
        " max_token_count=None, url=None, _request_timeout=None"
    ),
    "models.delete": "model_id, *, _request_timeout=None",
}

# Defaults that are other words for the same, or omitted, which is the same to servers.
DEFAULTS: dict[tuple[str, str], object] = {
    ("evaluators.create", "predicate"): None,
    ("judges.generate", "visibility"): "private",
}

CLIENT = RootSignals("key-of-the-tests", base_url="http://127.0.0.1:9")


def method_of(name: str, prefix: str = "") -> Callable[..., Any]:
    """Return a method of the client, such as `evaluators.run`, or its async twin."""
    *path, method = name.split(".")
    found: Any = CLIENT
    for part in path:
        found = getattr(found, part)
    return getattr(found, prefix + method)  # type: ignore[no-any-return]


def check(name: str, method: Callable[..., Any], signature: str) -> None:
    """Check that a method takes all that the old SDK's took, and means the same by it."""
    namespace: dict[str, Any] = {}
    exec(f"def old({signature}): ...", namespace)
    old = inspect.signature(namespace["old"]).parameters
    ours = inspect.signature(method).parameters

    positional = [p.name for p in old.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    mine_positional = [p.name for p in ours.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert mine_positional[: len(positional)] == positional
    assert set(mine_positional) <= old.keys()
    for parameter in old.values():
        mine = ours[parameter.name]
        if parameter.default is not parameter.empty:
            assert mine.default == DEFAULTS.get((name, parameter.name), parameter.default)
        elif mine.default is mine.empty:
            assert mine.kind is parameter.kind
    for added in ours.keys() - old.keys():
        assert ours[added].kind is inspect.Parameter.KEYWORD_ONLY
        assert ours[added].default is not inspect.Parameter.empty


@pytest.mark.parametrize("prefix", ["", "a"])
@pytest.mark.parametrize("name", SIGNATURES)
def test_methods(name: str, prefix: str) -> None:
    """Methods and their twins take the arguments of the old SDK; what is new is keyword-only."""
    check(name, method_of(name, prefix), SIGNATURES[name])


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(Evaluator.run, id="Evaluator.run"),
        pytest.param(Evaluator.arun, id="Evaluator.arun"),
        pytest.param(PresetEvaluatorRunner.__call__, id="preset"),
        pytest.param(PresetEvaluatorRunner.arun, id="preset.arun"),
    ],
)
def test_methods_of_objects(method: Callable[..., Any]) -> None:
    """An evaluator, and one of the service, take the response first."""
    check("run", method, f"self, {RUN_OBJECT}")


@pytest.mark.parametrize("method", [Judge.run, Judge.arun], ids=["run", "arun"])
def test_methods_of_judges(method: Callable[..., Any]) -> None:
    """A judge takes named arguments only."""
    check("run", method, f"self, *, {RUN_JUDGE}")


def test_the_client() -> None:
    """The client takes the arguments of the old SDK."""
    accepted = inspect.signature(root.RootSignals).parameters

    assert next(iter(accepted)) == "api_key"
    assert {"run_async", "base_url"} <= accepted.keys()


@pytest.mark.parametrize(
    "name", ["evaluators", "judges", "objectives", "models", "datasets", "execution_logs"]
)
def test_a_resource_takes_a_client(name: str) -> None:
    """A class of the old SDK takes one argument, and works with a client."""
    resource = type(getattr(CLIENT, name))(CLIENT)

    assert type(resource.list()) is type(getattr(CLIENT, name).list())
