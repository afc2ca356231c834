from root.generated._records import EvaluatorExecutionFunctionParameterTypeEnum

__all__ = ["EvaluatorExecutionFunctionParameterTypeEnum"]
