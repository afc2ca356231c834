from root.generated._records import EvaluatorExecutionFunctionsRequest

__all__ = ["EvaluatorExecutionFunctionsRequest"]
