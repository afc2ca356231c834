from root.evaluators import EvaluatorExecutionResult

__all__ = ["EvaluatorExecutionResult"]
