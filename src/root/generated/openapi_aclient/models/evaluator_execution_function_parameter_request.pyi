from root.generated._records import EvaluatorExecutionFunctionParameterRequest

__all__ = ["EvaluatorExecutionFunctionParameterRequest"]
