from root.generated._records import EvaluatorExecutionFunctionsTypeEnum

__all__ = ["EvaluatorExecutionFunctionsTypeEnum"]
