"""Classes of the old SDK that nothing else of this package is: enums, functions, and records."""

from __future__ import annotations

import json
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self, cast

from pydantic import ConfigDict, Field

from .._schemas.base import PlainModel
from .._schemas.models import ModelRequest, VerifyRequest

_SECRETS = ModelRequest.sensitive_fields() | VerifyRequest.sensitive_fields()

_Text = Annotated[str, Field(min_length=1)]


class Record(PlainModel):
    """An object of the API with any fields, for which this package has no class of its own.

    It is accepted as an argument where the API accepts such an object.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow", protected_namespaces=())

    @classmethod
    def from_dict(cls, obj: dict[str, Any] | None) -> Self | None:
        """Return an object with these fields."""
        return None if obj is None else cls.model_validate(obj)

    @classmethod
    def from_json(cls, json_str: str | bytes) -> Self | None:
        """Return an object with the fields of a JSON document."""
        return cls.from_dict(cast("dict[str, Any] | None", json.loads(json_str)))

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        return [(name, value) for name, value in super().__repr_args__() if name not in _SECRETS]


class EvaluatorExecutionFunctionParameterPropertyRequest(Record):
    """A parameter of a function."""

    type: _Text
    description: _Text | None = None
    items: dict[str, Any] | None = None


class EvaluatorExecutionFunctionParameterTypeEnum(StrEnum):
    """The type of the parameters of a function."""

    OBJECT = "object"


class EvaluatorExecutionFunctionParameterRequest(Record):
    """The parameters of a function."""

    type: EvaluatorExecutionFunctionParameterTypeEnum
    properties: dict[str, EvaluatorExecutionFunctionParameterPropertyRequest] | None = None
    required: list[_Text] | None = None


class EvaluatorExecutionFunctionRequest(Record):
    """A function."""

    name: _Text
    parameters: EvaluatorExecutionFunctionParameterRequest
    description: _Text | None = None


class EvaluatorExecutionFunctionsTypeEnum(StrEnum):
    """The type of what a model may call."""

    FUNCTION = "function"


class EvaluatorExecutionFunctionsRequest(Record):
    """A function that a model may call, for `functions=[...]`."""

    type: EvaluatorExecutionFunctionsTypeEnum
    function: EvaluatorExecutionFunctionRequest


class ReferenceVariableRequest(Record):
    """A variable whose value comes from a data set, for `reference_variables=[...]`."""

    dataset: str
    name: Annotated[str, Field(min_length=1, max_length=1000)]


class DataSetType(StrEnum):
    """What a data set is for."""

    REFERENCE = "reference"
    TEST = "test"


class EvaluationApproachEnum(StrEnum):
    """How something is evaluated."""

    POINTWISE_SCORE = "pointwise_score"
    PAIRWISE_PREFERENCE = "pairwise_preference"
    MEETS_ALL_SPECIFIED_POLICY_CRITERIA = "meets_all_specified_policy_criteria"
    CLASSIFICATION = "classification"


class JobStatus(StrEnum):
    """The status of a job."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JudgeBatchExecutionItemStatusEnum(StrEnum):
    """The status of an input of a batch."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


class JudgeGeneratorVisibilityEnum(StrEnum):
    """Who can see a generated judge."""

    GLOBAL = "global"
    PUBLIC = "public"
    LISTED = "listed"
    UNLISTED = "unlisted"


class KindEnum(StrEnum):
    """What is evaluated."""

    INPUT_OUTPUT_PAIR = "input_output_pair"
    SINGLE_CONTENT = "single_content"


class ModelEnum(StrEnum):
    """The model of an evaluation agent."""

    RS_MINUS_FAST = "rs-fast"
    RS_MINUS_THOROUGH = "rs-thorough"


class ModelListVisibilityEnum(StrEnum):
    """Who can see a model."""

    PUBLIC = "PUBLIC"
    PUBLIC_UNLISTED = "PUBLIC_UNLISTED"
    PRIVATE = "PRIVATE"


class NullEnum(StrEnum):
    """The absence of a value."""

    NULL = "null"


class ReasoningEffortEnum(StrEnum):
    """How much a model thinks."""

    OFF = "off"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class SkillTypeEnum(StrEnum):
    """Who maintains an evaluator."""

    MANAGED = "managed"
    NATIVE = "native"


class Status776Enum(StrEnum):
    """The status of a batch."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    PARTIAL = "partial"


class StatusChangeStatusEnum(StrEnum):
    """Who should see something."""

    UNLISTED = "unlisted"
    LISTED = "listed"


class StatusEnum(StrEnum):
    """Who can see something."""

    UNLISTED = "unlisted"
    LISTED = "listed"
    PUBLIC = "public"
    PUBLIC_UNLISTED = "public_unlisted"


class ValidationResultStatus(StrEnum):
    """Whether a validation is done."""

    PENDING = "pending"
    FINISHED = "finished"
