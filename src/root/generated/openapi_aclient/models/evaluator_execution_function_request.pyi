from root.generated._records import EvaluatorExecutionFunctionRequest

__all__ = ["EvaluatorExecutionFunctionRequest"]
