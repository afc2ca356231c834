from root.judges import EvaluatorResult

__all__ = ["EvaluatorResult"]
