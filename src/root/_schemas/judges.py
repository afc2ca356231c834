"""Judges: what is sent, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, cast

from pydantic import Field, JsonValue

from ..errors import InvalidRequestError
from .acting import ActingModel, first_of, status_of, visibility_of
from .base import APIModel, Facts, Parts, PlainModel, ResponseModel
from .executions import Input, JSONObject, Scored, plain
from .requests import RequestModel, Sensitive

__all__ = [
    "ClaimRequest",
    "EvaluatorReference",
    "EvaluatorResult",
    "InviteRequest",
    "JudgeCopyRequest",
    "JudgeExecutionResponse",
    "JudgeFields",
    "JudgeFile",
    "JudgeGeneratorRequest",
    "JudgeGeneratorResponse",
    "JudgePatch",
    "JudgeRectifierEvent",
    "JudgeRectifierResponse",
    "JudgeRequest",
    "JudgeStatus",
    "JudgeVisibility",
    "NestedEvaluator",
    "NestedObjective",
    "SyntheticData",
    "SyntheticSample",
    "references_of",
    "visibilities_of",
    "visibility_named",
]

JudgeVisibility: TypeAlias = Literal[
    "private", "public", "unlisted", "listed", "public_unlisted", "global"
]
"""Who can see a judge: `private` for the organization, or `public`; also in older terms."""

JudgeStatus: TypeAlias = Literal["unlisted", "listed", "public", "public_unlisted"]
"""Who can see a judge, in the terms of older servers."""

_Text = Annotated[str, Field(min_length=1)]
_Name = Annotated[str, Field(min_length=3, max_length=512)]


class EvaluatorReference(RequestModel):
    """An evaluator of a judge.

    Attributes:
        id: The ID of the evaluator.
        version_id: The version that runs; always the latest one if omitted.
    """

    id: _Text
    version_id: str | None = None


class JudgeRequest(RequestModel):
    """The settings of a judge.

    The visibility is sent under its present name and under that of older servers, which require
    it.
    """

    name: _Name
    intent: _Text
    evaluator_references: list[EvaluatorReference] | None = None
    stage: Annotated[str, Field(max_length=255)] = ""
    visibility: str = ""
    status: str = ""
    file_id: str | None = None
    project_id: str | None = None


class JudgePatch(JudgeRequest):
    """Any part of the settings of a judge; nothing at all is allowed."""

    name: _Name = ""
    intent: _Text = ""


class GenerationModelParams(RequestModel):
    """Parameters of the model that generates a judge."""

    seed: int | None = None
    reasoning_effort: str = "off"
    temperature: float | None = None


class JudgeGeneratorRequest(RequestModel):
    """What a judge is generated from."""

    intent: Annotated[str, Field(min_length=10, max_length=20_000)]
    visibility: str
    stage: str | None = None
    extra_contexts: dict[str, str | None] | None = None
    strict: bool | None = None
    judge_id: str | None = None
    file_id: str | None = None
    name: Annotated[str, Field(max_length=512)] | None = None
    overwrite: bool | None = None
    generating_model_params: GenerationModelParams | None = None
    enable_context_aware_evaluators: bool | None = None
    project_id: str | None = None


class JudgeCopyRequest(RequestModel):
    """The project of a copy."""

    project_id: str | None = None


class InviteRequest(RequestModel):
    """Who is invited to a judge."""

    emails: Annotated[list[_Text], Field(min_length=1, max_length=10)]
    judge_url: _Text


class ClaimRequest(RequestModel):
    """The token of a judge, and the project to move it to."""

    claim_token: Annotated[_Text, Sensitive]
    project_id: str | None = None


class NestedObjective(APIModel):
    """What an evaluator or a judge measures.

    Attributes:
        id: The ID of the objective, if known.
        intent: What it is about.
    """

    id: str | None = None
    intent: str | None = None


class NestedEvaluator(APIModel):
    """An evaluator of a judge.

    Attributes:
        id: The ID of the evaluator.
        name: Its name.
        version_id: The version that the judge runs.
        objective: What it measures.
        model: The name of its model.
        is_root_evaluator: Whether the service maintains it.
    """

    id: str
    name: str | None = None
    version_id: str | None = None
    objective: NestedObjective | None = None
    model: str | None = None
    is_root_evaluator: bool | None = None


class JudgeFile(APIModel):
    """A file that a judge uses as a context."""

    id: str | None = None
    name: str | None = None
    url: str | None = None


class JudgeFields(ActingModel):
    """The fields of a judge. Listings have no `files`, `stage` and `version_id`.

    Attributes:
        id: The service's ID of the judge, a UUID. All versions have the same.
        name: Its name.
        version_id: The ID of this version; each change makes a new one.
        evaluators: Its evaluators.
        inputs: What an execution needs, by the name of the argument.
        stage: The stage of the application that it evaluates.
        files: The files that it uses as contexts.
        project_id: The project that it belongs to.
        created_at: When it was created.
    """

    __facts__: ClassVar[Facts] = Facts(
        noun="judge",
        summary=("id", "name"),
        properties=("intent", "visibility"),
        listed_columns=(
            *("id", "name", "intent", "evaluators", "inputs", "visibility", "project_id"),
            "created_at",
        ),
        # Older names of its intent and of who can see it, and what is for the service's own web
        # pages.
        untabled=frozenset(("objective", "status", "_meta")),
    )

    id: str
    name: str
    version_id: str | None = None
    evaluators: Parts[NestedEvaluator] | None = None
    inputs: dict[str, Input] | None = None
    stage: str | None = None
    files: Parts[JudgeFile] | None = None
    project_id: str | None = None
    created_at: datetime | None = None

    @property
    def intent(self) -> str | None:
        """What it evaluates."""
        intent = cast("str | None", first_of(self, "intent"))
        return intent if intent is not None else self._sent_objective.get("intent")

    @property
    def objective(self) -> NestedObjective:
        """What it evaluates, in the form of older servers: with `.intent`."""
        return NestedObjective(id=self._sent_objective.get("id"), intent=self.intent)

    @property
    def visibility(self) -> str | None:
        """Who can see it: `private` for the organization, or `public`."""
        return visibility_of(self)

    @property
    def status(self) -> str | None:
        """Who can see it, in the terms of older servers: `unlisted`, `listed`, `public`."""
        return status_of(self)

    @property
    def _sent_objective(self) -> Mapping[str, Any]:
        sent = first_of(self, "objective")
        return cast("Mapping[str, Any]", sent) if isinstance(sent, Mapping) else {}


class EvaluatorResult(Scored):
    """The result of one evaluator of a judge.

    Attributes:
        score: From 0 to 1; None if the evaluator could not give one.
        justification: Why.
        evaluator_name: The name of the evaluator.
        evaluator_id: Its ID.
        evaluator_version_id: The version that ran.
        confidence: How sure the evaluator is of the score, from 0 to 1, if known.
    """

    evaluator_id: str | None = None
    evaluator_version_id: str | None = None
    confidence: float | None = None


class JudgeExecutionResponse(ResponseModel):
    """The result of a judge.

    Attributes:
        evaluator_results: A result for each of its evaluators, in any order.
        execution_log_id: The ID of the log of this execution; older servers do not return it.
    """

    __facts__: ClassVar[Facts] = Facts(noun="result")

    evaluator_results: Parts[EvaluatorResult]
    execution_log_id: str | None = None


class JudgeRectifierEvent(ResponseModel):
    """An event of a refinement, with what is known so far.

    Attributes:
        improved_response: The improved response, in the last event.
        evaluator_results: The results of the improved response.
        original_response: The original response.
        original_evaluator_results: The results of the original response.
        execution_log_id: The ID of the log, if known.
    """

    __facts__: ClassVar[Facts] = Facts(noun="refinement", summary=("improved_response",))

    improved_response: str | None = None
    evaluator_results: Parts[EvaluatorResult] | None = None
    original_response: str | None = None
    original_evaluator_results: Parts[EvaluatorResult] | None = None
    execution_log_id: str | None = None


class JudgeRectifierResponse(JudgeRectifierEvent):
    """The result of a refinement.

    Attributes:
        improved_response: The improved response.
        evaluator_results: The results of the improved response.
        original_response: The original response.
        original_evaluator_results: The results of the original response.
        execution_log_id: The ID of the log, if known.
    """

    # Without it, the response is that of something else.
    improved_response: str  # pyright: ignore[reportGeneralTypeIssues, reportIncompatibleVariableOverride]


class JudgeGeneratorResponse(ResponseModel):
    """The result of a generation.

    Attributes:
        judge_id: The ID of the judge.
        judge_version_id: The ID of its version.
        error_code: Why it is not complete, such as `multiple_stages`; None if it is.
        stages: The stages to choose from, if there are several: generate again with `stage`.
        missing_context_from_system_goal: Facts that would make the judge better, each with
            `form_field_name` and `form_field_description`: generate again with `judge_id` and
            `extra_contexts`.
        claim_token: The token to claim the judge with, if you are a temporary user.
    """

    __facts__: ClassVar[Facts] = Facts(noun="generation", summary=("judge_id", "error_code"))

    judge_id: str
    judge_version_id: str | None = None
    error_code: str | None = None
    stages: Parts[str] | None = None
    missing_context_from_system_goal: Parts[dict[str, JsonValue]] | None = None
    claim_token: Annotated[str | None, Field(repr=False)] = None


class SyntheticSample(APIModel):
    """A request and a response that show what a judge evaluates.

    Attributes:
        quality: `high` or `low`.
        request: The request.
        response: The response.
    """

    quality: Literal["high", "low"] | str | None = None
    request: str | None = None
    response: str | None = None


class SyntheticData(ResponseModel):
    """Samples that the service makes for a judge.

    Attributes:
        status: `pending`, `ready` or `not_generated`.
        name: The name of the samples.
        description: What they are about.
        samples: The samples.
    """

    __facts__: ClassVar[Facts] = Facts(noun="synthetic data", nouns="synthetic data")

    status: Literal["pending", "ready", "not_generated"] | str | None = None
    name: str | None = None
    description: str | None = None
    samples: Parts[SyntheticSample] | None = None


def references_of(references: Sequence[EvaluatorReference | JSONObject] | None) -> object:
    """Return references to evaluators as they are sent: without a version that is None."""
    if references is None:
        return None
    if not isinstance(plain(references), list):
        # It is refused with the other settings.
        return references
    return [_reference(one) for one in references]


def _reference(given: object) -> object:
    sent = plain(given)
    if not isinstance(sent, dict):
        return sent
    fields = cast("dict[str, object]", sent)
    # An evaluator, also one of another judge, has further fields. In a dict they are mistakes.
    names = EvaluatorReference.model_fields if isinstance(given, PlainModel) else fields
    return {name: fields[name] for name in names if fields.get(name) is not None}


def visibilities_of(visibility: str | None, status: str | None) -> dict[str, object]:
    """Return the visibility of a judge, and its twin for older servers; empty if neither is given.

    Args:
        visibility: The visibility, in newer or older terms.
        status: The same by its older name, in newer or older terms.

    Raises:
        InvalidRequestError: They differ.
    """
    for name, word in (("visibility", visibility), ("status", status)):
        if not (word is None or isinstance(cast("object", word), str)):
            raise InvalidRequestError(f"Nothing was sent. {name} must be a string.")
    # The default of older SDKs, so not always what the user has given.
    if visibility is not None and status in ("unlisted", None):
        status = _OLD.get(visibility, visibility)
    if status is None:
        return {}
    named = visibility_named(status)
    if visibility is not None and named != visibility_named(visibility):
        raise InvalidRequestError(
            "Nothing was sent. `visibility` and `status` are two names of one setting: pass one of"
            " them."
        )
    return {"visibility": named, "status": _OLD.get(status, status)}


def visibility_named(word: str) -> str:
    """Return a visibility in the terms of newer servers."""
    return _NEW.get(word, word)


_NEW = {
    "unlisted": "private",
    "listed": "private",
    "public_unlisted": "public",
    "global": "public",
}
_OLD = {"private": "unlisted", "global": "public"}
