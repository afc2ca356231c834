"""Evaluators: what is sent, and what comes back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, cast

from pydantic import ConfigDict, Field

from .acting import ActingModel, first_of, status_of, visibility_of
from .base import APIModel, Facts, Owner, Parts, ResponseModel
from .executions import Input
from .objectives import Objective, ObjectiveList
from .requests import RequestModel

__all__ = [
    "Behavior",
    "DuplicateRequest",
    "EvaluatorDemonstration",
    "EvaluatorFields",
    "EvaluatorListOutput",
    "EvaluatorPatch",
    "EvaluatorRequest",
    "ImportRequest",
    "InputVariable",
    "ModelParams",
    "ReferenceVariable",
    "StoredDemonstration",
    "StoredModelParams",
    "StoredReference",
    "StoredVariable",
]

Behavior: TypeAlias = Literal["fast", "balanced", "thorough"] | str
"""How deeply an evaluator thinks; a value that is newer than this release is a plain string."""

_Name = Annotated[str, Field(min_length=2, max_length=1000)]
_Text = Annotated[str, Field(min_length=1)]
_Criteria = Annotated[str, Field(min_length=1, max_length=500_000)]


# Older names of its text and of who can see it, what only older servers have, and what is for the
# service's own web pages.
_UNTABLED = frozenset(
    (
        *("prompt", "status", "skill_type", "system_message", "model_params"),
        *("reference_variables", "_meta"),
    )
)


class InputVariable(RequestModel):
    """A variable of the text of an evaluator, which each execution has a value for."""

    # What an evaluator has of it can be passed to another one.
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="ignore")

    name: Annotated[str, Field(min_length=1, max_length=1000)]


class EvaluatorDemonstration(RequestModel):
    """An example of a score.

    Attributes:
        request: The request.
        response: The response that is scored.
        score: The score, from 0 to 1.
        justification: Why.
    """

    request: str | None = None
    response: str | None = None
    score: Annotated[float, Field(ge=0, le=1)]
    justification: str | None = None


class ReferenceVariable(RequestModel):
    """A variable whose value comes from a data set, for older servers."""

    name: Annotated[str, Field(min_length=1, max_length=1000)]
    dataset_id: Annotated[str, Field(serialization_alias="dataset")]


class ModelParams(RequestModel):
    """Parameters of the model, for older servers."""

    temperature: Annotated[float, Field(ge=0, le=1)] | None = None


class EvaluatorRequest(RequestModel):
    """The settings of an evaluator.

    The text is sent under its present name and under that of older servers, which require it.
    """

    name: _Name
    objective_id: _Text
    scoring_criteria: _Criteria
    prompt: _Criteria
    models: list[_Text] | None = None
    input_variables: list[InputVariable] | None = None
    evaluator_demonstrations: list[EvaluatorDemonstration] | None = None
    reference_variables: list[dict[str, Any]] | None = None
    model_params: ModelParams | None = None
    demonstration_dataset_id: str | None = None
    objective_version_id: str | None = None
    project_id: str | None = None
    change_note: str | None = None
    behavior: str = ""
    overwrite: bool = False


class EvaluatorPatch(EvaluatorRequest):
    """Any part of the settings of an evaluator; nothing at all is allowed."""

    name: _Name = ""
    objective_id: _Text = ""
    scoring_criteria: _Criteria = ""
    prompt: _Criteria = ""


class DuplicateRequest(RequestModel):
    """The project of a copy."""

    project_id: str | None = None


class ImportRequest(RequestModel):
    """An evaluator as a YAML document."""

    yaml: _Text
    overwrite: bool = False
    project_id: str | None = None


class StoredVariable(APIModel):
    """A variable of the text of an evaluator."""

    name: str | None = None


class StoredDemonstration(APIModel):
    """An example of a score.

    Attributes:
        request: The request.
        response: The response that is scored.
        score: The score, from 0 to 1.
        justification: Why.
    """

    request: str | None = None
    response: str | None = None
    score: float | None = None
    justification: str | None = None


class StoredModelParams(APIModel):
    """Parameters of the model."""

    temperature: float | None = None


class StoredReference(APIModel):
    """A variable whose value comes from a data set."""

    name: str | None = None


class EvaluatorFields(ActingModel):
    """The fields of an evaluator.

    Attributes:
        id: The service's ID of the evaluator, a UUID. All versions have the same.
        name: Its name.
        version_id: The ID of this version; each change makes a new one.
        objective: What it measures; None if it is hidden.
        models: The names of its models; the first one is used while it works.
        inputs: What an execution needs, by the name of the argument or variable.
        input_variables: The variables of its text.
        evaluator_demonstrations: Examples of scores.
        demonstration_dataset_id: The ID of a data set with examples.
        behavior: How deeply it thinks.
        change_note: A note on this version.
        owner: The user to whom it belongs.
        project_id: The project that it belongs to.
        is_root_evaluator: Whether the service maintains it.
        created_at: When it was created.
        updated_at: When it was changed.
        updated_by: Who changed it.
    """

    __facts__: ClassVar[Facts] = Facts(
        noun="evaluator",
        free_text=("change_note",),
        shared_parts=("owner",),
        properties=("scoring_criteria", "visibility"),
        untabled=_UNTABLED,
    )

    id: str
    name: str
    version_id: str | None = None
    objective: Objective | None = None
    models: Parts[str] | None = None
    inputs: dict[str, Input] | None = None
    input_variables: Parts[StoredVariable] | None = None
    evaluator_demonstrations: Parts[StoredDemonstration] | None = None
    demonstration_dataset_id: str | None = None
    behavior: Behavior | None = None
    change_note: str | None = None
    owner: Owner | None = None
    project_id: str | None = None
    is_root_evaluator: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    updated_by: Owner | None = None

    @property
    def scoring_criteria(self) -> str | None:
        """Its text, a template with `{{request}}`, `{{response}}` and other variables.

        It is empty for an evaluator that the service maintains.
        """
        return _criteria(self)

    @property
    def prompt(self) -> str | None:
        """Its text, by the name that it had in older servers."""
        return _criteria(self)

    @property
    def visibility(self) -> str | None:
        """Who can see it: `private` for the organization, or `public`."""
        return visibility_of(self)

    @property
    def status(self) -> str | None:
        """Who can see it, in the terms of older servers: `unlisted`, `listed`, `public`."""
        return status_of(self)

    @property
    def skill_type(self) -> str | None:
        """What kind of evaluator it is, if the server is an older one."""
        return cast("str | None", first_of(self, "skill_type"))

    @property
    def system_message(self) -> str | None:
        """The system message of its text, if the server is an older one."""
        return cast("str | None", first_of(self, "system_message"))

    @property
    def model_params(self) -> StoredModelParams | None:
        """Parameters of the model, if the server is an older one."""
        value = first_of(self, "model_params")
        return None if value is None else StoredModelParams.model_validate(value)

    @property
    def reference_variables(self) -> list[StoredReference] | None:
        """Variables whose values come from data sets, if the server is an older one."""
        value = cast("list[object] | None", first_of(self, "reference_variables"))
        return None if value is None else [StoredReference.model_validate(one) for one in value]


class EvaluatorListOutput(ResponseModel):
    """An evaluator as listings show it.

    Attributes:
        id: The service's ID of the evaluator, a UUID.
        name: Its name.
        version_id: The ID of its latest version.
        objective: What it measures.
        models: The names of its models.
        inputs: What an execution needs, by the name of the argument or variable.
        owner: The user to whom it belongs.
        project_id: The project that it belongs to.
        created_at: When it was created.
        updated_at: When it was changed.
        updated_by: Who changed it.
    """

    __facts__: ClassVar[Facts] = Facts(
        noun="evaluator",
        shared_parts=("owner", "updated_by", "inputs"),
        summary=("id", "name"),
        properties=("scoring_criteria", "visibility"),
        listed_columns=(
            *("id", "name", "version_id", "objective.id", "objective.intent", "models", "inputs"),
            *("scoring_criteria", "visibility", "owner.email", "owner.full_name", "project_id"),
            *("created_at", "updated_at", "updated_by.email", "updated_by.full_name"),
        ),
        # Some servers send the whole objective.
        untabled=_UNTABLED.union(
            ("objective.owner.email", "objective.owner.full_name", "objective.created_at"),
            ("objective.project_id", "objective.version_id", "objective.test_dataset_id"),
        ),
    )

    id: str
    name: str
    version_id: str | None = None
    objective: ObjectiveList | None = None
    models: Parts[str] | None = None
    inputs: dict[str, Input] | None = None
    owner: Owner | None = None
    project_id: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    updated_by: Owner | None = None

    @property
    def scoring_criteria(self) -> str | None:
        """Its text, a template with variables."""
        return _criteria(self)

    @property
    def prompt(self) -> str | None:
        """Its text, by the name that it had in older servers."""
        return _criteria(self)

    @property
    def visibility(self) -> str | None:
        """Who can see it: `private` for the organization, or `public`."""
        return visibility_of(self)

    @property
    def status(self) -> str | None:
        """Who can see it, in the terms of older servers: `unlisted`, `listed`, `public`."""
        return status_of(self)

    @property
    def skill_type(self) -> str | None:
        """What kind of evaluator it is, if the server is an older one."""
        return cast("str | None", first_of(self, "skill_type"))


def _criteria(item: APIModel) -> str | None:
    return cast("str | None", first_of(item, "scoring_criteria", "prompt"))
