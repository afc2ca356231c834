from root.evaluators import EvaluatorListOutput

__all__ = ["EvaluatorListOutput"]
