"""Which class of this package each name of the old SDK's generated models is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType

from .._forks import import_lock

# By module and class: the modules of the old SDK, each of which has one class.
_OLD_MODULES = {
    "root._schemas.base": {
        "Owner": "nested_user_details",
    },
    "root._schemas.evaluators": {
        "StoredDemonstration": "evaluator_demonstrations",
        "StoredModelParams": "model_params",
        "StoredReference": "reference_variable",
        "StoredVariable": "input_variable",
    },
    "root._schemas.executions": {
        "Input": "evaluator_inputs_value",
        "InputItems": "evaluator_inputs_value_items",
    },
    "root._schemas.models": {
        "Provider": "provider",
    },
    "root._schemas.pages": {
        "ListResponse": (
            "paginated_data_set_list_list paginated_evaluation_agent_list "
            "paginated_evaluation_batch_job_serializer_list paginated_evaluator_list "
            "paginated_evaluator_list_output_list paginated_execution_log_list_list "
            "paginated_judge_batch_execution_list_item_list paginated_judge_list_list "
            "paginated_model_list_list paginated_objective_list paginated_objective_list_list"
        ),
    },
    "root.datasets": {
        "DataSetCreate": "data_set_create",
        "DataSetList": "data_set_list",
    },
    "root.evaluators": {
        "Evaluator": "evaluator",
        "EvaluatorCalibrationOutput": "evaluator_calibration_output",
        "EvaluatorCalibrationResult": "evaluator_calibration_result",
        "EvaluatorDemonstration": "evaluator_demonstrations_request",
        "EvaluatorExecutionResult": "evaluator_execution_result",
        "EvaluatorListOutput": "evaluator_list_output",
        "InputVariable": "input_variable_request",
        "ModelParams": "model_params_request",
    },
    "root.execution_logs": {
        "EvaluationContext": (
            "execution_log_details_evaluation_context execution_log_list_evaluation_context"
        ),
        "EvaluatorLatency": "execution_log_details_evaluator_latencies_inner",
        "ExecutionLogDetails": "execution_log_details",
        "ExecutionLogList": "execution_log_list",
    },
    "root.generated._records": {
        "DataSetType": "data_set_type",
        "EvaluationApproachEnum": (
            "evaluation_agent_evaluation_approach_enum "
            "evaluation_agent_generate_request_evaluation_approach_enum "
            "result_preference_signifier_evaluation_approach_enum"
        ),
        "EvaluatorExecutionFunctionParameterPropertyRequest": (
            "evaluator_execution_function_parameter_property_request"
        ),
        "EvaluatorExecutionFunctionParameterRequest": (
            "evaluator_execution_function_parameter_request"
        ),
        "EvaluatorExecutionFunctionParameterTypeEnum": (
            "evaluator_execution_function_parameter_type_enum"
        ),
        "EvaluatorExecutionFunctionRequest": "evaluator_execution_function_request",
        "EvaluatorExecutionFunctionsRequest": "evaluator_execution_functions_request",
        "EvaluatorExecutionFunctionsTypeEnum": "evaluator_execution_functions_type_enum",
        "JobStatus": "job_status",
        "JudgeBatchExecutionItemStatusEnum": "judge_batch_execution_item_status_enum",
        "JudgeGeneratorVisibilityEnum": "judge_generator_visibility_enum",
        "KindEnum": "kind_enum",
        "ModelEnum": "model_enum",
        "ModelListVisibilityEnum": "model_list_visibility_enum",
        "NullEnum": "null_enum",
        "ReasoningEffortEnum": "reasoning_effort_enum",
        "Record": (
            "data_set_create_request dataset_range_request evaluation_agent "
            "evaluation_agent_execute_request_request evaluation_agent_execute_response "
            "evaluation_agent_generate_example_request "
            "evaluation_agent_generate_request_request evaluation_agent_request "
            "evaluation_batch_job_serializer evaluation_job_request_request "
            "evaluation_job_response evaluator_execution_request "
            "evaluator_request generation_model_params_request id "
            "input_output_pair_input_request judge_batch_execution_item_input "
            "judge_batch_execution_request judge_execution_request judge_generator_request "
            "judge_invite_request judge_rectifier_request_request judge_request model_request "
            "model_test_request_request nested_evaluator_request nested_objective_evaluator "
            "nested_objective_evaluator_request nested_user_details_request "
            "nested_vector_objective_request objective_request objective_validator "
            "objective_validator_request patched_evaluation_agent_request "
            "patched_evaluator_request patched_judge_request patched_model_request "
            "patched_objective_request result_preference_signifier_request "
            "skill_execution_validator_result skill_test_data_request "
            "skill_test_data_request_dataset_range skill_test_input_request status_change "
            "status_change_request"
        ),
        "ReferenceVariableRequest": "reference_variable_request",
        "SkillTypeEnum": "skill_type_enum",
        "Status776Enum": "status776_enum",
        "StatusChangeStatusEnum": "status_change_status_enum",
        "StatusEnum": "status_enum",
        "ValidationResultStatus": "validation_result_status",
    },
    "root.judges": {
        "EvaluatorReference": "evaluator_reference evaluator_reference_request",
        "EvaluatorResult": "evaluator_result",
        "Judge": "judge judge_list",
        "JudgeBatchExecutionDetail": "judge_batch_execution_detail",
        "JudgeBatchExecutionInput": "judge_batch_execution_input_request",
        "JudgeBatchExecutionItem": "judge_batch_execution_item",
        "JudgeBatchExecutionListItem": "judge_batch_execution_list_item",
        "JudgeBatchExecutionResponse": "judge_batch_execution_response",
        "JudgeExecutionResponse": "judge_execution_response",
        "JudgeFile": "judge_files_inner",
        "JudgeGeneratorResponse": "judge_generator_response",
        "JudgeRectifierResponse": "judge_rectifier_response",
        "NestedEvaluator": "nested_evaluator",
        "NestedJudge": "nested_judge",
        "NestedObjective": "nested_evaluator_objective nested_vector_objective",
    },
    "root.models": {
        "Model": "model model_list",
        "ModelVerification": "model_test_response",
    },
    "root.objectives": {
        "Objective": "nested_objective objective",
        "ObjectiveList": "nested_objective_list objective_list",
    },
}


def _class_name(module: str) -> str:
    """Return the name of the class in a module of the old SDK."""
    return "ID" if module == "id" else module.title().replace("_", "")


def _modules() -> Iterator[tuple[str, tuple[str, str]]]:
    for module, classes in _OLD_MODULES.items():
        for name, old in classes.items():
            yield from ((one, (module, name)) for one in old.split())


MODULES = dict(_modules())
"""The module and the name of a class of this package, by the module of the old SDK."""

CLASSES = {_class_name(module): module for module in MODULES}
"""The modules of the old SDK by the name of their class."""


class _OldModule(ModuleType):
    """A module with one class, which is imported on first use."""

    def __init__(self, package: str, name: str) -> None:
        super().__init__(f"{package}.{name}", f"{_class_name(name)}, as in the old SDK.")
        self.__package__ = package
        self.__spec__ = ModuleSpec(self.__name__, None)
        self.__all__: list[str] = [_class_name(name)]

    def __getattr__(self, name: str) -> object:
        if name not in self.__all__:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return _load(name)


def _load(name: str) -> object:
    module, own_name = MODULES[CLASSES[name]]
    with import_lock:
        value: object = getattr(import_module(module), own_name)
    return value


def add_modules(package: str) -> Callable[[str], object]:
    """Make all modules importable from a package, and return the package's `__getattr__`."""
    for name in MODULES:
        sys.modules[f"{package}.{name}"] = _OldModule(package, name)

    def get(name: str) -> object:
        if name in MODULES:
            return sys.modules[f"{package}.{name}"]
        if name in CLASSES:
            return _load(name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return get


def names_of(package: str) -> Callable[[str], object]:
    """Return the `__getattr__` of a package with the client and all classes."""

    def get(name: str) -> object:
        if name in CLASSES:
            return _load(name)
        if name == "ApiClient":
            with import_lock:
                value: object = import_module(f"{package}.api_client").ApiClient
            return value
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return get
