"""The generations of the service, and how each of them differs from the present one.

The emulator serves `B`, with the fields beside it that older clients require. For another
generation, fields of responses are left out, and those of bodies have other names or are ignored.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Mapping
from dataclasses import replace
from typing import Literal, TypeAlias, TypeVar, cast

import yaml
from starlette.responses import JSONResponse, Response

from root.emulator.calls import Call
from root.emulator.filters import Filter
from root.emulator.problems import Problem
from root.emulator.resource import AnyResource
from root.emulator.serializers import YAML_TYPE, is_json
from root.emulator.shapes import Shape

__all__ = ["ABSENT", "Generation", "Handler", "adapted", "restrict", "shape_of"]

T = TypeVar("T")

Generation: TypeAlias = Literal["A", "B", "C"]
"""A generation of the service, the oldest first."""

Handler: TypeAlias = Callable[[Call], Response]
"""Handles an authenticated request."""


_NEWER_INPUTS = ("turns", "tools", "user_id", "session_id", "system_prompt", "file_ids")

_WITHOUT_TURNS = {
    "Give turns, or a request or a response.": {
        "non_field_errors": ["Give a request or a response."]
    }
}

_OBJECTIVE_A = ("objective.status", "objective.validators", "objective.test_set")

_EVALUATOR_RESULTS = ("evaluator_results", "original_evaluator_results")

_OPENAI = {
    f"judges {prefix}{name}": Shape()
    for prefix in ("", "named_", "refined_")
    for name in ("chat", "response")
}
"""Bodies in the formats of OpenAI, which are the same in all generations."""

_BATCH_C = ("evaluators", "dataset", "dataset_range", "tags")

_SHAPES: Mapping[Generation, Mapping[str, Shape]] = {
    "A": {
        "evaluators": Shape(
            without=(
                *("scoring_criteria", "visibility", "behavior", "demonstration_dataset_id"),
                *("project_id", "is_root_evaluator", "confidence"),
            ),
            read={
                "prompt": "scoring_criteria",
                "scoring_criteria": None,
                **dict.fromkeys(("behavior", "demonstration_dataset_id", "project_id")),
                **dict.fromkeys(_NEWER_INPUTS),
            },
            errors=_WITHOUT_TURNS,
        ),
        "evaluators calibrate_draft": Shape(read={"project_id": None}),
        # A document has the name `scoring_criteria` in all generations.
        "evaluators export": Shape(without=("behavior",)),
        "judges": Shape(
            without=(
                *("intent", "visibility", "project_id", "execution_log_id"),
                *(f"{results}.confidence" for results in _EVALUATOR_RESULTS),
            ),
            read={
                "status": "visibility",
                **dict.fromkeys(("visibility", "file_id", "project_id", *_NEWER_INPUTS)),
                **dict.fromkeys(("max_iterations", "patience", "min_improvement", "threshold")),
                "stream": None,
            },
            errors=_WITHOUT_TURNS,
        ),
        **_OPENAI,
        "judges list_page": Shape(without=("visibility", "project_id")),
        "judges generate": Shape(
            without=("claim_token", "missing_context_from_system_goal", "stages"),
            read=dict.fromkeys(
                ("file_id", "name", "overwrite", "enable_context_aware_evaluators", "project_id")
            ),
        ),
        "objectives": Shape(without=("project_id",), read={"project_id": None}),
        "datasets": Shape(
            without=("project_id",),
            read={"project_id": None},
            words={"status": {"private": "unlisted"}},
        ),
        "batch-executions": Shape(without=("project_id", *_BATCH_C)),
        "execution-logs": Shape(
            without=(
                *("scoring_criteria", "turns", "session_id", "user_id", "system_prompt"),
                *("classification", "confidence", "request_preview", "response_preview"),
                "project_id",
            )
        ),
    },
    "B": {"batch-executions": Shape(without=_BATCH_C)},
    "C": {
        "evaluators": Shape(
            without=(
                *("prompt", "skill_type", "status", "model_params", "reference_variables"),
                *("system_message", "evaluator_demonstrations", *_OBJECTIVE_A),
            ),
            read=dict.fromkeys(("prompt", "evaluator_demonstrations", "reference_variables")),
        ),
        "evaluators calibrate_draft": Shape(
            read=dict.fromkeys(("test_data", "reference_variables")),
            errors={
                "Give either test_data or test_dataset_id.": {
                    "test_dataset_id": ["This field is required."]
                }
            },
        ),
        "judges": Shape(without=("status", "objective"), read={"status": None}),
        # This status is that of the samples.
        "judges synthetic_data": Shape(),
        **_OPENAI,
        "objectives": Shape(without=("status", "validators", "test_set")),
        "datasets": Shape(without=("type", "url"), read={"type": None, "url": None}),
        "execution-logs": Shape(
            without=("chat_id", "prompt_template", "rendered_prompt", "model_params")
        ),
    },
}

ABSENT: Mapping[Generation, Mapping[str, frozenset[str]]] = {
    "A": {
        "projects": frozenset({"list", "create", "retrieve", "update", "delete"}),
        "judges": frozenset(
            {"claim", "synthetic_data", "response", "named_response", "refined_response"}
        ),
        "execution-logs": frozenset({"list_session_ids", "list_user_ids", "set_tags"}),
        "datasets": frozenset({"update"}),
        "batch-executions": frozenset({"start"}),
    },
    "B": {
        "evaluators": frozenset({"set_status", "post_status"}),
        "datasets": frozenset({"set_status", "update"}),
        "batch-executions": frozenset({"start"}),
    },
    "C": {
        "evaluators": frozenset({"calibrate", "set_status", "post_status"}),
        "datasets": frozenset({"set_status"}),
    },
}
"""The operations, and the handlers of actions, that a generation lacks, by resource."""

_WITHOUT_FILTERS: Mapping[Generation, Mapping[str, frozenset[str]]] = {
    "A": {
        "evaluators": frozenset({"project_id"}),
        "judges": frozenset({"project_id"}),
        "objectives": frozenset({"project_id", "include_public"}),
        "datasets": frozenset({"project_id"}),
        "execution-logs": frozenset({"session_id", "user_id", "has_session_id", "project_id"}),
    },
    "B": {},
    "C": {
        "evaluators": frozenset({"skill_type"}),
        "datasets": frozenset({"type"}),
        "execution-logs": frozenset({"unique_skills"}),
    },
}


def restrict(resource: AnyResource, generation: Generation) -> None:
    """Give a resource the endpoints and the filters of a generation."""
    absent = ABSENT[generation].get(resource.name, frozenset[str]())
    newer: Mapping[str, Filter] = resource.newer_filters if generation == "C" else {}
    without = _WITHOUT_FILTERS[generation].get(resource.name, frozenset[str]()) | newer.keys()
    vars(resource).update(
        operations=tuple(one for one in resource.operations if one not in absent),
        actions=tuple(one for one in resource.actions if one.handler not in absent),
        filtered_by=tuple(one for one in resource.filtered_by if one not in without),
        filters={**_without(resource.filters, without), **newer},
        list_parameters=_without(resource.list_parameters, without),
    )


def _without(named: Mapping[str, T], names: Container[str]) -> dict[str, T]:
    return {name: one for name, one in named.items() if name not in names}


_SAME = Shape()


def shape_of(generation: Generation, resource: str, handler: str = "") -> Shape:
    """Return how the bodies of a handler of a resource differ."""
    shapes = _SHAPES[generation]
    return shapes.get(f"{resource} {handler}") or shapes.get(resource, _SAME)


def adapted(handler: Handler, shape: Shape) -> Handler:
    """Return a handler of bodies in a shape."""
    if shape == _SAME:
        return handler

    def handle(call: Call) -> Response:
        if is_json(call.request.headers.get("content-type", "")):
            call = replace(call, body=shape.read_body(call.body))
        try:
            response = handler(call)
        except Problem as problem:
            shape.rename_errors(problem)
            raise
        if response.media_type == YAML_TYPE:
            return Response(_adapted_yaml(bytes(response.body), shape), media_type=YAML_TYPE)
        if not isinstance(response, JSONResponse):
            return response
        content = cast("object", json.loads(bytes(response.body)))
        shape.write(content)
        return JSONResponse(content, response.status_code)

    return handle


def _adapted_yaml(text: bytes, shape: Shape) -> str:
    content = cast("object", yaml.safe_load(text))
    shape.write(content)
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
