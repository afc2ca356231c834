from root._schemas.base import Owner as NestedUserDetails
from root._schemas.evaluators import StoredDemonstration as EvaluatorDemonstrations
from root._schemas.evaluators import StoredModelParams as ModelParams
from root._schemas.evaluators import StoredReference as ReferenceVariable
from root._schemas.evaluators import StoredVariable as InputVariable
from root._schemas.executions import Input as EvaluatorInputsValue
from root._schemas.executions import InputItems as EvaluatorInputsValueItems
from root._schemas.models import Provider
from root._schemas.pages import ListResponse as PaginatedDataSetListList
from root._schemas.pages import ListResponse as PaginatedEvaluationAgentList
from root._schemas.pages import ListResponse as PaginatedEvaluationBatchJobSerializerList
from root._schemas.pages import ListResponse as PaginatedEvaluatorList
from root._schemas.pages import ListResponse as PaginatedEvaluatorListOutputList
from root._schemas.pages import ListResponse as PaginatedExecutionLogListList
from root._schemas.pages import ListResponse as PaginatedJudgeBatchExecutionListItemList
from root._schemas.pages import ListResponse as PaginatedJudgeListList
from root._schemas.pages import ListResponse as PaginatedModelListList
from root._schemas.pages import ListResponse as PaginatedObjectiveList
from root._schemas.pages import ListResponse as PaginatedObjectiveListList
from root.datasets import DataSetCreate, DataSetList
from root.evaluators import (
    Evaluator,
    EvaluatorCalibrationOutput,
    EvaluatorCalibrationResult,
    EvaluatorExecutionResult,
    EvaluatorListOutput,
)
from root.evaluators import EvaluatorDemonstration as EvaluatorDemonstrationsRequest
from root.evaluators import InputVariable as InputVariableRequest
from root.evaluators import ModelParams as ModelParamsRequest
from root.execution_logs import EvaluationContext as ExecutionLogDetailsEvaluationContext
from root.execution_logs import EvaluationContext as ExecutionLogListEvaluationContext
from root.execution_logs import EvaluatorLatency as ExecutionLogDetailsEvaluatorLatenciesInner
from root.execution_logs import ExecutionLogDetails, ExecutionLogList
from root.generated._records import (
    DataSetType,
    EvaluatorExecutionFunctionParameterPropertyRequest,
    EvaluatorExecutionFunctionParameterRequest,
    EvaluatorExecutionFunctionParameterTypeEnum,
    EvaluatorExecutionFunctionRequest,
    EvaluatorExecutionFunctionsRequest,
    EvaluatorExecutionFunctionsTypeEnum,
    JobStatus,
    JudgeBatchExecutionItemStatusEnum,
    JudgeGeneratorVisibilityEnum,
    KindEnum,
    ModelEnum,
    ModelListVisibilityEnum,
    NullEnum,
    ReasoningEffortEnum,
    ReferenceVariableRequest,
    SkillTypeEnum,
    Status776Enum,
    StatusChangeStatusEnum,
    StatusEnum,
    ValidationResultStatus,
)
from root.generated._records import EvaluationApproachEnum as EvaluationAgentEvaluationApproachEnum
from root.generated._records import (
    EvaluationApproachEnum as EvaluationAgentGenerateRequestEvaluationApproachEnum,
)
from root.generated._records import (
    EvaluationApproachEnum as ResultPreferenceSignifierEvaluationApproachEnum,
)
from root.generated._records import Record as DataSetCreateRequest
from root.generated._records import Record as DatasetRangeRequest
from root.generated._records import Record as EvaluationAgent
from root.generated._records import Record as EvaluationAgentExecuteRequestRequest
from root.generated._records import Record as EvaluationAgentExecuteResponse
from root.generated._records import Record as EvaluationAgentGenerateExampleRequest
from root.generated._records import Record as EvaluationAgentGenerateRequestRequest
from root.generated._records import Record as EvaluationAgentRequest
from root.generated._records import Record as EvaluationBatchJobSerializer
from root.generated._records import Record as EvaluationJobRequestRequest
from root.generated._records import Record as EvaluationJobResponse
from root.generated._records import Record as EvaluatorExecutionRequest
from root.generated._records import Record as EvaluatorRequest
from root.generated._records import Record as GenerationModelParamsRequest
from root.generated._records import Record as ID
from root.generated._records import Record as InputOutputPairInputRequest
from root.generated._records import Record as JudgeBatchExecutionItemInput
from root.generated._records import Record as JudgeBatchExecutionRequest
from root.generated._records import Record as JudgeExecutionRequest
from root.generated._records import Record as JudgeGeneratorRequest
from root.generated._records import Record as JudgeInviteRequest
from root.generated._records import Record as JudgeRectifierRequestRequest
from root.generated._records import Record as JudgeRequest
from root.generated._records import Record as ModelRequest
from root.generated._records import Record as ModelTestRequestRequest
from root.generated._records import Record as NestedEvaluatorRequest
from root.generated._records import Record as NestedObjectiveEvaluator
from root.generated._records import Record as NestedObjectiveEvaluatorRequest
from root.generated._records import Record as NestedUserDetailsRequest
from root.generated._records import Record as NestedVectorObjectiveRequest
from root.generated._records import Record as ObjectiveRequest
from root.generated._records import Record as ObjectiveValidator
from root.generated._records import Record as ObjectiveValidatorRequest
from root.generated._records import Record as PatchedEvaluationAgentRequest
from root.generated._records import Record as PatchedEvaluatorRequest
from root.generated._records import Record as PatchedJudgeRequest
from root.generated._records import Record as PatchedModelRequest
from root.generated._records import Record as PatchedObjectiveRequest
from root.generated._records import Record as ResultPreferenceSignifierRequest
from root.generated._records import Record as SkillExecutionValidatorResult
from root.generated._records import Record as SkillTestDataRequest
from root.generated._records import Record as SkillTestDataRequestDatasetRange
from root.generated._records import Record as SkillTestInputRequest
from root.generated._records import Record as StatusChange
from root.generated._records import Record as StatusChangeRequest
from root.judges import (
    EvaluatorReference,
    EvaluatorResult,
    Judge,
    JudgeBatchExecutionDetail,
    JudgeBatchExecutionItem,
    JudgeBatchExecutionListItem,
    JudgeBatchExecutionResponse,
    JudgeExecutionResponse,
    JudgeGeneratorResponse,
    JudgeRectifierResponse,
    NestedEvaluator,
    NestedJudge,
)
from root.judges import EvaluatorReference as EvaluatorReferenceRequest
from root.judges import Judge as JudgeList
from root.judges import JudgeBatchExecutionInput as JudgeBatchExecutionInputRequest
from root.judges import JudgeFile as JudgeFilesInner
from root.judges import NestedObjective as NestedEvaluatorObjective
from root.judges import NestedObjective as NestedVectorObjective
from root.models import Model
from root.models import Model as ModelList
from root.models import ModelVerification as ModelTestResponse
from root.objectives import Objective, ObjectiveList
from root.objectives import Objective as NestedObjective
from root.objectives import ObjectiveList as NestedObjectiveList

__all__ = [
    "ID",
    "DataSetCreate",
    "DataSetCreateRequest",
    "DataSetList",
    "DataSetType",
    "DatasetRangeRequest",
    "EvaluationAgent",
    "EvaluationAgentEvaluationApproachEnum",
    "EvaluationAgentExecuteRequestRequest",
    "EvaluationAgentExecuteResponse",
    "EvaluationAgentGenerateExampleRequest",
    "EvaluationAgentGenerateRequestEvaluationApproachEnum",
    "EvaluationAgentGenerateRequestRequest",
    "EvaluationAgentRequest",
    "EvaluationBatchJobSerializer",
    "EvaluationJobRequestRequest",
    "EvaluationJobResponse",
    "Evaluator",
    "EvaluatorCalibrationOutput",
    "EvaluatorCalibrationResult",
    "EvaluatorDemonstrations",
    "EvaluatorDemonstrationsRequest",
    "EvaluatorExecutionFunctionParameterPropertyRequest",
    "EvaluatorExecutionFunctionParameterRequest",
    "EvaluatorExecutionFunctionParameterTypeEnum",
    "EvaluatorExecutionFunctionRequest",
    "EvaluatorExecutionFunctionsRequest",
    "EvaluatorExecutionFunctionsTypeEnum",
    "EvaluatorExecutionRequest",
    "EvaluatorExecutionResult",
    "EvaluatorInputsValue",
    "EvaluatorInputsValueItems",
    "EvaluatorListOutput",
    "EvaluatorReference",
    "EvaluatorReferenceRequest",
    "EvaluatorRequest",
    "EvaluatorResult",
    "ExecutionLogDetails",
    "ExecutionLogDetailsEvaluationContext",
    "ExecutionLogDetailsEvaluatorLatenciesInner",
    "ExecutionLogList",
    "ExecutionLogListEvaluationContext",
    "GenerationModelParamsRequest",
    "InputOutputPairInputRequest",
    "InputVariable",
    "InputVariableRequest",
    "JobStatus",
    "Judge",
    "JudgeBatchExecutionDetail",
    "JudgeBatchExecutionInputRequest",
    "JudgeBatchExecutionItem",
    "JudgeBatchExecutionItemInput",
    "JudgeBatchExecutionItemStatusEnum",
    "JudgeBatchExecutionListItem",
    "JudgeBatchExecutionRequest",
    "JudgeBatchExecutionResponse",
    "JudgeExecutionRequest",
    "JudgeExecutionResponse",
    "JudgeFilesInner",
    "JudgeGeneratorRequest",
    "JudgeGeneratorResponse",
    "JudgeGeneratorVisibilityEnum",
    "JudgeInviteRequest",
    "JudgeList",
    "JudgeRectifierRequestRequest",
    "JudgeRectifierResponse",
    "JudgeRequest",
    "KindEnum",
    "Model",
    "ModelEnum",
    "ModelList",
    "ModelListVisibilityEnum",
    "ModelParams",
    "ModelParamsRequest",
    "ModelRequest",
    "ModelTestRequestRequest",
    "ModelTestResponse",
    "NestedEvaluator",
    "NestedEvaluatorObjective",
    "NestedEvaluatorRequest",
    "NestedJudge",
    "NestedObjective",
    "NestedObjectiveEvaluator",
    "NestedObjectiveEvaluatorRequest",
    "NestedObjectiveList",
    "NestedUserDetails",
    "NestedUserDetailsRequest",
    "NestedVectorObjective",
    "NestedVectorObjectiveRequest",
    "NullEnum",
    "Objective",
    "ObjectiveList",
    "ObjectiveRequest",
    "ObjectiveValidator",
    "ObjectiveValidatorRequest",
    "PaginatedDataSetListList",
    "PaginatedEvaluationAgentList",
    "PaginatedEvaluationBatchJobSerializerList",
    "PaginatedEvaluatorList",
    "PaginatedEvaluatorListOutputList",
    "PaginatedExecutionLogListList",
    "PaginatedJudgeBatchExecutionListItemList",
    "PaginatedJudgeListList",
    "PaginatedModelListList",
    "PaginatedObjectiveList",
    "PaginatedObjectiveListList",
    "PatchedEvaluationAgentRequest",
    "PatchedEvaluatorRequest",
    "PatchedJudgeRequest",
    "PatchedModelRequest",
    "PatchedObjectiveRequest",
    "Provider",
    "ReasoningEffortEnum",
    "ReferenceVariable",
    "ReferenceVariableRequest",
    "ResultPreferenceSignifierEvaluationApproachEnum",
    "ResultPreferenceSignifierRequest",
    "SkillExecutionValidatorResult",
    "SkillTestDataRequest",
    "SkillTestDataRequestDatasetRange",
    "SkillTestInputRequest",
    "SkillTypeEnum",
    "Status776Enum",
    "StatusChange",
    "StatusChangeRequest",
    "StatusChangeStatusEnum",
    "StatusEnum",
    "ValidationResultStatus",
]
